"""Labels of pictures: `labels.csv` in a folder of pictures, read with every mistake in it named at once.

Columns: `file` (a picture beside it) and `plate`; where plates are in scenes, `x`, `y`, `w`, `h` of the box in pixels.
Others may be there; the first of GROUPS that is gives each row its group.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.core.plates import CHARACTERS_MAX, normal

NAME = "labels.csv"
BYTES_MAX = 64 << 20
ROWS_MAX = 200_000
PROBLEMS_MAX = 20  # that are told; more help nobody
SIDE_PX_MAX = 100_000
GROUPS = ("kind", "colour", "region")
PLATE_COLUMNS = ("file", "plate")
BOX_COLUMNS = ("x", "y", "w", "h")

Box = tuple[float, float, float, float]  # left, top, right, bottom; pixels


class Problem(NamedTuple):
    """What is wrong with one cell, in a word. Row 1 has the names of the columns; row 0 is the file itself."""

    row: int
    column: str
    word: str
    values: dict[str, object]


class LabelError(Exception):
    """A folder's labels cannot be used; `file` and every problem found."""

    def __init__(self, file: Path, problems: Sequence[Problem]) -> None:
        lines = [f"{file}: row {each.row}, column {each.column}: {each.word} {each.values}" for each in problems]
        super().__init__("\n".join(lines))
        self.file = file
        self.problems = list(problems)


class Label(NamedTuple):
    """One row. `plate`: in the normal form; `box`: where it was asked for; `group` may be empty."""

    row: int
    path: Path
    plate: str
    box: Box | None
    group: str


def labels(folder: Path, boxes: bool) -> list[Label]:
    """All labels of a folder. `boxes`: each has one, and a file may have several. Raises LabelError."""
    file = folder / NAME
    problems: list[Problem] = []
    found: list[Label] = []
    seen: dict[tuple[str, Box | None], int] = {}
    wanted = (*PLATE_COLUMNS, *BOX_COLUMNS) if boxes else PLATE_COLUMNS
    for number, row in rows(file, wanted, problems):
        before = len(problems)
        path = beside(folder, number, "file", row["file"], problems)
        plate = _plate(number, row["plate"], problems)
        box = _box(number, row, problems) if boxes else None
        if len(problems) == before:
            first = seen.setdefault((row["file"], box), number)
            if first != number:
                problems.append(Problem(number, "file", "twice", {"file": row["file"], "first": first}))
            group = next((row[name] for name in GROUPS if name in row), "")
            found.append(Label(number, path, plate, box, group))
        if len(problems) >= PROBLEMS_MAX:
            break
    demand_none(file, problems)
    return found


def outside(label: Label, width: int, height: int) -> Problem | None:
    """Whether a box lies outside of its picture; one that reaches over an edge does not."""
    assert label.box is not None
    left, top, right, bottom = label.box
    if left < width and top < height and right > 0 and bottom > 0:
        return None
    box = ", ".join(f"{side:g}" for side in (left, top, right - left, bottom - top))
    return Problem(label.row, "x, y, w, h", "outside", {"box": box, "width": width, "height": height})


def demand_none(file: Path, problems: Sequence[Problem]) -> None:
    """Raises LabelError with the first problems, where there are any."""
    if problems:
        raise LabelError(file, sorted(problems, key=lambda each: each.row)[:PROBLEMS_MAX])


def rows(
    file: Path, wanted: Sequence[str], problems: list[Problem], most: int = ROWS_MAX
) -> Iterator[tuple[int, dict[str, str]]]:
    """(row, its cells by column) of a table that people made. Row 1 has the names of the columns.

    What is wrong with one row is added to `problems`, and the others come. Raises LabelError where none can be read.
    """

    def wrong(word: str, row: int = 0, column: str = "", **values: object) -> LabelError:
        return LabelError(file, [Problem(row, column, word, values)])

    text = _text(file, wrong)
    if not text.strip():
        raise wrong("no_rows")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    any_row = False
    try:
        names = [name.strip() for name in next(reader, [])]
        odd = [name for name in wanted if names.count(name) != 1]
        columns: dict[str, object] = {"columns": ", ".join(wanted)}
        demand_none(file, [Problem(1, name, "column_twice" if name in names else "no_column", columns) for name in odd])
        for number, cells in enumerate(reader, 2):
            if not any(cell.strip() for cell in cells):
                continue
            any_row = True
            if number > most:
                problems.append(Problem(number, "", "rows", {"most": most}))
                return
            if len(cells) != len(names):
                problems.append(Problem(number, "", "cells", {"count": len(cells), "wanted": len(names)}))
                continue
            yield number, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    except csv.Error as error:
        problems.append(Problem(reader.line_num, "", "table", {"why": str(error)}))
    else:
        if not any_row:
            raise wrong("no_rows")


def _text(file: Path, wrong: Callable[..., LabelError]) -> str:
    try:
        if not file.is_file():
            raise wrong("no_labels", name=file.name)
        if file.stat().st_size > BYTES_MAX:
            raise wrong("heavy", most=BYTES_MAX >> 20)
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise wrong("encoding", row=error.object[: error.start].count(b"\n") + 1) from error
    except (OSError, ValueError) as error:
        raise wrong("unreadable", why=getattr(error, "strerror", None) or str(error)) from error


def beside(folder: Path, number: int, column: str, name: str, problems: list[Problem]) -> Path:
    """The file of this name in the folder; what is no name or no file is a problem."""
    path = folder / name
    if not name or "/" in name or "\0" in name or name in (".", ".."):
        problems.append(Problem(number, column, "name", {"file": name}))
    elif not _there(path):
        problems.append(Problem(number, column, "no_file", {"file": name}))
    return path


def _there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _plate(number: int, text: str, problems: list[Problem]) -> str:
    plate = normal(text)
    if not plate or len(plate) > CHARACTERS_MAX or not plate.isprintable():
        problems.append(Problem(number, "plate", "plate", {"plate": text, "most": CHARACTERS_MAX}))
    return plate


def _box(number: int, row: dict[str, str], problems: list[Problem]) -> Box:
    x, y, wide, high = (_number(number, name, row[name], problems) for name in BOX_COLUMNS)
    return x, y, x + wide, y + high


def _number(number: int, column: str, text: str, problems: list[Problem]) -> float:
    least = 1 if column in ("w", "h") else -SIDE_PX_MAX
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= SIDE_PX_MAX:  # not a number is in no range
        problems.append(Problem(number, column, "number", {"value": text, "least": least, "most": SIDE_PX_MAX}))
    return value
