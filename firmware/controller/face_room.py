"""Faces at the page: who is enrolled, an enrolment at a camera, a withdrawal. What may be is decided by the face desk.

The network process says who asks; managers only, no faster than people do, and one enrolment at a time. A consent
stands in the journal before the camera looks; its text, its time and the end are this controller's own, not what the
page says. Templates come from the vision process and go to the desk; the page learns how many, and what to do next.
"""

from __future__ import annotations

import secrets
from asyncio import TimerHandle
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from drivers.loop_time import call_at_ns, loop_ns
from drivers.sights import Sights, Taken, Taking
from firmware.camera_commands import (
    FACES_TOLD,
    AnyOfFacesHere,
    EndFace,
    FaceProgress,
    FaceShown,
    FacesTold,
    HowFar,
    TakeFace,
    TellFaces,
)
from firmware.config import Config
from firmware.controller.desk import Desk
from firmware.controller.face_books import FaceRefused
from firmware.controller.face_desk import FaceDesk
from firmware.controller.role_socket import Allowance, RoleSocket
from firmware.core.codes import Reason
from firmware.core.face_facts import FaceChange, FaceChanged
from firmware.faces.consent import LANGUAGES, TEXT_VERSION, digest_of
from firmware.messages import (
    Answer,
    AskOffice,
    EnrolFace,
    FaceEntry,
    FacesListed,
    ListFaces,
    ListReceipts,
    Message,
    ReceiptsListed,
    TakenConsent,
    WithdrawFace,
)
from firmware.roster.errors import RosterError

MANAGER = "manager"
TAKE_S = 90  # that a person has for all angles
TOLD_S = 300  # that its end is told to whoever asks
LATE_S = 10  # twice as long as the page waits: whoever stood there was sent away, and another one may stand there
CHANGES_PER_S = 1 / 20  # enrolments and withdrawals: each takes a person minutes
CHANGES_BURST = 5
DAY_S = 86_400
NS = 1_000_000_000
NOT_TAKEN = {"late": Reason.TOO_LATE}  # why an enrolment ended without a face, as a reason; others: the pictures


class Enrolling:
    """The enrolment that runs, or the last one."""

    def __init__(self, command: TakeFace, consent: TakenConsent) -> None:
        self.number = secrets.token_hex(12)
        self.command = command
        self.consent = consent
        self.progress = FaceProgress("looking", step="straight")
        self.asked_ns = loop_ns()
        self.ended_ns = 0
        self.timer: TimerHandle | None = None

    @property
    def runs(self) -> bool:
        return self.progress.state in ("looking", "saving")


