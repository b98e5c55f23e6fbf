"""Each rule of decision.py by example: its reason, its place in the order, and the policies that matter most."""

from __future__ import annotations

import pytest

from firmware.core.access import Factor, Profile, Rule, Rulebook, Unknown, Wall
from firmware.core.decision import Decision, Offered, Outcome, Person, Standing, decide
from firmware.core.site import AccessPoint, Antipassback, Area, Requirement, Site
from tests.core.access.world import CARD, CARD_AND_PIN, HARD, NIGHT, NOON, PIN, PLATE, POINT, RULEBOOK, SOFT, person
from tests.core.access.world import point as point_with
from tests.core.access.world import site as make_site


def ask(
    who: object = None,
    *,
    point: AccessPoint = POINT,
    factor: Factor = CARD,
    offered: Offered = Offered(),  # noqa: B008  (frozen)
    wall: Wall | None = NOON,
    standing: Standing = Standing(),  # noqa: B008  (frozen)
    site: Site | None = None,
    rulebook: Rulebook = RULEBOOK,
) -> Decision:
    return decide(site or make_site(), rulebook, point, who or person(), factor, offered, wall, standing)


ORDINARY = ("credential_known", "credential_valid", "profile:resident", "schedule_inside:always")


def test_an_ordinary_grant_says_every_rule_in_order() -> None:
    assert ask(point=point_with(antipassback=HARD)) == Decision(
        Outcome.GRANTED, (*ORDINARY, "factors_complete:card", "antipassback_passed", "granted")
    )


REFUSALS = [
    ({"who": Unknown("t")}, "credential_not_found"),
    ({"who": Unknown("t"), "factor": PIN}, "pin_wrong"),
    ({"standing": Standing(lockdown=True)}, "lockdown"),
    ({"standing": Standing(out_of_service=True)}, "out_of_service"),
    ({"standing": Standing(locked_by_operator=True)}, "locked_by_operator"),
    ({"standing": Standing(fault_latched=True)}, "fault_latched"),
    ({"who": person(status="suspended")}, "credential_suspended"),
    ({"who": person(status="lost")}, "credential_lost"),
    ({"who": person(status="of_a_later_version")}, "credential_suspended"),
    ({"who": person(valid_from_s=NOON.utc_s + 1)}, "credential_not_yet_valid"),
    ({"who": person(valid_until_s=NOON.utc_s)}, "credential_expired"),
    ({"who": person(use_limit=3, uses=3)}, "credential_used_up"),
    ({"who": person(profiles=())}, "profile_missing"),
    ({"who": person(profiles=("of_another_roster",))}, "profile_missing"),
    ({"who": person(profiles=("elsewhere",))}, "profile_without_access_point:front_in"),
    ({"who": person(profiles=("staff",)), "wall": NIGHT}, "schedule_outside:office"),
    ({"factor": PLATE, "point": point_with(requirements=CARD_AND_PIN)}, "factor_not_accepted:plate"),
    ({"who": person(second_factors=()), "point": point_with(requirements=CARD_AND_PIN)}, "factor_missing:pin"),
    ({"who": person(area="yard"), "point": point_with(antipassback=HARD)}, "antipassback_hard"),
    (
        {"who": person(area="yard", area_entered_s=NOON.utc_s - 299), "point": point_with(antipassback_timed_s=300)},
        "antipassback_timed",
    ),
    ({"standing": Standing(area_count=2, area_max=2)}, "area_full:yard"),
    (
        {
            "who": person(vehicle=True, spaces=1, household_inside=1),
            "site": Site("s", areas=(Area("yard", quota=True),)),
        },
        "quota_full:1",
    ),
    ({"standing": Standing(interlock_busy=("inner",))}, "interlock:inner"),
    ({"offered": Offered((CARD,), pin_wrong=True), "factor": PIN}, "pin_wrong"),
]


@pytest.mark.parametrize(("case", "reason"), REFUSALS, ids=[reason for _, reason in REFUSALS])
def test_each_refusal_ends_with_its_reason(case: dict, reason: str) -> None:
    decision = ask(**case)
    assert decision.outcome is Outcome.DENIED
    assert decision.reasons[-1] == reason


