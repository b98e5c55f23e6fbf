"""OSDP readers at a whole gate, in real time: card to lock, alarms in the journal, what the office asks of keys."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from drivers.osdp_keys import KeyFile
from firmware.core.codes import Code
from tests.drivers.osdp_gate import OsdpGate, osdp_gate
from tests.drivers.osdp_rig import KEY, OTHER_KEY, card_bits

RESIDENT = card_bits(12, 34567)  # of the demo gate's roster
HOUSE = Path(__file__).parents[2]


def at_gate(folder: Path, scenario, readers: dict[str, str | None], without_key: str = "") -> None:
    async def run() -> None:
        async with asyncio.timeout(120), osdp_gate(folder, readers, without_key=without_key) as at:
            await scenario(at)

    asyncio.run(run())


async def menshen(at: OsdpGate, *words: str) -> tuple[int, dict, str]:
    """The command, as a person at the controller gives it: its status, its JSON, and what else it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "firmware",
        "osdp",
        *words,
        "--state",
        str(at.gate.folder),
        "--by",
        "Li of the office",
        "--why",
        "yearly change of keys",
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=HOUSE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else {}, err.decode()


def test_a_card_opens_and_an_unknown_one_does_not(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.secure("osdp_a", "osdp_b")
        at.peer.card(0, *card_bits(12, 999))
        (unknown,) = await at.until(Code.UNKNOWN_CREDENTIAL)
        assert unknown.event.reader == "osdp_a"
        assert at.moves == []
        at.peer.card(1, *RESIDENT)
        (granted,) = await at.until(Code.GRANTED)
        assert granted.event.reader == "osdp_b"
        async with asyncio.timeout(10):
            while not at.moves:  # noqa: ASYNC110  the lock is behind a socket, and the row may be read first
                await asyncio.sleep(0.01)
        assert [released for released, _ in at.moves] == [True]
        await at.peer.until(lambda _: any(led["temporary"] for led in at.peer.commands(1, 2)))  # it is shown green

    at_gate(tmp_path, scenario, {"osdp_a": KEY, "osdp_b": KEY})


def test_a_reader_with_a_wrong_key_is_an_alarm_in_the_journal_and_opens_nothing(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.secure("osdp_b")
        (told,) = await at.until(Code.READER_UNTRUSTED)
        assert (told.event.reader, told.event.detail) == ("osdp_a", "wrong_key")
        assert "osdp_a" in at.gate.controller.engine.state.unacknowledged
        (lost,) = await at.until(Code.DEVICE_LOST)
        assert lost.event.device == "osdp_a"
        at.peer.card(0, *RESIDENT)
        at.peer.card(1, *RESIDENT)
        await at.until(Code.GRANTED)
        assert [row.event.reader for row in at.events(Code.GRANTED)] == ["osdp_b"]
        assert len(at.events(Code.READER_UNTRUSTED)) == 1

    at_gate(tmp_path, scenario, {"osdp_a": OTHER_KEY, "osdp_b": KEY})


def test_the_office_rolls_a_key_over_and_the_journal_says_who_asked(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.secure("osdp_a")
        status, said, err = await menshen(at, "roll", "osdp_a")
        assert (status, said.get("ok")) == (0, True), err
        (told,) = await at.until(Code.READER_KEY_CHANGED)
        assert told.event.reader == "osdp_a"
        assert told.event.body is not None
        assert (told.event.body.issuer, told.event.body.note) == ("Li of the office", "yearly change of keys")
        (key,) = KeyFile(tmp_path / "osdp_a.key").load()
        assert key != bytes.fromhex(KEY)
        everything = json.dumps([str(row) for row in at.events(*Code)])
        assert key.hex() not in everything
        assert KEY not in everything
        await at.secure("osdp_a")
        at.peer.card(0, *RESIDENT)
        await at.until(Code.GRANTED)

    at_gate(tmp_path, scenario, {"osdp_a": KEY})


def test_the_office_installs_a_new_reader_and_is_refused_what_cannot_be(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.until(Code.READER_UNTRUSTED)
        status, said, _ = await menshen(at, "roll", "osdp_a")
        assert (status, said["reasons"]) == (1, ["no_secure_channel"])
        status, said, _ = await menshen(at, "roll", "bike_reader")
        assert (status, said["reasons"]) == (1, ["reader_not_found:bike_reader"])
        status, said, err = await menshen(at, "install", "osdp_a", "--seconds", "30")
        assert (status, said.get("ok")) == (0, True), err
        begun, done = (await at.until(Code.READER_INSTALLING))[0], (await at.until(Code.READER_INSTALLED))[0]
        assert (begun.event.detail, begun.seq < done.seq) == ("30 s", True)
        await at.secure("osdp_a")
        at.peer.card(0, *RESIDENT)
        await at.until(Code.GRANTED)

    at_gate(tmp_path, scenario, {"osdp_a": None})


def test_install_mode_that_gets_nowhere_ends_and_is_told(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.until(Code.READER_UNTRUSTED)
        status, said, _ = await menshen(at, "install", "osdp_a", "--seconds", "5")
        assert (status, said["reasons"]) == (1, ["too_late"])
        (over,) = await at.until(Code.READER_INSTALL_OVER)
        assert over.event.detail == "too_late"
        at.peer.card(0, *RESIDENT)
        await at.until(Code.DEVICE_LOST)
        assert at.events(Code.GRANTED) == []

    at_gate(tmp_path, scenario, {"osdp_a": OTHER_KEY})


def test_a_gate_whose_readers_key_is_gone_starts_without_the_reader_and_says_why(tmp_path: Path) -> None:
    async def scenario(at: OsdpGate) -> None:
        await at.secure("osdp_b")
        (lost,) = await at.until(Code.DEVICE_LOST)
        assert lost.event.device == "osdp_a"
        assert "there is no key" in lost.event.detail
        at.peer.card(1, *RESIDENT)
        await at.until(Code.GRANTED)

    at_gate(tmp_path, scenario, {"osdp_a": KEY, "osdp_b": KEY}, without_key="osdp_a")
