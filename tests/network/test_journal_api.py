"""The journal by the API: who it was, for a purpose that is committed first; exports; the proof of the chain."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.journal import head_of, verify
from firmware.network.accounts.account import Role
from firmware.network.journal.looking import PAGE_ROWS
from firmware.network.journal.looks import LOOKS_OF_ONE_MAX
from tests.network.api_client import by_session, call, seen, token_for, told, until, words
from tests.network.journals import HOLDER, NOTE, PLATE, TOKEN, JournalGate, journal_gate
from tests.network.running import Response, RunningPage
from tests.network.test_journal_reports import archived, written

SEARCH, EXPORT, CHAIN = "/api/v1/journal/search", "/api/v1/journal/export", "/api/v1/journal/chain"
LOOKS = "/api/v1/journal/looks"
OF_HOLDER = {"sought": "holder", "name": HOLDER, "purpose": NOTE}
ALL = {"sought": "all", "purpose": NOTE}


def play(folder: Path, scene: Callable[[JournalGate], Awaitable[None]], **more: Any) -> None:
    async def whole() -> None:
        async with journal_gate(folder, Role.AUDITOR, **more) as running:
            await scene(running)

    asyncio.run(whole())


async def search(page: RunningPage, token: str | None, **body: object) -> Response:
    if token is None:
        return await by_session(page, "POST", SEARCH, body)
    return await call(page, "POST", SEARCH, token, body)


def rows(response: Response) -> list[dict[str, Any]]:
    assert response.status == 200, response.text
    found = told(response)["events"]
    assert isinstance(found, list)
    return found


# -- for a purpose ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_token", [True, False])
def test_a_holder_is_found_for_a_purpose_that_is_told_as_the_form_tells_it(tmp_path: Path, by_token: bool) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor") if by_token else None
        if not by_token:
            await gate.log_in("auditor")
        found = rows(await search(page, token, **OF_HOLDER | {"purpose": f"  {NOTE} "}))
        assert [row["kind"] for row in found] == ["access.granted", "access.taken", "access.granted"]
        assert [row["who"].get("holder") for row in found] == [HOLDER] * 3
        assert found[-1]["who"] == {"holder": HOLDER, "credential": "card-0001", "household": "house-f5"}
        assert ["Holder", HOLDER] in found[0]["who_text"]
        assert all(not row["erased"] for row in found)
        narrowed = await search(page, token, **ALL, portal="bike_shed", kind="access.denied")
        assert [row["who"] for row in rows(narrowed)] == [{"holder": "holder-0009"}]
        by_api = page.controller.told("searched")
        assert [(fact.holder, fact.note, fact.detail, fact.address) for fact in by_api] == [
            (HOLDER, NOTE, "holder", "127.0.0.1"),
            ("", NOTE, "all bike_shed access.denied", "127.0.0.1"),
        ]
        assert {fact.issuer for fact in by_api} == {"client:Archive" if by_token else "auditor"}
        await gate.log_in("auditor")
        form = [("sought", "all"), ("portal", "bike_shed"), ("kind", "access.denied"), ("purpose", NOTE)]
        assert (await page.post("/journal/look", form)).status == 303
        by_form = page.controller.told("searched")[-1]
        assert (by_form.detail, by_form.note) == (by_api[1].detail, by_api[1].note)
        chinese = await call(page, "POST", SEARCH, token, OF_HOLDER, {"accept-language": "zh-CN"}) if token else None
        if chinese is not None:
            assert re.search("[\u4e00-\u9fff]", rows(chinese)[0]["who_text"][0][0])

    play(tmp_path, scene)


@pytest.mark.attack("journal-13")
def test_without_a_purpose_or_its_record_the_api_shows_nothing(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor")
        for purpose, status in (
            ("", 422), ("why?", 422), ("x" * 201, 422), (None, 422), ("     ", 409), ("a\x07larm bell", 409),
            ("see \u202e me now", 409),
        ):  # fmt: skip
            refused = await search(page, token, **OF_HOLDER | {"purpose": purpose})
            assert refused.status == status, purpose
            assert "card-0001" not in refused.text
        refused = await search(page, token, sought="holder", name=HOLDER)
        assert words(refused) == ("not_understood", "422")
        assert page.controller.told("searched") == []
        for role in (Role.GUARD, Role.INSTALLER):
            other = await token_for(gate, f"the {role.value}", role.value)
            assert words(await search(page, other, **OF_HOLDER)) == ("not_allowed", "403")
        for reason, kind in (("store_failed", ("not_recorded", "503")), ("too_many", ("too_fast", "429"))):
            page.controller.refusals = {"Administered": (reason,)}
            refused = await search(page, token, **OF_HOLDER)
            assert words(refused) == kind
            assert int(refused.header("retry-after") or "0") >= 1
            assert "card-0001" not in refused.text
        page.controller.refusals = {}
        page.controller.answers = False
        asked = len(page.controller.asked)
        silent = asyncio.create_task(search(page, token, **OF_HOLDER))
        await until(lambda: len(page.controller.asked) > asked)
        page.controller.hang_up()
        refused = await silent
        assert words(refused) == ("not_recorded", "503")
        assert "card-0001" not in refused.text
        for query in (f"?holder={HOLDER}", f"?name={HOLDER}&purpose=because", "?bodies=yes"):
            address = await call(page, "GET", f"/api/v1/events{query}", token)
            assert words(address) == ("not_understood", "400"), "whom it is about is never told in an address"

    play(tmp_path, scene)


@pytest.mark.attack("journal-14")
def test_what_a_purpose_opened_is_seen_by_its_own_token_or_session_alone(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        known = Body(holder="h-many")
        gate.book.write(*(Event(Code.TAKEN, portal="hall", body=known) for _ in range(PAGE_ROWS + 30)))
        token = await token_for(gate, "Archive", "auditor")
        other = await token_for(gate, "Second", "auditor")
        first = await search(page, token, sought="holder", name="h-many", purpose=NOTE)
        place = f"{LOOKS}/{told(first)['look']}?cursor={told(first)['older']}"
        assert len(rows(first)) == PAGE_ROWS
        rest = await call(page, "GET", place, token)
        assert len(rows(rest)) == 30
        assert told(rest)["older"] is None
        ids = [row["id"] for row in rows(first) + rows(rest)]
        assert len(set(ids)) == PAGE_ROWS + 30
        assert len(page.controller.told("searched")) == 1, "older rows are of the same purpose"
        assert words(await call(page, "GET", place, other)) == ("no_such_thing", "404")
        for role in ("auditor", "manager"):
            await gate.log_in(role)
            assert (await call(page, "GET", place)).status == 404
            assert (await page.get(f"/journal/look?look={told(first)['look']}")).status == 410
        own = await search(page, None, sought="holder", name="h-many", purpose=NOTE)
        mine = f"{LOOKS}/{told(own)['look']}"
        assert len(rows(await call(page, "GET", mine))) == PAGE_ROWS
        assert (await page.get(f"/journal/look?look={told(own)['look']}")).status == 200, "page and script are one"
        assert (await call(page, "GET", mine, token)).status == 404
        for _ in range(LOOKS_OF_ONE_MAX):
            last = await search(page, token, **ALL)
        assert (await call(page, "GET", place, token)).status == 404, "its own first one gave way"
        assert (await call(page, "GET", f"{LOOKS}/{told(last)['look']}", token)).status == 200
        await gate.log_in("manager")
        assert (await by_session(page, "DELETE", "/api/v1/clients/Archive")).status == 204
        assert (await call(page, "GET", f"{LOOKS}/{told(last)['look']}", token)).status == 401

    play(tmp_path, scene)


def test_a_plate_is_found_by_what_the_controller_recorded_and_by_nothing_else(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        gate.book.write(Event(Code.GRANTED, portal="hall", body=Body(holder="other", credential="c-2")))
        token = await token_for(gate, "Archive", "manager")
        found = await search(page, token, sought="plate", name=" 京a·12345", purpose=NOTE)
        assert [row["kind"] for row in rows(found)] == [
            "journal.searched", "access.granted", "access.unknown_credential",
        ]  # fmt: skip
        assert all(TOKEN in row["who"].values() for row in rows(found))
        assert told(found)["plate_known"] is True
        asked = [ask.command for ask in page.controller.asked if type(ask.command).__name__ == "FindPlate"]
        assert [(each.plate, each.why, each.issuer) for each in asked] == [(PLATE, NOTE, "client:Archive")]  # type: ignore[union-attr]
        for name in ("' OR 1=1", "", "x", "\u202e京A12345"):
            refused = await search(page, token, sought="plate", name=name, purpose=NOTE)
            assert words(refused) == ("not_taken", "409"), name
            assert (told(refused)["reasons"], told(refused)["field"]) == (["journal_bad_plate"], "name")
        refused = await search(page, token, sought="holder", name=" ", purpose=NOTE)
        assert (told(refused)["reasons"], told(refused)["field"]) == (["journal_bad_holder"], "name")
        assert len(asked) == 1

    play(tmp_path, scene)


def test_a_search_with_a_time_that_ends_before_it_begins_and_kinds_of_no_choice_are_refused(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor")
        late, early = "2026-11-24T00:00:00Z", "2026-11-23T05:00:00+00:00"
        refused = await search(page, token, **ALL, since=late, until=early)
        assert words(refused) == ("not_taken", "409")
        assert told(refused)["reasons"] == ["journal_from_after_to"]
        for body in ({"kind": "access.duress"}, {"kind": "nonsense"}, {"since": "yesterday"}, {"portal": "a b"},
                     {"since": "2026-11-23T05:00:00"}, {"portal": "x" * 65}, {"limit": 5}):  # fmt: skip
            assert words(await search(page, token, **ALL, **body)) == ("not_understood", "422"), body
        assert page.controller.told("searched") == []
        whole = rows(await search(page, token, **ALL))
        assert "duress" not in str(whole)
        some = rows(await search(page, token, **ALL, since=early, until=late))
        assert [row["id"] for row in some] == [row["id"] for row in whole if row["utc"] >= "2026-11-23T05:00:00Z"]
        assert 0 < len(some) < len(whole)
        assert page.controller.told("searched")[-1].detail == "all 2026-11-23T05:00:00Z..2026-11-24T00:00:00Z"

    play(tmp_path, scene)


def test_events_around_a_moment_are_those_of_the_page(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor")
        all_rows = rows(await call(page, "GET", "/api/v1/events", token))
        at = all_rows[2]["utc"]
        around = await call(page, "GET", f"/api/v1/events?at={at}", token)
        assert [row["id"] for row in rows(around)] == [row["id"] for row in all_rows]
        assert told(around)["moment"] == 3, "what happened at the moment is not before it"
        assert told(await call(page, "GET", "/api/v1/events", token))["moment"] is None
        cursor = f"before:{all_rows[0]['id']}"
        further = await call(page, "GET", f"/api/v1/events?at={at}&cursor={cursor}", token)
        assert [row["id"] for row in rows(further)] == [row["id"] for row in all_rows[1:]], "a cursor goes on"

    play(tmp_path, scene)


# -- export -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_token", [True, False])
def test_an_export_is_what_the_command_writes_with_the_head_that_proves_it(tmp_path: Path, by_token: bool) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        gate.book.write(*(Event(Code.OPENED, portal="hall") for _ in range(300)))
        token = await token_for(gate, "Archive", "auditor") if by_token else None
        for form in ("jsonl", "csv"):
            body = {"form": form, "since": "2026-11-23T05:00:00Z"}
            if token is None:
                await gate.log_in("auditor")
                made = await by_session(page, "POST", EXPORT, body)
            else:
                made = await call(page, "POST", EXPORT, token, body)
            files = archived(made)
            name = next(name for name in files if name.endswith(f".{form}"))
            assert files[name] == written(gate.book, form, since_utc=1_795_410_000_000)
            head = head_of(files[f"{name}.head"], name)
            verdict = verify(gate.book.path, gate.book.key.public_key, head)
            assert (verdict.ok, verdict.witnessed_seq) == (True, head.seq)
            assert re.fullmatch(
                r'attachment; filename="journal-[0-9-]+\.zip"', made.header("content-disposition") or ""
            )
        exported = page.controller.told("exported")
        assert [(fact.issuer, fact.detail, fact.note) for fact in exported] == [
            ("client:Archive" if by_token else "auditor", f"{form} 2026-11-23T05:00:00Z..", "")
            for form in ("jsonl", "csv")
        ]

    play(tmp_path, scene, checkpoint_events=100)


@pytest.mark.attack("journal-15")
def test_an_export_with_persons_needs_a_purpose_by_the_api_too(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor")
        for purpose in ("", "why?", "  \t  ", "bell \x07 rings"):
            refused = await call(page, "POST", EXPORT, token, {"form": "jsonl", "persons": True, "purpose": purpose})
            assert words(refused) == ("not_taken", "409"), purpose
            assert (told(refused)["reasons"], told(refused)["field"]) == (["journal_bad_purpose"], "purpose")
        for body in ({}, {"form": "pdf"}, {"form": "csv", "bodies": True}):
            assert words(await call(page, "POST", EXPORT, token, body)) == ("not_understood", "422"), body
        for role in (Role.GUARD, Role.INSTALLER):
            other = await token_for(gate, f"the {role.value}", role.value)
            assert (await call(page, "POST", EXPORT, other, {"form": "csv"})).status == 403
        assert page.controller.told("exported") == []
        page.controller.refusals = {"Administered": ("store_failed",)}
        refused = await call(page, "POST", EXPORT, token, {"form": "csv"})
        assert words(refused) == ("not_recorded", "503")
        page.controller.refusals = {}
        made = archived(await call(page, "POST", EXPORT, token, {"form": "jsonl", "persons": True, "purpose": NOTE}))
        text = next(content for name, content in made.items() if name.endswith(".jsonl")).decode()
        assert json.loads(text.splitlines()[0])["export"]["purpose"] == NOTE
        assert HOLDER in text
        plain = archived(await call(page, "POST", EXPORT, token, {"form": "jsonl"}))
        assert HOLDER.encode() not in b"".join(plain.values())
        assert [(fact.detail, fact.note) for fact in page.controller.told("exported")[1:]] == [
            ("jsonl with persons", NOTE), ("jsonl", ""),
        ]  # fmt: skip

    play(tmp_path, scene)


# -- chain and label --------------------------------------------------------------------------------------------------


def test_a_proof_is_begun_followed_and_told_and_a_witness_counts(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        gate.book.write(*(Event(Code.OPENED, portal="hall") for _ in range(300)))
        token = await token_for(gate, "Archive", "auditor")
        files = archived(await call(page, "POST", EXPORT, token, {"form": "csv"}))
        head = next(content for name, content in files.items() if name.endswith(".head")).decode()
        for body, witnessed in (({"head": head}, True), ({}, False)):
            begun = await call(page, "POST", f"{CHAIN}/prove", token, body)
            assert (begun.status, begun.header("location")) == (202, CHAIN), begun.text
            chain = await seen(page, CHAIN, token, lambda response: not told(response)["running"])
            content = told(chain)
            assert (content["proof"], content["proof_by"]) == ("whole", "client:Archive")
            assert content["proven_up_to"] == content["newest"]
            assert ("cannot be seen" in str(content["proof_text"])) is not witnessed
            assert content["done"] == content["total"] or content["total"] == 0
        chinese = await call(page, "GET", CHAIN, token, headers={"accept-language": "zh-CN"})
        assert all(re.search("[\u4e00-\u9fff]", line) for line in told(chinese)["proof_text"])  # type: ignore[attr-defined]
        for wrong in ("x", "{}", "[]", head[:-20], json.dumps({**json.loads(head), "hash": "zz"})):
            refused = await call(page, "POST", f"{CHAIN}/prove", token, {"head": wrong})
            assert words(refused) == ("not_taken", "409"), wrong
            assert (told(refused)["reasons"], told(refused)["field"]) == (["journal_bad_witness"], "head")
        assert (await call(page, "POST", f"{CHAIN}/prove", token, {"head": "x" * 2049})).status == 422

    play(tmp_path, scene, checkpoint_events=100)


def test_a_journal_that_cannot_be_read_is_a_problem_and_nothing_is_recorded(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        token = await token_for(gate, "Archive", "auditor")
        for path, body in ((SEARCH, ALL), (EXPORT, {"form": "csv"})):
            refused = await call(page, "POST", path, token, body)
            assert words(refused) == ("journal", "503"), path
            assert int(refused.header("retry-after") or "0") >= 1
        assert page.controller.told("searched") == page.controller.told("exported") == []

    play(tmp_path, scene, journal="/nonexistent/journal.db")