def test_the_first_rule_that_refuses_is_the_last_that_is_tried() -> None:
    """All is wrong at once; repairing what was said brings up the next one, in the order of the rules."""
    wrong = {
        "status": "lost",
        "valid_from_s": NOON.utc_s + 60,
        "use_limit": 1,
        "uses": 1,
        "profiles": ("elsewhere",),
        "area": "yard",
        "escorted": True,
    }
    standing = {"lockdown": True, "out_of_service": True, "locked_by_operator": True, "fault_latched": True}
    order = []
    for repair in (
        "lockdown",
        "out_of_service",
        "locked_by_operator",
        "fault_latched",
        "status",
        "valid_from_s",
        "use_limit",
        "profiles",
        "area",
        "escorted",
        None,
    ):
        decision = ask(
            person(**wrong),
            point=point_with(antipassback=HARD),
            standing=Standing(**standing, interlock_busy=("inner",)),
        )
        order.append(decision.reasons[-1].partition(":")[0])
        if repair in standing:
            del standing[repair]
        elif repair is not None:
            del wrong[repair]
    assert order == [
        "lockdown",
        "out_of_service",
        "locked_by_operator",
        "fault_latched",
        "credential_lost",
        "credential_not_yet_valid",
        "credential_used_up",
        "profile_without_access_point",
        "antipassback_hard",
        "escort_needed",
        "interlock",
    ]


def test_validity_has_its_first_second_and_not_its_last() -> None:
    def outcome(**dates: int) -> Outcome:
        return ask(person(**dates)).outcome

    assert outcome(valid_from_s=NOON.utc_s) is Outcome.GRANTED
    assert outcome(valid_until_s=NOON.utc_s + 1) is Outcome.GRANTED
    assert outcome(valid_from_s=NOON.utc_s, valid_until_s=NOON.utc_s) is Outcome.DENIED


@pytest.mark.parametrize("name", ["lockdown", "locked_by_operator", "fault_latched"])
def test_what_refuses_entry_keeps_nobody_in(name: str) -> None:
    assert ask(point=point_with(direction="out"), standing=Standing(**{name: True})).outcome is Outcome.GRANTED


# -- unknown wall time -------------------------------------------------------------------------------------------------


def test_an_always_valid_resident_passes_while_time_is_unknown_and_it_is_said() -> None:
    assert ask(wall=None).reasons == (
        "credential_known",
        "credential_valid",
        "clock_unknown_passed",
        "profile:resident",
        "schedule_inside:always",
        "factors_complete:card",
        "granted",
    )


@pytest.mark.parametrize(
    "who",
    [
        person(valid_from_s=0),
        person(valid_until_s=4_102_444_800),
        person(visitor=True),
        person(profiles=("staff",)),
    ],
    ids=["from", "until", "visitor", "scheduled"],
)
def test_dated_and_scheduled_credentials_and_visitors_are_refused_while_time_is_unknown(who: object) -> None:
    decision = ask(who, wall=None)
    assert decision.outcome is Outcome.DENIED
    assert decision.reasons[-1].partition(":")[0] == "clock_unknown_refused"


def test_a_scheduled_profile_does_not_hide_an_always_valid_one() -> None:
    assert ask(person(profiles=("staff", "resident")), wall=None).outcome is Outcome.GRANTED


BY_TIME = (
    Requirement(((CARD,),), "office"),
    Requirement(((CARD, PIN), (PLATE,)), "night"),
    Requirement(((CARD, PIN),), "always"),
    Requirement(((CARD, PIN, PLATE),), "always"),
)


def test_the_first_active_requirement_applies() -> None:
    assert ask(point=point_with(requirements=BY_TIME)).reasons[-2:] == ("factors_complete:card", "granted")


def test_while_time_is_unknown_the_strictest_that_may_apply_does() -> None:
    """[card], [card+pin or plate] and [card+pin] may apply, the one behind "always" never does."""
    decision = ask(point=point_with(requirements=BY_TIME), wall=None)
    assert (decision.outcome, decision.needs) == (Outcome.NEEDS, PIN)
    assert (
        ask(point=point_with(requirements=BY_TIME), wall=None, factor=PLATE).reasons[-1] == "factor_not_accepted:plate"
    )


def test_a_roster_that_lacks_the_schedule_of_a_requirement_does_not_weaken_the_door() -> None:
    by_night = (Requirement(((CARD, PIN),), "night"), Requirement(((CARD,),)))
    assert ask(point=point_with(requirements=by_night)).needs is PIN
    only = (Requirement(((CARD, PIN),), "night"),)
    assert ask(point=point_with(requirements=only)).needs is PIN


