"""Last passages in the ledger: over restarts, over formats of the file, and read alike before and after the commit."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.core.effects import ForgetAreas, Remember
from firmware.journal import LedgerEntry, read_ledger, schema, search, verify
from firmware.journal.command import add_arguments, run
from firmware.journal.opening import rescue_ledger
from firmware.journal.store import Store
from tests.journal.making import UTC_MS, Key, open_journal
from tests.ledger import format_1

NOW_S = UTC_MS // 1000


def passed(holder: str, area: str | None, at_s: int | None, point: str = "front_in", **more) -> Remember:
    entered_s = at_s if area else None
    return Remember(holder, area=area, entered_s=entered_s, passed_at=point, passed_s=at_s, **more)


def elsewhere(holder: str, area: str, at_s: int, controller: str = "north") -> Remember:
    return passed(holder, area, at_s, f"{controller}/n_in", controller=controller)


def append(journal, *effects) -> int:
    return journal.append(list(effects), now_ms=0, utc_ms=UTC_MS)


# -- what is remembered -----------------------------------------------------------------------------------------------


def test_the_last_passage_survives_a_restart(tmp_path):
    journal, _ = open_journal(tmp_path)
    append(journal, passed("ann", "yard", NOW_S, credential="c1", uses=1))
    append(journal, passed("ann", None, NOW_S + 60, "shed_in", credential="c1", uses=1))  # no border: no area changes
    append(journal, passed("ben", "", NOW_S + 5, "front_out"))
    append(journal, passed("eve", "yard", None))  # wall time was unknown
    expected = {
        "ann": LedgerEntry("yard", NOW_S, {"c1": 2}, None, False, "shed_in", NOW_S + 60, NOW_S, ""),
        "ben": LedgerEntry(None, None, {}, None, False, "front_out", NOW_S + 5, NOW_S + 5, ""),
        "eve": LedgerEntry("yard", None, {}, None, False, "front_in", None, None, ""),
    }
    assert {holder: journal.ledger.holder(holder) for holder in expected} == expected
    assert journal.close()
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert {holder: again.ledger.holder(holder) for holder in expected} == expected
    again.close()


def test_forgiving_forgets_where_and_not_when(tmp_path):
    """What was told once and is told again must not put back whom a person has forgiven."""
    journal, listener = open_journal(tmp_path)
    append(journal, passed("ann", "yard", NOW_S))
    append(journal, elsewhere("ben", "yard", NOW_S))
    last = append(journal, ForgetAreas())
    wanted = LedgerEntry(None, None, {}, None, False, "front_in", NOW_S, NOW_S, "")
    from_north = LedgerEntry(None, None, {}, None, False, "north/n_in", NOW_S, NOW_S, "north")
    for _ in range(2):
        assert journal.ledger.holder("ann") == wanted
        assert journal.ledger.holder("ben") == from_north
        listener.wait_ticket(last)
        journal.ledger.settle()
    append(journal, Remember("ann", area=""))  # of one
    assert journal.ledger.holder("ann") == wanted
    journal.close()


def test_an_own_passage_is_newer_than_what_was_known_of_the_holder(tmp_path):
    """North's clock is 7 s ahead: whoever passes here after that has passed here after that."""
    journal, _ = open_journal(tmp_path)
    append(journal, elsewhere("ann", "yard", NOW_S + 7))
    append(journal, passed("ann", "", NOW_S, "front_out"))
    entry = journal.ledger.holder("ann")
    assert (entry.last_s, entry.placed_s, entry.placed_by) == (NOW_S, NOW_S + 8, "")
    append(journal, elsewhere("eve", "yard", NOW_S + 20))  # further ahead than anything that can be
    append(journal, passed("eve", "", NOW_S, "front_out"))
    assert journal.ledger.holder("eve").placed_s == NOW_S
    journal.close()


def test_reads_are_the_same_before_and_after_the_commit(tmp_path):
    """Seed 31. Every holder's entry is the fold of what was remembered, by its own few lines, however commits race."""
    draw = random.Random(31)
    journal, listener = open_journal(tmp_path, batch_events_max=5)
    model: dict[str, dict] = {}
    ticket = 0
    for step in range(1_500):
        if draw.random() < 0.004:
            ticket = append(journal, ForgetAreas())
            for entry in model.values():
                entry |= {"area": None, "entered_s": None}
            continue
        holder = f"h{draw.randrange(20)}"
        if draw.random() < 0.02:
            ticket = journal.erase(holder, now_ms=0, utc_ms=UTC_MS)
            model.pop(holder, None)
            continue
        area = draw.choice([None, "", "yard", "hall"])
        at_s = draw.choice([None, NOW_S + 100 * step])
        point = draw.choice([None, "front_in", "side_in"])
        effect = Remember(
            holder, area=area, entered_s=at_s, passed_at=point, passed_s=at_s if point else None, credential="c", uses=1
        )
        ticket = append(journal, effect)
        entry = model.setdefault(
            holder,
            {"area": None, "entered_s": None, "uses": 0, "last_point": None, "last_s": None, "placed_s": None},
        )
        entry["uses"] += 1
        if area is not None:
            entry |= {"area": area or None, "entered_s": at_s if area else None}
        if point is not None:
            entry |= {"last_point": point, "last_s": at_s}
            if area is not None and at_s is not None:
                entry["placed_s"] = at_s
        other = f"h{draw.randrange(20)}"
        assert_is(journal.ledger.holder(other), model.get(other))
    listener.wait_ticket(ticket)
    journal.ledger.settle()
    for holder, entry in model.items():
        assert_is(journal.ledger.holder(holder), entry)
    count, newest = journal.ledger.placed_here(5)
    placed = {holder: entry["placed_s"] for holder, entry in model.items() if entry["placed_s"] is not None}
    assert count == len(placed)
    assert [entry.placed_s for _, entry in newest] == sorted(placed.values())[-5:]
    journal.close()


