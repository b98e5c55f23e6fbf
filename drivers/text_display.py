"""A text display on a serial port of its own; how it is written to is described in drivers/displays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from drivers.bus.lines import BusError
from drivers.bus.serial_port import OpenSerial, SerialPort, SerialSettings
from drivers.display_protocol import (
    COLUMNS_MAX,
    ROWS_MAX,
    DisplayError,
    DisplayProtocol,
    fitted,
    load_protocol,
    packet,
)
from drivers.driver import Emit
from drivers.loop_time import SLACK_NS, call_at_ns, loop_ns, running_loop
from drivers.reports import DriverError
from drivers.serial_settings import Parity, serial_problems
from drivers.settings import LineUse, Problem

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000
SAFE_S_MAX = 0.25  # for the last text, where nobody is at work any more
TAKE_NS = 20 * MS  # between two tries to hand over the rest of a packet
TAKE_NS_MAX = 3_000 * MS  # for the port to take a packet: 512 bytes at 2,400 baud; then nothing listens there
LANGUAGES = ("en", "zh")  # those of the catalogues; a test compares the two


class TextDisplayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="text_display"):
    """A `[[device]]` table of kind "text_display". What is not given is as the protocol has it.

    `languages`: what it says, in this order, as far as its rows go; none: the site's language.
    """

    id: str
    port: str
    protocol: str
    languages: tuple[str, ...] = ()
    rows: int | None = None
    columns: int | None = None
    encoding: str | None = None
    baud: int | None = None
    parity: Parity | None = None
    stop_bits: int | None = None
    data_bits: int | None = None

    def described(self) -> DisplayProtocol | None:
        """The protocol; None where there is none of this name."""
        try:
            return load_protocol(self.protocol)
        except DisplayError:
            return None

    def settings(self) -> SerialSettings:
        """How the port is opened; good for use when there are no problems."""
        protocol = load_protocol(self.protocol)
        return SerialSettings(
            self.port,
            self.baud if self.baud is not None else protocol.baud,
            self.parity if self.parity is not None else protocol.parity,
            self.stop_bits if self.stop_bits is not None else protocol.stop_bits,
            self.data_bits if self.data_bits is not None else protocol.data_bits,
        )

    def letters(self) -> str:
        """The encoding of what it shows."""
        return self.encoding if self.encoding is not None else load_protocol(self.protocol).encodings[0]

    def lines(self) -> tuple[LineUse, ...]:
        """None of the board's: a port is no line."""
        return ()

    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems())

    def _problems(self) -> Iterator[Problem]:
        yield from serial_problems(self.port, self.baud)
        for key, value, allowed in (
            ("stop_bits", self.stop_bits, (1, 2)),
            ("data_bits", self.data_bits, (7, 8)),
            ("rows", self.rows, range(1, ROWS_MAX + 1)),
            ("columns", self.columns, range(4, COLUMNS_MAX + 1)),
        ):
            if value is not None and value not in allowed:
                yield Problem(key, str(value), f"{allowed[0]} to {allowed[-1]}")
        for language in self.languages:
            if language not in LANGUAGES:
                yield Problem("languages", language, ", ".join(LANGUAGES))
        try:
            protocol = load_protocol(self.protocol)
        except DisplayError as error:
            yield Problem("protocol", self.protocol, str(error))
            return
        if self.encoding is not None and self.encoding not in protocol.encodings:
            yield Problem("encoding", self.encoding, ", ".join(protocol.encodings))


