"""PIN lock-outs: at most five tries, a growing delay, over the power, and no way around. GB 50396 5.1.5."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.codes import Code
from firmware.core.effects import Feedback, Keep
from firmware.core.facts import PinBefore
from firmware.core.reader import locked_out, restore
from firmware.core.site import Reader
from tests.core.access.world import CARD_AND_PIN, READER, Bench, codes, events, kept, person, point, shows

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
BOTH = point(requirements=CARD_AND_PIN)


def wrong(bench: Bench, times: int = 5) -> list:
    effects = []
    for _ in range(times):
        effects = bench.pin()
    return effects


@pytest.mark.attack("pin-06")
def test_the_fifth_wrong_pin_locks_pins_out_with_an_alarm() -> None:
    bench = Bench()
    wrong(bench, 4)
    assert not locked_out(bench.state)
    assert events(bench.effects, Code.PIN_LOCKED_OUT) == []
    effects = wrong(bench, 1)
    assert codes(effects) == [Code.PIN_LOCKED_OUT, Code.UNKNOWN_CREDENTIAL]
    (alarm,) = events(effects, Code.PIN_LOCKED_OUT)
    assert (alarm.reader, alarm.count, alarm.detail) == ("front", 5, "60000 ms")
    assert shows(effects) == [Feedback.LOCKED_OUT]
    assert locked_out(bench.state)


def test_the_site_may_allow_fewer_tries() -> None:
    bench = Bench(reader=Reader("front", pin_tries_max=2))
    wrong(bench, 2)
    assert locked_out(bench.state)
    bench = Bench(reader=Reader("front", pin_tries_max=1))
    wrong(bench, 1)
    assert locked_out(bench.state)


def test_while_locked_out_right_and_wrong_pins_look_the_same_and_count_nothing() -> None:
    bench = Bench()
    wrong(bench)
    bench.wait(3_000)
    right, bad = bench.pin(person()), bench.pin()
    assert right == bad
    assert (shows(right), codes(right)) == ([Feedback.LOCKED_OUT], [Code.DENIED])
    (event,) = events(right)
    assert (event.reasons, event.body) == (("pin_locked_out",), None)
    assert bench.grants == []
    wrong(bench, 20)
    assert len(events(bench.effects, Code.PIN_LOCKED_OUT)) == 1


def test_cards_still_open_while_pins_are_locked_out() -> None:
    bench = Bench()
    wrong(bench)
    assert codes(bench.card()) == [Code.GRANTED]


def test_who_needs_a_pin_is_told_at_once_that_it_would_be_refused() -> None:
    bench = Bench(BOTH)
    wrong_after_card(bench)
    effects = bench.card(person("bob"))
    assert shows(effects) == [Feedback.LOCKED_OUT]
    (event,) = events(effects)
    assert event.reasons[-2:] == ("factor_missing:pin", "pin_locked_out")
    assert bench.state.pending is None


def wrong_after_card(bench: Bench) -> None:
    bench.card()
    for _ in range(5):
        bench.pin()


def test_the_last_wrong_second_factor_ends_the_dialog() -> None:
    bench = Bench(BOTH)
    wrong_after_card(bench)
    assert locked_out(bench.state)
    assert bench.state.pending is None
    assert bench.shown() is Feedback.LOCKED_OUT
    assert [event.body.holder for event in events(bench.effects, Code.DENIED)] == ["ann"] * 5


def test_the_last_wrong_pin_before_a_card_ends_the_dialog() -> None:
    bench = Bench(BOTH)
    for number in range(5):
        bench.pin()
        bench.card(person(f"p{number}"), PinBefore.WRONG)
    assert locked_out(bench.state)
    assert len(events(bench.effects, Code.DENIED)) == 5
    assert bench.state.pending is None
    assert bench.shown() is Feedback.LOCKED_OUT


def test_the_last_wrong_pin_of_a_second_person_ends_the_first_ones_wait() -> None:
    bench = Bench(point(two_person=True))
    bench.card()
    wrong(bench)
    assert locked_out(bench.state)
    assert len(events(bench.effects, Code.UNKNOWN_CREDENTIAL)) == 5
    assert bench.state.pending is None
    assert bench.shown() is Feedback.LOCKED_OUT


def test_it_ends_by_itself_at_its_time_and_says_so() -> None:
    bench = Bench()
    wrong(bench)
    bench.wait(MINUTE_MS - 1)
    assert locked_out(bench.state)
    effects = bench.wait(1)
    assert Code.PIN_LOCKOUT_ENDED in codes(effects)
    assert codes(bench.pin(person())) == [Code.GRANTED]


def lockout_ms(bench: Bench) -> int:
    """How long PINs are locked out from now on."""
    before_ms = bench.now_ms
    while locked_out(bench.state):
        bench.wait(bench.state.guard.until_ms - bench.now_ms)
    return bench.now_ms - before_ms


def test_each_lockout_doubles_the_next_up_to_the_limit() -> None:
    bench = Bench()
    lasted = []
    for _ in range(8):
        wrong(bench)
        lasted.append(lockout_ms(bench) // MINUTE_MS)
    assert lasted == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_quiet_hour_forgets_tries_and_growth_and_not_a_moment_sooner() -> None:
    bench = Bench()
    wrong(bench, 4)
    bench.wait(HOUR_MS - 1)
    wrong(bench, 1)
    assert locked_out(bench.state), "an hour after the last try, not after the first"
    lockout_ms(bench)
    wrong(bench, 4)
    bench.wait(HOUR_MS)
    assert kept(bench.effects) == {}
    wrong(bench, 4)
    assert not locked_out(bench.state)
    wrong(bench, 1)
    assert lockout_ms(bench) == MINUTE_MS


def test_the_quiet_hour_counts_from_the_end_of_a_lockout() -> None:
    bench = Bench()
    wrong(bench)
    bench.wait(MINUTE_MS + HOUR_MS - 1)
    wrong(bench)
    assert lockout_ms(bench) == 2 * MINUTE_MS
    bench.wait(HOUR_MS)
    wrong(bench)
    assert lockout_ms(bench) == MINUTE_MS


def test_another_holders_right_pin_clears_the_tries_but_not_the_growth() -> None:
    bench = Bench()
    wrong(bench)
    lockout_ms(bench)
    wrong(bench, 4)
    bench.pin(person())
    wrong(bench, 4)
    assert not locked_out(bench.state)
    wrong(bench, 1)
    assert lockout_ms(bench) == 2 * MINUTE_MS


def test_a_cleared_reader_that_was_never_locked_remembers_nothing() -> None:
    bench = Bench()
    wrong(bench, 4)
    bench.pin(person())
    assert kept(bench.effects) == {}
    assert bench.state.guard.until_ms is None


def test_ones_own_pin_does_not_buy_further_tries() -> None:
    """A resident guesses neighbours' PINs and types the own one in between."""
    bench = Bench()
    tries = 0
    while not locked_out(bench.state):
        assert tries < 10
        bench.pin()
        tries += 1
        bench.pin(person())
    assert tries == 1 + 5
    bench = Bench()
    for name in ("ann", "bob", "ann", "bob"):
        wrong(bench, 4)
        bench.pin(person(name))
    assert not locked_out(bench.state), "two households at one door do not lock each other out"


