"""What this process knows of the wires and of the self-test right now: asked for only while somebody looks.

The controller tells every change for half a minute after it was asked; a window that is open asks on.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from firmware.messages import Answer, AnyOfPage, AnyOfTests, AnyOfWires, Wire, Wired, WirePortal, WiresChanged
from firmware.network.errors import LinkError, NotSent
from firmware.network.link import Link
from firmware.selftest.messages import LookTest, ReportPart, ReportsListed, RunSeen
from firmware.wire_messages import WatchWires

ASK_S = 15.0  # the controller tells changes for 30 s
ANSWER_S_MAX = 5.0
WIRES_MAX = 20_000
WAITING_MAX = 16  # people who wait for a list or a report; more are told that the controller is busy


class Known:
    """See the head of this file. `on_change` is called when what is shown of wires or test has become another."""

    def __init__(self, link: Link, on_change: Callable[[], None]) -> None:
        self.link = link
        self.wires: dict[str, Wire] = {}
        self.portals: tuple[WirePortal, ...] = ()
        self.run: RunSeen | None = None
        self.heard = 0  # how often all of them have come
        self._on_change = on_change
        self._now_s = asyncio.get_running_loop().time
        self._watched_s = -ASK_S
        # For the test, by whoever is at it and by whoever only looks: the one must not stand for the other.
        self._looked_s = {False: -ASK_S, True: -ASK_S}
        self._gathered: dict[str, Wire] = {}
        self._waiting: OrderedDict[str, asyncio.Future[RunSeen | ReportsListed | ReportPart | Wired]] = OrderedDict()
        self.run_at_s = 0.0
        link.on_told = self._told

    # -- what somebody looks at ---------------------------------------------------------------------------------------

    def keep_watching(self) -> None:
        """A window is open: what it shows is to be told on."""
        if self._now_s() - self._watched_s >= ASK_S and self.link.look(WatchWires()) is not None:
            self._watched_s = self._now_s()

    async def all_wires(self) -> bool:
        """Have them all as they are now; False: the controller does not answer, and they are old."""
        try:
            await self.asked(WatchWires())
        except LinkError:
            return False
        self._watched_s = self._now_s()
        return True

    async def look_at_run(self, look: LookTest) -> RunSeen | None:
        """How the self-test stands; None: the controller does not answer."""
        try:
            seen = await self.asked(look)
        except LinkError:
            return None
        return seen if isinstance(seen, RunSeen) else None

    def here(self, look: LookTest) -> None:
        """A window is open, where `look.here` says so the installer's: that is told now and then."""
        if self._now_s() - self._looked_s[look.here] >= ASK_S and self.link.look(look) is not None:
            self._looked_s[look.here] = self._now_s()

    async def asked(self, command: AnyOfPage) -> RunSeen | ReportsListed | ReportPart | Wired:
        """What is told under this request. Raises LinkError."""
        if len(self._waiting) >= WAITING_MAX:
            raise NotSent("too many wait for the controller")
        request = self.link.look(command)
        if request is None:
            raise NotSent("the controller is not connected")
        future: asyncio.Future[RunSeen | ReportsListed | ReportPart | Wired]
        future = asyncio.get_running_loop().create_future()
        self._waiting[request] = future
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                return await future
        except TimeoutError as error:
            raise LinkError("the controller did not answer") from error
        finally:
            del self._waiting[request]

    # -- what is told -------------------------------------------------------------------------------------------------

    def _told(self, message: AnyOfWires | AnyOfTests | Answer) -> None:
        if isinstance(message, Answer):
            refused = self._waiting.get(message.request)
            if refused is not None and not refused.done():
                refused.set_exception(LinkError("the controller has no answer to that now"))
            return
        if isinstance(message, WiresChanged):
            changed = {wire.id: wire for wire in message.wires if wire.id in self.wires}
            self.wires |= changed
            self._on_change()
            return
        if isinstance(message, Wired):
            self._gathered |= {wire.id: wire for wire in message.wires[: WIRES_MAX - len(self._gathered)]}
            if message.more:
                return
            self.wires, self._gathered = self._gathered, {}
            self.portals = message.portals
            self.heard += 1
        elif isinstance(message, RunSeen):
            self.run, self.run_at_s = message, self._now_s()
        waiting = self._waiting.get(message.request)
        if waiting is not None and not waiting.done():
            waiting.set_result(message)
        if isinstance(message, Wired | RunSeen):
            self._on_change()
