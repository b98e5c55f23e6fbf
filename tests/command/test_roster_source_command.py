"""`menshen roster new, edit, history, undo, show`: what the office does by hand, and what it is told."""

from __future__ import annotations

import io
import json

import pytest

from firmware.identity import Identity
from firmware.roster.source.pins import read_pin
from firmware.roster.source.store import Source
from tests.command.conftest import RULES

DOER = ("--by", "office", "--why", "moved in")


@pytest.fixture
def office(menshen, tmp_path):
    """A source with one household, holder, card and plate: batches 1 to 6."""
    path = tmp_path / "office.db"
    assert menshen("roster", "new", path, "--time-zone", "Asia/Shanghai", "--rules", RULES, *DOER).status == 0
    for words in (
        ("household", "3-2-501", "spaces=1"),
        ("holder", "p1", "name=张三", "household=3-2-501", "profiles=residents"),
        ("credential", "card:H10301:1:7", "holder=p1", "valid_until=2027-01-31"),
        ("vehicle", "沪A·12345", "holder=p1"),
    ):
        answer = menshen("roster", "edit", path, "add", *words, *DOER)
        assert answer.status == 0, answer.err
    return path


def told(answer):
    assert answer.status == 0, answer.err
    return json.loads(answer.out)


def test_a_new_source_has_the_rules_and_is_not_made_twice(menshen, office):
    assert menshen("roster", "new", office, "--time-zone", "Asia/Shanghai", *DOER).status == 1
    counts = told(menshen("roster", "show", office, "--json"))["counts"]
    assert (counts["holder"], counts["credential"], counts["vehicle"]) == (1, 1, 1)
    rules = menshen("roster", "show", office, "rules").out
    assert 'time_zone = "Asia/Shanghai"' in rules
    assert 'name = "residents"' in rules


def test_bad_rules_are_named_and_no_source_is_made(menshen, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[profile]]\nname = "A B"\n', encoding="utf-8")
    words = ("roster", "new", tmp_path / "s.db", "--time-zone", "Asia/Shanghai", "--rules", rules, *DOER)
    answer = menshen(*words)
    assert answer.status == 1
    assert "profile[0].name" in answer.err
    assert not (tmp_path / "s.db").exists()
    assert menshen("roster", "new", tmp_path / "s.db", "--time-zone", "Moon", *DOER).status == 2
    gone = menshen(*words[:5], "--rules", tmp_path / "gone.toml", *DOER)
    assert gone.status == 2
    assert "gone.toml" in gone.err
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize("missing", [("--by", "office"), ("--why", "moved in"), ("--by", "", "--why", "moved in")])
def test_nobody_edits_without_a_name_and_a_reason(menshen, office, missing):
    assert menshen("roster", "edit", office, "set", "holder", "p1", "name=x", *missing).status == 2
    assert told(menshen("roster", "show", office, "--json"))["batch"] == 6


