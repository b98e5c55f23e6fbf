"""What page and API share of a review: what they ask the people process, and when it may go to the gate."""

from __future__ import annotations

from firmware.network.accounts.account import Role
from firmware.network.people.asks import PeopleAsks, PeopleSaid
from firmware.network.routes import Asked
from firmware.people_words.base import HowAreThings, Refused, Standing
from firmware.people_words.holders import BringToGate
from firmware.people_words.review import LookAtReview, MakeReview, ReviewTold

NONE_YET = "review_none"
WHY_MAX = 200


async def newest(asks: PeopleAsks, asked: Asked) -> ReviewTold:
    """Raises PeopleSaid: of no review yet, too."""
    return await asks.ask_for(ReviewTold, LookAtReview(), asked.person, asked.address)


async def waiting(asks: PeopleAsks, asked: Asked) -> Standing | None:
    """What is not at the gate yet; None for whoever is no manager. Raises PeopleSaid."""
    if Role.MANAGER not in asked.person.roles:
        return None
    return await asks.ask_for(Standing, HowAreThings(), asked.person, asked.address)


def making(why: str) -> MakeReview:
    return MakeReview(why=" ".join(why.split())[:WHY_MAX])


def bringing(told: ReviewTold, review: str, why: str) -> BringToGate:
    """Only what was reviewed, and only while nothing has changed since. Raises PeopleSaid."""
    if told.id != review:
        raise PeopleSaid(Refused(word="review_newer"))
    if told.stale:
        raise PeopleSaid(Refused(word=f"review_stale_{told.stale}"))
    return BringToGate(batch=told.batch, why=why[:WHY_MAX])
