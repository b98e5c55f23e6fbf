"""Looking through cameras, told by the core: an event for each camera, with who and why; and it moves nothing."""

from __future__ import annotations

import pytest

from firmware.core.codes import Code, Reason
from firmware.core.effects import Keep, Record
from firmware.core.facts import CameraViewed, ClockSet, Started
from firmware.core.site import Site
from firmware.core.state import initial
from firmware.core.step import next_deadline, step
from firmware.core.viewing_facts import Viewing
from firmware.core.viewings import SHIFT_S_MAX, SHIFTS_MAX, shift_of

WHO = {"address": "10.0.0.7", "purpose": "a vehicle stands there"}


def told(fact: CameraViewed) -> tuple[Record, ...]:
    before = initial(Site("s"))
    after, effects = step(before, 1_000, fact)
    assert after == before
    assert all(isinstance(effect, Record) for effect in effects)
    return effects


@pytest.mark.parametrize(("viewing", "code"), [("begun", Code.VIEWING_BEGUN), ("ended", Code.VIEWING_ENDED)])
def test_each_camera_has_its_event_with_who_and_why(viewing: str, code: Code) -> None:
    cameras = ("lane_camera", "front_camera")
    effects = told(CameraViewed("Li Wei", "r1", viewing=Viewing(viewing), cameras=cameras, detail="5 min", **WHO))
    assert [effect.event.device for effect in effects] == list(cameras)
    for effect in effects:
        assert (effect.event.code, effect.event.request, effect.event.detail) == (code, "r1", "5 min")
        body = effect.event.body
        assert (body.issuer, body.address, body.note) == ("Li Wei", "10.0.0.7", "a vehicle stands there")


def test_a_refusal_keeps_its_reasons() -> None:
    (effect,) = told(
        CameraViewed("Li Wei", "r1", viewing=Viewing.REFUSED, cameras=("x",), reasons=("viewing_off",), **WHO)
    )
    assert (effect.event.code, effect.event.reasons) == (Code.COMMAND_REFUSED, ("viewing_off",))


@pytest.mark.parametrize("wanting", [{"issuer": ""}, {"cameras": ()}, {"purpose": ""}])
def test_without_a_name_a_camera_or_a_purpose_nobody_looks(wanting: dict[str, object]) -> None:
    fields = {"issuer": "Li Wei", "request": "r1", "viewing": Viewing.BEGUN, "cameras": ("x",), **WHO} | wanting
    (effect,) = told(CameraViewed(**fields))
    assert (effect.event.code, effect.event.reasons) == (Code.COMMAND_REFUSED, (Reason.NOT_ALLOWED,))


def test_nothing_of_it_grows_without_bound() -> None:
    fact = CameraViewed(
        "n" * 999,
        "r1",
        viewing=Viewing.BEGUN,
        cameras=("x",) * 99,
        address="a" * 999,
        purpose="p" * 999,
        detail="d" * 999,
    )
    effects = told(fact)
    assert len(effects) == 16
    body = effects[0].event.body
    assert max(len(body.issuer), len(body.address)) <= 64
    assert len(body.note) == 200
    assert len(effects[0].event.detail) == 100


# -- a guard's shift --------------------------------------------------------------------------------------------------

HOUR_MS = 3_600_000
SHIFT_S = 12 * 3600
UTC_MS = 1_795_406_400_000  # 2026-11-23T04:00:00Z


class Shifts:
    """A site where guards look, on a clock of its own; what is kept outlives `restart`."""

    def __init__(self, utc_ms: int | None = UTC_MS) -> None:
        self.kept: dict[str, str] = {}
        self.events: list[tuple[str, tuple[str, ...]]] = []
        self.restart(0, utc_ms)

    def restart(self, now_ms: int, utc_ms: int | None) -> None:
        self.state, self.now_ms = initial(Site("s")), now_ms
        self.do(Started("boot", kept=dict(self.kept)))
        if utc_ms is not None:
            self.do(ClockSet(utc_ms, "rtc"))
        self.events.clear()

    def do(self, fact) -> None:
        self.state, effects = step(self.state, self.now_ms, fact)
        for effect in effects:
            if isinstance(effect, Keep) and effect.value is None:
                self.kept.pop(effect.key, None)
            elif isinstance(effect, Keep):
                self.kept[effect.key] = effect.value
            elif isinstance(effect, Record):
                self.events.append((effect.event.code.value, effect.event.reasons))

    def look(self, purpose: str, who: str = "Li Wei", shift_s: int = SHIFT_S) -> tuple[str, tuple[str, ...]]:
        self.do(CameraViewed(who, "r", viewing=Viewing.BEGUN, cameras=("x",), purpose=purpose, shift_s=shift_s))
        return self.events[-1]

    def purpose(self, who: str = "Li Wei") -> str:
        shift = shift_of(self.state, who, self.now_ms)
        return "" if shift is None else shift.purpose


BEGUN = ("camera.viewing_begun", ())
OTHER = ("command.refused", ("viewing_purpose",))


