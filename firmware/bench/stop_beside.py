"""What goes on beside the samples of `menshen bench stop`: a storm on every reader, and stalls of the whole process."""

from __future__ import annotations

import random
import signal
import threading

from drivers.bus.lines import Edge
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.lane_rig import LANES, LaneRig

SEED = 23
# A storm of both lines, as the rehearsal's readers have it.
STORM_HZ, SLICE_NS = 10_000, 2_000_000
GUST_S, LULL_S = 3.0, 3.0  # after a lull a reader is muted for mute_ms again, not for a multiple of it
STALL_S, STALL_EVERY_S = 0.3, 40.0

Span = tuple[int, int]


class Storm(threading.Thread):
    """Noise of STORM_HZ on both data lines of all readers, in gusts, from the instant at which all lanes are at work.

    Only edges that somebody watches are sent: a kernel hands over no others.
    """

    def __init__(self, rig: LaneRig, under_way: threading.Semaphore) -> None:
        super().__init__(name="storm", daemon=True)
        self._far_end = rig.far_end
        self._data = rig.wiring.data
        self._under_way = under_way
        self._random = random.Random(SEED)
        self._over = threading.Event()
        self.gusts_ns: list[Span] = []
        self.edges = 0

    def run(self) -> None:
        for _ in range(LANES):
            self._under_way.acquire()
        while not self._over.is_set():
            begun_ns = monotonic_ns()
            self._gust(begun_ns)
            self.gusts_ns.append((begun_ns, monotonic_ns()))
            self._over.wait(LULL_S)

    def end(self) -> None:
        self._over.set()
        self.join()

    def heard(self) -> list[Span]:
        """When the controller listened to at least one reader in a gust. What overlaps is told more than once."""
        watches: list[Span] = []
        for line, _ in self._data:
            since_ns = None
            for told in [each for each in self._far_end.watched if each.line == line]:
                if told.on:
                    since_ns = told.at_ns
                elif since_ns is not None:
                    watches.append((since_ns, told.at_ns))
                    since_ns = None
            if since_ns is not None:
                watches.append((since_ns, monotonic_ns()))
        pairs = [(max(gust[0], watch[0]), min(gust[1], watch[1])) for gust in self.gusts_ns for watch in watches]
        return [(begun, until) for begun, until in pairs if begun < until]

    def _gust(self, begun_ns: int) -> None:
        at_ns = begun_ns
        while at_ns < begun_ns + GUST_S * 1e9 and not self._over.is_set():
            rest(max(0, at_ns + SLICE_NS - monotonic_ns()) / 1e9)
            for data in self._data:
                if data[0] in self._far_end.claimed:
                    self._slice(data, at_ns)
            at_ns += SLICE_NS

    def _slice(self, data: tuple[str, str], begun_ns: int) -> None:
        drawn, gap_ns = self._random.random, 1_000_000_000 // STORM_HZ
        noise: list[Edge] = []
        for line in data:
            at_ns, level = begun_ns, False
            while (at_ns := at_ns + gap_ns // 2 + int(drawn() * gap_ns)) < begun_ns + SLICE_NS:
                noise.append(Edge(line, level, at_ns))
                level = not level
            noise.append(Edge(line, True, begun_ns + SLICE_NS))
        self.edges += len(noise)
        self._far_end.send(noise)


class Stalls(threading.Thread):
    """Stops the whole process for STALL_S, again and again; `spans_ns`: when."""

    def __init__(self, rig: LaneRig, count: int) -> None:
        super().__init__(name="stalls", daemon=True)
        assert rig.process is not None
        self._process = rig.process
        self._count = count
        self.spans_ns: list[Span] = []

    def run(self) -> None:
        rng = random.Random(SEED)
        for _ in range(self._count):
            rest(STALL_EVERY_S * rng.uniform(0.9, 1.1))
            begun_ns = monotonic_ns()
            self._process.send_signal(signal.SIGSTOP)
            rest(STALL_S)
            self._process.send_signal(signal.SIGCONT)
            self.spans_ns.append((begun_ns, monotonic_ns()))
