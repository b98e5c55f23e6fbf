"""The lists of a review: who loses or gains, what differs, and whose presentations would be decided otherwise.

What is searched for stands in no address: it is sent by a form, and kept under a key for as long as one turns pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar

from starlette.responses import Response

from firmware.network.kept import Kept
from firmware.network.people.asks import PeopleSaid
from firmware.network.rendering import see
from firmware.network.review.showing import ENTITIES, difference_shown, passage_shown, person_shown
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address, tried
from firmware.people_words.asking import AnyQuestion
from firmware.people_words.base import Found
from firmware.people_words.review import (
    Concerned,
    Differences,
    ListConcerned,
    ListDifferences,
    ListPassages,
    PassagesTold,
)

REVIEW = "/people/review"
WHO, CHANGES, PASSAGES = f"{REVIEW}/who", f"{REVIEW}/changes", f"{REVIEW}/passages"
SIDES = ("lost", "gained")
WORDS_MAX = 64
FINDS_MAX = 256
FIND_S_MAX = 1800.0
PURPOSE_MAX = 200
PURPOSE_NEEDED = "people_purpose_needed"

F = TypeVar("F", bound=Found)


class ReviewLists:
    """What answers the routes of a review's lists."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._portals: Mapping[str, str] = seams.settings.portal_names
        self._finds: Kept[str] = Kept(FIND_S_MAX, FINDS_MAX)
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "review_who": self._or_switched(self._who),
            "review_who_find": self._who_find,
            "review_changes": self._or_switched(self._changes),
            "review_changes_find": self._changes_find,
            "review_passages": self._or_switched(self._passages),
            "review_passages_find": self._passages_find,
        }

    def _or_switched(self, page: Answering) -> Answering:
        async def shown(asked: Asked) -> Response:
            return self._seams.rendering.switched(asked) or await page(asked)

        return shown

    # -- who ----------------------------------------------------------------------------------------------------------

    async def _who_find(self, asked: Asked) -> Response:
        return self._found(asked, WHO, **self._of_who(asked.field))

    def _of_who(self, field: Callable[[str], str]) -> dict[str, str]:
        """What of a list of people may stand in an address."""
        portal = field("portal")
        return {
            "review": field("review")[:64],
            "side": "gained" if field("side") == "gained" else "lost",
            "portal": portal if portal in self._portals else "",
        }

    async def _who(self, asked: Asked) -> Response:
        kept, words = self._of_who(_query(asked)), self._words(asked)
        question = ListConcerned(
            review=kept["review"], side=kept["side"], portal=kept["portal"], words=words, after=_after(asked)
        )
        found, error = await self._ask(asked, Concerned, question)
        speaker, side, names = self._seams.rendering.speaker(asked.request), kept["side"], self._seams.point_names()
        people = () if found is None else found.people
        shown = [] if found is None else [person_shown(speaker.words, one, found, side, names) for one in people]
        return self._seams.html(
            asked,
            "review_who.html",
            address(WHO, **self._here(asked, kept)),
            error,
            side=side,
            kept=kept | {"words": words},
            portals=sorted(self._portals.items(), key=lambda one: one[1]),
            people=shown,
            total=0 if found is None else found.total,
            more=self._further(asked, WHO, kept, people) if found is not None and found.more else "",
        )

    # -- what differs -------------------------------------------------------------------------------------------------

    async def _changes_find(self, asked: Asked) -> Response:
        return self._found(asked, CHANGES, **_of_changes(asked.field))

    async def _changes(self, asked: Asked) -> Response:
        kept, words = _of_changes(_query(asked)), self._words(asked)
        question = ListDifferences(review=kept["review"], entity=kept["entity"], words=words, after=_after(asked))
        found, error = await self._ask(asked, Differences, question)
        speaker = self._seams.rendering.speaker(asked.request)
        rows = () if found is None else found.differences
        return self._seams.html(
            asked,
            "review_changes.html",
            address(CHANGES, **self._here(asked, kept)),
            error,
            kept=kept | {"words": words},
            entities=ENTITIES,
            rows=[difference_shown(speaker.words, one) for one in rows],
            total=0 if found is None else found.total,
            more=self._further(asked, CHANGES, kept, rows) if found is not None and found.more else "",
        )

    # -- presentations of late ----------------------------------------------------------------------------------------

    async def _passages_find(self, asked: Asked) -> Response:
        """A purpose, which the journal has before anything is shown; or what is searched for."""
        review = asked.field("review")[:64]
        if "purpose" not in asked.form:
            return self._found(asked, PASSAGES, review=review)
        purpose = asked.field("purpose")[:PURPOSE_MAX] or " "  # nothing at all would ask for the one stated before
        question = ListPassages(review=review, why=purpose, most=1)
        _, error = await self._ask(asked, PassagesTold, question)
        return see(address(PASSAGES, review=review)) if error is None else self._purpose_page(asked, review, error)

    async def _passages(self, asked: Asked) -> Response:
        kept, words = {"review": _query(asked)("review")[:64]}, self._words(asked)
        question = ListPassages(review=kept["review"], words=words, after=_after(asked))
        found, error = await self._ask(asked, PassagesTold, question)
        if error is not None and error.said.word == PURPOSE_NEEDED:
            return self._purpose_page(asked, kept["review"])
        speaker, names = self._seams.rendering.speaker(asked.request), self._seams.point_names()
        rows = () if found is None else found.passages
        return self._seams.html(
            asked,
            "review_passages.html",
            address(PASSAGES, **self._here(asked, kept)),
            error,
            kept=kept | {"words": words},
            stated="" if found is None else found.purpose,
            rows=[passage_shown(speaker, one, names) for one in rows],
            total=0 if found is None else found.total,
            more=self._further(asked, PASSAGES, kept, rows) if found is not None and found.more else "",
        )

    def _purpose_page(self, asked: Asked, review: str, error: PeopleSaid | None = None) -> Response:
        return self._seams.html(
            asked,
            "review_purpose.html",
            address(PASSAGES, review=review),
            error,
            review=review,
            purpose=asked.field("purpose")[:PURPOSE_MAX],
        )

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _ask(self, asked: Asked, kind: type[F], question: AnyQuestion) -> Awaitable[tuple[F | None, PeopleSaid | None]]:
        return tried(self._seams.asks.ask_for(kind, question, asked.person, asked.address))

    def _found(self, asked: Asked, path: str, **kept: str) -> Response:
        """To the list, with what is searched for under a key."""
        words = asked.field("words").strip()[:WORDS_MAX]
        key = self._finds.keep(asked.person, words, self._now_s()) if words else ""
        return see(address(path, **kept, find=key))

    def _words(self, asked: Asked) -> str:
        """What is searched for; "" once it is forgotten."""
        return self._finds.find(asked.person, _query(asked)("find"), self._now_s()) or ""

    def _here(self, asked: Asked, kept: Mapping[str, str]) -> dict[str, str]:
        return {**kept, "find": _query(asked)("find") if self._words(asked) else ""}

    def _further(self, asked: Asked, path: str, kept: Mapping[str, str], rows: Sequence[object]) -> str:
        """The page after these rows."""
        return address(path, **self._here(asked, kept), after=str(getattr(rows[-1], "n", 0)))


def _query(asked: Asked) -> Callable[[str], str]:
    return lambda name: asked.request.query_params.get(name, "")


def _of_changes(field: Callable[[str], str]) -> dict[str, str]:
    return {"review": field("review")[:64], "entity": field("entity") if field("entity") in ENTITIES else ""}


def _after(asked: Asked) -> int:
    return cursor(_query(asked)("after"))


def cursor(text: str) -> int:
    """Where a list goes on; 0, its beginning, for what is no place."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else 0