class TextDisplay:
    """Shows the newest text, no more often than its protocol allows; what came between is never shown.

    Nothing here waits: what the port does not take now it takes when it is ready, and one that takes nothing is lost.
    What the display answers is read away.
    """

    def __init__(self, config: TextDisplayConfig, open_port: OpenSerial) -> None:
        protocol = load_protocol(config.protocol)
        self.id = config.id
        self.languages = config.languages
        self._protocol = protocol
        self._settings = config.settings()
        self._open_port = open_port
        self._encoding = config.letters()
        self._rows = config.rows if config.rows is not None else protocol.rows
        self._columns = config.columns if config.columns is not None else protocol.columns
        self._every_ns = protocol.every_ms * MS
        self._port: SerialPort | None = None
        self._broken = False  # its last run ended by itself
        self._lost: asyncio.Future[str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wanted = self._fitted(())
        self._shown: tuple[str, ...] | None = None  # None: nobody knows
        self._left = b""  # of the packet that is being written
        self._next_ns = 0
        self._give_up_ns = 0
        self._counts = dict.fromkeys(("texts", "packets", "replaced", "answered_bytes", "safe_failed"), 0)

    async def run(self, emit: Emit) -> None:  # noqa: ARG002  a display says nothing
        """Hold the port until it is gone. It begins with what was to be shown last."""
        import asyncio  # here: who only makes it dark has no loop

        loop = running_loop()
        self._lost = lost = loop.create_future()
        self._shown, self._left = None, b""
        self._broken = True
        try:
            self._port = port = self._open_port(self._settings)
            loop.add_reader(port.fileno(), self._readable)
            self._write()
            why = await lost
            raise DriverError(f"{self.id}: {why}")
        except BusError as error:
            raise DriverError(f"{self.id}: {error}") from error
        except asyncio.CancelledError:
            self._broken = False
            raise
        finally:
            self._stop()

    def show_text(self, rows: Sequence[str]) -> None:
        """Show these rows, and none of what was there before. Never waits and never raises."""
        wanted = self._fitted(rows)
        self._counts["texts"] += 1
        if wanted == self._wanted:
            return
        if self._wanted != self._shown:
            self._counts["replaced"] += 1
        self._wanted = wanted
        if self._port is not None:
            self._write()

    def safe(self) -> None:
        """Dark: nobody is in command, and no welcome may stay. Never raises; failures are counted.

        Over a port of its own for SAFE_S_MAX at the most, and not at all where the display was lost: that would hold
        up everybody else for a display that is not there.
        """
        self._wanted = self._fitted(())
        if self._port is not None:
            self._write()
            return
        if self._broken:
            self._counts["safe_failed"] += 1
            return
        try:
            port = self._open_port(self._settings)
        except BusError:
            self._counts["safe_failed"] += 1
            return
        try:
            content = self._packet(self._wanted)
            sent = port.write(content) == len(content) and port.drain(SAFE_S_MAX)
            self._counts["safe_failed"] += not sent
        except BusError:
            self._counts["safe_failed"] += 1
        finally:
            port.close()

    def counters(self) -> dict[str, int]:
        """`replaced`: texts that were never shown, because a newer one came first."""
        return dict(self._counts)

    def _fitted(self, rows: Sequence[str]) -> tuple[str, ...]:
        kept = [row for row in (fitted(row, self._columns) for row in rows) if row][: self._rows]
        return (*kept, *[""] * (self._rows - len(kept)))

    def _packet(self, rows: Sequence[str]) -> bytes:
        return packet(self._protocol, rows, self._encoding, self._columns)

    def _stop(self) -> None:
        if self._port is not None:
            loop = running_loop()
            loop.remove_reader(self._port.fileno())
            self._port.close()
        if self._timer is not None:
            self._timer.cancel()
        self._port = self._timer = self._lost = None

    def _end(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _readable(self) -> None:
        if self._port is None:
            return
        try:
            self._counts["answered_bytes"] += len(self._port.read())
        except BusError as error:
            running_loop().remove_reader(self._port.fileno())
            self._end(str(error))

    def _write(self) -> None:
        """Begin the newest text, once the last one is written and its time is over."""
        if self._port is None or self._left or self._timer is not None or self._wanted == self._shown:
            return
        now_ns = loop_ns()
        if now_ns + SLACK_NS < self._next_ns:
            self._timer = call_at_ns(self._next_ns, self._due)
            return
        self._shown = self._wanted
        self._left = self._packet(self._shown)
        self._next_ns = now_ns + self._every_ns
        self._counts["packets"] += 1
        self._give_up_ns = now_ns + TAKE_NS_MAX
        self._hand_over()

    def _due(self) -> None:
        self._timer = None
        if self._left:
            self._hand_over()
        else:
            self._write()

    def _hand_over(self) -> None:
        """As much as the port takes now, and the rest a little later."""
        assert self._port is not None
        try:
            self._left = self._left[self._port.write(self._left) :]
        except BusError as error:
            self._end(str(error))
            return
        now_ns = loop_ns()
        if not self._left:
            self._timer = call_at_ns(self._next_ns, self._due)
        elif now_ns < self._give_up_ns:
            self._timer = call_at_ns(now_ns + TAKE_NS, self._due)
        else:
            self._end(f"the display at {self._settings.port} takes nothing for {TAKE_NS_MAX // MS} ms")
