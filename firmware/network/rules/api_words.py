"""What the API says of rules: schedules as weeks of hours, access profiles, special days. An example of each below.

A week is seven lists of spans, Monday first. A span that does not end after it begins goes on into the next day; a
whole day is 00:00 to 24:00; a day without spans is closed. All that the page can say can be said so, and is told so.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.roster.weekly import SPANS_MAX

GRANTS_MAX = 32  # of one profile
POINTS_MAX = 256  # of one grant
KINDS_MAX = 32  # of special days in one schedule
NEW = "new"

RuleName = Annotated[str, Meta(max_length=32, pattern="^[a-z0-9][a-z0-9_-]*$")]
DayKind = RuleName
Was = Annotated[str, Meta(pattern="^(new|[0-9a-f]{16})$")]
Seen = Annotated[str, Meta(min_length=16, max_length=16, pattern="^[0-9a-f]*$")]
Why = Annotated[str, Meta(max_length=200)]
Number = Annotated[int, Meta(ge=0)]
Begin = Annotated[str, Meta(max_length=5, pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
# 24:00 is the day's end; 00:00 would be its beginning.
End = Annotated[str, Meta(max_length=5, pattern="^(00:0[1-9]|00:[1-5][0-9]|(0[1-9]|1[0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Point = Annotated[str, Meta(max_length=64, pattern=r"^([a-z0-9_]+|\*)$")]


# -- schedules --------------------------------------------------------------------------------------------------------


class OpenHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A span of local time, to the minute. One whose `end` is not after its `begin` ends on the next day."""

    begin: Begin
    end: End


DayHours = Annotated[tuple[OpenHours, ...], Meta(max_length=SPANS_MAX)]


class WeekHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hours of each day; none: closed. What goes over midnight stands on the day on which it begins."""

    monday: DayHours = ()
    tuesday: DayHours = ()
    wednesday: DayHours = ()
    thursday: DayHours = ()
    friday: DayHours = ()
    saturday: DayHours = ()
    sunday: DayHours = ()


SpecialHours = Annotated[dict[DayKind, DayHours], Meta(max_length=KINDS_MAX)]


class ScheduleSent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole schedule. `special`: hours on special days of a kind, none for closed; other kinds go on as in the week.

    A special day ends at midnight: no span of it goes on into the next day. `was` is that of the schedule as you read
    it, or "new" for one that is not there yet.
    """

    week: WeekHours
    was: Was
    special: SpecialHours = {}
    why: Why = ""


class Schedule(msgspec.Struct, frozen=True):
    """One schedule, as it stands in the office's list. `was` is to be given back with a change of it.

    `used_by` are profiles (the first ones; so many more), `portals` those that the site file has follow it. `open_now`
    and `next_change` say how it stands: null where the clock is not known, or nothing changes within a year.
    """

    name: str
    was: str
    week: WeekHours
    special: dict[str, DayHours]
    used_by: tuple[str, ...]
    used_by_more: Number
    portals: tuple[str, ...]
    open_now: bool | None
    next_change: datetime | None
    next_change_text: str


class Schedules(msgspec.Struct, frozen=True):
    """By their names. `after` goes into the next question; null: these were the last. "always" is built in.

    `kinds` are those of special days that some day or some schedule names.
    """

    schedules: tuple[Schedule, ...]
    kinds: tuple[str, ...]
    after: str | None


# -- access profiles --------------------------------------------------------------------------------------------------


class Grant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These access points ("*": each one) whenever this schedule is open ("always": at any time)."""

    access_points: Annotated[tuple[Point, ...], Meta(min_length=1, max_length=POINTS_MAX)]
    schedule: RuleName


class ProfileSent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole access profile. `was` is that of the profile as you read it, or "new" for one that is not there yet."""

    grants: Annotated[tuple[Grant, ...], Meta(min_length=1, max_length=GRANTS_MAX)]
    was: Was
    why: Why = ""


class Profile(msgspec.Struct, frozen=True):
    """One access profile, as it stands in the office's list, and how many holders have it."""

    name: str
    was: str
    grants: tuple[Grant, ...]
    holders: Number


class AccessPoint(msgspec.Struct, frozen=True):
    """An access point of this site, which a profile may grant."""

    id: str
    portal: str
    name: str


class Profiles(msgspec.Struct, frozen=True):
    """By their names. `after` goes into the next question; null: these were the last."""

    profiles: tuple[Profile, ...]
    access_points: tuple[AccessPoint, ...]
    after: str | None


