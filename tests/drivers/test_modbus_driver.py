"""Boards on one simulated Modbus line, on virtual time: polls, writes, losses, and everything that boards do wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

import pytest

from drivers.bus.modbus_ports import Ports
from drivers.modbus_io import ModbusIo
from drivers.modbus_times import first_lost_ms, input_ms, output_ms, worst_round_ms
from drivers.reports import AnyReport, DriverError, Dropped, InputLevel, Level
from firmware.rehearsal.modbus_board import Board, BoardLine, Noise, Written, crc16
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import Cable, ended, io_config, running, until

ON, OFF = InputLevel.ACTIVE, InputLevel.INACTIVE


def virtual(body: Callable[[], Coroutine[Any, Any, None]]) -> None:
    run_virtual(body())


def levels(said: list[AnyReport], point: str) -> list[InputLevel]:
    return [report.level for report in said if isinstance(report, Level) and report.device == point]


class Site:
    """`boards` boards on one line with their drivers, all of which have told their first level."""

    def __init__(self, boards: int = 1, **how: Any) -> None:
        self.boards = [Board(unit) for unit in range(1, boards + 1)]
        self.cable = Cable(*self.boards, **how)
        self.configs = [io_config(unit) for unit in range(1, boards + 1)]
        self.devices = [ModbusIo(config, self.cable.ports) for config in self.configs]
        self.said: list[AnyReport] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Site:
        self.tasks = [running(device, self.said) for device in self.devices]
        await until(lambda: all(device.proven() for device in self.devices) and len(self.said) >= len(self.devices))
        return self

    async def __aexit__(self, *_: object) -> None:
        await ended(*self.tasks)
        await self.cable.line.close()

    async def lost(self, number: int = 0) -> str:
        with pytest.raises(DriverError) as error:
            await self.tasks[number]
        return str(error.value)


def test_levels_are_told_at_the_start_and_when_they_change():
    async def body() -> None:
        async with Site() as site:
            assert levels(site.said, "input_1") == [OFF]
            for number in range(6):
                site.boards[0].inputs[0] = 1 - number % 2
                took_ms = await until(lambda number=number: len(site.said) == number + 2)
                assert took_ms <= input_ms(site.configs)
            assert levels(site.said, "input_1") == [OFF, ON, OFF, ON, OFF, ON, OFF]

    virtual(body)


def test_a_normally_closed_input_is_active_without_current():
    async def body() -> None:
        board = Board(1)
        cable = Cable(board)
        said: list[AnyReport] = []
        config = io_config(inputs={"in1": "stop", "in8": "loop"}, normally_closed=("in1",))
        task = running(ModbusIo(config, cable.ports), said)
        await until(lambda: len(said) == 2)
        assert levels(said, "stop") == [ON]
        assert levels(said, "loop") == [OFF]
        board.inputs[0], board.inputs[7] = 1, 1
        await until(lambda: len(said) == 4)
        assert levels(said, "stop") == [ON, OFF]
        assert levels(said, "loop") == [OFF, ON]
        await ended(task)
        await cable.line.close()

    virtual(body)


def test_an_output_overtakes_the_polls_of_four_boards():
    async def body() -> None:
        async with Site(4) as site:
            for number in range(24):
                unit = number % 4
                on = number % 8 < 4
                await asyncio.sleep(0.0137)
                site.devices[unit].outputs[f"output_{unit + 1}"].apply(on)
                board = site.boards[unit]
                took_ms = await until(lambda board=board, on=on: board.coils[0] == on)
                # The running transaction and the write itself, by the wire: bytes, silence, turn-round.
                assert took_ms <= 40
                assert took_ms <= output_ms(site.configs)

    virtual(body)


def test_only_the_last_of_several_commands_is_written():
    async def body() -> None:
        async with Site() as site:
            board, output = site.boards[0], site.devices[0].outputs["output_1"]
            board.written.clear()
            for on in (True, False, True, False, True):
                output.apply(on)
            await until(lambda: site.devices[0].write() is None)
            assert board.coils[0] == 1
            assert len(board.written) <= 2

    virtual(body)


def test_an_output_that_is_switched_for_ever_does_not_make_the_inputs_deaf():
    async def body() -> None:
        async with Site(2) as site:

            async def switch() -> None:
                while True:  # always the other way round than it is: there is always something to write
                    site.devices[0].outputs["output_1"].apply(not site.boards[0].coils[0])
                    await asyncio.sleep(0.0005)

            switching = asyncio.create_task(switch())
            await asyncio.sleep(0.2)
            before = len(site.said)
            site.boards[1].inputs[0] = 1
            await until(lambda: len(site.said) > before, 1.0)
            await ended(switching)

    virtual(body)


@pytest.mark.attack("modbus-14")
def test_a_silent_board_is_lost_within_three_polls_and_the_others_go_on():
    async def body() -> None:
        async with Site(4) as site:
            for board in site.boards:
                board.asked_at.clear()
            site.boards[2].silent = True
            asked = site.boards[2].asked
            took_ms = await until(site.tasks[2].done)
            assert "3 times in a row" in await site.lost(2)
            assert site.boards[2].asked - asked == 3
            assert took_ms <= first_lost_ms(site.configs[2], site.configs)
            await asyncio.sleep(1)
            for number in (0, 1, 3):
                assert not site.tasks[number].done()
                polls = [at_s for at_s, function in site.boards[number].asked_at if function == 2]
                gaps = [later - earlier for earlier, later in pairwise(polls)]
                assert max(gaps) * 1000 <= worst_round_ms(site.configs)
                assert max(gaps) <= 0.150

    virtual(body)


def test_a_board_that_answers_again_is_taken_in_again():
    async def body() -> None:
        async with Site(2) as site:
            site.boards[0].silent = True
            await site.lost()
            site.devices[0].safe()  # as the supervisor does; handed to the port, which is at work
            site.boards[0].silent = False
            said: list[AnyReport] = []
            task = running(site.devices[0], said)
            assert not site.devices[0].proven()
            await until(site.devices[0].proven)
            await until(lambda: len(said) == 1)
            assert levels(said, "input_1") == [OFF]
            await ended(task)

    virtual(body)


def test_a_board_that_is_silent_from_the_start_is_never_proven():
    async def body() -> None:
        async with Site(2) as site:
            for _ in range(5):
                site.boards[0].silent = True
                await ended(site.tasks[0])
                site.tasks[0] = running(site.devices[0], site.said)
                while not site.tasks[0].done():
                    assert not site.devices[0].proven()
                    await asyncio.sleep(0.001)
                await site.lost()

    virtual(body)


@pytest.mark.attack("modbus-01")
def test_answers_of_a_wrong_unit_are_no_answers():
    async def body() -> None:
        async with Site(2) as site:
            said = len(site.said)
            site.boards[0].says_unit = 2
            site.boards[0].inputs[0] = 1
            await site.lost()
            assert len(site.said) == said
            assert site.devices[0].counters()["wrong_unit"] == 3
            assert not site.tasks[1].done()

    virtual(body)


@pytest.mark.attack("modbus-11")
def test_a_slave_that_answers_for_another_decides_nothing():
    """It answers the other's requests under its own unit, at the same time as the other, or when the other is gone."""

    async def body() -> None:
        async with Site(2) as site:
            said = len(site.said)
            thief, victim = site.boards
            thief.inputs[0] = 1
            await until(lambda: len(site.said) == said + 1)
            thief.answers_for.add(2)
            victim.silent = True
            await site.lost(1)
            assert levels(site.said, "input_2") == [OFF]
            assert site.devices[1].counters()["wrong_unit"] == 3
            assert not site.tasks[0].done()

    virtual(body)


