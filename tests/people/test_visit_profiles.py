"""A list that would take a visitor's profile away is not brought to the gate: who it is, and what to do, is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import ListOverlay, LocalEntry, TellPeople
from firmware.people_words.base import HowAreThings, Refused, Standing
from firmware.people_words.holders import BringToGate, Brought
from firmware.people_words.rules import FindProfile, Profiles, RemoveProfile, RenameProfile
from firmware.people_words.visitors import EndVisit, Invited, InviteVisitor
from tests.people.desk import FAR_S, AtDesk, at_desk

VISIT = {"name": "Chen Bo", "until": "2027-06-01T18:00", "profile": "visitors", "kind": "made", "uses": "2"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    """With everything at the gate."""
    with at_desk(tmp_path) as made:
        made.put(("holder", "h1", {"name": "Wang Fang", "profiles": "residents"}))
        assert bring(made).answer == "taken"
        made.gate.asked.clear()
        yield made


def bring(desk: AtDesk) -> Brought | Refused:
    standing = desk.ask(HowAreThings())
    assert isinstance(standing, Standing)
    told = desk.ask(BringToGate(batch=standing.batch))
    assert isinstance(told, Brought | Refused)
    return told


def rename(desk: AtDesk, name: str, new_name: str) -> None:
    desk.ask(RenameProfile(name=name, new_name=new_name, was=seen(desk, name)))


def seen(desk: AtDesk, name: str) -> str:
    found = desk.ask(FindProfile(name=name))
    assert isinstance(found, Profiles)
    return found.profiles[0].was


def invite(desk: AtDesk, **fields: str) -> Invited:
    told = desk.ask(InviteVisitor(fields={**VISIT, **fields}))
    assert isinstance(told, Invited)
    return told


def handed_in(desk: AtDesk) -> list[tuple[str, str]]:
    return [each for each in desk.gate.told() if each[0] == "handed_in"]


@pytest.mark.attack("people-20")
@pytest.mark.parametrize("gone", ["renamed", "removed"])
def test_nobody_is_invited_by_a_name_that_the_next_list_takes_away(desk: AtDesk, gone: str) -> None:
    """By the old name somebody is invited after it has gone from the list, and before that is at the gate."""
    if gone == "renamed":
        rename(desk, "visitors", "guests")
    else:
        desk.ask(RemoveProfile(name="visitors", was=seen(desk, "visitors")))
    told = invite(desk)
    invite(desk, name="Wu Fan")
    version = desk.gate.roster_version
    refused = bring(desk)
    assert isinstance(refused, Refused)
    assert refused.word == "people_visits_lose_profile"
    assert (refused.fills["what"], refused.fills["name"]) == ("visitors", "Chen Bo, Wu Fan")
    assert handed_in(desk) == [], "nothing was begun, so nothing is told"
    assert not (desk.state / "roster" / "incoming.roster").exists()
    assert desk.gate.roster_version == version
    for entry in list(desk.gate.entries):
        desk.ask(EndVisit(entry=entry.id))
    assert all(entry.holder != told.visitor for entry in desk.gate.entries)
    assert isinstance(bring(desk), Brought)
    assert desk.gate.roster_version == version + 1


def test_with_its_old_name_back_the_list_is_brought_and_the_visit_stands(desk: AtDesk) -> None:
    rename(desk, "visitors", "guests")
    invite(desk)
    assert isinstance(bring(desk), Refused)
    rename(desk, "guests", "visitors")
    assert isinstance(bring(desk), Brought)
    assert len(desk.gate.entries) == 1


def test_a_visitor_who_is_invited_while_the_list_is_built_is_seen_too(desk: AtDesk) -> None:
    rename(desk, "visitors", "guests")
    entry = LocalEntry("l0000abcd", "visitor", "v0123456789", "x", "y", 1, FAR_S, profiles=("visitors",))

    def invites(command: object) -> None:
        if isinstance(command, TellPeople) and command.act.value == "handed_in":
            desk.gate.entries.append(entry)

    desk.gate.before = invites
    version = desk.gate.roster_version
    refused = bring(desk)
    assert isinstance(refused, Refused)
    assert (refused.word, refused.fills["name"]) == ("people_visits_lose_profile", "v0123456789"), "no name is known"
    assert [act for act, _ in desk.gate.told()][-2:] == ["handed_in", "edit_not_done"]
    assert not (desk.state / "roster" / "incoming.roster").exists()
    assert not (desk.state / "people" / "built.roster").exists()
    assert desk.gate.roster_version == version


def test_of_whom_the_gate_does_not_say_is_invited_nothing_is_brought(desk: AtDesk) -> None:
    def silent(command: object) -> None:
        if isinstance(command, ListOverlay):
            raise ConnectionError

    version = desk.gate.roster_version
    desk.put(("holder", "h2", {"name": "Li Na", "profiles": "staff"}))
    standing = desk.ask(HowAreThings())
    desk.gate.before = silent
    refused = desk.ask(BringToGate(batch=standing.batch))
    assert isinstance(refused, Refused)
    assert refused.word == "people_no_controller"
    assert handed_in(desk) == []
    assert desk.gate.roster_version == version


def test_a_profile_that_the_gate_does_not_have_either_holds_nothing_up(desk: AtDesk) -> None:
    """Somebody's visit opens nothing already: by what is brought nobody loses it."""
    desk.put(("holder", "h2", {"name": "Li Na", "profiles": "staff"}))
    desk.gate.entries.append(LocalEntry("l0000abcd", "visitor", "v1", "x", "y", 1, FAR_S, profiles=("of_old",)))
    assert isinstance(bring(desk), Brought)
