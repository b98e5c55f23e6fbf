"""Senders who never finish, and lists as wide as they may be: others can go on, and every answer fits its frame."""

from __future__ import annotations

import csv
import hashlib
import io
import os

import openpyxl
import pytest

from firmware.core.account_facts import Act
from firmware.messages import pack
from firmware.people import importing
from firmware.people.errors import Denied
from firmware.people.incoming import FOLDER, FREE_BYTES_MIN, ROOM_BYTES_MIN, SHEETS_MAX, Incoming
from firmware.people.problem_list import LISTED_MAX, ProblemList
from firmware.people_words.asking import ToldByPeople
from firmware.people_words.imports import BeginSheet, LookAtSheets, PutPiece
from firmware.roster.importing.problems import Bad
from firmware.terminal import now_utc_s
from tests.people_import.desk import MANAGER, working
from tests.people_import.test_people_import import GOOD, seen, sent

SHOWN_COLUMNS = 60  # of a part, by the page
AN_HOUR_S = 3_600


@pytest.fixture
def at(tmp_path):
    with working(tmp_path) as here:
        yield here


@pytest.mark.attack("import-11")
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
    assert bool(found.parts[0].columns[4].samples) is (parts == 3)


@pytest.mark.attack("import-12")
def test_a_preview_is_no_way_to_look_up_a_plate_in_silence(at):
    """It names whose a plate is already: so it stands in the journal who looked, before anything is answered."""
    plates = "name,household,plate,profiles\nZhao Min,b2-0101,京A12345,residents\n".encode()
    seen(at, sent(at, GOOD.encode()))
    assert at.office.told == []
    sheet = sent(at, plates, "cars.csv")
    seen(at, sheet)
    (told,) = at.office.told
    assert (told.act, told.issuer, told.address) == (Act.LOOKED_UP, "Li Na", "10.0.0.7")
    assert hashlib.sha256(plates).hexdigest() in told.detail
    assert "cars.csv" in told.why
    at.office.refuses = True
    with pytest.raises(Denied) as refused:
        seen(at, sheet)
    assert refused.value.said.word == "people_not_recorded"


def test_a_million_bad_rows_do_not_fill_the_disk(tmp_path):
    """The journal lies on the same disk: a list of problems ends somewhere, and says so; all are counted."""
    path = tmp_path / "problems.csv"
    one = Bad("list", 1, "D profiles", "no such", "profile", {"name": '"no such"', "known": "residents, staff"})
    count = LISTED_MAX + 500
    with ProblemList({"en": path}) as listed:
        for _ in range(count):
            listed.add(one)
    assert listed.count == count
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 1 + LISTED_MAX + 1
    assert rows[-1][0] == "…"
    assert path.stat().st_size < 16 << 20


def test_several_large_lists_at_once_leave_the_journal_its_room(at):
    """Each of them has been told that there is room enough, when there was."""
    free = [FREE_BYTES_MIN]
    incoming = Incoming(at.desk.place, lambda _folder: free[0])
    sheets = [incoming.begin(MANAGER, "a") for _ in range(3)]
    for sheet in sheets:
        incoming.put(sheet, 0, b"x" * 1000)
    free[0] = ROOM_BYTES_MIN - 1
    for sheet in sheets:
        with pytest.raises(Denied) as refused:
            incoming.put(sheet, 1000, b"x" * 1000)
        assert refused.value.said.word == "imports_disk_full"
