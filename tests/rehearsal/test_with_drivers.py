"""Plants and drivers, written apart, meet on the wire: what one sends the other reads; and the two demo files agree."""

from __future__ import annotations

import asyncio
import csv
import random
import socket
import tomllib

import msgspec
import pytest

from drivers.bus.simulated import SimulatedLines
from drivers.contact import Contact, ContactConfig
from drivers.relay import Relay, RelayConfig
from drivers.reports import Digits, Frame, InputLevel, Level, Noise
from drivers.wiegand import Wiegand, WiegandConfig
from drivers.wire.wiegand import decode_in_order
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.frames import LAYOUTS, encode_card
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import run_virtual


def with_drivers(gate_file, make, story, *, edge_by_edge=False):
    """Run the drivers that `make(lines)` gives, over a socket to the far end, and `story(plants, drivers, reports)`."""

    async def run():
        plants = Plants.load(gate_file, seed=7, edge_by_edge=edge_by_edge)
        far_end = FarEnd(plants.wires)
        ours, theirs = socket.socketpair()
        await far_end.attach(theirs)
        lines = SimulatedLines(ours)
        drivers = make(lines)
        reports = []
        tasks = [asyncio.create_task(driver.run(reports.append)) for driver in drivers]
        await asyncio.sleep(0.5)
        try:
            return await story(plants, drivers, reports)
        finally:
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
            lines.close()
            await far_end.close()
            plants.close()
            await asyncio.sleep(0.1)

    return run_virtual(run())


def front_reader(keypad="4bit", formats=("H10301", "H10306", "H10304")):
    table = {"kind": "wiegand", "id": "front_reader", "d0": "GPIO17", "d1": "GPIO27", "formats": formats}
    return msgspec.convert(table | {"keypad": keypad}, WiegandConfig)


@pytest.mark.parametrize("edge_by_edge", [False, True])
def test_every_card_of_the_plants_is_read_as_what_it_is(gate_file, edge_by_edge):
    """Seed 3: 200 random cards of three lengths."""
    dice = random.Random(3)
    cards = []
    for _ in range(200):
        name = dice.choice(("H10301", "H10306", "H10304"))
        facility_bits, number_bits = LAYOUTS[name]
        cards.append((name, dice.randrange(1 << facility_bits), dice.randrange(1 << number_bits)))

    async def story(plants, _, reports):
        for card in cards:
            plants.readers["front_reader"].present(encode_card(*card))
            await asyncio.sleep(0.5)
        return reports

    reports = with_drivers(gate_file, lambda lines: [Wiegand(front_reader(), lines)], story, edge_by_edge=edge_by_edge)
    assert [report for report in reports if isinstance(report, Noise)] == []
    frames = [report for report in reports if isinstance(report, Frame)]
    read = [decode_in_order(("H10301", "H10306", "H10304"), frame.bits, frame.length).key for frame in frames]
    assert read == [f"{name}:{facility}:{number}" for name, facility, number in cards]


def test_keys_are_read_as_typed(gate_file):
    async def story(plants, _, reports):
        plants.readers["front_reader"].press("0123456789*#")
        await asyncio.sleep(5)
        return reports

    reports = with_drivers(gate_file, lambda lines: [Wiegand(front_reader(), lines)], story)
    assert "".join(report.keys for report in reports if isinstance(report, Digits)) == "0123456789*#"


def test_a_storm_is_noise_and_no_card(gate_file):
    async def story(plants, _, reports):
        plants.readers["front_reader"].storm(3_000)
        await asyncio.sleep(5)
        return reports

    reports = with_drivers(gate_file, lambda lines: [Wiegand(front_reader(), lines)], story)
    assert not any(isinstance(report, Frame) for report in reports)
    assert sum(report.count for report in reports if isinstance(report, Noise)) > 100


def test_a_door_is_worked_by_relay_and_contact(gate_file):
    def make(lines):
        return [
            Relay(RelayConfig(id="front_lock", line="GPIO13"), lines),
            Contact(ContactConfig(id="front_contact", line="GPIO6"), lines),
        ]

    async def story(plants, drivers, reports):
        door = plants.doors["front_door"]
        drivers[0].apply(True)
        await asyncio.sleep(0.1)
        door.push()
        await asyncio.sleep(10)
        drivers[0].apply(False)
        await asyncio.sleep(0.1)
        return door.push(), [report.level for report in reports if isinstance(report, Level)]

    said, levels = with_drivers(gate_file, make, story)
    assert said == "locked"
    assert levels == [InputLevel.INACTIVE, InputLevel.ACTIVE, InputLevel.INACTIVE], "bounces are not told"


# --- the two demo files, which agree by names only ---


def test_every_line_of_the_demo_site_has_its_plant_at_the_other_end(gate_file):
    site = tomllib.loads((gate_file.parent / "community_gate.toml").read_text())

    async def look():
        plants = Plants.load(gate_file)
        wrong = []
        for device in site["device"]:
            for key in ("d0", "d1"):
                if key in device and not plants.wires.is_input(device[key]):
                    wrong.append((device["id"], key))
            for key in ("led_green", "led_red", "buzzer"):
                if key in device and not plants.wires.is_output(device[key]):
                    wrong.append((device["id"], key))
            if device["kind"] == "relay" and not plants.wires.is_output(device["line"]):
                wrong.append((device["id"], "line"))
            if device["kind"] == "contact" and not plants.wires.is_input(device["line"]):
                wrong.append((device["id"], "line"))
        return wrong, plants.wires

    wrong, wires = run_virtual(look())
    assert wrong == []
    at_rest = {
        device["id"]: wires.levels([device["line"]])[device["line"]] == (device["active_level"] == "high")
        for device in site["device"]
        if device["kind"] == "contact"
    }
    active = [device_id for device_id, is_active in at_rest.items() if is_active]
    assert active == ["lane_is_up"], "while nobody touches anything, the bollards stand closed, and that is all"


def test_every_card_on_the_table_is_in_the_roster_but_the_strangers(gate_file):
    with (gate_file.parent / "holders.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    cards = tomllib.loads(gate_file.read_text())["card"]
    known = {card for row in rows for card in row["card"].split(";")}
    pins = {row["card"]: row["pin"] + row["pin_with"] for row in rows}
    for card in cards:
        key = f"{card['format']}:{card['facility']}:{card['number']}"
        assert (key in known) == (card["id"] != "stranger"), key
        if "pin" in card:
            assert pins[key] == card["pin"]
