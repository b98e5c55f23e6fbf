"""In which state a barrier is now, at the wires: what it does of itself, and what for whoever comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.core.lanes.lane_scene import NAME, LaneScene
from tests.core.lanes.stages import act


class Case(NamedTuple):
    """`said`: all that follows these words at once. `cure` frees it, and `cured` is said then; it ends `at`."""

    stage: Callable[[], LaneScene]
    words: str
    said: tuple[str, ...]
    now: Callable[[LaneScene], None]
    cure: str = ""
    cured: tuple[str, ...] = ()
    at: Callable[[LaneScene], None] | None = None
    why: str = ""  # of a latched fault


def tries(case: Case) -> None:
    """Raises AssertionError where anything else follows."""
    s = case.stage()
    s.take()
    act(s, *case.words.split(", "))
    assert tuple(s.said()) == case.said
    if case.why:
        assert s.kept[f"fault:{NAME}"] == case.why
    case.now(s)
    if case.at is None:
        return
    s.take()
    act(s, *case.cure.split(", "))
    assert tuple(s.said()) == case.cured
    case.at(s)


def rests(s: LaneScene, ms: int = 60_000) -> None:
    """Nothing moves, warns or goes green, for so long."""
    s.take()
    s.wait(ms)
    lit = [text for text in s.said() if text.endswith("+")]
    assert lit == []


def rests_for_now(s: LaneScene) -> None:
    rests(s, 1_000)


def is_closed(s: LaneScene) -> None:
    """It serves whoever comes."""
    assert s.seen().position == "closed"
    rests(s)
    s.swipe()
    assert s.said() == ["down+", "permit+", "warning+", "access.granted"]
    arrives_open(s)
    passes(s)


def is_open(s: LaneScene) -> None:
    """It stays so until somebody closes it."""
    assert s.seen().position == "open"
    rests(s)
    assert s.lights() == s.lights("out") == "red"
    closes(s)


def is_open_and_closes(s: LaneScene) -> None:
    """A close is owed still: it goes on by itself."""
    assert s.seen().position == "open"
    s.wait_until_closing(6_100)
    arrives_closed(s)


def is_driven_back(s: LaneScene) -> None:
    """Its open limit proves nothing before it was driven back for twice as long as it closed: a second, or a little."""
    s.wait(500)
    assert (s.moving(), s.lights()) == ("opens", "red")
    s.wait(1_900)
    assert (s.moving(), s.lights()) == ("opens", "red")
    s.wait(400)
    assert (s.moving(), s.seen().position) == ("rest", "open")


def is_back_at_once(s: LaneScene) -> None:
    """It had closed for 100 ms."""
    s.wait(199)
    assert s.moving() == "opens"
    s.wait(1)
    assert s.moving() == "rest"
    is_open_and_closes(s)


def is_driven_back_and_closes(s: LaneScene) -> None:
    is_driven_back(s)
    is_open_and_closes(s)


def is_taken(s: LaneScene) -> None:
    """Somebody has green: drives in, and it closes behind."""
    assert s.lights() == "green"
    passes(s)


def is_taken_on_its_way(s: LaneScene) -> None:
    """It opens for somebody, who drives in."""
    assert s.moving() == "opens"
    arrives_open(s)
    passes(s)


def opens_and_stays(s: LaneScene) -> None:
    """It comes to its open end, and nobody is owed a close."""
    s.take()
    s.travel()
    assert s.said() == ["down-", "permit-", "warning-", "barrier.opened"]
    is_open(s)


def opens_for_all(s: LaneScene) -> None:
    """Both directions see green, and it stays so."""
    s.take()
    s.travel()
    assert s.said() == [
        "down-",
        "permit-",
        "warning-",
        "red_in-",
        "red_out-",
        "green_in+",
        "green_out+",
        "barrier.opened",
    ]
    rests(s)


def is_closing_soon(s: LaneScene) -> None:
    """The warning has begun just now."""
    assert s.outputs["warning"]
    s.wait(1_999)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "closes"
    arrives_closed(s)


def is_held_to_close(s: LaneScene) -> None:
    """It closes in a millisecond, by the local key, and as long as that is held."""
    s.take()
    s.wait(1)
    assert s.said() == ["up+", "permit+", "barrier.held_to_run"]
    act(s, "is_down-", "key_close-")
    assert s.said() == ["up-", "permit-", "warning-", "sounder-", "barrier.halted", "barrier.between"]
    is_between(s)


def is_between(s: LaneScene) -> None:
    """No credential moves it, and an operator opens it."""
    assert s.seen().position == "between"
    assert "between" in s.seen().lane.bars
    rests(s)
    s.swipe()
    assert "barrier_barred" in s.events[-1].reasons
    assert s.moving() == "rest"
    act(s, "open")
    assert s.moving() == "opens"
    arrives_open(s)
    passes(s)


def is_unknown(s: LaneScene) -> None:
    """Nothing moves it before its limits speak."""
    assert "unknown" in s.seen().lane.bars
    rests(s)
    s.swipe()
    act(s, "open", "key_open+", "key_open-")
    assert s.moving() == "rest"
    for name, level in (("is_down", False), ("is_up", True)):
        s.input(name, level)
    is_closed(s)


def is_latched(s: LaneScene) -> None:
    """Nothing moves it, whoever wants it, and the power does not help; the fault is kept."""
    assert "portal.fault" in s.seen().alarms
    assert f"fault:{NAME}" in s.kept
    rests(s)
    s.swipe()
    act(s, "open", "close", "key_open+", "wait 3000", "key_open-", "fire_key+", "wait 1000", "fire_key-")
    assert s.moving() == "rest"
    lit = [text for text in s.said() if text in ("down+", "up+", "permit+", "warning+", "green_in+")]
    assert lit == []


def arrives_open(s: LaneScene) -> None:
    s.take()
    s.travel()
    assert s.said() == ["down-", "permit-", "warning-", "red_in-", "green_in+", "barrier.opened"]
    assert s.lights() == "green"


def passes(s: LaneScene) -> None:
    """A car drives in, and it closes behind it."""
    s.drive_in()
    assert "access.taken" in s.said()
    s.wait(4_000)
    assert s.moving() == "closes"
    arrives_closed(s)


def closes(s: LaneScene) -> None:
    act(s, "close")
    assert "warning+" in s.said()
    s.wait(1_999)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "closes"
    arrives_closed(s)


def arrives_closed(s: LaneScene) -> None:
    s.travel()
    assert s.moving() == "rest"
    assert not s.outputs["warning"]
    assert "barrier.closed" in s.said()
    rests(s)
