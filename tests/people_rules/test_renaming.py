"""A schedule and a profile get other names: all that names them goes along, and nobody's access is another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.core.access import Rule, Window
from firmware.messages import LocalEntry
from firmware.people import renaming, ruling
from firmware.people.errors import Denied
from firmware.people.line import Desk
from firmware.people.lines import LINES
from firmware.people.ruling import NEW
from firmware.people_words.review import ListDifferences, MakeReview, PutBack, ReviewTold, UndoBatch
from firmware.people_words.rules import (
    ChangeProfile,
    ChangeSchedule,
    FindProfile,
    FindSchedule,
    RemoveProfile,
    RenameProfile,
    RenameSchedule,
    RuleChanged,
)
from firmware.roster.install import CURRENT
from firmware.roster.roster import open_roster
from firmware.roster.source import edit
from firmware.roster.source.batch import Batch
from firmware.roster.source.rules import read_rulebook
from firmware.roster.source.store import Source
from firmware.roster.source.undo import undo
from tests.people_rules.office import AT_S, AUDITOR, Office, made
from tests.people_rules.test_review import ask, desk, edited
from tests.people_rules.test_ruling import do, refused, source, was

__all__ = ["desk", "source"]  # fixtures
MANY = 2_000
RENAME_S_MAX = 5.0
_names = msgspec.json.Decoder(list[str])


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return made(tmp_path)


def profiles_of(source: Source) -> dict[str, list[str]]:
    return {id: _names.decode(names) for id, names in source.db.execute("SELECT id, profiles FROM holder")}


# -- in the source ----------------------------------------------------------------------------------------------------


def test_a_schedule_takes_its_profiles_along_and_back(source: Source) -> None:
    before = read_rulebook(source).rulebook
    seen = was(source, "schedule", "work")
    told = ""

    def rename(batch: Batch) -> None:
        nonlocal told
        told = renaming.rename_schedule(batch, "work", "office_hours", seen)

    batch = do(source, rename)
    book = read_rulebook(source).rulebook
    assert "work" not in book.schedules
    assert book.schedules["office_hours"].week == before.schedules["work"].week
    assert book.schedules["office_hours"].special == before.schedules["work"].special
    assert {rule.schedule for rule in book.profiles["staff"].rules} == {"office_hours"}
    assert [rule.access_points for rule in book.profiles["staff"].rules] == [
        rule.access_points for rule in before.profiles["staff"].rules
    ]
    assert book.profiles["residents"] == before.profiles["residents"]
    assert told == was(source, "schedule", "office_hours"), "what the next change has to give back"
    undo(source, batch.id, "chen", "a mistake", AT_S)
    assert read_rulebook(source).rulebook == before


def test_a_profile_takes_its_holders_along_and_back(source: Source) -> None:
    with source.batch("edit", "office", "two profiles", AT_S) as batch:
        batch.db.execute("UPDATE holder SET profiles = ? WHERE id = 'p1'", ('["residents","staff"]',))
        batch.db.execute(
            "INSERT INTO profile VALUES ('residents_north', ?)", ('[{"access_points":["*"],"schedule":"always"}]',)
        )
        batch.db.execute("INSERT INTO holder (id, profiles) VALUES ('n1', '[\"residents_north\"]')")
    before = profiles_of(source)
    seen = was(source, "profile", "residents")
    done = do(source, lambda batch: renaming.rename_profile(batch, "residents", "tenants", seen))
    assert profiles_of(source) == {
        "p1": ["staff", "tenants"],
        "p2": ["tenants"],
        "p3": ["tenants"],
        "n1": ["residents_north"],
    }
    assert done.changes == 3 + 2, "three holders, one profile gone and one come"
    undo(source, done.id, "chen", "a mistake", AT_S)
    assert profiles_of(source) == before


@pytest.mark.parametrize("entity", ["schedule", "profile"])
def test_what_is_against_a_new_name_is_said_and_nothing_changes(source: Source, entity: str) -> None:
    rename = {"schedule": renaming.rename_schedule, "profile": renaming.rename_profile}[entity]
    name = {"schedule": "work", "profile": "staff"}[entity]
    do(source, lambda batch: ruling.put_schedule(batch, "night", ((),) * 7, {}, NEW))
    taken = {"schedule": "night", "profile": "residents"}[entity]
    seen = was(source, entity, name)

    def why(old: str, new: str, by: str = seen) -> str:
        return refused(source, lambda batch: rename(batch, old, new, by)).why

    assert why(name, taken) == f"rule_{entity}_there"
    assert why("gone", "other") == f"rule_no_such_{entity}"
    assert why(name, "other", "0" * 16) == "rule_changed_meanwhile"
    assert why(name, "other", NEW) == f"rule_no_such_{entity}"
    for bad in ("", "A", "has space", "' OR 1=1", "x" * 33, "名字", "\x00", "a\u202e", "a\n"):
        assert why(name, bad) == f"rule_bad_{entity}_name"
    if entity == "schedule":
        assert (why("always", "ever"), why(name, "always")) == ("rule_built_in", "rule_built_in")


def test_the_same_name_once_more_is_no_change(source: Source) -> None:
    head = source.head
    for entity, name, rename in (
        ("schedule", "work", renaming.rename_schedule),
        ("profile", "staff", renaming.rename_profile),
    ):
        seen = was(source, entity, name)
        batch = do(source, lambda batch, name=name, rename=rename, seen=seen: rename(batch, name, name, seen))  # type: ignore[misc]
        assert batch.changes == 0
    assert source.head == head


def test_whoever_was_edited_before_and_after_a_rename_stays_as_he_is(source: Source) -> None:
    """A holder edited in the same second: by the desk's rule, the later one wins only what it changes."""
    seen = was(source, "profile", "residents")
    do(source, lambda batch: edit.set_fields(batch, "holder", "p1", {"phone": "1"}))
    do(source, lambda batch: renaming.rename_profile(batch, "residents", "tenants", seen))
    do(source, lambda batch: edit.set_fields(batch, "holder", "p1", {"note": "2"}))
    row = source.db.execute("SELECT phone, note, profiles FROM holder WHERE id = 'p1'").fetchone()
    assert row == ("1", "2", '["tenants"]')
    with pytest.raises(Exception, match="changed again since"):
        undo(source, source.head.batch - 1, "chen", "a mistake", AT_S)


