"""What is asked of the people process before changes go to the gate: what is different, who would be locked out."""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.core.access import Window
from firmware.people_words.base import Found, IdText, Question, ShortText

Batch = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]
Cursor = Annotated[int, msgspec.Meta(ge=0, le=(1 << 53) - 1)]
Words = Annotated[str, msgspec.Meta(max_length=64)]  # what is searched for
PAGE_MAX = 500


class MakeReview(Question, frozen=True, kw_only=True):
    """Compare the source as it is with the roster in service: long. Outcome: ReviewTold.

    With a purpose (`why`) the journal's last 30 days are decided again by both, too; for a while whoever asks may look
    at what came of that for the same purpose.
    """

    why: ShortText = ""


class LookAtReview(Question, frozen=True, kw_only=True):
    """The newest review; answered by ReviewTold, or Refused where there is none."""


class PortalCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of how many holders something changes at a portal: shut and opened altogether, or for some hours."""

    portal: str
    shut: int = 0
    less: int = 0
    opened: int = 0
    more: int = 0


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """Entities that changed since the roster in service was built."""

    entity: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    renamed: int = 0


class Passages(msgspec.Struct, frozen=True, omit_defaults=True):
    """The journal's presentations, decided again. Counts are of presentations; `left_out` of those not listed."""

    presentations: int
    compared: int
    since_ms: int | None
    until_ms: int | None
    by_change: dict[str, int]  # let_in, asked, refused, asked_more
    agreed: int = 0
    left_out: int = 0


class ReviewTold(Found, frozen=True, kw_only=True):
    """One review. `stale` says what has moved on since: "source", "gate", or "".

    `lost` and `gained` count holders: "all" (everything, or for the first time), "some", "credential" (only one of
    several). `passages` is None where no purpose was given, or (`journal`) why the journal could not be asked.
    `served_batch` None: the roster in service was not built of this source. `at_portals`: schedules whose hours change
    and that the site file has portals follow (unlocked, closed, other factors): that is for everybody.
    """

    id: str
    made_s: int
    took_ms: int
    who: str
    batch: int
    served_version: int
    served_batch: int | None
    stale: str = ""
    changed: tuple[Told, ...] = ()
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    gained: dict[str, int] = msgspec.field(default_factory=dict)
    portals: tuple[PortalCount, ...] = ()
    passages: Passages | None = None
    journal: str = ""
    holders: int = 0  # that were compared
    at_portals: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)


class ListConcerned(Question, frozen=True, kw_only=True):
    """Holders who lose or gain something, from a place on; answered by Concerned. `side`: lost, gained."""

    review: IdText
    side: IdText
    portal: IdText = ""
    words: Words = ""
    after: Cursor = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


class HoursTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """Windows of a weekday (0 is Monday), or of a special day (`day`: its ordinal)."""

    weekday: int
    windows: tuple[Window, ...]
    day: int | None = None


class PlaceTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of one access point, as PointChange of firmware/people/reach.py."""

    point: str
    lost: tuple[HoursTold, ...] = ()
    gained: tuple[HoursTold, ...] = ()
    shut: bool = False
    opened: bool = False
    more: int = 0


class PersonTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """A holder who loses or gains. `how`: all, some, credential; `kinds`: of credentials that come or go.

    `places` is a key of Concerned.places; `passages` how many presentations of late would be decided otherwise: None
    for whoever has stated no purpose for looking at that.
    """

    n: int
    holder: str
    how: str
    places: int
    name: str = ""
    household: str = ""
    kinds: tuple[str, ...] = ()
    passages: int | None = None


class Concerned(Found, frozen=True, kw_only=True):
    """`total` is how many there are with this filter; `more`: ask on after the last one's `n`."""

    people: tuple[PersonTold, ...]
    places: dict[int, tuple[PlaceTold, ...]]
    total: int
    more: bool = False


class ListDifferences(Question, frozen=True, kw_only=True):
    """What is different in the source since the roster in service was built; answered by Differences."""

    review: IdText
    entity: IdText = ""
    words: Words = ""
    after: Cursor = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


class DifferenceTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """One entity: the columns that differ, as people read them. `kind`: added, changed, removed, renamed.

    `along`: how many name what was renamed, and do so by its new name: holders of a profile, profiles of a schedule.
    """

    n: int
    kind: str
    entity: str
    id: str
    before: dict[str, str]
    after: dict[str, str]
    owner: str = ""  # of a credential or a vehicle
    along: int = 0


class Differences(Found, frozen=True, kw_only=True):
    """See ListDifferences."""

    differences: tuple[DifferenceTold, ...]
    total: int
    more: bool = False


class ListPassages(Question, frozen=True, kw_only=True):
    """Presentations of late that would be decided otherwise, together by person and place; answered by PassagesTold.

    `why` is the purpose: it is committed to the journal before anything is answered, and holds for whoever stated it
    for a while, so that further pages need none ("") or have the same.
    """

    review: IdText
    why: ShortText = ""
    words: Words = ""
    after: Cursor = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = 50


class PassageTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """As Difference of firmware/roster/comparing/found.py."""

    n: int
    change: str
    holder: str
    point: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    count: int
    name: str = ""
    first_ms: int | None = None
    last_ms: int | None = None


class PassagesTold(Found, frozen=True, kw_only=True):
    """See ListPassages. `purpose` is what it was told for."""

    passages: tuple[PassageTold, ...]
    total: int
    more: bool = False
    purpose: str = ""


class UndoBatch(Question, frozen=True, kw_only=True):
    """Put back what one batch changed, which must be the newest change there is: long. Outcome: PutBack."""

    batch: Batch
    why: ShortText = ""


class DiscardWaiting(Question, frozen=True, kw_only=True):
    """Put back all that is not at the gate: long. Outcome: PutBack. `batch` is the newest that was seen."""

    batch: Batch
    why: ShortText = ""


class PutBack(Found, frozen=True, kw_only=True):
    """`undone` batches were put back; the source's newest batch is `batch` now."""

    undone: int
    batch: int
    changes: int = 0


AnyOfReview = MakeReview | LookAtReview | ListConcerned | ListDifferences | ListPassages | UndoBatch | DiscardWaiting
AnyFoundOfReview = ReviewTold | Concerned | Differences | PassagesTold | PutBack
