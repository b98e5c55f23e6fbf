"""One RS-485 line of OSDP readers: one port, one transaction at a time, whoever is due longest goes first.

No thread and no task: bytes come by the loop's reader, turns by one timer. An idle step of libosdp takes some 2 us, so
it needs no thread of its own; a thread would have to hold its state against the loop's.

A reader's turn ends with its answer, or 200 ms after what was sent has left the port (IEC 60839-11-5), or, where an
answer has begun by then, when that is complete. A busy kernel may hand an answer over later than that: then the others
have had their turns meanwhile, and it is heard all the same.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Protocol

from drivers.bus.lines import BusError
from drivers.bus.modbus_wire import SerialWire
from drivers.bus.osdp_member import Member, Turn
from drivers.loop_time import SLACK_NS, call_at_ns, loop_ns
from drivers.modbus_settings import Line as Port
from drivers.serial_settings import Parity
from drivers.wire.osdp import FRAME_BYTES_MAX, Frame, Scanner, judge

MS = 1_000_000
REPLY_NS = 200 * MS
LATENCY_NS = 20 * MS  # of adapters: USB hands over what came every 16 ms at worst
CHARACTER_BITS = 10
GAP_CHARACTERS = 2  # of silence before the next command: SIA OSDP 2.2
STEPS_MAX = 8  # turns that were asked for without anything to send, before the loop gets its own


class Wire(Protocol):
    """An open port. Nothing of it waits."""

    def fileno(self) -> int: ...
    def read(self) -> bytes: ...
    def write(self, frame: bytes) -> None: ...
    def close(self) -> None: ...


class _Flight(NamedTuple):
    turn: Turn
    limit_ns: int
    last_ns: int  # for an answer that has begun


def open_port(name: str, baud: int) -> Wire:
    """Open a serial port as OSDP has it: 8 bits, no parity, 1 stop bit. Raises BusError."""
    return SerialWire(Port(name, baud, Parity.NONE))


class OsdpLine:
    """Readers join and leave; with the first the port is opened, with the last it is closed."""

    def __init__(self, name: str, baud: int, open_wire: Callable[[str, int], Wire] = open_port) -> None:
        self.name = name
        self._open_wire = open_wire
        self._baud = baud
        self._character_ns = CHARACTER_BITS * 1_000_000_000 // baud
        self._wire: Wire | None = None
        self._members: list[Member] = []
        self._flight: _Flight | None = None
        self._overdue: dict[Member, Turn] = {}  # what may still be answered
        self._scanner = Scanner()
        self._quiet_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self.counts: Counter[str] = Counter()

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    def join(self, member: Member) -> None:
        """Take a reader in. Raises BusError where the port cannot be opened or the address is taken."""
        for other in self._members:
            if other.address == member.address:
                raise BusError(f"address {member.address} of {self.name} is held by {other.name}")
        if self._wire is None:
            self._wire = self._open_wire(self.name, self._baud)
            asyncio.get_running_loop().add_reader(self._wire.fileno(), self._on_readable)
            self._scanner.reset()
            self._quiet_ns = loop_ns() + self._gap_ns
        self._members.append(member)
        self.kick()

    def leave(self, member: Member) -> None:
        """Let a reader go; nothing if it has gone."""
        if member not in self._members:
            return
        self._members.remove(member)
        self._overdue.pop(member, None)
        if self._flight is not None and self._flight.turn.member is member:
            # Its answer may still come: the line waits for as long as it would have.
            self._quiet_ns = self._flight.limit_ns
            self._flight = None
        if not self._members:
            self.close()
        else:
            self.kick()

    def kick(self) -> None:
        """Something may be due: a reader has a command."""
        if self._flight is None and self._wire is not None:
            self._at(max(self._quiet_ns, loop_ns()), self._next)

    def close(self) -> None:
        """Close the port. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._flight = None
        self._overdue.clear()
        wire, self._wire = self._wire, None
        if wire is not None:
            asyncio.get_running_loop().remove_reader(wire.fileno())
            wire.close()

    # -- turns --------------------------------------------------------------------------------------------------------

    @property
    def _gap_ns(self) -> int:
        return GAP_CHARACTERS * self._character_ns

    def _next(self) -> None:
        """Give whoever is due longest its turn."""
        self._timer = None
        if self._flight is not None or self._wire is None:
            return
        now_ns = loop_ns()
        if now_ns + SLACK_NS < self._quiet_ns:
            self._at(self._quiet_ns, self._next)
            return
        for _ in range(STEPS_MAX):
            member = min(self._members, key=lambda each: each.due_ns, default=None)
            if member is None:
                return
            if member.due_ns > now_ns + SLACK_NS:
                self._at(member.due_ns, self._next)
                return
            self._overdue.pop(member, None)
            turn = member.turn(now_ns)
            if turn is not None:
                self._send(turn)
                return
        self._at(now_ns + MS, self._next)

    def _send(self, turn: Turn) -> None:
        assert self._wire is not None, "only an open line has turns"
        self._scanner.reset()
        try:
            self._wire.write(turn.written)
        except BusError as error:
            self._lost(str(error))
            return
        self.counts["commands"] += 1
        left_ns = loop_ns() + len(turn.written) * self._character_ns
        limit_ns = left_ns + REPLY_NS + LATENCY_NS
        self._flight = _Flight(turn, limit_ns, limit_ns + FRAME_BYTES_MAX * self._character_ns)
        self._at(limit_ns, self._on_limit)

    def _on_readable(self) -> None:
        if self._wire is None:
            return
        try:
            received = self._wire.read()
        except BusError as error:
            self._lost(str(error))
            return
        flight, now_ns = self._flight, loop_ns()
        if flight is None:  # a line that babbles must not keep everybody waiting
            self.counts["unasked_bytes"] += len(received)
            for frame in self._scanner.feed(received):
                if self._heard_late(frame, now_ns):
                    self.kick()
            return
        self._quiet_ns = now_ns + self._gap_ns
        for frame in self._scanner.feed(received):
            if not frame.is_reply or self._heard_late(frame, now_ns):
                continue  # an adapter that hears itself; or an answer that came late
            if self._flight is not flight:
                break  # whoever heard of it let the reader go
            refusal = judge(frame, flight.turn.command)
            if refusal is None:
                self._flight = None
                self._scanner.reset()
                self.counts["answers"] += 1
                flight.turn.member.hear(frame, now_ns)
                break
            flight.turn.member.refuse(refusal)
        if self._flight is None and self._wire is not None:
            self._at(max(self._quiet_ns, now_ns), self._next)

    def _heard_late(self, frame: Frame, now_ns: int) -> bool:
        """Whether it answers what was given up, under the seal of its channel: nobody else can have said that."""
        found = (each for each, turn in self._overdue.items() if frame.sealed and judge(frame, turn.command) is None)
        member = next(found, None)
        if member is None:
            return False
        del self._overdue[member]
        self.counts["answers"] += 1
        member.counts["late"] += 1
        member.hear(frame, now_ns)
        return True

    def _on_limit(self) -> None:
        self._timer = None
        flight = self._flight
        if flight is None:
            return
        now_ns = loop_ns()
        if self._scanner.midway and now_ns < flight.last_ns:
            self._at(min(now_ns + LATENCY_NS, flight.last_ns), self._on_limit)
            return
        self._flight = None
        self._quiet_ns = now_ns + self._gap_ns
        if flight.turn.member.give_up(now_ns):
            self._overdue[flight.turn.member] = flight.turn
        if self._wire is not None:
            self._at(self._quiet_ns, self._next)

    def _lost(self, why: str) -> None:
        """The port is gone: so is every reader on it."""
        members, self._members = self._members, []
        self.close()
        for member in members:
            member.line_lost(why)

    def _at(self, at_ns: int, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = call_at_ns(at_ns, callback)


class OsdpLines:
    """The OSDP lines of this machine, each opened once for all readers that name it."""

    def __init__(self, open_wire: Callable[[str, int], Wire] = open_port) -> None:
        self._open_wire = open_wire
        self._lines: dict[str, OsdpLine] = {}

    def line(self, name: str, baud: int) -> OsdpLine:
        """The line of this name. Its speed is that of the first reader; `menshen check` compares the others."""
        return self._lines.setdefault(name, OsdpLine(name, baud, self._open_wire))
