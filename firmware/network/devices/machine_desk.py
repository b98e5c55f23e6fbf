"""The machine as page and API ask for it: its figures, what each process wrote last, and the restart of one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from firmware.core.fact import Afar
from firmware.network.accounts.account import role_words
from firmware.network.devices import figures
from firmware.network.devices.known import Known
from firmware.network.devices.logs import PROCESSES, LogLine, Logs
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks, PeopleSaid
from firmware.network.routes import Asked
from firmware.people_words.base import EndYourself
from firmware.wire_messages import Process, RestartProcess

END_S = 0.5  # for the answer to reach whoever asked before this process ends


class MachineDesk:
    """Made once. `logs`: None where this process was told of no place that keeps them."""

    def __init__(self, known: Known, live: Live, logs: Logs | None, people: PeopleAsks) -> None:
        self._known = known
        self._live = live
        self._logs = logs
        self._people = people

    async def figures(self) -> figures.Figures:
        """As the kernel has them now; the wires' counts of wear are fetched with them."""
        await self._known.all_wires()
        journal = Path("/" if self._live.welcome is None else self._live.welcome.journal)
        return await asyncio.to_thread(figures.read, journal.parent)

    @property
    def keeps_logs(self) -> bool:
        return self._logs is not None

    async def lines(self, process: str = "", level: str = "") -> list[LogLine]:
        """Of one process or all, of one level or all; oldest first within a process."""
        if self._logs is None:
            return []
        found = [line for name in ((process,) if process else PROCESSES) for line in await self._logs.last(name)]
        return [line for line in found if not level or line.level == level]

    async def restart(self, process: Process, asked: Asked) -> tuple[str, ...]:
        """Why not; nothing: it ends now, and whoever supervises it starts it again. Raises LinkError."""
        afar = Afar(role_words(asked.person.roles), asked.address)
        command = RestartProcess(issuer=asked.person.name, process=process, afar=afar)
        answer = await self._known.link.ask(command)
        if not answer.done:
            return answer.reasons
        if process is Process.PEOPLE:
            try:
                await self._people.ask(EndYourself(), asked.person, asked.address)
            except PeopleSaid:
                return ("restart_absent",)
        if process is Process.NETWORK:
            # As the service manager would: the windows are told, and whoever supervises us starts us again.
            asyncio.get_running_loop().call_later(END_S, os.kill, os.getpid(), signal.SIGTERM)
        return ()
