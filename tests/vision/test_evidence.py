"""Frames of events: private, bounded in age, number and bytes, and never in the way."""

from __future__ import annotations

import os
import stat

import numpy as np
import pytest
from PIL import Image

from firmware.vision.clock import utc_s
from firmware.vision.evidence import Evidence

PICTURE = np.full((720, 1280, 3), 127, np.uint8)


def size_of(path):
    with Image.open(path) as image:
        return image.size


def test_what_is_kept_is_for_its_user_alone(tmp_path):
    folder = tmp_path / "evidence"
    ring = Evidence(folder)
    reference = ring.reference("gate", 72)
    ring.keep(reference, PICTURE)
    path = folder / f"{reference}.jpg"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert size_of(path) == (1280, 720)
    assert [each.name for each in folder.iterdir()] == [path.name]  # nothing half written is left


def test_references_tell_nothing_and_are_never_the_same(tmp_path):
    ring = Evidence(tmp_path)
    some = {ring.reference("gate", 72) for _ in range(100)}
    assert len(some) == 100
    assert all(len(each) == len("gate-") + 16 for each in some)
    assert ring.reference("gate", 0) == ""
    assert Evidence(None).reference("gate", 72) == ""


def test_what_is_older_than_its_cameras_hours_goes(tmp_path):
    ring = Evidence(tmp_path)
    for camera, hours in (("gate", 71), ("gate", 73), ("yard", 71), ("gone", 73)):
        path = tmp_path / f"{camera}-{hours:016x}.jpg"
        path.write_bytes(b"x")
        os.utime(path, (utc_s() - hours * 3600,) * 2)
    (tmp_path / "other.txt").write_text("not ours")
    ring.prune({"gate": 72, "yard": 24})
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"gate-{71:016x}.jpg", "other.txt"]


def test_the_oldest_of_too_many_go(tmp_path):
    ring = Evidence(tmp_path, files_max=3)
    for number in range(5):
        path = tmp_path / f"gate-{number:016x}.jpg"
        path.write_bytes(b"x")
        os.utime(path, (utc_s() - 100 + number,) * 2)
    ring.prune({"gate": 72})
    assert sorted(int(each.stem.partition("-")[2], 16) for each in tmp_path.iterdir()) == [2, 3, 4]


def test_the_oldest_of_too_many_bytes_go(tmp_path):
    ring = Evidence(tmp_path, bytes_max=250)
    for number in range(4):
        path = tmp_path / f"gate-{number:016x}.jpg"
        path.write_bytes(b"x" * 100)
        os.utime(path, (utc_s() - 100 + number,) * 2)
    ring.prune({"gate": 72})
    assert sorted(int(each.stem.partition("-")[2], 16) for each in tmp_path.iterdir()) == [2, 3]


def test_a_disk_that_fails_costs_the_frame_only(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    ring = Evidence(blocked / "evidence")
    ring.keep(ring.reference("gate", 72), PICTURE)
    ring.prune({})
    assert ring.failures == 1


@pytest.mark.parametrize("picture", [np.zeros((90, 160, 3), np.uint8), np.zeros((2160, 3840, 3), np.uint8)])
def test_a_large_picture_is_kept_smaller(tmp_path, picture):
    ring = Evidence(tmp_path)
    reference = ring.reference("gate", 72)
    ring.keep(reference, picture)
    assert size_of(tmp_path / f"{reference}.jpg")[0] == min(1280, picture.shape[1])
