"""A source is made, opened, changed by one at a time, and refused when it is not what it was."""

from __future__ import annotations

import os
import random
import sqlite3
import stat
from contextlib import closing

import pytest

from firmware.roster.source.errors import ChangeRefused, SourceBusy, SourceDamaged, SourceError, SourceMissing
from firmware.roster.source.history import verify_history
from firmware.roster.source.schema import ENTITIES
from firmware.roster.source.store import Source
from tests.roster_source.conftest import AT_S, tables


def test_it_is_its_owners_alone_and_says_how_it_is_kept(source, path):
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    pragmas = {name: source.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2}  # 2: FULL
    assert source.db.execute("PRAGMA secure_delete").fetchone()[0] == 1
    assert source.db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert source.time_zone.key == "Asia/Shanghai"


def test_none_is_overwritten(source, path):
    before = tables(source.db)
    with pytest.raises(SourceError, match="already there"):
        Source.create(path, time_zone="Asia/Shanghai")
    assert tables(source.db) == before


def test_a_source_that_cannot_be_made_leaves_nothing(tmp_path):
    with pytest.raises(ChangeRefused, match="no time zone"):
        Source.create(tmp_path / "s.db", time_zone="Asia/Nowhere")
    with pytest.raises(ChangeRefused, match="who"):
        Source.create(tmp_path / "s.db", time_zone="Asia/Shanghai", who=" ")
    with pytest.raises(SourceError, match="cannot be made"):
        Source.create(tmp_path / "no" / "s.db", time_zone="Asia/Shanghai")
    assert list(tmp_path.iterdir()) == []


def test_there_is_none(tmp_path):
    with pytest.raises(SourceMissing, match="roster new"):
        Source.open(tmp_path / "s.db")


def test_a_batch_is_there_for_the_next_who_opens(source, path):
    head = source.head
    source.close()
    with Source.open(path, readonly=True) as again:
        assert again.head == head
        assert again.head.batch == 3
        assert len(tables(again.db)["holder"]) == 3
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            again.db.execute("DELETE FROM built")


@pytest.mark.parametrize(("who", "why"), [("", "because"), ("office", ""), (" \t", "because"), ("office", "a\0b")])
def test_nobody_changes_without_a_name_and_a_reason(source, who, why):
    head = source.head
    with pytest.raises(ChangeRefused), source.batch("edit", who, why, AT_S):
        pytest.fail("a batch without a name or reason was begun")
    assert source.head == head


def test_what_raises_inside_of_a_batch_drops_it_whole(source):
    before, head = tables(source.db), source.head

    def a_try():
        with source.batch("edit", "office", "a try", AT_S) as batch:
            batch.db.execute("UPDATE holder SET name = 'x'")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        a_try()
    assert (tables(source.db), source.head) == (before, head)
    assert source.db.execute("SELECT count(*) FROM open_batch").fetchone()[0] == 0


def test_a_batch_that_changes_nothing_leaves_no_trace(source):
    head = source.head
    with source.batch("edit", "office", "a try", AT_S) as batch:
        batch.db.execute("UPDATE holder SET name = 'x'")
        batch.db.execute("UPDATE holder SET name = NULL WHERE id = 'p3'")
        batch.db.execute("UPDATE holder SET name = '张三' WHERE id = 'p1'")
        batch.db.execute("UPDATE holder SET name = '李四' WHERE id = 'p2'")
        batch.db.execute("INSERT INTO household (id) VALUES ('here-and-gone')")
        batch.db.execute("DELETE FROM household WHERE id = 'here-and-gone'")
    assert batch.changes == 0
    assert source.head == head
    verify_history(source.db)


def test_a_second_who_changes_is_told_to_wait_and_readers_read_on(source, path):
    with Source.open(path) as second, Source.open(path, readonly=True) as reader:
        second.db.execute("PRAGMA busy_timeout = 10")
        with source.batch("edit", "office", "first", AT_S) as batch:
            batch.db.execute("UPDATE holder SET name = 'x' WHERE id = 'p1'")
            with pytest.raises(SourceBusy, match="Wait"), second.batch("edit", "other", "second", AT_S):
                pytest.fail("two batches at once")
            assert tables(reader.db)["holder"]["p1"]["name"] == "张三"
        assert tables(reader.db)["holder"]["p1"]["name"] == "x"
        with second.batch("edit", "other", "second", AT_S) as batch:
            batch.db.execute("UPDATE holder SET name = 'y' WHERE id = 'p1'")
    assert source.head.batch == 5
    verify_history(source.db)


def test_a_snapshot_is_one_state(source, path):
    with Source.open(path, readonly=True) as reader, reader.snapshot() as db:
        before = tables(db)
        with source.batch("edit", "office", "meanwhile", AT_S) as batch:
            batch.db.execute("UPDATE holder SET name = 'x'")
        assert tables(db) == before


def _other_application(db):
    db.execute("PRAGMA application_id = 7")


def _dropped_trigger(db):
    db.execute("DROP TRIGGER holder_update")


def _foreign_view(db):
    db.execute("CREATE VIEW names AS SELECT name FROM holder")


def _foreign_trigger(db):
    db.execute("CREATE TRIGGER spy AFTER INSERT ON batch BEGIN DELETE FROM holder; END")


