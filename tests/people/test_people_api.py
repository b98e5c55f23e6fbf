"""Holders and households by the API: by token and by the page's session, over a real desk and a made-up gate."""

from __future__ import annotations

import asyncio
import calendar
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from firmware.messages import Leave, Lift, Suspend, TellPeople
from firmware.network.people.api_people_words import FLAG_NAMES, Flag
from firmware.people_words.holders import EditHolder, SuspendHere
from firmware.roster.schema import FLAGS
from tests.network.api_client import call, make_client, told, words
from tests.network.running import Response, running_page
from tests.people.desk import OTHER
from tests.people.pages import CARD, EVIL, Office, office

API = "/api/v1"
CLIENT = "Property office"


class Program:
    """A client of the API with a token of its own."""

    def __init__(self, running: Office, token: str) -> None:
        self.running = running
        self.token = token
        self._keys = iter(range(1, 1 << 20))

    async def get(self, path: str, **headers: str) -> Response:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return await call(self.running.page, "GET", f"{API}{path}", self.token, headers=named)

    async def put(self, path: str, body: object) -> Response:
        return await call(self.running.page, "PUT", f"{API}{path}", self.token, body)

    async def post(self, path: str, body: object, key: str = "") -> Response:
        headers = {"idempotency-key": key or f"key-{next(self._keys):06}"}
        return await call(self.running.page, "POST", f"{API}{path}", self.token, body, headers)


async def program(running: Office, *roles: str, name: str = CLIENT) -> Program:
    response, token = await make_client(running.page, name, *(roles or ("manager",)))
    assert token, response.text
    return Program(running, token)


def play(
    folder: Path, scene: Callable[[Office, Program], Awaitable[None]], *, source: bool = True, role: str = "manager"
) -> None:
    async def whole() -> None:
        async with office(folder, source=source) as running:
            await scene(running, await program(running, role))

    asyncio.run(whole())


