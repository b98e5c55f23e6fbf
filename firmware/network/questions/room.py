"""The pages of questions together, over one desk that reads the journal and the one way to the people process."""

from __future__ import annotations

from firmware.network.journal.desk import ReadingDesk
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.front import Front
from firmware.network.questions.pages import QuestionPages
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.settings import Settings, zone_of


class QuestionRoom:
    """Made once; `close` is called before the server is told to stop."""

    def __init__(self, asks: PeopleAsks, live: Live, rendering: Rendering, settings: Settings) -> None:
        self._desk = ReadingDesk(live)
        self._pages = QuestionPages(Front(asks, rendering, settings), self._desk, live, zone_of(settings))

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls()

    async def close(self) -> None:
        """Idempotent."""
        self._desk.close()
