"""The frame of the pages of one kind of rule that has a name: all of them, and one to be changed, renamed, removed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address, done, done_word, tried
from firmware.people_words.rules import (
    ChangeProfile,
    ChangeSchedule,
    RemoveProfile,
    RemoveSchedule,
    RenameProfile,
    RenameSchedule,
    RuleChanged,
)

NEW = "new"  # `was` of what is to be added

Removing = type[RemoveSchedule] | type[RemoveProfile]
Renaming = type[RenameSchedule] | type[RenameProfile]
Changing = ChangeSchedule | RemoveSchedule | RenameSchedule | ChangeProfile | RemoveProfile | RenameProfile


class RulePages(ABC):
    """`word` is "schedule" or "profile": it names calls, addresses, templates, and words of the page."""

    def __init__(self, seams: Seams, word: str, removing: Removing, renaming: Renaming) -> None:
        self._seams = seams
        self._word = word
        self._removing = removing
        self._renaming = renaming
        self._dones = frozenset({f"{word}{what}" for what in ("_saved", "_same", "_renamed", "_removed")})

    def calls(self) -> dict[str, Answering]:
        return {
            f"{self._word}s": self._list,
            self._word: self._one,
            f"{self._word}_put": self._put,
            f"{self._word}_rename": self._rename,
            f"{self._word}_remove": self._remove,
        }

    # -- what each kind has of its own --------------------------------------------------------------------------------

    @abstractmethod
    async def _list_page(self, asked: Asked, refused: PeopleSaid | None = None) -> Response:
        """All of them, from a name on; with what was refused, if anything was."""

    @abstractmethod
    async def _one_page(self, asked: Asked, name: str, refused: PeopleSaid | None = None) -> Response:
        """One of them as it is saved; "": a new one."""

    @abstractmethod
    async def _put(self, asked: Asked) -> Response:
        """What its form says, saved."""

    # -- what they share ----------------------------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Response:
        return self._seams.rendering.switched(asked) or await self._list_page(asked)

    async def _one(self, asked: Asked) -> Response:
        name = asked.request.query_params.get("name", "")[:64]
        return self._seams.rendering.switched(asked) or await self._one_page(asked, name)

    async def _rename(self, asked: Asked) -> Response:
        name = asked.field("name")[:64]
        question = self._renaming(
            name=name, new_name=asked.field("new_name").strip()[:64], was=asked.field("was")[:64], why=why_of(asked)
        )
        return await self._changed(asked, question, "_renamed", lambda error: self._one_page(asked, name, error))

    async def _remove(self, asked: Asked) -> Response:
        question = self._removing(name=asked.field("name")[:64], was=asked.field("was")[:64], why=why_of(asked))
        return await self._changed(asked, question, "_removed", lambda error: self._list_page(asked, error))

    async def _changed(
        self, asked: Asked, question: Changing, what: str, again: Callable[[PeopleSaid | None], Awaitable[Response]]
    ) -> Response:
        """Asked of the desk; where it refuses, `again` shows what was typed."""
        found, error = await tried(self._seams.asks.ask_for(RuleChanged, question, asked.person, asked.address))
        if found is None:
            return await again(error)
        return done(self._path("s"), f"{self._word}{what if found.changes else '_same'}")

    def _listed(self, asked: Asked, refused: PeopleSaid | None, rows: Sequence[object], after: str) -> Response:
        """The list; `after` is the last name where it goes on."""
        return self._seams.html(
            asked,
            f"rules_{self._word}s.html",
            self._path("s"),
            refused,
            done=done_word(asked, self._dones),
            rule=self._word,
            rows=rows,
            more=address(self._path("s"), after=after) if after else "",
        )

    def _shown(
        self,
        asked: Asked,
        name: str,
        was: str,
        error: PeopleSaid | None,
        status: HTTPStatus | None = None,
        **values: object,
    ) -> Response:
        """One of them, `name` being that of what is saved."""
        return self._seams.html(
            asked,
            f"rules_{self._word}.html",
            address(self._path(), name=name),
            error,
            status,
            rule=self._word,
            is_new=was in ("", NEW),
            new_name=asked.field("new_name")[:64],
            **values,
        )

    def _path(self, plural: str = "") -> str:
        return f"/people/{self._word}{plural}"


def why_of(asked: Asked) -> str:
    return asked.field("why")[:200]


def saved_name(name: str, was: str) -> str:
    """The name under which it is saved already; "" for a new one."""
    return "" if was in ("", NEW) else name
