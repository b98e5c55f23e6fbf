"""The map says what is: rooms that exist, tables and priorities as they run, files and sections by their names."""

from __future__ import annotations

import re

from firmware.core.barrier.goals import BARRIER_RANKS
from firmware.core.diagrams import all_diagrams
from firmware.core.modes import PRIORITY
from tests.house.print_map import MAP, PRINTED, ROOT, as_printed, parts

TEXT = MAP.read_text(encoding="utf-8")


def test_the_printed_parts_are_what_the_code_says():
    assert as_printed(TEXT) == TEXT, "run `python -m tests.house.print_map`"


def test_nothing_that_is_printed_is_missing():
    assert sorted(found["name"] for found in PRINTED.finditer(TEXT)) == sorted(parts())


def test_every_table_and_every_priority_has_its_place():
    for name in all_diagrams():
        assert f"<!-- diagram: {name} -->" in TEXT
    listed = re.findall(r"^\| [0-9]+ \| ([a-z_]+) \|", TEXT, re.MULTILINE)
    assert listed == [rank.claim.value for rank in (*PRIORITY, *BARRIER_RANKS)]


def test_the_rooms_are_those_of_the_tree():
    firmware = ROOT / "firmware"
    there = {path.name + "/" for path in firmware.iterdir() if (path / "__init__.py").is_file()}
    there |= {path.name for path in firmware.glob("*.py")} - {"__init__.py"}
    section = TEXT.split("<!-- rooms: firmware -->")[1].split("<!-- end -->")[0]
    assert set(re.findall(r"^\| `([a-z_]+(?:/|\.py))` \|", section, re.MULTILINE)) == there


def test_every_file_that_the_map_names_exists():
    """Names of files stand in backquotes, from the root or from firmware/."""
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+\.(?:py|toml|cfg|md))`", TEXT))
    assert len(named) > 15
    missing = {name for name in named if not any((base / name).is_file() for base in (ROOT, ROOT / "firmware"))}
    assert missing == set()


def test_the_layers_are_those_that_are_held():
    layers = (ROOT / "setup.cfg").read_text().split("layers =\n")[1].split("\n\n")[0]
    for line in layers.splitlines():
        for module in re.findall(r"firmware\.([a-z_]+)", line):
            assert f"`{module}`" in TEXT, module


def test_decisions_have_a_date_and_a_reason():
    section = TEXT.split("## Decisions")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| 20")]
    assert len(rows) > 15
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", cells[0]), row
        assert len(cells) == 3, row
        assert all(len(cell) > 8 for cell in cells[1:]), row


def test_it_is_a_page_that_can_be_read_as_it_is():
    assert not re.search(r"/work/|/home/|/tmp/", TEXT)
    assert all(len(line) <= 140 for line in TEXT.splitlines() if not line.startswith(("|", "    ", "[")))
