"""All of the page about backups together."""

from __future__ import annotations

from firmware.network.backup.desk import BackupDesk
from firmware.network.backup.pages import BackupPages
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings


class BackupRoom:
    """Made once; nothing of it runs by itself."""

    def __init__(self, live: Live, link: Link, rendering: Rendering, sessions: Sessions, settings: Settings) -> None:
        self._pages = BackupPages(BackupDesk(link), live, rendering, sessions, settings)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls()

    async def close(self) -> None:
        """Nothing is to be ended: what is done is done by the controller."""
