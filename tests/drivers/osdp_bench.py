"""How long a card takes over a line of four OSDP readers, from the reader's knowing it to the lock's line, at a gate.

`python -m tests.drivers.osdp_bench 9600 200 --busy 4` prints JSON: speed, how many presentations, and how many ordinary
programs burn the processor meanwhile. The far end is libosdp's peripheral device in another process behind ptys that
are paced here at the stated speed, with 3 ms of turnaround. `floor` is what the bytes alone take. The gate runs with
the priority that the controller's own process takes; the line's far end has it too, being another machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import signal
import sys
import tempfile
from pathlib import Path

from drivers.bus.osdp_line import CHARACTER_BITS, GAP_CHARACTERS, OsdpLines
from drivers.bus.osdp_member import POLL_NS
from firmware.bench.swipe import burners
from firmware.controller.priority import take_priority, tune
from firmware.rehearsal.door import Leaf
from tests.drivers.osdp_gate import OsdpGate, osdp_gate
from tests.drivers.osdp_rig import KEY, Ours, card_bits, config_of, far_end

READERS = {f"osdp_{number}": KEY for number in range(4)}
WAIT_S_MAX = 10
PRESENTED_MAX, PRESENT_S = 5, 3
LIMITS_MS = {9600: 250.0, 115200: 100.0}
CHANNEL_S_MAX = 1.0
TURNAROUND_MS = 3
# Bytes on the wire: a mark byte each, and SIA OSDP 2.2's frames with a CRC.
POLL_BYTES = 1 + 14  # 5 of head, 2 of security block, 1 of code, 4 of MAC, 2 of CRC; the answer "nothing" is as long
CARD_BYTES = POLL_BYTES + 16  # its data fill one block of AES
PLAIN_BYTES = 1 + 8
HANDSHAKE_BYTES = (
    *(PLAIN_BYTES + 1, PLAIN_BYTES + 12),  # id
    *(PLAIN_BYTES + 1, PLAIN_BYTES + 3 * 9),  # what it can do: nine lines of libosdp's peripheral device
    *(PLAIN_BYTES + 3 + 8, PLAIN_BYTES + 3 + 32),  # the challenge
    *(PLAIN_BYTES + 3 + 16, PLAIN_BYTES + 3 + 16),  # its answer
)


def floor_ms(baud: int, readers: int) -> dict[str, float]:
    """What the bytes, the turnaround and the standard's poll interval cost without any computer's time."""
    character_ms = 1000 * CHARACTER_BITS / baud
    turn_ms = (2 * POLL_BYTES + GAP_CHARACTERS) * character_ms + TURNAROUND_MS
    round_ms = max(readers * turn_ms, POLL_NS / 1e6 + turn_ms)
    told_ms = TURNAROUND_MS + CARD_BYTES * character_ms
    turns = len(HANDSHAKE_BYTES) // 2
    channel_ms = sum(HANDSHAKE_BYTES) * character_ms + turns * (TURNAROUND_MS + GAP_CHARACTERS * character_ms)
    return {
        "turn": round(turn_ms, 1),
        "round": round(round_ms, 1),
        "card_median": round(round_ms / 2 + told_ms, 1),
        "card_max": round(round_ms + told_ms, 1),
        "channel": round(channel_ms),
        "channels": round(readers * channel_ms),
    }


async def one(at: OsdpGate, reader: int) -> float:
    """Milliseconds of one presentation; afterwards the door was opened and is shut. A lost card is presented again."""
    before = len(at.moves)
    for _ in range(PRESENTED_MAX):
        sent = len(at.peer.said)
        at.peer.card(reader, *card_bits(12, 34567))
        if await moved(at, before + 1, PRESENT_S):
            break
    taken = next(each["at_ns"] for each in at.peer.said[sent:] if each.get("event") == reader)
    door = at.gate.plants.doors["bike_shed"]
    door.push(1_000)
    assert await moved(at, before + 2, WAIT_S_MAX)
    async with asyncio.timeout(WAIT_S_MAX):
        while door.leaf is not Leaf.CLOSED:  # noqa: ASYNC110  the plant tells nobody
            await asyncio.sleep(0.02)
    return (at.moves[before][1] - taken) / 1e6


async def moved(at: OsdpGate, count: int, within_s: float) -> bool:
    """Whether the lock has moved so often in all, in time."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + within_s
    while len(at.moves) < count and loop.time() < end_s:  # noqa: ASYNC110  the wires tell by a list
        await asyncio.sleep(0.02)
    return len(at.moves) >= count


