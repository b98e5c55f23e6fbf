"""Why was it decided so, and may she: what the page asks the people process of decisions, and what it is answered.

Nothing here tells of duress: a duress PIN is never listed, and of a decision only what every screen may show is said.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.people_words.base import WHY_CHARACTERS_MAX, Found, IdText, Question

GIVEN_MAX = 4
INSTANT_S_MAX = 7_258_118_400  # 2200
ROW_MAX = 1 << 62

Instant = Annotated[int, msgspec.Meta(ge=0, le=INSTANT_S_MAX)]
RowNumber = Annotated[int, msgspec.Meta(ge=1, le=ROW_MAX)]


class AskWhy(Question, frozen=True, kw_only=True):
    """Why was it decided so at this row of the journal, and what holds of it now? Who it was is named.

    `why` is the purpose: it is committed to the journal before anything is answered. Answered by a Why.
    """

    epoch: RowNumber
    seq: RowNumber
    why: Annotated[str, msgspec.Meta(min_length=1, max_length=WHY_CHARACTERS_MAX)]


class AskMay(Question, frozen=True, kw_only=True):
    """Which of a holder's credentials open an access point at this time, UTC? Answered by a May."""

    holder: IdText
    access_point: IdText
    at_s: Instant
    given: Annotated[tuple[Annotated[str, msgspec.Meta(max_length=8)], ...], msgspec.Meta(max_length=GIVEN_MAX)] = ()


class Decided(msgspec.Struct, frozen=True, omit_defaults=True):
    """A decision: its outcome, its rules in the order in which they were tried, and all that stands in the way."""

    outcome: str  # of firmware/core/decision.py
    reasons: tuple[str, ...]
    needs: str = ""
    obstacles: tuple[str, ...] = ()


class Hours(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a schedule says of one local day: minutes after midnight. `special`: the kind of special day it is."""

    schedule: str
    windows: tuple[tuple[int, int], ...]
    special: str = ""


class Person(msgspec.Struct, frozen=True, omit_defaults=True):
    """A holder as the source knows her; `name` is empty where there is no source, or it does not know her."""

    holder: str
    name: str = ""
    household: str = ""


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the roster's rules say of one place and day. `profiles` have the access point."""

    access_point: str
    profiles: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()


class Why(Found, frozen=True, kw_only=True):
    """An event's decision. `then` is as it was recorded; `now` by the roster of now, None where `untold` says why not.

    `version_then` is the roster's version in force then: 0 where the journal has it no more; `kept` says that that very
    roster is still here, so that `place` is by it, else by the roster of now.
    """

    then: Decided
    version_then: int
    version_now: int
    kept: bool
    place: Place
    person: Person | None = None
    factor: str = ""
    mark: str = ""  # the beginning of the credential's id
    profiles: tuple[str, ...] = ()  # of the holder, now
    now: Decided | None = None
    untold: str = ""  # nameless, erased, undecided, roster


class Span(msgspec.Struct, frozen=True, omit_defaults=True):
    """From `from_s` to before `until_s`, UTC, the outcome is the same."""

    from_s: int
    until_s: int
    outcome: str
    needs: str = ""


class MayBy(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer for one credential."""

    factor: str
    mark: str
    decided: Decided
    week: tuple[Span, ...]
    local_until_s: int | None = None  # it rests on an entry of this controller


class May(Found, frozen=True, kw_only=True):
    """The answer for a holder. `known`: the gate's roster, or an entry made there, has the holder."""

    person: Person
    known: bool
    version: int
    at_s: int
    place: Place
    profiles: tuple[str, ...] = ()
    answers: tuple[MayBy, ...] = ()


AnyOfQuestions = AskWhy | AskMay
AnyFoundOfQuestions = Why | May
