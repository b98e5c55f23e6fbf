"""`menshen journal`: what it proves, what it finds, what it gives out, and what it refuses to."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import Flaw
from firmware.texts import LANGUAGES, texts
from tests.command.conftest import BEGIN_UTC_MS, ROOT, ROWS, append, environment, open_journal, process, rows

PURPOSE = ("--purpose", "a lost parcel, asked for by b1-0101")


def spoil(state, *statements: str) -> None:
    """Change the journal as somebody who owns the disk could."""
    with closing(sqlite3.connect(state / "journal" / "journal.db", isolation_level=None)) as database:
        for (trigger,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            database.execute(statement)


# -- verify -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", ["", "journal", "journal/journal.db"])
def test_a_whole_journal_is_found_and_proven(menshen, state, inside):
    answer = menshen("journal", "verify", state / inside, "--json", *(["--key", key_of(state)] if not inside else []))
    verdict = json.loads(answer.out)
    assert answer.status == 0
    assert (verdict["ok"], verdict["rows"], verdict["at"], verdict["flaw"]) == (True, ROWS + 1, ROWS + 1, None)
    assert verdict["key_given"]
    assert verdict["signed_seq"] == ROWS + 1
    assert verdict["witnessed_seq"] == 0


def key_of(state) -> str:
    return json.loads((state / "identity" / "identity.public.json").read_text(encoding="utf-8"))["public_key"]


def test_it_says_up_to_where_it_proves_and_what_it_cannot_see(menshen, state):
    answer = menshen("journal", "verify", state)
    assert answer.status == 0
    assert f"1:{ROWS + 1}" in answer.out
    assert "vouches for all rows up to" in answer.out
    assert "cannot be seen" in answer.out
    assert answer.err == ""  # no progress where there is no terminal


def test_without_a_key_it_says_that_signatures_were_not_proven(menshen, state):
    (state / "identity" / "identity.public.json").unlink()
    answer = menshen("journal", "verify", state)
    assert answer.status == 0
    assert "signatures were not proven" in answer.out
    assert "vouches" not in answer.out


def test_another_devices_key_is_seen(menshen, state):
    answer = menshen("journal", "verify", state, "--key", "00" * 32, "--json")
    assert answer.status == 1
    assert json.loads(answer.out)["flaw"] == "signature"


@pytest.mark.parametrize(
    ("statement", "flaw", "row"),
    [
        ("UPDATE events SET header = replace(header, 'bike_shed', 'bike_shad') WHERE seq = 31", "hash", 31),
        ("DELETE FROM events WHERE seq = 20", "gap", 20),
        ("UPDATE events SET utc_ms = utc_ms - 1 WHERE seq = 7", "column", 7),
        ("UPDATE events SET body = NULL, salt = NULL, commitment = zeroblob(32) WHERE seq = 2", "erased", 2),
        ("DELETE FROM mentions WHERE seq = 5", "mention", ROWS + 1),
        (f"DELETE FROM events WHERE seq = {ROWS + 1}", "tail", ROWS),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_broken_row_is_named_with_what_is_wrong(menshen, state, statement, flaw, row, language):
    # A header is a BLOB: replace() gives text, so it is cast back.
    spoil(
        state,
        statement.replace("replace(header", "CAST(replace(CAST(header AS TEXT)").replace("shad')", "shad') AS BLOB)"),
    )
    as_json = menshen("journal", "verify", state, "--json")
    assert as_json.status == 1
    verdict = json.loads(as_json.out)
    assert (verdict["ok"], verdict["flaw"], verdict["at"]) == (False, flaw, row)
    answer = menshen("journal", "verify", state, "--language", language)
    assert answer.status == 1
    assert f"1:{row}" in answer.out
    assert texts(language).say(f"journal.flaw.{flaw}") in answer.out


def test_a_cut_tail_is_seen_by_a_witness_only(menshen, state, tmp_path):
    witness = tmp_path / "rows.jsonl.head"
    assert menshen("journal", "export", state, "--output", tmp_path / "rows.jsonl").status == 0
    assert menshen("journal", "verify", state, "--witness", witness).status == 0
    spoil(state, "DELETE FROM events WHERE seq > 40", "DELETE FROM heads WHERE seq > 40",
          "DELETE FROM mentions WHERE seq > 40")  # fmt: skip
    alone = menshen("journal", "verify", state)
    assert alone.status == 0
    assert "cannot be seen" in alone.out
    held_against = menshen("journal", "verify", state, "--witness", witness, "--json")
    assert held_against.status == 1
    assert json.loads(held_against.out)["flaw"] == "tail"


def test_a_witness_up_to_where_nothing_can_be_cut_off(menshen, state, tmp_path):
    menshen("journal", "export", state, "--output", tmp_path / "rows.jsonl")
    answer = menshen("journal", "verify", state, "--witness", tmp_path / "rows.jsonl.head", "--language", "zh")
    assert answer.status == 0
    assert f"1:{ROWS + 1}" in answer.out.splitlines()[-1]
    assert "截去" in answer.out.splitlines()[-1]


@pytest.mark.parametrize(
    ("content", "status"),
    [(None, 2), (b"", 1), (b"\0" * 500, 1), (b"x" * 100_000, 1),
     (b'{"epoch":1,"seq":1,"hash":"zz","utc_ms":1,"public_key":"","signature":""}', 1)],
)  # fmt: skip
def test_a_witness_that_is_none(menshen, state, tmp_path, content, status):
    witness = tmp_path / "witness"
    if content is not None:
        witness.write_bytes(content)
    answer = menshen("journal", "verify", state, "--witness", witness)
    assert answer.status == status
    assert "menshen journal: " in answer.err
    assert answer.out == ""


def test_every_flaw_has_its_words():
    for language in LANGUAGES:
        words = [texts(language).say(f"journal.flaw.{flaw.value}") for flaw in Flaw]
        assert len(set(words)) == len(Flaw)


# -- what is no journal -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", [("verify",), ("export",), ("search",)])
def test_what_is_no_journal_is_refused_with_advice(menshen, tmp_path, state, action):
    missing = menshen("journal", *action, tmp_path / "nowhere")
    assert (missing.status, missing.out) == (2, "")
    assert "check the path" in missing.err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert menshen("journal", *action, empty).status == 2
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert menshen("journal", *action, loop).status == 2
    text = tmp_path / "text"
    text.write_text("a letter, which is no journal\n" * 1000)
    damaged = menshen("journal", *action, text)
    assert (damaged.status, damaged.out) == (1, "")
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE events (seq INTEGER)")
    assert menshen("journal", *action, other).status == 1


@pytest.mark.parametrize("action", [("verify",), ("export",), ("search", "--limit", "1000")])
def test_a_journal_with_torn_pages_is_damaged_and_stays_as_it_is(menshen, state, action):
    path = state / "journal" / "journal.db"
    content = bytearray(path.read_bytes())
    content[4096 : len(content)] = b"\xa5" * (len(content) - 4096)  # all pages but the first
    path.write_bytes(content)
    answer = menshen("journal", *action, state)
    assert answer.status == 1
    assert "broken" in answer.err
    assert path.read_bytes() == bytes(content)


def test_a_key_file_that_is_none_is_named(menshen, state):
    (state / "identity" / "identity.public.json").write_text('{"id":"a","public_key":"zz","fingerprint":"b"}')
    answer = menshen("journal", "verify", state)
    assert answer.status == 2
    assert "--key" in answer.err


# -- export -----------------------------------------------------------------------------------------------------------


def test_an_export_is_a_chain_that_proves_itself(menshen, state, tmp_path):
    """By the recipe at the head of firmware/journal/rows.py, with hashlib alone."""
    out = tmp_path / "rows.jsonl"
    assert menshen("journal", "export", state, "--output", out, "--bodies", *PURPOSE).status == 0
    head, *lines = out.read_bytes().splitlines()
    assert json.loads(head) == {"export": {"purpose": PURPOSE[1], "since_utc_ms": None, "until_utc_ms": None}}
    assert len(lines) == ROWS + 1
    previous = bytes(32)
    people = []
    for line in lines:
        row = json.loads(line)
        header = line[len(b'{"header":') : line.index(b',"commitment":')]
        assert bytes.fromhex(row["previous"]) == previous
        commitment = bytes.fromhex(row["commitment"])
        if "body" in row:
            body = line[line.index(b',"body":') + len(b',"body":') : line.rindex(b',"salt":')]
            salt = bytes.fromhex(row["salt"])
            assert hashlib.sha256(b"menshen journal body 1\n" + salt + body).digest() == commitment
            people.append(row["body"]["holder"])
        sized = len(header).to_bytes(4, "big") + header
        previous = hashlib.sha256(b"menshen journal row 1\n" + previous + sized + commitment).digest()
        assert bytes.fromhex(row["hash"]) == previous
    assert people == [event.body.holder for event in rows() if event.body]
    signed = json.loads((tmp_path / "rows.jsonl.head").read_text())
    assert (signed["seq"], signed["hash"]) == (ROWS + 1, previous.hex())
    assert out.stat().st_mode & 0o077 == 0


def test_no_person_leaves_without_a_purpose(menshen, state, tmp_path):
    plain = menshen("journal", "export", state)
    assert plain.status == 0
    assert "resident" not in plain.out
    assert len(plain.out.splitlines()) == ROWS + 1
    for words in (("export", "--bodies"), ("search", "--bodies"), ("search", "--holder", "resident")):
        refused = menshen("journal", words[0], state, *words[1:])
        assert (refused.status, refused.out) == (2, "")
        assert "--purpose" in refused.err
    for empty in ("", "   ", "why", "x" * 201, "bell \a here", "lost \u202e parcel"):
        assert menshen("journal", "export", state, "--bodies", "--purpose", empty).status == 2


def test_csv_begins_with_the_purpose_and_opens_in_a_spreadsheet(menshen, state, tmp_path):
    out = tmp_path / "rows.csv"
    answer = menshen("journal", "export", state, "--format", "csv", "--output", out, "--bodies", *PURPOSE, "--json")
    assert json.loads(answer.out)["rows"] == ROWS + 1
    table = list(csv.reader(io.StringIO(out.read_text(encoding="utf-8"), newline="")))
    assert table[0] == [f"purpose: {PURPOSE[1]}"]
    holder = table[1].index("holder")
    assert [line[holder] for line in table[3:]] == [event.body.holder if event.body else "" for event in rows()]
    assert menshen("journal", "export", state, "--format", "csv").out.startswith("epoch,seq,utc")


@pytest.mark.parametrize(
    "since",
    ["2026-11-23T12:00:10", "2026-11-23T12:00:10+08:00", "2026-11-23T04:00:10Z", "20261123T120010"],
)
def test_a_window_in_the_sites_time_or_with_an_offset(menshen, state, since):
    zone = ("--time-zone", "Asia/Shanghai")
    answer = menshen("journal", "export", state, "--since", since, "--until", "2026-11-23 12:00:20", *zone)
    times = [json.loads(line)["header"]["utc_ms"] for line in answer.out.splitlines()]
    assert times == [BEGIN_UTC_MS + second * 1000 for second in range(10, 20)]


def test_nothing_is_overwritten_and_half_an_export_is_none(menshen, state, tmp_path):
    there = tmp_path / "there"
    there.write_text("mine")
    answer = menshen("journal", "export", state, "--output", there)
    assert answer.status == 2
    assert there.read_text() == "mine"
    assert not (tmp_path / "there.head").exists()
    assert menshen("journal", "export", state, "--output", tmp_path / "no" / "folder").status == 2
    spoil(state, "UPDATE events SET header = 'no json' WHERE seq = 30")
    out = tmp_path / "half.csv"
    assert menshen("journal", "export", state, "--format", "csv", "--output", out).status == 1
    assert not out.exists()
    assert not (tmp_path / "half.csv.head").exists()


# -- search -----------------------------------------------------------------------------------------------------------


def found(answer):
    assert answer.status == 0
    return [json.loads(line) for line in answer.out.splitlines()]


def numbers(matches):
    """Rows that hold the events of `rows()` for which `matches`, newest first."""
    return [number + 2 for number, event in reversed(list(enumerate(rows()))) if matches(event)]


@pytest.mark.parametrize(
    ("words", "matches"),
    [
        (("--portal", "bike_shed"), lambda event: event.portal == "bike_shed"),
        (("--kind", "access.denied"), lambda event: event.code is Code.DENIED),
        (("--kind", "door.opened", "--portal", "front_door"),
         lambda event: (event.code, event.portal) == (Code.OPENED, "front_door")),
        (("--portal", "nowhere"), lambda event: False),
        (("--kind", "door.forced"), lambda event: False),
    ],
)  # fmt: skip
def test_search_by_portal_and_kind(menshen, state, words, matches):
    assert [row["seq"] for row in found(menshen("journal", "search", state, *words, "--json"))] == numbers(matches)


def test_search_by_holder_names_the_purpose_and_only_with_bodies_the_person(menshen, state):
    head, *lines = found(menshen("journal", "search", state, "--holder", "careless", *PURPOSE, "--json"))
    expected = numbers(lambda event: event.body is not None and event.body.holder == "careless")
    assert head == {"search": {"purpose": PURPOSE[1], "rows": len(expected)}}
    assert [row["seq"] for row in lines] == expected
    assert all(row["body"] is None for row in lines)
    _, *lines = found(menshen("journal", "search", state, "--holder", "careless", "--bodies", *PURPOSE, "--json"))
    assert {row["body"]["holder"] for row in lines} == {"careless"}


def test_json_is_complete(menshen, state):
    (row,) = found(menshen("journal", "search", state, "--limit", "1", "--json", "--time-zone", "Asia/Shanghai"))
    last = rows()[-1]
    assert {**row, "hash": "", "boot": ""} == {
        "epoch": 1, "seq": ROWS + 1, "utc_ms": BEGIN_UTC_MS + ROWS * 1000, "at": "2026-11-23 12:01:00+08:00",
        "monotonic_ms": ROWS * 1000, "boot": "", "severity": "info", "erased": False, "hash": "",
        "code": last.code.value, "portal": last.portal, "access_point": None, "reader": None, "device": None,
        "reasons": [], "count": 1, "detail": "", "body": None, "request": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("2026-11-23 12:00:59+08:00", "Notice", "Not let in", "It was reported lost")),
     ("zh", ("2026-11-23 12:00:59+08:00", "提示", "未放行"))],
)  # fmt: skip
def test_the_table_in_both_languages(menshen, state, language, words):
    zone = ("--time-zone", "Asia/Shanghai")
    answer = menshen("journal", "search", state, "--kind", "access.denied", "--language", language, *zone)
    newest = answer.out.splitlines()[1]
    assert newest.startswith("1:60")  # row 1 begins the journal at noon, the 59th event is 59 seconds later
    assert all(word in newest for word in words), newest


def test_pages_follow_one_another(menshen, state):
    seen, before = [], ()
    while True:
        page = found(menshen("journal", "search", state, "--limit", "25", "--json", *before))
        if not page:
            break
        seen += [row["seq"] for row in page]
        before = ("--before", f"{page[-1]['epoch']}:{page[-1]['seq']}")
    assert seen == list(range(ROWS + 1, 0, -1))


@pytest.mark.parametrize(
    "words",
    [("--kind", "access.granteed"), ("--limit", "0"), ("--limit", "1001"), ("--limit", "-1"), ("--limit", "9" * 5000),
     ("--limit", "٣"), ("--before", "1"), ("--before", "1:x"), ("--before", f"1:{'9' * 40}"), ("--since", "yesterday"),
     ("--since", "2026-02-30"), ("--since", "0001-01-01", "--until", "0001-01-01"), ("--time-zone", "Mars/Olympus"),
     ("--time-zone", "../../etc/passwd"), ("--time-zone", "America"), ("--portal",), ("--colour", "red"),
     ("--since", "2026-11-24", "--until", "2026-11-23")],
)  # fmt: skip
def test_wrong_words_are_misuse_and_say_what_is_allowed(menshen, state, words):
    answer = menshen("journal", "search", state, *words)
    assert (answer.status, answer.out) == (2, "")
    assert answer.err


def test_times_at_the_ends_of_the_calendar_are_times(menshen, state):
    for since in ("1900-01-01", "9999-12-31T23:59:59", "1970-01-01T00:00:00+14:00", "2099-12-31"):
        assert menshen("journal", "search", state, "--since", since).status == 0, since
    assert menshen("journal", "search", state, "--until", "0001-01-01T00:00:00Z").status == 0


# -- attacks and company ----------------------------------------------------------------------------------------------


@pytest.mark.attack("text-16")
@pytest.mark.parametrize(
    "text",
    ["' OR 1=1 --", "'; DROP TABLE events; --", "%", "*", "\\", "🚪🔑", "\u202egnp.exe", "{0.__class__}", "%s%n",
     "a\nb", "\x1b[2J", "x" * 4_096],
)  # fmt: skip
def test_text_in_arguments_is_only_text(menshen, state, text):
    path = state / "journal" / "journal.db"
    before = path.read_bytes()
    for option in ("--portal", "--holder"):
        answer = menshen("journal", "search", state, option, text, *PURPOSE)
        assert answer.status == 0
        assert answer.out.splitlines()[1:] == ["Nothing found"]
    answer = menshen("journal", "search", state, "--kind", text)
    assert answer.status == 2
    assert "\x1b" not in answer.err
    missing = menshen("journal", "verify", f"{state}/{text[:200]}")
    assert missing.status == 2
    assert "\x1b" not in missing.err
    assert path.read_bytes() == before


@pytest.mark.attack("text-17")
@pytest.mark.parametrize("text", ["x" * 10_000, "a\0b", "\udcff"])
def test_what_is_no_text_is_misuse(menshen, state, text):
    for option in ("--portal", "--holder", "--kind", "--purpose", "--since", "--before", "--limit", "--time-zone"):
        assert menshen("journal", "search", state, option, text).status == 2, option
    if text != "\udcff":  # a file may have such a name
        assert menshen("journal", "verify", text).status == 2


def test_a_journal_that_is_being_written_to_is_read(menshen, state):
    identity = Identity.load_or_create(state / "identity")
    journal, listener = open_journal(state, identity)
    try:
        for round_ in range(3):
            append(journal, listener, rows())
            _, least = journal.head
            verdict = json.loads(menshen("journal", "verify", state, "--json").out)
            assert verdict["ok"]
            assert verdict["at"] >= least > (round_ + 1) * ROWS
            newest = found(menshen("journal", "search", state, "--limit", "1", "--json"))[0]
            assert newest["seq"] >= least
            exported = menshen("journal", "export", state).out.splitlines()
            assert json.loads(exported[-1])["header"]["seq"] >= least
        assert journal.failing is False
    finally:
        assert journal.close()


def test_a_copy_on_another_machine_is_read_without_its_state_folder(menshen, state, tmp_path):
    copy = tmp_path / "copy.db"
    shutil.copyfile(state / "journal" / "journal.db", copy)
    answer = menshen("journal", "verify", copy, "--key", key_of(state), "--json")
    assert answer.status == 0
    assert json.loads(answer.out)["signed_seq"] == ROWS + 1
    assert "were not proven" in menshen("journal", "verify", copy).out
    assert process("journal", "verify", "copy.db", cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT))).returncode == 0


@pytest.mark.parametrize("action", ["verify", "search"])
def test_a_journal_that_is_not_there_is_told_in_json_too(menshen, tmp_path, action):
    answer = menshen("journal", action, tmp_path / "gone", "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["ok"] is False
    assert "gone" in answer.err
