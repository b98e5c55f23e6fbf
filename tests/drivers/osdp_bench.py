"""How long a card takes over a line of four OSDP readers, from the reader's knowing it to the lock's line, at a gate.

`python -m tests.drivers.osdp_bench 9600 100` prints JSON: speed, and how many presentations. The far end is libosdp's
peripheral device in another process behind ptys that are paced here at the stated speed, with 3 ms of turnaround.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
import time  # noqa: TID251  a bench of its own
from pathlib import Path

from drivers.bus.osdp_panel import Panel
from tests.drivers.osdp_gate import OsdpGate, osdp_gate
from tests.drivers.osdp_rig import KEY, card_bits

READERS = {f"osdp_{number}": KEY for number in range(4)}
WAIT_S_MAX = 10
PRESENTED_MAX, PRESENT_S = 5, 3


async def one(at: OsdpGate, reader: int) -> float:
    """Milliseconds of one presentation; afterwards the lock is locked again. One that is lost is presented again."""
    before = len(at.moves)
    for _ in range(PRESENTED_MAX):
        sent = len(at.peer.said)
        at.peer.card(reader, *card_bits(12, 34567))
        if await moved(at, before + 1, PRESENT_S):
            break
    taken = next(each["at_ns"] for each in at.peer.said[sent:] if each.get("event") == reader)
    assert await moved(at, before + 2, WAIT_S_MAX)
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


async def bench(baud: int, count: int) -> dict[str, object]:
    rng = random.Random(20261126)
    with tempfile.TemporaryDirectory() as folder:
        async with osdp_gate(Path(folder), dict(READERS), baud=baud) as at:
            await at.secure(*READERS)
            await asyncio.sleep(1)  # what the readers are shown at the start is over
            took, kept = [], []
            watching = asyncio.create_task(stalls(kept))
            for _ in range(count):
                took.append(await one(at, rng.randrange(4)))
                await asyncio.sleep(rng.random() / 3)  # at any moment of the line's round
            watching.cancel()
            drivers = at.gate.controller._board.drivers
            counters = {name: drivers[name].counters() for name in READERS}
    if "-v" in sys.argv:
        print(
            [round(each) for each in took], [each for each in at.peer.said if "command" in each][-12:], file=sys.stderr
        )
    took.sort()
    return {
        "baud": baud,
        "cards": count,
        "median_ms": round(took[len(took) // 2], 1),
        "p99_ms": round(took[min(len(took) - 1, int(len(took) * 0.99))], 1),
        "max_ms": round(took[-1], 1),
        "over_50_ms_stalls": sum(each > 0.05 for each in kept),
        "longest_stall_ms": round(max(kept) * 1000),
        "unanswered": sum(each.get("unanswered", 0) for each in counters.values()),
    }


async def channels(baud: int) -> float:
    """Seconds until four readers that were there before us have their channels."""
    from drivers.bus.osdp_line import OsdpLines
    from tests.drivers.osdp_rig import Ours, config_of, far_end

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with far_end(folder, [{"address": n, "key": KEY} for n in range(4)], baud=baud) as peer:
            lines, began = OsdpLines(), time.monotonic()
            ours = [Ours(config_of(folder, peer.port, n, baud=baud), lines) for n in range(4)]
            for each in ours:
                await each.secure()
            took = time.monotonic() - began
            for each in ours:
                await each.stop()
    return took


def step_us() -> float:
    """Microseconds of one step of libosdp while nothing is due."""
    panel = Panel(1, bytes.fromhex(KEY), True, lambda _event: None)
    panel.command()
    began = time.perf_counter()
    for _ in range(10_000):
        panel._panel.refresh()
    return (time.perf_counter() - began) * 100


if __name__ == "__main__":
    speed, cards = int(sys.argv[1]), int(sys.argv[2])
    said = asyncio.run(bench(speed, cards))
    said["channels_of_four_s"] = round(asyncio.run(channels(speed)), 2)
    said["step_us"] = round(step_us(), 2)
    print(json.dumps(said))
