"""Counts, exports and the proof of the chain: right to the number and the byte, bounded, and for some roles only."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sqlite3
import zipfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.journal import export, purpose_line, verify
from firmware.network.accounts.account import Role
from firmware.network.journal.counts import read_counts, window_of
from firmware.network.journal.desk import QUERIES_AT_ONCE, WAITING_MAX, ReadingDesk
from firmware.network.journal.errors import NotReadable, NotUnderstood, TooMany
from firmware.network.live import Live
from tests.journal.making import Key
from tests.network.fake_controller import states, welcome
from tests.network.journals import HOLDER, NOTE, UTC_MS, Book, JournalGate, journal_gate
from tests.network.running import Response, heard

HOUR_MS = 3_600_000


def play(
    folder: Path, scene: Callable[[JournalGate], Awaitable[None]], role: Role | None = Role.AUDITOR, **more: object
) -> None:
    async def whole() -> None:
        async with journal_gate(folder, role, **more) as running:  # type: ignore[arg-type]
            await scene(running)

    asyncio.run(whole())


def unchunked(body: bytes) -> bytes:
    """RFC 9112, 7.1."""
    whole = bytearray()
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return bytes(whole)
        whole += body[:length]
        body = body[length + 2 :]


def archived(response: Response) -> dict[str, bytes]:
    assert response.status == 200, response.text
    assert response.header("content-type") == "application/zip"
    with zipfile.ZipFile(io.BytesIO(unchunked(response.body))) as made:
        assert made.testzip() is None
        return {name: made.read(name) for name in made.namelist()}


def written(book: Book, form: str, **window: object) -> bytes:
    """What `menshen journal export` writes now."""
    out = io.BytesIO()
    export(book.path, form, out, **window)
    return out.getvalue()


# -- counts -----------------------------------------------------------------------------------------------------------


def test_counts_are_those_of_a_plain_count_by_local_hour_with_its_peak(tmp_path: Path) -> None:
    """Kathmandu is 5 h 45 min before UTC: its hours begin at a quarter."""
    zone = ZoneInfo("Asia/Kathmandu")
    book = Book(tmp_path / "journal")
    since = 1_795_305_600_000
    times = [since + (n * 7_919_000) % (40 * HOUR_MS) for n in range(300)]
    for n, at_ms in enumerate(times):
        book.write(Event(Code.GRANTED if n % 3 else Code.DENIED, portal="hall" if n % 2 else "shed"), utc_ms=at_ms)
    window = window_of(since, since + 40 * HOUR_MS, None)
    for portal in (None, "hall"):
        counts = read_counts(book.path, window, portal, zone, lambda: False)
        here = [(n, at_ms) for n, at_ms in enumerate(times) if portal is None or n % 2]
        for chart, wanted in ((counts.charts[0], lambda n: n % 3), (counts.charts[1], lambda n: not n % 3)):
            plain: dict[str, int] = {}
            for n, at_ms in here:
                if wanted(n):
                    label = f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y-%m-%d %H}:00"
                    plain[label] = plain.get(label, 0) + 1
            assert {bar.label: bar.count for bar in chart.bars if bar.count} == plain
            assert (chart.total, chart.peak) == (sum(plain.values()), max(plain.values()))
            assert plain[chart.peak_label] == chart.peak
            assert all(bar.x >= 0 and bar.x + bar.width <= 320 and bar.y + bar.height <= 64.1 for bar in chart.bars)
    assert read_counts(book.path, window, "nowhere", zone, lambda: False).charts[0].total == 0
    book.close()


def test_an_hour_that_comes_twice_is_two_and_long_times_are_days(tmp_path: Path) -> None:
    zone = ZoneInfo("Europe/Berlin")
    book = Book(tmp_path / "journal")
    night = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp() * 1000)  # clocks go back at 01:00 UTC
    book.write(Event(Code.TAKEN), utc_ms=night)
    book.write(Event(Code.TAKEN), Event(Code.TAKEN), utc_ms=night + HOUR_MS)
    counts = read_counts(book.path, window_of(night - HOUR_MS, night + 3 * HOUR_MS, None), None, zone, lambda: False)
    hours = {bar.label: bar.count for bar in counts.charts[2].bars}
    assert hours["2026-10-25 02:00 +0200"] == 1
    assert hours["2026-10-25 02:00 +0100"] == 2
    counts = read_counts(book.path, window_of(night - 72 * HOUR_MS, night + HOUR_MS, None), None, zone, lambda: False)
    assert {bar.label: bar.count for bar in counts.charts[2].bars} == {
        "2026-10-22": 0,
        "2026-10-23": 0,
        "2026-10-24": 0,
        "2026-10-25": 1,
    }
    book.close()


def test_a_time_that_cannot_be_counted_is_refused() -> None:
    for since, until, now in (
        (None, None, None),
        (5, 4, None),
        (0, 63 * 24 * HOUR_MS, None),
        (-1, 5, None),
        (None, 1 << 60, None),
    ):
        with pytest.raises(NotUnderstood):
            window_of(since, until, now)
    day = window_of(None, None, UTC_MS)
    assert (day.until_ms, day.since_ms) == (UTC_MS, UTC_MS - 24 * HOUR_MS)


def test_the_page_of_counts_has_bars_and_the_same_numbers_as_a_table(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        html = (await gate.page.get("/journal/counts")).text
        assert html.count("<svg") == 4
        assert html.count("<rect") == 4, "one hour in each"
        assert '<th scope="row">2026-11-23 12:00</th><td>2</td><td>2</td><td>1</td><td>0</td>' in html
        assert '<th scope="row">2026-11-23 13:00</th><td>0</td><td>0</td><td>0</td><td>1</td>' in html
        assert " style=" not in html
        assert "<caption>" in html
        response = await gate.page.get("/journal/counts?since=2026-01-01", accept_language="zh")
        assert (response.status, "时间超过 62 天" in response.text) == (400, True)

    play(tmp_path, scene)


# -- export -----------------------------------------------------------------------------------------------------------


def test_an_export_is_what_the_command_writes_with_the_head_that_proves_it(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        gate.book.write(*(Event(Code.OPENED, portal="hall", detail=f"n{n}") for n in range(5_000)))
        files = archived(await gate.page.post("/journal/export", [("form", "jsonl")]))
        rows_name, head_name = sorted(files)
        assert re.fullmatch(r"journal-20261123-13\d{4}\.jsonl", rows_name)
        assert head_name == f"{rows_name}.head"
        assert files[rows_name] == written(gate.book, "jsonl")
        head = json.loads(files[head_name])
        lines = [json.loads(line) for line in files[rows_name].splitlines()]
        (witnessed,) = [line for line in lines if line["header"]["seq"] == head["seq"]]
        assert witnessed["hash"] == head["hash"]
        assert HOLDER not in files[rows_name].decode()
        (told,) = gate.page.controller.told("exported")
        assert (told.issuer, told.address, told.detail, told.note) == ("auditor", "127.0.0.1", "jsonl", "")
        files = archived(await gate.page.post("/journal/export", [("form", "csv"), ("since", "2026-11-23T13:00")]))
        since_ms = int(datetime(2026, 11, 23, 5, tzinfo=UTC).timestamp() * 1000)
        assert files[sorted(files)[0]] == written(gate.book, "csv", since_utc=since_ms)
        assert gate.page.controller.told("exported")[-1].detail == "csv 2026-11-23T05:00:00Z.."

    play(tmp_path, scene, checkpoint_events=100)


@pytest.mark.attack("journal-07")
def test_an_export_with_who_it_was_needs_a_purpose_which_stands_at_its_head(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        for purpose in ("", "why"):
            fields = [("form", "jsonl"), ("bodies", "yes"), ("purpose", purpose)]
            assert (await gate.page.post("/journal/export", fields)).status == 400
        assert (await gate.page.post("/journal/export", [("form", "exe")])).status == 400
        assert (await gate.page.post("/journal/export", [("form", "csv"), ("since", "now")])).status == 400
        assert gate.page.controller.told("exported") == []
        fields = [("form", "jsonl"), ("bodies", "yes"), ("purpose", NOTE)]
        files = archived(await gate.page.post("/journal/export", fields))
        (rows,) = [content for name, content in files.items() if name.endswith(".jsonl")]
        assert rows == purpose_line("jsonl", NOTE, None, None) + written(gate.book, "jsonl", with_bodies=True)
        assert HOLDER in rows.decode()
        (told,) = gate.page.controller.told("exported")
        assert (told.note, told.detail) == (NOTE, "jsonl with persons")
        gate.page.controller.answers = False
        gate.page.controller.hang_up()
        assert (await gate.page.post("/journal/export", fields)).status == 503, "not recorded, not exported"

    play(tmp_path, scene, Role.MANAGER)


async def begun(gate: JournalGate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """An export of which nothing but the status is read."""
    page = gate.page
    body = f"token={await page.token()}&form=jsonl".encode()
    head = page.request(
        "POST",
        "/journal/export",
        origin=f"http://127.0.0.1:{page.port}",
        content_type="application/x-www-form-urlencoded",
        content_length=str(len(body)),
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port, limit=1024)
    writer.write(head + b"\r\n" + body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    return reader, writer


@pytest.mark.attack("journal-08")
def test_an_export_that_nobody_takes_ends_is_told_and_blocks_no_other(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        page = gate.page
        noise = [Event(Code.OPENED, portal="hall", detail=f"{n * 7919 % 100_003:x}" * 20) for n in range(12_000)]
        gate.book.write(*noise)
        _, writer = await begun(gate)
        response = await page.post("/journal/export", [("form", "csv")])
        assert (response.status, "Another export" in response.text) == (503, True)
        assert (await page.get("/journal")).status == 200, "and searches go on"
        writer.transport.abort()
        async with asyncio.timeout(10):
            while not page.controller.told("not_done"):
                page.controller.was_asked.clear()
                await page.controller.was_asked.wait()
        assert page.controller.told("not_done")[0].detail == "exported"
        assert archived(await page.post("/journal/export", [("form", "csv")]))

    play(tmp_path, scene)


def test_a_stop_waits_for_no_export_and_no_proof(tmp_path: Path) -> None:
    """`running_page` gives the process ten seconds to end."""
    open_ones = []

    async def scene(gate: JournalGate) -> None:
        noise = [Event(Code.OPENED, portal="hall", detail=f"{n * 7919 % 100_003:x}" * 20) for n in range(12_000)]
        gate.book.write(*noise)
        open_ones.append(await begun(gate))
        assert (await gate.page.post("/journal/chain", [("head", "")])).status == 303

    async def whole() -> None:
        async with journal_gate(tmp_path, Role.AUDITOR) as running:
            await scene(running)
        for _, writer in open_ones:
            writer.close()

    asyncio.run(whole())


def test_rows_that_retention_removes_end_an_export(tmp_path: Path) -> None:
    from firmware.journal import QueryRefused, export_pieces

    book = Book(tmp_path / "journal")
    book.write(*(Event(Code.OPENED, portal="hall") for _ in range(5_000)))
    pieces = export_pieces(book.path, "jsonl")
    assert next(pieces) == b""
    next(pieces)
    book.close()
    with sqlite3.connect(book.path) as database:
        database.execute("UPDATE meta SET value = 4000 WHERE key = 'anchor'")
    database.close()
    with pytest.raises(QueryRefused, match="removed"):
        next(pieces)


# -- chain ------------------------------------------------------------------------------------------------------------


async def proof(gate: JournalGate, head: str = "", language: str = "en") -> str:
    response = await gate.page.post("/journal/chain", [("head", head)])
    assert response.status == 303, response.text
    async with asyncio.timeout(20):
        while True:
            html = (await gate.page.get("/journal/chain", accept_language=language)).text
            if 'http-equiv="refresh"' not in html:
                return html


def test_a_proof_says_what_the_command_says_and_what_it_cannot_see(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        gate.book.write(*(Event(Code.OPENED, portal="hall") for _ in range(300)))
        verdict = verify(gate.book.path, Key().public_key)
        assert verdict.ok
        html = await proof(gate)
        assert "Whole" in html
        assert f"{verdict.rows} rows, from 1:1 to 1:{verdict.at}" in html
        vouched = re.search(r"vouches for all rows up to 1:(\d+)\.", html)
        assert vouched is not None
        assert verdict.signed_seq <= int(vouched[1]) <= verdict.at
        assert verdict.hash in html
        assert "cannot be seen" in html
        assert "Asked by auditor at 2026-11-23 13:03" in html
        files = archived(await gate.page.post("/journal/export", [("form", "csv")]))
        (head,) = [content.decode() for name, content in files.items() if name.endswith(".head")]
        html = await proof(gate, head, "zh")
        assert "完整" in html
        assert "无法发现" not in html.split("<form")[1], "a witness was given"
        for bad in ("{}", "x" * 500, "[]", json.dumps({**json.loads(head), "hash": "zz"})):
            response = await gate.page.post("/journal/chain", [("head", bad)])
            assert (response.status, "no signed head" in response.text) == (400, True), bad

    play(tmp_path, scene, checkpoint_events=100)


@pytest.mark.attack("journal-10")
def test_a_journal_that_was_changed_or_exchanged_is_not_whole(tmp_path: Path) -> None:
    async def scene(gate: JournalGate) -> None:
        gate.book.close()
        with sqlite3.connect(gate.book.path) as database:
            database.execute("UPDATE spans SET first = first")
            database.executescript(
                "DROP TRIGGER events_only_erased; UPDATE events SET hash = zeroblob(32) WHERE seq = 4;"
            )
        database.close()
        html = await proof(gate)
        assert "Not whole" in html
        assert "broken at row 1:4" in html
        assert (await gate.page.get("/journal")).status == 200
        other = welcome(str(gate.book.path), boot="boot-2", fingerprint="00" * 32)
        gate.page.controller.say(other)
        await heard(gate.page, states())
        assert "signed by another key" in await proof(gate)

    play(tmp_path, scene)


# -- a journal that cannot be read ------------------------------------------------------------------------------------


@pytest.mark.attack("journal-11")
@pytest.mark.parametrize(
    "kind", ["missing", "damaged", "foreign", "folder", pytest.param("locked", marks=pytest.mark.slow)]
)
def test_a_journal_that_cannot_be_read_is_said_in_both_languages(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "other.db"
    if kind == "damaged":
        path.write_bytes(b"this is no database" * 1000)
    elif kind == "foreign":
        sqlite3.connect(path).close()
    elif kind == "folder":
        path.mkdir()
    elif kind == "locked":
        holding = sqlite3.connect(path, isolation_level=None)
        holding.execute("CREATE TABLE held (x)")
        holding.execute("BEGIN EXCLUSIVE")

    async def scene(gate: JournalGate) -> None:
        for target in ("/journal", "/journal/counts", "/journal/chain"):
            for language, said in (("en", "The journal "), ("zh", "日志")):
                response = await gate.page.get(target, accept_language=language)
                assert (response.status, response.header("retry-after")) == (503, "5"), target
                alert = response.text.partition('role="alert"')[2]
                assert said in alert
        response = await gate.page.post("/journal/look", [("sought", "all"), ("purpose", NOTE)])
        assert response.status == 503
        response = await gate.page.post("/journal/export", [("form", "csv")])
        assert response.status == 503
        assert not gate.page.controller.told("searched") + gate.page.controller.told("exported")

    play(tmp_path, scene, journal=str(path), events=False)
    if kind == "locked":
        holding.close()


@pytest.mark.attack("journal-12")
def test_many_who_search_at_once_wait_their_turn_and_too_many_are_told_so() -> None:
    """Works that end when told: so many run, so many wait, all others are refused at once."""
    import threading

    async def scene() -> None:
        live = Live(0.0)
        live.heard(welcome("/nowhere"), 0.0)
        desk = ReadingDesk(live)
        release = threading.Event()
        running = threading.Semaphore(0)
        most: list[int] = []
        lock = threading.Lock()
        count = 0

        def work(_: Path, expired: Callable[[], bool]) -> bool:
            nonlocal count
            with lock:
                count += 1
                most.append(count)
            running.release()
            release.wait(20)
            with lock:
                count -= 1
            return expired()

        many = [asyncio.create_task(desk.query(work)) for _ in range(QUERIES_AT_ONCE + WAITING_MAX + 5)]
        for _ in range(QUERIES_AT_ONCE):
            await asyncio.to_thread(running.acquire, True, 10)
        await asyncio.wait(many, return_when=asyncio.FIRST_COMPLETED)
        release.set()
        ends = await asyncio.gather(*many, return_exceptions=True)
        refused = [end for end in ends if isinstance(end, TooMany)]
        assert len(refused) == 5
        assert max(most) == QUERIES_AT_ONCE
        assert [end for end in ends if end is False] == [False] * (QUERIES_AT_ONCE + WAITING_MAX)
        desk.close()

        def broken(path: Path, _: Callable[[], bool]) -> None:
            raise FileNotFoundError(path)

        other = ReadingDesk(live)
        with pytest.raises(NotReadable, match="journal_missing"):
            await other.query(broken)
        other.close()

    asyncio.run(scene())


def test_a_search_that_takes_too_long_is_ended_and_says_what_to_ask_instead(tmp_path: Path) -> None:
    async def scene() -> None:
        book = Book(tmp_path / "journal")
        book.write(*(Event(Code.OPENED, portal="hall") for _ in range(2_000)))
        live = Live(0.0)
        live.heard(welcome(str(book.path)), 0.0)
        desk = ReadingDesk(live)
        window = window_of(UTC_MS - 1, UTC_MS + 1, None)
        with pytest.raises(NotReadable, match="journal_slow"):
            await desk.query(lambda path, _: read_counts(path, window, None, ZoneInfo("UTC"), lambda: True))
        desk.close()
        book.close()

    asyncio.run(scene())
