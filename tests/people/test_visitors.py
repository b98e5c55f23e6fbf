"""Visitors are invited at the gate, with an end and a number of uses; who they are stays at the desk, and goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import Invite, LocalEntry, TellPeople
from firmware.people.errors import Denied
from firmware.people_words.base import Refused
from firmware.people_words.visitors import EndVisit, InviteAtReader, Invited, InviteVisitor, ListVisitors, Visitors
from tests.people.desk import GUARD, MANAGER, AtDesk, at_desk

CARD = "H10301:12:50002"
VISIT = {"name": "Chen Bo", "host": "3-2-501", "until": "2027-06-01T18:00", "uses": "3", "profile": "visitors"}
UNTIL_S = 1_811_844_000  # 2027-06-01T10:00Z


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        made.put(
            ("household", "f1", {"label": "3-2-501"}),
            ("household", "f2", {"label": "twice"}),
            ("household", "f3", {"label": "twice"}),
        )
        yield made


def invite(desk: AtDesk, **fields: str) -> Invited:
    told = desk.ask(InviteVisitor(fields={**VISIT, "kind": "card", "key": CARD, **fields}))
    assert isinstance(told, Invited)
    return told


def listed(desk: AtDesk, who: object = MANAGER) -> Visitors:
    told = desk.ask(ListVisitors(), who)  # type: ignore[arg-type]
    assert isinstance(told, Visitors)
    return told


def test_a_visitor_is_invited_at_the_gate_and_named_here_only(desk: AtDesk) -> None:
    told = invite(desk)
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Invite)]
    assert (asked.visitor, asked.household, asked.until_s, asked.use_limit) == (told.visitor, "f1", UNTIL_S, 3)
    assert (asked.profiles, asked.key, asked.issuer) == (("visitors",), CARD, "Li Wei")
    assert "Chen" not in repr(asked)
    assert "Chen" not in repr([one for one in desk.gate.asked if isinstance(one, TellPeople)])
    (row,) = listed(desk).rows
    assert (row.name, row.host, row.until_s, row.use_limit, row.kind, row.by) == (
        "Chen Bo",
        "3-2-501",
        UNTIL_S,
        3,
        "card",
        "Li Wei",
    )


def test_a_guard_sees_whom_to_expect_and_no_more(desk: AtDesk) -> None:
    invite(desk)
    invite(desk, key="H10301:12:50003", **{"from": "2027-05-31T08:00"}, name="Next Year")
    (row,) = listed(desk, GUARD).rows
    assert (row.name, row.host) == ("Chen Bo", "3-2-501")
    assert (row.entry, row.kind, row.by, row.why, row.last_at) == ("", "", "", "", "")
    assert [one.name for one in listed(desk).rows] == ["Chen Bo", "Next Year"]
    assert listed(desk).rows[1].phase == "coming"


def test_a_code_is_made_and_told_once(desk: AtDesk) -> None:
    told = invite(desk, kind="made", key="")
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Invite)]
    assert asked.key == told.code
    assert len(told.code) >= 22, "128 bits"
    assert told.code not in repr(told)


@pytest.mark.parametrize("typed", ["2027-06-01T18:00:59", "2027-06-01 10:00Z", "2027-06-01T12:00+02:00"])
def test_an_offset_is_heeded_and_seconds_are_left_out(desk: AtDesk, typed: str) -> None:
    invite(desk, until=typed)
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Invite)]
    assert asked.until_s == UNTIL_S


def test_an_invitation_says_its_entry(desk: AtDesk) -> None:
    assert invite(desk).entry == listed(desk).rows[0].entry == desk.gate.entries[0].id


def test_by_what_is_presented(desk: AtDesk) -> None:
    desk.gate.presented["bike_reader"] = f"card:{CARD}"
    told = desk.ask(InviteAtReader(fields=VISIT, reader="bike_reader"))
    assert isinstance(told, Invited)
    assert told.shown == CARD
    assert listed(desk).rows[0].name == "Chen Bo"


def test_where_the_gate_refuses_no_name_is_kept(desk: AtDesk) -> None:
    desk.gate.refuse["Invite"] = ("already_issued:h1",)
    with pytest.raises(Denied, match="people_gate_refused"):
        invite(desk)
    told = desk.ask(InviteAtReader(fields=VISIT, reader="bike_reader"))
    assert isinstance(told, Refused)
    with sqlite3.connect(desk.state / "people" / "visitors.db") as book:
        assert book.execute("SELECT count(*) FROM visitor").fetchone() == (0,)
    assert [act for act, _ in desk.gate.told()] == ["edited", "edit_not_done"] * 2


@pytest.mark.parametrize(
    ("fields", "word", "field"),
    [
        ({"name": ""}, "people_bad_visitor", "name"),
        ({"name": "x" * 61}, "people_bad_visitor", "name"),
        ({"until": ""}, "people_bad_visit_until", "until"),
        ({"until": "2020-01-01T00:00"}, "people_bad_visit_until", "until"),
        ({"until": "2099-01-01T00:00"}, "people_bad_visit_until", "until"),
        ({"until": "soon"}, "people_bad_until", "until"),
        ({"from": "2027-06-02T00:00"}, "people_bad_visit_until", "until"),
        ({"from": "later"}, "people_bad_from", "from"),
        ({"uses": "0"}, "people_bad_uses", "uses"),
        ({"uses": "10001"}, "people_bad_uses", "uses"),
        ({"profile": ""}, "people_bad_profile", "profile"),
        ({"host": "9-9-999"}, "people_bad_host", "host"),
        ({"host": "twice"}, "people_bad_host", "host"),
        ({"key": "1"}, "people_bad_card", "key"),
        ({"kind": "pin", "key": "1234"}, "people_bad_kind", "kind"),
    ],
)
def test_what_is_wrong_names_its_field(desk: AtDesk, fields: dict[str, str], word: str, field: str) -> None:
    with pytest.raises(Denied) as refused:
        invite(desk, **fields)
    assert (refused.value.said.word, refused.value.said.field) == (word, field)
    assert desk.gate.asked == []


def test_a_visit_is_ended_and_nothing_else_is(desk: AtDesk) -> None:
    invite(desk)
    entry = listed(desk).rows[0].entry
    desk.ask(EndVisit(entry=entry))
    assert listed(desk).rows == ()
    with pytest.raises(Denied, match="people_entry_gone"):
        desk.ask(EndVisit(entry=entry))
    desk.gate.entries.append(LocalEntry("l0000abcd", "suspend", "h2", "x", "y", 1, UNTIL_S, status="lost"))
    desk.place.forget_local()
    with pytest.raises(Denied, match="people_entry_gone"):
        desk.ask(EndVisit(entry="l0000abcd"))


def test_names_go_a_month_after_the_visit(desk: AtDesk) -> None:
    invite(desk)
    path = desk.state / "people" / "visitors.db"
    assert path.stat().st_mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0
    with sqlite3.connect(path) as book:
        book.execute("INSERT INTO visitor (id, name, until_s) VALUES ('v1', 'Long Gone', 1)")
    invite(desk, key="H10301:12:50003")
    assert b"Long Gone" not in path.read_bytes()


def test_a_book_of_before_gets_the_host_that_it_lacks(desk: AtDesk) -> None:
    """One that an older release has made: its names stay, and new ones have a host."""
    path = desk.state / "people" / "visitors.db"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with sqlite3.connect(path) as book:
        book.execute("CREATE TABLE visitor (id TEXT PRIMARY KEY, name TEXT NOT NULL, until_s INTEGER NOT NULL) STRICT")
        book.execute("INSERT INTO visitor VALUES ('v1', 'Wu Fan', ?)", (UNTIL_S,))
    told = invite(desk)
    assert listed(desk).rows[0].name == "Chen Bo"
    with sqlite3.connect(path) as book:
        rows = book.execute("SELECT id, name, host FROM visitor ORDER BY name").fetchall()
    assert rows == [(told.visitor, "Chen Bo", "f1"), ("v1", "Wu Fan", None)]
