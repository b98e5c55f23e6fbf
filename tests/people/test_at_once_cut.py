"""What was written down of a question to the controller, after clocks that jumped, disks that failed and cut writes."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.messages import Enrol, LocalEntry
from firmware.people.at_once import Asked, AtOnce, By, finish
from firmware.people.following import FOLLOWING
from firmware.people_words.holders import EnrolAtReader, EnrolledThere, SuspendHere
from firmware.terminal import now_utc_s
from tests.people.desk import FAR_S, MANAGER, AtDesk, at_desk
from tests.people.test_at_once import left

CARD, NEW_CARD = "H10301:12:34567", "H10301:12:50002"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        made.put(
            ("holder", "h1", {"name": "Wang", "profiles": "residents"}),
            ("credential", f"card:{CARD}", {"holder": "h1"}),
            ("holder", "h2", {"name": "Li", "profiles": "staff"}),
        )
        yield made


def written(desk: AtDesk, asked: Asked, name: str = "asked-x.json") -> Path:
    path = desk.place.own_folder() / name
    path.write_bytes(msgspec.json.encode(asked))
    return path


def test_a_clock_that_was_years_ahead_keeps_nothing_open_for_years(desk: AtDesk) -> None:
    """Set right again since: no reader waits longer than two minutes."""
    written(desk, Asked(MANAGER, By.ENROLLED, "enrolment at a reader", "h2", until_s=now_utc_s() + 86_400 * 365 * 73))
    assert finish(desk.place, FOLLOWING)
    assert (left(desk), desk.gate.told()) == ([], [("edit_not_done", "enrolment at a reader")])


def test_cut_while_what_was_presented_is_written_down(desk: AtDesk) -> None:
    """The newer one lies aside, whole, and has not got its name: it counts. Nothing of it is left behind."""
    asked = Asked(MANAGER, By.ENROLLED, "enrolment at a reader", "h2", until_s=now_utc_s() + 30)
    desk.gate.entries = [LocalEntry("l00000001", "enrol", "h2", MANAGER.name, "x", 1, FAR_S, factor="card")]
    written(desk, asked)
    written(desk, msgspec.structs.replace(asked, key=f"card:{NEW_CARD}", until_s=0), "asked-x.new")
    assert finish(desk.place, FOLLOWING)
    assert desk.rows("SELECT holder FROM credential WHERE key = ?", NEW_CARD) == [("h2",)]
    assert list((desk.state / "people").glob("asked-*")) == []


def test_half_of_what_was_presented_is_none_of_it_and_goes(desk: AtDesk) -> None:
    asked = Asked(MANAGER, By.ENROLLED, "enrolment at a reader", "h2", until_s=now_utc_s() - 1)
    written(desk, asked)
    (desk.place.own_folder() / "asked-x.new").write_bytes(b'{"who":{"name":"Li')
    assert finish(desk.place, FOLLOWING)
    assert desk.gate.told() == [("edit_not_done", "enrolment at a reader")]
    assert list((desk.state / "people").glob("asked-*")) == []


def test_on_a_full_disk_what_was_presented_is_kept_in_no_second_place(desk: AtDesk) -> None:
    """In a process whose files may have a few bytes only: what was known stays, and no half of a file."""
    asked = Asked(MANAGER, By.ENROLLED, "enrolment at a reader", "h2")
    path = written(desk, asked)
    before = path.read_bytes()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
            AtOnce(desk.place, asked, path).know(f"card:{NEW_CARD}")
            status = 0
        finally:
            os._exit(status)
    _, how = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(how) == 0
    assert path.read_bytes() == before
    assert [each.name for each in path.parent.glob("asked-*")] == ["asked-x.json"]


def test_where_the_folder_fails_what_was_presented_is_in_the_list_all_the_same(desk: AtDesk) -> None:
    """The controller has it: the person stands at the reader, and must not be sent away with half of it done."""
    desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"

    def fails(command: object) -> None:
        if isinstance(command, Enrol):
            (one,) = left(desk)
            one.with_suffix(".new").mkdir()  # nothing can be written or renamed there

    desk.gate.before = fails
    told = desk.ask(EnrolAtReader(holder="h2", reader="bike_reader", seconds=30))
    assert isinstance(told, EnrolledThere)
    assert told.kept
    assert desk.rows("SELECT holder FROM credential WHERE key = ?", NEW_CARD) == [("h2",)]


def test_what_cannot_be_read_holds_nothing_else_up_and_stays(desk: AtDesk) -> None:
    """A bad block, say; in its place stands a folder here, which cannot be read either."""
    bad = desk.place.own_folder() / "asked-a.json"
    bad.mkdir()
    with pytest.raises(OSError) as error:
        bad.read_bytes()
    assert error.value.errno == errno.EISDIR
    written(desk, Asked(MANAGER, By.SUSPENDED, "suspension asked", "h1"), "asked-b.json")
    assert not finish(desk.place, FOLLOWING), "not all is over"
    assert desk.gate.told() == [("edit_not_done", "suspension asked")]
    assert [path.name for path in left(desk)] == ["asked-a.json"]


def test_a_card_that_is_another_one_s_at_the_gate_was_suspended_all_the_same(desk: AtDesk) -> None:
    """The list has given it to somebody else since: the entry names whose it is by the roster in service."""
    ref = desk.identity.pseudonym("card", CARD)
    desk.gate.owners[CARD] = "of_old"
    desk.ask(SuspendHere(holder="h1", ref=ref, why="lost"))
    (entry,) = desk.gate.entries
    assert entry.holder == "of_old"
    desk.gate.asked.clear()
    asked = Asked(MANAGER, By.SUSPENDED, "suspension asked", "h1", ref=ref)
    written(desk, asked)
    assert finish(desk.place, FOLLOWING)
    assert desk.gate.told() == [], "it is so"
    written(desk, msgspec.structs.replace(asked, before=(entry.id,)))
    assert finish(desk.place, FOLLOWING)
    assert desk.gate.told() == [("edit_not_done", "suspension asked")], "that one was there before"
