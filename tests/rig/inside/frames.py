"""Bits lost at real lines: 26 and 37 bit frames, slow and fast; idle, beside busy processes, stalled, in a storm.

The readers' process has no core, which would mute a reader in a storm for good after some tenths of a second: here it
is the driver's own rest that has to spare the others, from the storm's first edge on.
"""

from __future__ import annotations

import heapq
import json
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from chips import Chip, Player, Step, frame, pi_header
from says import arguments, check, figure

from firmware.bench.clock import rest

FRAMES = 1_000
PAUSE_NS = 60_000_000  # between two frames
TIMES = ((50_000, 1_000_000), (20_000, 200_000))  # pulse, interval
LENGTHS = (26, 37)
READERS = {"one": (17, 27), "two": (22, 23), "noisy": (24, 25)}
BUSY = 4
BURN = "/menshen/tests/rig/inside/burn"
STALL_S, STALL_EVERY_S = 0.3, 1.0
NOISE_NS = 50_000  # between edges: 10 kHz
START_S_MAX = 30.0
LATE_NS_MAX = 2_000_000  # the wires' far end: more, and it was not what it is said to be
QUIET_S = 0.2  # what comes earlier may be the rest of a torn frame
AFTER_S = 1.0


class Card(NamedTuple):
    """The bits of a card as they are sent."""

    bits: str

    @property
    def told(self) -> tuple[int, int]:
        return int(self.bits, 2), len(self.bits)


def h10301(chance: random.Random) -> Card:
    """24 bits behind an even parity of the first twelve, before an odd one of the last twelve (SIA AC-01)."""
    data = _data(chance, 24)
    return Card(_even(data[:12]) + data + _odd(data[12:]))


def h10302(chance: random.Random) -> Card:
    """35 bits behind an even parity of the first eighteen, before an odd one of the last eighteen (HID: H10302)."""
    data = _data(chance, 35)
    return Card(_even(data[:18]) + data + _odd(data[17:]))


MAKERS: dict[int, Callable[[random.Random], Card]] = {26: h10301, 37: h10302}


def _data(chance: random.Random, length: int) -> str:
    return "".join(chance.choice("01") for _ in range(length))


def _even(bits: str) -> str:
    return str(bits.count("1") % 2)


def _odd(bits: str) -> str:
    return str(1 - bits.count("1") % 2)


