"""Questions of whoever goes through the whole list: holders and households by their ids, answer by answer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.people_words.base import Found, IdText, Question
from firmware.people_words.holders import PersonRow

LISTED_MAX = 100  # in one answer

Most = Annotated[int, msgspec.Meta(ge=1, le=LISTED_MAX)]


class ListPeople(Question, frozen=True, kw_only=True):
    """Holders past the id `after`; where that is said, only those of a household, with a profile, or with a mark."""

    after: IdText = ""
    most: Most = LISTED_MAX
    household: IdText = ""
    profile: IdText = ""
    suspended: bool = False  # held as a whole by a local entry now


class PeopleListed(Found, frozen=True, kw_only=True):
    """`marked`: the controller has said who is held by a local entry, else no row has a mark."""

    rows: tuple[PersonRow, ...]
    more: bool = False
    marked: bool = True


class ListHouseholds(Question, frozen=True, kw_only=True):
    """Households past the id `after`."""

    after: IdText = ""
    most: Most = LISTED_MAX


class HouseholdRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """`members`: how many holders."""

    id: str
    label: str = ""
    spaces: int | None = None
    members: int = 0


class HouseholdsListed(Found, frozen=True, kw_only=True):
    rows: tuple[HouseholdRow, ...]
    more: bool = False


AnyOfListing = ListPeople | ListHouseholds
AnyFoundOfListing = PeopleListed | HouseholdsListed
