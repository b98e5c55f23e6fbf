"""The pages of faces: who is enrolled, an enrolment with the person's consent, a withdrawal with its receipt."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from firmware.camera_commands import FaceProgress, FacesTold, TakeFace
from firmware.core.codes import Reason
from firmware.faces.consent import LANGUAGES, is_name
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.faces import FaceDesk, consent_blocks, read_receipt, roles_of, said_of
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.terminal import PURPOSE_CHARACTERS_MAX
from firmware.texts import Texts, texts

REFRESH_S = 2  # without script
WHY_CHARACTERS_MIN = 2
DAYS = (90, 365, 1096)
DAY_S = 86_400
ENDS = ("late", "stopped", "no_models")
ENROLLINGS_MAX = 32
SILENT = ("faces_silent", "faces_not_known")  # what only the controller can say
REASONS = frozenset(Reason)

Said = tuple[()] | tuple[str, str]


class FacePages:
    """What answers the routes of faces; all of them for managers."""

    def __init__(self, desk: FaceDesk, live: Live, rendering: Rendering, settings: Settings) -> None:
        self._desk = desk
        self._live = live
        self._rendering = rendering
        self._settings = settings
        self._enrolling: dict[str, tuple[str, str]] = {}  # session -> (number, holder)
        self._encode = msgspec.json.Encoder().encode

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "faces": self._faces,
            "withdraw_face": self._withdraw,
            "face_receipts": self._receipts,
            "face_receipt": self._receipt,
            "enrol_face": self._enrol_page,
            "take_face": self._take,
            "enrolling": self._enrolling_page,
            "face_progress": self._progress,
            "stop_face": self._stop,
        }

    # -- who is enrolled ----------------------------------------------------------------------------------------------

    async def _faces(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._list(asked)

    async def _list(self, asked: Asked, error: NotBegun | None = None, receipt: str = "") -> Response:
        speaker = self._rendering.speaker(asked.request)
        start = _count(asked.request.query_params.get("start", ""))
        told = FacesTold(self._settings.faces_on)
        try:
            told = await self._desk.told(asked.person, start=start)
        except NotBegun as trouble:
            error = error or trouble
        rows = [(one, self._at(speaker, one.given_s), self._at(speaker, one.expires_s)) for one in told.faces]
        return self._html(
            asked,
            "faces.html",
            "/faces",
            error,
            told=told,
            rows=rows,
            start=start,
            after=start + len(rows) if start + len(rows) < told.count else 0,
            cameras=self._settings.face_cameras,
            receipt=receipt,
            key=self._desk.keep(asked.person, receipt) if receipt else "",
        )

    async def _withdraw(self, asked: Asked) -> Response:
        holder, why = asked.field("holder").strip(), " ".join(asked.field("why").split())
        speaker = self._rendering.speaker(asked.request)
        try:
            if not is_name(holder):
                raise NotBegun("faces_no_holder")
            why = _why(why or speaker.words("faces_why_asked"))
            receipt = await self._desk.withdraw(asked.person, holder, why)
        except NotBegun as error:
            return await self._list(asked, error)
        return await self._list(asked, receipt=receipt)

    async def _receipts(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        speaker = self._rendering.speaker(asked.request)
        catalogue = texts(speaker.words.language)
        rows, error = [], None
        try:
            for text in (await self._desk.told(asked.person, receipts=True)).receipts:
                one = read_receipt(text).receipt
                rows.append(
                    (
                        one,
                        self._at(speaker, one.given_s),
                        self._at(speaker, one.wiped_s),
                        catalogue.say(f"faces.because.{one.why}"),
                        self._desk.keep(asked.person, text),
                    )
                )
        except NotBegun as trouble:
            error = trouble
        return self._html(asked, "face_receipts.html", "/faces/receipts", error, rows=rows)

    async def _receipt(self, asked: Asked) -> Response:
        receipt = self._desk.receipt(asked.person, asked.request.query_params.get("key", ""))
        if receipt is None:
            return see("/faces")
        headers = {"content-disposition": 'attachment; filename="receipt.json"'}
        return Response(receipt + "\n", media_type="application/json", headers=headers)

    # -- an enrolment -------------------------------------------------------------------------------------------------

    async def _enrol_page(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._form(asked)

    def _form(self, asked: Asked, error: NotBegun | None = None) -> Response:
        read = asked.field("read") or asked.request.query_params.get("read", "")
        if read not in LANGUAGES:
            read = "zh_CN" if self._rendering.language(asked.request) == "zh" else "en"
        words = self._rendering.speaker(asked.request).words
        lengths = [(90, words("faces_days", count=90)), (365, words("faces_year")), (1096, words("faces_years"))]
        return self._html(
            asked,
            "face_enrol.html",
            f"/faces/enrol?read={read}",
            error,
            read=read,
            languages_read=[("en", words("faces_english")), ("zh_CN", words("faces_chinese"))],
            blocks=list(consent_blocks(read)),
            cameras=self._settings.face_cameras,
            on=self._settings.faces_on,
            lengths=lengths,
            typed={name: asked.field(name) for name in ("holder", "given_by", "guardian", "why", "camera")},
            under_14=asked.field("under_14") == "yes",
            days=asked.field("days") or "365",
        )

    async def _take(self, asked: Asked) -> Response:
        """The consent is committed first; then the camera looks."""
        try:
            command = self._command(asked)
            number = await self._desk.take(command)
        except NotBegun as error:
            return self._form(asked, error)
        while len(self._enrolling) >= ENROLLINGS_MAX:
            del self._enrolling[next(iter(self._enrolling))]
        self._enrolling[asked.person.id] = (number, command.holder)
        return see("/faces/enrolling")

    def _command(self, asked: Asked) -> TakeFace:
        """Raises NotBegun for what no controller need be asked about."""
        holder, given_by, guardian = (asked.field(name).strip() for name in ("holder", "given_by", "guardian"))
        under_14 = asked.field("under_14") == "yes"
        camera, language = asked.field("camera"), asked.field("read")
        for word, is_wrong in (
            ("faces_not_agreed", asked.field("agreed") != "yes" or language not in LANGUAGES),
            ("faces_no_holder", not is_name(holder)),
            ("faces_no_name", not is_name(given_by)),
            ("faces_no_guardian", under_14 != bool(guardian) or (under_14 and not is_name(guardian))),
            ("viewing_no_camera", camera not in self._settings.face_cameras),
        ):
            if is_wrong:
                raise NotBegun(word)
        days = asked.field("days")
        words = self._rendering.speaker(asked.request).words
        return TakeFace(
            issuer=asked.person.name,
            roles=roles_of(asked.person),
            holder=holder,
            camera=camera,
            why=_why(" ".join(asked.field("why").split()) or words("faces_why_asked")),
            language=language,
            given_by=given_by,
            days=int(days) if days in {str(each) for each in DAYS} else 365,
            under_14=under_14,
            guardian=guardian,
        )

    async def _enrolling_page(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        number, holder = self._enrolling.get(asked.person.id, ("", ""))
        speaker = self._rendering.speaker(asked.request)
        shown = await self._shown(speaker, number)
        return self._html(
            asked, "face_enrolling.html", "/faces/enrolling", None, shown=shown, holder=holder, refresh_s=REFRESH_S
        )

    async def _progress(self, asked: Asked) -> Response:
        number, _ = self._enrolling.get(asked.person.id, ("", ""))
        shown = await self._shown(self._rendering.speaker(asked.request), number)
        return Response(self._encode(shown), media_type="application/json")

    async def _stop(self, asked: Asked) -> Response:
        number, _ = self._enrolling.get(asked.person.id, ("", ""))
        try:
            if number:
                await self._desk.progress(number, stop=True)
        except NotBegun as error:
            return await self._list(asked, error)
        return see("/faces/enrolling")

    async def _shown(self, speaker: Speaker, number: str) -> dict[str, object]:
        """How far an enrolment is, in words."""
        words = speaker.words
        try:
            progress = await self._desk.progress(number) if number else FaceProgress("over")
        except NotBegun:
            return {
                "state": "silent",
                "step": words("faces_silent"),
                "taken": "",
                "said": [],
                "next": "",
                "over": False,
            }
        ends = {end: words(f"faces_end_{end}") for end in ENDS}
        said = said_of(texts(words.language), progress.why, progress.reasons, ends)
        over = progress.state in ("done", "failed", "over")
        if over:
            step, following = words(f"faces_state_{progress.state}"), words(f"faces_state_{progress.state}_next")
        else:
            step = words("faces_saving") if progress.state == "saving" else words(f"faces_step_{progress.step}")
            following = ""
        taken = words("faces_taken_of", taken=progress.taken, least=progress.least) if progress.least else ""
        return {
            "state": progress.state,
            "step": step,
            "taken": "" if progress.state == "over" else taken,
            "said": said,
            "next": following,
            "over": over,
        }

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _html(self, asked: Asked, template: str, path: str, error: NotBegun | None, **values: object) -> Response:
        speaker = self._rendering.speaker(asked.request)
        return self._rendering.html(
            template,
            asked.request,
            asked.session,
            path,
            _status(error),
            said=_said(speaker, texts(speaker.words.language), error),
            zone=self._settings.time_zone,
            **values,
        )

    @staticmethod
    def _at(speaker: Speaker, utc_s: int) -> str:
        return speaker.at(utc_s * 1_000) if utc_s else speaker.words("time_unknown")


def _status(error: NotBegun | None) -> HTTPStatus:
    if error is None:
        return HTTPStatus.OK
    return HTTPStatus.SERVICE_UNAVAILABLE if error.word in SILENT else HTTPStatus.BAD_REQUEST


def _why(text: str) -> str:
    """A reason as it is kept; two characters of Chinese are one. Raises NotBegun."""
    if not WHY_CHARACTERS_MIN <= len(text) <= PURPOSE_CHARACTERS_MAX or not text.isprintable():
        raise NotBegun("faces_no_why", least=WHY_CHARACTERS_MIN, most=PURPOSE_CHARACTERS_MAX)
    return text


def _said(speaker: Speaker, catalogue: Texts, error: NotBegun | None) -> Said:
    """What went wrong, and what to do next."""
    if error is None:
        return ()
    words = speaker.words
    if error.word:
        return words(error.word, **error.named), ""
    known = [each for each in error.reasons if each.partition(":")[0] in REASONS]
    return words("faces_refused"), words("list_separator").join(map(catalogue.reason, known)) or words("try_next")


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
