"""What windows share: one rendering for each change and language, never an older one than the newest state."""

from __future__ import annotations

import asyncio

import msgspec

from firmware.core.view import Mode
from firmware.network.events import RecentEvents
from firmware.network.live import SILENT_S, Live
from firmware.network.settings import speakers_of
from firmware.network.shared import AGE_S_MAX, Shared
from firmware.rehearsal.virtual_time import run_virtual
from tests.network.fake_controller import door, health, quiet, states, welcome
from tests.network.running import no_events, settings


def test_fifty_windows_cost_one_rendering_a_language_and_change() -> None:
    async def scene() -> None:
        now_s = asyncio.get_running_loop().time
        live = Live(now_s())
        events = RecentEvents(no_events, live.changed)
        shared = Shared(live, events)
        speakers = speakers_of(settings())
        for message in (welcome(), states(), health()):
            live.heard(message, now_s())
        first = [shared.of(speakers[language]) for _ in range(25) for language in ("en", "zh")]
        assert shared.rendered == 2
        assert first[0]["view"] is first[2]["view"], "windows compare the same bytes"
        assert first[0]["view"] != first[1]["view"]
        live.heard(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED))), now_s())
        for _ in range(50):
            view = msgspec.json.decode(shared.of(speakers["en"])["view"])
        assert view["cards"][0]["mode"] == "unlocked", "a change is seen at once"
        assert shared.rendered == 3

    run_virtual(scene())


def test_silence_is_seen_though_nothing_comes() -> None:
    async def scene() -> None:
        now_s = asyncio.get_running_loop().time
        live = Live(now_s())
        shared = Shared(live, RecentEvents(no_events, live.changed))
        speaker = speakers_of(settings())["en"]
        for message in (welcome(), states(), health()):
            live.heard(message, now_s())
        assert msgspec.json.decode(shared.of(speaker)["view"])["live"]
        await asyncio.sleep(SILENT_S + AGE_S_MAX)
        assert not msgspec.json.decode(shared.of(speaker)["view"])["live"]

    run_virtual(scene())