@pytest.mark.attack("modbus-05")
@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 6, 8, 10, 11, 255])
def test_exceptions_are_no_levels_and_three_of_them_a_loss(code: int):
    async def body() -> None:
        async with Site(2) as site:
            said = len(site.said)
            site.boards[0].inputs[0] = 1
            site.boards[0].exception = code
            assert f"exception {code}" in await site.lost()
            assert len(site.said) == said
            assert site.devices[0].counters()["exceptions"] == 3
            assert not site.tasks[1].done()

    virtual(body)


@pytest.mark.attack("modbus-03")
@pytest.mark.parametrize("size", range(7))
def test_short_frames_are_no_levels_and_three_of_them_a_loss(size: int):
    async def body() -> None:
        async with Site(2) as site:
            said = len(site.said)
            site.boards[0].inputs[0] = 1
            site.boards[0].cut = min(size, 5)
            await site.lost()
            assert len(site.said) == said
            assert not site.tasks[1].done()

    virtual(body)


@pytest.mark.attack("modbus-07")
@pytest.mark.parametrize("late_ms", range(12, 120, 4))
def test_late_answers_of_the_previous_request_are_never_taken_for_the_next_ones(late_ms: int):
    """The board is always as late as this: each answer comes in somebody else's time, or in that of its own next poll.

    What is told of it must be what it was asked in the same transaction, so a board that is one behind is lost.
    """

    async def body() -> None:
        async with Site(2) as site:
            board = site.boards[0]
            board.inputs[0] = 1
            await until(lambda: levels(site.said, "input_1") == [OFF, ON])
            board.late_ms = late_ms
            await asyncio.sleep(0.01)
            board.inputs[0] = 0  # an answer from before this says 1
            told = len(levels(site.said, "input_1"))
            await asyncio.sleep(2)
            for report in levels(site.said, "input_1")[told:]:
                assert report is OFF
            in_time = late_ms + board.answer_ms <= 20  # as the profile allows
            assert site.tasks[0].done() or in_time or late_ms <= 24
            assert levels(site.said, "input_2") == [OFF]

    virtual(body)


