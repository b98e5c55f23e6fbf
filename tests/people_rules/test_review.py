"""A review: who would be locked out by what waits, what differs, and putting it back; told to the journal first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from firmware.core.access import Window
from firmware.people.errors import Denied
from firmware.people.jobs import Work
from firmware.people.line import Desk, Lane, Line, LongLine
from firmware.people.lines import LINES
from firmware.people_words.base import Asker, Question
from firmware.people_words.review import (
    Concerned,
    Differences,
    DiscardWaiting,
    ListConcerned,
    ListDifferences,
    LookAtReview,
    MakeReview,
    PutBack,
    ReviewTold,
    UndoBatch,
)
from firmware.people_words.rules import ChangeSchedule, FindSchedule, RuleChanged, Schedules
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.people_rules.office import AT_S, AUDITOR, MANAGER, Office, controlled, made


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return made(tmp_path)


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    with controlled(office) as desk:
        yield desk


def ask(desk: Desk, question: Question, who: Asker = MANAGER) -> Any:
    """As the desk's socket does, but in this thread."""
    line = LINES[type(question)]
    assert not line.roles.isdisjoint(who.roles), (question, who)
    if isinstance(line, LongLine):
        return line.work(desk, who, question, Work("job", type(question).__name__, who, Lane.WORK))
    assert isinstance(line, Line)
    return line.call(desk, who, question)


def cleaning(desk: Desk) -> Any:
    found: Schedules = ask(desk, FindSchedule(name="cleaning"))
    return found.schedules[0]


def without_monday_morning(desk: Desk) -> RuleChanged:
    """Paint the window from 07:30 to 12:00 away, of Monday only."""
    told = cleaning(desk)
    week = ((Window(780, 975),), *told.week[1:])
    changed = ask(
        desk, ChangeSchedule(name="cleaning", week=week, special=told.special, was=told.was, why="late start")
    )
    assert isinstance(changed, RuleChanged)
    return changed


def people(desk: Desk, told: ReviewTold, side: str, **more: Any) -> Concerned:
    found = ask(desk, ListConcerned(review=told.id, side=side, **more))
    assert isinstance(found, Concerned)
    return found


def test_whoever_loses_a_window_is_named_with_it_and_nobody_else(office: Office, desk: Desk) -> None:
    assert without_monday_morning(desk).changes == 1
    told: ReviewTold = ask(desk, MakeReview())
    # Dan cleans too, and is a neighbour: there he may go at any time, and loses nothing.
    assert (told.lost, told.gained) == ({"some": 1}, {})
    found = people(desk, told, "lost")
    (cleo,) = found.people
    assert (cleo.holder, cleo.name, cleo.how, cleo.kinds) == ("cleo", "Cleo", "some", ())
    places = found.places[cleo.places]
    assert [(each.point, each.shut) for each in places] == [
        ("front_in", False),
        ("hall_in", False),
        ("hall_out", False),
    ]
    monday = places[0].lost
    assert [(each.weekday, each.windows, each.day) for each in monday] == [(0, (Window(450, 720),), None)]
    by_portal = {each.portal: each for each in told.portals}
    assert (by_portal["front_door"].shut, by_portal["front_door"].less) == (0, 1)
    assert set(by_portal) == {"front_door", "hall"}


def test_what_differs_is_told_day_by_day(office: Office, desk: Desk) -> None:
    without_monday_morning(desk)
    told: ReviewTold = ask(desk, MakeReview())
    assert [(each.entity, each.added, each.changed, each.removed) for each in told.changed] == [("schedule", 0, 1, 0)]
    found = ask(desk, ListDifferences(review=told.id))
    assert isinstance(found, Differences)
    (one,) = found.differences
    assert (one.entity, one.id, one.kind) == ("schedule", "cleaning", "changed")
    assert one.before == {"monday": "07:30-12:00, 13:00-16:15"}
    assert one.after == {"monday": "13:00-16:15"}


def edited(office: Office, *steps: Any) -> None:
    path = office.folder / "office.source.db"
    with Source.open(path) as source, source.batch("edit", "office", "a test", AT_S) as batch:
        for step in steps:
            step(batch)


