"""The words that all tables of the plants' file share: ids, lines, levels, durations, names, contacts."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]{1,40}$")]
LineName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_]{1,20}$")]
LevelWord = Literal["high", "low"]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, le=600_000)]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all tables."""


class Name(Table, frozen=True):
    """What people call it, in both languages."""

    en: Annotated[str, msgspec.Meta(max_length=60)]
    zh: Annotated[str, msgspec.Meta(max_length=60)]


class WireLayout(Table, frozen=True):
    """A line with the level that means active, where it is not the usual one."""

    line: LineName
    active_level: LevelWord


Wire = LineName | WireLayout  # "Y18", or { line = "Y18", active_level = "low" }


def high(word: LevelWord) -> bool:
    """The electrical level of the word."""
    return word == "high"
