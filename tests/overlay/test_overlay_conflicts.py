"""When the roster is replaced: what it says otherwise than a local entry, and what it says itself by now."""

from __future__ import annotations

import pytest

from firmware.core.access import Factor
from firmware.roster.overlay import EMPTY, Conflict, absorbed, conflicts
from tests.overlay.entries import enrolled, lost, suspended, visitor

NEW, TOKEN = "H10301:9:1", "ab" * 8
HEAD = "holder,profiles,card,pin,status\n"


def token_of(workshop, card: str) -> str:
    return workshop.identity.pseudonym("card", card)


def compared(workshop, table: str, *entries, version: int = 2):
    """(what contradicts, what can go): by the position of the entry."""
    overlay = EMPTY.with_(*entries)
    order = {entry.id: number for number, entry in enumerate(entries)}
    with workshop.open(HEAD + table, version=version) as roster:
        against = {order[entry.id]: what for entry, what in conflicts(overlay, roster)}
        return against, [order[entry.id] for entry in absorbed(overlay, roster)]


ACTIVE = "li,residents,H10301:1:1,,\nwang,residents,H10301:1:2,,\n"
LOST = "li,residents,H10301:1:1,,lost\nwang,residents,H10301:1:2,,\n"
NOT_THERE = "wang,residents,H10301:1:2,,\n"


def test_a_newer_roster_that_calls_it_active_contradicts_and_ends_nothing(workshop) -> None:
    of_card, of_all = lost("li", token_of(workshop, "H10301:1:1")), suspended("li")
    assert compared(workshop, ACTIVE, of_card, of_all) == ({0: Conflict.ROSTER_ACTIVE, 1: Conflict.ROSTER_ACTIVE}, [])


def test_the_roster_that_was_there_already_contradicts_nothing(workshop) -> None:
    entries = (lost("li", token_of(workshop, "H10301:1:1")), suspended("li"))
    assert compared(workshop, ACTIVE, *entries, version=1) == ({}, [])
    assert compared(workshop, LOST, *entries, version=1) == ({}, [])


@pytest.mark.parametrize("table", [LOST, NOT_THERE])
def test_a_roster_that_refuses_by_itself_takes_the_suspension_over(workshop, table: str) -> None:
    card = token_of(workshop, "H10301:1:1")
    by_key = lost("li", "0" * 16, factor=Factor.CARD, key="H10301:1:1")
    assert compared(workshop, table, lost("li", card), suspended("li"), by_key) == ({}, [0, 1, 2])


@pytest.mark.parametrize(("before", "gone"), [(ACTIVE, []), (LOST, [0, 1]), (NOT_THERE, [0, 1])])
def test_a_suspension_stays_while_the_roster_before_would_let_in(workshop, before: str, gone: list[int]) -> None:
    """If the newer file is damaged that one serves again, and the lost card must not open with it."""
    entries = (lost("li", token_of(workshop, "H10301:1:1")), suspended("li"))
    overlay = EMPTY.with_(*entries)
    with (
        workshop.open(HEAD + before, version=2) as older,
        workshop.open(HEAD + NOT_THERE, version=3) as roster,
    ):
        assert absorbed(overlay, roster, before=older) == [entries[each] for each in gone]
        assert absorbed(overlay, roster) == list(entries), "where none would serve"


def test_a_holder_suspended_as_a_whole_stays_so_while_any_of_it_is_active(workshop) -> None:
    table = "li,residents,H10301:1:1,,lost\nli,,H10301:1:5,,\n"
    of_all, of_lost = suspended("li"), lost("li", token_of(workshop, "H10301:1:1"))
    assert compared(workshop, table, of_all, of_lost) == ({0: Conflict.ROSTER_ACTIVE}, [1])


def test_what_lets_in_here_keeps_its_suspension_alive(workshop) -> None:
    """Otherwise the suspension would go, and the card that was enrolled here would open again."""
    entries = (suspended("li"), enrolled("li", TOKEN, NEW), lost("li", TOKEN), visitor("guest", "c" * 16, "code"))
    against, gone = compared(workshop, LOST, *entries, suspended("guest"))
    assert (against, gone) == ({}, [])
    by_key = lost("wang", "0" * 16, factor=Factor.CARD, key=NEW)
    assert compared(workshop, LOST, enrolled("li", TOKEN, NEW), by_key) == ({}, [])


def test_an_enrolled_key_that_the_roster_has(workshop) -> None:
    theirs, own = enrolled("li", TOKEN, "H10301:1:2"), enrolled("wang", "cd" * 8, "H10301:1:1")
    assert compared(workshop, ACTIVE, theirs, own) == ({0: Conflict.KEY_OF_ANOTHER, 1: Conflict.KEY_OF_ANOTHER}, [])
    same = enrolled("li", TOKEN, "H10301:1:1")
    for table in (ACTIVE, LOST):  # lost or not: the roster has the word
        assert compared(workshop, table, same) == ({}, [0])
    assert compared(workshop, ACTIVE, enrolled("li", TOKEN, NEW)) == ({}, []), "nothing is said of it yet"


def test_an_enrolled_pin_is_found_by_its_digest(workshop) -> None:
    digest = workshop.identity.pin_digest("", "80461357").hex()
    entry = enrolled("li", TOKEN, digest, Factor.PIN)
    assert compared(workshop, "li,residents,,80461357,\n", entry) == ({}, [0])
    assert compared(workshop, "li,residents,H10301:1:1,,\nwang,residents,,80461357,\n", entry)[0] == {
        0: Conflict.KEY_OF_ANOTHER
    }


def test_an_enrolled_holder_who_is_gone(workshop) -> None:
    assert compared(workshop, NOT_THERE, enrolled("li", TOKEN, NEW)) == ({0: Conflict.HOLDER_GONE}, [])


def test_visitors(workshop) -> None:
    good = visitor("guest", TOKEN, "code-1")
    is_holder = visitor("li", "1" * 16, "code-2")
    no_profile = visitor("other", "2" * 16, "code-3", profiles=("residents", "gone"))
    has_holders_card = visitor("third", "3" * 16, "H10301:1:2", Factor.CARD)
    same = visitor("wang", "4" * 16, "H10301:1:2", Factor.CARD)
    against, gone = compared(workshop, ACTIVE, good, is_holder, no_profile, has_holders_card)
    assert against == {1: Conflict.VISITOR_IS_HOLDER, 2: Conflict.PROFILE_GONE, 3: Conflict.KEY_OF_ANOTHER}
    assert gone == []
    assert compared(workshop, ACTIVE, same) == ({}, [0])


def test_nothing_beside_nothing(workshop) -> None:
    with workshop.open(HEAD + ACTIVE) as roster:
        assert conflicts(EMPTY, roster) == []
        assert absorbed(EMPTY, roster) == []
