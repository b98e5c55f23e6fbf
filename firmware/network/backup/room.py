"""All of page and API about backups together."""

from __future__ import annotations

from firmware.network.backup.api import BackupApi
from firmware.network.backup.desk import BackupDesk
from firmware.network.backup.file import BackupFiles
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
        desk = BackupDesk(link)  # one, so that page and API take one file at a time
        files = BackupFiles(desk, rendering, sessions, settings)
        self._pages = BackupPages(desk, files, live, rendering, settings)
        self._api = BackupApi(desk, files, rendering, settings)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls() | self._api.calls()

    async def close(self) -> None:
        """Nothing is to be ended: what is done is done by the controller."""