def utc_s(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> int:
    """By the standard library's calendar, which knows no zones."""
    return calendar.timegm((year, month, day, hour, minute, second))


def commands(running: Office, kind: type) -> list[object]:
    return [one for one in running.desk.gate.asked if isinstance(one, kind)]


def problem(response: Response) -> tuple[int, str, tuple[str, ...], str]:
    kind, _ = words(response)
    content = told(response)
    return response.status, kind, tuple(content.get("reasons", ())), str(content.get("field", ""))  # type: ignore[arg-type]


# -- lists ------------------------------------------------------------------------------------------------------------


def test_all_of_the_list_is_gone_through_once_whatever_comes_and_goes_meanwhile(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        running.desk.put(
            *(("holder", f"m{n:04}", {"name": f"P {n}", "profiles": "staff"}) for n in range(230)),
        )
        sizes, seen, after = [], [], ""
        for turn in range(5):
            page = told(await api.get(f"/people?after={after}" if after else "/people"))
            rows = page["people"]
            assert isinstance(rows, list)
            sizes.append(len(rows))
            seen += [row["id"] for row in rows]
            if turn == 0:  # one before and one behind where it is now
                running.desk.put(("holder", "a1", {"name": "Early", "profiles": "staff"}))
                running.desk.put(("holder", "z1", {"name": "Late", "profiles": "staff"}))
            if page["after"] is None:
                break
            after = str(page["after"])
        ids = [id for (id,) in running.desk.rows("SELECT id FROM holder WHERE id <> 'a1' ORDER BY id")]
        assert (sizes, seen) == ([100, 100, 33], ids)
        few = told(await api.get("/people?limit=2&after=h1"))
        assert [row["id"] for row in few["people"]] == ["h2", "m0000"]  # type: ignore[attr-defined]
        for wrong in ("limit=0", "limit=101", "limit=x", "mark=lost", "name=Li", "after=a&after=b", "profile=%C3%A9"):
            assert (await api.get(f"/people?{wrong}")).status == 400, wrong

    play(tmp_path, scene)


def test_the_list_by_household_profile_and_who_is_suspended(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        running.desk.put(("holder", "h3", {"name": "Chen", "profiles": "staff"}))
        running.desk.ask(SuspendHere(holder="h2"))

        async def ids(query: str) -> list[object]:
            return [row["id"] for row in told(await api.get(f"/people?{query}"))["people"]]  # type: ignore[attr-defined]

        assert await ids("household=f1") == ["h1", "h2"]
        assert await ids("household=none") == []
        assert await ids("profile=staff") == ["h2", "h3"]
        assert await ids("profile=residents&household=f1") == ["h1", "h2"]
        assert await ids("profile=resident") == [], "a name as a whole"
        assert await ids("mark=suspended") == ["h2"]
        assert await ids("mark=suspended&after=h2") == []
        rows = told(await api.get("/people", accept_language="zh-CN"))["people"]
        marks = {row["id"]: (row["mark"], row["mark_text"]) for row in rows}  # type: ignore[attr-defined]
        assert marks["h1"] == ("", "")
        assert marks["h2"][0] == "suspended"
        assert any("\u4e00" <= letter <= "\u9fff" for letter in marks["h2"][1])

    play(tmp_path, scene)


def test_a_search_is_told_in_a_body_and_turned_page_by_page(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        found = told(await api.post("/people/search", {"text": "芳 501"}))
        assert [(row["id"], row["phone_end"]) for row in found["people"]] == [("h1", "8000")]  # type: ignore[attr-defined]
        assert (found["after"], found["listed"]) == (None, True)
        running.desk.put(*(("holder", f"m{n:04}", {"name": f"Zhou {n}", "profiles": "staff"}) for n in range(45)))
        sizes, after = [], 0
        for _ in range(4):
            page = told(await api.post("/people/search", {"text": "zhou", "after": after}))
            sizes.append(len(page["people"]))  # type: ignore[arg-type]
            if page["after"] is None:
                break
            after = int(str(page["after"]))
        assert sizes == [20, 20, 5]
        assert told(await api.post("/people/search", {"text": "nobody of this name"}))["people"] == []
        for wrong in ({}, {"text": "x" * 201}, {"text": "x", "after": -1}, {"text": "x", "name": "y"}, {"text": 7}):
            assert (await api.post("/people/search", wrong)).status == 422, wrong
        assert running.desk.gate.told() == []

    play(tmp_path, scene)


@pytest.mark.attack("people-13")
def test_a_plate_is_looked_up_by_a_program_for_a_purpose_that_stands_in_the_journal_first(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        for body in (
            {"plate": "京A12345"},
            {"plate": "京A12345", "purpose": "x"},
            {"plate": "", "purpose": "a purpose"},
        ):
            assert (await api.post("/people/plate", body)).status == 422
        blank = await api.post("/people/plate", {"plate": "京A12345", "purpose": "      "})
        assert problem(blank) == (409, "not_taken", ("people_purpose_needed",), "purpose")
        none = await api.post("/people/plate", {"plate": "!!", "purpose": "blocks the fire lane"})
        assert problem(none) == (409, "not_taken", ("people_bad_plate",), "text")
        assert commands(running, TellPeople) == []
        found = told(await api.post("/people/plate", {"plate": "京A·12345", "purpose": "blocks the fire lane"}))
        assert [row["id"] for row in found["people"]] == ["h1"]  # type: ignore[attr-defined]
        (tell,) = commands(running, TellPeople)
        assert isinstance(tell, TellPeople)
        assert (tell.act, tell.why, tell.issuer) == ("looked_up", "blocks the fire lane", f"client:{CLIENT}")
        assert "12345" not in tell.detail, "the journal has its pseudonym"
        running.desk.gate.refuse["TellPeople"] = ("not_recorded",)
        refused = await api.post("/people/plate", {"plate": "京A12345", "purpose": "blocks the fire lane"})
        assert words(refused) == ("not_recorded", "503")
        assert "h1" not in refused.text
        sought = await api.post("/people/search", {"text": "京A12345"})
        assert told(sought)["people"] == [], "no plate is found without one"

    play(tmp_path, scene)


def test_what_may_be_chosen(tmp_path: Path) -> None:
    async def scene(_running: Office, api: Program) -> None:
        choices = told(await api.get("/people-choices"))
        assert set(choices["profiles"]) >= {"residents", "staff"}  # type: ignore[call-overload]
        assert "visitor" not in choices["flags"]  # type: ignore[operator]
        readers = {one["id"]: one["name"] for one in choices["readers"]}  # type: ignore[attr-defined]
        assert readers["bike_reader"] == "Bike shed"
        assert (choices["time_zone"], choices["here"]) == ("Asia/Shanghai", True)

    play(tmp_path, scene)


def test_the_flags_are_the_rosters() -> None:
    assert FLAG_NAMES == tuple(FLAGS) == Flag.__args__  # type: ignore[attr-defined]


# -- one holder -------------------------------------------------------------------------------------------------------

NEW = {"name": "Li Na", "profiles": ["residents"], "household": "3-2-501", "phone": "139 1", "why": "moves in"}


def test_a_sheet_has_all_that_the_page_has_and_no_secret(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        await running.page.post("/people/bring", [("batch", str(running.desk.rows("SELECT max(id) FROM batch")[0][0]))])
        await running.page.post("/people/give", [("holder", "h1"), ("kind", "code"), ("key", "4f6e2d71c0ffee99aa")])
        shown = await api.get("/people/h1")
        person = told(shown)
        assert (person["name"], person["phone"], person["listed"]) == ("王芳", "138 0013 8000", True)
        assert person["household"] == {"id": "f1", "label": "3-2-501", "spaces": 1}
        assert person["profiles"] == ["residents"]
        mine = {one["kind"]: one for one in person["credentials"]}  # type: ignore[attr-defined]
        assert set(mine) == {"card", "pin", "plate", "code"}
        assert (mine["card"]["shown"], mine["card"]["printed"], mine["plate"]["shown"]) == (
            CARD,
            "012 34567",
            "京A12345",
        )
        assert (mine["pin"]["shown"], mine["code"]["shown"]) == ("", "…99aa")
        for secret in ("735190", "4f6e2d71c0ffee"):
            assert secret not in shown.text
        assert [one["id"] for one in person["members"]] == ["h2"]  # type: ignore[attr-defined]
        assert person["history"][0]["who"] == "console"  # type: ignore[index]
        chinese = told(await api.get("/people/h1", accept_language="zh-CN"))
        assert chinese["at_gate"] == person["at_gate"]
        assert chinese["at_gate_text"] != person["at_gate_text"]
        other = told(await api.get("/people/h2"))
        assert (other["name"], other["note"]) == (EVIL, EVIL)
        assert words(await api.get("/people/nobody")) == ("no_such_thing", "404")

    play(tmp_path, scene)


def test_a_person_is_added_and_changed_and_nobody_is_overwritten(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        desk = running.desk
        added = await api.post("/people", NEW)
        kept = told(added)
        assert (added.status, added.header("location")) == (201, f"{API}/people/{kept['id']}")
        place = f"/people/{kept['id']}"
        person = told(await api.get(place))
        assert (person["name"], person["phone"], person["revision"]) == ("Li Na", "139 1", kept["revision"])
        assert (person["at_gate"], person["waits"]) == ("unknown", False)
        assert person["household"]["id"] == "f1"  # type: ignore[index, call-overload]
        seen = {name: person[name] for name in ("name", "profiles", "phone", "note", "relation", "flags", "revision")}
        whole = {**seen, "household": "f1", "flags": ["extended", "escort"], "note": "二楼"}
        changed = await api.put(place, {**whole, "why": "asked at the desk"})
        assert (changed.status, told(changed)["changed"]) == (200, True)
        again = await api.put(place, {**whole, "revision": told(changed)["revision"]})
        assert told(again) == {**told(changed), "changed": False}
        person = told(await api.get(place))
        assert (person["flags"], person["note"]) == (["escort", "extended"], "二楼")
        assert person["history"][0]["why"] == "asked at the desk"  # type: ignore[index, call-overload]
        desk.ask(EditHolder(holder=str(kept["id"]), revision=99, fields={"phone": "77"}), OTHER)
        late = await api.put(place, {**whole, "revision": told(changed)["revision"], "phone": "88"})
        assert problem(late) == (409, "not_taken", ("people_changed_meanwhile",), "")
        assert "Chen Jie" in str(told(late)["cause"])
        assert desk.rows("SELECT phone FROM holder WHERE id = ?", kept["id"]) == [("77",)]
        person = told(await api.get(place))
        emptied = {"revision": person["revision"], "name": "Li Na", "profiles": ["staff"]}
        assert (await api.put(place, emptied)).status == 200
        person = told(await api.get(place))
        assert (person["household"], person["phone"], person["flags"]) == (None, "", []), "what is left out is empty"
        assert words(await api.put("/people/nobody", emptied)) == ("no_such_thing", "404")

    play(tmp_path, scene)


def test_by_form_and_by_program_the_same_is_kept_and_told(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        desk = running.desk
        typed = [("name", "Li Na"), ("household", "3-2-501"), ("profile", "residents"), ("phone", "139 1")]
        await running.page.post("/people/new", [*typed, ("why", "moves in"), ("then", "later")])
        assert (await api.post("/people", NEW)).status == 201
        rows = desk.rows(
            "SELECT name, phone, relation, household, profiles, flags, note FROM holder WHERE name = 'Li Na'"
        )
        assert len(rows) == 2
        assert rows[0] == rows[1]
        batches = desk.rows("SELECT kind, who, why, changes FROM batch ORDER BY id DESC LIMIT 2")
        assert [(kind, why, changes) for kind, _, why, changes in batches] == [("edit", "moves in", 1)] * 2
        assert [who for _, who, _, _ in batches] == [f"client:{CLIENT}", "console"]
        assert desk.gate.told() == [("edited", "holder added")] * 2
        first, second = commands(running, TellPeople)
        assert isinstance(first, TellPeople)
        assert isinstance(second, TellPeople)
        assert (first.address, first.why) == (second.address, second.why) == ("127.0.0.1", "moves in")

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("fields", "reason", "field"),
    [
        ({"name": "   "}, "people_bad_name", "name"),
        ({"name": "a\nb"}, "people_bad_name", "name"),
        ({"profiles": ["nothing"]}, "people_bad_profiles", "profiles"),
        ({"household": "9-9-999"}, "people_household_new", "household"),
        ({"phone": "1\t2"}, "people_bad_phone", "phone"),
        ({"note": "a\u0000b"}, "people_bad_note", "note"),
    ],
)
def test_what_is_right_in_form_and_not_taken(
    tmp_path: Path, fields: Mapping[str, object], reason: str, field: str
) -> None:
    async def scene(running: Office, api: Program) -> None:
        before = running.desk.rows("SELECT count(*), max(batch) FROM holder, change")
        refused = await api.post("/people", {**NEW, **fields})
        assert problem(refused) == (409, "not_taken", (reason,), field)
        assert told(refused)["cause"]
        assert running.desk.rows("SELECT count(*), max(batch) FROM holder, change") == before

    play(tmp_path, scene)


def test_what_is_wrong_in_form(tmp_path: Path) -> None:
    wrong = (
        {"profiles": ["residents"]},
        {**NEW, "name": ""},
        {**NEW, "name": "x" * 101},
        {**NEW, "profiles": []},
        {**NEW, "profiles": ["a;b"]},
        {**NEW, "profiles": ["Residents"]},
        {**NEW, "profiles": ["r"] * 65},
        {**NEW, "flags": ["boss"]},
        {**NEW, "note": "x" * 1001},
        {**NEW, "why": "x" * 201},
        {**NEW, "id": "h9"},
        {**NEW, "revision": 1},
    )

    async def scene(running: Office, api: Program) -> None:
        for body in wrong:
            assert (await api.post("/people", body)).status == 422, body
            assert words(await api.put("/people/h1", {**body, "revision": -1}))[1] == "422", body
        assert (await api.put("/people/h1", NEW)).status == 422, "without the revision that was seen"
        assert (await api.post("/people/h1/suspend", {"until": "2027-01-01T10:00:00"})).status == 422, "no offset"
        assert (await api.post("/people/h1/suspend", {"until": "tomorrow"})).status == 422
        assert (await api.post("/people/h1/lift", {})).status == 422
        assert (await api.post("/people/h1/end", {})).status == 422
        assert (await api.post("/households/f1/remove", {})).status == 422
        assert (await api.put("/households/f1", {"revision": 1, "spaces": 1001})).status == 422
        assert running.desk.gate.asked == []
        long = {**NEW, "note": "门" * 1000, "profiles": [f"{n:02}" + "p" * 30 for n in range(64)]}
        refused = await api.post("/people", long)
        assert problem(refused)[:3] == (409, "not_taken", ("people_bad_profiles",)), "longer than a form, and read"

    play(tmp_path, scene)


def test_what_is_asked_twice_under_one_key_is_done_once(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        answers = await asyncio.gather(*(api.post("/people", NEW, "move-in-0001") for _ in range(4)))
        assert {answer.status for answer in answers} == {201}
        assert len({answer.header("location") for answer in answers}) == 1
        assert running.desk.rows("SELECT count(*) FROM holder WHERE name = 'Li Na'") == [(1,)]
        other = await api.post("/people", {**NEW, "name": "Li Bo"}, "move-in-0001")
        assert words(other) == ("key_used", "409")
        off = [await api.post("/people/h1/suspend", {"why": "lost keys"}, "keys-lost-1") for _ in range(3)]
        assert [answer.status for answer in off] == [200] * 3
        assert len(commands(running, Suspend)) == 1
        entry = running.desk.gate.entries[0].id
        lifts = [await api.post("/people/h1/lift", {"entry": entry}, "found-00001") for _ in range(2)]
        assert [answer.status for answer in lifts] == [200, 200]
        again = await api.post("/people/h1/lift", {"entry": entry}, "found-00002")
        assert words(again) == ("no_such_thing", "404")
        missing = await call(running.page, "POST", f"{API}/people", api.token, NEW)
        assert words(missing) == ("key_needed", "400")

    play(tmp_path, scene)


# -- at once ----------------------------------------------------------------------------------------------------------


def test_off_at_the_gate_until_an_instant_to_the_second_wherever_clocks_change(tmp_path: Path) -> None:
    """1:30 of 2026-11-01 comes twice in New York: with its offset each is one instant (IANA: UTC-4, then UTC-5)."""
    untils = {
        "2026-11-28T18:30:15+08:00": utc_s(2026, 11, 28, 10, 30, 15),
        "2028-11-05T01:30:00-04:00": utc_s(2028, 11, 5, 5, 30),
        "2028-11-05T01:30:00-05:00": utc_s(2028, 11, 5, 6, 30),
        "2199-12-31T23:59:59.999999Z": utc_s(2199, 12, 31, 23, 59, 59),
        "2028-02-29T00:00:00Z": utc_s(2028, 2, 29, 0, 0),
    }

    async def scene(running: Office, api: Program) -> None:
        person = told(await api.get("/people/h1"))
        card = next(one for one in person["credentials"] if one["kind"] == "card")  # type: ignore[attr-defined]
        for until in untils:
            body = {"ref": card["ref"], "until": until, "lost": True, "why": "left on the bus"}
            off = told(await api.post("/people/h1/suspend", body))
            assert (off["id"], off["at_gate"]) == ("h1", True)
        asked = commands(running, Suspend)
        assert [one.until_s for one in asked] == list(untils.values())  # type: ignore[attr-defined]
        assert {(one.key, one.holder, one.lost, one.issuer) for one in asked} == {  # type: ignore[attr-defined]
            (CARD, None, True, f"client:{CLIENT}")
        }
        row = next(one for one in told(await api.get("/people/h1"))["credentials"] if one["kind"] == "card")  # type: ignore[attr-defined]
        assert (row["held_as"], row["held_until"][:10]) == ("lost", "2028-02-29")
        for out in (
            "1969-12-31T23:59:59Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59Z",
            "2200-01-01T00:00:01Z",
        ):
            refused = await api.post("/people/h1/suspend", {"until": out})
            assert problem(refused) == (409, "not_taken", ("people_bad_until",), "until"), out
        whole = await api.post("/people/h1/suspend", {})
        assert whole.status == 200
        last = commands(running, Suspend)[-1]
        assert isinstance(last, Suspend)
        assert (last.holder, last.key, last.until_s, last.lost) == ("h1", None, None, False)
        assert told(await api.get("/people/h1"))["suspended"] == running.desk.gate.entries[-1].id

    play(tmp_path, scene)


def test_refused_by_the_gate_and_not_there(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        gate = running.desk.gate
        assert words(await api.post("/people/h1/suspend", {"ref": "0" * 16})) == ("no_such_thing", "404")
        assert words(await api.post("/people/h1/lift", {"entry": "l00000001"})) == ("no_such_thing", "404")
        running.desk.ask(SuspendHere(holder="h2"))
        theirs = await api.post("/people/h1/lift", {"entry": gate.entries[0].id})
        assert words(theirs) == ("no_such_thing", "404"), "another one's"
        assert commands(running, Lift) == []
        gate.refuse["Suspend"] = ("not_found_holder",)
        refused = await api.post("/people/h1/suspend", {})
        assert problem(refused) == (409, "not_taken", ("people_gate_refused", "not_found_holder"), "")
        assert gate.told()[-2:] == [("edited", "suspension asked"), ("edit_not_done", "suspension asked")]

    play(tmp_path, scene)


def test_somebody_leaves(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        desk = running.desk
        seen = told(await api.get("/people/h1"))["revision"]
        desk.ask(EditHolder(holder="h1", revision=99, fields={"phone": "77"}), OTHER)
        late = await api.post("/people/h1/end", {"revision": seen, "why": "moves out"})
        assert problem(late) == (409, "not_taken", ("people_changed_meanwhile",), "")
        assert commands(running, Leave) == [], "not even at the gate"
        seen = told(await api.get("/people/h1"))["revision"]
        stays = told(await api.post("/people/h1/end", {"revision": seen, "remove": False}))
        assert stays == {"id": "h1", "at_gate": True, "removed": False}
        assert desk.rows("SELECT count(*) FROM holder WHERE id = 'h1'") == [(1,)]
        gone = told(await api.post("/people/h1/end", {"revision": seen, "why": "moves out"}))
        assert gone == {"id": "h1", "at_gate": True, "removed": True}
        assert desk.rows("SELECT count(*) FROM holder WHERE id = 'h1'") == [(0,)]
        assert [(one.holder, one.why) for one in commands(running, Leave)][-1] == ("h1", "moves out")  # type: ignore[attr-defined]
        left = told(await api.get("/people/h1"))
        assert (left["listed"], left["at_gate"]) == (False, "unlisted")

    play(tmp_path, scene)


# -- households -------------------------------------------------------------------------------------------------------


def test_households_are_listed_changed_and_removed(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        running.desk.put(*(("household", f"x{n:03}", {"label": f"8-{n}"}) for n in range(120)))
        first = told(await api.get("/households"))
        assert first["households"][0] == {"id": "f1", "label": "3-2-501", "spaces": 1, "members": 2}  # type: ignore[index]
        rest = told(await api.get(f"/households?after={first['after']}"))
        assert [len(page["households"]) for page in (first, rest)] == [100, 21]  # type: ignore[arg-type]
        assert rest["after"] is None
        home = told(await api.get("/households/f1"))
        assert [one["id"] for one in home["members"]] == ["h2", "h1"], "by name"  # type: ignore[attr-defined]
        body = {"revision": home["revision"], "label": "3-2-502", "spaces": 2, "note": "corner", "why": "renumbered"}
        changed = told(await api.put("/households/f1", body))
        assert changed["changed"] is True
        home = told(await api.get("/households/f1"))
        assert (home["label"], home["spaces"], home["note"]) == ("3-2-502", 2, "corner")
        assert home["revision"] == changed["revision"]
        late = await api.put("/households/f1", body)
        assert problem(late) == (409, "not_taken", ("people_changed_meanwhile",), "")
        bare = told(await api.put("/households/f1", {"revision": home["revision"], "label": "3-2-502"}))
        home = told(await api.get("/households/f1"))
        assert (home["spaces"], home["note"], home["revision"]) == (None, "", bare["revision"])
        inside = await api.post("/households/f1/remove", {"revision": home["revision"]})
        assert problem(inside)[:3] == (409, "not_taken", ("people_refused",))
        empty = told(await api.get("/households/x007"))
        gone = await api.post("/households/x007/remove", {"revision": empty["revision"], "why": "joined"}, "x007-0001")
        assert (gone.status, gone.body) == (204, b"")
        assert (
            await api.post("/households/x007/remove", {"revision": empty["revision"], "why": "joined"}, "x007-0001")
        ).status == 204
        assert words(await api.get("/households/x007")) == ("no_such_thing", "404")
        assert words(await api.get("/households/none")) == ("no_such_thing", "404")

    play(tmp_path, scene)


# -- who may, and when nobody answers ---------------------------------------------------------------------------------


def test_the_pages_own_script_may_with_its_session_and_token(tmp_path: Path) -> None:
    async def scene(running: Office, _api: Program) -> None:
        page = running.page
        own = {"origin": f"http://127.0.0.1:{page.port}", "x-csrf-token": await page.token()}
        key = {"idempotency-key": "by-script-0001"}
        added = await call(page, "POST", f"{API}/people", None, NEW, {**own, **key})
        assert added.status == 201
        place = str(added.header("location"))
        body = {"revision": told(added)["revision"], "name": "Li Na", "profiles": ["staff"]}
        assert (await call(page, "PUT", place, None, body)).status == 403, "CSRF"
        assert (await call(page, "PUT", place, None, body, own)).status == 200
        ((who,),) = running.desk.rows("SELECT who FROM batch ORDER BY id DESC LIMIT 1")
        assert who == "console"
        assert (await call(page, "GET", place)).status == 200

    play(tmp_path, scene)


def test_a_guards_program_reads_nobody(tmp_path: Path) -> None:
    async def scene(_running: Office, api: Program) -> None:
        for path in ("/people", "/people/h1", "/people-choices", "/households", "/households/f1"):
            assert words(await api.get(path)) == ("not_allowed", "403"), path
        assert (await api.post("/people/search", {"text": "王"})).status == 403
        assert (await api.post("/people/plate", {"plate": "京A12345", "purpose": "a purpose"})).status == 403
        assert (await api.post("/people/h1/suspend", {})).status == 403

    play(tmp_path, scene, role="guard")


def test_without_a_list_here(tmp_path: Path) -> None:
    async def scene(_running: Office, api: Program) -> None:
        assert told(await api.post("/people/search", {"text": "h1"})) == {"people": [], "after": None, "listed": False}
        for path in ("/people", "/households", "/households/f1"):
            assert problem(await api.get(path))[:3] == (409, "not_taken", ("people_no_source",)), path
        assert problem(await api.post("/people", NEW))[:3] == (409, "not_taken", ("people_no_source",))
        assert words(await api.get("/people/h1")) == ("no_such_thing", "404")
        assert told(await api.get("/people-choices"))["here"] is False

    play(tmp_path, scene, source=False)


READS = ("/people", "/people/h1", "/people-choices", "/households", "/households/f1")
CHANGES: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("POST", "/people", NEW),
    ("PUT", "/people/h1", {"revision": 9, "name": "Li", "profiles": ["staff"]}),
    ("POST", "/people/h1/suspend", {}),
    ("POST", "/people/h1/lift", {"entry": "l1"}),
    ("POST", "/people/h1/end", {"revision": 9}),
    ("PUT", "/households/f1", {"revision": 9}),
    ("POST", "/households/f1/remove", {"revision": 9}),
    ("POST", "/people/search", {"text": "Li"}),
    ("POST", "/people/plate", {"plate": "京A12345", "purpose": "a purpose"}),
)


@pytest.mark.parametrize("silent", [False, True])
def test_with_the_desk_away_it_is_not_done_and_with_a_silent_one_not_known(tmp_path: Path, silent: bool) -> None:
    """The silent one takes the question, and is gone."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.close()

    async def whole() -> None:
        path = tmp_path / "people.sock"
        server = await asyncio.start_unix_server(hang_up, path) if silent else None
        async with running_page(tmp_path, people=str(path)) as page:
            _, token = await make_client(page, CLIENT, "manager")
            want = ("not_known", "504") if silent else ("not_sent", "503")
            for place in READS:
                assert words(await call(page, "GET", f"{API}{place}", token)) == want, place
            for number, (method, place, body) in enumerate(CHANGES):
                key = {"idempotency-key": f"change-{number:04}"}
                answer = await call(page, method, f"{API}{place}", token, body, key)
                assert words(answer) == want, place
                assert (answer.header("retry-after") is None) == silent
        if server is not None:
            server.close()

    asyncio.run(whole())


def test_with_the_controller_away_nothing_is_changed_and_the_list_is_read(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        running.desk.gate.stop()
        listed = told(await api.get("/people"))
        assert (len(listed["people"]), listed["marked"]) == (2, False)  # type: ignore[arg-type]
        assert words(await api.get("/people?mark=suspended")) == ("not_sent", "503")
        assert told(await api.get("/people/h1"))["local_known"] is False
        before = running.desk.rows("SELECT max(id) FROM batch")
        for method, place, body in CHANGES:
            if place == "/people/search":
                continue
            revision = {"revision": 99} if "revision" in body else {}
            key = {"idempotency-key": f"away{abs(hash(place)):020}"}
            answer = await call(running.page, method, f"{API}{place}", api.token, {**body, **revision}, key)
            if place == "/households/f1/remove":
                assert answer.status in (409, 503)  # somebody is in it: that is seen first
                continue
            assert words(answer) == ("not_sent", "503"), (place, answer.text)
        assert running.desk.rows("SELECT max(id) FROM batch") == before

    play(tmp_path, scene)


def test_where_the_controller_does_not_answer_it_is_not_known_and_not_asked_twice(tmp_path: Path) -> None:
    async def scene(running: Office, api: Program) -> None:
        def goes(command: object) -> None:
            if isinstance(command, Suspend):
                raise ConnectionError

        running.desk.gate.before = goes
        unknown = await api.post("/people/h1/suspend", {"why": "lost keys"}, "keys-lost-1")
        assert words(unknown) == ("not_known", "504")
        running.desk.gate.before = lambda _command: None
        again = await api.post("/people/h1/suspend", {"why": "lost keys"}, "keys-lost-1")
        assert words(again) == ("not_known", "504"), "it may have been done"
        assert commands(running, Suspend) == []
        assert running.desk.gate.told() == [("edited", "suspension asked")]
        other = await api.post("/people/h1/suspend", {"why": "lost keys"}, "keys-lost-2")
        assert other.status == 200

    play(tmp_path, scene)


@pytest.mark.attack("people-14")
@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        "\u202egnp.exe",
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "%s%n{0}",
        "emoji 🚪",
        "a\u0000b",
        "\\",
        "x" * 200,
    ],
)
def test_strange_texts_from_a_program_are_texts_or_refused(tmp_path: Path, text: str) -> None:
    async def scene(running: Office, api: Program) -> None:
        found = await api.post("/people/search", {"text": text})
        assert (found.status, told(found)["people"]) == (200, [])
        added = await api.post("/people", {"name": text[:100], "profiles": ["staff"], "note": text, "why": "test"})
        if added.status == 201:
            person = told(await api.get(f"/people/{told(added)['id']}"))
            assert (person["name"], person["note"]) == (text[:100], text)
            page = await running.page.get(f"/people/holder?id={person['id']}")
            assert page.status == 200
            assert "<script>alert" not in page.text
        else:
            assert problem(added)[:3] == (409, "not_taken", ("people_bad_name",))
        assert running.desk.rows("SELECT count(*) FROM holder") == [(2 + (added.status == 201),)]
        raw = msgspec.json.encode({"text": text})
        broken = await call(running.page, "POST", f"{API}/people/search", api.token, raw=raw[:-3])
        assert broken.status == 400

    play(tmp_path, scene)
