"""Full disk, read-only folder, broken and deleted files, overflow: decisions go on, and everything is said once."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from firmware.core.codes import Code, Severity
from firmware.core.effects import Body, Event, Keep, Record, Remember
from firmware.journal import Journal, LedgerEntry, search, verify
from firmware.journal.retention import DAY_MS
from firmware.journal.store import Store
from firmware.journal.writer import Writer
from tests.journal.making import UTC_MS, Key, event, fill, open_journal

NOBODY = 65534  # Debian's user and group of that name


def record(code: Code = Code.OPENED, detail: str = "") -> Record:
    return Record(Event(code, portal="door_1", detail=detail))


def details(path) -> list[str]:
    return [row.event.detail for row in reversed(search(path, limit=1000))]


# -- the disk does not take it ----------------------------------------------------------------------------------------


class FaultyDisk(Store):
    """The real store on a disk that a test can break: before a COMMIT, or at it while the bytes are written."""

    trouble: str | None = None  # None, "before" or "after"

    def append(self, events, boot):
        if FaultyDisk.trouble == "before":
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = 10
            raise error
        super().append(events, boot)

    def transaction(self):
        return _ReportsFailure(super().transaction()) if FaultyDisk.trouble == "after" else super().transaction()


class _ReportsFailure:
    """A COMMIT that happens and reports an error all the same, as a failed sync may."""

    def __init__(self, inner) -> None:
        self.inner = inner

    def __enter__(self) -> None:
        self.inner.__enter__()

    def __exit__(self, *what) -> None:
        self.inner.__exit__(*what)
        FaultyDisk.trouble = None
        raise OSError(errno.EIO, "the sync failed")


class FaultyWriter(Writer):
    STORE = FaultyDisk


class FaultyJournal(Journal):
    WRITER = FaultyWriter


@pytest.fixture(autouse=True)
def healthy():
    FaultyDisk.trouble = None
    yield
    FaultyDisk.trouble = None


@pytest.mark.attack("disk-19")
def test_a_failing_disk_is_said_once_and_nothing_is_lost(tmp_path):
    journal, listener = open_journal(tmp_path, kind=FaultyJournal)
    fill(journal, listener, 10)
    FaultyDisk.trouble = "before"
    ticket = 0
    for number in range(50):
        ticket = journal.append(
            [record(detail=f"late {number}"), Remember("h", area="yard", entered_s=number)], now_ms=0, utc_ms=None
        )
    listener.wait(lambda me: me.failures)
    beats = journal._writer.beats
    listener.wait(lambda me: journal._writer.beats > beats + 3)  # it tries again and again
    assert journal.answering(0)  # and is not taken for dead
    assert journal.failing
    assert listener.commits[-1][0] == 10
    assert journal.ledger.holder("h") == LedgerEntry("yard", 49)  # decisions see it
    FaultyDisk.trouble = None
    listener.wait_ticket(ticket)
    listener.wait(lambda me: me.recoveries)
    assert listener.recoveries == [0]
    assert len(listener.failures) == 1
    assert "disk" in listener.failures[0]
    assert details(journal.path)[-50:] == [f"late {number}" for number in range(50)]
    assert journal.close()
    assert verify(journal.path, Key().public_key).ok


def test_a_commit_that_failed_and_happened_is_not_repeated(tmp_path):
    journal, listener = open_journal(tmp_path, kind=FaultyJournal)
    fill(journal, listener, 10)
    FaultyDisk.trouble = "after"
    listener.wait_ticket(journal.append([record(detail="once")], now_ms=0, utc_ms=None))
    listener.wait(lambda me: me.recoveries == [0])
    assert journal.close()
    assert details(journal.path).count("once") == 1
    assert verify(journal.path, Key().public_key).ok


def test_past_the_bound_the_least_important_goes_first(tmp_path):
    """Seed 17. Thirty thousand events for a backlog of 200, while the disk does not take any."""
    chance = random.Random(17)
    journal, listener = open_journal(tmp_path, kind=FaultyJournal, backlog_events_max=200, batch_events_max=1)
    FaultyDisk.trouble = "before"
    journal.append([record(detail="in the writer's hands")], now_ms=0, utc_ms=None)
    listener.wait(lambda me: me.failures)
    sent: list[tuple[Severity, str]] = []
    codes = {Code.OPENED: Severity.INFO, Code.DENIED: Severity.NOTICE, Code.REX_STUCK: Severity.WARNING}
    for number in range(30_000):
        code = Code.FORCED if number % 250 == 0 else chance.choice(list(codes))
        sent.append((codes.get(code, Severity.ALARM), f"n{number}"))
        holder = f"h{number % 50}"
        effects = [record(code, f"n{number}"), Remember(holder, credential="c", uses=1), Keep("k", str(number))]
        ticket = journal.append(effects, now_ms=0, utc_ms=None)
        assert journal.backlog <= 200
    alarms = [text for severity, text in sent if severity is Severity.ALARM]
    warnings = [text for severity, text in sent if severity is Severity.WARNING]
    assert len(alarms) == 120
    assert journal.lost == {
        Severity.INFO: sum(severity is Severity.INFO for severity, _ in sent),
        Severity.NOTICE: sum(severity is Severity.NOTICE for severity, _ in sent),
        Severity.WARNING: len(warnings) - 80,
    }
    assert len(journal._backlog._items) < 3_000  # what is remembered does not grow with time
    FaultyDisk.trouble = None
    listener.wait_ticket(ticket)
    listener.wait(lambda me: me.recoveries)
    assert listener.recoveries == [30_000 - 200]
    kept = details(journal.path)[2:]
    assert kept == sorted(alarms + warnings[-80:], key=lambda text: int(text[1:]))
    assert journal.ledger.holder("h7").uses == {"c": 600}
    assert journal.close()
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert again.ledger.holder("h7").uses == {"c": 600}
    assert again.kept() == {"k": "29999"}
    again.close()


@pytest.mark.attack("disk-20")
def test_a_full_disk(tmp_path):
    """Like a full disk: a subprocess under RLIMIT_FSIZE, in which the kernel lets no file grow (EFBIG, not ENOSPC)."""
    program = """
