"""The page with a manager and an auditor, over a desk that has a real source and a roster in service."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page

from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.store import Store
from firmware.network.settings import Settings
from tests.network.accounts import PASSPHRASE, hash_of_passphrase
from tests.network.running import RunningPage, running_page, settings
from tests.network.test_browser import WAIT_MS
from tests.people_rules.office import Office, answering, made

PHONE = {"width": 390, "height": 844}
NARROW = {"width": 320, "height": 640}
DESKTOP = {"width": 1280, "height": 900}
PORTALS = {"front_door": "Front door", "bike_shed": "Bike shed", "hall": "Hall", "north_lane": "North lane"}


class Place:
    """A running page and the office behind it."""

    def __init__(self, page: RunningPage, office: Office) -> None:
        self.page = page
        self.office = office

    @property
    def home(self) -> str:
        return f"http://127.0.0.1:{self.page.port}"


def site(office: Office) -> Settings:
    points = {point.id: portal.id for portal in office.config.site.portals for point in portal.access_points}
    return settings(portal_names=PORTALS, point_portals=points)


@contextlib.asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    """Accounts "manager" and "auditor"; nothing waits."""
    hashed = await hash_of_passphrase()
    state = folder / "accounts"
    state.mkdir()
    roles = {"manager": Role.MANAGER, "auditor": Role.AUDITOR}
    Store(state).save({name: Account(name, frozenset({role}), hashed) for name, role in roles.items()})
    async with (
        answering(made(folder)) as office,
        running_page(folder, enter=False, code=None, people=str(office.socket), site=site(office)) as page,
    ):
        yield Place(page, office)


async def logged_in(page: Page, home: str, name: str = "manager") -> None:
    await page.goto(f"{home}/login")
    await page.fill("#name", name)
    await page.fill("#passphrase", PASSPHRASE)
    await page.click("main button")
    await page.wait_for_selector(".person", timeout=WAIT_MS)


async def opened(browser: Browser, **more: object) -> tuple[BrowserContext, Page, list[str]]:
    """A window, and what it complains of."""
    context = await browser.new_context(**more)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return context, page, complaints
