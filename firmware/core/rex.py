"""Request-to-exit: never refused. It releases the lock, or only tells that the opening that follows is no force."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.claims import EXIT_TIMER, fault_bars
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.facts import Level
from firmware.core.machines import EXIT, ExitTrigger, Leaf
from firmware.core.site import Door, RexMode
from firmware.core.wiring import IN


def rex_changed(draft: Draft, door: Door, index: int, level: Level) -> None:
    """The input of one request-to-exit device has this level now.

    A wire that is cut or shorted asks for nothing: whoever cuts it from outside must not get in by that. It is
    reported; the way out does not hang on it (`menshen check` refuses a door whose only way out is software).
    """
    if level is Level.ACTIVE:
        exit_on(draft, door, index, ExitTrigger.PRESSED)
    elif level is Level.INACTIVE:
        exit_on(draft, door, index, ExitTrigger.LET_GO)
    else:
        exit_on(draft, door, index, ExitTrigger.FAULTED, level.value)


def exit_on(draft: Draft, door: Door, index: int, trigger: ExitTrigger, detail: str = "") -> None:
    """One trigger for one request-to-exit device."""
    exits = draft.portals[door.id].exits
    target, actions = EXIT.on(exits[index], trigger)
    if target is not exits[index]:
        draft.change(door.id, exits=(*exits[:index], target, *exits[index + 1 :]))
    for action in actions:
        _ACTIONS[action](draft, door, index, detail)


def _request(draft: Draft, door: Door, index: int, _detail: str) -> None:
    rex = door.rex[index]
    now = draft.portals[door.id]
    _linger(draft, door, index, "")
    if now.leaf not in (None, Leaf.CLOSED, Leaf.UNKNOWN, Leaf.FAULT):
        draft.change(door.id, asked_open=True)
    if rex.mode is RexMode.UNLOCK and fault_bars(now):
        draft.change_way(door.id, IN, commanded=None)  # the lock failed before: try again, even if it was told already
    draft.record(Code.EXIT_REQUESTED, portal=door.id, device=rex.input, reasons=(Reason.REQUEST_TO_EXIT,))


def _linger(draft: Draft, door: Door, index: int, _detail: str) -> None:
    """From the last movement of the device, the lock stays released and the contact shunted for a while."""
    draft.put(door.id, "shunt", draft.now_ms + door.rex_shunt_ms)
    if door.rex[index].mode is RexMode.UNLOCK:
        draft.put(door.id, EXIT_TIMER, draft.now_ms + door.release_ms)


def _watch(draft: Draft, door: Door, index: int, _detail: str) -> None:
    draft.put(door.id, f"stuck:{index}", draft.now_ms + door.rex[index].stuck_ms)


def _unwatch(draft: Draft, door: Door, index: int, _detail: str) -> None:
    draft.drop(door.id, f"stuck:{index}")


def _stuck(draft: Draft, door: Door, index: int, _detail: str) -> None:
    draft.record(Code.REX_STUCK, portal=door.id, device=door.rex[index].input)


def _unstuck(draft: Draft, door: Door, index: int, _detail: str) -> None:
    draft.record(Code.REX_RELEASED, portal=door.id, device=door.rex[index].input)


def _fault(draft: Draft, door: Door, index: int, detail: str) -> None:
    draft.record(Code.CONTACT_FAULT, portal=door.id, device=door.rex[index].input, detail=detail)


def _healthy(draft: Draft, door: Door, index: int, _detail: str) -> None:
    draft.record(Code.CONTACT_HEALTHY, portal=door.id, device=door.rex[index].input)


_ACTIONS: dict[str, Callable[[Draft, Door, int, str], None]] = {
    "request": _request,
    "linger": _linger,
    "watch": _watch,
    "unwatch": _unwatch,
    "stuck": _stuck,
    "unstuck": _unstuck,
    "fault": _fault,
    "healthy": _healthy,
}
EXIT.check_actions(_ACTIONS)
