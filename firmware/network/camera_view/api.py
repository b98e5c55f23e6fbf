"""Cameras by the API: which there are, viewings with their purpose, and what is seen. The page's own script uses it.

A viewing belongs to a person's log-in, and ends with it. No program sees pictures by a token: nobody would look for the
purpose that was stated.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.network.api.client import ClientSession
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import CHANGED, READ, Operation
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import Param, answer, body_of, missing, part_of, query_of, utc_of
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.pages import named
from firmware.network.camera_view.seams import Seams
from firmware.network.camera_view.stating import PURPOSES, Wish, is_guard, said_of
from firmware.network.camera_view.viewings import Viewing
from firmware.network.camera_view.watching import Look
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.view import Speaker

RETRY_S = 5
CAMERAS_MAX = 8
NOTE_CHARACTERS_MAX = 160
SECONDS_MAX = 14 * 3600
JPEG = "image/jpeg"

CameraName = Annotated[str, Meta(min_length=1, max_length=40, pattern="^[!-~]+$")]
PictureNumber = Annotated[str, Meta(pattern="^[0-9]{1,18}$")]
Purpose = Literal["call", "vehicle", "alarm", "shift", "aim", "other"]
assert Purpose.__args__ == PURPOSES  # type: ignore[attr-defined]


class CameraShown(msgspec.Struct, frozen=True):
    """`portal` is what it is a reader of, "" for none. `looked_until`: somebody looks through it, so long at most."""

    id: str
    name_text: str
    portal: str
    faces: bool
    looked_until: datetime | None


class ShiftShown(msgspec.Struct, frozen=True):
    """What a guard looks for in this shift; "" where nothing was stated yet. `until`: its end, if it began now."""

    purpose: str
    until: datetime | None
    seconds_left: int


class Cameras(msgspec.Struct, frozen=True):
    """`on`: pictures are shown at this site at all. `shift` is a guard's own, null for everybody else."""

    on: bool
    cameras_at_once: int
    cameras: tuple[CameraShown, ...]
    shift: ShiftShown | None


class ViewingAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A purpose, which stands in the journal before the first picture. `seconds` null: as long as may be.

    "other" needs a `note` of at least 5 characters. A guard has one viewing a shift: with "shift" it begins, or goes on
    under the purpose that stands. Whatever else a guard looks for is an incident, 15 minutes at most, and its `note`
    says what has happened.
    """

    cameras: Annotated[tuple[CameraName, ...], Meta(min_length=1, max_length=CAMERAS_MAX)]
    purpose: Purpose
    note: Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)] = ""
    seconds: Annotated[int, Meta(ge=1, le=SECONDS_MAX)] | None = None


class ViewingShown(msgspec.Struct, frozen=True):
    """A viewing of this very log-in, while it lasts."""

    id: str
    cameras: tuple[str, ...]
    purpose: str
    shift: bool
    incident: bool
    until: datetime | None
    seconds_left: int
    left_text: str


class ViewingsShown(msgspec.Struct, frozen=True):
    """Of this log-in: one at most."""

    viewings: tuple[ViewingShown, ...]


class BoxShown(msgspec.Struct, frozen=True):
    """What is recognised: `number` stands in the picture, too. Left, top, right and low in shares of the picture.

    `kind`: vehicle or plate; `label`: which vehicle; `plate`: once several looks agreed. Nobody's face is marked.
    """

    number: int
    kind: str
    label: str
    plate: str
    left: float
    top: float
    right: float
    low: float
    text: str


class NewestShown(msgspec.Struct, frozen=True):
    """What is seen now. `number` and `picture` (where it is) are "" while there is none of now; `state` says why.

    `state`: live, starting, waiting, lost, dark, frozen, masked, refused, busy, none (the recognition is away).
    """

    camera: str
    state: str
    state_text: str
    advice: str
    number: str
    picture: str
    picture_text: str
    taken: datetime | None
    taken_text: str
    width: int
    height: int
    boxes: tuple[BoxShown, ...]
    seconds_left: int
    left_text: str


OF_NEWEST = (Param("camera", CameraName), Param("number", PictureNumber))


class ViewingApi:
    """What answers the routes of cameras."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api cameras": self._cameras,
            "api viewings": self._list,
            "api viewing begin": self._begin,
            "api viewing": self._viewing,
            "api viewing newest": self._newest,
            "api viewing picture": self._picture,
            "api viewing end": self._end,
        }

    async def _cameras(self, asked: Asked) -> Response:
        speaker = self._seams.rendering.speaker(asked.request)
        until = {looking.camera: looking.until_s for looking in self._seams.live.looking}
        cameras = (
            CameraShown(
                camera,
                name,
                self._seams.settings.cameras[camera],
                camera in self._seams.settings.face_cameras,
                self._utc(until[camera]) if camera in until else None,
            )
            for camera, name in named(speaker, self._seams.settings)
        )
        of_guard = is_guard(asked.person) and not isinstance(asked.person, ClientSession)
        shift = await self._shift(speaker, asked.person) if of_guard else None
        use = self._seams.settings.viewing
        return answer(Cameras(use.on, use.cameras_at_once, tuple(cameras), shift))

    async def _shift(self, speaker: Speaker, person: Session) -> ShiftShown:
        try:
            told = await self._seams.viewings.shift(person)
        except NotBegun as error:
            raise self._problem(speaker, error) from error
        return ShiftShown(told.purpose, self._utc(self._now_s() + told.left_s), told.left_s)

    async def _begin(self, asked: Asked) -> Response:
        """The purpose is committed first; then it is looked."""
        body = body_of(asked, ViewingAsked)
        speaker = self._seams.rendering.speaker(asked.request)
        before = self._seams.viewings.of(asked.person)
        if before is not None:
            text = speaker.words("viewing_is_one")
            raise ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": ("viewing_is_one",)})
        wish = Wish(body.cameras, body.purpose, body.note, body.seconds)
        try:
            viewing = await self._seams.stating.begin(speaker, asked.person, asked.address, wish)
        except NotBegun as error:
            raise self._problem(speaker, error) from error
        place = {"location": f"{API}/viewings/{viewing.number}"}
        return answer(self._told(speaker, viewing), HTTPStatus.CREATED, place)

    def _problem(self, speaker: Speaker, error: NotBegun) -> ApiError:
        text = " ".join(filter(None, said_of(speaker, error)))
        if error.word == "viewing_not_sent":
            return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", text, retry_s=RETRY_S)
        if error.word == "viewing_not_known":
            return ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, text)
        if error.word:
            return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (error.word,)})
        return ApiError(HTTPStatus.CONFLICT, "refused", text, more={"reasons": error.reasons})

    # -- one that lasts -----------------------------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Response:
        viewing = self._seams.viewings.of(asked.person)
        speaker = self._seams.rendering.speaker(asked.request)
        return answer(ViewingsShown(() if viewing is None else (self._told(speaker, viewing),)))

    async def _viewing(self, asked: Asked) -> Response:
        return answer(self._told(self._seams.rendering.speaker(asked.request), self._of(asked)))

    async def _newest(self, asked: Asked) -> Response:
        """What script asks for, again and again: it waits for the next picture."""
        viewing = self._of(asked)
        camera, number = self._which(asked, viewing)
        speaker = self._seams.rendering.speaker(asked.request)
        look = await self._seams.windows.look(speaker, viewing, camera, number or 0)
        if self._seams.viewings.of(asked.person) is not viewing:
            raise missing()  # it ended while the next one was waited for
        return answer(self._seen(speaker, viewing, look))

    async def _picture(self, asked: Asked) -> Response:
        """One picture, by its number, or the newest; of a viewing of this very log-in, while it is one of now."""
        viewing = self._of(asked)
        camera, number = self._which(asked, viewing)
        if number is None:
            look = await self._seams.windows.look(self._seams.rendering.speaker(asked.request), viewing, camera, 0)
            number = int(look.shown.number or 0)
        jpeg = self._seams.windows.jpeg(viewing, camera, number)
        if jpeg is None or self._seams.viewings.of(asked.person) is not viewing:
            raise missing()
        return Response(jpeg, media_type=JPEG)

    async def _end(self, asked: Asked) -> Response:
        body_of(asked, Nothing)
        self._seams.viewings.end(self._of(asked), "by_hand")
        return Response(status_code=HTTPStatus.NO_CONTENT)

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _of(self, asked: Asked) -> Viewing:
        """The one of this log-in, if it is that. Raises ApiError."""
        viewing = self._seams.viewings.of(asked.person)
        if viewing is None or viewing.number != part_of(asked, "viewing"):
            raise missing()
        return viewing

    @staticmethod
    def _which(asked: Asked, viewing: Viewing) -> tuple[str, int | None]:
        """Its only camera where none is named. Raises ApiError."""
        told = query_of(asked, OF_NEWEST)
        camera = told["camera"] or next(iter(viewing.panes))
        if camera not in viewing.panes:
            raise missing()
        return camera, None if told["number"] is None else int(told["number"])

    def _told(self, speaker: Speaker, viewing: Viewing) -> ViewingShown:
        stated = viewing.stated
        return ViewingShown(
            viewing.number,
            stated.cameras,
            stated.purpose,
            stated.shift,
            bool(stated.incident),
            self._utc(viewing.until_s),
            int(self._seams.windows.left_s(viewing)),
            self._seams.windows.left(speaker, viewing),
        )

    def _seen(self, speaker: Speaker, viewing: Viewing, look: Look) -> NewestShown:
        shown = look.shown
        return NewestShown(
            shown.camera,
            shown.state,
            shown.said,
            shown.advice,
            shown.number,
            shown.src,
            shown.alt,
            utc_of(look.taken_utc_ms),
            shown.taken,
            shown.width,
            shown.height,
            tuple(
                BoxShown(box.number, box.kind, box.label, box.text, *box.box, text)
                for box, text in zip(look.boxes, shown.seen, strict=True)
            ),
            int(self._seams.windows.left_s(viewing)),
            self._seams.windows.left(speaker, viewing),
        )

    def _utc(self, at_s: float) -> datetime | None:
        return utc_of(self._seams.live.utc_ms_at(at_s))


VIEWING_OPERATIONS: dict[str, Operation] = {
    "api cameras": Operation(Cameras, problems=READ),
    "api viewings": Operation(ViewingsShown),
    "api viewing begin": Operation(
        ViewingShown, body=ViewingAsked, status=HTTPStatus.CREATED, once=True, located=True, problems=CHANGED
    ),
    "api viewing": Operation(ViewingShown),
    "api viewing newest": Operation(NewestShown, OF_NEWEST),
    "api viewing picture": Operation(None, OF_NEWEST, media=JPEG),
    "api viewing end": Operation(None, body=Nothing, status=HTTPStatus.NO_CONTENT),
}
