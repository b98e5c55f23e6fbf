"""Attacks on an OSDP line (FIELD.md, sections 1 and 4), with a peer in another process that answers as an attacker."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.bus.osdp_panel import Panel
from drivers.reports import Digits, Frame, Level
from drivers.wire.osdp import last_command
from tests.drivers.osdp_rig import KEY, OTHER_KEY, Rig, card_bits, on_line

RAW, KEYPAD, CCRYPT, RMAC_I, PDCAP = 0x50, 0x53, 0x76, 0x78, 0x46
POLL, CAP, CHLNG, SCRYPT = 0x60, 0x62, 0x76, 0x77
CARD = "0001" + "1a00" + card_bits(12, 345)[0]  # reader 0, Wiegand, 26 bits, and the card


def cards(rig: Rig) -> int:
    return sum(len(ours.of(Frame)) + len(ours.of(Digits)) for ours in rig.ours.values())


@pytest.mark.attack("osdp-01")
def test_a_reader_in_its_factory_state_gives_no_card_gets_no_key_and_is_an_alarm(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await ours.until(lambda: bool(rig.untrusted(1)) and bool(ours.lost))
        rig.peer.card(1, *card_bits(12, 345))
        rig.peer.keys(1, b"123")
        await ours.until(lambda: rig.counted(1, "wrong_key") >= 2)
        assert len(rig.untrusted(1)) == 1
        assert len(ours.lost) == 1, "it is told once"
        assert cards(rig) == 0
        assert not ours.driver.proven()
        assert rig.peer.commands(1, 5) == [], "nobody gives a key to whoever comes along"

    on_line(tmp_path, scenario, readers=[{"address": 1}])


@pytest.mark.attack("osdp-02")
def test_a_reader_that_asks_for_the_default_key_is_an_alarm_of_its_own(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.peer.order("forge", address=1, on=CHLNG, code=CCRYPT, data="00" * 32, block="1200")
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["default_key"])
        assert cards(rig) == 0
        await rig.secure()

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-03")
def test_a_reader_with_a_wrong_key_is_an_alarm_and_disturbs_no_other(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["wrong_key"])
        for address in (2, 3):
            await rig.ours[address].secure()
        slowest = 0.0
        for _ in range(10):
            for address in (2, 3):
                slowest = max(slowest, await rig.presents(address))
        assert slowest < 0.25
        assert [len(rig.ours[address].lost) for address in (1, 2, 3)] == [1, 0, 0]
        assert rig.ours[1].of(Frame) == []
        assert rig.untrusted(1) == ["wrong_key"], "once, however often it is tried again"

    wrong = {"address": 1, "key": OTHER_KEY}
    on_line(tmp_path, scenario, readers=[wrong, {"address": 2, "key": KEY}, {"address": 3, "key": KEY}])


@pytest.mark.attack("osdp-04")
def test_a_reader_without_a_secure_channel_gives_no_card_and_is_an_alarm(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.peer.order("forge", address=1, on=CAP, code=PDCAP, data="030101" + "080100" + "0d0001", always=True)
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["no_secure_channel"])
        rig.peer.order("forge", address=1, code=RAW, data=CARD, always=True)
        await rig.ours[1].until(lambda: rig.counted(1, "no_secure_channel") >= 2, 20)
        assert cards(rig) == 0
        assert not rig.ours[1].driver.proven()
        assert len(rig.ours[1].lost) == 1

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-05")
def test_capabilities_that_deny_the_secure_channel_downgrade_nothing(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.peer.order("forge", address=1, on=CAP, code=PDCAP, data="030101" + "090000" + "0d0001")
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["no_secure_channel"])
        assert cards(rig) == 0
        await rig.secure()  # the reader itself answers again
        await rig.presents(1)

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-06")
@pytest.mark.parametrize("code", [RAW, KEYPAD])
def test_plain_text_while_a_channel_is_up_is_no_card(code: int, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.forged(1, code=code, data=CARD if code == RAW else "0003313233")
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["plain_text"])
        assert cards(rig) == 0
        await rig.presents(1)  # the reader goes on
        assert cards(rig) == 1
        assert rig.ours[1].lost == []

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-07")
@pytest.mark.parametrize("block", ["1101", "1201", "1401", "1100", "15", "16", "17", "18", "19", "ff"])
def test_a_card_under_any_other_security_block_is_no_card(block: str, tmp_path: Path) -> None:
    """libosdp 3.2.9 takes plain data under the blocks of a handshake (0x11 to 0x14) while a channel is up."""

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.forged(1, code=RAW, data=CARD, block=block)
        await rig.presents(1, 1, 2)
        assert [(frame.bits >> 1) & 0xFFFF for frame in rig.ours[1].of(Frame)] == [2], "only the reader's own"

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-08")
@pytest.mark.parametrize("on", [0x61, CAP, CHLNG, SCRYPT])
def test_a_plain_card_from_before_the_channel_is_not_kept_for_later(on: int, tmp_path: Path) -> None:
    """libosdp 3.2.9 keeps an event of the handshake, and tells it once the channel is up."""

    async def scenario(rig: Rig) -> None:
        rig.peer.order("forge", address=1, on=on, code=RAW, data=CARD)
        await rig.secure()
        assert rig.untrusted(1) == ["plain_text"]
        await rig.presents(1, 1, 2)
        assert [(frame.bits >> 1) & 0xFFFF for frame in rig.ours[1].of(Frame)] == [2]

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-09")
@pytest.mark.parametrize("renumber", [False, True])
def test_a_card_that_is_played_back_is_no_card(renumber: bool, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.presents(1)
        for _ in range(3):
            await rig.forged(1, replay=RAW, renumber=renumber)
            await rig.secure()
        await rig.ours[1].until(lambda: rig.counted(1, "answers") > 20)
        assert cards(rig) == 1
        if renumber:
            assert "forged_frame" in rig.untrusted(1)
        await rig.presents(1)
        assert cards(rig) == 2

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-10")
@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_a_frame_with_another_number_is_nobodys_answer(ahead: int, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        channels = rig.counted(1, "channels")
        await rig.forged(1, code=0x40, data="", block="16", ahead=ahead, beside=True)
        await rig.ours[1].until(lambda: rig.counted(1, "refused_stray") == 1)
        await rig.presents(1)
        assert rig.counted(1, "channels") == channels, "nor does it cost the reader its channel"

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-11")
def test_a_reader_that_answers_for_another_is_not_heard(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.forged(1, code=RAW, data=CARD, beside=True, **{"as": 2})
        await rig.ours[1].until(lambda: rig.counted(1, "refused_stray") == 1)
        await rig.presents(2, 1, 2)
        assert cards(rig) == 1

    on_line(tmp_path, scenario, readers=[{"address": 1, "key": KEY}, {"address": 2, "key": KEY}])


@pytest.mark.attack("osdp-12")
def test_an_rmac_that_is_rolled_back_makes_no_channel_and_ends_none(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        channels = rig.counted(1, "channels")
        await rig.forged(1, replay=RMAC_I, renumber=True, beside=True)  # while the channel is up: out of order
        await rig.ours[1].until(lambda: rig.counted(1, "refused_odd") == 1)
        await rig.presents(1)
        assert rig.counted(1, "channels") == channels
        rig.peer.order("forge", address=1, on=SCRYPT, replay=RMAC_I, renumber=True)  # in the next handshake
        rig.peer.order("put", address=1, key=KEY)  # the reader starts anew
        await rig.ours[1].until(lambda: any("forged" in each for each in rig.peer.said[-50:]))
        await rig.presents(1)
        assert cards(rig) == 2

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-13")
def test_no_session_can_be_played_back_after_a_start() -> None:
    """libosdp 3.2.9 takes its nonces from rand(), which every process begins alike."""
    told = set()
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _HANDSHAKE],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        told |= set(json.loads(done.stdout))
    assert len(told) == 6, "two handshakes in each of three processes"


_HANDSHAKE = f"""
import json
from tests.drivers.test_osdp_attacked import nonces
print(json.dumps(nonces(bytes.fromhex("{KEY}"))))
"""


def nonces(key: bytes) -> list[str]:
    """The controller's nonces of two handshakes, as they go over the wire."""
    import osdp_sys

    class Pipe:
        id = 0
        arrived = written = b""

        def read(self, most: int) -> bytes:
            taken, self.arrived = self.arrived[:most], self.arrived[most:]
            return taken

        def write(self, part: bytes) -> int:
            self.written += part
            return len(part)

        def flush(self) -> None:
            pass

    panel, found = Panel(1, key, True, lambda _event: None), []
    for _ in range(2):
        pipe = Pipe()
        info = {"name": "pd", "address": 1, "flags": 0, "scbk": key, "channel": pipe, "version": 1, "model": 1}
        info |= {"vendor_code": 1, "serial_number": 1, "firmware_version": 1}
        reader = osdp_sys.PeripheralDevice(info, capabilities=[])
        reader.set_command_callback(lambda _command: (0, None))
        for _ in range(5):
            written = panel.command()
            command = last_command(written)
            if command is None:
                break
            if command.code == CHLNG:
                found.append(command.raw[-10:-2].hex())
            pipe.arrived = written
            for _ in range(3):
                reader.refresh()
            panel.hear(pipe.written)
            pipe.written = b""
        assert panel.sealed
        assert panel.restart()
    return found


