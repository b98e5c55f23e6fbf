"""The pages of cameras: a purpose is asked for and committed, then the newest picture of each camera that it is for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from firmware.camera_commands import ShiftTold
from firmware.network.accounts.account import Role
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.seams import Seams
from firmware.network.camera_view.stating import INCIDENTS, PURPOSES, Wish, is_guard, said_of
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.terminal import PURPOSE_CHARACTERS_MIN

REFRESH_S = 2  # without script
WHOLE = "shift"  # as long as may be
MINUTE_S, HOUR_S = 60, 3600
DONE = {"ended": "viewing_ended", "over": "viewing_is_over"}
NUMBER_DIGITS_MAX = 18  # below 2^63
SILENT = ("viewing_not_sent", "viewing_not_known")  # what only the controller can say


class CameraPages:
    """What answers the routes of pictures."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "cameras": self._cameras,
            "begin_viewing": self._begin,
            "viewing": self._viewing,
            "end_viewing": self._end,
        }

    # -- its beginning ------------------------------------------------------------------------------------------------

    async def _cameras(self, asked: Asked) -> Response:
        done = DONE.get(asked.request.query_params.get("done", ""), "")
        return self._seams.rendering.switched(asked) or await self._ask_page(asked, done=done)

    async def _begin(self, asked: Asked) -> Response:
        """The purpose is committed first; then it is looked."""
        if self._seams.viewings.of(asked.person) is not None:
            return see("/cameras/view")
        speaker = self._seams.rendering.speaker(asked.request)
        length = asked.field("for")
        for_s = int(length) if length.isascii() and length.isdigit() and 0 < len(length) <= 5 else None
        wish = Wish(asked.form.get("camera", ()), asked.field("purpose"), asked.field("note"), for_s)
        try:
            await self._seams.stating.begin(speaker, asked.person, asked.address, wish)
        except NotBegun as error:
            return await self._ask_page(asked, error)
        return see("/cameras/view")

    def _lengths(self, speaker: Speaker, person: Session, shift: ShiftTold | None = None) -> list[tuple[str, str]]:
        """How long one may look: (seconds, in words), the whole of it last."""
        most = self._seams.viewings.seconds(person, shift)
        words = speaker.words
        lengths = [
            (str(minutes * MINUTE_S), words("viewing_minutes", count=minutes))
            for minutes in (5, 15)
            if minutes * MINUTE_S < most
        ]
        if most > HOUR_S:
            lengths.append((str(HOUR_S), words("viewing_minutes", count=60)))
        if shift is not None:
            return [*lengths, (WHOLE, words("viewing_whole", elapsed=words.elapsed(most // MINUTE_S * MINUTE_S)))]
        return [*lengths, (str(most), words("viewing_minutes", count=most // MINUTE_S))]

    async def _ask_page(self, asked: Asked, error: NotBegun | None = None, done: str = "") -> Response:
        speaker, person = self._seams.rendering.speaker(asked.request), asked.person
        only_installs = not {Role.GUARD, Role.MANAGER} & person.roles
        shift: ShiftTold | None = None
        if is_guard(person):
            try:
                shift = await self._seams.viewings.shift(person)
            except NotBegun as trouble:  # what is asked now would not be heard either
                error = error or trouble
        purposes = INCIDENTS if is_guard(person) else PURPOSES
        return self._seams.rendering.html(
            "cameras.html",
            asked.request,
            asked.session,
            "/cameras",
            _status(error),
            cameras=named(speaker, self._seams.settings),
            chosen=asked.form.get("camera", ()),
            purposes=[(name, speaker.words(f"viewing_for_{name}")) for name in purposes],
            purpose=asked.field("purpose") or ("aim" if only_installs else ""),
            note=asked.field("note"),
            lengths=self._lengths(speaker, person),
            most=self._seams.settings.viewing.cameras_at_once,
            on=self._seams.settings.viewing.on,
            only_installs=only_installs,
            guard=is_guard(person),
            least=PURPOSE_CHARACTERS_MIN,
            shift=shift,
            shift_lengths=[] if shift is None else self._lengths(speaker, person, shift),
            shift_until=self._time(speaker, shift),
            viewing=self._seams.viewings.of(person),
            said=() if error is None else said_of(speaker, error),
            done=done,
            faces=Role.MANAGER in person.roles,
        )

    def _time(self, speaker: Speaker, shift: ShiftTold | None) -> str:
        utc_ms = None if shift is None else self._seams.live.utc_ms_at(self._now_s() + shift.left_s)
        return speaker.words("time_unknown") if utc_ms is None else speaker.at(utc_ms)

    # -- pictures -----------------------------------------------------------------------------------------------------

    async def _viewing(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        viewing = self._seams.viewings.of(asked.person)
        if viewing is None:
            return see("/cameras?" + urlencode({"done": "over"}))
        speaker = self._seams.rendering.speaker(asked.request)
        number = _number(asked.request, "after")  # of whoever asks for the next picture without script
        looks = (self._seams.windows.look(speaker, viewing, camera, number) for camera in viewing.panes)
        seen = [look.shown for look in await asyncio.gather(*looks)]
        return self._seams.rendering.html(
            "camera_view.html",
            asked.request,
            asked.session,
            "/cameras/view",
            purpose=viewing.stated.purpose,
            number=viewing.number,
            left=self._seams.windows.left(speaker, viewing),
            named=dict(named(speaker, self._seams.settings)),
            seen=seen,
            refresh_s=REFRESH_S,
        )

    # -- its end ------------------------------------------------------------------------------------------------------

    async def _end(self, asked: Asked) -> Response:
        viewing = self._seams.viewings.of(asked.person)
        if viewing is not None:
            self._seams.viewings.end(viewing, "by_hand")
        return see("/cameras?" + urlencode({"done": "ended"}))


def named(speaker: Speaker, settings: Settings) -> list[tuple[str, str]]:
    """Each camera, and what people call it."""
    words = speaker.words
    return [
        (camera, words("viewing_camera_at", camera=camera, portal=speaker.place(portal)) if portal else camera)
        for camera, portal in settings.cameras.items()
    ]


def _status(error: NotBegun | None) -> HTTPStatus:
    if error is None:
        return HTTPStatus.OK
    return HTTPStatus.SERVICE_UNAVAILABLE if error.word in SILENT else HTTPStatus.BAD_REQUEST


def _number(request: Request, name: str) -> int:
    """A number of a picture; 0 for what is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else 0
