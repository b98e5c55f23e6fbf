"""Random frames against an OSDP reader's half of the line, as fast as they go: nothing may crash, and none is a card.

`python -m tests.drivers.osdp_storm 1000000` is the share of `make soak`. Frames are random bytes, random frames with a
good checksum, a right address and number, and changed answers of a real reader, before and within a secure channel.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import osdp_sys

from drivers.bus.osdp_member import Member, Trouble, Turn
from drivers.osdp_words import commands
from drivers.wire.osdp import Scanner, judge, parse
from tests.drivers.osdp_device import Device, frame

KEY = bytes.fromhex("b1f2c3d4e5968778695a4b3c2d1e0f42")
MS = 1_000_000
CAPABILITIES = tuple((code, 1, 1) for code in (3, 4, 5, 8, 9, 13))
CODES = (0x40, 0x41, 0x45, 0x46, 0x48, 0x49, 0x50, 0x51, 0x53, 0x54, 0x76, 0x78, 0x79, 0x7A, 0x90)
BLOCKS = (b"", b"\x11\x01", b"\x12\x01", b"\x12\x00", b"\x14\x01", b"\x15", b"\x16", b"\x17", b"\x18", b"\x19\x02")


class Listener:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.channels = 0
        self.troubles: dict[str, int] = {}

    def secured(self, key: bytes) -> None:
        assert key == KEY
        self.channels += 1

    def opened(self) -> None:
        pass

    def troubled(self, trouble: Trouble) -> None:
        self.troubles[trouble.value] = self.troubles.get(trouble.value, 0) + 1

    def silent(self, why: str) -> None:
        pass

    def told(self, event: dict[str, Any]) -> None:
        self.events.append(event)


class Storm:
    """One reader in the storm."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.listener = Listener()
        self.member = Member("reader", 1, self.listener)
        self.far = Device(1, KEY, CAPABILITIES)  # a real reader, in this process
        self.now_ns = 1
        self.scanner = Scanner()
        self.known: list[bytes] = []
        self.taken = 0
        self.member.start((KEY,), self.now_ns)

    def turn(self) -> Turn:
        """The next command; time goes on for as long as it takes, without waiting for it."""
        for _ in range(200_000):
            turn = self.member.turn(self.now_ns)
            if turn is not None:
                return turn
            self.now_ns = max(self.now_ns + 1, self.member.due_ns)
            self.member.add(commands("denied", None, False))
        raise AssertionError("nothing is sent any more")

    def run(self, frames: int, each: int = 50) -> None:
        """So many frames, so many at each command; then the reader answers, unless something was taken for it."""
        done = 0
        while done < frames:
            turn, answered = self.turn(), False
            for _ in range(each):
                done += 1
                for found in self.scanner.feed(self.made(turn)):
                    if not answered and found.is_reply and judge(found, turn.command) is None:
                        answered = True
                        self.taken += 1
                        self.member.hear(found, self.now_ns)
                self.scanner.reset()
            if not answered:
                answer = self.far.answer(turn.written)
                reply = parse(answer[answer.find(0x53) :]) if answer else None
                if reply is None or judge(reply, turn.command) is not None:
                    self.member.give_up(self.now_ns)
                    continue
                self.known = [*self.known[-40:], reply.raw]
                self.member.hear(reply, self.now_ns)
            self.now_ns += MS

    def made(self, turn: Turn) -> bytes:
        rng = self.rng
        kind = rng.random()
        if kind < 0.3 or not self.known:
            return rng.randbytes(rng.randrange(1, 80))
        if kind < 0.6:
            changed = bytearray(rng.choice(self.known))
            for _ in range(rng.randrange(1, 4)):
                changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            return bytes(changed)
        sequence = turn.command.sequence if kind < 0.95 else rng.randrange(4)
        return frame(1, sequence, rng.choice(CODES), rng.randbytes(rng.randrange(0, 60)), rng.choice(BLOCKS))


def storm(frames: int, seed: int) -> dict[str, Any]:
    """How it went; raises where something broke."""
    osdp_sys.set_loglevel(osdp_sys.LOG_EMERG)
    one = Storm(seed)
    one.run(frames)
    cards = [event for event in one.listener.events if event["event"] in (1, 2)]
    return {
        "frames": frames,
        "seed": seed,
        "cards": len(cards),
        "taken": one.taken,
        "channels": one.listener.channels,
        "troubles": one.listener.troubles,
    }


if __name__ == "__main__":
    said = storm(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, 20261126)
    print(json.dumps(said))
    sys.exit(0 if said["cards"] == 0 else 1)