class FaceRoom:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(self, config: Config, faces: FaceDesk, desk: Desk, sights: Sights, role_socket: RoleSocket) -> None:
        self._cameras = frozenset(
            str(table["id"])
            for table in config.devices
            if table.get("kind") == "camera" and "face" in tuple(_words(table.get("wanted")))
        )
        self._faces = faces
        self._desk = desk
        self._sights = sights
        self._socket = role_socket
        self._changes = Allowance(CHANGES_PER_S, CHANGES_BURST)
        self._now: Enrolling | None = None
        self._waiting: dict[str, Callable[[Sequence[Message]], None]] = {}  # what the desk was asked for the page
        self._to_office, desk.answers.send = desk.answers.send, self._answered
        sights.on_taken = self._taken

    def take(self, request: str, command: AnyOfFacesHere) -> None:
        """Take one command of the network role."""
        if isinstance(command, HowFar):
            self._tell(request, self._how_far(command))
            return
        if MANAGER not in command.roles.split():
            self._refuse(request, (Reason.NOT_ALLOWED,))
        elif isinstance(command, TellFaces):
            self._list(request, command)
        elif not self._changes.take(loop_ns() / NS):
            self._refuse(request, ("too_many",))
        elif isinstance(command, EndFace):
            withdraw = WithdrawFace(issuer=command.issuer, why=command.why, holder=command.holder)
            self._ask(withdraw, lambda answers: self._pass_on(request, answers))
        else:
            self._begin(request, command)

    # -- the desk's answers -------------------------------------------------------------------------------------------

    def _ask(
        self,
        command: ListFaces | ListReceipts | WithdrawFace | EnrolFace,
        then: Callable[[Sequence[Message]], None],
    ) -> None:
        """Ask the desk as the office does; under a number of ours, that nobody outside can choose."""
        inner = f"page {secrets.token_hex(16)}"
        self._waiting[inner] = then
        self._faces.ask(AskOffice(command, inner))

    def _answered(self, request: str, messages: Sequence[Message]) -> None:
        then = self._waiting.pop(request, None)
        if then is None:
            self._to_office(request, messages)
        else:
            then(messages)

    def _pass_on(self, request: str, messages: Sequence[Message]) -> None:
        for answer in messages:
            if isinstance(answer, Answer):
                self._socket.answer(replace(answer, request=request))

    def _refuse(self, request: str, reasons: tuple[str, ...]) -> None:
        self._socket.answer(Answer(request, False, reasons))

    def _tell(self, request: str, told: FacesTold | FaceProgress) -> None:
        self._socket.answer(Answer(request, True, told=msgspec.json.encode(told).decode()))

    # -- who is enrolled ----------------------------------------------------------------------------------------------

    def _list(self, request: str, command: TellFaces) -> None:
        who = {"issuer": command.issuer or MANAGER, "why": "a list at the page"}
        listing = ListReceipts(**who) if command.receipts else ListFaces(**who)
        self._ask(listing, lambda messages: self._tell(request, self._told(command, messages)))

    def _told(self, command: TellFaces, messages: Sequence[Message]) -> FacesTold:
        faces = [one for each in messages if isinstance(each, FacesListed) for one in each.faces]
        receipts = [one for each in messages if isinstance(each, ReceiptsListed) for one in each.receipts][::-1]
        end = command.start + FACES_TOLD
        return FacesTold(
            self._faces.on,
            self._faces.why,
            len(receipts if command.receipts else faces),
            tuple(map(_shown, faces[command.start : end])),
            tuple(receipts[command.start : end]),
        )

    # -- an enrolment -------------------------------------------------------------------------------------------------

    def _begin(self, request: str, command: TakeFace) -> None:
        """First the consent, checked and committed; then the camera looks."""
        now_s = self._desk.now_s()
        try:
            if command.camera not in self._cameras:
                raise FaceRefused(Reason.CAMERA_NOT_FOUND)
            if (self._now is not None and self._now.runs) or command.camera in self._sights.comparisons:
                raise FaceRefused(Reason.FACE_BUSY)
            if command.language not in LANGUAGES:
                raise FaceRefused(f"{Reason.FACE_CONSENT}:consent_text")
            if now_s is None:
                raise FaceRefused(Reason.CLOCK_UNKNOWN_REFUSED)
            consent = TakenConsent(
                version=TEXT_VERSION,
                language=command.language,
                text=digest_of(command.language),
                given_by=command.given_by,
                given_s=now_s,
                expires_s=now_s + command.days * DAY_S,
                under_14=command.under_14,
                guardian=command.guardian,
            )
            self._faces.may_take(command.holder, consent, command.issuer)
        except FaceRefused as refused:
            self._put(FaceChange.REFUSED, command, request, refused.reasons)
            return
        except RosterError:
            self._put(FaceChange.REFUSED, command, request, (Reason.NOT_ALLOWED,))
            return
        self._now = Enrolling(command, consent)
        self._put(FaceChange.TAKING, command, request)

    def _put(self, change: FaceChange, command: TakeFace, request: str, reasons: tuple[str, ...] = ()) -> None:
        """Have it committed; what follows then is answered to the page. Without a request nobody waits."""
        inner = f"page {secrets.token_hex(16)}" if request else ""
        if inner:
            self._desk.answers.open(inner, Answer(inner, not reasons, reasons))
            self._waiting[inner] = lambda messages: self._committed(request, change, messages)
        fact = FaceChanged(
            change,
            command.holder,
            issuer=command.issuer,
            request=inner,
            note=command.why,
            detail=f"{command.camera}, text {TEXT_VERSION} {command.language}",
            reasons=reasons,
        )
        self._desk.put(fact)

    def _committed(self, request: str, change: FaceChange, messages: Sequence[Message]) -> None:
        now = self._now
        answer = next(each for each in messages if isinstance(each, Answer))
        if change is not FaceChange.TAKING or now is None:
            self._socket.answer(replace(answer, request=request))
        elif not answer.done:
            now.progress, now.ended_ns = FaceProgress("failed", reasons=answer.reasons), loop_ns()
            self._socket.answer(replace(answer, request=request))
        elif loop_ns() - now.asked_ns > LATE_S * NS:  # the card stalled
            self._over(now, ("late",))
            self._refuse(request, (Reason.TOO_LATE,))
        else:
            until_ns = loop_ns() + TAKE_S * NS
            now.timer = call_at_ns(until_ns + 2 * NS, lambda: self._over(now, ("late",)))
            self._sights.take(now.command.camera, Taking(now.number, until_ns))
            self._socket.answer(Answer(request, True, told=now.number))

    def _taken(self, camera: str, taken: Taken) -> None:
        """What the vision process says; of another enrolment than the one that runs it says nothing to us."""
        now = self._now
        if now is None or taken.ask != now.number or camera != now.command.camera or now.progress.state != "looking":
            return
        if not taken.over:
            now.progress = FaceProgress("looking", taken.taken, taken.least, taken.step, taken.why)
        elif taken.why:
            self._over(now, taken.why)
        else:
            self._stop(now)
            now.progress = FaceProgress("saving", taken.taken, taken.least)
            command = now.command
            enrol = EnrolFace(
                issuer=command.issuer,
                why=command.why,
                holder=command.holder,
                consent=now.consent,
                embedder=taken.embedder,
                templates=taken.templates,
                turns=taken.turns,
            )
            self._ask(enrol, lambda messages: self._saved(now, messages))

    def _saved(self, now: Enrolling, messages: Sequence[Message]) -> None:
        answer = next(each for each in messages if isinstance(each, Answer))
        state = "done" if answer.done else "failed"
        now.progress = replace(now.progress, state=state, reasons=answer.reasons)
        now.ended_ns = loop_ns()

    def _over(self, now: Enrolling, why: tuple[str, ...]) -> None:
        """It came to nothing, which is told."""
        if now is not self._now or now.progress.state != "looking":
            return
        self._stop(now)
        now.progress, now.ended_ns = replace(now.progress, state="failed", why=why, step=""), loop_ns()
        self._put(FaceChange.REFUSED, now.command, "", (NOT_TAKEN.get(why[0], Reason.FACE_PICTURES),))

    def _stop(self, now: Enrolling) -> None:
        if now.timer is not None:
            now.timer.cancel()
        self._sights.take(now.command.camera, None)

    def _how_far(self, command: HowFar) -> FaceProgress:
        now = self._now
        if now is None or not secrets.compare_digest(now.number.encode(), command.number.encode()):
            return FaceProgress("over")
        if command.stop:
            self._over(now, ("stopped",))
        if now.ended_ns and loop_ns() - now.ended_ns > TOLD_S * NS:
            return FaceProgress("over")
        return now.progress


def _shown(one: FaceEntry) -> FaceShown:
    return FaceShown(
        one.holder,
        one.given_by,
        one.given_s,
        one.witness,
        one.expires_s,
        one.templates,
        one.guardian,
        one.outdated,
    )


def _words(found: object) -> Sequence[object]:
    return found if isinstance(found, list | tuple) else ()
