"""Races, hostile lists and half-done work at the desk: nothing is brought, given or told that is not so."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from firmware.messages import Enrol, Invite, Leave, ListOverlay, TellPeople
from firmware.people.errors import Denied
from firmware.people.lines import LINES
from firmware.people.place import OFFICE, Place
from firmware.people.standing import how_are_things
from firmware.people_words.base import CancelJob, HowAreThings, LookAtJob, Refused, Standing
from firmware.people_words.holders import (
    AddCredential,
    BringToGate,
    Brought,
    EditCredential,
    Edited,
    EditHolder,
    EndHolder,
    EnrolAtReader,
    HolderSheet,
    LookAtHolder,
)
from firmware.people_words.review import DiscardWaiting
from firmware.people_words.visitors import InviteVisitor, ListVisitors
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from firmware.terminal import now_utc_s
from tests.people.desk import GUARD, MANAGER, AtDesk, at_desk
from tests.people.test_serving import ask, play

CARD, NEW_CARD = "H10301:12:34567", "H10301:12:50002"
PLATE = "沪A12345"
SHANGHAI = timezone(timedelta(hours=8))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        made.put(
            ("holder", "h1", {"name": "Wang Fang", "profiles": "residents"}),
            ("credential", f"card:{CARD}", {"holder": "h1"}),
            ("vehicle", PLATE, {"holder": "h1"}),
            ("holder", "h2", {"name": "Li Na", "profiles": "staff"}),
        )
        yield made


def standing(desk: AtDesk) -> Standing:
    told = desk.ask(HowAreThings())
    assert isinstance(told, Standing)
    return told


def when(desk: AtDesk, right: Callable[[object], bool], do: Callable[[], None]) -> None:
    """Do something once, as soon as the controller is asked this, before it answers."""
    done = False

    def before(command: object) -> None:
        nonlocal done
        if not done and right(command):
            done = True
            do()

    desk.gate.before = before


def noted(desk: AtDesk, holder: str) -> None:
    """Somebody else changes a holder."""
    with Source.open(desk.state / OFFICE) as source, source.batch("edit", "Chen Jie", "a note", 3) as batch:
        edit.set_fields(batch, "holder", holder, {"note": "x"})


# -- between looking and doing ----------------------------------------------------------------------------------------


@pytest.mark.attack("people-11")
def test_what_slips_in_after_the_last_look_is_not_brought(desk: AtDesk) -> None:
    """The list moves on while the journal is told of the hand-in: that change nobody has reviewed."""
    seen = standing(desk).batch
    when(desk, lambda one: isinstance(one, TellPeople) and one.act == "handed_in", lambda: noted(desk, "h2"))
    assert desk.ask(BringToGate(batch=seen)) == Refused(word="people_moved_on")
    assert desk.gate.roster_version == 0
    assert not (desk.state / "roster" / "incoming.roster").exists()
    assert desk.gate.told() == [("handed_in", f"batch {seen}"), ("edit_not_done", f"batch {seen}")]
    told = desk.ask(BringToGate(batch=seen + 1))
    assert isinstance(told, Brought)
    assert (told.answer, told.batch) == ("taken", seen + 1)


def test_a_hand_in_that_did_not_happen_is_taken_back(desk: AtDesk) -> None:
    with desk.place.writing() as source, source.batch("edit", "import", "another board", 2) as batch:
        digest = f"digest:{'0' * 16}:4:{'0' * 32}"
        batch.db.execute("UPDATE holder SET pin_with = ? WHERE id = 'h2'", (digest,))
    seen = standing(desk).batch
    told = desk.ask(BringToGate(batch=seen))
    assert isinstance(told, Brought)
    assert told.answer == "refused"
    assert desk.gate.told() == [("handed_in", f"batch {seen}"), ("edit_not_done", f"batch {seen}")]


def test_whoever_is_off_at_the_gate_and_still_listed_is_said_to_be_so(desk: AtDesk) -> None:
    """Not "nothing has changed": the gate refuses already."""
    when(desk, lambda one: isinstance(one, Leave), lambda: noted(desk, "h1"))
    with pytest.raises(Denied) as refused:
        desk.ask(EndHolder(holder="h1", revision=standing(desk).batch))
    assert refused.value.said.word == "people_ended_not_removed"
    assert [entry.status for entry in desk.gate.entries] == ["left"]
    assert desk.rows("SELECT count(*) FROM holder WHERE id = 'h1'") == [(1,)]
    assert ("edit_not_done", "holder leaves") not in desk.gate.told()


# -- in force --------------------------------------------------------------------------------------------------------


def test_a_file_that_the_controller_does_not_serve_is_in_force_nowhere(desk: AtDesk) -> None:
    assert isinstance(desk.ask(BringToGate(batch=standing(desk).batch)), Brought)
    noted(desk, "h2")
    assert len(standing(desk).waiting) == 1
    desk.gate.roster_version += 1  # it serves another one than lies there
    desk.place.forget_local()
    told = standing(desk)
    assert told.served_batch is None
    assert told.served_version == desk.gate.roster_version
    assert desk.ask(DiscardWaiting(batch=told.batch)) == Refused(word="review_nothing_to_return_to")


@pytest.mark.parametrize("mine", [True, False])
def test_a_card_until_an_instant_is_taken_back_by_the_gate_at_that_instant(desk: AtDesk, mine: bool) -> None:
    if not mine:
        (desk.state / OFFICE).unlink()
    until = datetime.fromtimestamp(now_utc_s(), SHANGHAI).replace(second=0, microsecond=0) + timedelta(days=2)
    fields = {"key": NEW_CARD, "valid_until": until.strftime("%Y-%m-%dT%H:%M")}
    told = desk.ask(AddCredential(holder="h1", kind="card", fields=fields))
    assert isinstance(told, Edited)
    assert told.at_gate
    (enrolled,) = [one for one in desk.gate.asked if isinstance(one, Enrol)]
    assert enrolled.until_s == int(until.astimezone(UTC).timestamp())


def test_what_the_gate_cannot_hold_to_at_once_waits_for_the_list(desk: AtDesk) -> None:
    """One that is over already, and one that is lost, are in the list only."""
    old = {"key": NEW_CARD, "valid_until": "2020-01-01"}
    ref = desk.identity.pseudonym("card", NEW_CARD)
    assert desk.ask(AddCredential(holder="h1", kind="card", fields=old)) == Edited(id="h1", batch=4, ref=ref)
    lost = {"key": "H10301:12:50003", "status": "lost"}
    ref = desk.identity.pseudonym("card", "H10301:12:50003")
    assert desk.ask(AddCredential(holder="h1", kind="card", fields=lost)) == Edited(id="h1", batch=5, ref=ref)
    assert not any(isinstance(one, Enrol) for one in desk.gate.asked)


@pytest.mark.parametrize("fields", [{"valid_from": "2031-01-01"}, {"use_limit": "1"}, {"status": "suspended"}])
def test_where_there_is_no_list_limits_are_refused_and_not_forgotten(desk: AtDesk, fields: dict[str, str]) -> None:
    (desk.state / OFFICE).unlink()
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder="h1", kind="card", fields={"key": NEW_CARD, **fields}))
    assert refused.value.said.word == "people_not_only_here"
    assert refused.value.said.field == next(iter(fields))
    assert desk.gate.asked == []


# -- who may know ----------------------------------------------------------------------------------------------------


@pytest.mark.attack("people-12")
def test_a_plate_is_not_looked_up_by_giving_it_to_somebody_else(desk: AtDesk) -> None:
    """Whose plate it is needs a purpose in the journal (DESIGN.md, section 5): a refusal is no way round."""
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder="h2", kind="plate", fields={"key": PLATE}))
    said = refused.value.said
    assert said.word == "people_plate_taken"
    assert not any(secret in f"{said}" for secret in ("h1", "Wang"))
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder="h2", kind="card", fields={"key": CARD}))
    assert refused.value.said.fills["name"] == "Wang Fang"


def test_a_guard_has_no_part_in_a_manager_s_work() -> None:
    for question in (LookAtJob, CancelJob):
        assert LINES[question].roles.isdisjoint(GUARD.roles)


# -- limits ----------------------------------------------------------------------------------------------------------


def test_somebody_with_thousands_of_cards_can_be_looked_at(tmp_path: Path) -> None:
    async def scene(desk: AtDesk, path: Path) -> None:
        desk.put(("holder", "h1", {"name": "Fleet", "profiles": "residents"}))
        with Source.open(desk.state / OFFICE) as source, source.batch("edit", "test", "many", 3) as batch:
            batch.db.executemany(
                "INSERT INTO credential (kind, key, holder) VALUES (1, ?, 'h1')",
                [(f"H10301:{n >> 16}:{n & 0xFFFF}",) for n in range(4_000)],
            )
        sheet = await ask(path, LookAtHolder(holder="h1"))
        assert isinstance(sheet, HolderSheet)
        assert sheet.credentials
        assert len(sheet.credentials) + sheet.credentials_more == 4_000

    play(tmp_path, scene)


def test_a_question_that_takes_too_long_is_refused_in_words(desk: AtDesk) -> None:
    with Source.open(desk.state / OFFICE) as source, source.batch("edit", "test", "many", 3) as batch:
        batch.db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
            " INSERT INTO holder (id, name, profiles) SELECT 'x' || i, 'X', '[\"staff\"]' FROM n"
        )
    clock = iter(range(0, 10_000_000, 10))
    place = Place(desk.place.config, desk.state, lambda: float(next(clock)))
    slow = type(desk.desk)(place, desk.desk.jobs, desk.desk.index)
    with pytest.raises(Denied) as refused:
        how_are_things(slow, MANAGER, HowAreThings())
    assert refused.value.said.word == "people_source_failed"


def test_a_holder_of_as_many_profiles_as_may_be_is_saved(tmp_path: Path) -> None:
    async def scene(desk: AtDesk, path: Path) -> None:
        names = [f"profile_of_some_length_{n:04}" for n in range(64)]
        with Source.open(desk.state / OFFICE) as source, source.batch("rules", "test", "many", 3) as batch:
            rules = json.dumps([{"access_points": ["*"], "schedule": "always"}])
            batch.db.executemany("INSERT INTO profile VALUES (?, ?)", [(name, rules) for name in names])
        told = await ask(path, EditHolder(fields={"name": "Wang", "profiles": ";".join(names)}))
        assert isinstance(told, Edited), told
        assert json.loads(desk.rows("SELECT profiles FROM holder")[0][0]) == names

    play(tmp_path, scene)


def test_names_of_visitors_go_though_nobody_is_invited_any_more(desk: AtDesk) -> None:
    with desk.place.own_folder().joinpath("visitors.db").open("wb"):
        pass
    desk.ask(ListVisitors(), GUARD)
    with contextlib.closing(sqlite3.connect(desk.place.own_folder() / "visitors.db")) as db, db:
        db.execute("INSERT INTO visitor (id, name, until_s) VALUES ('v1', 'Somebody', ?)", (now_utc_s() - 32 * 86_400,))
        db.execute("INSERT INTO visitor (id, name, until_s) VALUES ('v2', 'Another', ?)", (now_utc_s() - 30 * 86_400,))
    desk.ask(ListVisitors(), GUARD)
    with contextlib.closing(sqlite3.connect(desk.place.own_folder() / "visitors.db")) as db:
        assert db.execute("SELECT name FROM visitor").fetchall() == [("Another",)]


def test_a_visitor_whose_name_cannot_be_kept_is_told_to_be_not_invited(desk: AtDesk) -> None:
    (desk.place.own_folder() / "visitors.db").mkdir()
    until = datetime.fromtimestamp(now_utc_s(), SHANGHAI) + timedelta(hours=3)
    fields = {"name": "Guest", "until": until.strftime("%Y-%m-%dT%H:%M"), "profile": "visitors", "kind": "made"}
    with pytest.raises(Denied):
        desk.ask(InviteVisitor(fields=fields))
    assert desk.gate.told() == [("edited", "visitor invited"), ("edit_not_done", "visitor invited")]
    assert not any(isinstance(one, Invite) for one in desk.gate.asked)


def test_many_changes_in_a_row_wait_for_the_journal_instead_of_ending_half_way(desk: AtDesk) -> None:
    """The controller takes ten a second (OFFICE_PACE); whoever puts back a hundred edits is not left with fifty."""
    asked = iter(range(100))

    def before(command: object) -> None:
        if isinstance(command, TellPeople):
            desk.gate.refuse = {"TellPeople": ("too_many",)} if next(asked) < 2 else {}

    desk.gate.before = before
    told = desk.ask(EditHolder(holder="h1", revision=99, fields={"note": "x"}))
    assert isinstance(told, Edited)
    assert told.batch


def test_an_enrolment_that_came_to_nothing_is_told_to_have_done_so(desk: AtDesk) -> None:
    desk.gate.refuse["Enrol"] = ("timed_out",)
    assert isinstance(desk.ask(EnrolAtReader(holder="h1", reader="front_reader", seconds=5)), Refused)
    assert desk.gate.told() == [("edited", "enrolment at a reader"), ("edit_not_done", "enrolment at a reader")]


def test_what_was_heard_before_a_change_is_not_shown_after_it(desk: AtDesk) -> None:
    """Somebody looks while somebody else suspends: the answer of before is not good for two seconds more."""
    looks: list[object] = []

    def before(command: object) -> None:
        if isinstance(command, ListOverlay):
            looks.append(command)
            desk.place.forget_local()  # as a change does that ends in this instant

    desk.gate.before = before
    desk.place.local()
    desk.place.local()
    assert len(looks) == 2


def test_a_time_is_of_the_zone_that_the_page_shows(desk: AtDesk) -> None:
    """The list may have been begun under another zone: a form that is saved as it stands shifts nothing."""
    with Source.open(desk.state / OFFICE) as source, source.batch("rules", "test", "elsewhere", 3) as batch:
        batch.db.execute("UPDATE setting SET value = 'America/New_York' WHERE name = 'time_zone'")
    assert desk.place.config.time_zone == "Asia/Shanghai"
    fields = {"key": NEW_CARD, "valid_from": "2031-03-01T08:00", "valid_until": "2031-06-30"}
    desk.ask(AddCredential(holder="h2", kind="card", fields=fields))
    (row,) = [row for row in look(desk, "h2").credentials if row.shown == NEW_CARD]
    begins, ends = datetime(2031, 3, 1, 8, tzinfo=SHANGHAI), datetime(2031, 7, 1, tzinfo=SHANGHAI)
    assert (row.valid_from_s, row.valid_until_s) == (int(begins.timestamp()), int(ends.timestamp()))
    again = {"valid_from": "2031-03-01T08:00", "valid_until": "2031-07-01T00:00"}
    told = desk.ask(EditCredential(holder="h2", ref=row.ref, revision=99, fields=again))
    assert isinstance(told, Edited)
    assert told.batch == 0, "nothing is different"
    with pytest.raises(Denied) as refused:
        desk.ask(EditCredential(holder="h2", ref=row.ref, revision=99, fields={"valid_until": "soon"}))
    assert refused.value.said.word == "people_bad_valid_until"


def look(desk: AtDesk, holder: str) -> HolderSheet:
    sheet = desk.ask(LookAtHolder(holder=holder))
    assert isinstance(sheet, HolderSheet)
    return sheet
