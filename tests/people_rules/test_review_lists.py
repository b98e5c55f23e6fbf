"""The lists of a review over HTTP: what is searched for is in no address, and the journal's part needs a purpose."""

from __future__ import annotations

import asyncio
import csv
import html
import io
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from firmware.messages import TellPeople
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.network.accounts import PASSPHRASE
from tests.network.running import Response
from tests.people_rules.came import cleo_came, without_cleo
from tests.people_rules.office import AT_S
from tests.people_rules.pages import Place, place
from tests.people_rules.test_rules_pages import compared, said

PURPOSE = "who is to be told of it"
MANY = 70  # more than a page has


async def logged_in(running: Place, name: str) -> None:
    running.page.cookie = None
    await running.page.post("/login", [("name", name), ("passphrase", PASSPHRASE), ("code", "")])


def play(folder: Path, scene: Callable[[Place], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with place(folder) as running:
            await logged_in(running, "manager")
            await scene(running)

    asyncio.run(whole())


def many(running: Place) -> None:
    """People of one name come to the list, and others."""
    path = running.office.folder / "office.source.db"
    with Source.open(path) as source, source.batch("edit", "office", "a test", AT_S) as batch:
        for n in range(2 * MANY):
            name = f"Zhang {n:03}" if n % 2 else f"Li {n:03}"
            edit.add(batch, "holder", f"q{n:03}", {"name": name, "profiles": "residents"})
            edit.add(batch, "credential", f"card:H10301:13:{n}", {"holder": f"q{n:03}"})


def names(shown: Response) -> list[str]:
    """Whom a list shows."""
    listed = shown.text.partition('<ul class="concerned">')[2]
    return [
        html.unescape(re.sub(r"<[^>]+>", "", name)).strip() for name in re.findall(r"<h2 dir[^>]*>(.*?)</h2>", listed)
    ]


def addresses(shown: Response) -> list[str]:
    """Every address that a page leads to."""
    return [html.unescape(found) for found in re.findall(r'(?:href|action)="([^"]*)"', shown.text)]


def more(shown: Response) -> str:
    (target,) = re.findall(r'<nav class="pages"[^>]*><a[^>]*href="([^"]+)"', shown.text)
    return html.unescape(target)


@pytest.mark.attack("review-02")
@pytest.mark.parametrize(
    ("path", "kept"),
    [("who", [("side", "gained"), ("portal", "hall")]), ("changes", [("entity", "holder")])],
)
def test_what_is_searched_for_stands_in_no_address_no_redirect_and_no_log(
    tmp_path: Path, path: str, kept: list[tuple[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    async def scene(running: Place) -> None:
        many(running)
        review = await compared(running)
        form = [("review", review), *kept, ("words", " zhang ")]
        found = await running.page.post(f"/people/review/{path}", form)
        target = found.header("location") or ""
        fields = parse_qs(urlsplit(target).query)
        assert (found.status, urlsplit(target).path) == (303, f"/people/review/{path}")
        assert {name: fields[name] for name, _ in kept} == {name: [text] for name, text in kept}, "the filter stays"
        seen: list[str] = []
        walked = [target]
        for _ in range(4):
            shown = await running.page.get(walked[-1])
            assert f'<p role="status">{MANY} ' in shown.text
            assert 'value="zhang"' in shown.text, "what was typed is still there"
            seen += names(shown)
            walked += [address for address in addresses(shown) if "review" in address]
            if '<nav class="pages"' not in shown.text:
                break
            walked.append(more(shown))
        assert len(seen) == MANY
        assert len(set(seen)) == MANY
        switched = await running.page.get(f"{target}&language=zh")
        assert switched.header("location") == target, "the switch of languages leads to the same list"
        chinese = await running.page.get(target, accept_language="zh-CN")
        assert len(names(chinese)) == len(names(await running.page.get(target))) == 50
        assert 'value="zhang"' in chinese.text
        everything = [*walked, *addresses(chinese), target]
        assert [address for address in everything if "zhang" in address.lower()] == []

    play(tmp_path, scene)
    out, err = capfd.readouterr()
    assert "zhang" not in (out + err).lower()


def test_a_search_is_one_session_s_and_ends_with_an_empty_one(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        many(running)
        review = await compared(running)
        form = [("review", review), ("side", "gained"), ("portal", "nowhere")]
        found = await running.page.post("/people/review/who", [*form, ("words", "Zhang 001")])
        target = found.header("location") or ""
        assert "nowhere" not in target
        assert names(await running.page.get(target)) == ["Zhang 001 (q001)"]
        empty = await running.page.post("/people/review/who", [*form, ("words", "  ")])
        assert empty.header("location") == f"/people/review/who?review={review}&side=gained"
        old = f"/people/review/who?review={review}&side=gained&words=Zhang+001"
        shown = await running.page.get(old)
        assert len(names(shown)) == 50, "an address of before searches for nothing"
        assert "Zhang 001" not in "".join(addresses(shown))
        await logged_in(running, "auditor")
        shown = await running.page.get(target)
        assert len(names(shown)) == 50
        assert 'value="Zhang 001"' not in shown.text, "another session's search is none"

    play(tmp_path, scene)


@pytest.mark.parametrize("words", ["' OR 1=1 --", "<script>alert(1)</script>", "\x00", "\u202e\U0001f6b2", "x" * 2_000])
def test_whatever_is_searched_for_finds_nobody_and_is_shown_escaped(tmp_path: Path, words: str) -> None:
    async def scene(running: Place) -> None:
        without_cleo(running.office)
        review = await compared(running)
        for path in ("who", "changes"):
            form = [("review", review), ("side", "lost"), ("words", words)]
            found = await running.page.post(f"/people/review/{path}", form)
            target = found.header("location") or ""
            assert quote(words)[:20] not in target
            shown = await running.page.get(target)
            assert (shown.status, names(shown)) == (200, [])
            assert "<script>alert" not in shown.text

    play(tmp_path, scene)


# -- the journal's part -----------------------------------------------------------------------------------------------


async def with_journal(running: Place) -> str:
    """A review that the manager made for a purpose; its number."""
    cleo_came(running.office)
    without_cleo(running.office)
    begun = await running.page.post("/people/review", [("why", "before the cleaning hours change")])
    job = begun.header("location") or ""
    for _ in range(400):
        if (await running.page.get(job)).status == 303:
            break
        await asyncio.sleep(0.02)  # nothing tells of it
    told = await running.page.get("/people/review/bring")
    found = re.search(r'name="review" value="([\w-]+)"', told.text)
    assert found is not None, told.text
    return found[1]


def looks(running: Place) -> list[tuple[str, str]]:
    commands = (asked.command for asked in running.office.told)
    told = [one for one in commands if isinstance(one, TellPeople) and one.act.value == "looked_up"]
    return [(one.issuer, one.why) for one in told]


def test_an_auditor_says_why_before_whose_presentations_are_shown(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        review = await with_journal(running)
        address = f"/people/review/passages?review={review}"
        assert names(await running.page.get(address)) == ["Cleo (cleo)"], "who made it has said why"
        await logged_in(running, "auditor")
        asks = await running.page.get(address)
        assert asks.status == 200
        assert 'name="purpose"' in asks.text
        assert "leo" not in asks.text.partition("<main")[2]
        who = await running.page.get(f"/people/review/who?review={review}&side=lost")
        assert names(who) == ["Cleo (cleo)"]
        assert "3" not in re.sub(r"<[^>]+>", " ", who.text.partition('class="concerned"')[2].partition("</ul>")[0])
        before = looks(running)
        for purpose, typed in (("", ""), ("why?", "why?"), ("   x   ", "   x   ")):
            refused = await running.page.post("/people/review/passages", [("review", review), ("purpose", purpose)])
            assert refused.status == 409
            assert "State the purpose in at least five characters" in said(refused)
            assert f'value="{typed}"' in refused.text
        assert looks(running) == before
        stated = await running.page.post("/people/review/passages", [("review", review), ("purpose", PURPOSE)])
        assert (stated.status, stated.header("location")) == (303, address)
        assert looks(running) == [*before, ("auditor", PURPOSE)]
        shown = await running.page.get(address)
        assert names(shown) == ["Cleo (cleo)"]
        assert PURPOSE in shown.text
        chinese = await running.page.get(address, accept_language="zh-CN")
        assert f"目的：{PURPOSE}" in chinese.text
        found = await running.page.post("/people/review/passages", [("review", review), ("words", "cleo")])
        target = found.header("location") or ""
        assert "cleo" not in target
        assert names(await running.page.get(target)) == ["Cleo (cleo)"]
        nobody = await running.page.post("/people/review/passages", [("review", review), ("words", "anna")])
        assert names(await running.page.get(nobody.header("location") or "")) == []
        assert looks(running) == [*before, ("auditor", PURPOSE)], "once, and not at each loading"

    play(tmp_path, scene)


def test_the_form_for_a_purpose_is_chinese_for_who_reads_that(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        review = await with_journal(running)
        await logged_in(running, "auditor")
        asks = await running.page.get(f"/people/review/passages?review={review}", accept_language="zh-CN")
        assert "请说明查看目的" in asks.text
        assert "记录并显示" in asks.text

    play(tmp_path, scene)


async def table(running: Place, review: str, why: str = "for the meeting") -> tuple[Response, list[list[str]]]:
    answer = await running.page.post("/people/review/export", [("review", review), ("side", "lost"), ("why", why)])
    if answer.status != 200:
        return answer, []
    chunked = answer.body.split(b"\r\n") if answer.header("transfer-encoding") == "chunked" else [answer.body]
    text = b"\r\n".join(part for part in chunked if not re.fullmatch(rb"[0-9a-f]+", part)).decode()
    return answer, [row for row in csv.reader(io.StringIO(text.replace("\ufeff", ""))) if row]


def test_a_table_tells_of_the_journal_to_whoever_has_said_why_and_needs_a_reason(tmp_path: Path) -> None:
    async def scene(running: Place) -> None:
        review = await with_journal(running)
        _, mine = await table(running, review)
        assert mine[0] == ["Holder", "Name", "Household", "What", "Where and when", "Last 30 days"]
        assert mine[1][0] == "cleo"
        assert "3" in mine[1][5]
        await logged_in(running, "auditor")
        _, theirs = await table(running, review)
        assert theirs[0] == mine[0][:5]
        assert theirs[1] == mine[1][:5]
        exported = running.page.controller.told("exported")
        for why in ("", "no", "    "):
            refused, _ = await table(running, review, why)
            assert refused.status == 409
            assert "State the purpose" in said(refused)
        assert running.page.controller.told("exported") == exported

    play(tmp_path, scene)