@pytest.mark.attack("modbus-08")
def test_one_late_answer_with_an_old_level_is_not_told():
    """It comes within the next poll of the same board, of which it could be the answer by its looks."""

    async def body() -> None:
        for delay_ms in range(20, 100, 3):
            async with Site() as site:
                board = site.boards[0]
                board.inputs[0] = 1
                await until(lambda site=site: levels(site.said, "input_1") == [OFF, ON])
                board.late_ms = delay_ms
                asked = board.asked
                await until(lambda board=board, asked=asked: board.asked > asked)
                board.late_ms = 0
                board.inputs[0] = 0
                await asyncio.sleep(0.5)
                assert levels(site.said, "input_1") == [OFF, ON, OFF], f"an answer {delay_ms} ms late"
                assert not site.tasks[0].done()

    virtual(body)


@pytest.mark.attack("modbus-09")
def test_a_late_echo_confirms_no_later_write():
    async def body() -> None:
        for delay_ms in (25, 30, 40, 55, 70):
            async with Site() as site:
                board, output = site.boards[0], site.devices[0].outputs["output_1"]
                board.late_ms = delay_ms
                output.apply(True)
                await until(lambda board=board: board.coils[0] == 1)
                board.late_ms = 0
                output.apply(False)
                await until(lambda site=site: site.devices[0].write() is None or site.tasks[0].done())
                if site.tasks[0].done():  # three of its answers were late
                    await site.lost()
                else:
                    assert board.coils[0] == 0, f"an echo {delay_ms} ms late was taken for the next one"

    virtual(body)


@pytest.mark.attack("modbus-12")
@pytest.mark.parametrize(("chance", "seed"), [(0.002, 1), (0.002, 2), (0.01, 3), (0.05, 4)])
def test_noise_never_becomes_a_level_nor_a_confirmed_write(chance: float, seed: int):
    """Minutes of a cable that turns bits, loses bytes and adds some; the boards' inputs never move, outputs do."""

    async def body() -> None:
        async with Site(2) as site:
            site.cable.line.noise = Noise(seed, flip=chance, lose=chance, insert=chance)
            board, device = site.boards[0], site.devices[0]
            on, confirmed, losses = False, 0, 0
            for _ in range(200):
                on = not on
                with contextlib.suppress(DriverError):  # lost
                    device.outputs["output_1"].apply(on)
                await asyncio.sleep(0.2)
                if not site.tasks[0].done() and device.write() is None:
                    confirmed += 1
                    assert board.coils[0] == on, f"seed {seed}: noise confirmed a write"
                for number, task in enumerate(site.tasks):
                    if task.done():
                        assert isinstance(task.exception(), DriverError)
                        losses += 1
                        on = False
                        site.tasks[number] = running(site.devices[number], site.said)
                        await asyncio.sleep(0)
            assert {report.level for report in site.said if isinstance(report, Level)} == {OFF}, f"seed {seed}"
            counted = device.counters()
            assert counted["crc"] + counted["short"] > 15, f"seed {seed}: that was no noise"
            assert confirmed >= (100 if chance < 0.01 else 0), f"seed {seed}: {losses} losses"

    virtual(body)


@pytest.mark.attack("modbus-15")
def test_a_line_that_is_never_silent_loses_its_boards_and_moves_nothing():
    async def body() -> None:
        async with Site(2) as site:
            end = site.cable.line._sockets[0]
            told = len(site.said)

            async def babble() -> None:
                while True:
                    os.write(end.fileno(), b"\x55")
                    await asyncio.sleep(0.001)

            babbling = asyncio.create_task(babble())
            await site.lost(0)
            await site.lost(1)
            assert len(site.said) == told
            await ended(babbling)

    virtual(body)


