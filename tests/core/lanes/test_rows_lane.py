"""Every row of a lane's tables at the wires: a vehicle's loops and beam, what is said of it, what follows.

Words as in stages.py; a loop that changes stays so for 400 ms, `=500` is so much time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.core.lanes.lane_scene import LaneScene, barrier, known
from tests.core.lanes.outcomes import arrives_closed, rests
from tests.core.lanes.stages import BOLLARD, act

STEP_MS = 400
RED, GREEN = ("green_in-", "red_in+"), ("red_in-", "green_in+")
UNPROVEN = "barrier.sensor_unproven"  # the beam did not see the vehicle
TAKEN, NOT_TAKEN = "access.taken", "access.not_taken"
OPENS, ARRIVES = ("down+", "permit+", "warning+"), ("down-", "permit-", "warning-", *GREEN, "barrier.opened")


def drive(s: LaneScene, words: str) -> tuple[str, ...]:
    """What is said meanwhile."""
    s.take()
    for word in words.split():
        if word in _ASK:
            s.swipe(*_ASK[word])
        elif word.startswith("="):
            s.wait(int(word[1:]))
        else:
            act(s, word)
            s.wait(STEP_MS if word[:-1] in ("entry", "loop", "exit", "beam") else 0)
    return tuple(s.said())


_ASK = {
    "ann": ("r_in", known("ann")),
    "ben": ("r_in", known("ben")),
    "dee": ("r_out", known("dee")),
}


# -- on the way there -------------------------------------------------------------------------------------------------


def green(where: object = None) -> LaneScene:
    s = LaneScene(where, fire_inputs=("fire",))  # type: ignore[arg-type]
    assert drive(s, "ann travel") == (*OPENS, "access.granted", *ARRIVES)
    return s


def green_without_beam() -> LaneScene:
    return green(barrier(photocells=(), pedestrians=False))


def closed() -> LaneScene:
    return LaneScene()


def opened() -> LaneScene:
    """It stands open, and nobody asked for it."""
    return LaneScene(at="is_down")


def hindered() -> LaneScene:
    """Somebody is where it would open to."""
    return act(LaneScene(BOLLARD), "behind+")


def by_operator() -> LaneScene:
    s = LaneScene()
    drive(s, "open travel")
    assert s.lights() == "green"
    return s


def standing() -> LaneScene:
    """A car stands on the safety loop when the barrier opens for it."""
    s = LaneScene()
    assert drive(s, "entry+ loop+ ann travel") == (*OPENS, "access.granted", *ARRIVES)
    return s


def standing_between() -> LaneScene:
    """Others stand before and behind it."""
    s = LaneScene()
    assert drive(s, "exit+ entry+ loop+ ann travel") == (*OPENS, "access.granted", *ARRIVES)
    return s


def passing() -> LaneScene:
    s = green()
    assert drive(s, "entry+ loop+ beam+") == RED
    return s


def through() -> LaneScene:
    s = passing()
    assert drive(s, "entry- exit+") == ()
    return s


def split() -> LaneScene:
    s = through()
    assert drive(s, "exit-") == ()
    return s


def followed() -> LaneScene:
    """Another vehicle is behind it, bumper to bumper, and the beam was clear between them."""
    s = through()
    assert drive(s, "entry+ beam- beam+ exit- exit+") == (TAKEN, "lane.tailgate")
    return s


def gap() -> LaneScene:
    """Off the safety loop, and on no other."""
    s = green()
    assert drive(s, "entry+ loop+ beam+ entry- beam- loop-") == RED
    return s


def leaving() -> LaneScene:
    s = through()
    assert drive(s, "beam- loop-") == (TAKEN,)
    return s


# -- what becomes of it -----------------------------------------------------------------------------------------------


def closes(s: LaneScene) -> None:
    """The close that is owed comes by itself: clear for 2 s, then a warning of 2 s."""
    s.take()
    s.wait(4_100)
    assert s.said() == ["beam_test+", "warning+", "sounder+", "beam_test-", "up+", "permit+"]
    arrives_closed(s)


def closes_now(s: LaneScene) -> None:
    """The warning has begun."""
    assert s.outputs["warning"]
    s.take()
    s.wait(2_000)
    assert s.said() == ["up+", "permit+"]
    arrives_closed(s)


def closes_next(s: LaneScene) -> None:
    """The warning begins now."""
    assert not s.outputs["warning"]
    assert drive(s, "=1") == ("beam_test+", "warning+", "sounder+", "beam_test-")
    closes_now(s)


def leaves_next(s: LaneScene) -> None:
    """It is on its last loop still."""
    assert drive(s, "exit-") == ("beam_test+", "warning+", "sounder+", "beam_test-")
    assert drive(s, "entry- =1200") == ("up+", "permit+")
    arrives_closed(s)


def gives_up_next(s: LaneScene) -> None:
    """Nobody has come."""
    assert drive(s, "=1") == ("green_in-", "beam_test+", "warning+", "sounder+", "red_in+", NOT_TAKEN, "beam_test-")
    closes_now(s)


def closes_without_beam(s: LaneScene) -> None:
    s.take()
    s.wait(4_100)
    assert s.said() == ["warning+", "sounder+", "up+", "permit+"]
    arrives_closed(s)


def waits(s: LaneScene) -> None:
    """In doubt, until a person has looked."""
    assert s.seen().lane.bars == ("doubt",)
    rests(s)
    assert drive(s, "reset") == ("beam_test+", "warning+", "sounder+", "lane.confirmed", "beam_test-")
    closes_now(s)


def stands(s: LaneScene) -> None:
    """Nothing is owed. Whoever asks then gets the lane, and one passage."""
    rests(s)
    before = s.moving(), s.seen().position
    assert before == ("rest", "open")
    assert drive(s, "ben") == (*GREEN, "access.granted")
    assert drive(s, "entry+ loop+ beam+ entry- exit+ beam- loop- exit-") == (*RED, TAKEN)
    closes(s)


def serves(s: LaneScene) -> None:
    """Whoever was let in drives in."""
    assert s.lights() == "green"
    assert drive(s, "entry+ loop+ beam+ entry- exit+ beam- loop- exit-") == (*RED, TAKEN)
    closes(s)


def is_shut(s: LaneScene) -> None:
    assert s.seen().position == "closed"
    rests(s)


class Case(NamedTuple):
    stage: Callable[[], LaneScene]
    words: str
    said: tuple[str, ...]
    then: Callable[[LaneScene], None]


CASES = {
    # -- somebody comes
    "in": Case(green, "entry+ loop+ beam+ entry- exit+ beam- loop- exit-", (*RED, TAKEN), closes),
    "the beam first": Case(green, "beam+ entry+ loop+ entry- exit+ beam- loop- exit-", (*RED, TAKEN), closes),
    "in the beam only": Case(green, "beam+ beam-", (), serves),
    "a stray": Case(opened, "loop+ loop- =3000 reset", ("lane.doubted", "lane.confirmed"), stands),
    "a stray that reaches the far loop": Case(opened, "loop+ exit+ loop- exit-", (), stands),
    "a stray that reaches the near loop": Case(opened, "loop+ entry+ loop- entry-", (), stands),
    "a stray between both": Case(opened, "loop+ entry+ exit+ loop- exit- entry-", (), stands),
    "a stray that is a vehicle after all": Case(
        green, "loop+ beam+ loop- entry+ loop+ entry- exit+ beam- loop- exit-", (*RED, TAKEN), closes
    ),
    "nobody asked": Case(opened, "entry+ loop+ beam+ entry- exit+ beam- loop- exit-", ("lane.tailgate",), stands),
    # -- on the safety loop
    "backs out": Case(passing, "beam- loop- entry-", ("lane.turned_back", NOT_TAKEN), closes),
    "one stands before the far loop": Case(
        green, "exit+ entry+ loop+ entry- loop- exit-", (*RED, UNPROVEN, TAKEN), closes
    ),
    "one stands before and one behind": Case(green, "exit+ entry+ loop+ loop- entry- exit-", (*RED, NOT_TAKEN), closes),
    "two bodies": Case(green, "entry+ loop+ beam+ beam- entry- exit+ loop- exit-", (*RED, TAKEN), closes),
    "two bodies, and the second backs out": Case(
        green, "entry+ loop+ beam+ beam- exit+ exit- loop- entry-", (*RED, NOT_TAKEN), closes
    ),
    "lost": Case(passing, "entry- beam- loop- =3000", ("barrier.waits", NOT_TAKEN, "lane.doubted"), waits),
    "the next one waits behind it": Case(through, "entry+ beam- loop- exit- entry-", (TAKEN,), closes),
    # -- through
    "backs": Case(split, "entry+ beam- loop- entry-", (NOT_TAKEN,), closes),
    "backs and comes again": Case(split, "exit+ beam- loop- exit-", (TAKEN,), closes),
    "lost after the far loop": Case(split, "beam- loop- =3000", ("barrier.waits", NOT_TAKEN, "lane.doubted"), waits),
    # -- off the safety loop
    "a short one": Case(gap, "exit+ exit-", (TAKEN,), closes),
    "a short one, two bodies": Case(green, "entry+ loop+ beam+ beam- entry- loop- exit+ exit-", (*RED, TAKEN), closes),
    "a short one that hesitates": Case(gap, "loop+ beam+ exit+ beam- loop- exit-", (TAKEN,), closes),
    "a short one that hesitates and backs out": Case(
        gap, "loop+ entry+ loop- entry-", ("lane.turned_back", NOT_TAKEN), closes
    ),
    "a short one that hesitates is not lost": Case(gap, "loop+ =4000 exit+ loop- exit-", (TAKEN,), closes),
    "stops on its last loop": Case(leaving, "=9599", (), closes_next),
    # -- others behind it
    "a tailgater": Case(leaving, "entry+ loop+ entry- =9000 beam+ beam- loop- exit-", ("lane.tailgate",), closes),
    "a trailer": Case(leaving, "=3000 loop+ beam+ =10000 beam- loop- exit-", (), closes),
    "a tailgater of a barrier without a beam": Case(
        green_without_beam,
        "entry+ loop+ entry- exit+ loop- entry+ loop+ entry- loop- exit-",
        (*RED, TAKEN, "lane.tailgate"),
        closes_without_beam,
    ),
    "a trailer of a barrier without a beam": Case(
        green_without_beam, "entry+ loop+ entry- exit+ loop- loop+ loop- exit-", (*RED, TAKEN), closes_without_beam
    ),
    "bumper to bumper": Case(followed, "entry- beam- loop- exit-", (), closes),
    "bumper to bumper, and the second backs out": Case(followed, "exit- beam- loop- entry-", (), closes),
    "bumper to bumper, and the second is lost": Case(
        followed, "entry- exit- beam- loop- =3000", ("barrier.waits", "lane.doubted"), waits
    ),
    "bumper to bumper, and the second had asked": Case(
        through, "ben entry+ beam- beam+ exit- exit+ entry- beam- loop- exit-", ("access.granted", TAKEN, TAKEN), closes
    ),
    "three bumper to bumper, and the second had asked": Case(
        through,
        "ben entry+ beam- beam+ exit- exit+ beam- beam+ exit- exit+ entry- beam- loop- exit-",
        ("access.granted", TAKEN, TAKEN, "lane.tailgate"),
        closes,
    ),
    # -- the passage
    "it does not open": Case(hindered, "ann =59999 =1", ("access.granted", NOT_TAKEN), is_shut),
    "it does not open yet": Case(hindered, "ann =50000 behind- travel", ("access.granted", *OPENS, *ARRIVES), serves),
    "nobody comes": Case(
        green,
        "=29999 =1",
        ("green_in-", "beam_test+", "warning+", "sounder+", "red_in+", NOT_TAKEN, "beam_test-"),
        closes_now,
    ),
    "it sinks and comes again": Case(
        by_operator,
        "mains+ is_down- =10000 mains- is_down+ =29000",
        ("barrier.on_battery", *RED, "barrier.between", *OPENS, "barrier.mains_back", *ARRIVES),
        serves,
    ),
    "stood there and backs out": Case(standing, "loop- entry-", (*RED, "lane.turned_back", NOT_TAKEN), closes),
    "stood there and drives in": Case(standing, "entry- exit+ loop- exit-", (*RED, UNPROVEN, TAKEN), closes),
    "stood there, and its way is not clear": Case(standing_between, "loop- exit- entry-", (*RED, NOT_TAKEN), closes),
    "stood there and is lost": Case(
        standing, "entry- loop- =3000", (*RED, "barrier.waits", NOT_TAKEN, "lane.doubted"), waits
    ),
    # -- where two states look alike for a while
    "in the beam only, and nobody comes": Case(
        green,
        "beam+ =29600",
        (*RED, NOT_TAKEN),
        rests,
    ),
    "the beam first, and backs out": Case(
        green, "beam+ entry+ loop+ beam- loop- entry-", (*RED, "lane.turned_back", NOT_TAKEN), closes
    ),
    "the beam first, and nobody asked": Case(
        opened, "beam+ entry+ loop+ entry- exit+ beam- loop- exit-", ("lane.tailgate",), stands
    ),
    "the beam first, and a stray": Case(opened, "beam+ loop+ entry+ beam- loop- entry-", (), stands),
    "the beam first, and a stray that reaches the far loop": Case(
        opened, "beam+ loop+ exit+ beam- loop- exit-", (), stands
    ),
    "the beam first, and a stray that flickers": Case(
        opened, "beam+ loop+ beam- loop- loop+ entry+ loop- entry-", (), stands
    ),
    "a stray that is a vehicle after all, and backs out": Case(
        green, "loop+ beam+ loop- entry+ loop+ beam- loop- entry-", (*RED, "lane.turned_back", NOT_TAKEN), closes
    ),
    "a stray that is a vehicle after all, and nobody asked": Case(
        opened, "loop+ beam+ loop- entry+ loop+ entry- exit+ beam- loop- exit-", ("lane.tailgate",), stands
    ),
    "backs and comes again, with another behind it": Case(
        split, "exit+ entry+ beam- loop- exit- entry-", (TAKEN,), closes
    ),
    "a tailgater backs out": Case(
        leaving, "entry+ loop+ beam+ beam- exit- loop- entry-", ("lane.tailgate", "lane.turned_back"), closes
    ),
    "a trailer with another behind it": Case(leaving, "=3000 loop+ beam+ entry+ beam- loop- =9199", (), leaves_next),
    "it sinks late and comes again": Case(
        by_operator,
        "=25000 mains+ is_down- =10000 mains- is_down+ =29999",
        ("barrier.on_battery", "green_in-", *OPENS, "red_in+", "barrier.between", "barrier.mains_back", *ARRIVES),
        gives_up_next,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_a_vehicle(name):
    case = CASES[name]
    s = case.stage()
    assert drive(s, case.words) == case.said
    case.then(s)
