"""Visits by the API: invited, listed and ended at the same desk as by the page; a guard is told what the page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.messages import Invite, LocalEntry
from tests.network.api_client import call, told, words
from tests.people.api_office import CLIENT, ApiOffice, play, silent_desk
from tests.people.desk import AtDesk
from tests.people.pages import NEW_CARD

ENDS, ENDS_S = "2027-06-01T10:00:00Z", 1_811_844_000  # `date -u -d 2027-06-01T10:00Z +%s`
VISIT = {"name": "Chen Bo", "ends": ENDS, "kind": "made", "host": "3-2-501", "uses": 3}
OF_A_GUARD = {"visitor", "name", "host", "begins", "ends", "use_limit", "left", "phase", "phase_text"}


def invited(desk: AtDesk) -> list[Invite]:
    return [one for one in desk.gate.asked if isinstance(one, Invite)]


@pytest.mark.attack("people-18")
def test_a_visitor_is_invited_by_a_code_that_one_answer_shows(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(running: ApiOffice) -> None:
        made = await running.post("visits", {**VISIT, "why": "plumber"})
        assert made.status == 201, made.text
        content = told(made)
        code = str(content["code"])
        (asked,) = invited(running.desk)
        assert (asked.visitor, asked.household, asked.until_s, asked.use_limit) == (content["visitor"], "f1", ENDS_S, 3)
        assert (asked.key, asked.issuer, asked.why) == (code, f"client:{CLIENT}", "plumber")
        assert asked.profiles == ("visitors",)
        again = await running.post("visits", {**VISIT, "why": "plumber"})
        assert told(again) == content
        assert len(invited(running.desk)) == 1, "asked twice under one key is invited once"
        place = made.header("location") or ""
        shown = await call(running.page, "GET", place, running.token)
        row = told(shown)
        assert (row["id"], row["name"], row["host"], row["ends"]) == (content["id"], "Chen Bo", "3-2-501", ENDS)
        assert (row["by"], row["why"], row["kind"]) == (f"client:{CLIENT}", "plumber", "code")
        listed = await running.get("visits")
        page = await running.page.get("/people/visitors")
        out, err = capfd.readouterr()
        for text in (shown.text, listed.text, page.text, place, out, err, str(running.desk.gate.told())):
            assert code not in text
        assert "Chen" not in out + err + str(running.desk.gate.told())

    play(tmp_path, scene)


def test_it_is_told_as_by_the_form(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        form = {"name": "Chen Bo", "host": "3-2-501", "until": "2027-06-01T18:00", "uses": "3", "profile": "visitors"}
        fields = [*form.items(), ("kind", "card"), ("key", NEW_CARD), ("why", "plumber")]
        assert (await running.page.post("/people/invite", fields)).status == 200
        by_form, told_by_form = invited(running.desk)[0], running.desk.gate.told()
        running.desk.gate.asked.clear()
        body = {**VISIT, "kind": "card", "key": "H10301:12:50003", "why": "plumber"}
        assert (await running.post("visits", body)).status == 201
        by_api = invited(running.desk)[0]
        for name in ("household", "until_s", "from_s", "use_limit", "profiles", "escorted", "factor", "why"):
            assert getattr(by_api, name) == getattr(by_form, name), name
        assert running.desk.gate.told() == told_by_form

    play(tmp_path, scene)


def test_a_guard_is_told_what_the_page_shows_one(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        await running.post("visits", {**VISIT, "why": "plumber"}, key="key-today")
        later = {**VISIT, "name": "Later One", "begins": "2027-05-30T10:00:00Z"}
        assert (await running.post("visits", later, key="key-later")).status == 201
        full = told(await running.get("visits"))["visits"]
        assert [row["name"] for row in full] == ["Chen Bo", "Later One"]  # type: ignore[attr-defined]
        (seen,) = told(await running.get("visits", running.guard))["visits"]  # type: ignore[misc]
        assert (seen["name"], seen["host"], seen["phase_text"]) == ("Chen Bo", "3-2-501", "may come now")
        assert {name for name, content in seen.items() if content not in ("", None)} <= OF_A_GUARD
        entry = full[0]["id"]  # type: ignore[index]
        for method, path, body in (
            ("GET", f"visits/{entry}", None),
            ("POST", "visits", VISIT),
            ("POST", f"visits/{entry}/end", {}),
            ("GET", "gate", None),
            ("GET", "people/h1/credentials/0", None),
        ):
            refused = await call(
                running.page, method, f"/api/v1/{path}", running.guard, body, {"idempotency-key": "key-guard"}
            )
            assert words(refused) == ("not_allowed", "403"), path

    play(tmp_path, scene)


def test_by_what_is_presented_at_a_reader_it_is_a_job(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        running.desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
        body = {"name": "Chen Bo", "ends": ENDS, "reader": "bike_reader", "seconds": 5}
        job = await running.over(await running.post("visits/enrol", body))
        assert (job["kind"], job["outcome"], job["refused"]) == ("InviteAtReader", "invited", "")
        content = job["told"]
        assert isinstance(content, dict)
        assert content["shown"] == NEW_CARD
        row = told(await call(running.page, "GET", str(job["outcome_at"]), running.token))
        assert (row["name"], row["visitor"], row["id"]) == ("Chen Bo", content["visitor"], content["visit"])

    play(tmp_path, scene)


def test_a_visit_is_ended_by_script_of_the_page_and_is_gone(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        entry = str(told(await running.post("visits", VISIT))["id"])
        await running.log_in("manager")
        ended = await running.by_session("POST", f"visits/{entry}/end", {"why": "left early"})
        assert ended.status == 200, ended.text
        assert (told(ended)["id"], told(ended)["at_gate"]) == (entry, True)
        assert running.desk.gate.told()[-1] == ("edited", "local entry ended")
        assert told(await running.get("visits")) == {"visits": [], "after": None}
        for path in (f"visits/{entry}/end", "visits/l00000000/end", f"visits/{'l' * 40}/end"):
            assert words(await running.by_session("POST", path, {})) == ("no_such_thing", "404")
        assert words(await running.get(f"visits/{entry}")) == ("no_such_thing", "404")

    play(tmp_path, scene)


def test_many_visits_are_told_page_by_page(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        for n in range(450):
            fields = {"expires_s": ENDS_S, "credential": "0" * 16, "factor": "card"}
            running.desk.gate.entries.append(
                LocalEntry(f"l{n:08x}", "visitor", f"v{n}", issuer="x", why="y", created_s=1, use_limit=2, **fields)
            )
        running.desk.place.forget_local()
        found: list[str] = []
        after: object = 0
        while after is not None:
            content = told(await running.get(f"visits?after={after}"))
            rows, after = content["visits"], content["after"]
            assert isinstance(rows, list)
            assert 0 < len(rows) <= 200
            found += [row["visitor"] for row in rows]
        assert sorted(found) == sorted(f"v{n}" for n in range(450))
        for wrong in ("-1", "10001", "x", "1.5"):
            assert words(await running.get(f"visits?after={wrong}")) == ("not_understood", "400"), wrong

    play(tmp_path, scene)


def test_a_visit_has_an_end_whatever_the_clock_says(tmp_path: Path) -> None:
    """Without one, with one that is over or too far off, and while the controller does not know the time: no visit."""

    async def scene(running: ApiOffice) -> None:
        for ends in ("2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z"):
            refused = await running.post("visits", {**VISIT, "ends": ends})
            assert words(refused) == ("not_taken", "409"), ends
            assert told(refused)["field"] == "until"
        for body in ({**VISIT, "ends": None}, {key: VISIT[key] for key in VISIT if key != "ends"}):
            assert words(await running.post("visits", body)) == ("not_understood", "422")
        assert invited(running.desk) == []
        running.desk.gate.refuse["Invite"] = ("clock_unknown_refused",)
        refused = await running.post("visits", VISIT)
        assert told(refused)["reasons"] == ["people_gate_refused", "clock_unknown_refused"]
        assert told(await running.get("visits"))["visits"] == []

    play(tmp_path, scene)


def test_where_the_desk_is_away_or_silent_it_is_said_which(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        socket, aside = tmp_path / "people.sock", tmp_path / "aside.sock"
        socket.rename(aside)
        assert words(await running.get("visits")) == ("not_sent", "503")
        assert words(await running.post("visits", VISIT)) == ("not_sent", "503")
        async with silent_desk(socket):
            assert words(await running.post("visits", VISIT, key="key-silent")) == ("not_known", "504")
        aside.rename(socket)
        assert (await running.post("visits", VISIT)).status == 201, "what was certainly not done may be asked again"

    play(tmp_path, scene)
