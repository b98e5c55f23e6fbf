"""`menshen check` of cameras: where they stand, what they look at, and what must not stand in a table."""

from __future__ import annotations

import pytest

from firmware.controller.check import check
from firmware.texts import texts
from tests.config.camera_mistakes import ALONE
from tests.config.site_files import append, demo_site, every, put, write

CAMERA = {"id": "lane_camera", "kind": "camera", "source": "rtsp://10.0.0.7/lane"}
LANE_IN = ("portal", 3, "access_point", 0)


def with_camera(**values):
    """The demo gate with a sound camera at its lane, changed so."""
    return every(
        append("device", CAMERA | values),
        append(*LANE_IN, "readers", "lane_camera"),
        put(*LANE_IN, "requirement", [{"accept": [["card"], ["plate"]]}]),
    )


def report(tmp_path, *changes):
    site = demo_site()
    for change in changes:
        change(site)
    return check(write(tmp_path, site))


def test_a_sound_camera_is_no_problem_and_stands_in_the_wiring_table(tmp_path):
    found = report(tmp_path, with_camera(masks=[[[0, 0], [1, 0], [1, 0.2]]], user="watch", password_file="/etc/secret"))
    assert list(found.problems) == []
    assert ("rtsp://10.0.0.7/lane", "lane_camera") in [(wire.line, wire.device) for wire in found.wires]


@pytest.mark.parametrize(("values", "key", "rule"), ALONE)
def test_each_mistake_alone(tmp_path, values, key, rule):
    found = report(tmp_path, with_camera(**values))
    index = len(demo_site()["device"])
    assert [(each.path, each.rule) for each in found.problems] == [(f"device[{index}].{key}", rule)]
    for language in ("en", "zh"):
        line = found.problems[0].line(texts(language))
        assert line.isprintable()
        assert "hunter2" not in line


def test_a_camera_for_plates_at_a_door_is_refused(tmp_path):
    found = report(tmp_path, append("device", CAMERA), append("portal", 0, "access_point", 0, "readers", "lane_camera"))
    assert ("portal[0].access_point[0].readers[1]", "camera_at_door") in [
        (each.path, each.rule) for each in found.problems
    ]


def test_a_camera_for_faces_may_stand_at_a_door(tmp_path):
    """Whether faces are read at all is another rule's business."""
    found = report(
        tmp_path,
        append("device", CAMERA | {"wanted": ["face"]}),
        append("portal", 0, "access_point", 0, "readers", "lane_camera"),
    )
    assert "camera_at_door" not in [each.rule for each in found.problems]


def test_two_devices_of_one_camera_are_refused(tmp_path):
    second = append("device", CAMERA | {"id": "second", "source": CAMERA["source"]})
    found = report(tmp_path, with_camera(), second, append(*LANE_IN, "readers", "second"))
    assert [each.rule for each in found.problems] == ["port_twice"]


def test_a_factor_that_the_camera_does_not_see_is_refused(tmp_path):
    found = report(tmp_path, with_camera(), put(*LANE_IN, "requirement", [{"accept": [["card"], ["face"]]}]))
    assert [each.rule for each in found.problems] == ["factor_without_device"]
