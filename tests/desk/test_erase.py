"""Erasure of one person: no byte is left in source and state folder, the chains verify, and nothing comes back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.bench.clock import rest
from firmware.bench.rig import Rig, h10301
from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import search, verify
from firmware.messages import Enrol, Erase, Suspend
from firmware.people import at_once, place, promises
from firmware.people.gate import BUILT
from firmware.people.review_making import PREFIX as REVIEW
from firmware.people_words.base import Asker
from firmware.roster import visitor_book
from firmware.roster.build import build_source
from firmware.roster.erasing import DESK, DESK_ASKED, DESK_WORK, NOT_REACHED, read_receipt
from firmware.roster.errors import Problems, RosterError
from firmware.roster.install import install
from firmware.roster.office import Office
from firmware.roster.roster import open_roster
from firmware.roster.rules import read_rules
from firmware.roster.source import edit, history, rules
from firmware.roster.source.store import Source
from tests.desk.at_desk import WHO

# What the person is known by; each stands out, so that it is found wherever it is left.
HOLDER, NAME, PHONE = "zq17-vanishing", "Vanessa Vanishing", "13800138017"
CARD, SECOND_CARD = "H10301:117:31717", "H10301:118:31818"
PERSONAL = (HOLDER, NAME, PHONE, "117:31717", "118:31818", "31717", "31818")
STAYS, STAYS_CARD = "ab01", "H10301:1:100"
RULES = """\
time_zone = "Asia/Shanghai"

[[profile]]
name = "residents"

[[profile.rule]]
access_points = ["*"]
schedule = "always"
"""
LIMIT_S = 10


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def make_source(folder: Path) -> Path:
    """A source with a person to be erased, one who stays, and a history in which both stand."""
    path = folder / "office.db"
    (folder / "rules.toml").write_text(RULES)
    source = Source.create(path, time_zone="Asia/Shanghai", who="Li", why="a new source", at_s=1_795_000_000)
    with source:
        with source.batch("rules", "Li", "first rules", 1_795_000_001) as batch:
            rules.write_rules(batch, read_rules(folder / "rules.toml", Problems()))
        with source.batch("edit", "Li", "moved in", 1_795_000_002) as batch:
            for holder, card, name in ((HOLDER, CARD, NAME), (STAYS, STAYS_CARD, "Abigail")):
                edit.add(batch, "holder", holder, {"profiles": "residents", "name": name})
                edit.add(batch, "credential", f"card:{card}", {"holder": holder})
        with source.batch("edit", "Li", "another phone", 1_795_000_003) as batch:
            edit.set_fields(batch, "holder", HOLDER, {"phone": PHONE})
    return path


def put_into_service(source: Path, state: Path) -> None:
    identity = Identity.load_or_create(state / "identity")
    built = state / "first.roster"
    with Source.open(source) as opened:
        build_source(opened, built, identity)
    install(built, state / "roster", [identity.public_key]).close()
    built.unlink()


def erase(rig: Rig, source: Path, *more: str, holder: str = HOLDER) -> subprocess.CompletedProcess[str]:
    words = [*words_of(rig, source, holder), *more]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)


def words_of(rig: Rig, source: Path, holder: str = HOLDER) -> list[str]:
    words = [sys.executable, "-m", "firmware", "roster", "erase", holder, "--source", str(source)]
    words += ["--state", str(rig.state), "--by", "Li of the office", "--why", "moved away, asked to be forgotten"]
    return [*words, "--json"]


def found(*folders: Path) -> set[tuple[str, str]]:
    """(file, word) wherever anything of the person is left."""
    left = set()
    for folder in folders:
        for path in [folder] if folder.is_file() else folder.rglob("*"):
            if path.is_file() and not path.is_socket():
                content = path.read_bytes()
                left |= {(path.name, word) for word in PERSONAL if word.encode() in content}
    return left


def uses_the_gate(rig: Rig) -> None:
    """The person passes, gets a second card, and one card is suspended: all of it is in the journal."""
    rig.listens()
    rig.swipe(h10301(117, 31717))
    rest(0.5)
    rig.contact(True)
    rest(0.1)
    rig.contact(False)
    with Office(rig.state) as office:
        assert office.ask(Enrol(holder=HOLDER, key=SECOND_CARD, **WHO)).done
        assert office.ask(Suspend(factor=Factor.CARD, key=CARD, lost=True, **WHO)).done
    rig.swipe(h10301(117, 31717))
    rest(0.5)


def test_names_of_visitors_go_with_who_was_visited_and_with_the_visitor(rig: Rig, tmp_path: Path):
    """Of a household that others live in they stay: they are those others' visitors, too."""
    source = make_source(tmp_path)
    with Source.open(source) as opened, opened.batch("edit", "Li", "where they live", 1_795_000_004) as batch:
        for household in ("f1", "f2"):
            edit.add(batch, "household", household, {"label": household})
        edit.set_fields(batch, "holder", HOLDER, {"household": "f1"})
        edit.set_fields(batch, "holder", STAYS, {"household": "f1"})
    put_into_service(source, rig.state)
    rig.start()
    rig.listens()
    book = rig.state / visitor_book.PLACE
    book.parent.mkdir(mode=0o700, exist_ok=True)
    now_s = 1_900_000_000
    until_s = 2_000_000_000
    visitors = {"v1": ("Chen Bo", "f1"), "v2": ("Wu Fan", "f2"), "v3": ("Sun Li", None), "v4": ("Zhou Yu", "f1")}
    for id, (name, host) in visitors.items():
        visitor_book.add(book, now_s, id, name, until_s, host)

    def left() -> set[str]:
        return {name for name, _ in visitors.values() if name.encode() in book.read_bytes()}

    everybody = {"Chen Bo", "Wu Fan", "Sun Li", "Zhou Yu"}
    done = erase(rig, source, "--household")
    assert done.returncode == 0, done.stderr
    assert (json.loads(done.stdout)["receipt"]["visitors"], left()) == (0, everybody), "others live there"
    done = erase(rig, source, "--household", holder=STAYS)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["receipt"]["visitors"] == 2
    assert left() == {"Wu Fan", "Sun Li"}
    done = erase(rig, source, holder="v3")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["receipt"]["visitors"] == 1
    assert left() == {"Wu Fan"}


