"""Hostile texts as a QR code at the whole gate: nobody's credential, and in nothing that is kept or shown."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from drivers.reports import Line
from firmware.core.codes import Code
from firmware.journal import export, verify
from tests.attacks.gates import Watch, at_gate, enters

HOSTILE = [
    "' OR 1=1 --",
    "H10301:12:34567",  # the resident's card, as text
    "nul\x00nul",
    "\U0001f6aa\U0001f511 emoji",
    "\u202eneddih\u202c right to left",
    "x" * 10_000,
    "=cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "\x1b[2J\x1b]0;title\x07",
    "lone \ud800 surrogate",
    "{0.__class__} %s %(name)s ${HOME} `id` $(id)",
    "",
]


@pytest.mark.attack("text-14")
def test_a_hostile_code_opens_nothing_and_stands_in_no_row_and_no_export(tmp_path: Path):
    async def scenario(gate):
        watch = Watch(gate)
        for text in HOSTILE:
            gate.controller.emit(Line(device="front_reader", text=text, at_ns=gate.plants.wires.now_ns()))
            await gate.pass_time(12)  # each in a time of its own, so that none is summed up
        released = watch.released()
        rows = await gate.events(Code.UNKNOWN_CREDENTIAL, Code.GRANTED, Code.DENIED)
        path, exported = gate.controller.journal.path, {}
        for form in ("jsonl", "csv"):
            out = io.BytesIO()
            export(path, form, out, with_bodies=True)
            exported[form] = out.getvalue().decode()
        return released, rows, exported, await enters(gate), verify(path, gate.controller.identity.public_key)

    released, rows, exported, entered, verdict = at_gate(tmp_path, scenario)
    assert released == []
    assert [row.event.code for row in rows] == [Code.UNKNOWN_CREDENTIAL] * len(HOSTILE)
    tokens = {row.event.body.token for row in rows}
    assert len(tokens) == len(HOSTILE)
    assert all(len(token) == 16 and set(token) <= set("0123456789abcdef") for token in tokens)
    for said in exported.values():
        assert all(text not in said for text in HOSTILE if text)
        assert all(letter.isprintable() or letter in "\r\n" for letter in said)
    assert entered
    assert verdict.ok