async def stalls(found: list[float]) -> None:
    """Note how long this process was kept from running: such moments are the machine's and not the line's."""
    loop = asyncio.get_running_loop()
    while True:
        began_s = loop.time()
        await asyncio.sleep(0.01)
        found.append(loop.time() - began_s - 0.01)


async def cards(baud: int, count: int) -> dict[str, object]:
    """Present so many, at any moment of the line's round and at any reader."""
    rng = random.Random(20261126)
    with tempfile.TemporaryDirectory() as folder:
        async with osdp_gate(Path(folder), dict(READERS), baud=baud, turnaround_ms=TURNAROUND_MS, quick=True) as at:
            await at.secure(*READERS)
            await asyncio.sleep(1)  # what the readers are shown at the start is over
            tune()
            took, kept = [], []
            watching = asyncio.create_task(stalls(kept))
            for _ in range(count):
                took.append(await one(at, rng.randrange(len(READERS))))
                await asyncio.sleep(
                    0.25 + rng.random() / 5
                )  # with the door's time more than that in which a card repeats itself
            watching.cancel()
            drivers = at.gate.controller._board.drivers
            counters = {name: drivers[name].counters() for name in READERS}
    took.sort()
    return {
        "baud": baud,
        "cards": count,
        "median_ms": round(took[len(took) // 2], 1),
        "p99_ms": round(took[min(len(took) - 1, int(len(took) * 0.99))], 1),
        "max_ms": round(took[-1], 1),
        "limit_ms": LIMITS_MS.get(baud),
        "floor_ms": floor_ms(baud, len(READERS)),
        "over_50_ms_stalls": sum(each > 0.05 for each in kept),
        "longest_stall_ms": round(max(kept) * 1000),
        "unanswered": sum(each.get("unanswered", 0) for each in counters.values()),
    }


async def channels(baud: int, readers: int) -> list[float]:
    """Seconds until each of so many readers, all there before us, has its channel: asked from one moment on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there = [{"address": n, "key": KEY} for n in range(readers)]
        async with far_end(folder, there, baud=baud, turnaround_ms=TURNAROUND_MS) as peer:
            lines, loop = OsdpLines(), asyncio.get_running_loop()
            configs = [config_of(folder, peer.port, n, baud=baud) for n in range(readers)]
            began_s = loop.time()
            ours = [Ours(config, lines) for config in configs]
            took: dict[int, float] = {}
            async with asyncio.timeout(WAIT_S_MAX):
                while len(took) < readers:
                    for n, each in enumerate(ours):
                        if each.driver.proven():
                            took.setdefault(n, loop.time() - began_s)
                    await asyncio.sleep(0.002)
            for each in ours:
                await each.stop()
    return sorted(took.values())


def starts(baud: int, readers: int, count: int) -> dict[str, object]:
    """So many starts of a line: when the first and the last reader had their channels."""
    took = [asyncio.run(channels(baud, readers)) for _ in range(count)]
    lasts = sorted(each[-1] for each in took)
    return {
        "starts": count,
        "first_s": round(sorted(each[0] for each in took)[count // 2], 2),
        "last_median_s": round(lasts[count // 2], 2),
        "last_max_s": round(lasts[-1], 2),
        "within_1_s": sum(each <= CHANNEL_S_MAX for each in lasts),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("baud", type=int)
    parser.add_argument("cards", type=int)
    parser.add_argument("--busy", type=int, default=0, help="programs that burn the processor meanwhile")
    parser.add_argument("--starts", type=int, default=10, help="of the line, for its channels")
    arguments = parser.parse_args()
    said: dict[str, object] = {"runs_as": take_priority(), "busy": arguments.busy}
    with burners(arguments.busy) as processes:
        for process in processes:
            process.send_signal(signal.SIGCONT)
        if arguments.cards:
            said |= asyncio.run(cards(arguments.baud, arguments.cards))
        if arguments.starts:
            said["channel_of_one"] = starts(arguments.baud, 1, arguments.starts)
            said["channels_of_four"] = starts(arguments.baud, 4, arguments.starts)
    print(json.dumps(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
