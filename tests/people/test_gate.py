"""What holds at the gate at once, and what the list brings there; nothing is said to hold before the gate said so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import CancelEnrolment, Enrol, Leave, Lift, LocalEntry, Suspend
from firmware.people.errors import Denied
from firmware.people_words.base import CancelJob, HowAreThings, Refused, Standing
from firmware.people_words.holders import (
    AddCredential,
    BringToGate,
    Brought,
    CredentialRow,
    EditCredential,
    EditHolder,
    EndHolder,
    EnrolAtReader,
    EnrolledThere,
    HolderSheet,
    LiftHere,
    LookAtHolder,
    SuspendHere,
    TakeBack,
)
from firmware.roster.authority import Adoption, write_adoption
from tests.people.desk import AtDesk, at_desk

CARD, NEW_CARD = "H10301:12:34567", "H10301:12:50002"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        made.put(
            ("household", "f1", {"label": "3-2-501", "spaces": "1"}),
            ("holder", "h1", {"name": "Wang Fang", "profiles": "residents", "household": "f1"}),
            ("credential", f"card:{CARD}", {"holder": "h1"}),
            ("holder", "h2", {"name": "Li Na", "profiles": "staff"}),
        )
        made.gate.owners[CARD] = "h1"
        yield made


def look(desk: AtDesk, holder: str = "h1") -> HolderSheet:
    sheet = desk.ask(LookAtHolder(holder=holder))
    assert isinstance(sheet, HolderSheet)
    return sheet


def card(desk: AtDesk, holder: str = "h1") -> CredentialRow:
    return look(desk, holder).credentials[0]


def standing(desk: AtDesk) -> Standing:
    told = desk.ask(HowAreThings())
    assert isinstance(told, Standing)
    return told


def bring(desk: AtDesk) -> Brought:
    told = desk.ask(BringToGate(batch=standing(desk).batch))
    assert isinstance(told, Brought), told
    return told


# -- the list, as a roster --------------------------------------------------------------------------------------------


def test_the_list_is_built_signed_handed_in_and_proven(desk: AtDesk) -> None:
    assert (look(desk).at_gate, card(desk).state) == ("unknown", "unknown")
    told = bring(desk)
    assert (told.answer, told.holders, told.credentials) == ("taken", 2, 1)
    assert desk.gate.roster_version == told.version
    assert (look(desk).at_gate, card(desk).state) == ("in_force", "in_force")
    after = standing(desk)
    assert (after.served_batch, after.served_version, after.waiting) == (after.batch, told.version, ())
    assert desk.gate.told()[-1] == ("handed_in", f"batch {after.batch}")
    assert list((desk.state / "people").iterdir()) == []


def test_what_was_changed_since_waits_and_says_so(desk: AtDesk) -> None:
    bring(desk)
    desk.ask(EditHolder(holder="h1", revision=99, fields={"flags": "extended"}))
    desk.ask(AddCredential(holder="h1", kind="card", fields={"key": NEW_CARD}, at_once=False))
    sheet = look(desk)
    assert sheet.at_gate == "changed"
    assert {row.shown: row.state for row in sheet.credentials} == {CARD: "in_force", NEW_CARD: "waiting"}
    waiting = standing(desk).waiting
    assert [(one.who, one.holders) for one in waiting] == [("Li Wei", ("h1",)), ("Li Wei", ("h1",))]
    assert [one.at_gate for one in sheet.history] == [False, False, True]
    desk.ask(EditCredential(holder="h1", ref=card(desk).ref, revision=99, fields={"status": "lost"}))
    assert card(desk).state == "changed"
    desk.ask(EditCredential(holder="h1", ref=card(desk).ref, revision=99, remove=True))
    assert {row.shown: row.state for row in look(desk).credentials} == {CARD: "removed", NEW_CARD: "waiting"}
    bring(desk)
    assert {row.shown: row.state for row in look(desk).credentials} == {NEW_CARD: "in_force"}


def test_many_changes_are_about_many(desk: AtDesk) -> None:
    bring(desk)
    desk.put(*(("holder", f"x{n}", {"name": f"Z {n}", "profiles": "staff"}) for n in range(9)))
    assert standing(desk).waiting[0].holders == ("*",)


def test_nothing_is_in_force_that_the_controller_did_not_take(desk: AtDesk) -> None:
    bring(desk)
    desk.ask(EditHolder(holder="h1", revision=99, fields={"flags": "extended"}))
    desk.gate.takes_rosters = False
    job = desk.start(BringToGate(batch=standing(desk).batch))
    desk.wait_for(lambda job: job.stage == "people_stage_gate", job)
    assert look(desk).at_gate == "changed"
    desk.gate.takes_rosters = True
    told = desk.ended(job)
    assert isinstance(told, Brought)
    assert told.answer == "taken"
    assert look(desk).at_gate == "in_force"
    desk.gate.roster_version -= 1  # the controller says that it serves another one than lies there
    desk.place.forget_local()
    sheet = look(desk)
    assert (sheet.at_gate, sheet.credentials[0].state) == ("unknown", "unknown")


def test_what_has_moved_on_is_not_brought(desk: AtDesk) -> None:
    seen = standing(desk).batch
    desk.ask(EditHolder(holder="h2", revision=99, fields={"note": "x"}))
    told = desk.ask(BringToGate(batch=seen))
    assert told == Refused(word="people_moved_on")
    assert desk.gate.roster_version == 0


def test_a_list_with_problems_is_refused_with_each_of_them(desk: AtDesk) -> None:
    """A PIN that was made with another controller's key would never be right."""
    with desk.place.writing() as source, source.batch("edit", "import", "another board", 2) as batch:
        digest = f"digest:{'0' * 16}:4:{'0' * 32}"
        batch.db.execute("UPDATE holder SET pin_with = ? WHERE id = 'h2'", (digest,))
    told = desk.ask(BringToGate(batch=standing(desk).batch))
    assert isinstance(told, Brought)
    assert told.answer == "refused"
    assert "h2" in told.problems[0]
    assert desk.gate.roster_version == 0


