"""What displays are told: the reader's word with it, a reason about the place at most, and never one about a person."""

from __future__ import annotations

from msgspec.structs import replace

from firmware.core.access import Factor, Known, Unknown
from firmware.core.announce import PUBLIC, announced
from firmware.core.codes import Reason
from firmware.core.effects import Announce, Feedback
from firmware.core.facts import (
    CardRead,
    EndLockdown,
    InputChanged,
    Level,
    PinEntered,
    RosterReplaced,
    SetOutOfService,
    Started,
    StartLockdown,
    TagRead,
)
from firmware.core.site import AccessPoint, Area, Barrier, Reader, Requirement, Site
from firmware.core.state import initial
from firmware.core.step import step
from tests.core.lanes.lane_scene import barrier
from tests.core.portals.scene import RULES, Scene, door, known

GUARD = "guard Li"
POINT = AccessPoint("front_in", "front", ("r_front",), None, "house", display="sign")


def shown_door(**fields):
    return door(access_points=(replace(POINT, **fields),))


def told(s: Scene) -> list[tuple[str, str]]:
    """(word, reason) since the last call; all of them by the one display."""
    new, s.announced = s.announced, []
    assert {each.display for each in new} <= {"sign"}
    return [(each.feedback.value, each.reason) for each in new]


def test_without_a_display_nothing_is_announced():
    s = Scene(door())
    s.swipe()
    s.wait(10_000)
    assert s.announced == []


def test_a_grant_is_a_welcome_and_then_rest():
    s = Scene(shown_door())
    told(s)
    s.swipe()
    assert s.announced == [Announce("sign", Feedback.GRANTED, "", "r_front")]
    assert told(s) == [("granted", "")]
    s.wait(10_000)
    assert told(s) == [("idle", "")]


def test_each_announcement_is_what_the_reader_shows():
    s = Scene(shown_door(), rules=None)
    for what in (lambda: s.swipe(who=known()), lambda: s.wait(5_000), lambda: s.do(StartLockdown(GUARD))):
        what()
        if s.announced:
            assert s.announced[-1].feedback.value == s.shown["r_front"]


PERSONAL = (
    known(status="suspended"),
    known(status="lost"),
    known(valid_until_s=1),
    known(valid_from_s=4_000_000_000),
    known(use_limit=1, uses=1),
    Known("ann", "card_ann", 1, profiles=("other",)),
    known(visitor=True, escorted=True),
    Unknown("0123456789abcdef"),
)


def test_no_reason_about_a_person_is_ever_told():
    """Suspended, lost, expired, not yet, used up, elsewhere, unknown: one word, so that nobody learns which."""
    seen = set()
    for who in PERSONAL:
        s = Scene(shown_door(), utc_ms=1_767_599_700_000)
        told(s)
        s.do(CardRead("r_front", who))
        s.wait(60_000)
        words = told(s)
        assert all(reason == "" for _, reason in words), who
        if not (isinstance(who, Known) and who.escorted):
            seen.add(tuple(words))
    assert seen == {(("denied", ""), ("idle", ""))}


def test_every_reason_that_may_be_told_is_about_the_place():
    about_people = {
        reason
        for reason in Reason
        if reason.value.startswith(
            ("credential", "profile", "schedule_outside", "pin", "antipassback", "quota", "holder")
        )
    }
    assert not about_people & PUBLIC
    for reason in Reason:
        made = announced(POINT, Feedback.DENIED, "r_front", (Reason.KNOWN, reason))
        assert made[0].reason == (reason.value if reason in PUBLIC else "")
        assert announced(POINT, Feedback.GRANTED, "r_front", (reason,))[0].reason == ""


def test_duress_is_announced_as_any_grant():
    accept = (Requirement(((Factor.PIN,),)),)
    words = []
    for duress in (False, True):
        s = Scene(shown_door(requirements=accept), duress_roles=("police",))
        told(s)
        s.do(PinEntered("r_front", known(duress=duress)))
        s.wait(10_000)
        words.append(told(s))
    assert words[0] == words[1] == [("granted", ""), ("idle", "")]


def test_lockdown_out_of_service_and_a_full_area_are_said():
    s = Scene(shown_door(), areas=(Area("house", occupancy_max=0),))
    told(s)
    s.swipe()
    assert told(s) == [("denied", "area_full")]
    s = Scene(shown_door())
    told(s)
    s.do(StartLockdown(GUARD))
    assert told(s) == [("lockdown", "")]
    s.swipe()
    assert told(s) == [("denied", "lockdown")]
    s.wait(10_000)
    assert told(s) == [("lockdown", "")]
    s.do(EndLockdown(GUARD))
    assert told(s) == [("idle", "")]
    s.do(SetOutOfService(GUARD, portal="front"))
    s.swipe()
    assert told(s)[-1] == ("denied", "out_of_service")


def test_one_display_of_several_readers_is_told_once():
    s = Scene(shown_door(readers=("r_front", "r_low")))
    told(s)
    s.do(StartLockdown(GUARD))
    assert told(s) == [("lockdown", "")]


def lane_site() -> Site:
    plan: Barrier = barrier()
    points = (replace(plan.access_points[0], display="sign"), *plan.access_points[1:])
    readers = tuple(Reader(name) for point in points for name in point.readers)
    return Site("site", portals=(replace(plan, access_points=points),), readers=readers, areas=(Area("yard"),))


def test_a_tag_without_a_vehicle_is_asked_to_drive_up():
    state, said = initial(lane_site()), []
    facts = [Started("boot", {}), RosterReplaced(RULES)]
    facts += [InputChanged(name, Level.ACTIVE if name == "is_up" else Level.INACTIVE) for name in state.wiring.inputs]
    for now_ms, fact in enumerate([*facts, TagRead("r_in", known())]):
        state, effects = step(state, now_ms, fact)
        said += [(each.feedback.value, each.reason) for each in effects if isinstance(each, Announce)]
    assert said == [("denied", "no_vehicle")]
