"""The site's own alarms: each is told with who tells it, and a person sees them one by one."""

from __future__ import annotations

from firmware.core.access import Unknown
from firmware.core.facts import Acknowledge, InputChanged, Level, PinEntered, StartLockdown
from firmware.core.site import Reader
from firmware.core.views import view
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door


def gate() -> Scene:
    readers = (Reader("r_front", tamper="r_front_tamper", pin_tries_max=1),)
    return Scene(
        door(), utc_ms=MONDAY_0755_MS, readers=readers, tamper_inputs=("cabinet",), fire_inputs=("fire_1", "fire_2")
    )


def test_an_alarm_says_who_tells_it_and_is_seen_one_by_one():
    s = gate()
    assert (view(s.state).alarms, view(s.state).subjects, view(s.state).unacknowledged) == ((), {}, ())
    s.do(InputChanged("cabinet", Level.ACTIVE))
    s.do(InputChanged("r_front_tamper", Level.ACTIVE))
    assert view(s.state).subjects == {"device.tamper": ("cabinet", "r_front")}
    assert view(s.state).unacknowledged == ("cabinet", "r_front")
    s.do(Acknowledge("guo", subject="cabinet"))
    assert view(s.state).unacknowledged == ("r_front",)
    assert view(s.state).subjects == {"device.tamper": ("cabinet", "r_front")}, "its cause is still there"


def test_an_alarm_that_ends_unseen_waits_for_a_person():
    s = gate()
    s.do(InputChanged("cabinet", Level.ACTIVE))
    s.do(InputChanged("cabinet", Level.INACTIVE))
    assert (view(s.state).subjects, view(s.state).unacknowledged) == ({}, ("cabinet",))
    s.do(Acknowledge("guo", subject="cabinet"))
    assert view(s.state).unacknowledged == ()


def test_each_of_the_sites_alarms_has_its_own_subject():
    s = gate()
    s.do(PinEntered("r_front", Unknown("x")))
    s.do(PinEntered("r_front", Unknown("y")))
    s.do(InputChanged("fire_2", Level.OPEN))
    s.do(StartLockdown("guo"))
    told = view(s.state)
    assert told.subjects["access.pin_locked_out"] == ("r_front",)
    assert told.subjects["site.fire_input_fault"] == ("fire_2",)
    assert told.subjects["site.lockdown"] == ("site",)
    assert told.alarms == tuple(told.subjects)
    assert set(told.unacknowledged) == {subject for each in told.subjects.values() for subject in each}
