"""What stands in somebody's way: all of it, in the order of the rules, and nothing that does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from firmware.core import calendar
from firmware.core.access import Factor, Known, Profile, Rule, Rulebook, Schedule, Unknown, Window, Zone
from firmware.core.codes import Reason
from firmware.core.decision import Offered, Standing
from firmware.core.site import AccessPoint, Antipassback, Area, Requirement, Site
from firmware.explain.change import obstacles
from firmware.roster.comparing.trial import Trial

NOON_S = 1_795_406_400  # 2026-11-23 04:00 UTC, a Monday
SITE = Site("gate", areas=(Area("yard", quota=True),))
NIGHT = Schedule("night", ((Window(0, 60),),) * 7)
BOOK = Rulebook(
    1,
    profiles={
        "good": Profile("good", (Rule(("front",), calendar.ALWAYS),)),
        "night": Profile("night", (Rule(("front",), "night"),)),
        "elsewhere": Profile("elsewhere", (Rule(("back",), calendar.ALWAYS),)),
    },
    schedules={"night": NIGHT},
)
POINT = AccessPoint("front", "door")
RESIDENT = Known("resident", "0123456789abcdef", 1, profiles=("good",))
WALL = calendar.wall(Zone("UTC", (0,), ()), NOON_S)


def trial(known: Known | Unknown = RESIDENT, point: AccessPoint = POINT, **more: object) -> Trial:
    return Trial(SITE, BOOK, point, known, more.pop("factor", Factor.CARD), wall=WALL, **more)


def test_nothing_stands_in_the_way_of_who_is_let_in() -> None:
    assert obstacles(trial()) == []


def test_everything_is_named_in_the_order_of_the_rules_and_not_only_the_first() -> None:
    known = replace(
        RESIDENT, status="suspended", valid_until_s=NOON_S, use_limit=2, uses=2, profiles=("night",), area="yard"
    )
    point = replace(
        POINT, area_to="yard", antipassback=Antipassback.HARD, two_person=True,
        requirements=(Requirement(((Factor.CARD, Factor.PIN),)),),
    )  # fmt: skip
    standing = Standing(lockdown=True, interlock_busy=("other",))
    assert obstacles(trial(known, point, standing=standing)) == [
        "lockdown",
        "credential_suspended",
        "credential_expired",
        "credential_used_up",
        "schedule_outside:night",
        "factor_missing:pin",
        "antipassback_hard",
        "second_person_needed",
        "interlock:other",
    ]


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Unknown("0123456789abcdef"), ["credential_not_found"]),
        (replace(RESIDENT, status="lost"), ["credential_lost"]),
        (replace(RESIDENT, valid_from_s=NOON_S + 1), ["credential_not_yet_valid"]),
        (replace(RESIDENT, profiles=()), ["profile_missing"]),
        (replace(RESIDENT, profiles=("elsewhere",)), ["profile_without_access_point:front"]),
        (replace(RESIDENT, escorted=True), ["escort_needed"]),
    ],
)
def test_one_obstacle_alone(known: Known | Unknown, expected: list[str]) -> None:
    assert obstacles(trial(known)) == expected


def test_a_wrong_pin_ends_it_and_a_duress_without_receiver_looks_the_same() -> None:
    lost = replace(RESIDENT, status="lost")
    given = (Factor.CARD,)
    wrong = obstacles(trial(lost, factor=Factor.PIN, offered=Offered(given, pin_wrong=True)))
    duress = obstacles(trial(lost, factor=Factor.PIN, offered=Offered(given, duress=True)))
    assert wrong == duress == ["pin_wrong"]


FLAGS = ("lockdown", "out_of_service", "locked_by_operator", "fault_latched", "closed_schedule", "queue_full")


@given(
    standing=st.sets(st.sampled_from(FLAGS)),
    status=st.sampled_from(["active", "suspended", "lost", "of_a_newer_release"]),
    profiles=st.lists(st.sampled_from(["good", "night", "elsewhere", "gone"]), max_size=3),
    ends=st.sampled_from([None, NOON_S, NOON_S + 1]),
    inside=st.booleans(),
    pin=st.booleans(),
    needs=st.sampled_from([(), ((Factor.CARD, Factor.PIN),), ((Factor.PLATE,),)]),
    pair=st.booleans(),
    timeless=st.booleans(),
)
def test_whoever_does_all_of_it_gets_in(
    standing: set[str], status: str, profiles: list[str], ends: int | None, inside: bool, pin: bool,
    needs: tuple[tuple[Factor, ...], ...], pair: bool, timeless: bool,
) -> None:  # fmt: skip
    """By the decision itself: with none of the obstacles there is a grant, and each one that is named refuses alone."""
    known = replace(
        RESIDENT, status=status, profiles=tuple(profiles), valid_until_s=ends, area="yard" if inside else None,
        second_factors=(Factor.PIN,) if pin else (),
    )  # fmt: skip
    point = replace(
        POINT, area_to="yard", antipassback=Antipassback.HARD, two_person=pair,
        requirements=(Requirement(needs),) if needs else (),
    )  # fmt: skip
    asked = trial(known, point, standing=Standing(**dict.fromkeys(standing, True)))
    if timeless:
        asked = asked._replace(wall=None)
    found = obstacles(asked)
    assert len(found) == len(set(found))
    decision = asked.decided()
    if not found:
        assert decision.outcome == "granted"
    else:
        last = decision.reasons[-1].partition(":")[0]
        assert found[0].partition(":")[0] == last, "the first is what refuses now"
        assert Reason.GRANTED not in [reason.partition(":")[0] for reason in found]
    words = {reason.partition(":")[0] for reason in found}
    assert ("lockdown" in words) == ("lockdown" in standing)
    assert ("queue_full" in words) == ("queue_full" in standing)
    assert ("antipassback_hard" in words) == inside
    assert ("second_person_needed" in words) == pair
    assert (words & {"credential_suspended", "credential_lost"} != set()) == (status != "active")
