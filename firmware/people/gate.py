"""What holds at the gate at once, by local entries of the controller; and the list, built and handed in as a roster.

Nothing is said to hold that the controller has not answered to.
"""

from __future__ import annotations

import asyncio
import re
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from firmware.core.access import Factor
from firmware.core.account_facts import Act
from firmware.core.codes import Reason
from firmware.messages import Answer, CancelEnrolment, Enrol, Invite, Leave, Lift, Suspend
from firmware.people.at_once import SLACK_S, Asked, AtOnce, By, at_once
from firmware.people.errors import Denied, PeopleError
from firmware.people.following import drop_credential, keep_presented, pseudonyms_of, remove_holder
from firmware.people.holders import credential_of, not_moved
from firmware.people.jobs import Lane, Work
from firmware.people.line import MANAGERS, Desk, Line, Lines, LongLine
from firmware.people.place import Place
from firmware.people.promises import one_line
from firmware.people.rows import Pseudonyms, revision_of, shown
from firmware.people.visit_profiles import keep_visits, of_built
from firmware.people_words.base import Asker
from firmware.people_words.holders import (
    BringToGate,
    Brought,
    Edited,
    EndHolder,
    EnrolAtReader,
    EnrolledThere,
    LiftHere,
    SuspendHere,
    TakeBack,
)
from firmware.roster import understood
from firmware.roster.build import BuildReport, build_source
from firmware.roster.errors import RosterError, RosterRefused
from firmware.roster.handover import Handed, answer, hand_in, newest_version
from firmware.roster.office import ANSWER_S_MAX, Office
from firmware.roster.source.store import Source
from firmware.roster.understood import NotUnderstood
from firmware.terminal import now_utc_s

BUILT = "built.roster"  # in our own folder, for as long as it is handed in
HAND_IN_S_MAX = 60.0
PROBLEMS_MAX = 20
PROOF_S = 0.25
PROOFS_MAX = 40
_SECONDS = re.compile(r"([T ][0-9]{2}:[0-9]{2}):[0-9]{2}(?:\.[0-9]{1,6})?")  # some browsers send them


def instant(text: str, zone: tzinfo, field: str, *, end: bool) -> int | None:
    """UTC seconds of what a form's field of date and time has; None where it is empty. Raises Denied.

    Without an offset it is the site's time; seconds are left out.
    """
    typed = text.strip()
    if not typed:
        return None
    try:
        return understood.time(_SECONDS.sub(r"\1", typed, count=1), zone, end=end)
    except NotUnderstood as error:
        raise Denied(f"people_bad_{field}", field=field, found=error.found) from error


def zone_of(place: Place) -> ZoneInfo:
    return ZoneInfo(place.config.time_zone)


# -- at once ----------------------------------------------------------------------------------------------------------


def suspend(desk: Desk, who: Asker, question: SuspendHere) -> Edited:
    """Raises Denied."""
    place = desk.place
    until_s = question.until_s
    if until_s is None:
        until_s = instant(question.until, zone_of(place), "until", end=True)
    what = {"issuer": who.name, "why": one_line(question.why), "lost": question.lost, "until_s": until_s}
    if question.ref:
        found = _at_gate(place, question.holder, question.ref)
        command = Suspend(factor=found[0], key=found[1], **what)  # type: ignore[arg-type]
    else:
        command = Suspend(holder=question.holder, **what)  # type: ignore[arg-type]
    asked = Asked(who, By.SUSPENDED, "suspension asked", question.holder, question.why, ref=question.ref)
    with at_once(place, asked) as one:
        told = taken(one.ask(command))
    return Edited(id=question.holder, batch=0, at_gate=True, reasons=told.reasons)


def taken(told: Answer) -> Answer:
    """Raises Denied where the controller refuses."""
    if not told.done:
        raise Denied("people_gate_refused", reasons=" ".join(told.reasons))
    return told


def _at_gate(place: Place, holder: str, ref: str) -> tuple[Factor, str]:
    """Kind and key of a credential of a holder, by the roster in service or the list. Raises Denied."""
    with place.served() as roster:
        pseudonyms = Pseudonyms(place.authority().keys_of(roster))
        for factor, key, _ in () if roster is None else roster.credentials_of(holder):
            if pseudonyms.ref(factor, key) == ref:
                if isinstance(key, bytes):
                    raise Denied("people_pin_not_alone")
                return factor, key
    if place.source_path.exists():
        with place.reading() as source:
            found = credential_of(source.db, holder, ref, pseudonyms)
            if not isinstance(found.key, bytes):
                return found.factor, found.key
    raise Denied("people_credential_gone")


def lift(desk: Desk, who: Asker, question: LiftHere) -> Edited:
    """Raises Denied."""
    place = desk.place
    _own_entry(place, question.holder, question.entry)
    with at_once(place, _ending(who, question)) as one:
        told = taken(one.ask(Lift(issuer=who.name, why=one_line(question.why), entry=question.entry)))
    return Edited(id=question.holder, batch=0, at_gate=True, reasons=told.reasons)


