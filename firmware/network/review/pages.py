"""The pages of a review: what waits, how many would be locked out; bringing it to the gate; putting back."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.rendering import see
from firmware.network.review.asking import NONE_YET, bringing, making, newest, waiting
from firmware.network.review.lists import REVIEW, cursor
from firmware.network.review.showing import at_portals, sums
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address, done_word, tried
from firmware.network.view import Speaker
from firmware.network.words import Words
from firmware.people_words.base import AT_THE_PAGE, Standing, Started
from firmware.people_words.review import DiscardWaiting, ReviewTold, UndoBatch
from firmware.terminal import PURPOSE_CHARACTERS_MIN

JOB = "/people/job"
DONE = frozenset({"review_put_back"})


class ReviewPages:
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._portals: Mapping[str, str] = seams.settings.portal_names

    def calls(self) -> dict[str, Answering]:
        return {
            "review": self._review,
            "review_make": self._make,
            "review_confirm": self._confirm,
            "review_bring": self._bring,
            "review_undo": self._undo,
            "review_discard": self._discard,
        }

    # -- what there is ------------------------------------------------------------------------------------------------

    async def _review(self, asked: Asked) -> Response:
        return self._seams.rendering.switched(asked) or await self._review_page(asked)

    async def _review_page(self, asked: Asked, refused: PeopleSaid | None = None) -> Response:
        standing: Standing | None = None
        error: PeopleSaid | None = None
        try:
            standing = await waiting(self._seams.asks, asked)
        except PeopleSaid as away:
            error = away
        told, missing = await tried(newest(self._seams.asks, asked))
        if missing is not None and missing.said.word != NONE_YET:
            error = error or missing
        speaker = self._seams.rendering.speaker(asked.request)
        words = speaker.words
        batches = [] if standing is None else list(standing.waiting)
        return self._seams.html(
            asked,
            "review.html",
            REVIEW,
            refused or error,
            done=done_word(asked, DONE),
            least=PURPOSE_CHARACTERS_MIN,
            standing=standing,
            unsaid=AT_THE_PAGE,
            waiting=[(each, speaker.at(each.at_s * 1000), words(f"review_batch_{each.kind}")) for each in batches],
            told=told,
            made="" if told is None else speaker.at(told.made_s * 1000),
            took="" if told is None else words.elapsed(max(1, told.took_ms // 1000)),
            sums=[] if told is None else sums(words, told),
            portals=[] if told is None else [(self._name(each.portal), each) for each in told.portals],
            since=_span(speaker, told),
            at_portals=[] if told is None else self._at_portals(words, told),
        )

    def _name(self, portal: str) -> str:
        return self._portals.get(portal, portal)

    def _at_portals(self, words: Words, told: ReviewTold) -> list[str]:
        return at_portals(words, told, self._portals)

    async def _make(self, asked: Asked) -> Response:
        """Begin to compare; the page of its progress leads back here."""
        question = making(asked.field("why"))
        started, error = await tried(self._seams.asks.ask_for(Started, question, asked.person, asked.address))
        return await self._begun(asked, started, error)

    async def _begun(self, asked: Asked, started: Started | None, error: PeopleSaid | None) -> Response:
        if started is not None:
            return see(address(JOB, id=started.job))
        running = error.said.fills.get("job", "") if error is not None and error.said.word == "people_job_runs" else ""
        return see(address(JOB, id=running)) if running else await self._review_page(asked, error)

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _confirm(self, asked: Asked) -> Response:
        """The page that says once more what will be so, before it is."""
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        told, error = await tried(newest(self._seams.asks, asked))
        return self._confirm_page(asked, told, error)

    def _confirm_page(self, asked: Asked, told: ReviewTold | None, error: PeopleSaid | None) -> Response:
        words = self._seams.rendering.speaker(asked.request).words
        return self._seams.html(
            asked,
            "review_bring.html",
            f"{REVIEW}/bring",
            error,
            told=told,
            sums=[] if told is None else sums(words, told),
            at_portals=[] if told is None else self._at_portals(words, told),
        )

    async def _bring(self, asked: Asked) -> Response:
        """Only what was reviewed, and only while nothing has changed since."""
        told, error = await tried(newest(self._seams.asks, asked))
        if told is None:
            return self._confirm_page(asked, None, error)
        try:
            question = bringing(told, asked.field("review"), asked.field("why"))
        except PeopleSaid as refused:
            return self._confirm_page(asked, told, refused)
        started, error = await tried(self._seams.asks.ask_for(Started, question, asked.person, asked.address))
        return await self._begun(asked, started, error)

    async def _undo(self, asked: Asked) -> Response:
        question = UndoBatch(batch=cursor(asked.field("batch")), why=asked.field("why")[:200])
        started, error = await tried(self._seams.asks.ask_for(Started, question, asked.person, asked.address))
        return await self._begun(asked, started, error)

    async def _discard(self, asked: Asked) -> Response:
        question = DiscardWaiting(batch=cursor(asked.field("batch")), why=asked.field("why")[:200])
        started, error = await tried(self._seams.asks.ask_for(Started, question, asked.person, asked.address))
        return await self._begun(asked, started, error)


def _span(speaker: Speaker, told: ReviewTold | None) -> tuple[str, str]:
    if told is None or told.passages is None or told.passages.since_ms is None or told.passages.until_ms is None:
        return "", ""
    return speaker.at(told.passages.since_ms), speaker.at(told.passages.until_ms)
