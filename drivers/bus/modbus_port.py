"""One Modbus port: one master, one transaction at a time, the line's silence kept. Turns are modbus_round.py's.

No task: everything happens in callbacks of the loop, so that leaving a port ends it at once.

What arrives before a request can have left the port is an answer to an earlier one, and not believed. Nothing else is
asked before a transaction's time limit unless its answer has come, so that a slow answer meets nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from drivers.bus.lines import BusError
from drivers.bus.modbus_round import Member, Round, Seat, Turn, What
from drivers.bus.modbus_wire import Wire
from drivers.loop_time import SLACK_NS, call_at_ns, loop_ns
from drivers.modbus_settings import Line
from drivers.modbus_times import silence_ms, soonest_ms, time_limit_ms
from drivers.wire.modbus import Answer, Fault, Refusal, Request
from drivers.wire.modbus_codec import at_the_end, encode_rtu, encode_tcp, judge_rtu, judge_tcp, next_tcp

MS = 1_000_000
CONNECT_NS_MAX = 1_000 * MS
BABBLE_NS_MAX = 100 * MS  # of bytes that nobody asked for, without a pause; then somebody is to blame for a turn
RECEIVED_BYTES_MAX = 1024  # of one transaction: four frames
ALIVE_NS = 100 * MS  # between two questions whether the core still steps
DEAD = "the controller's core does not step any more, so its outputs are let go"


class _Flight(NamedTuple):
    """The transaction that is running."""

    turn: Turn
    number: int
    soonest_ns: int
    limit_ns: int


class Port:
    """Boards join and leave; with the first the port is opened, with the last it is closed."""

    def __init__(self, line: Line, open_wire: Callable[[Line], Wire], alive: Callable[[], bool]) -> None:
        self.line = line
        self._open_wire = open_wire
        self._alive = alive
        self._wire: Wire | None = None
        self._connecting = False
        self._round = Round()
        self._flight: _Flight | None = None
        self._received = bytearray()
        self._spoiled: Fault | None = None  # of the running transaction
        self._held: Answer | Refusal | None = None  # its answer, while the silence after it is waited for
        self._number = 0
        self._quiet_ns = 0  # when the line will have been silent for long enough
        self._babble_ns: int | None = None  # since when bytes come unasked without a pause
        self._alive_ns = 0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self._wire is not None

    # -- boards -------------------------------------------------------------------------------------------------------

    def join(self, member: Member) -> None:
        """Take a board in. Raises BusError where the port cannot be opened or the unit is taken."""
        for seat in self._round.seats:
            if seat.member.unit == member.unit:
                raise BusError(f"unit {member.unit} of {self.line.name} is held by {seat.member.id}")
        if self._wire is None:
            self._open()
        self._round.join(member, loop_ns())
        self.kick()

    def leave(self, member: Member) -> None:
        """Let a board go; nothing if it has gone. The last one closes the port, unless last writes are still to go."""
        for seat in [seat for seat in self._round.seats if seat.member is member]:
            self._forget(seat)
        if self._round.empty:
            self.close()

    def kick(self) -> None:
        """Something is due: a member has a write."""
        if self._flight is None and self._wire is not None and not self._connecting:
            self._at(loop_ns(), self._next)

    def send_last(self, requests: Sequence[Request], answer_ms: int) -> None:
        """Have these sent, whether their board is a member or not. Only while the port is open."""
        self._round.send_last(requests, answer_ms)
        self.kick()

    def give_up(self, member: Member, why: str) -> None:
        """A member says that its board is not what it should be."""
        for seat in [seat for seat in self._round.seats if seat.member is member]:
            self._lose(seat, why)

    def close(self) -> None:
        """End at once; members are not told. Idempotent."""
        wire, self._wire = self._wire, None
        if wire is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(wire.fileno())
            loop.remove_writer(wire.fileno())
            wire.close()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._flight = self._babble_ns = None
        self._round.clear()

    def _open(self) -> None:
        self._wire = self._open_wire(self.line)
        self._received.clear()
        self._quiet_ns = loop_ns() + round(silence_ms(self.line) * MS)
        loop = asyncio.get_running_loop()
        try:
            self._connecting = not self._wire.ready()
        except BusError:
            self.close()
            raise
        if self._connecting:
            loop.add_writer(self._wire.fileno(), self._connected)
            self._at(loop_ns() + CONNECT_NS_MAX, self._too_slow)
        loop.add_reader(self._wire.fileno(), self._readable)

    def _forget(self, seat: Seat) -> None:
        self._round.forget(seat)
        if self._flight is not None and self._flight.turn.seat is seat:
            self._flight = self._flight._replace(turn=self._flight.turn._replace(seat=None))

    def _lose(self, seat: Seat, why: str) -> None:
        self._round.send_last(seat.member.last_writes(), seat.member.answer_ms)
        self._forget(seat)
        seat.member.lost(why)

    def _fail(self, why: str) -> None:
        """The port itself is gone, and everybody with it."""
        members = [seat.member for seat in self._round.seats]
        self.close()
        for member in members:
            member.lost(why)

    # -- the wire -----------------------------------------------------------------------------------------------------

    def _at(self, at_ns: int, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = call_at_ns(at_ns, callback)

    def _connected(self) -> None:
        assert self._wire is not None
        try:
            self._connecting = not self._wire.ready()
        except BusError as error:
            self._fail(str(error))
            return
        if not self._connecting:
            asyncio.get_running_loop().remove_writer(self._wire.fileno())
            self.kick()

    def _too_slow(self) -> None:
        self._fail(f"{self.line.name} does not take a connection within {CONNECT_NS_MAX // MS} ms")

    def _readable(self) -> None:
        if self._wire is None or self._connecting:
            return
        try:
            received = self._wire.read()
        except BusError as error:
            self._fail(str(error))
            return
        if not received:
            return
        now_ns = loop_ns()
        self._quiet_ns = max(self._quiet_ns, now_ns + round(silence_ms(self.line) * MS))
        flight = self._flight
        if not self._wire.rtu:
            self._received += received
            self._take_tcp()
        elif flight is None:
            if self._babble_ns is None:
                self._babble_ns = now_ns
                self._count_unasked()
        elif now_ns < flight.soonest_ns:
            self._spoil(Fault.LATE)
        elif len(self._received) + len(received) > RECEIVED_BYTES_MAX:
            self._spoil(Fault.CRC)
        else:
            self._received += received
            if self._spoiled is None:
                self._take(judge_rtu(flight.turn.request, bytes(self._received)))

    def _take_tcp(self) -> None:
        """Frames of a stream; those with another number are late answers, and only counted."""
        while self._wire is not None and (frame := next_tcp(bytes(self._received))) is not None:
            if isinstance(frame, Refusal):
                self._fail(f"{self.line.name} sends what is no Modbus/TCP: is it another service's port?")
                return
            del self._received[: frame.size]
            flight = self._flight
            if flight is None or frame.transaction != flight.number:
                self._count_unasked()
            else:
                self._take(judge_tcp(flight.turn.request, flight.number, frame))

    def _take(self, verdict: Answer | Refusal | None) -> None:
        """An answer or an exception ends the transaction; anything else spoils it, and it ends at its time limit.

        Of RTU, silence is part of a frame: one that is followed by more bytes was none.
        """
        assert self._wire is not None
        if verdict is None or self._spoiled is not None:
            return
        if isinstance(verdict, Refusal) and verdict.fault is not Fault.EXCEPTION:
            self._spoil(verdict.fault)
        elif self._wire.rtu:
            self._held = verdict
            self._at(self._quiet_ns, self._settled)
        else:
            self._end(verdict)

    def _settled(self) -> None:
        """The silence after an answer has come, unless something came into it in this very turn of the loop."""
        self._readable()
        if self._held is not None and self._flight is not None:
            self._end(self._held)

    def _spoil(self, fault: Fault) -> None:
        if self._spoiled is None and self._flight is not None:
            self._spoiled, self._held = fault, None
            self._at(self._flight.limit_ns, self._expired)

    def _count_unasked(self) -> None:
        """A frame that nobody waits for: most likely the answer of a board that has just been given up."""
        suspects = [seat for seat in self._round.seats if not seat.in_step] or self._round.seats
        if suspects:
            suspects[0].member.counts[Fault.LATE] += 1

    # -- transactions -------------------------------------------------------------------------------------------------

    def _next(self) -> None:
        """Start what is due, or wait until something is."""
        if self._wire is None or self._flight is not None:
            return
        now_ns = loop_ns()
        self._look_after_core(now_ns)
        if self._round.empty:
            self.close()
        elif now_ns + SLACK_NS < self._quiet_ns:
            if self._babble_ns is None or now_ns - self._babble_ns < BABBLE_NS_MAX:
                self._at(self._quiet_ns, self._next)
            else:
                self._babble(now_ns)
        else:
            self._babble_ns = None
            turn = self._round.next(now_ns)
            if turn is not None:
                self._start(turn, now_ns)
            elif (wake_ns := self._round.wake_ns()) is not None:
                self._at(max(wake_ns, now_ns + MS), self._next)

    def _look_after_core(self, now_ns: int) -> None:
        """While the core does not step nobody is asked anything, so that every watchdog on this port starves."""
        if now_ns >= self._alive_ns:
            self._alive_ns = now_ns + ALIVE_NS
            if not self._alive():
                self._alive_ns = now_ns
                for seat in list(self._round.seats):
                    self._lose(seat, DEAD)

    def _babble(self, now_ns: int) -> None:
        """Bytes without an end: nobody can be asked. It counts against the board whose turn it was."""
        self._babble_ns = now_ns
        seat = min(self._round.seats, key=lambda each: each.due_ns, default=None)
        if seat is None:
            self.close()
            return
        turn = Turn(seat, What.POLL, seat.member.fence, seat.member.answer_ms)
        why = self._round.bad(seat, turn, Refusal(Fault.CRC), now_ns)
        if why is not None:
            self._lose(seat, why)
        self.kick()

    def _start(self, turn: Turn, now_ns: int) -> None:
        assert self._wire is not None
        rtu = self._wire.rtu
        if rtu:
            self._received.clear()
        self._spoiled = self._held = None
        self._number = self._number % 0xFFFF + 1
        limit_ns = now_ns + round(time_limit_ms(self.line, turn.request, turn.answer_ms) * MS)
        self._flight = _Flight(turn, self._number, now_ns + round(soonest_ms(self.line) * MS), limit_ns)
        if turn.seat is not None:
            turn.seat.member.counts["writes" if turn.what is What.WRITE else "polls"] += 1
        try:
            self._wire.write(encode_rtu(turn.request) if rtu else encode_tcp(turn.request, self._number))
        except BusError as error:
            self._fail(str(error))
            return
        self._at(limit_ns, self._expired)

    def _expired(self) -> None:
        self._readable()  # what came in this very turn of the loop came in time
        flight = self._flight
        if flight is None or self._wire is None:
            return
        if loop_ns() + SLACK_NS < flight.limit_ns:
            self._at(flight.limit_ns, self._expired)
        elif self._spoiled is not None:
            self._end(Refusal(self._spoiled))
        else:
            self._end(at_the_end(flight.turn.request, bytes(self._received) if self._wire.rtu else b""))

    def _end(self, verdict: Answer | Refusal) -> None:
        flight, self._flight = self._flight, None
        assert flight is not None
        now_ns = loop_ns()
        turn, seat = flight.turn, flight.turn.seat
        if turn.what is What.LAST:
            spoke = isinstance(verdict, Refusal) and verdict.fault is Fault.EXCEPTION
            self._round.ended_last(isinstance(verdict, Answer) or spoke)
        elif seat is not None and isinstance(verdict, Answer):
            self._round.good(seat, turn, verdict.values, now_ns)
        elif seat is not None and isinstance(verdict, Refusal):
            why = self._round.bad(seat, turn, verdict, now_ns)
            if why is not None:
                self._lose(seat, why)
        self.kick()
