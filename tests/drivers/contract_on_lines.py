"""The drivers of digital lines as subjects of the contract, on whatever wires there are: simulated, or a kernel's."""

from __future__ import annotations

import abc
import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from drivers.bus.lines import Lines
from drivers.contact import Contact, ContactConfig
from drivers.driver import Driver
from drivers.relay import OnLost, Relay, RelayConfig
from drivers.settings import LevelWord, LineUse
from drivers.wiegand import Wiegand, WiegandConfig
from drivers.wire.keypad import KeypadKind
from tests.drivers.contract import Run, Subject, until
from tests.drivers.wires import h10301

TORN_S = 0.06  # a burst in the first 50 ms of listening may be the rest of another one (drivers/README.md)
BEGIN_S = 0.02  # an output that is claimed where it stood shows nothing of that
D0, D1, BUTTON, LOCK, GREEN, RED, BUZZER = "GPIO17", "GPIO27", "GPIO5", "GPIO13", "GPIO19", "GPIO20", "GPIO21"


class Wires(abc.ABC):
    """What the lines go to."""

    lines: Lines

    @abc.abstractmethod
    async def frame(self, bits: str) -> None:
        """A reader at D0 and D1 sends a frame; it is over when this returns."""

    @abc.abstractmethod
    async def turn(self, line: str) -> None:
        """An input goes to its other level."""

    @abc.abstractmethod
    async def noise(self, chance: random.Random, lines: Sequence[str]) -> None:
        """A burst of edges that nobody means, on these lines, and that many milliseconds."""

    @abc.abstractmethod
    async def calm(self, lines: Sequence[str]) -> None:
        """These inputs rest, high."""

    @abc.abstractmethod
    async def pull(self) -> None: ...

    @abc.abstractmethod
    async def plug(self) -> None: ...

    @abc.abstractmethod
    def level(self, line: str) -> bool | None:
        """What the far end sees on a line."""

    @abc.abstractmethod
    def driven(self, lines: Sequence[str]) -> set[tuple[str, object]]:
        """Each level that these lines were driven to."""

    @abc.abstractmethod
    def watched(self) -> Sequence[str]:
        """Inputs that somebody has claimed."""


class LineDevice(NamedTuple):
    """One kind of device on lines. `excite` is how it is made to speak; None: it does not."""

    name: str
    kind: str
    config: Any
    make: Callable[[Any, Lines], Driver]
    excite: Callable[[Wires], Any] | None
    drive: Callable[[Any, bool], None] = lambda driver, on: None
    more_inputs: tuple[str, ...] = ()  # that its configuration does not tell of


def relay_on(driver: Relay, on: bool) -> None:
    driver.apply(on)


def magnet_off(driver: Relay, on: bool) -> None:
    driver.apply(not on)


def warning(driver: Wiegand, on: bool) -> None:
    """Red lamp and buzzer, again and again."""
    driver.show("held_warning" if on else "idle")


def blinking(driver: Wiegand, on: bool) -> None:
    driver.show("next_factor" if on else "idle")


CARD = h10301(12, 34567)
DEVICES = (
    LineDevice(
        "wiegand",
        "wiegand",
        WiegandConfig("reader", D0, D1, ("H10301",), led_red=RED, buzzer=BUZZER),
        Wiegand,
        lambda wires: wires.frame(CARD),
        warning,
    ),
    LineDevice(
        "wiegand keypad, lamps low",
        "wiegand",
        WiegandConfig("keys", D0, D1, keypad=KeypadKind.FOUR_BIT, led_green=GREEN, indicator_level=LevelWord.LOW),
        Wiegand,
        lambda wires: wires.frame("0101"),
        blinking,
    ),
    LineDevice("contact", "contact", ContactConfig("contact", BUTTON), Contact, lambda wires: wires.turn(BUTTON)),
    LineDevice(
        "prompt contact",
        "contact",
        ContactConfig("beam", BUTTON, LevelWord.LOW, prompt=True),
        Contact,
        lambda wires: wires.turn(BUTTON),
    ),
    LineDevice("relay", "relay", RelayConfig("lock", LOCK), Relay, None, relay_on),
    LineDevice(
        "relay, on when lost", "relay", RelayConfig("magnet", LOCK, LevelWord.LOW, OnLost.ON), Relay, None, magnet_off
    ),
)


class OnLines(Subject):
    """A device of lines at its wires."""

    def __init__(self, device: LineDevice, wires: Wires) -> None:
        self.kind = device.kind
        self.speaks = device.excite is not None
        self.driver = device.make(device.config, wires.lines)
        self._device = device
        self._wires = wires
        uses: Sequence[LineUse] = device.config.lines()
        self._inputs = [*(use.line for use in uses if not use.output), *device.more_inputs]
        self._all = [*(use.line for use in uses), *device.more_inputs]
        self.at_rest: Mapping[str, object] = {use.line: use.lost_level for use in uses if use.output}

    def make(self, name: str) -> Driver:
        fields = {each: getattr(self._device.config, each) for each in self._device.config.__struct_fields__}
        return self._device.make(type(self._device.config)(**{**fields, "id": name}), self._wires.lines)

    async def ready(self, run: Run) -> bool:
        """Its inputs are watched, or its output is driven; and a contact has told its first level."""
        wires, told = self._wires, self._device.kind != "contact"
        await asyncio.sleep(BEGIN_S)
        there = await until(
            lambda: (
                run.done
                or (
                    set(self._inputs) <= set(wires.watched())
                    and all(wires.level(line) is not None for line in self.at_rest)
                    and (told or bool(run.said))
                )
            )
        )
        if self.kind == "wiegand":
            await asyncio.sleep(TORN_S)
        return there

    async def excite(self) -> None:
        if self._device.excite is not None:
            await self._device.excite(self._wires)

    async def garble(self, chance: random.Random) -> None:
        await self._wires.noise(chance, self._all)

    async def calm(self) -> None:
        await self._wires.calm(self._inputs)

    async def pull(self) -> None:
        await self._wires.pull()

    async def plug(self) -> None:
        await self._wires.plug()

    def levels(self) -> Mapping[str, object]:
        return {line: self._wires.level(line) for line in self.at_rest}

    def seen(self) -> set[tuple[str, object]]:
        return self._wires.driven(list(self.at_rest))

    def drive(self, on: bool) -> None:
        self._device.drive(self.driver, on)

    def spoil(self) -> None:
        for line, level in self.at_rest.items():
            self._wires.lines.set_now(line, not level)

    def held(self) -> Sequence[str]:
        return self._wires.watched()