def test_a_shift_has_one_purpose_until_it_is_over():
    s = Shifts()
    assert s.look("watching gate 2") == BEGUN
    s.now_ms += 11 * HOUR_MS
    assert s.look("who goes out with whom") == OTHER
    assert s.look("watching gate 2") == BEGUN, "the same goes on, however often"
    assert s.look("who goes out with whom", "Chen Yi") == BEGUN, "another guard has another shift"
    assert next_deadline(s.state) == 12 * HOUR_MS, "going on makes no shift longer"
    s.now_ms = 12 * HOUR_MS - 1
    assert s.look("who goes out with whom") == OTHER
    s.now_ms = 12 * HOUR_MS
    assert s.look("who goes out with whom") == BEGUN
    assert s.purpose() == "who goes out with whom"


def test_a_viewing_that_is_none_of_a_shift_neither_begins_nor_ends_one():
    s = Shifts()
    assert s.look("a fire at gate 2", shift_s=0) == BEGUN
    assert (s.purpose(), s.kept) == ("", {})
    s.look("watching gate 2")
    assert s.look("a fire at gate 2", shift_s=0) == BEGUN
    assert s.purpose() == "watching gate 2"
    s.do(CameraViewed("Li Wei", "r", viewing=Viewing.ENDED, cameras=("x",), purpose="watching gate 2"))
    assert s.look("another") == OTHER, "ended by hand, the shift has its purpose still"


def test_nothing_of_a_shift_is_kept_beyond_it():
    s = Shifts()
    s.look("watching gate 2")
    assert s.kept == {"viewing_shift:Li Wei": f"{UTC_MS // 1000 + SHIFT_S} watching gate 2"}
    s.now_ms = next_deadline(s.state)
    s.do(ClockSet(UTC_MS + s.now_ms, "ntp"))  # any fact
    assert (s.kept, dict(s.state.shifts), next_deadline(s.state)) == ({}, {}, None)


@pytest.mark.attack("camera-16")
def test_a_restart_gives_no_guard_another_purpose():
    s = Shifts()
    s.look("watching gate 2")
    s.restart(5_000, UTC_MS + 2 * HOUR_MS)
    assert s.look("who goes out with whom") == OTHER
    assert s.look("watching gate 2") == BEGUN
    assert next_deadline(s.state) == 5_000 + 10 * HOUR_MS, "it ends when it would have"
    s.do(ClockSet(UTC_MS + 400 * HOUR_MS, "ntp"))
    assert s.look("who goes out with whom") == OTHER, "a clock that is set forward ends no shift"
    s.restart(0, UTC_MS + 13 * HOUR_MS)
    assert (s.purpose(), s.kept) == ("", {}), "what is over is over after the start, too"


@pytest.mark.parametrize("known_before", [True, False])
def test_while_the_time_is_unknown_a_shift_lasts_as_long_as_any_may(known_before):
    s = Shifts(UTC_MS if known_before else None)
    s.look("watching gate 2")
    s.restart(1_000, None)
    assert s.look("another") == OTHER
    assert next_deadline(s.state) == 1_000 + SHIFT_S_MAX * 1000
    s.now_ms += 1_000
    s.do(ClockSet(UTC_MS + 11 * HOUR_MS, "ntp"))
    until_ms = 2_000 + HOUR_MS if known_before else 1_000 + SHIFT_S_MAX * 1000
    assert next_deadline(s.state) == until_ms
    s.restart(0, 0)  # 1970
    assert s.purpose() == "watching gate 2"
    assert next_deadline(s.state) == SHIFT_S_MAX * 1000


@pytest.mark.parametrize("restarted", [False, True])
def test_a_shift_from_before_the_time_was_known_is_dated_as_soon_as_it_is(restarted):
    """Else each restart made it as long as any may be anew, and a guard never got another purpose."""
    s = Shifts(None)
    s.look("watching gate 2")
    if restarted:
        s.restart(0, None)
    s.now_ms += HOUR_MS
    s.do(ClockSet(UTC_MS, "ntp"))
    left_ms = next_deadline(s.state) - s.now_ms
    assert left_ms == (SHIFT_S_MAX if restarted else SHIFT_S) * 1000 - HOUR_MS
    s.restart(0, UTC_MS + 2 * HOUR_MS)
    assert s.look("another") == OTHER
    assert next_deadline(s.state) == left_ms - 2 * HOUR_MS, "it ends when it would have"
    s.restart(0, UTC_MS + left_ms + 1_000)
    assert (s.purpose(), s.kept) == ("", {})


def test_shifts_of_more_guards_than_there_can_be_are_refused_and_push_none_out():
    s = Shifts()
    assert [s.look("p", f"guard {number}") for number in range(SHIFTS_MAX)] == [BEGUN] * SHIFTS_MAX
    assert s.look("p", "one more") == ("command.refused", ("viewings_full",))
    assert s.look("another", "guard 0") == OTHER
    assert len(s.kept) == len(s.state.shifts) == SHIFTS_MAX
    s.now_ms = 12 * HOUR_MS
    assert s.look("p", "one more") == BEGUN


def test_names_and_purposes_of_any_length_and_kind_come_back_as_they_were():
    s = Shifts()
    for who, purpose in (("n" * 999, "p" * 999), ("a:b c", "  two  words\u202e' OR 1=1"), ("门卫", "看车道")):
        s.look(purpose, who)
        s.restart(0, UTC_MS)
        assert s.look(purpose, who) == BEGUN
        assert s.purpose(who) == purpose[:200]
        assert s.look("x", who) == OTHER
