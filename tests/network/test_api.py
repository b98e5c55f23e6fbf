"""The API's resources: the same states, orders and events as the page, in words for programs; each order once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.core.facts import Acknowledge, HoldOpen, OpenOnce, StartLockdown
from firmware.core.view import Mode, PortalView, Position, SiteView
from firmware.network.acts.desk import ORDERS_BURST
from tests.network.accounts import Gate, gate
from tests.network.api_client import ask, call, seen, token_for, told, words
from tests.network.fake_controller import UTC_MS, door, hall, health, quiet, shed, states
from tests.network.journals import HOLDER, MINUTE_MS, TOKEN, JournalGate, journal_gate
from tests.network.running import heard

FRONT = "/api/v1/portals/front_door"


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


def test_site_and_portals_are_what_the_controller_said_and_what_may_be_asked(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        guard, auditor = [await token_for(running, name, name) for name in ("guard", "auditor")]
        view = SiteView(
            portals=(
                door(position=Position.OPEN, mode=Mode.ACCESSED),
                shed(alarms=(Code.FORCED,), acknowledged=False),
                hall(),
            ),
            clock_known=True,
            roster_version=12,
            lockdown=True,
            devices_lost=("shed_reader",),
            occupancy={"yard": 3},
        )
        page.controller.say(states(seq=7, view=view), health())
        site = told(await seen(page, "/api/v1/site", guard, lambda each: told(each)["seq"] == 7))
        assert (site["id"], site["name"], site["live"], site["lockdown"]) == ("north_gate", "North gate", True, True)
        assert (site["utc"], site["time_zone"]) == ("2026-11-23T05:03:22Z", "Asia/Shanghai")
        assert (site["devices_lost"], site["occupancy"]) == (["shed_reader"], {"yard": 3})
        assert site["portals"] == ["front_door", "bike_shed", "hall"]
        assert site["may"] == ["acknowledge"]
        front = told(await call(page, "GET", FRONT, guard))
        assert (front["mode"], front["position"], front["name"]) == ("accessed", "open", "Front door")
        assert front["may"] == ["open"]
        listed = told(await call(page, "GET", "/api/v1/portals", auditor))["portals"]
        assert isinstance(listed, list)
        assert [(each["id"], each["may"]) for each in listed] == [("front_door", []), ("bike_shed", []), ("hall", [])]
        assert (listed[1]["alarms"], listed[1]["acknowledged"], listed[1]["level"]) == (["door.forced"], False, "alarm")
        assert listed[2]["ways"] == {"in": "hall_in", "out": "hall_out"}
        alarms = told(await call(page, "GET", "/api/v1/alarms", guard))
        assert [alarm["subject"] for alarm in alarms["alarms"]] == ["bike_shed", ""]  # type: ignore[attr-defined]
        assert [banner["kind"] for banner in alarms["banners"]] == ["lockdown"]  # type: ignore[attr-defined]
        chinese = await call(page, "GET", FRONT, guard, headers={"accept-language": "zh-CN"})
        assert told(chinese)["mode"] == "accessed"
        assert told(chinese)["mode_text"] != front["mode_text"]

    play(tmp_path, scene)


@pytest.mark.attack("api-06")
def test_duress_and_holders_stand_in_no_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        async with journal_gate(tmp_path, role=None) as running:
            page = running.page
            forced = PortalView(id="front_door", kind="door", alarms=(Code.DURESS,), why=("duress_without_receiver",))
            page.controller.say(states(seq=running.book.seq + 1, view=quiet(forced, shed(), hall())), health())
            whole = ""
            for path in ("site", "portals", "portals/front_door", "alarms", "events", "events?portal=front_door"):
                response = await page.get(f"/api/v1/{path}")
                assert response.status == 200, response.text
                whole += response.text
            whole += (await page.get("/metrics")).text
            for secret in ("duress", HOLDER, "holder-0009", "card-0001", "house-f5", TOKEN, "Li Na", "Chen Wei"):
                assert secret not in whole, secret
            assert (await page.get("/api/v1/events?kind=access.duress")).status in (400, 403)

    asyncio.run(scene())


def test_an_order_is_decided_then_proven_and_names_the_client_as_issuer(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "Concierge", "guard")
        response = await ask(page, f"{FRONT}/open", token)
        assert response.status == 201
        place = response.header("location")
        assert place is not None
        order = told(await call(page, "GET", place, token))
        assert order == told(response)
        assert (order["what"], order["portal"], order["fate"]) == ("open", "front_door", "done")
        assert order["proof"] == "not_opened"
        (asked,) = [each.command for each in page.controller.asked if isinstance(each.command, OpenOnce)]
        assert (asked.issuer, asked.portal) == ("client:Concierge", "front_door")
        assert asked.afar is not None
        assert (asked.afar.roles, asked.afar.address) == ("guard", "127.0.0.1")
        page.controller.say(states(seq=2, view=quiet(door(position=Position.OPEN, mode=Mode.ACCESSED), shed(), hall())))
        await seen(page, place, token, lambda each: told(each)["proof"] == "open")
        other = await token_for(running, "Other", "manager", "guard")
        assert (await call(page, "GET", place, other)).status == 404, "another one's is nobody's business here"
        listed = told(await call(page, "GET", "/api/v1/orders", token))["orders"]
        assert isinstance(listed, list)
        assert [each["id"] for each in listed] == [order["id"]]

    play(tmp_path, scene)


@pytest.mark.attack("api-07")
def test_a_key_counts_once_for_each_client_and_for_one_order(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token, other = [await token_for(running, name, "guard", "manager") for name in ("one", "other")]
        answers = await asyncio.gather(*(ask(page, f"{FRONT}/open", token) for _ in range(5)))
        assert {answer.status for answer in answers} == {201}
        assert len({answer.header("location") for answer in answers}) == 1
        assert (await ask(page, f"{FRONT}/open", token)).status == 201
        opened = [each for each in page.controller.asked if isinstance(each.command, OpenOnce)]
        assert len(opened) == 1
        assert words(await ask(page, f"{FRONT}/lock", token)) == ("key_used", "409")
        assert words(await ask(page, "/api/v1/portals/hall/open", token, {"way": "hall_in"})) == ("key_used", "409")
        assert (await ask(page, f"{FRONT}/open", other)).status == 201
        assert len([each for each in page.controller.asked if isinstance(each.command, OpenOnce)]) == 2
        for key in ("", "short", "a" * 65, "night shift 1", "night-shift-é", "a;b;c;d;e"):
            assert words(await ask(page, f"{FRONT}/open", token, key=key)) == ("key_needed", "400"), key

    play(tmp_path, scene)


def test_each_order_becomes_its_command(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "boss", "manager", "guard")
        hold = await ask(page, f"{FRONT}/hold", token, {"minutes": 30.0}, "hold-0001")
        down = {"confirmed": "yes", "portals": ["hall"]}
        lockdown = await ask(page, "/api/v1/site/lockdown", token, down, "down-0001")
        seen_it = await ask(page, "/api/v1/alarms/bike_shed/acknowledge", token, key="seen-0001")
        assert [hold.status, lockdown.status, seen_it.status] == [201, 201, 201]
        commands = {type(each.command): each.command for each in page.controller.asked}
        held = commands[HoldOpen]
        assert isinstance(held, HoldOpen)
        assert held.portal == "front_door"
        assert held.until_utc_s is not None
        assert abs(held.until_utc_s - (UTC_MS // 1000 + 1800)) < 30
        started, acknowledged = commands[StartLockdown], commands[Acknowledge]
        assert isinstance(started, StartLockdown)
        assert started.portals == ("hall",)
        assert isinstance(acknowledged, Acknowledge)
        assert acknowledged.subject == "bike_shed"
        for body in ({}, {"confirmed": "no", "portals": []}, {"confirmed": "yes"}, {"confirmed": True, "portals": []}):
            refused = await ask(page, "/api/v1/site/lockdown", token, body, "down-0002")
            assert refused.status == 422, body
        unknown = {"confirmed": "yes", "portals": ["nowhere"]}
        assert words(await ask(page, "/api/v1/site/lockdown", token, unknown, "down-0003"))[1] == "409"

    play(tmp_path, scene)


def test_refused_not_sent_and_not_known_are_three_things(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "boss", "manager", "guard")
        away = await ask(page, "/api/v1/portals/bike_shed/open", token, key="away-0001")
        assert told(away)["reasons"] == ["remote_not_allowed"], "the site says no, and nobody is asked"
        page.controller.refusals["OpenOnce"] = ("lockdown",)
        refused = await ask(page, f"{FRONT}/open", token, key="no-000001")
        assert words(refused) == ("refused", "409")
        assert told(refused)["reasons"] == ["lockdown"]
        place = str(told(refused)["order"])
        assert told(await call(page, "GET", place, token))["fate"] == "refused"
        page.controller.answers = False
        page.controller.on_ask = lambda _: page.controller.hang_up()
        unknown = await ask(page, f"{FRONT}/open", token, key="lost-0001")
        assert (unknown.status, told(unknown)["fate"]) == (202, "not_known")
        await page.controller.die()
        await seen(page, "/api/v1/site", token, lambda each: told(each)["live"] is False)
        dead = await ask(page, f"{FRONT}/open", token, key="dead-0001")
        assert words(dead) == ("not_sent", "503")
        assert dead.header("retry-after") == "5"

    play(tmp_path, scene)


def test_a_client_asks_no_faster_than_a_person(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "eager", "guard", "manager")
        statuses = [
            (await ask(page, f"{FRONT}/lock", token, key=f"eager-{n:04}")).status for n in range(ORDERS_BURST + 4)
        ]
        assert statuses[:ORDERS_BURST] == [201] * ORDERS_BURST
        assert 429 in statuses[ORDERS_BURST:]
        slow = await ask(page, f"{FRONT}/lock", token, key="eager-last")
        if slow.status == 429:
            assert words(slow) == ("too_fast", "429")
            assert slow.header("retry-after") == "2"
        evacuation = await ask(page, "/api/v1/site/evacuation", token, {"confirmed": "yes"}, "out-00001")
        assert evacuation.status == 201, "what lets people out waits for no pace"

    play(tmp_path, scene)


def test_events_are_read_by_filter_and_cursor_to_the_last_each_role_its_part(tmp_path: Path) -> None:
    async def scene() -> None:
        async with journal_gate(tmp_path) as running:
            await _read_events(running)

    asyncio.run(scene())


async def _read_events(running: JournalGate) -> None:
    page = running.page
    whole = told(await page.get("/api/v1/events"))["events"]
    assert isinstance(whole, list)
    kinds = [event["kind"] for event in whole]
    assert kinds[-3:] == ["access.taken", "access.granted", "journal.epoch_begun"], "newest first"
    assert all(event["id"] and event["text"] for event in whole)
    denied = told(await page.get("/api/v1/events?kind=access.denied"))["events"]
    assert [(e["kind"], e["portal"], e["reasons"]) for e in denied] == [  # type: ignore[attr-defined]
        ("access.denied", "bike_shed", ["schedule_outside"])
    ]
    assert denied[0]["utc"] == "2026-11-23T04:57:22Z"  # type: ignore[index]
    portal = told(await page.get("/api/v1/events?portal=bike_shed"))["events"]
    assert {event["portal"] for event in portal} == {"bike_shed"}  # type: ignore[attr-defined]
    since = told(await page.get("/api/v1/events?since=2026-11-23T05:00:00Z&until=2026-11-23T13:02:00%2B08:00"))[
        "events"
    ]
    assert all("2026-11-23T05:00" <= event["utc"] < "2026-11-23T05:02" for event in since)  # type: ignore[attr-defined]
    assert since
    running.book.write(*[event_of(n) for n in range(150)], utc_ms=UTC_MS - 2 * MINUTE_MS, every_ms=MINUTE_MS // 100)
    first = told(await page.get("/api/v1/events?kind=access.denied"))
    assert len(first["events"]) == 100  # type: ignore[arg-type]
    older = told(await page.get(f"/api/v1/events?kind=access.denied&cursor={first['older']}"))
    assert (len(older["events"]), older["older"]) == (51, None)  # type: ignore[arg-type]
    ids = [event["id"] for event in [*first["events"], *older["events"]]]  # type: ignore[misc]
    assert len(set(ids)) == 151
    back = told(await page.get(f"/api/v1/events?kind=access.denied&cursor={older['newer']}"))
    assert [event["id"] for event in back["events"]] == ids[:100]  # type: ignore[attr-defined]
    assert told(await page.get("/api/v1/events?since=2027-01-01T00:00:00Z&until=2026-01-01T00:00:00Z"))["events"] == []
    for query in ("kind=nothing", "since=yesterday", "since=5", "cursor=1-5", "cursor=before:x", "portal=", "limit=5"):
        assert words(await page.get(f"/api/v1/events?{query}")) == ("not_understood", "400"), query
    assert words(await page.get("/api/v1/events?kind=access.denied&kind=access.taken")) == ("not_understood", "400")
    counts = told(await page.get("/api/v1/journal/counts?hours=48"))
    refused = next(series for series in counts["series"] if series["name"] == "refused")  # type: ignore[attr-defined]
    assert refused["total"] == sum(refused["counts"]) >= 152
    chain = told(await page.get("/api/v1/journal/chain"))
    assert (chain["oldest"], chain["newest"]) == ("1-1", f"1-{running.book.seq}")
    assert (chain["proof"], chain["running"]) == ("none", False)
    await running.log_in("installer")
    await heard(page, states())
    devices = told(await page.get("/api/v1/events"))["events"]
    assert {event["kind"] for event in devices} == {"door.forced", "device.lost", "journal.epoch_begun"}  # type: ignore[attr-defined]
    assert words(await page.get("/api/v1/events?kind=access.denied")) == ("not_allowed", "403")


def event_of(number: int) -> Event:
    return Event(Code.DENIED, portal="hall", detail=str(number))


def test_me_says_who_asks(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard", days="30")
        me = told(await call(page, "GET", "/api/v1/me", token))
        assert str(me.pop("until")).startswith("2026-12-23T05:0")
        assert me == {
            "name": "client:panel",
            "kind": "client",
            "roles": ["guard"],
            "metrics": False,
            "csrf_token": "",
        }
        await running.log_in("installer")
        me = told(await page.get("/api/v1/me"))
        assert (me["name"], me["kind"], me["roles"]) == ("installer", "account", ["installer"])
        assert me["csrf_token"] == await page.token()

    play(tmp_path, scene)
