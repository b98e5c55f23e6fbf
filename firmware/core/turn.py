"""One turn at a reader: a presentation or a time-out, from the trigger to the new state and the effects."""

from __future__ import annotations

import msgspec

from firmware.core import dialog, enrolment, flood, lockout, noise, passage
from firmware.core.access import Factor, Known, Unknown
from firmware.core.announce import announced
from firmware.core.codes import Code, Reason
from firmware.core.decision import NOTHING_OFFERED, Decision, Offered, Outcome
from firmware.core.dialog import Pending, Stage, Trigger
from firmware.core.effects import AnyEffect, Body, Event, Feedback, Keep, Record, Show
from firmware.core.enrolment import Enrolling
from firmware.core.facts import CredentialEnrolled, StartEnrolment
from firmware.core.passage import Grant
from firmware.core.site import AccessPoint, Door, Reader, Site

OVERLAY = "overlay"  # the key under which the store keeps the newest revision of the local entries
FEEDBACK_MS = 2_000  # how long a reader shows an outcome: long enough to be seen, shorter than the next person


class Last(msgspec.Struct, frozen=True):
    """Something that is compared with what comes soon after: a credential, or a holder's grant."""

    what: str
    at_ms: int


class ReaderState(msgspec.Struct, frozen=True):
    """Everything that is remembered of one reader and of the people in front of it."""

    pending: Pending | None = None
    guard: lockout.Guard = lockout.NO_TRIES
    flood: flood.Flood = flood.NO_FLOOD
    hearing: noise.Hearing = noise.QUIET
    seen: Last | None = None  # the last credential, for repeats
    swiped: Last | None = None  # the last grant to somebody who may hold open, for double-swipes
    resting: Feedback = Feedback.IDLE  # what it shows while nobody uses it
    shown_until_ms: int | None = None  # the end of an outcome that it shows now
    enrolling: Enrolling | None = None  # it waits for a credential that nobody has


