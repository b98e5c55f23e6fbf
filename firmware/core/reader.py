"""What happens at a reader without a presentation: time passes, wires are noisy, a person clears a lock-out."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core import flood, lockout
from firmware.core import noise as storms
from firmware.core.dialog import Trigger
from firmware.core.effects import AnyEffect, Feedback, Show
from firmware.core.enrolment import Trigger as EnrolmentTrigger
from firmware.core.facts import CredentialEnrolled, NoiseSeen, StartEnrolment
from firmware.core.site import AccessPoint, Reader, Site
from firmware.core.turn import ReaderState, Turn, waits_for

__all__ = [
    "ReaderState",
    "clear",
    "deadlines",
    "due",
    "enrolment",
    "locked_out",
    "moved",
    "muted",
    "noise",
    "rest",
    "restore",
    "withdraw",
]

DUE_MAX = 16  # deadlines of one reader in one step: six kinds, each of which leads to two others at most


def deadlines(state: ReaderState) -> int | None:
    """The earliest instant at which something is due; None: nothing ever is."""
    earliest: int | None = None
    for at_ms in (
        None if state.pending is None else state.pending.until_ms,
        state.guard.until_ms,
        state.flood.until_ms,
        state.hearing.until_ms,
        None if state.enrolling is None else state.enrolling.until_ms,
        state.shown_until_ms,
    ):
        if at_ms is not None and (earliest is None or at_ms < earliest):
            earliest = at_ms
    return earliest


def due(site: Site, reader: Reader, state: ReaderState, now_ms: int) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """Do all that is due by now, each as of its own deadline, in their order. Afterwards nothing is due."""
    effects: list[AnyEffect] = []
    for _ in range(DUE_MAX):
        at_ms = deadlines(state)
        if at_ms is None or at_ms > now_ms:
            return state, tuple(effects)
        state, more = _due_at(site, reader, state, at_ms)
        effects += more
    raise AssertionError(f"reader {reader.id}: more than {DUE_MAX} deadlines in one step: {state}")


def _due_at(site: Site, reader: Reader, state: ReaderState, at_ms: int) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    turn = Turn(site, reader, state, at_ms, point_of(site, reader.id))
    if turn.pending is not None and turn.pending.until_ms <= at_ms:
        turn.on(Trigger.TIMEOUT)
    elif turn.guard.until_ms is not None and turn.guard.until_ms <= at_ms:
        turn.guard, effects = lockout.due(reader, turn.guard, at_ms)
        turn.effects += effects
    elif turn.flood.until_ms is not None and turn.flood.until_ms <= at_ms:
        turn.flood, effects = flood.due(reader, turn.flood)
        turn.effects += effects
    elif turn.hearing.until_ms is not None and turn.hearing.until_ms <= at_ms:
        turn.hearing, effects = storms.due(reader, turn.hearing, at_ms)
        turn.effects += effects
    elif turn.enrolling is not None and turn.enrolling.until_ms <= at_ms:
        turn.enrol_on(EnrolmentTrigger.DUE)
    else:
        turn.show_waiting()
    return turn.finish()


def noise(
    site: Site, reader: Reader, state: ReaderState, now_ms: int, fact: NoiseSeen
) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """The reader's wires carried something that is no frame."""
    turn = Turn(site, reader, state, now_ms, point_of(site, reader.id))
    turn.hearing, effects = storms.heard(reader, turn.hearing, now_ms, fact.kind, fact.count)
    turn.effects += effects
    if turn.hearing.stage is storms.Stage.MUTED:
        turn.enrol_on(EnrolmentTrigger.INTERRUPTED)
    return turn.finish()


def enrolment(
    site: Site,
    reader: Reader,
    state: ReaderState,
    now_ms: int,
    trigger: EnrolmentTrigger,
    *,
    start: StartEnrolment | None = None,
    enrolled: CredentialEnrolled | None = None,
) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """One trigger of enrolment here: `start` with STARTED, `enrolled` with ENROLLED."""
    turn = Turn(site, reader, state, now_ms, point_of(site, reader.id))
    turn.start, turn.enrolled = start, enrolled
    turn.enrol_on(trigger)
    return turn.finish()


def withdraw(
    site: Site, reader: Reader, state: ReaderState, now_ms: int, holder: str
) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """End the dialog that waits for this holder, or for somebody who passes together with this holder."""
    pending = state.pending
    if pending is None or holder not in (
        pending.holder,
        pending.known and pending.known.holder,
        pending.first and pending.first.holder,
    ):
        return state, ()
    turn = Turn(site, reader, state, now_ms, point_of(site, reader.id))
    turn.on(Trigger.WITHDRAWN)
    return turn.finish()


def clear(reader: Reader, state: ReaderState, now_ms: int) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """A person ends the lock-out of PINs here, and the memory of wrong tries."""
    guard, effects = lockout.clear(reader, state.guard, now_ms)
    return _with_guard(state, guard), effects


def restore(reader: Reader, kept: dict[str, str] | None, now_ms: int) -> ReaderState:
    """The state at start, from what the store kept (None: it could not be read)."""
    return ReaderState(guard=lockout.restore(reader, kept, now_ms))


def rest(reader: Reader, state: ReaderState, feedback: Feedback) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
    """What the reader shows while nobody uses it, from now on: the portal's mode, or that its door stands open."""
    if feedback is state.resting:
        return state, ()
    rested = ReaderState(
        state.pending,
        state.guard,
        state.flood,
        state.hearing,
        state.seen,
        state.swiped,
        feedback,
        state.shown_until_ms,
        state.enrolling,
    )
    if state.pending is not None or state.enrolling is not None or state.shown_until_ms is not None:
        return rested, ()
    return rested, (Show(reader.id, waits_for(None, None, feedback)),)


def moved(state: ReaderState, holder: str | None, area: str | None, entered_s: int | None) -> ReaderState:
    """The ledger has put a holder (None: everybody) into another area: those who wait here are known to be there."""
    pending = state.pending
    if pending is None:
        return state
    changes = {
        name: replace(person, area=area, area_entered_s=entered_s)
        for name, person in (("known", pending.known), ("first", pending.first))
        if person is not None and holder in (None, person.holder) and person.area != area
    }
    return replace(state, pending=replace(pending, **changes)) if changes else state


def muted(state: ReaderState) -> bool:
    """Whether the reader is not listened to."""
    return state.hearing.stage is storms.Stage.MUTED


def locked_out(state: ReaderState) -> bool:
    """Whether PINs are refused."""
    return state.guard.stage is lockout.Stage.LOCKED


def point_of(site: Site, reader: str) -> AccessPoint | None:
    """The access point of a reader."""
    for portal in site.portals:
        for point in portal.access_points:
            if reader in point.readers:
                return point
    return None


def _with_guard(state: ReaderState, guard: lockout.Guard) -> ReaderState:
    return ReaderState(
        state.pending,
        guard,
        state.flood,
        state.hearing,
        state.seen,
        state.swiped,
        state.resting,
        state.shown_until_ms,
        state.enrolling,
    )
