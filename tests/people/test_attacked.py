"""Races, hostile lists and half-done work at the desk: nothing is brought, given or told that is not so."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from firmware.messages import Enrol, Leave, TellPeople
from firmware.people.errors import Denied
from firmware.people.lines import LINES
from firmware.people.place import OFFICE, Place
from firmware.people.standing import how_are_things
from firmware.people_words.base import CancelJob, HowAreThings, LookAtJob, Refused, Standing
from firmware.people_words.holders import (
    AddCredential,
    BringToGate,
    Brought,
    Edited,
    EndHolder,
    HolderSheet,
    LookAtHolder,
)
from firmware.people_words.review import DiscardWaiting
from firmware.roster.source import edit
from firmware.roster.source.store import Source
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
    until = datetime.now(SHANGHAI).replace(second=0, microsecond=0) + timedelta(days=2)
    fields = {"key": NEW_CARD, "valid_until": until.strftime("%Y-%m-%dT%H:%M")}
    told = desk.ask(AddCredential(holder="h1", kind="card", fields=fields))
    assert isinstance(told, Edited)
    assert told.at_gate
    (enrolled,) = [one for one in desk.gate.asked if isinstance(one, Enrol)]
    assert enrolled.until_s == int(until.astimezone(UTC).timestamp())


def test_what_the_gate_cannot_hold_to_at_once_waits_for_the_list(desk: AtDesk) -> None:
    """One that is over already, and one that is lost, are in the list only."""
    old = {"key": NEW_CARD, "valid_until": "2020-01-01"}
    assert desk.ask(AddCredential(holder="h1", kind="card", fields=old)) == Edited(id="h1", batch=3)
    lost = {"key": "H10301:12:50003", "status": "lost"}
    assert desk.ask(AddCredential(holder="h1", kind="card", fields=lost)) == Edited(id="h1", batch=4)
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
