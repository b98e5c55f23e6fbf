"""`explain` equals what the gate decided while the office suspends, enrols, invites and lifts all day long."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from firmware.bench.gate import running_gate
from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.messages import Answer, Enrol, Invite, Leave, Lift, Suspend
from firmware.rehearsal.virtual_time import run_virtual
from tests.desk.at_desk import person_at
from tests.system.parity import Parity
from tests.system.test_explain_parity import EDGES, PINS, TIMED, Day, local_ms, site_for_parity

SEED = 20261130
PRESENTATIONS = 220
HOLDERS = ("resident", "guard", "former", "second", "child", "cleaner", "worker")
WHO = {"issuer": "Ms Wang", "why": "reported at the counter"}
WANTED = {
    Reason.GRANTED,
    Reason.LOCAL,
    Reason.SUSPENDED,
    Reason.LOST,
    Reason.EXPIRED,
    Reason.NOT_FOUND,
    Reason.PIN_WRONG,
    Reason.CLOCK_UNKNOWN_REFUSED,
    Reason.FACTORS_COMPLETE,
}


class Office:
    """Draws what somebody at the desk asks for; `asked` counts what was done and what was refused."""

    def __init__(self, gate, person, rng: random.Random) -> None:
        self.gate, self.person, self.rng = gate, person, rng
        self.asked: Counter[tuple[str, bool]] = Counter()

    def _card(self, name: str) -> str:
        layout, _ = self.gate.plants.card(name)
        return f"{layout.format}:{layout.facility}:{layout.number}"

    async def something_is_asked(self) -> None:
        rng = self.rng
        until_s = local_ms(rng.choice(EDGES)) // 1000 + rng.choice((0, 7_200))
        holder, card = rng.choice(HOLDERS), self._card(rng.choice([*self.gate.plants.cards]))
        of = rng.choice(({"holder": holder}, {"factor": Factor.CARD, "key": card}))
        match rng.randrange(9):
            case 0 | 1:
                command = Suspend(**WHO, **of, lost=rng.random() < 0.5, until_s=rng.choice((None, until_s)))
            case 2:
                command = Leave(**WHO, holder=holder, until_s=rng.choice((None, until_s)))
            case 3 | 4:
                given = self._card(rng.choice(("stranger", "stranger", "neighbour")))
                command = Enrol(**WHO, holder=holder, key=given, until_s=until_s, replaces_all=rng.random() < 0.3)
            case 5:
                command = Invite(
                    **WHO,
                    visitor=rng.choice(("guest-1", "guest-2")),
                    profiles=("residents",),
                    until_s=until_s,
                    use_limit=2,
                    escorted=rng.random() < 0.3,
                    key=self._card("stranger"),
                )
            case _:
                entries = list(self.gate.controller.desk.overlay)
                if not entries:
                    return
                command = Lift(**WHO, entry=rng.choice(entries).id)
        answer = await self.person.ask(command)
        assert isinstance(answer, Answer)
        self.asked[type(command).__name__, answer.done] += 1


@pytest.mark.slow
def test_explain_equals_the_gate_while_the_office_works(tmp_path: Path) -> None:
    site = site_for_parity(tmp_path, TIMED)

    async def day():
        async with running_gate(tmp_path, site, seed=SEED) as gate, person_at(tmp_path) as person:
            await gate.pass_time(1)
            parity = Parity(gate, PINS)
            rng = random.Random(SEED)
            drawn, office = Day(gate, parity, rng), Office(gate, person, rng)
            for _ in range(PRESENTATIONS):
                if rng.random() < 0.4:
                    await office.something_is_asked()
                await drawn.something_stands()
                await drawn.at_some_time()
                if rng.random() < 0.1:  # more often than the day itself draws it: no clock
                    gate.wall.set(1_000)
                    await gate.pass_time(1.25)
                await drawn.presentation()
            parity.close()
            return parity, office.asked

    parity, asked = run_virtual(day())
    assert parity.differences == [], f"seed {SEED}"
    assert parity.compared > PRESENTATIONS
    assert WANTED - set(parity.seen) == set(), f"seed {SEED}"
    assert {name for name, done in asked if done} == {"Suspend", "Leave", "Enrol", "Invite", "Lift"}, asked
