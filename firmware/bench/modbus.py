"""`menshen bench modbus`: four boards on a simulated RS-485 line of 19,200 baud, 11 bits a byte, in their own process.

The boards count: a round is the time between two polls of the same board as that board hears them. A board falls silent
between two polls; what is measured is the time until the supervisor tells its DeviceLost, and the polls it heard
meanwhile. Answers take as long as boards take: `answer_ms` from the end of a request to the first byte.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec

from drivers.reports import AnyReport, Level
from firmware.bench.child import end_with
from firmware.bench.figures import Figure, spread
from firmware.controller.board import safe_lines, salvaged
from firmware.controller.supervisor import Supervisor
from firmware.core.facts import DeviceLost, DeviceRecovered
from firmware.rehearsal.modbus_board import Board, BoardLine

BOARDS = 4
BAUD = 19_200
ROUND_MS_MAX = 150.0
POLLS_LOST = 3
READ_INPUTS = 2
SETTLE_S = 1.0
SWITCH_S = 0.25  # between two outputs that are switched
LOST_S_MAX = 5.0
RECOVER_S_MAX = 20.0


def bench(
    folder: Path, seconds: int = 20, losses: int = 10, boards: int = BOARDS, answer_ms: int = 5
) -> dict[str, Any]:
    """Rounds in peace and with switching outputs, then losses one after the other."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_far_end, args=(theirs, boards, answer_ms), daemon=True)
    process.start()
    try:
        path = ours.recv()
        site = folder / "modbus.toml"
        site.write_text("\n".join(_table(path, unit) for unit in range(1, boards + 1)), encoding="utf-8")
        measured = asyncio.run(_measure(site, ours, boards, seconds, losses))
    finally:
        with suppress(OSError):  # it ended before us: a Ctrl-C is for both
            ours.send(("end", 0, 0))
        process.join(5)
        process.kill()
    idle, busy, silent, lost, polls, changes = measured
    rounds = {name: spread(each, 1) for name, each in (("idle", idle), ("switching", busy), ("one silent", silent))}
    worst = max(each.maximum for each in rounds.values())
    return {
        "bench": "modbus",
        "boards": boards,
        "baud": BAUD,
        "answer_ms": answer_ms,
        "round_ms": {name: msgspec.to_builtins(each) for name, each in rounds.items()},
        "lost_ms": msgspec.to_builtins(spread(lost, 1)),
        "polls_until_lost": polls,
        "input_to_report_ms": msgspec.to_builtins(spread(changes, 1)),
        "figures": [
            Figure("a round of the boards, maximum", worst, ROUND_MS_MAX, "ms"),
            Figure("polls of a silent board until DeviceLost", max(polls), POLLS_LOST, "polls"),
            Figure("losses that were told", len(lost), losses, "losses", at_least=True),
        ],
    }


def _table(path: str, unit: int) -> str:
    return f"""\
[[device]]
id = "io_{unit}"
kind = "modbus_io"
port = "{path}"
baud = {BAUD}
parity = "none"
unit = {unit}
profile = "modbus_8di_8do"
inputs = {{ in1 = "input_{unit}" }}
outputs = {{ out1 = "output_{unit}" }}
"""


async def _measure(
    site: Path, far_end: Connection, boards: int, seconds: int, losses: int
) -> tuple[list[float], list[float], list[float], list[float], list[int], list[float]]:
    drivers, wrong = salvaged(site, safe_lines(site))
    assert not wrong, wrong
    outputs: dict[str, Any] = {
        point: each for driver in drivers for point, each in getattr(driver, "outputs", {}).items()
    }
    news: asyncio.Queue[AnyReport | DeviceLost | DeviceRecovered] = asyncio.Queue()
    supervisor = Supervisor(news.put_nowait, news.put_nowait, lambda name, error: print(name, error))
    for driver in drivers:
        supervisor.start(driver)
    try:
        await asyncio.sleep(SETTLE_S)
        idle = await _rounds(far_end, seconds, boards)
        switching = asyncio.create_task(_switch(outputs))
        busy = await _rounds(far_end, seconds, boards)
        switching.cancel()
        changes = [await _change(far_end, news, 1 + n % boards) for n in range(2 * boards * losses)]
        lost, polls, silent = [], [], []
        for number in range(losses):
            unit = 1 + number % boards
            took_ms, heard = await _lose(far_end, news, unit)
            lost.append(took_ms)
            polls.append(heard)
            silent += await _rounds(far_end, 1, boards, but=unit)
            await _recover(far_end, news, unit)
    finally:
        await supervisor.stop(1.0)
    return idle, busy, silent, lost, polls, changes


