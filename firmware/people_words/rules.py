"""What is asked of the people process about rules: schedules, special days, access profiles; and what it answers."""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.core.access import Rule, Window
from firmware.people_words.base import Found, Question, ShortText

DAYS_A_WEEK = 7
WINDOWS_MAX = 64  # of one day
KINDS_MAX = 64  # of special days
RULES_MAX = 64  # of one profile
NAME_CHARACTERS_MAX = 64

RuleName = Annotated[str, msgspec.Meta(max_length=NAME_CHARACTERS_MAX)]
Windows = Annotated[tuple[Window, ...], msgspec.Meta(max_length=WINDOWS_MAX)]
WeekAsked = Annotated[tuple[Windows, ...], msgspec.Meta(min_length=DAYS_A_WEEK, max_length=DAYS_A_WEEK)]
Special = Annotated[dict[RuleName, Windows], msgspec.Meta(max_length=KINDS_MAX)]
Ordinal = Annotated[int, msgspec.Meta(ge=1, le=3_652_059)]  # date.toordinal
Instant = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


# -- schedules --------------------------------------------------------------------------------------------------------


class ListSchedules(Question, frozen=True, kw_only=True):
    """All schedules from a name on; answered by Schedules. `at_s` is UTC, 0: not known."""

    after: RuleName = ""
    at_s: Instant = 0


class FindSchedule(Question, frozen=True, kw_only=True):
    """One schedule, and the kinds of special days there are; answered by a Schedules of one, or Refused."""

    name: RuleName
    at_s: Instant = 0


class ChangeSchedule(Question, frozen=True, kw_only=True):
    """Add (`was` is "new") or change a schedule; answered by RuleChanged."""

    name: RuleName
    week: WeekAsked
    special: Special = msgspec.field(default_factory=dict)
    was: RuleName
    why: ShortText = ""


class RemoveSchedule(Question, frozen=True, kw_only=True):
    """Remove a schedule that nobody follows; answered by RuleChanged."""

    name: RuleName
    was: RuleName
    why: ShortText = ""


class RenameSchedule(Question, frozen=True, kw_only=True):
    """Give a schedule another name, and every profile that follows it; answered by RuleChanged."""

    name: RuleName
    new_name: RuleName
    was: RuleName
    why: ShortText = ""


class ScheduleTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """One schedule. `was` is to be given back with a change of it.

    `open_now` and `turns_s` say how it stands at the asked instant, and when it next opens or closes, UTC; None: it
    never does within a year and a bit. `used_by` are profiles, `used_more` how many beside those.
    """

    name: str
    week: tuple[tuple[Window, ...], ...]
    special: dict[str, tuple[Window, ...]]
    was: str
    used_by: tuple[str, ...] = ()
    used_more: int = 0
    portals: tuple[str, ...] = ()  # that the site file has follow it: unlocked or closed by it, or other factors then
    open_now: bool = False
    turns_s: int | None = None


class Schedules(Found, frozen=True, kw_only=True):
    """Schedules by name; `more`: ask on after the last one. `kinds` are those of special days, in use anywhere."""

    schedules: tuple[ScheduleTold, ...]
    more: bool = False
    kinds: tuple[str, ...] = ()


# -- access profiles --------------------------------------------------------------------------------------------------


class ListProfiles(Question, frozen=True, kw_only=True):
    """All access profiles from a name on; answered by Profiles."""

    after: RuleName = ""


class FindProfile(Question, frozen=True, kw_only=True):
    """One access profile ("": none, for a new one) with what may be chosen; answered by Profiles, or Refused."""

    name: RuleName = ""


class ChangeProfile(Question, frozen=True, kw_only=True):
    """Add (`was` is "new") or change an access profile; answered by RuleChanged."""

    name: RuleName
    rules: Annotated[tuple[Rule, ...], msgspec.Meta(max_length=RULES_MAX)]
    was: RuleName
    why: ShortText = ""


class RemoveProfile(Question, frozen=True, kw_only=True):
    """Remove an access profile that nobody has; answered by RuleChanged."""

    name: RuleName
    was: RuleName
    why: ShortText = ""


class RenameProfile(Question, frozen=True, kw_only=True):
    """Give an access profile another name, and every holder who has it; answered by RuleChanged."""

    name: RuleName
    new_name: RuleName
    was: RuleName
    why: ShortText = ""


class ProfileTold(msgspec.Struct, frozen=True, omit_defaults=True):
    """One access profile, and how many holders have it."""

    name: str
    rules: tuple[Rule, ...]
    was: str
    holders: int = 0


class Profiles(Found, frozen=True, kw_only=True):
    """Access profiles by name; `more`: ask on after the last one. `points`: this site's, each with its portal."""

    profiles: tuple[ProfileTold, ...]
    more: bool = False
    schedules: tuple[str, ...] = ()  # that may be chosen, beside "always"
    points: tuple[tuple[str, str], ...] = ()


# -- special days -----------------------------------------------------------------------------------------------------


class ListSpecialDays(Question, frozen=True, kw_only=True):
    """Spans of special days that end on `from_day` or later, or (`past`) before it; answered by SpecialDays."""

    from_day: Ordinal
    past: bool = False


class ChangeSpecialDays(Question, frozen=True, kw_only=True):
    """Add a span of special days (`old_kind` is ""), or make another one of it; answered by RuleChanged.

    `instead`: days that are of another kind become of this one.
    """

    kind: RuleName
    first: Ordinal
    last: Ordinal
    old_kind: RuleName = ""
    old_first: Ordinal = 1
    old_last: Ordinal = 1
    instead: bool = False
    why: ShortText = ""


class RemoveSpecialDays(Question, frozen=True, kw_only=True):
    """Make a span's days ordinary ones; answered by RuleChanged."""

    kind: RuleName
    first: Ordinal
    last: Ordinal
    why: ShortText = ""


class Span(msgspec.Struct, frozen=True):
    """Days of one kind that follow one another, by their ordinals."""

    kind: str
    first: int
    last: int


class SpecialDays(Found, frozen=True, kw_only=True):
    """Spans, soonest first (of the past: latest first); what holds on each kind: schedule -> windows, () for never.

    Schedules that say nothing of a kind go on as in the week; `schedules` is how many there are in all.
    """

    spans: tuple[Span, ...]
    more: bool = False
    holds: dict[str, dict[str, tuple[Window, ...]]] = msgspec.field(default_factory=dict)
    schedules: int = 0
    kinds: tuple[str, ...] = ()


class RuleChanged(Found, frozen=True, kw_only=True):
    """It is in the source; it is not at the gate yet. `changes` is 0 where it was so already.

    `was` is to be given back with the next change of it; "" where it is gone, and of special days.
    """

    batch: int = 0
    changes: int = 0
    was: str = ""


AnyOfRules = (
    ListSchedules
    | FindSchedule
    | ChangeSchedule
    | RemoveSchedule
    | RenameSchedule
    | ListProfiles
    | FindProfile
    | ChangeProfile
    | RemoveProfile
    | RenameProfile
    | ListSpecialDays
    | ChangeSpecialDays
    | RemoveSpecialDays
)
AnyFoundOfRules = Schedules | Profiles | SpecialDays | RuleChanged
