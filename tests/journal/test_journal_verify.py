"""Verify: every kind of tampering is found at its row; witnesses; exports that prove themselves."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import sqlite3

import msgspec
import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.journal import Flaw, QueryRefused, export, export_head, search, verify
from tests.journal.making import UTC_MS, Key, fill, open_journal


@pytest.fixture
def journal_path(tmp_path):
    """202 rows with signed heads about every fifty and a tombstone. Seed 7."""
    journal, listener = open_journal(tmp_path, checkpoint_events=50, batch_events_max=10)
    fill(journal, listener, 200, at_once=5)
    someone = next(row.event.body.holder for row in search(journal.path, with_bodies=True) if row.event.body)
    listener.wait_ticket(journal.erase(someone, now_ms=300_000, utc_ms=UTC_MS))
    assert journal.close()
    return journal.path


def tamper(path, *statements):
    """Change the file as somebody with a screwdriver would: triggers first."""
    database = sqlite3.connect(path)
    for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        assert database.execute(statement).rowcount != 0, statement
    database.commit()
    database.close()


PERSONAL = "(SELECT min(seq) FROM events WHERE seq > 100 AND body IS NOT NULL)"


@pytest.mark.parametrize(
    ("statement", "flaw", "at"),
    [
        ("UPDATE events SET header = CAST(replace(header, 'boot-1', 'boot-2') AS BLOB) WHERE seq = 70", Flaw.HASH, 70),
        (f"UPDATE events SET body = x'7b7d' WHERE seq = {PERSONAL}", Flaw.HASH, None),
        (f"UPDATE events SET salt = zeroblob(16) WHERE seq = {PERSONAL}", Flaw.HASH, None),
        (f"UPDATE events SET salt = NULL WHERE seq = {PERSONAL}", Flaw.FORM, None),
        (f"UPDATE events SET body = NULL, salt = NULL WHERE seq = {PERSONAL}", Flaw.HASH, None),
        ("DELETE FROM events WHERE seq = 90", Flaw.GAP, 90),
        ("DELETE FROM events WHERE seq <= 10", Flaw.GAP, 1),
        ("DELETE FROM events WHERE seq > 150", Flaw.TAIL, 150),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 33", Flaw.HASH, 33),
        ("UPDATE events SET previous = zeroblob(32) WHERE seq = 33", Flaw.LINK, 33),
        ("UPDATE events SET utc_ms = utc_ms + 1 WHERE seq = 60", Flaw.COLUMN, 60),
        ("UPDATE events SET portal = portal + 1 WHERE seq = 61 AND portal > 0", Flaw.COLUMN, 61),
        ("UPDATE events SET kind = 1 WHERE seq = 62", Flaw.COLUMN, 62),  # the first word: the first row's kind
        ("UPDATE heads SET signature = zeroblob(64) WHERE seq = (SELECT min(seq) FROM heads)", Flaw.SIGNATURE, None),
        ("UPDATE heads SET hash = zeroblob(32) WHERE seq = (SELECT min(seq) FROM heads)", Flaw.HEAD, None),
        ("DELETE FROM mentions WHERE seq = (SELECT max(seq) FROM mentions)", Flaw.MENTION, None),
        ("UPDATE meta SET value = 40 WHERE key = 'anchor'", Flaw.ANCHOR, 40),
    ],
)  # fmt: skip
def test_tampering_is_found(journal_path, statement, flaw, at):
    assert verify(journal_path, Key().public_key).ok
    tamper(journal_path, statement)
    verdict = verify(journal_path, Key().public_key)
    assert verdict.flaw is flaw
    assert at is None or verdict.at == at
    assert verdict.detail


def test_a_silent_erasure_is_found(journal_path):
    """With a commitment the chain holds; only the missing tombstone tells."""
    database = sqlite3.connect(journal_path)
    seq, body, salt = database.execute(f"SELECT seq, body, salt FROM events WHERE seq = {PERSONAL}").fetchone()
    commitment = hashlib.sha256(b"menshen journal body 1\n" + salt + body).hexdigest()
    database.execute(f"UPDATE events SET body = NULL, salt = NULL, commitment = x'{commitment}' WHERE seq = {seq}")
    database.execute(f"DELETE FROM mentions WHERE seq = {seq}")
    database.commit()
    database.close()
    verdict = verify(journal_path, Key().public_key)
    assert (verdict.flaw, verdict.at) == (Flaw.ERASED, seq)


def test_a_cut_tail_needs_a_witness(journal_path, tmp_path):
    head = export_head(journal_path, tmp_path / "witness")
    assert head is not None
    whole = verify(journal_path, Key().public_key, head)
    assert whole.ok
    assert (whole.at, whole.signed_seq, whole.witnessed_seq, whole.hash) == (head.seq, head.seq, head.seq, head.hash)
    tamper(journal_path, "DELETE FROM events WHERE seq > 150", "DELETE FROM heads WHERE seq > 150",
           "DELETE FROM mentions WHERE seq > 150")  # fmt: skip
    assert verify(journal_path, Key().public_key).flaw in (None, Flaw.ERASED)  # the tombstone went with the tail
    cut = verify(journal_path, Key().public_key, head)
    assert not cut.ok
    # Without erased rows there is nothing but the witness that tells:
    journal, listener = open_journal(tmp_path / "b", **{}) if (tmp_path / "b").mkdir() is None else None
    fill(journal, listener, 60)
    journal.close()
    head = export_head(journal.path, tmp_path / "witness-b")
    tamper(
        journal.path, "DELETE FROM events WHERE seq > 50", "DELETE FROM heads", "DELETE FROM mentions WHERE seq > 50"
    )
    blind = verify(journal.path, Key().public_key)
    assert blind.ok
    assert (blind.at, blind.signed_seq, blind.witnessed_seq) == (50, 0, 0)
    told = verify(journal.path, Key().public_key, head)
    assert (told.flaw, told.at) == (Flaw.TAIL, 50)


def test_a_rewritten_journal_needs_a_witness(tmp_path):
    heads = []
    for place in ("first", "second"):
        (tmp_path / place).mkdir()
        journal, listener = open_journal(tmp_path / place)
        fill(journal, listener, 50)
        journal.close()
        heads.append(export_head(journal.path, tmp_path / f"{place}.head"))
    assert verify(journal.path, Key().public_key, heads[1]).ok
    verdict = verify(journal.path, Key().public_key, heads[0])
    assert (verdict.flaw, verdict.at) == (Flaw.WITNESS, 51)
    forged = msgspec.structs.replace(heads[1], seq=20)
    assert not verify(journal.path, Key().public_key, forged).ok
    stranger = verify(journal.path, Key(2).public_key)
    assert (stranger.flaw, stranger.at) == (Flaw.SIGNATURE, 51)
    unknown = verify(journal.path, None)
    assert unknown.ok
    assert unknown.signed_seq == 0


def test_verify_reports_progress(tmp_path, monkeypatch):
    monkeypatch.setattr("firmware.journal.proof.PROGRESS_ROWS", 50)
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 120)
    journal.close()
    seen = []
    assert verify(journal.path, None, progress=lambda done, total: seen.append((done, total))).rows == 121
    assert seen == [(50, 121), (100, 121)]


def test_erased_people_are_gone_from_the_files(tmp_path):
    journal, listener = open_journal(tmp_path)
    for number in range(300):
        people = Body(
            holder="Zhang-secret" if number % 3 == 0 else f"h{number}", second_holder="h1" if number % 2 else None
        )
        ticket = journal.append([Record(Event(Code.TAKEN, portal="d", body=people))], now_ms=number, utc_ms=UTC_MS)
    listener.wait_ticket(ticket)
    assert len(search(journal.path, holder="Zhang-secret", limit=1000)) == 100
    h1 = len(search(journal.path, holder="h1", limit=1000))
    listener.wait_ticket(journal.erase("Zhang-secret", now_ms=400, utc_ms=UTC_MS))
    assert search(journal.path, holder="Zhang-secret") == []
    assert len(search(journal.path, holder="h1", limit=1000)) == h1 - 50  # shared rows lose their body for both
    tombstone = search(journal.path, kind=Code.ERASED)[0]
    assert tombstone.event.count == 100
    assert tombstone.event.detail.startswith("2,5,8,")
    assert sum(row.erased for row in search(journal.path, limit=1000)) == 100
    verdict = verify(journal.path, Key().public_key)
    assert verdict.ok
    assert verdict.erased == 100
    listener.wait_ticket(journal.erase("Zhang-secret", now_ms=500, utc_ms=UTC_MS))  # again: nothing, and no tombstone
    assert len(search(journal.path, kind=Code.ERASED)) == 1
    assert journal.close()
    for file in tmp_path.iterdir():
        assert b"Zhang-secret" not in file.read_bytes(), file


def test_an_export_proves_itself(journal_path):
    """The chain recomputed with json and hashlib alone."""
    out = io.BytesIO()
    assert export(journal_path, "jsonl", out, with_bodies=True) == 202
    previous = bytes(32)
    bodies = 0
    for line in out.getvalue().splitlines():
        row = json.loads(line)
        assert bytes.fromhex(row["previous"]) == previous
        header = json.dumps(row["header"], separators=(",", ":"), ensure_ascii=False).encode()
        if "body" in row:
            bodies += 1
            body = json.dumps(row["body"], separators=(",", ":"), ensure_ascii=False).encode()
            proof = hashlib.sha256(b"menshen journal body 1\n" + bytes.fromhex(row["salt"]) + body).digest()
            assert proof.hex() == row["commitment"]
        material = b"menshen journal row 1\n" + previous + len(header).to_bytes(4, "big") + header
        previous = hashlib.sha256(material + bytes.fromhex(row["commitment"])).digest()
        assert row["hash"] == previous.hex()
    assert bodies > 50
    assert previous.hex() == verify(journal_path, None).hash


def test_exports_name_nobody_unless_asked(journal_path):
    for form in ("jsonl", "csv"):
        out = io.BytesIO()
        export(journal_path, form, out)
        assert b'"holder"' not in out.getvalue()
        assert re.search(rb"\bh\d+\b", out.getvalue()) is None
    with pytest.raises(QueryRefused, match="jsonl or csv"):
        export(journal_path, "xml", io.BytesIO())


@pytest.mark.attack("text-13")
def test_a_csv_cell_is_never_a_formula(tmp_path):
    journal, listener = open_journal(tmp_path)
    nasty = ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1", 'a"b,c\nd']
    for text in nasty:
        event = Event(Code.DENIED, portal=text, detail=text, body=Body(holder=text))
        ticket = journal.append([Record(event)], now_ms=-5, utc_ms=-1)
    listener.wait_ticket(ticket)
    journal.close()
    out = io.BytesIO()
    assert export(journal.path, "csv", out, with_bodies=True) == 9
    rows = list(csv.DictReader(io.StringIO(out.getvalue().decode(), newline="")))
    assert len(rows) == 9
    for row, text in zip(rows[1:], nasty, strict=True):
        for cell in (row["portal"], row["detail"], row["holder"]):
            assert cell in (text, "'" + text)
            assert cell.lstrip(" ")[:1] not in "=+-@\t\r＝"
    assert rows[1]["monotonic_ms"] == "-5"  # a number stays a number
    assert rows[1]["utc"] == "1969-12-31T23:59:59.999Z"


def test_exports_by_time(journal_path):
    out = io.BytesIO()
    count = export(journal_path, "jsonl", out, since_utc=UTC_MS + 10_000, until_utc=UTC_MS + 20_000)
    assert count == 10
    assert os.linesep.encode() not in out.getvalue().splitlines()[0]


def test_who_asked_for_an_erasure_stands_in_its_tombstone_even_where_nothing_was_left(tmp_path):
    key = Key()
    journal, listener = open_journal(tmp_path, key=key)
    about = Event(Code.GRANTED, body=Body(holder="Zhang-secret"))
    listener.wait_ticket(journal.append([Record(about)], now_ms=1, utc_ms=UTC_MS))
    asked = Body(issuer="Li of the office", note="moved away")
    for number in range(2):
        ticket = journal.erase("Zhang-secret", now_ms=2, utc_ms=UTC_MS, asked=asked, request=f"r{number}")
        listener.wait_ticket(ticket)
        assert b"Zhang-secret" not in journal.path.with_name("journal.db-wal").read_bytes(), (
            "durable and out of the log"
        )
    assert journal.close()
    tombstones = search(journal.path, kind=Code.ERASED, with_bodies=True)
    assert [(row.event.count, row.event.request, row.event.body) for row in tombstones] == [
        (0, "r1", asked),
        (1, "r0", asked),
    ]
    assert verify(journal.path, key.public_key).ok