def test_a_column_that_no_source_has_is_a_misuse(menshen, office):
    answer = menshen("roster", "edit", office, "set", "holder", "p1", "colour=red", *DOER, "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["ok"] is False
    assert "household" in answer.err, "what there is instead is named"


def test_history_says_who_what_when_and_why(menshen, office):
    edit = menshen("roster", "edit", office, "set", "holder", "p1", "name=李四", "phone=138", *DOER, "--json")
    changes = [{"batch": 7, "entity": "holder", "id": "p1"}]
    changes[0] |= {"before": {"name": "张三"}, "after": {"name": "李四", "phone": "138"}}
    assert told(edit)["changes"] == changes
    history = told(menshen("roster", "history", office, "--entity", "holder", "--id", "p1", "--json"))
    assert [(one["id"], one["kind"], one["who"], one["why"]) for one in history["batches"]] == [
        (4, "edit", "office", "moved in"),
        (7, "edit", "office", "moved in"),
    ]
    assert history["batches"][1]["listed"] == changes
    for language, words in (("en", ("edit", "name: 张三 -> 李四", "+08:00")), ("zh", ("修改", "name: 张三 -> 李四"))):
        out = menshen("roster", "history", office, "--language", language).out
        assert all(word in out for word in words), out
    card = menshen("roster", "history", office, "--entity", "credential", "--id", "card:H10301:1:7").out
    assert "valid_until=2027-02-01 00:00:00+08:00" in card
    assert "holder p1" not in card


def test_history_since_and_one_batch(menshen, office):
    assert told(menshen("roster", "history", office, "--since", "2126-01-01", "--json"))["batches"] == []
    assert len(told(menshen("roster", "history", office, "--since", "2026-01-01", "--json"))["batches"]) == 6
    assert [one["id"] for one in told(menshen("roster", "history", office, "--batch", 5, "--json"))["batches"]] == [5]
    assert menshen("roster", "history", office, "--id", "p1").status == 2
    assert menshen("roster", "history", office, "--entity", "special_day", "--id", "tomorrow").status == 1
    assert menshen("roster", "history", office, "--since", "yesterday").status == 2


def test_history_proves_what_it_says(menshen, office):
    proof = told(menshen("roster", "history", office, "--verify", "--json"))["proof"]
    assert (proof["batch"], proof["batches"], proof["erased"]) == (6, 6, 0)
    assert proof["head"] == told(menshen("roster", "show", office, "--json"))["head"]
    office.write_bytes(office.read_bytes().replace("张三".encode(), "李四".encode(), 1))
    answer = menshen("roster", "history", office, "--verify")
    assert answer.status == 1
    assert "Nothing was deleted" in answer.err or "keep it" in answer.err


def test_undo_puts_back_and_is_told(menshen, office):
    menshen("roster", "edit", office, "remove", "holder", "p1", *DOER)
    assert menshen("roster", "show", office, "holder", "p1").status == 1
    assert menshen("roster", "undo", office, *DOER).status == 1  # there is no import
    assert told(menshen("roster", "undo", office, "--batch", 7, *DOER, "--json"))["changes"] == 3
    found = menshen("roster", "show", office, "holder", "p1").out
    assert all(word in found for word in ("张三", "card:H10301:1:7", "沪A12345"))
    assert menshen("roster", "undo", office, "--batch", 7, *DOER).status == 1


def test_show_finds_by_any_word(menshen, office):
    for text in ("张", "h10301:1:7", "A123", "3-2-501"):
        assert menshen("roster", "show", office, "search", text).status == 0, text
    for text in ("%", "_", "' OR 1=1 --", "nobody"):
        assert menshen("roster", "show", office, "search", text).status == 1, text
    household = menshen("roster", "show", office, "household", "3-2-501").out
    assert [line.split()[0] for line in household.splitlines()] == ["household", "holder", "credential", "vehicle"]
    for words in (("holder",), ("holder", "a b"), ("rules", "x"), ("what",)):
        assert menshen("roster", "show", office, *words).status == 2


def test_what_a_terminal_would_obey_is_shown_escaped(menshen, office):
    """Written by a program past the edits, which refuse it."""
    with Source.open(office) as source, source.batch("edit", "office", "a test", 0) as batch:
        batch.db.execute("UPDATE holder SET name = '\x1b[2J' || char(8238) || 'x'")
    for words in (("show", office, "holder", "p1"), ("history", office), ("show", office, "search", "x")):
        out = menshen("roster", *words).out
        assert "\\u001b[2J\\u202ex" in out
        assert out.replace("\n", "").isprintable()


def test_a_pin_is_read_from_input_and_nowhere_shown(menshen, office, state, monkeypatch):
    identity = Identity.load_or_create(state / "identity")
    for words in (("set", "holder", "p1", "pin_with=246810"), ("add", "credential", "pin:246810", "holder=p1")):
        answer = menshen("roster", "edit", office, *words, "--state", state, *DOER)
        assert answer.status == 2
        assert "246810" not in answer.out + answer.err
    monkeypatch.setattr("sys.stdin", io.StringIO("246810\n135790\n"))
    words = ("set", "holder", "p1", "pin_with=-", "duress_pin_with=-")
    answer = menshen("roster", "edit", office, *words, "--state", state, *DOER)
    assert answer.status == 0, answer.err
    with Source.open(office, readonly=True) as source:
        pins = source.db.execute("SELECT pin_with, duress_pin_with FROM holder").fetchone()
    assert [read_pin(pin).digest for pin in pins] == [identity.pin_digest("p1", pin) for pin in ("246810", "135790")]
    said = answer.out + menshen("roster", "history", office).out + menshen("roster", "show", office, "holder", "p1").out
    assert "digest:" not in said
    monkeypatch.setattr("sys.stdin", io.StringIO("99887766\n"))
    words = ("add", "credential", "pin:-", "holder=p1")
    assert menshen("roster", "edit", office, *words, "--state", state, *DOER).status == 0
    for given in ("", "12\n", "12ab\n", "9" * 500):
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        answer = menshen("roster", "edit", office, "set", "holder", "p1", "pin_with=-", "--state", state, *DOER)
        assert answer.status in (1, 2)
        assert not given.strip() or given.strip() not in answer.err


def test_rules_are_exchanged_as_a_whole(menshen, office, tmp_path):
    rules = tmp_path / "new.toml"
    rules.write_text(menshen("roster", "show", office, "rules").out + '\n[[area]]\nid = "roof"\nplaces = 3\n')
    answer = menshen("roster", "edit", office, "rules", rules, *DOER)
    assert "+ area roof  places=3" in answer.out
    assert "already" in menshen("roster", "edit", office, "rules", rules, *DOER).out
    rules.write_text('time_zone = "Asia/Shanghai"\n')
    refused = menshen("roster", "edit", office, "rules", rules, *DOER)
    assert refused.status == 1
    assert "residents is in use by holder p1" in refused.err


def test_no_source(menshen, tmp_path):
    for words in (("show",), ("history",), ("undo", *DOER)):
        answer = menshen("roster", words[0], tmp_path / "none.db", *words[1:])
        assert answer.status == 2
        assert "roster new" in answer.err
