"""The demo gate in real time with OSDP readers at its shed, whose far end is the peer's process: for whole tests."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from drivers.osdp_keys import KeyFile
from firmware.bench.gate import Gate, running_gate
from firmware.core.codes import Code
from firmware.journal import Row, search
from tests.drivers.osdp_rig import KEY, Peer, far_end

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
LOCK = "GPIO19"  # of the shed; high releases it
QUICK = "swing_ms = 150\ndwell_ms = 50\nclose_ms = 100\n"  # a door that nobody has to wait for


class OsdpGate(NamedTuple):
    gate: Gate
    peer: Peer
    folder: Path
    moves: list[tuple[bool, int]]  # of the lock: (released, at_ns)

    def events(self, *codes: Code) -> list[Row]:
        """What is committed."""
        rows = search(self.gate.controller.journal.path, limit=1_000, with_bodies=True)
        return [row for row in reversed(rows) if row.event.code in codes]

    async def until(self, *codes: Code, count: int = 1, within_s: float = 15) -> list[Row]:
        async with asyncio.timeout(within_s):
            while len(found := self.events(*codes)) < count:  # noqa: ASYNC110  another thread writes them
                await asyncio.sleep(0.02)
        return found

    def proven(self, reader: str) -> bool:
        return bool(self.gate.controller._board.drivers[reader].proven())

    async def secure(self, *readers: str, within_s: float = 15) -> None:
        async with asyncio.timeout(within_s):
            while not all(self.proven(reader) for reader in readers):  # noqa: ASYNC110  nothing tells of it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def osdp_gate(
    folder: Path,
    readers: dict[str, str | None],
    *,
    baud: int = 115200,
    turnaround_ms: float = 3,
    without_key: str = "",
    quick: bool = False,
) -> AsyncIterator[OsdpGate]:
    """`readers`: id -> the key that the reader itself has (None: factory state); ours is KEY for each.

    `quick`: the shed's door swings in a moment, for whoever presents hundreds of cards.
    """
    there = [{"address": n, "key": key} if key else {"address": n} for n, key in enumerate(readers.values())]
    site = folder / "sites"
    shutil.copytree(SITES, site)
    async with far_end(folder, there, baud=baud, turnaround_ms=turnaround_ms) as peer:
        text = (site / "community_gate.toml").read_text()
        named = ", ".join(f'"{name}"' for name in ("bike_reader", *readers))
        text = text.replace('readers = ["bike_reader"]', f"readers = [{named}]")
        for number, name in enumerate(readers):
            if name != without_key:
                KeyFile(folder / f"{name}.key").create(bytes.fromhex(KEY))
            text += f"""
[[device]]
id = "{name}"
kind = "osdp"
port = "{peer.port}"
baud = {baud}
address = {number}
key_file = "{folder / f"{name}.key"}"
formats = ["H10301"]
"""
        (site / "community_gate.toml").write_text(text)
        if quick:
            plants = site / "community_gate.plants.toml"
            door = '[[door]]\nid = "bike_shed"\n'
            assert plants.read_text().count(door) == 1, "the demo has one shed"
            plants.write_text(plants.read_text().replace(door, door + QUICK))
            holders = site / "holders.csv"  # nor does a card that is swiped twice hold the door open
            holders.write_text(holders.read_text().replace(",holds_open,", ",,"))
        async with running_gate(folder / "state", site / "community_gate.toml") as gate:
            moves: list[tuple[bool, int]] = []
            gate.plants.wires.watch_output(LOCK, lambda level, at_ns: moves.append((level, at_ns)))
            yield OsdpGate(gate, peer, folder, moves)