# -- at the desk ------------------------------------------------------------------------------------------------------


def renamed_schedule(desk: Desk, name: str, new_name: str) -> RuleChanged:
    seen = ask(desk, FindSchedule(name=name)).schedules[0].was
    changed = ask(desk, RenameSchedule(name=name, new_name=new_name, was=seen, why="clearer"))
    assert isinstance(changed, RuleChanged)
    return changed


def renamed_profile(desk: Desk, name: str, new_name: str) -> RuleChanged:
    seen = ask(desk, FindProfile(name=name)).profiles[0].was
    changed = ask(desk, RenameProfile(name=name, new_name=new_name, was=seen, why="clearer"))
    assert isinstance(changed, RuleChanged)
    return changed


def denied(desk: Desk, question: Any) -> Denied:
    with pytest.raises(Denied) as error:
        ask(desk, question)
    return error.value


def told_of(desk: Desk, told: ReviewTold) -> list[tuple[str, str, str]]:
    found = ask(desk, ListDifferences(review=told.id, most=500)).differences
    return [(each.kind, each.entity, each.id) for each in found]


def many(batch: Batch) -> None:
    for n in range(MANY):
        edit.add(batch, "holder", f"q{n:04}", {"profiles": "residents", "name": f"Holder {n}"})
        edit.add(batch, "credential", f"card:H10301:13:{n}", {"holder": f"q{n:04}"})


def access_of(office: Office) -> tuple[dict[str, frozenset[tuple[str, ...]]], int]:
    """What each holder of the roster in service reaches: access points and the hours, by no rule's name."""
    found = {}
    with open_roster(office.folder / "roster" / CURRENT, [office.identity.public_key]) as roster:
        book = roster.rulebook()
        for holder, profiles, *_ in roster.holdings():
            rules = [rule for name in profiles for rule in book.profiles[name].rules]
            found[holder] = frozenset(
                (
                    *rule.access_points,
                    repr(book.schedules[rule.schedule].week) if rule.schedule in book.schedules else rule.schedule,
                )
                for rule in rules
            )
    return found, roster.version


