"""The pages of the journal: what each role sees, by what it is found, and that nobody is named without a purpose."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.network.accounts.account import Role
from firmware.network.journal.looking import PAGE_ROWS
from tests.network.fake_controller import states
from tests.network.journals import HOLDER, MINUTE_MS, NOTE, PLATE, TOKEN, UTC_MS, JournalGate, journal_gate, row_texts
from tests.network.running import heard

NOBODY = (HOLDER, "holder-0009", "card-0001", TOKEN, "Li Na", "10.0.0.7", "house-f5", "Chen Wei")
HOSTILE = ("' OR 1=1 --", "<script>alert(1)</script>", "\x00", "\u202e\U0001f6b2", "x" * 2_000, "%ff", "{0}", "1;DROP")


def play(
    folder: Path, scene: Callable[[JournalGate], Awaitable[None]], role: Role | None = Role.AUDITOR, **more: object
) -> None:
    async def whole() -> None:
        async with journal_gate(folder, role, **more) as running:  # type: ignore[arg-type]
            await scene(running)

    asyncio.run(whole())


async def listed(gate: JournalGate, target: str, status: int = 200) -> list[str]:
    response = await gate.page.get(target)
    assert response.status == status, response.text
    return row_texts(response.text)


def link(html: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', html)
    return None if found is None else unescape(found[1])


async def state(gate: JournalGate, **fields: str) -> tuple[int, str]:
    """State a purpose; the page that follows, or the refusal."""
    response = await gate.page.post("/journal/look", list(fields.items()))
    if response.status != 303:
        return response.status, response.text
    target = response.header("location")
    assert target is not None
    assert not {*NOBODY, PLATE} & set(re.split(r"[?=&]", target)), "nobody stands in an address"
    return 200, (await gate.page.get(target)).text


# -- by filter --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [*Role, None])
def test_no_role_sees_who_it_was_or_a_duress_in_the_list(tmp_path: Path, role: Role | None) -> None:
    async def scene(gate: JournalGate) -> None:
        for target in ("/journal", "/journal?kind=group:access", "/journal?portal=front_door"):
            html = (await gate.page.get(target)).text
            assert not [name for name in NOBODY if name in html], target
            assert not any(re.fullmatch(r".*\b1:[0-9]+", row) for row in row_texts(html)), "a gap would tell"
            assert "uress" not in re.sub(r"<select.*?</select>", "", html, flags=re.DOTALL)
        assert (await gate.page.get("/journal?kind=access.duress")).status == 403

    play(tmp_path, scene, role)


def test_an_auditor_sees_all_newest_first_in_the_sites_zone(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        rows = await listed(gate, "/journal")
        assert rows[0].startswith("2026-11-23 13:03:22 Notice Account made")
        assert rows[1] == "2026-11-23 13:02:22 Warning A device does not answer shed_reader no answer From here"
        assert rows[-1].startswith("2026-09-21 22:13:20"), "the first row of a journal, of two months before"
        assert len(rows) == 9, "all but a duress"
        chinese = row_texts((await gate.page.get("/journal", accept_language="zh-CN")).text)
        assert chinese[1].startswith("2026-11-23 13:02:22 警告 设备无应答")

    play(tmp_path, scene)


def test_a_guard_sees_a_shift_and_an_installer_devices(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        old = UTC_MS - 15 * 3_600_000
        gate.book.write(Event(Code.HELD, portal="hall", detail="of-yesterday"), utc_ms=old)
        rows = await listed(gate, "/journal")
        assert len(rows) == 8
        assert not [row for row in rows if "of-yesterday" in row]
        assert await listed(gate, "/journal?since=2026-09-01&kind=door.held") == []
        for target in ("/journal/look", "/journal/counts", "/journal/export", "/journal/chain"):
            assert (await gate.page.get(target)).status == 403
        await gate.log_in("installer")
        rows = await listed(gate, "/journal")
        assert len(rows) == 4
        assert "of-yesterday" in rows[0]
        assert "A device does not answer" in rows[1]
        assert "Door forced open" in rows[2]
        assert "New record begun" in rows[3]
        assert (await gate.page.get("/journal?kind=access.granted")).status == 403
        assert (await gate.page.get("/journal?kind=group:people")).status == 403

    play(tmp_path, scene, Role.GUARD)


def test_a_guards_shift_is_what_happened_last_while_the_time_is_not_known(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        gate.page.controller.say(states(seq=2, utc_ms=None))
        await heard(gate.page, states())
        rows = await listed(gate, "/journal?since=2027-01-01&before=1-2")
        assert rows[0].startswith("2026-11-23 13:03:22")
        assert "Older" not in (await gate.page.get("/journal")).text

    play(tmp_path, scene, Role.GUARD)


def test_it_is_found_by_portal_kind_and_time_alone_and_together(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        assert len(await listed(gate, "/journal?portal=bike_shed")) == 2
        assert len(await listed(gate, "/journal?kind=access.granted")) == 2
        assert len(await listed(gate, "/journal?kind=group:alarms")) == 1
        assert len(await listed(gate, "/journal?kind=group:refusals")) == 2
        assert len(await listed(gate, "/journal?kind=group:refusals&portal=hall")) == 1
        assert len(await listed(gate, "/journal?since=2026-11-23T12:58&until=2026-11-23T13:00")) == 2
        assert len(await listed(gate, "/journal?since=2026/11/23+12:58:22&until=2026-11-23T04:59:23Z")) == 2
        assert await listed(gate, "/journal?portal=nowhere") == []
        html = (await gate.page.get("/journal?portal=bike_shed&kind=door.forced&since=2026-11-23")).text
        assert '<option value="bike_shed" selected>' in html
        assert '<option value="door.forced" selected>' in html
        assert 'value="2026-11-23"' in html, "what was typed stands there again"

    play(tmp_path, scene)


def test_pages_are_kept_addresses_and_lead_both_ways(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        many = [Event(Code.OPENED, portal="hall", detail=f"n{number:03}") for number in range(250)]
        gate.book.write(*many, utc_ms=UTC_MS, every_ms=1000)
        first = (await gate.page.get("/journal?kind=door.opened")).text
        assert (len(row_texts(first)), link(first, "prev")) == (PAGE_ROWS, None)
        second = link(first, "next")
        assert second is not None
        third = link((await gate.page.get(second)).text, "next")
        assert third is not None
        last = (await gate.page.get(third)).text
        assert (len(row_texts(last)), link(last, "next")) == (50, None)
        gate.book.write(Event(Code.OPENED, portal="hall", detail="later"), utc_ms=UTC_MS + MINUTE_MS * 60)
        assert (await gate.page.get(third)).text == last, "an address that was kept shows the same"
        back = link(last, "prev")
        assert back is not None
        assert row_texts((await gate.page.get(back)).text) == row_texts((await gate.page.get(second)).text)
        assert "n100" in (await gate.page.get("/journal?kind=door.opened&at=2026-11-23T13:05:02")).text
        jumped = (await gate.page.get("/journal?kind=door.opened&at=2026-11-23T13:05:02")).text
        assert jumped.index("n100") < jumped.index('id="moment"') < jumped.index("n099")
        assert len(row_texts(jumped)) == PAGE_ROWS
        assert all(link(jumped, rel) for rel in ("prev", "next", "start"))

    play(tmp_path, scene)


@pytest.mark.attack("journal-01")
def test_what_no_filter_means_is_refused_in_words_and_searches_nothing(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        for query, english, chinese in (
            ("since=yesterday", "is no date and time", "不是日期时间"),
            ("until=2026-13-45T99:99", "is no date and time", "不是日期时间"),
            ("at=999999999999999999999", "is no date and time", "不是日期时间"),
            ("since=2026-11-24&until=2026-11-23", "not before the end", "不早于截止时间"),
            ("since=2026-11-23&until=2026-11-23", "not before the end", "不早于截止时间"),
            ("kind=door.exploded", "is no kind of event", "不是事件类别"),
            ("before=1-99999999999999999999999", "is no row", "不是日志行号"),
            ("before=-1", "is no row", "不是日志行号"),
            ("before=1-5&after=1-2", "at once", "同时"),
            ("portal=" + "x" * 65, "too long", "过长"),
            ("portal=Chen+Wei", "No portal has such an id", "没有这样的门或车道编号"),
        ):
            for language, said in (("en", english), ("zh", chinese)):
                response = await gate.page.get(f"/journal?{query}", accept_language=language)
                assert response.status == 400, query
                assert said in response.text, (query, response.text)
                assert row_texts(response.text) == []
        for odd in ("since=0001-01-01", "until=9999-12-31T23:59:59", "before=999999999999999999-1", "after=0-0", "x=y"):
            assert (await gate.page.get(f"/journal?{odd}")).status == 200, odd

    play(tmp_path, scene)


@pytest.mark.attack("journal-02")
def test_hostile_text_in_every_field_is_text(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        from urllib.parse import quote

        for text in HOSTILE:
            for name in ("portal", "kind", "since", "until", "at", "before", "after", "look", "language", "done"):
                for target in ("/journal", "/journal/counts", "/journal/look"):
                    response = await gate.page.get(f"{target}?{name}={quote(text)}")
                    assert response.status in (200, 303, 400, 410), (target, name, text)
                    assert "<script" not in response.text
            fields = {"sought": "holder", "name": text, "purpose": NOTE, "portal": "", "kind": "", "since": ""}
            for name in fields:
                status, html = await state(gate, **(fields | {name: text}))
                assert status in (200, 400), (name, text)
                assert "<script" not in html
        assert len(await listed(gate, "/journal?portal=hall")) == 2, "and the journal is what it was"

    play(tmp_path, scene)


# -- for a purpose ----------------------------------------------------------------------------------------------------


@pytest.mark.attack("journal-03")
@pytest.mark.parametrize("role", [Role.AUDITOR, Role.MANAGER, None])
def test_who_it_was_is_shown_for_a_purpose_that_is_committed_first(tmp_path: Path, role: Role | None) -> None:
    async def scene(gate: JournalGate) -> None:
        status, html = await state(gate, sought="holder", name=HOLDER, purpose=f"  {NOTE} ")
        assert status == 200
        rows = row_texts(html)
        assert len(rows) == 3, rows
        assert all(HOLDER in row for row in rows)
        assert NOTE in html
        (told,) = gate.page.controller.told("searched")
        assert (told.holder, told.note, told.issuer) == (HOLDER, NOTE, role.value if role else "console")
        assert (told.address, told.detail) == ("127.0.0.1", "holder")
        status, html = await state(gate, sought="all", portal="bike_shed", kind="access.denied", purpose=NOTE)
        (row,) = row_texts(html)
        assert "Holder holder-0009" in row
        assert gate.page.controller.told("searched")[-1].detail == "all bike_shed access.denied"
        gate.book.write(Event(Code.JOURNAL_SEARCHED, detail="holder hall"), Event(Code.JOURNAL_EXPORTED, detail="csv"))
        rows = await listed(gate, "/journal?kind=group:controller")
        assert "Journal exported csv" in rows[0]
        assert "Journal searched for a person a holder, by id · hall" in rows[1]

    play(tmp_path, scene, role)


@pytest.mark.attack("journal-04")
def test_without_a_purpose_or_its_record_nothing_is_shown(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        for purpose in ("", "    ", "why?", "x" * 201, "a\x07larm bell", "see \u202e me now"):
            status, html = await state(gate, sought="holder", name=HOLDER, purpose=purpose)
            assert status == 400, purpose
            assert "card-0001" not in html
        status, _ = await state(gate, sought="", name=HOLDER, purpose=NOTE)
        assert status == 400
        assert gate.page.controller.told("searched") == []
        gate.page.controller.answers = False
        gate.page.controller.hang_up()
        status, html = await state(gate, sought="holder", name=HOLDER, purpose=NOTE)
        assert status == 503
        assert "card-0001" not in html
        assert (await gate.page.get(f"/journal/look?holder={HOLDER}&name={HOLDER}&purpose=because")).status == 200
        assert "card-0001" not in (await gate.page.get(f"/journal?holder={HOLDER}&bodies=yes")).text

    play(tmp_path, scene)


@pytest.mark.attack("journal-05")
def test_what_one_session_may_see_no_other_does_and_not_for_long(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        response = await gate.page.post("/journal/look", [("sought", "all"), ("purpose", NOTE)])
        target = response.header("location")
        assert target is not None
        assert HOLDER in (await gate.page.get(target)).text
        await gate.log_in("manager")
        response = await gate.page.get(target)
        assert (response.status, HOLDER in response.text) == (410, False)
        assert "State the purpose anew" in response.text
        await gate.log_in("guard")
        assert (await gate.page.get(target)).status == 403
        await gate.log_in("auditor")
        assert (await gate.page.get(target)).status == 410, "a new session is another one"

    play(tmp_path, scene)


@pytest.mark.attack("journal-06")
def test_a_plate_is_found_by_what_the_controller_recorded_and_by_nothing_else(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        gate.book.write(Event(Code.GRANTED, portal="hall", body=Body(holder="other", credential="c-2")))
        status, html = await state(gate, sought="plate", name=" 京a·12345", purpose=NOTE)
        assert status == 200
        rows = row_texts(html)
        assert len(rows) == 3, rows
        assert all(TOKEN in row for row in rows)
        assert ["Journal searched" in row for row in rows] == [True, False, False]
        asked = [ask.command for ask in gate.page.controller.asked if type(ask.command).__name__ == "FindPlate"]
        assert [(each.plate, each.why, each.issuer) for each in asked] == [(PLATE, NOTE, "auditor")]
        status, html = await state(gate, sought="plate", name="' OR 1=1", purpose=NOTE)
        assert (status, "That is no number plate" in html) == (400, True)

    play(tmp_path, scene)


def test_a_holder_is_found_over_pages(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        many = [Event(Code.GRANTED, portal="hall", body=Body(holder="h7", credential=f"k{n}")) for n in range(150)]
        gate.book.write(*many)
        _, html = await state(gate, sought="holder", name="h7", purpose=NOTE)
        assert len(row_texts(html)) == PAGE_ROWS
        older = link(html, "next")
        assert older is not None
        html = (await gate.page.get(older)).text
        assert len(row_texts(html)) == 50
        assert link(html, "start") is not None
        assert len(gate.page.controller.told("searched")) == 1, "one purpose for all its pages"

    play(tmp_path, scene)


def test_the_switch_of_languages_keeps_what_is_shown(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        html = (await gate.page.get("/journal?kind=access.granted&portal=hall")).text
        assert "/journal?portal=hall&amp;kind=access.granted&amp;language=zh" in html
        response = await gate.page.get("/journal?portal=hall&kind=access.granted&language=zh")
        assert (response.status, response.header("location")) == (303, "/journal?portal=hall&kind=access.granted")

    play(tmp_path, scene)