def test_a_community_s_controller_gets_none_of_ours(desk: AtDesk) -> None:
    write_adoption(desk.state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))
    assert desk.ask(BringToGate(batch=1)) == Refused(word="people_not_ours")
    assert not (desk.state / "roster" / "incoming.roster").exists()


def test_one_job_at_a_time(desk: AtDesk) -> None:
    desk.gate.takes_rosters = False
    job = desk.start(BringToGate(batch=standing(desk).batch))
    with pytest.raises(Denied) as refused:
        desk.start(BringToGate(batch=standing(desk).batch))
    assert (refused.value.said.word, refused.value.said.fills["who"]) == ("people_job_runs", "Li Wei")
    assert standing(desk).running == job
    desk.gate.takes_rosters = True
    desk.ended(job)
    assert standing(desk).running == ""


# -- at once ----------------------------------------------------------------------------------------------------------


def test_a_holder_is_suspended_and_lifted(desk: AtDesk) -> None:
    bring(desk)
    desk.ask(SuspendHere(holder="h1", until="2099-01-01T12:00", why="lost the flat"))
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Suspend)]
    assert (asked.holder, asked.why, asked.issuer) == ("h1", "lost the flat", "Li Wei")
    assert asked.until_s == 4_070_923_200  # 2099-01-01T04:00Z
    sheet = look(desk)
    assert sheet.local[0].whole
    assert sheet.credentials[0].held == sheet.local[0].entry
    assert sheet.credentials[0].state == "in_force", "of the list; what holds beside it is said beside it"
    desk.ask(LiftHere(holder="h1", entry=sheet.local[0].entry))
    assert look(desk).local == ()
    with pytest.raises(Denied, match="people_entry_gone"):
        desk.ask(LiftHere(holder="h1", entry=sheet.local[0].entry))
    assert [one for one in desk.gate.asked if isinstance(one, Lift)]


def test_one_card_is_suspended_as_lost(desk: AtDesk) -> None:
    bring(desk)
    desk.ask(SuspendHere(holder="h1", ref=card(desk).ref, lost=True))
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Suspend)]
    assert (asked.key, asked.lost, asked.holder) == (CARD, True, None)
    assert (card(desk).held_as, look(desk).local[0].whole) == ("lost", False)


def test_a_suspension_that_the_gate_refuses_is_said_and_the_journal_told_that_it_is_not_so(desk: AtDesk) -> None:
    desk.gate.refuse["Suspend"] = ("holder_not_found",)
    with pytest.raises(Denied) as refused:
        desk.ask(SuspendHere(holder="h1"))
    assert (refused.value.said.word, refused.value.said.fills["reasons"]) == ("people_gate_refused", "holder_not_found")
    assert [act for act, _ in desk.gate.told()] == ["edited", "edit_not_done"]


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-01T00:00", "1"])
def test_an_end_that_is_none_names_its_field(desk: AtDesk, until: str) -> None:
    with pytest.raises(Denied) as refused:
        desk.ask(SuspendHere(holder="h1", until=until))
    assert (refused.value.said.word, refused.value.said.field) == ("people_bad_until", "until")
    assert desk.gate.asked == []


def test_an_entry_of_somebody_else_is_not_lifted(desk: AtDesk) -> None:
    desk.gate.entries.append(LocalEntry("l00000001", "suspend", "h2", "x", "y", 1, 4_000_000_000, status="lost"))
    with pytest.raises(Denied, match="people_entry_gone"):
        desk.ask(LiftHere(holder="h1", entry="l00000001"))