@pytest.mark.attack("roster-52")
@pytest.mark.parametrize("change", [_other_application, _dropped_trigger, _foreign_view, _foreign_trigger])
def test_a_file_whose_schema_somebody_changed_is_refused(source, path, change):
    source.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        change(db)
    for readonly in (True, False):
        with pytest.raises(SourceDamaged):
            Source.open(path, readonly=readonly)


def test_another_format_is_told(source, path):
    source.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA user_version = 2")
    with pytest.raises(SourceError, match="format 2"):
        Source.open(path)


def test_no_damage_is_ever_repaired_silently(source, path):
    """Where 16 bytes that carry something are overwritten, the proof says so, and nothing is written. Seed 7."""
    chance = random.Random(7)
    source.close()
    whole = path.read_bytes()
    places = [start for start in range(0, len(whole), 16) if any(whole[start : start + 16])]
    silent, told = [], []
    for start in chance.sample(places, 80):
        path.write_bytes(whole[:start] + chance.randbytes(16) + whole[start + 16 :])
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        damaged = path.read_bytes()
        try:
            with Source.open(path, readonly=True) as bad:
                bad.prove()
        except SourceError as error:
            told.append(str(error))
        else:
            silent.append(start)
        assert path.read_bytes() == damaged
    assert all(path.name in why for why in told)
    # The first 100 bytes are SQLite's own header, with counters that mean nothing at rest.
    assert [start for start in silent if start >= 100] == []


@pytest.mark.parametrize("size", [0, 10, 100, 5_000])
def test_a_file_cut_off_is_told(source, path, size):
    source.close()
    os.truncate(path, size)
    with pytest.raises(SourceError), Source.open(path) as cut:
        cut.prove()


def test_no_source_is_refused(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\3\4" + bytes(9_000))
    with pytest.raises(SourceDamaged, match="no roster source"):
        Source.open(path)
    assert path.read_bytes() == b"PK\3\4" + bytes(9_000)


@pytest.mark.parametrize("entity", ENTITIES)
def test_outside_of_a_batch_nothing_can_be_written(source, entity):
    before = tables(source.db)
    last = list(next(iter(before[entity].values())))[-1]
    value = 7 if (entity, last) in INTEGERS else "'[]'"
    statements = [f"DELETE FROM {entity}"]
    statements += [f"{verb} INTO {entity} VALUES ({NEW[entity]})" for verb in ("INSERT", "INSERT OR IGNORE", "REPLACE")]
    statements += [f"UPDATE {verb} {entity} SET {last} = {value}" for verb in ("", "OR IGNORE", "OR REPLACE")]
    for statement in statements:
        with pytest.raises(sqlite3.IntegrityError, match="inside of a batch"):
            source.db.execute(statement)
    assert tables(source.db) == before


INTEGERS = {("vehicle", "use_limit"), ("area", "places")}
NEW = {
    "setting": "'a', 'b'",
    "household": "'a', NULL, NULL, NULL",
    "holder": "'a', NULL, NULL, NULL, NULL, '[]', 0, NULL, NULL, NULL",
    "credential": "1, 'a', 'p1', 0, 0, NULL, NULL, NULL, NULL",
    "vehicle": "'a', 'p1', NULL, NULL, 0, NULL, NULL, NULL",
    "profile": "'a', '[]'",
    "schedule": "'a', '[]', '{}'",
    "special_day": "1, 'a'",
    "area": "'a', NULL, NULL",
}


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM batch",
        "UPDATE batch SET why = 'x'",
        "DELETE FROM change",
        "UPDATE change SET after = NULL",
        "INSERT INTO change (batch, entity, id) VALUES (3, 'holder', 'p9')",
        "INSERT INTO batch (id, at_s, kind, who, first, changes, hash) VALUES (9, 0, 'edit', 'x', 0, 0, x'00')",
    ],
)
def test_history_only_grows(source, statement):
    with pytest.raises(sqlite3.IntegrityError):
        source.db.execute(statement)
    with pytest.raises(SourceError), source.batch("edit", "office", "a try", AT_S) as batch:
        batch.db.execute(statement)
    verify_history(source.db)


def test_an_id_never_changes(source):
    with pytest.raises(SourceError, match="never changes"), source.batch("edit", "office", "a try", AT_S) as batch:
        batch.db.execute("UPDATE holder SET id = 'p9' WHERE id = 'p3'")


@pytest.mark.parametrize("pages", [0, 3, 20])
@pytest.mark.parametrize("whole", [False, True])
def test_a_full_disk_changes_nothing(source, pages, whole):
    """SQLite's own limit of pages stands for the disk: the error and what it rolls back are the same (SQLITE_FULL)."""
    before, head = tables(source.db), source.head
    count = source.db.execute("PRAGMA page_count").fetchone()[0]
    source.db.execute("CREATE TEMP TABLE given (id)")
    source.db.executemany("INSERT INTO temp.given VALUES (?)", [(f"h{number:05}",) for number in range(5_000)])
    source.db.execute(f"PRAGMA max_page_count = {count + pages}")

    def change():
        with source.batch("import", "office", "a long list", AT_S) as batch:
            if whole:
                batch.put("household", "SELECT id, NULL, NULL, NULL FROM temp.given")
            else:
                batch.db.execute("INSERT INTO household (id) SELECT id FROM temp.given")

    with pytest.raises(SourceError, match="disk is full"):
        change()
    assert (tables(source.db), source.head) == (before, head)
    source.db.execute("PRAGMA max_page_count = 100000")
    change()
    assert source.prove().head.batch == head.batch + 1
