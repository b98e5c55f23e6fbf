"""The pages of a review: what waits, who would be locked out, what differs; bringing it to the gate; putting back."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.people.asks import PeopleSaid
from firmware.network.rendering import see
from firmware.network.review.showing import (
    ENTITIES,
    difference_shown,
    passage_shown,
    person_shown,
    sums,
)
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address, done_word, tried
from firmware.network.view import Speaker
from firmware.network.words import Words
from firmware.people_words.base import HowAreThings, Refused, Standing, Started
from firmware.people_words.holders import BringToGate
from firmware.people_words.review import (
    Concerned,
    Differences,
    DiscardWaiting,
    ListConcerned,
    ListDifferences,
    ListPassages,
    LookAtReview,
    MakeReview,
    PassagesTold,
    ReviewTold,
    UndoBatch,
)

REVIEW = "/people/review"
JOB = "/people/job"
SIDES = ("lost", "gained")
DONE = frozenset({"review_put_back"})
WORDS_MAX = 64


class ReviewPages:
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._portals: Mapping[str, str] = seams.settings.portal_names

    def calls(self) -> dict[str, Answering]:
        return {
            "review": self._review,
            "review_make": self._make,
            "review_who": self._who,
            "review_changes": self._changes,
            "review_passages": self._passages,
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
        if Role.MANAGER in asked.person.roles:
            standing, error = await tried(
                self._seams.asks.ask_for(Standing, HowAreThings(), asked.person, asked.address)
            )
        told, missing = await tried(self._look(asked))
        if missing is not None and missing.said.word != "review_none":
            error = error or missing
        speaker = self._seams.rendering.speaker(asked.request)
        words = speaker.words
        waiting = [] if standing is None else list(standing.waiting)
        return self._seams.html(
            asked,
            "review.html",
            REVIEW,
            refused or error,
            done=done_word(asked, DONE),
            standing=standing,
            waiting=[(each, speaker.at(each.at_s * 1000), words(f"review_batch_{each.kind}")) for each in waiting],
            told=told,
            made="" if told is None else speaker.at(told.made_s * 1000),
            took="" if told is None else words.elapsed(max(1, told.took_ms // 1000)),
            sums=[] if told is None else sums(words, told),
            portals=[] if told is None else [(self._name(each.portal), each) for each in told.portals],
            since=_span(speaker, told),
            at_portals=[] if told is None else self._at_portals(words, told),
        )

    def _look(self, asked: Asked) -> Awaitable[ReviewTold]:
        return self._seams.asks.ask_for(ReviewTold, LookAtReview(), asked.person, asked.address)

    def _name(self, portal: str) -> str:
        return self._portals.get(portal, portal)

    def _at_portals(self, words: Words, told: ReviewTold) -> list[str]:
        """What changes for everybody, because the site's own portals follow a schedule."""
        return [
            words("review_at_portals", schedule=name, portals=words("list_comma").join(map(self._name, portals)))
            for name, portals in told.at_portals.items()
        ]

    async def _make(self, asked: Asked) -> Response:
        """Begin to compare; the page of its progress leads back here."""
        question = MakeReview(why=" ".join(asked.field("why").split())[:200])
        started, error = await tried(self._seams.asks.ask_for(Started, question, asked.person, asked.address))
        return await self._begun(asked, started, error)

    async def _begun(self, asked: Asked, started: Started | None, error: PeopleSaid | None) -> Response:
        if started is not None:
            return see(address(JOB, id=started.job))
        running = error.said.fills.get("job", "") if error is not None and error.said.word == "people_job_runs" else ""
        return see(address(JOB, id=running)) if running else await self._review_page(asked, error)

    # -- its lists ----------------------------------------------------------------------------------------------------

    async def _who(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        query = asked.request.query_params
        side = "gained" if query.get("side") == "gained" else "lost"
        kept = {
            "review": query.get("review", "")[:64],
            "side": side,
            "portal": query.get("portal", "")[:64],
            "words": query.get("words", "").strip()[:WORDS_MAX],
        }
        question = ListConcerned(
            review=kept["review"],
            side=side,
            portal=kept["portal"],
            words=kept["words"],
            after=cursor(query.get("after", "")),
        )
        found, error = await tried(self._seams.asks.ask_for(Concerned, question, asked.person, asked.address))
        words = self._seams.rendering.speaker(asked.request).words
        people = () if found is None else found.people
        return self._seams.html(
            asked,
            "review_who.html",
            address(f"{REVIEW}/who", **kept),
            error,
            side=side,
            kept=kept,
            portals=sorted(self._portals.items(), key=lambda one: one[1]),
            people=[]
            if found is None
            else [person_shown(words, one, found, side, self._seams.point_names()) for one in people],
            total=0 if found is None else found.total,
            more=address(f"{REVIEW}/who", **kept, after=str(people[-1].n)) if found is not None and found.more else "",
        )

    async def _changes(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        query = asked.request.query_params
        kept = {
            "review": query.get("review", "")[:64],
            "entity": query.get("entity", "") if query.get("entity", "") in ENTITIES else "",
            "words": query.get("words", "").strip()[:WORDS_MAX],
        }
        question = ListDifferences(
            review=kept["review"], entity=kept["entity"], words=kept["words"], after=cursor(query.get("after", ""))
        )
        found, error = await tried(self._seams.asks.ask_for(Differences, question, asked.person, asked.address))
        words = self._seams.rendering.speaker(asked.request).words
        rows = () if found is None else found.differences
        return self._seams.html(
            asked,
            "review_changes.html",
            address(f"{REVIEW}/changes", **kept),
            error,
            kept=kept,
            entities=ENTITIES,
            rows=[difference_shown(words, one) for one in rows],
            total=0 if found is None else found.total,
            more=address(f"{REVIEW}/changes", **kept, after=str(rows[-1].n))
            if found is not None and found.more
            else "",
        )

    async def _passages(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        query = asked.request.query_params
        kept = {"review": query.get("review", "")[:64], "words": query.get("words", "").strip()[:WORDS_MAX]}
        question = ListPassages(review=kept["review"], words=kept["words"], after=cursor(query.get("after", "")))
        found, error = await tried(self._seams.asks.ask_for(PassagesTold, question, asked.person, asked.address))
        speaker = self._seams.rendering.speaker(asked.request)
        rows = () if found is None else found.passages
        return self._seams.html(
            asked,
            "review_passages.html",
            address(f"{REVIEW}/passages", **kept),
            error,
            kept=kept,
            rows=[passage_shown(speaker, one, self._seams.point_names()) for one in rows],
            total=0 if found is None else found.total,
            more=address(f"{REVIEW}/passages", **kept, after=str(rows[-1].n))
            if found is not None and found.more
            else "",
        )

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _confirm(self, asked: Asked) -> Response:
        """The page that says once more what will be so, before it is."""
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        told, error = await tried(self._look(asked))
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
        told, error = await tried(self._look(asked))
        if told is None:
            return self._confirm_page(asked, None, error)
        if told.id != asked.field("review"):
            return self._confirm_page(asked, told, PeopleSaid(Refused(word="review_newer")))
        if told.stale:
            return self._confirm_page(asked, told, PeopleSaid(Refused(word=f"review_stale_{told.stale}")))
        question = BringToGate(batch=told.batch, why=asked.field("why")[:200])
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


def cursor(text: str) -> int:
    """Where a list goes on; 0, its beginning, for what is no place."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else 0


def _span(speaker: Speaker, told: ReviewTold | None) -> tuple[str, str]:
    if told is None or told.passages is None or told.passages.since_ms is None or told.passages.until_ms is None:
        return "", ""
    return speaker.at(told.passages.since_ms), speaker.at(told.passages.until_ms)
