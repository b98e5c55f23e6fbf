"""Holders are found by what is typed, whatever was changed since the text was read."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import ListOverlay, TellPeople
from firmware.people.errors import Denied
from firmware.people.seeking import CHANGED_MAX, Index
from firmware.people_words.base import HowAreThings
from firmware.people_words.holders import AddCredential, EditHolder, EditHousehold, FindPeople, PeopleFound
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.people.desk import WAIT_S, AtDesk, at_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        made.put(
            ("household", "f1", {"label": "3-2-501"}),
            ("household", "f2", {"label": "12栋3单元"}),
            (
                "holder",
                "h1",
                {"name": "Wang Fang", "phone": "138 0013-8000", "profiles": "residents", "household": "f1"},
            ),
            ("holder", "h2", {"name": "王芳", "phone": "13900139000", "profiles": "residents", "household": "f2"}),
            ("holder", "h3", {"name": "Müller, Käthe", "profiles": "staff"}),
            ("credential", "card:H10301:12:34567", {"holder": "h1", "printed": "0012345"}),
            ("credential", "pin:735190", {"holder": "h3"}),
            ("credential", "code:secret-of-a-qr", {"holder": "h3"}),
            ("vehicle", "京A12345", {"holder": "h2"}),
        )
        yield made


def found(desk: AtDesk, text: str) -> list[str]:
    told = desk.ask(FindPeople(text=text))
    assert isinstance(told, PeopleFound)
    return sorted(row.id for row in told.rows)


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["h1", "h2", "h3"]),
        ("wang", ["h1"]),
        ("WANG  fang", ["h1"]),
        ("ＷＡＮＧ", ["h1"]),  # full-width letters, as an input method leaves them
        ("芳", ["h2"]),
        ("KÄTHE", ["h3"]),
        ("3-2-501", ["h1"]),
        ("12栋", ["h2"]),
        ("8000", ["h1"]),
        ("138001380", ["h1"]),  # digits of a phone that is written with spaces
        ("139 芳", ["h2"]),
        ("34567", ["h1"]),
        ("12:34567", ["h1"]),
        ("0012345", ["h1"]),
        ("h3", ["h3"]),
        ("wang 芳", []),
        ("735190", []),  # a PIN finds nobody
        ("secret", []),  # nor does what a code says
        ("京A12345", []),  # nor a plate, without a purpose
        ("\n", ["h1", "h2", "h3"]),
        ("%", []),
    ],
)
def test_what_finds_whom(desk: AtDesk, text: str, ids: list[str]) -> None:
    assert found(desk, text) == ids


def test_a_row_says_no_more_of_a_phone_than_its_end(desk: AtDesk) -> None:
    told = desk.ask(FindPeople(text="wang"))
    assert (told.rows[0].phone_end, told.rows[0].label, told.rows[0].credentials) == ("8000", "3-2-501", 1)
    assert "13800138000" not in repr(told)


def test_pages_hold_every_row_once(desk: AtDesk) -> None:
    desk.put(*(("holder", f"x{n:03}", {"name": f"Zhang {n}", "profiles": "staff"}) for n in range(45)))
    seen: list[str] = []
    for skip in (0, 20, 40):
        told = desk.ask(FindPeople(text="zhang", skip=skip))
        seen += [row.id for row in told.rows]
        assert told.more is (skip < 40)
    assert sorted(seen) == [f"x{n:03}" for n in range(45)]
    assert len(seen) == 45


def test_it_follows_edits_of_the_page_and_of_others(desk: AtDesk) -> None:
    assert found(desk, "zhou") == []
    told = desk.ask(EditHolder(fields={"name": "Zhou Lin", "profiles": "staff"}))
    assert found(desk, "zhou") == [told.id]
    desk.ask(AddCredential(holder=told.id, kind="card", fields={"key": "H10301:9:777"}, at_once=False))
    assert found(desk, "9:777") == [told.id]
    desk.ask(EditHousehold(household="f1", revision=99, fields={"label": "Tower A"}))
    assert found(desk, "tower") == ["h1"]
    assert found(desk, "3-2-501") == []
    with Source.open(desk.place.source_path) as source, source.batch("edit", "somebody", "else", 3) as batch:
        edit.remove(batch, "holder", "h1")
    assert found(desk, "wang") == []
    assert found(desk, "tower") == []


def test_after_many_changes_it_is_read_anew(desk: AtDesk) -> None:
    assert found(desk, "") == ["h1", "h2", "h3"]
    many = CHANGED_MAX + 1
    desk.put(*(("holder", f"x{n}", {"name": f"Zhang {n}.", "profiles": "staff"}) for n in range(many)))
    assert found(desk, f"zhang {many - 1}.") == [f"x{many - 1}"]
    assert found(desk, "wang") == ["h1"]


def test_another_file_in_its_place_is_read(desk: AtDesk) -> None:
    assert found(desk, "wang") == ["h1"]
    for suffix in ("", "-wal", "-shm"):
        Path(f"{desk.place.source_path}{suffix}").unlink(missing_ok=True)
    desk.make_source()
    desk.put(("holder", "n1", {"name": "Newcomer", "profiles": "staff"}))
    assert found(desk, "") == ["n1"]


def test_a_plate_is_sought_for_a_purpose_that_is_told_first(desk: AtDesk) -> None:
    for purpose in ("", "   ", "why"):
        with pytest.raises(Denied, match="people_purpose_needed"):
            desk.ask(FindPeople(text="京A12345", plate=True, purpose=purpose))
    with pytest.raises(Denied, match="people_bad_plate"):
        desk.ask(FindPeople(text="!", plate=True, purpose="it blocks the gate"))
    assert desk.gate.told() == []
    told = desk.ask(FindPeople(text="京A 12345", plate=True, purpose="it blocks the gate"))
    assert [row.id for row in told.rows] == ["h2"]
    (asked,) = [one for one in desk.gate.asked if isinstance(one, TellPeople)]
    assert (asked.act.value, asked.why, asked.address) == ("looked_up", "it blocks the gate", "10.0.0.7")
    assert "A12345" not in asked.detail, "the journal has its pseudonym"
    assert desk.identity.pseudonym("plate", "京A12345") in asked.detail
    desk.gate.refuse["TellPeople"] = ("not_recorded",)
    with pytest.raises(Denied, match="people_not_recorded"):
        desk.ask(FindPeople(text="京A12345", plate=True, purpose="it blocks the gate"))


def test_where_there_is_no_list_only_the_roster_is_asked(tmp_path: Path) -> None:
    with at_desk(tmp_path, source=False) as desk:
        told = desk.ask(FindPeople(text="h1"))
        assert (told.rows, told.source) == ((), False)
        Index(desk.place).warm()


def test_a_gate_that_stalls_holds_no_search_up(desk: AtDesk) -> None:
    """Somebody's page waits for the controller, whose card stalls; another one's search is answered meanwhile."""
    begun, go_on = threading.Event(), threading.Event()

    def stall(command: object) -> None:
        if isinstance(command, ListOverlay):
            begun.set()
            go_on.wait(WAIT_S)

    assert found(desk, "wang") == ["h1"]
    desk.place.forget_local()
    desk.gate.before = stall
    other = threading.Thread(target=desk.ask, args=(HowAreThings(),))
    other.start()
    assert begun.wait(WAIT_S)
    assert found(desk, "wang") == ["h1"]
    assert other.is_alive(), "it waits yet"
    go_on.set()
    other.join(WAIT_S)
