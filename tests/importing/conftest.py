"""A source of a roster with two profiles, and sheets for it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.core.access import Rule
from firmware.roster.importing.mapping import Mapping
from firmware.roster.importing.plan import Plan
from firmware.roster.importing.planning import plan
from firmware.roster.sheets.opening import open_table
from firmware.roster.source.store import Source

SHEETS = Path(__file__).parent / "sheets"


class Office:
    """One source, and what is imported into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "roster.source"
        self.source = Source.create(self.path, time_zone="Asia/Shanghai")
        rules = msgspec.json.encode([Rule(("*",), "always")]).decode()
        with self.source.batch("rules", "test", "the profiles", 1) as batch:
            batch.db.executemany("INSERT INTO profile VALUES (?, ?)", [("residents", rules), ("staff", rules)])

    def sheet(self, *rows: list[str], name: str = "sheet.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
        return path

    def plan(self, path: Path, digester: object = None, **chosen: object) -> Plan:
        mapping = Mapping(**{"card_format": "H10301", "default_profile": "residents", **chosen})
        with open_table(path) as table:
            return plan(self.source, table, mapping, digester)

    def rows(self, sql: str) -> list[tuple]:
        return self.source.db.execute(sql).fetchall()

    def cards(self) -> dict[str, str]:
        """Key of a card or plate -> its holder's name, or id."""
        named = "SELECT k.key, coalesce(h.name, h.id) FROM credential k JOIN holder h ON h.id = k.holder"
        cars = "SELECT v.plate, coalesce(h.name, h.id) FROM vehicle v JOIN holder h ON h.id = v.holder"
        return dict(self.rows(f"{named} UNION ALL {cars}"))


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.source.close()


@pytest.fixture
def codes() -> Callable[[Plan], list[tuple[int | None, str, str]]]:
    """(row, letter of the column, code) of everything bad."""
    return lambda made: sorted((bad.row, bad.column.split(" ")[0], bad.code) for bad in made.bad.found)
