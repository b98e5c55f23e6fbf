"""A Wiegand reader with LEDs, buzzer, perhaps a keypad and a tamper switch: cards and keys become edges on D0 and D1.

Both lines idle high; a 0 is a low pulse on D0, a 1 one on D1 (SIA AC-01: pulse 20 to 100 us, interval 200 us to 20 ms).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from drivers.bus.lines import Edge
from firmware.rehearsal.errors import ActionError, BusyError
from firmware.rehearsal.frames import Frame, encode_key
from firmware.rehearsal.layout import ReaderLayout, high
from firmware.rehearsal.wires import Wires

QUEUE_NS_MAX = 5_000_000_000  # a reader holds this much to send; a person who waves more is told that it is busy
FRAME_GAP_NS = 150_000_000  # between frames and between keys: faster is no person's hand
FRAME_GAP_INTERVALS = 10  # and for slow readers this many of their own intervals: a frame must be over by then
KEYS_MAX = 16
STORM_SLICE_MS = 10  # noise is planned this far ahead
STORM_EDGE_HZ = 10_000
STORM_MS_MAX = 60_000
LOST_SHARE = 0.05  # of the edges, with the fault "lost_edges": most frames lose a bit or more


class Sent(NamedTuple):
    """Stamps of the first and the last falling edge (bit) of what was sent, in nanoseconds."""

    first_ns: int
    last_ns: int


class ReaderState(msgspec.Struct, frozen=True):
    """What a person sees at the reader."""

    id: str
    green: bool
    red: bool
    buzzer: bool
    sending: bool
    tampered: bool
    storm: bool
    faults: dict[str, bool]


class Reader:
    """One reader. Everything random comes from the wires' seed."""

    def __init__(self, layout: ReaderLayout, wires: Wires) -> None:
        self.layout = layout
        self._wires = wires
        self._free_ns = 0  # when the next frame may begin
        self._storm_until_ns = 0
        self._storm_hz = STORM_EDGE_HZ
        self._tampered = False
        self._faults = {"lost_edges": False, "wire_broken": False, "stuck_low": False}
        for line in (layout.d0, layout.d1):
            wires.add_input(line, True, layout.id)
        for lamp in (layout.led_green, layout.led_red, layout.buzzer):
            if lamp is not None:
                wires.add_output(lamp, layout.id, lambda _level, _at_ns: None)
        if layout.tamper is not None:
            wires.add_input(layout.tamper, False, layout.id)

    def present(self, frame: Frame, at_ns: int | None = None) -> Sent:
        """Send a frame now (or from `at_ns` on), after what is being sent. Raises BusyError when too much waits."""
        self._demand_free()
        return self._send(frame, at_ns)

    def press(self, keys: str) -> Sent:
        """Press keys one after the other. Raises ActionError for a wrong key or no keypad, BusyError as present()."""
        if not 0 < len(keys) <= KEYS_MAX:
            raise ActionError(f"1 to {KEYS_MAX} keys at once")
        frames = [encode_key(key, self.layout.keypad) for key in keys]
        self._demand_free()
        sent = [self._send(frame, None) for frame in frames]
        return Sent(sent[0].first_ns, sent[-1].last_ns)

    def _demand_free(self) -> None:
        if self._free_ns - self._wires.now_ns() > QUEUE_NS_MAX:
            raise BusyError(f"reader {self.layout.id} still sends; wait a moment")

    def _send(self, frame: Frame, at_ns: int | None) -> Sent:
        now_ns = self._wires.now_ns()
        sent = self._plan(frame, max(now_ns if at_ns is None else at_ns, self._free_ns))
        self._free_ns = sent.last_ns + max(FRAME_GAP_NS, FRAME_GAP_INTERVALS * self.layout.interval_us * 1_000)
        self._wires.changed()
        self._wires.call_in((self._free_ns - now_ns) / 1e6, self._wires.changed)
        return sent

    def _plan(self, frame: Frame, first_ns: int) -> Sent:
        pulse_ns, interval_ns = self.layout.pulse_us * 1_000, self.layout.interval_us * 1_000
        jitter_ns = min(self.layout.jitter_us * 1_000, (interval_ns - pulse_ns) // 3)
        at_ns = first_ns
        edges: list[Edge] = []
        for place in range(frame.length):
            nominal_ns = first_ns + place * interval_ns
            at_ns = nominal_ns + (self._wires.random.randint(0, jitter_ns) if place and jitter_ns > 0 else 0)
            line = self.layout.d1 if frame.bits >> (frame.length - 1 - place) & 1 else self.layout.d0
            edges += (Edge(line, False, at_ns), Edge(line, True, at_ns + pulse_ns))
        self._wires.put_frame(edges)
        return Sent(first_ns, at_ns)

    def storm(self, for_ms: int, edge_hz: int = STORM_EDGE_HZ) -> None:
        """Noise on both lines, each with about `edge_hz` edges a second. Raises ActionError over the limits."""
        if not (0 < for_ms <= STORM_MS_MAX and 0 < edge_hz <= 100_000):
            raise ActionError(f"a storm lasts 1 to {STORM_MS_MAX} ms with 1 to 100,000 edges a second")
        running = self._storm_until_ns > self._wires.now_ns()
        self._storm_until_ns = self._wires.now_ns() + for_ms * 1_000_000
        self._storm_hz = edge_hz
        if not running:
            self._storm_slice()

    def _storm_slice(self) -> None:
        now_ns = self._wires.now_ns()
        end_ns = min(now_ns + STORM_SLICE_MS * 1_000_000, self._storm_until_ns)
        gap_ns = 1_000_000_000 // self._storm_hz
        for line in (self.layout.d0, self.layout.d1):
            at_ns, level = now_ns, False
            noise: list[Edge] = []
            while (at_ns := at_ns + self._wires.random.randint(gap_ns // 2, gap_ns * 3 // 2)) < end_ns:
                noise.append(Edge(line, level, at_ns))
                level = not level
            self._wires.put_all([*noise, Edge(line, True, end_ns)])
        if end_ns < self._storm_until_ns:
            self._wires.call_in((end_ns - now_ns) / 1e6, self._storm_slice)
        else:
            self._wires.call_in((end_ns - now_ns) / 1e6, self._wires.changed)
        self._wires.changed()

    def set_tampered(self, tampered: bool) -> None:
        """Take the reader off the wall, or put it back. Raises ActionError when it has no switch for that."""
        if self.layout.tamper is None:
            raise ActionError(f"reader {self.layout.id} has no tamper switch")
        self._tampered = tampered
        self._wires.put(self.layout.tamper, tampered)
        self._wires.changed()

    def set_fault(self, fault: str, on: bool) -> None:
        """lost_edges: some edges never arrive; wire_broken: D1 reads high; stuck_low: D0 is shorted to ground."""
        match fault:
            case "lost_edges":
                for line in (self.layout.d0, self.layout.d1):
                    self._wires.lose_edges(line, LOST_SHARE if on else 0.0)
            case "wire_broken":
                self._wires.stick(self.layout.d1, fault, True if on else None)
            case "stuck_low":
                self._wires.stick(self.layout.d0, fault, False if on else None)
            case _:
                raise ActionError(f"a reader has no fault {fault[:40]!r}; it has {', '.join(self._faults)}")
        self._faults[fault] = on
        self._wires.changed()

    def state(self) -> ReaderState:
        now_ns = self._wires.now_ns()
        return ReaderState(
            id=self.layout.id,
            green=self._lit(self.layout.led_green),
            red=self._lit(self.layout.led_red),
            buzzer=self._lit(self.layout.buzzer),
            sending=self._free_ns - FRAME_GAP_NS > now_ns,
            tampered=self._tampered,
            storm=self._storm_until_ns > now_ns,
            faults=dict(self._faults),
        )

    def _lit(self, line: str | None) -> bool:
        return line is not None and self._wires.reaches(line) == high(self.layout.lit_level)
