"""Why was she refused, and may she: what each role is told, and that it is the gate's own decision."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from firmware.core.account_facts import Act
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.network.accounts.account import Role
from firmware.roster.build import build_source
from firmware.roster.source.store import Source
from tests.network.fake_controller import UTC_MS
from tests.people_import.pages import MINUTE_MS, DeskGate, denied, desk_gate

NEIGHBOUR, VISITOR = "H10301:12:34568", "H10301:12:50001"
HOSTILE = ("' OR 1=1 --", "<script>alert(1)</script>", "\x00", "\u202e\U0001f6b2", "x" * 2_000, "{0}")
PURPOSE = "she asked at the office why she stood outside"


def play(folder: Path, scene: Callable[[DeskGate], Awaitable[None]], role: Role = Role.MANAGER) -> None:
    async def whole() -> None:
        async with desk_gate(folder, role) as gate:
            await scene(gate)

    asyncio.run(whole())


def text_of(page: str) -> str:
    main = page[page.index("<main") :]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


async def why(gate: DeskGate, row: str, status: int = 200, **headers: str) -> str:
    response = await gate.page.get(f"/questions/why?row={row}", **headers)
    assert response.status == status, response.text
    return text_of(response.text)


async def state(gate: DeskGate, row: str, purpose: str = PURPOSE) -> tuple[int, str, str]:
    """State a purpose; (status, the page that follows, its address)."""
    response = await gate.send("/questions/why", ("row", row), ("purpose", purpose))
    if response.status != 303:
        return response.status, text_of(response.text), ""
    target = response.header("location")
    return 200, text_of((await gate.page.get(target)).text), target


@pytest.mark.parametrize("role", [Role.GUARD, Role.AUDITOR, Role.MANAGER])
def test_the_rules_of_a_refusal_are_told_in_order_without_who_it_was(tmp_path, role):
    async def scene(gate: DeskGate) -> None:
        event = denied(
            gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_valid",
            "profile_without_access_point:bike_in",
        )  # fmt: skip
        row = gate.write(event)
        said = await why(gate, row)
        rules = [
            "The card, PIN or plate is known", "It is valid now", "Not allowed at this entrance (bike_in)",
        ]  # fmt: skip
        places = [said.index(rule) for rule in rules]
        assert places == sorted(places)
        assert "this is what refused" in said[places[-1] :]
        assert "give a further profile, or add the entrance to one of them" in said
        assert "neighbour" not in said
        assert gate.token(NEIGHBOUR) not in said
        chinese = await why(gate, row, accept_language="zh-CN")
        assert "为何如此判定" in (await gate.page.get(f"/questions/why?row={row}", accept_language="zh")).text
        assert "持有人的权限组均不含此入口" in chinese
        assert (await gate.page.get("/journal")).text.count(f'href="/questions/why?row={row}"') == 1

    play(tmp_path, scene, role)


@pytest.mark.attack("questions-03")
def test_a_guard_may_ask_of_the_shift_only_and_never_who_it_was(tmp_path):
    async def scene(gate: DeskGate) -> None:
        event = denied(gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_expired")
        old = gate.write(event, utc_ms=UTC_MS - 15 * 60 * MINUTE_MS)
        new = gate.write(event)
        await why(gate, old, 400)
        assert "A manager can change that" in await why(gate, new)
        page = (await gate.page.get(f"/questions/why?row={new}")).text
        assert "<form" not in page[page.index("<main") :]
        assert (await gate.send("/questions/why", ("row", new), ("purpose", PURPOSE))).status == 403
        assert (await gate.page.get("/questions/may?holder=neighbour&point=front_in")).status == 403
        assert gate.working.office.told == []

    play(tmp_path, scene, Role.GUARD)


def test_an_installer_sees_no_passages_and_no_reasons_of_them(tmp_path):
    async def scene(gate: DeskGate) -> None:
        row = gate.write(denied(gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_expired"))
        await why(gate, row, 400)

    play(tmp_path, scene, Role.INSTALLER)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MANAGER])
def test_for_a_purpose_it_is_told_who_it_was_and_what_holds_now(tmp_path, role):
    async def scene(gate: DeskGate) -> None:
        event = denied(
            gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_valid",
            "profile_without_access_point:bike_in",
        )  # fmt: skip
        row = gate.write(event)
        assert (await state(gate, row, "no"))[0] == 400, "a purpose is a sentence"
        assert gate.working.office.told == []
        status, said, address = await state(gate, row)
        assert status == 200
        (told,) = gate.working.office.told
        assert (told.act, told.holder, told.why) == (Act.LOOKED_UP, "neighbour", PURPOSE)
        assert told.issuer == role.value
        assert told.detail == f"why {row.replace('-', ':')}"
        assert "neighbour" in said
        assert "She would be refused." in said
        assert "Profiles that have this entrance: residents; staff" in said
        assert PURPOSE in said
        assert "neighbour" not in address, "nobody stands in an address"
        again = (await gate.page.get(address, accept_language="zh-CN")).text
        assert "neighbour" in again
        assert len(gate.working.office.told) == 1, "once for each purpose, not for each loading"
        await gate.log_in("auditor" if role is Role.MANAGER else "manager")
        assert "neighbour" not in text_of((await gate.page.get(address)).text), "another session's"

    play(tmp_path, scene, role)


def test_it_says_by_which_roster_it_was_and_whether_that_is_still_known(tmp_path):
    async def scene(gate: DeskGate) -> None:
        with gate.working.desk.place.served() as roster:
            now = roster.version
        refused = denied(gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_expired")
        before = gate.write(refused)
        gate.write(Event(Code.ROSTER_REPLACED, detail="version 3, sha256 0123456789ab, signed by us"))
        old = gate.write(refused)
        gate.write(Event(Code.ROSTER_REPLACED, detail=f"version {now}, sha256 0123456789ab, signed by us"))
        new = gate.write(refused)
        assert "Which roster was in force then is not in the journal any more." in (await state(gate, before))[1]
        assert f"was version 3; now it is version {now}. What its profiles" in (await state(gate, old))[1]
        assert f"was version {now}, as it still is" in (await state(gate, new))[1]
        place = gate.working.desk.place
        with Source.open(place.source_path) as source:
            build_source(source, place.folder / "roster.previous", place.identity(), version=3, created_s=3)
        assert f"was version 3, which is still kept; now it is version {now}" in (await state(gate, old))[1]

    play(tmp_path, scene)


@pytest.mark.attack("questions-04")
def test_nothing_is_told_where_the_purpose_cannot_be_recorded(tmp_path):
    async def scene(gate: DeskGate) -> None:
        row = gate.write(denied(gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_expired"))
        gate.working.office.refuses = True
        status, said, _ = await state(gate, row)
        assert status == 400
        assert "neighbour" not in said

    play(tmp_path, scene)


@pytest.mark.attack("questions-01")
def test_duress_is_an_ordinary_grant_whoever_asks_and_however(tmp_path):
    """The resident's duress PIN beside the card: granted, and nowhere is anything else said."""

    async def scene(gate: DeskGate) -> None:
        body = Body(holder="resident", credential=gate.token("H10301:12:34567"))
        reasons = ("credential_known", "credential_valid", "factors_complete:card+pin", "granted")
        granted = gate.write(
            Event(Code.GRANTED, portal="front_door", access_point="front_in", reasons=reasons, body=body)
        )
        alarm = gate.write(Event(Code.DURESS, portal="front_door", access_point="front_in", body=body))
        wrong = ("credential_known", "pin_wrong", "duress_without_receiver")
        untold = gate.write(Event(Code.DENIED, portal="front_door", access_point="front_in", reasons=wrong, body=body))
        for name in ("guard", "auditor", "manager"):
            await gate.log_in(name)
            pages = [await why(gate, granted), await why(gate, untold)]
            await why(gate, alarm, 400)
            missing = await why(gate, f"1-{int(alarm.split('-')[1]) + 100}", 400)
            assert await why(gate, alarm, 400) == missing, "as if there were no such row"
            if name != "guard":
                for row in (granted, untold):
                    pages.append((await state(gate, row))[1])
                assert (await state(gate, alarm))[0] == 400
                may = "/questions/may?holder=resident&point=front_in&at=2026-11-23T23:30&given=pin"
                pages.append(text_of((await gate.page.get(may)).text))
            for page in pages:
                assert "uress" not in page.replace("uress PIN is never listed", "")
                assert "forced" not in page

    play(tmp_path, scene)


