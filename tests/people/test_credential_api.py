"""Credentials and PINs by the API: the same desk, the same journal and the same list as by the page's forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.access import Factor
from firmware.core.account_facts import Act
from firmware.messages import Enrol, TellPeople
from firmware.roster.keys import KIND
from tests.network.api_client import call, seen, told, words
from tests.people.api_office import CLIENT, ApiOffice, play, silent_desk
from tests.people.pages import CARD, NEW_CARD

HOLDER = "people/h1"
UNTIL = "2031-05-06T07:08:00Z"
UNTIL_S = 1_935_817_680  # 2031-05-06T07:08Z: `date -u -d 2031-05-06T07:08Z +%s`


async def card_of(running: ApiOffice) -> dict[str, object]:
    """The first card of h1 as the person's sheet has it."""
    rows = told(await running.get(HOLDER))["credentials"]
    assert isinstance(rows, list)
    return next(row for row in rows if row["kind"] == "card")


def test_a_card_is_given_at_once_and_stands_where_its_answer_says(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        body = {"kind": "card", "key": NEW_CARD, "valid_until": UNTIL, "printed": "50002", "why": "moves in"}
        given = await running.post(f"{HOLDER}/credentials", body)
        assert given.status == 201, given.text
        content = told(given)
        assert (content["at_gate"], content["reasons"], content["code"]) == (True, [], "")
        (asked,) = [one for one in running.desk.gate.asked if isinstance(one, Enrol)]
        assert (asked.holder, asked.key, asked.issuer, asked.why) == ("h1", NEW_CARD, f"client:{CLIENT}", "moves in")
        place = given.header("location") or ""
        shown = told(await call(running.page, "GET", place, running.token))
        row = shown["credential"]
        assert isinstance(row, dict)
        assert (row["shown"], row["printed"], row["valid_until"]) == (NEW_CARD, "50002", UNTIL)
        assert (row["state"], row["state_text"]) == ("enrolled", "opens here already, by local entry")
        assert shown["revision"] == content["revision"]
        sql = "SELECT holder, valid_until_s, printed FROM credential WHERE kind = ? AND key = ?"
        assert running.desk.rows(sql, KIND[Factor.CARD], NEW_CARD) == [("h1", UNTIL_S, "50002")]

    play(tmp_path, scene)


def test_it_is_told_and_kept_as_by_the_form(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        form = [("holder", "h1"), ("kind", "tag"), ("key", "tag-1"), ("at_once", "yes"), ("why", "a tag")]
        assert (await running.page.post("/people/give", form)).status == 303
        by_form = running.desk.gate.told()
        running.desk.gate.asked.clear()
        body = {"kind": "tag", "key": "tag-2", "why": "a tag"}
        assert (await running.post("people/h1/credentials", body)).status == 201
        assert running.desk.gate.told() == [
            (act, detail.replace(f"batch {n}", f"batch {n + 1}"))
            for n in [last_batch(running) - 1]
            for act, detail in by_form
        ]
        rows = running.desk.rows("SELECT kind, why, changes FROM batch ORDER BY id DESC LIMIT 2")
        assert rows[0] == rows[1]

    play(tmp_path, scene)


def last_batch(running: ApiOffice) -> int:
    return int(str(running.desk.rows("SELECT max(id) FROM batch")[0][0]))


@pytest.mark.attack("people-17")
def test_a_made_code_and_a_pin_are_shown_once_and_stand_in_no_log_and_no_later_answer(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(running: ApiOffice) -> None:
        made = told(await running.post(f"{HOLDER}/credentials", {"kind": "made"}, key="key-code"))
        again = told(await running.post(f"{HOLDER}/credentials", {"kind": "made"}, key="key-code"))
        other = told(await running.post(f"{HOLDER}/credentials", {"kind": "made"}, key="key-other"))
        code = str(made["code"])
        assert len(code) >= 22, "128 bits in base64"
        assert again == made, "under its key it is answered again, and not made again"
        assert other["code"] != code
        given = await running.post(f"{HOLDER}/pin", {"use": "with", "why": "asked for one"}, key="key-of-pin")
        pin = str(told(given)["digits"])
        assert (given.status, len(pin) >= 4, pin.isdecimal()) == (200, True, True)
        again = await running.post(f"{HOLDER}/pin", {"use": "with", "why": "asked for one"}, key="key-of-pin")
        assert told(again) == told(given)
        chosen = await running.post(f"{HOLDER}/pin", {"use": "duress", "digits": "864213"}, key="key-duress")
        assert told(chosen)["digits"] == "864213"
        secrets = (code, pin, "864213")
        texts = [
            (await running.get(HOLDER)).text,
            (await running.page.get("/people/holder?id=h1")).text,
            *(repr(one) for one in running.desk.gate.asked if isinstance(one, TellPeople)),
            str(running.desk.rows("SELECT * FROM batch")),
            str(running.desk.rows("SELECT * FROM holder")),
            *((given.header("location") or ""), str(made["ref"])),
        ]
        for secret in secrets:
            assert all(secret not in text for text in texts), secret
        out, err = capfd.readouterr()
        assert all(secret not in out + err for secret in secrets)
        refused = await running.post(f"{HOLDER}/pin", {"use": "with", "digits": "12a4"}, key="key-of-bad")
        assert words(refused) == ("not_understood", "422")
        assert "12a4" not in refused.text

    play(tmp_path, scene)


def test_a_pin_is_dropped_once_and_dropping_it_again_changes_nothing(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        await running.post(f"{HOLDER}/pin", {"use": "with", "digits": "4711"})
        assert running.desk.rows("SELECT pin_with IS NULL FROM holder WHERE id = 'h1'") == [(0,)]
        first = told(await running.post(f"{HOLDER}/pin/drop", {"use": "with"}))
        assert (first["holder"], first["changed"]) == ("h1", True)
        assert running.desk.rows("SELECT pin_with IS NULL FROM holder WHERE id = 'h1'") == [(1,)]
        second = told(await running.post(f"{HOLDER}/pin/drop", {"use": "with"}))
        assert second["changed"] is False
        assert [act for act, _ in running.desk.gate.told()] == ["edited", "edited"]

    play(tmp_path, scene)


def test_a_credential_is_replaced_as_a_whole_with_the_revision_that_was_seen(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        card = await card_of(running)
        place = f"{HOLDER}/credentials/{card['ref']}"
        revision = told(await running.get(place))["revision"]
        body = {"revision": revision, "status": "suspended", "valid_until": "2031-05-06T15:08:59+08:00", "use_limit": 5}
        put = await running.put(place, body)
        assert put.status == 200, put.text
        assert told(put)["changed"] is True
        sql = "SELECT status, valid_from_s, valid_until_s, use_limit, printed FROM credential WHERE key = ?"
        assert running.desk.rows(sql, CARD) == [(1, None, UNTIL_S, 5, None)], "what is left out is empty"
        slow = await running.put(place, body)
        assert words(slow) == ("not_taken", "409")
        assert told(slow)["reasons"] == ["people_changed_meanwhile"]
        again = await running.put(place, {**body, "revision": told(put)["revision"]})
        assert told(again) == {"holder": "h1", "revision": told(put)["revision"], "changed": False}
        removed = await running.post(f"{place}/remove", {"revision": told(put)["revision"], "why": "given back"})
        assert told(removed)["changed"] is True
        assert running.desk.rows(sql, CARD) == []
        assert words(await running.get(place)) == ("no_such_thing", "404")

    play(tmp_path, scene)


def test_enrolment_at_a_reader_is_a_job_and_the_wrong_card_is_taken_back(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        running.desk.gate.presented["front_reader"] = f"card:{NEW_CARD}"
        started = await running.post(f"{HOLDER}/credentials/enrol", {"reader": "front_reader", "seconds": 5})
        job = await running.over(started)
        assert (job["kind"], job["outcome"], job["who"]) == ("EnrolAtReader", "enrolled", f"client:{CLIENT}")
        content = job["told"]
        assert isinstance(content, dict)
        assert (content["holder"], content["shown"], content["kept"]) == ("h1", NEW_CARD, "yes")
        place = str(job["outcome_at"]).removeprefix("/api/v1/")
        assert told(await running.get(place))["credential"]["entry"] == content["entry"]  # type: ignore[index]
        back = await running.post(f"{place}/take_back", {"entry": content["entry"]})
        assert told(back) == {"holder": "h1", "at_gate": True, "changed": True}
        assert words(await running.get(place)) == ("no_such_thing", "404")
        assert words(await running.post(f"{place}/take_back", {"entry": content["entry"]}))[1] == "404"

    play(tmp_path, scene)


def test_a_reader_that_waits_is_followed_and_cancelled(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        started = await running.post(f"{HOLDER}/credentials/enrol", {"reader": "bike_reader", "seconds": 120})
        place = (started.header("location") or "").removeprefix("/api/v1/")
        again = await running.post(f"{HOLDER}/credentials/enrol", {"reader": "bike_reader", "seconds": 120})
        assert told(again)["id"] == told(started)["id"], "asked twice under one key is one job"
        await seen(running.page, f"/api/v1/{place}", running.token, lambda looked: told(looked)["stage"])
        waits = await running.get(place, accept_language="zh-CN")
        content = told(waits)
        assert (content["over"], content["total"]) == (False, 120)
        assert "Bike shed" in str(content["stage_text"])
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(content["stage_text"]))
        await running.log_in("manager")
        cancelled = await running.by_session("POST", f"{place}/cancel")
        assert cancelled.status == 200, cancelled.text
        job = await running.over(started)
        assert (job["outcome"], job["refused"]) == ("", "people_cancelled")
        assert job["refused_text"]

    play(tmp_path, scene)


def test_what_is_wrong_is_a_problem_that_names_its_field(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        before = last_batch(running)
        path = f"{HOLDER}/credentials"
        for body, word, field in (
            ({"kind": "card", "key": "1"}, "people_bad_card", "key"),
            ({"kind": "card", "key": CARD}, "people_key_taken", "key"),
            ({"kind": "tag", "key": "t", "valid_from": "1900-01-01T00:00:00Z"}, "people_bad_valid_from", "valid_from"),
            (
                {"kind": "tag", "key": "t", "valid_until": "9999-01-01T00:00:00Z"},
                "people_bad_valid_until",
                "valid_until",
            ),
        ):
            refused = await running.post(path, body)
            assert words(refused) == ("not_taken", "409"), body
            assert (told(refused)["reasons"], told(refused)["field"]) == ([word], field), body
        for body in (
            {},
            {"kind": "face", "key": "x"},
            {"kind": "tag", "key": "x" * 257},
            {"kind": "tag", "key": "x", "use_limit": 0},
            {"kind": "tag", "key": "x", "valid_until": "tomorrow"},
            {"kind": "tag", "key": "x", "valid_until": "2031-05-06T07:08:00"},
            {"kind": "tag", "key": "x", "holder": "h2"},
        ):
            assert words(await running.post(path, body)) == ("not_understood", "422"), body
        for gone in ("people/nobody/credentials", "people/nobody/pin"):
            body = {"use": "with"} if gone.endswith("pin") else {"kind": "tag", "key": "t"}
            assert words(await running.post(gone, body)) == ("no_such_thing", "404"), gone
        for ref in ("0" * 16, "x" * 40):
            assert words(await running.get(f"{HOLDER}/credentials/{ref}")) == ("no_such_thing", "404")
        unkeyed = await call(running.page, "POST", f"/api/v1/{path}", running.token, {"kind": "made"})
        assert words(unkeyed) == ("key_needed", "400")
        assert last_batch(running) == before, "nothing was changed by any of it"

    play(tmp_path, scene)


def test_what_the_gate_refuses_is_in_the_list_all_the_same_and_said(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        running.desk.gate.refuse["Enrol"] = ("credential_already_issued:h2",)
        given = await running.post(f"{HOLDER}/credentials", {"kind": "tag", "key": "tag-9"}, accept_language="zh-CN")
        content = told(given)
        assert (given.status, content["at_gate"], content["reasons"]) == (201, False, ["credential_already_issued"])
        assert "h2" not in str(content["reasons_text"])
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(content["reasons_text"]))
        assert running.desk.rows("SELECT holder FROM credential WHERE key = 'tag-9'") == [("h1",)]

    play(tmp_path, scene)


def test_a_desk_that_is_away_and_one_that_is_silent_are_told_apart(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        socket, aside = tmp_path / "people.sock", tmp_path / "aside.sock"
        socket.rename(aside)
        body = {"use": "with", "digits": "4711"}
        away = await running.post(f"{HOLDER}/pin", body)
        assert words(away) == ("not_sent", "503")
        assert int(away.header("retry-after") or 0) > 0
        async with silent_desk(socket) as heard:
            silent = await running.post(f"{HOLDER}/pin", body)
            assert words(silent) == ("not_known", "504")
            again = await running.post(f"{HOLDER}/pin", body)
            assert words(again) == ("not_known", "504")
            assert len(heard) == 1, "it may be done: under its key it is not asked again"
        aside.rename(socket)
        assert (await running.post(f"{HOLDER}/pin", body, key="key-0002")).status == 200

    play(tmp_path, scene)


def test_readers_at_which_one_can_enrol(tmp_path: Path) -> None:
    async def scene(running: ApiOffice) -> None:
        content = told(await running.get("readers"))
        readers = {row["id"]: row for row in content["readers"]}  # type: ignore[attr-defined]
        assert readers["front_reader"] == {"id": "front_reader", "name": "Front door", "portal": "front_door"}
        assert "H10301" in content["card_formats"]  # type: ignore[operator]
        assert not [act for act, _ in running.desk.gate.told() if act == Act.EDITED]

    play(tmp_path, scene)
