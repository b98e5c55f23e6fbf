"""Rules by the API: by token and by the page's session, over a real list; the same is written as by the forms."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.access import Window
from firmware.network.rules import api_words
from firmware.network.rules.api import span_of, told_hours
from firmware.people import ruling
from firmware.roster.rules import DAYS
from firmware.roster.source.rules import read_rulebook
from firmware.roster.source.store import Source
from firmware.roster.weekly import week_of, week_spans
from tests.network.accounts import PASSPHRASE
from tests.network.api_client import call, make_client, told, words
from tests.network.running import Response, running_page
from tests.people.api_office import silent_desk
from tests.people_rules.office import AT_S
from tests.people_rules.pages import Place, place, site

API = "/api/v1"
WEEK_MINUTES = 7 * 24 * 60
EVIL = ("' OR 1=1 --", "\x00", "<script>", "\u202eyad", "\U0001f6b2", "../x", "A", "x" * 33)


class Program:
    """A client of the API with a token of its own."""

    def __init__(self, running: Place, token: str) -> None:
        self.running = running
        self.page = running.page
        self.token = token
        self._keys = iter(range(1, 1 << 20))

    async def get(self, path: str, **headers: str) -> Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await call(self.page, "GET", f"{API}{path}", self.token, headers=named)

    async def put(self, path: str, body: object, **headers: str) -> Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await call(self.page, "PUT", f"{API}{path}", self.token, body, named)

    async def post(self, path: str, body: object, key: str = "") -> Response:
        headers = {"idempotency-key": key or f"key-{next(self._keys):06}"}
        return await call(self.page, "POST", f"{API}{path}", self.token, body, headers)

    async def was(self, path: str) -> str:
        return str(told(await self.get(path))["was"])


def play(folder: Path, scene: Callable[[Program], Awaitable[None]], *roles: str) -> None:
    async def whole() -> None:
        async with place(folder) as running:
            await running.page.post("/login", [("name", "manager"), ("passphrase", PASSPHRASE), ("code", "")])
            response, token = await make_client(running.page, "Property office", *(roles or ("manager",)))
            assert token, response.text
            await scene(Program(running, token))

    asyncio.run(whole())


def problem(response: Response) -> tuple[int, str, tuple[str, ...], str]:
    kind, _ = words(response)
    content: Any = told(response)
    return response.status, kind, tuple(content.get("reasons", ())), content.get("field", "")


def head(running: Place) -> object:
    with running.office.source() as source:
        return source.head


def row(running: Place, entity: str, name: str) -> tuple[object, ...] | None:
    columns = {"schedule": "week, special", "profile": "rules"}[entity]
    with running.office.source() as source:
        found: tuple[object, ...] | None = source.db.execute(
            f"SELECT {columns} FROM {entity} WHERE name = ?", (name,)
        ).fetchone()
    return found


def span(begin: str, end: str) -> dict[str, str]:
    return {"begin": begin, "end": end}


# -- a week -----------------------------------------------------------------------------------------------------------

WEEK = {
    "monday": [span("06:00", "09:00"), span("17:00", "20:30")],
    "wednesday": [span("00:00", "24:00")],
    "friday": [span("22:00", "06:00")],
    "sunday": [span("23:59", "00:01")],
}
LINES = ["06:00-09:00, 17:00-20:30", "", "24h", "", "22:00-06:00", "", "23:59-00:01"]


def test_the_same_week_is_written_by_the_api_and_by_the_form(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        running = api.running
        form = [("name", "by_form"), ("was", "new"), ("why", "a test"), ("action", "save")]
        form += [("day", line) for line in LINES] + [("special.festival", "closed"), ("special.holiday", "8-10")]
        assert (await api.page.post("/people/schedule", form)).status == 303
        body = {
            "week": WEEK,
            "special": {"holiday": [span("08:00", "10:00")], "festival": []},
            "was": "new",
            "why": "a test",
        }
        put = await api.put("/schedules/by_program", body)
        assert put.status == 200, put.text
        assert row(running, "schedule", "by_program") == row(running, "schedule", "by_form")
        acts = [(act, detail) for act, detail, _ in running.office.acts() if act == "edited"]
        assert acts == [("edited", "schedule by_form"), ("edited", "schedule by_program")]
        assert running.office.acts()[-1][2] == "client:Property office"
        read = told(await api.get("/schedules/by_program"))
        assert read["week"] == {**{day: [] for day in DAYS}, **WEEK}, "a night stands on the day on which it begins"
        assert read["special"] == {"festival": [], "holiday": [span("08:00", "10:00")]}
        assert read["was"] == told(put)["was"]
        assert told(put)["changed"] is True
        shown = html.unescape((await api.page.get("/people/schedule?name=by_program")).text)
        values = re.findall(r'<input id="day-\d" name="day" value="([^"]*)"', shown)
        assert values == ["06:00-09:00, 17:00-20:30", "", "00:00-24:00", "", "22:00-06:00", "", "23:59-00:01"]
        again = await api.put("/schedules/by_program", {**body, "was": read["was"]})
        assert told(again) == {"name": "by_program", "was": read["was"], "changed": False}

    play(tmp_path, scene)


def minutes_of(week: dict[str, list[dict[str, str]]]) -> list[int]:
    """By arithmetic alone, minute by minute of a week that begins on Monday: how many spans each is in."""
    inside = [0] * WEEK_MINUTES
    for day, name in enumerate(("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")):
        for each in week.get(name, []):
            (from_h, from_m), (to_h, to_m) = (map(int, each[part].split(":")) for part in ("begin", "end"))
            start, end = from_h * 60 + from_m, to_h * 60 + to_m
            for minute in range(start, end if end > start else end + 24 * 60):
                inside[(day * 24 * 60 + minute) % WEEK_MINUTES] += 1
    return inside


@st.composite
def weeks(draw: st.DrawFn) -> tuple[tuple[Window, ...], ...]:
    """Any week that a list may have: windows in order, some from midnight or up to it, some touching."""
    days = []
    for _ in range(7):
        edges = sorted(
            draw(st.sets(st.one_of(st.sampled_from([0, 1, 720, 1439, 1440]), st.integers(0, 1440)), max_size=6))
        )
        windows = [Window(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
        days.append(tuple(windows))
    return tuple(days)


@given(weeks())
@settings(max_examples=60, deadline=None)
def test_each_week_of_a_list_is_told_within_the_schema_and_read_back_as_it_is(
    week: tuple[tuple[Window, ...], ...],
) -> None:
    said = api_words.WeekHours(*(told_hours(spans) for spans in week_spans(week)))
    sent = msgspec.json.decode(msgspec.json.encode(said))
    read = msgspec.convert(sent, api_words.WeekHours)  # as a body is
    assert week_of([[span_of(hours) for hours in getattr(read, day)] for day in DAYS]) == week
    inside = minutes_of(sent)
    assert set(inside) <= {0, 1}, "no minute twice"
    for day, windows in enumerate(week):
        for minute in range(24 * 60):
            is_open = any(window.start_minute <= minute < window.end_minute for window in windows)
            assert bool(inside[day * 24 * 60 + minute]) is is_open, (day, minute)


NO_HOURS: tuple[object, ...] = (
    [span("24:00", "24:00")],
    [span("6:00", "09:00")],
    [span("06:00", "00:00")],
    [span("06:00", "24:01")],
    [span("06:00", "25:00")],
    [span("06:60", "09:00")],
    [span("06:00\n", "09:00")],
    [span("٠٦:٠٠", "09:00")],
    [{"begin": "06:00"}],
    [{"begin": "06:00", "end": "09:00", "why": "x"}],
    [{"begin": 360, "end": 540}],
    ["06:00-09:00"],
    "06:00-09:00",
    None,
    [span("00:00", "00:01")] * 41,
)


def test_hours_that_are_none_are_not_understood(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        before = head(api.running)
        for hours in NO_HOURS:
            for body in (
                {"week": {"monday": hours}, "was": "new"},
                {"week": {}, "special": {"holiday": hours}, "was": "new"},
            ):
                assert problem(await api.put("/schedules/odd", body))[:2] == (422, "not_understood"), body
        assert head(api.running) == before

    play(tmp_path, scene)


def test_bodies_that_are_none_are_not_understood(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        before = head(api.running)
        good = {"week": {}, "was": "new"}
        for body in (
            {},
            [],
            {"was": "new"},
            {"week": {}},
            {**good, "was": ""},
            {**good, "was": "G" * 16},
            {**good, "name": "x"},
            {**good, "week": {"Monday": []}},
            {**good, "week": [[]] * 7},
            {**good, "special": {"Has Space": []}},
            {**good, "special": {f"k{n}": [] for n in range(33)}},
            {**good, "why": "x" * 201},
        ):
            assert problem(await api.put("/schedules/odd", body))[:2] == (422, "not_understood"), body
        # A pattern's end takes a line break behind it: the desk does not.
        assert (await api.put("/schedules/odd", {**good, "was": "new\n"})).status == 404
        assert (await api.put("/schedules/odd", {**good, "special": {"fair\n": []}})).status == 409
        grant = {"access_points": ["front_in"], "schedule": "always"}
        for body in (
            {"grants": [], "was": "new"},
            {"grants": [grant] * 33, "was": "new"},
            {"grants": [{**grant, "access_points": []}], "was": "new"},
            {"grants": [{**grant, "access_points": ["Front"]}], "was": "new"},
            {"grants": [{**grant, "access_points": ["**"]}], "was": "new"},
            {"grants": [{**grant, "access_points": [f"p{n}" for n in range(257)]}], "was": "new"},
            {"grants": [{**grant, "schedule": ""}], "was": "new"},
            {"grants": [{"access_points": ["front_in"]}], "was": "new"},
        ):
            assert problem(await api.put("/profiles/odd", body))[:2] == (422, "not_understood"), body
        for path, body in (
            ("/schedules/day/rename", {"name": "", "was": "0" * 16}),
            ("/schedules/day/rename", {"name": "x", "was": "new"}),
            ("/profiles/residents/rename", {"name": "x" * 33, "was": "0" * 16}),
            ("/profiles/residents/remove", {"was": "new"}),
            ("/special-days", {"kind": "holiday"}),
            ("/special-days", {"kind": "holiday", "first": "2027-02-30"}),
            ("/special-days", {"kind": "holiday", "first": 20270101}),
            ("/special-days", {"kind": "Holiday", "first": "2027-01-01"}),
            ("/special-days/move", {"span": {"kind": "holiday", "first": "2027-01-01"}, "to": {}}),
            ("/special-days/remove", {"kind": "holiday", "first": "2027-01-01"}),
        ):
            assert problem(await api.post(path, body))[:2] == (422, "not_understood"), (path, body)
        assert head(api.running) == before

    play(tmp_path, scene)


ALWAYS = [{"access_points": ["*"], "schedule": "always"}]
SEEN = "0" * 16


NOT_TAKEN: tuple[tuple[str, str, object, tuple[int, str, tuple[str, ...], str]], ...] = (
    ("PUT", "/schedules/day", {"week": {}, "was": "new"}, (409, "not_taken", ("rule_schedule_there",), "name")),
    ("PUT", "/schedules/day", {"week": {}, "was": SEEN}, (409, "not_taken", ("rule_changed_meanwhile",), "was")),
    ("PUT", "/schedules/always", {"week": {}, "was": "new"}, (409, "not_taken", ("rule_built_in",), "name")),
    ("PUT", "/schedules/gone", {"week": {}, "was": SEEN}, (404, "no_such_thing", (), "")),
    (
        "PUT",
        "/schedules/odd",
        {"week": {"tuesday": [span("06:00", "09:00"), span("08:59", "10:00")]}, "was": "new"},
        (409, "not_taken", ("hours_overlap",), "week.tuesday"),
    ),
    (
        "PUT",
        "/schedules/odd",
        {"week": {"monday": [span("22:00", "06:00")], "tuesday": [span("05:00", "07:00")]}, "was": "new"},
        (409, "not_taken", ("hours_overlap",), "week.tuesday"),
    ),
    (
        "PUT",
        "/schedules/odd",
        {"week": {"sunday": [span("06:00", "06:00")]}, "was": "new"},
        (409, "not_taken", ("hours_empty",), "week.sunday"),
    ),
    (
        "PUT",
        "/schedules/odd",
        {"week": {}, "special": {"fair": [span("22:00", "06:00")]}, "was": "new"},
        (409, "not_taken", ("hours_over_midnight",), "special.fair"),
    ),
    (
        "POST",
        "/schedules/day/rename",
        {"name": "night", "was": SEEN},
        (409, "not_taken", ("rule_changed_meanwhile",), "was"),
    ),
    ("POST", "/schedules/gone/rename", {"name": "other", "was": SEEN}, (404, "no_such_thing", (), "")),
    (
        "POST",
        "/schedules/day/rename",
        {"name": "always", "was": SEEN},
        (409, "not_taken", ("rule_built_in",), "name"),
    ),
    ("POST", "/schedules/gone/remove", {"was": SEEN}, (404, "no_such_thing", (), "")),
    ("PUT", "/profiles/gone", {"grants": ALWAYS, "was": SEEN}, (404, "no_such_thing", (), "")),
    (
        "PUT",
        "/profiles/residents",
        {"grants": ALWAYS, "was": "new"},
        (409, "not_taken", ("rule_profile_there",), "name"),
    ),
    (
        "PUT",
        "/profiles/odd",
        {"grants": [{"access_points": ["front_in"], "schedule": "gone"}], "was": "new"},
        (409, "not_taken", ("rule_schedule_unknown",), "rules"),
    ),
    ("POST", "/profiles/gone/rename", {"name": "other", "was": SEEN}, (404, "no_such_thing", (), "")),
    ("POST", "/profiles/gone/remove", {"was": SEEN}, (404, "no_such_thing", (), "")),
    (
        "POST",
        "/special-days",
        {"kind": "holiday", "first": "2027-01-02", "last": "2027-01-01"},
        (409, "not_taken", ("rule_days_backwards",), "last"),
    ),
    (
        "POST",
        "/special-days",
        {"kind": "holiday", "first": "0001-01-01"},
        (409, "not_taken", ("rule_bad_date",), "first"),
    ),
    (
        "POST",
        "/special-days",
        {"kind": "holiday", "first": "2027-01-01", "last": "2029-01-01"},
        (409, "not_taken", ("rule_too_many_days",), "last"),
    ),
    (
        "POST",
        "/special-days/remove",
        {"kind": "fair", "first": "2027-01-01", "last": "2027-01-01"},
        (409, "not_taken", ("rule_no_such_days",), ""),
    ),
)


def test_what_cannot_be_as_things_stand_is_said_with_its_field_and_changes_nothing(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        before = head(api.running)
        for method, path, body, said in NOT_TAKEN:
            send = {"PUT": api.put, "POST": api.post}[method]
            response = await send(path, body)
            assert problem(response) == said, (path, body)
        assert head(api.running) == before
        assert [act for act, *_ in api.running.office.acts() if act == "edited"] == []

    play(tmp_path, scene)


# -- schedules --------------------------------------------------------------------------------------------------------


def test_a_schedule_says_how_it_stands_and_who_follows_it(tmp_path: Path) -> None:
    """The controller's clock says Monday, 2026-11-23 05:03 UTC: 13:03 in Shanghai."""

    async def scene(api: Program) -> None:
        found = told(await api.get("/schedules"))
        schedules: Any = found["schedules"]
        assert [each["name"] for each in schedules] == sorted(each["name"] for each in schedules)
        assert found["after"] is None
        assert "festival" in found["kinds"]  # type: ignore[operator]
        by_name = {each["name"]: each for each in schedules}
        cleaning = by_name["cleaning"]
        assert (cleaning["used_by"], cleaning["used_by_more"], cleaning["portals"]) == (["cleaning"], 0, [])
        assert (cleaning["open_now"], cleaning["next_change"]) == (True, "2026-11-23T08:15:00Z"), "until 16:15"
        assert cleaning["special"] == {"festival": []}
        assert by_name["night"]["portals"] == ["front_door"], "the site file has the door ask for a PIN then"
        assert told(await api.get("/schedules/cleaning")) == cleaning
        chinese: Any = told(await api.get("/schedules/cleaning", accept_language="zh-CN"))
        assert chinese["next_change_text"] != cleaning["next_change_text"]
        assert re.search("[\u4e00-\u9fff]", chinese["next_change_text"])
        assert {**chinese, "next_change_text": ""} == {**cleaning, "next_change_text": ""}
        for path in ("/schedules/gone", "/schedules/always", "/profiles/gone", "/schedules/' OR 1=1", "/profiles/%00"):
            assert problem(await api.get(path.replace(" ", "%20"))) == (404, "no_such_thing", (), ""), path
        for query in ("after=", "after=A", "after=a&after=b", "limit=5", "name=day"):
            assert problem(await api.get(f"/schedules?{query}"))[:2] == (400, "not_understood"), query

    play(tmp_path, scene)


