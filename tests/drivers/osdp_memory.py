"""How much memory libosdp keeps for ever: for each poll, card, command, channel and context of an OSDP reader.

`python -m tests.drivers.osdp_memory` prints JSON: bytes for one of each, and what a day of four readers comes to.
Bytes are those that malloc has given out (glibc's mallinfo2), and Python allocates all of its own by it here, too. The
reader is in this process, so what its half keeps is counted with ours: it is at most so much.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import statistics
import sys
import time  # noqa: TID251  libosdp counts on the wall clock, and waits 50 ms between two polls
from collections.abc import Callable

from drivers.bus.osdp_panel import Panel
from drivers.osdp_words import commands
from tests.drivers.osdp_device import Device

KEY = bytes.fromhex("b1f2c3d4e5968778695a4b3c2d1e0f42")
CAPABILITIES = ((3, 1, 1), (4, 1, 1), (5, 1, 1), (8, 1, 0), (9, 1, 1), (13, 0, 1))
CARD = {"event": 1, "reader_no": 0, "format": 1, "direction": 0, "length": 26, "data": b"\x06\x21\xc1\x80"}
FIRST, CHUNKS, CHUNK = 100, 5, 80  # times of each: before it is counted; the median of five counts, as caches grow
STEPS_MAX, STEP_S = 4_000, 0.002
READERS = 4
CARDS_A_DAY = 2_000
COMMANDS_A_CARD = 3  # a light and a sound when it is granted, a light when it is over
POLLS_A_DAY = READERS * 86_400 * 1000 // 57  # at 115,200 baud; a slower line has fewer
CHANNELS_A_DAY = READERS * 24  # one an hour lost by each: a very bad line
CONTEXTS_A_DAY = 1  # a panel is begun anew, not made anew: by a key that is rolled, or a driver that is started again
MALLINFO2 = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"  # malloc.h


class _Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in MALLINFO2.split()]


_libc = ctypes.CDLL(None)
_libc.mallinfo2.restype = _Mallinfo2


def held_bytes() -> int:
    gc.collect()
    info = _libc.mallinfo2()
    return int(info.uordblks + info.hblkhd)


class Pair:
    """A panel and its reader."""

    def __init__(self) -> None:
        self.events = 0
        self.answers = 0
        self.made_anew = 0
        self.panel = Panel(1, KEY, True, self._told)
        self.device = Device(1, KEY, CAPABILITIES)
        self.until(lambda: self.panel.sealed)

    def _told(self, _event: object) -> None:
        self.events += 1

    def step(self) -> None:
        written = self.panel.command()
        if not written:
            time.sleep(STEP_S)
            return
        answer = self.device.answer(written)
        self.panel.hear(answer[answer.find(0x53) :])
        self.answers += 1

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(STEPS_MAX):
            if holds():
                return
            self.step()
        raise AssertionError("the reader does not answer")

    def answer(self) -> None:
        wanted = self.answers + 1
        self.until(lambda: self.answers >= wanted)

    def card(self) -> None:
        wanted = self.events + 1
        assert self.device.device.submit_event(CARD)
        self.until(lambda: self.events >= wanted)

    def command(self) -> None:
        (_, light), *_ = commands("lockdown", None, False)
        assert self.panel.submit(light)
        self.answer()

    def channel(self) -> None:
        if not self.panel.restart():  # as bus/osdp_member.py does
            self.panel = Panel(1, KEY, True, self._told)
            self.made_anew += 1
        self.until(lambda: self.panel.sealed and self.panel.online)

    def context(self) -> None:
        Panel(1, KEY, True, self._told)


def bytes_of(does: Callable[[], None]) -> float:
    """What stays for each time of what is done."""
    for _ in range(FIRST):
        does()
    found = []
    for _ in range(CHUNKS):
        before = held_bytes()
        for _ in range(CHUNK):
            does()
        found.append((held_bytes() - before) / CHUNK)
    return max(0.0, statistics.median(found))


def main() -> int:
    if os.environ.get("PYTHONMALLOC") != "malloc":
        again = [sys.executable, "-m", "tests.drivers.osdp_memory"]
        os.execve(sys.executable, again, os.environ | {"PYTHONMALLOC": "malloc"})
    pair = Pair()
    did = {"poll": pair.answer, "card": pair.card, "command": pair.command, "channel": pair.channel}
    held = {name: bytes_of(does) for name, does in (did | {"context": pair.context}).items()}
    a_day = {
        "polls": held["poll"] * POLLS_A_DAY,
        "cards": held["card"] * CARDS_A_DAY,
        "commands": held["command"] * CARDS_A_DAY * COMMANDS_A_CARD,
        "channels": held["channel"] * CHANNELS_A_DAY,
        "contexts": held["context"] * CONTEXTS_A_DAY * READERS,
    }
    said = {
        "bytes": {name: round(each, 1) for name, each in held.items()},
        "kilobytes_a_day": {name: round(each / 1000, 1) for name, each in a_day.items()},
        "channels_with_a_new_context": f"{pair.made_anew} of {FIRST + CHUNKS * CHUNK}",
        "megabytes_a_year": round(sum(a_day.values()) * 365 / 1e6, 1),
    }
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
