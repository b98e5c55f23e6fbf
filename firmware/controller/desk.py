"""The office's desk: holds the local entries, takes what named persons ask for, and answers when it is durable.

A change is in force at once: intake looks it up here. It is saved beside the event loop, then told to the core, and
answered when its event is committed. What cannot be saved stays in force, is told as an alarm, and is tried again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from firmware.controller import office
from firmware.controller.answers import Answers, Asked
from firmware.controller.office_books import Books, Change, Refused, at_revision, of_entry
from firmware.core.access import Factor
from firmware.core.account_facts import Administered
from firmware.core.backup_facts import BackupMade
from firmware.core.codes import Code, Reason
from firmware.core.effects import Record
from firmware.core.face_facts import FaceChanged
from firmware.core.facts import (
    AnyFact,
    CredentialEnrolled,
    EndEnrolment,
    HolderWithdrawn,
    OverlayChange,
    OverlayChanged,
    RosterReplaced,
    StartEnrolment,
)
from firmware.core.key_facts import ReaderKeyed
from firmware.core.local import ENDING
from firmware.core.turn import OVERLAY
from firmware.messages import Answer, AskOffice, Enrol, Erase, Invite, ListOverlay
from firmware.roster.entry import Entry, Kind
from firmware.roster.errors import RosterError
from firmware.roster.office import listed
from firmware.roster.overlay import Conflict, Overlay, absorbed, conflicts
from firmware.roster.overlay_file import OverlayError, Signer, load, save
from firmware.roster.presented import Keys
from firmware.roster.roster import Roster

RETRY_S_FIRST = 1.0  # after a failed save
RETRY_S_MAX = 60.0
COMPARED_AT_ONCE = 32  # entries beside a new roster, two rosters at most: some 3 ms, then the loop gets its turn
TOLD_AT_ONCE = 16  # facts: the core takes each in some 0.2 ms, and a swipe may be behind them
EXPIRED_AT_ONCE = 64  # a second
AGAIN_S = 1.0  # until a fact that the full inbox dropped is put into it once more


class Waiting:
    """What a reader that is set to enrol waits for, in the office's words."""

    def __init__(self, command: Enrol | Invite, request: str) -> None:
        self.command = command
        self.request = request


class Served(Protocol):
    """What the desk looks into: the roster in service, and what belongs to it. Intake has them."""

    @property
    def roster(self) -> Roster | None: ...
    @property
    def keys(self) -> Keys: ...


