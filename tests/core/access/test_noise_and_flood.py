"""Floods of refusals and storms of noise: bounded in the journal, told to people, and over by themselves."""

from __future__ import annotations

import random

import pytest

from firmware.core.access import Unknown
from firmware.core.codes import Code
from firmware.core.effects import Feedback, Mute, Unmute
from firmware.core.reader import deadlines, muted
from tests.core.access.world import Bench, codes, events, person, shows


def strangers(bench: Bench, count: int) -> None:
    for _ in range(count):
        bench.card(Unknown(f"t{random.Random(len(bench.trace)).random()}"))


def test_the_first_ten_refusals_are_told_one_by_one_and_the_rest_as_a_sum() -> None:
    bench = Bench()
    strangers(bench, 40)
    for number in range(3):
        bench.card(person(f"p{number}", status="lost"))
    assert codes(bench.effects) == [Code.UNKNOWN_CREDENTIAL] * 10
    bench.wait(59_999)
    assert events(bench.effects, Code.DENIED_SUM) == []
    effects = bench.wait(1)
    (event,) = events(effects)
    assert (event.code, event.reader, event.count) == (Code.DENIED_SUM, "front", 33)
    assert event.detail == "unknown=30 denied=3"


def test_the_sum_and_the_single_ones_are_all() -> None:
    """Seed 4: nothing is lost over many windows; and no more than 11 events a window."""
    rng = random.Random(4)
    bench = Bench()
    presented = 0
    for _ in range(2_000):
        bench.wait(rng.choice([0, 100, 5_000, 70_000]) if rng.random() < 0.2 else 50)
        strangers(bench, 1)
        presented += 1
    bench.wait(60_000)
    told = events(bench.effects, Code.UNKNOWN_CREDENTIAL, Code.DENIED_SUM)
    assert sum(event.count for event in told) == presented
    assert len(told) <= 11 * (bench.now_ms // 60_000)


def test_a_window_without_a_sum_ends_in_silence_and_the_next_begins_anew() -> None:
    bench = Bench()
    strangers(bench, 10)
    assert codes(bench.wait(60_000)) == []
    strangers(bench, 10)
    assert len(events(bench.effects)) == 20


def test_grants_are_never_summed() -> None:
    bench = Bench()
    strangers(bench, 20)
    assert codes(bench.card()) == [Code.GRANTED]


def test_each_person_sees_the_refusal_even_in_a_flood() -> None:
    bench = Bench()
    for _ in range(30):
        assert shows(bench.card(Unknown(f"t{len(bench.trace)}"))) == [Feedback.DENIED]


# -- noise


def test_some_noise_is_told_once_at_the_end_of_its_window() -> None:
    bench = Bench()
    bench.noise()
    bench.noise(3, "parity")
    bench.wait(5_000)
    bench.noise(2)
    assert codes(bench.effects) == []
    bench.wait(4_999)
    assert codes(bench.effects) == []
    (event,) = events(bench.wait(1))
    assert (event.code, event.count, event.detail) == (Code.READER_NOISE, 6, "noise, parity")
    assert deadlines(bench.state) is None


def test_the_next_noise_opens_the_next_window() -> None:
    bench = Bench()
    bench.noise()
    bench.wait(10_000)
    bench.noise()
    bench.wait(9_999)
    assert len(events(bench.effects)) == 1
    bench.wait(1)
    assert [event.count for event in events(bench.effects)] == [1, 1]


def test_a_storm_mutes_at_its_count_and_is_told() -> None:
    bench = Bench()
    assert not any(isinstance(effect, Mute) for _ in range(19) for effect in bench.noise())
    effects = bench.noise()
    assert effects[0] == Mute("front")
    (event,) = events(effects)
    assert (event.code, event.count, event.detail) == (Code.READER_MUTED, 20, "30000 ms; noise")
    assert muted(bench.state)


def test_a_storm_in_one_report() -> None:
    bench = Bench()
    (event,) = events(bench.noise(5_000, "overlong"))
    assert (event.code, event.count, event.detail) == (Code.READER_MUTED, 5_000, "30000 ms; overlong")


def test_noise_in_any_window_counts_and_noise_that_is_older_does_not() -> None:
    bench = Bench()
    bench.noise(10)
    bench.wait(9_999)
    bench.noise(9)
    assert not muted(bench.state)
    bench.wait(1)  # the first ten are ten seconds old now; a window was told meanwhile
    bench.noise(10)
    assert not muted(bench.state)
    bench.noise(1)
    assert muted(bench.state)


def test_noise_that_was_told_still_counts_towards_a_storm() -> None:
    bench = Bench()
    bench.noise(1)
    bench.wait(9_000)
    bench.noise(10)
    bench.wait(2_000)
    bench.noise(10)
    assert muted(bench.state)


def test_a_muted_reader_decides_nothing_and_counts_nothing() -> None:
    bench = Bench()
    bench.noise(20)
    before = bench.state
    assert bench.card() == []
    assert bench.noise(500) == []
    assert (bench.state, bench.grants) == (before, [])


def test_a_muted_reader_is_tried_again_and_told() -> None:
    bench = Bench()
    bench.noise(20)
    bench.wait(29_999)
    assert muted(bench.state)
    effects = bench.wait(1)
    assert effects[0] == Unmute("front")
    assert codes(effects) == [Code.READER_UNMUTED]
    assert codes(bench.card()) == [Code.GRANTED]


def mutes_s(bench: Bench, storms: int, calm_ms: int = 0) -> list[int]:
    """How long each of several storms mutes the reader, when each comes that long after the reader is heard again."""
    lasted = []
    for _ in range(storms):
        bench.wait(calm_ms)
        bench.noise(20)
        assert muted(bench.state)
        since_ms = bench.now_ms
        while muted(bench.state):
            bench.wait(bench.state.hearing.until_ms - bench.now_ms)
        lasted.append((bench.now_ms - since_ms) // 1_000)
    return lasted


def test_storm_after_storm_mutes_for_longer_up_to_a_limit() -> None:
    assert mutes_s(Bench(), 10) == [30, 60, 120, 240, 480, 960, 1920, 3840, 3840, 3840]


def test_a_reader_that_proved_itself_as_long_as_it_was_muted_begins_anew() -> None:
    assert mutes_s(Bench(), 3, calm_ms=29_999) == [30, 60, 120]
    assert mutes_s(Bench(), 3, calm_ms=30_000) == [30, 30, 30]


def test_noise_while_it_proves_itself_is_told_at_the_end_of_that() -> None:
    bench = Bench()
    bench.noise(20)
    bench.wait(30_000)
    bench.noise(2)
    bench.wait(20_000)
    bench.noise(3)
    assert events(bench.effects, Code.READER_NOISE) == []
    (event,) = events(bench.wait(10_000))
    assert (event.code, event.count) == (Code.READER_NOISE, 5)
    bench.wait(1_000)
    bench.noise(20)
    assert bench.state.hearing.mutes == 1


def test_a_quiet_proof_ends_in_silence() -> None:
    bench = Bench()
    bench.noise(20)
    bench.wait(30_000)
    assert codes(bench.wait(30_000)) == []
    assert deadlines(bench.state) is None


def test_an_odd_count_is_one_piece_of_noise() -> None:
    bench = Bench()
    for _ in range(19):
        bench.noise(0)
    bench.noise(-7)
    assert muted(bench.state)


@pytest.mark.attack("wire-25")
def test_an_hour_of_a_ten_kilohertz_storm_costs_a_bounded_number_of_events() -> None:
    """Another reader works on undisturbed: readers share nothing."""
    bench, other = Bench(), Bench()
    for _ in range(3_600):
        bench.wait(1_000)
        other.wait(1_000)
        if not muted(bench.state):
            bench.noise(10_000)
    assert len(events(bench.effects)) <= 2 * 8
    assert codes(other.card()) == [Code.GRANTED]