import resource, signal, sys
from pathlib import Path
from tests.journal.making import open_journal, fill, UTC_MS
from firmware.core.effects import Record, Event, Remember
from firmware.core.codes import Code
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal, listener = open_journal(Path(sys.argv[1]), backlog_events_max=500)
fill(journal, listener, 50)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
big = "x" * 400
last = 0
for number in range(3000):
    last = journal.append([Record(Event(Code.OPENED, detail=big + str(number)))], now_ms=0, utc_ms=UTC_MS)
listener.wait(lambda me: me.failures)
assert journal.answering(0)
alarm = journal.append([Record(Event(Code.FORCED, detail="alarm"))], now_ms=0, utc_ms=UTC_MS)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
listener.wait_ticket(alarm)
listener.wait(lambda me: me.recoveries)
assert len(listener.failures) == 1, listener.failures
assert listener.recoveries[0] > 0
assert sum(journal.lost.values()) == listener.recoveries[0]
assert journal.close()
print(listener.recoveries[0])
"""
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    lost = int(done.stdout)
    verdict = verify(tmp_path / "journal.db", Key().public_key)
    assert verdict.ok
    assert verdict.at == 1 + 50 + 3000 - lost + 1
    assert details(tmp_path / "journal.db")[-1] == "alarm"


@contextlib.contextmanager
def ordinary_user(tmp_path):
    """A folder of an ordinary user, and that user's rights: root may write everywhere."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, NOBODY, NOBODY)
        os.setegid(NOBODY)
        os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)
            os.setegid(0)


@pytest.mark.attack("disk-21")
def test_a_read_only_folder(tmp_path):
    with ordinary_user(tmp_path) as folder:
        _read_only(folder, lambda: folder.chmod(0o555), lambda: folder.chmod(0o755))