class Turn:
    """Works on one state; `finish` gives the next one. `point` is None where no reading is at hand (time-outs)."""

    def __init__(self, site: Site, reader: Reader, state: ReaderState, now_ms: int, point: AccessPoint | None) -> None:
        self.site = site
        self.reader = reader
        self.point = point
        self.now_ms = now_ms
        self.pending = state.pending
        self.guard = state.guard
        self.flood = state.flood
        self.hearing = state.hearing
        self.seen = state.seen
        self.swiped = state.swiped
        self.resting = state.resting
        self.shown_until_ms = state.shown_until_ms
        self.enrolling = state.enrolling
        self.feedback: Feedback | None = None
        self.effects: list[AnyEffect] = []
        self.grant: Grant | None = None
        self.rulebook_version = 0  # of the presentation
        # And of its decision, set by decided():
        self.presented: Known | Unknown = Unknown("")
        self.factor = Factor.CARD
        self.offered = NOTHING_OFFERED
        self.decision = Decision(Outcome.DENIED, ())
        # Of an enrolment, where one begins or a credential comes:
        self.start: StartEnrolment | None = None
        self.enrolled: CredentialEnrolled | None = None

    def decided(self, presented: Known | Unknown, factor: Factor, offered: Offered, decision: Decision) -> None:
        """What the actions need to know of a presentation."""
        self.presented = presented
        self.factor = factor
        self.offered = offered
        self.decision = decision

    def on(self, trigger: Trigger) -> None:
        """Let the dialog's table answer."""
        target, actions = dialog.TABLE.on(self.pending.stage if self.pending else Stage.IDLE, trigger)
        for action in actions:
            ACTIONS[action](self)
        if target is Stage.IDLE:
            assert self.pending is None, f"nobody waits, but {self.pending}"
        else:
            assert self.pending is not None, f"nothing is asked for in {target}"
            if self.pending.stage is not target:
                self.pending = msgspec.structs.replace(self.pending, stage=target)

    def enrol_on(self, trigger: enrolment.Trigger) -> None:
        """Let the table of enrolment answer."""
        stage = enrolment.Stage.WAITING if self.enrolling else enrolment.Stage.IDLE
        target, actions = enrolment.TABLE.on(stage, trigger)
        for action in actions:
            ENROLMENT_ACTIONS[action](self)
        waits = self.enrolling is not None
        assert waits is (target is enrolment.Stage.WAITING), f"enrolment in {target}, but {self.enrolling}"

    def finish(self) -> tuple[ReaderState, tuple[AnyEffect, ...]]:
        """The new state, and the effects with what the reader shows in front: the person is waiting for that."""
        if self.feedback is not None:
            shown: list[AnyEffect] = [Show(self.reader.id, self.feedback)]
            shown += announced(self.point, self.feedback, self.reader.id, self.decision.reasons)
            self.effects[:0] = shown
        state = ReaderState(
            self.pending,
            self.guard,
            self.flood,
            self.hearing,
            self.seen,
            self.swiped,
            self.resting,
            self.shown_until_ms,
            self.enrolling,
        )
        return state, tuple(self.effects)

    def show_outcome(self, feedback: Feedback) -> None:
        """Show it for a moment; then again what the reader waits for."""
        self.feedback = feedback
        self.shown_until_ms = self.now_ms + FEEDBACK_MS

    def show_waiting(self) -> None:
        """Show what the reader waits for."""
        self.feedback = waits_for(self.pending, self.enrolling, self.resting)
        self.shown_until_ms = None

    def event(self, code: Code, reasons: tuple[str, ...], body: Body | None) -> Event:
        point = self.point
        return Event(
            code,
            portal=None if point is None else point.portal,
            access_point=None if point is None else point.id,
            reader=self.reader.id,
            reasons=reasons,
            body=body,
        )

    def record_refusal(self, code: Code, reasons: tuple[str, ...], body: Body | None) -> None:
        """Record it, or count it in a flood."""
        self.flood, effects = flood.refused(self.reader, self.flood, self.now_ms, self.event(code, reasons, body))
        self.effects += effects

    # -- actions of the dialog ----------------------------------------------------------------------------------------

    def give_grant(self) -> None:
        assert isinstance(self.presented, Known), "only known credentials are granted"
        assert self.point is not None, "a grant needs an access point"
        first, second = self.presented, None
        if self.decision.paired:
            assert self.offered.first is not None, "a pair has a first person"
            first, second = self.offered.first, self.presented
        portal = next(portal for portal in self.site.portals if portal.id == self.point.portal)
        toggles = False
        if second is None and first.holds_open and not first.visitor and isinstance(portal, Door):
            toggles = self._swiped_twice(first, portal.double_swipe_ms)
        reasons = (*self.decision.reasons, Reason.DOUBLE_SWIPE) if toggles else self.decision.reasons
        grant = passage.grant_of(portal, self.point, self.reader.id, first, second, reasons, toggles)
        self.grant = grant
        self.show_outcome(Feedback.GRANTED)
        self.effects.append(Record(self.event(Code.GRANTED, reasons, passage.body(grant))))
        if Reason.ANTIPASSBACK_SOFT in reasons:
            self.effects.append(Record(self.event(Code.ANTIPASSBACK_SOFT, (), body_of(self.presented))))

    def _swiped_twice(self, holder: Known, within_ms: int) -> bool:
        swiped = self.swiped
        if swiped is not None and swiped.what == holder.holder and self.now_ms - swiped.at_ms <= within_ms:
            self.swiped = None  # a third swipe is a first one again
            return True
        self.swiped = Last(holder.holder, self.now_ms)
        return False

    def refuse(self) -> None:
        """A wrong PIN that identifies nobody leaves no token: there are so few PINs that it would tell which it was."""
        self.show_outcome(Feedback.DENIED)
        if isinstance(self.presented, Known):
            self.record_refusal(Code.DENIED, self.decision.reasons, body_of(self.presented))
        else:
            body = None if self.factor is Factor.PIN else body_of(self.presented)
            self.record_refusal(Code.UNKNOWN_CREDENTIAL, self.decision.reasons, body)

    def ask_factor(self) -> None:
        assert isinstance(self.presented, Known), "nobody else can be asked for a further factor"
        before = self.pending
        self.pending = Pending(
            Stage.FACTOR,
            self.now_ms + self.reader.factor_ms,
            self.rulebook_version,
            holder=self.presented.holder,
            known=self.presented,
            factors=(*self.offered.factors, self.factor),
            reasons=self.decision.reasons,
            duress=self.decision.duress,
            first=before.first if before else None,
            person_until_ms=before.person_until_ms if before else 0,
        )
        self.show_waiting()

    def ask_person(self) -> None:
        """The first person stays the first, whoever else comes; the time for the other one runs once."""
        assert isinstance(self.presented, Known), "nobody else can be asked for another person"
        before = self.pending
        if before is None or before.first is None:
            first, reasons, until_ms = self.presented, self.decision.reasons, self.now_ms + self._person_ms()
        else:
            first, reasons, until_ms = before.first, before.reasons, before.person_until_ms
        self.pending = Pending(
            Stage.PERSON,
            max(until_ms, self.now_ms + 1),  # a second person may still have been busy with the own factors
            self.rulebook_version,
            reasons=reasons,
            first=first,
            person_until_ms=until_ms,
        )
        self.show_waiting()

    def _person_ms(self) -> int:
        assert self.point is not None, "another person is asked for at an access point"
        return self.point.two_person_ms

    def ask_card(self) -> None:
        before = self.pending
        self.pending = Pending(
            Stage.CARD,
            self.now_ms + self.reader.factor_ms,
            self.rulebook_version,
            first=before.first if before else None,
            person_until_ms=before.person_until_ms if before else 0,
        )
        self.show_waiting()

    def show_lockout(self) -> None:
        self.show_outcome(Feedback.LOCKED_OUT)

    def expire(self) -> None:
        pending = self.pending
        assert pending is not None, "nothing waits that could expire"
        self.show_outcome(Feedback.DENIED)
        person = pending.known or pending.first
        body = None if person is None else body_of(person)
        self.record_refusal(Code.DENIED, (*pending.reasons, Reason.DIALOG_EXPIRED), body)

    def withdraw(self) -> None:
        pending = self.pending
        assert pending is not None, "nothing waits that could be withdrawn"
        self.show_outcome(Feedback.DENIED)
        person = pending.known or pending.first
        body = None if person is None else body_of(person)
        self.record_refusal(Code.DENIED, (*pending.reasons, Reason.SUSPENDED), body)

    def close(self) -> None:
        self.pending = None

    # -- actions of an enrolment --------------------------------------------------------------------------------------

    def begin(self) -> None:
        start = self.start
        assert start is not None, "an enrolment is begun by its command"
        self.enrolling = Enrolling(start.holder, start.issuer, start.request, self.now_ms + start.for_ms)
        if self.pending is None:
            self.show_waiting()
        body = Body(holder=start.holder, issuer=start.issuer, note=start.note or None)
        event = self.event(Code.ENROLMENT_BEGUN, (), body)
        self.effects.append(Record(msgspec.structs.replace(event, detail=f"{start.for_ms} ms")))

    def enrol(self) -> None:
        """Held to the reader it is one presentation: the new credential opens nothing by having been enrolled."""
        fact = self.enrolled
        assert fact is not None, "a credential is enrolled by its fact"
        self.seen = Last(f"known {fact.credential}", self.now_ms)
        self.show_outcome(Feedback.GRANTED)
        body = Body(holder=fact.holder, credential=fact.credential, issuer=fact.issuer or None, note=fact.note or None)
        code = Code.VISITOR_INVITED if fact.visitor else Code.ENROLLED
        detail = said_of(fact.entry, fact.until_s)
        if fact.revision:
            self.effects.append(Keep(OVERLAY, str(fact.revision)))
        event = self.event(code, (), body)
        self.effects.append(Record(msgspec.structs.replace(event, detail=detail, request=fact.request)))

    def tell_over(self) -> None:
        self._tell_ended(Reason.DIALOG_EXPIRED)
        if self.pending is None:
            self.show_outcome(Feedback.DENIED)

    def tell_cancelled(self) -> None:
        self._tell_ended(Reason.OPERATOR)

    def tell_interrupted(self) -> None:
        self._tell_ended(Reason.OUT_OF_SERVICE)

    def _tell_ended(self, reason: Reason) -> None:
        """Whose the credential is that was presented meanwhile stands in the part that can be erased."""
        waited = self.enrolling
        assert waited is not None, "nothing waits for a credential"
        reasons = (reason,) if waited.issued_to is None else (Reason.ALREADY_ISSUED, reason)
        body = Body(holder=waited.holder, second_holder=waited.issued_to, issuer=waited.issuer)
        event = self.event(Code.ENROLMENT_ENDED, reasons, body)
        self.effects.append(Record(msgspec.structs.replace(event, request=waited.request)))

    def end(self) -> None:
        self.enrolling = None
        if self.shown_until_ms is None:
            self.show_waiting()


