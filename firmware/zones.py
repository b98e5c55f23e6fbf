"""A time zone's rules, turned into the core's `Zone`: the one place that reads the time zone database."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from datetime import datetime

from firmware.core.access import Zone

FIRST_S = 0  # 1970-01-01T00:00Z, where an unset clock starts
END_S = 4_102_444_800  # 2100-01-01T00:00Z: no board lives that long
# Two changes of offset that cancel out within one step would be missed. In the whole database the closest two changes
# since 1970 are nearly seven days apart (tests/config/test_zones.py looks at every zone); a step costs a microsecond.
STEP_S = 4 * 86_400


class ZoneError(LookupError):
    """The time zone database has no such zone."""


def zone_of(name: str) -> Zone:
    """Return the offsets of `name` ("Asia/Shanghai") and when each begins, from 1970 to 2100, in seconds.

    Raises ZoneError when neither the system nor the tzdata package has the zone.
    """
    try:
        database = zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        message = f"no time zone {name!r}: use a name of the IANA database such as Asia/Shanghai or Europe/Berlin"
        raise ZoneError(message) from error

    def offset_s(at_s: int) -> int:
        offset = datetime.fromtimestamp(at_s, database).utcoffset()
        assert offset is not None  # an aware datetime always has one
        return round(offset.total_seconds())

    offsets_s = [offset_s(FIRST_S)]
    transitions_s: list[int] = []
    known_s = FIRST_S
    while known_s < END_S:
        ahead_s = min(known_s + STEP_S, END_S)
        ahead_offset_s = offset_s(ahead_s)
        if ahead_offset_s == offsets_s[-1]:
            known_s = ahead_s
            continue
        known_s = _first_with_another_offset(offset_s, known_s, ahead_s)
        transitions_s.append(known_s)
        offsets_s.append(offset_s(known_s))
    return Zone(name, tuple(offsets_s), tuple(transitions_s))


def _first_with_another_offset(offset_s: Callable[[int], int], before_s: int, after_s: int) -> int:
    """Return the first second after `before_s` with another offset; there is one up to `after_s`."""
    before_offset_s = offset_s(before_s)
    while after_s - before_s > 1:
        middle_s = (before_s + after_s) // 2
        if offset_s(middle_s) == before_offset_s:
            before_s = middle_s
        else:
            after_s = middle_s
    return after_s


def zone_names() -> set[str]:
    """Return every name of the database, for suggestions."""
    return zoneinfo.available_timezones()