def test_who_may_pass_is_the_gates_own_answer_with_the_week(tmp_path):
    async def scene(gate: DeskGate) -> None:
        night = text_of((await gate.page.get("/questions/may?holder=resident&point=front_in&at=2026-11-23T23:30")).text)
        assert "Only with PIN" in night
        assert "Something more has to be given here, one after the other: PIN." in night
        with_pin = text_of(
            (await gate.page.get("/questions/may?holder=resident&point=front_in&at=2026-11-23T23:30&given=pin")).text
        )
        assert "Yes card" in with_pin
        shed = text_of((await gate.page.get("/questions/may?holder=neighbour&point=bike_in&at=2026-11-23T12:00")).text)
        assert "No card" in shed
        assert "At no time" in shed or "not at all" in shed
        day = text_of((await gate.page.get("/questions/may?holder=visitor&point=hall_in&at=2026-11-23T05:59")).text)
        assert "No card" in day
        assert "Not allowed at this time (day)" in day
        assert "Open the schedule day" in day
        assert "Mon 11-23 06:00–23:00" in day, "schedule day of rules.toml"
        nobody = text_of((await gate.page.get("/questions/may?holder=nobody&point=hall_in&at=2026-11-23T05:59")).text)
        assert "The gate does not know her (yet)" in nobody
        for wrong in ("point=nowhere", "point=hall_in&at=tomorrow"):
            assert (await gate.page.get(f"/questions/may?holder=visitor&{wrong}")).status == 400
        assert (await gate.page.get("/questions/may?holder=visitor&point=hall_in")).status == 200, "now"

    play(tmp_path, scene, Role.AUDITOR)


