"""Questions, at the page and by the API, over one desk that reads the journal and the one way to the people process."""

from __future__ import annotations

from firmware.network.journal.desk import ReadingDesk
from firmware.network.live import Live
from firmware.network.people.api_front import ApiFront
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.front import Front
from firmware.network.questions.api import QuestionApi
from firmware.network.questions.asking import Points
from firmware.network.questions.pages import QuestionPages
from firmware.network.questions.rows import Rows
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.settings import Settings, zone_of


class QuestionRoom:
    """Made once; `close` is called before the server is told to stop."""

    def __init__(self, asks: PeopleAsks, live: Live, rendering: Rendering, settings: Settings) -> None:
        self._desk = ReadingDesk(live)
        zone = zone_of(settings)
        rows, points = Rows(self._desk, live, zone), Points(settings)
        self._parts = (
            QuestionPages(Front(asks, rendering, settings), rows, points, live, zone),
            QuestionApi(ApiFront(asks, rendering), rows, points, live, zone),
        )

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {name: call for part in self._parts for name, call in part.calls().items()}

    async def close(self) -> None:
        """Idempotent."""
        self._desk.close()
