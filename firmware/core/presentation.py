"""A credential is presented at a reader: to the decision, to the dialog, and perhaps to a grant.

What never reaches a decision: a sighting that is too old, the same credential again sooner than a person can, a PIN
while PINs are locked out, and whatever a muted reader still said.
"""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core import lockout, noise
from firmware.core.access import Factor, Known, Rulebook, Unknown, Wall
from firmware.core.codes import Code, Reason
from firmware.core.decision import Decision, Offered, Outcome, Standing, decide, required
from firmware.core.dialog import Pending, Stage, Trigger
from firmware.core.effects import AnyEffect, Feedback, Record
from firmware.core.facts import FACTOR_OF, FaceSeen, PinBefore, PinEntered, PlateSeen, Reading
from firmware.core.passage import Grant
from firmware.core.site import AccessPoint, Reader, Site
from firmware.core.turn import Last, ReaderState, Turn, body_of

__all__ = ["Grant", "present"]

SIGHTING_MS_MAX = 3_000  # since the frame was taken: a car at walking pace has then left the picture
CERTAINTY_DIGITS = 3  # that are kept; nothing is known more exactly
NOBODY = Unknown("")  # a credential that nobody may learn anything of


def present(
    site: Site,
    rulebook: Rulebook,
    reader: Reader,
    point: AccessPoint,
    state: ReaderState,
    now_ms: int,
    wall: Wall | None,
    standing: Standing,
    reading: Reading,
) -> tuple[ReaderState, tuple[AnyEffect, ...], Grant | None]:
    """One reading at `reader`, which belongs to `point`. All that was due by `now_ms` has been done before.

    The grant, where there is one, is for the portal to carry out; its event stands in the effects already.
    """
    if state.hearing.stage is noise.Stage.MUTED:
        return state, (), None
    factor = FACTOR_OF[type(reading)]
    turn = Turn(site, reader, state, now_ms, point)
    if turn.enrolling is not None and isinstance(reading.presented, Known):
        # Whoever waits at the desk learns why this credential did not become anybody's.
        turn.enrolling = replace(turn.enrolling, issued_to=reading.presented.holder)
    if isinstance(reading, PlateSeen | FaceSeen) and not 0 <= reading.age_ms <= SIGHTING_MS_MAX:
        # Nobody may be standing there any more who could see the reader.
        code = Code.DENIED if isinstance(reading.presented, Known) else Code.UNKNOWN_CREDENTIAL
        turn.record_refusal(code, (Reason.STALE,), body_of(reading.presented))
    elif factor is not Factor.PIN and _repeats(turn, reading.presented):
        pass
    elif factor is Factor.PIN and turn.guard.stage is lockout.Stage.LOCKED:
        _refuse_unseen(turn, reading)
    else:
        if turn.pending is not None and turn.pending.rulebook_version != rulebook.version:
            turn.close()
        _decide(turn, rulebook, wall, standing, reading, factor)
    state, effects = turn.finish()
    if isinstance(reading, PlateSeen | FaceSeen):
        effects = tuple(_with_vote(effect, reading) for effect in effects)
    return state, effects, turn.grant


def _with_vote(effect: AnyEffect, seen: PlateSeen | FaceSeen) -> AnyEffect:
    """An event about what a camera saw says how it was voted and where its frame is, in the part that can be erased."""
    if not isinstance(effect, Record) or effect.event.body is None:
        return effect
    body = effect.event.body
    if seen.evidence:
        body = replace(body, evidence=seen.evidence)
    if isinstance(seen, PlateSeen) and seen.reads:
        body = replace(body, reads=seen.reads, certainty=round(seen.confidence, CERTAINTY_DIGITS))
    return Record(replace(effect.event, body=body))


def _repeats(turn: Turn, presented: Known | Unknown) -> bool:
    """Whether the same credential came again too soon. One that is held to the reader stays one presentation."""
    what = f"known {presented.credential}" if isinstance(presented, Known) else f"unknown {presented.token}"
    seen, turn.seen = turn.seen, Last(what, turn.now_ms)
    return seen is not None and seen.what == what and turn.now_ms - seen.at_ms < turn.reader.repeat_ms


def _refuse_unseen(turn: Turn, reading: Reading) -> None:
    """PINs are locked out: right or wrong, the answer is the same. A duress PIN still calls for help, in silence."""
    turn.show_outcome(Feedback.LOCKED_OUT)
    turn.record_refusal(Code.DENIED, (Reason.PIN_LOCKED_OUT,), None)
    if isinstance(reading.presented, Known) and reading.presented.duress and turn.site.duress_roles:
        turn.effects.append(Record(turn.event(Code.DURESS, (), body_of(reading.presented))))


