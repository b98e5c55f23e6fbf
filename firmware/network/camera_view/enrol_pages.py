"""The pages of an enrolment: who stands there, the consent, and what the person before the camera is to do.

Who it is, is found by name or unit as on the pages of people; what was sought stands in no address. Where no list of
people answers, the holder's id is typed.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response

from firmware.faces.consent import LANGUAGES
from firmware.network.camera_view.consenting import (
    DAYS_ASKED,
    Consenting,
    progress_of,
    refusal_of,
    taking_of,
)
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.face_pages import status_of
from firmware.network.camera_view.faces import FaceDesk, consent_blocks
from firmware.network.kept import Kept
from firmware.network.people.asks import PeopleAway, PeopleSaid
from firmware.network.people.front import Front, Wrong, address, query, wrong_of
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import FindPeople, HolderSheet, LookAtHolder, PeopleFound

REFRESH_S = 2  # without script
FINDS_MAX = 64
FIND_S_MAX = 1_800.0
TEXT_MAX = 200


class Sought(NamedTuple):
    """Who is meant, as far as is known. `by_list`: a list of people answers. `wrong`: what it said."""

    by_list: bool
    holder: str = ""
    name: str = ""
    place: str = ""
    text: str = ""
    found: PeopleFound | None = None
    wrong: Wrong | None = None


class EnrolPages:
    """What answers the routes of an enrolment; all of them for managers."""

    def __init__(self, desk: FaceDesk, front: Front) -> None:
        self._desk = desk
        self._front = front
        self._rendering = front.rendering
        self._settings = front.settings
        self._finds: Kept[str] = Kept(FIND_S_MAX, FINDS_MAX)
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "enrol_face": self._page,
            "find_face_holder": self._find,
            "take_face": self._take,
            "enrolling": self._enrolling,
            "stop_face": self._stop,
        }

    # -- who it is ----------------------------------------------------------------------------------------------------

    async def _page(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        find = query(asked, "find")
        return await self._form(asked, await self._sought(asked, query(asked, "holder"), find), find=find)

    async def _find(self, asked: Asked) -> Response:
        text = " ".join(asked.field("text").split())[:TEXT_MAX]
        key = self._finds.keep(asked.person, text, self._now_s()) if text else ""
        return see(address("/faces/enrol", read=_read(asked), find=key))

    async def _sought(self, asked: Asked, holder: str, find: str = "") -> Sought:
        """Who has this id, or whoever is found. Says so where no list of people answers."""
        text = self._finds.find(asked.person, find, self._now_s()) or ""
        try:
            if holder:
                sheet = await self._front.ask(HolderSheet, LookAtHolder(holder=holder), asked)
                place = sheet.label or sheet.fields.get("household", "")
                return Sought(True, sheet.id, sheet.fields.get("name", ""), place)
            found = await self._front.ask(PeopleFound, FindPeople(text=text), asked) if text else None
            return Sought(self._front.asks.there, text=text, found=found)
        except PeopleAway:
            return Sought(False, holder, text=text)
        except PeopleSaid as error:
            return Sought(True, text=text, wrong=wrong_of(self._front.speaker(asked), error.said))

    # -- the consent --------------------------------------------------------------------------------------------------

    async def _form(self, asked: Asked, sought: Sought, error: NotBegun | None = None, find: str = "") -> Response:
        speaker = self._front.speaker(asked)
        read = _read(asked)
        if read not in LANGUAGES:
            read = "zh_CN" if self._rendering.language(asked.request) == "zh" else "en"
        words = speaker.words
        lengths = [(90, words("faces_days", count=90)), (365, words("faces_year")), (1096, words("faces_years"))]
        return self._rendering.html(
            "face_enrol.html",
            asked.request,
            asked.session,
            address("/faces/enrol", read=read, holder=sought.holder, find=find),
            status_of(error) if sought.wrong is None else HTTPStatus.BAD_REQUEST,
            said=() if error is None else refusal_of(speaker, error),
            sought=sought,
            read=read,
            others=[
                (name, address("/faces/enrol", read=code, holder=sought.holder, find=find))
                for code, name in (("en", words("faces_english")), ("zh_CN", words("faces_chinese")))
                if code != read
            ],
            blocks=list(consent_blocks(read)),
            cameras=self._settings.face_cameras,
            on=self._settings.faces_on,
            lengths=lengths,
            typed={name: asked.field(name) for name in ("holder", "given_by", "guardian", "why", "camera")},
            under_14=asked.field("under_14") == "yes",
            days=asked.field("days") or str(DAYS_ASKED),
        )

    async def _take(self, asked: Asked) -> Response:
        """The consent is committed first; then the camera looks."""
        holder, given_by, guardian = (asked.field(name).strip() for name in ("holder", "given_by", "guardian"))
        days = asked.field("days")
        said = Consenting(
            holder,
            given_by,
            asked.field("camera"),
            asked.field("read"),
            asked.field("agreed") == "yes",
            int(days) if days.isascii() and days.isdigit() and len(days) <= 4 else DAYS_ASKED,
            asked.field("why"),
            asked.field("under_14") == "yes",
            guardian,
        )
        speaker = self._front.speaker(asked)
        try:
            command = taking_of(speaker, asked.person, self._settings.face_cameras, said)
            await self._desk.take(asked.person, command)
        except NotBegun as error:
            return await self._form(asked, await self._sought(asked, holder[:64]), error)
        return see("/faces/enrolling")

    # -- while the camera looks ---------------------------------------------------------------------------------------

    async def _enrolling(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        shown = await progress_of(self._front.speaker(asked), self._desk, asked.person)
        return self._rendering.html(
            "face_enrolling.html",
            asked.request,
            asked.session,
            "/faces/enrolling",
            shown=shown,
            holder=shown.holder,
            refresh_s=REFRESH_S,
        )

    async def _stop(self, asked: Asked) -> Response:
        try:
            if self._desk.enrolling(asked.person):
                await self._desk.progress(asked.person, stop=True)
        except NotBegun as error:
            return await self._form(asked, await self._sought(asked, ""), error)
        return see("/faces/enrolling")


def _read(asked: Asked) -> str:
    return asked.field("read") or query(asked, "read", 8)