# -- both -------------------------------------------------------------------------------------------------------------


class RuleKept(msgspec.Struct, frozen=True):
    """So it stands in the office's list; it holds at the gate once that is reviewed and brought there.

    `changed` is false where it was so already. `was` is to be given back with the next change.
    """

    name: str
    was: str
    changed: bool


class RuleRename(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is the new one. Whatever names it by the old one goes along, in one step: nobody's access changes."""

    name: RuleName
    was: Seen
    why: Why = ""


class RuleRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`was` is that of the rule as you read it."""

    was: Seen
    why: Why = ""


# -- special days -----------------------------------------------------------------------------------------------------


class DaySpan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Days of one kind that follow one another, the first and the last one included."""

    kind: DayKind
    first: date
    last: date


class SpecialDays(msgspec.Struct, frozen=True):
    """Spans of special days, soonest first; of the past: latest first. `from` goes into the next question; null: all.

    `hours`: kind -> schedule -> its hours on days of that kind, none for closed. Schedules that are not named go on as
    in the week.
    """

    spans: tuple[DaySpan, ...]
    kinds: tuple[str, ...]
    hours: dict[str, dict[str, DayHours]]
    from_: date | None = msgspec.field(name="from")


class DaysAdd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every day of the span becomes one of this kind; `last` null: one day. `instead`: those of another kind, too."""

    kind: DayKind
    first: date
    last: date | None = None
    instead: bool = False
    why: Why = ""


class DaysMove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The days of one span become ordinary ones, and those of `to` special ones, in one step."""

    span: DaySpan
    to: DaySpan
    instead: bool = False
    why: Why = ""


class DaysRemove(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The days of the span that are of this kind become ordinary ones."""

    kind: DayKind
    first: date
    last: date
    why: Why = ""


class DaysKept(msgspec.Struct, frozen=True):
    """So it stands in the office's list; it holds at the gate once that is reviewed and brought there."""

    changed: bool


_DAY = (OpenHours("07:30", "12:00"), OpenHours("13:00", "16:15"))
_WEEK = WeekHours(
    monday=_DAY,
    tuesday=_DAY,
    wednesday=_DAY,
    friday=(OpenHours("22:00", "06:00"),),
    sunday=(OpenHours("00:00", "24:00"),),
)
_SCHEDULE = Schedule(
    name="cleaning",
    was="8f434346648f6b96",
    week=_WEEK,
    special={"festival": ()},
    used_by=("cleaners",),
    used_by_more=0,
    portals=(),
    open_now=False,
    next_change=datetime(2026, 11, 27, 23, 30, tzinfo=UTC),
    next_change_text="Closed now. Opens next Saturday 2026-11-28 07:30.",
)
_GRANTS = (Grant(("front_in", "hall_in"), "cleaning"), Grant(("*",), "always"))
_PROFILE = Profile(name="cleaners", was="f5ca38f748a1d6ea", grants=_GRANTS, holders=4)
_HOLIDAY = DaySpan("holiday", date(2026, 10, 1), date(2026, 10, 7))
RULE_EXAMPLES: tuple[msgspec.Struct, ...] = (
    _SCHEDULE,
    Schedules((_SCHEDULE,), ("festival", "holiday"), None),
    ScheduleSent(_WEEK, NEW, {"festival": (), "holiday": (OpenHours("08:00", "10:00"),)}, "new cleaning company"),
    _PROFILE,
    Profiles((_PROFILE,), (AccessPoint("front_in", "front_door", "Front door"),), None),
    ProfileSent(_GRANTS, NEW, "new cleaning company"),
    RuleKept("cleaning", "8f434346648f6b96", True),
    RuleRename("cleaning_hours", "8f434346648f6b96", "clearer"),
    RuleRemove("8f434346648f6b96", "nobody cleans any more"),
    SpecialDays((_HOLIDAY,), ("holiday",), {"holiday": {"cleaning": (OpenHours("08:00", "10:00"),)}}, from_=None),
    DaysAdd("holiday", date(2027, 1, 1), why="as published"),
    DaysMove(_HOLIDAY, DaySpan("holiday", date(2026, 10, 1), date(2026, 10, 8)), why="as published"),
    DaysRemove("holiday", date(2027, 1, 1), date(2027, 1, 1)),
    DaysKept(True),
)