@pytest.mark.attack("modbus-16")
def test_a_board_that_starts_anew_is_lost_and_not_driven_behind_the_cores_back():
    async def body() -> None:
        async with Site(2) as site:
            board = site.boards[0]
            site.devices[0].outputs["output_1"].apply(True)
            await until(lambda: board.coils[0] == 1)
            board.power_cycle()
            board.written.clear()
            assert "started anew" in await site.lost()
            assert not any(written.value for written in board.written)

    virtual(body)


@pytest.mark.attack("modbus-17")
def test_a_core_that_does_not_step_lets_every_output_go_and_feeds_no_watchdog():
    async def body() -> None:
        async with Site(2) as site:
            beating = True
            site.cable.ports.alive = lambda: beating
            for number in (0, 1):
                site.devices[number].outputs[f"output_{number + 1}"].apply(True)
            await until(lambda: all(board.coils[0] for board in site.boards))
            beating = False
            assert "core does not step" in await site.lost(0)
            assert "core does not step" in await site.lost(1)
            await until(lambda: not any(board.coils[0] for board in site.boards))
            await until(lambda: not site.cable.ports.port(site.configs[0].line()).is_open)
            for board in site.boards:
                board.asked_at.clear()
                board.written.clear()
            for _ in range(20):  # as the supervisor tries again
                task = running(site.devices[0], site.said)
                with pytest.raises(DriverError, match="core does not step"):
                    await task
                await asyncio.sleep(0.2)
            assert all(function == 5 for board in site.boards for _, function in board.asked_at)
            assert not any(written.value for board in site.boards for written in board.written)

    virtual(body)


def test_a_watchdog_in_the_board_drops_what_nobody_asks_for_any_more():
    async def body() -> None:
        board = Board(1, watchdog_s=0.5)
        cable = Cable(board)
        device = ModbusIo(io_config(), cable.ports)
        said: list[AnyReport] = []
        task = running(device, said)
        await until(device.proven)
        device.outputs["output_1"].apply(True)
        await asyncio.sleep(3)
        assert board.coils[0] == 1, "polls feed it"
        await ended(task)  # as after a kill: nobody calls safe()
        await until(lambda: board.coils[0] == 0, 0.6)
        await cable.line.close()

    virtual(body)


@pytest.mark.attack("modbus-18")
def test_an_output_that_is_on_for_too_long_is_dropped_by_the_driver():
    async def body() -> None:
        board = Board(1)
        cable = Cable(board)
        device = ModbusIo(io_config(on_ms_max={"out1": 1_000}), cable.ports)
        said: list[AnyReport] = []
        task = running(device, said)
        await until(device.proven)
        output = device.outputs["output_1"]
        output.apply(True)
        await until(lambda: board.coils[0] == 1)
        for _ in range(9):
            await asyncio.sleep(0.1)
            output.apply(True)  # prolongs nothing
        took_ms = await until(lambda: board.coils[0] == 0)
        assert took_ms <= 200
        dropped = [report for report in said if isinstance(report, Dropped)]
        assert [report.device for report in dropped] == ["output_1"]
        with pytest.raises(DriverError, match="output_1"):
            output.apply(True)
        await asyncio.sleep(0.2)
        assert board.coils[0] == 0
        output.apply(False)
        output.apply(True)
        await until(lambda: board.coils[0] == 1)
        await ended(task)
        await cable.line.close()

    virtual(body)


def test_the_port_that_is_unplugged_loses_everybody_and_comes_back():
    async def body() -> None:
        async with Site(3) as site:
            await site.cable.unplug()
            for number in range(3):
                assert "/dev/simulated" in await site.lost(number)
            site.cable.pulled = True
            task = running(site.devices[0], site.said)
            with pytest.raises(DriverError, match="cannot be opened"):
                await task
            site.cable.pulled = False
            site.tasks = [running(device, site.said) for device in site.devices]
            await until(lambda: all(device.proven() for device in site.devices))

    virtual(body)


def test_a_frame_that_fits_another_request_is_not_taken():
    """A foreign frame with a good CRC within the time of the answer, before the true one: neither is believed."""

    async def body() -> None:
        async with Site() as site:
            board = site.boards[0]
            foreign = bytes([1, 2, 1, 1])
            foreign += crc16(foreign)
            board.mangle = lambda frame: foreign + frame if frame[1] == 2 else frame
            await site.lost()
            assert levels(site.said, "input_1") == [OFF]

    virtual(body)


def test_what_is_written_at_the_start_is_what_is_left_when_it_is_lost():
    async def body() -> None:
        async with Site() as site:
            assert {(each.address, each.value) for each in site.boards[0].written} == {(0, 0)}
            assert all(isinstance(each, Written) for each in site.boards[0].written)

    virtual(body)


