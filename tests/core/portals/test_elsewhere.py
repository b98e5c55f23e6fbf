"""Passages at other controllers, and shared areas while those are not heard."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core.access import Rulebook
from firmware.core.effects import Remember, SetOutput
from firmware.core.facts import (
    EndLockdown,
    OpenOnce,
    PassageElsewhere,
    PeersHeard,
    PeersLost,
    StartLockdown,
)
from firmware.core.site import AccessPoint, Antipassback, Area
from firmware.core.step import step
from firmware.core.views import view
from tests.core.portals.scene import MONDAY_0755_MS, RULES, Scene, door, known

NOW_S = MONDAY_0755_MS // 1000
HARD = Antipassback.HARD


def shared(antipassback: Antipassback = HARD, *, area: str = "house", **fields) -> Scene:
    """A door into a shared area, and one into an area of our own."""
    areas = (Area("house", shared=True, occupancy_max=fields.pop("occupancy_max", None)), Area("shed"))
    point = AccessPoint("front_in", "front", ("r_front",), None, area, antipassback=antipassback, **fields)
    own = AccessPoint("shed_in", "shed", ("r_shed",), None, "shed", antipassback=HARD)
    return Scene(door(access_points=(point,)), door("shed", access_points=(own,)), areas=areas, utc_ms=MONDAY_0755_MS)


def reasons_of(scene: Scene, reader: str = "r_front", area: str = "house", **who) -> tuple[str, ...]:
    """What the newest decision said of somebody who is in the area already."""
    scene.wait(3_000)
    scene.swipe(reader, known("ann", area=area, **who))
    return next(event for event in reversed(scene.events) if event.code in ("access.granted", "access.denied")).reasons


def codes(scene: Scene) -> list[str]:
    return [text for text in scene.said() if not text.startswith(("front_lock", "remember"))]


def test_hard_is_soft_from_the_start_until_all_are_heard() -> None:
    scene = shared()
    assert not [text for text in scene.booted if "peers" in text[1]]  # nothing is told yet
    assert {"antipassback_soft", "peers_cut_off"} <= set(reasons_of(scene))
    assert "access.antipassback_soft" in codes(scene)
    scene.do(PeersHeard())
    assert codes(scene) == []  # nobody was told that they were not heard
    assert reasons_of(scene)[-1] == "antipassback_hard"


def test_silence_is_told_once_and_its_end_once() -> None:
    scene = shared()
    scene.do(PeersLost("nothing of north for 30 s"))
    assert codes(scene) == ["area.peers_lost"]
    assert scene.last("area.peers_lost").detail == "nothing of north for 30 s"
    scene.do(PeersLost("nothing of south for 30 s"))
    assert codes(scene) == []
    assert "peers_cut_off" in reasons_of(scene)
    codes(scene)
    scene.do(PeersHeard())
    assert codes(scene) == ["area.peers_heard"]
    assert reasons_of(scene)[-1] == "antipassback_hard"
    codes(scene)
    scene.do(PeersHeard())
    assert codes(scene) == []
    scene.do(PeersLost("north tells of gaps"))
    assert codes(scene) == ["area.peers_lost"]
    scene.do(PeersLost("and silent"))
    assert codes(scene) == []
    assert "peers_cut_off" in reasons_of(scene)
    codes(scene)
    scene.do(PeersHeard())
    assert codes(scene) == ["area.peers_heard"]


def test_people_see_that_others_are_not_heard() -> None:
    scene = shared()
    assert "area.peers_lost" not in view(scene.state).alarms  # nothing was expected yet
    scene.do(PeersLost("silent"))
    assert "area.peers_lost" in view(scene.state).alarms
    scene.do(PeersHeard())
    assert "area.peers_lost" not in view(scene.state).alarms


def test_timed_is_soft_too_and_own_areas_stay_hard() -> None:
    scene = shared(Antipassback.OFF, antipassback_timed_s=300)
    assert "peers_cut_off" in reasons_of(scene, area_entered_s=NOW_S - 10)
    assert reasons_of(scene, "r_shed", "shed")[-1] == "antipassback_hard"
    scene.do(PeersHeard())
    assert reasons_of(scene, area_entered_s=NOW_S - 10)[-1] == "antipassback_timed"


def test_soft_and_passed_are_as_they_are_without_peers() -> None:
    """What would pass in any case does not say that others are not heard."""
    assert "peers_cut_off" not in reasons_of(shared(Antipassback.SOFT))
    assert "peers_cut_off" not in reasons_of(shared(), area="shed")
    assert "peers_cut_off" not in reasons_of(shared(), exempt=True)


def test_a_long_reason_of_silence_is_cut() -> None:
    scene = shared()
    scene.do(PeersLost("x" * 10_000))
    assert len(scene.last("area.peers_lost").detail) == 200


def test_a_passage_elsewhere_goes_to_the_ledger_and_into_the_count() -> None:
    scene = shared()
    scene.do(replace(elsewhere("house"), household="h1", vehicle=True))
    assert scene.state.occupancy == {"house": 1}
    scene.do(elsewhere(None, was="house"))
    assert scene.state.occupancy == {"house": 0}
    _, effects = step(scene.state, scene.t, replace(elsewhere("house"), household="h1", vehicle=True))
    assert effects == (
        Remember(
            "ann",
            area="house",
            entered_s=NOW_S,
            household="h1",
            vehicle=True,
            passed_at="north/north_in",
            passed_s=NOW_S,
            controller="north",
        ),
    )
    _, effects = step(scene.state, scene.t, elsewhere(None))
    assert [(effect.area, effect.entered_s) for effect in effects] == [("", None)]


def test_an_area_that_is_not_shared_is_none_of_ours() -> None:
    scene = shared()
    for area in ("shed", "unheard_of", ""):
        scene.do(elsewhere(area))
        assert scene.said() == ["remember ann  0"]
    assert not any(scene.state.occupancy.values())


def test_who_moves_on_from_an_area_of_ours_is_counted_out_of_it() -> None:
    scene = shared()
    scene.do(elsewhere("house", holder="ben"))
    scene.swipe("r_shed", known("ann"))
    scene.open("shed")
    assert scene.state.occupancy == {"house": 1, "shed": 1}
    scene.do(elsewhere("house", was="shed"))
    assert scene.state.occupancy == {"house": 2, "shed": 0}
    scene.do(elsewhere("house", was="house"))  # told once more, or entered without having left
    assert scene.state.occupancy == {"house": 2, "shed": 0}


def test_the_last_place_may_be_taken_elsewhere() -> None:
    scene = shared(occupancy_max=2)
    scene.do(elsewhere("house"))
    assert "area.full" not in scene.said()
    scene.do(elsewhere("house", holder="ben"))
    assert "area.full" in scene.said()
    assert (scene.last("area.full").count, scene.last("area.full").detail) == (2, "house")
    scene.swipe("r_front", known("eve"))
    assert scene.last("access.denied").reasons[-1] == "area_full:house"


def test_an_offer_still_open_starts_from_where_the_holder_was_seen_last() -> None:
    """Ann is offered to come in here, and comes in elsewhere first: she is one person inside, not two."""
    scene = shared()
    scene.swipe("r_front", known("ann"))
    scene.do(elsewhere("house"))
    scene.open()
    assert scene.state.occupancy == {"house": 1}


def test_who_waits_for_a_second_person_is_known_to_have_moved() -> None:
    scene = shared(two_person=True)
    scene.do(PeersHeard())
    scene.swipe("r_front", known("ann"))
    scene.do(elsewhere("house"))
    first = scene.state.readers["r_front"].pending.first
    assert (first.area, first.area_entered_s) == ("house", NOW_S)
    scene.do(elsewhere(None, was="house"))
    first = scene.state.readers["r_front"].pending.first
    assert (first.area, first.area_entered_s) == (None, None)


def test_none_of_it_releases_or_holds_a_portal() -> None:
    facts = (elsewhere("house"), elsewhere(None, was="house"), PeersLost("silent"), PeersHeard())
    for before in ((), (StartLockdown("guard"),), (OpenOnce("guard", portal="front"),)):
        scene = shared()
        for fact in before:
            scene.do(fact)
        at = scene.outputs.copy()
        for fact in facts:
            state, effects = step(scene.state, scene.t, fact)
            assert not [effect for effect in effects if isinstance(effect, SetOutput)]
            assert state.deadlines == scene.state.deadlines
            scene.do(fact)
        assert scene.outputs == at
        scene.do(EndLockdown("guard"))
        scene.press()
        assert scene.released()  # and nobody is kept in


def test_the_rosters_places_hold_beside_the_sites() -> None:
    scene = shared(occupancy_max=3)
    scene.state = replace(scene.state, rulebook=Rulebook(1, RULES.profiles, RULES.schedules, areas={"house": 1}))
    scene.swipe("r_front", known("ann"))
    scene.open()
    assert scene.last("area.full").count == 1
    scene.close()
    scene.wait(3_000)
    scene.swipe("r_front", known("ben"))
    assert scene.last("access.denied").reasons[-1] == "area_full:house"
    scene.state = replace(scene.state, rulebook=RULES)
    scene.wait(3_000)
    scene.swipe("r_front", known("ben"))
    assert scene.last("access.granted").reasons[-1] == "granted"


def elsewhere(area: str | None, *, holder: str = "ann", was: str | None = None) -> PassageElsewhere:
    return PassageElsewhere("north", holder, area, NOW_S, "north_in", was=was)
