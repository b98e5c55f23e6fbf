"""Places and passages that were offered and not taken yet: what they mean for those who come meanwhile."""

from __future__ import annotations

from firmware.core.site import AccessPoint, Antipassback, Area
from tests.core.portals.scene import Scene, door, known, turnstile


def two_doors(places: int | None = None, **point) -> Scene:
    """Two doors into the house, side by side."""
    doors = (
        door(name, access_points=(AccessPoint(f"{name}_in", name, (f"r_{name}",), None, "house", **point),), rex=())
        for name in ("left", "right")
    )
    return Scene(*doors, areas=(Area("house", occupancy_max=places),))


def last_reason(s: Scene) -> str:
    return s.last("access.denied").reasons[-1]


def test_the_last_place_is_offered_once():
    s = two_doors(places=1)
    s.swipe("r_left", known("ann"))
    s.swipe("r_right", known("ben"))
    assert s.outputs == {"left_lock": True, "right_lock": False}
    assert last_reason(s) == "area_full:house"
    s.open("left")
    assert s.state.occupancy == {"house": 1}


def test_a_place_that_is_not_taken_is_free_again_with_the_end_of_its_passage():
    s = two_doors(places=1)
    s.swipe("r_left", known("ann"))
    s.wait(5_499)
    s.swipe("r_right", known("ben"))
    assert not s.released("right_lock"), "an opening of the last moment may still be told"
    s.wait(1)
    s.swipe("r_right", known("eve"))
    assert s.released("right_lock")


def test_nobody_needs_two_places():
    s = two_doors(places=1)
    s.swipe("r_left", known("ann"))
    s.wait(1_000)
    s.swipe("r_left", known("ann"))
    s.wait(1_000)
    s.swipe("r_right", known("ann"))
    assert s.released("right_lock")


def test_who_is_inside_already_takes_no_place_by_an_offer():
    s = two_doors(places=1)
    s.swipe("r_left", known("ann", area="house"))
    s.swipe("r_right", known("ben"))
    assert s.released("right_lock")


def test_both_of_two_persons_have_their_places():
    points = (AccessPoint("gate_in", "gate", ("r_gate",), None, "house", two_person=True),)
    side = door("side", access_points=(AccessPoint("side_in", "side", ("r_side",), None, "house"),))
    for places, free in ((2, False), (3, True)):
        s = Scene(turnstile(access_points=points), side, areas=(Area("house", occupancy_max=places),))
        s.swipe("r_gate", known("ann"))
        s.swipe("r_gate", known("ben", escort=True))
        s.swipe("r_side", known("eve"))
        assert s.released("side_lock") is free
        s.input("gate_pulse_in", True)  # one is inside, and one follows
        s.wait(1_000)
        s.swipe("r_side", known("kim"))
        assert s.state.occupancy == {"house": 1}
        assert s.released("side_lock") is free


def test_one_card_lets_one_person_in_where_antipassback_is_hard():
    for hard in ({"antipassback": Antipassback.HARD}, {"antipassback_timed_s": 3_600}):
        s = two_doors(**hard)
        s.swipe("r_left", known("ann"))
        s.wait(1_000)
        s.take()
        s.swipe("r_right", known("ann"))
        assert s.said() == ["left_lock-", "right_lock+", "access.granted", "access.not_taken"]
        s.open("right")
        assert "remember ann house 1" in s.said()
        s.wait(1_000)
        s.open("left")
        assert s.said() == ["door.forced"]


def test_elsewhere_a_holder_may_be_several_people():
    for soft in (
        {},
        {"antipassback": Antipassback.SOFT},
        {"antipassback": Antipassback.SOFT, "antipassback_timed_s": 9},
    ):
        s = two_doors(**soft)
        s.swipe("r_left", known("ann"))
        s.swipe("r_right", known("ann"))
        assert s.outputs == {"left_lock": True, "right_lock": True}
    s = two_doors(antipassback=Antipassback.HARD)
    s.swipe("r_left", known("ann", exempt=True))
    s.swipe("r_right", known("ann", exempt=True))
    assert s.outputs == {"left_lock": True, "right_lock": True}


def test_an_offer_to_leave_is_never_withdrawn():
    out = AccessPoint("left_out", "left", ("r_out",), "house", None, direction="out")
    into = AccessPoint("right_in", "right", ("r_in",), None, "house", antipassback=Antipassback.HARD)
    s = Scene(door("left", access_points=(out,)), door("right", access_points=(into,)))
    s.swipe("r_out", known("ann"))
    s.swipe("r_in", known("ann"))
    assert s.outputs == {"left_lock": True, "right_lock": True}


def test_what_is_offered_to_others_stays():
    """Ben is to follow ann through the turnstile, but eve was let in meanwhile; ben takes the door then."""
    two = AccessPoint("gate_in", "gate", ("r_gate",), None, "house", two_person=True)
    one = AccessPoint("gate_side", "gate", ("r_gate_side",), None, "house")
    side = AccessPoint("side_in", "side", ("r_side",), None, "house", antipassback=Antipassback.HARD)
    s = Scene(turnstile(access_points=(two, one)), door("side", access_points=(side,)))
    s.swipe("r_gate", known("ann"))
    s.swipe("r_gate", known("ben", escort=True))
    s.input("gate_pulse_in", True)
    s.swipe("r_gate_side", known("eve"))
    s.swipe("r_side", known("ben"))
    assert s.released("gate_in_lock")
    assert s.released("side_lock")
