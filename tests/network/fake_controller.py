"""The far end of the network role's socket, made up: says what a test wants, well-formed or not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from firmware.core.account_facts import Administered
from firmware.core.view import Lamp, LaneView, Mode, PortalView, Position, SiteView, SpotView
from firmware.messages import (
    Answer,
    AnyFromNetwork,
    Ask,
    FrameReader,
    Health,
    Message,
    States,
    Welcome,
    Wired,
    pack,
)
from firmware.selftest.messages import ReportPart, ReportsListed, RunSeen

UTC_MS = 1_795_410_202_000  # 2026-11-23T05:03:22Z: 13:03:22 in Shanghai


def welcome(journal: str = "/nonexistent/journal.db", boot: str = "boot-1", **more: str) -> Welcome:
    return Welcome("0.1.0", "north_gate", "North gate", boot, journal, **more)


def health(**drivers: str) -> Health:
    return Health(7_500_000, 0, 0, 0, 0, drivers or {"front_reader": "running"})


def states(seq: int = 1, utc_ms: int | None = UTC_MS, view: SiteView | None = None) -> States:
    return States(view if view is not None else quiet(), 1, seq, utc_ms)


def quiet(*portals: PortalView) -> SiteView:
    return SiteView(portals=portals or (door(), shed(), hall()), clock_known=True, roster_version=12)


def door(**more: object) -> PortalView:
    fields: dict[str, object] = {"mode": Mode.LOCKED, "position": Position.CLOSED}
    return PortalView(id="front_door", kind="door", **(fields | more))


def shed(**more: object) -> PortalView:
    fields: dict[str, object] = {"mode": Mode.LOCKED, "position": Position.CLOSED}
    return PortalView(id="bike_shed", kind="door", **(fields | more))


def hall(**more: object) -> PortalView:
    return PortalView(id="hall", kind="turnstile", **({"mode": Mode.LOCKED} | more))


def spots(*active: str, **trouble: str) -> tuple[SpotView, ...]:
    """The loops and beams of a lane, each under the id of its kind."""
    kinds = ("entry", "safety", "exit", "photocell", "edge_closing")
    return tuple(SpotView(kind, f"{kind}_1", f"{kind}_1" in active, trouble.get(kind, "")) for kind in kinds)


def lane(**more: object) -> LaneView:
    fields: dict[str, object] = {
        "mover": "bollard",
        "lights": {"in": Lamp.RED, "out": Lamp.RED},
        "spots": spots(),
        "travel_ms": 3_000,
        "cycles": 12_345,
    }
    return LaneView(**(fields | more))


def barrier(of_lane: LaneView | None = None, **more: object) -> PortalView:
    fields: dict[str, object] = {"mode": Mode.LOCKED, "position": Position.CLOSED, "lane": of_lane or lane()}
    return PortalView(id="north_lane", kind="barrier", **(fields | more))


class FakeController:
    """Listens at `path`; each client gets `first` at once, and whatever is said later."""

    def __init__(self, path: Path, *first: Message) -> None:
        self.path = path
        self.first: list[Message | bytes] = list(first)
        self.accepted = 0
        self.ended = asyncio.Event()  # a client's connection ended
        self.received = bytearray()
        self.asked: list[Ask] = []  # in order
        self.was_asked = asyncio.Event()
        self.newest: tuple[Message | bytes, ...] = ()  # what was said last
        self.answers = True  # whether it answers what is asked
        self.on_ask: Callable[[Ask], None] = lambda _: None  # what comes before its answer
        self.refusals: dict[str, tuple[str, ...]] = {}  # by the command's name: why it is refused
        self.telling: dict[str, str] = {"TellBackups": '{"folder": "/nonexistent"}'}  # by the command's name
        # What it tells whoever looks at wires and self-tests, by the command's name; {} where a test tells it itself.
        self.looks: dict[str, Callable[[str], Message]] = {
            "WatchWires": lambda request: Wired(request, "north_gate", UTC_MS, ()),
            "LookTest": lambda request: RunSeen(request, choices=("front_door",)),
            "ListReports": lambda request: ReportsListed(request, ()),
            "ReadReport": lambda request: ReportPart(request, b"", 0),
        }
        self.receipts: dict[str, str] = {}  # signed, as JSON, by the command's name
        self.claim_code = "0123-4567-89AB"
        self._came = asyncio.Condition()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> FakeController:
        self._server = await asyncio.start_unix_server(self._serve, path=str(self.path))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def die(self) -> None:
        """Gone as if killed: no listener, no connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self.path.unlink(missing_ok=True)
        for writer in list(self._writers):
            writer.transport.abort()
        if self._serving:
            await asyncio.wait(self._serving)

    async def until_accepted(self, count: int) -> None:
        """Until so many connections were accepted in all."""
        async with self._came:
            await self._came.wait_for(lambda: self.accepted >= count)

    def say(self, *said: Message | bytes) -> None:
        """A message as a frame; bytes as they are."""
        self.newest = said
        for one in said:
            for writer in self._writers:
                writer.write(one if isinstance(one, bytes) else pack(one))

    async def go_on(self, beat_s: float = 1.0) -> None:
        """Say the newest again and again, as one that lives does. Runs until cancelled."""
        while True:
            await asyncio.sleep(beat_s)
            self.say(*self.newest)

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.accepted += 1
        self._writers.add(writer)
        for one in self.first:
            writer.write(one if isinstance(one, bytes) else pack(one))
        async with self._came:
            self._came.notify_all()
        frames = FrameReader(AnyFromNetwork)
        try:
            with contextlib.suppress(ConnectionError):  # the test made us die
                while received := await reader.read(4096):
                    self.received += received
                    for message in frames.feed(received):
                        self._take(message, writer)
        finally:
            self._writers.discard(writer)
            self._serving.discard(task)
            writer.close()
            self.ended.set()

    def _take(self, message: Message, writer: asyncio.StreamWriter) -> None:
        if isinstance(message, Ask):
            self.asked.append(message)
            self.was_asked.set()
            self.on_ask(message)
            if self.answers and (made_up := self.looks.get(type(message.command).__name__)) is not None:
                writer.write(pack(made_up(message.request)))
            if self.answers:
                refused = self.refusals.get(type(message.command).__name__, ())
                done = not refused and getattr(message.command, "code", self.claim_code) == self.claim_code
                name = type(message.command).__name__
                told, receipt = self.telling.get(name, ""), self.receipts.get(name, "")
                writer.write(pack(Answer(message.request, done, refused, told=told, receipt=receipt)))

    def answer_late(self) -> None:
        """Say to all clients that all that was asked is done, and answer at once from now on."""
        self.answers = True
        self.say(*(Answer(ask.request, True) for ask in self.asked))

    def told(self, act: str) -> list[Administered]:
        """What was administered, of this kind."""
        return [ask.command for ask in self.asked if isinstance(ask.command, Administered) and ask.command.act == act]
