"""Nobody is ever kept in, and nothing releases without a cause: in every state that small sites can come into.

Small alphabets are walked to their end. With every fact at once there are millions of states; of those the nearest are
walked, MENSHEN_PROVE_STATES for each site (default 200; `make prove` sets as many as there is time for).
"""

from __future__ import annotations

import os

import pytest

from firmware.core.access import Known
from firmware.core.facts import (
    CardRead,
    ClockLost,
    ClockSet,
    CredentialEnrolled,
    DeviceLost,
    DeviceRecovered,
    EndEnrolment,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    InputChanged,
    Level,
    LockPortal,
    OpenOnce,
    OutputFailed,
    OverlayChange,
    OverlayChanged,
    PassageElsewhere,
    PeersHeard,
    PeersLost,
    ReleasePortal,
    ResetFault,
    ResetFire,
    RosterReplaced,
    SetOutOfService,
    StartEnrolment,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.machines import EXIT, FIRE, OPENING, Exit, ExitTrigger, Fire, FireTrigger, Opening, OpeningTrigger
from firmware.core.site import Area, Door, LockKind, Reader, Rex, RexMode, Site
from tests.core.mutation import planted
from tests.core.portals.explore import INVARIANTS, Restart, explore
from tests.core.portals.scene import MONDAY_0755_MS, RULES, door, turnstile

STATES_MAX = int(os.environ.get("MENSHEN_PROVE_STATES", "200"))


def site(*portals, **fields) -> Site:
    names = [reader for portal in portals for point in portal.access_points for reader in point.readers]
    readers = tuple(Reader(name, repeat_ms=0) for name in names)
    return Site("site", portals=portals, readers=readers, fire_inputs=("fire",), **fields)


def inputs(*names: str) -> list:
    return [
        InputChanged(name, level) for name in names for level in (Level.ACTIVE, Level.INACTIVE, Level.OPEN, Level.LOST)
    ]


def commands(name: str) -> list:
    return [
        OpenOnce("guard", portal=name),
        HoldOpen("guard", portal=name, for_ms=20_000),
        LockPortal("guard", portal=name),
        ReleasePortal("guard", portal=name),
        SetOutOfService("guard", portal=name),
        SetOutOfService("guard", portal=name, out=False),
        ResetFault("guard", portal=name),
    ]


def cards(*readers: str) -> list:
    return [
        CardRead(reader, Known(who, f"card_{who}", 1, profiles=("all",), holds_open=who == "janitor"))
        for reader in readers
        for who in ("ann", "janitor")
    ]


EVERYWHERE = [
    StartLockdown("guard"),
    EndLockdown("guard"),
    StartEvacuation("chief", confirmed=True),
    EndEvacuation("chief"),
    ResetFire("chief"),
    RosterReplaced(RULES),
    ClockSet(MONDAY_0755_MS + 3_600_000),
    ClockLost(),
    Restart(),
    *inputs("fire"),
]


def faults(*outputs: str) -> list:
    return [kind(name, why) if why else kind(name) for name in outputs for kind, why in FAULTS]


FAULTS = ((OutputFailed, "no answer"), (DeviceLost, "unplugged"), (DeviceRecovered, ""))


def short(name: str = "front", **fields) -> Door:
    """Few instants, so that few orders of deadlines are possible."""
    fields.setdefault("escape", True)
    return door(
        name,
        release_ms=2_000,
        open_ms_max=10_000,
        prealarm_ms=3_000,
        rex_shunt_ms=4_000,
        double_swipe_ms=60_000,
        **fields,
    )


DOORS = {
    f"{kind}-{mode}-{'contact' if contact else 'unmonitored'}": short(
        lock_kind=kind, rex=(Rex("front_rex", mode),), contact=contact, unlock_schedule="office"
    )
    for kind in LockKind
    for mode in RexMode
    for contact in ("front_contact", None)
}


GUARD = "guard"
LOCKDOWNS = [StartLockdown(GUARD), EndLockdown(GUARD)]
EVACUATIONS = [StartEvacuation("chief", confirmed=True), EndEvacuation("chief")]
FIRES = [InputChanged("fire", level) for level in (Level.ACTIVE, Level.INACTIVE, Level.OPEN)]
ANN = cards("r_front")[:1]
LOST = CardRead("r_front", Known("cat", "card_cat", 1, profiles=("all",), status="lost"))
ENDING = (OverlayChange.SUSPENDED, OverlayChange.LEFT, OverlayChange.LIFTED)
LOCAL = [
    *(OverlayChanged(change, "l00000001", "ann", revision=1) for change in ENDING),
    StartEnrolment(GUARD, reader="r_front", holder="ann"),
    EndEnrolment(GUARD, reader="r_front"),
    CredentialEnrolled("r_front", "l00000002", "ann", "card_new", revision=2),
    DeviceLost("r_front", "unplugged"),
    DeviceRecovered("r_front"),
]

ELSEWHERE = [
    PassageElsewhere("north", "ann", "house", 1_700_000_000, "n_in"),
    PassageElsewhere("north", "ann", None, 1_700_000_001, "n_out", was="house"),
    PeersLost("silent"),
    PeersHeard(),
]

# Each is walked to its end: every state that these facts can bring about, in any order and number.
SLICES = {
    "passage": [
        *inputs("front_rex", "front_contact"),
        *ANN,
        OpenOnce(GUARD, portal="front"),
        *LOCKDOWNS,
    ],
    "modes": [
        *inputs("front_rex")[:2],
        *ANN,
        *commands("front")[1:6],
        *LOCKDOWNS,
        *EVACUATIONS,
        *FIRES,
        ResetFire("chief"),
    ],
    "faults": [
        *inputs("front_rex")[:2],
        *ANN,
        *faults("front_lock"),
        ResetFault(GUARD, portal="front"),
        Restart(),
        *LOCKDOWNS,
        *FIRES[:2],
    ],
    "elsewhere": [*inputs("front_rex", "front_contact")[:6], *ANN, *ELSEWHERE, *LOCKDOWNS, Restart()],
    "local": [*inputs("front_rex", "front_contact")[:6], *ANN, LOST, *LOCAL, Restart()],
    "schedule": [
        *inputs("front_contact")[:3],
        *ANN,
        ClockSet(MONDAY_0755_MS + 3_600_000),
        ClockSet(MONDAY_0755_MS + 299_000),
        ClockLost(),
        RosterReplaced(RULES),
        LockPortal(GUARD, portal="front"),
        ReleasePortal(GUARD, portal="front"),
        DeviceLost("front_lock", "unplugged"),
        DeviceRecovered("front_lock"),
        Restart(),
    ],
}
WHOLE = [
    ("passage", "fail_secure-unlock-contact", "input"),
    ("passage", "fail_safe-shunt-contact", "input"),
    ("modes", "fail_secure-unlock-contact", "person"),
    ("modes", "fail_safe-unlock-unmonitored", "input"),
    ("elsewhere", "fail_secure-unlock-contact", "input"),
    ("elsewhere", "fail_safe-shunt-unmonitored", "input"),
    ("local", "fail_secure-unlock-contact", "input"),
    ("local", "fail_safe-shunt-unmonitored", "input"),
    ("faults", "fail_secure-unlock-contact", "input"),
    ("schedule", "fail_safe-unlock-contact", "input"),
    ("schedule", "fail_secure-shunt-unmonitored", "input"),
]
SLICE_STATES_MAX = 20_000  # the largest has about 1,500


def whole(where: Site, alphabet: list, at_least: int) -> None:
    walk = explore(where, alphabet, INVARIANTS, SLICE_STATES_MAX)
    assert walk.whole
    assert walk.states >= at_least, "a walk that comes nowhere proves nothing"
    assert {"access.granted", "access.denied"} <= walk.codes


@pytest.mark.slow
@pytest.mark.parametrize(("part", "name", "fire_reset"), WHOLE)
def test_every_state_of_one_door(part, name, fire_reset):
    whole(site(DOORS[name], fire_reset=fire_reset, areas=(Area("house", shared=True),)), SLICES[part], 30)


@pytest.mark.slow
def test_every_state_of_a_mantrap():
    where = site(short("outer", interlock=("inner",)), short("inner", interlock=("outer",), escape=False))
    alphabet = [
        *inputs("outer_contact")[:2],
        *inputs("inner_contact")[:2],
        *inputs("outer_rex")[:2],
        *cards("r_outer", "r_inner")[::2],
        OpenOnce(GUARD, portal="outer"),
    ]
    whole(where, alphabet, 300)


@pytest.mark.slow
def test_every_state_of_a_turnstile():
    where = site(turnstile(escape=True, release_ms=2_000))
    passing = [*inputs("gate_pulse_in"), *inputs("gate_pulse_out")[:2], *cards("r_gate_in", "r_gate_out")[::2]]
    whole(where, [*passing, *LOCKDOWNS, OpenOnce(GUARD, portal="gate", access_point="gate_out")], 100)
    modes = [*cards("r_gate_in", "r_gate_out")[::2], *commands("gate")[1:5], *faults("gate_in_lock"), *FIRES[:2]]
    whole(where, [*modes, *EVACUATIONS], 100)


def bounded(where: Site, alphabet: list) -> None:
    walk = explore(where, [*alphabet, *EVERYWHERE], INVARIANTS, STATES_MAX)
    assert walk.whole or walk.states >= STATES_MAX
    assert "access.granted" in walk.codes


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("fire_reset", ["input", "person"])
def test_one_door_and_every_fact(name, fire_reset):
    contact = [] if DOORS[name].contact is None else ["front_contact"]
    alphabet = [*inputs("front_rex", *contact), *cards("r_front"), *commands("front"), *faults("front_lock")]
    bounded(site(DOORS[name], fire_reset=fire_reset), alphabet)


@pytest.mark.slow
def test_a_mantrap_and_every_fact():
    where = site(short("outer", interlock=("inner",)), short("inner", interlock=("outer",), escape=False))
    alphabet = [
        *inputs("outer_rex", "inner_contact", "outer_contact"),
        *cards("r_outer", "r_inner"),
        *commands("outer"),
        *faults("inner_lock"),
    ]
    bounded(where, alphabet)


@pytest.mark.slow
def test_a_turnstile_and_every_fact():
    where = site(turnstile(escape=True, release_ms=2_000, unlock_schedule="office"))
    alphabet = [
        *inputs("gate_pulse_in", "gate_pulse_out"),
        *cards("r_gate_in", "r_gate_out"),
        *commands("gate"),
        *faults("gate_in_lock", "gate_drop"),
    ]
    bounded(where, alphabet)


# -- the walk notices what is wrong -----------------------------------------------------------------------------------

WRONG = {
    "a request-to-exit that is not heard": (EXIT, Exit.IDLE, ExitTrigger.PRESSED, Exit.IDLE, "lock secured"),
    "one that is not heard after a fault": (EXIT, Exit.FAULT, ExitTrigger.PRESSED, Exit.FAULT, "lock secured"),
    "a stuck one that is not obeyed": (EXIT, Exit.ACTIVE, ExitTrigger.STUCK_DUE, Exit.IDLE, "lock secured"),
    "a fire that is not heard": (FIRE, Fire.NONE, FireTrigger.RAISED, Fire.NONE, "fire or evacuation"),
    "a fire that ends by itself": (FIRE, Fire.ACTIVE, FireTrigger.CLEARED_UNRESET, Fire.NONE, "fire or evacuation"),
    "a clock that releases": (OPENING, Opening.OFF, OpeningTrigger.FOUND, Opening.UNLOCKED, "ClockSet released"),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_walk_notices(name):
    table, state, trigger, target, said = WRONG[name]
    cells = table.cells | {(state, trigger): (target, ())}
    where = site(DOORS["fail_secure-unlock-contact"], fire_reset="person")
    alphabet = [*inputs("front_rex"), *FIRES, ClockSet(MONDAY_0755_MS + 3_600_000)]
    with planted(table, cells), pytest.raises(AssertionError, match=said):
        explore(where, alphabet, INVARIANTS, SLICE_STATES_MAX)
