"""State machines as tables: rows, listed ignored pairs, and nothing in between. Diagrams are printed from the rows.

A table is built once, at import, and checked whole: a pair that is listed twice or not at all is our mistake and is
found before anything runs. What a row's actions do stands beside the table that names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S", bound=StrEnum)
T = TypeVar("T", bound=StrEnum)


class TableError(Exception):
    """A table is wrong: our mistake, to be repaired in the file that holds the table."""


class UnlistedPair(TableError, LookupError):
    """A machine met a trigger that its state does not list: our mistake; the state before the step still stands."""


class Row(NamedTuple, Generic[S, T]):
    """In `state`, when `trigger` comes: go to `target` and do `actions`, by name and in order."""

    state: S
    trigger: T
    target: S
    actions: tuple[str, ...] = ()


class Table(Generic[S, T]):
    """One machine. `cells` is what runs: (state, trigger) -> (target, actions); an ignored pair stays and does nothing.

    Tests exchange `cells` for mutants; nothing else writes to it.
    """

    def __init__(
        self,
        name: str,
        states: type[S],
        triggers: type[T],
        rows: Sequence[Row[S, T]],
        ignored: Iterable[tuple[S, T]] = (),
    ) -> None:
        self.name = name
        self.states = tuple(states)
        self.triggers = tuple(triggers)
        self.rows = tuple(rows)
        self.ignored = tuple(ignored)
        self.cells: dict[tuple[S, T], tuple[S, tuple[str, ...]]] = {}
        for row in self.rows:
            self._list(row.state, row.trigger, row.target, row.actions)
        for state, trigger in self.ignored:
            self._list(state, trigger, state, ())
        missing = [f"{s} + {t}" for s in self.states for t in self.triggers if (s, t) not in self.cells]
        if missing:
            raise TableError(f"table {name}: neither a row nor ignored: {', '.join(missing)}")

    def _list(self, state: S, trigger: T, target: S, actions: tuple[str, ...]) -> None:
        if (state, trigger) in self.cells:
            raise TableError(f"table {self.name}: {state} + {trigger} is listed twice")
        self.cells[state, trigger] = (target, actions)

    def on(self, state: S, trigger: T) -> tuple[S, tuple[str, ...]]:
        """(target, actions) of a pair. Raises UnlistedPair."""
        try:
            return self.cells[state, trigger]
        except KeyError:
            raise UnlistedPair(f"table {self.name}: {state} + {trigger} is not listed") from None

    def check_actions(self, known: Iterable[str]) -> None:
        """Every action that a row names exists, and every one that exists is named by a row. Raises TableError."""
        named = {action for row in self.rows for action in row.actions}
        if named != (existing := set(known)):
            raise TableError(f"table {self.name}: actions without row or function: {sorted(named ^ existing)}")


def ignore(state: S, *triggers: T) -> tuple[tuple[S, T], ...]:
    """The pairs of one state that do nothing, for a table's `ignored`."""
    return tuple((state, trigger) for trigger in triggers)


def diagram(table: Table[S, T]) -> str:
    """The table as Mermaid stateDiagram text. The machine starts in the first state that its enum lists."""
    lines = ["stateDiagram-v2", f"    [*] --> {table.states[0]}"]
    for row in table.rows:
        does = f" / {', '.join(row.actions)}" if row.actions else ""
        lines.append(f"    {row.state} --> {row.target}: {row.trigger}{does}")
    return "\n".join(lines)
