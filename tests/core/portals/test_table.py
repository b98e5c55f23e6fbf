"""The engine of the tables: wrong tables are found at once, unlisted pairs raise, diagrams say every row."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest

from firmware.core.diagrams import all_diagrams
from firmware.core.machines import TABLES
from firmware.core.table import Row, Table, TableError, UnlistedPair, diagram, ignore
from tests.core.mutation import judge

MAP = Path(__file__).parents[3] / "firmware" / "README.md"


class Lamp(StrEnum):
    OFF = "off"
    ON = "on"


class Touch(StrEnum):
    PRESS = "press"
    HOLD = "hold"


ROWS = (
    Row(Lamp.OFF, Touch.PRESS, Lamp.ON, ("light",)),
    Row(Lamp.ON, Touch.PRESS, Lamp.OFF, ("dark",)),
    Row(Lamp.ON, Touch.HOLD, Lamp.OFF, ("dark", "beep")),
)


IGNORED = ignore(Lamp.OFF, Touch.HOLD)


def lamp(rows=ROWS, ignored=IGNORED) -> Table[Lamp, Touch]:
    return Table("lamp", Lamp, Touch, rows, ignored)


def test_a_table_does_what_its_rows_say():
    table = lamp()
    assert table.on(Lamp.OFF, Touch.PRESS) == (Lamp.ON, ("light",))
    assert table.on(Lamp.OFF, Touch.HOLD) == (Lamp.OFF, ())


@pytest.mark.parametrize(
    ("rows", "ignored", "said"),
    [
        (ROWS, (), "off \\+ hold"),
        (ROWS[1:], ignore(Lamp.OFF, Touch.HOLD), "off \\+ press"),
        ((*ROWS, ROWS[0]), ignore(Lamp.OFF, Touch.HOLD), "listed twice"),
        (ROWS, ignore(Lamp.OFF, Touch.HOLD, Touch.HOLD), "listed twice"),
        (ROWS, ignore(Lamp.OFF, Touch.HOLD, Touch.PRESS), "listed twice"),
    ],
)
def test_a_wrong_table_is_found_when_it_is_built(rows, ignored, said):
    with pytest.raises(TableError, match=said):
        lamp(rows, ignored)


def test_an_unlisted_pair_raises():
    table = lamp()
    del table.cells[Lamp.ON, Touch.HOLD]
    with pytest.raises(UnlistedPair, match="lamp: on \\+ hold"):
        table.on(Lamp.ON, Touch.HOLD)


def test_actions_and_functions_have_to_agree():
    table = lamp()
    table.check_actions(["light", "dark", "beep"])
    for known in (["light", "dark"], ["light", "dark", "beep", "boom"]):
        with pytest.raises(TableError, match=r"beep|boom"):
            table.check_actions(known)


def test_a_diagram_says_every_row():
    assert diagram(lamp()) == (
        "stateDiagram-v2\n"
        "    [*] --> off\n"
        "    off --> on: press / light\n"
        "    on --> off: press / dark\n"
        "    on --> off: hold / dark, beep"
    )


def test_every_table_has_its_diagram():
    diagrams = all_diagrams()
    assert {table.name for table in TABLES} <= set(diagrams)
    for table in TABLES:
        assert diagrams[table.name].count("-->") == len(table.rows) + 1


def test_the_map_shows_the_tables_as_they_are():
    """firmware/README.md holds each diagram after its marker; `all_diagrams()` prints them."""
    text = MAP.read_text(encoding="utf-8")
    for name, drawn in all_diagrams().items():
        assert f"<!-- diagram: {name} -->\n```mermaid\n{drawn}\n```" in text, f"{name}: print it anew"


# -- the mutation runner finds what scenarios leave out ------------------------------------------------------------


def test_the_mutation_runner_tells_good_scenarios_from_poor_ones():
    table = lamp()

    def walk(*touches: Touch) -> list[tuple[str, ...]]:
        state, done = Lamp.OFF, []
        for touch in touches:
            state, actions = table.on(state, touch)
            done.append((state, *actions))
        return done

    def all_of_it() -> None:
        assert walk(Touch.PRESS, Touch.PRESS, Touch.HOLD, Touch.PRESS, Touch.HOLD) == [
            ("on", "light"),
            ("off", "dark"),
            ("off",),
            ("on", "light"),
            ("off", "dark", "beep"),
        ]

    def looks_away() -> None:
        walk(Touch.PRESS, Touch.PRESS)

    good = judge([table], [all_of_it], {})
    assert (good.unvisited, good.survivors) == ([], [])
    poor = judge([table], [looks_away], {"lamp: no such mutant": "stale"})
    assert poor.unvisited == ["lamp: on + hold"]
    assert "lamp: off + press without light (0)" in poor.survivors
    assert "lamp: off + press deleted" not in poor.survivors, "an unlisted pair raises"
    assert poor.stale == ["lamp: no such mutant"]
    assert table.cells == lamp().cells, "every mutant is taken back"
