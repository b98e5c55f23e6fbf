"""The pages of cameras: a purpose is asked for and committed, then the newest picture of each camera that it is for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from firmware.core.codes import Reason
from firmware.network.accounts.account import Role
from firmware.network.camera_view.errors import NoPictures, NotBegun
from firmware.network.camera_view.showing import Camera, Shown, shown
from firmware.network.camera_view.source import Source
from firmware.network.camera_view.viewings import Viewing, Viewings
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN
from firmware.texts import texts

REFRESH_S = 2  # without script
OTHER = "other"
WHOLE = "shift"  # as long as may be
PURPOSES = ("call", "vehicle", "alarm", "shift", "aim", OTHER)
MINUTE_S, HOUR_S = 60, 3600
DONE = {"ended": "viewing_ended", "over": "viewing_is_over"}
REASONS = frozenset(Reason)
NUMBER_DIGITS_MAX = 18  # below 2^63

Said = tuple[()] | tuple[str, str]  # what went wrong, and what to do next


class CameraPages:
    """What answers the routes of pictures."""

    def __init__(
        self, live: Live, viewings: Viewings, source: Source, rendering: Rendering, settings: Settings
    ) -> None:
        self._live = live
        self._viewings = viewings
        self._source = source
        self._rendering = rendering
        self._settings = settings
        self._encode = msgspec.json.Encoder().encode
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "cameras": self._cameras,
            "begin_viewing": self._begin,
            "viewing": self._viewing,
            "camera_newest": self._newest,
            "camera_picture": self._picture,
            "end_viewing": self._end,
        }

    # -- its beginning ------------------------------------------------------------------------------------------------

    async def _cameras(self, asked: Asked) -> Response:
        done = DONE.get(asked.request.query_params.get("done", ""), "")
        return self._rendering.switched(asked) or self._ask_page(asked, done=done)

    async def _begin(self, asked: Asked) -> Response:
        """The purpose is committed first; then it is looked."""
        if self._viewings.of(asked.person) is not None:
            return see("/cameras/view")
        speaker = self._rendering.speaker(asked.request)
        try:
            cameras = self._chosen(asked.form.get("camera", ()))
            purpose = _purpose(speaker, asked.field("purpose"), asked.field("note"))
            chosen, lengths = asked.field("for"), dict(self._lengths(speaker, asked.person))
            for_s = int(chosen) if chosen in lengths and chosen != WHOLE else self._viewings.seconds(asked.person)
            await self._viewings.begin(asked.person, asked.address, cameras, purpose, for_s)
        except NotBegun as error:
            return self._ask_page(asked, error)
        return see("/cameras/view")

    def _chosen(self, names: tuple[str, ...]) -> tuple[str, ...]:
        cameras = tuple(dict.fromkeys(names))
        if not cameras or not set(cameras) <= self._settings.cameras.keys():
            raise NotBegun("viewing_no_camera")
        most = self._settings.viewing.cameras_at_once
        if len(cameras) > most:
            raise NotBegun("viewing_too_many_cameras", most=most)
        return cameras

    def _lengths(self, speaker: Speaker, person: Session) -> list[tuple[str, str]]:
        """How long one may look: (seconds, in words), the whole of it last."""
        most = self._viewings.seconds(person)
        words = speaker.words
        lengths = [
            (str(minutes * MINUTE_S), words("viewing_minutes", count=minutes))
            for minutes in (5, 15)
            if minutes * MINUTE_S < most
        ]
        if most > HOUR_S:
            lengths.append((str(HOUR_S), words("viewing_minutes", count=60)))
        if Role.GUARD in person.roles:
            return [*lengths, (WHOLE, words("viewing_whole", elapsed=words.elapsed(most // MINUTE_S * MINUTE_S)))]
        return [*lengths, (str(most), words("viewing_minutes", count=most // MINUTE_S))]

    def _ask_page(self, asked: Asked, error: NotBegun | None = None, done: str = "") -> Response:
        speaker = self._rendering.speaker(asked.request)
        only_installs = not {Role.GUARD, Role.MANAGER} & asked.person.roles
        return self._rendering.html(
            "cameras.html",
            asked.request,
            asked.session,
            "/cameras",
            HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
            cameras=self._named(speaker),
            chosen=asked.form.get("camera", ()),
            purposes=[(name, speaker.words(f"viewing_for_{name}")) for name in PURPOSES],
            purpose=asked.field("purpose") or ("aim" if only_installs else ""),
            note=asked.field("note"),
            lengths=self._lengths(speaker, asked.person),
            most=self._settings.viewing.cameras_at_once,
            on=self._settings.viewing.on,
            only_installs=only_installs,
            viewing=self._viewings.of(asked.person),
            said=_said(speaker, error),
            done=done,
            faces=Role.MANAGER in asked.person.roles,
        )

    def _named(self, speaker: Speaker) -> list[tuple[str, str]]:
        """Each camera, and what people call it."""
        words = speaker.words
        return [
            (camera, words("viewing_camera_at", camera=camera, portal=speaker.place(portal)) if portal else camera)
            for camera, portal in self._settings.cameras.items()
        ]

    # -- pictures -----------------------------------------------------------------------------------------------------

    async def _viewing(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        viewing = self._viewings.of(asked.person)
        if viewing is None:
            return see("/cameras?" + urlencode({"done": "over"}))
        speaker = self._rendering.speaker(asked.request)
        number = _number(asked.request, "after")  # of whoever asks for the next picture without script
        seen = await asyncio.gather(*(self._shown(speaker, viewing, camera, number) for camera in viewing.panes))
        return self._rendering.html(
            "camera_view.html",
            asked.request,
            asked.session,
            "/cameras/view",
            purpose=viewing.purpose,
            left=self._left(speaker, viewing),
            named=dict(self._named(speaker)),
            seen=seen,
            refresh_s=REFRESH_S,
        )

    async def _newest(self, asked: Asked) -> Response:
        """What script asks for, again and again: it waits for the next picture."""
        viewing = self._viewings.of(asked.person)
        camera = asked.request.query_params.get("camera", "")
        speaker = self._rendering.speaker(asked.request)
        if viewing is None or camera not in viewing.panes:
            return Response(status_code=HTTPStatus.GONE)
        told = await self._shown(speaker, viewing, camera, _number(asked.request, "after"))
        body = {**msgspec.to_builtins(told), "left": self._left(speaker, viewing)}
        return Response(self._encode(body), media_type="application/json")

    async def _shown(self, speaker: Speaker, viewing: Viewing, camera: str, after: int) -> Shown:
        pane = viewing.panes[camera]
        try:
            told = await pane.newer(self._source, after)
        except NoPictures:
            return shown(Camera(speaker, camera, self._live.utc_ms_at), None, None, self._now_s())
        return shown(Camera(speaker, camera, self._live.utc_ms_at), told, pane.age_ms(self._now_s()), self._now_s())

    async def _picture(self, asked: Asked) -> Response:
        """One picture, by its number, of a viewing of this very log-in, and only while it is one of now."""
        viewing = self._viewings.of(asked.person)
        pane = None if viewing is None else viewing.panes.get(asked.request.query_params.get("camera", ""))
        jpeg = None if pane is None else pane.jpeg(_number(asked.request, "number"), self._now_s())
        if jpeg is None:
            return Response(status_code=HTTPStatus.GONE)
        return Response(jpeg, media_type="image/jpeg")

    def _left(self, speaker: Speaker, viewing: Viewing) -> str:
        utc_ms = self._live.utc_ms_at(viewing.until_s)
        time = speaker.words("time_unknown") if utc_ms is None else speaker.at(utc_ms)
        seconds = max(0.0, viewing.until_s - self._now_s())
        step = MINUTE_S if seconds > 2 * MINUTE_S else 1
        return speaker.words("viewing_left", elapsed=speaker.words.elapsed(seconds // step * step), time=time)

    # -- its end ------------------------------------------------------------------------------------------------------

    async def _end(self, asked: Asked) -> Response:
        viewing = self._viewings.of(asked.person)
        if viewing is not None:
            self._viewings.end(viewing, "by_hand")
        return see("/cameras?" + urlencode({"done": "ended"}))


def _purpose(speaker: Speaker, chosen: str, note: str) -> str:
    """What stands in the journal, in the language of who stated it. Raises NotBegun."""
    if chosen not in PURPOSES:
        raise NotBegun("viewing_no_purpose")
    line = " ".join(note.split())
    least = PURPOSE_CHARACTERS_MIN if chosen == OTHER else 0
    named = speaker.words(f"viewing_for_{chosen}")
    if chosen != OTHER and line:
        purpose = speaker.words("viewing_with_note", reason=named, note=line)
    else:
        purpose = line or named
    if not least <= len(line) or len(purpose) > PURPOSE_CHARACTERS_MAX or not purpose.isprintable():
        raise NotBegun("viewing_no_note", least=PURPOSE_CHARACTERS_MIN, most=PURPOSE_CHARACTERS_MAX - len(named) - 2)
    return purpose


def _said(speaker: Speaker, error: NotBegun | None) -> Said:
    """What went wrong, and what to do."""
    if error is None:
        return ()
    words = speaker.words
    if error.word:
        following = f"{error.word}_next"
        return words(error.word, **error.named), words(following) if words.has(following) else ""
    catalogue = texts(words.language)
    named = [word if not place else f"{word}:{speaker.place(place)}" for word, _, place in _parted(error.reasons)]
    return words("viewing_refused"), words("list_separator").join(
        catalogue.reason(each) if each.partition(":")[0] in REASONS else words("try_next") for each in named
    )


def _number(request: Request, name: str) -> int:
    """A number of a picture; 0 for what is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX else 0


def _parted(reasons: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return [each.partition(":") for each in reasons]
