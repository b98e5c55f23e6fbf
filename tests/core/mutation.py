"""Proves that scenarios notice a wrong table: rows are deleted, silenced, retargeted, swapped, robbed of actions.

A scenario is a function without arguments that raises when the machine misbehaves. It runs against the real tables
first, which tells what it visits; a mutant is then tried by the scenarios that visit its row only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from firmware.core.table import Table

Cells = dict[tuple[Any, Any], tuple[Any, tuple[str, ...]]]
Scenario = Callable[[], object]


class Mutant(NamedTuple):
    """One wrong table. `name` says what is wrong; `pairs` are the cells that differ from the real ones."""

    name: str
    table: Table[Any, Any]
    pairs: frozenset[tuple[Any, Any]]
    cells: Cells


def mutants(table: Table[Any, Any]) -> Iterator[Mutant]:
    """Every mutant of one table. Those that do not differ from the table are left out."""

    def make(what: str, changes: Cells, removed: tuple[Any, Any] | None = None) -> Iterator[Mutant]:
        cells = {pair: cell for pair, cell in table.cells.items() if pair != removed} | changes
        if cells != table.cells:
            pairs = frozenset(changes) if removed is None else frozenset({removed})
            yield Mutant(f"{table.name}: {what}", table, pairs, cells)

    for place, row in enumerate(table.rows):
        pair = (row.state, row.trigger)
        at = f"{row.state} + {row.trigger}"
        yield from make(f"{at} deleted", {}, pair)
        yield from make(f"{at} ignored", {pair: (row.state, ())})
        for state in table.states:
            yield from make(f"{at} -> {state}", {pair: (state, row.actions)})
        for index, action in enumerate(row.actions):
            rest = row.actions[:index] + row.actions[index + 1 :]
            yield from make(f"{at} without {action} ({index})", {pair: (row.target, rest)})
        for other in table.rows[place + 1 :]:
            if other.state is row.state:
                swapped = {pair: (other.target, other.actions)}
                swapped[other.state, other.trigger] = (row.target, row.actions)
                yield from make(f"{at} swapped with {other.trigger}", swapped)


@contextmanager
def planted(table: Table[Any, Any], cells: Cells) -> Iterator[None]:
    """The table runs with these cells."""
    before = table.cells
    table.cells = cells
    try:
        yield
    finally:
        table.cells = before


class _Noted(dict[Any, Any]):
    """Cells that note which of them are asked for."""

    def __init__(self, cells: Cells, seen: set[tuple[Any, Any]]) -> None:
        super().__init__(cells)
        self._seen = seen

    def __getitem__(self, pair: tuple[Any, Any]) -> Any:
        self._seen.add(pair)
        return super().__getitem__(pair)


def visits(tables: Iterable[Table[Any, Any]], scenario: Scenario) -> dict[str, set[tuple[Any, Any]]]:
    """Table name -> the pairs that a scenario visits. The scenario has to pass."""
    tables = tuple(tables)
    seen: dict[str, set[tuple[Any, Any]]] = {table.name: set() for table in tables}
    before = [table.cells for table in tables]
    try:
        for table in tables:
            table.cells = _Noted(table.cells, seen[table.name])
        scenario()
    finally:
        for table, cells in zip(tables, before, strict=True):
            table.cells = cells
    return seen


def caught(mutant: Mutant, scenarios: Iterable[Scenario]) -> bool:
    """Whether any scenario fails on it. UnlistedPair and failed assertions are failures as good as any."""
    with planted(mutant.table, mutant.cells):
        for scenario in scenarios:
            try:
                scenario()
            except Exception:  # noqa: BLE001 - whatever breaks, the mutant was noticed
                return True
    return False


class Verdict(NamedTuple):
    unvisited: list[str]  # rows that no scenario comes to
    survivors: list[str]  # mutants that no scenario notices and that nobody has explained
    stale: list[str]  # explained as equivalent, but noticed, or no mutant at all
    tried: int


def judge(
    tables: Iterable[Table[Any, Any]],
    scenarios: Iterable[Scenario],
    equivalent: Mapping[str, str],
) -> Verdict:
    """Try every mutant. `equivalent` names those that cannot be noticed, each with its proof."""
    tables, scenarios = tuple(tables), tuple(scenarios)
    seen = [(visits(tables, scenario), scenario) for scenario in scenarios]
    unvisited, survivors, stale = [], [], set(equivalent)
    tried = 0
    for table in tables:
        for row in table.rows:
            if not any((row.state, row.trigger) in at[table.name] for at, _ in seen):
                unvisited.append(f"{table.name}: {row.state} + {row.trigger}")
        for mutant in mutants(table):
            tried += 1
            visitors = [scenario for at, scenario in seen if at[table.name] & mutant.pairs]
            if caught(mutant, visitors):
                continue
            if mutant.name in equivalent:
                stale.discard(mutant.name)
            else:
                survivors.append(mutant.name)
    return Verdict(unvisited, survivors, sorted(stale), tried)


def scenarios_of(*modules: Any) -> list[Scenario]:
    """The tests of these modules that need nothing: no fixtures, no parameters."""
    return [
        value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("test_") and callable(value) and not value.__code__.co_argcount
    ]
