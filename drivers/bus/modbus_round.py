"""Who is asked next on a Modbus port, and what its answer means for its turn. No I/O: the port asks, and tells.

Writes go first, then watchdogs, then a poll that is put again because it showed a change, then the boards in the order
in which they have waited. A round polls every board that answers. Between two rounds there is one *extra*: a board that
does not answer is tried, a last write goes to a board that has left, or a slow poll is made. So silent boards cost the
others one time limit a round, however many they are.

A board is *out of step* after anything but an answer: something of it may still be under way. It is told and asked
nothing that is believed until it has answered its fence, a read whose answer looks like no poll's and no write's. A
board answers in order, so whatever was late has come before that.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

from drivers.loop_time import SLACK_NS
from drivers.modbus_times import POLLS_LOST
from drivers.wire.modbus import Fault, Refusal, Request

WRITES_IN_A_ROW_MAX = 8  # then a poll: an output that is switched for ever must not make the inputs deaf
LAST_TRIES = 2  # of the last writes to a board that was lost, before it is left to its watchdog


class Member(Protocol):
    """A board as the port sees it. Nothing here may raise."""

    id: str
    unit: int
    answer_ms: int
    poll_ns: int
    slow_ns: int
    fast: tuple[Request, ...]
    slow: tuple[Request, ...]
    fence: Request
    feed: Request | None
    feed_ns: int
    counts: Counter[str]

    def write(self) -> Request | None:
        """The next write that is due, or None."""

    def sending(self, request: Request) -> None:
        """This write goes out: until it is confirmed nobody knows what the board has."""

    def written(self, request: Request) -> None:
        """The board has confirmed this write."""

    def answered(self, request: Request, values: tuple[int, ...], at_ns: int) -> bool:
        """A poll's values; True: put the same poll again at once."""

    def last_writes(self) -> Sequence[Request]:
        """What leaves its outputs as they must be when it is lost."""

    def lost(self, why: str) -> None:
        """It is no member any more."""


class What(Enum):
    """What a transaction is for."""

    WRITE = auto()
    LAST = auto()  # of a board that has left
    FEED = auto()
    POLL = auto()
    SLOW = auto()
    FENCE = auto()


class Seat:
    """A member with what the round knows of it."""

    def __init__(self, member: Member, now_ns: int) -> None:
        self.member = member
        self.strikes = 0
        self.heard = False  # it has answered a poll since it joined
        self.in_step = False  # what it was asked by who was here before may still be answered
        self.wrote = False  # since it fell out of step
        self.turn_ns = now_ns
        self.due_ns = now_ns
        self.slow_due_ns = now_ns + member.slow_ns
        self.feed_due_ns = now_ns
        self.next = 0  # of its fast polls, within this turn
        self.next_slow = 0
        self.again: Request | None = None

    @property
    def doubtful(self) -> bool:
        return self.strikes > 0 or not self.heard


class Turn(NamedTuple):
    """One transaction. `sure`: what it confirms can be believed."""

    seat: Seat | None
    what: What
    request: Request
    answer_ms: int
    sure: bool = False


