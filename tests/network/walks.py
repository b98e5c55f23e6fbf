"""Every page of the page, found from the table of routes and the links between pages, for each role; in a browser.

A room that adds a line to ROUTES is walked without a line here.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import html
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from playwright.async_api import APIResponse, Browser, BrowserContext, Page, Playwright

from firmware.backup.asks import Backups, Failed, Job, Last, Looked, Made
from firmware.backup.contents import Contents, Part
from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.core.view import Lamp, Mode, Position, SiteView
from firmware.messages import Message
from firmware.network.accounts.account import Role
from firmware.network.route import Need, Route
from firmware.network.routes import ROUTES
from tests.network.accounts import PASSPHRASE
from tests.network.fake_controller import UTC_MS, barrier, door, hall, health, lane, quiet, shed, spots, states
from tests.network.journals import JournalGate, journal_gate
from tests.network.test_browser import CHROMIUM, FLAGS

ADDRESSES_MAX = 400  # of one role: links that lead on and on are a mistake of a page
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
NOBODY = None

# What the status page may have to show, as the controller tells it.
STATES: dict[str, tuple[Message, ...]] = {
    "quiet": (states(), health()),
    "alarms": (
        states(
            view=quiet(
                door(mode=Mode.ACCESSED, position=Position.OPEN),
                shed(alarms=("door.forced",), position=Position.OPEN, acknowledged=False),
                hall(alarms=("device.lost",)),
            )
        ),
        health(front_reader="lost: no answer"),
    ),
    "fire": (
        states(
            utc_ms=None,
            view=SiteView(
                portals=(door(mode=Mode.LOCKED_OPEN, position=Position.OPEN), hall(mode=Mode.LOCKED_OPEN)),
                fire=True,
                evacuation=True,
                lockdown=True,
                store_failed=True,
                devices_lost=("front_reader",),
                readers_muted=("shed_reader",),
                occupancy={"yard": 3},
            ),
        ),
    ),
    "lanes": (
        states(
            view=quiet(
                barrier(
                    lane(
                        mover="boom",
                        lights={"in": Lamp.GREEN, "out": Lamp.RED},
                        spots=spots("entry_1", "safety_1", exit="stuck"),
                        waiting={"in": 2, "out": 1},
                        warning=True,
                        serving="in",
                        bars=("stop", "between"),
                        against=("active:safety_1", "clearing"),
                    ),
                    mode=Mode.ACCESSED,
                    position=Position.BETWEEN,
                )
            )
        ),
    ),
    "empty": (states(view=SiteView(clock_known=True)),),
}


CONTENTS = Contents(
    schema=1,
    menshen="0.1.0",
    made_s=UTC_MS // 1000,
    controller="c-0123456789abcdef",
    digest_key_id="00",
    site="north_gate",
    site_name="北门 North gate",
    parts=(
        Part("site", 4_711, "0" * 64),
        Part("source", 12_345_678, "0" * 64, counts={"holders": 1_200, "credentials": 2_400}),
        Part("named", 32, "0" * 64, name="keys/reader-of-the-front-door.key"),
    ),
)
LOOKED = Looked(
    "0" * 64,
    9_000_000,
    CONTENTS,
    (("replaced", "/etc/menshen/site.toml"), ("new", "/var/lib/menshen/" + "very_long_name_" * 8)),
    12,
    (("roster_built", {"version": 7, "holders": 1_200, "credentials": 2_400}), ("accounts_of_then", {})),
)
# What the page about backups may have to show.
BACKUPS = {
    "made": Backups("/x", made=Made("0" * 32, 9_000_000, "0" * 64, CONTENTS)),
    "looked": Backups("/x", looked=LOOKED),
    "doing": Backups("/x", job=Job("restore", "Li Wei", 30, 100)),
    "failed": Backups("/x", failed=Failed("restore", "refused", ("site.toml: x is no such thing",))),
    "last": Backups("/x", last=Last("backup.restored", "Li Wei", "the board died", UTC_MS // 1000)),
}


class Address(NamedTuple):
    """One page of one role (NOBODY: of whoever is not logged in)."""

    role: Role | None
    target: str


class Walk:
    """A gate with a journal, a browser, and for each role a session of its own."""

    def __init__(self, gate: JournalGate, browser: Browser) -> None:
        self.gate = gate
        self.browser = browser
        self.base = f"http://127.0.0.1:{gate.page.port}"
        self._cookies: dict[Role, str] = {}

    async def log_in(self) -> None:
        """Every role, once."""
        for role in Role:
            response = await self.gate.log_in(role.value)
            assert response.status == 303, response.text
            assert self.gate.page.cookie is not None
            self._cookies[role] = self.gate.page.cookie

    async def context(self, role: Role | None, language: str, **more: object) -> BrowserContext:
        """A browser's window of one role; with axe's rights: the page's policy is lifted in it."""
        context = await self.browser.new_context(locale=LANGUAGES[language], bypass_csp=True, **more)  # type: ignore[arg-type]
        cookies = [("menshen_language", language)]
        if role is not NOBODY:
            name, _, content = self._cookies[role].partition("=")
            cookies.append((name, content))
        await context.add_cookies([{"name": name, "value": content, "url": self.base} for name, content in cookies])
        return context

    async def addresses(self, role: Role | None) -> dict[str, str]:
        """All pages that a role may load, each with what it says: those of the table, and where their links lead."""
        context = await self.context(role, "en")
        found: dict[str, str] = {}
        waiting = [route.path for route in ROUTES if may_be_page(route) and admitted(route, role)]
        seen = {shape_of(target) for target in waiting}
        while waiting and len(found) < ADDRESSES_MAX:
            target = waiting.pop(0)
            response = await context.request.get(self.base + target, max_redirects=0)
            assert response.status != 500, (role, target)
            if not is_page(response):
                continue
            found[target] = await response.text()
            for link in links_in(found[target], target):
                if shape_of(link) not in seen and leads_to_page(link):
                    seen.add(shape_of(link))
                    waiting.append(link)
        await context.close()
        assert not waiting, f"pages lead on to more than {ADDRESSES_MAX} others: {waiting[:5]}"
        return found

    async def pages(self) -> list[Address]:
        """Each page that looks different, once, by the role that sees it so; the first page by each role."""
        known: set[str] = set()
        pages: list[Address] = []
        for role in (NOBODY, *Role):
            for target, text in (await self.addresses(role)).items():
                print_of = f"{role} /" if target == "/" else hashlib.sha256(skeleton(text).encode()).hexdigest()
                if print_of not in known:
                    known.add(print_of)
                    pages.append(Address(role, target))
        return pages

    async def refusals(self, addresses: Iterable[Address]) -> list[tuple[Address, str]]:
        """What comes of each form that is sent with what is wrong: a page, by the role that sees it, and its markup."""
        sent: set[str] = set()
        pages: list[tuple[Address, str]] = []
        contexts: dict[Role | None, BrowserContext] = {}
        for role, target in addresses:
            if role not in contexts:
                contexts[role] = await self.context(role, "en")
            response = await contexts[role].request.get(self.base + target, max_redirects=0)
            for form in forms_in(await response.text(), target):
                if form.action in sent or form.action in ("/logout", "/account/sessions"):
                    continue
                sent.add(form.action)
                answer = await self._send(contexts[role], form)
                assert answer.status != 500, form
                if is_page(answer):
                    pages.append((Address(role, form.action), await answer.text()))
        for context in contexts.values():
            await context.close()
        return pages

    async def _send(self, context: BrowserContext, form: Form) -> APIResponse:
        headers = {"origin": self.base}
        if form.multipart:
            fields = dict(form.fields)
            return await context.request.post(
                self.base + form.action, multipart=fields, headers=headers, max_redirects=0
            )
        headers["content-type"] = "application/x-www-form-urlencoded"
        body = urlencode(form.fields)
        return await context.request.post(self.base + form.action, data=body, headers=headers, max_redirects=0)


