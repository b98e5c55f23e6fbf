"""The pages of rules and reviews over HTTP: what is refused, with which status, and what a person then reads."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.network.accounts import PASSPHRASE
from tests.network.running import Response, running_page
from tests.people_rules.office import AT_S
from tests.people_rules.pages import Place, place, site

WAITS_MAX = 200
EVIL = "\"><script>alert(1)</script>' OR 1=1 \u202e \U0001f6b2"


def play(folder: Path, scene: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with place(folder) as running:
            await running.page.post("/login", [("name", "manager"), ("passphrase", PASSPHRASE), ("code", "")])
            await scene(running)

    asyncio.run(whole())


async def compared(running: Place) -> str:
    """Make a review through the page, as a browser without script does; gives its number."""
    begun = await running.page.post("/people/review", [("why", "")])
    assert begun.status == 303
    job = begun.header("location") or ""
    assert job.startswith("/people/job?id=")
    for _ in range(WAITS_MAX):
        seen = await running.page.get(job)
        if seen.status == 303:
            assert seen.header("location") == "/people/review"
            break
        assert seen.status == 200, seen.text
        await asyncio.sleep(0.02)
    else:
        raise AssertionError("the comparison did not end")
    told = await running.page.get("/people/review/bring")
    found = re.search(r'name="review" value="([\w-]+)"', told.text)
    assert found is not None, told.text
    return found[1]


def said(response: Response) -> str:
    """What stands in the page's alert."""
    found = re.search(r'<div class="said" role="alert">(.*?)</div>', response.text, re.DOTALL)
    return "" if found is None else html.unescape(re.sub(r"<[^>]+>", " ", found[1]))


def edited(running: Place) -> None:
    path = running.office.folder / "office.source.db"
    with Source.open(path) as source, source.batch("edit", "somebody", "a test", AT_S) as batch:
        edit.set_fields(batch, "holder", "anna", {"phone": "1"})


