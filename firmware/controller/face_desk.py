"""Enrolled faces: takes consents and templates at the office's socket, keeps them, wipes them, and gives receipts.

Off unless the site file says otherwise. What is withdrawn or expired matches nobody from that moment on; the file
follows beside the event loop, then the core tells, and the answer comes when that is committed. Whom the roster drops
is wiped, too. Who asks for a withdrawal gets the receipt with the answer; where templates go and nobody has asked for
it, the receipt is kept beside those of the others. A store that cannot be read matches nobody, and opens nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from firmware.controller import face_listing
from firmware.controller.answers import Answers
from firmware.controller.face_books import FaceRefused, consent_of, enrolled_of, issued
from firmware.core.codes import Reason
from firmware.core.face_facts import FaceChange, FaceChanged
from firmware.core.faces import FACES
from firmware.core.facts import AnyFact
from firmware.core.refusals import ID_CHARACTERS_MAX
from firmware.faces.enrolled import Enrolled, Faces
from firmware.faces.errors import FacesError, StoreUnreadable
from firmware.faces.receipt import Why
from firmware.faces.store import load, save, tidy
from firmware.messages import (
    Answer,
    AskOffice,
    EnrolFace,
    Erase,
    Leave,
    ListFaces,
    ListReceipts,
    OfficeCommand,
    TakenConsent,
    WipeFaces,
    WithdrawFace,
)
from firmware.roster.errors import RosterError
from firmware.roster.floors import Floors
from firmware.roster.roster import Roster

LOOK_S = 1.0  # between two looks for consents whose time is over
LOOKED_UP_MAX = 100  # in the roster at one look: each is a read of the card
RETRY_S_FIRST, RETRY_S_MAX = 1.0, 60.0
WAITING_MAX = 256  # changes that are not saved yet: more are refused


Kept = Mapping[str, str] | None  # of the journal; None: it could not be read


class Desk(Protocol):
    """Who takes everything else, and answers. firmware.controller.desk.Desk is one."""

    answers: Answers
    put: Callable[[AnyFact], None]
    now_s: Callable[[], int | None]

    def ask(self, asked: AskOffice, /) -> None: ...


class Owner(Protocol):
    """Whose templates they are, and who signs. firmware.identity.Identity is one."""

    id: str
    public_key: bytes

    def sealing_key(self, purpose: str) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class Change(NamedTuple):
    """What is saved next, told, and answered. `fact` without its revision; `after`: what is asked further then.

    Without a fact it is about receipts only.
    """

    fact: FaceChanged | None
    gone: tuple[Enrolled, ...] = ()
    after: AskOffice | None = None
    receipt: bool = False


class FaceDesk:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(
        self,
        folder: Path,
        owner: Owner,
        kept: Kept,
        desk: Desk,
        roster: Callable[[], Roster | None],
        *,
        on: bool,
    ) -> None:
        """`on`: the site has faces at all; `kept`: what the journal kept (None: unreadable, then nobody matches)."""
        self.answers = desk.answers
        self.on = on
        self.why = ""  # why nobody matches
        self.on_changed: Callable[[str], None] = lambda _holder: None  # whoever compares with them must not any more
        self.on_look: Callable[[], None] = lambda: None  # once a second, while anybody is enrolled
        self._folder = folder
        self._owner = owner
        self._desk = desk
        self._roster = roster
        self._faces = Faces()
        self._waiting: deque[Change] = deque()
        self._dirty = asyncio.Event()
        self._failing = False
        said = "" if kept is None else kept.get(FACES, "")
        self._least = int(said[:18]) if said[:18].isdecimal() else 0
        self._looked_through = Floors.of(kept).current.version - 1  # the version of the roster that drops nobody more
        self._unlooked: list[str] = []  # holders who are to be looked up in it
        self._read(kept is None)

    @property
    def put(self) -> Callable[[AnyFact], None]:
        return self._desk.put

    def _read(self, kept_unreadable: bool) -> None:
        try:
            tidy(self._folder)
            faces = load(self._folder, self._owner, self._least)
            if kept_unreadable and len(faces):
                raise StoreUnreadable(f"{self._folder}: which revision there has to be is not known. Enrol anew.")
            self._faces = faces
            self._least = max(self._least, faces.revision)
        except FacesError as error:
            self.why = str(error)

    def first_facts(self) -> Sequence[AnyFact]:
        """What the core must learn at the start."""
        if self.why:
            return [FaceChanged(FaceChange.FAILED, detail=self.why)]
        outdated = sum(one.outdated for one in self._faces) if self.on else 0
        return [FaceChanged(FaceChange.OUTDATED, detail=f"holders: {outdated}")] if outdated else []

    # -- who may be compared ------------------------------------------------------------------------------------------

    def of_holder(self, holder: str) -> Enrolled | None:
        """The templates that this holder consented to being compared with now."""
        one = self._faces.of_holder(holder)
        if one is None or one.outdated:
            return None
        return one if self.on and not self.why and self._faces.holds(one, self._desk.now_s()) else None

    def stands(self, face: str) -> bool:
        """Whether a face that was recognised is one that may be, now."""
        one = self._faces.of_face(face)
        return one is not None and self.of_holder(one.holder) is not None

    def everybody(self) -> list[Enrolled]:
        """All whose consent holds now, for a site that may look for one of many."""
        return [one for one in self._faces if self.of_holder(one.holder) is not None]

    # -- what the office asks -----------------------------------------------------------------------------------------

    def ask(self, asked: AskOffice) -> None:
        """Take a command about faces, and hand everything else on."""
        command, request = asked.command, asked.request
        if request in self.answers:
            self._desk.ask(asked)
        elif isinstance(command, ListFaces):
            self.answers.send(request, list(face_listing.listed(request, self._faces, on=self.on, why=self.why)))
        elif isinstance(command, ListReceipts):
            self.answers.send(request, list(face_listing.receipts_listed(request, self._faces, self._least)))
        elif isinstance(command, EnrolFace | WithdrawFace | WipeFaces):
            try:
                self._take(command, request)
            except FaceRefused as refused:
                self._refuse(command, request, refused.reasons)
            except RosterError:
                self._refuse(command, request, (Reason.NOT_ALLOWED,))
        elif isinstance(command, Leave | Erase) and self._has(command.holder):
            # The purpose is over: what was enrolled goes first, and is told before the holder is erased.
            self._end_with(asked)
        else:
            self._desk.ask(asked)

    def may_take(self, holder: str, consent: TakenConsent, witness: str) -> None:
        """Whether this holder may be enrolled by this consent. Raises FaceRefused; RosterError goes through."""
        if self.why:
            raise FaceRefused(Reason.FACE_STORE)
        if not self.on:
            raise FaceRefused(Reason.FACES_OFF)
        consent_of(holder, consent, witness, self._roster(), self._desk.now_s())

    def _take(self, command: EnrolFace | WithdrawFace | WipeFaces, request: str) -> None:
        if not all(each and each.isprintable() and each == each.strip() for each in (command.issuer, command.why)):
            raise FaceRefused(Reason.NOT_ALLOWED)
        if len(self._waiting) >= WAITING_MAX:
            raise FaceRefused(Reason.FACES_FULL)
        if isinstance(command, WipeFaces):
            self._wipe(command, request)
            return
        if self.why:
            raise FaceRefused(Reason.FACE_STORE)
        if isinstance(command, WithdrawFace):
            if self._faces.of_holder(command.holder) is None:
                raise FaceRefused(Reason.NOT_FOUND_HOLDER)
            self._withdraw(command, command.holder, request)
            return
        if not self.on:
            raise FaceRefused(Reason.FACES_OFF)
        one = enrolled_of(command, self._roster(), self._desk.now_s())
        try:
            self._faces = self._faces.with_(one)
        except FacesError as error:
            raise FaceRefused(Reason.FACES_FULL) from error
        detail = f"text {one.consent.version} {one.consent.language}, {len(one.templates)} templates"
        fact = _fact(FaceChange.ENROLLED, command, request, command.holder, detail)
        self._change(Change(msgspec.structs.replace(fact, until_s=one.consent.expires_s)))

    def _withdraw(self, command: OfficeCommand, holder: str, request: str, after: AskOffice | None = None) -> None:
        """Without a `request` of its own nobody is there to be handed a receipt."""
        one = self._faces.of_holder(holder)
        assert one is not None, "found before"
        self._faces = self._faces.without([holder])
        fact = _fact(FaceChange.WITHDRAWN, command, request, holder, f"{len(one.templates)} templates wiped")
        self._change(Change(fact, (one,), after, receipt=bool(request)))

    def _has(self, holder: str) -> bool:
        """Whether anything of this holder is kept here: templates, or a receipt of them."""
        return self._faces.of_holder(holder) is not None or self._faces.without_receipts(holder) is not self._faces

    def _end_with(self, asked: AskOffice) -> None:
        """Somebody leaves, or is erased. Of who is erased no receipt stays either: the erasure has its own."""
        command = asked.command
        assert isinstance(command, Leave | Erase), "looked at before"
        one = self._faces.of_holder(command.holder)
        if one is not None:
            self._withdraw(command, command.holder, "", asked)
        else:
            self._change(Change(None, (), asked))
        if isinstance(command, Erase):
            self._faces = self._faces.without_receipts(command.holder)
        elif one is not None:
            self._keep_receipts([one], Why.LEFT)

    def _keep_receipts(self, those: Iterable[Enrolled], why: Why) -> None:
        """Of templates that are gone from this revision on, for whoever asks for them later."""
        now_s, revision = self._desk.now_s() or 0, self._faces.revision
        self._faces = self._faces.with_receipts(
            face_listing.receipt_of(one, why, now_s, revision, self._owner) for one in those
        )

    def _wipe(self, command: WipeFaces, request: str) -> None:
        gone = tuple(self._faces)
        self._faces, self.why = Faces([], max(self._least, self._faces.revision) + 1, self._faces.receipts), ""
        self._keep_receipts(gone, Why.WIPED)
        fact = _fact(FaceChange.WITHDRAWN, command, request, None, f"all wiped: {len(gone)} holders")
        self._change(Change(fact, gone))

    def _change(self, change: Change) -> None:
        """In force from now on; saved, told and answered later."""
        for one in change.gone:
            self.on_changed(one.holder)
        if change.fact is not None and change.fact.request:
            self.answers.open(change.fact.request, Answer(change.fact.request, True))
        self._waiting.append(change)
        self._dirty.set()

    def _refuse(self, command: OfficeCommand, request: str, reasons: Iterable[str]) -> None:
        said = tuple(reasons)
        self.answers.open(request, Answer(request, False, said))
        holder = getattr(command, "holder", "")[:ID_CHARACTERS_MAX] or None
        fact = _fact(FaceChange.REFUSED, command, request, holder, type(command).__name__)
        self._desk.put(msgspec.structs.replace(fact, reasons=said))

    # -- saving -------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Save what changes, and wipe what is over, until cancelled."""
        pause_s = RETRY_S_FIRST
        while True:
            try:
                # Where nobody is enrolled, and no receipt is kept, nothing is looked for.
                anything = len(self._faces) or self._faces.receipts
                async with asyncio.timeout(pause_s if self._failing else LOOK_S if anything else None):
                    await self._dirty.wait()
            except TimeoutError:
                self._look()
                self.on_look()
            self._dirty.clear()
            if not self._waiting and not self._failing:
                continue
            pause_s = RETRY_S_FIRST if await self._save() else min(2 * pause_s, RETRY_S_MAX)

    def _look(self) -> None:
        """Consents whose time is over, holders whom the roster has dropped: their templates go; and old receipts."""
        if self.why:
            return
        now_s = self._desk.now_s()
        over = [] if now_s is None else self._faces.expired(now_s)
        self._end(over, FaceChange.EXPIRED)
        self._end(self._dropped(), FaceChange.DROPPED)
        newer = self._faces.without_receipts(before_s=(now_s or 0) - face_listing.RECEIPTS_S)
        if newer is not self._faces:
            self._faces = newer
            self._change(Change(None))

    def _end(self, those: Sequence[Enrolled], change: FaceChange) -> None:
        if those:
            self._faces = self._faces.without(one.holder for one in those)
            self._keep_receipts(those, Why(change.value))
        for one in those:
            detail = f"{len(one.templates)} templates wiped"
            until_s = one.consent.expires_s if change is FaceChange.EXPIRED else None
            self._change(Change(FaceChanged(change, one.holder, until_s, detail=detail), (one,)))

    def _dropped(self) -> list[Enrolled]:
        """Whom a new roster has no more, or no more with this face; a few at each look.

        One that is older than what has served says nothing: it serves because the newer one is damaged.
        """
        roster = self._roster()
        if roster is None:
            return []
        if roster.version > self._looked_through:
            self._looked_through = roster.version
            self._unlooked = [one.holder for one in self._faces]
        elif roster.version < self._looked_through:
            return []
        now, self._unlooked = self._unlooked[:LOOKED_UP_MAX], self._unlooked[LOOKED_UP_MAX:]
        those = [one for one in map(self._faces.of_holder, now) if one is not None]
        try:
            return [one for one in those if not issued(one, roster)]
        except RosterError:
            self._unlooked = [*now, *self._unlooked]  # it cannot be read: nobody was dropped by that
            return []

    async def _save(self) -> bool:
        """The newest of all that waits; whether it is on the disk."""
        faces, changes = self._faces, tuple(self._waiting)
        self._waiting.clear()
        try:
            await asyncio.get_running_loop().run_in_executor(None, save, faces, self._folder, self._owner)
        except FacesError as error:
            self._not_saved(changes, error)
            return False
        self._failing = False
        self._least = max(self._least, faces.revision)
        for change in changes:
            if change.fact is not None:
                asked = self.answers.of(change.fact.request)
                if asked is not None and change.receipt:
                    asked.answer = msgspec.structs.replace(asked.answer, receipt=self._receipt(change, faces.revision))
                self._desk.put(msgspec.structs.replace(change.fact, revision=faces.revision))
            if change.after is not None:
                self._desk.ask(change.after)
        return True

    def _not_saved(self, changes: Sequence[Change], error: FacesError) -> None:
        """In force all the same, and gone after a power cut: who asked is told so, and the disk is tried again."""
        for change in changes:
            if change.fact is not None:
                asked = self.answers.of(change.fact.request)
                if asked is not None:
                    asked.answer = Answer(change.fact.request, False, (Reason.NOT_SAVED,))
                self._desk.put(change.fact)
            if change.after is not None:
                self._desk.ask(change.after)
        if not self._failing:
            self._failing = True
            self._desk.put(FaceChanged(FaceChange.FAILED, detail=str(error)))

    def _receipt(self, change: Change, revision: int) -> str:
        now_s = self._desk.now_s() or 0
        return face_listing.text_of(
            face_listing.receipt_of(change.gone[0], Why.WITHDRAWN, now_s, revision, self._owner)
        )


def _fact(change: FaceChange, command: OfficeCommand, request: str, holder: str | None, detail: str) -> FaceChanged:
    return FaceChanged(
        change, holder, issuer=command.issuer[:64], request=request, note=command.why[:200], detail=detail
    )