def test_a_right_second_factor_clears_as_well() -> None:
    bench = Bench(BOTH)
    bench.card()
    wrong(bench, 4)
    bench.pin(second_of="ann")
    assert bench.state.guard.tries == 0


def test_a_right_pin_that_is_refused_for_another_reason_is_no_wrong_try() -> None:
    bench = Bench()
    for _ in range(10):
        bench.pin(person(status="suspended"))
    assert bench.state.guard.tries == 0


def test_a_person_clears_it() -> None:
    bench = Bench()
    wrong(bench)
    assert codes(bench.clear()) == [Code.PIN_LOCKOUT_ENDED]
    assert kept(bench.effects) == {}
    assert codes(bench.pin(person())) == [Code.GRANTED]
    wrong(bench)
    assert lockout_ms(bench) == MINUTE_MS, "the growth is cleared too"


def test_clearing_an_open_reader_forgets_its_tries_and_tells_of_no_end() -> None:
    bench = Bench()
    wrong(bench, 4)
    assert codes(bench.clear()) == []
    assert kept(bench.effects) == {}
    wrong(bench, 4)
    assert not locked_out(bench.state)


# -- over the power


def power_cycled(bench: Bench) -> Bench:
    """The same reader after the power came back, with an empty clock."""
    after = Bench(bench.point, reader=bench.reader, state=restore(bench.reader, kept(bench.effects), 50))
    after.now_ms = 50
    return after