def test_a_holder_without_credentials_loses_all_and_one_of_two_cards_is_told_apart(office: Office, desk: Desk) -> None:
    edited(
        office,
        lambda batch: edit.remove(batch, "credential", "card:H10301:12:51"),
        lambda batch: edit.set_fields(batch, "credential", "card:H10301:12:11", {"status": "lost"}),
        lambda batch: edit.add(batch, "holder", "finn", {"name": "Finn", "profiles": "residents"}),
        lambda batch: edit.add(batch, "credential", "card:H10301:12:61", {"holder": "finn"}),
    )
    told: ReviewTold = ask(desk, MakeReview())
    assert (told.lost, told.gained) == ({"all": 1, "credential": 1}, {"all": 1})
    lost = people(desk, told, "lost")
    assert [(one.holder, one.how, one.kinds) for one in lost.people] == [
        ("eva", "all", ("card",)),
        ("anna", "credential", ("card",)),
    ]
    (finn,) = people(desk, told, "gained").people
    assert (finn.holder, finn.name, finn.how) == ("finn", "Finn", "all")


def test_a_holder_who_is_gone_is_named_as_before(office: Office, desk: Desk) -> None:
    edited(
        office,
        lambda batch: edit.remove(batch, "credential", "card:H10301:12:21"),
        lambda batch: edit.remove(batch, "holder", "bao"),
    )
    told: ReviewTold = ask(desk, MakeReview())
    (bao,) = people(desk, told, "lost").people
    assert (bao.holder, bao.name, bao.household, bao.how) == ("bao", "包立新", "b1-0102", "all")
    assert [one.holder for one in people(desk, told, "lost", words="包").people] == ["bao"]
    assert people(desk, told, "lost", words="nobody").total == 0
    assert [one.holder for one in people(desk, told, "lost", portal="front_door").people] == ["bao"]
    assert people(desk, told, "lost", portal="bike_shed").total == 0, "neighbours may not use the shed"


def test_what_was_empty_before_is_changed_and_not_added(office: Office, desk: Desk) -> None:
    edited(
        office,
        lambda batch: edit.set_fields(batch, "holder", "anna", {"phone": "13800138000"}),
        lambda batch: edit.add(batch, "holder", "finn", {"profiles": "residents"}),
        lambda batch: edit.remove(batch, "credential", "card:H10301:12:12"),
    )
    told: ReviewTold = ask(desk, MakeReview())
    assert [(each.entity, each.added, each.changed, each.removed) for each in told.changed] == [
        ("holder", 1, 1, 0),
        ("credential", 0, 0, 1),
    ]
    found = ask(desk, ListDifferences(review=told.id)).differences
    assert [(each.id, each.kind, each.owner) for each in found] == [
        ("anna", "changed", ""),
        ("finn", "added", ""),
        ("card:H10301:12:12", "removed", "anna"),
    ]
    assert [each.id for each in ask(desk, ListDifferences(review=told.id, words="1380")).differences] == ["anna"]
    assert [each.id for each in ask(desk, ListDifferences(review=told.id, entity="credential")).differences] == [
        "card:H10301:12:12"
    ]


def test_lists_go_on_where_they_ended(office: Office, desk: Desk) -> None:
    def many(batch: Any) -> None:
        for n in range(120):
            edit.add(batch, "holder", f"q{n:03}", {"profiles": "residents"})
            edit.add(batch, "credential", f"card:H10301:13:{n}", {"holder": f"q{n:03}"})

    edited(office, many)
    told: ReviewTold = ask(desk, MakeReview())
    seen: list[str] = []
    after = 0
    for _ in range(10):
        found = people(desk, told, "gained", after=after)
        seen += [one.holder for one in found.people]
        assert found.total == 120
        if not found.more:
            break
        after = found.people[-1].n
    assert seen == [f"q{n:03}" for n in range(120)]


def test_a_schedule_that_portals_follow_is_told_as_everybody_s(office: Office, desk: Desk) -> None:
    """Of the demo's site the front door asks for a PIN at night: nobody's profile tells that."""
    night = ask(desk, FindSchedule(name="night")).schedules[0]
    assert night.portals == ("front_door",)
    ask(desk, ChangeSchedule(name="night", week=((),) * 7, special=night.special, was=night.was))
    told: ReviewTold = ask(desk, MakeReview())
    assert told.at_portals == {"night": ("front_door",)}
    assert (told.lost, told.gained) == ({}, {})


def test_a_review_is_stale_once_the_list_moves_on_or_the_gate_does(office: Office, desk: Desk) -> None:
    without_monday_morning(desk)
    told: ReviewTold = ask(desk, MakeReview())
    assert ask(desk, LookAtReview()).stale == ""
    edited(office, lambda batch: edit.set_fields(batch, "holder", "anna", {"phone": "1"}))
    assert ask(desk, LookAtReview()).stale == "source"
    again: ReviewTold = ask(desk, MakeReview())
    assert again.id != told.id
    office.serve()
    assert ask(desk, LookAtReview()).stale == "gate"
    with pytest.raises(Denied) as gone:
        people(desk, told, "lost")
    assert gone.value.said.word == "review_gone"


