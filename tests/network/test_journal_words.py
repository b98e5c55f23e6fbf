"""The journal's pages know every kind of event, and each role sees what it should."""

from __future__ import annotations

import pytest

from firmware.core.codes import Code
from firmware.network.accounts.account import Role
from firmware.network.events import HIDDEN
from firmware.network.journal.errors import NotForRole, NotUnderstood
from firmware.network.journal.kinds import OF_DEVICES, SUBJECTS, choices, kinds_of, part_for, sight_of
from firmware.network.words import Words

# Kinds that say who passed, who was let in by whom, or who looked: none of a wire.
OF_PEOPLE = {"access", "roster", "face", "account"}


def test_each_kind_of_event_stands_in_one_group() -> None:
    stood = [code for kinds in SUBJECTS.values() for code in kinds]
    assert sorted(stood) == sorted(Code), "a new kind needs a place in kinds.py, and a thought about who sees it"


@pytest.mark.parametrize(
    ("roles", "all_kinds", "of_shift"),
    [
        ({Role.AUDITOR}, True, False),
        ({Role.MANAGER}, True, False),
        ({Role.GUARD}, True, True),
        ({Role.INSTALLER}, False, False),
        ({Role.GUARD, Role.INSTALLER}, True, True),
        ({Role.GUARD, Role.MANAGER, Role.INSTALLER}, True, False),
    ],
)
def test_what_each_role_sees(roles: set[Role], all_kinds: bool, of_shift: bool) -> None:
    sight = sight_of(roles)
    part = part_for(sight, None)
    assert (part.kinds is None, part.of_shift) == (all_kinds, of_shift)
    if part.kinds is not None:
        assert not {code.value.partition(".")[0] for code in part.kinds} & OF_PEOPLE
        assert not part.kinds & {Code.JOURNAL_SEARCHED, Code.JOURNAL_EXPORTED, Code.ERASED}
    for kinds in choices(sight).values():
        assert not set(kinds) & HIDDEN
    with pytest.raises(NotForRole):
        part_for(sight, frozenset(HIDDEN))


def test_who_has_two_roles_sees_devices_as_far_back_as_the_journal_goes() -> None:
    both = sight_of({Role.GUARD, Role.INSTALLER})
    assert not part_for(both, frozenset({Code.DEVICE_LOST})).of_shift
    assert part_for(both, frozenset({Code.GRANTED})).of_shift
    with pytest.raises(NotForRole):
        part_for(sight_of({Role.INSTALLER}), frozenset({Code.GRANTED}))


def test_kinds_are_named_by_group_or_alone() -> None:
    assert kinds_of("") is None
    assert kinds_of("group:lanes") == SUBJECTS["lanes"]
    assert kinds_of("door.forced") == {Code.FORCED}
    assert Code.FORCED in OF_DEVICES
    for wrong in ("group:", "group:nothing", "door", "DOOR.FORCED", "door.forced "):
        with pytest.raises(NotUnderstood):
            kinds_of(wrong)


@pytest.mark.parametrize(
    ("language", "console", "client"), [("en", "Console", "Client desk"), ("zh", "控制台", "客户端 desk")]
)
def test_who_did_it_is_said_in_the_readers_words_and_an_account_by_its_name(
    language: str, console: str, client: str
) -> None:
    words = Words(language)
    assert [words.actor(name) for name in ("console", "client:desk", "desk", "Console")] == [
        console,
        client,
        "desk",
        "Console",
    ]
