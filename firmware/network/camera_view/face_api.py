"""Faces by the API: who is enrolled, an enrolment that a person at the page begins, withdrawals and their receipts.

An enrolment needs a witness who stands there, so that no program begins one; a withdrawal needs nobody.
"""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.camera_commands import FaceShown
from firmware.core.codes import Reason
from firmware.faces.consent import LANGUAGES, is_name
from firmware.faces.receipt import Signed
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import CHANGED, READ, Operation
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import JSON, Param, answer, body_of, missing, part_of, query_of, utc_of
from firmware.network.camera_view.consenting import (
    DAYS,
    DAYS_ASKED,
    Consenting,
    Progress,
    progress_of,
    refusal_of,
    taking_of,
    why_of,
)
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.faces import FaceDesk, number_of, read_receipt
from firmware.network.rendering import Rendering
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.texts import texts

RETRY_S = 5
START_MAX = 100_000
NAME_CHARACTERS_MAX = 64
WHY_CHARACTERS_MAX = 200
# One line that names somebody, as far as a schema can say it.
PersonName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
WhyTyped = Annotated[str, Meta(max_length=WHY_CHARACTERS_MAX)]
Read = Literal["en", "zh_CN"]
Days = Literal[90, 365, 1096]
assert set(Read.__args__) == set(LANGUAGES)  # type: ignore[attr-defined]
assert Days.__args__ == DAYS  # type: ignore[attr-defined]


class FaceConsented(msgspec.Struct, frozen=True):
    """Somebody who is enrolled, by which consent: nothing of the face. `outdated`: to be enrolled anew."""

    holder: str
    given_by: str
    given: datetime | None
    witness: str
    guardian: str
    until: datetime | None
    templates: int
    outdated: bool


class FacesShown(msgspec.Struct, frozen=True):
    """`why`: why nobody is recognised now. `next`: where to go on, null at the end."""

    on: bool
    why: str
    cameras: tuple[str, ...]
    count: int
    faces: tuple[FaceConsented, ...]
    next: int | None


class FaceAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An enrolment. The person stands there, has read the text in `language`, and agrees; you are the witness.

    `given_by` is who consents; under 14 a `guardian` does. `agreed` has to be "yes".
    """

    holder: PersonName
    given_by: PersonName
    camera: Annotated[str, Meta(min_length=1, max_length=40)]
    language: Read
    agreed: Literal["yes"]
    days: Days = DAYS_ASKED  # type: ignore[assignment]
    why: WhyTyped = ""
    under_14: bool = False
    guardian: Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX)] = ""


class EnrollingShown(msgspec.Struct, frozen=True):
    """How far the enrolment of this log-in is. `state`: looking, saving, done, failed, over, silent (not known now).

    `step` is what the person is to do, `said` what was wrong with the last picture, or with the end; `over`: it is.
    """

    holder: str
    state: str
    step: str
    taken: str
    said: tuple[str, ...]
    next: str
    over: bool
    angles: int
    angles_needed: int


class FaceEnding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`why` stands in the journal; left out, that the person asked for it."""

    why: WhyTyped = ""


class ReceiptShown(msgspec.Struct, frozen=True):
    """Of templates that are wiped. `because`: withdrawn, expired, dropped, left or wiped."""

    id: str
    holder: str
    given_by: str
    given: datetime | None
    wiped: datetime | None
    because: str
    because_text: str


class ReceiptsShown(msgspec.Struct, frozen=True):
    """Of what went by itself, the newest first. `next`: where to go on, null at the end."""

    count: int
    receipts: tuple[ReceiptShown, ...]
    next: int | None


OF_LIST = (Param("start", Annotated[int, Meta(ge=0, le=START_MAX)], number=True),)


