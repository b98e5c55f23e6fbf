"""A Wiegand reader: card frames and keys from two data lines, lights and buzzer on up to three outputs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from drivers.bus.lines import BusError, Edge, EdgeStream, Lines, Overflow
from drivers.driver import Emit
from drivers.indicator import Indicator, Lamp
from drivers.loop_time import AHEAD_NS_MAX, SLACK_NS, call_at_ns, loop_ns, running_loop
from drivers.noise import NoiseCount
from drivers.reports import Digits, DriverError, Frame, NoiseKind
from drivers.settings import LevelWord, LineUse, Problem
from drivers.wire.ambiguity import ambiguities
from drivers.wire.framing import Burst, Framer
from drivers.wire.keypad import BUFFERED_BITS, LENGTH_OF, KeypadKind, decode_keys
from drivers.wire.wiegand import Card, Refusal, decode_in_order, lengths_of
from drivers.wire.wiegand_formats import LAYOUTS

if TYPE_CHECKING:
    import asyncio

STORM_NS_MAX = 100_000_000  # STORM_EDGES in less time, 4,000 edges a second or more, take time that others need
REST_NS = 250_000_000  # that such a reader is not listened to: with a storm of 10 kHz it has 8 % of what it would take
STORM_PIECE_NS_MIN = 1_000_000  # quicker than any edges come: a rest counts for at most 250 pieces
FORMATS_MAX = 16  # of one reader: more is a mistake, since each length should have one meaning

_stamp = attrgetter("at_ns")


class WiegandConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="wiegand"):
    """A `[[device]]` table of kind "wiegand"."""

    id: str
    d0: str
    d1: str
    formats: tuple[str, ...] = ()  # in order; may be empty for a keypad alone
    longest_frame: bool = False  # no longer card exists: the last bit of the longest format ends the frame
    keypad: KeypadKind = KeypadKind.NONE
    led_green: str | None = None
    led_red: str | None = None
    buzzer: str | None = None
    indicator_level: LevelWord = (
        LevelWord.HIGH
    )  # of the board's pin when lit: a transistor pulls the reader's wire down

    def indicators(self) -> dict[Lamp, str]:
        """The indicator lines that there are."""
        lines = {Lamp.GREEN: self.led_green, Lamp.RED: self.led_red, Lamp.BUZZER: self.buzzer}
        return {lamp: line for lamp, line in lines.items() if line is not None}

    def lines(self) -> tuple[LineUse, ...]:
        lit = self.indicator_level.level
        indicators = (("led_green", self.led_green), ("led_red", self.led_red), ("buzzer", self.buzzer))
        return (
            LineUse("d0", self.d0, False, False),
            LineUse("d1", self.d1, False, False),
            *(LineUse(key, line, True, lit, not lit) for key, line in indicators if line is not None),
        )

    def problems(self) -> tuple[Problem, ...]:
        return tuple(_problems(self))


class Wiegand:
    """Reports decodable frames, keys, and noise in sums; shows feedback.

    A Frame is sent only for bits that one of the reader's formats accepts: parities and constant bits are checked
    here, who the card belongs to is nobody's business here.
    """

    def __init__(self, config: WiegandConfig, lines: Lines) -> None:
        self.id = config.id
        self._config = config
        self._lines = lines
        self._framer = Framer(config.d0, config.d1)
        self._lengths = lengths_of(config.formats)
        self._longest = max(self._lengths, default=0)
        self._shortest = min((*self._lengths, LENGTH_OF.get(config.keypad, BUFFERED_BITS)))
        self._key_length = LENGTH_OF.get(config.keypad)
        self._noise = NoiseCount(config.id)
        self._indicator = Indicator(config.id, lines, config.indicators(), config.indicator_level.level)
        self._emit: Emit | None = None
        self._stream: EdgeStream | None = None
        self._righted: Counter[str] = Counter()  # by the bus, in streams of before
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._asked_ns: int | None = None  # the deadline had passed then, and what came before is read in this turn
        self._muted = False
        self._unheard = 0  # pieces that a storm had while we rested from it, if it still goes on
        self._rested_ns = 0  # when we began to listen again
        self._key_last = False  # the last burst was a key
        self._opening: asyncio.Task[None] | None = None  # listening again after a mute
        self._failed: asyncio.Future[str] | None = None  # why it could not
        self._counts = {"frames": 0, "keys": 0, "bits": 0, "storms": 0, "mutes": 0}

    async def run(self, emit: Emit) -> None:
        """Watch the data lines, unless muted, and hold the indicators."""
        self._emit = emit
        self._noise.start(emit)
        import asyncio  # here: `menshen safe` makes readers and runs none

        self._failed = running_loop().create_future()
        watch: asyncio.Task[str] | None = None
        try:
            await self._lines.open()
            self._indicator.start()
            if not self._muted:
                await self._listen()
            watch = asyncio.create_task(self._lines.lost(), name=f"{self.id}: loss of the bus")
            await asyncio.wait((watch, self._failed), return_when=asyncio.FIRST_COMPLETED)
            why = watch.result() if watch.done() else self._failed.result()
            raise DriverError(f"{self.id}: the reader is lost with its bus: {why}")
        except BusError as error:
            raise DriverError(f"{self.id}: the reader's lines cannot be had: {error}") from error
        finally:
            self._deafen()
            for task in (watch, self._opening):
                if task is not None:
                    task.cancel()
                    await asyncio.wait((task,))
            self._indicator.stop()
            self._noise.stop()
            self._failed = self._emit = None

    def show(self, feedback: str) -> None:
        self._indicator.show(feedback)

    def mute(self, muted: bool) -> None:
        """Stop watching the data lines, or watch them again. Holds over a restart of the device."""
        if muted == self._muted:
            return
        self._muted = muted
        if muted:
            self._counts["mutes"] += 1
            self._deafen()
        else:
            self._open_again()

    def safe(self) -> None:
        self._indicator.safe()

    def counters(self) -> dict[str, int]:
        """Frames, keys, bits, rests from storms, mutes, noise by kind (`noise_parity`), and what the bus put right."""
        noise = {f"noise_{kind.value}": self._noise.totals[kind] for kind in NoiseKind}
        others = {"overflows": self._framer.overflows, "indicator_failures": self._indicator.failures}
        righted = Counter(self._righted)
        if self._stream is not None:
            righted.update(self._stream.counters())
        return self._counts | noise | others | dict(righted)

    # -- data lines ---------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        config = self._config
        self._framer.reset(loop_ns())
        self._stream = self._lines.claim_edges((config.d0, config.d1), config.id, self._on_edges)
        await self._stream.ready()

    def _open_again(self) -> None:
        if self._failed is not None:
            self._opening = running_loop().create_task(
                self._listen_again(self._failed), name=f"{self.id}: listen again"
            )

    async def _listen_again(self, failed: asyncio.Future[str]) -> None:
        try:
            await self._listen()
        except BusError as error:
            if not failed.done():
                failed.set_result(str(error))

    def _deafen(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
        if self._stream is not None:
            self._righted.update(self._stream.counters())
            self._stream.close()
            self._stream = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_edges(self, edges: Sequence[Edge | Overflow]) -> None:
        framer = self._framer
        if len(edges) > 1:
            edges = sorted(edges, key=_stamp)
        now_ns = loop_ns()
        if edges[-1].at_ns > now_ns + AHEAD_NS_MAX:
            self._noise.add(NoiseKind.NOISE)
            framer.reset(now_ns)
            return
        for burst in framer.feed(edges):
            self._judge(burst, now_ns)
        if self._stream is None:
            return  # it rests from a storm
        if self._config.longest_frame and framer.length == self._longest > 0:
            self._cut_longest()
        self._arm()

    def _arm(self) -> None:
        """One timer at the deadline. One that is too early is left: it looks again, which is cheaper than a new one."""
        deadline_ns = self._framer.deadline_ns
        if deadline_ns is None or self._emit is None:
            return
        if self._timer is not None:
            if self._timer_ns <= deadline_ns:
                return
            self._timer.cancel()
        self._timer_ns = deadline_ns
        self._timer = call_at_ns(deadline_ns, self._on_deadline)

    def _on_deadline(self) -> None:
        """The silence is over, if the next turn of the loop reads no bit that lies there unread.

        What ran before this timer may have taken long; and a process that is stopped and goes on runs its timers before
        it looks at its descriptors: epoll_wait() ends with EINTR, and Python then says that nothing has come.
        """
        self._timer = None
        now_ns, asked_ns, self._asked_ns = loop_ns(), self._asked_ns, None
        burst = None if asked_ns is None else self._framer.expire(asked_ns)
        if burst is not None:
            self._judge(burst, now_ns)
        deadline_ns = self._framer.deadline_ns
        if deadline_ns is not None and deadline_ns <= now_ns + SLACK_NS:
            self._asked_ns = max(now_ns, deadline_ns)
            self._timer_ns = now_ns
            self._timer = call_at_ns(now_ns, self._on_deadline)  # after the descriptors of the loop's next turn
            return
        self._arm()

    def _cut_longest(self) -> None:
        """The reader says that no longer card exists: a good frame of the longest length is over with its last bit."""
        peek = self._framer.peek()
        if peek.torn or not isinstance(decode_in_order(self._config.formats, peek.bits, peek.length), Card):
            return
        self._judge(self._framer.cut(), loop_ns())

    def _judge(self, burst: Burst, ended_ns: int) -> None:
        """Frame, key or noise."""
        key_before, self._key_last = self._key_last, False
        emit = self._emit
        if emit is None:
            return
        self._counts["bits"] += burst.length
        if burst.flaw is not None:
            self._noise.add(burst.flaw)
            if 0 < burst.storm_ns < STORM_NS_MAX and self._stream is not None:
                self._rest(burst)
            return
        is_key = burst.length == self._key_length
        if burst.torn and not (is_key and key_before):
            self._noise.add(NoiseKind.NOISE)
        elif is_key:
            self._judge_key(burst, emit)
        elif burst.length in self._lengths:
            found = decode_in_order(self._config.formats, burst.bits, burst.length)
            if isinstance(found, Card):
                self._counts["frames"] += 1
                emit(Frame(self.id, burst.bits, burst.length, burst.first_ns, burst.last_ns, ended_ns))
            else:
                self._noise.add(NoiseKind.PARITY if found is Refusal.PARITY else NoiseKind.UNKNOWN_FORMAT)
        else:
            self._noise.add(NoiseKind.SHORT if burst.length < self._shortest else NoiseKind.UNKNOWN_FORMAT)

    def _rest(self, burst: Burst) -> None:
        """Do not listen for a while: a storm at one reader's wires must not take the time of all others.

        A storm that goes on behind a rest went on through it: what it had then counts too, by its pace. Once the core
        has muted the reader, nobody listens at all.
        """
        assert burst.flaw is not None
        unheard, self._unheard = self._unheard, REST_NS // max(burst.storm_ns, STORM_PIECE_NS_MIN)
        self._counts["storms"] += 1
        self._deafen()
        self._timer = call_at_ns(loop_ns() + REST_NS, self._rested)
        if unheard and burst.first_ns - self._rested_ns < REST_NS:
            self._noise.add(burst.flaw, unheard)

    def _rested(self) -> None:
        self._timer = None
        self._rested_ns = loop_ns()
        self._open_again()

    def _judge_key(self, burst: Burst, emit: Emit) -> None:
        keys = decode_keys(self._config.keypad, burst.bits, burst.length)
        if isinstance(keys, Refusal):
            self._noise.add(NoiseKind.PARITY if keys is Refusal.PARITY else NoiseKind.UNKNOWN_FORMAT)
            return
        self._key_last = True
        self._counts["keys"] += 1
        emit(Digits(self.id, keys, burst.last_ns))


def _problems(config: WiegandConfig) -> list[Problem]:
    """What is wrong with values of the right type."""
    problems: list[Problem] = []
    if config.d0 == config.d1:
        problems.append(Problem("d1", config.d1, "another line than d0"))
    known = [name for name in config.formats if name in LAYOUTS]
    problems += [
        Problem(f"formats[{index}]", name, f"one of {', '.join(LAYOUTS)}")
        for index, name in enumerate(config.formats)
        if name not in LAYOUTS
    ]
    if len(config.formats) > FORMATS_MAX:
        problems.append(Problem("formats", f"{len(config.formats)} formats", f"at most {FORMATS_MAX}"))
    elif not config.formats and config.keypad is KeypadKind.NONE:
        problems.append(Problem("formats", "no format and no keypad", "at least one format, or a keypad"))
    else:
        problems += [
            Problem(
                "formats",
                f"{found.first} and {found.second}, which both accept {found.bits:0{found.length}b}",
                "formats of which each frame fits at most one",
            )
            for found in ambiguities(known)
        ]
    if config.keypad is KeypadKind.BUFFERED and BUFFERED_BITS in lengths_of(known):
        problems.append(
            Problem(
                "keypad", "buffered, with a format of 26 bits", "another keypad mode: a PIN would be read as a card"
            )
        )
    if config.longest_frame and not known:
        problems.append(Problem("longest_frame", "true, without a format", "false"))
    return problems
