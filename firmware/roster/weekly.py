"""Times of the week as people write them, one line a day, and the windows of a schedule: one text for one meaning.

A line holds spans such as "06:00-09:00, 17:00-20:30", "8-12", "24h" or nothing. A span over midnight, "22:00-06:00",
stands on the day on which it begins and becomes two windows, the second one on the day after; read back it is one line
again. Times are to the minute, as the core has them.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from firmware.core.access import Window
from firmware.core.calendar import DAY_MINUTES

DAYS_A_WEEK = 7
SPANS_MAX = 40  # of one line: more is a picture, not somebody's hours
LINE_CHARACTERS_MAX = 600
QUARTER_MINUTES = 15

Week = tuple[tuple[Window, ...], ...]
# From and to in minutes of a day, 1440 at most; one that does not end after it begins ends on the next day.
Span = tuple[int, int]

_SEPARATORS = re.compile(r"[,;，；、\n]+")
_SPAN = re.compile(
    r"(?P<from>[0-9]{1,2})(?:[:：.](?P<from_minute>[0-9]{2}))?"
    r"\s*[-–—−~～至到]\s*"
    r"(?P<to>[0-9]{1,2})(?:[:：.](?P<to_minute>[0-9]{2}))?"
)
_WHOLE_DAY = ("24h", "全天")
_CLOSED = ("closed", "never", "关闭", "不开放")  # what may be written instead of nothing


class NotHours(ValueError):
    """A line that does not say hours. `why` is a key of the page's words; `found` is the piece, `day` its line."""

    def __init__(self, why: str, found: str, day: int = 0) -> None:
        super().__init__(f"day {day}: {found!r}: {why}")
        self.why = why
        self.found = found
        self.day = day


def read_week(lines: Sequence[str]) -> Week:
    """Seven lines, Monday first, as a schedule's week. Raises NotHours."""
    return week_of([_spans(line, day) for day, line in enumerate(lines)])


def read_day(line: str) -> tuple[Window, ...]:
    """One line of a special day, which ends at midnight: its next day may be of any kind. Raises NotHours."""
    return day_of(_spans(line, 0))


def week_of(days: Sequence[Sequence[Span]]) -> Week:
    """The spans of seven days, Monday first, as a schedule's week. Raises NotHours."""
    assert len(days) == DAYS_A_WEEK
    windows: list[list[Window]] = [[] for _ in days]
    for day, spans in enumerate(days):
        for start, end in spans:
            if start == end:
                raise NotHours("empty", _span_text((start, end)), day)
            if end > start:
                windows[day].append(Window(start, end))
                continue
            windows[day].append(Window(start, DAY_MINUTES))
            windows[(day + 1) % DAYS_A_WEEK].append(Window(0, end))
    return tuple(_in_order(each, day) for day, each in enumerate(windows))


def day_of(spans: Sequence[Span]) -> tuple[Window, ...]:
    """The spans of a special day. Raises NotHours."""
    for start, end in spans:
        if start == end:
            raise NotHours("empty", _span_text((start, end)))
        if end < start:
            raise NotHours("over_midnight", _span_text((start, end)))
    return _in_order([Window(start, end) for start, end in spans], 0)


def week_spans(week: Week) -> tuple[tuple[Span, ...], ...]:
    """A week as the spans of seven days, Monday first, nights whole; `week_of` gives the same windows."""
    nights: dict[int, int] = {}  # the day on which a night begins -> the minute of the next day at which it ends
    for day, windows in enumerate(week):
        after = week[(day + 1) % DAYS_A_WEEK]
        meet = windows and after and windows[-1].end_minute == DAY_MINUTES and after[0].start_minute == 0
        # Shorter than a day: else it would read as a span of one day, or of none.
        if meet and after[0].end_minute < windows[-1].start_minute:
            nights[day] = after[0].end_minute
    days = []
    for day, windows in enumerate(week):
        own = day_spans(windows[1:] if (day - 1) % DAYS_A_WEEK in nights else windows)
        days.append((*own[:-1], (own[-1][0], nights[day])) if day in nights else own)
    return tuple(days)


