"""Nobody's id gets into a recording; every text field is known to be personal or not; a full disk ends no gate."""

from __future__ import annotations

import json
import re
import resource
import shutil
import sqlite3
import typing
from pathlib import Path

import msgspec
import pytest

from firmware.controller.recorder import ISSUING, PERSONAL, Pseudonyms, Recorder
from firmware.core.access import Known, Unknown
from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Body, Event, Keep, Record
from firmware.core.facts import Afar, AnyFact, DeadlineReached, LockPortal, Reading, Started
from firmware.core.site import Site
from firmware.core.state import initial
from firmware.core.step import step
from firmware.core.viewing_facts import CameraViewed
from firmware.recording import Line
from firmware.replay import replay
from tests.replay.make import ISSUER, SITE, record

# Ids that can be told from every other word of a recording; the demo's are words such as "resident" and "guard".
RENAMED = {
    "resident": "holder-zq17",
    "neighbour": "holder-zq23",
    "guard": "holder-zq31",
    "visitor": "holder-zq47",
    "former": "holder-zq59",
    "careless": "holder-zq61",
    "cleaner": "holder-zq73",
    "resident_car": "holder-zq79",
    "resident_second_car": "holder-zq83",
    "neighbour_car": "holder-zq89",
}
HOUSEHOLDS = {"b1-0101": "household-xk11", "b1-0102": "household-xk12", "b2-0301": "household-xk13"}
CARDS = ("12:34567", "12:34568", "12:50001", "12:20001", "12:40404", "12:60001", "12:60003", "12:100", "99:1")
PINS = ("735190", "2468", "8420", "8642", "111111")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """(the folder of the runs, their recordings) at a demo gate whose people have ids that stand out."""
    folder = tmp_path_factory.mktemp("recorded")
    site = folder / "site"
    shutil.copytree(SITE.parent, site)
    rows = (site / "holders.csv").read_text().splitlines()
    for number, row in enumerate(rows[1:], 1):
        holder, household, rest = row.split(",", 2)
        rows[number] = f"{RENAMED[holder]},{HOUSEHOLDS.get(household, household)},{rest}"
    (site / "holders.csv").write_text("\n".join(rows) + "\n")
    return folder, list(record(folder, site / SITE.name))


def roster_ids(folder: Path) -> set[str]:
    """Every holder, household and credential token of the roster that the runs used, as its file has them."""
    (path,) = (folder / "before").glob("*.roster")
    with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as database:
        rows = database.execute("SELECT token, holder, household FROM credential").fetchall()
    database.close()
    found: set[str] = set()
    for token, holder, household in rows:
        found |= {token.hex() if isinstance(token, bytes) else str(token), str(holder)}
        found |= set() if household is None else {str(household)}
    return found


def test_a_recording_holds_no_id_of_the_roster_and_no_card(recorded):
    folder, recordings = recorded
    ids = roster_ids(folder)
    assert set(RENAMED.values()) <= ids
    assert len(ids) > 2 * len(RENAMED)
    for path in recordings:
        text = path.read_text()
        for personal in (*ids, *RENAMED.values(), *HOUSEHOLDS.values(), ISSUER, ISSUER[:20]):
            assert personal not in text, personal
        for number in (*CARDS, *(card.split(":")[1] for card in CARDS[:-1] if len(card) > 6), *PINS):
            assert not re.search(rf"(?<![0-9a-f]){number}(?![0-9a-f])", text), number


def test_it_replays_the_same_without_roster_and_board(recorded):
    for path in recorded[1]:
        outcome = replay(path)
        assert outcome.difference is None
        assert outcome.cut == ""
        assert outcome.steps > 20


def test_the_journal_had_the_ids_that_the_recording_has_not(recorded):
    """The search above would find them: the same run's journal is full of them."""
    folder, _ = recorded
    journal = b"".join(path.read_bytes() for path in (folder / "before" / "journal").iterdir() if path.is_file())
    assert RENAMED["resident"].encode() in journal
    assert ISSUER[:20].encode() in journal


def test_pseudonyms_keep_who_is_who_within_one_recording_and_not_between_two(recorded):
    one, two, _ = recorded[1]

    def holders(path: Path) -> list[str]:
        facts = [json.loads(line)["fact"] for line in path.read_text().splitlines()[1:]]
        return [fact["presented"].get("holder", "") for fact in facts if fact["type"] == "CardRead"]

    known = [holder for holder in holders(one) if holder]
    assert len(set(known)) == 6  # all but the cleaner have a card
    assert all(re.fullmatch(r"p[0-9a-f]{16}", holder) for holder in known)
    assert not set(known) & set(holders(two))