def test_what_a_desk_that_was_killed_has_left_of_the_person_goes_too(rig: Rig, tmp_path: Path):
    """Else the next start of the desk would tell the journal of the person once more; what is about others stays."""
    assert {f"{at_once.PREFIX}*", f"{promises.PREFIX}*"} == set(DESK_ASKED)
    assert {f"{BUILT}*", f"{REVIEW}*"} == set(DESK_WORK)
    assert place.FOLDER == DESK
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    rig.listens()
    folder = rig.state / DESK
    (folder / f"{REVIEW}x").mkdir(mode=0o700, parents=True)
    who = Asker(name="Li Wei", roles=("manager",), address="10.0.0.7")
    theirs = at_once.Asked(who, at_once.By.ENROLLED, "enrolment at a reader", HOLDER, key=f"card:{SECOND_CARD}")
    (folder / "asked-a.json").write_bytes(msgspec.json.encode(theirs))
    (folder / "asked-a.new").write_bytes(msgspec.json.encode(theirs)[:-20])
    (folder / "told-b.json").write_bytes(msgspec.json.encode(promises.Promise(who, "holder changed", HOLDER, 3, 1)))
    (folder / "told-c.json").write_bytes(msgspec.json.encode(promises.Promise(who, "holder changed", STAYS, 3, 1)))
    for name in (BUILT, f"{BUILT}-journal", f"{REVIEW}x/roster"):
        (folder / name).write_text(NAME)
    assert {"asked-a.json", "asked-a.new", "told-b.json", BUILT, "roster"} <= {name for name, _ in found(rig.state)}
    done = erase(rig, source)
    assert done.returncode == 0, done.stderr
    assert rig.stop() == 0
    assert found(source, rig.state) == set()
    assert [path.name for path in folder.iterdir()] == ["told-c.json"]


def test_where_the_names_cannot_be_changed_nothing_is_erased(rig: Rig, tmp_path: Path):
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    rig.listens()
    (rig.state / visitor_book.PLACE).parent.mkdir(mode=0o700, exist_ok=True)
    (rig.state / visitor_book.PLACE).write_bytes(b"this is no database, and long enough to be seen as none" * 20)
    done = erase(rig, source)
    assert done.returncode == 1
    assert "Nothing was erased" in done.stderr
    with Source.open(source, readonly=True) as opened:
        assert opened.db.execute("SELECT name FROM holder WHERE id = ?", (HOLDER,)).fetchone() == (NAME,)