def _read_only(tmp_path, close_it, open_it) -> None:
    journal, listener = open_journal(tmp_path)
    ticket = journal.append([Keep("lockdown", "guard"), Remember("h", area="yard")], now_ms=0, utc_ms=None)
    listener.wait_ticket(ticket)
    assert journal.close()
    close_it()
    try:
        again, listener = open_journal(tmp_path, boot="boot-2")
        listener.wait(lambda me: me.failures)
        assert again.kept() == {"lockdown": "guard"}
        assert again.clean_stop
        assert again.ledger.holder("h").area == "yard"
        ticket = again.append([record(detail="meanwhile")], now_ms=0, utc_ms=None)
    finally:
        open_it()
    listener.wait_ticket(ticket)
    listener.wait(lambda me: me.recoveries == [0])
    assert details(again.path)[-1] == "meanwhile"
    assert again.close()
    assert verify(again.path, Key().public_key).ok


def test_a_folder_that_nobody_can_write(tmp_path):
    """The read-only case for root too: nobody makes files in /proc."""
    parked = tmp_path / "parked"
    folder = tmp_path / "store"
    folder.mkdir()

    def close_it() -> None:
        folder.rename(parked)
        folder.symlink_to("/proc/self")  # may be read, never written

    def open_it() -> None:
        folder.unlink()
        parked.rename(folder)

    journal, listener = open_journal(folder)
    assert journal.close()
    close_it()
    try:
        again, listener = open_journal(folder, boot="boot-2")
        listener.wait(lambda me: me.failures)
        assert again.kept() is None
        assert not again.ledger.trusted
        ticket = again.append([record(detail="meanwhile")], now_ms=0, utc_ms=None)
    finally:
        open_it()
    listener.wait_ticket(ticket)
    listener.wait(lambda me: me.recoveries == [0])
    assert again.close()
    assert verify(again.path, Key().public_key).ok


def test_it_cannot_stop_cleanly_on_a_dead_disk_and_does_not_hang(tmp_path):
    journal, listener = open_journal(tmp_path, kind=FaultyJournal)
    FaultyDisk.trouble = "before"
    journal.append([record()], now_ms=0, utc_ms=None)
    listener.wait(lambda me: me.failures)
    assert journal.close() is False
    FaultyDisk.trouble = None
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert not again.clean_stop
    assert again.lost_ms_max == 10_000
    again.close()


# -- the file is broken or gone ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("harm", ["header", "empty", "text", "gone", "older", "rows"])
@pytest.mark.attack("disk-22")
def test_a_lost_or_broken_file_begins_an_epoch_and_is_never_erased(tmp_path, harm):
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 100)
    listener.wait_ticket(journal.append([Keep("lockdown", "guard"), Remember("h", area="yard")], now_ms=0, utc_ms=None))
    older = None
    if harm == "older":
        journal.close()
        older = journal.path.read_bytes()
        journal, listener = open_journal(tmp_path)
        listener.wait_ticket(journal.append([record()], now_ms=0, utc_ms=None))
    assert journal.close()
    head = journal.head
    content = journal.path.read_bytes()
    match harm:
        case "header":
            journal.path.write_bytes(b"\xff" * 100 + content[100:])
        case "empty":
            journal.path.write_bytes(b"")
        case "text":
            journal.path.write_text("somebody saved a letter here\n" * 1000)
        case "gone":
            journal.path.unlink()
        case "older":
            journal.path.write_bytes(older)
        case "rows":
            database = sqlite3.connect(journal.path)
            database.execute("DROP TRIGGER events_only_erased")
            database.execute("UPDATE events SET header = x'7b7d' WHERE seq = 99")
            database.commit()
            database.close()
    broken = journal.path.read_bytes() if journal.path.exists() else None
    again, listener = open_journal(tmp_path, boot="boot-2")
    assert again.kept() is None
    assert not again.ledger.trusted
    assert again.ledger.holder("h") == LedgerEntry()
    assert not again.clean_stop
    assert again.head == (2, 1)
    first = search(again.path)[0].event
    assert first.code is Code.EPOCH_BEGUN
    assert f"last known head {head[0]}:{head[1]} " in first.detail
    listener.wait_ticket(again.append([record(detail="goes on")], now_ms=0, utc_ms=None))
    assert listener.failures == []
    assert again.close()
    assert verify(again.path, Key().public_key).ok
    aside = list(tmp_path.glob("*.damaged.db"))
    if broken:
        assert [path.read_bytes() for path in aside] == [broken]
        assert aside[0].name in first.detail
    third, _ = open_journal(tmp_path, boot="boot-3")
    assert third.head == (2, 2)
    assert third.kept() == {}
    third.close()


