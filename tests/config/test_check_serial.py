"""`menshen check` of readers and displays on serial ports: whose port it is, what they read, how often they tell it."""

import json

import pytest

from firmware.__main__ import main
from firmware.controller.check import check
from tests.config.serial_mistakes import (
    BETWEEN,
    DISPLAYS,
    LANE,
    PORT,
    READERS,
    append_readers,
    at_lane,
    serial,
    sign,
    with_sign,
)
from tests.config.site_files import append, demo_site, device_put, every, put, write


def report(folder, *changes):
    tree = demo_site()
    every(*changes)(tree)
    names = {f"device[{n}]": device["id"] for n, device in enumerate(tree["device"])}
    found = check(write(folder, tree))
    return found, [
        (problem.path.replace(head, names.get(head, head)), problem.rule)
        for problem in found.problems
        if (head := problem.path.partition(".")[0]) is not None
    ]


def test_readers_of_codes_and_tags_at_a_lane_are_sound(tmp_path):
    found, problems = report(
        tmp_path,
        at_lane(
            serial(silent_ms_max=15_000),
            serial("lane_codes", "newland_fm200", "/dev/ttyUSB1", baud=115_200),
            accept=(("card",), ("tag",), ("code",)),
        ),
    )
    assert problems == []
    wires = {wire.device: wire for wire in found.wires}
    assert (wires["lane_tags"].line, wires["lane_tags"].purpose, wires["lane_tags"].portal) == (
        PORT,
        "reader",
        "lane_in",
    )
    assert {each.device for each in found.unverified} == {"lane_tags", "lane_codes"}


@pytest.mark.parametrize(
    ("table", "rule", "key"),
    READERS,
)
def test_a_mistake_in_the_table_is_found_alone(tmp_path, table, rule, key):
    _, problems = report(tmp_path, at_lane(table))
    assert problems == [(f"lane_tags.{key}", rule)]


def test_a_reader_without_a_heartbeat_has_no_silence_to_watch(tmp_path):
    table = serial("lane_codes", "plain_line", silent_ms_max=5_000)
    _, problems = report(tmp_path, at_lane(table, accept=(("card",), ("code",))))
    assert problems == [("lane_codes.silent_ms_max", "device")]


@pytest.mark.parametrize(("change", "path", "rule"), BETWEEN)
def test_what_tables_contradict_each_other_in_is_found_alone(tmp_path, change, path, rule):
    assert report(tmp_path, change)[1] == [(path, rule)]


def test_a_port_of_modbus_devices_is_no_readers(tmp_path):
    board = {"id": "lane_io", "kind": "modbus_io", "unit": 1, "profile": "modbus_8di_8do", "port": PORT}
    _, problems = report(tmp_path, append("device", board | {"inputs": {"in1": "spare"}}), at_lane(serial()))
    assert problems == [("lane_tags.port", "port_twice")]


def test_a_factor_that_no_reader_here_reads_locks_everybody_out(tmp_path):
    _, problems = report(tmp_path, at_lane(serial(), accept=(("tag", "code"),)))
    assert problems == [(f"portal[{LANE}].access_point[0].requirement[0].accept", "factor_without_device")]


def test_a_longer_guard_wants_a_longer_repeat(tmp_path):
    guard = append("reader", {"id": "lane_tags", "repeat_ms": 2_000})
    assert report(tmp_path, guard, at_lane(serial()))[1] == [("lane_tags.repeat_ms", "tag_repeat")]
    assert report(tmp_path, guard, at_lane(serial(repeat_ms=2_500)))[1] == []
    codes = at_lane(serial("lane_codes", "plain_line"), accept=(("card",), ("code",)))
    guard = append("reader", {"id": "lane_codes", "repeat_ms": 2_000})
    assert report(tmp_path, guard, codes)[1] == []


def test_a_reader_that_no_access_point_has_is_told(tmp_path):
    assert report(tmp_path, append("device", serial()))[1] == [("lane_tags.id", "reader_unused")]


def test_the_table_names_the_port_and_who_has_tried_it(tmp_path, capsys):
    tree = demo_site()
    at_lane(serial())(tree)
    device_put("lane_tags", silent_ms_max=15_000)(tree)
    path = str(write(tmp_path, tree))
    assert main(["check", path]) == 0
    said = capsys.readouterr().out
    assert "S.I.D. UR series" in said
    assert "v1.14, page 72" in said
    assert main(["check", path, "--json"]) == 0
    assert [each["device"] for each in json.loads(capsys.readouterr().out)["unverified"]] == ["lane_tags"]


# -- displays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "language"),
    [
        (sign(), "zh"),
        (sign(languages=["zh", "en"], rows=4), "zh"),
        (sign(encoding="ascii"), "en"),
        (sign(protocol="alpha_sign"), "en"),
        (sign(protocol="alpha_sign", languages=["en"]), "zh"),
    ],
)
def test_a_display_that_has_letters_for_its_languages_is_sound(tmp_path, table, language):
    found, problems = report(tmp_path, with_sign(table, language=language))
    assert problems == []
    wire = next(wire for wire in found.wires if wire.device == "lane_sign")
    assert (wire.line, wire.purpose, wire.portal) == ("/dev/ttyUSB5", "display", "lane_in")
    assert "lane_sign" in {each.device for each in found.unverified}


@pytest.mark.parametrize(
    ("table", "rule", "key"),
    DISPLAYS,
)
def test_a_mistake_in_a_displays_table_is_found_alone(tmp_path, table, rule, key):
    assert report(tmp_path, with_sign(table))[1] == [(f"lane_sign.{key}", rule)]


def test_a_display_is_no_reader_and_a_reader_no_display(tmp_path):
    path = f"portal[{LANE}].access_point[0]"
    change = every(append("device", sign()), put("portal", LANE, "access_point", 0, "display", "lane_beam"))
    assert (f"{path}.display", "used_twice") in report(tmp_path, change)[1]
    spare = append("device", {"id": "spare", "kind": "relay", "line": "Y40"})
    change = every(spare, put("portal", LANE, "access_point", 0, "display", "spare"))
    assert report(tmp_path, change)[1] == [(f"{path}.display", "wrong_role")]
    change = every(append("device", sign()), append_readers(["lane_sign"]))
    assert (f"{path}.readers[1]", "wrong_role") in report(tmp_path, change)[1]


def test_a_display_belongs_to_one_access_point_and_must_be_there(tmp_path):
    twice = every(with_sign(sign()), put("portal", LANE, "access_point", 1, "display", "lane_sign"))
    assert report(tmp_path, twice)[1] == [(f"portal[{LANE}].access_point[1].display", "used_twice")]
    nobody = put("portal", LANE, "access_point", 0, "display", "lane_sgn")
    assert (f"portal[{LANE}].access_point[0].display", "no_device") in report(tmp_path, nobody)[1]


def test_a_display_shares_its_port_with_nobody(tmp_path):
    _, problems = report(tmp_path, at_lane(serial()), with_sign(sign(port=PORT)))
    assert problems == [("lane_sign.port", "port_twice")]
