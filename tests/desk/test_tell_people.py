"""The people process tells the journal before it edits: committed when it is answered, with who, from where and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.account_facts import Act
from firmware.core.codes import Code
from firmware.messages import Answer, TellPeople
from tests.desk.at_desk import WHO, at_desk
from tests.desk.test_desk import last

TOLD = {
    Act.EDITED: Code.ROSTER_EDITED,
    Act.EDIT_NOT_DONE: Code.ROSTER_EDIT_NOT_DONE,
    Act.HANDED_IN: Code.ROSTER_HANDED_IN,
    Act.LOOKED_UP: Code.ROSTER_LOOKED_UP,
}


@pytest.mark.parametrize("act", TOLD)
def test_it_stands_in_the_journal_when_it_is_answered(tmp_path: Path, act: Act) -> None:
    async def scenario(gate, person):
        told = TellPeople(act=act, address="10.0.0.7", holder="h1", detail="holder changed", **WHO)
        assert await person.ask(told) == Answer("r1", done=True)
        event = await last(gate, TOLD[act])
        assert (event.detail, event.request) == ("holder changed", "r1")
        assert (event.body.issuer, event.body.note) == (WHO["issuer"], WHO["why"])
        assert (event.body.address, event.body.holder) == ("10.0.0.7", "h1")

    at_desk(tmp_path, scenario)


@pytest.mark.parametrize("act", sorted(set(Act) - TOLD.keys()))
def test_nothing_else_is_told_so(tmp_path: Path, act: Act) -> None:
    """No account is made, no log-in said to have been, by whoever is at the office's socket."""

    async def scenario(gate, person):
        answer = await person.ask(TellPeople(act=act, **WHO))
        assert answer == Answer("r1", False, ("not_allowed",))

    at_desk(tmp_path, scenario)


def test_nobody_without_a_name_tells_anything(tmp_path: Path) -> None:
    async def scenario(gate, person):
        for who in ({"issuer": "", "why": "x"}, {"issuer": "x", "why": ""}, {"issuer": " x", "why": "y\nz"}):
            assert not (await person.ask(TellPeople(act=Act.EDITED, **who))).done

    at_desk(tmp_path, scenario)