def test_epochs_are_never_used_twice(tmp_path):
    """Even when the head file is gone too, the names of the files moved aside remember."""
    for expected in (1, 2, 3):
        journal, _ = open_journal(tmp_path)
        assert journal.head == (expected, 1)
        journal.close()
        journal.path.write_bytes(b"\x00" * 5000)
    (tmp_path / "journal.head").unlink()
    journal, _ = open_journal(tmp_path)
    assert journal.head == (4, 1)
    journal.close()
    assert len(list(tmp_path.glob("*.damaged.db"))) == 3


@pytest.mark.attack("disk-23")
def test_a_page_breaks_under_the_writer(tmp_path):
    """A page in the middle: the old file is moved aside, kept state and ledger go on in the new one."""
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 400, at_once=400)
    ticket = journal.append([Keep("lockdown", "guard"), Remember("h", area="yard", entered_s=3)], now_ms=0, utc_ms=None)
    listener.wait_ticket(ticket)
    assert journal.close()
    journal, listener = open_journal(tmp_path, boot="boot-2")
    database = sqlite3.connect(journal.path)
    pages = dict(database.execute("SELECT name, rootpage FROM sqlite_schema WHERE rootpage > 0"))
    database.close()
    with journal.path.open("r+b") as file:
        file.seek((pages["events_place"] - 1) * 4096)
        file.write(b"\xff" * 4096)
    # The writer's cache is empty of that page: the next row has to read it.
    last = 0
    for number in range(20):
        last = journal.append([record(detail=f"goes on {number}")], now_ms=0, utc_ms=None)
    _, epoch, _ = listener.wait_ticket(last)
    listener.wait(lambda me: me.recoveries == [0])
    assert epoch == 2
    assert details(journal.path)[1:] == [f"goes on {number}" for number in range(20)]
    assert "last known head 1:" in details(journal.path)[0]
    assert journal.ledger.holder("h") == LedgerEntry("yard", 3)
    assert journal.close()
    assert verify(journal.path, Key().public_key).ok
    third, _ = open_journal(tmp_path, boot="boot-3")
    assert third.kept() == {"lockdown": "guard"}
    third.close()


@pytest.mark.parametrize(
    "victims", [("journal.db",), ("journal.db-wal",), ("journal.db", "journal.db-wal", "journal.db-shm")]
)
@pytest.mark.attack("disk-24")
def test_files_are_deleted_under_the_writer(tmp_path, victims):
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 100)
    listener.wait_ticket(journal.append([Keep("lockdown", "guard"), Remember("h", area="yard")], now_ms=0, utc_ms=None))
    for victim in victims:
        (tmp_path / victim).unlink()
    last = 0
    for number in range(10):
        last = journal.append([record(detail=f"goes on {number}")], now_ms=0, utc_ms=None)
    _, epoch, _ = listener.wait_ticket(last)
    listener.wait(lambda me: me.recoveries == [0])
    assert len(listener.failures) == 1
    assert "deleted" in listener.failures[0]
    assert epoch == 2
    assert details(journal.path)[1:] == [f"goes on {number}" for number in range(10)]
    assert "last known head 1:101 " in details(journal.path)[0]
    assert journal.ledger.holder("h").area == "yard"
    assert journal.close()
    assert verify(journal.path, Key().public_key).ok
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert again.kept() == {"lockdown": "guard"}
    assert again.head == (2, 11)
    again.close()