def test_a_long_list_is_gone_through_once(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        week = msgspec.json.encode([[[n * 20, n * 20 + 10] for n in range(40)]] * 7).decode()
        rules = msgspec.json.encode([{"access_points": [f"p{n}" for n in range(200)], "schedule": "always"}]).decode()
        with Source.open(api.running.office.folder / "office.source.db") as source:
            with source.batch("rules", "office", "many", AT_S) as batch:
                batch.db.executemany(
                    "INSERT INTO schedule VALUES (?, ?, '{}')", ((f"s{n:03}", week) for n in range(200))
                )
                batch.db.executemany("INSERT INTO profile VALUES (?, ?)", ((f"p{n:03}", rules) for n in range(200)))
            names = {
                what: [name for (name,) in source.db.execute(f"SELECT name FROM {what} ORDER BY name")]
                for what in ("schedule", "profile")
            }
        for what in ("schedule", "profile"):
            seen: list[str] = []
            after = ""
            pages = 0
            for _ in range(100):
                found: Any = told(await api.get(f"/{what}s" + (f"?after={after}" if after else "")))
                seen += [each["name"] for each in found[f"{what}s"]]
                pages += 1
                if found["after"] is None:
                    break
                after = found["after"]
            assert seen == names[what]
            assert pages > 1

    play(tmp_path, scene)


def test_a_schedule_is_removed_once_nothing_follows_it(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        used = await api.post("/schedules/cleaning/remove", {"was": await api.was("/schedules/cleaning")})
        assert problem(used) == (409, "not_taken", ("rule_schedule_used",), "")
        assert "cleaning" in str(told(used)["cause"])
        of_site = await api.post("/schedules/night/remove", {"was": await api.was("/schedules/night")})
        assert problem(of_site)[2] == ("rule_schedule_of_site",)
        new = told(await api.put("/schedules/once", {"week": {}, "was": "new"}))
        gone = await api.post("/schedules/once/remove", {"was": new["was"], "why": "not needed"})
        assert (gone.status, gone.body) == (204, b"")
        assert (await api.get("/schedules/once")).status == 404

    play(tmp_path, scene)


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_rename_takes_all_along_and_is_done_once_for_its_key(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        running = api.running
        body = {"name": "mornings", "was": await api.was("/schedules/cleaning"), "why": "clearer"}
        before = head(running)
        first = await api.post("/schedules/cleaning/rename", body, "rename-0001")
        second = await api.post("/schedules/cleaning/rename", body, "rename-0001")
        assert first.status == 200, first.text
        assert (second.status, second.body) == (200, first.body)
        assert told(first) == {"name": "mornings", "was": await api.was("/schedules/mornings"), "changed": True}
        other = await api.post("/schedules/cleaning/rename", {**body, "name": "x"}, "rename-0001")
        assert problem(other)[:2] == (409, "key_used")
        none = await call(api.page, "POST", f"{API}/schedules/mornings/rename", api.token, body)
        assert problem(none)[:2] == (400, "key_needed")
        with running.office.source() as source:
            assert source.head.batch == before.batch + 1  # type: ignore[attr-defined]
            book = read_rulebook(source).rulebook
        assert {rule.schedule for rule in book.profiles["cleaning"].rules} == {"mornings"}
        assert (await api.get("/schedules/cleaning")).status == 404
        profile: Any = told(await api.get("/profiles/cleaning"))
        renamed = await api.post("/profiles/cleaning/rename", {"name": "cleaners", "was": profile["was"]})
        assert renamed.status == 200, renamed.text
        now: Any = told(await api.get("/profiles/cleaners"))
        assert (now["holders"], now["grants"]) == (2, profile["grants"])
        with running.office.source() as source:
            rows = dict(source.db.execute("SELECT id, profiles FROM holder WHERE id IN ('cleo', 'dan')"))
        assert {id: msgspec.json.decode(names) for id, names in rows.items()} == {
            "cleo": ["cleaners"],
            "dan": ["cleaners", "neighbours"],
        }
        night = await api.post("/schedules/night/rename", {"name": "dark", "was": await api.was("/schedules/night")})
        assert problem(night) == (409, "not_taken", ("rule_name_of_site",), "name")
        assert "site file" in str(told(night)["cause"]), "what to do is said"

    play(tmp_path, scene)


# -- access profiles --------------------------------------------------------------------------------------------------


def test_a_profile_is_added_changed_and_removed_as_by_the_form(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        listed: Any = told(await api.get("/profiles"))
        points = {each["id"]: (each["portal"], each["name"]) for each in listed["access_points"]}
        assert points["front_in"] == ("front_door", "Front door")
        form = [("name", "by_form"), ("was", "new"), ("schedule.0", "cleaning"), ("point.0", "front_in")]
        form += [("point.0", "hall_in"), ("schedule.1", "always"), ("point.1", "*"), ("point.1", "hall_in")]
        assert (await api.page.post("/people/profile", form)).status == 303
        grants = [
            {"access_points": ["front_in", "hall_in", "front_in"], "schedule": "cleaning"},
            {"access_points": ["hall_in", "*"], "schedule": "always"},
        ]
        put = await api.put("/profiles/by_program", {"grants": grants, "was": "new"})
        assert put.status == 200, put.text
        assert row(api.running, "profile", "by_program") == row(api.running, "profile", "by_form")
        read: Any = told(await api.get("/profiles/by_program"))
        assert read["grants"] == [
            {"access_points": ["front_in", "hall_in"], "schedule": "cleaning"},
            {"access_points": ["*"], "schedule": "always"},
        ]
        assert (read["was"], read["holders"]) == (told(put)["was"], 0)
        changed = told(await api.put("/profiles/by_program", {"grants": grants[:1], "was": read["was"]}))
        late = await api.put("/profiles/by_program", {"grants": grants, "was": read["was"]})
        assert problem(late) == (409, "not_taken", ("rule_changed_meanwhile",), "was")
        gone = await api.post("/profiles/by_program/remove", {"was": changed["was"]})
        assert gone.status == 204
        held = await api.post("/profiles/cleaning/remove", {"was": await api.was("/profiles/cleaning")})
        assert problem(held) == (409, "not_taken", ("rule_profile_used",), "")

    play(tmp_path, scene)


def test_limits_of_the_schema_are_those_of_the_desk() -> None:
    assert (api_words.GRANTS_MAX, api_words.POINTS_MAX) == (ruling.RULES_MAX, ruling.POINTS_MAX)
    assert api_words.KINDS_MAX == ruling.KINDS_MAX
    assert api_words.NEW == ruling.NEW


# -- special days -----------------------------------------------------------------------------------------------------


def test_special_days_come_move_and_go(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        first = await api.post("/special-days", {"kind": "fair", "first": "2027-03-01", "last": "2027-03-03"})
        assert (first.status, told(first)) == (200, {"changed": True})
        again = await api.post("/special-days", {"kind": "fair", "first": "2027-03-02"})
        assert told(again) == {"changed": False}
        taken = await api.post("/special-days", {"kind": "holiday", "first": "2027-03-03", "last": "2027-03-04"})
        assert problem(taken) == (409, "not_taken", ("rule_day_taken",), "instead")
        instead = {"kind": "holiday", "first": "2027-03-03", "last": "2027-03-04", "instead": True}
        assert (await api.post("/special-days", instead)).status == 200

        async def spans() -> list[tuple[str, str, str]]:
            found: Any = told(await api.get("/special-days?from=2027-03-01"))
            return [(each["kind"], each["first"], each["last"]) for each in found["spans"]]

        assert (await spans())[:2] == [("fair", "2027-03-01", "2027-03-02"), ("holiday", "2027-03-03", "2027-03-04")]
        move = {
            "span": {"kind": "fair", "first": "2027-03-01", "last": "2027-03-02"},
            "to": {"kind": "fair", "first": "2027-03-08", "last": "2027-03-08"},
            "why": "rain",
        }
        assert (await api.post("/special-days/move", move)).status == 200
        assert ("fair", "2027-03-08", "2027-03-08") in await spans()
        assert problem(await api.post("/special-days/move", move))[2] == ("rule_no_such_days",)
        gone = await api.post("/special-days/remove", {"kind": "fair", "first": "2027-03-08", "last": "2027-03-08"})
        assert gone.status == 204
        assert [each for each in await spans() if each[0] == "fair"] == []
        kept = {(act, detail) for act, detail, _ in api.running.office.acts()}
        assert {("edited", "special days fair"), ("edited", "special days holiday")} <= kept
        days: Any = told(await api.get("/special-days"))
        assert days["hours"]["festival"] == {"cleaning": [], "night": []}, "as both rules.toml have it"
        for query in ("from=2027-02-30", "from=x", "past=maybe", "after=x"):
            assert (await api.get(f"/special-days?{query}")).status == 400, query

    play(tmp_path, scene)


def test_many_special_days_are_gone_through_from_either_side(tmp_path: Path) -> None:
    """Every other day of three years is one: 548 spans, of which an answer holds 400."""

    async def scene(api: Program) -> None:
        start = date(2030, 1, 1)
        ordinals = [(start + timedelta(days=2 * n)).toordinal() for n in range(548)]
        with (
            Source.open(api.running.office.folder / "office.source.db") as source,
            source.batch("rules", "office", "many", AT_S) as batch,
        ):
            batch.db.execute("DELETE FROM special_day")
            batch.db.executemany("INSERT INTO special_day VALUES (?, 'odd')", ((day,) for day in ordinals))

        async def all_from(day: date, more: str) -> tuple[list[int], int]:
            seen: list[int] = []
            at = day.isoformat()
            for pages in range(1, 9):
                found: Any = told(await api.get(f"/special-days?from={at}{more}"))
                seen += [date.fromisoformat(each["first"]).toordinal() for each in found["spans"]]
                if found["from"] is None:
                    return seen, pages
                at = found["from"]
            raise AssertionError("it does not end")

        assert await all_from(start, "") == (ordinals, 2)
        assert await all_from(date(2100, 1, 1), "&past=true") == (ordinals[::-1], 2)
        assert await all_from(start, "&past=true") == ([], 1)

    play(tmp_path, scene)


# -- who may, and who does not answer ---------------------------------------------------------------------------------


def test_an_auditor_reads_and_changes_nothing(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        before = head(api.running)
        for path in ("/schedules", "/schedules/cleaning", "/profiles", "/profiles/cleaning", "/special-days"):
            assert (await api.get(path)).status == 200, path
        for path in ("schedules/cleaning", "profiles/cleaning"):
            for what, body in (("rename", {"name": "x", "was": SEEN}), ("remove", {"was": SEEN})):
                assert problem(await api.post(f"/{path}/{what}", body))[:2] == (403, "not_allowed")
        assert problem(await api.put("/schedules/x", {"week": {}, "was": "new"}))[:2] == (403, "not_allowed")
        assert problem(await api.put("/profiles/x", {"grants": ALWAYS, "was": "new"}))[:2] == (403, "not_allowed")
        assert problem(await api.post("/special-days", {"kind": "x", "first": "2027-01-01"}))[:2] == (
            403,
            "not_allowed",
        )
        assert head(api.running) == before

    play(tmp_path, scene, "auditor")


def test_script_on_a_page_of_ours_may_do_it_with_the_session(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        page = api.page
        body = {"week": {"monday": [span("08:00", "09:00")]}, "was": "new"}
        assert (await call(page, "PUT", f"{API}/schedules/mine", None, body)).status == 403, (
            "without the token of forms"
        )
        headers = {"origin": f"http://127.0.0.1:{page.port}", "x-csrf-token": await page.token()}
        put = await call(page, "PUT", f"{API}/schedules/mine", None, body, headers)
        assert put.status == 200, put.text
        assert api.running.office.acts()[-1] == ("edited", "schedule mine", "manager")
        assert (await call(page, "GET", f"{API}/schedules/mine")).status == 200

    play(tmp_path, scene)


def test_a_desk_that_is_away_or_silent_is_told_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        async with place(tmp_path) as running:
            office = running.office
        for name, kind, status in (("away", "not_sent", 503), ("silent", "not_known", 504)):
            folder = tmp_path / name
            folder.mkdir()
            path = folder / "desk.sock"
            async with silent_desk(path) as heard, running_page(folder, people=str(path), site=site(office)) as page:
                _, token = await make_client(page, "Property office", "manager")
                if name == "away":
                    path.unlink()
                headers = {"idempotency-key": "rename-0001"}
                for method, where, body in (
                    ("GET", "/schedules", None),
                    ("PUT", "/schedules/day", {"week": {}, "was": "new"}),
                    ("POST", "/schedules/day/rename", {"name": "other", "was": SEEN}),
                    ("GET", "/special-days", None),
                ):
                    response = await call(page, method, f"{API}{where}", token, body, headers)
                    assert problem(response)[:2] == (status, kind), (method, where)
                    assert (response.header("retry-after") == "5") is (status == 503)
                assert bool(heard) is (name == "silent")

    asyncio.run(scene())


@pytest.mark.attack("rules-07")
def test_hostile_names_in_paths_and_bodies_are_names_of_nothing(tmp_path: Path) -> None:
    async def scene(api: Program) -> None:
        before = head(api.running)
        for text in EVIL:
            part = "".join(f"%{byte:02x}" for byte in text.encode())
            for what, body in (
                ("schedules", {"week": {}, "was": "new"}),
                ("profiles", {"grants": ALWAYS, "was": "new"}),
            ):
                put = await api.put(f"/{what}/{part}", body)
                assert put.status in (404, 409), (what, text, put.text)
                assert (await api.get(f"/{what}/{part}")).status == 404, (what, text)
                for path, sent in (
                    (f"/{what}/{part}/rename", {"name": "fine", "was": SEEN}),
                    (f"/{what}/{part}/remove", {"was": SEEN}),
                    (f"/{what}/day/rename", {"name": text, "was": SEEN}),
                ):
                    response = await api.post(path, sent)
                    assert response.status in (404, 409, 422), (path, response.text)
                    assert "script>" not in str(response.headers)
            for sent in ({"kind": text, "first": "2027-01-01"},):
                assert (await api.post("/special-days", sent)).status in (409, 422), text
        assert head(api.running) == before

    play(tmp_path, scene)
