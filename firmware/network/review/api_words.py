"""What the API takes and tells of reviews: what waits, who would lose or gain, bringing it, and putting it back."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from firmware.network.review.showing import ENTITIES
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN

PASSAGES_AT_ONCE = 200
ROWS_AT_ONCE = 500
PLACE_MAX = (1 << 53) - 1
TABLE_TYPE = "text/csv"

Number = Annotated[int, Meta(ge=0)]
ReviewId = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[A-Za-z0-9_-]*$")]
Purpose = Annotated[str, Meta(min_length=PURPOSE_CHARACTERS_MIN, max_length=PURPOSE_CHARACTERS_MAX)]
Reason = Annotated[str, Meta(max_length=PURPOSE_CHARACTERS_MAX)]
Sought = Annotated[str, Meta(max_length=64)]
Place = Annotated[int, Meta(ge=0, le=PLACE_MAX)]
Side = Literal["lost", "gained"]
_KINDS = ("", *ENTITIES)
Entity: Any = Literal[_KINDS]

# -- bodies -----------------------------------------------------------------------------------------------------------


class ReviewMake(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With a `purpose`, which the journal keeps, the last 30 days of the journal are decided again by both, too."""

    purpose: Purpose | None = None


class ReviewPeopleSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`words` are looked for in ids, names and households; `after` is the `next` of the page before."""

    review: ReviewId
    side: Side
    portal: Annotated[str, Meta(max_length=64)] = ""
    words: Sought = ""
    after: Place = 0
    most: Annotated[int, Meta(ge=1, le=ROWS_AT_ONCE)] = 50


class ReviewChangeSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`words` are looked for in ids and in all that was and is; `after` is the `next` of the page before."""

    review: ReviewId
    entity: Entity = ""
    words: Sought = ""
    after: Place = 0
    most: Annotated[int, Meta(ge=1, le=ROWS_AT_ONCE)] = 50


class ReviewPassageSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal keeps the `purpose`, with your name, before anything is told.

    The same purpose for the same review is kept once in half an hour, so that further pages come with it, too.
    """

    review: ReviewId
    purpose: Purpose
    words: Sought = ""
    after: Place = 0
    most: Annotated[int, Meta(ge=1, le=PASSAGES_AT_ONCE)] = 50


class ReviewBring(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`review` is the newest one: nothing goes to the gate that was not looked at. `confirmed` has to be "yes"."""

    review: ReviewId
    confirmed: Literal["yes"]
    why: Reason = ""


class ReviewPutBack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`batch` is the newest of the list that you have seen: where it moved on meanwhile, nothing is put back."""

    batch: Place
    why: Reason = ""


class ReviewExported(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal keeps who took the table out, and `why`."""

    review: ReviewId
    side: Side
    why: Purpose


# -- answers ----------------------------------------------------------------------------------------------------------


class ReviewBatch(msgspec.Struct, frozen=True):
    """One change of the list that is not at the gate yet."""

    batch: Number
    at: datetime | None
    kind: str
    kind_text: str
    who: str
    changes: Number
    why: str


class ReviewWaiting(msgspec.Struct, frozen=True):
    """How the list stands to the gate. `batch` is its newest, `served_batch` that of the roster in service, if any.

    `batches` lie between them, perhaps `more` than are here. `mine`: this controller's roster is built here; else
    `owner` says whose it is. `job` is long work that runs now.
    """

    source: bool
    mine: bool
    owner: str
    batch: Number
    served_batch: int | None
    served_version: Number
    batches: tuple[ReviewBatch, ...]
    more: bool
    job: str


class ReviewSum(msgspec.Struct, frozen=True):
    """Of how many holders: who lose, or gain, all, some, or one of several credentials (`how`)."""

    side: Side
    how: str
    holders: Number
    text: str


class ReviewPortal(msgspec.Struct, frozen=True):
    """Of how many holders a portal is shut or opened altogether, or for some hours (`less`, `more`)."""

    portal: str
    name: str
    shut: Number
    less: Number
    opened: Number
    more: Number


class ReviewChanged(msgspec.Struct, frozen=True):
    """How many of a kind are different in the list."""

    entity: str
    entity_text: str
    added: Number
    changed: Number
    removed: Number
    renamed: Number