async def _rounds(far_end: Connection, seconds: int, boards: int, but: int = 0) -> list[float]:
    """Milliseconds between two polls of a board, of every board but one."""
    _ask(far_end, "forget")
    await asyncio.sleep(seconds)
    heard: dict[int, list[float]] = _ask(far_end, "polls")
    return [
        (later - earlier) * 1000
        for unit in range(1, boards + 1)
        if unit != but
        for earlier, later in zip(heard[unit], heard[unit][1:], strict=False)
    ]


async def _switch(outputs: dict[str, Any]) -> None:
    on = False
    while True:
        on = not on
        for output in outputs.values():
            output.apply(on)
            await asyncio.sleep(SWITCH_S)


async def _change(far_end: Connection, news: asyncio.Queue[Any], unit: int) -> float:
    """From a change at a board's input to its report, in milliseconds."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(0.037)  # no multiple of a round
    while not news.empty():
        news.get_nowait()
    began_s = loop.time()
    _ask(far_end, "turn", unit)
    while True:
        report = await asyncio.wait_for(news.get(), LOST_S_MAX)
        if isinstance(report, Level) and report.device == f"input_{unit}":
            return (loop.time() - began_s) * 1000


async def _lose(far_end: Connection, news: asyncio.Queue[Any], unit: int) -> tuple[float, int]:
    """A board falls silent: milliseconds until it is told, and the requests that it heard until then."""
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    _ask(far_end, "silent", unit, 1)
    while True:
        fact = await asyncio.wait_for(news.get(), LOST_S_MAX)
        if isinstance(fact, DeviceLost) and fact.device == f"io_{unit}":
            took_ms = (loop.time() - began_s) * 1000
            return took_ms, int(_ask(far_end, "unanswered", unit))


async def _recover(far_end: Connection, news: asyncio.Queue[Any], unit: int) -> None:
    _ask(far_end, "silent", unit, 0)
    while True:
        fact = await asyncio.wait_for(news.get(), RECOVER_S_MAX)
        if isinstance(fact, DeviceRecovered) and fact.device == f"io_{unit}":
            return


# -- the far end's process --------------------------------------------------------------------------------------------


def _ask(far_end: Connection, what: str, unit: int = 0, value: int = 0) -> Any:
    """Ask the far end's process; it answers at once."""
    far_end.send((what, unit, value))
    return far_end.recv()


def _far_end(connection: Connection, boards: int, answer_ms: int) -> None:
    """What the other process runs."""
    bench = multiprocessing.parent_process()
    assert bench is not None
    assert bench.pid is not None
    end_with(bench.pid)
    asyncio.run(_serve(connection, boards, answer_ms))


async def _serve(connection: Connection, boards: int, answer_ms: int) -> None:
    made = {unit: Board(unit, answer_ms=answer_ms) for unit in range(1, boards + 1)}
    line = BoardLine(*made.values(), baud=BAUD)
    ended = asyncio.Event()
    unanswered = dict.fromkeys(made, 0)

    def asked() -> None:
        what, unit, value = connection.recv()
        answer: Any = None
        match what:
            case "forget":
                for board in made.values():
                    board.asked_at.clear()
            case "polls":
                answer = {
                    each: [at_s for at_s, function in board.asked_at if function == READ_INPUTS]
                    for each, board in made.items()
                }
            case "turn":
                made[unit].inputs[0] ^= 1
            case "silent":
                made[unit].silent = bool(value)
                unanswered[unit] = made[unit].asked
            case "unanswered":
                answer = made[unit].asked - unanswered[unit]
            case _:
                ended.set()
                return
        connection.send(answer)

    asyncio.get_running_loop().add_reader(connection.fileno(), asked)
    connection.send(line.open_pty())
    await ended.wait()
    await line.close()