def assert_is(found: LedgerEntry, wanted: dict | None) -> None:
    if wanted is None:
        assert found == LedgerEntry()
        return
    names = ("area", "entered_s", "last_point", "last_s", "placed_s")
    assert {name: getattr(found, name) for name in names} == {name: wanted[name] for name in names}
    assert found.uses == {"c": wanted["uses"]}


def test_erasing_a_holder_erases_the_last_passage(tmp_path):
    journal, listener = open_journal(tmp_path)
    append(journal, passed("ann_erased", "yard", NOW_S, "point_of_ann"))
    listener.wait_ticket(journal.erase("ann_erased", now_ms=0, utc_ms=UTC_MS))
    assert journal.ledger.holder("ann_erased") == LedgerEntry()
    assert journal.close()
    assert b"point_of_ann" not in (tmp_path / "journal.db").read_bytes()


# -- older files ------------------------------------------------------------------------------------------------------

OLD = {
    "ann": LedgerEntry("yard", NOW_S, {"card_ann": 3}, "h1"),
    "ben": LedgerEntry(),
    "car": LedgerEntry("park", None, {"plate_car": 12}, "h1", True),
}


def test_a_journal_of_format_1_is_brought_up_to_date_in_place(tmp_path):
    path = format_1.make(tmp_path)
    before = format_1.rows(path)
    assert len(before["events"]) > format_1.ROWS
    journal, _ = open_journal(tmp_path, boot="boot-2")
    assert journal.clean_stop
    assert journal.ledger.trusted
    assert journal.kept() == format_1.KEPT
    assert {holder: journal.ledger.holder(holder) for holder in OLD} == OLD
    append(journal, passed("ann", "", NOW_S + 9, "front_out"))
    assert journal.close()
    after = format_1.rows(path)
    assert after["events"] == before["events"]  # and so the chain
    assert verify(path, Key().public_key).ok
    again, _ = open_journal(tmp_path, boot="boot-3")
    assert (again.ledger.holder("ann").last_point, again.ledger.holder("ann").uses) == ("front_out", {"card_ann": 3})
    again.close()
    assert not list(tmp_path.glob("*.damaged.db"))  # nothing was begun anew


KILLED = """
import os, signal, sys
from pathlib import Path
from firmware.journal import schema

connection = schema.connect_writer(Path(sys.argv[1]), "FULL", 4000)
connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
statements = [*schema.MIGRATION[1], "PRAGMA user_version = 2"]
schema.MIGRATION[1] = (*statements[: int(sys.argv[2])], "SELECT die()")
schema.migrate(connection, 1)
"""


@pytest.mark.attack("roster-48")
def test_killed_within_the_migration_the_old_journal_stands(tmp_path):
    """SIGKILL after each statement of the migration: the file is one of format 1 until all of it is done."""
    path = format_1.make(tmp_path)
    before = format_1.rows(path)
    for done in range(len(schema.MIGRATION[1]) + 2):
        ended = subprocess.run([sys.executable, "-c", KILLED, str(path), str(done)], check=False, timeout=60)
        assert ended.returncode == -signal.SIGKILL
        assert format_1.rows(path) == before
        database = sqlite3.connect(path)
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert len(database.execute("PRAGMA table_info(ledger)").fetchall()) == 6
        database.close()
        assert {holder: reader(path, holder) for holder in OLD} == OLD
    store = Store.open(path)
    store.close()
    assert format_1.rows(path) == before
    assert {holder: reader(path, holder) for holder in OLD} == OLD


def reader(path: Path, holder: str) -> LedgerEntry:
    complaints: list[str] = []
    ledger = read_ledger(path, complaints.append)
    try:
        return ledger.holder(holder)
    finally:
        ledger.close()
        assert complaints == []


def test_whoever_only_reads_still_reads_format_1(tmp_path):
    path = format_1.make(tmp_path)
    content = path.read_bytes()
    assert {holder: reader(path, holder) for holder in OLD} == OLD
    assert len(search(path, limit=50)) == 50
    assert verify(path, Key().public_key).ok
    complaints: list[str] = []
    ledger = read_ledger(path, complaints.append)
    assert ledger.occupancy() == {"yard": 1, "park": 1}
    assert ledger.household_inside("h1", "nobody") == 1
    assert ledger.placed_here(10) == (0, [])
    ledger.close()
    assert complaints == []
    assert path.read_bytes() == content


