"""Senders who never finish, and lists as wide as they may be: others can go on, and every answer fits its frame."""

from __future__ import annotations

import io
import os

import openpyxl
import pytest

from firmware.messages import pack
from firmware.people import importing
from firmware.people.errors import Denied
from firmware.people.incoming import FOLDER, SHEETS_MAX
from firmware.people_words.asking import ToldByPeople
from firmware.people_words.imports import BeginSheet, LookAtSheets, PutPiece
from firmware.terminal import now_utc_s
from tests.people_import.desk import MANAGER, working
from tests.people_import.test_people_import import GOOD, seen, sent

SHOWN_COLUMNS = 60  # of a part, by the page
AN_HOUR_S = 3_600


@pytest.fixture
def at(tmp_path):
    with working(tmp_path) as here:
        yield here


def test_senders_who_never_finish_do_not_keep_others_out_for_a_day(at):
    whole = sent(at, GOOD.encode())
    begun = [importing.begin(at.desk, MANAGER, BeginSheet(file="a")).sheet for _ in range(SHEETS_MAX - 1)]
    importing.put(at.desk, MANAGER, PutPiece(sheet=begun[0], offset=0, content=b"name"))
    with pytest.raises(Denied) as refused:
        importing.begin(at.desk, MANAGER, BeginSheet(file="b"))
    assert refused.value.said.word == "imports_too_many"
    old_s = now_utc_s() - AN_HOUR_S
    for sheet in begun[1:]:
        os.utime(at.state / FOLDER / sheet / "sheet.coming", (old_s, old_s))
    importing.begin(at.desk, MANAGER, BeginSheet(file="b"))
    assert not any((at.state / FOLDER / sheet).exists() for sheet in begun[1:])
    assert (at.state / FOLDER / begun[0]).exists(), "it comes just now"
    assert [each.sheet for each in importing.sheets(at.desk, MANAGER, LookAtSheets()).waiting] == [whole]


@pytest.mark.parametrize("parts", [3, 32])
def test_a_workbook_of_wide_sheets_is_shown_as_far_as_it_fits(at, parts: int):
    book = openpyxl.Workbook()
    book.remove(book.active)
    columns = 256 if parts < 10 else SHOWN_COLUMNS
    for number in range(parts):
        page = book.create_sheet(f"楼{number}")
        page.append(["name", "household", "card", "profiles", *(f"{'备' * 95}{n}" for n in range(columns - 4))])
        for row in range(3):
            page.append(
                [f"Zhao {number}", f"b{number}-{row}", f"H10301:40:{number * 10 + row}", "residents"]
                + [f"{row}{'注' * 60}{n}" for n in range(columns - 4)]
            )
    written = io.BytesIO()
    book.save(written)
    found = seen(at, sent(at, written.getvalue(), "wide.xlsx", piece=100_000))
    pack(ToldByPeople("r", found))  # asserts that it fits
    assert [part.name for part in found.parts] == [f"楼{number}" for number in range(parts)]
    assert [column.meaning for column in found.parts[0].columns[:4]] == ["name", "household", "card", "profiles"]
    assert len(found.parts[0].columns) == SHOWN_COLUMNS
    assert found.parts[0].columns[4].samples
