"""Kinds of events in groups that people look for, and which of them each role may see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from firmware.core.codes import MEANING, Code, Severity
from firmware.network.accounts.account import Role
from firmware.network.events import HIDDEN
from firmware.network.journal.errors import NotForRole, NotUnderstood

ALL = frozenset(Code)
GROUP = "group:"  # before the name of a group, where one kind may stand too

_PREFIXES = {
    "access": ("access",),
    "doors": ("door", "portal", "turnstile"),
    "lanes": ("barrier", "lane"),
    "site": ("site", "command", "area"),
    "devices": ("device", "reader", "selftest"),
    "people": ("roster", "face"),
    "accounts": ("account", "camera"),
    "controller": ("controller", "backup", "clock", "journal", "inbox"),
}
REFUSALS = frozenset({Code.DENIED, Code.UNKNOWN_CREDENTIAL, Code.DENIED_SUM})
ALARMS = frozenset(code for code in Code if MEANING[code].severity is Severity.ALARM)
ABOUT_PEOPLE = frozenset({Code.JOURNAL_SEARCHED, Code.JOURNAL_EXPORTED, Code.ERASED, Code.ROSTER_LOOKED_UP})


def _group(prefixes: tuple[str, ...]) -> frozenset[Code]:
    return frozenset(code for code in Code if code.value.partition(".")[0] in prefixes)


# By subject: each kind stands in one of them, but for those that nobody thought of yet.
SUBJECTS: Mapping[str, frozenset[Code]] = {name: _group(prefixes) for name, prefixes in _PREFIXES.items()}
GROUPS: Mapping[str, frozenset[Code]] = {"alarms": ALARMS, "refusals": REFUSALS, **SUBJECTS}
OF_DEVICES = (
    frozenset().union(*(SUBJECTS[name] for name in ("doors", "lanes", "site", "devices", "controller"))) - ABOUT_PEOPLE
)


def kinds_of(text: str) -> frozenset[Code] | None:
    """The kinds that a filter names: a group, one kind, or (empty) all, as None. Raises NotUnderstood."""
    if not text:
        return None
    if text.startswith(GROUP) and text.removeprefix(GROUP) in GROUPS:
        return GROUPS[text.removeprefix(GROUP)]
    try:
        return frozenset({Code(text)})
    except ValueError:
        raise NotUnderstood("journal_bad_kind", typed=text) from None


class Sight(NamedTuple):
    """What a person may see without a purpose. `full`: all of it; else the kinds, and back to which moment."""

    full: bool
    shift: bool  # all kinds, as far back as a shift
    devices: bool  # kinds of devices, as far back as the journal goes


def sight_of(roles: Collection[Role]) -> Sight:
    """A guard has to hand over what happened, and needs nobody's habits of last month; an installer needs wires."""
    return Sight(
        full=bool({Role.AUDITOR, Role.MANAGER} & set(roles)),
        shift=Role.GUARD in roles,
        devices=Role.INSTALLER in roles,
    )


class Part(NamedTuple):
    """Which part of the journal is searched: kinds (None: all), and whether only as far back as a shift."""

    kinds: frozenset[Code] | None
    of_shift: bool


def part_for(sight: Sight, wanted: frozenset[Code] | None) -> Part:
    """What a person may see of the kinds that were asked for. Raises NotForRole where that is nothing.

    Duress is not shown here to anybody: this is a screen, and whoever forces somebody may see it.
    """
    if wanted is not None and not wanted - HIDDEN:
        raise NotForRole("journal_hidden_kind")
    if sight.full:
        return Part(None if wanted is None else wanted - HIDDEN, of_shift=False)
    if sight.devices and not (sight.shift and (wanted is None or not wanted <= OF_DEVICES)):
        seen = OF_DEVICES if wanted is None else wanted & OF_DEVICES
        if not seen:
            raise NotForRole("journal_not_your_kind")
        return Part(seen - HIDDEN, of_shift=False)
    assert sight.shift, "there is no other role"
    return Part(None if wanted is None else wanted - HIDDEN, of_shift=True)


def choices(sight: Sight) -> dict[str, list[Code]]:
    """The kinds that a person may choose, by group, for the filter's list."""
    seen = ALL if sight.full or sight.shift else OF_DEVICES
    found = {name: sorted((kinds & seen) - HIDDEN, key=list(Code).index) for name, kinds in SUBJECTS.items()}
    return {name: kinds for name, kinds in found.items() if kinds}