class ReviewAtPortals(msgspec.Struct, frozen=True):
    """Portals of the site that follow a schedule whose hours change: that is for everybody."""

    schedule: str
    portals: tuple[str, ...]
    text: str


class ReviewOfJournal(msgspec.Struct, frozen=True):
    """Presentations of late, decided again by both rosters. `left_out` are not in the list of them."""

    presentations: Number
    compared: Number
    since: datetime | None
    until: datetime | None
    agreed: Number
    by_change: dict[str, int]
    left_out: Number


class ReviewResult(msgspec.Struct, frozen=True):
    """The newest comparison. While `stale` says nothing, and the list is not what is in service, it may be brought.

    `stale`: "source", the list was changed since; "gate", another roster is in service. `journal_text`: why the journal
    could not be asked.
    """

    id: str
    made: datetime | None
    took_ms: Number
    who: str
    batch: Number
    served_version: Number
    served_batch: int | None
    stale: str
    stale_text: str
    may_be_brought: bool
    holders: Number
    sums: tuple[ReviewSum, ...]
    portals: tuple[ReviewPortal, ...]
    changed: tuple[ReviewChanged, ...]
    at_portals: tuple[ReviewAtPortals, ...]
    journal: ReviewOfJournal | None
    journal_text: str


class Review(msgspec.Struct, frozen=True):
    """`newest` is null where nothing was compared yet; `waiting` is for managers, and null for others."""

    newest: ReviewResult | None
    waiting: ReviewWaiting | None


class ReviewWindow(msgspec.Struct, frozen=True):
    """Minutes after midnight of the site: from the first to before the second."""

    start_minute: Number
    end_minute: Number


class ReviewHours(msgspec.Struct, frozen=True):
    """Of a weekday, 0 is Monday; or of a special day, which has its date in `day`."""

    weekday: Number
    day: date | None
    windows: tuple[ReviewWindow, ...]


class ReviewPlace(msgspec.Struct, frozen=True):
    """What becomes of one access point. `more`: how many special days beyond the ones here."""

    access_point: str
    name: str
    shut: bool
    opened: bool
    lost: tuple[ReviewHours, ...]
    gained: tuple[ReviewHours, ...]
    more: Number


class ReviewPerson(msgspec.Struct, frozen=True):
    """`how`: all, some, credential; `credentials` are the kinds that come or go.

    `passages` is how many presentations of late would be decided otherwise: null for whoever has stated no purpose
    for this review (see /api/v1/review/passages).
    """

    holder: str
    name: str
    household: str
    how: str
    how_text: str
    credentials: tuple[str, ...]
    places: tuple[ReviewPlace, ...]
    places_text: tuple[str, ...]
    passages: int | None


class ReviewPeople(msgspec.Struct, frozen=True):
    """`next` is where the list goes on, null at its end; `total` how many there are with this filter."""

    people: tuple[ReviewPerson, ...]
    total: Number
    next: int | None


class ReviewField(msgspec.Struct, frozen=True):
    name: str
    before: str
    after: str


class ReviewChange(msgspec.Struct, frozen=True):
    """One entity of the list: "added", "changed", "removed" or "renamed". `fields` are named and filled for people."""

    kind: str
    kind_text: str
    entity: str
    id: str
    owner: str
    title: str
    fields: tuple[ReviewField, ...]


class ReviewChanges(msgspec.Struct, frozen=True):
    """`next` is where the list goes on, null at its end; `total` how many there are with this filter."""

    changes: tuple[ReviewChange, ...]
    total: Number
    next: int | None


class ReviewPassage(msgspec.Struct, frozen=True):
    """Presentations of one holder at one access point that would be decided otherwise, with the reasons of both."""

    change: str
    change_text: str
    holder: str
    name: str
    access_point: str
    place_text: str
    count: Number
    first: datetime | None
    last: datetime | None
    before: tuple[str, ...]
    before_text: str
    after: tuple[str, ...]
    after_text: str


class ReviewPassages(msgspec.Struct, frozen=True):
    """`purpose` is what the journal has; `next` is where the list goes on, null at its end."""

    purpose: str
    passages: tuple[ReviewPassage, ...]
    total: Number
    next: int | None