def test_outside_every_requirement_one_factor_is_enough() -> None:
    only = (Requirement(((CARD, PIN),), "office"),)
    assert ask(point=point_with(requirements=only), wall=NIGHT).outcome is Outcome.GRANTED


# -- factors -----------------------------------------------------------------------------------------------------------


def test_factors_complete_in_either_order_and_over_three() -> None:
    three = point_with(requirements=(Requirement(((CARD, PIN, PLATE),)),))
    who = person(second_factors=(CARD, PIN, PLATE))
    assert ask(who, point=three).needs is PIN
    assert ask(who, point=three, factor=PIN, offered=Offered((CARD,))).needs is PLATE
    assert ask(who, point=three, factor=CARD, offered=Offered((PLATE, PIN))).outcome is Outcome.GRANTED


def test_the_shortest_combination_that_the_holder_can_complete_is_asked_for() -> None:
    several = point_with(requirements=(Requirement(((CARD, PIN, PLATE), (CARD, Factor.FACE), (CARD, PIN))),))
    assert ask(point=several).needs is PIN
    assert ask(person(second_factors=(Factor.FACE,)), point=several).needs is Factor.FACE


def test_an_empty_combination_opens_nothing() -> None:
    assert ask(point=point_with(requirements=(Requirement(((),)),))).reasons[-1] == "factor_not_accepted:card"
    assert ask(point=point_with(requirements=(Requirement(()),))).reasons[-1] == "factor_not_accepted:card"


# -- anti-passback, places, spaces -------------------------------------------------------------------------------------


def passback(who: object, mode: Antipassback, timed_s: int | None = None, **more: object) -> Decision:
    return ask(who, point=point_with(antipassback=mode, antipassback_timed_s=timed_s), **more)


def test_hard_is_soft_while_the_ledger_is_not_trusted() -> None:
    decision = passback(person(area="yard"), HARD, standing=Standing(ledger_trusted=False))
    assert decision.outcome is Outcome.GRANTED
    assert "antipassback_soft" in decision.reasons


@pytest.mark.parametrize("mode", [Antipassback.OFF, HARD])
@pytest.mark.parametrize(
    ("entered_s", "wall", "granted"),
    [
        (NOON.utc_s - 299, NOON, False),
        (NOON.utc_s - 300, NOON, True),
        (NOON.utc_s + 1, NOON, True),  # soft: the clock was set back
        (None, NOON, True),  # soft
        (NOON.utc_s - 10, None, True),  # soft
    ],
)
def test_timed_antipassback_ends_with_its_time(
    mode: Antipassback, entered_s: int | None, wall: Wall | None, granted: bool
) -> None:
    decision = passback(person(area="yard", area_entered_s=entered_s), mode, 300, wall=wall)
    assert (decision.outcome is Outcome.GRANTED) is granted
    proven = entered_s == NOON.utc_s - 300
    if granted:
        assert ("antipassback_passed" if proven else "antipassback_soft") in decision.reasons


def test_an_unknown_area_and_another_area_pass() -> None:
    for area in (None, "", "street", "garage"):
        assert passback(person(area=area), HARD).outcome is Outcome.GRANTED


def test_the_exempt_pass_antipassback_and_a_full_area_and_it_is_said() -> None:
    decision = passback(person(area="yard", exempt=True), HARD)
    assert "exempt:antipassback" in decision.reasons
    decision = ask(person(exempt=True), standing=Standing(area_count=9, area_max=2))
    assert decision.reasons[-2:] == ("exempt:occupancy", "granted")


def test_who_is_inside_already_takes_no_place() -> None:
    decision = passback(person(area="yard"), SOFT, standing=Standing(area_count=2, area_max=2))
    assert decision.outcome is Outcome.GRANTED


def test_a_vehicle_moves_between_areas_with_quota_even_when_the_household_is_over() -> None:
    site = Site("s", areas=(Area("yard", quota=True), Area("garage", quota=True)))
    car = person(vehicle=True, spaces=1, household_inside=1, area="garage")
    assert ask(car, site=site).outcome is Outcome.GRANTED
    assert ask(person(vehicle=False, spaces=1, household_inside=1), site=site).outcome is Outcome.GRANTED


# -- persons -----------------------------------------------------------------------------------------------------------