def test_a_level_that_only_one_poll_shows_is_not_told():
    """A frame of which noise has made another one with a good CRC: one in 65,536 passes, two in a row do not."""

    async def body() -> None:
        async with Site() as site:
            board = site.boards[0]
            lie = bytes([1, 2, 1, 1])
            lie += crc16(lie)
            for lies in (1, 1, 1, 2):
                left = [lie] * lies
                board.mangle = lambda frame, left=left: left.pop() if frame[1] == 2 and left else frame
                before = len(site.said)
                await asyncio.sleep(0.3)
                assert (len(site.said) > before) == (lies == 2)

    virtual(body)


@pytest.mark.attack("modbus-10")
def test_what_comes_before_the_request_can_have_left_is_not_its_answer():
    """An answer to an earlier request, just as the next one of the same kind is being sent."""

    async def body() -> None:
        async with Site() as site:
            old = bytes([1, 2, 1, 1])
            old += crc16(old)
            wire = site.cable.wires[-1]
            send = wire.write

            def write(frame: bytes) -> None:
                send(frame)
                if frame[1] == 2:
                    site.cable.line._sockets[-1].send(old)

            wire.write = write
            await site.lost()
            assert levels(site.said, "input_1") == [OFF]
            assert site.devices[0].counters()["late"] >= 2

    virtual(body)


# -- TCP --------------------------------------------------------------------------------------------------------------


def another_number(frame: bytes) -> bytes:
    return bytes([frame[0] ^ 0x40]) + frame[1:]


@pytest.mark.attack("modbus-19")
@pytest.mark.parametrize(
    ("wrong", "said", "counted"),
    [
        (another_number, "was not answered", "late"),
        (lambda frame: frame[:6] + b"\x09" + frame[7:], "another unit", "wrong_unit"),
        (lambda frame: frame[:2] + b"\0\1" + frame[4:], "no Modbus/TCP", ""),
        (lambda frame: frame[:4] + b"\xff\xff" + frame[6:], "no Modbus/TCP", ""),
        (lambda frame: b"HTTP/1.1 400 Bad Request\r\n\r\n", "no Modbus/TCP", ""),
        (lambda frame: frame[:5], "no Modbus/TCP", ""),
        (lambda frame: frame[:5] + b"\5" + frame[6:] + b"\0" if frame[7] == 2 else frame, "cut", "short"),
    ],
    ids=["number", "unit", "protocol", "length", "http", "short", "long"],
)
def test_what_is_no_answer_over_tcp_is_none(wrong: Callable[[bytes], bytes], said: str, counted: str):
    async def body() -> None:
        board = Board(1)
        line = BoardLine(board)
        device = ModbusIo(io_config(port=None, host=await line.serve_tcp()), Ports())
        told: list[AnyReport] = []
        task = running(device, told)
        await until(lambda: device.proven() and len(told) == 1)
        board.inputs[0] = 1
        board.mangle = wrong
        with pytest.raises(DriverError, match=said):
            await task
        assert levels(told, "input_1") == [OFF]
        assert not counted or device.counters()[counted] >= 2
        await line.close()

    asyncio.run(body())


@pytest.mark.attack("modbus-20")
def test_nobody_at_the_address_is_a_loss_and_costs_no_time():
    async def body() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{free.getsockname()[1]}"
        device = ModbusIo(io_config(port=None, host=host), Ports())
        with pytest.raises(DriverError, match=host):
            await device.run(lambda report: None)
        device.safe()
        assert device.counters()["safe_failed"] == 1

    asyncio.run(body())


@pytest.mark.attack("modbus-25")
def test_a_point_on_which_no_two_polls_agree_is_a_fault_told_once_and_not_what_it_was_before():
    """A contact that chatters faster than it is polled would else read inactive for ever."""

    async def body() -> None:
        async with Site() as site:
            board, serve = site.boards[0], site.boards[0].serve

            def restless(pdu: bytes) -> bytes:
                board.inputs[0] ^= pdu[0] == 2
                return serve(pdu)

            board.serve = restless  # type: ignore[method-assign]
            await asyncio.sleep(30)
            assert levels(site.said, "input_1") == [OFF, InputLevel.FAULT]
            board.serve = serve  # type: ignore[method-assign]
            board.inputs[0] = 1
            await until(lambda: levels(site.said, "input_1")[-1] is ON)
            assert len(levels(site.said, "input_1")) == 3

    virtual(body)
