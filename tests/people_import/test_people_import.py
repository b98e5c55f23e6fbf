"""A sheet at the property office's desk: sent in pieces, looked at, taken whole or not at all, put back."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from pathlib import Path

import openpyxl
import pytest

from firmware.core.access import Factor
from firmware.core.account_facts import Act
from firmware.people import importing
from firmware.people.errors import Denied
from firmware.people.incoming import FOLDER, SHEETS_MAX, Incoming
from firmware.people_words.imports import (
    BeginSheet,
    DropSheet,
    EndSheet,
    LookAtSheet,
    LookAtSheets,
    PutPiece,
    ReadProblems,
    ReadSheet,
    SheetChoices,
    TakeSheet,
    UndoImport,
)
from firmware.roster.keys import KIND
from firmware.roster.source.store import Source
from tests.people_import.desk import MANAGER, Working, working

GOOD = (
    "name,household,card,profiles,valid_until\n"
    "Zhao Min,b2-0101,H10301:40:1,residents,\n"
    "Qian Hui,b2-0102,H10301:40:2,residents,2027-06-30\n"
)
BAD = GOOD + (
    "Sun Li,b2-0103,card 3,residents,\n"
    "Zhou Bo,b2-0104,H10301:40:4,no such,\n"
    "Wu Fan,b2-0105,H10301:40:5,residents,31/31/2027\n"
)


@pytest.fixture
def at(tmp_path):
    with working(tmp_path) as here:
        yield here


def sent(at: Working, content: bytes, name: str = "owners.csv", piece: int = 1000) -> str:
    sheet = importing.begin(at.desk, MANAGER, BeginSheet(file=name)).sheet
    for offset in range(0, len(content), piece):
        part = content[offset : offset + piece]
        taken = importing.put(at.desk, MANAGER, PutPiece(sheet=sheet, offset=offset, content=part))
        assert taken.there == offset + len(part)
    taken = importing.end(at.desk, MANAGER, EndSheet(sheet=sheet, size=len(content)))
    assert taken.sha256 == hashlib.sha256(content).hexdigest()
    return sheet


def seen(at: Working, sheet: str, language: str = "en", **choices: object):
    at.done(importing.read, ReadSheet(sheet=sheet, choices=SheetChoices(**choices)))
    return importing.look(at.desk, MANAGER, LookAtSheet(sheet=sheet, language=language))


def taken(at: Working, sheet: str, number: str, **more: object):
    return at.done(importing.take, TakeSheet(sheet=sheet, number=number, why="the list of November", **more))


def holders(at: Working) -> set[str]:
    with Source.open(at.state / "office.source.db", readonly=True) as source:
        return {name for (name,) in source.db.execute("SELECT name FROM holder")}


def test_a_sheet_is_seen_taken_and_put_back(at):
    before = holders(at)
    sheet = sent(at, GOOD.encode())
    found = seen(at, sheet)
    assert [(column.title, column.meaning) for column in found.parts[0].columns][:3] == [
        ("name", "name"), ("household", "household"), ("card", "card")
    ]  # fmt: skip
    assert found.parts[0].columns[0].samples == ("Zhao Min", "Qian Hui")
    preview = found.preview
    assert preview is not None
    counts = {each.entity: (each.added, each.changed, each.removed) for each in preview.counts}
    assert counts["holder"] == (2, 0, 0)
    assert counts["credential"] == (2, 0, 0)
    assert preview.bad_count == 0
    assert holders(at) == before, "a preview changes nothing"
    done = taken(at, sheet, preview.number)
    assert holders(at) == before | {"Zhao Min", "Qian Hui"}
    (told,) = at.office.told
    assert told.act is Act.EDITED
    assert told.issuer == "Li Na"
    assert told.address == "10.0.0.7"
    assert hashlib.sha256(GOOD.encode()).hexdigest() in told.detail
    assert "owners.csv" in told.why
    assert not (at.state / FOLDER / sheet).exists(), "it names people, and is needed no more"
    (kept,) = [each for each in importing.sheets(at.desk, MANAGER, LookAtSheets()).done if each.batch == done.batch]
    assert (kept.file, kept.who, kept.undone, kept.later) == ("owners.csv", "Li Na", False, False)
    back = at.done(importing.put_back, UndoImport(batch=done.batch, why="the wrong list"))
    assert back.undone == done.batch
    assert holders(at) == before
    assert [each.act for each in at.office.told] == [Act.EDITED, Act.EDITED]


def test_bad_rows_are_named_by_place_and_what_is_allowed_and_the_rest_may_be_taken(at):
    sheet = sent(at, BAD.encode())
    preview = seen(at, sheet).preview
    assert preview.bad_count == 3
    places = [each.place for each in preview.bad]
    assert [place for place in places if "4" in place and "card" in place], places
    assert [place for place in places if "5" in place and "profiles" in place], places
    assert [place for place in places if "6" in place and "valid_until" in place], places
    assert "residents" in next(each.reason for each in preview.bad if "profiles" in each.place), "what is allowed"
    assert preview.unknown_profiles == ("no such",)
    with pytest.raises(Denied) as refused:
        taken(at, sheet, preview.number)
    assert refused.value.said.word == "imports_refused_bad_rows"
    assert at.office.told == [], "nothing was told of what is not done"
    done = taken(at, sheet, preview.number, good_rows=True)
    assert done.bad == 3
    assert {"Zhao Min", "Qian Hui"} <= holders(at)
    assert not {"Sun Li", "Zhou Bo", "Wu Fan"} & holders(at)


@pytest.mark.attack("import-05")
def test_the_list_of_problems_is_whole_in_both_languages_and_begins_no_formula(at):
    rows = [f"=cmd|'/c calc'!A{n},b3-{n:04},=H10301,residents," for n in range(1, 1_500)]
    sheet = sent(at, (GOOD + "\n".join(rows)).encode(), piece=50_000)
    assert seen(at, sheet).preview.bad_count >= 1_499
    for language, word in (("en", "row"), ("zh", "行")):
        content, more = b"", True
        while more:
            part = importing.problems(
                at.desk, MANAGER, ReadProblems(sheet=sheet, language=language, offset=len(content))
            )
            content, more = content + part.content, part.more
        table = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
        assert word in table[0][1].lower()
        assert len(table) - 1 == seen_count(at, sheet), "more than the thousand that memory holds"
        assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "@", "-"))]


def seen_count(at: Working, sheet: str) -> int:
    return importing.look(at.desk, MANAGER, LookAtSheet(sheet=sheet, language="en")).preview.bad_count


def test_columns_are_shown_and_can_be_told_otherwise(at):
    sheet = sent(at, "Who lives there,Flat,Tür,Zugang\nZhao Min,b2-0101,H10301:41:1,residents\n".encode())
    found = seen(at, sheet)
    assert found.needs == "imports_no_header"
    assert found.preview is None
    found = seen(
        at, sheet, columns={"Who lives there": "name", "Flat": "household", "Tür": "card", "Zugang": "profiles"}
    )
    assert found.needs == ""
    assert [column.meaning for column in found.parts[0].columns] == ["name", "household", "card", "profiles"]
    assert found.preview.counts[1].added == 1


def test_two_columns_of_one_meaning_are_named(at):
    sheet = sent(at, b"name,household,card,resident\nA,b1,H10301:41:1,B\n")
    found = seen(at, sheet)
    assert found.needs == "imports_two_columns"
    assert "resident" in str(found.fills)


def test_what_a_column_of_cards_means_is_asked_for_and_never_guessed(at):
    sheet = sent(at, b"name,household,card\nA,b1,12345678\nB,b2,12345679\n")
    found = seen(at, sheet)
    assert found.needs == "imports_need_style"
    found = seen(at, sheet, card_style="three-five-joined", card_format="H10301", default_profile="residents")
    assert found.needs == "", found.text
    assert any("H10301:123:45678" in line for line in found.preview.samples), found.preview.samples


def test_a_workbook_with_a_hidden_sheet(at):
    book = openpyxl.Workbook()
    first = book.active
    first.title = "Owners"
    for row in (("name", "household", "card", "profiles"), ("Zhao Min", "b2-0101", "H10301:42:1", "residents")):
        first.append(row)
    hidden = book.create_sheet("Old")
    hidden.append(("name", "household", "card"))
    hidden.sheet_state = "hidden"
    content = io.BytesIO()
    book.save(content)
    found = seen(at, sent(at, content.getvalue(), "list.xlsx", 5_000))
    assert [(part.name, part.hidden, part.taken) for part in found.parts] == [
        ("Owners", False, True), ("Old", True, False)
    ]  # fmt: skip
    assert found.preview.rows == 1


def test_what_is_no_table_is_said(at):
    sheet = sent(at, b"%PDF-1.7 nothing of a table", "list.pdf")
    with pytest.raises(Denied) as refused:
        seen(at, sheet)
    assert refused.value.said.word == "imports_not_read"
    assert "PDF" in refused.value.said.text


def test_a_change_between_preview_and_taking_is_seen(at):
    sheet, other = sent(at, GOOD.encode()), sent(at, GOOD.replace("b2", "b7").replace(":40:", ":47:").encode(), "o.csv")
    first, second = seen(at, sheet).preview, seen(at, other).preview
    taken(at, other, second.number)
    assert importing.look(at.desk, MANAGER, LookAtSheet(sheet=sheet, language="en")).preview.stale
    with pytest.raises(Denied) as refused:
        taken(at, sheet, first.number)
    assert refused.value.said.word == "imports_changed_meanwhile"
    with pytest.raises(Denied) as refused:
        taken(at, sheet, "0" * 16)
    assert refused.value.said.word == "imports_other_preview"


def test_undo_says_what_stands_in_its_way(at):
    sheet = sent(at, GOOD.encode())
    done = taken(at, sheet, seen(at, sheet).preview.number)
    later = sent(at, GOOD.replace("2027-06-30", "2028-06-30").encode(), "later.csv")
    again = taken(at, later, seen(at, later).preview.number)
    with pytest.raises(Denied) as refused:
        at.done(importing.put_back, UndoImport(batch=done.batch, why="the wrong list"))
    assert refused.value.said.word == "imports_not_undone"
    assert f"batch {again.batch}" in refused.value.said.text
    assert [each.act for each in at.office.told][-2:] == [Act.EDITED, Act.EDIT_NOT_DONE]
    with pytest.raises(Denied):
        at.done(importing.put_back, UndoImport(batch=again.batch + 1, why="there is none"))


@pytest.mark.attack("import-08")
def test_nothing_is_taken_that_the_journal_does_not_have(at):
    sheet = sent(at, GOOD.encode())
    number = seen(at, sheet).preview.number
    before = holders(at)
    at.office.refuses = True
    with pytest.raises(Denied) as refused:
        taken(at, sheet, number)
    assert refused.value.said.word == "people_not_recorded"
    assert holders(at) == before


def test_removing_many_takes_their_number(at):
    sheet = sent(at, GOOD.encode())
    preview = seen(at, sheet, whole="everything").preview
    assert preview.removes_many
    with pytest.raises(Denied) as refused:
        taken(at, sheet, preview.number)
    assert refused.value.said.word == "imports_refused_removes_many"
    taken(at, sheet, preview.number, remove=preview.removed)
    with Source.open(at.state / "office.source.db", readonly=True) as source:
        cards = source.db.execute("SELECT key FROM credential WHERE kind = ?", (KIND[Factor.CARD],)).fetchall()
    assert sorted(cards) == [("H10301:40:1",), ("H10301:40:2",)]


# -- what others may send ---------------------------------------------------------------------------------------------


@pytest.mark.attack("import-06")
def test_pieces_out_of_order_too_many_sheets_and_strange_ids_are_refused(at):
    sheet = importing.begin(at.desk, MANAGER, BeginSheet(file="a")).sheet
    importing.put(at.desk, MANAGER, PutPiece(sheet=sheet, offset=0, content=b"name"))
    for offset in (0, 3, 5):
        with pytest.raises(Denied) as refused:
            importing.put(at.desk, MANAGER, PutPiece(sheet=sheet, offset=offset, content=b"x"))
        assert refused.value.said.word == "imports_out_of_order"
    with pytest.raises(Denied) as refused:
        importing.end(at.desk, MANAGER, EndSheet(sheet=sheet, size=5))
    assert refused.value.said.word == "imports_not_whole"
    with pytest.raises(Denied):
        importing.look(at.desk, MANAGER, LookAtSheet(sheet=sheet, language="en"))
    for _ in range(SHEETS_MAX - 1):
        importing.begin(at.desk, MANAGER, BeginSheet(file="a"))
    with pytest.raises(Denied) as refused:
        importing.begin(at.desk, MANAGER, BeginSheet(file="a"))
    assert refused.value.said.word == "imports_too_many"
    outside = at.state / "office.source.db"
    for strange in ("..", "../imports", "a/b", "", "\0", "." * 12, str(outside)):
        with pytest.raises(Denied):
            importing.drop(at.desk, MANAGER, DropSheet(sheet=strange))
    assert outside.exists()


@pytest.mark.attack("import-07")
@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "C:\\Users\\a\\list.csv", "", "\0\n\u202e", "=cmd|' /C calc'!A0.csv", "名单.xlsx", "x" * 200],
)
def test_no_files_name_leads_anywhere_or_is_kept_unprintable(at, name):
    sheet = sent(at, GOOD.encode(), name)
    (waiting,) = importing.sheets(at.desk, MANAGER, LookAtSheets()).waiting
    assert waiting.file
    assert waiting.file.isprintable()
    assert "/" not in waiting.file
    assert "\\" not in waiting.file
    number = seen(at, sheet).preview.number
    assert taken(at, sheet, number).file == waiting.file


def test_what_did_not_come_whole_is_gone_after_a_start_and_all_is_private(at):
    whole = sent(at, GOOD.encode())
    half = importing.begin(at.desk, MANAGER, BeginSheet(file="half.csv")).sheet
    importing.put(at.desk, MANAGER, PutPiece(sheet=half, offset=0, content=b"name,card\n"))
    for path in (at.state / FOLDER).rglob("*"):
        assert os.stat(path).st_mode & 0o077 == 0, path
    started = Incoming(at.desk.place)  # as a process that begins
    assert [each.sheet for each in started.all()] == [whole]
    assert not (at.state / FOLDER / half).exists()


def test_a_sheet_is_kept_for_a_day(at):
    sheet = sent(at, GOOD.encode())
    about = at.state / FOLDER / sheet / "about.json"
    old = about.read_text()
    at_s = importing.sheets(at.desk, MANAGER, LookAtSheets()).waiting[0].at_s
    about.write_text(old.replace(str(at_s), str(at_s - 86_400)))
    assert importing.sheets(at.desk, MANAGER, LookAtSheets()).waiting == ()
    assert not Path(about).exists()
