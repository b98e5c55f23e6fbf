"""gpio-sim in the machine: chips with named lines, what drives their inputs, and what their outputs show.

The kernel's side: Documentation/admin-guide/gpio/gpio-sim.rst.
"""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from firmware.bench.clock import monotonic_ns, rest

CONFIG = Path("/sys/kernel/config/gpio-sim")
TRACING = Path("/sys/kernel/tracing")
PLAY = Path("/menshen/tests/rig/inside/play")
# The header of a Raspberry Pi 4, as its device tree names the lines of gpiochip0.
PI_LABEL = "pinctrl-bcm2711"
PI_LINES = 58
PI_PULLED_UP = range(9)  # at boot; the others are pulled down. BCM2711 ARM Peripherals, section 5.3
PI_NAMES: dict[int, str] = {0: "ID_SDA", 1: "ID_SCL", 14: "TXD1", 15: "RXD1"} | {
    number: f"GPIO{number}" for number in range(2, 28) if number not in (14, 15)
}
POLL_S = 0.002


class Step(NamedTuple):
    """One level on one line, so many nanoseconds after the start."""

    at_ns: int
    line: int
    level: bool


class Chip:
    """A chip of gpio-sim with `lines` lines, some of them named. What bore its own name before is gone."""

    def __init__(self, name: str, label: str, lines: int, names: Mapping[int, str]) -> None:
        self._folder = CONFIG / name
        if self._folder.is_dir():
            self.close()
        bank = self._folder / "bank0"
        bank.mkdir(parents=True)
        (bank / "num_lines").write_text(str(lines))
        (bank / "label").write_text(label)
        for number, line in names.items():
            (bank / f"line{number}").mkdir()
            (bank / f"line{number}" / "name").write_text(line)
        (self._folder / "live").write_text("1")
        self.chip = (bank / "chip_name").read_text().strip()
        self.device = Path("/dev") / self.chip
        self._lines = Path("/sys/devices/platform") / (self._folder / "dev_name").read_text().strip() / self.chip

    @property
    def first(self) -> int:
        """The number of its first line among all lines of the kernel, as traces have it."""
        [found] = self._lines.parent.glob("gpio/gpiochip*/base")
        return int(found.read_text())

    def pull(self, line: int) -> Path:
        """The attribute that is the wire's level at an input."""
        return self._lines / f"sim_gpio{line}" / "pull"

    def drive(self, line: int, level: bool) -> None:
        """Put an input to a level."""
        self.pull(line).write_text("pull-up" if level else "pull-down")

    def value(self, line: int) -> bool:
        """The level on a line: what an output drives."""
        return (self._lines / f"sim_gpio{line}" / "value").read_text().strip() == "1"

    def wait_value(self, line: int, level: bool, limit_s: float) -> bool:
        """Wait until a line shows this level; whether it came."""
        until_ns = monotonic_ns() + int(limit_s * 1e9)
        while self.value(line) != level:
            if monotonic_ns() > until_ns:
                return False
            rest(POLL_S)
        return True

    def close(self) -> None:
        (self._folder / "live").write_text("0")
        for folder in sorted(self._folder.rglob("line*"), reverse=True):
            if folder.is_dir():
                folder.rmdir()
        (self._folder / "bank0").rmdir()
        self._folder.rmdir()


def pi_header() -> Chip:
    """The header of a Raspberry Pi, at /dev/gpiochip0, as it is at boot."""
    chip = Chip("header", PI_LABEL, PI_LINES, PI_NAMES)
    for line in PI_PULLED_UP:
        chip.drive(line, True)
    return chip


class Player:
    """Steps that are being played by a real-time process. `lines` are the steps' line numbers' order."""

    def __init__(self, chip: Chip, steps: Iterable[Step]) -> None:
        planned = steps if isinstance(steps, list) else list(steps)
        lines = sorted({step.line for step in planned})
        number = {line: index for index, line in enumerate(lines)}
        self._process = subprocess.Popen(
            [str(PLAY), *(str(chip.pull(line)) for line in lines)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._process.stdin as plan:
            for step in planned:
                plan.write(struct.pack("=QII", step.at_ns, number[step.line], step.level))
        word, started = self._process.stdout.readline().split()
        assert word == b"started"
        self.started_ns = int(started)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def end(self, limit_s: float) -> int:
        """Wait for the last step; the largest lateness of a step in nanoseconds."""
        assert self._process.stdout is not None
        try:
            if self._process.wait(limit_s) != 0:
                raise RuntimeError(f"play ended with {self._process.returncode}")
            _, _, late, _ = self._process.stdout.read().split()
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
        return int(late)


def frame(bits: str, d0: int, d1: int, at_ns: int, pulse_ns: int, interval_ns: int) -> list[Step]:
    """A Wiegand frame: for each bit a low pulse on its line."""
    steps = []
    for index, bit in enumerate(bits):
        line, begin_ns = (d1 if bit == "1" else d0), at_ns + index * interval_ns
        steps += [Step(begin_ns, line, False), Step(begin_ns + pulse_ns, line, True)]
    return steps


class Outputs:
    """Watches the outputs of a chip by the kernel's own trace."""

    _EVENT = re.compile(r"\s(\d+)\.(\d{6}): gpio_value: (\d+) set (\d+)")

    def __init__(self, chip: Chip) -> None:
        self._first = chip.first
        (TRACING / "trace").write_text("")
        (TRACING / "events" / "gpio" / "gpio_value" / "enable").write_text("1")

    def changes(self, line: int, level: bool) -> Sequence[int]:
        """When this line was driven to this level since the start: kernel stamps, nanoseconds of CLOCK_MONOTONIC."""
        found = []
        for text in (TRACING / "trace").read_text().splitlines():
            event = self._EVENT.search(text)
            if event and int(event[3]) == self._first + line and (event[4] == "1") == level:
                found.append((int(event[1]) * 1_000_000 + int(event[2])) * 1_000)
        return sorted(found)

    def close(self) -> None:
        with suppress(OSError):
            (TRACING / "events" / "gpio" / "gpio_value" / "enable").write_text("0")
