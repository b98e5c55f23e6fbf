"""How long four OSDP readers are away when their line's cable is pulled and put back, at any moment and in any way.

`python -m tests.drivers.osdp_pulls 9600 25` prints JSON: speed, and how many pulls. Seconds are from the moment at
which the cable is back for good until the last reader has answered three polls over its secure channel. After each
pull a card at each reader has to be read. The far end is that of osdp_bench.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from firmware.controller.priority import take_priority
from tests.drivers.osdp_rig import KEY, Rig, on_line

READERS = 4
RECOVERED_S_MAX = 10.0
WAIT_S_MAX = 30.0
ANSWERS = 3  # in a row and over the channel: it stays
PULLED_S = (0.05, 6.0)  # from a knock to somebody who looks for the plug
LIMIT_S = 40.0  # of one pull, all in all
NOISE_BYTES = 60

Pull = Callable[[Rig, random.Random], Awaitable[None]]


async def anywhere(rig: Rig, rng: random.Random) -> None:
    await asyncio.sleep(rng.random())
    rig.peer.order("cut", cut=True)
    await asyncio.sleep(rng.uniform(*PULLED_S))


async def in_an_answer(rig: Rig, rng: random.Random) -> None:
    """In the middle of a card's message."""
    await _pulled_in(rig, rng, "answer", lambda address: rig.peer.card(address, "00" * 4, 26))


async def in_a_command(rig: Rig, rng: random.Random) -> None:
    """In the middle of a light's."""
    await _pulled_in(rig, rng, "command", lambda address: rig.ours[address].driver.show("granted"))


async def with_garbage(rig: Rig, rng: random.Random) -> None:
    """The cable hangs on something else for a while: both ends hear rubbish, and some of it begins like a frame."""
    rig.peer.order("cut", cut=True)
    await asyncio.sleep(rng.uniform(*PULLED_S))
    rig.peer.order("cut", cut=False)
    for _ in range(10):
        rig.peer.order("noise", bytes=(b"\x53" + rng.randbytes(NOISE_BYTES)).hex(), both=True)
        await asyncio.sleep(rng.random() / 5)
    rig.peer.order("cut", cut=True)
    await asyncio.sleep(0.1)


async def loose(rig: Rig, rng: random.Random) -> None:
    """A plug that makes contact and loses it again, some of it in the middle of a handshake."""
    for _ in range(8):
        rig.peer.order("cut", cut=True)
        await asyncio.sleep(rng.random())
        rig.peer.order("cut", cut=False)
        await asyncio.sleep(rng.random() / 2)
    rig.peer.order("cut", cut=True)
    await asyncio.sleep(0.1)


PULLS: dict[str, Pull] = {each.__name__: each for each in (anywhere, in_an_answer, in_a_command, with_garbage, loose)}


async def _pulled_in(rig: Rig, rng: random.Random, of: str, says: Callable[[int], None]) -> None:
    before = sum("pulled_in" in each for each in rig.peer.said)
    rig.peer.order("cut_in", of=of, bytes=rng.randrange(2, 30))
    says(rng.randrange(READERS))
    await rig.peer.until(lambda said: sum("pulled_in" in each for each in said) > before)
    await asyncio.sleep(rng.uniform(*PULLED_S))


async def steady(rig: Rig) -> None:
    """Until each reader has answered so often in a row, over its channel."""
    answers: dict[int, tuple[tuple[int, ...], int]] = {}
    async with asyncio.timeout(WAIT_S_MAX):
        while True:
            held = 0
            for address, each in rig.ours.items():
                counters = each.driver.counters()
                troubles = tuple(counters.get(name, 0) for name in ("unanswered", "restarts", "channels"))
                since = answers.get(address)
                if not each.driver.proven() or since is None or since[0] != troubles:
                    answers[address] = (troubles, counters.get("answers", 0))
                else:
                    held += counters.get("answers", 0) - since[1] >= ANSWERS
            if held == len(rig.ours):
                return
            await asyncio.sleep(0.005)


async def pull(rig: Rig, rng: random.Random, kind: str) -> float:
    """Seconds until all is as before; a card at each reader proves it."""
    loop = asyncio.get_running_loop()
    await PULLS[kind](rig, rng)
    rig.peer.order("cut", cut=False)
    back_s = loop.time()
    await steady(rig)
    took_s = loop.time() - back_s
    for address in rig.ours:
        await rig.presents(address)
    return took_s


def bench(baud: int, count: int, seed: int) -> dict[str, object]:
    rng = random.Random(seed)
    took: dict[str, list[float]] = {kind: [] for kind in PULLS}
    cards = 0

    async def scenario(rig: Rig) -> None:
        nonlocal cards
        await rig.secure()
        for number in range(count):
            kind = list(PULLS)[number % len(PULLS)]
            took[kind].append(await pull(rig, rng, kind))
        cards = sum(rig.counted(address, "frames") for address in rig.ours)

    with tempfile.TemporaryDirectory() as folder:
        there = [{"address": address, "key": KEY} for address in range(READERS)]
        on_line(Path(folder), scenario, readers=there, baud=baud, limit_s=count * LIMIT_S)
    every = [each for kind in took.values() for each in kind]
    return {
        "baud": baud,
        "pulls": count,
        "seed": seed,
        "median_s": round(statistics.median(every), 2),
        "worst_s": round(max(every), 2),
        "limit_s": RECOVERED_S_MAX,
        "worst_s_by_kind": {kind: round(max(each), 2) for kind, each in took.items() if each},
        "cards_proven": cards,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("baud", type=int)
    parser.add_argument("pulls", type=int)
    parser.add_argument("--seed", type=int, default=20261126)
    arguments = parser.parse_args()
    runs_as = take_priority()
    said = bench(arguments.baud, arguments.pulls, arguments.seed)
    print(json.dumps({"runs_as": runs_as} | said))
    return 0 if max(said["worst_s_by_kind"].values()) <= RECOVERED_S_MAX else 1  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