def test_two_thousand_holders_of_a_renamed_profile_keep_what_they_have(office: Office, desk: Desk) -> None:
    edited(office, many)
    office.serve()
    before, version = access_of(office)
    assert len(before) > MANY
    begun_s = desk.place.now_s()
    changed = renamed_profile(desk, "residents", "tenants")
    assert desk.place.now_s() - begun_s < RENAME_S_MAX
    assert changed.changes == MANY + 1 + 2, "they, Anna, and the profile gone and come: one batch"
    assert ask(desk, FindProfile(name="tenants")).profiles[0].holders == MANY + 1
    told: ReviewTold = ask(desk, MakeReview())
    assert (told.lost, told.gained, told.at_portals, told.portals) == ({}, {}, {}, ())
    assert told.holders > MANY, "everybody was compared"
    assert [(each.entity, each.added, each.changed, each.removed, each.renamed) for each in told.changed] == [
        ("profile", 0, 0, 0, 1)
    ]
    (one,) = ask(desk, ListDifferences(review=told.id)).differences
    assert (one.kind, one.id, one.before, one.after) == (
        "renamed",
        "tenants",
        {"name": "residents"},
        {"name": "tenants"},
    )
    assert one.along == MANY + 1
    office.serve()
    after, newer = access_of(office)
    assert newer > version
    assert after == before, "by a roster that the gate takes, each reaches the same at the same hours"
    assert office.acts()[-1] == ("edited", "profile residents is tenants", "chen")


def test_a_renamed_schedule_is_one_line_of_a_review(office: Office, desk: Desk) -> None:
    renamed_schedule(desk, "cleaning", "mornings")
    told: ReviewTold = ask(desk, MakeReview())
    assert (told.lost, told.gained) == ({}, {})
    assert told_of(desk, told) == [("renamed", "schedule", "mornings")], "its profile has not changed"
    (one,) = ask(desk, ListDifferences(review=told.id)).differences
    assert (one.before, one.after, one.along) == ({"name": "cleaning"}, {"name": "mornings"}, 1)
    assert ask(desk, FindSchedule(name="mornings")).schedules[0].used_by == ("cleaning",)


def test_what_changed_besides_is_told_besides(office: Office, desk: Desk) -> None:
    """Twice renamed, other hours, another phone number: each told, and nothing that only a name is."""
    renamed_schedule(desk, "cleaning", "mornings")
    later = renamed_schedule(desk, "mornings", "early")
    schedule = ask(desk, FindSchedule(name="early")).schedules[0]
    assert schedule.was == later.was
    week = ((Window(780, 975),), *schedule.week[1:])
    ask(desk, ChangeSchedule(name="early", week=week, special=schedule.special, was=later.was))
    renamed_profile(desk, "cleaning", "cleaners")
    edited(office, lambda batch: edit.set_fields(batch, "holder", "cleo", {"phone": "13800138000"}))
    told: ReviewTold = ask(desk, MakeReview())
    assert told.lost == {"some": 1}, "Cleo's Monday morning"
    assert told_of(desk, told) == [
        ("renamed", "schedule", "early"),
        ("renamed", "profile", "cleaners"),
        ("changed", "holder", "cleo"),
    ]
    hours, profile, cleo = ask(desk, ListDifferences(review=told.id)).differences
    assert hours.before == {"name": "cleaning", "monday": "07:30-12:00, 13:00-16:15"}
    assert hours.after == {"name": "early", "monday": "13:00-16:15"}
    assert (profile.before, profile.after) == ({"name": "cleaning"}, {"name": "cleaners"})
    assert (cleo.before, cleo.after) == ({}, {"phone": "13800138000"})


def test_a_name_that_comes_back_is_no_difference_and_one_that_is_given_away_is_told_as_it_is(
    office: Office, desk: Desk
) -> None:
    renamed_schedule(desk, "cleaning", "mornings")
    renamed_schedule(desk, "mornings", "cleaning")
    told: ReviewTold = ask(desk, MakeReview())
    assert told_of(desk, told) == []
    renamed_schedule(desk, "cleaning", "mornings")
    ask(desk, ChangeSchedule(name="cleaning", week=((),) * 7, was=NEW))
    again: ReviewTold = ask(desk, MakeReview())
    assert (again.lost, again.gained) == ({}, {})
    assert told_of(desk, again) == [
        ("changed", "schedule", "cleaning"),
        ("added", "schedule", "mornings"),
        ("changed", "profile", "cleaning"),
    ]


