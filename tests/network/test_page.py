"""The page over real HTTP: who gets it, what stands on it, and what never does."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.core.view import Mode, PortalView, Position, SiteView
from firmware.network.events import EventLine, line_of
from firmware.network.route import Need, Route
from firmware.network.routes import ROUTES as ROUTE_TABLE
from tests.network.fake_controller import UTC_MS, door, hall, health, quiet, shed, states, welcome
from tests.network.running import RunningPage, running_page, settings

# What anybody, or the console, may load here; the journal's pages and the acts have tests of their own.
ELSEWHERE = ("/api/v1/", "/journal", "/act/", "/account", "/cameras/", "/faces", "/people", "/questions")
ROUTES = [route.path for route in ROUTE_TABLE if route.method == "GET" and not route.path.startswith(ELSEWHERE)]
CLOSED = [route.path for route in ROUTE_TABLE if route.needs is not Need.NOBODY]
NO_ROUTES = [
    "/..%2f",
    "/..%2f..%2fetc/passwd",
    "/page.css/..%2f..%2fpage.py",
    "/static/page.css",
    "/templates/page.html",
    "/%2e%2e/%2e%2e/etc/passwd",
    "//etc/passwd",
    "/page.css%00",
    "/page.py",
    "/?language=zh",
    "/index.html",
    "/docs",
    "/openapi.json",
    "/" + "a" * 8000,
]

Scene = Callable[[RunningPage], Coroutine[Any, Any, None]]


def play(folder: Path, scene: Scene, *first: Any, **more: Any) -> None:
    async def whole() -> None:
        async with running_page(folder, *first, **more) as page:
            await scene(page)

    asyncio.run(whole())


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.attack("page-01")
def test_every_route_without_a_session_is_refused(tmp_path: Path, method: str) -> None:
    async def scene(page: RunningPage) -> None:
        for target in CLOSED + NO_ROUTES:
            response = await page.ask(method, target)
            assert response.status == 401, (method, target)
            assert "menshen_session" not in str(response.headers)
            assert "Front door" not in response.text

    play(tmp_path, scene, enter=False)


def test_a_refusal_says_what_to_do_in_the_readers_language(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert "Open the whole address that the program printed" in (await page.get("/")).text
        chinese = await page.get("/", accept_language="zh-CN,zh;q=0.9,en;q=0.8")
        assert "请打开程序启动时打印的完整网址" in chinese.text
        assert chinese.header("content-language") == "zh-Hans"

    play(tmp_path, scene, enter=False)


def test_with_a_session_only_the_named_routes_are_there(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        for target in NO_ROUTES:
            if target.startswith("/?"):
                continue
            response = await page.get(target)
            assert response.status == 404, target
            assert "root:" not in response.text
            assert "import" not in response.text
        for target in ROUTES:
            response = await page.ask("HEAD", target)
            assert (response.status, response.body) == (200, b""), target

    play(tmp_path, scene)


def open_to(route: Route, target: str) -> bool:
    """Whether a line with braces takes this path too: a holder may have the id "plate"."""
    return "{" in route.path and re.fullmatch(re.sub(r"\{[a-z_]+\}", "[^/]+", route.path), target) is not None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"])
@pytest.mark.attack("page-02")
def test_only_what_the_table_says_is_allowed(tmp_path: Path, method: str) -> None:
    async def scene(page: RunningPage) -> None:
        asked = page.controller.asked.copy()
        for target in sorted({*ROUTES, *CLOSED, "/?code=x"}):
            methods = {route.method for route in ROUTE_TABLE if route.path == target.partition("?")[0]}
            if method in methods or any(open_to(route, target) for route in ROUTE_TABLE if route.method == method):
                continue
            response = await page.ask(method, target)
            assert response.status == 405, target
            assert set((response.header("allow") or "").split(", ")) - {"HEAD"} == methods
        assert (await page.ask(method, "/nowhere")).status == 404
        assert page.controller.asked == asked

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("localhost", 200),
        ("LOCALHOST:1", 200),
        ("[::1]:8080", 200),
        ("127.9.9.9", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example", 421),
        ("192.168.1.10:8080", 421),
        ("0.0.0.0", 421),
        ("[fe80::1]", 421),
        ("127.0.0.1@evil.example", 421),
        ("localhost:8080/", 421),
        ("", 421),
        ("2130706433", 421),
        ("0x7f.1", 421),
    ],
)
@pytest.mark.attack("page-03")
def test_only_loopback_names_are_served(tmp_path: Path, host: str, status: int) -> None:
    """A page under another name that resolves to 127.0.0.1 (DNS rebinding) reads nothing, with or without session."""

    async def scene(page: RunningPage) -> None:
        assert (await page.ask("GET", "/", host=host)).status == status
        page.cookie = None
        assert (await page.ask("GET", f"/?code={page.code}", host=host)).status in (status, 401)

    play(tmp_path, scene)


def test_two_host_headers_or_none_are_refused(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        two = await page.raw(b"GET / HTTP/1.1\r\nhost: localhost\r\nhost: evil.example\r\n\r\n")
        assert two.split(b" ")[1] == b"400"
        none = await page.raw(b"GET / HTTP/1.0\r\n\r\n")
        assert none.split(b" ")[1] == b"421"

    play(tmp_path, scene)


@pytest.mark.attack("page-04")
def test_oversized_heads_are_refused_and_the_page_goes_on(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        for head in (
            page.request("GET", "/", x="a" * 20_000),
            page.request("GET", "/" + "a" * 20_000),
            page.request("GET", "/") + b"".join(b"x-%d: y\r\n" % n for n in range(3_000)),
        ):
            answer = await page.raw(head + b"connection: close\r\n\r\n")
            assert answer.split(b" ")[1] in (b"400", b"431"), answer[:80]
        assert (await page.get("/")).status == 200

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "request_line", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTP/1.1\r\n\r\n", b"\xff" * 100]
)
@pytest.mark.attack("page-05")
def test_garbage_instead_of_http_is_refused_and_the_page_goes_on(tmp_path: Path, request_line: bytes) -> None:
    async def scene(page: RunningPage) -> None:
        if not request_line.endswith(b"\n"):
            _, writer = await asyncio.open_connection("127.0.0.1", page.port)
            writer.write(request_line)
            writer.close()
        else:
            assert (await page.raw(request_line)).split(b" ")[1] == b"400"
        assert (await page.get("/")).status == 200

    play(tmp_path, scene)


@pytest.mark.attack("page-06")
def test_the_code_opens_one_session_and_leads_to_the_clean_address(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert (await page.get("/?code=wrong-code-of-some-length")).status == 401
        first = await page.enter()
        assert (first.status, first.header("location"), first.body) == (303, "/", b"")
        cookie = first.header("set-cookie") or ""
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert (await page.get("/")).status == 200
        again = await page.get(f"/?code={page.code}")  # a window with a session loads the printed address again
        assert (again.status, again.header("location"), again.header("set-cookie")) == (303, "/", None)
        page.cookie = None
        assert (await page.get(f"/?code={page.code}")).status == 401, "the code is used up"
        assert (await page.get(f"/page.js?code={page.code}")).status == 401

    play(tmp_path, scene, enter=False)


@pytest.mark.attack("page-07")
def test_forged_and_foreign_cookies_are_no_session(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        good = page.cookie or ""
        name, _, content = good.partition("=")
        session, _, signature = content.partition(".")
        flipped = f"{session}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        for forged in (flipped, session, session + ".", content.upper(), "", "." * 50, "a" * 4000, "é"):
            assert (await page.get("/", cookie=f"{name}={forged}")).status == 401, forged
        assert (await page.get("/", cookie=f"menshen_session={content}")).status == 401, "another port's cookie"
        assert (await page.get("/", cookie=good)).status == 200

    play(tmp_path, scene)


def test_every_answer_confines_the_page(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        answers = [await page.get(target) for target in ("/", "/page.css", "/page.js", "/icon.svg", "/nowhere")]
        answers.append(await page.ask("POST", "/"))
        answers.append(await page.ask("GET", "/", host="evil.example"))
        page.cookie = None
        answers.append(await page.get("/"))
        for answer in answers:
            policy = answer.header("content-security-policy") or ""
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert answer.header("x-content-type-options") == "nosniff"
            assert answer.header("referrer-policy") == "same-origin"
            assert answer.header("server") is None

    play(tmp_path, scene)


def test_the_first_view_is_small_and_asks_no_other_host(tmp_path: Path) -> None:
    """At most 100 KB over the wire with 40 events; nothing inline, no address of another host but SVG's name space."""
    lines = [
        _line(seq, Event(Code.DENIED, portal="front_door", reasons=("credential_expired",))) for seq in range(40, 0, -1)
    ]

    async def scene(page: RunningPage) -> None:
        size = 0
        for target in ("/", "/page.css", "/stream.js", "/page.js", "/icon.svg"):
            answer = await page.get(target)
            size += len(answer.body) + sum(len(name) + len(content) + 4 for name, content in answer.headers)
            others = set(re.findall(r"https?://[^\s\"'<>)]+", answer.text)) - {"http://www.w3.org/2000/svg"}
            assert others == set(), target
            assert not re.search(
                r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?! src=\"/(page|stream).js\" defer></script>)",
                answer.text,
            )
            assert "innerHTML" not in answer.text
        assert size <= 100_000, size

    play(tmp_path, scene, read=lambda path, limit, expired: lines)


