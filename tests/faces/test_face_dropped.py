"""Whom a roster drops: the templates go with the holder, or with the holder's face, and a journal row says so."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from firmware.bench.gate import NOON_UTC_MS
from firmware.core.codes import Code
from firmware.faces import store
from firmware.identity import Identity
from firmware.roster.build import build
from firmware.roster.install import CURRENT
from tests.desk.at_desk import at_desk
from tests.faces.people import enrol, site_with_faces

RESIDENT, NEIGHBOUR = "resident", "neighbour"


async def serve(gate, version: int, **changes: str | None) -> None:
    """A new roster: `changes` are holder = the face's key from now on ("": none), or None: the holder is gone."""
    site = gate.config.file.parent
    with (site / "holders.csv").open(encoding="utf-8", newline="") as read:
        rows = [row for row in csv.DictReader(read) if changes.get(row["holder"], "") is not None]
    table = site / f"holders{version}.csv"
    with table.open("w", encoding="utf-8", newline="") as written:
        writer = csv.DictWriter(written, rows[0])
        writer.writeheader()
        writer.writerows({**row, "face": changes.get(row["holder"], row["face"])} for row in rows)
    identity = Identity.load_or_create(gate.folder / "identity")
    built = gate.folder / "incoming.new"
    build(table, site / "rules.toml", built, identity, version=version, created_s=NOON_UTC_MS // 1000)
    built.rename(gate.folder / "roster" / "incoming.roster")
    await gate.pass_time(5)
    replaced = await gate.events(Code.ROSTER_REPLACED)
    assert f"version {version}" in replaced[-1].event.detail


def holders(gate) -> set[str]:
    """Who is enrolled, as the disk has it."""
    return {one.holder for one in store.load(gate.folder / "faces", gate.controller.identity)}


async def dropped(gate) -> list[tuple[str, str]]:
    return [(row.event.body.holder, row.event.detail) for row in await gate.events(Code.FACE_DROPPED)]


def at_gate(folder: Path, scenario):
    async def run(gate, person):
        await person.ask(enrol(RESIDENT, 7))
        await person.ask(enrol(NEIGHBOUR, 8))
        return await scenario(gate)

    return at_desk(folder, run, site_with_faces(folder / "site"))


@pytest.mark.attack("face-26")
@pytest.mark.parametrize("becomes", [None, "", "face-of-somebody-new"])
def test_who_is_dropped_or_has_no_such_face_any_more_is_wiped_and_it_is_told(tmp_path, becomes):
    async def scenario(gate):
        before = holders(gate), gate.controller.faces.stands("face-resident")
        sealed = (gate.folder / "faces" / store.NAME).read_bytes()
        await serve(gate, 2, resident=becomes)
        left = any(sealed[60:100] in path.read_bytes() for path in gate.folder.rglob("*") if path.is_file())
        return before, holders(gate), gate.controller.faces.stands("face-resident"), left, await dropped(gate)

    before, after, stands, left, told = at_gate(tmp_path, scenario)
    assert before == ({RESIDENT, NEIGHBOUR}, True)
    assert after == {NEIGHBOUR}
    assert not stands
    assert not left, "not even encrypted, in any file of the state folder"
    assert told == [(RESIDENT, "3 templates wiped")]


def test_another_roster_that_still_has_them_wipes_nobody(tmp_path):
    async def scenario(gate):
        await serve(gate, 2, guard=None)
        return holders(gate), await dropped(gate)

    assert at_gate(tmp_path, scenario) == ({RESIDENT, NEIGHBOUR}, [])


def test_a_holder_who_was_dropped_while_the_controller_was_off_is_wiped_at_the_start(tmp_path):
    """The roster came in the last second: it served, and nobody had been looked up in it."""

    async def scenario(gate):
        await serve(gate, 2)
        old = (gate.folder / "faces" / store.NAME).read_bytes()
        await gate.power_off()
        identity = Identity.load_or_create(gate.folder / "identity")
        site = gate.config.file.parent
        rows = (site / "holders2.csv").read_text().splitlines(keepends=True)
        (site / "holders3.csv").write_text("".join(row for row in rows if not row.startswith(f"{RESIDENT},")))
        built = gate.folder / "roster" / "incoming.roster"
        build(site / "holders3.csv", site / "rules.toml", built, identity, version=3, created_s=NOON_UTC_MS // 1000)
        assert (gate.folder / "faces" / store.NAME).read_bytes() == old
        await gate.power_on()
        await gate.pass_time(5)
        return holders(gate), await dropped(gate)

    assert at_gate(tmp_path, scenario) == ({NEIGHBOUR}, [(RESIDENT, "3 templates wiped")])


def test_an_older_roster_that_serves_because_the_newer_one_is_damaged_wipes_nobody(tmp_path):
    """It knows less than what was decided since; nobody is dropped by a failing disk."""

    async def run(gate, person):
        await serve(gate, 2, resident=None)
        await serve(gate, 3)
        await person.ask(enrol(RESIDENT, 7))
        before = holders(gate)
        await gate.power_off()
        current = gate.folder / "roster" / CURRENT
        current.write_bytes(current.read_bytes()[:4_096])
        await gate.power_on()
        await gate.pass_time(5)
        return before, gate.controller.intake.roster.version, holders(gate), await dropped(gate)

    before, serves, after, told = at_desk(tmp_path, run, site_with_faces(tmp_path / "site"))
    assert before == after == {RESIDENT}
    assert serves == 2
    assert told == []