def test_a_rule_in_the_place_of_another_one_is_no_rename(office: Office, desk: Desk) -> None:
    """Removed, and its name given to a renamed one: both are told, none is passed over."""
    everywhere = (Rule(("*",), "always"),)
    ask(desk, ChangeProfile(name="first", rules=everywhere, was=NEW))
    ask(desk, ChangeProfile(name="second", rules=(Rule(("hall_in",), "always"),), was=NEW))
    office.serve()
    gone = ask(desk, FindProfile(name="first")).profiles[0]
    ask(desk, RemoveProfile(name="first", was=gone.was))
    renamed_profile(desk, "second", "first")
    told: ReviewTold = ask(desk, MakeReview())
    assert told_of(desk, told) == [("changed", "profile", "first"), ("removed", "profile", "second")]


def test_a_rename_is_undone_by_the_page_s_own_way(office: Office, desk: Desk) -> None:
    with office.source() as source:
        before = (read_rulebook(source), profiles_of(source))
    changed = renamed_profile(desk, "cleaning", "cleaners")
    back: PutBack = ask(desk, UndoBatch(batch=changed.batch, why="a mistake"))
    assert back.undone == 1
    with office.source() as source:
        assert (read_rulebook(source), profiles_of(source)) == before


def test_a_schedule_that_the_site_file_names_keeps_its_name_and_gives_it_to_no_other(
    office: Office, desk: Desk
) -> None:
    """The demo's front door asks for a PIN at "night": portals go by the file, which no batch can change."""
    night = ask(desk, FindSchedule(name="night")).schedules[0]
    error = denied(desk, RenameSchedule(name="night", new_name="dark", was=night.was))
    assert (error.said.word, error.said.field, error.said.fills["by"]) == ("rule_name_of_site", "name", "front_door")
    # Where the list has none of that name, no other one becomes it: the door would follow it from then on.
    ask(
        desk,
        RenameSchedule(
            name="cleaning", new_name="mornings", was=ask(desk, FindSchedule(name="cleaning")).schedules[0].was
        ),
    )
    edited(office, lambda batch: batch.db.execute("DELETE FROM schedule WHERE name = 'night'"))
    seen = ask(desk, FindSchedule(name="mornings")).schedules[0].was
    other = denied(desk, RenameSchedule(name="mornings", new_name="night", was=seen))
    assert other.said.word == "rule_name_of_site"


def test_visitors_at_the_gate_hold_a_profile_by_its_name(office: Office, desk: Desk) -> None:
    entry = LocalEntry(
        "l0000abcd",
        "visitor",
        "v0123456789",
        "chen",
        "a visit",
        1,
        4_000_000_000,
        factor="code",
        profiles=("cleaning",),
    )
    office.entries = (entry,)
    desk.place.forget_local()
    seen = ask(desk, FindProfile(name="cleaning")).profiles[0].was
    with office.source() as source:
        head = source.head
    for question in (
        RenameProfile(name="cleaning", new_name="cleaners", was=seen),
        RemoveProfile(name="cleaning", was=seen),
    ):
        error = denied(desk, question)
        assert (error.said.word, error.said.fills["by"]) == ("rule_profile_of_visitors", "v0123456789")
    with office.source() as source:
        assert source.head == head
    office.entries = ()
    desk.place.forget_local()
    assert renamed_profile(desk, "cleaning", "cleaners").changes > 0


def test_only_a_manager_renames(desk: Desk) -> None:
    for question in (RenameSchedule, RenameProfile):
        assert LINES[question].roles.isdisjoint(AUDITOR.roles)


@pytest.mark.attack("rules-06")
def test_a_rename_the_journal_cannot_be_told_of_is_not_done(office: Office, desk: Desk) -> None:
    seen = ask(desk, FindProfile(name="cleaning")).profiles[0].was
    office.answers = False
    with office.source() as source:
        head = source.head
    error = denied(desk, RenameProfile(name="cleaning", new_name="cleaners", was=seen))
    assert error.said.word == "people_not_recorded"
    with office.source() as source:
        assert source.head == head
