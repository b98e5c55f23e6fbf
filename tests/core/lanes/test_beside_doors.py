"""A door whose interlock names a barrier: it opens only while the barrier's own limit says that it is closed."""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.facts import HoldOpen
from firmware.core.site import Area, Reader
from tests.core.lanes.lane_scene import NAME, barrier
from tests.core.portals.scene import Scene, door


def scene() -> Scene:
    s = Scene(
        door("wicket", interlock=(NAME,)),
        barrier(),
        readers=(Reader("r_wicket"), Reader("r_in"), Reader("r_out")),
        areas=(Area("house"), Area("yard")),
    )
    s.input("is_up", True)
    return s


def opens(s: Scene) -> bool:
    s.swipe("r_wicket")
    granted = s.events[-1].code is Code.GRANTED
    if not granted:
        assert s.last(Code.DENIED).reasons[-1] == f"interlock:{NAME}"
        assert "wicket_lock" not in s.changed
    s.wait(20_000)
    return granted


def test_the_barrier_is_closed():
    assert opens(scene())


def test_it_opens_stands_open_or_is_nowhere():
    s = scene()
    s.do(HoldOpen("guard Li", portal=NAME, for_ms=3_600_000))
    assert s.outputs["down"]
    s.input("is_up", False)
    assert not opens(s)
    s.input("is_down", True)
    assert not opens(s)


def test_its_limit_is_cut():
    s = scene()
    s.input("is_up", False)
    assert not opens(s)
