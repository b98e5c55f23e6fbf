"""A line of OSDP readers for the tests: socat's ptys, the peer's process behind them, and our drivers before them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

from drivers.bus.osdp_line import OsdpLines
from drivers.osdp import Osdp
from drivers.osdp_keys import KeyFile
from drivers.osdp_settings import OsdpConfig
from drivers.reports import AnyReport, DriverError, Frame, Untrusted

ROOT = Path(__file__).parents[2]
PEER = "tests.drivers.osdp_peer"
KEY = "b1f2c3d4e5968778695a4b3c2d1e0f42"
OTHER_KEY = "0f1e2d3c4b5a69788796a5b4c3d2e1f7"
START_S_MAX = 10
PRESENTED_MAX, PRESENT_S = 5, 3


def card_bits(facility: int, number: int) -> tuple[str, int]:
    """A 26 bit card as OSDP carries it: (hex, bits). From the published description of H10301."""
    body = f"{facility:08b}{number:016b}"
    bits = str(body[:12].count("1") % 2) + body + str(1 - body[12:].count("1") % 2)
    return int(bits.ljust(32, "0"), 2).to_bytes(4, "big").hex(), 26


class Peer:
    """The far end, by orders."""

    def __init__(self, path: Path, port: Path) -> None:
        self.port = port
        self._path = path
        self.said: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self, baud: int, readers: list[dict[str, Any]], turnaround_ms: float) -> None:
        settings = {"path": str(self._path), "baud": baud, "readers": readers, "turnaround_ms": turnaround_ms}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            PEER,
            json.dumps(settings),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if name != "LD_PRELOAD"},
        )
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda said: any("ready" in each for each in said))

    async def stop(self) -> None:
        if self._process is not None and self._reading is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            await self._process.wait()
            await self._reading
            self._process = None

    def order(self, do: str, **given: Any) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **given}).encode() + b"\n")

    def card(self, address: int, data: str, length: int, kind: int = 1, reader_no: int = 0) -> None:
        event = {"event": 1, "reader_no": reader_no, "format": kind, "direction": 0, "length": length, "data": data}
        self.order("event", address=address, event=event)

    def keys(self, address: int, data: bytes) -> None:
        self.order("event", address=address, event={"event": 2, "reader_no": 0, "data": data.hex()})

    def status(self, address: int, tamper: int, power: int) -> None:
        report = bytes([tamper, power]).hex()
        self.order("event", address=address, event={"event": 4, "type": 2, "report": report})

    def commands(self, address: int, number: int) -> list[dict[str, Any]]:
        """What a reader was told, of one kind."""
        told = [each["command"] for each in self.said if each.get("address") == address and "command" in each]
        return [each for each in told if each["command"] == number]

    async def until(self, holds: Callable[[list[dict[str, Any]]], bool], within_s: float = START_S_MAX) -> None:
        async with asyncio.timeout(within_s):
            while not holds(self.said):
                self._changed.clear()
                await self._changed.wait()

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.said.append(json.loads(line))
            self._changed.set()


class Ours:
    """Our driver of one reader, run as the supervisor runs it: again after each loss."""

    def __init__(self, config: OsdpConfig, lines: OsdpLines) -> None:
        self.driver = Osdp(config, lines)
        self.reports: list[AnyReport] = []
        self.lost: list[tuple[float, str]] = []
        self._changed = asyncio.Event()
        self.task = asyncio.create_task(self._keep())

    def of(self, kind: type[AnyReport]) -> list[Any]:
        return [report for report in self.reports if isinstance(report, kind)]

    async def until(self, holds: Callable[[], bool], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)  # what no report tells of is looked at

    async def secure(self, within_s: float = 10) -> None:
        await self.until(self.driver.proven, within_s)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self.driver.run(self._emit)
            except DriverError as error:
                self.lost.append((loop.time(), str(error)))
                self._changed.set()
            await asyncio.sleep(0.05)

    def _emit(self, report: AnyReport) -> None:
        self.reports.append(report)
        self._changed.set()


def config_of(folder: Path, port: Path, address: int, key: str | None = KEY, **more: Any) -> OsdpConfig:
    key_file = folder / f"reader{address}.key"
    if key is not None and not key_file.exists():
        KeyFile(key_file).create(bytes.fromhex(key))
    fields = {"formats": ("H10301",), "keypad": True, "baud": 115200, **more}
    return OsdpConfig(f"reader{address}", str(port), address, str(key_file), **fields)


@contextlib.asynccontextmanager
async def far_end(
    folder: Path, readers: list[dict[str, Any]], *, baud: int = 115200, turnaround_ms: float = 3
) -> AsyncIterator[Peer]:
    """socat's ptys with the peer behind them. `port` is ours to open."""
    ours, theirs = folder / "ours", folder / "theirs"
    socat = await asyncio.create_subprocess_exec(
        "socat", f"pty,raw,echo=0,link={ours}", f"pty,raw,echo=0,link={theirs}"
    )
    peer = Peer(theirs, ours)
    try:
        async with asyncio.timeout(START_S_MAX):
            while not (ours.exists() and theirs.exists()):  # noqa: ASYNC110  another process makes them
                await asyncio.sleep(0.01)
        await peer.start(baud, readers, turnaround_ms)
        yield peer
    finally:
        await peer.stop()
        socat.terminate()
        await socat.wait()