def test_no_byte_of_the_person_is_left_and_everything_still_verifies(rig: Rig, tmp_path: Path):
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    uses_the_gate(rig)
    places = {name for name, _ in found(source, rig.state)}
    assert {"office.db", "roster", "overlay", "overlay.previous"} <= places
    assert places & {"journal.db", "journal.db-wal"}, "the search would find what is left"
    assert search(rig.state / "journal/journal.db", holder=HOLDER)

    receipt_file = tmp_path / "receipt.json"
    done = erase(rig, source, "--receipt", str(receipt_file))
    assert done.returncode == 0, done.stderr

    assert rig.stop() == 0
    assert found(source, rig.state, receipt_file) == set()
    assert not any(word in done.stdout + done.stderr for word in PERSONAL)
    identity = Identity.load_or_create(rig.state / "identity")
    assert verify(rig.state / "journal/journal.db", identity.public_key).ok
    with Source.open(source, readonly=True) as opened:
        assert history.verify_history(opened.db).batches == 5
    assert search(rig.state / "journal/journal.db", holder=HOLDER) == []
    with open_roster(rig.state / "roster/roster", [identity.public_key]) as roster:
        assert roster.holder(HOLDER) is None
        assert roster.holder(STAYS) is not None

    receipt = read_receipt(receipt_file.read_bytes(), identity.public_key)
    assert (receipt.source["holders"], receipt.source["credentials"]) == (1, 1)
    assert receipt.local_entries == 2
    assert receipt.journal_rows >= 4
    assert receipt.not_reached == NOT_REACHED
    (tombstone,) = search(rig.state / "journal/journal.db", kind=Code.ERASED, with_bodies=True)
    assert receipt.tombstones == (f"{tombstone.epoch}:{tombstone.seq}",)
    assert tombstone.event.body.issuer == "Li of the office"


def test_a_receipt_that_was_changed_is_none(rig: Rig, tmp_path: Path):
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    done = erase(rig, source)
    assert done.returncode == 0, done.stderr
    identity = Identity.load_or_create(rig.state / "identity")
    told = json.loads(done.stdout)
    del told["ok"]
    content = msgspec.json.encode(told)
    assert read_receipt(content, identity.public_key).roster_version == 2
    with pytest.raises(RosterError, match="not signed by this controller"):
        read_receipt(content.replace(b'"local_entries":0', b'"local_entries":9'), identity.public_key)
    with pytest.raises(RosterError, match="no receipt"):
        read_receipt(b"{}", identity.public_key)


KILLED_AT_A_STEP = """
import os, signal, sys
from pathlib import Path
from firmware.roster.erasing import Person, erase
from firmware.terminal import now_utc_s, own_identity

holder, source, state, last = sys.argv[1:]
steps = []

def step(name):
    steps.append(name)
    if len(steps) == int(last):
        os.kill(os.getpid(), signal.SIGKILL)

person = Person(holder, "Li of the office", "moved away, asked to be forgotten", now_utc_s())
erase(person, Path(source), Path(state), own_identity(Path(state)), step)
"""


@pytest.mark.slow
@pytest.mark.parametrize("step", [1, 2, 3])
def test_killed_between_two_steps_it_completes_when_it_is_asked_for_again(rig: Rig, tmp_path: Path, step: int):
    """SIGKILL by itself, so that it is at that instant, as a step says that it begins; once more after everything."""
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    uses_the_gate(rig)
    words = [sys.executable, "-c", KILLED_AT_A_STEP, HOLDER, str(source), str(rig.state), str(step)]
    cut = subprocess.run(words, timeout=60, check=False)
    assert cut.returncode == -signal.SIGKILL
    assert found(source, rig.state) != set()
    for _ in range(2):
        done = erase(rig, source)
        assert done.returncode == 0, done.stderr
    assert rig.stop() == 0
    assert found(source, rig.state) == set()


def test_without_a_controller_nothing_is_begun(rig: Rig, tmp_path: Path):
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    done = erase(rig, source)
    assert done.returncode == 2
    assert "Start the controller" in done.stderr
    assert ("office.db", NAME) in found(source)


def test_who_still_has_a_roster_behind_is_not_erased_at_the_controller(rig: Rig, tmp_path: Path):
    """Asked past the command: what the roster would bring back is refused, and nothing is erased."""
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    uses_the_gate(rig)
    with Office(rig.state) as office:
        answer = office.ask(Erase(holder=HOLDER, **WHO))
    assert (answer.done, answer.reasons) == (False, ("said_by_roster",))
    assert search(rig.state / "journal/journal.db", holder=HOLDER)
    assert rig.stop() == 0


def test_words_that_name_the_person_are_refused_before_anything_is_erased(rig: Rig, tmp_path: Path):
    source = make_source(tmp_path)
    put_into_service(source, rig.state)
    rig.start()
    words = [sys.executable, "-m", "firmware", "roster", "erase", HOLDER, "--source", str(source)]
    words += ["--state", str(rig.state), "--by", "Li", "--why", f"{NAME} has moved"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert ("office.db", NAME) in found(source)