@pytest.mark.slow
@pytest.mark.attack("osdp-14")
def test_a_reader_that_is_swapped_for_one_in_its_factory_state_is_not_given_the_key(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.presents(1)
        rig.peer.order("put", address=1)
        await rig.ours[1].until(lambda: rig.untrusted(1) == ["wrong_key"] and bool(rig.ours[1].lost))
        rig.peer.card(1, *card_bits(12, 345))
        await rig.ours[1].until(lambda: rig.counted(1, "wrong_key") >= 2)
        assert cards(rig) == 1
        assert rig.peer.commands(1, 5) == []
        rig.peer.order("put", address=1, key=KEY)
        await rig.secure()
        await rig.presents(1)

    on_line(tmp_path, scenario)


@pytest.mark.slow
@pytest.mark.attack("osdp-15")
def test_install_mode_ends_by_itself_and_no_card_counts_in_it(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await ours.until(lambda: bool(ours.lost))
        rig.peer.order("put", address=1, key=OTHER_KEY)  # it has a key that nobody here knows, so it takes none
        loop = asyncio.get_running_loop()
        began = loop.time()
        installing = asyncio.create_task(ours.driver.install(2.0))
        await asyncio.sleep(0)
        rig.peer.card(1, *card_bits(12, 345))
        assert await installing == "too_late"
        assert 1.9 < loop.time() - began < 2.5
        assert not ours.driver.proven()
        assert cards(rig) == 0
        rig.peer.order("put", address=1)  # it is in its factory state now, and nobody is installing any more
        await ours.until(lambda: rig.counted(1, "wrong_key") >= 3, 20)
        assert rig.peer.commands(1, 5) == []
        assert cards(rig) == 0

    on_line(tmp_path, scenario, readers=[{"address": 1}])


@pytest.mark.slow
@pytest.mark.attack("osdp-16")
def test_a_silent_reader_is_lost_once_and_the_others_go_on(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.order("silent", address=1, silent=True)
        await rig.ours[1].until(lambda: len(rig.ours[1].lost) == 1, 5)
        took = [await rig.presents(2) for _ in range(20)]
        assert max(took) < 0.5
        assert rig.ours[2].lost == []
        assert len(rig.ours[1].lost) == 1
        rig.peer.order("silent", address=1, silent=False)
        await rig.ours[1].secure(10)
        await rig.presents(1)

    on_line(tmp_path, scenario, readers=[{"address": 1, "key": KEY}, {"address": 2, "key": KEY}])


@pytest.mark.slow
@pytest.mark.attack("osdp-17")
def test_a_cable_that_is_pulled_and_put_back_recovers_within_ten_seconds(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        loop = asyncio.get_running_loop()
        rig.peer.order("cut", cut=True)
        for each in rig.ours.values():
            await each.until(lambda each=each: len(each.lost) == 1, 5)
        rig.peer.order("cut", cut=False)
        began = loop.time()
        await rig.secure(10)
        for address in rig.ours:
            await rig.presents(address)
        assert loop.time() - began < 10
        assert [len(each.lost) for each in rig.ours.values()] == [1, 1, 1, 1]

    on_line(tmp_path, scenario, readers=[{"address": number, "key": KEY} for number in range(4)], tamper=None)


@pytest.mark.attack("osdp-18")
def test_noise_on_the_line_is_no_card_and_costs_no_reader(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        for _ in range(30):
            rig.peer.order("noise", bytes=os.urandom(40).hex())
            await rig.presents(1)
        assert cards(rig) == 30
        assert rig.ours[1].lost == []

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-19")
def test_a_tampered_reader_tells_it_over_the_channel_only(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await rig.secure()
        await ours.until(lambda: len(ours.of(Level)) == 2)
        assert {(level.device, level.level.value) for level in ours.of(Level)} == {
            ("box", "inactive"),
            ("mains", "inactive"),
        }
        rig.peer.status(1, 1, 0)
        await ours.until(lambda: len(ours.of(Level)) == 3)
        assert (ours.of(Level)[2].device, ours.of(Level)[2].level.value) == ("box", "active")
        await rig.forged(1, code=0x48, data="0000")  # somebody says in the clear that all is well
        await ours.until(lambda: rig.untrusted(1) == ["plain_text"])
        rig.peer.status(1, 1, 1)
        await ours.until(lambda: len(ours.of(Level)) == 4)
        assert (ours.of(Level)[3].device, ours.of(Level)[3].level.value) == ("mains", "active")

    on_line(tmp_path, scenario, tamper="box", power="mains")
