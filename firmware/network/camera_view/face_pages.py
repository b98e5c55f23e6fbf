"""The pages of faces: who is enrolled, a withdrawal with its receipt. An enrolment: enrol_pages.py."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.camera_commands import FacesTold
from firmware.faces.consent import is_name
from firmware.network.camera_view.consenting import refusal_of, why_of
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.faces import FaceDesk, read_receipt
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.texts import texts

SILENT = ("faces_silent", "faces_not_known")  # what only the controller can say


class FacePages:
    """What answers the routes of faces; all of them for managers."""

    def __init__(self, desk: FaceDesk, live: Live, rendering: Rendering, settings: Settings) -> None:
        self._desk = desk
        self._live = live
        self._rendering = rendering
        self._settings = settings

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "faces": self._faces,
            "withdraw_face": self._withdraw,
            "face_receipts": self._receipts,
            "face_receipt": self._receipt,
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
        holder = asked.field("holder").strip()
        speaker = self._rendering.speaker(asked.request)
        try:
            if not is_name(holder):
                raise NotBegun("faces_no_holder")
            receipt = await self._desk.withdraw(asked.person, holder, why_of(speaker, asked.field("why")))
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

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _html(self, asked: Asked, template: str, path: str, error: NotBegun | None, **values: object) -> Response:
        speaker = self._rendering.speaker(asked.request)
        return self._rendering.html(
            template,
            asked.request,
            asked.session,
            path,
            status_of(error),
            said=() if error is None else refusal_of(speaker, error),
            zone=self._settings.time_zone,
            **values,
        )

    @staticmethod
    def _at(speaker: Speaker, utc_s: int) -> str:
        return speaker.at(utc_s * 1_000) if utc_s else speaker.words("time_unknown")


def status_of(error: NotBegun | None) -> HTTPStatus:
    if error is None:
        return HTTPStatus.OK
    return HTTPStatus.SERVICE_UNAVAILABLE if error.word in SILENT else HTTPStatus.BAD_REQUEST


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