def test_a_lockout_survives_the_power_and_runs_again_in_full() -> None:
    bench = Bench()
    wrong(bench)
    lockout_ms(bench)
    wrong(bench)
    bench.wait(MINUTE_MS)
    after = power_cycled(bench)
    assert locked_out(after.state)
    assert after.pin(person())[-1].event.reasons == ("pin_locked_out",)
    assert lockout_ms(after) == 2 * MINUTE_MS
    wrong(after)
    assert lockout_ms(after) == 4 * MINUTE_MS


@pytest.mark.attack("pin-05")
def test_cutting_the_power_between_tries_buys_none() -> None:
    bench = Bench()
    tries = 0
    while not locked_out(bench.state):
        bench.pin()
        tries += 1
        bench = power_cycled(bench)
    assert tries == 5


def test_tries_that_survived_are_forgotten_after_a_quiet_hour() -> None:
    bench = Bench()
    wrong(bench, 4)
    after = power_cycled(bench)
    after.wait(HOUR_MS)
    wrong(after, 4)
    assert not locked_out(after.state)


@pytest.mark.parametrize(
    "text", ["", "locked", "locked x 1", "open 1 2 3", "\x00", "gone 1 1", "locked -1 1", "open 1 ²"]
)
def test_a_kept_text_that_is_not_ours_is_a_first_lockout(text: str) -> None:
    state = restore(READER, {"lockout:front": text}, 0)
    assert locked_out(state)
    assert state.guard.until_ms == MINUTE_MS


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=40))
def test_no_kept_text_raises_or_locks_for_longer_than_the_limit(text: str) -> None:
    state = restore(READER, {"lockout:front": text}, 0)
    assert state.guard.until_ms is not None
    assert 0 < state.guard.until_ms <= HOUR_MS
    assert state.guard.tries < READER.pin_tries_max


def test_nothing_kept_and_an_unreadable_store_leave_the_reader_open() -> None:
    for stored in ({}, {"lockout:back": "locked 0 1"}, None):
        assert not locked_out(restore(READER, stored, 0))


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(["wrong", "ann", "wait"]), max_size=80))
@pytest.mark.attack("pin-07")
def test_a_resident_guesses_eight_times_at_most_before_an_alarm(steps: list[str]) -> None:
    """However wrong PINs, the own right PIN and waits of up to ten minutes are mixed: the own PIN clears them once."""
    bench = Bench()
    guesses = 0
    for step in steps:
        if step == "wrong":
            bench.pin()
            guesses += 1
        elif step == "ann":
            bench.pin(person())
        else:
            bench.wait(10 * MINUTE_MS // (1 + len(steps)))
        if events(bench.effects, Code.PIN_LOCKED_OUT):
            return
        assert guesses <= 4 + 4


def test_the_guard_is_kept_in_the_step_that_changes_it() -> None:
    bench = Bench()
    for effects in (wrong(bench, 1), wrong(bench, 4), bench.clear()):
        assert any(isinstance(effect, Keep) for effect in effects)
    assert msgspec.json.decode(msgspec.json.encode(bench.state), type=type(bench.state)) == bench.state
