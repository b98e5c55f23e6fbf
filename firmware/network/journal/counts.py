"""Counts and peaks: how often something happened in each hour or day of the site's zone, as bars and as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

import msgspec

from firmware.core.codes import Code
from firmware.journal import count
from firmware.network.events import HIDDEN
from firmware.network.journal.desk import Expired
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.kinds import ALARMS, REFUSALS

STEP_MS = 900_000  # every zone's hours begin at a quarter of UTC's
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
HOURS_MS_MAX = 48 * HOUR_MS  # longer times are counted by day
DAYS_MS_MAX = 62 * DAY_MS
LATEST_MS = 7_258_118_400_000  # 2200: later clocks are broken ones
SERIES: Mapping[str, frozenset[Code]] = {
    "let_in": frozenset({Code.GRANTED}),
    "refused": REFUSALS,
    "passed": frozenset({Code.TAKEN}),
    "alarms": ALARMS - HIDDEN,
}
# A chart, in its own units.
WIDTH, HEIGHT, BASE = 320, 72, 64
GAP = 1.0
PEAK_HEIGHT = 56


class Bar(msgspec.Struct, frozen=True):
    """One piece of time, drawn in a chart. `label` is its beginning."""

    label: str
    count: int
    x: float
    y: float
    width: float
    height: float
    peak: bool


class Chart(msgspec.Struct, frozen=True):
    series: str
    total: int
    peak: int
    peak_label: str
    bars: tuple[Bar, ...]


class Counts(msgspec.Struct, frozen=True):
    by_day: bool
    labels: tuple[str, ...]
    charts: tuple[Chart, ...]


class Window(msgspec.Struct, frozen=True):
    since_ms: int
    until_ms: int

    @property
    def by_day(self) -> bool:
        return self.until_ms - self.since_ms > HOURS_MS_MAX


def window_of(since_ms: int | None, until_ms: int | None, now_ms: int | None) -> Window:
    """What is counted: the last day where nothing was said. Raises NotUnderstood."""
    if until_ms is None:
        until_ms = now_ms if since_ms is None or now_ms is not None else since_ms + DAY_MS
    if until_ms is None:
        raise NotUnderstood("journal_counts_need_time")
    since_ms = until_ms - DAY_MS if since_ms is None else since_ms
    if not (since_ms >= 0 and until_ms <= LATEST_MS):
        raise NotUnderstood("journal_counts_need_time")
    if since_ms >= until_ms:
        raise NotUnderstood("journal_from_after_to")
    if until_ms - since_ms > DAYS_MS_MAX:
        raise NotUnderstood("journal_counts_too_long", days=DAYS_MS_MAX // DAY_MS)
    return Window(since_ms, until_ms)


def read_counts(path: Path, window: Window, portal: str | None, zone: tzinfo, expired: Expired) -> Counts:
    """Blocks. Raises JournalError, OSError."""
    counted = count(
        path,
        since_utc=window.since_ms,
        until_utc=window.until_ms,
        step_ms=STEP_MS,
        portal=portal,
        expired=expired,
    )
    labels = _labels(window, zone)
    charts = []
    for series, kinds in SERIES.items():
        numbers = dict.fromkeys(labels, 0)
        for (at_ms, code), many in counted.items():
            if code in kinds:
                numbers[_label(at_ms, window.by_day, zone)] += many
        charts.append(_chart(series, numbers))
    return Counts(window.by_day, labels, tuple(charts))


def _label(at_ms: int, by_day: bool, zone: tzinfo) -> str:
    """An hour that comes twice, when clocks go back, is told apart by its offset."""
    local = datetime.fromtimestamp(at_ms // 1000, zone)
    if by_day:
        return local.strftime("%Y-%m-%d")
    ambiguous = local.replace(fold=1 - local.fold).utcoffset() != local.utcoffset()
    return local.strftime("%Y-%m-%d %H:00 %z" if ambiguous else "%Y-%m-%d %H:00")


def _labels(window: Window, zone: tzinfo) -> tuple[str, ...]:
    """Every hour, or day, that the window touches, in order."""
    found: dict[str, None] = {}
    at_ms = window.since_ms - window.since_ms % STEP_MS
    while at_ms < window.until_ms:
        found[_label(at_ms, window.by_day, zone)] = None
        at_ms += STEP_MS
    return tuple(found)


def _chart(series: str, numbers: Mapping[str, int]) -> Chart:
    peak = max(numbers.values(), default=0)
    peak_label = next((label for label, many in numbers.items() if many == peak), "")
    room = WIDTH / max(1, len(numbers))
    bars = []
    for place, (label, many) in enumerate(numbers.items()):
        height = 0.0 if peak == 0 else round(PEAK_HEIGHT * many / peak, 1)
        if many and height < 1:
            height = 1.0  # one is not none
        gap = min(GAP, room / 4)
        bars.append(
            Bar(
                label,
                many,
                round(place * room + gap / 2, 2),
                round(BASE - height, 1),
                round(room - gap, 2),
                height,
                label == peak_label and peak > 0,
            )
        )
    return Chart(series, sum(numbers.values()), peak, peak_label, tuple(bars))