def test_nothing_goes_to_the_gate_that_is_older_than_the_newest_change(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        edited(running)
        review = await compared(running)
        other = await running.page.post("/people/review/bring", [("review", "another-one"), ("why", "")])
        assert other.status == 409
        assert "Somebody compared again" in said(other)
        path = running.office.folder / "office.source.db"
        with Source.open(path) as source, source.batch("edit", "somebody", "a test", AT_S) as batch:
            edit.set_fields(batch, "holder", "anna", {"phone": "2"})
        late = await running.page.post("/people/review/bring", [("review", review), ("why", "")])
        assert late.status == 409
        assert "The list was changed after this comparison" in said(late)
        assert [act for act, _, _ in running.office.acts() if act == "handed_in"] == []

    play(tmp_path, scene)


def test_without_the_desk_every_page_says_so_and_nothing_is_lost(tmp_path: Path) -> None:
    async def scene() -> None:
        async with place(tmp_path) as running:
            office = running.office
            gone = tmp_path / "nobody.sock"
        folder = tmp_path / "second"
        folder.mkdir()
        async with running_page(folder, people=str(gone), site=site(office)) as page:
            for path in ("schedules", "schedule?name=day", "days", "profiles", "profile", "review", "review/bring"):
                shown = await page.get(f"/people/{path}")
                assert shown.status == 503, path
                assert shown.header("retry-after") == "5"
                assert said(shown), path
            typed = [("name", "day"), ("was", "0" * 16), ("day", "08:00-09:00"), *[("day", "")] * 6, ("action", "save")]
            kept = await page.post("/people/schedule", typed)
            assert kept.status == 503
            assert 'value="08:00-09:00"' in kept.text, "what was typed is still there"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("path", "fields", "status", "text"),
    [
        ("/people/days", [("kind", "holiday"), ("first", "2026-02-30")], 400, "is no date"),
        ("/people/days", [("kind", "holiday"), ("first", "")], 400, "is no date"),
        (
            "/people/days",
            [("kind", "holiday"), ("first", "2027-01-02"), ("last", "2027-01-01")],
            409,
            "before the first",
        ),
        ("/people/days", [("kind", EVIL), ("first", "2027-01-02")], 409, "cannot be a kind of day"),
        ("/people/days", [("kind", "holiday"), ("first", "0001-01-01")], 409, "1970 to 2200"),
        ("/people/days/remove", [("kind", "fair"), ("first", "2027-01-02")], 409, "There are no such days"),
        ("/people/schedule", [("name", EVIL), ("was", "new")], 409, "cannot be a name"),
        ("/people/schedule", [("name", "day"), ("was", "new")], 409, "There is a schedule day already"),
        ("/people/schedule", [("name", "day"), ("was", "0" * 16)], 409, "Somebody else changed day"),
        ("/people/schedule", [("name", "gone"), ("was", "0" * 16)], 409, "There is no schedule gone"),
        ("/people/schedule", [("name", "x"), ("was", "new"), ("day", EVIL)], 400, "was not understood"),
        ("/people/schedule", [("name", "x"), ("was", "new"), ("special.a b", "8-9")], 409, "cannot be a kind of day"),
        ("/people/profile", [("name", "x"), ("was", "new")], 409, "tick at least one access point"),
        (
            "/people/profile",
            [("name", "x"), ("was", "new"), ("schedule.0", "gone"), ("point.0", "*")],
            409,
            "no schedule",
        ),
        (
            "/people/profile",
            [("name", "x"), ("was", "new"), ("schedule.0", "day"), ("point.0", EVIL)],
            409,
            "no access",
        ),
        ("/people/profile/remove", [("name", "gone"), ("was", "")], 409, "There is no profile gone"),
        ("/people/profile/rename", [("name", "gone"), ("new_name", "x"), ("was", "")], 409, "There is no profile gone"),
        (
            "/people/profile/rename",
            [("name", "cleaning"), ("new_name", "visitors"), ("was", "0" * 16)],
            409,
            "Somebody else changed cleaning",
        ),
        ("/people/profile/rename", [("name", "cleaning"), ("new_name", EVIL)], 409, "cannot be a name"),
        ("/people/schedule/rename", [("name", "day"), ("new_name", "always")], 409, "is built in"),
        ("/people/schedule/rename", [("name", "day"), ("new_name", EVIL)], 409, "cannot be a name"),
        ("/people/schedule/rename", [("name", "gone"), ("new_name", "x")], 409, "There is no schedule gone"),
        ("/people/review/undo", [("batch", "1")], 303, ""),
        ("/people/review/undo", [("batch", "x' OR 1=1")], 303, ""),
    ],
)
def test_what_is_wrong_is_refused_in_words_and_changes_nothing(
    tmp_path: Path, path: str, fields: list[tuple[str, str]], status: int, text: str
) -> None:
    async def scene(running: Place) -> None:
        with running.office.source() as source:
            head = source.head
        answer = await running.page.post(path, fields)
        assert answer.status == status, answer.text
        assert text in html.unescape(re.sub(r"<[^>]+>", " ", answer.text))
        assert "<script>alert" not in answer.text
        if status == 303:  # long work, whose page says how it ended
            job = answer.header("location") or ""
            for _ in range(WAITS_MAX):
                seen = await running.page.get(job)
                if "The list was changed meanwhile" in seen.text:
                    break
                await asyncio.sleep(0.02)
            else:
                raise AssertionError(seen.text)
        with running.office.source() as source:
            assert source.head == head

    play(tmp_path, scene)


def test_odd_addresses_are_only_odd(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        for path in (
            "/people/schedules?after=%00",
            "/people/schedule?name=%27%20OR%201%3D1",
            "/people/profile?name=..%2f..%2fetc",
            "/people/days?past=x",
            "/people/review/who?side=x&review=%27&after=-1&portal=%27&words=%27%20OR%201%3D1",
            "/people/review/changes?entity=sqlite_schema&after=99999999999999999999",
            "/people/review/passages?words=%25",
            "/people/schedules?done=%3Cscript%3E",
        ):
            shown = await running.page.get(path)
            assert shown.status in (200, 409), (path, shown.status)
            assert "<script>" not in shown.text.replace("</script>", "")

    play(tmp_path, scene)
