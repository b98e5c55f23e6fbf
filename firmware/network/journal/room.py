"""All of the journal's pages together, over one desk that reads."""

from __future__ import annotations

from firmware.network.accounts.diary import Diary
from firmware.network.journal.desk import ReadingDesk
from firmware.network.journal.pages import JournalPages
from firmware.network.journal.reports import JournalReports
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings


class JournalRoom:
    """Made once; `close` is called before the server is told to stop, so that no export holds it."""

    def __init__(
        self, live: Live, diary: Diary, link: Link, rendering: Rendering, sessions: Sessions, settings: Settings
    ) -> None:
        self.desk = ReadingDesk(live)
        self.pages = JournalPages(self.desk, live, diary, link, rendering, settings)
        self.reports = JournalReports(self.desk, live, diary, rendering, sessions, settings)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self.pages.calls() | self.reports.calls()

    async def close(self) -> None:
        """Idempotent."""
        self.desk.close()
        await self.reports.proving.close()
