"""Every row of the tables of safety devices, self-tests, latches and obstructions at the wires.

What a device is worth shows in what is said of it, in its trouble in the view, and in what a close is refused for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from firmware.core.facts import CloseBarrier
from firmware.core.site import Sensor
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier
from tests.core.lanes.outcomes import arrives_closed, is_closed, rests
from tests.core.lanes.stages import GUARD, act, closed, closing, opened

FAULT, HEALTHY = "barrier.sensor_fault", "barrier.sensor_healthy"
BUSY = ("barrier_barred",)  # nothing stands against it, and it is about to close already
TESTS, WARNS, DARK = ("beam_test+",), ("warning+", "sounder+"), ("warning-", "sounder-")


def against(s: LaneScene) -> tuple[str, ...]:
    """What a close is refused for. Where nothing stands against it, it is not asked for."""
    before = s.take(), len(s.events)
    probe = LaneScene.__new__(LaneScene)
    probe.__dict__.update(s.__dict__, trace=[], events=[], outputs=dict(s.outputs), kept=dict(s.kept), _taken=0)
    probe.do(CloseBarrier(GUARD, portal=NAME))
    assert len(s.events) == before[1]
    refused = [event for event in probe.events if event.code == "command.refused"]
    return tuple(each.removeprefix("lane_not_clear:") for event in refused for each in event.reasons)


def trouble(s: LaneScene, device: str) -> str:
    return next(spot.trouble for spot in s.seen().lane.spots if spot.id == device)


# -- on the way there -------------------------------------------------------------------------------------------------


def silent() -> LaneScene:
    """The loop has not reported since the power came."""
    s = LaneScene(quiet=False)
    for name in s.state.wiring.inputs:
        if name != "loop":
            s.input(name, name in ("is_down", "entry"))
    return act(s, "wait 10000")


def well() -> LaneScene:
    return act(LaneScene(barrier(safety=(Sensor("loop", stuck_ms=60_000),)), at="is_down"), "entry+")


def mute() -> LaneScene:
    """Its beam answers by hand only."""
    s = well()
    s.deaf = frozenset({"beam"})
    return s


def asked() -> LaneScene:
    """The warning has begun, and the beam is asked."""
    s = mute()
    s.take()
    assert tuple(act(s, "close").said()) == (*TESTS, *WARNS, "command.done")
    return s


def answered() -> LaneScene:
    """It has answered, and has to clear again."""
    s = act(asked(), "wait 200")
    assert tuple(act(s, "beam+").said()) == ("beam_test-",)
    return s


def failed() -> LaneScene:
    """It did not answer."""
    s = act(asked(), "wait 299")
    s.take()
    assert tuple(act(s, "wait 1").said()) == ("beam_test-", *DARK, FAULT)
    return s


class Step(NamedTuple):
    words: str
    said: tuple[str, ...]
    against: tuple[str, ...]
    trouble: str = ""
    device: str = "loop"


CASES: dict[str, tuple[Callable[[], LaneScene], tuple[Step, ...]]] = {
    "first active": (
        silent,
        (
            Step("loop+", (), ("active:loop",)),
            Step("loop-", (), ("clearing",)),
            Step("wait 1999", (), ("clearing",)),
            Step("wait 1", (), ()),
        ),
    ),
    "first clear": (
        silent,
        (
            Step("wait 1", (), ("not_reported:loop",), "unknown"),
            Step("loop-", (), ("not_proven:loop", "clearing")),
            Step("wait 1999", (), ("not_proven:loop", "clearing")),
            Step("wait 1", (), ("not_proven:loop",)),
            Step("loop+, loop-", (), ("clearing",)),
            Step("wait 2000", (), ()),
        ),
    ),
    "first lost": (
        silent,
        (
            Step("loop?", (FAULT,), ("not_healthy:loop",), "fault"),
            Step("loop-", (HEALTHY,), ("not_proven:loop", "clearing")),
            Step("wait 2000", (), ("not_proven:loop",)),
        ),
    ),
    "comes and goes": (
        well,
        (
            Step("loop+", (), ("active:loop",)),
            Step("wait 30000, loop-", (), ("clearing",)),
            Step("wait 1999", (), ("clearing",)),
            Step("wait 60000", (), ()),
        ),
    ),
    "lost while it is clear": (
        well,
        (
            Step("loop/", (FAULT,), ("not_healthy:loop",), "fault"),
            Step("loop?", (), ("not_healthy:loop",), "fault"),
            Step("loop-", (HEALTHY,), ("not_proven:loop", "clearing")),
            Step("wait 2000", (), ("not_proven:loop",)),
        ),
    ),
    "lost while it is active": (
        well,
        (
            Step("loop+", (), ("active:loop",)),
            Step("loop?", (FAULT,), ("not_healthy:loop",), "fault"),
            Step("wait 60000", (), ("not_healthy:loop",), "fault"),
            Step("loop-", (HEALTHY,), ("not_proven:loop", "clearing")),
            Step("wait 2000", (), ("not_proven:loop",)),
        ),
    ),
    "back while it is active": (
        well,
        (
            Step("loop?", (FAULT,), ("not_healthy:loop",), "fault"),
            Step("loop+", (HEALTHY,), ("active:loop",)),
            Step("wait 59999", (), ("active:loop",)),
            Step("wait 1", (FAULT,), ("active:loop",), "stuck"),
        ),
    ),
    "stuck": (
        well,
        (
            Step("loop+, wait 59999", (), ("active:loop",)),
            Step("wait 1", (FAULT,), ("active:loop",), "stuck"),
            Step("wait 60000", (), ("active:loop",), "stuck"),
            Step("loop-", (HEALTHY,), ("not_proven:loop", "clearing")),
            Step("wait 2000", (), ("not_proven:loop",)),
        ),
    ),
    "stuck, then lost": (
        well,
        (
            Step("loop+, wait 60000", (FAULT,), ("active:loop",), "stuck"),
            Step("loop?", (), ("not_healthy:loop",), "fault"),
            Step("loop+", (HEALTHY,), ("active:loop",)),
            Step("loop-", (), ("clearing",)),
        ),
    ),
    "no answer to its self-test": (
        failed,
        (
            Step("wait 1", (), ("not_healthy:beam",), "failed", "beam"),
            Step("beam+, beam-, beam?, beam-", (), ("not_healthy:beam",), "failed", "beam"),
            Step("wait 60000", (), ("not_healthy:beam",), "failed", "beam"),
            Step("reset", (HEALTHY,), ("clearing",), "", "beam"),
            Step("wait 2000", (*TESTS, *WARNS), BUSY, "", "beam"),
        ),
    ),
    "reset while it is active": (
        failed,
        (
            Step("beam+, reset", (HEALTHY,), ("active:beam",), "", "beam"),
            Step("wait 600000", (FAULT,), ("active:beam",), "stuck", "beam"),
        ),
    ),
    "reset while it is lost": (
        failed,
        (
            Step("beam?, reset", (HEALTHY, FAULT), ("not_healthy:beam",), "fault", "beam"),
            Step("beam-", (HEALTHY,), ("clearing",), "", "beam"),
        ),
    ),
    "its self-test, whole": (
        answered,
        (
            Step("wait 299", (), BUSY, "", "beam"),
            Step("beam-", (), BUSY, "", "beam"),
            Step("wait 1500", (), BUSY, "", "beam"),
            Step("wait 1", ("up+", "permit+"), BUSY, "", "beam"),
        ),
    ),
    "somebody stands there after its self-test": (
        answered,
        (
            Step("wait 299", (), BUSY, "", "beam"),
            Step("wait 1", DARK, ("active:beam",), "", "beam"),
            Step("beam-", (), ("clearing",), "", "beam"),
            Step("wait 1999", (), ("clearing",), "", "beam"),
            Step("wait 1", (*TESTS, *WARNS), BUSY, "", "beam"),
        ),
    ),
    "its self-test is broken off": (
        asked,
        (
            Step("loop+", ("beam_test-", *DARK), ("active:loop",), "", "beam"),
            Step("wait 600", (), ("active:loop",), "", "beam"),
            Step("loop-, wait 1999", (), ("clearing",)),
            Step("wait 1", (*TESTS, *WARNS), BUSY, "", "beam"),
        ),
    ),
    "its self-test is broken off after the answer": (
        answered,
        (
            Step("loop+", DARK, ("active:loop", "active:beam"), "", "beam"),
            Step("wait 600", (), ("active:loop", "active:beam"), "", "beam"),
            Step("loop-, beam-, wait 1999", (), ("clearing",)),
            Step("wait 1", (*TESTS, *WARNS), BUSY, "", "beam"),
        ),
    ),
    "lost in its self-test": (
        asked,
        (
            Step("beam?", ("beam_test-", *DARK, FAULT), ("not_healthy:beam",), "fault", "beam"),
            Step("beam-", (HEALTHY,), ("clearing",), "", "beam"),
            Step("wait 2000", (*TESTS, *WARNS), BUSY, "", "beam"),
        ),
    ),
    "lost after its answer": (
        answered,
        (
            Step("beam?", (*DARK, FAULT), ("not_healthy:beam",), "fault", "beam"),
            Step("beam-", (HEALTHY,), ("clearing",), "", "beam"),
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_device_is_worth(name):
    stage, steps = CASES[name]
    s = stage()
    for step in steps:
        s.take()
        act(s, *step.words.split(", "))
        assert (step.words, tuple(text for text in s.said() if not text.startswith("lane."))) == (step.words, step.said)
        assert (step.words, trouble(s, step.device)) == (step.words, step.trouble)
        assert (step.words, against(s)) == (step.words, step.against)
    rests(s, 1)


# -- stop, key and emergency ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["stop", "service_key", "emergency"])
def test_what_is_raised_again_before_it_was_reset(device):
    s = closed()
    s.take()
    begun, ended = {
        "stop": ("barrier.stop", "barrier.stop_reset"),
        "service_key": ("barrier.isolated", "barrier.isolation_ended"),
        "emergency": ("barrier.emergency_close", "barrier.emergency_ended"),
    }[device]
    assert act(s, f"{device}+").said() == [begun]
    assert act(s, f"{device}-").said() == []
    assert act(s, f"{device}+", "reset").said() == []
    assert act(s, f"{device}-").said() == []
    s.swipe()
    assert "barrier_barred" in s.events[-1].reasons
    s.take()
    assert act(s, "reset").said() == [ended]
    is_closed(s)


def test_a_reset_from_afar_is_refused_while_it_waits_for_one_in_sight():
    """While it is pressed there is nothing to reset yet, wherever one stands."""
    s = act(closed(), "stop+", "afar")
    assert s.events[-1].reasons == ("barrier_barred",)
    act(s, "stop-", "afar")
    assert s.events[-1].reasons == ("not_in_sight",)
    act(s, "stop+", "afar")
    assert s.events[-1].reasons == ("barrier_barred",)


# -- obstructions -----------------------------------------------------------------------------------------------------


def obstructed(s: LaneScene) -> list[str]:
    """Somebody is in the beam while it closes. It goes back."""
    s.take()
    act(s, "beam+", "wait 500", "beam-")
    s.travel()
    return [text for text in s.said() if "obstructed" in text]


def test_an_obstruction_is_counted_until_a_reset():
    s = closing()
    assert obstructed(s) == ["barrier.obstructed"]
    act(s, "reset", "wait 3500", "is_down-")
    assert s.moving() == "closes"
    assert obstructed(s) == ["barrier.obstructed"], "the first one again"
    act(s, "wait 3500", "is_down-")
    assert s.moving() == "closes"
    assert obstructed(s) == ["barrier.obstructed_again"]
    rests(s)
    assert against(s) == ("obstructed",)
    act(s, "reset")
    rests(s)
    act(s, "close", "wait 2000", "is_down-")
    assert obstructed(s) == ["barrier.obstructed"]


def test_an_obstruction_is_forgotten_with_a_close():
    s = closing()
    assert obstructed(s) == ["barrier.obstructed"]
    s.wait_until_closing(4_100)
    arrives_closed(s)
    act(s, "open")
    s.travel()
    act(s, "wait 32000")
    assert s.moving() == "closes"
    act(s, "is_down-")
    assert obstructed(s) == ["barrier.obstructed"]


def test_what_the_drive_meets_by_itself_counts_too():
    s = closing()
    s.take()
    act(s, "is_down+")
    assert s.said() == ["up-", "permit-", "warning-", "sounder-", "barrier.obstructed"]
    s.wait(500)
    assert s.moving() == "opens"  # whatever its limit says now
    s.wait(1_999)
    assert s.moving() == "opens"
    s.wait(1)
    assert (s.moving(), s.seen().position) == ("rest", "open")
    s.wait(1_999)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "closes"
    act(s, "is_down-", "is_down+")
    assert s.said()[-1] == "barrier.obstructed_again"
    s.wait(502)  # back for 2 ms, though it closed for none
    rests(s)


def test_a_barrier_that_is_open_stays_so_whatever_a_reset_ends():
    s = act(opened(), "stop+", "stop-", "reset")
    rests(s)
