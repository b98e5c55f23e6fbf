"""All pages of reviews together."""

from __future__ import annotations

from firmware.network.accounts.diary import Diary
from firmware.network.review.api import ReviewApi
from firmware.network.review.export import ReviewExport
from firmware.network.review.lists import ReviewLists
from firmware.network.review.pages import ReviewPages
from firmware.network.routes import Answering
from firmware.network.rules.pages import Seams


class ReviewRoom:
    """Made once, in program.py."""

    def __init__(self, seams: Seams, diary: Diary) -> None:
        export = ReviewExport(seams, diary)
        self._parts = (ReviewPages(seams), ReviewLists(seams), export, ReviewApi(seams, export))

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {name: call for part in self._parts for name, call in part.calls().items()}

    async def close(self) -> None:
        """Nothing of it outlives an answer."""
