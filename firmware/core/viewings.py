"""Looking through cameras, as the core has it: who looks, why and how long is told. Nothing of it moves anything.

A guard's live view is one a shift, with one purpose: the first stands until the shift is over, whoever logs out, and
whatever restarts. The same guard goes on under it, or looks for an incident that is stated beside it.
"""

from __future__ import annotations

from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.facts import Started
from firmware.core.refusals import ID_CHARACTERS_MAX
from firmware.core.state import Shift, State
from firmware.core.viewing_facts import CameraViewed, Viewing

DETAIL_CHARACTERS_MAX = 100
PURPOSE_CHARACTERS_MAX = 200
CAMERAS_MAX = 16
SHIFTS_MAX = 64  # more guards than any gate has at a time
SHIFT_S_MAX = 14 * 3600  # as a site may set it
SHIFT = "viewing_shift:"  # before a guard's name, in what is kept

_CODE: dict[Viewing, Code] = {
    Viewing.BEGUN: Code.VIEWING_BEGUN,
    Viewing.ENDED: Code.VIEWING_ENDED,
    Viewing.REFUSED: Code.COMMAND_REFUSED,
}


def camera_viewed(draft: Draft, fact: CameraViewed) -> None:
    """Tell it, an event for each camera. Without a name or a purpose nobody looks."""
    told = fact.viewing
    sound = bool(fact.issuer and fact.cameras and (fact.purpose or told is Viewing.ENDED))
    reasons = fact.reasons if sound else (Reason.NOT_ALLOWED,)
    if sound and told is Viewing.BEGUN and fact.shift_s:
        reasons = _under_shift(draft, fact)
    refused = bool(reasons) or not sound
    body = Body(
        issuer=fact.issuer[:ID_CHARACTERS_MAX] or None,
        address=fact.address[:ID_CHARACTERS_MAX] or None,
        note=fact.purpose[:PURPOSE_CHARACTERS_MAX] or None,
    )
    for camera in fact.cameras[:CAMERAS_MAX] or (None,):
        draft.record(
            Code.COMMAND_REFUSED if refused else _CODE[told],
            device=camera,
            reasons=reasons,
            detail=fact.detail[:DETAIL_CHARACTERS_MAX],
            body=None if body == Body() else body,
            request=fact.request,
        )


# -- a guard's shift --------------------------------------------------------------------------------------------------


def shift_of(state: State, issuer: str, now_ms: int) -> Shift | None:
    """What a guard looks for in this shift; None: nothing has been stated yet."""
    shift = state.shifts.get(issuer[:ID_CHARACTERS_MAX])
    return shift if shift is not None and now_ms < shift.until_ms else None


def may_look(state: State, issuer: str, purpose: str, now_ms: int) -> tuple[str, ...]:
    """Why a guard's shift does not have this purpose; empty: it has, or it is the first of it."""
    shift = shift_of(state, issuer, now_ms)
    if shift is not None:
        return () if shift.purpose == purpose[:PURPOSE_CHARACTERS_MAX] else (Reason.VIEWING_PURPOSE,)
    standing = sum(now_ms < each.until_ms for each in state.shifts.values())
    return (Reason.VIEWINGS_FULL,) if standing >= SHIFTS_MAX else ()


def _under_shift(draft: Draft, fact: CameraViewed) -> tuple[str, ...]:
    _forget(draft)
    reasons = may_look(draft.state, fact.issuer, fact.purpose, draft.now_ms)
    if not reasons and shift_of(draft.state, fact.issuer, draft.now_ms) is None:
        until_ms = draft.now_ms + min(fact.shift_s, SHIFT_S_MAX) * 1000
        issuer, purpose = fact.issuer[:ID_CHARACTERS_MAX], fact.purpose[:PURPOSE_CHARACTERS_MAX]
        shift = Shift(purpose, until_ms, dated=draft.state.offset_ms is not None)
        draft.set_shifts({**draft.state.shifts, issuer: shift})
        _keep(draft, issuer, shift)
    return reasons


def _keep(draft: Draft, issuer: str, shift: Shift) -> None:
    """With its end, as far as wall time is known."""
    offset_ms = draft.state.offset_ms
    until = "" if offset_ms is None else str((shift.until_ms + offset_ms) // 1000)
    draft.keep(SHIFT + issuer, f"{until} {shift.purpose}")


def due(draft: Draft) -> None:
    """The first shift is over."""
    _forget(draft)


def _forget(draft: Draft) -> None:
    """Nothing of a shift is kept beyond it."""
    shifts = draft.state.shifts
    over = [issuer for issuer, shift in shifts.items() if draft.now_ms >= shift.until_ms]
    if over:
        for issuer in over:
            draft.keep(SHIFT + issuer, None)
        draft.set_shifts({issuer: shift for issuer, shift in shifts.items() if issuer not in over})


def restore(draft: Draft, fact: Started) -> None:
    """Shifts outlive a restart: each ends when it would have, once wall time is known; else after a whole one."""
    until_ms = draft.now_ms + SHIFT_S_MAX * 1000
    shifts: dict[str, Shift] = {}
    for key, value in (fact.kept or {}).items():
        if key.startswith(SHIFT) and len(shifts) < SHIFTS_MAX:
            until, _, purpose = value.partition(" ")
            until_utc_s = int(until) if until.isdigit() else None
            shifts[key.removeprefix(SHIFT)] = Shift(purpose, until_ms, until_utc_s, until_utc_s is not None)
    if shifts:
        draft.set_shifts(shifts)
        move(draft)


def move(draft: Draft) -> None:
    """Wall time is known: shifts from before the start end by it. From then on no jump of it moves them."""
    shifts = draft.state.shifts
    if draft.state.offset_ms is None or all(shift.dated and shift.until_utc_s is None for shift in shifts.values()):
        return
    moved = {issuer: _moved(draft, shift) for issuer, shift in shifts.items()}
    draft.set_shifts(moved)
    for issuer, shift in moved.items():
        if not shifts[issuer].dated:
            _keep(draft, issuer, shift)
    _forget(draft)


def _moved(draft: Draft, shift: Shift) -> Shift:
    if shift.until_utc_s is None:
        return Shift(shift.purpose, shift.until_ms)
    return Shift(shift.purpose, min(shift.until_ms, draft.monotonic_ms(shift.until_utc_s)))