def test_a_reader_that_was_there_before_the_migration_reads_what_came_with_it(tmp_path):
    path = format_1.make(tmp_path)
    complaints: list[str] = []
    ledger = read_ledger(path, complaints.append)
    assert ledger.holder("ann").last_point is None
    journal, listener = open_journal(tmp_path, boot="boot-2")
    listener.wait_ticket(append(journal, passed("ann", "yard", NOW_S)))
    assert ledger.holder("ann").last_point == "front_in"
    ledger.close()
    journal.close()
    assert complaints == []


def test_the_ledger_of_a_journal_of_format_1_that_was_moved_aside_is_copied(tmp_path):
    path = format_1.make(tmp_path / "old")
    (tmp_path / "new").mkdir()
    journal, listener = open_journal(tmp_path / "new")
    listener.wait_ticket(append(journal, passed("new", "yard", NOW_S)))
    journal.close()
    store = Store.open(tmp_path / "new" / "journal.db")
    with store.transaction():
        assert rescue_ledger(lambda: schema.connect_reader(path), store)
    store.close()
    copied = {holder: reader(tmp_path / "new" / "journal.db", holder) for holder in (*OLD, "new")}
    assert {holder: copied[holder] for holder in OLD} == OLD
    assert copied["new"].last_point == "front_in"


# -- the command ------------------------------------------------------------------------------------------------------


def command(capsys, *words: str) -> tuple[int, str, str]:
    import argparse

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    status = run(parser.parse_args(["ledger", *words]))
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.fixture
def state(tmp_path) -> str:
    """A controller's state folder. 2026-09-21T14:13:20Z is 1790000000 (`date -u -d @1790000000`)."""
    folder = tmp_path / "state" / "journal"
    folder.mkdir(parents=True)
    journal, _ = open_journal(folder)
    append(journal, passed("ann", "yard", NOW_S, credential="card_ann", uses=4, household="h1"))
    append(journal, elsewhere("ben", "yard", NOW_S + 60))
    append(journal, Remember("eve", credential="card_eve", uses=1))
    assert journal.close()
    return str(tmp_path / "state")


WHY = ("--purpose", "a neighbour asked for help", "--time-zone", "Asia/Shanghai")


def test_the_command_tells_where_since_when_and_the_last_passage(state, capsys):
    status, out, _ = command(capsys, "--state", state, "--holder", "ann", *WHY, "--language", "en")
    assert status == 0
    lines = {line.split("  ")[0]: line.split("  ")[-1].strip() for line in out.splitlines()}
    assert "a neighbour asked for help" in out
    assert lines["Area"] == "yard"
    assert lines["Since"] == "2026-09-21 22:13:20+08:00"
    assert lines["Last passage"] == "2026-09-21 22:13:20+08:00 at front_in"
    assert lines["Uses"] == "card_ann 4"
    _, out, _ = command(capsys, "--state", state, "--holder", "ben", *WHY, "--language", "en")
    assert "at n_in of controller north" in out
    _, out, _ = command(capsys, "--state", state, "--holder", "eve", *WHY, "--language", "zh")
    assert "不在任何已知区域" in out
    assert "无已证实的通行" in out


def test_the_command_tells_programs_the_same(state, capsys):
    status, out, _ = command(capsys, "--state", state, "--holder", "ann", *WHY, "--json")
    assert status == 0
    assert json.loads(out) == {
        "purpose": "a neighbour asked for help",
        "holder": "ann",
        "found": True,
        "area": "yard",
        "since_utc_s": NOW_S,
        "since": "2026-09-21 22:13:20+08:00",
        "last_passage": {
            "access_point": "front_in",
            "controller": None,
            "utc_s": NOW_S,
            "at": "2026-09-21 22:13:20+08:00",
        },
        "uses": {"card_ann": 4},
        "household": "h1",
        "vehicle": False,
    }
    _, out, _ = command(capsys, "--state", state, "--holder", "ben", *WHY, "--json")
    assert json.loads(out)["last_passage"]["controller"] == "north"
    _, out, _ = command(capsys, "--state", state, "--holder", "eve", *WHY, "--json")
    assert json.loads(out)["last_passage"] is None


def test_nobody_is_looked_up_without_a_purpose(state, capsys):
    status, out, err = command(capsys, "--state", state, "--holder", "ann")
    assert (status, out) == (2, "")
    assert "--purpose" in err


def test_who_was_never_here_is_said_so(state, capsys):
    status, out, _ = command(capsys, "--state", state, "--holder", "nobody", *WHY, "--language", "en")
    assert (status, "Nothing is remembered of holder nobody." in out) == (1, True)
    status, out, _ = command(capsys, "--state", state, "--holder", "nobody", *WHY, "--json")
    assert (status, json.loads(out)["found"]) == (1, False)
    status, _, err = command(capsys, "--state", f"{state}/none", "--holder", "ann", *WHY)
    assert (status, "cannot be read" in err) == (2, True)
