"""The page and the desk together in one test: the network process's own code, the desk's own socket, a made-up gate."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from firmware.people.serving import PeopleSocket
from tests.network.running import RunningPage, running_page, settings
from tests.people.desk import AtDesk, at_desk

EVIL = "<img src=x onerror=\"document.title='broken'\"> 'quoted' & more"
CARD, NEW_CARD = "H10301:12:34567", "H10301:12:50002"
PEOPLE = (
    ("household", "f1", {"label": "3-2-501", "spaces": "1"}),
    ("holder", "h1", {"name": "王芳", "phone": "138 0013 8000", "profiles": "residents", "household": "f1"}),
    ("holder", "h2", {"name": EVIL, "relation": EVIL, "note": EVIL, "profiles": "staff;residents", "household": "f1"}),
    ("credential", f"card:{CARD}", {"holder": "h1", "printed": "012 34567"}),
    ("credential", "pin:735190", {"holder": "h1"}),
    ("vehicle", "京A12345", {"holder": "h1"}),
)
READERS = {"front_reader": "front_door", "bike_reader": "bike_shed"}


class Office(NamedTuple):
    """`page` has a session of the console, which may do all; `desk` is what it asks."""

    page: RunningPage
    desk: AtDesk


@contextlib.asynccontextmanager
async def office(folder: Path, *, source: bool = True) -> AsyncIterator[Office]:
    with at_desk(folder, source=source) as desk:
        if source:
            desk.put(*PEOPLE)
            desk.gate.owners[CARD] = "h1"
        served = PeopleSocket(folder / "people.sock", desk.desk)
        await served.start()
        site = settings(reader_portals=READERS)
        try:
            async with running_page(folder, site=site, people=str(served.path)) as page:
                yield Office(page, desk)
        finally:
            await served.stop()
