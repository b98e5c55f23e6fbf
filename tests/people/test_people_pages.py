"""The pages of people over HTTP: what is asked of the desk, what a person reads when it refuses, and what is kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import msgspec
import pytest

from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.people_words.holders import EditHolder, HolderSheet, LookAtHolder
from tests.network.accounts import PASSPHRASE
from tests.network.api_client import call
from tests.network.page_words import page_words
from tests.network.running import Response, running_page
from tests.people.desk import OTHER, AtDesk
from tests.people.pages import EVIL, NEW_CARD, Office, office

ROOT = Path(__file__).parents[2]
WAITS_MAX = 200


def play(folder: Path, scene: Callable[[Office], Awaitable[None]], *, source: bool = True) -> None:
    async def whole() -> None:
        async with office(folder, source=source) as running:
            await scene(running)

    asyncio.run(whole())


def words(response: Response) -> str:
    """What a person reads."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", response.text)).split())


def fields(response: Response) -> dict[str, str]:
    """What stands in the fields of the page."""
    inputs = re.findall(r"<input[^>]*>", response.text)
    found = [(re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)) for one in inputs]
    return {name[1]: unescape(value[1]) for name, value in found if name and value}


def sheet(desk: AtDesk, holder: str) -> HolderSheet:
    told = desk.ask(LookAtHolder(holder=holder))
    assert isinstance(told, HolderSheet)
    return told


async def by_script(running: Office, text: str) -> Response:
    """As the page's own script asks while it is typed."""
    page = running.page
    own = {"origin": f"http://127.0.0.1:{page.port}", "x-csrf-token": await page.token()}
    return await call(page, "POST", "/api/v1/people/search", None, {"text": text}, own)


async def job_over(running: Office, response: Response) -> Response:
    """The page of a job once it is over."""
    assert response.status == 303, response.text
    path = response.header("location")
    assert path is not None
    id = re.search(r"id=([^&]+)", path)
    assert id is not None
    for _ in range(WAITS_MAX):
        told = msgspec.json.decode((await running.page.get(f"/api/v1/jobs/{id[1]}")).body)
        if told["over"]:
            return await running.page.get(path)
        await asyncio.sleep(0.02)
    raise AssertionError(told)


