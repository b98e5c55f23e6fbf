"""Noise, odd frames and floods on one reader's wires, at the whole gate: nothing opens, nobody else notices."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from drivers.reports import Line
from firmware.controller.inbox import READINGS_OF_ONE_MAX
from firmware.core.codes import Code
from firmware.core.view import Mode
from firmware.core.views import view
from firmware.rehearsal.frames import Frame, encode_card
from tests.attacks.gates import BIKE_LOCK, FRONT_LOCK, Watch, at_gate, codes, enters, portal, send

STORM_S = 6
MUTE_S = 30  # mute_ms of a reader that says nothing else


@pytest.mark.attack("wire-01")
def test_a_noise_storm_on_one_reader_grants_nothing_and_disturbs_no_other(tmp_path: Path):
    """10 kHz on both data lines of the bike shed's reader; plants' seed of the demo gate."""

    async def scenario(gate):
        watch = Watch(gate)

        async def latency_ns() -> int:
            before = len(watch.moves)
            sent = gate.plants.readers["front_reader"].present(gate.plants.card("resident")[1])
            await gate.pass_time(1)
            moved = watch.moves[before:]
            assert moved[0].line == FRONT_LOCK
            assert moved[0].level
            gate.plants.doors["front_door"].push()
            await gate.pass_time(20)
            return moved[0].at_ns - sent.last_ns

        quiet_ns = await latency_ns()
        gate.plants.readers["bike_reader"].storm(STORM_S * 1000, 10_000)
        await gate.pass_time(2)
        sent = gate.plants.readers["front_reader"].present(gate.plants.card("resident")[1])
        await gate.pass_time(1)
        storm_ns = watch.moves[-1].at_ns - sent.last_ns
        opened = portal(gate, "front_door").mode
        muted = view(gate.controller.engine.state).readers_muted
        await gate.pass_time(STORM_S + MUTE_S)
        heard_again = view(gate.controller.engine.state).readers_muted
        again = await enters(gate, "bike_shed", "bike_reader")
        bike_moves = [move for move in watch.released() if move.line == BIKE_LOCK]
        return quiet_ns, storm_ns, opened, muted, heard_again, again, bike_moves, await gate.events()

    quiet_ns, storm_ns, opened, muted, heard_again, again, bike_moves, events = at_gate(tmp_path, scenario)
    assert opened is Mode.ACCESSED
    assert abs(storm_ns - quiet_ns) <= 1_000_000  # within a millisecond of what it is without a storm
    assert muted == ("bike_reader",)
    assert heard_again == ()
    told = [row.event.code for row in events if row.event.reader == "bike_reader"]
    assert told[:2] == [Code.READER_MUTED, Code.READER_UNMUTED]
    assert Code.UNKNOWN_CREDENTIAL not in told
    assert again  # tried again, it works
    assert len(bike_moves) == 1  # for that card, and for nothing before it


@pytest.mark.slow
@pytest.mark.attack("wire-02")
def test_frames_of_1_to_200_random_bits_open_nothing(tmp_path: Path):
    """Seed 41: a frame of each length, at a pace that does not mute the reader."""
    rng = random.Random(41)

    async def scenario(gate):
        watch = Watch(gate)
        for length in range(1, 201):
            await send(gate, "bike_reader", Frame(rng.getrandbits(length), length), settle_s=1.0)
        muted = await codes(gate, Code.READER_MUTED)
        return watch.released(), muted, await codes(gate, Code.GRANTED), await enters(gate, "bike_shed", "bike_reader")

    released, muted, granted, works = at_gate(tmp_path, scenario)
    assert released == []
    assert muted == []  # so each frame was looked at
    assert granted == []
    assert works


@pytest.mark.attack("wire-03")
def test_a_37_bit_card_that_begins_with_an_enrolled_one_opens_nothing(tmp_path: Path):
    """300 of the 2,048 tails, seed 5."""
    rng = random.Random(5)
    resident = encode_card("H10301", 12, 34567)

    async def scenario(gate):
        watch = Watch(gate)
        for _ in range(300):
            await send(gate, "bike_reader", Frame(resident.bits << 11 | rng.getrandbits(11), 37), settle_s=1.0)
        return watch.released(), await codes(gate, Code.GRANTED)

    assert at_gate(tmp_path, scenario) == ([], [])


@pytest.mark.attack("wire-04")
def test_a_card_spammer_costs_a_bounded_number_of_events_and_all_are_counted(tmp_path: Path):
    """Four minutes of strangers' cards, three a second, each another number."""
    frames, minutes = 720, 4

    async def scenario(gate):
        before = len(await gate.events())
        for number in range(frames):
            await send(gate, "bike_reader", encode_card("H10301", 99, number), settle_s=0.28)
        works = await enters(gate)
        await gate.pass_time(61)
        return before, works, await gate.events()

    before, works, events = at_gate(tmp_path, scenario)
    refused = [row.event for row in events if row.event.code in (Code.UNKNOWN_CREDENTIAL, Code.DENIED_SUM)]
    assert sum(event.count for event in refused) == frames
    assert len(refused) <= (minutes + 1) * 11  # ten one by one and a sum, each minute (`unknown_burst`)
    assert len(events) - before <= len(refused) + 10  # and the person who came home
    assert works


@pytest.mark.attack("wire-05")
def test_the_same_card_faster_than_a_person_is_one_presentation(tmp_path: Path):
    async def scenario(gate):
        resident = gate.plants.card("resident")[1]
        for _ in range(12):
            await send(gate, "front_reader", resident, settle_s=0.16)
        return await codes(gate, Code.GRANTED)

    assert len(at_gate(tmp_path, scenario)) == 1


@pytest.mark.attack("wire-06")
def test_an_inbox_that_overflows_is_told_and_other_readers_are_served(tmp_path: Path):
    flood = 500

    async def scenario(gate):
        controller = gate.controller
        for number in range(flood):
            controller.emit(Line(device="bike_reader", text=f"code {number}", at_ns=gate.plants.wires.now_ns()))
        await gate.pass_time(0.1)
        overflowed = (await gate.events(Code.INBOX_OVERFLOWED))[-1].event
        return overflowed, await enters(gate)

    overflowed, works = at_gate(tmp_path, scenario)
    assert overflowed.count == flood - READINGS_OF_ONE_MAX
    assert overflowed.detail == "bike_reader"
    assert works
