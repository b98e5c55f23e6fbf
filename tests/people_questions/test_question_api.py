"""Questions by the API: why, who it was, and may she; the same as at the page, and what the journal hears of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from firmware.core.account_facts import Act
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.network.accounts.account import Role
from tests.network.api_client import call, told, words
from tests.network.fake_controller import UTC_MS
from tests.network.running import Response, running_page
from tests.people.api_office import silent_desk
from tests.people_import.pages import MINUTE_MS, DeskGate, denied, desk_gate
from tests.people_questions.test_question_pages import NEIGHBOUR, PURPOSE, state, why

WHY, MAY = "/api/v1/questions/why", "/api/v1/questions/may"
CLIENT = "Property office"
GONE = ("0-0", "1-999999", "9-1", "x", "1", "1-", "-1", "1-1-1", "' OR 1=1 --", "%00", "9" * 30)


def play(folder: Path, scene: Callable[[DeskGate], Awaitable[None]], role: Role = Role.MANAGER) -> None:
    async def whole() -> None:
        async with desk_gate(folder, role) as gate:
            await scene(gate)

    asyncio.run(whole())


async def client(gate: DeskGate, *roles: str, name: str = CLIENT) -> str:
    """A token, made by the manager who is logged in."""
    made = await gate.send("/clients/make", ("name", name), ("days", "365"), *(("role", role) for role in roles))
    found = re.search(r'class="token">([^<]+)<', made.text)
    assert found is not None, made.text
    return found[1]


async def ask(gate: DeskGate, path: str, token: str | None, body: object = None, **headers: str) -> Response:
    """A question: by token, or as script of the page asks it."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    if token is None and body is not None:
        named = {"origin": f"http://127.0.0.1:{gate.page.port}", "x-csrf-token": await gate.form_token(), **named}
    return await call(gate.page, "GET" if body is None else "POST", path, token, body, named)


def problem(response: Response) -> tuple[str, str, tuple[str, ...], str]:
    kind, status = words(response)
    content = told(response)
    return kind, status, tuple(content.get("reasons", ())), str(content.get("field", ""))  # type: ignore[arg-type]


def refused_at_the_shed(gate: DeskGate) -> Event:
    return denied(
        gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_valid", "profile_without_access_point:bike_in"
    )  # fmt: skip


# -- why --------------------------------------------------------------------------------------------------------------