def test_a_manager_finds_whom_to_ask_about(tmp_path):
    async def scene(gate: DeskGate) -> None:
        asked = [("point", "hall_in"), ("at", "2026-11-23T05:59")]
        found = await gate.page.post("/questions/may", [*asked, ("who", "visit")])
        assert 'value="visitor"' in found.text
        assert "who=" not in found.text, "what was sought stands in no address"
        none = text_of((await gate.page.post("/questions/may", [*asked, ("who", "nobodyatall")])).text)
        assert "Nobody is found by this" in none
        meant = await gate.page.post("/questions/may", [*asked, ("who", "visit"), ("holder", "visitor")])
        assert meant.header("location") == "/questions/may?holder=visitor&point=hall_in&at=2026-11-23T05%3A59"
        linked = (await gate.page.get("/questions/may?who=visit&point=hall_in")).text
        assert 'value="visitor"' not in linked, "nothing is sought for a link that somebody was sent"

    play(tmp_path, scene)


@pytest.mark.attack("questions-02")
@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "<script>alert(1)</script>", "\x00", "\u202e\U0001f6b2", "x" * 2000, "{0}"]
)
def test_whatever_is_typed_is_shown_escaped_and_asks_nothing_else(tmp_path, text):
    async def scene(gate: DeskGate) -> None:
        for field in ("who", "holder", "point", "at", "given", "row", "told"):
            for path in ("/questions/may", "/questions/why"):
                response = await gate.page.get(f"{path}?holder=visitor&point=hall_in&{field}={quote(text)}")
                assert response.status in (200, 400), (path, field)
                assert "<script>alert" not in response.text
        status, _, _ = await state(gate, text)
        assert status == 400

    play(tmp_path, scene)
