"""A new roster beside local entries: what it says itself goes, what it says otherwise is told once, and holds."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from firmware.bench.gate import NOON_UTC_MS
from firmware.controller.desk import COMPARED_AT_ONCE
from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import search
from firmware.messages import Answer, Enrol, ListOverlay, Suspend
from firmware.roster.build import build
from firmware.roster.entry import Entry, Kind
from firmware.roster.overlay import ENTRIES_MAX, Overlay
from tests.attacks.gates import SITES, cut_power, enters
from tests.desk.at_desk import WHO, at_desk
from tests.overlay.entries import enrolled

STRANGERS_CARD = "H10301:99:1"


async def newest(gate, code: Code, before: tuple[int, int] | None = None) -> list:
    """The newest thousand committed events of one kind, before that row, newest first."""
    await gate.committed()
    return search(gate.controller.journal.path, limit=1_000, kind=code, before=before)


async def replace_roster(gate, version: int, *changes: tuple[str, str]) -> None:
    """Put the demo's roster into the folder again, with some of its table's text changed, and wait for it."""
    folder = gate.folder / f"sources{version}"
    shutil.copytree(SITES, folder)
    table = folder / "holders.csv"
    text = table.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    table.write_text(text)
    identity = Identity.load_or_create(gate.folder / "identity")
    built = gate.folder / "incoming.new"
    build(table, folder / "rules.toml", built, identity, version=version, created_s=NOON_UTC_MS // 1000)
    built.rename(gate.folder / "roster" / "incoming.roster")
    await gate.pass_time(5)
    assert f"version {version}" in (await newest(gate, Code.ROSTER_REPLACED))[0].event.detail


def test_a_card_that_the_roster_has_now_too_is_absorbed_and_opens_on(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Enrol(holder="neighbour", key=STRANGERS_CARD, **WHO))).done
        await replace_roster(gate, 2, ("H10301:12:34568", STRANGERS_CARD))
        (row,) = await gate.events(Code.LOCAL_ABSORBED)
        assert row.event.body.holder == "neighbour"
        assert (await person.ask(ListOverlay(**WHO))).entries == ()
        assert await enters(gate, card="stranger")
        assert "local_entry" not in (await gate.events(Code.GRANTED))[-1].event.reasons

    at_desk(tmp_path, scenario)


TAKEN = ("neighbour,b1-0102,neighbours,,,", "neighbour,b1-0102,neighbours,,suspended,")


def test_a_suspension_that_both_rosters_say_too_is_absorbed_and_refuses_on(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).done
        await replace_roster(gate, 2, TAKEN)
        assert await gate.events(Code.LOCAL_ABSORBED) == [], "the roster before would let in"
        await replace_roster(gate, 3, TAKEN)
        assert len(await gate.events(Code.LOCAL_ABSORBED)) == 1
        assert not await enters(gate, card="neighbour")

    at_desk(tmp_path, scenario)


def test_a_suspended_card_stays_so_when_the_newer_roster_is_damaged_and_the_one_before_serves(tmp_path: Path):
    """The new roster refuses by itself, the one before does not, and the new one's file is then damaged."""

    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).done
        await replace_roster(gate, 2, TAKEN)
        path = gate.folder / "roster" / "roster"
        content = bytearray(path.read_bytes())
        content[5000] ^= 1
        path.write_bytes(content)
        await cut_power(gate)
        assert "version 1" in (await gate.events(Code.ROSTER_REPLACED))[-1].event.detail
        assert not await enters(gate, card="neighbour")
        assert await enters(gate, card="resident")

    at_desk(tmp_path / "gate", scenario)


def test_a_suspension_goes_where_no_roster_before_would_serve(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).done
        previous = gate.folder / "roster" / "roster.previous"
        await replace_roster(gate, 2, TAKEN)
        previous.write_bytes(b"no roster")
        await cut_power(gate)
        await gate.pass_time(5)
        assert len(await gate.events(Code.LOCAL_ABSORBED)) == 1
        assert not await enters(gate, card="neighbour")

    at_desk(tmp_path / "gate", scenario)


