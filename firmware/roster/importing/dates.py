"""Dates as offices write them, turned into UTC seconds; what could mean two days is refused.

Years have four digits and stand in front, or the mapping says in which order day and month stand.
"""

from __future__ import annotations

import re
from datetime import tzinfo

from firmware.roster import understood
from firmware.roster.importing.problems import Refused
from firmware.roster.understood import NotUnderstood

NEVER = -1  # the cell is there and says that there is no such date
ORDERS = ("day-month", "month-day")
# Words for "no end", without case and spaces.
OPEN_ENDED = frozenset(
    {
        "长期", "永久", "长期有效", "永久有效", "无", "无限期", "不限", "无期限", "longterm", "long-term", "permanent",
        "forever", "never", "none", "unlimited", "n/a", "-", "--", "/",
    }
)  # fmt: skip
_YEAR_FIRST = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|\.([0-9]{1,2})\.([0-9]{1,2})"
    r"|年([0-9]{1,2})月([0-9]{1,2})[日号]|([0-9]{2})([0-9]{2}))(?:[\sT]*(.+))?"
)
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})(?:\s+(.+))?")
_CLOCK = re.compile(r"([0-9]{1,2})[:：时]([0-9]{2})(?:分|[:：]([0-9]{2})(?:\.0+)?)?")
_ZONED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})")
_SECONDS_MAX = 59


def instant(text: str, zone: tzinfo | None, *, end: bool, order: str | None) -> int:
    """UTC seconds of a date; NEVER for words such as 长期. `end`: a date alone includes its day. Raises Refused.

    A minute with seconds begins earlier as a start and ends later as an end.
    """
    if "".join(text.split()).casefold() in OPEN_ENDED:
        return NEVER
    if _ZONED.fullmatch(text):
        return _read(text, zone, end=False)
    year, month, day, clock = _parts(text, order)
    plain = f"{year:0>4}-{month:0>2}-{day:0>2}"
    if clock is None:
        return _read(plain, zone, end=end)
    match = _CLOCK.fullmatch(clock.strip())
    if match is None or int(match[1]) > 23 or int(match[3] or 0) > _SECONDS_MAX:
        raise Refused("date")
    at = _read(f"{plain} {match[1]:0>2}:{match[2]}", zone, end=False)
    return at + 60 if end and int(match[3] or 0) else at


def _parts(text: str, order: str | None) -> tuple[str, str, str, str | None]:
    match = _YEAR_FIRST.fullmatch(text)
    if match is not None:
        year, *fields, clock = match.groups()
        month, day = (field for field in fields if field is not None)
        return year, month, day, clock
    match = _YEAR_LAST.fullmatch(text)
    if match is not None:
        first, second, year, clock = match.groups()
        if order is None and int(first) <= 12 and int(second) <= 12 and first != second:
            raise Refused("date_two_ways")
        month_first = order == "month-day" if order is not None else int(first) <= 12
        return (year, first, second, clock) if month_first else (year, second, first, clock)
    if text.isascii() and text.replace(".", "", 1).isdecimal():
        raise Refused("date_number")
    if re.fullmatch(r"[0-9]{2}[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}日?", text) is not None:
        raise Refused("date_year")
    raise Refused("date")


def _read(text: str, zone: tzinfo | None, *, end: bool) -> int:
    try:
        return understood.time(text, zone, end=end)
    except NotUnderstood as error:
        if "happens twice" in error.allowed or "does not exist" in error.allowed:
            raise Refused("date_clock_change") from None
        raise Refused("date_zone" if zone is None else "date") from None
