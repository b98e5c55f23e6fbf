"""What all windows of one language are sent: made once for each change, however many are open."""

from __future__ import annotations

import asyncio

import msgspec

from firmware.network.events import RecentEvents
from firmware.network.live import Live
from firmware.network.view import Speaker

# What silence looks like, and for how long it lasts, change with time alone.
AGE_S_MAX = 0.5


class _Made(msgspec.Struct, frozen=True):
    change: int
    at_s: float
    content: dict[str, bytes]


class Shared:
    """The view and the events as JSON, by language. Whoever compares two answers may find the very same bytes."""

    def __init__(self, live: Live, events: RecentEvents) -> None:
        self.rendered = 0
        self._live = live
        self._events = events
        self._now_s = asyncio.get_running_loop().time
        self._encode = msgspec.json.Encoder().encode
        self._change = 0
        self._made: dict[str, _Made] = {}
        live.watch(self._changed)

    def of(self, speaker: Speaker) -> dict[str, bytes]:
        """As things are now, in the speaker's language."""
        now_s, language = self._now_s(), speaker.words.language
        made = self._made.get(language)
        if made is None or made.change != self._change or now_s - made.at_s >= AGE_S_MAX:
            made = self._made[language] = _Made(self._change, now_s, self._make(speaker, now_s))
        return made.content

    def _make(self, speaker: Speaker, now_s: float) -> dict[str, bytes]:
        self.rendered += 1
        view = speaker.page(self._live, self._events.trouble, now_s)
        return {"view": self._encode(view), "events": self._encode(speaker.rows(self._events.lines))}

    def _changed(self) -> None:
        self._change += 1
