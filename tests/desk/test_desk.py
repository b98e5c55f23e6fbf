"""What a named person asks at the office's desk, at a whole gate: in force at once, saved, told, and answered then."""

from __future__ import annotations

from pathlib import Path

from firmware.core.codes import Code
from firmware.messages import Answer, Lift, Suspend
from tests.attacks.gates import enters
from tests.desk.at_desk import WHO, at_desk


def test_a_suspended_holder_is_refused_at_once_and_let_in_when_it_is_lifted(tmp_path: Path):
    async def scenario(gate, person):
        assert await enters(gate)
        assert await person.ask(Suspend(holder="resident", **WHO)) == Answer("r1", done=True)
        assert not await enters(gate)
        (row,) = await gate.events(Code.SUSPENDED)
        assert row.event.body.holder == "resident"
        assert (row.event.body.issuer, row.event.body.note) == (WHO["issuer"], WHO["why"])
        denied = (await gate.events(Code.DENIED))[-1].event
        assert denied.reasons[-1] == "credential_suspended"
        assert (await person.ask(Lift(holder="resident", **WHO))).done
        assert await enters(gate)

    at_desk(tmp_path, scenario)
