"""All pages of reviews together."""

from __future__ import annotations

from firmware.network.accounts.diary import Diary
from firmware.network.review.export import ReviewExport
from firmware.network.review.pages import ReviewPages
from firmware.network.routes import Answering
from firmware.network.rules.pages import Seams


class ReviewRoom:
    """Made once, in program.py."""

    def __init__(self, seams: Seams, diary: Diary) -> None:
        self._pages = ReviewPages(seams)
        self._export = ReviewExport(seams, diary)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls() | self._export.calls()

    async def close(self) -> None:
        """Nothing of it outlives an answer."""