def test_undo_puts_the_window_back_and_discard_all_of_it(office: Office, desk: Desk) -> None:
    week = cleaning(desk).week
    changed = without_monday_morning(desk)
    back: PutBack = ask(desk, UndoBatch(batch=changed.batch, why="a mistake"))
    assert (back.undone, cleaning(desk).week) == (1, week)
    told: ReviewTold = ask(desk, MakeReview())
    assert (told.lost, told.gained, told.changed) == ({}, {}, ())
    without_monday_morning(desk)
    edited(office, lambda batch: edit.set_fields(batch, "holder", "anna", {"phone": "1"}))
    with office.source() as source:
        head = source.head.batch
    discarded: PutBack = ask(desk, DiscardWaiting(batch=head, why="never mind"))
    assert discarded.undone == 2
    assert cleaning(desk).week == week
    with office.source() as source:
        assert source.db.execute("SELECT phone FROM holder WHERE id = 'anna'").fetchone() == (None,)
    with pytest.raises(Denied) as nothing:
        ask(desk, DiscardWaiting(batch=discarded.batch))
    assert nothing.value.said.word == "review_nothing_waits"


def test_undo_of_what_is_not_the_newest_any_more_is_refused(office: Office, desk: Desk) -> None:
    changed = without_monday_morning(desk)
    edited(office, lambda batch: edit.set_fields(batch, "holder", "anna", {"phone": "1"}))
    with pytest.raises(Denied) as moved:
        ask(desk, UndoBatch(batch=changed.batch))
    assert moved.value.said.word == "review_moved_on"


@pytest.mark.attack("rules-05")
def test_the_journal_hears_of_each_change_before_it_counts(office: Office, desk: Desk) -> None:
    changed = without_monday_morning(desk)
    ask(desk, UndoBatch(batch=changed.batch, why="a mistake"))
    assert office.acts() == [
        ("edited", "schedule cleaning", "chen"),
        ("edited", f"undo of batch {changed.batch}", "chen"),
    ]
    office.answers = False
    with office.source() as source:
        head = source.head
    with pytest.raises(Denied) as untold:
        without_monday_morning(desk)
    assert untold.value.said.word == "people_not_recorded"
    with office.source() as source:
        assert source.head == head, "what the journal does not have is not so"


def test_with_a_purpose_the_journal_is_asked_and_a_journal_that_is_not_there_is_said(
    office: Office, desk: Desk
) -> None:
    without_monday_morning(desk)
    told: ReviewTold = ask(desk, MakeReview(why="before the change of cleaning hours"))
    assert told.passages is None
    assert told.journal, "there is no journal here, and that is said"
    assert ("looked_up", "review of the last 30 days", "chen") in office.acts()


def test_an_auditor_may_read_and_not_change(office: Office, desk: Desk) -> None:
    without_monday_morning(desk)
    ask(desk, MakeReview())
    assert isinstance(ask(desk, LookAtReview(), AUDITOR), ReviewTold)
    changing = {ChangeSchedule, MakeReview, UndoBatch, DiscardWaiting}
    for question, line in LINES.items():
        if question in changing:
            assert line.roles.isdisjoint(AUDITOR.roles)


def test_what_a_killed_process_left_is_removed(office: Office, desk: Desk) -> None:
    left = office.folder / "people" / "office.review-killed"
    left.mkdir(parents=True)
    (left / "roster").write_bytes(b"names")
    ask(desk, MakeReview())
    assert not left.exists()


def test_nothing_of_a_review_stays_in_the_state_folder(office: Office, desk: Desk) -> None:
    before = {path.name for path in office.folder.iterdir()}
    without_monday_morning(desk)
    ask(desk, MakeReview())
    made = {path.name for path in office.folder.iterdir()} - before
    assert made <= {"office.source.db-wal", "office.source.db-shm", "people"}
    assert list((office.folder / "people").iterdir()) == []


def test_a_cancelled_review_ends_and_leaves_the_one_before(office: Office, desk: Desk) -> None:
    told: ReviewTold = ask(desk, MakeReview())
    work = Work("job", "MakeReview", MANAGER, Lane.WORK)
    work.cancelled.set()
    line = LINES[MakeReview]
    assert isinstance(line, LongLine)
    with pytest.raises(Denied) as cancelled:
        line.work(desk, MANAGER, MakeReview(), work)
    assert cancelled.value.said.word == "people_cancelled"
    assert replace(ask(desk, LookAtReview()), stale="") == told