@pytest.mark.attack("people-02")
def test_the_list_and_what_is_sought_stands_in_no_address(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        assert "王芳" in words(await page.get("/people"))
        found = await page.post("/people/find", [("text", "王芳 501")])
        location = found.header("location") or ""
        assert "王" not in unquote(location)
        assert "501" not in location
        shown = await page.get(location)
        assert "王芳" in words(shown)
        assert fields(shown)["text"] == "王芳 501"
        assert EVIL not in words(shown)
        told = await by_script(running, "8000")
        rows = msgspec.json.decode(told.body)["people"]
        assert [(row["name"], row["label"], row["phone_end"]) for row in rows] == [("王芳", "3-2-501", "8000")]
        page.cookie = None
        await page.get("/login")
        assert (await page.get(location)).status == 401

    play(tmp_path, scene)


def test_another_session_does_not_see_what_was_sought(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        location = (await page.post("/people/find", [("text", "王芳")])).header("location") or ""
        assert fields(await page.get(location))["text"] == "王芳"
        await page.post("/logout")
        page.code = ""
        assert (await page.get(location)).status == 401

    play(tmp_path, scene)


@pytest.mark.attack("people-01")
def test_names_are_text_wherever_they_stand(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        for path in ("/people", "/people/holder?id=h2", "/people/edit?id=h2", "/people/suspend?holder=h2"):
            response = await running.page.get(path)
            assert response.status == 200, path
            assert "<img src=x" not in response.text, path
            assert EVIL in words(response) or EVIL in fields(response).values(), path

    play(tmp_path, scene)


def test_a_person_is_added_and_brought_to_the_gate(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        first = await job_over(running, await page.post("/people/bring", [("batch", str(batch(desk)))]))
        assert "The gate has it: version" in words(first)
        told = await page.post(
            "/people/new",
            [
                ("name", "Li Na"),
                ("household", "3-2-501"),
                ("profile", "residents"),
                ("then", "bring"),
                ("why", "moves in"),
            ],
        )
        assert "The gate has it: version" in words(await job_over(running, told))
        ((id,),) = desk.rows("SELECT id FROM holder WHERE name = 'Li Na'")
        assert sheet(desk, str(id)).at_gate == "in_force"
        shown = words(await page.get(f"/people/holder?id={id}"))
        assert "in force at the gate" in shown
        assert "moves in" in shown

    play(tmp_path, scene)


def batch(desk: AtDesk) -> int:
    return int(str(desk.rows("SELECT max(id) FROM batch")[0][0]))


def test_what_others_changed_is_not_brought_along_unseen(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        await job_over(running, await page.post("/people/bring", [("batch", str(batch(desk)))]))
        desk.ask(
            EditHolder(holder="h2", revision=99, fields={"note": "of somebody else"}),
            OTHER,
        )
        told = await page.post("/people/new", [("name", "Li Na"), ("profile", "residents"), ("then", "bring")])
        assert (told.status, told.header("location")) == (303, "/people/review")
        assert desk.rows("SELECT count(*) FROM holder WHERE name = 'Li Na'") == [(1,)], "saved it is"

    play(tmp_path, scene)


def test_bad_input_keeps_all_that_was_typed_and_names_the_field(tmp_path: Path) -> None:
    typed = [("name", "Li Na"), ("household", "9-9-999"), ("phone", "139"), ("relation", "tenant")]
    more = [("profile", "staff"), ("flag", "extended"), ("note", "二楼"), ("why", "moves")]

    async def scene(running: Office) -> None:
        answer = await running.page.post("/people/new", [*typed, *more])
        assert answer.status == 400
        assert {name: fields(answer)[name] for name, _ in typed} == dict(typed)
        assert (fields(answer)["note"], fields(answer)["why"]) == ("二楼", "moves")
        checked = re.findall(r'value="([^"]+)" id="[^"]+" checked', answer.text)
        assert checked == ["staff", "extended"]
        field = re.search(r'<input id="household"[^>]*>', answer.text)
        assert field is not None
        assert 'aria-invalid="true"' in field[0]
        assert "Nobody has this unit yet." in words(answer)
        assert running.desk.rows("SELECT count(*) FROM holder WHERE name = 'Li Na'") == [(0,)]

    play(tmp_path, scene)


@pytest.mark.attack("people-03")
def test_two_managers_edit_the_same_person(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        form = await page.get("/people/edit?id=h1")
        seen = [(name, fields(form)[name]) for name in ("id", "revision", "name", "household", "phone")]
        desk.ask(EditHolder(holder="h1", revision=99, fields={"phone": "77"}), OTHER)
        answer = await page.post("/people/edit", [*seen, ("profile", "residents"), ("relation", "owner")])
        assert answer.status == 400
        assert "Chen Jie has changed this meanwhile" in words(answer)
        assert fields(answer)["relation"] == "owner", "what was typed stays to look at"
        assert sheet(desk, "h1").fields["phone"] == "77"

    play(tmp_path, scene)


def test_suspend_and_lift(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        assert "refuses everything of this person" in words(await page.get("/people/suspend?holder=h1"))
        answer = await page.post("/people/suspend", [("holder", "h1"), ("until", "nonsense"), ("why", "lost keys")])
        assert answer.status == 400
        assert fields(answer)["why"] == "lost keys"
        answer = await page.post("/people/suspend", [("holder", "h1"), ("why", "lost keys")])
        assert answer.header("location") == "/people/holder?id=h1&done=suspended"
        shown = words(await page.get("/people/holder?id=h1"))
        assert "Everything is off at the gate: suspended" in shown
        assert "lost keys" in shown
        entry = desk.gate.entries[0].id
        await page.post("/people/lift", [("holder", "h1"), ("entry", entry)])
        assert "Everything is off" not in words(await page.get("/people/holder?id=h1"))
        gone = await page.post("/people/lift", [("holder", "h1"), ("entry", entry)])
        assert gone.status == 400
        assert "This local entry has ended already." in words(gone)

    play(tmp_path, scene)


def test_a_card_at_a_reader_the_right_one_and_the_wrong_one(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
        give = await page.get("/people/give?holder=h2")
        assert "Bike shed" in words(give)
        told = await page.post("/people/enrol", [("holder", "h2"), ("reader", "bike_reader"), ("kind", "card")])
        over = await job_over(running, told)
        assert NEW_CARD in words(over)
        assert "opens here already" in words(await page.get("/people/holder?id=h2"))
        back = {name: fields(over)[name] for name in ("holder", "entry", "ref")}
        await page.post("/people/take-back", list(back.items()))
        assert NEW_CARD not in words(await page.get("/people/holder?id=h2"))

    play(tmp_path, scene)


def test_a_reader_that_waits_shows_what_is_left_and_is_cancelled(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        told = await page.post(
            "/people/enrol", [("holder", "h2"), ("reader", "bike_reader"), ("kind", "card"), ("seconds", "120")]
        )
        path = told.header("location") or ""
        waits = await page.get(path)
        for _ in range(WAITS_MAX):
            if "Hold it to the reader now: Bike shed" in words(waits):
                break
            await asyncio.sleep(0.02)
            waits = await page.get(path)
        assert "120 s" in words(waits) or "119 s" in words(waits)
        assert "<noscript><meta http-equiv" in waits.text, "it looks again without script"
        id = re.search(r"id=([^&]+)", path)[1]  # type: ignore[index]
        await page.post("/people/job/cancel", [("id", id)])
        assert "It was cancelled. Nothing was changed." in words(await job_over(running, told))

    play(tmp_path, scene)


def test_a_pin_is_shown_once(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        answer = await running.page.post("/people/pin", [("holder", "h2"), ("use", "alone")])
        digits = re.search(r'class="secret" dir="ltr">([0-9]+)<', answer.text)
        assert digits is not None
        assert answer.header("cache-control") == "no-store"
        assert digits[1] not in (await running.page.get("/people/holder?id=h2")).text
        wrong = await running.page.post("/people/pin", [("holder", "h2"), ("use", "alone"), ("digits", "735190")])
        assert wrong.status == 400
        assert "Choose other digits." in words(wrong)
        assert "735190" not in wrong.text, "a PIN that somebody typed stands on no page"

    play(tmp_path, scene)


def test_a_code_is_made_for_a_person_and_shown_once(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        answer = await running.page.post("/people/give", [("holder", "h2"), ("kind", "made"), ("at_once", "yes")])
        assert answer.status == 200
        assert "<svg" in answer.text
        assert "It opens from now on." in words(answer)
        ((code,),) = running.desk.rows("SELECT key FROM credential WHERE holder = 'h2'")
        assert len(str(code)) >= 22, "128 bits"
        assert str(code) not in (await running.page.get("/people/holder?id=h2")).text

    play(tmp_path, scene)


@pytest.mark.attack("people-04")
def test_a_plate_needs_a_purpose(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        answer = await page.post("/people/plate", [("plate", "京A12345"), ("purpose", "")])
        assert answer.status == 400
        assert fields(answer)["plate"] == "京A12345"
        answer = await page.post("/people/plate", [("plate", "京A12345"), ("purpose", "it blocks the lane")])
        location = answer.header("location") or ""
        assert "12345" not in location
        assert "王芳" in words(await page.get(location))

    play(tmp_path, scene)


def test_a_visitor_with_a_code(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        form = await page.get("/people/invite")
        until = fields(form)["until"]
        visit = [("name", "Chen Bo"), ("host", "3-2-501"), ("until", until), ("uses", "2"), ("profile", "visitors")]
        wrong = await page.post("/people/invite", [*visit[:3], ("uses", "many"), visit[4], ("kind", "made")])
        assert wrong.status == 400
        assert fields(wrong)["name"] == "Chen Bo"
        told = await page.post("/people/invite", [*visit, ("kind", "made")])
        assert "<svg" in told.text
        shown = await page.get("/people/visitors")
        assert "Chen Bo" in words(shown)
        assert "visits 3-2-501" in words(shown)
        assert (await page.post("/people/visitors/end", [("entry", fields(shown)["entry"])])).status == 303
        assert "No visitor is expected." in words(await page.get("/people/visitors"))

    play(tmp_path, scene)


def test_somebody_leaves(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page, desk = running
        form = await page.get("/people/end?id=h1")
        asked = [("id", "h1"), ("revision", fields(form)["revision"]), ("remove", "yes")]
        assert (await page.post("/people/end", asked)).header("location") == "/people/gate?done=ended"
        assert desk.rows("SELECT id FROM holder") == [("h2",)]
        assert (await page.get("/people/holder?id=h1")).status == 200, "the gate refuses it, and that is to be seen"

    play(tmp_path, scene)


def test_where_the_list_is_somebody_elses_it_says_so_and_offers_what_works(tmp_path: Path) -> None:
    from firmware.roster.authority import Adoption, write_adoption

    async def scene(running: Office) -> None:
        write_adoption(running.desk.state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))
        shown = await running.page.get("/people")
        assert "decided by Sunrise Garden" in words(shown)
        assert "/people/new" not in shown.text
        refused = await running.page.post("/people/new", [("name", "Li Na"), ("profile", "residents")])
        assert refused.status == 400
        assert "The list is somebody else's." in words(refused)

    play(tmp_path, scene)


def test_without_a_list_one_is_begun(tmp_path: Path) -> None:
    async def scene(running: Office) -> None:
        page = running.page
        assert "There is no list of people here yet." in words(await page.get("/people"))
        assert (await page.post("/people/begin")).header("location") == "/people?done=begun"
        assert "Nobody is in the list yet." in words(await page.get("/people"))

    play(tmp_path, scene, source=False)


def test_while_the_desk_is_away_the_page_says_so_and_nothing_is_lost(tmp_path: Path) -> None:
    async def whole() -> None:
        async with running_page(tmp_path, people=str(tmp_path / "nobody.sock")) as page:
            for path in ("/people", "/people/holder?id=h1", "/people/visitors", "/people/gate", "/people/new"):
                response = await page.get(path)
                assert response.status == 503, path
                assert "does not answer" in words(response), path
            answer = await page.post("/people/new", [("name", "Li Na"), ("profile", "x")])
            assert answer.status == 503
            assert (await page.get("/")).status == 200, "the gate's page goes on"

    asyncio.run(whole())


def test_a_desk_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    """The page waits for its time and no longer; whether it was done is not said."""
    from firmware.network.people.asks import PeopleAsks, PeopleAway
    from firmware.network.sessions import Session
    from firmware.people_words.holders import FindPeople

    async def whole() -> None:
        gone = asyncio.Event()

        async def nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()
            gone.set()

        server = await asyncio.start_unix_server(nothing, path=str(tmp_path / "people.sock"))
        session = Session("Li Wei", frozenset(), "127.0.0.1", 0.0)
        with pytest.raises(PeopleAway) as away:
            await PeopleAsks(str(tmp_path / "people.sock")).ask(FindPeople(), session, "127.0.0.1", within_s=0.05)
        assert away.value.said.word == "people_silent"
        async with asyncio.timeout(5):
            await gone.wait()
        server.close()
        await server.wait_closed()

    asyncio.run(whole())


@pytest.mark.attack("people-05")
def test_a_guard_sees_visitors_of_today_and_nobody_else(tmp_path: Path) -> None:
    async def whole() -> None:
        hasher = Hasher()
        account = Account("Guard", frozenset({Role.GUARD}), await hasher.hash(PASSPHRASE))
        hasher.close()
        (tmp_path / "accounts").mkdir()
        Store(tmp_path / "accounts").save({"guard": account})
        async with office(tmp_path) as running:
            page = running.page
            visit = [("name", "Chen Bo"), ("until", "2027-06-01T18:00"), ("profile", "visitors"), ("kind", "made")]
            assert (await page.post("/people/invite", [*visit, ("why", "brings a parcel")])).status == 200
            page.cookie = None
            await page.post("/login", [("name", "Guard"), ("passphrase", PASSPHRASE), ("code", "")])
            shown = await page.get("/people/visitors")
            assert "Chen Bo" in words(shown)
            assert "parcel" not in words(shown)
            assert "/people/visitors/end" not in shown.text
            for path in ("/people", "/people/holder?id=h1", "/people/gate", "/people/invite"):
                assert (await page.get(path)).status == 403, path
            assert (await by_script(running, "王")).status == 403

    asyncio.run(whole())


def test_every_word_that_the_desk_refuses_by_has_a_sentence() -> None:
    known = page_words("people_")
    mine = (
        "holders",
        "gate",
        "sheets",
        "visitors",
        "place",
        "editing",
        "jobs",
        "seeking",
        "serving",
        "standing",
        "at_once",
        "following",
        "promises",
    )
    for room in mine:
        text = (ROOT / "firmware" / "people" / f"{room}.py").read_text(encoding="utf-8")
        for word in re.findall(r'(?:Denied\(|word=|\.at\(|why_not=)\s*"(people_[a-z_]+)"', text):
            assert word in known, (room, word)
    for field in ("valid_from", "valid_until", "use_limit", "printed", "status", "name", "phone", "relation", "note"):
        assert f"people_bad_{field}" in known
