"""A barrier brought to each state of its motion, at the wires.

Scenarios are written in words: `is_up+` an input becomes active, `is_up-` inactive, `is_up?` lost; `wait 500`, `swipe`,
`reset` (the button, pressed and let go), `open`, `close`, `failed down`, `lost down`, `back down`.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.facts import (
    CloseBarrier,
    DeviceLost,
    DeviceRecovered,
    EmergencyClose,
    HolderWithdrawn,
    Level,
    OpenOnce,
    OutputFailed,
    ResetFault,
)
from firmware.core.site import Drive, Mover, Sensor
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier

GUARD = "guard Li"
BEHIND = (Sensor("behind", supervised=True),)
GATE = barrier(mover=Mover.SLIDING_GATE, edges_opening=BEHIND)
BOLLARD = barrier(edges_opening=BEHIND)
_MARKS = {"+": Level.ACTIVE, "-": Level.INACTIVE, "?": Level.LOST, "/": Level.OPEN}


def act(s: LaneScene, *words: str) -> LaneScene:
    """What these words say, one after the other."""
    for word in words:
        what, _, rest = word.partition(" ")
        if what[-1] in _MARKS:
            s.input(what[:-1], _MARKS[what[-1]])
        else:
            _WORDS[what](s, rest)
    return s


_WORDS: dict[str, Callable[[LaneScene, str], None]] = {
    "wait": lambda s, rest: s.wait(int(rest)),
    "swipe": lambda s, rest: s.swipe(rest or "r_in"),
    "withdrawn": lambda s, _: s.do(HolderWithdrawn("ann")),
    "reset": lambda s, _: s.press_reset(),
    "afar": lambda s, _: s.do(ResetFault(GUARD, portal=NAME)),
    "open": lambda s, _: s.do(OpenOnce(GUARD, portal=NAME)),
    "close": lambda s, _: s.do(CloseBarrier(GUARD, portal=NAME)),
    "emergency": lambda s, _: s.do(EmergencyClose(GUARD, portal=NAME, confirmed=True)),
    "failed": lambda s, rest: s.do(OutputFailed(rest, "no answer")),
    "lost": lambda s, rest: s.do(DeviceLost(rest, "no answer")),
    "back": lambda s, rest: s.do(DeviceRecovered(rest)),
    "travel": lambda s, _: s.travel(),
}


# -- on the way there -------------------------------------------------------------------------------------------------


def closed(where: object = BOLLARD) -> LaneScene:
    return LaneScene(where, fire_inputs=("fire",))  # type: ignore[arg-type]


def opened(where: object = BOLLARD) -> LaneScene:
    """Proven open, and nobody wants anything."""
    return LaneScene(where, at="is_down", fire_inputs=("fire",))  # type: ignore[arg-type]


def green() -> LaneScene:
    """Somebody may drive in."""
    s = act(closed(), "swipe", "travel")
    assert s.lights() == "green"
    return s


def hindered() -> LaneScene:
    """Somebody is let in, and it may not open yet."""
    s = act(closed(), "behind+", "swipe")
    assert s.moving() == "rest"
    return s


def hindered_between() -> LaneScene:
    s = act(between(), "behind+", "open")
    assert s.moving() == "rest"
    return s


def half_open() -> LaneScene:
    """One of its two limits of the open end is on."""
    drive = Drive("down", "up", ("is_down", "is_down_2"), ("is_up",), permit="permit", fault="drive_fault")
    s = LaneScene(barrier(drives=(drive,), edges_opening=BEHIND), at="is_down_2", fire_inputs=("fire",))
    assert s.seen().position == "between"
    return s


def unknown() -> LaneScene:
    """Its limits have not reported yet."""
    s = LaneScene(BOLLARD, quiet=False, fire_inputs=("fire",))
    for name in s.state.wiring.inputs:
        if name not in ("is_up", "is_down"):
            s.input(name, False)
    return act(s, "loop+", "loop-", "reset", "wait 10000")


def between() -> LaneScene:
    return LaneScene(BOLLARD, at="nowhere", fire_inputs=("fire",))


def warning() -> LaneScene:
    s = act(opened(), "close")
    assert (s.outputs["warning"], s.moving()) == (True, "rest")
    return s


def warning_between() -> LaneScene:
    s = act(between(), "key_close+")
    assert (s.outputs["warning"], s.moving()) == (True, "rest")
    return s


def closing() -> LaneScene:
    s = act(warning(), "wait 2000")
    assert s.moving() == "closes"
    return act(s, "wait 300", "is_down-", "wait 700")


def leaving_open() -> LaneScene:
    """It closes, and has not left its open end."""
    s = act(warning(), "wait 2100")
    assert s.moving() == "closes"
    return s


def leaving_closed(where: object = BOLLARD) -> LaneScene:
    """It opens, and has not left its closed end."""
    s = act(closed(where), "swipe", "wait 100")
    assert s.moving() == "opens"
    return s


def opening(where: object = BOLLARD) -> LaneScene:
    s = act(closed(where), "swipe")
    assert s.moving() == "opens"
    return act(s, "wait 300", "is_up-", "wait 700")


def pausing() -> LaneScene:
    """Somebody is let in the moment it has arrived."""
    s = act(closing(), "is_up+", "wait 100", "swipe")
    assert s.moving() == "rest"
    return s


def pausing_key() -> LaneScene:
    """The local key is turned the moment it has arrived."""
    s = act(closing(), "is_up+", "wait 100", "key_open+")
    assert s.moving() == "rest"
    return s


def pausing_between() -> LaneScene:
    """Stopped on its way, and a person opens in the dead time."""
    s = act(closing(), "stop+", "stop-", "reset", "wait 100", "open")
    assert s.moving() == "rest"
    assert s.seen().position == "between"
    return s


def pausing_between_key() -> LaneScene:
    s = act(closing(), "stop+", "stop-", "reset", "wait 100", "key_open+")
    assert s.moving() == "rest"
    return s


def pausing_never_open() -> LaneScene:
    """The local key was let go on its way, and is turned again; it has not been open since the power came."""
    s = act(closed(), "key_open+", "wait 100", "is_up-", "key_open-", "wait 100", "key_open+")
    assert s.moving() == "rest"
    return s


def reversing_asked() -> LaneScene:
    """Somebody is let in while it closes."""
    s = act(closing(), "swipe", "wait 100")
    assert s.moving() == "rest"
    return s


def reversing_asked_at_its_end() -> LaneScene:
    return act(leaving_open(), "swipe", "wait 100")


def reversing() -> LaneScene:
    s = act(closing(), "beam+", "wait 100", "beam-")
    assert s.moving() == "rest"
    assert s.seen().position == "between"
    return s


def reversing_at_its_end() -> LaneScene:
    """It had not left its end yet."""
    s = act(leaving_open(), "beam+", "wait 100", "beam-")
    assert s.moving() == "rest"
    return s


def recoiling() -> LaneScene:
    s = act(opening(GATE), "behind+", "wait 100", "behind-")
    assert s.moving() == "rest"
    assert s.outputs["sounder"]
    return s


def recoiling_closed() -> LaneScene:
    """It had not left its closed end yet."""
    s = act(leaving_closed(GATE), "behind+", "wait 100", "behind-")
    assert (s.moving(), s.outputs["sounder"]) == ("rest", True)
    return s


def backing_closed() -> LaneScene:
    """It stands at the end that it would back off to."""
    return act(recoiling_closed(), "wait 500")


def backing() -> LaneScene:
    s = act(recoiling(), "wait 400")
    assert s.moving() == "closes"
    return act(s, "wait 100")


def faulty() -> LaneScene:
    return act(opening(), "failed down", "wait 600")
