"""What an installer may hold on at a barrier: lamps and sounder, never what moves it, and no green without proof."""

from __future__ import annotations

import pytest

from firmware.core.facts import SetOutOfService
from firmware.core.trial_facts import TryEnded, TryOutput
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier


def out(s: LaneScene) -> LaneScene:
    s.do(SetOutOfService("fitter", "s", portal=NAME))
    s.take()
    return s


def hold(s: LaneScene, output: str, request: str = "t1") -> None:
    s.do(TryOutput("fitter", request, output=output))


MOTION = {
    "up": "local_key_only:key_close",
    "down": "local_key_only:key_open",
    "permit": "local_key_only:key_open key_close",
    "beam_test": "local_key_only:key_open key_close",
}


@pytest.mark.attack("trial-03")
@pytest.mark.parametrize("output", MOTION)
@pytest.mark.parametrize("service", [True, False])
def test_nothing_that_moves_or_proves_a_barrier_is_ever_held_on(output: str, service: bool):
    """R9: hold-to-run is the local key's, in sight. The refusal names the key."""
    s = LaneScene()
    if not service:
        out(s)
    hold(s, output)
    assert s.said() == ["command.refused"]
    assert s.events[-1].reasons == (MOTION[output],)
    assert not s.outputs[output]


def test_without_a_local_key_it_is_refused_without_one():
    s = out(LaneScene(barrier(without=("key_open", "key_close"))))
    hold(s, "up")
    assert s.events[-1].reasons == ("local_key_only",)


@pytest.mark.parametrize("output", ["warning", "sounder"])
def test_warning_and_sounder_while_held(output: str):
    s = LaneScene()
    hold(s, output)
    assert s.events[-1].reasons == (f"in_service:{NAME}",)
    out(s)
    hold(s, output)
    assert s.outputs[output]
    assert [name for name, on in s.outputs.items() if on and name not in ("red_in", "red_out")] == [output]
    s.do(TryEnded("t1"))
    assert not s.outputs[output]
    hold(s, output, "t2")
    s.wait(600)
    assert not s.outputs[output], "nobody has renewed it"
    assert s.events[-1].reasons == ("not_renewed",)


def test_red_is_on_already():
    s = out(LaneScene())
    hold(s, "red_in")
    assert s.events[-1].reasons == ("output_on",)
    assert s.outputs["red_in"]


def test_green_only_while_it_is_proven_open():
    s = out(LaneScene())
    hold(s, "green_in")
    assert s.events[-1].reasons == ("green_not_proven",)
    assert not s.outputs["green_in"]


def opened() -> LaneScene:
    """Proven open, and out of service."""
    return out(LaneScene(at="is_down"))


def over(s: LaneScene) -> tuple[str, ...]:
    return next(event.reasons for event in reversed(s.events) if event.code == "device.output_try_ended")


def test_green_of_one_direction_while_it_is_held_and_proven():
    s = opened()
    hold(s, "green_in")
    assert (s.outputs["green_in"], s.outputs["red_in"]) == (True, False)
    assert (s.outputs["green_out"], s.outputs["red_out"]) == (False, True)
    s.do(TryEnded("t1"))
    assert (s.outputs["green_in"], s.outputs["red_in"]) == (False, True)


def test_green_goes_with_its_proof():
    s = opened()
    hold(s, "green_in")
    s.input("is_down", False)
    assert not s.outputs["green_in"]
    assert s.outputs["red_in"]
    assert over(s)[0] in ("green_not_proven", "fault_latched")


@pytest.mark.parametrize("output", ["warning", "green_in"])
def test_back_in_service_ends_it(output: str):
    s = opened()
    hold(s, output)
    assert s.outputs[output]
    s.do(SetOutOfService("fitter", "s", portal=NAME, out=False))
    assert not s.outputs[output]
    assert over(s) == (f"in_service:{NAME}",)


def test_the_local_key_moves_it_all_the_same_and_the_warning_stays_its_own():
    """A trial neither starts nor stops a motion: whoever holds the local key in sight has the barrier."""
    s = opened()
    hold(s, "warning")
    s.input("key_close", True)
    s.do(TryEnded("t1"))
    assert s.outputs["warning"], "R7: the warning before a close is not the installer's to end"


def test_green_ends_with_the_stop():
    s = opened()
    hold(s, "green_out")
    s.input("stop", True)
    assert not s.outputs["green_out"]
    assert over(s) == ("green_not_proven",)
    hold(s, "green_out", "t2")
    assert s.events[-1].reasons == ("green_not_proven",)