class Desk:
    """See the head of this file. All methods are for the event loop's thread.

    `put` takes a fact to the core, `answers.send` a request's messages to the office, `now_s` is UTC or None, `erase`
    has the journal erase a holder and gives its ticket, `damaged` is told of a roster that cannot be read, `before`
    opens the roster that would serve if the one in service were damaged.
    """

    def __init__(self, folder: Path, identity: Signer, kept: Mapping[str, str] | None) -> None:
        self._folder = folder
        self._identity = identity
        revision = "" if kept is None else kept.get(OVERLAY, "")
        loaded = load(folder, identity.public_key, int(revision[:18]) if revision[:18].isdecimal() else 0)
        self.overlay: Overlay = loaded.overlay
        self._refused = [OverlayChanged(OverlayChange.FAILED, detail=str(error)) for error in loaded.refused]
        self.put: Callable[[AnyFact], None] = lambda _: None
        self.now_s: Callable[[], int | None] = lambda: None
        self.erase: Callable[[Erase, str], int] = lambda _command, _request: 0
        self.damaged: Callable[[RosterError], None] = lambda _: None
        self.before: Callable[[], Awaitable[Roster | None]] = _none_before
        self.served: Served | None = None
        self._profiles: frozenset[str] = frozenset()
        self._readers: dict[str, Waiting] = {}
        self._erasing: dict[str, Erase] = {}  # request -> once the core has let go of the holder
        self._forget_previous = False  # the file before this one holds an erased person
        self._unsaved: list[OverlayChanged] = []
        self._dirty = asyncio.Event()
        self.answers = Answers(self.overlay.revision)
        self._failing = False  # the overlay cannot be saved
        self._conflicts: dict[str, Conflict] = {}
        self._compare = asyncio.Event()
        self._begun = False  # the first roster of this run was looked at

    def first_facts(self) -> Sequence[AnyFact]:
        """What the core must learn at the start."""
        return self._refused

    # -- what intake asks ---------------------------------------------------------------------------------------------

    def enrol(self, reader: str, factor: Factor, key: str) -> CredentialEnrolled | None:
        """A credential that nobody has was presented at a reader that is set to enrol; None: it stays nobody's."""
        waiting = self._readers.get(reader)
        if waiting is None or factor is not waiting.command.factor:
            return None
        command, request = waiting.command, waiting.request
        try:
            entry, change = office.presented(self._books(), command, key, request)
        except Refused as refused:
            self.put(refused.fact(command, ""))
            return None
        except RosterError as error:
            self.damaged(error)
            return None
        del self._readers[reader]
        answer = Answer(request, True, change.said, f"{factor.value}:{entry.key}", entry.id)
        self.answers.open(request, answer, len(change.facts), change.overlay.revision)
        self._take(change._replace(facts=change.facts[1:]))
        return CredentialEnrolled(
            reader=reader,
            entry=entry.id,
            holder=entry.holder,
            credential=entry.credential or "",
            until_s=entry.expires_s,
            visitor=entry.kind is Kind.VISITOR,
            issuer=command.issuer,
            request=request,
            note=command.why,
        )  # no revision: it is not saved yet, and the journal must not count on what is nowhere

    # -- what the office asks -----------------------------------------------------------------------------------------

    def ask(self, asked: AskOffice) -> None:
        """Take one command. It is answered in any case, unless nothing can be committed."""
        command, request = asked.command, asked.request
        if request in self.answers:
            self.answers.send(request, [Answer(request, False, ("request_reused",))])
            return
        books = self._books()
        if isinstance(command, ListOverlay):
            version = 0 if books.roster is None else books.roster.version
            against = [(entry, self._conflicts[entry.id]) for entry in self.overlay if entry.id in self._conflicts]
            self.answers.send(request, list(listed(request, self.overlay, version, against)))
            return
        try:
            if isinstance(command, Erase) and self._is_awaited(command.holder):
                raise Refused(Reason.NOT_ALLOWED)
            decided = office.decide(books, command, request)
            if isinstance(decided, StartEnrolment) and decided.reader in self._readers:
                raise Refused(Reason.NOT_ALLOWED)
        except Refused as refused:
            self._refuse(refused, refused.fact(command, request))
            return
        except RosterError as error:
            self.damaged(error)
            unread = Refused(Reason.NOT_ALLOWED)
            self._refuse(unread, unread.fact(command, request))
            return
        if isinstance(decided, Change):
            revision = decided.overlay.revision
            if isinstance(command, Erase):
                self._erasing[request] = command
                self._forget_previous = True
                revision += 1
            self.answers.open(request, Answer(request, True, decided.said), len(decided.facts), revision)
            self._take(decided)
            return
        self.answers.open(request, Answer(request, True))
        if isinstance(decided, StartEnrolment):
            assert isinstance(command, Enrol | Invite), "only these are waited for at a reader"
            self._readers[decided.reader] = Waiting(command, request)
        self.put(decided)

    def _is_awaited(self, holder: str) -> bool:
        """Whether a reader waits for a credential for this holder: its end would be told after the erasure."""
        commands = [waiting.command for waiting in self._readers.values()]
        return holder in [one.holder if isinstance(one, Enrol) else one.visitor for one in commands]

    def _refuse(self, refused: Refused, fact: OverlayChanged) -> None:
        self.answers.open(fact.request, Answer(fact.request, False, refused.said))
        self.put(fact)

    def _books(self) -> Books:
        assert self.served is not None, "whoever makes a desk says what is served"
        return Books(self.overlay, self.served.roster, self.served.keys, self.now_s(), self._profiles)

    def _take(self, change: Change) -> None:
        """In force from now on, open offers too; saved, told and answered later."""
        self.overlay = change.overlay
        for holder in dict.fromkeys(fact.holder for fact in change.facts if fact.change in ENDING):
            if holder is not None:
                self.put(HolderWithdrawn(holder))
        self._unsaved += change.facts
        self._dirty.set()

    # -- what time brings ---------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Once a second: entries whose time is over go, and are told once."""
        now_s = self.now_s()
        if now_s is None or not self.overlay:
            return
        over = self.overlay.expired(now_s)[:EXPIRED_AT_ONCE]
        if not over:
            return
        facts = [of_entry(OverlayChange.EXPIRED, entry) for entry in over]
        facts += [
            of_entry(OverlayChange.CONFLICTED, entry, f"{Conflict.ROSTER_ACTIVE.value}: its time is over")
            for entry in self._active_by_roster(over)
        ]
        self._drop(over, facts)

    def _active_by_roster(self, over: Sequence[Entry]) -> list[Entry]:
        """Of these, suspensions of what the roster lets in: from now on it opens again."""
        roster = self._books().roster
        if roster is None:
            return []
        try:
            # A suspension contradicts a newer roster only; here any roster counts.
            suspended = [replace(entry, roster_version=-1) for entry in over if entry.kind is Kind.SUSPEND]
            return [entry for entry, _ in conflicts(Overlay(suspended), roster)]
        except RosterError as error:
            self.damaged(error)
            return []

    def _drop(self, gone: Sequence[Entry], facts: Sequence[OverlayChanged]) -> None:
        after = self.overlay.without(*(entry.id for entry in gone)).at_revision(self.overlay.revision + 1)
        self._take(Change(after, at_revision(facts, after.revision)))

    async def run(self) -> None:
        """Save what changes, and look at each new roster, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._save_changes())
            tasks.create_task(self._look_at_rosters())

    # -- saving -------------------------------------------------------------------------------------------------------

    async def _save_changes(self) -> None:
        loop = asyncio.get_running_loop()
        pause_s = RETRY_S_FIRST
        while True:
            await self._dirty.wait()
            self._dirty.clear()
            overlay, facts, self._unsaved = self.overlay, self._unsaved, []
            forget = self._forget_previous
            try:
                await loop.run_in_executor(None, save, overlay, self._folder, self._identity)
            except OverlayError as error:
                await self._could_not_save(error, facts)
                loop.call_later(pause_s, self._dirty.set)
                pause_s = min(2 * pause_s, RETRY_S_MAX)
                continue
            pause_s = RETRY_S_FIRST
            self._failing = False
            await self._tell_core(facts)
            if forget:  # the file before this one goes with the next
                self._forget_previous = False
                self.overlay = self.overlay.at_revision(self.overlay.revision + 1)
                self._dirty.set()
            self.answers.saved(overlay.revision)

    async def _tell_core(self, facts: Sequence[OverlayChanged]) -> None:
        """In slices, so that neither the inbox overflows nor a swipe waits behind all of them."""
        for start in range(0, len(facts), TOLD_AT_ONCE):
            for fact in facts[start : start + TOLD_AT_ONCE]:
                self.put(fact)
            if start + TOLD_AT_ONCE < len(facts):
                await asyncio.sleep(0)

    async def _could_not_save(self, error: OverlayError, facts: Sequence[OverlayChanged]) -> None:
        """In force all the same, and told at once; the journal must not count on a revision that is nowhere."""
        await self._tell_core(at_revision(facts, 0))
        if not self._failing:
            self._failing = True
            self.put(OverlayChanged(OverlayChange.FAILED, detail=str(error)))
        self.answers.not_saved()

    # -- against a new roster -----------------------------------------------------------------------------------------

    async def _look_at_rosters(self) -> None:
        while True:
            await self._compare.wait()
            self._compare.clear()
            try:
                await self._look_at_roster()
            except RosterError as error:
                self.damaged(error)

    async def _look_at_roster(self) -> None:
        """Entries that the roster now says itself go; where it says otherwise that is told, once for each roster.

        At the start nothing is told anew: it was, when that roster came.
        """
        roster = self._books().roster
        if roster is None:
            return
        told, self._begun = self._begun, True
        before = await self.before() if any(entry.kind is Kind.SUSPEND for entry in self.overlay) else None
        try:
            await self._compare_with(roster, before, told)
        finally:
            if before is not None:
                before.close()

    async def _compare_with(self, roster: Roster, before: Roster | None, told: bool) -> None:
        entries = tuple(self.overlay)
        against: dict[str, Conflict] = {}
        for start in range(0, len(entries), COMPARED_AT_ONCE):
            if self._books().roster is not roster:
                return  # there is another one already; it is looked at next
            part = [entry for entry in entries[start : start + COMPARED_AT_ONCE] if entry.id in self.overlay.entries]
            found = conflicts(self.overlay, roster, part)
            gone = absorbed(self.overlay, roster, part, before)
            against |= {entry.id: what for entry, what in found}
            facts = [of_entry(OverlayChange.ABSORBED, entry) for entry in gone]
            if told:
                facts += [of_entry(OverlayChange.CONFLICTED, entry, what.value) for entry, what in found]
            if facts:
                self._drop(gone, facts)
            await asyncio.sleep(0)
        self._conflicts = against

    # -- what the inbox had no room for -------------------------------------------------------------------------------

    def dropped(self, fact: AnyFact) -> None:
        """The full inbox dropped a fact of ours. What is in force already is told later; a reader is not set."""
        if isinstance(fact, StartEnrolment | EndEnrolment):
            asked = self.answers.of(fact.request)
            if isinstance(fact, StartEnrolment):
                self._readers = {name: one for name, one in self._readers.items() if one.request != fact.request}
            if asked is not None:
                asked.over(Answer(fact.request, False, ("too_many",)), None)
                self.answers.tell()
        elif isinstance(fact, _AGAIN) or (isinstance(fact, Administered) and fact.request in self.answers):
            asyncio.get_running_loop().call_later(AGAIN_S, self.put, fact)

    # -- what the core did, and what is durable -----------------------------------------------------------------------

    def stepped(self, fact: AnyFact, effects: Sequence[object], ticket: int | None) -> None:
        """The core has taken a fact; what it brought about is committed with `ticket`."""
        if isinstance(fact, RosterReplaced):
            self._profiles = frozenset(fact.rulebook.profiles)
            self._compare.set()
        request = getattr(fact, "request", "")
        asked = self.answers.of(request) if isinstance(fact, _OURS) else None
        if asked is not None:
            asked.ticket = max(asked.ticket, ticket or 0)
            self._took(fact, asked, effects)
        if self._readers or asked is not None:
            self._ended(fact, effects, ticket)
        if asked is not None and request in self._erasing:
            asked.ticket = self.erase(self._erasing.pop(request), request)
        if asked is not None:
            self.answers.tell()

    def _took(self, fact: AnyFact, asked: Asked, effects: Sequence[object]) -> None:
        if not isinstance(fact, StartEnrolment):
            asked.facts -= 1
        if isinstance(fact, StartEnrolment | EndEnrolment):
            for effect in effects:
                if isinstance(effect, Record) and effect.event.code is Code.COMMAND_REFUSED:
                    asked.over(Answer(fact.request, False, effect.event.reasons), None)
                    self._readers = {name: one for name, one in self._readers.items() if one.request != fact.request}

    def _ended(self, fact: AnyFact, effects: Sequence[object], ticket: int | None) -> None:
        """Enrolments that ended without a credential: by time, by a person, or with the reader."""
        for effect in effects:
            if not isinstance(effect, Record) or effect.event.code is not Code.ENROLMENT_ENDED:
                continue
            event = effect.event
            self._readers = {name: one for name, one in self._readers.items() if one.request != event.request}
            asked = self.answers.of(event.request)
            if asked is None or (isinstance(fact, CredentialEnrolled) and fact.request == event.request):
                continue
            whose = None if event.body is None else event.body.second_holder
            said = tuple(
                f"{reason}:{whose}" if reason == Reason.ALREADY_ISSUED and whose else reason for reason in event.reasons
            )
            asked.over(Answer(event.request, False, said), ticket)
            self.answers.tell()


async def _none_before() -> Roster | None:
    return None


_AGAIN = OverlayChanged | HolderWithdrawn | ReaderKeyed | FaceChanged | BackupMade
_OURS = (CredentialEnrolled, StartEnrolment, EndEnrolment, Administered, _AGAIN)