class Form(NamedTuple):
    action: str
    fields: tuple[tuple[str, str], ...]
    multipart: bool


@contextlib.asynccontextmanager
async def walking(folder: Path, playwright: Playwright) -> AsyncIterator[Walk]:
    async with journal_gate(folder, None) as gate:
        gate.book.write(Event(Code.FORCED, portal="hall", detail="<b>&</b> 门 " + "x" * 120))
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            walk = Walk(gate, browser)
            await walk.log_in()
            gate.page.controller.say(*STATES["quiet"])
            speaking = asyncio.create_task(gate.page.controller.go_on())
            try:
                yield walk
            finally:
                speaking.cancel()
        finally:
            await browser.close()


async def show(page: Page, address: str, markup: str | None = None) -> None:
    """Load an address; with `markup`, as if that were its answer."""
    if markup is not None:
        await page.route(
            address, lambda route: route.fulfill(body=markup, content_type="text/html; charset=utf-8"), times=1
        )
    await page.goto(address, wait_until="load")


def may_be_page(route: Route) -> bool:
    """Not what is made for programs, or for a page's own use."""
    if route.method != "GET" or "{" in route.path or route.path.startswith("/api/"):
        return False
    return re.search(r"(\.[a-z]+|/stream|/metrics|/state|/picture|/newest)$", route.path) is None


