"""A review's list of people as a table (CSV): who loses or gains what, in pieces, after the journal was told of it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator

from starlette.responses import Response

from firmware.core.account_facts import Act
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import NotRecorded
from firmware.network.download import Download
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.filters import purpose_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.review.api_words import TABLE_TYPE
from firmware.network.review.lists import PURPOSE_NEEDED, SIDES, WHO
from firmware.network.review.showing import person_shown
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address
from firmware.network.words import Words
from firmware.people_words.base import Refused
from firmware.people_words.review import Concerned, ListConcerned
from firmware.roster.sheets.text_table import armoured

ROWS_AT_ONCE = 200
PIECES_MAX = 5_000  # a million people
BOM = "\ufeff"  # so that spreadsheets take it for UTF-8
HEAD = ("holder", "name", "household", "what", "where")
OF_LATE = "of_late"  # for whoever has said why the journal's part is looked at, and for nobody else


class ReviewExport:
    """The table, for page and API; and what answers the page's form."""

    def __init__(self, seams: Seams, diary: Diary) -> None:
        self._seams = seams
        self._diary = diary

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"review_export": self._export}

    async def _export(self, asked: Asked) -> Response:
        side = asked.field("side") if asked.field("side") in SIDES else SIDES[0]
        try:
            return await self.table(asked, asked.field("review")[:64], side, asked.field("why"))
        except PeopleSaid as error:
            return self._refused(asked, error, side)

    async def table(self, asked: Asked, review: str, side: str, why: str) -> Response:
        """Raises PeopleSaid: then nothing of it is told to anybody."""
        question = ListConcerned(review=review, side=side, most=ROWS_AT_ONCE)
        words = self._seams.rendering.speaker(asked.request).words
        try:
            why = purpose_of(why)
        except NotUnderstood as error:
            raise PeopleSaid(Refused(word=PURPOSE_NEEDED, field="why")) from error
        first = await self._seams.asks.ask_for(Concerned, question, asked.person, asked.address)
        try:
            await self._diary.tell(
                Act.EXPORTED,
                issuer=asked.person.name,
                account="",
                address=asked.address,
                detail=f"review {side}",
                note=why,
            )
        except NotRecorded as error:
            raise PeopleSaid(Refused(word="people_not_recorded")) from error
        pieces = self._pieces(asked, question, first, words)
        return Download(pieces, asked.still, f"review-{side}.csv", f"{TABLE_TYPE}; charset=utf-8")

    def _refused(self, asked: Asked, error: PeopleSaid, side: str) -> Response:
        return self._seams.html(
            asked,
            "review_who.html",
            address(WHO, side=side),
            error,
            side=side,
            kept={"review": "", "side": side, "portal": "", "words": ""},
            portals=[],
            people=[],
            total=0,
            more="",
        )

    async def _pieces(
        self, asked: Asked, question: ListConcerned, found: Concerned, words: Words
    ) -> AsyncIterator[bytes]:
        """The table, page by page: however long it is, one page is in memory."""
        side = question.side
        of_late = any(one.passages is not None for one in found.people)
        head = (*HEAD, OF_LATE) if of_late else HEAD
        yield (BOM + lines_of([[words(f"review_csv_{name}") for name in head]])).encode()
        names = self._seams.point_names()
        for _ in range(PIECES_MAX):
            shown = [person_shown(words, one, found, side, names, all_places=True) for one in found.people]
            rows = [
                [one.holder, one.name, one.household, one.what, " | ".join(one.places), one.passages][: len(head)]
                for one in shown
            ]
            yield lines_of(rows).encode()
            if not found.more or not found.people:
                return
            further = ListConcerned(review=question.review, side=side, most=ROWS_AT_ONCE, after=found.people[-1].n)
            found = await self._seams.asks.ask_for(Concerned, further, asked.person, asked.address)


def lines_of(rows: list[list[str]]) -> str:
    """As RFC 4180 has it; nothing in it is a formula."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[armoured(cell) for cell in row] for row in rows])
    return out.getvalue()
