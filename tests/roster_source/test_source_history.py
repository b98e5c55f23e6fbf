"""Everything that changes leaves its history: the model is a dictionary, the chain is computed anew from its page."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.roster.source.errors import SourceDamaged
from firmware.roster.source.history import verify_history
from firmware.roster.source.store import Source
from tests.roster_source.conftest import AT_S, Tables, tables

CHECKED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def history(db: sqlite3.Connection, batch: int) -> dict[tuple[str, str], tuple[object, object]]:
    """(entity, id) -> (before, after) of one batch, decoded."""
    rows = db.execute("SELECT entity, id, before, after FROM change WHERE batch = ?", (batch,)).fetchall()
    found = {(entity, id): tuple(json.loads(text or "null") for text in words) for entity, id, *words in rows}
    assert len(found) == len(rows)
    return found


def difference(before: Tables, after: Tables) -> dict[tuple[str, str], tuple[object, object]]:
    """The same from the tables before and after."""
    found = {}
    for entity in before:
        for id in {*before[entity], *after[entity]}:
            old, new = before[entity].get(id), after[entity].get(id)
            if old != new:
                found[entity, id] = (old, new)
    return found


TEXTS = st.one_of(st.none(), st.sampled_from(["a", "张三", 'x"y\\', "\u202eabc", "💡", "' OR 1=1 --", "a\nb\x01"]))
CARDS = st.sampled_from([f"H10301:1:{number}" for number in range(1, 6)])
HOLDERS = st.sampled_from(["p1", "p2", "p3"])
HOUSEHOLDS = st.sampled_from(["3-2-501", "3-2-502", "3-2-503"])
STATEMENTS = st.one_of(
    st.tuples(st.just("UPDATE holder SET name = ? WHERE id = ?"), TEXTS, HOLDERS),
    st.tuples(st.just("UPDATE OR REPLACE holder SET flags = flags + 1"), st.just(())),
    st.tuples(st.just("INSERT OR REPLACE INTO household (id, label) VALUES (?, ?)"), HOUSEHOLDS, TEXTS),
    st.tuples(st.just("INSERT OR IGNORE INTO household (id, label) VALUES (?, ?)"), HOUSEHOLDS, TEXTS),
    st.tuples(
        st.just(
            "INSERT INTO household (id, label) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET label = excluded.label"
        ),
        HOUSEHOLDS,
        TEXTS,
    ),
    st.tuples(st.just("DELETE FROM credential WHERE key = ?"), CARDS),
    st.tuples(
        st.just("REPLACE INTO credential (kind, key, holder, printed) VALUES (1, ?, ?, ?)"), CARDS, HOLDERS, TEXTS
    ),
    st.tuples(st.just("UPDATE OR IGNORE credential SET status = 2 - status WHERE holder = ?"), HOLDERS),
    st.tuples(st.just("DELETE FROM vehicle"), st.just(())),
    st.tuples(st.just("INSERT OR IGNORE INTO vehicle (plate, holder) VALUES ('沪A12345', ?)"), HOLDERS),
    st.tuples(st.just("UPDATE area SET places = places + 1"), st.just(())),
    st.tuples(st.just("INSERT OR REPLACE INTO special_day VALUES (739890, ?)"), st.sampled_from(["holiday", "other"])),
)


@CHECKED
@given(st.lists(st.lists(STATEMENTS, min_size=1, max_size=8), min_size=1, max_size=4))
def test_whatever_is_changed_is_in_the_history(source, batches):
    for statements in batches:
        before, head = tables(source.db), source.head
        with source.batch("edit", "office", "a test", AT_S) as batch:
            for sql, *parameters in statements:
                batch.db.execute(sql, [one for one in parameters if one != ()])
        changed = difference(before, tables(source.db))
        assert batch.changes == len(changed)
        assert history(source.db, batch.id) == changed or not changed
        assert (source.head == head) == (not changed)
    source.prove()


ROWS = st.dictionaries(
    HOUSEHOLDS | st.sampled_from(["4-1-1", "4-1-2"]), st.tuples(TEXTS, st.none() | st.integers(0, 3))
)


@CHECKED
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), ROWS),
            st.tuples(st.just("take"), st.sets(st.sampled_from(["3-2-502", "4-1-1", "4-1-2", "nowhere"]))),
            st.tuples(st.just("row"), st.tuples(HOUSEHOLDS, TEXTS)),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_whole_statements_note_the_same_as_rows_do(source, steps):
    before = tables(source.db)
    households = before["household"]
    expected = {id: dict(row) for id, row in households.items()}
    source.db.execute("CREATE TEMP TABLE IF NOT EXISTS given (id, label, spaces)")
    with source.batch("import", "office", "a test", AT_S) as batch:
        for what, value in steps:
            batch.db.execute("DELETE FROM temp.given")
            if what == "put":
                rows = [(id, label, spaces) for id, (label, spaces) in value.items()]
                batch.db.executemany("INSERT INTO temp.given VALUES (?, ?, ?)", rows)
                batch.put("household", "SELECT id, label, spaces, NULL FROM temp.given")
                for id, label, spaces in rows:
                    expected[id] = {"id": id, "label": label, "spaces": spaces, "note": None}
            elif what == "take":
                batch.db.executemany("INSERT INTO temp.given VALUES (?, NULL, NULL)", [(id,) for id in value])
                batch.take("household", "SELECT id FROM temp.given")
                expected = {id: row for id, row in expected.items() if id not in value}
            else:
                batch.db.execute("UPDATE household SET label = ? WHERE id = ?", (value[1], value[0]))
                if value[0] in expected:
                    expected[value[0]] = {**expected[value[0]], "label": value[1]}
    after = tables(source.db)
    assert after["household"] == expected
    changed = difference(before, after)
    assert batch.changes == len(changed)
    assert not changed or history(source.db, batch.id) == changed
    source.prove()


def test_keys_of_credentials_and_days_are_taken_and_put_whole(source):
    before = tables(source.db)
    with source.batch("import", "office", "a test", AT_S) as batch:
        batch.take("credential", "SELECT 1, 'H10301:1:2' UNION ALL SELECT 2, 'H10301:1:1'")
        batch.put("credential", "SELECT 1, 'H10301:1:1', 'p2', 1, 0, NULL, NULL, 5, NULL")
        batch.put("special_day", "SELECT 739890, 'other' UNION ALL SELECT 739891, 'holiday'")
    after = tables(source.db)
    assert set(after["credential"]) == {"1:H10301:1:1", "1:H10301:1:3"}
    assert after["credential"]["1:H10301:1:1"]["use_limit"] == 5
    assert history(source.db, batch.id) == difference(before, after)
    source.prove()


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def test_the_chain_is_what_its_page_says(source):
    """Computed with hashlib and json alone, from the text of firmware/roster/source/history.py."""
    with source.batch("edit", "office", 'why "so"\\', AT_S) as batch:
        batch.db.execute("UPDATE holder SET name = '💡\"\\\u202e' WHERE id = 'p1'")
    previous = bytes(32)
    rows = source.db.execute(
        "SELECT id, at_s, kind, who, sha256, undoes, changes, why, file, salt, hash FROM batch ORDER BY id"
    ).fetchall()
    assert len(rows) == 4
    for *header, why, file, salt, found in rows:
        digest = hashlib.sha256()
        sql = "SELECT salt, entity, id, before, after FROM change WHERE batch = ? ORDER BY place"
        for salt_of_change, *words in source.db.execute(sql, (header[0],)):
            digest.update(_sha(b"menshen source change 1\n", salt_of_change, _json(words)))
        words_of_batch = _sha(b"menshen source words 1\n", salt, _json([why, file]))
        text = _json(header)
        length = len(text).to_bytes(4, "big")
        previous = _sha(b"menshen source batch 1\n", previous, length, text, words_of_batch, digest.digest())
        assert previous == found
    assert source.head == (4, previous)
    assert source.db.execute("SELECT count(DISTINCT salt), min(length(salt)) FROM change").fetchone() == (
        source.db.execute("SELECT count(*) FROM change").fetchone()[0],
        16,
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE batch SET who = 'other' WHERE id = 3",
        "UPDATE batch SET why = 'other' WHERE id = 2",
        "UPDATE batch SET at_s = at_s + 1 WHERE id = 2",
        "UPDATE batch SET changes = changes + 1 WHERE id = 3",
        "UPDATE batch SET first = first + 1 WHERE id = 3",
        "UPDATE change SET after = replace(after, '张三', '李四')",
        "UPDATE change SET entity = 'area' WHERE entity = 'holder'",
        "UPDATE change SET batch = 2 WHERE place = (SELECT max(place) FROM change)",
        "UPDATE change SET salt = zeroblob(16) WHERE place = 3",
        "UPDATE change SET place = place + 100",
        "DELETE FROM change WHERE batch = 2",
        "INSERT INTO change (batch, entity, id, after, salt) VALUES (3, 'holder', 'p9', '{}', zeroblob(16))",
        "DELETE FROM batch WHERE id = 2",
        "DELETE FROM batch WHERE id = 3",
        "UPDATE holder SET name = '王五' WHERE id = 'p1'",
        "DELETE FROM credential WHERE key = 'H10301:1:3'",
        "INSERT INTO credential (kind, key, holder) VALUES (1, 'H10301:1:9', 'p1')",
        "UPDATE setting SET value = 'Europe/Berlin'",
    ],
)
def test_what_is_written_past_the_programs_is_found(source, path, statement):
    """By somebody who takes the triggers off first and puts them back."""
    source.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        assert db.execute(statement).rowcount > 0
        for _, sql in triggers:
            db.execute(sql)
    with Source.open(path, readonly=True) as again, pytest.raises(SourceDamaged):
        again.prove()


def test_a_cut_end_shows_by_the_head_only(source):
    """What the chain cannot show, its page says: the head that was written down elsewhere does."""
    head = source.head
    with source.batch("edit", "office", "one more", AT_S) as batch:
        batch.db.execute("UPDATE holder SET name = 'x' WHERE id = 'p1'")
    assert source.head.batch == head.batch + 1
    assert source.head.hash != head.hash
    assert verify_history(source.db).head == source.head


def test_many_rows_are_noted_in_the_order_of_their_keys_however_they_come(source):
    """Seed 5: the same list in another order gives the same history, but for the salts."""
    numbers = list(range(500))
    random.Random(5).shuffle(numbers)
    source.db.execute("CREATE TEMP TABLE given (id)")
    source.db.executemany("INSERT INTO temp.given VALUES (?)", [(f"h{number:04}",) for number in numbers])
    with source.batch("import", "office", "a test", AT_S) as batch:
        batch.put("household", "SELECT id, NULL, NULL, NULL FROM temp.given")
    ids = [id for (id,) in source.db.execute("SELECT id FROM change WHERE batch = ? ORDER BY place", (batch.id,))]
    assert ids == sorted(ids)
    assert len(ids) == 500
