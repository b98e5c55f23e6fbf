"""The bus of lines over a GPIO chip of this machine: outputs and contacts through gpiozero, Wiegand through gpiod.

An output stays claimed in the kernel when its driver lets go of it, and until the bus is closed: a line that nobody
holds becomes an input on most kernels, and a lock would move because its driver was started anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from drivers.board_description import BoardDescription, Pull
from drivers.bus.gpio_chip import BoardLines, Chip, find_chip, refusal
from drivers.bus.gpio_contacts import Contacts, GpioInput
from drivers.bus.gpio_safe import SafeGpioLines
from drivers.bus.gpio_stream import GpioStream
from drivers.bus.lines import BusError, OnEdges

if TYPE_CHECKING:
    from drivers.bus.gpio_pins import Output, PinFactory

T = TypeVar("T")

SAFE = "safe()"  # as a holder


class GpioOutput:
    """An OutputLine."""

    def __init__(self, bus: GpioLines, line: str, own: str, holder: str) -> None:
        self.line = line
        self.holder = holder
        self._own = own
        self._bus: GpioLines | None = bus
        self._why = f"output {line} of {holder} is not claimed any more"

    def set(self, level: bool) -> None:
        if self._bus is None:
            raise BusError(self._why)
        self._bus._drive(self._own, level, self.line, self.holder)

    def close(self) -> None:
        self._bus = None

    def fail(self, why: str) -> None:
        """The bus is lost."""
        self._bus = None
        self._why = why

    @property
    def open(self) -> bool:
        return self._bus is not None


class _Open:
    """What there is while the bus is open."""

    def __init__(self, chip: Chip, factory: PinFactory, contacts: Contacts) -> None:
        self.chip = chip
        self.factory = factory
        self.contacts = contacts
        self.outputs: dict[str, Output] = {}  # by the line's own name; claimed in the kernel, with or without a holder
        self.claims: dict[str, GpioInput | GpioOutput | GpioStream] = {}  # likewise; one that is not open is none


class GpioLines:
    """Lines of a board on this machine. `chip`: instead of the board's own, a path, a name or a label."""

    def __init__(
        self, board: BoardDescription, chip: str | None = None, pulls: Mapping[str, Pull] | None = None
    ) -> None:
        self._board = board
        self._path = chip
        self._lines = BoardLines(board, pulls or {})
        self._open: _Open | None = None
        self._after: SafeGpioLines | None = None  # for set_now() while the bus is not open
        self._lost = asyncio.Event()
        self._why = "the bus is not open"

    async def open(self) -> None:
        if self._open is not None:
            return
        chip = find_chip(self._board, self._path)
        from drivers.bus.gpio_pins import FAILURES, PinFactory  # here: only who has a GPIO chip pays for it

        try:
            factory = PinFactory(chip.number)
        except FAILURES as error:
            chip.close()
            raise BusError(f"{chip.path} cannot be opened by lgpio: {error}") from error
        if self._after is not None:
            self._after.close()  # it holds lines that their drivers claim now
            self._after = None
        self._lost = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._open = _Open(chip, factory, Contacts(loop, FAILURES, factory.check, self._lose))

    async def lost(self) -> str:
        await self._lost.wait()
        return self._why

    def claim_input(self, line: str, holder: str, on_edges: OnEdges) -> GpioInput:
        own, offset = self._find(line, holder)
        bus = self._free_for((line,), holder)
        idle = bus.outputs.pop(own, None)
        if idle is not None:
            idle.close()
        pull = self._lines.pull(own)
        made = self._claim(
            line, own, offset, holder, lambda: bus.contacts.add(bus.factory.input(offset, pull), line, holder, on_edges)
        )
        bus.claims[own] = made
        return made

    def claim_output(self, line: str, holder: str, level: bool) -> GpioOutput:
        own, offset = self._find(line, holder)
        bus = self._free_for((line,), holder)
        if own in bus.outputs:
            self._drive(own, level, line, holder)
        else:
            bus.outputs[own] = self._claim(line, own, offset, holder, lambda: bus.factory.output(offset, level))
        made = GpioOutput(self, line, own, holder)
        bus.claims[own] = made
        return made

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> GpioStream:
        found = {line: self._find(line, holder) for line in lines}
        bus = self._free_for(lines, holder)
        names = {offset: line for line, (_, offset) in found.items()}
        if len(names) != len(lines):
            raise BusError(f"{', '.join(lines)} of {holder} are fewer lines than names: give each its own")
        pulls = {offset: self._lines.data_pull(own) for own, offset in found.values()}
        try:
            request = bus.chip.input_edges(pulls, f"menshen {holder}")
        except (OSError, ValueError) as error:
            line = next((each for each, (_, offset) in found.items() if bus.chip.held_by(offset)), lines[0])
            raise refusal(bus.chip, line, *found[line], holder, error) from error
        made = GpioStream(request, names, holder, on_edges, self._lose)
        for own, _ in found.values():
            bus.claims[own] = made
        return made

    def set_now(self, line: str, level: bool) -> None:
        if self._open is None:
            if self._after is None:
                self._after = SafeGpioLines(self._board, self._path)
            self._after.set_now(line, level)
            return
        own, offset = self._find(line, SAFE)
        if own in self._open.outputs:
            self._drive(own, level, line, SAFE)
            return
        bus = self._free_for((line,), SAFE)
        bus.outputs[own] = self._claim(line, own, offset, SAFE, lambda: bus.factory.output(offset, level))

    def close(self) -> None:
        self._lose("the bus was closed")
        if self._after is not None:
            self._after.close()
            self._after = None

    # -- claims -------------------------------------------------------------------------------------------------------

    def _find(self, line: str, holder: str) -> tuple[str, int]:
        own, what = self._lines.find(line, holder)
        assert what.offset is not None
        return own, what.offset

    def _free_for(self, lines: Sequence[str], holder: str) -> _Open:
        """The open bus, where none of the lines is claimed. Raises BusError."""
        bus = self._open
        if bus is None:
            raise BusError(self._why)
        for line in lines:
            own = self._lines.find(line, holder)[0]
            claim = bus.claims.get(own)
            if claim is not None and claim.open:
                known = line if line == own else f"{line} ({own})"
                raise BusError(f"{known} is held by {claim.holder}, so {holder} cannot have it; give one another line")
        return bus

    def _claim(self, line: str, own: str, offset: int, holder: str, make: Callable[[], T]) -> T:
        from drivers.bus.gpio_pins import FAILURES

        assert self._open is not None
        try:
            return make()
        except FAILURES as error:
            raise refusal(self._open.chip, line, own, offset, holder, error) from error

    def _drive(self, own: str, level: bool, line: str, holder: str) -> None:
        from drivers.bus.gpio_pins import FAILURES

        assert self._open is not None
        try:
            self._open.outputs[own].set(level)
        except FAILURES as error:
            why = f"output {line} of {holder} cannot be driven: {error}"
            self._lose(why)
            raise BusError(why) from error

    def _lose(self, why: str) -> None:
        bus, self._open = self._open, None
        if bus is None:
            return
        self._why = why
        bus.contacts.close(why)
        for claim in dict.fromkeys(bus.claims.values()):
            if not isinstance(claim, GpioInput):
                claim.fail(why)
        for output in bus.outputs.values():
            output.close()
        bus.factory.close()
        bus.chip.close()
        self._lost.set()
