"""What of the list is at the gate and what waits; and bringing it there: at once where it is one holder's only."""

from __future__ import annotations

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, address
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.people_words.base import HowAreThings, Standing
from firmware.people_words.holders import BeginSource, BringToGate, Edited

REVIEW = "/people/review"  # firmware/network/rules: what would change, and who would be locked out


async def bring_or_review(front: Front, asked: Asked, holder: str, then: str) -> Response:
    """To the gate at once where nothing waits but this holder's edits; else to the review of all that waits."""
    try:
        standing = await front.ask(Standing, HowAreThings(), asked)
        if not is_only(standing, holder):
            return see(REVIEW)
        return await front.start(BringToGate(batch=standing.batch), asked, then)
    except PeopleSaid as error:
        return front.failed(asked, error, then.partition("&done")[0])


def is_only(standing: Standing, holder: str) -> bool:
    """Whether all that waits is about one holder, and the households that were made for it."""
    if standing.served_batch is None or standing.waiting_more:
        return False
    about = {name for waiting in standing.waiting for name in waiting.holders}
    return all(name == holder or name.startswith("household:") for name in about)


class GatePages:
    """What answers the routes of what waits."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"people_gate": self._gate, "people_bring": self._bring, "people_begin": self._begin}

    async def _gate(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._page(asked)

    async def _page(self, asked: Asked, error: PeopleSaid | None = None) -> Response:
        try:
            standing = await self._front.ask(Standing, HowAreThings(), asked)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing, "/people/gate")
        return self._front.html(
            asked, "people_gate.html", "/people/gate", error, standing=standing, small=is_small(standing), review=REVIEW
        )

    async def _bring(self, asked: Asked) -> Response:
        """What was looked at, and nothing that came since."""
        holder, batch = asked.field("holder")[:64], asked.field("batch")
        then = address("/people/holder", id=holder) if holder else "/people/gate"
        try:
            if holder and not batch:
                return await bring_or_review(self._front, asked, holder, then)
            number = int(batch) if batch.isascii() and batch.isdecimal() and len(batch) <= 15 else 0
            return await self._front.start(BringToGate(batch=number, why=asked.field("why")[:200]), asked, then)
        except PeopleSaid as error:
            return await self._page(asked, error)

    async def _begin(self, asked: Asked) -> Response:
        try:
            await self._front.ask(Edited, BeginSource(), asked)
        except PeopleSaid as error:
            return await self._page(asked, error)
        return see("/people?done=begun")


def is_small(standing: Standing) -> bool:
    """Whether what waits may go to the gate without a review: edits of one holder."""
    about = {name for waiting in standing.waiting for name in waiting.holders if not name.startswith("household:")}
    return standing.served_batch is not None and not standing.waiting_more and len(about) <= 1 and "*" not in about