class Reading:
    """The process with the readers, and the frames that it told."""

    def __init__(self, names: list[str]) -> None:
        words = [f"{name}=GPIO{READERS[name][0]},GPIO{READERS[name][1]}" for name in names]
        self.process = subprocess.Popen(
            [sys.executable, "/menshen/tests/rig/inside/reader.py", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.told: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
        self.counters: dict[str, dict[str, int]] = {}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        if not self._ready.wait(START_S_MAX):
            raise RuntimeError("the readers did not start")
        rest(QUIET_S)

    def end(self) -> None:
        rest(AFTER_S)
        self.process.stdin.close()
        self._thread.join(START_S_MAX)
        self.process.kill()
        self.process.wait()

    def _listen(self) -> None:
        for line in self.process.stdout:
            if line == "ready\n":
                self._ready.set()
            elif line.startswith("{"):
                self.counters = json.loads(line)
            else:
                name, bits, length = line.split()
                self.told[name].append((int(bits), int(length)))


def cards(
    name: str, length: int, count: int, times: tuple[int, int], start_ns: int = 0
) -> tuple[list[Card], list[Step]]:
    """So many cards of one length, and the steps of their frames at one reader."""
    chance = random.Random(f"{name} {length} {times}")
    pulse_ns, interval_ns = times
    made = [MAKERS[length](chance) for _ in range(count)]
    steps: list[Step] = []
    for index, card in enumerate(made):
        at_ns = start_ns + index * (length * interval_ns + PAUSE_NS)
        steps += frame(card.bits, *READERS[name], at_ns, pulse_ns, interval_ns)
    return made, steps


def lost_bits(made: list[Card], told: list[tuple[int, int]]) -> int:
    """Bits of frames that were not told, in their order; and of frames that nobody sent."""
    left = iter(told)
    lost, got = 0, next(left, None)
    for card in made:
        if got == card.told:
            got = next(left, None)
        else:
            lost += len(card.bits)
    while got is not None:
        lost += got[1]
        got = next(left, None)
    return lost


@contextmanager
def idle(process: subprocess.Popen[str]) -> Iterator[None]:
    yield


@contextmanager
def busy(process: subprocess.Popen[str]) -> Iterator[None]:
    """Four processes that do nothing but compute."""
    burning = [subprocess.Popen([BURN]) for _ in range(BUSY)]
    try:
        yield
    finally:
        for each in burning:
            each.kill()
            each.wait()


@contextmanager
def stalled(process: subprocess.Popen[str]) -> Iterator[None]:
    """The readers' process stands still for 0.3 s of each second."""
    over = threading.Event()

    def stall() -> None:
        while not over.wait(STALL_EVERY_S - STALL_S):
            process.send_signal(signal.SIGSTOP)
            rest(STALL_S)
            process.send_signal(signal.SIGCONT)

    stalling = threading.Thread(target=stall)
    stalling.start()
    try:
        yield
    finally:
        over.set()
        stalling.join()


Load = Callable[[subprocess.Popen[str]], AbstractContextManager[None]]
LOADS: dict[str, Load] = {"idle": idle, "busy": busy, "stalled": stalled}
STORM = "storm"


def one_reader(chip: Chip, count: int, load: Load) -> None:
    for times in TIMES:
        for length in LENGTHS:
            reading = Reading(["one"])
            made, steps = cards("one", length, count, times)
            with load(reading.process):
                late_ns = Player(chip, steps).end(2 * steps[-1].at_ns / 1e9 + START_S_MAX)
                if load is not stalled:
                    rest(AFTER_S)
            reading.end()
            lost = lost_bits(made, reading.told["one"])
            pace = f"{times[0] // 1000} us each {times[1] // 1000} us"
            what = f"{count} frames of {length} bits, {pace}, {load.__name__}"
            check(f"{what}: no bit is lost", lost == 0, (lost, late_ns, reading.counters))
            check(f"{what}: they were sent at this pace", late_ns <= LATE_NS_MAX, late_ns)
            figure(f"{what}: lost", lost, "bits")
            figure(f"{what}: an edge was late by at most", late_ns / 1000, "us")


def noise(end_ns: int) -> Iterator[Step]:
    """An edge each NOISE_NS, on one of two lines."""
    chance, level = random.Random(10), dict.fromkeys(READERS["noisy"], True)
    for at_ns in range(0, end_ns, NOISE_NS):
        line = chance.choice(READERS["noisy"])
        level[line] = not level[line]
        yield Step(at_ns, line, level[line])


def a_storm_beside(chip: Chip, count: int) -> None:
    """Two readers are used at once while the wires of a third carry a noise of 10 kHz."""
    made_one, one = cards("one", 26, count, TIMES[0])
    made_two, two = cards("two", 37, count, TIMES[0], start_ns=7_300_000)
    steps = list(heapq.merge(one, two, noise(max(one[-1].at_ns, two[-1].at_ns))))
    reading = Reading(list(READERS))
    late_ns = Player(chip, steps).end(2 * steps[-1].at_ns / 1e9 + START_S_MAX)
    reading.end()
    lost = lost_bits(made_one, reading.told["one"]), lost_bits(made_two, reading.told["two"])
    what = f"two readers, {count} frames each, beside 10 kHz noise at a third"
    check(f"{what}: no bit is lost", lost == (0, 0), (lost, late_ns, reading.counters))
    check(f"{what}: the third tells no card", reading.told["noisy"] == [], reading.told["noisy"][:3])
    check(f"{what}: they were sent at this pace", late_ns <= LATE_NS_MAX, late_ns)
    figure(f"{what}: lost", sum(lost), "bits")
    figure(f"{what}: an edge was late by at most", late_ns / 1000, "us")
    figure(f"{what}: edges of noise", len(steps) - len(one) - len(two), "edges")
    figure(f"{what}: rests of the third", reading.counters["noisy"]["storms"], "rests")


def main() -> None:
    chip = pi_header()
    for pair in READERS.values():
        for line in pair:
            chip.drive(line, True)
    count = arguments().get("frames", FRAMES)
    parts = arguments().get("parts", [*LOADS, STORM])
    for name, load in LOADS.items():
        if name in parts:
            one_reader(chip, count, load)
    if STORM in parts:
        a_storm_beside(chip, count)
    chip.close()


if __name__ == "__main__":
    main()
