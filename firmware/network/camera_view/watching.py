"""What a viewing sees now, in words: what the page shows, and the API tells."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from firmware.network.camera_view.errors import NoPictures
from firmware.network.camera_view.showing import Camera, Shown, shown
from firmware.network.camera_view.source import Source
from firmware.network.camera_view.viewings import Viewing
from firmware.network.live import Live
from firmware.network.view import Speaker
from firmware.pictures import Box, Pictured

MINUTE_S = 60


class Look(NamedTuple):
    """One look through one camera. `boxes` are of the picture that is shown, none where there is none."""

    shown: Shown
    taken_utc_ms: int | None = None
    boxes: tuple[Box, ...] = ()


class Windows:
    """What is seen of viewings; nothing is kept but the newest pictures (source.py)."""

    def __init__(self, live: Live, source: Source) -> None:
        self._live = live
        self._source = source
        self._now_s = asyncio.get_running_loop().time

    async def look(self, speaker: Speaker, viewing: Viewing, name: str, after: int) -> Look:
        """What there is after that picture: it waits for the next one."""
        pane = viewing.panes[name]
        camera = Camera(speaker, name, self._live.utc_ms_at, viewing.number)
        told: Pictured | None = None
        try:
            told = await pane.newer(self._source, after)
        except NoPictures:
            return Look(shown(camera, None, None, self._now_s()))
        now_s = self._now_s()
        age_ms = pane.age_ms(now_s)
        seen = shown(camera, told, age_ms, now_s)
        if not seen.number or age_ms is None:
            return Look(seen)
        return Look(seen, self._live.utc_ms_at(now_s - age_ms / 1_000), told.boxes)

    def jpeg(self, viewing: Viewing, name: str, number: int) -> bytes | None:
        """One picture, by its number, and only while it is one of now."""
        pane = viewing.panes.get(name)
        return None if pane is None else pane.jpeg(number, self._now_s())

    def left_s(self, viewing: Viewing) -> float:
        return max(0.0, viewing.until_s - self._now_s())

    def left(self, speaker: Speaker, viewing: Viewing) -> str:
        """How long a viewing lasts yet, and until when."""
        utc_ms = self._live.utc_ms_at(viewing.until_s)
        time = speaker.words("time_unknown") if utc_ms is None else speaker.at(utc_ms)
        seconds = self.left_s(viewing)
        step = MINUTE_S if seconds > 2 * MINUTE_S else 1
        return speaker.words("viewing_left", elapsed=speaker.words.elapsed(seconds // step * step), time=time)