def test_somebody_leaves_off_at_the_gate_first_then_out_of_the_list(desk: AtDesk) -> None:
    bring(desk)
    desk.ask(EndHolder(holder="h1", revision=look(desk).revision))
    assert [one.holder for one in desk.gate.asked if isinstance(one, Leave)] == ["h1"]
    assert desk.rows("SELECT count(*) FROM credential") == [(0,)]
    assert look(desk).at_gate == "removed", "by the roster that serves it is there yet, and everything of it is off"
    assert look(desk).local[0].status == "left"
    bring(desk)
    assert desk.rows("SELECT id FROM holder") == [("h2",)]


def test_somebody_whom_another_manager_changed_does_not_leave_unseen(desk: AtDesk) -> None:
    seen = look(desk).revision
    desk.ask(EditHolder(holder="h1", revision=seen, fields={"note": "stays, has a new lease"}))
    with pytest.raises(Denied, match="people_changed_meanwhile"):
        desk.ask(EndHolder(holder="h1", revision=seen))
    assert not [one for one in desk.gate.asked if isinstance(one, Leave)]


def test_somebody_who_never_was_at_the_gate_leaves_the_list(desk: AtDesk) -> None:
    desk.gate.refuse["Leave"] = ("holder_not_found",)
    desk.ask(EndHolder(holder="h2", revision=look(desk, "h2").revision))
    assert desk.rows("SELECT id FROM holder") == [("h1",)]


# -- at a reader ------------------------------------------------------------------------------------------------------


def test_a_card_that_is_presented_opens_at_once_and_is_in_the_list(desk: AtDesk) -> None:
    bring(desk)
    desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
    told = desk.ask(EnrolAtReader(holder="h2", reader="bike_reader"))
    assert isinstance(told, EnrolledThere)
    assert (told.shown, told.kept, told.holder) == (NEW_CARD, True, "h2")
    (row,) = look(desk, "h2").credentials
    assert (row.state, row.entry, row.ref) == ("enrolled", told.entry, told.ref)
    bring(desk)
    assert look(desk, "h2").credentials[0].state == "in_force"


def test_the_wrong_one_is_taken_back_from_gate_and_list(desk: AtDesk) -> None:
    desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
    told = desk.ask(EnrolAtReader(holder="h2", reader="bike_reader"))
    assert isinstance(told, EnrolledThere)
    desk.ask(TakeBack(holder="h2", entry=told.entry, ref=told.ref))
    assert look(desk, "h2").credentials == ()
    assert look(desk, "h2").local == ()


def test_a_lost_card_is_replaced_in_one_change(desk: AtDesk) -> None:
    bring(desk)
    old = card(desk).ref
    desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
    desk.ask(EnrolAtReader(holder="h1", reader="bike_reader", replaces=old))
    (asked,) = [one for one in desk.gate.asked if isinstance(one, Enrol)]
    assert asked.replaces == (old,)
    assert {row.shown: row.status for row in look(desk).credentials} == {CARD: "lost", NEW_CARD: "active"}


def test_what_the_list_says_is_somebody_else_s_stays_at_the_gate_and_is_said(desk: AtDesk) -> None:
    desk.gate.presented["bike_reader"] = f"card:{CARD}"
    told = desk.ask(EnrolAtReader(holder="h2", reader="bike_reader"))
    assert isinstance(told, EnrolledThere)
    assert (told.kept, told.why_not) == (False, "people_key_taken")
    assert desk.rows("SELECT holder FROM credential") == [("h1",)]


def test_nothing_presented_is_said_with_the_reason(desk: AtDesk) -> None:
    desk.gate.refuse["Enrol"] = ("already_issued:h1",)
    told = desk.ask(EnrolAtReader(holder="h2", reader="bike_reader", seconds=5))
    assert isinstance(told, Refused)
    assert (told.word, told.fills["reader"]) == ("people_nothing_presented", "bike_reader")
    assert desk.rows("SELECT count(*) FROM credential WHERE holder = 'h2'") == [(0,)]


def test_waiting_at_a_reader_is_told_and_cancelled(desk: AtDesk) -> None:
    job = desk.start(EnrolAtReader(holder="h2", reader="bike_reader", seconds=120))
    shown = desk.wait_for(lambda job: job.stage == "people_stage_reader", job)
    assert (shown.total, shown.shown) == (120, {"reader": "bike_reader"})
    desk.ask(CancelJob(job=job))
    assert desk.ended(job) == Refused(word="people_cancelled")
    assert [one.reader for one in desk.gate.asked if isinstance(one, CancelEnrolment)] == ["bike_reader"]


def test_the_end_of_the_process_cancels_what_waits_and_leaves_nothing_half_done(desk: AtDesk) -> None:
    before = desk.rows("SELECT max(id) FROM batch")
    desk.start(EnrolAtReader(holder="h2", reader="bike_reader", seconds=120))
    stopping = threading.Thread(target=desk.desk.jobs.stop)
    stopping.start()
    stopping.join(10)
    assert not stopping.is_alive()
    assert desk.rows("SELECT max(id) FROM batch") == before
