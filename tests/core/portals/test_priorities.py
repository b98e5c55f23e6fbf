"""The order of priorities: every pair on the bare verdict, and every pair brought about by facts in either order."""

from __future__ import annotations

import itertools

import pytest

from firmware.core.claims import judge
from firmware.core.facts import (
    HoldOpen,
    LockPortal,
    OpenOnce,
    OutputFailed,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.modes import PRIORITY, Claim
from firmware.core.site import LockKind
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door, known

# FIELD.md, section 3, R0, for what exists on doors, from the top, with what each does to the lock. Request-to-exit
# stands above lockdown (DESIGN.md, section 5, point 1); the isolator above all is no software.
ORDER = (
    ("fire", True),
    ("evacuation", True),
    ("exit", True),
    ("lockdown", False),
    ("operator_lock", False),
    ("fault", False),
    ("operator_hold", True),
    ("operator_once", True),
    ("trial", True),
    ("out_of_service", False),
    ("credential", True),
    ("holder_hold", True),
    ("schedule", True),
    ("nobody", False),
)


def test_the_table_is_the_order_of_the_field():
    assert [(rank.claim.value, rank.released) for rank in PRIORITY] == list(ORDER)


@pytest.mark.parametrize("higher", range(len(ORDER)))
def test_every_pair_and_every_three(higher):
    name, released = ORDER[higher]
    for below in itertools.combinations(ORDER[higher + 1 :], min(2, len(ORDER) - higher - 1)):
        for present in itertools.permutations([Claim(name), *(Claim(other) for other, _ in below)]):
            verdict = judge(tuple(claim for claim in present if claim is not Claim.NOBODY))
            assert verdict.winner.claim == name
            assert verdict.winner.released is released


def test_what_secures_bars_what_stands_below_and_what_frees_counts_down_to_there():
    """Over all sets of claims: an independent reading of the same list."""
    secures = {name for name, released in ORDER if not released}
    frees = {"fire", "evacuation", "operator_hold", "holder_hold", "schedule"}
    names = [name for name, _ in ORDER if name != "nobody"]
    for chosen in itertools.product((False, True), repeat=len(names)):
        present = [name for name, there in zip(names, chosen, strict=True) if there]
        above = list(itertools.takewhile(lambda name: name not in secures, present))
        verdict = judge(tuple(Claim(name) for name in present))
        bar = present[len(above)] if len(above) < len(present) else None
        assert verdict.bar == bar
        assert verdict.free == next((name for name in above if name in frees), None)


def fail(s: Scene) -> None:
    s.do(OutputFailed("front_lock", "no answer"))


def swipe_twice(s: Scene) -> None:
    s.swipe(who=known(holds_open=True))
    s.wait(600)
    s.swipe(who=known(holds_open=True))


# A trial needs somebody who renews it, and a portal that is out of service: its pairs stand in test_trial.py.
MAKE = {
    "fire": lambda s: s.input("fire", True),
    "evacuation": lambda s: s.do(StartEvacuation("chief", confirmed=True)),
    "exit": lambda s: s.press(),
    "lockdown": lambda s: s.do(StartLockdown("guard")),
    "operator_lock": lambda s: s.do(LockPortal("guard", portal="front")),
    "fault": fail,
    "operator_hold": lambda s: s.do(HoldOpen("guard", portal="front", for_ms=3_600_000)),
    "operator_once": lambda s: s.do(OpenOnce("guard", portal="front")),
    "out_of_service": lambda s: s.do(SetOutOfService("guard", portal="front")),
    "credential": lambda s: s.swipe(who=known("bea")),
    "holder_hold": swipe_twice,
    "schedule": lambda s: s.wait(10_000),
}


@pytest.mark.parametrize(("first", "second"), list(itertools.permutations(MAKE, 2)))
def test_every_pair_brought_about_by_facts_in_either_order(first, second):
    released = dict(ORDER)[next(name for name, _ in ORDER if name in (first, second))]
    for kind in LockKind:
        s = Scene(
            door(escape=True, lock_kind=kind, release_ms=60_000, unlock_schedule="office"),
            fire_inputs=("fire",),
            utc_ms=MONDAY_0755_MS + 295_000,  # five seconds before the schedule begins
        )
        MAKE[first](s)
        MAKE[second](s)
        assert s.released() is released, s.take()