def test_the_rules_are_told_in_order_to_whoever_may_see_the_event_without_who_it_was(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        row = gate.write(refused_at_the_shed(gate))
        lock = gate.write(Event(Code.LOCKDOWN))
        tokens = {role: await client(gate, role, name=f"the {role}") for role in ("guard", "auditor", "manager")}
        page = await why(gate, row)
        for token in (*tokens.values(), None):
            found = told(await ask(gate, f"{WHY}/{row}", token))
            assert (found["decided"], found["outcome"]) == (True, "denied")
            event: Any = found["event"]
            assert (event["id"], event["kind"], event["portal"]) == (row, "access.denied", "bike_shed")
            rules: Any = found["rules"]
            assert [(each["reason"], each["state"]) for each in rules] == [
                ("credential_known", "passed"),
                ("credential_valid", "passed"),
                ("profile_without_access_point:bike_in", "refused"),
            ]
            assert all(each["text"] in page for each in rules), "the page's own words"
            assert rules[-1]["state_text"] == "this is what refused"
            cures: Any = found["cures"]
            assert [each["text"] in page for each in cures] == [True]
            assert "neighbour" not in str(found)
            assert gate.token(NEIGHBOUR) not in str(found)
        none = told(await ask(gate, f"{WHY}/{lock}", tokens["manager"]))
        assert (none["decided"], none["outcome"], none["rules"], none["cures"]) == (False, "", [], [])
        chinese: Any = told(await ask(gate, f"{WHY}/{row}", tokens["guard"], accept_language="zh"))
        assert chinese["rules"][-1]["text"].startswith("无此入口的权限")
        assert gate.working.office.told == []

    play(tmp_path, scene)


@pytest.mark.attack("questions-05")
def test_what_a_role_does_not_see_is_not_there_and_who_it_was_is_for_readers(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        event = refused_at_the_shed(gate)
        old = gate.write(event, utc_ms=UTC_MS - 15 * 60 * MINUTE_MS)
        new = gate.write(event)
        body = Body(holder="resident", credential=gate.token("H10301:12:34567"))
        alarm = gate.write(Event(Code.DURESS, portal="front_door", access_point="front_in", body=body))
        guard, installer, manager = [await client(gate, role, name=role) for role in ("guard", "installer", "manager")]
        assert (await ask(gate, f"{WHY}/{new}", guard)).status == 200
        for row, token in ((old, guard), (new, installer), (alarm, guard), (alarm, manager)):
            assert words(await ask(gate, f"{WHY}/{row}", token)) == ("no_such_thing", "404")
        for row in GONE:
            assert words(await ask(gate, f"{WHY}/{row.replace(' ', '%20')}", manager)) == ("no_such_thing", "404"), row
        stated = {"purpose": PURPOSE}
        assert words(await ask(gate, f"{WHY}/{alarm}", manager, stated)) == ("no_such_thing", "404")
        for token in (guard, installer):
            assert words(await ask(gate, f"{WHY}/{new}", token, stated)) == ("not_allowed", "403")
            may = {"holder": "neighbour", "access_point": "front_in"}
            assert words(await ask(gate, MAY, token, may)) == ("not_allowed", "403")
        assert gate.working.office.told == []

    play(tmp_path, scene)


def test_for_a_purpose_it_is_told_who_it_was_and_the_journal_hears_it_as_from_the_page(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        row = gate.write(refused_at_the_shed(gate))
        token = await client(gate, "auditor")
        for wrong in ({}, {"purpose": "why?"}, {"purpose": "x" * 201}, {"purpose": None}, {"purpose": PURPOSE, "x": 1}):
            assert words(await ask(gate, f"{WHY}/{row}", token, wrong)) == ("not_understood", "422"), wrong
        for blank in ("        ", "a\u202eb\u202ec"):
            refused = await ask(gate, f"{WHY}/{row}", token, {"purpose": blank})
            assert problem(refused) == ("not_taken", "409", ("journal_bad_purpose",), "purpose")
        assert gate.working.office.told == []
        found: Any = told(await ask(gate, f"{WHY}/{row}", token, {"purpose": f" {PURPOSE} "}))
        assert (await state(gate, row))[0] == 200
        by_api, by_page = gate.working.office.told
        assert by_api.issuer == f"client:{CLIENT}"
        assert by_page.issuer == "manager"
        assert (by_api.act, by_api.holder, by_api.why, by_api.detail) == (
            Act.LOOKED_UP, "neighbour", PURPOSE, f"why {row.replace('-', ':')}",
        )  # fmt: skip
        assert (by_api.act, by_api.holder, by_api.why, by_api.detail) == (
            by_page.act, by_page.holder, by_page.why, by_page.detail,
        )  # fmt: skip
        assert (found["purpose"], found["holder"], found["factor"]) == (PURPOSE, "neighbour", "card")
        assert (found["profiles"], found["profiles_here"]) == (["neighbours"], ["residents", "staff"])
        assert gate.token(NEIGHBOUR).startswith(found["mark"])
        assert len(found["mark"]) < len(gate.token(NEIGHBOUR)), "its beginning only"
        assert (found["outcome"], found["now"]["outcome"]) == ("denied", "denied")
        assert found["now"]["text"] == "She would be refused."
        assert found["now"]["obstacles"] == ["profile_without_access_point:bike_in"]
        assert (found["untold"], found["untold_text"]) == ("", "")
        assert "Profiles that have this entrance: residents; staff" in found["cures"][0]["advice"]
        by_script: Any = told(await ask(gate, f"{WHY}/{row}", None, {"purpose": PURPOSE}, accept_language="zh"))
        assert by_script["holder"] == "neighbour"
        assert re.search("[\u4e00-\u9fff]", by_script["now"]["text"])
        assert [one.issuer for one in gate.working.office.told[2:]] == ["manager"]
        gate.working.office.refuses = True
        untold = await ask(gate, f"{WHY}/{row}", token, {"purpose": PURPOSE})
        assert words(untold) == ("not_recorded", "503")
        assert "neighbour" not in untold.text

    play(tmp_path, scene)


# -- may --------------------------------------------------------------------------------------------------------------


def test_may_she_is_the_gate_s_own_answer_at_an_instant(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        token = await client(gate, "auditor")

        async def may(holder: str, point: str, at: str, *given: str, **headers: str) -> Any:
            body = {"holder": holder, "access_point": point, "at": at, "given": given}
            return told(await ask(gate, MAY, token, body, **headers))

        night = await may("resident", "front_in", "2026-11-23T15:30:00Z")  # 23:30 in Shanghai
        (card,) = night["answers"]
        assert (card["factor"], card["outcome"], card["needs"]) == ("card", "needs", "pin")
        assert "pin" in "".join(card["obstacles"])
        (card,) = (await may("resident", "front_in", "2026-11-23T23:30:00+08:00", "pin"))["answers"]
        assert (card["outcome"], card["outcome_text"]) == ("granted", "Yes")
        visitor = await may("visitor", "hall_in", "2026-11-22T21:59:00Z")  # 05:59 in Shanghai
        (card,) = visitor["answers"]
        assert (card["outcome"], card["obstacles"]) == ("denied", ["schedule_outside:day"])
        assert (card["rules"][-1]["reason"], card["rules"][-1]["state"]) == ("schedule_outside:day", "refused")
        assert card["rules"][-1]["hours_text"] == "day: 06:00–23:00"
        opens = [each for each in card["week"] if each["outcome"] == "granted"]
        assert (opens[0]["since"], opens[0]["until"]) == ("2026-11-22T22:00:00Z", "2026-11-23T15:00:00Z")
        assert [datetime.fromisoformat(each["since"]).hour for each in opens] == [22] * 7, "schedule day of rules.toml"
        assert (visitor["at"], visitor["place_text"], visitor["known"]) == (
            "2026-11-22T21:59:00Z",
            "Hall turnstile, in",
            True,
        )
        shed = await may("neighbour", "bike_in", "2026-11-23T04:00:00Z")
        assert (shed["answers"][0]["outcome"], shed["profiles_here"]) == ("denied", ["residents", "staff"])
        nobody = await may("nobody", "hall_in", "2026-11-23T04:00:00Z")
        assert (nobody["known"], nobody["answers"], nobody["name"]) == (False, [], "")
        chinese = await may("visitor", "hall_in", "2026-11-22T21:59:00Z", accept_language="zh")
        assert re.search("[\u4e00-\u9fff]", chinese["answers"][0]["rules"][-1]["text"])
        now = told(await ask(gate, MAY, None, {"holder": "visitor", "access_point": "hall_in"}))
        asked_at = datetime.fromisoformat(str(now["at"])).timestamp()
        assert 0 <= asked_at - UTC_MS // 1000 < 120, "by the controller's clock"
        assert gate.working.office.told == [], "nothing of the journal is in it"

    play(tmp_path, scene)


def test_what_cannot_be_asked_is_refused_with_its_field(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        token = await client(gate, "manager")
        right = {"holder": "visitor", "access_point": "hall_in"}
        nowhere = await ask(gate, MAY, token, {**right, "access_point": "nowhere"})
        assert problem(nowhere) == ("not_taken", "409", ("questions_bad_place",), "access_point")
        for at in ("1969-12-31T23:59:59Z", "2200-01-02T00:00:00Z"):
            refused = await ask(gate, MAY, token, {**right, "at": at})
            assert problem(refused) == ("not_taken", "409", ("questions_bad_time",), "at")
        for wrong in (
            {"at": "2026-11-23T12:00:00"},  # in no zone
            {"at": "tomorrow"},
            {"at": 1_795_410_202},
            {"given": ["duress"]},
            {"given": ["pin"] * 5},
            {"holder": ""},
            {"holder": "x" * 65},
            {"access_point": ""},
            {"who": "visit"},
        ):
            assert words(await ask(gate, MAY, token, {**right, **wrong})) == ("not_understood", "422"), wrong
        for text in ("' OR 1=1 --", "<script>", "\x00", "\u202e\U0001f6b2", "{0}"):
            strange = told(await ask(gate, MAY, token, {**right, "holder": text}))
            assert (strange["known"], strange["answers"]) == (False, [])
        assert (await ask(gate, f"{MAY}?holder=visitor", token, right)).status == 400, "nobody stands in an address"

    play(tmp_path, scene)


@pytest.mark.attack("questions-06")
def test_duress_is_an_ordinary_grant_by_the_api_too(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        body = Body(holder="resident", credential=gate.token("H10301:12:34567"))
        reasons = ("credential_known", "credential_valid", "factors_complete:card+pin", "granted")
        at = {"portal": "front_door", "access_point": "front_in", "body": body}
        granted = gate.write(Event(Code.GRANTED, reasons=reasons, **at))
        wrong = ("credential_known", "pin_wrong", "duress_without_receiver")
        untold = gate.write(Event(Code.DENIED, reasons=wrong, **at))
        token = await client(gate, "manager")
        may = {"holder": "resident", "access_point": "front_in", "at": "2026-11-23T15:30:00Z", "given": ["pin"]}
        answers = [await ask(gate, MAY, token, may)]
        for row in (granted, untold):
            answers += [
                await ask(gate, f"{WHY}/{row}", token),
                await ask(gate, f"{WHY}/{row}", token, {"purpose": PURPOSE}),
            ]
        for response in answers:
            assert response.status == 200, response.text
            assert "uress" not in response.text
            assert "forced" not in response.text
        (card,) = told(answers[0])["answers"]  # type: ignore[misc]
        assert card["outcome"] == "granted"

    play(tmp_path, scene)


def test_a_desk_that_is_away_and_one_that_is_silent_are_told_apart(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        row = gate.write(refused_at_the_shed(gate))
        token = await client(gate, "manager")
        asked = ((MAY, {"holder": "visitor", "access_point": "hall_in"}), (f"{WHY}/{row}", {"purpose": PURPOSE}))
        socket = tmp_path / "people.sock"
        socket.unlink()
        for path, body in asked:
            assert words(await ask(gate, path, token, body)) == ("not_sent", "503")
        async with silent_desk(socket):
            for path, body in asked:
                assert words(await ask(gate, path, token, body)) == ("not_known", "504")
        assert (await ask(gate, f"{WHY}/{row}", token)).status == 200, "the record itself needs no desk"

    play(tmp_path, scene)


def test_a_journal_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            for path in (f"{WHY}/1-1",):
                response = await call(page, "GET", path)
                assert words(response) == ("journal", "503")
                assert response.header("retry-after") == "5"

    asyncio.run(scene())
