"""What survives the power and what does not; a start releases nothing; an unreadable store keeps faults latched."""

from __future__ import annotations

from firmware.core.access import Unknown
from firmware.core.effects import Keep, Record, SetOutput
from firmware.core.facts import (
    EndLockdown,
    Forgive,
    HoldOpen,
    LockPortal,
    OutputFailed,
    PinEntered,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
    Started,
    StartEvacuation,
    StartLockdown,
    StoreFailed,
    StoreRecovered,
)
from firmware.core.site import AccessPoint, Antipassback
from firmware.core.step import initial, step
from tests.core.portals.scene import Scene, door, known, turnstile

FACTS = {
    "lockdown": (StartLockdown("guard"), EndLockdown("guard")),
    "locked_by_operator": (LockPortal("guard", portal="front"), ReleasePortal("guard", portal="front")),
    "out_of_service": (
        SetOutOfService("guard", portal="front"),
        SetOutOfService("guard", portal="front", out=False),
    ),
    "fault_latched": (OutputFailed("front_lock", "no answer"), ResetFault("guard", portal="front")),
}


def memory(s: Scene, kept: dict[str, str]) -> dict[str, str]:
    """What the store holds after a scene."""
    kept = dict(kept)
    for text in (text for _, text in s.trace if text.startswith("keep ")):
        key, _, value = text.removeprefix("keep ").partition("=")
        kept.pop(key, None)
        if value != "None":
            kept[key] = value
    return kept


def reboot(s: Scene, kept: dict[str, str] | None = None) -> Scene:
    """Power off, power on, with what was kept."""
    return Scene(*s.site.portals, kept=memory(s, kept or {}), readers=s.site.readers, fire_inputs=s.site.fire_inputs)


def test_what_refuses_entry_is_kept_and_ends_for_good():
    for reason, (begin, end) in FACTS.items():
        s = Scene(door())
        s.do(begin)
        kept = memory(s, {})
        assert len(kept) == 1
        for _ in range(2):
            s = Scene(door(), kept=kept)
            assert not s.released()
            s.swipe()
            assert s.last("access.denied").reasons[-1] == reason
            s.press()
            assert s.released(), "exit stays free"
        s.do(end)
        s = Scene(door(), kept=memory(s, kept))
        s.swipe()
        assert s.released(), f"{reason} had ended"


def test_each_is_durable_in_the_step_that_reports_it_and_before_its_report():
    for begin, end in FACTS.values():
        s = Scene(door())
        for fact in (begin, end):
            _, effects = step(s.state, s.t, fact)
            s.do(fact)
            places = [place for place, effect in enumerate(effects) if isinstance(effect, Keep)]
            told = [place for place, effect in enumerate(effects) if isinstance(effect, Record)]
            told = [place for place in told if effects[place].event.code != "device.output_failed"]
            assert len(places) == 1
            assert places[0] < min(told)


def test_a_lockdown_of_some_portals_is_kept_as_such():
    s = Scene(door(), door("back"))
    s.do(StartLockdown("guard", portals=("back",)))
    s = reboot(s)
    s.swipe()
    assert s.released()
    s.swipe("r_back", known("ben"))
    assert not s.released("back_lock")


def test_lock_outs_of_pins_are_kept():
    s = Scene(door())
    for _ in range(5):
        s.wait(1_000)
        s.do(PinEntered("r_front", Unknown("pin")))
    assert "access.pin_locked_out" in s.said()
    s = reboot(s)
    s.do(PinEntered("r_front", known()))
    assert not s.released()
    assert s.last("access.denied").reasons == ("pin_locked_out",)


def test_what_was_open_is_not_open_after_a_start():
    for fact in (
        HoldOpen("guard", portal="front", for_ms=3_600_000),
        StartEvacuation("chief", confirmed=True),
    ):
        s = Scene(door(escape=True))
        s.do(fact)
        assert s.released()
        s = reboot(s)
        assert not s.released()


def test_an_evacuation_that_a_start_ended_is_told():
    s = Scene(door(escape=True))
    s.do(StartEvacuation("chief", confirmed=True))
    s = reboot(s)
    assert (0, "site.evacuation_ended") in s.booted
    assert (0, "keep evacuation=None") in s.booted


def test_a_start_secures_every_output_once_and_releases_none():
    s = Scene(door(), turnstile())
    commanded = [text for _, text in s.booted if (text[-1] in "+-" and "lock" in text) or "drop" in text]
    assert commanded == ["front_lock-", "gate_in_lock-", "gate_out_lock-", "gate_drop-"]
    assert (0, "controller.started") in s.booted


