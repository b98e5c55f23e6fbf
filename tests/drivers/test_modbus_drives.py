"""Drives on a Modbus port: command words, the states of IEC 61800-7, temperatures, and what profiles may say."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from drivers.barrier_modbus import BarrierModbus, BarrierModbusConfig
from drivers.modbus_profile import (
    PROFILES,
    ProfileError,
    load_profile,
    polls,
    profile_names,
    read_profile,
)
from drivers.reports import AnyReport, Dropped, InputLevel, Level, Measured
from drivers.serial_settings import Parity
from firmware.rehearsal.modbus_board import Board
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import Cable, ended, until

CMD, ETA = 8501, 3201


class Altivar(Board):
    """The states of IEC 61800-7 as the Altivar 12 manual has them: status word after each command word."""

    def __init__(self) -> None:
        super().__init__(1)
        self.holding = {CMD: 0, ETA: 0x0250, 3102: 40, 3103: 600, 3104: 500, 3105: 0}
        self.commands: list[int] = []

    def _put(self, coil: bool, address: int, value: int) -> bool:
        done = super()._put(coil, address, value)
        if address == CMD:
            self.commands.append(value)
            state = self.holding[ETA] & 0x6F
            follows = {
                (0x40, 6): 0x0231,
                (0x21, 7): 0x0233,
                (0x23, 0xF): 0x0637,
                (0x23, 0x80F): 0x8637,
                (0x23, 6): 0x0231,
                (0x27, 6): 0x0231,
            }
            self.holding[ETA] = follows.get((state, value), self.holding[ETA])
        return done

    @property
    def moving(self) -> bool:
        return self.holding[ETA] & 0x6F == 0x27


def drive(profile: str, cable: Cable, **more: Any) -> BarrierModbus:
    given: dict[str, Any] = {"inputs": {"fault": "fault"}, "outputs": {"open": "lane_open", "close": "lane_close"}}
    config = BarrierModbusConfig("drive", 1, profile, port="/dev/simulated", parity=Parity.NONE, **{**given, **more})
    assert config.problems() == ()
    return BarrierModbus(config, cable.ports)


def test_an_altivar_is_led_through_its_states_and_back():
    async def body() -> None:
        board = Altivar()
        cable = Cable(board)
        device = drive("schneider_atv12", cable)
        task = asyncio.create_task(device.run(lambda report: None))
        await until(device.proven)
        await until(lambda: board.holding[ETA] & 0x6F == 0x21)  # at rest: ready, not switched on
        board.commands.clear()
        device.outputs["lane_open"].apply(True)
        await until(lambda: board.moving)
        assert board.commands == [7, 0xF]
        device.outputs["lane_open"].apply(False)
        await until(lambda: not board.moving)
        board.commands.clear()
        device.outputs["lane_close"].apply(True)
        await until(lambda: board.moving)
        assert board.commands == [7, 0x80F]
        device.outputs["lane_open"].apply(True)  # both at once: R5
        took_ms = await until(lambda: not board.moving)
        assert took_ms < 100
        await ended(task)
        await cable.line.close()

    run_virtual(body())


def test_a_drive_that_leaves_its_motion_by_itself_is_not_started_again():
    """It has faulted, or its supply was gone: FIELD.md, R6, no retry without a person."""

    async def body() -> None:
        board = Altivar()
        cable = Cable(board)
        said: list[AnyReport] = []
        device = drive("schneider_atv12", cable)
        task = asyncio.create_task(device.run(said.append))
        await until(device.proven)
        device.outputs["lane_close"].apply(True)
        await until(lambda: board.moving)
        await asyncio.sleep(0.3)
        board.holding[ETA] = 0x0250  # switched on anew
        board.commands.clear()
        await asyncio.sleep(3)
        assert not board.moving
        assert set(board.commands) <= {6}
        assert [report.device for report in said if isinstance(report, Dropped)] == ["lane_close"]
        device.outputs["lane_close"].apply(False)
        device.outputs["lane_close"].apply(True)
        await until(lambda: board.moving)
        await ended(task)
        await cable.line.close()

    run_virtual(body())


def test_a_vfd_runs_by_its_command_word_and_tells_fault_and_temperature():
    async def body() -> None:
        board = Board(1)
        board.holding = {0x2000: 0, 0x2100: 0, 0x2102: 0, 0x2103: 0, 0x210A: 31}
        cable = Cable(board)
        said: list[AnyReport] = []
        device = drive("delta_vfd_e", cable, inputs={"fault": "fault", "temperature_drive": "warmth"})
        task = asyncio.create_task(device.run(said.append))
        await until(device.proven)
        await until(lambda: any(isinstance(report, Measured) for report in said))
        assert board.holding[0x2000] == 1
        for on, off, word in (("lane_open", "lane_close", 0x12), ("lane_close", "lane_open", 0x22)):
            device.outputs[off].apply(False)
            device.outputs[on].apply(True)
            await until(lambda word=word: board.holding[0x2000] == word)
        device.outputs["lane_close"].apply(False)
        await until(lambda: board.holding[0x2000] == 1)
        board.holding[0x2100] = 4
        await until(lambda: sum(isinstance(report, Level) for report in said) == 2)
        faults = [report.level for report in said if isinstance(report, Level)]
        assert faults == [InputLevel.INACTIVE, InputLevel.ACTIVE]
        board.holding[0x210A] = 45
        await asyncio.sleep(1)
        board.holding[0x210A] = 0xFFFF  # what no thermometer says
        await asyncio.sleep(1)
        assert [report.celsius for report in said if isinstance(report, Measured)] == [31.0, 45.0]
        await ended(task)
        await cable.line.close()

    run_virtual(body())


# -- profiles ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_cites_its_source_and_claims_nothing(name: str):
    profile = load_profile(name)
    assert len(profile.document) > 10
    assert len(profile.page) > 5
    assert not profile.verified, "who has run it against the device takes this test along"
    assert profile.commissioning
    assert profile.answer_ms >= 5
    made = polls(profile, [*profile.input, *profile.measure, *profile.output], 1)
    assert sum(request.quantity for request in (*made.fast, *made.slow)) <= 32
    assert (profile.when_silent == "drops") == (profile.watchdog is not None)


def test_an_unknown_profile_is_named_with_those_that_there_are():
    with pytest.raises(ProfileError, match="delta_vfd_e"):
        load_profile("delta_vfd_f")
    with pytest.raises(ProfileError, match="no profile"):
        load_profile("../boards/simulated_board")


GOOD = (PROFILES / "modbus_8di_8do.toml").read_text(encoding="utf-8")
DRIVE = (PROFILES / "delta_vfd_e.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "old", "new", "said"),
    [
        (GOOD, "out2 = { coil = 1 }", "out2 = { coil = 0 }", "one coil"),
        (GOOD, "out2 = { coil = 1 }", "in2 = { coil = 1 }", "one name"),
        (GOOD, 'table = "holding"\naddress = 0', 'table = "inputs"\naddress = 0\nquantity = 8', "fence"),
        (GOOD, 'kind = "modbus_io"', 'kind = "modbus_oi"', "damaged"),
        (GOOD, "poll_ms = 20", "pol_ms = 20", "damaged"),
        (GOOD, "out1 = { coil = 0 }", "out1 = {}", "rows"),
        (DRIVE, '{ on = ["close"], value = 0x0022 },', "", "close"),
        (DRIVE, 'id = "delta_vfd_e"', 'id = "delta"', "calls itself"),
    ],
)
def test_what_no_register_map_may_say(text: str, old: str, new: str, said: str):
    assert text.count(old) == 1
    name = "modbus_8di_8do" if text is GOOD else "delta_vfd_e"
    with pytest.raises(ProfileError, match=said):
        read_profile(name, text.replace(old, new))


def test_profiles_are_data_of_the_package():
    assert {path.suffix for path in Path(PROFILES).iterdir()} == {".toml"}
