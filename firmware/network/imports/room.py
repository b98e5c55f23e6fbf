"""Pages and API of imports together; and where an import's long work leads once it is over."""

from __future__ import annotations

from firmware.network.imports.api import ImportApi
from firmware.network.imports.pages import ImportPages
from firmware.network.imports.sending import Sending
from firmware.network.people.api_front import ApiFront
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.front import Front, address
from firmware.network.people.job_pages import Ends
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings
from firmware.people_words.base import Found
from firmware.people_words.imports import ImportUndone, SheetImported, SheetRead


class ImportRoom:
    """Made once; it holds nothing open."""

    def __init__(self, asks: PeopleAsks, rendering: Rendering, settings: Settings, sessions: Sessions) -> None:
        front = Front(asks, rendering, settings)
        sending = Sending(front, sessions)  # one, so that page and API share what may be on its way at once
        self._pages = ImportPages(front, sending)
        self._api = ImportApi(ApiFront(asks, rendering), sending)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls() | self._api.calls()

    async def close(self) -> None:
        """Nothing is open."""


def _read(found: Found, _job: str) -> str:
    assert isinstance(found, SheetRead)
    return address("/people/import/sheet", id=found.sheet)


def _imported(found: Found, _job: str) -> str:
    assert isinstance(found, SheetImported)
    return address("/people/import/done", batch=str(found.batch), changes=str(found.changes), bad=str(found.bad))


def _undone(found: Found, _job: str) -> str:
    assert isinstance(found, ImportUndone)
    told = {"batch": str(found.batch), "undone": str(found.undone), "changes": str(found.changes)}
    return address("/people/import/done", **told)


IMPORT_ENDS: Ends = {SheetRead: _read, SheetImported: _imported, ImportUndone: _undone}
