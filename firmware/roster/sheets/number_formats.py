"""Which numbers of a workbook are dates, and which instants they are.

ECMA-376-1, 18.8.30 (number formats) and 18.17.4 (date systems). A number is a date because of how it is shown, and its
text here is what people see: with the time where the format shows one, or where the number holds one.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from firmware.roster.sheets.cells import Odd, OddKind


class Shown(NamedTuple):
    """What of an instant a number format shows."""

    days: bool
    time: bool


_DATE, _TIME, _BOTH = Shown(True, False), Shown(False, True), Shown(True, True)
# Built in, with those of Chinese and other East Asian locales (18.8.30); 37-44 and 48-49 are numbers and text.
BUILT_IN: dict[int, Shown] = (
    dict.fromkeys((14, 15, 16, 17, *range(27, 32), 36, 50, 51, 52, 53, 54, 57, 58), _DATE)
    | dict.fromkeys((18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56), _TIME)
    | {22: _BOTH}
)
FORMAT_CHARACTERS_MAX = 1_024  # a spreadsheet program takes 255
_ELAPSED = re.compile(r"\[(h+|m+|s+)\]", re.IGNORECASE)
# No letters of dates: quoted text, escaped and padding characters, colours, conditions, locales, AM/PM, 上午/下午.
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|am/pm|a/p|上午/下午', re.IGNORECASE | re.DOTALL)
_WEEKDAY = re.compile(r"a{3,4}")

SERIAL_END = 2_958_466  # the day after 9999-12-31, in the system of 1900
_DAYS_OF_1904 = 1_462  # between the two systems
_DAY_S = 86_400
_FEIGNED_LEAP_DAY = 60  # 1900-02-29, which never was, and which spreadsheets count


def shown_by(code: str) -> Shown | None:
    """What a custom format shows of an instant; None where it shows none."""
    section = code[:FORMAT_CHARACTERS_MAX].split(";")[0] if '"' not in code else _first_section(code)
    if section.strip().lower() == "general":
        return None
    elapsed = _ELAPSED.search(section) is not None
    letters = _LITERAL.sub("", section).lower()
    time = elapsed or "h" in letters or "s" in letters
    days = "y" in letters or "d" in letters or _WEEKDAY.search(letters) is not None or ("m" in letters and not time)
    return Shown(days, time) if days or time else None


def _first_section(code: str) -> str:
    """The format of positive numbers: up to the first semicolon outside of quotes."""
    quoted = False
    for place, character in enumerate(code[:FORMAT_CHARACTERS_MAX]):
        quoted ^= character == '"'
        if character == ";" and not quoted:
            return code[:place]
    return code[:FORMAT_CHARACTERS_MAX]


def instant_of(text: str, how: Shown, system_1904: bool) -> Odd:
    """The date in a number that is shown as one: local "2026-01-31", "2026-01-31 08:30", or "08:30" without a day.

    A number that is no date in the file's system stays a number.
    """
    number = float(text)
    offset = _DAYS_OF_1904 if system_1904 else 0
    if not 0 <= number < SERIAL_END - offset:
        return Odd(OddKind.NUMBER, text)
    seconds = round(number * _DAY_S)  # 08:30 is stored as 0.354166666666667
    days, second_of_day = divmod(seconds, _DAY_S)
    clock = f"{second_of_day // 3600:02}:{second_of_day // 60 % 60:02}"
    if days == 0 and not how.days and not system_1904:
        return Odd(OddKind.DATE, clock)
    if days >= SERIAL_END - offset:  # rounded over the last midnight
        return Odd(OddKind.NUMBER, text)
    day = _day(days, system_1904)
    return Odd(OddKind.DATE, f"{day} {clock}" if how.time or second_of_day else day)


def _day(days: int, system_1904: bool) -> str:
    if system_1904:
        return (date(1904, 1, 1) + timedelta(days)).isoformat()
    if days == _FEIGNED_LEAP_DAY:
        return "1900-02-29"
    if days == 0:
        return "1900-01-00"  # what spreadsheets show; no calendar has it
    return (date(1899, 12, 30 if days > _FEIGNED_LEAP_DAY else 31) + timedelta(days)).isoformat()
