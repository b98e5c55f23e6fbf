"""The contract of drivers on a real kernel's lines: the promises of tests/drivers/contract.py to devices of lines."""

from __future__ import annotations

import asyncio
import os
import random
import threading
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import gpiod
from chips import PI_LABEL, PI_NAMES, PI_PULLED_UP, Chip, Outputs, Player, Step, frame
from says import arguments, check, figure

from drivers.board_description import load_board
from drivers.bus.gpio import GpioLines
from firmware.bench.clock import monotonic_ns
from tests.drivers.contract import PROMISES, Subject, until
from tests.drivers.contract_on_lines import D0, D1, DEVICES, LineDevice, OnLines, Wires

BOARD = load_board("raspberry_pi_header")
PULSE_NS, INTERVAL_NS = 50_000, 1_000_000
LIMIT_S = 20.0
PROMISE_S_MAX = 120.0
SPARE = "GPIO26"  # that no subject has
# Linux 6.1 keeps the numbers of a chip that is taken away while somebody has lines of it, and has 512 in all: so the
# header is as short as it can be, and not every device loses it.
LINES = 28
PULLED = ("wiegand", "contact", "relay")
PULLING = ("is_lost_once_and_recovers", "is_lost_where_nobody_is", "is_safe_however_often", "takes_orders_in_any_state")


def header() -> Chip:
    """The lines of the header that are pins, as they are at boot."""
    chip = Chip("header", PI_LABEL, LINES, PI_NAMES)
    for line in PI_PULLED_UP:
        chip.drive(line, True)
    return chip


Promise = Callable[[Subject], Awaitable[None]]


def offset(line: str) -> int:
    return int(line.removeprefix("GPIO"))


class KernelWires(Wires):
    """The header's chip of gpio-sim. A cable is pulled by taking the whole chip away."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.lines = GpioLines(BOARD)
        self.outputs = Outputs(chip)
        self._there = True

    async def frame(self, bits: str) -> None:
        await self._play(frame(bits, offset(D0), offset(D1), 0, PULSE_NS, INTERVAL_NS))

    async def turn(self, line: str) -> None:
        self.chip.drive(offset(line), not self.chip.value(offset(line)))

    async def noise(self, chance: random.Random, lines: Sequence[str]) -> None:
        at_ns, steps = 0, []
        inputs = [line for line in lines if line in self.watched()]
        for _ in range(chance.randrange(1, 30) if inputs else 0):
            at_ns += round(10 ** chance.uniform(4.3, 6.5))  # 20 us to 3 ms
            steps.append(Step(at_ns, offset(chance.choice(inputs)), chance.random() < 0.5))
        if steps:
            await self._play(steps)
        await asyncio.sleep(chance.uniform(0, 0.03))

    async def calm(self, lines: Sequence[str]) -> None:
        for line in lines:
            self.chip.drive(offset(line), True)

    async def pull(self) -> None:
        self._there = False
        self.chip.close()

    async def plug(self) -> None:
        self.chip = header()
        self.outputs = Outputs(self.chip)
        self._there = True

    def level(self, line: str) -> bool | None:
        return self.chip.value(offset(line)) if self._there else None

    def driven(self, lines: Sequence[str]) -> set[tuple[str, object]]:
        found = {
            (line, level) for line in lines for level in (False, True) if self.outputs.changes(offset(line), level)
        }
        return found | {(line, self.level(line)) for line in lines}

    def watched(self) -> Sequence[str]:
        if not self._there:
            return ()
        with gpiod.Chip(str(self.chip.device)) as chip:
            infos = [chip.get_line_info(number) for number in range(2, 28)]
            inputs = [each for each in infos if each.used and each.direction is gpiod.line.Direction.INPUT]
        return [f"GPIO{each.offset}" for each in inputs]

    async def _play(self, steps: Sequence[Step]) -> None:
        player = Player(self.chip, steps)
        await until(lambda: player.ended, LIMIT_S)
        player.end(LIMIT_S)


def held(chip: Chip) -> list[int]:
    with gpiod.Chip(str(chip.device)) as opened:
        return [number for number in range(opened.get_info().num_lines) if opened.get_line_info(number).used]


def had() -> tuple[int, int, int]:
    """Threads of Python, threads, descriptors."""
    return threading.active_count(), len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))


async def put(device: LineDevice, promise: Promise, chip: Chip) -> Chip:
    """Put one promise to one device; returns the chip, which may be another one."""
    wires = KernelWires(chip)
    await wires.lines.open()
    wires.lines.claim_input(SPARE, "somebody", print).close()  # lgpio's thread, and the outputs, are the bus's own
    for use in device.config.lines():
        if use.output:
            wires.lines.claim_output(use.line, "somebody", use.lost_level).close()
    subject = OnLines(device, wires)
    subject.losses = 1
    begun_ns = monotonic_ns()
    found = None
    try:
        async with asyncio.timeout(PROMISE_S_MAX):
            await promise(subject)
    except Exception as error:  # noqa: BLE001  it is told as a check that failed
        where = traceback.extract_tb(error.__traceback__)[-1]
        found = f"{error!r} at {where.name}, line {where.lineno}"
    check(f"{device.name}: {promise.__name__}", found is None, found)
    figure(f"{device.name}: {promise.__name__} took", (monotonic_ns() - begun_ns) / 1e9, "s")
    wires.lines.close()
    with suppress(OSError):
        wires.outputs.close()
    return wires.chip


async def everything(chip: Chip) -> Chip:
    asked = arguments()
    await asyncio.get_running_loop().run_in_executor(None, int)
    lines = GpioLines(BOARD)
    await lines.open()
    lines.claim_input(SPARE, "somebody", print).close()  # lgpio's thread stays
    lines.close()
    before = had()
    for device in DEVICES:
        if device.name not in asked.get("devices", [device.name]):
            continue
        for promise in PROMISES:
            if promise.__name__ not in asked.get("promises", [promise.__name__]):
                continue
            if device.name in PULLED or promise.__name__ not in PULLING:
                chip = await put(device, promise, chip)
        check(f"{device.name}: no line of the kernel's is left", not held(chip), held(chip))
        check(f"{device.name}: no thread and no descriptor is left", had() == before, (before, had()))
    return chip


def main() -> None:
    asyncio.run(everything(header())).close()


if __name__ == "__main__":
    main()