def test_the_page_reads_without_script(tmp_path: Path) -> None:
    """Everything stands in the markup the server sends; without script it loads itself again."""
    view = quiet(door(mode=Mode.ACCESSED, position=Position.OPEN), shed(), hall())

    async def scene(page: RunningPage) -> None:
        html = (await page.get("/")).text
        assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in html
        for text in ("Front door", "Bike shed", "Hall", "2026-11-23 13:03:22", "Asked", "Proven"):
            assert text in html, text
        card = html[html.index('id="portal-front_door"') :]
        assert 'data-mode="accessed" data-position="open"' in card[:300]

    play(
        tmp_path,
        scene,
        welcome(),
        states(view=view),
        health(),
        read=lambda path, limit, expired: [_line(1, Event(Code.OPENED))],
    )


def test_the_switch_and_the_browser_choose_the_language(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert '<html lang="en">' in (await page.get("/")).text
        assert '<html lang="zh-Hans">' in (await page.get("/", accept_language="zh-TW, en;q=0.5")).text
        assert '<html lang="en">' in (await page.get("/", accept_language="en-GB;q=0.9, zh;q=0.4, *;q=0.1")).text
        assert '<html lang="en">' in (await page.get("/", accept_language="fr, de;q=0.3, zh;q=0")).text
        switch = await page.get("/?language=zh")
        assert (switch.status, switch.header("location")) == (303, "/")
        cookie = (switch.header("set-cookie") or "").partition(";")[0]
        chosen = await page.get("/", cookie=f"{page.cookie}; {cookie}", accept_language="en")
        assert '<html lang="zh-Hans">' in chosen.text
        assert "门与闸机" in chosen.text
        assert (await page.get("/?language=%0d%0aset-cookie:x=y")).header("set-cookie") is None

    play(tmp_path, scene)


def test_a_site_in_chinese_answers_in_chinese_where_the_browser_asks_for_neither(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert '<html lang="zh-Hans">' in (await page.get("/", accept_language="fr")).text

    play(tmp_path, scene, site=settings(language="zh"))


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "\u202egate\u202c شمال",
    "\u5317\u95e8 \U0001f6b2",
    "a\x00b",
    "x" * 10_000,
]


OURS = ("/stream.js", "/page.js")


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
@pytest.mark.attack("text-11")
def test_text_of_others_is_shown_escaped(tmp_path: Path, nasty: str) -> None:
    """Names, details and codes as hostile text: on the page they are text, in the stream they are JSON text."""
    view = quiet(door(), PortalView(id="odd", kind="<b>", alarms=(nasty,), why=(), acknowledged=False))
    line = EventLine(1, 5, UTC_MS, nasty, None, nasty, "", 1, nasty)
    site = settings(site_name=nasty, portal_names={"front_door": nasty})

    async def scene(page: RunningPage) -> None:
        html = (await page.get("/")).text
        if "<" in nasty or '"' in nasty or "'" in nasty:
            assert nasty not in html
        assert "49" not in re.findall(r"<h1[^>]*>(.*?)</h1>", html)
        assert len(re.findall(r"<script", html)) == len(OURS)
        assert all(f'<script src="{ours}" defer></script>' in html for ours in OURS)
        assert "<img src=x" not in html
        assert "<b>" not in html
        window = await page.open_window()
        shown = await window.until("view")
        assert shown["cards"][0]["name"] == nasty  # type: ignore[index,call-overload]
        rows = await window.until("events", lambda rows: rows != [])
        assert rows[0]["note"] == nasty  # type: ignore[index,call-overload]
        window.writer.close()

    play(tmp_path, scene, welcome(), states(view=view), health(), read=lambda path, limit, expired: [line], site=site)


HOLDER = "H-4711-secret"


@pytest.mark.attack("page-08")
def test_no_holder_stands_in_any_answer(tmp_path: Path) -> None:
    """The journal's events have bodies, and reasons with arguments; none of it reaches page or stream."""
    body = Body(holder=HOLDER, household=HOLDER, credential=HOLDER, second_holder=HOLDER, token=HOLDER, issuer=HOLDER)
    reasons = ("credential_known", f"second_person:{HOLDER}", f"profile:{HOLDER}")
    lines = [
        _line(
            seq, Event(code, portal="front_door", access_point="front_in", reasons=reasons, body=body, request=HOLDER)
        )
        for seq, code in enumerate((Code.GRANTED, Code.DENIED, Code.COMMANDED, Code.FORGIVEN), start=1)
    ]
    view = quiet(door(why=(f"operator:{HOLDER}",)))

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        stream = str([await window.until("view"), await window.until("events", lambda rows: rows != [])])
        window.writer.close()
        everything = [stream] + [(await page.get(target)).text for target in ("/", "/?language=zh", "/nowhere")]
        assert "Front door" in everything[0]
        for text in everything:
            assert HOLDER not in text

    play(tmp_path, scene, welcome(), states(view=view), health(), read=lambda path, limit, expired: lines)


@pytest.mark.attack("page-09")
def test_duress_looks_like_nothing_on_this_screen(tmp_path: Path) -> None:
    """FIELD.md, section 2: duress looks like an ordinary grant on every local screen."""
    assert line_of(1, 1, UTC_MS, Event(Code.DURESS, portal="front_door")) is None
    refused = line_of(1, 2, UTC_MS, Event(Code.DENIED, portal="front_door", reasons=("duress_without_receiver",)))
    assert refused is not None
    assert refused.reason == ""
    calm = quiet(door())
    forced = quiet(door(alarms=("access.duress",), why=("duress_without_receiver",), acknowledged=False))
    seen: list[str] = []

    async def scene(page: RunningPage) -> None:
        seen.append(re.sub(r'name="token" value="[^"]+"', "", (await page.get("/")).text))

    for name, view in (("calm", calm), ("forced", forced)):
        (tmp_path / name).mkdir()
        play(tmp_path / name, scene, welcome(), states(view=view), health())
    assert seen[0] == seen[1]


def test_asked_and_proven_are_told_apart(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        front, back, turn = view["cards"]
        assert (front["mode"], front["position"], front["level"]) == ("locked", "open", "attention")
        assert "Open, although it should be locked." in front["notes"]
        assert (back["mode"], back["position"], back["level"]) == ("unlocked", "unknown", "attention")
        assert (turn["mode"], turn["position"], turn["level"]) == ("locked", "not_monitored", "ok")
        window.writer.close()

    view = quiet(door(position=Position.OPEN), shed(mode=Mode.UNLOCKED, position=Position.UNKNOWN), hall())
    play(tmp_path, scene, welcome(), states(view=view), health())


def test_what_needs_a_person_stands_first_gravest_and_unseen_first(tmp_path: Path) -> None:
    view = SiteView(
        portals=(
            door(alarms=("door.rex_stuck",), acknowledged=False),
            shed(alarms=("door.forced",), acknowledged=True),
            hall(alarms=("turnstile.turned_unreleased",), acknowledged=False),
        ),
        fire=True,
        lockdown=True,
        evacuation=True,
        store_failed=True,
        devices_lost=("front_reader",),
        readers_muted=("shed_reader",),
        alarms=("site.fire", "roster.refused"),
    )

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        shown: Any = await window.until("view", lambda view: len(view["banners"]) == 5)
        assert [banner["kind"] for banner in shown["banners"]] == ["fire", "evacuation", "lockdown", "store", "clock"]
        assert not shown["live"]  # nothing new is committed while events cannot be saved: this is from before
        assert {card["position"] for card in shown["cards"]} == {"lost"}
        assert all(banner["text"] and banner["advice"] for banner in shown["banners"])
        assert [(alarm["place"], alarm["severity"], bool(alarm["seen"])) for alarm in shown["alarms"]] == [
            ("North gate", "alarm", False),
            ("Hall", "alarm", False),
            ("shed_reader", "alarm", False),
            ("Front door", "warning", False),
            ("front_reader", "warning", False),
            ("Bike shed", "alarm", True),
        ]
        assert all(alarm["text"] and alarm["advice"] for alarm in shown["alarms"])
        assert shown["title"] == "(9) North gate"
        window.writer.close()

    play(tmp_path, scene, welcome(), states(view=view), health())


def test_states_are_kept_and_marked_old_when_the_controller_is_gone(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        await window.until("view", lambda view: bool(view["live"]))
        await page.controller.die()
        old: Any = await window.until("view", lambda view: not view["live"])
        assert old["banners"][0]["kind"] == "silent"
        assert "has not answered since 2026-11-23 13:03:22" in old["banners"][0]["text"]
        assert [(card["mode"], card["position"]) for card in old["cards"]] == [("locked", "lost")] * 3
        assert not any(card["notes"] for card in old["cards"]), "nothing is said of where a silent door stands"
        assert old["no_alarms_text"] == "Not known while the controller does not answer."
        html = (await page.get("/")).text
        assert 'data-live="no"' in html
        assert 'data-position="closed"' not in html
        window.writer.close()

    view = quiet(door(position=Position.OPEN), shed(), hall())
    play(tmp_path, scene, welcome(), states(view=view), health())


def test_events_come_newest_first_with_date_and_seconds_in_the_sites_zone(tmp_path: Path) -> None:
    """13:03:22 in Shanghai is 05:03:22 UTC (no daylight saving time since 1991)."""
    kept = [
        _line(1, Event(Code.OPENED, portal="front_door")),
    ]

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        rows: Any = await window.until("events", lambda rows: rows != [])
        assert [(row["at"], row["at_iso"], row["place"]) for row in rows] == [
            ("2026-11-23 13:03:22", "2026-11-23T13:03:22+08:00", "Front door")
        ]
        key = rows[0]["key"]
        kept.insert(0, line_of(1, 2, None, Event(Code.DEVICE_LOST, device="front_reader", count=3)))
        page.controller.say(states(seq=2))
        rows = await window.until("events", lambda rows: len(rows) == 2)
        newest = rows[0]
        assert (rows[1]["key"], newest["key"] != key) == (key, True), "a row keeps its key, which is no row number"
        assert re.fullmatch("[0-9a-f]{18}", newest["key"])
        assert (newest["at"], newest["at_iso"], newest["place"], newest["note"]) == (
            "time not known",
            "",
            "front_reader",
            "×3",
        )
        window.writer.close()

    play(tmp_path, scene, read=lambda path, limit, expired: list(kept))


def test_a_door_whose_reader_waits_for_a_new_card_says_so_in_both_languages(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        front, back, turn = view["cards"]
        assert front["notes"] == ["The reader waits for a new card."]
        assert (front["level"], back["notes"], turn["notes"]) == ("ok", [], [])
        assert "读卡器正等待登记新卡。" in (await page.get("/", accept_language="zh-CN")).text
        await page.controller.die()
        old: Any = await window.until("view", lambda view: not view["live"])
        assert not any(card["notes"] for card in old["cards"]), "nobody knows what a silent controller waits for"
        window.writer.close()

    view = SiteView(portals=(door(), shed(), hall()), clock_known=True, readers_enrolling=("front_reader",))
    play(tmp_path, scene, welcome(), states(view=view), health())


@pytest.mark.parametrize(("language", "note"), [("en", "l4630ca15 until"), ("zh-CN", "l4630ca15 至")])
def test_the_end_of_a_local_entry_is_a_time_of_the_sites_zone(tmp_path: Path, language: str, note: str) -> None:
    """UTC_MS is 2026-11-23 13:03:22 in Shanghai; a number that is no such end stays as it is."""
    kept = [
        _line(1, Event(Code.SUSPENDED, detail=f"l4630ca15 until {UTC_MS // 1000} lost")),
        _line(2, Event(Code.CLOCK_SET, detail="until 7")),
    ]

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        await window.until("events", lambda rows: len(rows) == 2)
        html = (await page.get("/", accept_language=language)).text
        assert f"{note} 2026-11-23 13:03:22 lost" in html
        assert "until 7" in html
        window.writer.close()

    play(tmp_path, scene, read=lambda path, limit, expired: list(kept))


def _line(seq: int, event: Event) -> EventLine:
    line = line_of(1, seq, UTC_MS, event)
    assert line is not None
    return line


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("x" * 8_000, False),
    ],
)
def test_style_and_script_are_packed_where_the_browser_takes_it_and_pages_never(tmp_path, accepted, packed):
    """A page has tokens in it: pressed together with what others send it would tell of them (BREACH)."""

    async def scene() -> None:
        async with running_page(tmp_path) as page:
            for target in ("/page.css", "/plan.css", "/page.js"):
                plain = await page.get(target)
                assert plain.header("content-encoding") is None
                answer = await page.get(target, accept_encoding=accepted)
                assert answer.header("content-encoding") == ("gzip" if packed else None)
                assert answer.header("vary") == "accept-encoding"
                assert (gzip.decompress(answer.body) if packed else answer.body) == plain.body
            for target in ("/", "/api/v1/site"):
                assert (await page.get(target, accept_encoding=accepted)).header("content-encoding") is None

    asyncio.run(scene())