def _own_entry(place: Place, holder: str, id: str) -> None:
    """Raises Denied where it is not there, or another one's."""
    if not any(each.id == id and each.holder == holder for each in place.local().entries):
        raise Denied("people_entry_gone")


def _ending(who: Asker, question: LiftHere, ref: str = "") -> Asked:
    return Asked(who, By.ENDED, "local entry ended", question.holder, question.why, entry=question.entry, ref=ref)


def end_holder(desk: Desk, who: Asker, question: EndHolder) -> Edited:
    """All off at the gate first, then out of the list. Raises Denied."""
    place, id = desk.place, question.holder
    ours = question.remove and place.source_path.exists() and place.rights().mine
    if ours:
        with place.reading() as source:
            _seen(source, id, question.revision)
    revision = question.revision if ours else None
    with at_once(place, Asked(who, By.LEFT, "holder leaves", id, question.why, revision=revision)) as one:
        told = one.ask(Leave(issuer=who.name, why=one_line(question.why), holder=id))
        unknown = Reason.NOT_FOUND_HOLDER.value in told.reasons  # never was at the gate: nothing to refuse there
        if not (unknown and ours):
            taken(told)
        if not ours:
            return Edited(id=id, batch=0, at_gate=told.done)
        try:
            batch = remove_holder(place, who, id, question.revision, question.why)
        except Denied as denied:
            if not told.done:
                raise
            raise Denied("people_ended_not_removed", text=denied.said.text) from denied
    return Edited(id=id, batch=batch, at_gate=told.done)


def _seen(source: Source, holder: str, revision: int) -> None:
    not_moved(source.db, revision_of(source.db, holder), revision)


# -- at a reader ------------------------------------------------------------------------------------------------------


def at_reader(place: Place, work: Work, one: AtOnce, command: Enrol | Invite) -> tuple[str, str, tuple[str, ...]]:
    """Wait until something is presented where a reader waits for it: (KIND:KEY, the entry, reasons). Raises Denied."""
    assert command.reader is not None
    seconds = command.for_ms // 1000
    cancelling = False

    def show(waited_s: int) -> None:
        nonlocal cancelling
        work.at("people_stage_reader", waited_s, seconds, reader=command.reader or "")
        if work.cancelled.is_set() and not cancelling:
            cancelling = True
            with Office(place.state) as other:
                other.ask(CancelEnrolment(issuer=command.issuer, why=command.why, reader=command.reader or ""))

    show(0)
    told = one.ask(command, seconds + ANSWER_S_MAX, show)
    if told.done and told.presented:
        return told.presented, told.entry, told.reasons
    if cancelling:
        raise Denied("people_cancelled")
    raise Denied("people_nothing_presented", reasons=" ".join(told.reasons), reader=command.reader)


def enrol(desk: Desk, who: Asker, question: EnrolAtReader, work: Work) -> EnrolledThere:
    """What is presented becomes the holder's at the gate at once, and then in the list. Raises Denied."""
    place, id = desk.place, question.holder
    if question.kind not in ("card", "tag", "code"):
        raise Denied("people_bad_kind", field="kind")
    pseudonyms = pseudonyms_of(place)
    command = Enrol(
        issuer=who.name,
        why=one_line(question.why),
        holder=id,
        factor=Factor(question.kind),
        reader=question.reader,
        for_ms=question.seconds * 1000,
        replaces=_replaced(place, question, pseudonyms),
    )
    waits_s = now_utc_s() + question.seconds + SLACK_S
    asked = Asked(who, By.ENROLLED, "enrolment at a reader", id, question.why, until_s=waits_s, ref=question.replaces)
    with at_once(place, asked) as one:
        presented, entry, reasons = at_reader(place, work, one, command)
        one.know(presented)
        kind, _, key = presented.partition(":")
        factor = Factor(kind)
        ref = pseudonyms.ref(factor, key)
        there = {"holder": id, "shown": shown(factor, key), "entry": entry, "ref": ref, "reasons": reasons}
        try:
            keep_presented(place, who, id, presented, question.replaces, question.why)
        except Denied as denied:
            return EnrolledThere(kept=False, why_not=denied.said.word, **there)  # type: ignore[arg-type]
    return EnrolledThere(**there)  # type: ignore[arg-type]


def _replaced(place: Place, question: EnrolAtReader, pseudonyms: Pseudonyms) -> tuple[str, ...]:
    """The ref of what is lost, where the gate knows it; what only the list has is only changed there."""
    if not question.replaces:
        return ()
    with place.served() as roster:
        owned = () if roster is None else roster.credentials_of(question.holder)
        known = {pseudonyms.ref(factor, key) for factor, key, _ in owned}
    known |= {entry.credential or "" for entry in place.local().entries if entry.holder == question.holder}
    return (question.replaces,) if question.replaces in known else ()


