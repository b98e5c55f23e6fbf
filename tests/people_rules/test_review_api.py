"""Reviews by the API: by token and by session, over the office's real desk, and the same as by the page's forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from firmware.messages import TellPeople
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.network.accounts import PASSPHRASE
from tests.network.api_client import call, make_client, seen, told, until, words
from tests.network.running import Response, running_page
from tests.people.api_office import silent_desk
from tests.people_rules.came import cleo_came, without_cleo
from tests.people_rules.office import AT_S
from tests.people_rules.pages import Place, place, site
from tests.people_rules.test_review_lists import table

API = "/api/v1/review"
CLIENT = "Property office"
MAKING, LOOKING = "before the cleaning hours change", "who is to be told of it"
LISTS = ("people", "changes", "passages", "export")


class Program:
    """A client with a token, and beside it whoever is logged in at the page."""

    def __init__(self, running: Place, token: str) -> None:
        self.running = running
        self.token = token
        self._keys = 0

    async def get(self, path: str = "", token: str | None = None, **headers: str) -> Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await call(self.running.page, "GET", API + path, token or self.token, headers=named)

    async def post(self, path: str, body: object, key: str = "", token: str | None = None, **headers: str) -> Response:
        self._keys += 1
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        named["idempotency-key"] = key or f"key-{self._keys:06}"
        return await call(self.running.page, "POST", API + path, token or self.token, body, named)

    async def by_session(self, method: str, path: str, body: object = None, **more: str) -> Response:
        """As script on a page of ours does it."""
        page = self.running.page
        named = {"origin": f"http://127.0.0.1:{page.port}", "x-csrf-token": await page.token(), **more}
        return await call(page, method, API + path, None, body, named)

    async def over(self, started: Response) -> dict[str, Any]:
        """A job once it is over."""
        assert started.status == 202, started.text
        where = started.header("location") or ""
        assert told(started)["id"] == where.rpartition("/")[2]
        return told(await seen(self.running.page, where, self.token, lambda response: told(response)["over"]))

    async def made(self, purpose: str | None = None) -> str:
        """A review; its number."""
        ended = await self.over(await self.post("", {} if purpose is None else {"purpose": purpose}))
        assert (ended["outcome"], ended["outcome_at"], ended["refused"]) == ("review", API, "")
        newest = told(await self.get())["newest"]
        assert isinstance(newest, dict)
        assert ended["told"] == {"review": newest["id"], "batch": str(newest["batch"])}
        return str(newest["id"])


async def logged_in(running: Place, name: str) -> None:
    running.page.cookie = None
    await running.page.post("/login", [("name", name), ("passphrase", PASSPHRASE), ("code", "")])


async def token_of(running: Place, name: str, *roles: str) -> str:
    made, token = await make_client(running.page, name, *roles)
    assert token, made.text
    return token


def play(folder: Path, scene: Callable[[Place, Program], Awaitable[None]]) -> None:
    """A manager is logged in, and has made a client that may do the same."""

    async def whole() -> None:
        async with place(folder) as running:
            await logged_in(running, "manager")
            await scene(running, Program(running, await token_of(running, CLIENT, "manager")))

    asyncio.run(whole())


def acts(running: Place) -> list[tuple[str, str, str, str]]:
    """(act, detail, who, why) of what the journal was told by the desk."""
    commands = (asked.command for asked in running.office.told)
    return [(one.act.value, one.detail, one.issuer, one.why) for one in commands if isinstance(one, TellPeople)]


def problem(response: Response) -> tuple[str, str, tuple[str, ...], str]:
    kind, status = words(response)
    content = told(response)
    return kind, status, tuple(content.get("reasons", ())), str(content.get("field", ""))  # type: ignore[arg-type]


def edited(running: Place, **fields: str) -> None:
    path = running.office.folder / "office.source.db"
    with Source.open(path) as source, source.batch("edit", "office", "a test", AT_S) as batch:
        edit.set_fields(batch, "holder", "anna", fields)


def phone(running: Place) -> str | None:
    with running.office.source() as source:
        found: str | None = source.db.execute("SELECT phone FROM holder WHERE id = 'anna'").fetchone()[0]
    return found


# -- what there is ----------------------------------------------------------------------------------------------------


def test_what_waits_and_what_it_would_do_is_told_before_and_after_it_is_compared(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        without_cleo(running.office)
        before = told(await api.get())
        assert before["newest"] is None
        waits = before["waiting"]
        assert isinstance(waits, dict)
        (batch,) = waits["batches"]
        assert (batch["kind"], batch["who"], batch["changes"], batch["why"]) == ("edit", "office", 1, "a test")
        assert (waits["source"], waits["mine"], waits["more"], waits["batch"]) == (True, True, False, batch["batch"])
        assert waits["served_batch"] == batch["batch"] - 1
        review = await api.made()
        newest: Mapping[str, Any] = told(await api.get())["newest"]  # type: ignore[assignment]
        assert (newest["id"], newest["who"], newest["stale"]) == (review, f"client:{CLIENT}", "")
        assert newest["may_be_brought"] is True
        sums = {(each["side"], each["how"]): each["holders"] for each in newest["sums"]}
        assert sums.pop(("lost", "all")) == 1
        assert len(sums) == 5
        assert set(sums.values()) == {0}
        portals = {each["portal"]: (each["name"], each["shut"], each["less"]) for each in newest["portals"]}
        assert portals == {"front_door": ("Front door", 1, 1), "hall": ("Hall", 1, 1)}
        changed = [(each["entity"], each["added"], each["changed"], each["removed"]) for each in newest["changed"]]
        assert changed == [("credential", 0, 0, 1)]
        assert newest["journal"] is None
        edited(running, phone="1")
        moved: Mapping[str, Any] = told(await api.get())["newest"]  # type: ignore[assignment]
        assert (moved["stale"], moved["may_be_brought"]) == ("source", False)
        assert "The list was changed after this comparison" in moved["stale_text"]
        chinese: Mapping[str, Any] = told(await api.get(accept_language="zh"))["newest"]  # type: ignore[assignment]
        assert "名单又有更改" in chinese["stale_text"]

    play(tmp_path, scene)


def test_a_review_asked_twice_under_one_key_is_made_once(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        cleo_came(running.office)
        body = {"purpose": MAKING}
        first = await api.post("", body, "once-000001")
        again = await api.post("", body, "once-000001")
        assert (first.status, again.status) == (202, 202)
        assert first.header("location") == again.header("location")
        await api.over(first)
        assert [act for act, *_ in acts(running)] == ["looked_up"]
        other = await api.post("", {}, "once-000001")
        assert words(other) == ("key_used", "409")

    play(tmp_path, scene)


def test_whom_it_concerns_is_searched_by_body_and_turned_page_by_page(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        path = running.office.folder / "office.source.db"
        with Source.open(path) as source, source.batch("edit", "office", "a test", AT_S) as batch:
            for n in range(30):
                edit.add(batch, "holder", f"q{n:02}", {"name": f"Zhang {n:02}", "profiles": "residents"})
                edit.add(batch, "credential", f"card:H10301:13:{n}", {"holder": f"q{n:02}"})
            edit.remove(batch, "credential", "card:H10301:12:31")
        review = await api.made()
        lost = told(await api.post("/people", {"review": review, "side": "lost"}))
        (cleo,) = lost["people"]  # type: ignore[misc]
        assert (lost["total"], lost["next"]) == (1, None)
        assert (cleo["holder"], cleo["name"], cleo["how"], cleo["credentials"]) == ("cleo", "Cleo", "all", ["card"])
        assert cleo["how_text"] == "Loses all access."
        places = {each["access_point"]: each for each in cleo["places"]}
        assert set(places) == {"front_in", "hall_in", "hall_out"}
        assert places["front_in"]["shut"] is True
        windows = [{"start_minute": 450, "end_minute": 720}, {"start_minute": 780, "end_minute": 975}]
        assert places["front_in"]["lost"][0] == {"weekday": 0, "day": None, "windows": windows}
        assert cleo["passages"] is None
        seen_, after = [], 0
        for _ in range(4):
            body = {"review": review, "side": "gained", "words": "zhang", "after": after, "most": 12}
            page = told(await api.post("/people", body))
            assert page["total"] == 30
            seen_ += [one["name"] for one in page["people"]]  # type: ignore[attr-defined]
            if page["next"] is None:
                break
            after = page["next"]  # type: ignore[assignment]
        assert seen_ == [f"Zhang {n:02}" for n in range(30)]
        shed = told(await api.post("/people", {"review": review, "side": "lost", "portal": "bike_shed"}))
        assert (shed["people"], shed["total"]) == ([], 0)
        changes = told(await api.post("/changes", {"review": review, "entity": "credential", "words": "12:31"}))
        (change,) = changes["changes"]  # type: ignore[misc]
        assert (change["kind"], change["entity"], change["owner"]) == ("removed", "credential", "cleo")
        await logged_in(running, "auditor")
        assert told(await api.by_session("GET", ""))["waiting"] is None, "as at the page"
        theirs = await api.by_session(
            "POST", "/people", {"review": review, "side": "lost"}, **{"accept-language": "zh"}
        )
        (cleo,) = told(theirs)["people"]  # type: ignore[misc]
        assert cleo["how_text"] == "失去全部权限。"
        for what in ("", "/bring", "/undo", "/discard"):
            refused = await api.by_session("POST", what, {}, **{"idempotency-key": "auditor-0001"})
            assert words(refused) == ("not_allowed", "403"), what

    play(tmp_path, scene)


@pytest.mark.attack("review-03")
def test_the_journal_s_part_is_told_for_a_purpose_of_one_s_own_which_is_recorded(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        cleo_came(running.office)
        without_cleo(running.office)
        other = await token_of(running, "Home panels", "auditor")
        review = await api.made(MAKING)
        assert acts(running) == [("looked_up", "review of the last 30 days", f"client:{CLIENT}", MAKING)]
        newest: Mapping[str, Any] = told(await api.get())["newest"]  # type: ignore[assignment]
        assert newest["journal"]["by_change"]["refused"] == 3
        assert (newest["journal"]["presentations"], newest["journal"]["compared"]) == (3, 3)
        assert newest["journal"]["since"] == "2026-11-23T00:00:00Z"
        lost = {"review": review, "side": "lost"}
        mine, theirs = [told(await api.post("/people", lost, token=token)) for token in (None, other)]
        assert [one["passages"] for one in mine["people"]] == [3]  # type: ignore[attr-defined]
        assert [one["passages"] for one in theirs["people"]] == [None]  # type: ignore[attr-defined]
        for wrong in ({}, {"purpose": ""}, {"purpose": "why?"}, {"purpose": None}, {"purpose": "x" * 201}):
            refused = await api.post("/passages", {"review": review, **wrong}, token=other)
            assert words(refused) == ("not_understood", "422"), wrong
        blank = await api.post("/passages", {"review": review, "purpose": "       "}, token=other)
        assert problem(blank) == ("not_taken", "409", ("people_purpose_needed",), "purpose")
        assert len(acts(running)) == 1
        body = {"review": review, "purpose": LOOKING}
        for _ in range(2):
            found = told(await api.post("/passages", body, token=other))
            assert (found["purpose"], found["total"], found["next"]) == (LOOKING, 1, None)
        (one,) = found["passages"]  # type: ignore[misc]
        assert (one["holder"], one["name"], one["access_point"], one["place_text"]) == (
            "cleo", "Cleo", "front_in", "Front door",
        )  # fmt: skip
        assert (one["change"], one["count"]) == ("refused", 3)
        assert (one["first"], one["last"]) == ("2026-11-23T00:00:00Z", "2026-11-23T00:02:00Z")
        assert one["before"] == ["profile:cleaning", "schedule_inside:cleaning"]
        assert one["after"] == ["credential_not_found"]
        assert acts(running)[1:] == [
            ("looked_up", "passages of a review of the last 30 days", "client:Home panels", LOOKING)
        ]
        assert told(await api.post("/passages", {**body, "words": "anna"}, token=other))["total"] == 0
        running.office.answers = False
        untold = await api.post("/passages", {**body, "purpose": "for something else"}, token=other)
        assert words(untold) == ("not_recorded", "503")

    play(tmp_path, scene)


def test_the_table_is_the_page_s_own_and_recorded_alike(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        without_cleo(running.office)
        review = await api.made()
        body = {"review": review, "side": "lost", "why": "for the meeting"}
        mine = await api.post("/export", body)
        page, rows = await table(running, review)
        assert (mine.status, mine.header("content-type")) == (200, "text/csv; charset=utf-8")
        assert mine.body == page.body
        assert mine.header("content-disposition") == page.header("content-disposition")
        assert rows[1][:2] == ["cleo", "Cleo"]
        exported = [(one.issuer, one.detail, one.note) for one in running.page.controller.told("exported")]
        assert exported == [
            (f"client:{CLIENT}", "review lost", "for the meeting"),
            ("manager", "review lost", "for the meeting"),
        ]
        assert words(await api.post("/export", {**body, "why": "no"})) == ("not_understood", "422")
        blank = await api.post("/export", {**body, "why": "        "})
        assert problem(blank) == ("not_taken", "409", ("people_purpose_needed",), "why")
        running.page.controller.answers = False
        running.page.controller.refusals = {"Administered": ("not_recorded",)}
        running.page.controller.answers = True
        assert words(await api.post("/export", body)) == ("not_recorded", "503")

    play(tmp_path, scene)


def test_what_a_body_names_and_is_gone_is_said_so(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        without_cleo(running.office)
        more = {
            "people": {"side": "lost"},
            "passages": {"purpose": LOOKING},
            "export": {"side": "lost", "why": LOOKING},
        }
        for gone in ("review_none", "review_gone"):
            for what in LISTS:
                refused = await api.post(f"/{what}", {"review": "another-one", **more.get(what, {})})
                assert problem(refused) == ("not_taken", "409", (gone,), "review"), what
            chinese = await api.post("/people", {"review": "another-one", "side": "lost"}, accept_language="zh")
            assert ("尚未进行比较" if gone == "review_none" else "已被新的取代") in chinese.text
            await api.made()
        assert [act for act in acts(running) if act[0] == "looked_up"] == []
        assert running.page.controller.told("exported") == []
        for body in (
            {"side": "lost"},
            {"review": "x"},
            {"review": "x", "side": "both"},
            {"review": "x y", "side": "lost"},
            {"review": "x", "side": "lost", "words": "x" * 65},
            {"review": "x", "side": "lost", "after": -1},
            {"review": "x", "side": "lost", "after": 1 << 53},
            {"review": "x", "side": "lost", "most": 501},
            {"review": "x", "side": "lost", "all": True},
        ):
            assert words(await api.post("/people", body)) == ("not_understood", "422"), body
        assert words(await api.post("/changes", {"review": "x", "entity": "sqlite_schema"}))[1] == "422"
        assert (await api.get("?words=Cleo")).status == 400, "nothing is searched for in an address"

    play(tmp_path, scene)


# -- what is done -----------------------------------------------------------------------------------------------------


def test_only_what_was_compared_is_brought_to_the_gate_and_once(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        without_cleo(running.office)
        yes = {"confirmed": "yes", "why": "as agreed"}
        first = await api.post("/bring", {"review": "another-one", **yes})
        assert problem(first) == ("not_taken", "409", ("review_none",), "review")
        review = await api.made()
        newer = await api.post("/bring", {"review": "another-one", **yes})
        assert problem(newer)[2] == ("review_newer",)
        for body in ({"review": review}, {"review": review, "confirmed": "no"}, {"confirmed": "yes"}):
            assert words(await api.post("/bring", body)) == ("not_understood", "422"), body
        edited(running, phone="1")
        stale = await api.post("/bring", {"review": review, **yes}, accept_language="zh")
        assert problem(stale)[2] == ("review_stale_source",)
        assert "名单又有更改" in stale.text
        assert [act for act, *_ in acts(running) if act == "handed_in"] == []
        review = await api.made()
        begun = await api.post("/bring", {"review": review, **yes}, "bring-000001")
        again = await api.post("/bring", {"review": review, **yes}, "bring-000001")
        assert (begun.status, begun.header("location")) == (202, again.header("location"))
        assert told(begun)["kind"] == "BringToGate"
        await until(lambda: [act for act, *_ in acts(running) if act == "handed_in"])
        handed = [(who, why) for act, _, who, why in acts(running) if act == "handed_in"]
        assert handed == [(f"client:{CLIENT}", "as agreed")]
        ended = await call(running.page, "POST", f"{begun.header('location')}/cancel", api.token, {})
        assert ended.status == 200, "the controller's stand-in takes no roster, and would be waited for"

    play(tmp_path, scene)


def test_the_newest_change_and_all_that_waits_are_put_back_as_by_the_page(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        edited(running, phone="1")
        with running.office.source() as source:
            batch = source.head.batch
        moved = await api.over(await api.post("/undo", {"batch": batch - 1}))
        assert (moved["refused"], moved["outcome"], phone(running)) == ("review_moved_on", "", "1")
        assert "The list was changed meanwhile" in moved["refused_text"]
        back = await api.over(await api.post("/undo", {"batch": batch, "why": "a mistake"}, "undo-000001"))
        assert (back["outcome"], back["outcome_at"]) == ("put_back", API)
        assert back["told"] == {"undone": "1", "batch": str(batch + 1), "changes": "1"}
        assert phone(running) is None
        once = await api.post("/undo", {"batch": batch, "why": "a mistake"}, "undo-000001")
        assert (await api.over(once))["id"] == back["id"]
        edited(running, phone="2")
        edited(running, phone="3")
        page = await running.page.post("/people/review/undo", [("batch", str(batch + 3)), ("why", "a mistake")])
        await seen(running.page, page.header("location") or "", api.token, lambda response: True)
        job = (page.header("location") or "").partition("id=")[2]
        await seen(running.page, f"/api/v1/jobs/{job}", api.token, lambda response: told(response)["over"])
        assert phone(running) == "2"
        undone = [(detail, who, why) for act, detail, who, why in acts(running) if act == "edited"]
        assert undone == [
            (f"undo of batch {batch}", f"client:{CLIENT}", "a mistake"),
            (f"undo of batch {batch + 3}", "manager", "a mistake"),
        ]
        all_back = await api.over(await api.post("/discard", {"batch": batch + 4, "why": "never mind"}))
        assert all_back["outcome"] == "put_back", all_back
        assert phone(running) is None
        nothing = await api.over(await api.post("/discard", {"batch": int(all_back["told"]["batch"])}))
        assert nothing["refused"] == "review_nothing_waits"
        assert words(await api.post("/undo", {"batch": -1})) == ("not_understood", "422")
        assert words(await api.post("/discard", {})) == ("not_understood", "422")

    play(tmp_path, scene)


def test_script_of_the_page_does_it_with_its_own_token_and_no_other_page_can(tmp_path: Path) -> None:
    async def scene(running: Place, api: Program) -> None:
        without_cleo(running.office)
        page = running.page
        for headers in (
            {},
            {"origin": "http://evil.example", "x-csrf-token": await page.token()},
            {"origin": f"http://127.0.0.1:{page.port}"},
        ):
            refused = await call(page, "POST", API, None, {}, {"idempotency-key": "foreign-0001", **headers})
            assert refused.status == 403
        begun = await api.by_session("POST", "", {}, **{"idempotency-key": "script-00001"})
        assert (await api.over(begun))["who"] == "manager"

    play(tmp_path, scene)


# -- where the desk is not --------------------------------------------------------------------------------------------

ASKED = (
    ("GET", "", None),
    ("POST", "", {}),
    ("POST", "/people", {"review": "x", "side": "lost"}),
    ("POST", "/changes", {"review": "x"}),
    ("POST", "/passages", {"review": "x", "purpose": LOOKING}),
    ("POST", "/export", {"review": "x", "side": "lost", "why": LOOKING}),
    ("POST", "/bring", {"review": "x", "confirmed": "yes"}),
    ("POST", "/undo", {"batch": 1}),
    ("POST", "/discard", {"batch": 1}),
)


def test_a_desk_that_is_away_and_one_that_is_silent_are_told_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        async with place(tmp_path) as running:
            office = running.office
        folder = tmp_path / "second"
        folder.mkdir()
        socket = folder / "people.sock"
        async with running_page(folder, people=str(socket), site=site(office)) as page:
            _, token = await make_client(page, CLIENT, "manager")

            async def ask(method: str, path: str, body: object) -> Response:
                headers = {"idempotency-key": f"key-of{path.replace('/', '-')}-0001"}
                return await call(page, method, API + path, token, body, headers)

            for method, path, body in ASKED:
                away = await ask(method, path, body)
                assert words(away) == ("not_sent", "503"), path
                assert away.header("retry-after") == "5"
            async with silent_desk(socket):
                for method, path, body in ASKED:
                    assert words(await ask(method, path, body)) == ("not_known", "504"), path

    asyncio.run(scene())