def test_where_an_order_came_from_is_a_pseudonym_in_fact_and_event():
    fact = LockPortal("chen", afar=Afar("manager", "10.0.0.7"), portal="front")
    taken = Pseudonyms().fact(fact)
    assert taken.afar.roles == "manager"
    assert re.fullmatch(r"p[0-9a-f]{16}", taken.afar.address)


# -- every text field -------------------------------------------------------------------------------------------------

# Text that is about the site, the roster's rules, devices or the machine, and about nobody.
PLAIN = (
    "reader input output device portal portals access_point area boot kind why source sources request code reasons",
    "detail key occupancy subject value kept level pin_before feedback status profiles second_factors",
    "name week special rules access_points schedule schedules special_days version entry receipt",
    "controller was passed_at areas display reason roles subjects unacknowledged cameras",
)
PLAIN_NAMES = {name for names in PLAIN for name in names.split()}


def text_fields(kind: object, seen: set[type]) -> set[tuple[type, str]]:
    """(struct, field) of all that can hold text, in everything a type can hold."""
    found: set[tuple[type, str]] = set()
    for part in typing.get_args(kind):
        found |= text_fields(part, seen)
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)) or kind in seen:
        return found
    seen.add(kind)
    for field in msgspec.structs.fields(kind):
        if holds_text(field.type):
            found.add((kind, field.name))
        found |= text_fields(field.type, seen)
    return found


def holds_text(kind: object) -> bool:
    return kind is str or any(holds_text(part) for part in typing.get_args(kind))


def personal(kind: type, name: str) -> bool:
    return name in PERSONAL.get(kind, ()) or (name == "issuer" and issubclass(kind, ISSUING))


def test_every_text_field_of_facts_and_effects_is_known_to_be_personal_or_not():
    fields = text_fields(AnyFact, set()) | text_fields(AnyEffect, set())
    assert {
        (kind.__name__, name) for kind, name in fields if not personal(kind, name) and name not in PLAIN_NAMES
    } == set()
    both = {(kind, name) for kind, name in fields if personal(kind, name) and name in PLAIN_NAMES}
    assert both == set()
    listed = {(kind, name) for kind, names in PERSONAL.items() for name in names}
    assert listed <= fields


def test_every_personal_field_is_replaced():
    """Built from the types: each personal field of each fact and effect holds a word that must not come out."""

    def filled(kind: type) -> msgspec.Struct:
        values = {}
        for field in msgspec.structs.fields(kind):
            if personal(kind, field.name):
                values[field.name] = f"secret {kind.__name__} {field.name}"
            elif field.required:
                values[field.name] = {"kept": {}, "presented": None}.get(field.name, "x")
        return kind(**values)

    pseudonyms = Pseudonyms()
    for kind in typing.get_args(AnyFact):
        fact = filled(kind)
        if isinstance(fact, Reading):
            for presented in (filled(Known), filled(Unknown)):
                out = pseudonyms.fact(msgspec.structs.replace(fact, presented=presented))
                assert b"secret" not in msgspec.json.encode(out)
        else:
            assert b"secret" not in msgspec.json.encode(pseudonyms.fact(fact))
    for kind in typing.get_args(AnyEffect):
        effect = filled(kind)
        if isinstance(effect, Record):
            effect = Record(Event(Code.GRANTED, body=filled(Body)))
        assert b"secret" not in msgspec.json.encode(pseudonyms.effect(effect))


def test_what_a_guard_looks_for_in_a_shift_is_a_pseudonym_in_the_kept_state_too():
    """The core keeps what the fact says, so that a replay of the recording keeps the same."""
    pseudonyms = Pseudonyms(b"k" * 16)
    fact = CameraViewed(ISSUER[:64], viewing="begun", cameras=("x",), purpose="the car of Li Na", shift_s=60)
    told = pseudonyms.fact(fact)
    stored = Keep(f"viewing_shift:{ISSUER[:64]}", "1795406400 the car of Li Na")
    hidden = Keep(f"viewing_shift:{told.issuer}", f"1795406400 {told.purpose}")
    assert pseudonyms.effect(stored) == hidden
    assert pseudonyms.effect(Keep(stored.key, None)) == Keep(hidden.key, None)
    started = Started("b", kept={stored.key: stored.value})
    assert pseudonyms.fact(started).kept == {hidden.key: hidden.value}
    assert "Li Na" not in repr(hidden)