def test_a_suspension_that_the_roster_does_not_say_holds_and_is_told_once_for_each_roster(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Suspend(holder="resident", **WHO))).done
        await gate.pass_time(30)
        assert await gate.events(Code.LOCAL_CONFLICT) == []
        await replace_roster(gate, 2)
        await gate.pass_time(30)
        (row,) = await gate.events(Code.LOCAL_CONFLICT)
        assert "roster_active" in row.event.detail
        assert not await enters(gate)
        (entry,) = (await person.ask(ListOverlay(**WHO))).entries
        assert entry.conflict == "roster_active"
        await gate.controller.stop()
        await gate.power_on()
        await gate.pass_time(5)
        assert len(await gate.events(Code.LOCAL_CONFLICT)) == 1, "a start tells nothing anew"

    at_desk(tmp_path, scenario)


def test_a_card_that_the_roster_gives_to_somebody_else_is_theirs(tmp_path: Path):
    async def scenario(gate, person):
        assert (await person.ask(Enrol(holder="resident", key=STRANGERS_CARD, **WHO))).done
        await replace_roster(gate, 2, ("H10301:12:34568", STRANGERS_CARD))
        (row,) = await gate.events(Code.LOCAL_CONFLICT)
        assert "key_of_another" in row.event.detail
        assert await enters(gate, card="stranger")
        assert (await gate.events(Code.GRANTED))[-1].event.body.holder == "neighbour"

    at_desk(tmp_path, scenario)


def test_a_roster_that_contradicts_more_entries_than_the_inbox_holds_is_told_of_each(tmp_path: Path):
    """1,200 cards of a holder who is gone, and an inbox of 1,024: none is lost, nor anybody's card."""

    async def scenario(gate, _person):
        desk = gate.controller.desk
        desk.overlay = Overlay([enrolled("gone", f"{n:016x}", f"H10301:200:{n}") for n in range(1, 1_201)], 1)
        await replace_roster(gate, 2)
        told = await newest(gate, Code.LOCAL_CONFLICT)
        more = await newest(gate, Code.LOCAL_CONFLICT, (told[-1].epoch, told[-1].seq))
        assert (len(told), len(more)) == (1_000, 200)
        assert gate.controller.inbox.dropped == 0
        assert len(desk.overlay) == 1_200

    at_desk(tmp_path, scenario)


def test_a_full_list_takes_no_more_and_a_new_roster_beside_it_keeps_nobody_waiting(tmp_path: Path):
    """4,096 entries: what is asked for then is refused, and the comparison gives the loop its turn in between."""

    async def scenario(gate, person):
        desk = gate.controller.desk
        entries = [
            Entry(
                id=f"l{number:08x}",
                kind=Kind.ENROL,
                issuer="Li",
                why="a test",
                holder="resident",
                created_s=NOON_UTC_MS // 1000,
                expires_s=NOON_UTC_MS // 1000 + 86_400,
                credential=f"{number:016x}",
                factor=Factor.CARD,
                key=f"H10301:200:{number}",
            )
            for number in range(1, ENTRIES_MAX + 1)
        ]
        desk.overlay = Overlay(entries, 1)
        full = Answer("r1", done=False, reasons=("overlay_full",))
        assert await person.ask(Enrol(holder="resident", key=STRANGERS_CARD, **WHO)) == full
        at_reader = await person.ask(Enrol(holder="resident", reader="front_reader", **WHO))
        assert at_reader.reasons == ("overlay_full",)
        assert (await person.ask(Suspend(holder="neighbour", **WHO))).reasons == ("overlay_full",)
        turns, began = [], asyncio.get_running_loop().real_time

        async def take_turns():
            while True:
                turns.append(began())
                await asyncio.sleep(0)

        task = asyncio.create_task(desk._look_at_roster())
        watching = asyncio.create_task(take_turns())
        await task
        watching.cancel()
        assert len(turns) >= ENTRIES_MAX // COMPARED_AT_ONCE, "the loop had its turn after each part"

    at_desk(tmp_path, scenario)