TWO = point_with(two_person=True)
GUARD = person("guard", escort=True)


def pair(first: object, second: object, point: AccessPoint = TWO, **more: object) -> Decision:
    return ask(second, point=point, offered=Offered(first=first), **more)


def test_two_persons_are_two_holders_one_of_whom_may_be_the_second_in_either_order() -> None:
    assert ask(point=TWO).needs is Person.SECOND
    assert ask(GUARD, point=TWO).needs is Person.SECOND
    for first, second in ((person(), GUARD), (GUARD, person())):
        decision = pair(first, second)
        assert (decision.outcome, decision.paired) == (Outcome.GRANTED, True)
        assert decision.reasons[-2:] == ("second_person", "granted")


def test_two_who_may_not_be_the_second_person_do_not_make_a_pair() -> None:
    assert pair(person(), person("bob")).needs is Person.SECOND


def test_the_same_holder_is_not_a_second_person_even_with_another_credential() -> None:
    decision = pair(GUARD, person("guard", credential="other_card", escort=True))
    assert decision.needs is Person.SECOND
    assert decision.reasons[-2:] == ("second_person_same", "second_person_needed")


def test_an_escorted_holder_needs_an_escort_and_no_other_does() -> None:
    visitor = person("vic", escorted=True)
    assert ask(visitor).needs is Person.ESCORT
    assert pair(visitor, GUARD, POINT).paired is True
    assert pair(visitor, person("vera", escorted=True, escort=True), POINT).needs is Person.ESCORT
    alone = pair(visitor, person(), POINT)
    assert (alone.outcome, alone.paired) == (Outcome.GRANTED, False)
    both = pair(visitor, GUARD, TWO)
    assert both.reasons[-3:] == ("escorted", "second_person", "granted")


def test_two_need_two_places() -> None:
    decision = pair(person(), GUARD, standing=Standing(area_count=1, area_max=2))
    assert decision.reasons[-1] == "area_full:yard"
    assert pair(person(area="yard"), GUARD, standing=Standing(area_count=1, area_max=2)).outcome is Outcome.GRANTED


# -- duress, fire ------------------------------------------------------------------------------------------------------


def test_a_duress_pin_decides_as_the_ordinary_one_and_tells() -> None:
    ordinary, duress = ask(factor=PIN), ask(person(duress=True), factor=PIN)
    assert (duress.outcome, duress.reasons, duress.quiet) == (ordinary.outcome, ordinary.reasons, ())
    assert (ordinary.duress, duress.duress) == (False, True)


def test_duress_is_told_of_even_where_the_door_stays_shut() -> None:
    assert ask(person(duress=True), factor=PIN, standing=Standing(lockdown=True)).duress is True


def test_without_anybody_to_tell_a_duress_pin_is_an_ordinary_wrong_pin() -> None:
    nobody = make_site(roles=())
    wrong = ask(Unknown("t"), factor=PIN, site=nobody)
    duress = ask(person(duress=True), factor=PIN, site=nobody)
    assert (duress.outcome, duress.reasons, duress.duress) == (wrong.outcome, wrong.reasons, False)
    assert duress.quiet == ("duress_without_receiver",)
    wrong = ask(factor=PIN, offered=Offered((CARD,), pin_wrong=True), site=nobody)
    duress = ask(factor=PIN, offered=Offered((CARD,), duress=True), site=nobody)
    assert (duress.outcome, duress.reasons) == (wrong.outcome, wrong.reasons)


def test_the_duress_mark_of_a_credential_that_is_no_pin_means_nothing() -> None:
    assert ask(person(duress=True), site=make_site(roles=())).outcome is Outcome.GRANTED


def test_fire_is_noted_and_neither_grants_nor_refuses() -> None:
    standing = Standing(fire=True, evacuation=True)
    assert ask(standing=standing).reasons[:2] == ("fire", "evacuation")
    assert ask(standing=standing).outcome is Outcome.GRANTED
    assert ask(Unknown("t"), standing=standing).reasons == ("fire", "evacuation", "credential_not_found")


def test_the_reasons_of_a_refusal_are_bounded() -> None:
    many = Rulebook(7, {"p": Profile("p", tuple(Rule(("*",), f"s{number}") for number in range(500)))})
    assert len(ask(person(profiles=("p",)), rulebook=many).reasons) == 10
