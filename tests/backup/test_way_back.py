"""The way back of a restore, cut anywhere: what was half forgotten is never taken for what never stood there."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys

import pytest

from firmware.backup import swap
from firmware.backup.unpacking import open_backup
from firmware.roster import visitor_book
from firmware.roster.source.store import Source
from firmware.terminal import now_utc_s
from tests.backup.boards import PASSPHRASE, Board, handmade
from tests.backup.conftest import BY
from tests.backup.test_restore import made, put_back
from tests.config.site_files import demo_site, write

KILLED_WITH_A_LOG = """
import os, signal, sys
from pathlib import Path
from firmware.roster.source.store import Source
source = Source.open(Path(sys.argv[1])).__enter__()
with source.batch("edit", "office", "since", 1) as batch:
    batch.db.execute("UPDATE holder SET note = 'in the log'")
os.kill(os.getpid(), signal.SIGKILL)
"""


def names(board: Board) -> list[str]:
    """Of whom the list knows."""
    with Source.open(board.source, readonly=True) as source:
        source.prove()
        return [name for (name,) in source.db.execute("SELECT name FROM holder ORDER BY id")]


def kept(board: Board) -> list[str]:
    return [name for name in board.files() if "before_restore" in name]


def forgotten_up_to(board: Board, step: int) -> bool:
    """Forget in a process that is killed before a step; whether it was."""
    left = step

    def reached(_: str) -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    child = os.fork()
    if child == 0:
        try:
            swap.forget(board.site, reached)
        finally:
            os._exit(0)
    _, how = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(how) == -signal.SIGKILL


@pytest.mark.attack("backup-28")
def test_what_was_half_forgotten_is_no_way_back_and_takes_nothing_away(menshen, old, backup, tmp_path):
    """Killed between two files: an undo of then would take the list for one that came with the restore, and away."""
    old.make_accounts("wang").close()
    made(menshen, old, backup)
    put_back(menshen, backup, old)
    stands = (names(old), old.accounts(), old.site.read_bytes())
    for step in range(100):
        was_killed = forgotten_up_to(old, step)
        left = kept(old)
        undone = menshen("undo", old.site, *BY)
        if was_killed and step == 0:
            assert undone.status == 0, "nothing was forgotten yet"
            assert menshen("undo", old.site, *BY).status == 0
        else:
            assert undone.status == 2, (step, undone)
            assert kept(old) == left
        assert (names(old), old.accounts(), old.site.read_bytes()) == stands, step
        if not was_killed:
            break
        if step:
            assert "forget" in undone.err, "what to do"
        assert menshen("forget", old.site, *BY).status == 0
        assert kept(old) == []
        put_back(menshen, backup, old)
    else:
        pytest.fail("it never came to its end")
    assert step > 4


def test_what_went_with_an_undo_comes_back_with_the_next(menshen, old, new, backup):
    """Onto a board that had a site and nothing else; undone by mistake, and undone again."""
    old.make_accounts("wang").close()
    book = old.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700)
    visitor_book.add(book, now_utc_s(), "v1", "Chen Bo", now_utc_s() + 86_400, None)
    made(menshen, old, backup)
    write(new.site.parent, demo_site())
    put_back(menshen, backup, new)
    there = new.state / visitor_book.PLACE
    for _ in range(2):
        stands = (names(new), new.accounts(), (new.site.parent / "rules.toml").read_bytes())
        assert stands[1] == ["wang"]
        answer = menshen("undo", new.site, *BY)
        assert answer.status == 0, answer.err
        for gone in (new.source, new.state / "network" / "accounts.db", there, new.site.parent / "rules.toml"):
            assert not gone.exists(), gone
        answer = menshen("undo", new.site, *BY)
        assert answer.status == 0, answer.err
        assert (names(new), new.accounts(), (new.site.parent / "rules.toml").read_bytes()) == stands
        assert visitor_book.names(there, now_utc_s(), ["v1"]) == {"v1": "Chen Bo"}
    assert menshen("forget", new.site, *BY).status == 0
    assert kept(new) == []


def test_no_log_of_a_list_that_went_lies_beside_the_next_one(menshen, old, new, backup):
    """A desk that was killed has left one: SQLite would take it for the new file's."""
    made(menshen, old, backup)
    write(new.site.parent, demo_site())
    put_back(menshen, backup, new)
    cut = subprocess.run([sys.executable, "-c", KILLED_WITH_A_LOG, str(new.source)], check=False)
    assert cut.returncode == -signal.SIGKILL
    logs = [new.source.with_name(new.source.name + suffix) for suffix in ("-wal", "-shm")]
    assert logs[0].stat().st_size > 0
    answer = menshen("undo", new.site, *BY)
    assert answer.status == 0, answer.err
    assert not new.source.exists()
    assert [log.name for log in logs if log.exists()] == []
    answer = menshen("undo", new.site, *BY)
    assert answer.status == 0, answer.err
    with Source.open(new.source, readonly=True) as source:
        assert source.db.execute("SELECT DISTINCT note FROM holder").fetchall() == [("in the log",)], "nothing is lost"


@pytest.mark.parametrize("script", ["", "PRAGMA journal_mode = DELETE"])
def test_a_book_of_visitors_that_was_never_begun_stops_no_backup(menshen, old, new, backup, script):
    """Killed, or out of room, between the file's name and its table."""
    book = old.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700)
    book.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(book)) as db:
        db.executescript(script)
    assert book.stat().st_size == 0
    told = made(menshen, old, backup, "--json").told
    assert "visitors" not in [part["kind"] for part in told["parts"]]
    put_back(menshen, backup, new)
    visitor_book.add(book, now_utc_s(), "v1", "Chen Bo", now_utc_s() + 86_400, None)
    assert visitor_book.names(book, now_utc_s(), ["v1"]) == {"v1": "Chen Bo"}


def test_a_backup_of_the_release_before_goes_back_and_leaves_the_names_of_visitors(menshen, old, backup, tmp_path):
    """Its list has schema 1, and knows of no such part."""
    made(menshen, old, backup)
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    parts = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    key = old.identity.digest_key_id
    of_old = handmade(tmp_path / "of_old", tmp_path, parts, schema=1, digest_key_id=key)
    book = old.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700)
    visitor_book.add(book, now_utc_s(), "v1", "Chen Bo", now_utc_s() + 86_400, None)
    put_back(menshen, of_old, old)
    assert visitor_book.names(book, now_utc_s(), ["v1"]) == {"v1": "Chen Bo"}
    assert menshen("undo", old.site, *BY).status == 0
    assert visitor_book.names(book, now_utc_s(), ["v1"]) == {"v1": "Chen Bo"}


@pytest.mark.parametrize(
    "script", ["CREATE TABLE visitor (x)", "CREATE TABLE other (id)", "CREATE VIEW visitor AS SELECT 1"]
)
def test_what_is_no_book_of_visitors_is_not_put_back(menshen, old, new, backup, tmp_path, script):
    """It would have stopped every invitation and every erasure."""
    made(menshen, old, backup)
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")
    with contextlib.closing(sqlite3.connect(tmp_path / "strange.db")) as db:
        db.executescript(script)
    parts = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    parts["visitors", ""] = (tmp_path / "strange.db").read_bytes()
    strange = handmade(tmp_path / "strange", tmp_path, parts, digest_key_id=old.identity.digest_key_id)
    assert "visitors" in put_back(menshen, strange, new, status=1).err
    assert not (new.state / visitor_book.PLACE).exists()
