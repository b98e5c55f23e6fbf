"""The plan's page without a browser: before anything is known, with what a newer controller says, and its bytes."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from firmware.core.view import SiteView
from tests.network.fake_controller import barrier, door, hall, health, quiet, shed, states, welcome
from tests.network.plan_site import plan_settings
from tests.network.running import running_page

BYTES_MAX = 24_000  # of the plan of four portals; the whole first view has 100 kB


def plan_of(html: str) -> str:
    found = re.search(r'<svg class="plan".*?</section>', html, re.S)
    assert found is not None
    return found[0]


def test_before_anything_is_heard_the_plan_stands_there_and_nothing_of_it_is_proven(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path, welcome(), site=plan_settings()) as page:
            plan = plan_of((await page.get("/")).text)
            assert (
                re.findall(r'data-plan="\w+" data-mode="(\w+)" data-position="(\w+)"', plan)
                == [("unknown", "lost")] * 4
            )
            assert set(re.findall(r'data-device="\w+" data-state="(\w+)"', plan)) == {"unknown"}
            assert set(re.findall(r'data-spot-id="\w+" data-state="(\w+)"', plan)) == {"unknown"}
            assert set(re.findall(r'data-lamp="(\w+)"', plan)) == {"unknown"}

    asyncio.run(scene())


def test_a_controller_of_another_site_and_a_site_without_portals_break_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        for view in (SiteView(), quiet(door()), quiet(shed(), hall())):
            async with running_page(tmp_path, welcome(), states(view=view), health(), site=plan_settings()) as page:
                answer = await page.get("/")
                assert answer.status == 200
                assert plan_of(answer.text).count("data-plan=") == 4
            (tmp_path / "network.sock").unlink(missing_ok=True)

    asyncio.run(scene())


def test_the_plan_is_small(tmp_path: Path) -> None:
    async def scene() -> None:
        view = quiet(door(), shed(), hall(), barrier())
        async with running_page(tmp_path, welcome(), states(view=view), health(), site=plan_settings()) as page:
            assert len(plan_of((await page.get("/")).text).encode()) < BYTES_MAX

    asyncio.run(scene())