def leads_to_page(link: str) -> bool:
    """Whether an address is that of a page; where the table has a name in braces anything may stand."""
    path = link.partition("?")[0]
    return any(may_be_page(route._replace(path=path)) and _pattern(route.path).fullmatch(path) for route in ROUTES)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path)))


def admitted(route: Route, role: Role | None) -> bool:
    if route.needs is Need.NOBODY:
        return True
    if role is NOBODY:
        return False
    if isinstance(route.needs, Need):
        return True
    return role in (route.needs if isinstance(route.needs, frozenset) else {route.needs})


def is_page(response: APIResponse) -> bool:
    return response.headers.get("content-type", "").startswith("text/html") and response.status not in (303, 308)


def shape_of(target: str) -> tuple[str, frozenset[str]]:
    """Two addresses of one path whose questions have the same names are one kind of page."""
    path, _, query = target.partition("?")
    return path, frozenset(name for name, _ in parse_qsl(query, keep_blank_values=True))


def links_in(markup: str, target: str) -> list[str]:
    """Where the links of a page lead within the site, without the switch of languages."""
    links = []
    for href in re.findall(r'<a\b[^>]*\bhref="([^"]*)"', markup):
        to = urlsplit(urljoin(target, html.unescape(href)))
        if not to.netloc and "language" not in dict(parse_qsl(to.query)):
            links.append(to.path + ("?" + to.query if to.query else ""))
    return links


def forms_in(markup: str, target: str) -> list[Form]:
    """The forms of a page that change something, with its hidden fields as they are and all else filled in wrongly."""
    forms = []
    for head, body in re.findall(r"<form\b([^>]*)>(.*?)</form>", markup, re.DOTALL):
        if 'method="post"' not in head:
            continue
        action = re.search(r'action="([^"]*)"', head)
        fields = []
        for tag, each in re.findall(r"<(input|textarea|select)\b([^>]*)", body):
            name, kind, value = (re.search(rf'\b{key}="([^"]*)"', each) for key in ("name", "type", "value"))
            kind_of = kind[1] if kind else "text"
            if name is None or kind_of in ("checkbox", "radio", "submit", "file"):
                continue
            kept = html.unescape(value[1]) if value else ""
            fields.append((html.unescape(name[1]), kept if tag == "input" and kind_of == "hidden" else "?"))
        to = html.unescape(action[1]) if action else target
        forms.append(Form(to, tuple(fields), "multipart/form-data" in head))
    return forms


def skeleton(markup: str) -> str:
    """What a page is made of: its tags with their classes and the names of their attributes, and where text stands.

    Two with the same are one to whoever looks at how pages are built. Who is logged in differs by role, and stands on
    each page: it is looked at on the first.
    """
    body = re.sub(r'<div class="person".*?</form>', "", markup, flags=re.DOTALL)
    parts = []
    for tag, attributes, text in re.findall(r"<(/?[a-z0-9]+)([^>]*)>([^<]*)", body):
        names = sorted(re.findall(r"([a-z-]+)=|(?:\s)([a-z-]+)(?=[\s>]|$)", attributes))
        shape = re.findall(r'(?:class|role|type|lang|dir)="[^"]*"', attributes)
        parts.append(f"{tag} {names} {shape} {bool(text.strip())}")
    kept = [part for number, part in enumerate(parts) if part not in parts[max(0, number - 40) : number]]
    return "\n".join(kept)  # rows of a table, further cards: once


__all__ = ["PASSPHRASE", "STATES", "Address", "Walk", "show", "walking"]
