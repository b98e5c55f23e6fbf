"""A supervised circuit whose resistance is no state's: not at rest, not active, and told once."""

from __future__ import annotations

import pytest

from firmware.core.facts import Level
from tests.core.lanes.lane_scene import LaneScene
from tests.core.lanes.stages import act

BROKEN = (Level.OPEN, Level.SHORT, Level.FAULT)


@pytest.mark.parametrize("level", BROKEN)
@pytest.mark.parametrize("sensor", ["loop", "beam"])
def test_a_safety_device_in_that_state_is_a_fault_and_nothing_closes_by_it(sensor, level):
    s = LaneScene()
    s.take()
    s.input(sensor, level)
    assert s.codes().count("barrier.sensor_fault") == 1
    assert s.events[-1].detail == level.value
    act(s, "close")
    s.wait(600_000)
    assert s.moving() == "rest"
    assert s.codes().count("barrier.sensor_fault") == 1
    s.input(sensor, False)
    assert "barrier.sensor_healthy" in s.codes()


@pytest.mark.parametrize("level", BROKEN)
def test_a_stop_circuit_in_that_state_is_a_stop(level):
    s = LaneScene()
    s.take()
    s.input("stop", level)
    assert "barrier.stop" in s.codes()
    act(s, "swipe")
    s.wait(600_000)
    assert s.moving() == "rest"


@pytest.mark.parametrize("level", BROKEN)
@pytest.mark.parametrize("key", ["key_open", "key_close", "emergency"])
def test_a_key_in_that_state_commands_nothing(key, level):
    s = LaneScene()
    s.input(key, level)
    s.wait(600_000)
    assert s.moving() == "rest"
