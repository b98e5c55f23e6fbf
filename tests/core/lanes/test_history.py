"""A barrier's wear: slow travels against its own history, weeks that grow slower, service and yearly test."""

from __future__ import annotations

import random

from firmware.core.barrier import history as wear
from firmware.core.barrier.history import (
    WEEK_S,
    History,
    cycled,
    kept,
    restored,
    travelled,
    yearly,
)
from firmware.core.codes import Code
from tests.core.lanes.lane_scene import barrier


def travels(history: History, times_ms, utc_s=None, opened=True):
    said = []
    for ms in times_ms:
        history, more = travelled(history, opened=opened, travel_ms=ms, utc_s=utc_s)
        said += more
    return history, [each.code for each in said]


def test_one_travel_half_as_long_again_is_told_once():
    history, said = travels(History(), [4_000] * 20)
    assert said == []
    assert travels(history, [6_000])[1] == []  # half as long again, and no more
    history, said = travels(history, [6_001, 7_000, 4_000, 7_000])  # the mean itself moves by them: to 4,330 ms at most
    assert said == [Code.TRAVEL_SLOW, Code.TRAVEL_SLOW]


def test_nothing_is_slow_while_little_is_known():
    _, said = travels(History(), [4_000] * 19 + [9_000])
    assert said == []


def test_directions_have_histories_of_their_own():
    history, _ = travels(History(), [4_000] * 20)
    _, said = travels(history, [9_000], opened=False)
    assert said == []


def test_slower_every_week_is_an_event_for_maintenance():
    history, said = History(), []
    for week in range(6):
        history, more = travels(history, [4_000 + 150 * week] * 30, utc_s=(2_900 + week) * WEEK_S)
        said.append(more)
    assert said == [[], [], [], [], [Code.TRAVEL_SLOWER], [Code.TRAVEL_SLOWER]]


def test_weather_is_none():
    rng = random.Random(4)
    history = History()
    for week in range(60):
        mean_ms = 4_000 + rng.randrange(-150, 150)
        history, said = travels(history, [mean_ms] * 30, utc_s=(2_900 + week) * WEEK_S)
        assert Code.TRAVEL_SLOWER not in said
    assert len(history.opening.weeks) <= 9


def test_a_clock_that_goes_back_begins_the_weeks_anew():
    history, _ = travels(History(), [4_000] * 5, utc_s=4_000 * WEEK_S)
    history, _ = travels(history, [4_000], utc_s=2_900 * WEEK_S)
    assert [week.week for week in history.opening.weeks] == [2_900]


def test_service_by_cycles_and_again():
    where, history, told = barrier(cycles_service=10), History(), []
    for number in range(1, 2_100):
        history, said = cycled(where, history)
        told += [number for each in said if each.code is Code.SERVICE_DUE]
    assert told == [10, 1_010, 2_010]
    history = wear.tested(history, None)
    assert cycled(where, history)[1] == []


def test_the_yearly_test_is_told_once():
    where = barrier(tests_days=365)
    history = wear.tested(History(), 0)
    assert yearly(where, history, 364 * 86_400)[1] == []
    history, said = yearly(where, history, 365 * 86_400)
    assert [each.code for each in said] == [Code.DEVICE_TEST_DUE]
    assert yearly(where, history, 400 * 86_400)[1] == []
    assert yearly(where, History(), 400 * 86_400)[1] == []  # never tested: since when is not known


def test_it_survives_the_power_and_what_is_damaged_is_none():
    history, _ = travels(History(cycles=7), [4_000] * 40, utc_s=2_900 * WEEK_S)
    assert restored(kept(history)) == history
    for text in (None, "", "x", "[1]", '[1,2,3,"x"]', kept(history)[:-3]):
        assert isinstance(restored(text), History)
