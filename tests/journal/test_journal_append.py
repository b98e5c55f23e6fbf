"""Append, commit, ledger, kept state, signed heads, clean and unclean stops."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from itertools import pairwise

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, ForgetAreas, Keep, Record, Remember
from firmware.journal import LedgerEntry, read_head, search, verify
from tests.journal.making import UTC_MS, Key, fill, open_journal


def test_committed_rows_are_what_was_appended(tmp_path):
    journal, listener = open_journal(tmp_path)
    made = fill(journal, listener, 120)
    rows = list(reversed(search(journal.path, limit=1000, with_bodies=True)))
    assert rows[0].event.code is Code.EPOCH_BEGUN
    assert rows[0].event.detail == "the first journal of this controller"
    assert [row.event for row in rows[1:]] == [event for event, _ in made]
    assert [row.utc_ms for row in rows[1:]] == [utc for _, utc in made]
    assert [row.seq for row in rows] == list(range(1, 122))
    assert listener.commits[-1] == (120, 1, 121)
    assert journal.head == (1, 121)
    assert all(later[0] > earlier[0] for earlier, later in pairwise(listener.commits))
    assert journal.close() is True
    assert listener.failures == []


def test_the_chain_is_the_one_rows_py_describes(tmp_path):
    """Recomputed here with hashlib and json alone, from the words of rows.py."""
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 60)
    journal.close()
    previous = bytes(32)
    database = sqlite3.connect(journal.path)
    rows = database.execute("SELECT header, body, salt, hash, previous FROM events ORDER BY seq").fetchall()
    database.close()
    for header, body, salt, digest, before in rows:
        assert before == previous
        assert json.dumps(json.loads(header), separators=(",", ":"), ensure_ascii=False).encode() == header
        commitment = bytes(32)
        if body is not None:
            commitment = hashlib.sha256(b"menshen journal body 1\n" + salt + body).digest()
            assert len(salt) == 16
        material = b"menshen journal row 1\n" + previous + len(header).to_bytes(4, "big") + header + commitment
        previous = hashlib.sha256(material).digest()
        assert digest == previous
    assert len({salt for _, _, salt, _, _ in rows if salt is not None}) == sum(row[1] is not None for row in rows)


def test_nothing_personal_is_in_a_header(tmp_path):
    journal, listener = open_journal(tmp_path)
    body = Body("HOLDER", "HOUSEHOLD", "CREDENTIAL", "SECOND", "TOKEN", "ISSUER", "NOTE", "EVIDENCE", 777, 0.54321)
    listener.wait_ticket(journal.append([Record(Event(Code.GRANTED, body=body))], now_ms=0, utc_ms=UTC_MS))
    journal.close()
    database = sqlite3.connect(journal.path)
    header = database.execute("SELECT header FROM events WHERE seq = 2").fetchone()[0].decode()
    database.close()
    for field in body.__struct_fields__:
        assert str(getattr(body, field)) not in header


def test_effects_of_one_step_are_one_transaction_with_one_ticket(tmp_path):
    journal, listener = open_journal(tmp_path)
    step = [
        Record(Event(Code.TAKEN, portal="door_1", body=Body(holder="h1"))),
        Remember("h1", area="yard", entered_s=5, credential="c1", uses=1),
        Keep("lockdown", "guard"),
    ]
    ticket = journal.append(step, now_ms=1, utc_ms=UTC_MS)
    assert journal.ledger.holder("h1") == LedgerEntry("yard", 5, {"c1": 1})  # at once, committed or not
    assert listener.wait_ticket(ticket) == (1, 1, 2)
    assert journal.ledger.holder("h1") == LedgerEntry("yard", 5, {"c1": 1})
    journal.close()
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert again.kept() == {"lockdown": "guard"}
    assert again.ledger.holder("h1") == LedgerEntry("yard", 5, {"c1": 1})
    assert again.clean_stop
    assert again.lost_ms_max == 0
    again.close()


def test_ledger_adds_uses_moves_areas_and_forgets(tmp_path):
    journal, listener = open_journal(tmp_path)
    ledger = journal.ledger
    journal.append([Remember("h1", area="yard", entered_s=1, credential="a", uses=1)], now_ms=0, utc_ms=None)
    journal.append(
        [Remember("h1", credential="a", uses=2), Remember("h1", credential="b", uses=1)], now_ms=0, utc_ms=None
    )
    journal.append([Remember("v1", area="park", household="f1", vehicle=True)], now_ms=0, utc_ms=None)
    journal.append([Remember("v2", area="park", household="f1", vehicle=True)], now_ms=0, utc_ms=None)
    last = journal.append([Remember("v3", area="yard", household="f1", vehicle=True)], now_ms=0, utc_ms=None)

    def check() -> None:
        assert ledger.holder("h1") == LedgerEntry("yard", 1, {"a": 3, "b": 1})
        assert ledger.household_inside("f1", "v1") == 2
        assert ledger.household_inside("f1", "v1", {"park"}) == 1
        assert ledger.household_inside("f1", "new") == 3
        assert ledger.household_inside("f2", "new") == 0
        assert ledger.occupancy() == {"yard": 2, "park": 2}
        assert ledger.holder("nobody") == LedgerEntry()

    check()
    listener.wait_ticket(last)
    check()
    journal.append([Remember("v2", area="")], now_ms=0, utc_ms=None)  # left, nobody knows where to
    assert ledger.household_inside("f1", "v1") == 1
    assert ledger.holder("v2").area is None
    forgiven = journal.append([ForgetAreas(), Remember("h9", area="yard")], now_ms=0, utc_ms=None)
    assert ledger.holder("h1") == LedgerEntry(None, None, {"a": 3, "b": 1})
    assert ledger.occupancy() == {"yard": 1}
    assert ledger.household_inside("f1", "new") == 0
    listener.wait_ticket(forgiven)
    assert ledger.holder("h1") == LedgerEntry(None, None, {"a": 3, "b": 1})
    assert ledger.occupancy() == {"yard": 1}
    journal.close()


def test_ledger_equals_a_plain_dict_while_commits_race(tmp_path):
    """Seed 11. Reads between appends see exactly the fold of what was remembered, committed or not."""
    import random

    chance = random.Random(11)
    journal, listener = open_journal(tmp_path, batch_events_max=5)
    model: dict[str, LedgerEntry] = {}
    ticket = 0
    for step in range(3000):
        if chance.random() < 0.002:
            ticket = journal.append([ForgetAreas()], now_ms=step, utc_ms=None)
            model = {h: LedgerEntry(None, None, e.uses, e.household, e.vehicle) for h, e in model.items()}
            continue
        holder = f"h{chance.randrange(30)}"
        area = chance.choice([None, "", "yard", "hall"])
        household = chance.choice([None, "f1", "f2"])
        old = model.get(holder, LedgerEntry())
        moved = area is not None
        model[holder] = LedgerEntry(
            (area or None) if moved else old.area,
            (step if area else None) if moved else old.entered_s,
            {**old.uses, "c": old.uses.get("c", 0) + 1},
            household or old.household,
            True,
        )
        change = Remember(holder, area=area, entered_s=step, credential="c", uses=1, household=household, vehicle=True)
        ticket = journal.append([change, Record(Event(Code.TAKEN, body=Body(holder=holder)))], now_ms=step, utc_ms=None)
        other = f"h{chance.randrange(30)}"
        assert journal.ledger.holder(other) == model.get(other, LedgerEntry())
        inside = sum(e.household == "f1" and e.area is not None for h, e in model.items() if h != other)
        assert journal.ledger.household_inside("f1", other) == inside
    listener.wait_ticket(ticket)
    occupied: dict[str, int] = {}
    for entry in model.values():
        if entry.area is not None:
            occupied[entry.area] = occupied.get(entry.area, 0) + 1
    assert journal.ledger.occupancy() == occupied
    journal.close()
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert {holder: again.ledger.holder(holder) for holder in model} == model
    again.close()


def test_kept_values_are_replaced_and_removed(tmp_path):
    journal, _ = open_journal(tmp_path)
    assert journal.kept() == {}
    journal.append([Keep("a", "1"), Keep("b", "2"), Keep("a", "3")], now_ms=0, utc_ms=None)
    journal.append([Keep("b", None), Keep("never", None)], now_ms=0, utc_ms=None)
    assert journal.close()
    again, _ = open_journal(tmp_path, boot="boot-2")
    assert again.kept() == {"a": "3"}
    again.close()


def test_heads_are_signed_by_count_and_at_close(tmp_path):
    journal, listener = open_journal(tmp_path, checkpoint_events=50, batch_events_max=10)
    fill(journal, listener, 200, at_once=5)
    journal.close()
    database = sqlite3.connect(journal.path)
    heads = [seq for (seq,) in database.execute("SELECT seq FROM heads ORDER BY seq")]
    database.close()
    assert heads[-1] == 201
    assert all(50 <= later - earlier <= 60 for earlier, later in pairwise(heads[:-1]))
    signed = read_head(tmp_path / "journal.head")
    assert signed is not None
    assert (signed.epoch, signed.seq) == (1, 201)
    assert signed.holds(Key().public_key)
    assert not signed.holds(Key(2).public_key)
    assert verify(journal.path, Key().public_key).signed_seq == 201


def test_heads_are_signed_by_time(tmp_path):
    journal, listener = open_journal(tmp_path, checkpoint_ms=10_000)
    for second in range(25):
        listener.wait_ticket(journal.append([Record(Event(Code.OPENED))], now_ms=second * 1000, utc_ms=None))
    journal.close()
    database = sqlite3.connect(journal.path)
    heads = [seq for (seq,) in database.execute("SELECT seq FROM heads ORDER BY seq")]
    database.close()
    assert heads == [12, 22, 26]  # rows are seconds + 2: at 10 s, at 20 s, at the close


def test_an_unclean_stop_is_known_by_the_next_start(tmp_path):
    journal, listener = open_journal(tmp_path, heartbeat_ms=10_000)
    fill(journal, listener, 3)
    copied = tmp_path / "copied"
    copied.mkdir()
    for file in tmp_path.glob("journal.*"):
        if not file.name.endswith("-shm"):
            (copied / file.name).write_bytes(file.read_bytes())  # as the power cut would leave it
    journal.close()
    again, _ = open_journal(copied, boot="boot-2")
    assert not again.clean_stop
    assert again.lost_ms_max == 10_000
    assert again.head == (1, 4)
    assert again.close()
    third, _ = open_journal(copied, boot="boot-3")
    assert third.clean_stop
    third.close()


def test_the_writer_answers_and_a_dead_one_does_not(tmp_path):
    journal, _ = open_journal(tmp_path, answer_ms_max=1000)
    assert journal.answering(0)
    journal.close()
    assert not journal.answering(1)


@pytest.mark.parametrize(
    "text",
    ["\ud800 lone surrogate", "\x00", "\U0001f600\u202e", "' OR 1=1 --", "x" * 10_000, "=cmd|' /C calc'!A0"],
    ids=["surrogate", "nul", "emoji-rtl", "sql", "10kB", "formula"],
)
@pytest.mark.attack("text-12")
def test_any_text_is_kept_or_cut_and_never_stops_the_writer(tmp_path, text):
    journal, listener = open_journal(tmp_path)
    body = Body(holder=text, credential=text, token=text, reads=3, certainty=0.97)
    event = Event(Code.DENIED, portal=text, reader=text, reasons=(text,) * 40, detail=text, request=text, body=body)
    effects = [Record(event), Remember(text, area=text, household=text, credential=text, uses=1), Keep(text, text)]
    listener.wait_ticket(journal.append(effects, now_ms=0, utc_ms=UTC_MS))
    assert list(journal.ledger.holder(text).uses.values()) == [1]
    journal.close()
    assert verify(journal.path, Key().public_key).ok
    row = search(journal.path, limit=1, with_bodies=True)[0]
    kept = text.encode("utf-8", "replace").decode()
    assert kept.startswith(row.event.detail)
    assert row.event.detail[:64] == kept[:64]
    assert row.event.body.token[:64] == kept[:64]
    assert (row.event.body.reads, row.event.body.certainty) == (3, 0.97)  # numbers are as long as they are
    database = sqlite3.connect(journal.path)
    assert database.execute("SELECT max(length(header)) FROM events").fetchone()[0] <= 20_000
    database.close()


def test_the_file_is_append_only(tmp_path):
    journal, listener = open_journal(tmp_path)
    fill(journal, listener, 10)
    journal.close()
    database = sqlite3.connect(journal.path)
    for change in (
        "UPDATE events SET utc_ms = 0 WHERE seq = 3",
        "UPDATE events SET header = x'00'",
        "UPDATE events SET body = x'00', salt = x'00' WHERE seq = 3",
        "UPDATE events SET body = NULL WHERE seq = 3",
        "DELETE FROM events WHERE seq = 5",
        "DELETE FROM events",
        "INSERT OR REPLACE INTO events SELECT * FROM events WHERE seq = 4",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(change)
    database.close()
    assert verify(journal.path, Key().public_key).ok