class Round:
    """The boards of one port and whose turn it is."""

    def __init__(self) -> None:
        self.seats: list[Seat] = []
        self._owed: set[Seat] = set()  # to be polled before the next extra
        self._last: deque[tuple[Request, int, int]] = deque()  # request, answer_ms, tries left
        self._writes = 0

    @property
    def empty(self) -> bool:
        """Nobody is here, and nothing is left to be sent."""
        return not self.seats and not self._last

    def join(self, member: Member, now_ns: int) -> None:
        self.seats.append(Seat(member, now_ns))

    def forget(self, seat: Seat) -> None:
        self.seats.remove(seat)
        self._owed.discard(seat)

    def send_last(self, requests: Sequence[Request], answer_ms: int) -> None:
        """Have these sent although their board has left."""
        waiting = {request for request, _, _ in self._last}
        self._last.extend((request, answer_ms, LAST_TRIES) for request in requests if request not in waiting)

    def clear(self) -> None:
        self.seats.clear()
        self._owed.clear()
        self._last.clear()

    # -- what is next -------------------------------------------------------------------------------------------------

    def next(self, now_ns: int) -> Turn | None:
        """What to do now; None: nothing before wake_ns()."""
        now_ns += SLACK_NS
        extra = not self._owed
        turn = self._write(extra) or self._feed(now_ns) or self._again()
        if turn is None and extra:
            turn = self._extra(now_ns)
        if turn is None:
            turn = self._poll(now_ns)
        if turn is not None and (turn.what in (What.LAST, What.SLOW) or (turn.seat is not None and turn.seat.doubtful)):
            self._owed = {seat for seat in self.seats if not seat.doubtful and seat is not turn.seat}
        return turn

    def wake_ns(self) -> int | None:
        """When next() has something to do again, unless a member wants to write."""
        times = []
        for seat in self.seats:
            times.append(seat.due_ns)
            if seat.member.slow and not seat.doubtful:
                times.append(max(seat.slow_due_ns, *(each.due_ns for each in self._owed), 0))
            if seat.member.feed is not None and not seat.doubtful:
                times.append(seat.feed_due_ns)
        return min(times, default=None)

    def _write(self, extra: bool) -> Turn | None:
        if self._writes >= WRITES_IN_A_ROW_MAX:
            self._writes = 0
            return None
        for seat in self.seats:
            # Out of step it is told once, at once and without being believed; then it must come into step again.
            if seat.wrote or (seat.doubtful and not extra):
                continue
            request = seat.member.write()
            if request is not None:
                self._writes += 1
                seat.wrote = not seat.in_step
                seat.member.sending(request)
                return Turn(seat, What.WRITE, request, seat.member.answer_ms, seat.in_step)
        self._writes = 0
        return None

    def _feed(self, now_ns: int) -> Turn | None:
        for seat in self.seats:
            if seat.member.feed is not None and not seat.doubtful and seat.feed_due_ns <= now_ns:
                seat.feed_due_ns = now_ns + seat.member.feed_ns
                return Turn(seat, What.FEED, seat.member.feed, seat.member.answer_ms)
        return None

    def _again(self) -> Turn | None:
        for seat in self.seats:
            if seat.again is not None and seat.in_step:
                return Turn(seat, What.POLL, seat.again, seat.member.answer_ms)
        return None

    def _extra(self, now_ns: int) -> Turn | None:
        if self._last:
            request, answer_ms, _ = self._last[0]
            return Turn(None, What.LAST, request, answer_ms)
        doubtful = [seat for seat in self.seats if seat.doubtful and seat.due_ns <= now_ns]
        if doubtful:
            return self._ask(min(doubtful, key=lambda seat: seat.due_ns), now_ns)
        for seat in self.seats:
            if seat.member.slow and not seat.doubtful and seat.in_step and seat.slow_due_ns <= now_ns:
                request = seat.member.slow[seat.next_slow]
                seat.next_slow = (seat.next_slow + 1) % len(seat.member.slow)
                seat.slow_due_ns = now_ns + seat.member.slow_ns
                return Turn(seat, What.SLOW, request, seat.member.answer_ms)
        return None

    def _poll(self, now_ns: int) -> Turn | None:
        due = [seat for seat in self.seats if not seat.doubtful and seat.due_ns <= now_ns]
        return self._ask(min(due, key=lambda seat: seat.due_ns), now_ns) if due else None

    def _ask(self, seat: Seat, now_ns: int) -> Turn:
        """The next fast poll of a seat; its fence where it is out of step."""
        if seat.next == 0:
            seat.turn_ns = now_ns
        what = What.POLL if seat.in_step else What.FENCE
        request = seat.member.fast[seat.next] if seat.in_step else seat.member.fence
        return Turn(seat, what, request, seat.member.answer_ms)

    # -- what has become of it ----------------------------------------------------------------------------------------

    def good(self, seat: Seat, turn: Turn, values: tuple[int, ...], now_ns: int) -> None:
        """It was answered."""
        member = seat.member
        if turn.what is What.FENCE:
            self._in_step(seat, now_ns)
        if turn.what is What.WRITE and turn.sure:
            member.written(turn.request)
        if turn.what not in (What.POLL, What.SLOW):
            return
        seat.strikes = 0
        seat.heard = True
        repeated, seat.again = seat.again is turn.request, None
        if member.answered(turn.request, values, now_ns) and not repeated:
            seat.again = turn.request  # once: an input that never rests must not keep the others waiting
        if turn.what is What.POLL and not repeated:
            seat.next = (seat.next + 1) % len(member.fast)
            if seat.next == 0:
                seat.due_ns = max(seat.turn_ns + member.poll_ns, now_ns)
                self._owed.discard(seat)

    def bad(self, seat: Seat, turn: Turn, refusal: Refusal, now_ns: int) -> str | None:
        """It was not. Returns why the board is lost, where it is: it is the port's to tell."""
        member = seat.member
        member.counts[refusal.fault] += 1
        spoke = refusal.fault is Fault.EXCEPTION
        if spoke and turn.what is What.FENCE:
            self._in_step(seat, now_ns)
            return None
        if spoke and turn.what in (What.WRITE, What.FEED):
            return f"{said(refusal, turn.request)}: does its profile fit it?"
        seat.again = None
        seat.strikes += 1
        seat.in_step = seat.in_step and spoke
        seat.wrote = turn.what is What.WRITE and not seat.in_step
        seat.due_ns = now_ns + member.poll_ns
        seat.next = 0
        self._owed.discard(seat)
        if seat.strikes >= POLLS_LOST:
            return f"{said(refusal, turn.request)}, {POLLS_LOST} times in a row"
        return None

    def ended_last(self, answered: bool) -> None:
        """A last write has gone. A board that does not answer is tried once more, then nothing is sent to it."""
        request, answer_ms, tries = self._last.popleft()
        if answered:
            return
        if tries > 1:
            self._last.appendleft((request, answer_ms, tries - 1))
        else:
            self._last = deque(each for each in self._last if each[0].unit != request.unit)

    @staticmethod
    def _in_step(seat: Seat, now_ns: int) -> None:
        seat.in_step, seat.wrote = True, False
        seat.due_ns = now_ns  # to be asked what it was to be asked when it fell out of step
        seat.next = 0


def said(refusal: Refusal, request: Request) -> str:
    """What a refusal was, for people."""
    asked = f"unit {request.unit}, function {request.function:d} at {request.address}"
    if refusal.fault is Fault.EXCEPTION:
        return f"{asked} was refused with exception {refusal.code}"
    words = {
        Fault.TIMEOUT: "was not answered",
        Fault.SHORT: "was answered by a frame that is cut",
        Fault.CRC: "was answered by noise",
        Fault.WRONG_UNIT: "was answered by another unit",
        Fault.LATE: "was answered by what was asked before",
    }
    return f"{asked} {words[refusal.fault]}"
