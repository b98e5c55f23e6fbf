"""All pages of cameras together: who looks, what the vision process gives, and the enrolment of faces."""

from __future__ import annotations

import asyncio
import contextlib

from firmware.network.camera_view.face_pages import FacePages
from firmware.network.camera_view.faces import FaceDesk
from firmware.network.camera_view.pages import CameraPages
from firmware.network.camera_view.source import Source
from firmware.network.camera_view.viewings import Viewings
from firmware.network.link import Link
from firmware.network.live import Live
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
    ) -> None:
        viewings = Viewings(live, link, sessions, settings.viewing.shift_hours)
        self._watching = asyncio.create_task(viewings.run())
        self._faces = FacePages(FaceDesk(link), live, rendering, settings)
        self._pages = CameraPages(live, viewings, Source(pictures), rendering, settings)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._pages.calls() | self._faces.calls()

    async def close(self) -> None:
        """Idempotent. The controller ends every viewing when we are gone."""
        self._watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._watching
