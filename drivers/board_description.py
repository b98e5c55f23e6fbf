"""What a carrier board offers: its lines, their level at boot, and which of them are taken. Data in drivers/boards."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from drivers.described import Shelf
from drivers.settings import LevelWord

BOARDS = Path(__file__).parent / "boards"
EXTENDS_MAX = 3  # boards on boards


class BoardError(Exception):
    """There is no such board, or its description is wrong: the message says which, and what there is."""


class Pull(StrEnum):
    """What holds an input that nothing drives."""

    UP = "up"
    DOWN = "down"
    NONE = "none"


class Only(StrEnum):
    """What a line is soldered to be."""

    INPUT = "input"
    OUTPUT = "output"


class BoardLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: its level before anybody claims it, and what it is for if it is not free.

    `names`: what else it is called, `offset`: its number on the chip (on simulated lines none), `pull`: what an input
    gets (left out: a contact what the line boots with, a reader's line a pull-up), `edges`: it tells them (without, it
    can be no input), `relay_on`: the level that draws its relay.
    """

    at_boot: LevelWord
    reserved: str | None = None
    names: tuple[str, ...] = ()
    offset: int | None = None
    pull: Pull | None = None
    only: Only | None = None
    edges: bool = True
    relay_on: LevelWord | None = None


class BoardDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board.

    `outputs_keep_level`: an output keeps its level when the process that drove it dies; where it does not, the line
    falls to its level at boot. `chips`: labels of the kernel's GPIO chip that has the lines; none where the lines are
    not of this machine. `source` and `verified`: where the facts are from, and whether somebody has tried them.
    """

    id: str
    title: str
    outputs_keep_level: bool
    line: dict[str, BoardLine]
    chips: tuple[str, ...] = ()
    source: str = ""
    verified: bool = True

    def find(self, name: str) -> str | None:
        """The line's own name, by any of its names."""
        if name in self.line:
            return name
        return next((line for line, each in self.line.items() if name in each.names), None)

    def names(self) -> tuple[str, ...]:
        """Every name of every line."""
        return tuple(name for line, each in self.line.items() for name in (line, *each.names))


def board_kinds(folder: Path = BOARDS) -> tuple[str, ...]:
    """The boards that are described, for messages."""
    return _shelf(folder).names()


def load_board(kind: str, folder: Path = BOARDS) -> BoardDescription:
    """Read the description of a board. Raises BoardError."""
    shelf = _shelf(folder)
    return shelf.made(kind, lambda: _table(kind, shelf, EXTENDS_MAX))


def _shelf(folder: Path) -> Shelf[BoardDescription]:
    return Shelf(folder, "board", BoardDescription, BoardError, _contradictions)


def _contradictions(board: BoardDescription) -> Iterator[str]:
    """What no description may say."""
    names = board.names()
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        yield f"it calls two lines {twice!r}; each name belongs to one line"


def _table(kind: str, shelf: Shelf[BoardDescription], depth: int) -> dict[str, object]:
    """The table of a board; one that sits on another has its lines, changed by its own keys, with more names."""
    table = shelf.table(kind)
    base = table.pop("extends", None)
    if base is None:
        return table
    if not isinstance(base, str) or base not in shelf.names() or depth == 0:
        raise BoardError(f"drivers/boards/{kind}.toml extends {base!r}, which is no board; install Menshen again")
    below = _table(base, shelf, depth - 1)
    lines, own = below.get("line"), table.get("line")
    if not isinstance(lines, dict) or not isinstance(own, dict):
        raise BoardError(f"drivers/boards/{kind}.toml and what it extends need a table [line]; install Menshen again")
    for name, line in own.items():
        under = lines.get(name, {})
        lines[name] = {**under, **line, "names": [*under.get("names", ()), *line.get("names", ())]}
    return {**below, **table, "line": lines}
