"""SIGKILL before each step of a restore, and before each step of carrying it on: the old board, whole, or the new."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.backup.unpacking import open_backup
from firmware.controller.__main__ import finish_begun
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import search, verify
from firmware.roster.source.store import Source
from tests.backup.boards import PASSPHRASE, Board, handmade
from tests.backup.conftest import BY
from tests.backup.killing import killed

ROOT = Path(__file__).parents[2]
FILES = ("etc/site.toml", "etc/rules.toml", "state/office.source.db", "state/network/accounts.db")


@pytest.fixture
def boards(menshen, old, backup, tmp_path):
    """A backup of how the board was; the board as it is now; and a function that gives it back as it is now."""
    db = old.make_accounts("wang", log=True)
    answer = menshen("create", old.site, backup, "--state", old.state, *BY)
    assert answer.status == 0, answer.err
    (tmp_path / "open").mkdir()
    opened = open_backup(backup, PASSPHRASE, tmp_path / "open")  # to be sealed again, cheaply for so many
    parts = {
        (part.kind, part.name): copy.read_bytes()
        for part, copy in zip(opened.contents.parts, opened.copies, strict=True)
    }
    cheap = handmade(tmp_path / "cheap", tmp_path, parts, digest_key_id=old.identity.digest_key_id)
    was = {name: (old.folder / name).read_bytes() for name in FILES[:2]}
    db.execute("INSERT INTO account VALUES ('since', 'x')")  # in the log, until it is closed
    db.close()
    with Source.open(old.source) as source, source.batch("edit", "office", "since", 1) as batch:
        batch.db.execute("UPDATE holder SET name = 'Since' WHERE id = 'resident'")
    for name in FILES[:2]:
        (old.folder / name).write_bytes(was[name] + b"\n# since\n")
    kept = tmp_path / "kept"
    shutil.copytree(old.folder, kept)

    def again() -> None:
        shutil.rmtree(old.folder)
        shutil.copytree(kept, old.folder)

    return cheap, old, again


def which(board: Board) -> set[str]:
    """Of each part whether it is the old or the new one."""
    found = {"old" if b"# since" in (board.folder / name).read_bytes() else "new" for name in FILES[:2]}
    with Source.open(board.source, readonly=True) as source:
        source.prove()
        name = source.db.execute("SELECT name FROM holder WHERE id = 'resident'").fetchone()[0]
    found.add("old" if name == "Since" else "new")
    found.add("old" if "since" in board.accounts() else "new")
    return found


def left_over(board: Board) -> list[str]:
    names = [str(path) for path in board.folder.rglob("*") if path.is_file()]
    return [name for name in names if name.endswith((".restored", ".restore", ".new"))]


def restored_events(board: Board) -> int:
    path = board.state / "journal" / "journal.db"
    assert verify(path, Identity.load_or_create(board.state / "identity").public_key).ok
    return len(search(path, kind=Code.BACKUP_RESTORED))


@pytest.mark.slow
@pytest.mark.attack("backup-13")
def test_killed_before_any_step_it_is_the_old_or_the_new_whole_after_the_next_start(boards):
    backup, board, again = boards
    seen: list[set[str]] = []
    for step in range(200):
        was_killed, _ = killed(board, backup, step)
        finish_begun(board.site)  # what the controller does before it reads its site file
        stands = which(board)
        assert len(stands) == 1, (step, stands)
        assert left_over(board) == [], step
        assert restored_events(board) == (stands == {"new"}), step
        seen.append(stands)
        if not was_killed:
            break
        again()
    else:
        pytest.fail("it never came to its end")
    assert seen == sorted(seen, key=lambda stands: stands == {"new"})  # never back
    assert seen.count({"old"}) >= 8
    assert seen.count({"new"}) >= 12


@pytest.mark.slow
@pytest.mark.attack("backup-14")
def test_killed_again_while_it_is_carried_on_it_is_the_new_whole(boards):
    backup, board, again = boards
    steps = killed(board, backup, 200)[1]
    committed = steps.index("commit") + 2  # the first step after the list says so
    again()
    for step in range(200):
        killed(board, backup, committed)
        was_killed, _ = killed(board, backup, step, again=True)
        if not was_killed:
            break
        finish_begun(board.site)
        assert which(board) == {"new"}, step
        assert left_over(board) == [], step
        assert restored_events(board) == 1, step
        again()
    else:
        pytest.fail("it never came to its end")
    assert step >= 8


def test_a_log_that_somebody_writes_in_between_is_never_taken_for_the_new_file_s(boards):
    """Killed once it counts; then a program that was never told opens the old accounts, writes, and stays there."""
    backup, board, _ = boards
    for step in range(200):
        _, steps = killed(board, backup, step)
        if steps and steps[-1] == "commit":
            break
    path = board.state / "network" / "accounts.db"
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("INSERT INTO account VALUES ('in between', 'x')")
        assert path.with_name("accounts.db-wal").stat().st_size > 0
        finish_begun(board.site)
        db.execute("INSERT INTO account VALUES ('later', 'x')")  # into a file that has no name any more
    finally:
        db.close()
    assert which(board) == {"new"}
    assert board.accounts() == ["wang"]


@pytest.mark.parametrize("content", [b"{", b'{"id": "\xff"}'])
def test_a_list_of_a_restore_that_cannot_be_read_stops_the_start_and_says_which(menshen, boards, content):
    _, board, _ = boards
    path = board.site.with_name("site.toml.restore")
    path.write_bytes(content)
    path.chmod(0o600)
    from firmware.controller.__main__ import main

    assert main(["--config", str(board.site), "--state", str(board.state)]) == 2
    assert which(board) == {"old"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is missing: apt-get install strace")
def test_everything_is_on_the_disk_before_the_list_says_that_it_counts(boards, tmp_path):
    """As the kernel hears it: each new file synced, then the folders, then the list renamed, then its folder."""
    backup, board, _ = boards
    trace = tmp_path / "trace"
    watched = ["strace", "-f", "-y", "-e", "trace=fsync,rename", "-o", str(trace)]
    words = ["backup", "restore", backup, board.site, "--state", board.state, "--apply", *BY]
    command = [*watched, sys.executable, "-m", "firmware", *map(str, words)]
    environment = {**os.environ, "MENSHEN_BACKUP_PASSPHRASE": PASSPHRASE}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, env=environment)
    if "ptrace" in done.stderr or "PTRACE" in done.stderr:
        pytest.skip(f"nothing can be watched here: {done.stderr[:100]}")
    assert done.returncode == 0, done.stderr
    calls = re.findall(r"(fsync|rename)\((?:\d+<([^>]*)>|\"([^\"]*)\", \"([^\"]*)\")\) += 0", trace.read_text())
    told = [at for at, call in enumerate(calls) if call[3] == f"{board.site}.restore"]
    begun, counts = told  # once before anything lies there, and once when all of it does
    assert calls[counts + 1][:2] == ("fsync", str(board.site.parent))
    puts = [call for call in calls if call[0] == "rename" and call[2] == f"{call[3]}.restored"]
    assert len(puts) >= 6
    for put in puts:
        synced = [at for at, call in enumerate(calls) if call[:2] == ("fsync", put[2])]
        folder = [at for at, call in enumerate(calls) if call[:2] == ("fsync", str(Path(put[3]).parent))]
        assert begun < synced[-1] < counts < calls.index(put), put
        assert any(synced[-1] < at < counts for at in folder), put
        assert any(at > calls.index(put) for at in folder), put
