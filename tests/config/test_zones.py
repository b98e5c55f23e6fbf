"""Zones become data without losing a transition: compared with the database's own files and with published instants."""

import importlib.resources
import struct
import zoneinfo
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from firmware.zones import END_S, STEP_S, ZoneError, zone_names, zone_of


def file_of(name):
    """The file that zoneinfo reads: the system's, which may be newer or older than the package's."""
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    return importlib.resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()


def changes_in(content):
    """Changes of offset of a TZif file (RFC 8536, second block) that the file lists itself, as (UTC second, offset)."""

    def counts(at):
        return struct.unpack(">6l", content[at + 20 : at + 44])

    isut, isstd, leap, times, types, chars = counts(0)
    at = 44 + times * 5 + types * 6 + chars + leap * 8 + isstd + isut
    _, _, _, times, types, _ = counts(at)
    at += 44
    seconds = struct.unpack(f">{times}q", content[at : at + 8 * times])
    indices = content[at + 8 * times : at + 9 * times]
    at += 9 * times
    offsets = [struct.unpack(">l", content[at + 6 * n : at + 6 * n + 4])[0] for n in range(types)]
    changes, now = [], offsets[0]
    for second, index in zip(seconds, indices, strict=True):
        if offsets[index] != now:
            changes.append((second, offsets[index]))
        now = offsets[index]
    return changes


def test_no_two_changes_in_the_whole_database_are_closer_than_one_step():
    seen = 0
    for name in sorted(zone_names()):
        try:
            changes = [second for second, _ in changes_in(file_of(name)) if second >= 0]
        except (FileNotFoundError, IsADirectoryError):
            continue
        seen += 1
        closest = min((b - a for a, b in pairwise(changes)), default=END_S)
        assert closest > STEP_S, name
    assert seen > 500


@pytest.mark.parametrize(
    "name",
    ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Gaza",
     "America/Recife", "Pacific/Apia", "Europe/Dublin", "Asia/Kathmandu"],
)  # fmt: skip
def test_changes_are_those_of_the_database_file(name):
    listed = [(s, o) for s, o in changes_in(file_of(name)) if 0 < s < END_S]
    zone = zone_of(name)
    made = list(zip(zone.transitions_s, zone.offsets_s[1:], strict=True))
    assert made[: len(listed)] == listed


def test_published_instants():
    berlin, shanghai = zone_of("Europe/Berlin"), zone_of("Asia/Shanghai")
    assert int(datetime(2026, 3, 29, 1, tzinfo=UTC).timestamp()) in berlin.transitions_s
    assert int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()) in berlin.transitions_s
    assert int(datetime(2099, 3, 29, 1, tzinfo=UTC).timestamp()) in berlin.transitions_s
    assert shanghai.offsets_s[-1] == 8 * 3600
    assert max(shanghai.transitions_s) < datetime(1992, 1, 1, tzinfo=UTC).timestamp()


def test_utc_and_the_shape():
    assert zone_of("UTC").transitions_s == ()
    zone = zone_of("America/New_York")
    assert len(zone.offsets_s) == len(zone.transitions_s) + 1
    assert list(zone.transitions_s) == sorted(set(zone.transitions_s))


@pytest.mark.parametrize("name", ["Asia/Shangai", "", "../../etc/passwd", "/etc/passwd", "a\0b", "x" * 5000, "Asia"])
def test_no_such_zone(name):
    with pytest.raises(ZoneError):
        zone_of(name)
    assert name not in zoneinfo.available_timezones()
