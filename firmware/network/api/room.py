"""All of the API together: what each of its routes answers, its clients and their pages, its figures."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from firmware.network.accounts.desk import AccountDesk
from firmware.network.accounts.diary import Diary
from firmware.network.acts.desk import ActDesk
from firmware.network.acts.pages import ActPages
from firmware.network.api.clients import ClientDesk
from firmware.network.api.document_pages import DocumentPages
from firmware.network.api.events import JournalApi
from firmware.network.api.metrics import Metrics
from firmware.network.api.orders import Orders
from firmware.network.api.pages import ClientPages
from firmware.network.api.states import States
from firmware.network.api.stream import LiveStream
from firmware.network.events import RecentEvents
from firmware.network.journal.api import PurposeApi
from firmware.network.journal.room import JournalRoom
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings
from firmware.network.streams import Streams


class ApiRoom:
    """Made once; `close` is called before the server is told to stop."""

    def __init__(
        self,
        live: Live,
        events: RecentEvents,
        streams: Streams,
        sessions: Sessions,
        rendering: Rendering,
        accounts: AccountDesk,
        diary: Diary,
        acts: ActDesk,
        act_pages: ActPages,
        journal: JournalRoom,
        settings: Settings,
        folder: Path | None,
        cookie: str,
    ) -> None:
        """`folder` is where clients are kept; None: nowhere. `cookie` is the session cookie's name."""
        now_s = asyncio.get_running_loop().time

        def utc_s() -> int | None:
            utc_ms = live.utc_ms_at(now_s())
            return None if utc_ms is None else utc_ms // 1000

        self.clients = ClientDesk(folder, accounts, diary, utc_s)
        self._rendering = rendering
        states = States(live, settings.gate, sessions, rendering, settings)
        stream = LiveStream(live, events, streams, sessions, rendering, act_pages, states)
        metrics = Metrics(live, journal.desk, streams, sessions, self.clients)
        parts = (
            states,
            stream,
            Orders(acts, rendering),
            JournalApi(journal, live, rendering, settings),
            PurposeApi(journal.pages, journal.reports, live, rendering),
            ClientPages(self.clients, rendering),
            DocumentPages(rendering, cookie, tuple(settings.gate.portals)),
            metrics,
        )
        self._calls = {name: call for part in parts for name, call in part.calls().items()}
        self._tasks = [asyncio.create_task(self.clients.run()), asyncio.create_task(metrics.run())]

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""

        return self._calls

    async def close(self) -> None:
        """Idempotent."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