def _decide(
    turn: Turn, rulebook: Rulebook, wall: Wall | None, standing: Standing, reading: Reading, factor: Factor
) -> None:
    assert turn.point is not None, "a reading belongs to an access point"
    pending = turn.pending
    turn.rulebook_version = rulebook.version
    presented, offered = _case(turn.site, pending, reading, factor)
    if isinstance(presented, Unknown) and factor is Factor.PIN and _may_come_first(rulebook, turn.point, wall):
        turn.on(Trigger.PIN_FIRST)
        return
    decision = decide(turn.site, rulebook, turn.point, presented, factor, offered, wall, standing)
    pointless = decision.needs is Factor.PIN and turn.guard.stage is lockout.Stage.LOCKED
    if pointless:
        decision = Decision(Outcome.DENIED, (*decision.reasons, Reason.PIN_LOCKED_OUT), duress=decision.duress)
    turn.decided(presented, factor, offered, decision)
    turn.on(_guarded(turn, decision, presented, factor))
    if pointless:
        turn.show_lockout()
    told = pending is not None and pending.duress and offered.duress
    if decision.duress and not told:
        turn.effects.append(Record(turn.event(Code.DURESS, (), body_of(presented))))


def _case(site: Site, pending: Pending | None, reading: Reading, factor: Factor) -> tuple[Known | Unknown, Offered]:
    """(whose credential is to be decided on, what came before it in the dialog)."""
    presented = reading.presented
    first = None if pending is None else pending.first
    if factor is Factor.PIN and isinstance(presented, Known) and presented.duress and not site.duress_roles:
        presented = NOBODY  # nobody is there to be told: it is a PIN like any other that nobody has
    if pending is None:
        return presented, Offered()
    if pending.stage is Stage.CARD:
        if reading.pin_before is PinBefore.NONE or factor is Factor.PIN:
            return presented, Offered(first=first)
        wrong = reading.pin_before is PinBefore.WRONG
        duress = reading.pin_before is PinBefore.DURESS
        return presented, Offered((Factor.PIN,), first, duress, wrong)
    if pending.stage is not Stage.FACTOR or pending.known is None:
        return presented, Offered(first=first)

    # A further factor of the holder that the reader waits for, or somebody else.
    if factor is Factor.PIN and isinstance(reading, PinEntered):
        # A PIN that identifies alone serves beside the card, too, unless it was suspended as a credential of its own.
        own = isinstance(presented, Known) and presented.holder == pending.holder and presented.status == "active"
        right = own or reading.second_of == pending.holder
        if right or isinstance(presented, Unknown):
            duress = pending.duress or reading.duress or (isinstance(presented, Known) and own and presented.duress)
            return pending.known, Offered(pending.factors, first, duress, not right)
    elif isinstance(presented, Known) and presented.holder == pending.holder:
        before = tuple(given for given in pending.factors if given is not factor)
        return presented, Offered(before, first, pending.duress)
    return presented, Offered(first=first)


def _may_come_first(rulebook: Rulebook, point: AccessPoint, wall: Wall | None) -> bool:
    """Whether a PIN that nobody has alone may be the first half of something: only where no PIN alone opens."""
    requirement = required(rulebook, point, wall)
    if requirement is None or (Factor.PIN,) in requirement.accept:
        return False
    return any(Factor.PIN in combination for combination in requirement.accept)


def _guarded(turn: Turn, decision: Decision, presented: Known | Unknown, factor: Factor) -> Trigger:
    """The trigger for the dialog; wrong and right PINs have been counted."""
    if decision.outcome is Outcome.DENIED and Reason.PIN_WRONG in decision.reasons:
        turn.guard, effects = lockout.wrong(turn.reader, turn.guard, turn.now_ms)
        turn.effects += effects
        return Trigger.LAST_WRONG_PIN if turn.guard.stage is lockout.Stage.LOCKED else Trigger.WRONG_PIN
    if isinstance(presented, Known) and (factor is Factor.PIN or Factor.PIN in turn.offered.factors):
        turn.guard, effects = lockout.right(turn.reader, turn.guard, turn.now_ms, presented.holder)
        turn.effects += effects
    if decision.outcome is Outcome.GRANTED:
        return Trigger.GRANTED
    if decision.outcome is Outcome.DENIED:
        return Trigger.DENIED
    return Trigger.NEEDS_FACTOR if isinstance(decision.needs, Factor) else Trigger.NEEDS_PERSON
