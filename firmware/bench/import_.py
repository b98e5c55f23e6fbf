"""`menshen bench import`: 250,000 rows of an office's sheet imported by the command itself, from CSV and from XLSX."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from firmware.bench.figures import Figure
from firmware.bench.process import run_apart
from firmware.core.access import Rule
from firmware.roster.rules import ALWAYS
from firmware.roster.sheets.writing import write_csv, write_xlsx
from firmware.roster.source.batch import Kind
from firmware.roster.source.store import Source

SECONDS_MAX, MEGABYTES_MAX = 60.0, 200.0  # the figures: reader, staging, comparison, import, history
SEED = 5
HEADER = ("楼栋", "房号", "姓名", "电话", "卡号", "车牌", "状态", "开始日期", "到期日期", "备注", "权限", "车位")
PEOPLE_PER_FLAT, PEOPLE_PER_PLATE, FLATS_PER_BUILDING = 3, 5, 300


def bench(folder: Path, rows: int = 250_000) -> dict[str, Any]:
    """Each file is imported into a new source by a fresh process: wall time, and the most memory it ever held."""
    csv_path, xlsx_path = folder / "sheet.csv", folder / "sheet.xlsx"
    write_csv(csv_path, sheet_rows(rows))
    write_xlsx(xlsx_path, [("住户", sheet_rows(rows))])
    outcome: dict[str, Any] = {"rows": rows}
    figures: list[Figure] = []
    for path in (csv_path, xlsx_path):
        source = folder / f"{path.suffix[1:]}.source"
        new_source(source)
        seconds, megabytes = _import(source, path)
        with Source.open(source, readonly=True) as made:
            counted = made.db.execute(
                "SELECT (SELECT count(*) FROM holder), (SELECT count(*) FROM credential)"
            ).fetchone()
        if counted != (rows, rows):
            raise RuntimeError(f"{path.name}: {counted} holders and credentials of {rows} rows")
        name = path.suffix[1:].upper()
        outcome[f"{path.suffix[1:]}_bytes"] = path.stat().st_size
        figures.append(Figure(f"import from {name}", round(seconds, 1), SECONDS_MAX, "s"))
        figures.append(Figure(f"import from {name}, most memory", round(megabytes, 1), MEGABYTES_MAX, "MB"))
    return {**outcome, "figures": figures}


def new_source(path: Path) -> None:
    """A source without people, that has the profile of the sheet."""
    rules = msgspec.json.encode([Rule(("*",), ALWAYS)]).decode()
    with (
        Source.create(path, time_zone="Asia/Shanghai") as made,
        made.batch(Kind.RULES, "bench", "the profile of the sheet", 0) as batch,
    ):
        batch.db.execute("INSERT INTO profile VALUES ('residents', ?)", (rules,))


def import_words(source: Path, sheet: Path) -> list[object]:
    """What is said to `menshen` to import the sheet."""
    words: list[object] = ["roster", "import", source, sheet, "--card-format", "H10301", "--apply", "--by", "bench"]
    return [*words, "--why", "to measure it"]


def _import(source: Path, sheet: Path) -> tuple[float, float]:
    """(seconds, megabytes) of one import by command."""
    done = run_apart(import_words(source, sheet))
    if done.status != 0:
        raise RuntimeError(f"the import of {sheet.name} ended with {done.status}: {done.complaint}")
    return done.seconds, done.peak_mb


def sheet_rows(rows: int) -> Iterator[tuple[str, ...]]:
    """A sheet as the office keeps it; the same for the same size."""
    rng = random.Random(SEED)
    yield HEADER
    for number in range(rows):
        flat = number // PEOPLE_PER_FLAT
        plate = f"沪A{number // PEOPLE_PER_PLATE:05}" if number % PEOPLE_PER_PLATE == 0 else ""
        yield (
            f"{1 + flat // FLATS_PER_BUILDING}栋", f"{1 + flat % FLATS_PER_BUILDING:04}", f"住户{number}",
            f"139{rng.randrange(10**8):08}", f"{100_000 + number:010}", plate, "正常", "2026-01-01",
            f"2027-{1 + number % 12:02}-28", "", "residents", "1",
        )  # fmt: skip
