"""Search against a plain filter over all rows, under clocks that jump; its limits; what it asks of the database."""

from __future__ import annotations

import random

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.journal import JournalDamaged, JournalUnreachable, QueryRefused, QueryTooLong, search
from tests.journal.making import UTC_MS, fill, open_journal


def jumping(number: int) -> int | None:
    """A clock that starts unknown, jumps back a day, forth to 2099, and flaps for a while."""
    if number < 300:
        return None
    if number < 2000:
        return UTC_MS + number * 1000
    if number < 3000:
        return UTC_MS - 86_400_000 + number * 1000
    if number < 3400:
        return 4_070_908_800_000 + number
    if number < 3800 and number % 2:
        return number  # 1970
    if number % 97 == 0:
        return None
    return UTC_MS + number * 1000


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Five thousand rows; every second body names two holders. Seed 7."""
    journal, listener = open_journal(tmp_path_factory.mktemp("filled"))
    fill(journal, listener, 5000, utc=jumping, at_once=400)
    chance = random.Random(5)
    for number in range(5000, 5200):
        body = Body(holder=f"h{chance.randrange(5)}", second_holder=f"h{chance.randrange(5)}")
        event = Event(Code.TAKEN, portal=None if number % 3 else "door_1", detail=f"n{number}", body=body)
        ticket = journal.append([Record(event)], now_ms=number, utc_ms=jumping(number))
    listener.wait_ticket(ticket)
    rows = []
    before = None
    while page := search(journal.path, before=before, limit=1000, with_bodies=True):
        rows += page
        before = (page[-1].epoch, page[-1].seq)
    assert [row.seq for row in rows] == list(range(5201, 0, -1))
    yield journal.path, rows
    journal.close()


def plain(rows, holder, portal, kind, since, until, before, limit):
    """The same question asked of a list."""
    found = []
    for row in rows:
        body = row.event.body
        if holder is not None and (body is None or holder not in (body.holder, body.second_holder)):
            continue
        if portal is not None and row.event.portal != portal:
            continue
        if kind is not None and row.event.code != kind:
            continue
        if (since is not None or until is not None) and row.utc_ms is None:
            continue
        if since is not None and row.utc_ms < since:
            continue
        if until is not None and row.utc_ms >= until:
            continue
        if before is not None and row.seq >= before[1]:
            continue
        found.append(row.seq)
    return found[:limit]


def test_search_equals_a_plain_filter(filled):
    """400 questions, seed 13: each of holder, portal, kind, time and page given or not."""
    path, rows = filled
    chance = random.Random(13)
    hits = 0
    for _ in range(400):
        edges = sorted(
            chance.choice([jumping(n) or 0 for n in (400, 1500, 2500, 3300, 3601, 4500)])
            + chance.randrange(-2000, 2000)
            for _ in range(2)
        )
        asked = {
            "holder": chance.choice([None, None, "h3", "h150", "nobody"]),
            "portal": chance.choice([None, None, "door_1", "door_7", "nowhere"]),
            "kind": chance.choice([None, None, Code.TAKEN, Code.OPENED, Code.FIRE]),
            "since": chance.choice([None, edges[0]]),
            "until": chance.choice([None, edges[1]]),
            "before": chance.choice([None, None, (1, chance.randrange(1, 5300))]),
            "limit": chance.choice([1, 7, 100, 1000]),
        }
        expected = plain(rows, **asked)
        hits += bool(expected)
        found = search(
            path,
            holder=asked["holder"],
            portal=asked["portal"],
            kind=asked["kind"],
            since_utc=asked["since"],
            until_utc=asked["until"],
            before=asked["before"],
            limit=asked["limit"],
        )
        assert [row.seq for row in found] == expected, asked
        assert all(row.event.body is None for row in found)
    assert hits > 120


def test_the_oldest_rows_and_several_kinds_equal_a_plain_filter_too(filled):
    """300 questions, seed 17: kinds and the cursor from behind beside all else, from either end."""
    path, rows = filled
    chance = random.Random(17)
    codes = sorted({row.event.code for row in rows})
    hits = 0
    for _ in range(300):
        kinds = chance.choice([None, chance.sample(codes, chance.randrange(1, len(codes) + 1)), [Code.FIRE]])
        portal = chance.choice([None, "door_1", "nowhere"])
        holder = chance.choice([None, None, "h1"])
        since = chance.choice([None, UTC_MS + chance.randrange(5_000_000)])
        after = chance.choice([None, (1, chance.randrange(5300))])
        before = chance.choice([None, (1, chance.randrange(1, 5300))])
        oldest, limit = chance.random() < 0.6, chance.choice([1, 7, 100])
        found = search(
            path, holder=holder, portal=portal, kinds=kinds, since_utc=since, before=before, after=after,
            oldest=oldest, limit=limit,
        )  # fmt: skip
        every = plain(rows, holder, portal, None, since, None, before, len(rows))
        by_seq = {row.seq: row for row in rows}
        every = [seq for seq in every if kinds is None or by_seq[seq].event.code in kinds]
        every = [seq for seq in every if after is None or seq > after[1]]
        assert [row.seq for row in found] == (every[::-1] if oldest else every)[:limit]
        hits += bool(found)
    assert hits > 80
    assert search(path, after=(2, 1), limit=5) == []
    assert [row.seq for row in search(path, after=(0, 5000), limit=2, oldest=True)] == [1, 2]


def test_pages_of_other_epochs(filled):
    path, _ = filled
    assert search(path, before=(0, 10)) == []
    assert search(path, before=(2, 1), limit=1)[0].seq == 5201


def test_limits_are_said_clearly(filled, tmp_path, monkeypatch):
    monkeypatch.setattr("firmware.journal.reading.STEPS_AT_ONCE", 100)
    path, _ = filled
    for limit in (0, 1001):
        with pytest.raises(QueryRefused, match="1 to 1000"):
            search(path, limit=limit)
    with pytest.raises(QueryTooLong, match="narrower"):
        search(path, since_utc=5, until_utc=6, kind=Code.TAKEN, limit=1000, expired=lambda: True)
    with pytest.raises(JournalUnreachable, match="nothing"):
        search(tmp_path / "nothing.db")
    (tmp_path / "text.db").write_text("not a database, but long enough to look like one" * 100)
    with pytest.raises(JournalDamaged):
        search(tmp_path / "text.db")


def test_steps_are_bounded_without_a_clock(filled, monkeypatch):
    monkeypatch.setattr("firmware.journal.reading.STEPS_AT_ONCE", 100)
    search(filled[0], since_utc=UTC_MS, until_utc=UTC_MS + 10_000_000, limit=1000)
    monkeypatch.setattr("firmware.journal.query.SEARCH_STEPS_MAX", 2_000)
    with pytest.raises(QueryTooLong):
        search(filled[0], since_utc=UTC_MS, until_utc=UTC_MS + 10_000_000, limit=1000)


def test_search_reads_while_the_writer_writes(tmp_path):
    journal, listener = open_journal(tmp_path)
    for number in range(200):
        ticket = journal.append([Record(Event(Code.OPENED, detail=f"n{number}"))], now_ms=number, utc_ms=None)
        if number % 20 == 0:
            _, _, seq = listener.wait_ticket(ticket)
            assert search(journal.path, limit=1)[0].seq >= seq
    journal.close()
    assert search(journal.path, limit=1)[0].event.detail == "n199"  # at rest, without a log