class Rig:
    """The far end and our drivers, by address."""

    def __init__(self, peer: Peer, ours: dict[int, Ours]) -> None:
        self.peer = peer
        self.ours = ours

    async def secure(self, within_s: float = 10) -> None:
        for each in self.ours.values():
            await each.secure(within_s)

    async def presents(self, address: int, facility: int = 12, number: int = 345) -> float:
        """Present a card and wait for it; seconds from the reader's knowing it to our report.

        As a person does, once more where nothing comes of it: libosdp's reader forgets a card whose message was lost,
        and on a busy machine its process may answer after the line has given it up.
        """
        before = len(self.ours[address].of(Frame))
        for _ in range(PRESENTED_MAX):
            sent = len(self.peer.said)
            self.peer.card(address, *card_bits(facility, number))
            with contextlib.suppress(TimeoutError):
                await self.ours[address].until(lambda: len(self.ours[address].of(Frame)) > before, PRESENT_S)
                break
        taken = next(each["at_ns"] for each in self.peer.said[sent:] if each.get("event") == address)
        return (self.ours[address].of(Frame)[-1].ended_ns - taken) / 1e9

    async def forged(self, address: int, **given: Any) -> None:
        """Have the attacker answer once, and wait until that has been said."""
        before = sum("forged" in each for each in self.peer.said)
        self.peer.order("forge", address=address, **given)
        await self.peer.until(lambda said: sum("forged" in each for each in said) > before)

    def counted(self, address: int, what: str) -> int:
        return self.ours[address].driver.counters().get(what, 0)

    def untrusted(self, address: int) -> list[str]:
        return [report.why for report in self.ours[address].of(Untrusted)]


def on_line(
    folder: Path,
    scenario: Callable[[Rig], Coroutine[Any, Any, None]],
    *,
    readers: list[dict[str, Any]] | None = None,
    key: str = KEY,
    baud: int = 115200,
    turnaround_ms: float = 3,
    limit_s: float = 60,
    **more: Any,
) -> None:
    """Run a scenario with one of our drivers for each reader that stands at the far end."""
    there = [{"address": 1, "key": KEY}] if readers is None else readers

    async def run() -> None:
        async with asyncio.timeout(limit_s), far_end(folder, there, baud=baud, turnaround_ms=turnaround_ms) as peer:
            lines = OsdpLines()
            addresses = [each["address"] for each in there]
            ours = {each: Ours(config_of(folder, peer.port, each, key, baud=baud, **more), lines) for each in addresses}
            try:
                await scenario(Rig(peer, ours))
            finally:
                for each in ours.values():
                    await each.stop()

    asyncio.run(run())
