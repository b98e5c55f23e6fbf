"""All pages of cameras together: who looks, what the vision process gives, and the enrolment of faces."""

from __future__ import annotations

import asyncio
import contextlib

from firmware.network.camera_view.api import ViewingApi
from firmware.network.camera_view.enrol_pages import EnrolPages
from firmware.network.camera_view.face_api import FaceApi
from firmware.network.camera_view.face_pages import FacePages
from firmware.network.camera_view.faces import FaceDesk
from firmware.network.camera_view.pages import CameraPages
from firmware.network.camera_view.seams import Seams
from firmware.network.camera_view.source import Source
from firmware.network.camera_view.stating import Stating
from firmware.network.camera_view.viewings import Viewings
from firmware.network.camera_view.watching import Windows
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks
from firmware.network.people.front import Front
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings


class CameraRoom:
    """Made once; `pictures` is the socket of the vision process, None where there is none."""

    def __init__(
        self,
        live: Live,
        link: Link,
        rendering: Rendering,
        sessions: Sessions,
        settings: Settings,
        pictures: str | None,
        people: PeopleAsks,
    ) -> None:
        viewings = Viewings(live, link, sessions, settings.viewing.shift_hours)
        self._watching = asyncio.create_task(viewings.run())
        desk = FaceDesk(link)
        self._faces = FacePages(desk, live, rendering, settings)
        self._enrolments = EnrolPages(desk, Front(people, rendering, settings))
        self._face_api = FaceApi(desk, rendering, settings)
        windows, stating = Windows(live, Source(pictures)), Stating(viewings, settings)
        seams = Seams(live, viewings, stating, windows, rendering, settings)
        self._pages, self._api = CameraPages(seams), ViewingApi(seams)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        parts = (self._pages, self._api, self._faces, self._enrolments, self._face_api)
        return {name: call for part in parts for name, call in part.calls().items()}

    async def close(self) -> None:
        """Idempotent. The controller ends every viewing when we are gone."""
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