ACTIONS = {
    "grant": Turn.give_grant,
    "refuse": Turn.refuse,
    "ask_factor": Turn.ask_factor,
    "ask_person": Turn.ask_person,
    "ask_card": Turn.ask_card,
    "show_lockout": Turn.show_lockout,
    "expire": Turn.expire,
    "withdraw": Turn.withdraw,
    "close": Turn.close,
}
dialog.TABLE.check_actions(ACTIONS)

ENROLMENT_ACTIONS = {
    "begin": Turn.begin,
    "enrol": Turn.enrol,
    "tell_over": Turn.tell_over,
    "tell_cancelled": Turn.tell_cancelled,
    "tell_interrupted": Turn.tell_interrupted,
    "end": Turn.end,
}
enrolment.TABLE.check_actions(ENROLMENT_ACTIONS)


def waits_for(pending: Pending | None, enrolling: Enrolling | None, resting: Feedback) -> Feedback:
    """What a reader shows while it shows no outcome."""
    if pending is None:
        return resting if enrolling is None else Feedback.ENROLLING
    return Feedback.SECOND_PERSON if pending.stage is Stage.PERSON else Feedback.NEXT_FACTOR


def said_of(entry: str, until_s: int | None) -> str:
    """A local entry in an event's detail: its id, and its end in UTC seconds."""
    return entry if until_s is None else f"{entry} until {until_s}"


def body_of(presented: Known | Unknown) -> Body:
    """The personal part of an event about one credential."""
    if isinstance(presented, Unknown):
        return Body(token=presented.token)
    return Body(holder=presented.holder, household=presented.household, credential=presented.credential)
