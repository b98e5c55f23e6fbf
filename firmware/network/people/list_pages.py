"""Who is there: found by what is typed; script asks the API as it is typed. What was sought stands in no address.

A plate is sought for a purpose only, which is in the journal before anything is answered.
"""

from __future__ import annotations

import asyncio
import secrets

import msgspec
from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, address, query
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.people_words.base import HowAreThings, Standing
from firmware.people_words.holders import PAGE_ROWS, SKIP_MAX, FindPeople, PeopleFound, PersonRow

FINDS_MAX = 256  # of all sessions: what was typed, for as long as one turns pages
FIND_S_MAX = 1800.0
KEY_BYTES = 9
TEXT_MAX = 200


class _Find(msgspec.Struct, frozen=True):
    session: str
    text: str
    until_s: float
    rows: tuple[PersonRow, ...] | None = None  # of a plate: found once, for its purpose


class ListPages:
    """What answers the routes of the list."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._finds: dict[str, _Find] = {}
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "people": self._people,
            "people_find": self._find,
            "people_plate": self._plate,
        }

    async def _people(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        key = query(asked, "find")
        find = self._of(asked.person, key)
        typed = query(asked, "skip", 6)
        skip = min(int(typed), SKIP_MAX) if typed.isdecimal() and typed.isascii() else 0
        path = address("/people", find=key if find else "", skip=str(skip) if skip else "")
        text = find.text if find else ""
        if find is not None and find.rows is not None:
            found = PeopleFound(rows=find.rows)
            return self._html(asked, path, found, text, 0, "", plate=True)
        try:
            found, standing = await asyncio.gather(
                self._front.ask(PeopleFound, FindPeople(text=text, skip=skip), asked),
                self._front.ask(Standing, HowAreThings(), asked),
            )
        except PeopleSaid as error:
            return self._html(asked, path, None, text, skip, key, error=error)
        return self._html(asked, path, found, text, skip, key, standing=standing)

    def _html(
        self,
        asked: Asked,
        path: str,
        found: PeopleFound | None,
        text: str,
        skip: int,
        key: str,
        error: PeopleSaid | None = None,
        **values: object,
    ) -> Response:
        shared: dict[str, object] = {"standing": None, "plate": False, "plate_typed": asked.field("plate")[:32]}
        return self._front.html(
            asked,
            "people.html",
            path,
            error,
            **(
                shared
                | {
                    "found": found,
                    "text": text,
                    "before": address("/people", find=key, skip=str(skip - PAGE_ROWS) if skip > PAGE_ROWS else "")
                    if skip
                    else "",
                    "after": address("/people", find=key, skip=str(skip + PAGE_ROWS)) if found and found.more else "",
                }
                | values
            ),
        )

    async def _find(self, asked: Asked) -> Response:
        text = " ".join(asked.field("text").split())[:TEXT_MAX]
        return see(address("/people", find=self._keep(asked.person, text) if text else ""))

    async def _plate(self, asked: Asked) -> Response:
        """Whose plate it is: the purpose is committed first; the answer is shown to whoever asked, for a while."""
        plate, purpose = asked.field("plate")[:32], asked.field("purpose")[:200]
        try:
            question = FindPeople(text=plate, plate=True, purpose=purpose)
            found = await self._front.ask(PeopleFound, question, asked)
        except PeopleSaid as error:
            return self._html(asked, "/people", None, "", 0, "", error=error, purpose=purpose)
        return see(address("/people", find=self._keep(asked.person, plate, found.rows)))

    def _keep(self, session: Session, text: str, rows: tuple[PersonRow, ...] | None = None) -> str:
        self._forget()
        while len(self._finds) >= FINDS_MAX:
            del self._finds[next(iter(self._finds))]
        key = secrets.token_urlsafe(KEY_BYTES)
        self._finds[key] = _Find(session.id, text, self._now_s() + FIND_S_MAX, rows)
        return key

    def _of(self, session: Session, key: str) -> _Find | None:
        self._forget()
        find = self._finds.get(key)
        return find if find is not None and find.session == session.id else None

    def _forget(self) -> None:
        now_s = self._now_s()
        self._finds = {key: find for key, find in self._finds.items() if now_s < find.until_s}