def test_every_kept_memory_starts_without_a_release():
    """Whatever stands in the store, ours or not."""
    texts = ("", "1", "*", "front", "nowhere", "\0", "x" * 10_000, "open", "output_failed", "kept_unreadable")
    keys = ("lockdown", "evacuation", "locked:front", "out_of_service:front", "fault:front", "lockout:r_front", "other")
    site = Scene(door(escape=True), turnstile(escape=True)).site
    for key in keys:
        for text in texts:
            state, effects = step(initial(site), 0, Started("boot", {key: text}))
            assert not [effect for effect in effects if isinstance(effect, SetOutput) and effect.on]
            step(state, 1, EndLockdown("guard"))


def test_an_unreadable_store_latches_faults_and_doors_go_on_by_the_roster():
    s = Scene(door(), turnstile(), kept=None)
    told = [text for _, text in s.booted]
    assert told.count("portal.fault") == 2
    assert "controller.kept_unreadable" in told
    assert "keep fault:front=kept_unreadable" in told
    assert s.seen().alarms == ("portal.fault",)
    s.swipe()
    assert s.released()
    s.wait(10_000)
    s.take()
    s.do(ResetFault("guard", portal="front"))
    assert "portal.fault_reset" in s.said()
    assert s.seen().alarms == ()
    s.do(OutputFailed("gate_in_lock", "no answer"))
    s.swipe("r_gate_in", known("ben"))
    assert s.last("access.denied").reasons[-1] == "fault_latched", "a fault of its own bars"


def test_an_unclean_stop_is_told():
    assert (0, "controller.unclean_start") not in Scene(door()).booted
    s = Scene(door(), clean=False)
    assert (0, "controller.unclean_start") in s.booted
    assert s.last("controller.unclean_start").detail == "may lack up to 40 ms"


def passback(**fields) -> Scene:
    point = AccessPoint("front_in", "front", ("r_front",), None, "house", antipassback=Antipassback.HARD)
    return Scene(door(access_points=(point,)), **fields)


def test_hard_antipassback_is_soft_while_the_ledger_cannot_be_trusted():
    inside = known(area="house")
    s = passback()
    s.swipe(who=inside)
    assert not s.released()
    s = passback(kept=None)
    s.swipe(who=inside)
    assert s.released()

    s = passback()
    s.do(StoreFailed("disk full"))
    s.swipe(who=inside)
    assert s.released()
    s.wait(10_000)
    s.do(StoreRecovered(0))
    s.swipe(who=inside)
    assert not s.released(), "nothing was lost"
    s.wait(10_000)
    s.do(StoreFailed("disk full"))
    s.do(StoreRecovered(3))
    s.swipe(who=inside)
    assert s.released(), "passages may be missing"
    s.wait(10_000)
    s.do(Forgive("guard"))
    s.swipe(who=inside)
    assert not s.released(), "the ledger has started anew"


def test_a_doubted_ledger_is_doubted_over_restarts_until_everybody_is_forgiven():
    """An empty or gappy ledger is not made whole by a power cut."""
    inside = known(area="house")
    for s in (passback(kept=None), passback()):
        if not s.state.ledger_doubted:
            s.do(StoreFailed("disk full"))
            s.do(StoreRecovered(3))
        said = [text for _, text in s.trace]
        assert said.index("keep ledger_doubted=1") < max(
            said.index(code) for code in ("controller.kept_unreadable", "journal.recovered") if code in said
        ), "durable before it is told"
        again = passback(kept={"ledger_doubted": "1"})
        again.swipe(who=inside)
        assert again.released()
        again.take()
        again.do(Forgive("guard"))
        assert "keep ledger_doubted=None" in again.said()
        again.wait(10_000)
        again.swipe(who=inside)
        assert not again.released()


def test_nothing_is_kept_of_a_ledger_that_nobody_doubts():
    s = passback()
    s.do(StoreFailed("disk full"))
    s.do(StoreRecovered(0))
    s.do(Forgive("guard"))
    assert not [text for _, text in s.trace if text.startswith("keep ledger")]


def test_the_ledgers_occupancy_is_taken_over():
    site = Scene(door()).site
    state, _ = step(initial(site), 0, Started("boot", {}, occupancy={"house": 7}))
    assert state.occupancy == {"house": 7}
