"""The file of visitors' names: as the release before made it, opened by several at once, cut, and of a wrong clock."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest

from firmware.roster import visitor_book

NOW_S = 1_795_700_000
UNTIL_S = NOW_S + 86_400
# As firmware/people/visitors.py made it before there was a host.
OF_OLD = "CREATE TABLE visitor (id TEXT PRIMARY KEY, name TEXT NOT NULL, until_s INTEGER NOT NULL) STRICT"
AT_ONCE, ROUNDS = 6, 15
CUT = """
import os, signal, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
for sql in sys.argv[2:]:
    db.execute(sql)
os.kill(os.getpid(), signal.SIGKILL)
"""


def of_old(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(OF_OLD)
        db.execute("INSERT INTO visitor VALUES ('v0', 'Chen Bo', ?)", (UNTIL_S,))


def test_a_file_of_the_release_before_is_opened_by_several_at_once(tmp_path: Path) -> None:
    """Whoever comes second finds it renewed, and is not told that it cannot be."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for n in range(ROUNDS):
            path, together = tmp_path / f"{n}.db", Barrier(AT_ONCE)
            of_old(path)

            def opens(number: int, path: Path = path, together: Barrier = together) -> None:
                together.wait()
                visitor_book.add(path, NOW_S, f"v{number}", f"Wu {number}", UNTIL_S, "f1")

            for done in [pool.submit(opens, number) for number in range(1, AT_ONCE + 1)]:
                done.result()
            ids = [f"v{number}" for number in range(AT_ONCE + 1)]
            assert len(visitor_book.names(path, NOW_S, ids)) == AT_ONCE + 1


@pytest.mark.parametrize(
    "done",
    [
        (),
        ("BEGIN IMMEDIATE", "ALTER TABLE visitor ADD COLUMN host TEXT"),
        ("ALTER TABLE visitor ADD COLUMN host TEXT",),
        ("BEGIN IMMEDIATE", "ALTER TABLE visitor ADD COLUMN host TEXT", "PRAGMA user_version = 1"),
    ],
)
def test_killed_while_it_is_renewed_the_next_one_finds_it_as_it_was_or_renewed(
    tmp_path: Path, done: tuple[str, ...]
) -> None:
    path = tmp_path / "visitors.db"
    of_old(path)
    cut = subprocess.run([sys.executable, "-c", CUT, str(path), *done], check=False)
    assert cut.returncode == -signal.SIGKILL
    visitor_book.add(path, NOW_S, "v1", "Wu Fan", UNTIL_S, "f1")
    assert visitor_book.names(path, NOW_S, ["v0", "v1"]) == {"v0": "Chen Bo", "v1": "Wu Fan"}
    assert visitor_book.erase(path, NOW_S, "nobody", "f1") == 1
    assert visitor_book.names(path, NOW_S, ["v0", "v1"]) == {"v0": "Chen Bo"}


def test_a_name_goes_a_month_after_the_visit_and_no_byte_of_it_stays(tmp_path: Path) -> None:
    path = tmp_path / "visitors.db"
    visitor_book.add(path, NOW_S, "v1", "Wu Fan", UNTIL_S, None)
    assert visitor_book.names(path, UNTIL_S + visitor_book.KEPT_S, ["v1"]) == {"v1": "Wu Fan"}
    assert visitor_book.names(path, UNTIL_S + visitor_book.KEPT_S + 1, ["v1"]) == {}
    assert b"Wu Fan" not in path.read_bytes()
    assert os.listdir(tmp_path) == ["visitors.db"]


def test_a_clock_that_is_not_set_forgets_nobody(tmp_path: Path) -> None:
    path = tmp_path / "visitors.db"
    visitor_book.add(path, NOW_S, "v1", "Wu Fan", UNTIL_S, None)
    assert visitor_book.names(path, 0, ["v1"]) == {"v1": "Wu Fan"}
