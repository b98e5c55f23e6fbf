"""A lane with readers of codes and tags on serial ports under attack: real ports, the demo gate, virtual time."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from drivers.reports import Tag
from firmware.core.codes import Code, Reason
from firmware.core.view import Position
from tests.attacks.gates import SITE, SITES, Watch, at_gate, portal
from tests.attacks.test_texts_attacked import HOSTILE
from tests.drivers.serial_far import PtyFar
from tests.drivers.test_serial_frames import EPC, tag_frame

LANE = "vehicle_lane"
MOTION = ("Y1", "Y2", "Y3")
CODE = "visitor of b1-0101"
OTHER_EPC = "E200" * 6


def site_with_serial(folder: Path, tags: str, codes: str) -> Path:
    """The demo site with a reader of tags and one of codes at the lane, and holders for both."""
    shutil.copytree(SITES, folder)
    site = folder / SITE.name
    text = site.read_text()
    for old, new in (
        (
            'readers = ["lane_in_reader", "lane_camera"]',
            'readers = ["lane_in_reader", "lane_camera", "lane_tags", "lane_codes"]',
        ),
        ('accept = [["card"], ["plate"]]', 'accept = [["card"], ["plate"], ["tag"], ["code"]]'),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    for name, port, protocol in (("lane_tags", tags, "sid_ur_series"), ("lane_codes", codes, "plain_line")):
        text += f'\n[[device]]\nid = "{name}"\nkind = "serial_reader"\nport = "{port}"\nprotocol = "{protocol}"\n'
    site.write_text(text)
    holders = folder / "holders.csv"
    head, *rows = holders.read_text().splitlines()
    of = {"resident_car": f",{EPC},", "resident": f",,{CODE}"}
    rows = [row + of.get(row.partition(",")[0], ",,") for row in rows if row]
    holders.write_text("\n".join([f"{head},tag,code", *rows, ""]))
    return site


async def arrived(gate, port: PtyFar, content: bytes, reader: str) -> None:
    """A pty hands over in real time: virtual time stands still until the driver has it all."""
    driver = gate.controller._board.drivers[reader]
    wanted = driver.counters()["bytes"] + len(content)
    loop = asyncio.get_running_loop()
    with loop.external():
        port.send(content)
        end_s = loop.real_time() + 5
        while driver.counters()["bytes"] < wanted:
            assert loop.real_time() < end_s, "it never came"
            await asyncio.sleep(0)
    await gate.pass_time(0.5)


def at_lane(tmp_path: Path, scenario):
    tags, codes = PtyFar(), PtyFar()
    try:
        site = site_with_serial(tmp_path / "site", tags.path, codes.path)
        return at_gate(tmp_path, lambda gate: scenario(gate, tags, codes), site=site)
    finally:
        tags.pull()
        codes.pull()


def moved(watch: Watch) -> list:
    return [move for move in watch.moves if move.level]


@pytest.mark.attack("serial-10")
def test_a_tag_without_a_vehicle_opens_nothing_and_opens_once_its_vehicle_stands_there(tmp_path: Path):
    """A tag held over the fence is no car; the same tag is told again, so that the car that follows gets in."""

    async def scenario(gate, tags: PtyFar, codes: PtyFar):
        watch = Watch(gate, MOTION)
        for _ in range(5):
            await arrived(gate, tags, tag_frame(EPC), "lane_tags")
            await gate.pass_time(1)
        still = moved(watch)
        refused = await gate.events(Code.DENIED)
        gate.plants.barriers[LANE].lane.arrive("car", "in", careful=True)
        await gate.pass_time(5)
        await arrived(gate, tags, tag_frame(EPC), "lane_tags")
        await gate.pass_time(6)
        return still, refused, moved(watch), portal(gate, LANE).position

    still, refused, opened, position = at_lane(tmp_path, scenario)
    assert still == []
    assert [row.event.reasons[-1] for row in refused] == [Reason.NO_VEHICLE] * 5
    assert opened
    assert position is Position.OPEN


@pytest.mark.attack("serial-11")
def test_a_storm_on_both_ports_opens_nothing_and_the_card_reader_is_served(tmp_path: Path):
    async def scenario(gate, tags: PtyFar, codes: PtyFar):
        watch = Watch(gate, MOTION)
        gate.plants.barriers[LANE].lane.arrive("car", "in", careful=True)
        await gate.pass_time(5)
        for number in range(60):
            await arrived(gate, tags, bytes([number, 0xEE, 0, 1]) * 300 + tag_frame(OTHER_EPC)[:-1], "lane_tags")
            await arrived(gate, codes, f"guess {number}\r\x00\xff\r".encode("latin-1") + b"x" * 1_500, "lane_codes")
        still = moved(watch)
        granted = await gate.events(Code.GRANTED)
        rows = await gate.events()
        await gate.present("resident", "lane_in_reader")
        await gate.pass_time(6)
        return still, granted, rows, moved(watch), await gate.events(Code.READER_MUTED)

    still, granted, rows, opened, muted = at_lane(tmp_path, scenario)
    assert still == []
    assert granted == []
    assert len(rows) < 120, "a storm must not drown the journal"
    assert {row.event.reader for row in muted} == {"lane_tags", "lane_codes"}
    assert opened


@pytest.mark.attack("serial-12")
def test_a_pulled_reader_is_told_once_and_the_lane_goes_on(tmp_path: Path):
    async def scenario(gate, tags: PtyFar, codes: PtyFar):
        with asyncio.get_running_loop().external():
            tags.pull()
            driver = gate.controller._board.drivers["lane_tags"]
            while driver._port is not None:  # noqa: ASYNC110  the kernel's work is what we wait for
                await asyncio.sleep(0)
        await gate.pass_time(120)
        gate.plants.barriers[LANE].lane.arrive("car", "in", careful=True)
        await gate.pass_time(5)
        await arrived(gate, codes, CODE.encode() + b"\r\n", "lane_codes")
        await gate.pass_time(6)
        lost = [row.event.device for row in await gate.events(Code.DEVICE_LOST)]
        return lost, portal(gate, LANE).position

    lost, position = at_lane(tmp_path, scenario)
    assert lost == ["lane_tags"]
    assert position is Position.OPEN


# -- the display ------------------------------------------------------------------------------------------------------


def site_with_sign(folder: Path, port: str) -> Path:
    """The demo site with a display at the way in."""
    shutil.copytree(SITES, folder)
    site = folder / SITE.name
    text = site.read_text()
    old = 'readers = ["lane_in_reader", "lane_camera"]'
    assert text.count(old) == 1
    text = text.replace(old, f'{old}\ndisplay = "lane_sign"')
    text += '\n[[device]]\nid = "lane_sign"\nkind = "text_display"\nprotocol = "plain_text"\nlanguages = ["zh", "en"]\n'
    text += f'rows = 4\ncolumns = 20\nport = "{port}"\n'
    site.write_text(text)
    return site


async def displayed(gate, port: PtyFar) -> list[str]:
    """What the display shows by now, row by row."""
    loop, taken = asyncio.get_running_loop(), b""
    with loop.external():
        while more := port.received(1, 0.2):
            taken += more
    rows = taken.decode("gb18030").split("\r\n")[:-1][-4:]
    return [row for row in (each.rstrip() for each in rows) if row]


def at_sign(tmp_path: Path, scenario):
    port = PtyFar()
    try:
        site = site_with_sign(tmp_path / "site", port.path)
        return at_gate(tmp_path, lambda gate: scenario(gate, port), site=site)
    finally:
        port.pull()


@pytest.mark.attack("serial-16")
def test_a_display_tells_an_onlooker_nothing_about_a_person(tmp_path: Path):
    """Unknown, lost and expired cards are one text; no name, no holder, no card ever stands there."""

    async def scenario(gate, port: PtyFar):
        said = {}
        for card in ("lost", "expired", "stranger", "visitor", "resident"):
            if card == "resident":
                gate.plants.barriers[LANE].lane.arrive("car", "in", careful=True)
            await gate.present(card, "lane_in_reader")
            await gate.pass_time(1)
            said[card] = await displayed(gate, port)
            await gate.pass_time(15)
            await displayed(gate, port)
        return said

    said = at_sign(tmp_path, scenario)
    assert said["resident"] == ["欢迎通行", "Welcome"]
    refused = [said[card] for card in ("lost", "expired", "stranger", "visitor")]
    assert refused == [["未获准通行", "Not admitted"]] * 4


@pytest.mark.attack("serial-17")
def test_a_display_that_is_pulled_stops_no_lane_and_is_told_once(tmp_path: Path):
    async def scenario(gate, port: PtyFar):
        with asyncio.get_running_loop().external():
            port.pull()
            driver = gate.controller._board.drivers["lane_sign"]
            while driver._port is not None:  # noqa: ASYNC110  the kernel's work is what we wait for
                await asyncio.sleep(0)
        gate.plants.barriers[LANE].lane.arrive("car", "in", careful=True)
        await gate.pass_time(30)
        await gate.present("resident", "lane_in_reader")
        await gate.pass_time(6)
        lost = [row.event.device for row in await gate.events(Code.DEVICE_LOST)]
        return lost, await gate.events(Code.OUTPUT_FAILED), portal(gate, LANE).position

    lost, failed, position = at_sign(tmp_path, scenario)
    assert lost == ["lane_sign"]
    assert failed == []
    assert position is Position.OPEN


@pytest.mark.attack("serial-18")
def test_a_hostile_tag_opens_nothing_and_stands_in_no_row(tmp_path: Path):
    async def scenario(gate):
        watch = Watch(gate)
        for text in HOSTILE:
            gate.controller.emit(Tag(device="front_reader", text=text, at_ns=gate.plants.wires.now_ns()))
            await gate.pass_time(12)
        return watch.released(), await gate.events(Code.UNKNOWN_CREDENTIAL, Code.GRANTED, Code.DENIED)

    released, rows = at_gate(tmp_path, scenario)
    assert released == []
    assert [row.event.code for row in rows] == [Code.UNKNOWN_CREDENTIAL] * len(HOSTILE)
    assert all(text not in repr(row.event) for row in rows for text in HOSTILE if text)
