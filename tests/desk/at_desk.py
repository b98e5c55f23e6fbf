"""The demo gate on virtual time with somebody at the office's desk, who talks to it as another process would."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from pathlib import Path

from firmware.bench.gate import NOON_UTC_MS, Gate, running_gate
from firmware.core.access import Factor
from firmware.messages import Answer, AnyFromController, AskOffice, FrameReader, Overlaid, pack
from firmware.rehearsal.virtual_time import run_virtual

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
CARD = Factor.CARD
NOON_S = NOON_UTC_MS // 1000
WHO = {"issuer": "Li of the office", "why": "reported by telephone"}


class Person:
    """A client of the office's socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._frames = FrameReader(AnyFromController)
        self._heard: list = []
        self._number = 0

    def say(self, command, request: str | None = None) -> str:
        self._number += 1
        request = request or f"r{self._number}"
        self.writer.write(pack(AskOffice(command, request)))
        return request

    async def hear(self):
        """The next message; None when the controller hung up."""
        while not self._heard:
            try:
                received = await self._reader.read(1 << 16)
            except ConnectionResetError:
                return None
            if not received:
                return None
            self._heard += self._frames.feed(received)
        return self._heard.pop(0)

    async def ask(self, command) -> Answer | Overlaid:
        request = self.say(command)
        answer = await self.hear()
        assert answer is not None, "hung up"
        assert answer.request == request
        return answer


@asynccontextmanager
async def person_at(folder: Path):
    descriptor = os.open(folder, os.O_PATH)
    try:
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{descriptor}/office.sock")
    finally:
        os.close(descriptor)
    try:
        yield Person(reader, writer)
    finally:
        writer.close()


def at_desk(folder: Path, scenario, site: Path = SITE, **settings):
    """Run `scenario(gate, person)` at a fresh demo gate that has been up for a second.

    Virtual time stands still while anything decided is not committed: nobody at a desk waits half a minute for an
    answer, however slow the machine's disk is beside its virtual clock.
    """

    async def run():
        async with running_gate(folder, site, **settings) as gate:
            asyncio.get_running_loop().busy_while(lambda: _commits(gate))
            await gate.pass_time(1)
            async with person_at(folder) as person:
                return await scenario(gate, person)

    return run_virtual(run())


def _commits(gate: Gate) -> bool:
    """Whether the journal still has to commit what was decided, as the loop knows: the thread's news come by it."""
    controller = gate.controller
    ticket = controller.engine.ticket or 0
    return not controller.journal.failing and controller.desk.answers.newest_committed < ticket


def frames_of(gate: Gate, card: str):
    """The frame of a card of the demo's table."""
    return gate.plants.card(card)[1]
