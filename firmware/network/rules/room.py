"""All pages of rules together, and what the API has of them."""

from __future__ import annotations

from firmware.network.routes import Answering
from firmware.network.rules.api import RulesApi
from firmware.network.rules.days import DayPages
from firmware.network.rules.pages import Seams
from firmware.network.rules.profiles import ProfilePages
from firmware.network.rules.schedules import SchedulePages


class RulesRoom:
    """Made once, in program.py."""

    def __init__(self, seams: Seams) -> None:
        self._pages = (SchedulePages(seams), ProfilePages(seams), DayPages(seams), RulesApi(seams))

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {name: call for pages in self._pages for name, call in pages.calls().items()}

    async def close(self) -> None:
        """Nothing of it outlives an answer."""