def take_back(desk: Desk, who: Asker, question: TakeBack) -> Edited:
    """It was the wrong one. Raises Denied."""
    place, id, ref = desk.place, question.holder, question.ref
    lifts = LiftHere(holder=id, entry=question.entry, why="it was the wrong one")
    ours = bool(ref) and place.source_path.exists() and place.rights().mine
    try:
        _own_entry(place, id, question.entry)
    except Denied:
        if not ours:
            raise
        batch = drop_credential(place, who, id, ref)  # ended before, or by itself: the list is to forget it, too
        if not batch:
            raise
        return Edited(id=id, batch=batch)
    with at_once(place, _ending(who, lifts, ref if ours else "")) as one:
        told = taken(one.ask(Lift(issuer=who.name, why=lifts.why, entry=lifts.entry)))
        batch = drop_credential(place, who, id, ref) if ours else 0
    return Edited(id=id, batch=batch, at_gate=told.done)


# -- the whole list ---------------------------------------------------------------------------------------------------


def bring(desk: Desk, who: Asker, question: BringToGate, work: Work) -> Brought:
    """Build, sign, hand in, and wait for the controller's answer. Raises Denied."""
    place = desk.place
    if not place.rights().mine:
        raise Denied("people_not_ours")
    built, told = place.own_folder() / BUILT, f"batch {question.batch}"
    work.at("people_stage_build")
    with place.reading() as source:
        if source.head.batch != question.batch:
            raise Denied("people_moved_on")
        profiles = frozenset(name for (name,) in source.db.execute("SELECT name FROM profile"))
    keep_visits(place, profiles)  # before anything is told, and below once more: inviting goes on meanwhile
    newest = newest_version(place.folder)
    asked = Asked(who, By.HANDED_IN, told, why=question.why, batch=question.batch, version=newest)
    try:
        with at_once(place, asked, act=Act.HANDED_IN):
            report = _built(place, question.batch, built, work)
            keep_visits(place, of_built(built, place.identity().public_key))
            handed = _handed_in(place, built)
    except _NotBuilt as refused:
        return Brought(answer="refused", batch=question.batch, problems=refused.problems)
    finally:
        built.unlink(missing_ok=True)
    work.at("people_stage_gate")
    what, why = _answered(place, work, handed, report.version)
    return Brought(
        answer=what,
        version=report.version,
        batch=question.batch,
        holders=report.holders,
        credentials=report.credentials,
        why=why,
    )


class _NotBuilt(PeopleError):
    """The list has problems that no roster may have."""

    def __init__(self, refused: RosterRefused) -> None:
        super().__init__(str(refused))
        self.problems = tuple(str(problem) for problem in refused.problems[:PROBLEMS_MAX])


def _built(place: Place, batch: int, built: Path, work: Work) -> BuildReport:
    """Of this very batch: what somebody changed while the journal was told, nobody has looked at. Raises Denied."""
    identity = place.identity()
    with place.sourced(), Source.open(place.source_path) as source:
        total = place.holders_of(source)
        work.at("people_stage_build", 0, total)
        at_least = newest_version(place.folder) + 1
        try:
            report = build_source(
                source, built, identity, at_least=at_least, progress=lambda done: _step(work, done, total)
            )
        except RosterRefused as refused:
            raise _NotBuilt(refused) from refused
    if int(report.source.partition(":")[0]) != batch:
        raise Denied("people_moved_on")
    return report


def _step(work: Work, done: int, total: int) -> None:
    if work.cancelled.is_set():
        raise Denied("people_cancelled")
    work.steps(min(done, total), total)


def _handed_in(place: Place, built: Path) -> Handed:
    """Raises Denied; from here on it is not called back."""
    try:
        return hand_in(built, place.folder)
    except RosterError as error:
        raise Denied("people_not_handed_in", text=str(error)) from error


def _answered(place: Place, work: Work, handed: Handed, version: int) -> tuple[str, str]:
    """What the controller answered."""
    what, why = asyncio.run(answer(handed, HAND_IN_S_MAX))
    place.forget_local()
    if what.value != "taken":
        return what.value, why
    work.at("people_stage_proof")
    for _ in range(PROOFS_MAX):  # the controller itself says which version it serves
        try:
            if place.local().roster_version == version:
                return "taken", ""
        except Denied:
            return "none", ""
        work.cancelled.wait(PROOF_S)
        place.forget_local()
    return "none", ""


LINES: Lines = {
    SuspendHere: Line(MANAGERS, suspend, slow=True),
    LiftHere: Line(MANAGERS, lift, slow=True),
    EndHolder: Line(MANAGERS, end_holder, slow=True),
    TakeBack: Line(MANAGERS, take_back, slow=True),
    EnrolAtReader: LongLine(MANAGERS, enrol, Lane.READER),
    BringToGate: LongLine(MANAGERS, bring),
}
