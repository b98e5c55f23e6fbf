"""A barrier's wear: its cycles, its travel times against their own history, its yearly test. Nothing here moves it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import msgspec

from firmware.core.codes import Code
from firmware.core.site import Barrier

WEEK_S = 604_800
DAY_S = 86_400
KNOWN_MIN = 20  # travels before one can be called slow
SLOW_PERCENT = 150  # of the mean of this barrier
SMOOTHING = 32  # a mean over about so many travels
WEEKS_MAX = 9  # eight that are over, and this one
SLOWER_WEEKS = 4  # that follow each other, each slower than the one before
SLOWER_EACH_PERCENT = 2
SLOWER_ALL_PERCENT = 10
SERVICE_AGAIN_CYCLES = 1_000  # told again so often once service is due


class Week(msgspec.Struct, frozen=True, array_like=True):
    """Travels of one week (UTC seconds divided by WEEK_S) in one direction."""

    week: int
    travels: int
    sum_ms: int

    @property
    def mean_ms(self) -> int:
        return self.sum_ms // self.travels


class Way(msgspec.Struct, frozen=True, array_like=True):
    """One direction of motion: how many travels, their smoothed mean, and the last weeks."""

    travels: int = 0
    mean_ms: int = 0
    weeks: tuple[Week, ...] = ()
    slow: bool = False  # the last one was


class History(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a barrier over power cuts."""

    cycles: int = 0
    opening: Way = Way()
    closing: Way = Way()
    tested_s: int | None = None  # UTC: forces and devices, by a person
    test_told: bool = False
    serviced_cycles: int = 0  # cycles at the last service


class Said(NamedTuple):
    """Something that maintenance wants to know."""

    code: Code
    detail: str
    times: int = 1


def kept(history: History) -> str:
    """As it is kept."""
    return msgspec.json.encode(history).decode()


def restored(text: str | None) -> History:
    """From what was kept; a fresh one where that cannot be read: no decision rests on it."""
    if text is None:
        return History()
    try:
        return msgspec.json.decode(text, type=History)
    except msgspec.MsgspecError:
        return History()


def travelled(history: History, *, opened: bool, travel_ms: int, utc_s: int | None) -> tuple[History, list[Said]]:
    """One travel from end to end is over."""
    before = history.opening if opened else history.closing
    way, said = _way(before, travel_ms, utc_s)
    name = "opening" if opened else "closing"
    told = [Said(each.code, f"{name}: {each.detail}") for each in said]
    changed = msgspec.structs.replace(history, **{name: way})
    return changed, told


def cycled(barrier: Barrier, history: History) -> tuple[History, list[Said]]:
    """The barrier is closed again: one cycle more (R18)."""
    cycles = history.cycles + 1
    over = cycles - history.serviced_cycles - barrier.cycles_service
    said = []
    if over >= 0 and over % SERVICE_AGAIN_CYCLES == 0:
        said.append(Said(Code.SERVICE_DUE, f"{cycles} cycles", cycles))
    return msgspec.structs.replace(history, cycles=cycles), said


def tested(history: History, utc_s: int | None) -> History:
    """A person has tested forces and devices, and serviced what was worn."""
    return msgspec.structs.replace(history, tested_s=utc_s, test_told=False, serviced_cycles=history.cycles)


def yearly(barrier: Barrier, history: History, utc_s: int | None) -> tuple[History, list[Said]]:
    """Whether the yearly test is due: told once."""
    if utc_s is None or history.test_told or history.tested_s is None:
        return history, []
    days = (utc_s - history.tested_s) // DAY_S
    if days < barrier.tests_days:
        return history, []
    said = [Said(Code.DEVICE_TEST_DUE, f"{days} days since the last", days)]
    return msgspec.structs.replace(history, test_told=True), said


def _way(way: Way, travel_ms: int, utc_s: int | None) -> tuple[Way, list[Said]]:
    said = []
    slow = way.travels >= KNOWN_MIN and travel_ms * 100 > way.mean_ms * SLOW_PERCENT
    if slow and not way.slow:
        said.append(Said(Code.TRAVEL_SLOW, f"{travel_ms} ms, {way.mean_ms} ms by its history"))
    if way.travels < SMOOTHING:
        mean_ms = (way.mean_ms * way.travels + travel_ms) // (way.travels + 1)
    else:
        mean_ms = way.mean_ms + (travel_ms - way.mean_ms) // SMOOTHING
    weeks, slower = _weeks(way.weeks, travel_ms, utc_s)
    if slower:
        said.append(Said(Code.TRAVEL_SLOWER, slower))
    return Way(way.travels + 1, mean_ms, weeks, slow), said


def _weeks(weeks: tuple[Week, ...], travel_ms: int, utc_s: int | None) -> tuple[tuple[Week, ...], str]:
    """The weeks with this travel in them; what to say where the week before this one was the last of a row."""
    if utc_s is None:
        return weeks, ""
    now = utc_s // WEEK_S
    if weeks and weeks[-1].week == now:
        last = weeks[-1]
        return (*weeks[:-1], Week(now, last.travels + 1, last.sum_ms + travel_ms)), ""
    if weeks and weeks[-1].week > now:  # the clock went back: what was counted in a wrong week is forgotten
        return (Week(now, 1, travel_ms),), ""
    return (*weeks[1 - WEEKS_MAX :], Week(now, 1, travel_ms)), _slower(weeks[-SLOWER_WEEKS:])


def _slower(row: tuple[Week, ...]) -> str:
    """Each of these weeks is slower than the one before, and all of it is more than weather."""
    if len(row) < SLOWER_WEEKS:
        return ""
    means_ms = [week.mean_ms for week in row]
    each = all(later * 100 >= sooner * (100 + SLOWER_EACH_PERCENT) for sooner, later in pairwise(means_ms))
    if not each or means_ms[-1] * 100 < means_ms[0] * (100 + SLOWER_ALL_PERCENT):
        return ""
    return " ".join(f"{mean_ms} ms" for mean_ms in means_ms)
