"""What the page says of cameras: rate, drops, latency and mishaps, for people, in both languages."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.network.cameras import MISHAPS, rows
from firmware.network.words import LANGUAGES, Words
from tests.network.fake_controller import health, states, welcome
from tests.network.running import RunningPage, running_page

COUNTED = {
    "sights": 4,
    "vision_frames_per_s": 10,
    "vision_frames": 4_012,
    "vision_dropped": 30,
    "vision_looked_at": 970,
    "vision_latency_ms": 42,
    "vision_latency_ms_max": 311,
    "vision_losses": 0,
}


def heard(counted: dict[str, int], state: str = "running", **others: dict[str, int]):
    """Health with a camera that counted this."""
    said = health(lane_camera=state, front_reader="running")
    return msgspec.structs.replace(said, counters={"lane_camera": counted, "front_reader": {"frames": 7}, **others})


def said(counted: dict[str, int], state: str = "running", language: str = "en") -> list[tuple[str, str]]:
    return list(rows(Words(language), heard(counted, state)))


def test_rate_drops_and_latency_are_said_of_cameras_and_of_nothing_else():
    assert said(COUNTED) == [
        (
            "Camera lane_camera",
            "10 pictures a second; dropped: 30 (3 %); 50 ms from picture to answer, 320 at most",
        )
    ]
    assert said(COUNTED, language="zh") == [
        ("摄像机 lane_camera", "每秒 10 帧；丢弃 30 帧（3%）；从画面到结果 50 毫秒，最多 320 毫秒")
    ]


def test_before_anything_was_looked_at_nothing_is_said_of_it():
    assert said({"vision_frames_per_s": 3}) == [("Camera lane_camera", "3 pictures a second")]


def test_a_lost_camera_does_not_see_whatever_it_counted():
    assert said(COUNTED, "lost: no picture for 5 s")[0][1].startswith("does not see; dropped: 30")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("mishap", MISHAPS)
def test_what_happened_to_a_stream_is_counted_for_people(language, mishap):
    (_, quiet), (_, told) = (
        said(COUNTED | {f"vision_{mishap}": count}, language=language)[0] for count in (0, 17)
    )  # fmt: skip
    assert "17" not in quiet
    assert told.startswith(quiet)
    assert "17" in told.removeprefix(quiet)


def test_it_stands_on_the_page_and_changes_there(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert "10 pictures a second" in (await page.get("/")).text
        assert "摄像机 lane_camera" in (await page.get("/", accept_language="zh-CN")).text
        window = await page.open_window()
        await window.until("view", lambda view: any("10 pictures" in value for _, value in view["about"]))
        page.controller.say(heard(COUNTED | {"vision_jumps": 1}))
        view: Any = await window.until(
            "view", lambda view: any("jumps in time: 1" in value for _, value in view["about"])
        )
        assert sum(label == "Camera lane_camera" for label, _ in view["about"]) == 1
        window.writer.close()

    async def whole() -> None:
        async with running_page(tmp_path, welcome(), states(), heard(COUNTED)) as page:
            await scene(page)

    asyncio.run(whole())
