"""The list of attacks (README.md) and the marks on tests say the same, in both directions."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ROW = re.compile(r"^\| ([a-z]+-\d\d) \| (.+) \| `(tests/[\w/]+\.py)::(test_\w+)` \|$")


def listed() -> list[tuple[str, str]]:
    """(number, test) of each row; a row that is no row of the pattern is found by its bar."""
    lines = (HOUSE / "tests/attacks/README.md").read_text().split("## Belongs to later issues")[0].splitlines()
    rows = [line for line in lines if line.startswith("|") and not line.startswith(("| number", "|---"))]
    matched = [ROW.match(row) for row in rows]
    assert all(matched), [row for row, match in zip(rows, matched, strict=True) if match is None]
    return [(match[1], f"{match[3]}::{match[4]}") for match in matched if match is not None]


def marked() -> Iterator[tuple[str, str]]:
    """(number, test) of each mark in the tests' source."""
    for path in sorted((HOUSE / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.attack":
                        yield ast.literal_eval(decorator.args[0]), f"{path.relative_to(HOUSE)}::{node.name}"


def test_each_number_is_listed_once_and_each_mark_stands_at_its_test():
    rows = listed()
    assert [number for number, count in Counter(number for number, _ in rows).items() if count > 1] == []
    assert sorted(marked()) == sorted(rows)


def test_numbers_of_a_kind_have_no_gaps():
    kinds: dict[str, list[int]] = {}
    for number, _ in listed():
        kind, _, place = number.partition("-")
        kinds.setdefault(kind, []).append(int(place))
    assert all(sorted(places) == list(range(1, len(places) + 1)) for places in kinds.values()), kinds