# -- retention --------------------------------------------------------------------------------------------------------


def test_retention_by_bytes_removes_a_prefix_that_stays_proven(tmp_path):
    journal, listener = open_journal(
        tmp_path, checkpoint_events=100, retention_bytes=600_000, cut_rows=50, batch_events_max=20
    )
    fill(journal, listener, 4000, at_once=20)
    journal.close()
    assert journal.path.stat().st_size < 1_000_000
    verdict = verify(journal.path, Key().public_key)
    assert verdict.ok
    assert verdict.anchor > 1000
    cuts = search(journal.path, kind=Code.RETENTION_CUT, limit=1000)
    assert sum(row.event.count for row in cuts) <= verdict.anchor
    assert f"rows to {verdict.anchor} removed" in cuts[0].event.detail
    rows = search(journal.path, limit=1000)
    assert min(row.seq for row in search(journal.path, portal="door_1", limit=1000)) > verdict.anchor
    assert rows[0].seq == verdict.at
    database = sqlite3.connect(journal.path)
    for table, column in (("mentions", "seq"), ("spans", "last")):
        assert database.execute(
            f"SELECT count(*) FROM {table} WHERE {column} <= ?", (verdict.anchor - 200,)
        ).fetchone() == (0,)
    database.close()
    again, listener = open_journal(tmp_path, boot="boot-2")
    fill(again, listener, 5)
    again.close()
    assert verify(journal.path, Key().public_key).ok


def day_by_day(journal, listener, days, start_utc_ms, *, first_ms=0):
    """One event every six hours of real time, with its wall time; waits for each."""
    for number in range(days * 4):
        passed = number * DAY_MS // 4
        ticket = journal.append(
            [record(detail=f"d{number // 4}")], now_ms=first_ms + passed, utc_ms=start_utc_ms + passed
        )
        listener.wait_ticket(ticket)


def test_retention_by_days(tmp_path):
    journal, listener = open_journal(tmp_path, checkpoint_ms=DAY_MS // 2, retention_days=10, cut_rows=10)
    day_by_day(journal, listener, 120, UTC_MS)
    journal.close()
    rows = search(journal.path, limit=1000)
    days = [int(row.event.detail[1:]) for row in rows if row.event.detail.startswith("d")]
    assert max(days) == 119
    assert 119 - 10 - 64 / 2 - 2 <= min(days) <= 119 - 10  # ten days and a span of at most 64 + 1 rows, two a day
    assert verify(journal.path, Key().public_key).ok


@pytest.mark.attack("clock-10")
def test_a_clock_at_2099_does_not_empty_the_journal(tmp_path):
    journal, listener = open_journal(tmp_path, checkpoint_ms=DAY_MS // 2, retention_days=400, cut_rows=10)
    day_by_day(journal, listener, 100, UTC_MS)
    day_by_day(journal, listener, 2, 4_070_908_800_000, first_ms=100 * DAY_MS)  # two days in 2099
    day_by_day(journal, listener, 10, UTC_MS + 102 * DAY_MS, first_ms=102 * DAY_MS)
    journal.close()
    assert search(journal.path, kind=Code.RETENTION_CUT) == []
    assert verify(journal.path, Key().public_key).anchor == 0


def test_no_thread_is_left_behind(tmp_path):
    journal, listener = open_journal(tmp_path)
    chance = random.Random(1)
    listener.wait_ticket(journal.append([Record(event(1, chance, body=Body(holder="h")))], now_ms=0, utc_ms=UTC_MS))
    journal.close()
    assert [thread.name for thread in threading.enumerate() if thread.name == "journal-writer"] == []