class FaceApi:
    """What answers the routes of faces."""

    def __init__(self, desk: FaceDesk, rendering: Rendering, settings: Settings) -> None:
        self._desk = desk
        self._rendering = rendering
        self._settings = settings

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api faces": self._faces,
            "api face take": self._take,
            "api face enrolling": self._enrolling,
            "api face stop": self._stop,
            "api face withdraw": self._withdraw,
            "api face receipts": self._receipts,
            "api face receipt": self._receipt,
        }

    async def _faces(self, asked: Asked) -> Response:
        start = query_of(asked, OF_LIST)["start"] or 0
        try:
            told = await self._desk.told(asked.person, start=start)
        except NotBegun as error:
            raise self._problem(asked, error) from error
        shown = FacesShown(
            told.on,
            told.why,
            self._settings.face_cameras,
            told.count,
            tuple(map(_consented, told.faces)),
            _next(start, len(told.faces), told.count),
        )
        return answer(shown)

    # -- an enrolment -------------------------------------------------------------------------------------------------

    async def _take(self, asked: Asked) -> Response:
        """The consent is committed first; then the camera looks."""
        body = body_of(asked, FaceAsked)
        speaker = self._speaker(asked)
        said = Consenting(
            body.holder.strip(),
            body.given_by.strip(),
            body.camera,
            body.language,
            body.agreed == "yes",
            body.days,
            body.why,
            body.under_14,
            body.guardian.strip(),
        )
        try:
            command = taking_of(speaker, asked.person, self._settings.face_cameras, said)
            await self._desk.take(asked.person, command)
        except NotBegun as error:
            raise self._problem(asked, error) from error
        told = _shown(await progress_of(speaker, self._desk, asked.person))
        return answer(told, HTTPStatus.CREATED, {"location": f"{API}/faces/enrolling"})

    async def _enrolling(self, asked: Asked) -> Response:
        return answer(_shown(await progress_of(self._speaker(asked), self._desk, asked.person)))

    async def _stop(self, asked: Asked) -> Response:
        body_of(asked, Nothing)
        if not self._desk.enrolling(asked.person):
            raise ApiError(HTTPStatus.CONFLICT, "not_taken", more={"reasons": ("faces_none_begun",)})
        try:
            await self._desk.progress(asked.person, stop=True)
        except NotBegun as error:
            raise self._problem(asked, error) from error
        return answer(_shown(await progress_of(self._speaker(asked), self._desk, asked.person)))

    # -- a withdrawal -------------------------------------------------------------------------------------------------

    async def _withdraw(self, asked: Asked) -> Response:
        """The receipt is told here, and is kept nowhere else."""
        body = body_of(asked, FaceEnding)
        holder = part_of(asked, "holder")
        if not is_name(holder):
            raise missing()
        try:
            receipt = await self._desk.withdraw(asked.person, holder, why_of(self._speaker(asked), body.why))
        except NotBegun as error:
            if Reason.NOT_FOUND_HOLDER in error.reasons:
                raise missing() from error
            raise self._problem(asked, error) from error
        return Response(receipt, media_type=JSON)

    async def _receipts(self, asked: Asked) -> Response:
        start = query_of(asked, OF_LIST)["start"] or 0
        try:
            told = await self._desk.told(asked.person, receipts=True, start=start)
        except NotBegun as error:
            raise self._problem(asked, error) from error
        speaker = self._speaker(asked)
        rows = tuple(_receipt(speaker, text) for text in told.receipts)
        return answer(ReceiptsShown(told.count, rows, _next(start, len(rows), told.count)))

    async def _receipt(self, asked: Asked) -> Response:
        """As it was signed, to the letter."""
        number = part_of(asked, "receipt")
        try:
            kept = await self._desk.kept(asked.person)
        except NotBegun as error:
            raise self._problem(asked, error) from error
        found = next((text for text in kept if number_of(text) == number), None)
        if found is None:
            raise missing()
        return Response(found, media_type=JSON)

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _speaker(self, asked: Asked) -> Speaker:
        return self._rendering.speaker(asked.request)

    def _problem(self, asked: Asked, error: NotBegun) -> ApiError:
        text = " ".join(filter(None, refusal_of(self._speaker(asked), error)))
        if error.word == "faces_silent":
            return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", text, retry_s=RETRY_S)
        if error.word == "faces_not_known":
            return ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, text)
        if error.word:
            return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (error.word,)})
        return ApiError(HTTPStatus.CONFLICT, "refused", text, more={"reasons": error.reasons})


def _next(start: int, shown: int, count: int) -> int | None:
    return start + shown if shown and start + shown < count else None


def _utc(utc_s: int) -> datetime | None:
    return utc_of(utc_s * 1_000 if utc_s else None)


def _consented(one: FaceShown) -> FaceConsented:
    return FaceConsented(
        one.holder,
        one.given_by,
        _utc(one.given_s),
        one.witness,
        one.guardian,
        _utc(one.expires_s),
        one.templates,
        one.outdated,
    )


def _receipt(speaker: Speaker, text: str) -> ReceiptShown:
    one = read_receipt(text).receipt
    because = texts(speaker.words.language).say(f"faces.because.{one.why}")
    return ReceiptShown(
        number_of(text), one.holder, one.given_by, _utc(one.given_s), _utc(one.wiped_s), one.why, because
    )


def _shown(one: Progress) -> EnrollingShown:
    return EnrollingShown(**msgspec.structs.asdict(one))


FACE_OPERATIONS: dict[str, Operation] = {
    "api faces": Operation(FacesShown, OF_LIST, problems=(*READ, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.CONFLICT)),
    "api face take": Operation(
        EnrollingShown, body=FaceAsked, status=HTTPStatus.CREATED, once=True, located=True, problems=CHANGED
    ),
    "api face enrolling": Operation(EnrollingShown),
    "api face stop": Operation(EnrollingShown, body=Nothing, problems=CHANGED),
    "api face withdraw": Operation(Signed, body=FaceEnding, once=True, problems=CHANGED),
    "api face receipts": Operation(
        ReceiptsShown, OF_LIST, problems=(*READ, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.CONFLICT)
    ),
    "api face receipt": Operation(Signed, problems=(*READ, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.CONFLICT)),
}
