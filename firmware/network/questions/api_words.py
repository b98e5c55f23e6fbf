"""What the API takes and tells of questions: why it was decided so, who it was, and whether somebody may pass."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from firmware.core.access import Factor
from firmware.network.api.operation import CHANGED, READ, Operation
from firmware.network.api.resources import Event
from firmware.people_words.questions import GIVEN_MAX
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN

Number = Annotated[int, Meta(ge=0)]
Time = Annotated[datetime, Meta(tz=True)]
Name = Annotated[str, Meta(min_length=1, max_length=64)]


class WhyWho(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The journal keeps the purpose, with your name, before anything is told."""

    purpose: Annotated[str, Meta(min_length=PURPOSE_CHARACTERS_MIN, max_length=PURPOSE_CHARACTERS_MAX)]


class MayAsk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at`: when, now where nothing is said. `given`: what else is given there, one after the other: a PIN."""

    holder: Name
    access_point: Name
    at: Time | None = None
    given: Annotated[tuple[Factor, ...], Meta(max_length=GIVEN_MAX)] = ()


class DecisionRule(msgspec.Struct, frozen=True):
    """One rule, in the order in which it was tried. `state`: passed, refused, asks, noted.

    `hours_text`: what its schedule says of that day.
    """

    reason: str
    text: str
    state: str
    state_text: str
    hours_text: str


class DecisionCure(msgspec.Struct, frozen=True):
    """What would have to change so that it is granted."""

    text: str
    advice: str


class EventWhy(msgspec.Struct, frozen=True):
    """What the record itself tells. `decided`: it is a decision, granted or denied, else there are no rules."""

    event: Event
    decided: bool
    outcome: str
    rules: tuple[DecisionRule, ...]
    cures: tuple[DecisionCure, ...]


class DecisionNow(msgspec.Struct, frozen=True):
    """What the roster of now would decide: granted, denied, or needs something more."""

    outcome: str
    needs: str
    obstacles: tuple[str, ...]
    text: str


class EventWho(msgspec.Struct, frozen=True):
    """With who it was, for a purpose. `holder` is empty where it was nobody's, or was erased: see `untold`.

    `mark` is the beginning of the credential's id. `version_then` is the roster that was in force (0: not known any
    more), whose rules these are where it is still kept (`kept`), else they are those of now. `now` is null where
    `untold` says why nothing can be told: nameless, erased, undecided, roster.
    """

    event: Event
    decided: bool
    outcome: str
    rules: tuple[DecisionRule, ...]
    cures: tuple[DecisionCure, ...]
    purpose: str
    holder: str
    name: str
    household: str
    factor: str
    mark: str
    access_point: str
    profiles: tuple[str, ...]
    profiles_here: tuple[str, ...]
    version_then: Number
    version_now: Number
    kept: bool
    version_text: str
    now: DecisionNow | None
    untold: str
    untold_text: str


class MaySpan(msgspec.Struct, frozen=True):
    """From `since` to before `until` the outcome is the same."""

    since: datetime | None
    until: datetime | None
    outcome: str
    needs: str


class MayAnswer(msgspec.Struct, frozen=True):
    """By one credential. `week` is the local week of the time that was asked about; `local_until`: by a local entry."""

    factor: str
    mark: str
    outcome: str
    needs: str
    outcome_text: str
    rules: tuple[DecisionRule, ...]
    obstacles: tuple[str, ...]
    cures: tuple[DecisionCure, ...]
    week: tuple[MaySpan, ...]
    local_until: datetime | None


class MayTold(msgspec.Struct, frozen=True):
    """The gate's own answer, by the roster in service. `known`: it has the holder; `answers`: one a credential.

    Areas, uses and latched faults count as they are now, whatever time was asked about.
    """

    holder: str
    name: str
    household: str
    known: bool
    version: Number
    at: datetime | None
    access_point: str
    place_text: str
    profiles: tuple[str, ...]
    profiles_here: tuple[str, ...]
    answers: tuple[MayAnswer, ...]


QUESTION_OPERATIONS: dict[str, Operation] = {
    "api why": Operation(EventWhy, problems=READ),
    "api why who": Operation(EventWho, body=WhyWho, problems=CHANGED),
    "api may": Operation(MayTold, body=MayAsk, problems=CHANGED),
}
