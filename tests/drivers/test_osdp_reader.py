"""An OSDP reader's driver against libosdp's peripheral device in another process, over ptys at a stated speed."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from pathlib import Path

import osdp_sys
import pytest

from drivers import osdp as driver_of_osdp
from drivers import osdp_words
from drivers.bus.osdp_line import OsdpLines
from drivers.osdp import Osdp
from drivers.reports import Digits, DriverError, Frame, Level, Noise
from firmware.core.effects import Feedback
from tests.drivers.osdp_rig import KEY, Ours, Rig, card_bits, config_of, far_end, on_line

FOUR = [{"address": address, "key": KEY} for address in range(4)]


def test_the_numbers_are_those_of_the_module() -> None:
    assert (driver_of_osdp.EVENT_CARD, driver_of_osdp.EVENT_KEYS, driver_of_osdp.EVENT_STATUS) == (
        osdp_sys.EVENT_CARDREAD,
        osdp_sys.EVENT_KEYPRESS,
        osdp_sys.EVENT_STATUS,
    )
    ours = (
        osdp_words.COMMAND_LIGHT,
        osdp_words.COMMAND_BUZZER,
        osdp_words.COMMAND_TEXT,
        osdp_words.COMMAND_KEYSET,
        osdp_words.COMMAND_STATUS,
        osdp_words.STATUS_LOCAL,
        driver_of_osdp.STATUS_LOCAL,
    )
    assert ours == (
        osdp_sys.CMD_LED,
        osdp_sys.CMD_BUZZER,
        osdp_sys.CMD_TEXT,
        osdp_sys.CMD_KEYSET,
        osdp_sys.CMD_STATUS,
        osdp_sys.STATUS_REPORT_LOCAL,
        osdp_sys.STATUS_REPORT_LOCAL,
    )
    capabilities = osdp_words.Capability
    assert (capabilities.LIGHTS, capabilities.SOUND, capabilities.TEXT) == (
        osdp_sys.CAP_READER_LED_CONTROL,
        osdp_sys.CAP_READER_AUDIBLE_OUTPUT,
        osdp_sys.CAP_READER_TEXT_OUTPUT,
    )
    colours = osdp_words.Colour
    assert (colours.DARK, colours.RED, colours.GREEN, colours.AMBER) == (
        osdp_sys.LED_COLOR_NONE,
        osdp_sys.LED_COLOR_RED,
        osdp_sys.LED_COLOR_GREEN,
        osdp_sys.LED_COLOR_AMBER,
    )


def test_every_word_of_feedback_is_shown() -> None:
    assert set(osdp_words.WORDS) == {each.value for each in Feedback}


def test_cards_and_keys_of_four_readers_on_one_line(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        for address in range(4):
            await rig.presents(address, 12, 300 + address)
            bits = rig.ours[address].of(Frame)[-1]
            assert (bits.length, (bits.bits >> 17) & 0xFF, (bits.bits >> 1) & 0xFFFF) == (26, 12, 300 + address)
            rig.peer.keys(address, b"12\x7f3\x0d")
            await rig.ours[address].until(lambda address=address: bool(rig.ours[address].of(Digits)))
            assert rig.ours[address].of(Digits)[0].keys == "12*3#"
        assert all(len(ours.of(Frame)) == 1 for ours in rig.ours.values())

    on_line(tmp_path, scenario, readers=FOUR)


@pytest.mark.parametrize(
    ("data", "length", "kind"),
    [
        (card_bits(12, 345)[0], 25, 1),  # a bit short
        (card_bits(12, 345)[0], 32, 1),  # of no format that is configured
        ("40" + card_bits(12, 345)[0][2:], 26, 1),  # its parity is wrong
        ("00" * 8, 64, 0),
    ],
)
def test_what_is_no_card_of_a_configured_format_is_noise(data: str, length: int, kind: int, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.card(1, data, length, kind)
        await rig.ours[1].until(lambda: bool(rig.ours[1].of(Noise)))
        assert rig.ours[1].of(Frame) == []
        await rig.presents(1)

    on_line(tmp_path, scenario)


def test_a_second_reader_in_the_same_device_and_odd_keys_are_noise(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.card(1, *card_bits(12, 345), reader_no=1)
        await rig.ours[1].until(lambda: rig.counted(1, "noise_unknown_format") == 1)
        rig.peer.keys(1, b"1\x00")
        await rig.ours[1].until(lambda: rig.counted(1, "noise_unknown_format") == 2)
        assert rig.ours[1].of(Frame) + rig.ours[1].of(Digits) == []

    on_line(tmp_path, scenario)


def test_lights_buzzer_and_text_are_sent_as_the_reader_plays_them(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.ours[1].driver.show("granted")
        await rig.peer.until(lambda _: bool(rig.peer.commands(1, osdp_sys.CMD_TEXT)))
        light, sound = rig.peer.commands(1, osdp_sys.CMD_LED)[-1], rig.peer.commands(1, osdp_sys.CMD_BUZZER)[-1]
        assert (light["temporary"], light["on_color"], light["timer_count"]) == (True, osdp_sys.LED_COLOR_GREEN, 30)
        assert (sound["control_code"], sound["on_count"], sound["rep_count"]) == (2, 2, 1)
        assert rig.peer.commands(1, osdp_sys.CMD_TEXT)[-1]["data"] == "Welcome"
        rig.ours[1].driver.show("held_warning")
        sounds = rig.peer.commands
        await rig.peer.until(lambda _: any(each["on_count"] and not each["rep_count"] for each in sounds(1, 3)))
        rig.ours[1].driver.show("idle")
        await rig.peer.until(lambda _: rig.peer.commands(1, osdp_sys.CMD_BUZZER)[-1]["control_code"] == 1)
        rig.ours[1].driver.show("no such word")
        await rig.presents(1)

    on_line(tmp_path, scenario, text={"granted": "Welcome"})


def test_a_reader_without_buzzer_and_display_is_not_asked_for_them(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.ours[1].driver.show("granted")
        await rig.peer.until(lambda _: len(rig.peer.commands(1, osdp_sys.CMD_LED)) == 2)
        for _ in range(3):
            await rig.presents(1)
        assert rig.peer.commands(1, osdp_sys.CMD_BUZZER) + rig.peer.commands(1, osdp_sys.CMD_TEXT) == []
        assert rig.counted(1, "channels") == 1

    plain = [[3, 1, 1], [4, 1, 1], [8, 1, 0], [9, 1, 1], [13, 0, 1]]
    there = [{"address": 1, "key": KEY, "capabilities": plain}]
    on_line(tmp_path, scenario, readers=there, text={"granted": "Welcome"})


def test_what_rests_is_shown_again_to_a_reader_that_comes_back(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.ours[1].driver.show("lockdown")
        await rig.peer.until(lambda _: any(led["on_color"] == 1 for led in rig.peer.commands(1, osdp_sys.CMD_LED)))
        shown = len(rig.peer.commands(1, osdp_sys.CMD_LED))
        rig.peer.order("put", address=1, key=KEY)
        await rig.peer.until(lambda _: len(rig.peer.commands(1, osdp_sys.CMD_LED)) > shown)
        assert rig.peer.commands(1, osdp_sys.CMD_LED)[-1]["on_color"] == osdp_sys.LED_COLOR_RED

    on_line(tmp_path, scenario)


def test_a_muted_reader_tells_of_no_card_and_of_its_cover_all_the_same(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.ours[1].driver.mute(True)
        rig.peer.card(1, *card_bits(12, 345))
        rig.peer.status(1, 1, 0)
        await rig.ours[1].until(lambda: any(level.level.value == "active" for level in rig.ours[1].of(Level)))
        assert rig.ours[1].of(Frame) == []
        rig.ours[1].driver.mute(False)
        await rig.presents(1)

    on_line(tmp_path, scenario, tamper="box")


def test_secure_channels_of_four_readers_are_up_within_a_second_each(tmp_path: Path) -> None:
    """At 9,600 baud, the slowest: one after the other and all at once."""

    async def scenario(rig: Rig) -> None:
        for address in range(4):
            await rig.ours[address].secure(4)

    on_line(tmp_path, scenario, readers=FOUR, baud=9600)


def test_a_port_that_is_not_there_is_a_loss_told_once_and_found_when_it_comes(tmp_path: Path) -> None:
    async def run() -> None:
        config = config_of(tmp_path, tmp_path / "ours", 1)
        ours = Ours(config, OsdpLines())
        await ours.until(lambda: bool(ours.lost))
        assert "cannot be opened" in ours.lost[0][1]
        async with far_end(tmp_path, [{"address": 1, "key": KEY}]):
            await ours.secure()
        await ours.until(lambda: len(ours.lost) == 2)  # the port has gone again
        await ours.stop()

    asyncio.run(run())


def test_an_address_that_another_driver_has_is_named(tmp_path: Path) -> None:
    async def run() -> None:
        async with far_end(tmp_path, [{"address": 1, "key": KEY}]) as peer:
            lines = OsdpLines()
            config = config_of(tmp_path, peer.port, 1)
            ours = Ours(config, lines)
            await ours.secure()
            with pytest.raises(DriverError, match=r"address 1 .* is held by reader1"):
                await Osdp(config, lines).run(lambda _: None)
            await ours.stop()

    asyncio.run(run())


@pytest.mark.parametrize("after_ms", [0, 1, 20, 200, 1_000])
def test_cancelled_at_any_point_it_leaves_nothing_behind(after_ms: int, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.ours[1].stop()
        lines = OsdpLines()
        loop = asyncio.get_running_loop()
        gc.collect()
        descriptors, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
        for _ in range(3):
            task = asyncio.create_task(Osdp(config_of(tmp_path, rig.peer.port, 1), lines).run(lambda _: None))
            await asyncio.sleep(after_ms / 1000)
            task.cancel()
            await asyncio.wait((task,))
        # A thread cannot be cancelled: one that has just opened the key file closes it by itself, a moment later.
        await loop.shutdown_default_executor()
        gc.collect()
        assert len(os.listdir("/proc/self/fd")) == descriptors
        assert len(asyncio.all_tasks()) == tasks
        assert not lines.line(str(rig.peer.port), 115200).is_open
        assert loop.is_running()

    on_line(tmp_path, scenario)


def test_it_takes_no_thread_but_the_loops_own_for_files(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        before = threading.active_count()
        for _ in range(5):
            await rig.presents(1)
        assert threading.active_count() == before

    on_line(tmp_path, scenario)


def test_safe_is_idempotent_and_never_raises(tmp_path: Path) -> None:
    driver = Osdp(config_of(tmp_path, tmp_path / "nowhere", 1), OsdpLines())
    for _ in range(3):
        driver.safe()
    assert not driver.proven()
