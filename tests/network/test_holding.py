"""Until when a person holds a portal, on its card: in the site's zone, with date, seconds and how it ends."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from firmware.core.facts import ClockLost, ClockSet, HoldOpen, LockPortal, ReleasePortal
from firmware.core.view import HoldView, Mode, PortalView
from firmware.network.acts.act import Portal
from tests.core.lanes.lane_scene import LaneScene
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door, known
from tests.network.fake_controller import UTC_MS, barrier, hall, health, quiet, states, welcome
from tests.network.fake_controller import door as front
from tests.network.running import GATE, running_page, settings

HALF_PAST_S = UTC_MS // 1000 + 30 * 60  # 2026-11-23 13:33:22 in Shanghai, as `date` says
LI = "guard Li"


# -- the core's view --------------------------------------------------------------------------------------------------


def held(s: Scene) -> HoldView | None:
    return s.seen().hold


def test_a_hold_is_seen_with_its_end_and_a_lock_without():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    assert held(s) is None
    s.do(HoldOpen(LI, portal="front", until_utc_s=MONDAY_0755_MS // 1000 + 600))
    assert held(s) == HoldView("operator", MONDAY_0755_MS // 1000 + 600)
    s.do(LockPortal(LI, portal="front"))
    assert held(s) == HoldView("locked")
    s.do(ReleasePortal(LI, portal="front"))
    assert held(s) is None
    s.wait(1_000)
    s.do(HoldOpen(LI, portal="front", for_ms=60_000))
    assert held(s) == HoldView("operator", MONDAY_0755_MS // 1000 + 61)
    s.wait(60_000)
    assert held(s) is None


def test_an_end_that_was_an_instant_stays_it_and_a_span_moves_with_the_clock():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    end_s = MONDAY_0755_MS // 1000 + 3_600
    s.do(HoldOpen(LI, portal="front", until_utc_s=end_s))
    s.do(ClockSet(MONDAY_0755_MS + 600_000))
    assert held(s) == HoldView("operator", end_s)
    s.do(HoldOpen(LI, portal="front", for_ms=60_000))
    s.do(ClockSet(MONDAY_0755_MS + 1_200_000))
    assert held(s) == HoldView("operator", MONDAY_0755_MS // 1000 + 1_260)
    s.do(ClockLost())
    assert held(s) == HoldView("operator"), "nobody knows what time it will be then"


def test_a_double_swipe_is_a_hold_too():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    who = known(holds_open=True)
    s.swipe(who=who)
    s.wait(1_000)
    s.swipe(who=who)
    assert held(s) == HoldView("holder", MONDAY_0755_MS // 1000 + 1 + 4 * 3_600)


def test_a_barriers_hold_is_seen_too():
    s = LaneScene()
    s.do(ClockSet(MONDAY_0755_MS))
    end_s = MONDAY_0755_MS // 1000 + 600
    s.do(HoldOpen(LI, portal="gate", until_utc_s=end_s))
    assert s.seen().hold == HoldView("operator", end_s)
    s.do(HoldOpen(LI, portal="gate", for_ms=90_000))
    assert s.seen().hold == HoldView("operator", MONDAY_0755_MS // 1000 + 90)
    s.do(LockPortal(LI, portal="gate"))
    assert s.seen().hold == HoldView("locked")
    s.do(ReleasePortal(LI, portal="gate"))
    assert s.seen().hold is None


# -- the page ---------------------------------------------------------------------------------------------------------


def said(tmp_path: Path, portal: PortalView, language: str = "en", *, closes: bool = True) -> str:
    """What the card says, with the site's portals as usual but for whether the lane closes by itself."""
    gate = type(GATE)({**GATE.portals, "north_lane": Portal("barrier", None, closes=closes)})

    async def scene() -> str:
        first = (welcome(), states(view=quiet(portal)), health())
        async with running_page(tmp_path, *first, site=settings(gate=gate)) as page:
            window = await page.open_window(accept_language=language)
            view = await window.until("view")
            html = (await page.get("/", accept_language=language)).text
            shown = re.search(r'<p class="until">([^<]*)</p>', html)
            assert shown is not None
            assert shown[1] == view["cards"][0]["hold"], "the same with and without script"  # type: ignore[index]
            return shown[1]

    return asyncio.run(scene())


@pytest.mark.parametrize(
    ("portal", "closes", "english", "chinese"),
    [
        (front(), True, "", ""),
        (
            front(mode=Mode.UNLOCKED, hold=HoldView("operator", HALF_PAST_S)),
            True,
            "until 2026-11-23 13:33:22. Then it follows its hours and credentials",
            "至 2026-11-23 13:33:22",
        ),
        (hall(hold=HoldView("operator")), True, "clock is not set", "时钟未设置"),
        (front(hold=HoldView("holder", HALF_PAST_S)), True, "twice, until 2026-11-23 13:33:22", "连刷两次"),
        (front(hold=HoldView("locked")), True, "without an end", "无结束时间"),
        (barrier(hold=HoldView("operator", HALF_PAST_S)), True, "closes once the lane is clear", "车道清空后关闭"),
        (
            barrier(hold=HoldView("operator", HALF_PAST_S)),
            False,
            "until somebody closes it by the local key",
            "钥匙关闭",
        ),
        (front(hold=HoldView("caretaker", HALF_PAST_S)), True, "until 2026-11-23 13:33:22", "至 2026-11-23 13:33:22"),
    ],
)
def test_the_card_says_until_when_and_how_it_ends(tmp_path, portal, closes, english, chinese):
    assert english in said(tmp_path, portal, closes=closes)
    assert chinese in said(tmp_path, portal, "zh-CN", closes=closes)
    if not english:
        assert said(tmp_path, portal, closes=closes) == ""
