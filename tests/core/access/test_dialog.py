"""Presentations at one reader, as people would notice them: dialogs, time-outs, feedback, repeats, double swipes."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.access import Unknown
from firmware.core.codes import Code
from firmware.core.decision import Standing
from firmware.core.dialog import Stage
from firmware.core.effects import Body, Feedback, Keep, Mute, Record, SetOutput, Show
from firmware.core.facts import FaceSeen, PinBefore, PlateSeen
from firmware.core.reader import due
from firmware.core.site import Requirement
from tests.core.access.world import (
    CARD,
    CARD_AND_PIN,
    HARD,
    PIN,
    PLATE,
    READER,
    RULEBOOK,
    SOFT,
    Bench,
    codes,
    events,
    person,
    point,
    remembered,
    shows,
    site,
)

BOTH = point(requirements=CARD_AND_PIN)
TWO = point(two_person=True)
GUARD = person("guard", escort=True, household=None)
VISITOR = person("vic", escorted=True, visitor=True)
STRANGER = Unknown("stranger")


def holder_events(bench: Bench) -> list[tuple[Code, str | None]]:
    return [(event.code, event.body.holder if event.body else None) for event in events(bench.effects)]


# -- one factor


def test_a_good_card_is_granted_shown_and_recorded_and_the_reader_rests_again() -> None:
    bench = Bench()
    effects = bench.card()
    assert isinstance(effects[0], Show), "the person is waiting for that"
    assert (shows(effects), codes(effects)) == ([Feedback.GRANTED], [Code.GRANTED])
    (event,) = events(effects)
    assert (event.portal, event.access_point, event.reader) == ("door", "front_in", "front")
    assert event.body == Body(holder="ann", household="h1", credential="card_ann")
    ((_, grant),) = bench.grants
    assert (grant.holder, grant.portal, grant.access_point, grant.area_to) == ("ann", "door", "front_in", "yard")
    assert grant.reasons == event.reasons
    assert bench.wait(1_999) == []
    assert shows(bench.wait(1)) == [Feedback.IDLE]
    assert bench.wait(10_000_000) == []


def test_an_unknown_card_is_refused_by_its_token() -> None:
    bench = Bench()
    effects = bench.card(STRANGER)
    (event,) = events(effects)
    assert (event.code, event.body) == (Code.UNKNOWN_CREDENTIAL, Body(token="stranger"))
    assert (shows(effects), bench.grants) == ([Feedback.DENIED], [])
    assert bench.state.pending is None
    assert shows(bench.wait(60_000)) == [Feedback.IDLE]


def test_a_refused_card_is_refused_with_its_holder() -> None:
    bench = Bench()
    (event,) = events(bench.card(person(status="lost")))
    assert (event.code, event.reasons[-1], event.body.holder) == (Code.DENIED, "credential_lost", "ann")
    assert bench.state.pending is None


def test_a_wrong_pin_alone_leaves_no_token() -> None:
    bench = Bench()
    (event,) = events(bench.pin())
    assert (event.code, event.reasons, event.body) == (Code.UNKNOWN_CREDENTIAL, ("pin_wrong",), None)
    assert bench.state.pending is None


def test_the_effects_are_only_those_of_a_reader() -> None:
    bench = Bench()
    for effect in bench.card() + bench.pin() + bench.wait(60_000):
        assert isinstance(effect, Show | Record | Keep | Mute)
        assert not isinstance(effect, SetOutput), "releasing is the portal's"


def test_a_soft_antipassback_is_an_event_of_its_own() -> None:
    bench = Bench(point(antipassback=SOFT))
    assert codes(bench.card(person(area="yard"))) == [Code.GRANTED, Code.ANTIPASSBACK_SOFT]
    bench.wait(5_000)
    assert codes(bench.card(person(area="street"))) == [Code.GRANTED]


def test_effects_and_state_can_be_written_and_read_back() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.pin()
    for effect in bench.effects:
        if isinstance(effect, Record):
            assert msgspec.json.decode(msgspec.json.encode(effect), type=Record) == effect
    assert msgspec.json.decode(msgspec.json.encode(bench.state), type=type(bench.state)) == bench.state


# -- two factors


def test_card_then_pin() -> None:
    bench = Bench(BOTH)
    assert bench.card() == [Show("front", Feedback.NEXT_FACTOR)]
    assert bench.state.pending.holder == "ann", "intake compares the PIN with that holder's"
    bench.wait(9_999)
    effects = bench.pin(second_of="ann")
    assert (shows(effects), codes(effects)) == ([Feedback.GRANTED], [Code.GRANTED])
    assert "factors_complete:card+pin" in events(effects)[0].reasons
    assert bench.state.pending is None
    assert shows(bench.wait(100_000)) == [Feedback.IDLE]


def test_pin_then_card_where_the_pin_identifies() -> None:
    bench = Bench(BOTH)
    bench.pin(person(credential="pin_ann"))
    assert bench.state.pending.holder == "ann"
    assert codes(bench.card()) == [Code.GRANTED]


def test_pin_then_card_where_only_both_together_identify() -> None:
    bench = Bench(BOTH)
    assert bench.pin() == [Show("front", Feedback.NEXT_FACTOR)]
    assert (bench.state.pending.stage, bench.state.pending.holder) == (Stage.CARD, None)
    assert codes(bench.card(pin_before=PinBefore.RIGHT)) == [Code.GRANTED]
    assert bench.state.pending is None
    assert shows(bench.wait(60_000)) == [Feedback.IDLE]


def test_pin_first_and_wrong_is_a_wrong_try_with_the_holder_of_the_card() -> None:
    bench = Bench(BOTH)
    bench.pin()
    (event,) = events(bench.card(pin_before=PinBefore.WRONG), Code.DENIED)
    assert (event.reasons, event.body.holder) == (("credential_known", "pin_wrong"), "ann")
    assert bench.state.guard.tries == 1
    assert bench.state.pending is None
    assert shows(bench.wait(60_000)) == [Feedback.IDLE]


def test_pin_first_without_the_digits_asks_for_the_pin_again() -> None:
    bench = Bench(BOTH)
    bench.pin()
    bench.card()
    assert (bench.state.pending.stage, bench.state.pending.holder) == (Stage.FACTOR, "ann")


def test_a_pin_may_be_typed_anew_before_the_card_and_an_unknown_card_ends_it() -> None:
    bench = Bench(BOTH)
    bench.pin()
    bench.wait(9_000)
    bench.pin()
    bench.wait(9_000)
    assert bench.state.pending.stage is Stage.CARD
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]
    assert bench.state.pending is None


def test_a_pin_that_nothing_follows_expires_without_a_name() -> None:
    bench = Bench(BOTH)
    bench.pin()
    effects = bench.wait(60_000)
    (event,) = events(effects)
    assert (event.code, event.reasons, event.body) == (Code.DENIED, ("dialog_expired",), None)
    assert shows(effects) == [Feedback.DENIED, Feedback.IDLE]


def test_where_a_pin_alone_opens_a_wrong_one_is_wrong_at_once() -> None:
    bench = Bench(point(requirements=(Requirement(((CARD, PIN), (PIN,))),)))
    assert codes(bench.pin()) == [Code.UNKNOWN_CREDENTIAL]
    bench = Bench(point(requirements=(Requirement(((CARD,), (PLATE,))),)))
    assert codes(bench.pin()) == [Code.UNKNOWN_CREDENTIAL]


def test_a_wrong_pin_may_be_tried_again_within_the_first_time() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.wait(6_000)
    effects = bench.pin()
    (event,) = events(effects)
    assert (event.reasons, event.body.holder) == (("credential_known", "pin_wrong"), "ann")
    assert shows(effects) == [Feedback.DENIED]
    assert shows(bench.wait(2_000)) == [Feedback.NEXT_FACTOR]
    assert codes(bench.pin(second_of="ann")) == [Code.GRANTED]


def test_a_wrong_pin_gives_no_further_time() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.wait(6_000)
    bench.pin()
    assert codes(bench.wait(3_999)) == []
    effects = bench.wait(1)
    assert codes(effects) == [Code.DENIED]
    assert bench.state.pending is None


def test_a_dialog_expires_with_what_was_said_before() -> None:
    bench = Bench(BOTH)
    bench.card()
    effects = bench.wait(60_000)
    (event,) = events(effects)
    assert event.code is Code.DENIED
    assert event.reasons[-2:] == ("factor_missing:pin", "dialog_expired")
    assert event.body.holder == "ann"
    assert shows(effects) == [Feedback.DENIED, Feedback.IDLE]
    assert codes(bench.pin(second_of="ann")) == [], "an expired PIN is the first half of something"
    assert bench.grants == []


def test_a_pin_that_belongs_to_somebody_else_counts_as_that_persons() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.pin(person("bob"))
    assert bench.state.pending.holder == "bob"
    assert bench.state.guard.tries == 0


def test_the_holders_own_pin_alone_is_a_right_second_factor() -> None:
    bench = Bench(BOTH)
    bench.card()
    assert codes(bench.pin(person(credential="pin_ann"))) == [Code.GRANTED]


@pytest.mark.parametrize("status", ["suspended", "lost"])
def test_the_holders_own_pin_that_is_suspended_is_no_second_factor(status: str) -> None:
    bench = Bench(BOTH)
    bench.card()
    (event,) = events(bench.pin(person(credential="pin_ann", status=status)))
    assert (event.code, event.reasons[-1], event.body.credential) == (Code.DENIED, f"credential_{status}", "pin_ann")
    assert bench.grants == []
    # The same digits as the PIN that is given beside something: that one is as good as ever.
    bench = Bench(BOTH)
    bench.card()
    assert codes(bench.pin(person(credential="pin_ann", status=status), second_of="ann")) == [Code.GRANTED]


def test_another_card_takes_the_dialog_over_and_a_bad_one_ends_it() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.card(person("bob"))
    assert bench.state.pending.holder == "bob"
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]
    assert bench.state.pending is None
    assert shows(bench.wait(60_000)) == [Feedback.IDLE]


def test_the_same_card_again_starts_its_time_anew() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.wait(9_000)
    assert bench.card() == [Show("front", Feedback.NEXT_FACTOR)]
    bench.wait(9_000)
    assert codes(bench.pin(second_of="ann")) == [Code.GRANTED]


def test_three_factors() -> None:
    bench = Bench(point(requirements=(Requirement(((CARD, PIN, PLATE),)),)))
    who = person(second_factors=(CARD, PIN, PLATE))
    bench.card(who)
    bench.pin(second_of="ann")
    assert bench.state.pending.factors == (CARD, PIN)
    assert codes(bench.give(PlateSeen("front", msgspec.structs.replace(who, credential="plate_ann")))) == [Code.GRANTED]


def test_the_ledger_that_came_with_the_last_factor_counts() -> None:
    bench = Bench(point(requirements=(Requirement(((PIN, CARD),)),), antipassback=HARD))
    bench.pin(person(credential="pin_ann", area="street"))
    assert events(bench.card(person(area="yard")))[0].reasons[-1] == "antipassback_hard"


def test_another_roster_ends_the_dialog() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.rulebook = msgspec.structs.replace(RULEBOOK, version=8)
    bench.pin(second_of="ann")
    assert bench.grants == []
    assert bench.state.pending.stage is Stage.CARD


def test_a_change_at_the_portal_counts_when_the_dialog_ends() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.standing = Standing(lockdown=True)
    assert events(bench.pin(second_of="ann"))[0].reasons[-1] == "lockdown"
    assert bench.state.pending is None


# -- two persons


def test_two_persons() -> None:
    bench = Bench(TWO)
    assert bench.card() == [Show("front", Feedback.SECOND_PERSON)]
    assert bench.state.pending.holder is None
    bench.wait(14_999)
    effects = bench.card(GUARD)
    (event,) = events(effects)
    assert event.body == Body(holder="ann", household="h1", credential="card_ann", second_holder="guard")
    ((_, grant),) = bench.grants
    assert (grant.holder, grant.second_holder) == ("ann", "guard")
    assert bench.state.pending is None
    assert shows(bench.wait(60_000)) == [Feedback.IDLE]


def test_a_second_person_that_does_not_come() -> None:
    bench = Bench(TWO)
    bench.card()
    bench.wait(14_999)
    assert codes(bench.effects) == []
    effects = bench.wait(1)
    (event,) = events(effects)
    assert event.reasons[-2:] == ("second_person_needed", "dialog_expired")
    assert event.body.holder == "ann"
    assert bench.state.pending is None
    assert bench.card(GUARD) == [Show("front", Feedback.SECOND_PERSON)]


def test_the_first_stays_the_first_and_his_time_runs_once() -> None:
    bench = Bench(TWO)
    bench.card()
    bench.wait(10_000)
    assert bench.card() == [Show("front", Feedback.SECOND_PERSON)]
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]
    assert bench.card(person("bob")) == [Show("front", Feedback.SECOND_PERSON)]
    assert bench.state.pending.first.holder == "ann"
    bench.wait(4_999)
    assert codes(bench.effects) == [Code.UNKNOWN_CREDENTIAL]
    assert codes(bench.wait(1)) == [Code.DENIED]


def test_who_is_refused_leaves_the_first_one_waiting() -> None:
    bench = Bench(TWO)
    bench.card()
    assert shows(bench.card(STRANGER)) == [Feedback.DENIED]
    assert shows(bench.wait(2_000)) == [Feedback.SECOND_PERSON]
    assert shows(bench.pin()) == [Feedback.DENIED]
    assert bench.state.pending.stage is Stage.PERSON
    bench.card(GUARD)
    assert len(bench.grants) == 1


def test_both_persons_with_both_factors_each() -> None:
    bench = Bench(point(two_person=True, requirements=CARD_AND_PIN))
    bench.card()
    bench.pin(second_of="ann")
    assert bench.shown() is Feedback.SECOND_PERSON
    bench.card(STRANGER)  # leaves her waiting
    bench.card(GUARD)
    assert (bench.state.pending.holder, bench.state.pending.first.holder) == ("guard", "ann")
    bench.pin(second_of="guard")
    ((_, grant),) = bench.grants
    assert (grant.holder, grant.second_holder) == ("ann", "guard")


def test_a_second_person_who_starts_with_the_pin() -> None:
    bench = Bench(point(two_person=True, requirements=CARD_AND_PIN))
    bench.pin()
    bench.card(pin_before=PinBefore.RIGHT)
    assert bench.state.pending.stage is Stage.PERSON
    bench.wait(14_000)
    assert bench.pin() == [Show("front", Feedback.NEXT_FACTOR)]
    bench.wait(9_000)
    assert (bench.state.pending.stage, bench.state.pending.first.holder) == (Stage.CARD, "ann")
    bench.card(GUARD, PinBefore.RIGHT)
    assert bench.grants[0][1].second_holder == "guard"


def test_a_second_person_who_is_none_after_all_gives_the_first_no_further_time() -> None:
    bench = Bench(point(two_person=True, requirements=CARD_AND_PIN))
    bench.card()
    bench.pin(second_of="ann")
    bench.wait(14_000)
    bench.card(person("bob"))
    bench.wait(9_000)  # bob had begun in time, ann's time is over meanwhile
    bench.pin(second_of="bob")
    effects = bench.wait(1)
    assert codes(effects) == [Code.DENIED]
    assert bench.state.pending is None


def test_a_visitor_with_an_escort_and_a_resident_who_does_not_wait() -> None:
    bench = Bench()
    assert bench.card(VISITOR) == [Show("front", Feedback.SECOND_PERSON)]
    bench.card(person())
    assert [(grant.holder, grant.second_holder) for _, grant in bench.grants] == [("ann", None)]
    assert bench.state.pending is None
    bench.wait(5_000)
    bench.card(VISITOR)
    bench.card(GUARD)
    assert [(grant.holder, grant.second_holder) for _, grant in bench.grants[1:]] == [("vic", "guard")]


# -- duress


def looks(bench: Bench) -> list:
    """All that anybody can see: everything but the event for those who are named."""
    return [effect for effect in bench.effects if not (isinstance(effect, Record) and effect.event.code is Code.DURESS)]


def by_pin_alone(duress: bool) -> Bench:
    bench = Bench(at_site=site())
    bench.pin(person(credential="pin_ann", duress=duress))
    bench.wait(60_000)
    return bench


def by_second_factor(duress: bool) -> Bench:
    bench = Bench(BOTH)
    bench.card()
    bench.pin(second_of="ann", duress=duress)
    bench.wait(60_000)
    return bench


def by_pin_first(duress: bool) -> Bench:
    bench = Bench(BOTH)
    bench.pin()
    bench.card(pin_before=PinBefore.DURESS if duress else PinBefore.RIGHT)
    bench.wait(60_000)
    return bench


def by_identifying_pin_first(duress: bool) -> Bench:
    bench = Bench(BOTH)
    bench.pin(person(credential="pin_ann", duress=duress))
    bench.card()
    bench.wait(60_000)
    return bench


def under_lockdown(duress: bool) -> Bench:
    bench = Bench(standing=Standing(lockdown=True))
    bench.pin(person(credential="pin_ann", duress=duress))
    bench.wait(60_000)
    return bench


def while_locked_out(duress: bool) -> Bench:
    bench = Bench()
    for _ in range(5):
        bench.pin()
    bench.pin(person(credential="pin_ann", duress=duress))
    return bench


WAYS = [by_pin_alone, by_second_factor, by_pin_first, by_identifying_pin_first, under_lockdown, while_locked_out]


@pytest.mark.parametrize("way", WAYS)
def test_duress_looks_ordinary_and_is_told_once(way) -> None:
    ordinary, duress = way(False), way(True)
    assert looks(duress) == looks(ordinary)
    assert [event.body.holder for event in events(duress.effects, Code.DURESS)] == ["ann"]
    assert events(ordinary.effects, Code.DURESS) == []
    assert duress.grants == ordinary.grants


def nobody_to_tell(access_point, steps) -> list:
    bench = Bench(access_point, at_site=site(access_point, roles=()))
    steps(bench)
    bench.wait(60_000)
    return bench.effects


@pytest.mark.parametrize(
    ("access_point", "duress", "wrong"),
    [
        (point(), lambda b: b.pin(person(duress=True)), lambda b: b.pin()),
        (BOTH, lambda b: b.pin(person(duress=True)), lambda b: b.pin()),
        (
            BOTH,
            lambda b: (b.card(), b.pin(second_of="ann", duress=True)),
            lambda b: (b.card(), b.pin()),
        ),
        (
            BOTH,
            lambda b: (b.card(), b.pin(person(duress=True))),
            lambda b: (b.card(), b.pin()),
        ),
        (
            BOTH,
            lambda b: (b.pin(), b.card(pin_before=PinBefore.DURESS)),
            lambda b: (b.pin(), b.card(pin_before=PinBefore.WRONG)),
        ),
    ],
    ids=["alone", "alone where it is not enough", "second", "second by the PIN that identifies", "first"],
)
def test_without_anybody_to_tell_duress_looks_as_a_wrong_pin(access_point, duress, wrong) -> None:
    """All effects are equal, the wrong tries kept over the power among them."""
    assert nobody_to_tell(access_point, duress) == nobody_to_tell(access_point, wrong)


# -- repeats, stale sightings, double swipes, first card


def test_a_card_held_to_the_reader_is_one_presentation() -> None:
    bench = Bench()
    for _ in range(40):
        bench.card()
        bench.wait(250)
    assert len(bench.grants) == 1
    bench.wait(250)
    bench.card()
    assert len(bench.grants) == 2


@pytest.mark.parametrize("who", [person(), STRANGER], ids=["known", "unknown"])
def test_a_repeat_is_sooner_than_its_limit(who) -> None:
    bench = Bench()
    bench.card(who)
    bench.wait(499)
    assert bench.card(who) == []
    bench.wait(500)
    assert bench.card(who) != []


def test_another_credential_is_no_repeat() -> None:
    bench = Bench()
    bench.card()
    assert codes(bench.card(person("bob"))) == [Code.GRANTED]
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]


def test_wrong_pins_are_never_repeats() -> None:
    bench = Bench()
    for _ in range(4):
        bench.pin()
    assert bench.state.guard.tries == 4


@pytest.mark.parametrize("kind", [PlateSeen, FaceSeen])
@pytest.mark.parametrize(("age_ms", "fresh"), [(0, True), (3_000, True), (3_001, False), (-1, False)])
def test_a_stale_sighting_opens_nothing_and_shows_nothing(kind, age_ms: int, fresh: bool) -> None:
    bench = Bench()
    effects = bench.give(kind("front", person(), age_ms=age_ms))
    assert bool(bench.grants) is fresh
    if not fresh:
        (event,) = events(effects)
        assert (event.code, event.reasons, shows(effects)) == (Code.DENIED, ("sighting_stale",), [])


def test_a_stale_sighting_leaves_a_dialog_alone() -> None:
    bench = Bench(BOTH)
    bench.card()
    bench.give(PlateSeen("front", STRANGER, age_ms=60_000))
    assert codes(bench.pin(second_of="ann")) == [Code.GRANTED]


def swipes(*gaps_ms: int, **changes: object) -> list[bool]:
    bench = Bench()
    for gap_ms in (0, *gaps_ms):
        bench.wait(gap_ms)
        bench.card(person(**{"holds_open": True, **changes}))
    return [grant.hold_toggle for _, grant in bench.grants]


def test_two_swipes_in_time_toggle_hold_open_and_a_third_begins_anew() -> None:
    assert swipes(5_000) == [False, True]
    assert swipes(5_001) == [False, False]
    assert swipes(5_001, 5_000) == [False, False, True]
    assert swipes(1_000, 1_000) == [False, True, False]
    assert swipes(1_000, 1_000, 1_000) == [False, True, False, True]


def test_who_may_not_hold_open_does_not() -> None:
    assert swipes(1_000, holds_open=False) == [False, False]
    assert swipes(1_000, visitor=True) == [False, False]


def test_two_swipes_are_of_one_holder() -> None:
    bench = Bench()
    bench.card(person(holds_open=True))
    bench.card(person("bob", holds_open=True))
    bench.wait(1_000)
    bench.card(person(holds_open=True))
    assert [grant.hold_toggle for _, grant in bench.grants] == [False, False, False]


def test_the_double_swipe_is_said() -> None:
    bench = Bench()
    bench.card(person(holds_open=True))
    bench.wait(1_000)
    (event,) = events(bench.card(person(holds_open=True)), Code.GRANTED)
    assert event.reasons[-2:] == ("granted", "double_swipe")


def test_what_a_grant_tells_of_its_holder() -> None:
    bench = Bench()
    bench.card(person(extended=True, exempt=True, unlocks_first=True, vehicle=True, area="street"))
    ((_, grant),) = bench.grants
    assert (grant.extended, grant.exempt, grant.first_card, grant.vehicle) == (True, True, True, True)
    assert (grant.area, grant.area_from, grant.area_to, grant.household) == ("street", "street", "yard", "h1")
    bench = Bench()
    bench.card(person(unlocks_first=True, visitor=True))
    assert bench.grants[0][1].first_card is False


def test_the_second_person_may_be_the_one_who_needs_longer() -> None:
    bench = Bench(TWO)
    bench.card()
    bench.card(msgspec.structs.replace(GUARD, extended=True, unlocks_first=True))
    assert (bench.grants[0][1].extended, bench.grants[0][1].first_card) == (True, True)


def test_a_grant_alone_remembers_nothing() -> None:
    """Uses and areas are the passage's; where none can be proven, the portal counts the use when it releases."""
    for contact in (True, False):
        assert remembered(Bench(at_site=site(contact=contact)).card()) == []


