"""The leaf of a door: what its contact says, and how long it may stand open."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.facts import Level
from firmware.core.machines import LEAF, Exit, LeafTrigger, Passing, PassingTrigger
from firmware.core.modes import RANK, Claim
from firmware.core.release import passing_on
from firmware.core.site import Door, RexMode
from firmware.core.timers import runs
from firmware.core.wiring import IN


def contact_changed(draft: Draft, door: Door, level: Level) -> None:
    """The contact has this level now. Only a healthy, inactive one is closed."""
    if level is Level.ACTIVE:
        leaf_on(draft, door, _opening(draft, door))
    elif level is Level.INACTIVE:
        leaf_on(draft, door, LeafTrigger.CLOSED)
    else:
        leaf_on(draft, door, LeafTrigger.FAULTED, level.value)


def leaf_on(draft: Draft, door: Door, trigger: LeafTrigger, detail: str = "") -> None:
    """One trigger for the leaf. A door without contact has none."""
    before = draft.portals[door.id].leaf
    if before is None:
        return
    target, actions = LEAF.on(before, trigger)
    if target is not before:
        draft.change(door.id, leaf=target)
    for action in actions:
        _ACTIONS[action](draft, door, detail)


def _opening(draft: Draft, door: Door) -> LeafTrigger:
    """Whether this opening was to be expected."""
    now = draft.portals[door.id]
    if now.free is not None:
        return LeafTrigger.OPENED_FREE
    handle = any(
        stage is Exit.ACTIVE and rex.mode is RexMode.SHUNT for rex, stage in zip(door.rex, now.exits, strict=True)
    )
    released = RANK[now.ways[IN].claim].released
    expected = released or handle or runs(now.timers, "shunt") or runs(now.timers, f"grace:{IN}")
    return LeafTrigger.OPENED if expected else LeafTrigger.OPENED_UNEXPECTED


def _opened(draft: Draft, door: Door, _detail: str) -> None:
    claim = draft.portals[door.id].ways[IN].claim
    reason = RANK[claim].reason
    secured = claim is Claim.NOBODY or not RANK[claim].released
    draft.change(door.id, asked_open=False)
    draft.record(Code.OPENED, portal=door.id, reasons=() if secured or reason is None else (reason,))


def _closed(draft: Draft, door: Door, _detail: str) -> None:
    draft.record(Code.CLOSED, portal=door.id)


def _forced(draft: Draft, door: Door, _detail: str) -> None:
    draft.change(door.id, asked_open=False)
    draft.record(Code.FORCED, portal=door.id)


def _prove(draft: Draft, door: Door, _detail: str) -> None:
    passing_on(draft, door, IN, PassingTrigger.OPENED)


def _relock(draft: Draft, door: Door, _detail: str) -> None:
    """Closing ends the release, except for somebody who asked to exit while the leaf was still open."""
    if not door.relock_on_close:
        return
    passing_on(draft, door, IN, PassingTrigger.CLOSED)
    if not draft.portals[door.id].asked_open:
        draft.drop(door.id, "exit", "shunt")


def _open_limit_ms(draft: Draft, door: Door) -> int:
    way = draft.portals[door.id].ways[IN]
    longer = way.extended and way.passing is not Passing.IDLE
    return door.extended_open_ms_max if longer else door.open_ms_max


def _time_until(draft: Draft, door: Door, held_ms: int) -> None:
    draft.put(door.id, "held", held_ms)
    draft.drop(door.id, "warn")
    if door.prealarm_ms and held_ms - door.prealarm_ms > draft.now_ms:
        draft.put(door.id, "warn", held_ms - door.prealarm_ms)


def _time(draft: Draft, door: Door, _detail: str) -> None:
    _time_until(draft, door, draft.now_ms + _open_limit_ms(draft, door))


def _retime(draft: Draft, door: Door, _detail: str) -> None:
    """Another passage was granted: its time counts where it ends later than the one that runs."""
    runs_until_ms = next(at_ms for at_ms, name in draft.portals[door.id].timers if name == "held")
    _time_until(draft, door, max(runs_until_ms, draft.now_ms + _open_limit_ms(draft, door)))


def _untime(draft: Draft, door: Door, _detail: str) -> None:
    draft.drop(door.id, "warn", "held")


def _warn(draft: Draft, door: Door, _detail: str) -> None:
    draft.record(Code.HELD_WARNING, portal=door.id)


def _held(draft: Draft, door: Door, _detail: str) -> None:
    draft.drop(door.id, "warn")
    draft.record(Code.HELD, portal=door.id)


def _held_ended(draft: Draft, door: Door, _detail: str) -> None:
    draft.record(Code.HELD_ENDED, portal=door.id)


def _fault(draft: Draft, door: Door, detail: str) -> None:
    draft.record(Code.CONTACT_FAULT, portal=door.id, device=door.contact, detail=detail)


def _healthy(draft: Draft, door: Door, _detail: str) -> None:
    draft.record(Code.CONTACT_HEALTHY, portal=door.id, device=door.contact)


_ACTIONS: dict[str, Callable[[Draft, Door, str], None]] = {
    "opened": _opened,
    "closed": _closed,
    "forced": _forced,
    "prove": _prove,
    "relock": _relock,
    "time": _time,
    "retime": _retime,
    "untime": _untime,
    "warn": _warn,
    "held": _held,
    "held_ended": _held_ended,
    "fault": _fault,
    "healthy": _healthy,
}
LEAF.check_actions(_ACTIONS)
