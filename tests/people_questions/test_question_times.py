"""May she, at a time that came twice: the clocks of Berlin went back over it, and which one is meant can be said."""

from __future__ import annotations

import asyncio
import calendar
import html
import re
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest

from firmware.network.accounts.account import Role
from firmware.network.questions.asking import instants_of
from firmware.terminal import TerminalError
from tests.people_import.desk import SITE
from tests.people_import.pages import DeskGate, desk_gate

BERLIN, SHANGHAI, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai"), ZoneInfo("Australia/Lord_Howe")
TWICE = "2026-10-25T02:30"  # Directive 2000/84/EC: summer time ends at 01:00 UTC on the last Sunday of October


def ms(*utc: int) -> int:
    """By the standard library's calendar, which knows no zones."""
    return 1000 * calendar.timegm((*utc, 0))


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        (TWICE, BERLIN, (ms(2026, 10, 25, 0, 30), ms(2026, 10, 25, 1, 30))),
        ("2026-10-25T02:00", BERLIN, (ms(2026, 10, 25, 0, 0), ms(2026, 10, 25, 1, 0))),
        ("2026-10-25 02:59", BERLIN, (ms(2026, 10, 25, 0, 59), ms(2026, 10, 25, 1, 59))),
        ("2026-10-25T01:59", BERLIN, (ms(2026, 10, 24, 23, 59),)),
        ("2026-10-25T03:00", BERLIN, (ms(2026, 10, 25, 2, 0),)),
        ("2026-10-25T02:30+01:00", BERLIN, (ms(2026, 10, 25, 1, 30),)),
        ("2026-03-29T02:30", BERLIN, (ms(2026, 3, 29, 1, 30),)),  # never came
        (TWICE, SHANGHAI, (ms(2026, 10, 24, 18, 30),)),
        ("2026-04-05T01:45", LORD_HOWE, (ms(2026, 4, 4, 14, 45), ms(2026, 4, 4, 15, 15))),  # by half an hour
    ],
)
def test_a_time_that_came_twice_is_two_instants_and_any_other_is_one(
    text: str, zone: ZoneInfo, expected: tuple[int, ...]
) -> None:
    assert instants_of(text, zone) == expected


@pytest.mark.parametrize("text", ["tomorrow", "2026-10-25T25:30", "0001-01-01T00:00" * 2, ""])
def test_what_is_no_time_is_none(text: str) -> None:
    with pytest.raises(TerminalError):
        instants_of(text, BERLIN)


def in_berlin(folder: Path) -> Path:
    """The demo's site file, and its rules, in another zone."""
    sites = folder / "sites"
    shutil.copytree(SITE.parent, sites)
    for name in (SITE.name, "rules.toml"):
        text = (sites / name).read_text()
        assert text.count('"Asia/Shanghai"') == 1
        (sites / name).write_text(text.replace('"Asia/Shanghai"', '"Europe/Berlin"'))
    return sites / SITE.name


def play(folder: Path, scene: Callable[[DeskGate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with desk_gate(folder, Role.MANAGER, in_berlin(folder)) as gate:
            await scene(gate)

    asyncio.run(whole())


def heading(page: str) -> str:
    (found,) = re.findall(r'<h2 id="answer-title"[^>]*>(.*?)</h2>', page)
    return html.unescape(found)


async def asked(gate: DeskGate, *fields: tuple[str, str], **headers: str) -> tuple[str, str]:
    """A browser without script sends the form; (address, page) that it is led to."""
    meant = await gate.send("/questions/may", ("holder", "resident"), ("point", "hall_in"), *fields)
    assert meant.status == 303, meant.text
    target = meant.header("location") or ""
    return target, (await gate.page.get(target, **headers)).text


def chosen(page: str) -> list[tuple[str, bool]]:
    """What can be chosen of the two, and what is."""
    found = re.findall(r'<input type="radio" name="which" value="(\w+)" id="which-\d"( checked)?>', page)
    return [(value, bool(checked)) for value, checked in found]


def test_the_choice_is_offered_where_it_is_one_and_is_answered(tmp_path: Path) -> None:
    async def scene(gate: DeskGate) -> None:
        target, page = await asked(gate, ("at", TWICE))
        assert chosen(page) == [("first", True), ("second", False)]
        assert "The first: 2026-10-25 02:30:00 (UTC+02:00)" in html.unescape(page)
        assert "The second: 2026-10-25 02:30:00 (UTC+01:00)" in html.unescape(page)
        assert "2026-10-25 02:30:00 (UTC+02:00)" in heading(page)
        assert "which" not in parse_qs(urlsplit(target).query)
        target, page = await asked(gate, ("at", TWICE), ("which", "second"))
        assert chosen(page) == [("first", False), ("second", True)]
        assert "2026-10-25 02:30:00 (UTC+01:00)" in heading(page)
        assert parse_qs(urlsplit(target).query)["which"] == ["second"]
        chinese = html.unescape((await gate.page.get(target, accept_language="zh-CN")).text)
        assert "当时钟表回拨，这一时刻出现两次" in chinese
        assert "第一次：2026-10-25 02:30:00 (UTC+02:00)" in chinese
        assert "第二次：2026-10-25 02:30:00 (UTC+01:00)" in chinese
        assert chosen(chinese) == [("first", False), ("second", True)]

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "at",
    ["2026-10-25T01:59:59", "2026-10-25T03:00", "2026-10-25T02:30+02:00", "2026-03-29T02:30", "2026-07-01T02:30", ""],
)
def test_where_there_is_nothing_to_choose_nothing_is_offered_or_kept(tmp_path: Path, at: str) -> None:
    async def scene(gate: DeskGate) -> None:
        target, page = await asked(gate, ("at", at), ("which", "second"))
        assert chosen(page) == []
        assert "UTC+" not in page
        assert "which" not in parse_qs(urlsplit(target).query)

    play(tmp_path, scene)
