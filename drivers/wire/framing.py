"""From edges of two Wiegand lines to bursts of bits: what is a bit, what is noise, and where a frame ends.

No I/O and no clock: stamps come with the edges, and the owner calls expire() when `deadline_ns` is reached. All times
are nanoseconds. Figures are those of SIA AC-01 (pulse 20-100 us, interval 0.2-20 ms) with the tolerances named here.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from drivers.bus.lines import Edge, Overflow
from drivers.reports import NoiseKind
from drivers.wire.wiegand_formats import FRAME_BITS_MAX

PULSE_NS_MIN = 20_000  # the standard's; shorter is a glitch
PULSE_NS_CUT = 10_000  # of a pulse among such short ones: its falling edge was stamped so much later than the rising
PULSE_NS_MAX = 500_000  # five times the standard's: cheap readers stretch their pulses; longer is a short circuit
INTERVAL_NS_MIN = 160_000  # from pulse to pulse: the standard's 0.2 ms less a fifth for slow clocks and stamps
INTERVAL_NS_MAX = 25_000_000  # the standard's 20 ms and a quarter
INTERVAL_SPREAD_MAX = 3  # longest interval of a frame over its shortest: a reader clocks its bits, noise does not
GAP_INTERVALS = 3  # silence of so many of its own intervals ends a frame
GAP_NS_MIN = 2_000_000  # a reader that bangs its bits in software may be interrupted this long
GAP_NS_MAX = 60_000_000  # three times the standard's longest interval
QUIET_NS_MIN = 50_000_000  # before a frame: less, and it may be the rest of one that was torn; nobody is so quick
QUIET_GAPS = 2
STORM_EDGES = 2 * FRAME_BITS_MAX  # noise without a pause is told in pieces of this size


class Burst(msgspec.Struct, frozen=True):
    """Bits between two silences, the first received bit highest. With a flaw it is no frame, whatever its bits.

    `torn`: it began so soon after another burst that it may be the rest of a longer one. `storm_ns`: how long it took
    where it is the first or a further STORM_EDGES edges of noise without a pause, else 0.
    """

    bits: int
    length: int
    first_ns: int
    last_ns: int
    flaw: NoiseKind | None
    torn: bool
    storm_ns: int = 0


class Framer:
    """Collects the edges of D0 and D1. Both lines rest high; a low pulse on D0 is a 0, on D1 a 1.

    One bad pulse or interval spoils the whole burst: dropping just the pulse could turn a long card into a short one.
    """

    def __init__(self, d0: str, d1: str) -> None:
        assert d0 != d1
        self._d1 = d1
        self._fell_ns: int | None = None  # of the pulse under way
        self._fell_line = ""
        self._low = 0  # lines that are low
        self._hanging = 0  # lines that were still low when their burst was given up
        self._active = False
        self._bits = 0
        self._length = 0
        self._spoiled_edges = 0
        self._spoiled_ns = 0  # from here on they are counted
        self._first_ns = 0
        self._bit_ns = 0  # falling edge of the last bit
        self._end_ns = 0  # last edge
        self._shortest_ns = 0
        self._longest_ns = 0
        self._narrowest_ns = 0  # of the pulses
        self._widest_ns = 0
        self._flaw: NoiseKind | None = None
        self._torn = False
        self.overflows = 0
        self._quiet_from_ns = 0  # from here on a new burst is not torn

    @property
    def length(self) -> int:
        """Complete bits of the burst under way; 0 when it is spoiled."""
        return self._length if self._flaw is None and self._fell_ns is None else 0

    @property
    def deadline_ns(self) -> int | None:
        """When the burst under way is over if nothing more comes; None between bursts."""
        return self._bit_ns + self._gap_ns() if self._active else None

    def feed(self, edges: Iterable[Edge | Overflow]) -> list[Burst]:
        """Take edges in order of their stamps; returns the bursts that the stamps show to be over."""
        ended: list[Burst] = []
        for edge in edges:
            if isinstance(edge, Overflow):
                self._spoil(edge.at_ns)
                continue
            at_ns = edge.at_ns
            silence_ns = at_ns - self._bit_ns
            if silence_ns > GAP_NS_MIN and self._active and silence_ns > self._gap_ns() and not self._low:
                ended.append(self._end())
            if edge.level:
                self._rise(edge.line, at_ns)
            else:
                self._fall(edge.line, at_ns)
            if self._flaw is not None:
                if self._spoiled_edges == 0:
                    self._spoiled_ns = at_ns
                self._spoiled_edges += 1
                if self._spoiled_edges >= STORM_EDGES:
                    ended.append(self._burst(max(1, at_ns - self._spoiled_ns)))
                    self._spoiled_edges = 0
        return ended

    def expire(self, now_ns: int) -> Burst | None:
        """The burst under way when its deadline has passed, else None."""
        deadline_ns = self.deadline_ns
        if deadline_ns is None or now_ns < deadline_ns:
            return None
        if self._low:
            self._flaw = self._flaw or NoiseKind.NOISE
        return self._end()

    def peek(self) -> Burst:
        """The burst under way, which goes on."""
        return self._burst()

    def cut(self) -> Burst:
        """End the burst under way at its last bit, for a reader that declares that no longer frame exists."""
        assert self.length > 0
        return self._end()

    def reset(self, at_ns: int) -> None:
        """The lines are watched from here on; what comes at once may be the rest of a frame that began before."""
        self._active = False
        self._low = self._hanging = 0
        self._fell_ns = None
        self._quiet_from_ns = at_ns + QUIET_NS_MIN

    def _spoil(self, at_ns: int) -> None:
        """Edges were lost before this point: what is under way is no frame, and what follows may be its rest."""
        self.overflows += 1
        if not self._active:
            self._begin(at_ns)
            self._low = 0
        self._flaw = self._flaw or NoiseKind.NOISE
        self._bit_ns = max(self._bit_ns, at_ns)
        self._fell_ns = None
        self._low = 0

    def _fall(self, line: str, at_ns: int) -> None:
        bit_ns, self._bit_ns = self._bit_ns, at_ns
        self._end_ns = at_ns
        self._low += 1
        if not self._active:
            self._begin(at_ns)
        elif self._flaw is None:
            interval_ns = at_ns - bit_ns
            if self._length == 1:
                self._shortest_ns = self._longest_ns = interval_ns
            elif interval_ns < self._shortest_ns:
                self._shortest_ns = interval_ns
            elif interval_ns > self._longest_ns:
                self._longest_ns = interval_ns
            if (
                interval_ns < INTERVAL_NS_MIN
                or interval_ns > INTERVAL_NS_MAX
                or self._longest_ns > INTERVAL_SPREAD_MAX * self._shortest_ns
                or self._low != 1
            ):
                self._flaw = NoiseKind.NOISE
        self._fell_ns = at_ns
        self._fell_line = line

    def _rise(self, line: str, at_ns: int) -> None:
        fell_ns, self._fell_ns = self._fell_ns, None
        if not self._active:
            if self._hanging > 0:
                self._hanging -= 1
                return  # the end of a pulse whose burst is over already
            self._bit_ns = at_ns
            self._begin(at_ns)
            self._flaw = NoiseKind.NOISE  # its beginning was lost, and so is this bit
        self._end_ns = at_ns
        self._low = max(0, self._low - 1)
        if self._flaw is not None:
            return
        if fell_ns is None or line != self._fell_line or not self._is_pulse(at_ns - fell_ns):
            self._flaw = NoiseKind.NOISE
        elif self._length >= FRAME_BITS_MAX:
            self._flaw = NoiseKind.OVERLONG
        else:
            self._bits = self._bits << 1 | (line == self._d1)
            self._length += 1

    def _is_pulse(self, width_ns: int) -> bool:
        """Whether a reader makes pulses as wide as this one and those before it."""
        if self._length == 0 or width_ns < self._narrowest_ns:
            self._narrowest_ns = width_ns
        if self._length == 0 or width_ns > self._widest_ns:
            self._widest_ns = width_ns
        if self._narrowest_ns >= PULSE_NS_MIN:
            return width_ns <= PULSE_NS_MAX
        return self._narrowest_ns >= PULSE_NS_MIN - PULSE_NS_CUT and self._widest_ns <= 2 * PULSE_NS_MIN

    def _begin(self, at_ns: int) -> None:
        self._active = True
        self._bits = self._length = 0
        self._low = 1
        self._spoiled_edges = 0
        self._hanging = 0
        self._first_ns = at_ns
        self._shortest_ns = self._longest_ns = 0
        self._flaw = None
        self._torn = at_ns < self._quiet_from_ns

    def _gap_ns(self) -> int:
        if self._flaw is not None or self._length < 2:
            return INTERVAL_NS_MAX  # a second bit may come so late; and noise is over when it has been quiet so long
        return min(max(GAP_INTERVALS * self._longest_ns, GAP_NS_MIN), GAP_NS_MAX)

    def _burst(self, storm_ns: int = 0) -> Burst:
        flaw = self._flaw
        if flaw is None and self._length > 0 and self._widest_ns < PULSE_NS_MIN:
            flaw = NoiseKind.NOISE  # glitches alone
        return Burst(self._bits, self._length, self._first_ns, self._end_ns, flaw, self._torn, storm_ns)

    def _end(self) -> Burst:
        burst = self._burst()
        # A glitch alone tears nothing; a burst with bits may be the first part of something.
        if self._length > 0:
            self._quiet_from_ns = self._end_ns + max(QUIET_NS_MIN, QUIET_GAPS * self._gap_ns())
        self._active = False
        self._hanging, self._low = self._low, 0
        self._fell_ns = None
        return burst
