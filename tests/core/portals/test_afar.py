"""What is asked from afar: what portal and site allow, never what needs somebody in sight, and told with who it was."""

from __future__ import annotations

import msgspec
import pytest

from firmware.core.codes import Code
from firmware.core.facts import (
    Acknowledge,
    AdmitVehicle,
    Afar,
    ClearLockout,
    Command,
    EmergencyClose,
    EndEvacuation,
    EndLockdown,
    Forgive,
    HoldOpen,
    LockPortal,
    OpenOnce,
    RecordTest,
    ReleasePortal,
    ResetFault,
    ResetFire,
    SetOutOfService,
    StartEnrolment,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.lane_facts import CloseBarrier, ConfirmClear
from firmware.core.site import Remote, SiteRemote
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door

WHO = Afar("manager", "10.0.0.7")

# By what has to stand in `remote`: of the door, or of the site.
OF_DOOR: dict[Remote, Command] = {
    Remote.OPEN: OpenOnce("chen", afar=WHO, portal="front"),
    Remote.HOLD: HoldOpen("chen", afar=WHO, portal="front", for_ms=60_000),
    Remote.LOCK: LockPortal("chen", afar=WHO, portal="front"),
    Remote.RESET: ResetFault("chen", afar=WHO, portal="front"),
    Remote.SERVICE: SetOutOfService("chen", afar=WHO, portal="front"),
}
OF_SITE: dict[SiteRemote, tuple[Command, ...]] = {
    SiteRemote.LOCKDOWN: (StartLockdown("chen", afar=WHO), EndLockdown("chen", afar=WHO)),
    SiteRemote.EVACUATION: (StartEvacuation("chen", afar=WHO, confirmed=True), EndEvacuation("chen", afar=WHO)),
}
# What nobody is to ask from afar, whatever stands there.
NEVER: tuple[Command, ...] = (
    CloseBarrier("chen", afar=WHO, portal="front"),
    EmergencyClose("chen", afar=WHO, portal="front", confirmed=True),
    ConfirmClear("chen", afar=WHO, portal="front", in_sight=True),
    AdmitVehicle("chen", afar=WHO, portal="front", note="x"),
    RecordTest("chen", afar=WHO, portal="front"),
    StartEnrolment("chen", afar=WHO, reader="r_front", holder="ann"),
    ClearLockout("chen", afar=WHO, reader="r_front"),
    Forgive("chen", afar=WHO),
    ResetFire("chen", afar=WHO),
)


def scene(*remote: Remote, site: tuple[SiteRemote, ...] = ()) -> Scene:
    return Scene(door(remote=remote), utc_ms=MONDAY_0755_MS, remote=site)


def answer(s: Scene, command: Command):
    s.do(command)
    return [event for event in s.events if event.code in (Code.COMMANDED, Code.COMMAND_REFUSED)][-1]


@pytest.mark.parametrize("allowed", [None, *Remote])
def test_each_word_of_a_portal_allows_one_thing(allowed: Remote | None):
    for word, command in OF_DOOR.items():
        event = answer(scene(*(() if allowed is None else (allowed,))), command)
        assert event.reasons == (() if word is allowed else ("not_from_afar",)), (allowed, word)


@pytest.mark.parametrize("allowed", [None, *SiteRemote])
def test_each_word_of_the_site_allows_one_thing_and_its_end(allowed: SiteRemote | None):
    for word, commands in OF_SITE.items():
        for command in commands:
            event = answer(scene(*Remote, site=() if allowed is None else (allowed,)), command)
            assert event.reasons == (() if word is allowed else ("not_from_afar",)), (allowed, word)


@pytest.mark.parametrize("command", NEVER, ids=lambda command: type(command).__name__)
def test_what_needs_somebody_there_is_never_asked_from_afar(command: Command):
    event = answer(scene(*Remote, site=tuple(SiteRemote)), command)
    assert (event.code, event.reasons) == (Code.COMMAND_REFUSED, ("not_in_sight",))


def test_a_lock_is_ended_by_who_may_lock_and_a_hold_by_anybody():
    release = ReleasePortal("chen", afar=WHO, portal="front")
    s = scene(Remote.HOLD)
    assert answer(s, release).reasons == ()
    s.do(LockPortal("office", portal="front"))
    assert answer(s, release).reasons == ("not_from_afar",)
    s = scene(Remote.LOCK)
    s.do(LockPortal("office", portal="front"))
    assert answer(s, release).reasons == ()


def test_who_it_was_in_which_role_and_from_where_is_told():
    event = answer(scene(*Remote), OF_DOOR[Remote.OPEN])
    assert (event.detail, event.body.issuer, event.body.address) == ("OpenOnce as manager", "chen", "10.0.0.7")
    here = answer(scene(), OpenOnce("office", portal="front"))
    assert (here.detail, here.body.address, here.reasons) == ("OpenOnce", None, ()), "from here all of it may be asked"


@pytest.mark.parametrize("field", ["roles", "address"])
def test_what_is_too_long_for_a_role_or_an_address_is_no_message(field: str):
    sent = {"type": "OpenOnce", "issuer": "chen", "portal": "front", "afar": {field: "x" * 65}}
    with pytest.raises(msgspec.ValidationError, match=field):
        msgspec.convert(sent, OpenOnce)


def test_acknowledging_is_allowed_everywhere_and_what_is_unknown_is_said_to_be():
    s = scene()
    assert answer(s, Acknowledge("chen", afar=WHO, subject="front")).reasons == ()
    assert answer(s, OpenOnce("chen", afar=WHO, portal="nowhere")).reasons == ("portal_not_found:nowhere",)


@pytest.mark.parametrize(("remote", "reasons"), [((), ("not_from_afar",)), ((Remote.OPEN,), ("not_from_afar",))])
def test_what_waits_for_a_person_there_is_not_let_go_on_by_the_end_of_nothing(remote, reasons):
    """After a start within its hours a door waits for somebody who passes: releasing it would unlock it from afar."""
    s = Scene(door(unlock_schedule="office", remote=remote), utc_ms=MONDAY_0755_MS + 600_000)
    assert not s.outputs.get("front_lock")
    assert answer(s, ReleasePortal("chen", afar=WHO, portal="front")).reasons == reasons
    assert not s.outputs.get("front_lock")


@pytest.mark.parametrize("remote", [(Remote.HOLD,), (Remote.LOCK,)])
def test_who_may_hold_or_lock_may_let_the_hours_go_on(remote):
    s = Scene(door(unlock_schedule="office", remote=remote), utc_ms=MONDAY_0755_MS + 600_000)
    assert answer(s, ReleasePortal("chen", afar=WHO, portal="front")).reasons == ()
    assert s.outputs["front_lock"]


@pytest.mark.parametrize(
    ("remote", "who", "released"), [((), WHO, False), ((Remote.HOLD,), WHO, True), ((), None, True)]
)
def test_a_lockdown_that_begins_and_ends_unlocks_nothing_from_afar_that_may_not_be(remote, who, released):
    s = Scene(
        door(unlock_schedule="office", remote=remote),
        utc_ms=MONDAY_0755_MS + 600_000,
        remote=(SiteRemote.LOCKDOWN,),
    )
    for command in (StartLockdown("chen", afar=who), EndLockdown("chen", afar=who)):
        assert answer(s, command).reasons == ()
    assert s.outputs.get("front_lock", False) is released


@pytest.mark.parametrize(
    ("remote", "who", "quietly", "released"),
    [
        ((Remote.SERVICE,), WHO, False, False),
        ((Remote.SERVICE, Remote.HOLD), WHO, False, True),
        ((Remote.SERVICE, Remote.HOLD), WHO, True, False),
        ((), None, False, True),
        ((), None, True, False),
    ],
)
def test_back_in_service_lets_the_hours_go_on_only_where_somebody_may_and_is_there(remote, who, quietly, released):
    """Its hours are open: a door that comes back by itself must not unlock because of that."""
    s = Scene(door(unlock_schedule="office", remote=remote), utc_ms=MONDAY_0755_MS + 600_000)
    assert answer(s, SetOutOfService("chen", afar=who, portal="front")).reasons == ()
    assert answer(s, SetOutOfService("chen", afar=who, portal="front", out=False, quietly=quietly)).reasons == ()
    assert s.outputs.get("front_lock", False) is released


@pytest.mark.parametrize(("test", "kept"), [(True, "test"), (False, "1")])
def test_it_is_kept_for_whom_a_portal_is_out_of_service(test: bool, kept: str):
    s = scene(*Remote)

    def keeps() -> list[str]:
        return [text for _, text in s.trace if text.startswith("keep out_of_service:")]

    s.do(SetOutOfService("chen", portal="front", test=test))
    assert keeps() == [f"keep out_of_service:front={kept}"]
    s.do(SetOutOfService("wang", portal="front"))
    assert keeps()[-1] == "keep out_of_service:front=1", "a person takes it out for good: no self-test puts it back"
    s.do(SetOutOfService("wang", portal="front", out=False))
    assert keeps()[-1] == "keep out_of_service:front=None"
