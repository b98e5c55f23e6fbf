"""A reader of codes or tags on a serial port of its own; what it says is described in drivers/protocols."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from drivers.bus.lines import BusError
from drivers.bus.serial_port import OpenSerial, SerialPort, SerialSettings
from drivers.driver import Emit
from drivers.loop_time import SLACK_NS, call_at_ns, loop_ns, running_loop
from drivers.noise import NoiseCount
from drivers.reports import DriverError, Line, NoiseKind, Tag
from drivers.serial_protocol import ProtocolError, Reads, SerialProtocol, Understanding, load_protocol
from drivers.serial_settings import Parity, serial_problems
from drivers.settings import LineUse, Problem
from drivers.text_form import LENGTH, TextForm
from drivers.wire.serial_frames import framer_of

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000
REPEAT_MS = (100, 10_000)
SILENT_MS = (1_000, 3_600_000)
TEXTS_MAX = 64  # that are remembered for repeats: more tags than a lane has in its field
READS_MAX = 20  # told within READS_NS; what comes above that is a flood, and no longer told one by one
READS_NS = 1_000 * MS


class SerialReaderConfig(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="serial_reader"
):
    """A `[[device]]` table of kind "serial_reader". What is not given is as the protocol has it.

    `text_...`: what this site's codes look like (text_form.py). Whatever looks otherwise is noise.
    """

    id: str
    port: str
    protocol: str
    baud: int | None = None
    parity: Parity | None = None
    stop_bits: int | None = None
    repeat_ms: int | None = None
    silent_ms_max: int = 0  # a reader with a heartbeat is lost after that; 0: its silence says nothing
    text_starts: str = ""
    text_characters: str = ""
    text_min: int = LENGTH[0]
    text_max: int = LENGTH[1]

    def settings(self) -> SerialSettings:
        """How the port is opened; good for use when there are no problems."""
        protocol = load_protocol(self.protocol)
        return SerialSettings(
            self.port,
            self.baud if self.baud is not None else protocol.baud,
            self.parity if self.parity is not None else protocol.parity,
            self.stop_bits if self.stop_bits is not None else protocol.stop_bits,
        )

    def described(self) -> SerialProtocol | None:
        """The protocol; None where there is none of this name."""
        try:
            return load_protocol(self.protocol)
        except ProtocolError:
            return None

    def form(self) -> TextForm:
        """What its texts look like here."""
        return TextForm(self.text_starts, self.text_characters, self.text_min, self.text_max)

    def repeats_ms(self) -> int:
        """Within which the same text is not told again."""
        protocol = self.described()
        return self.repeat_ms if self.repeat_ms is not None else protocol.repeat.ms if protocol is not None else 0

    def lines(self) -> tuple[LineUse, ...]:
        """None of the board's: a port is no line."""
        return ()

    def problems(self) -> tuple[Problem, ...]:
        return tuple(self._problems())

    def _problems(self) -> Iterator[Problem]:
        yield from serial_problems(self.port, self.baud)
        yield from self.form().problems("text_")
        if self.stop_bits not in (None, 1, 2):
            yield Problem("stop_bits", str(self.stop_bits), "1 or 2")
        if self.repeat_ms is not None and not REPEAT_MS[0] <= self.repeat_ms <= REPEAT_MS[1]:
            yield Problem("repeat_ms", str(self.repeat_ms), f"{REPEAT_MS[0]} to {REPEAT_MS[1]}")
        try:
            protocol = load_protocol(self.protocol)
        except ProtocolError as error:
            yield Problem("protocol", self.protocol, str(error))
            return
        silent = self.silent_ms_max
        if silent and not SILENT_MS[0] <= silent <= SILENT_MS[1]:
            yield Problem("silent_ms_max", str(silent), f"0 (no limit), or {SILENT_MS[0]} to {SILENT_MS[1]}")
        elif silent and not protocol.idle:
            yield Problem("silent_ms_max", str(silent), f"0: a reader of {protocol.id} has no heartbeat")


class Told:
    """The texts that were told or seen lately, a bounded number of them."""

    def __init__(self, repeat_ns: int, *, since_seen: bool) -> None:
        self._repeat_ns = repeat_ns
        self._since_seen = since_seen
        self._at_ns: dict[str, int] = {}

    def repeats(self, text: str, now_ns: int) -> bool:
        """Whether the same text was there too lately; if not, it is told now."""
        at_ns = self._at_ns.get(text)
        again = at_ns is not None and now_ns - at_ns < self._repeat_ns
        if not again or self._since_seen:
            self._at_ns.pop(text, None)
            self._at_ns[text] = now_ns  # the newest stands last
            if len(self._at_ns) > TEXTS_MAX:
                del self._at_ns[next(iter(self._at_ns))]
        return again