# -- what the reader shows


def test_what_a_resting_reader_shows() -> None:
    bench = Bench()
    assert bench.rest(Feedback.LOCKDOWN) == [Show("front", Feedback.LOCKDOWN)]
    assert bench.rest(Feedback.LOCKDOWN) == []
    bench.card(STRANGER)
    assert bench.rest(Feedback.UNLOCKED) == [], "the person sees the outcome first"
    assert bench.wait(2_000) == [Show("front", Feedback.UNLOCKED)]


def test_a_dialog_is_shown_over_what_the_reader_shows_at_rest() -> None:
    bench = Bench(BOTH)
    bench.card()
    assert bench.rest(Feedback.HELD_WARNING) == []
    assert bench.wait(60_000)[-1] == Show("front", Feedback.HELD_WARNING)


def test_due_in_one_step_or_in_many_comes_to_the_same() -> None:
    """The shell may be late: what is due is done as of its own deadline."""

    def used() -> Bench:
        bench = Bench(BOTH, reader=msgspec.structs.replace(READER, unknown_burst=1))
        bench.card(STRANGER)
        bench.card(person("bob"))
        bench.card(STRANGER)
        bench.noise(3)
        bench.card()
        bench.pin()
        return bench

    slow, late = used(), used()
    slow.wait(8_000_000)
    late.state, effects = due(late.site, late.reader, late.state, late.now_ms + 8_000_000)
    late.keep(effects)
    assert late.state == slow.state
    assert late.effects == slow.effects
