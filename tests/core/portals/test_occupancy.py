"""The core's count of holders in each area is the ledger's count, whatever order offers and passages come in.

The ledger here is written from effects by its own few lines; the gate is told of each holder what this ledger says at
the moment of the presentation, as intake does.
"""

from __future__ import annotations

import random
from collections import Counter

from firmware.core.effects import ForgetAreas, Remember
from firmware.core.facts import CardRead, DeadlineReached, EndLockdown, Forgive, InputChanged, Level, StartLockdown
from firmware.core.site import AccessPoint, Area
from firmware.core.step import next_deadline, step
from tests.core.portals.scene import Scene, door, known, turnstile

SEED = 20_260_105
STEPS = 4_000
HOLDERS = ("ann", "ben", "eve", "kim")


def border(name: str, **fields) -> tuple[AccessPoint, AccessPoint]:
    return (
        AccessPoint(f"{name}_in", name, (f"r_{name}_in",), None, "house", **fields),
        AccessPoint(f"{name}_out", name, (f"r_{name}_out",), "house", None, direction="out"),
    )


class Gate:
    """A house with two doors and a turnstile for two persons; a shed inside it."""

    def __init__(self) -> None:
        shed = (AccessPoint("shed_in", "shed", ("r_shed_in",), "house", "shed"),)
        self.scene = Scene(
            *(door(name, access_points=border(name), rex=()) for name in ("left", "right")),
            door("shed", access_points=shed, rex=()),
            turnstile(access_points=border("gate", two_person=True)),
            areas=(Area("house", occupancy_max=3), Area("shed")),
        )
        self.ledger: dict[str, str] = {}

    def do(self, fact) -> None:
        s = self.scene
        s.state, effects = step(s.state, s.t, fact)
        for effect in effects:
            if isinstance(effect, Remember) and effect.area is not None:
                self.ledger[effect.holder] = effect.area
            elif isinstance(effect, ForgetAreas):
                self.ledger.clear()
        counted = Counter(area for area in self.ledger.values() if area)
        assert {area: n for area, n in s.state.occupancy.items() if n} == counted, f"seed {SEED}"

    def wait(self, ms: int) -> None:
        until = self.scene.t + ms
        while (deadline := next_deadline(self.scene.state)) is not None and deadline <= until:
            self.scene.t = deadline
            self.do(DeadlineReached())
        self.scene.t = until

    def swipe(self, reader: str, holder: str) -> None:
        at = self.ledger.get(holder) or None
        self.do(CardRead(reader, known(holder, area=at, escort=holder in ("eve", "kim"))))

    def level(self, name: str, active: bool) -> None:
        self.do(InputChanged(name, Level.ACTIVE if active else Level.INACTIVE))


def test_two_offers_to_one_holder_count_one_holder():
    gate = Gate()
    gate.swipe("r_left_in", "ann")
    gate.swipe("r_right_in", "ann")
    gate.level("left_contact", True)
    gate.level("right_contact", True)
    assert gate.scene.state.occupancy == {"house": 1}


def test_an_offer_from_before_the_forgiveness_leaves_nobody_behind():
    for forgiven in (None, "ann"):
        gate = Gate()
        gate.swipe("r_left_in", "ann")
        gate.level("left_contact", True)
        gate.level("left_contact", False)
        gate.wait(1_000)
        gate.swipe("r_shed_in", "ann")
        gate.do(Forgive("guard", holder=forgiven, area="house" if forgiven else None))
        gate.level("shed_contact", True)
        assert gate.ledger["ann"] == "shed"


def test_the_count_is_the_ledgers_over_a_random_day():
    draw = random.Random(SEED)
    gate = Gate()
    readers = list(gate.scene.state.readers)
    inputs = list(gate.scene.state.wiring.inputs)
    entered = 0
    for _ in range(STEPS):
        kind = draw.random()
        if kind < 0.45:
            gate.swipe(draw.choice(readers), draw.choice(HOLDERS))
        elif kind < 0.85:
            gate.level(draw.choice(inputs), draw.random() < 0.6)
        elif kind < 0.86:
            holder = draw.choice((None, *HOLDERS))
            area = None if holder is None else gate.ledger.get(holder) or None
            gate.do(Forgive("guard", holder=holder, area=area))
        elif kind < 0.87:
            gate.do(StartLockdown("guard"))
            gate.do(EndLockdown("guard"))
        gate.wait(draw.choice((1, 100, 600, 3_000)))
        entered += bool(gate.scene.state.occupancy.get("shed"))
    assert entered > STEPS // 10, "a day on which nobody gets anywhere proves nothing"
