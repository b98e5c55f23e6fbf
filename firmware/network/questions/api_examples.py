"""An example of each body and answer of the API's questions."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.core.access import Factor
from firmware.core.codes import Code, Severity
from firmware.network.api.resources import Event
from firmware.network.questions import api_words as api

_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_EVENT = Event(
    id="1-4711",
    utc=_AT,
    kind=Code.DENIED.value,
    severity=Severity.NOTICE.value,
    portal="bike_shed",
    access_point="bike_in",
    reader="bike_reader",
    device=None,
    reasons=("credential_known", "schedule_outside:day"),
    count=1,
    text="Refused",
    place_text="Bike shed",
    reasons_text="outside of the schedule day",
)
_RULE = api.DecisionRule(
    "schedule_outside:day", "Not allowed at this time (day)", "refused", "this is what refused", ""
)
_CURE = api.DecisionCure("Let her in at this time: widen the schedule.", "")
QUESTION_EXAMPLES: tuple[msgspec.Struct, ...] = (
    api.WhyWho("she asked at the office why she stood outside"),
    api.EventWhy(_EVENT, True, "denied", (_RULE,), (_CURE,)),
    api.EventWho(
        event=_EVENT,
        decided=True,
        outcome="denied",
        rules=(_RULE,),
        cures=(_CURE,),
        purpose="she asked at the office why she stood outside",
        holder="h1",
        name="Li Na",
        household="b1-0101",
        factor="card",
        mark="3f9a",
        access_point="bike_in",
        profiles=("residents",),
        profiles_here=("residents", "staff"),
        version_then=12,
        version_now=12,
        kept=True,
        version_text="The roster in force then was version 12, as it still is.",
        now=api.DecisionNow("denied", "", ("schedule_outside:day",), "She would be refused."),
        untold="",
        untold_text="",
    ),
    api.MayAsk("h1", "bike_in", _AT, (Factor.PIN,)),
    api.MayTold(
        holder="h1",
        name="Li Na",
        household="b1-0101",
        known=True,
        version=12,
        at=_AT,
        access_point="bike_in",
        place_text="Bike shed",
        profiles=("residents",),
        profiles_here=("residents", "staff"),
        answers=(
            api.MayAnswer(
                factor="card",
                mark="3f9a",
                outcome="denied",
                needs="",
                outcome_text="No",
                rules=(_RULE,),
                obstacles=("schedule_outside:day",),
                cures=(_CURE,),
                week=(api.MaySpan(_AT, _AT, "denied", ""),),
                local_until=None,
            ),
        ),
    ),
)