def day_spans(windows: Sequence[Window]) -> tuple[Span, ...]:
    """The windows of one day as spans; `day_of` gives the same."""
    return tuple((window.start_minute, window.end_minute) for window in windows)


def week_lines(week: Week) -> tuple[str, ...]:
    """A week as seven lines, Monday first; `read_week` gives the same windows."""
    return tuple(", ".join(map(_span_text, spans)) for spans in week_spans(week))


def day_line(windows: Sequence[Window]) -> str:
    """The windows of one day as a line; `read_day` gives the same."""
    return ", ".join(map(_span_text, day_spans(windows)))


def quarters(windows: Sequence[Window]) -> tuple[int, ...]:
    """How many minutes of each of a day's 96 quarters of an hour are inside: 0, 15, or fewer where it is finer."""
    inside = [0] * (DAY_MINUTES // QUARTER_MINUTES)
    for window in windows:
        first, last = window.start_minute // QUARTER_MINUTES, (window.end_minute - 1) // QUARTER_MINUTES
        for quarter in range(first, last + 1):
            begin = quarter * QUARTER_MINUTES
            inside[quarter] += min(window.end_minute, begin + QUARTER_MINUTES) - max(window.start_minute, begin)
    return tuple(inside)


def joined(windows: Sequence[Window]) -> tuple[Window, ...]:
    """The same minutes in as few windows as there can be."""
    made: list[Window] = []
    for window in sorted(windows, key=lambda each: each.start_minute):
        if made and window.start_minute <= made[-1].end_minute:
            made[-1] = Window(made[-1].start_minute, max(made[-1].end_minute, window.end_minute))
        else:
            made.append(window)
    return tuple(made)


def is_sound(windows: Sequence[Window]) -> bool:
    """Whether these may stand in a schedule: each within a day, in order, none over another."""
    whole = all(0 <= window.start_minute < window.end_minute <= DAY_MINUTES for window in windows)
    return whole and all(before.end_minute <= after.start_minute for before, after in itertools.pairwise(windows))


def _spans(line: str, day: int) -> list[Span]:
    if len(line) > LINE_CHARACTERS_MAX:
        raise NotHours("too_long", line[:20], day)
    pieces = [piece.strip() for piece in _SEPARATORS.split(line) if piece.strip()]
    if len(pieces) > SPANS_MAX:
        raise NotHours("too_many", str(len(pieces)), day)
    if len(pieces) == 1 and pieces[0].lower() in _CLOSED:
        return []
    return [_span(piece, day) for piece in pieces]


def _span(piece: str, day: int) -> Span:
    if piece.lower() in _WHOLE_DAY:
        return 0, DAY_MINUTES
    found = _SPAN.fullmatch(piece)
    if found is None:
        raise NotHours("not_hours", piece[:40], day)
    start, end = _minute(found, "from"), _minute(found, "to")
    if start is None or end is None or start == DAY_MINUTES:
        raise NotHours("no_such_time", piece[:40], day)
    if start == end:
        raise NotHours("empty", piece[:40], day)
    return start, DAY_MINUTES if end == 0 else end


def _minute(found: re.Match[str], name: str) -> int | None:
    hour, minute = int(found[name]), int(found[f"{name}_minute"] or 0)
    total = hour * 60 + minute
    return total if minute < 60 and total <= DAY_MINUTES else None


def _in_order(windows: list[Window], day: int) -> tuple[Window, ...]:
    windows.sort(key=lambda window: window.start_minute)
    for before, after in itertools.pairwise(windows):
        if after.start_minute < before.end_minute:
            raise NotHours("overlap", ", ".join(map(_span_text, day_spans((before, after)))), day)
    return tuple(windows)


def _span_text(span: Span) -> str:
    return f"{clock(span[0])}-{clock(span[1])}"


def clock(minute: int) -> str:
    """A minute of the day as it is written: 00:00 to 24:00."""
    hours, minutes = divmod(minute, 60)
    return f"{hours:02}:{minutes:02}"