def test_who_locked_a_portal_is_a_pseudonym_in_the_kept_state_too():
    """A name longer than the store keeps: fact, Keep and the next run's Started all speak of the same pseudonym."""
    pseudonyms = Pseudonyms()
    command = LockPortal(issuer=ISSUER, portal="p")
    stored = Keep("locked:p", ISSUER[:64])
    started = Started("b", {"locked:p": ISSUER[:64], "fault:p": "output_failed"})
    issuer = pseudonyms.fact(command).issuer
    assert issuer != ISSUER
    assert pseudonyms.effect(stored) == Keep("locked:p", issuer)
    assert pseudonyms.effect(Keep("locked:p", None)) == Keep("locked:p", None)
    assert pseudonyms.fact(started).kept == {"locked:p": issuer, "fault:p": "output_failed"}
    assert pseudonyms.of("") == ""


# -- limits and the disk ----------------------------------------------------------------------------------------------

STEPS = [(1_000 * n, DeadlineReached()) for n in range(1, 500)]


def run_into(recorder: Recorder, site: Site) -> int:
    """Record 500 steps; returns how many the recorder was given."""
    state, effects = step(initial(site), 0, Started("b", {}))
    recorder.write(0, Started("b", {}), effects)
    for now_ms, fact in STEPS:
        state, effects = step(state, now_ms, fact)
        recorder.write(now_ms, fact, effects)
    recorder.close()
    return len(STEPS) + 1


def test_a_recording_ends_at_its_limit_and_says_so(tmp_path: Path, capsys):
    path = tmp_path / "limited.jsonl"
    recorder = Recorder(path, Site("s"), 0, bytes_max=8_000)
    given = run_into(recorder, Site("s"))
    outcome = replay(path)
    assert outcome.difference is None
    assert "limit of 8000 bytes" in outcome.cut
    assert 10 < outcome.steps < given
    assert path.stat().st_size < 8_000 + 200  # and the line that says so
    assert capsys.readouterr().err.count(str(path)) == 1


def test_each_run_has_a_recording_of_its_own(tmp_path: Path):
    """A controller that comes back after a power cut is started with the same words."""
    path = tmp_path / "run.jsonl"
    recorders = [Recorder(path, Site("s"), 0) for _ in range(3)]
    steps = [run_into(recorder, Site("s")) for recorder in recorders]
    names = [recorder.path.name for recorder in recorders]
    assert names == ["run.jsonl", "run.2.jsonl", "run.3.jsonl"]
    assert [replay(recorder.path).steps for recorder in recorders] == steps


@pytest.mark.parametrize("where", ["nowhere/run.jsonl", "file/run.jsonl", "x" * 300])
def test_a_recording_that_cannot_begin_stops_nobody(where: str, tmp_path: Path, capsys):
    (tmp_path / "file").write_text("")
    recorder = Recorder(tmp_path / where, Site("s"), 0)
    run_into(recorder, Site("s"))
    assert "could not be begun" in recorder.ended
    assert capsys.readouterr().err.count("could not be begun") == 1


def test_a_disk_that_takes_no_more_ends_the_recording_and_nothing_else(tmp_path: Path, capsys):
    """The limit of a file's size stands for the full disk: write() fails in the middle of a line."""
    path = tmp_path / "full.jsonl"
    recorder = Recorder(path, Site("s"), 0)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000, limits[1]))
    try:
        run_into(recorder, Site("s"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "could not be written" in recorder.ended
    assert capsys.readouterr().err.count(str(path)) == 1
    outcome = replay(path)
    assert outcome.difference is None
    assert outcome.steps == path.read_bytes().count(b"\n") - 1


def test_the_lines_are_the_facts_and_effects_themselves(tmp_path: Path):
    path = tmp_path / "lines.jsonl"
    recorder = Recorder(path, Site("s"), 0)
    given = run_into(recorder, Site("s"))
    lines = [msgspec.json.decode(raw, type=Line) for raw in path.read_bytes().splitlines()[1:]]
    assert len(lines) == given
    assert lines[0].fact == Started("b", {})
    assert [(line.now_ms, line.fact) for line in lines[1:]] == STEPS
