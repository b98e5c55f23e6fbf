"""What a carrier board offers: its lines, their level at boot, and which of them are taken. Data in drivers/boards."""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from drivers.settings import LevelWord

BOARDS = Path(__file__).parent / "boards"


class BoardError(Exception):
    """There is no such board, or its description is wrong: the message says which, and what there is."""


class BoardLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line: its level before anybody claims it, and what it is for if it is not free."""

    at_boot: LevelWord
    reserved: str | None = None


class BoardDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A board. `outputs_keep_level`: an output keeps its level when the process that drove it dies."""

    id: str
    title: str
    outputs_keep_level: bool
    line: dict[str, BoardLine]


def board_kinds() -> tuple[str, ...]:
    """The boards that are described, for messages."""
    return tuple(sorted(path.stem for path in BOARDS.glob("*.toml")))


def load_board(kind: str) -> BoardDescription:
    """Read the description of a board. Raises BoardError."""
    if kind not in board_kinds():
        raise BoardError(f"no board {kind!r}; there are {', '.join(board_kinds())}")
    try:
        table = tomllib.loads((BOARDS / f"{kind}.toml").read_text(encoding="utf-8"))
        board = msgspec.convert(table, BoardDescription)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BoardError(f"drivers/boards/{kind}.toml is damaged: {error}; install Menshen again") from error
    if board.id != kind:
        raise BoardError(f"drivers/boards/{kind}.toml calls itself {board.id!r}; its id must be its file's name")
    return board
