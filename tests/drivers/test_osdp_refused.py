"""An OSDP reader that refuses what it is told (NAK), by libosdp's peripheral device in another process."""

from __future__ import annotations

from pathlib import Path

import osdp_sys
import pytest

from drivers.bus.osdp_member import COMMAND_NAMES
from drivers.osdp_keys import KeyFile
from drivers.reports import Frame
from tests.drivers.osdp_rig import KEY, Rig, on_line

LED, BUZZER, TEXT, KEYSET, STATUS = (
    osdp_sys.CMD_LED,
    osdp_sys.CMD_BUZZER,
    osdp_sys.CMD_TEXT,
    osdp_sys.CMD_KEYSET,
    osdp_sys.CMD_STATUS,
)
SHOWN = (LED, BUZZER, TEXT)


def refused(rig: Rig, address: int = 1) -> list[int]:
    """The commands that the reader has refused, in their order."""
    said = (each for each in rig.peer.said if each.get("address") == address and each.get("refused"))
    return [each["command"]["command"] for each in said]


def test_the_names_are_those_of_the_module() -> None:
    assert COMMAND_NAMES == {LED: "light", BUZZER: "buzzer", TEXT: "display", STATUS: "status"}


@pytest.mark.parametrize("command", SHOWN)
def test_a_refused_light_buzzer_or_text_is_asked_for_once_and_costs_no_card(command: int, tmp_path: Path) -> None:
    """libosdp lets the channel go for it: it is made anew, once."""

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        ours = rig.ours[1]
        await rig.presents(1)
        rig.peer.order("refuse", address=1, commands=[command])
        ours.driver.show("granted")
        await rig.peer.until(lambda _: refused(rig) == [command])
        await ours.until(lambda: rig.counted(1, "channels") >= 2 and ours.driver.proven())
        others = [each for each in SHOWN if each != command]
        before = {each: len(rig.peer.commands(1, each)) for each in others}
        for _ in range(3):
            ours.driver.show("granted")
            await rig.presents(1)
        await rig.peer.until(lambda _: all(len(rig.peer.commands(1, each)) > before[each] for each in others))
        assert refused(rig) == [command], "never again"
        assert rig.counted(1, "channels") <= 2 + rig.counted(1, "unanswered"), "but for what a busy machine lost"
        assert rig.counted(1, f"refused_{COMMAND_NAMES[command]}") == 1
        assert len(ours.of(Frame)) == 4
        assert (ours.lost, rig.untrusted(1)) == ([], []), "neither a loss nor an alarm"

    on_line(tmp_path, scenario, text={"granted": "Welcome"})


@pytest.mark.attack("osdp-26")
def test_a_reader_that_refuses_everything_still_reads_cards(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.peer.order("refuse", address=1, commands=[*SHOWN, STATUS])
        await rig.secure()
        ours = rig.ours[1]
        for _ in range(8):
            ours.driver.show("granted")
            await rig.presents(1)
            ours.driver.show("idle")
        assert sorted(refused(rig)) == sorted(set(refused(rig))), "each once"
        assert set(SHOWN) <= set(refused(rig)) | {TEXT}
        assert len(ours.of(Frame)) == 8
        assert (ours.lost, rig.untrusted(1)) == ([], [])
        shown = len(refused(rig))
        for _ in range(3):
            ours.driver.show("held_warning")
            await rig.presents(1)
        assert len(refused(rig)) == shown
        await rig.presents(2)
        assert rig.counted(2, "channels") <= 1 + rig.counted(2, "unanswered"), "its neighbour notices nothing"

    on_line(tmp_path, scenario, readers=[{"address": 1, "key": KEY}, {"address": 2, "key": KEY}], tamper=None)


def test_a_card_that_is_presented_while_a_command_is_refused_is_told_once(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.order("refuse", address=1, commands=[LED])
        rig.ours[1].driver.show("granted")
        await rig.presents(1)
        await rig.peer.until(lambda _: refused(rig) == [LED])
        await rig.secure()
        await rig.presents(1, 12, 346)
        assert [(frame.bits >> 1) & 0xFFFF for frame in rig.ours[1].of(Frame)] == [345, 346]

    on_line(tmp_path, scenario)


def test_a_reader_that_is_changed_is_asked_again_what_the_last_one_refused(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        ours = rig.ours[1]
        rig.peer.order("refuse", address=1, commands=[LED])
        ours.driver.show("lockdown")
        await rig.peer.until(lambda _: refused(rig) == [LED])
        rig.peer.order("cut", cut=True)
        await ours.until(lambda: len(ours.lost) == 1, 5)
        rig.peer.order("put", address=1, key=KEY)
        rig.peer.order("cut", cut=False)
        lit = len(rig.peer.commands(1, LED))
        await rig.peer.until(lambda _: len(rig.peer.commands(1, LED)) > lit)
        assert rig.peer.commands(1, LED)[-1]["on_color"] == osdp_sys.LED_COLOR_RED

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-27")
def test_a_reader_that_refuses_its_new_key_keeps_the_old_one_and_so_do_we(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        ours, keys = rig.ours[1], KeyFile(tmp_path / "reader1.key")
        rig.peer.order("refuse", address=1, commands=[KEYSET])
        for times in (1, 2):
            assert await ours.driver.roll_key(10) == "reader_refused_key"
            assert keys.load() == (bytes.fromhex(KEY),), "the key that it did not take is gone"
            assert refused(rig) == [KEYSET] * times
            await rig.presents(1)
        assert (ours.lost, rig.untrusted(1)) == ([], [])
        rig.peer.order("refuse", address=1, commands=[])
        assert await ours.driver.roll_key(10) == ""
        (taken,) = keys.load()
        assert rig.peer.commands(1, KEYSET)[-1]["data"] == taken.hex()
        await rig.presents(1)

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-28")
def test_a_new_reader_that_refuses_its_key_is_not_let_in(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await ours.until(lambda: bool(ours.lost))
        rig.peer.order("refuse", address=1, commands=[KEYSET])
        assert await ours.driver.install(3) == "too_late"
        assert KEYSET in refused(rig)
        assert not ours.driver.proven()
        assert ours.of(Frame) == []
        rig.peer.order("refuse", address=1, commands=[])
        assert await ours.driver.install(10) == ""
        await rig.presents(1)

    on_line(tmp_path, scenario, readers=[{"address": 1}])