class SerialReader:
    """Tells each code or tag once; what is none is noise, and counted by kind.

    Reads what is there when the port says so, never more than READ_BYTES at a time, and never waits. The rest of a
    frame that does not come within the protocol's silence is given up.
    """

    def __init__(self, config: SerialReaderConfig, open_port: OpenSerial) -> None:
        protocol = load_protocol(config.protocol)
        self.id = config.id
        self._settings = config.settings()
        self._open_port = open_port
        self._reads = protocol.reads
        self._framer = framer_of(protocol.framing)
        self._silence_ns = protocol.framing.silence_ms * MS
        self._understanding = Understanding(protocol)
        self._form = config.form()
        self._told = Told(config.repeats_ms() * MS, since_seen=protocol.repeat.since == "seen")
        self._silent_ns = config.silent_ms_max * MS
        self._noise = NoiseCount(config.id)
        self._emit: Emit | None = None
        self._port: SerialPort | None = None
        self._lost: asyncio.Future[str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._heard_ns = 0  # the last byte
        self._alive_ns: int | None = None  # the last whole frame of this run
        self._muted = False
        self._window_ns = 0
        self._in_window = 0
        self._counts = dict.fromkeys(("bytes", "frames", "reads", "repeats", "idle", "flooded", "mutes"), 0)

    async def run(self, emit: Emit) -> None:
        """Listen until the port is gone, or the reader has said nothing for too long."""
        loop = running_loop()
        self._emit = emit
        self._noise.start(emit)
        self._lost = lost = loop.create_future()
        try:
            self._port = port = self._open_port(self._settings)
            loop.add_reader(port.fileno(), self._readable)
            self._heard_ns = loop_ns()
            if self._silent_ns:
                self._watch = call_at_ns(self._heard_ns + self._silent_ns, self._look)
            why = await lost
            raise DriverError(f"{self.id}: {why}")
        except BusError as error:
            raise DriverError(f"{self.id}: {error}") from error
        finally:
            self._stop()

    def proven(self) -> bool:
        """A reader with a heartbeat was heard; the others cannot tell, and are believed."""
        return not self._silent_ns or self._alive_ns is not None

    def mute(self, muted: bool) -> None:
        """Ignore what the reader says, or listen again. Holds over a restart of the device."""
        if muted != self._muted:
            self._muted = muted
            self._counts["mutes"] += muted
            self._framer.reset()

    def safe(self) -> None:
        """An input has nothing to put right."""

    def counters(self) -> dict[str, int]:
        """Frames, reads, repeats that were not told, heartbeats, and noise by kind (`noise_checksum` and so on)."""
        return self._counts | {f"noise_{kind.value}": self._noise.totals[kind] for kind in NoiseKind}

    def _stop(self) -> None:
        if self._port is not None:
            running_loop().remove_reader(self._port.fileno())
            self._port.close()
        for timer in (self._timer, self._watch):
            if timer is not None:
                timer.cancel()
        self._noise.stop()
        self._framer.reset()
        self._port = self._timer = self._watch = self._emit = self._lost = self._alive_ns = None

    def _end(self, why: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _readable(self) -> None:
        if self._port is None:
            return
        try:
            received = self._port.read()
        except BusError as error:
            running_loop().remove_reader(self._port.fileno())
            self._end(str(error))
            return
        if not received:
            return
        self._counts["bytes"] += len(received)
        self._heard_ns = loop_ns()
        if self._muted:
            return
        for found in self._framer.feed(received):
            self._take(found)
        if self._framer.pending and self._timer is None:
            self._timer = call_at_ns(self._heard_ns + self._silence_ns, self._silent)

    def _silent(self) -> None:
        """Give up what is not whole, or look again later where bytes have come since."""
        self._timer = None
        if not self._framer.pending:
            return
        if loop_ns() + SLACK_NS < self._heard_ns + self._silence_ns:
            self._timer = call_at_ns(self._heard_ns + self._silence_ns, self._silent)
            return
        for found in self._framer.silence():
            self._take(found)

    def _look(self) -> None:
        """Whether the heartbeat is there. Noise proves nothing."""
        since_ns = self._alive_ns if self._alive_ns is not None else loop_ns() - self._silent_ns
        if loop_ns() + SLACK_NS < since_ns + self._silent_ns:
            self._watch = call_at_ns(since_ns + self._silent_ns, self._look)
            return
        self._end(
            f"the reader at {self._settings.port} has said nothing for {self._silent_ns // MS} ms, its silent_ms_max: "
            "look at its power, its cable and its heartbeat"
        )

    def _take(self, found: bytes | NoiseKind) -> None:
        emit = self._emit
        if emit is None:
            return
        said = found if isinstance(found, NoiseKind) else self._understanding.of(found)
        if not isinstance(said, NoiseKind) and said.text and not self._form.fits(said.text):
            said = NoiseKind.UNKNOWN_FORMAT
        if isinstance(said, NoiseKind):
            self._noise.add(said)
            return
        now_ns = loop_ns()
        self._alive_ns = now_ns
        self._counts["frames"] += 1
        if not said.text:
            self._counts["idle"] += 1
        elif self._told.repeats(said.text, now_ns):
            self._counts["repeats"] += 1
        elif self._floods(now_ns):
            self._counts["flooded"] += 1
            self._noise.add(NoiseKind.NOISE)
        else:
            self._counts["reads"] += 1
            report = Line if self._reads is Reads.CODE else Tag
            emit(report(self.id, said.text, now_ns))

    def _floods(self, now_ns: int) -> bool:
        if now_ns - self._window_ns >= READS_NS:
            self._window_ns, self._in_window = now_ns, 0
        self._in_window += 1
        return self._in_window > READS_MAX
