"""The table of holders: what is taken, what is refused, that all of it is said at once and nothing is half written."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware.core.access import Factor
from firmware.roster.errors import PROBLEMS_MAX, RosterError, RosterRefused
from firmware.roster.rows import COLUMNS
from firmware.roster.sample import SAMPLE_RULES, sample_card, sample_roster_csv

LEFTOVERS = (".new", ".staging")


def refused(workshop, table: str | bytes) -> list:
    """The problems of a table; and that nothing was written."""
    with pytest.raises(RosterRefused) as caught:
        workshop.build(table)
    assert sorted(path.name for path in workshop.folder.iterdir()) == ["holders.csv", "rules.toml"]
    return list(caught.value.problems)


def only(workshop, header: str, row: str):
    """The one problem of a table with one row."""
    (problem,) = refused(workshop, f"{header}\n{row}\n")
    return problem


def test_a_small_table_is_built_and_counted(workshop) -> None:
    report = workshop.build("holder,profiles,card,pin\nh1,residents,H10301:12:34567,123456\nh2,staff,,\n")
    assert (report.rows, report.holders, report.credentials, report.version) == (2, 2, 2, 1)
    assert report.bytes == workshop.out.stat().st_size
    summed = subprocess.run(["sha256sum", workshop.out], capture_output=True, text=True, check=True).stdout.split()[0]
    assert report.sha256 == summed
    assert workshop.out.stat().st_mode & 0o777 == 0o600
    assert not [path for path in workshop.folder.iterdir() if path.name.endswith(LEFTOVERS)]


@pytest.mark.attack("pin-09")
def test_neither_names_phones_nor_pins_are_in_the_file(workshop) -> None:
    workshop.build(
        "holder,profiles,name,phone,note,pin,duress_pin,pin_with,duress_pin_with\n"
        "h1,residents,Wang Xiaoming,13800138000,likes cats,918273,645546,7355608,8055637\n"
    )
    content = workshop.out.read_bytes()
    for text in (b"Wang", b"13800138000", b"cats", b"918273", b"645546", b"7355608", b"8055637"):
        assert text not in content


@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["lf", "crlf", "cr"])
def test_marks_and_line_ends_of_all_machines_are_taken(workshop, start: bytes, end: bytes) -> None:
    lines = [b"holder,profiles,card,name", b'"h1",residents,"H10301:1:2","a, b"', b"", b"h2,residents,H10301:1:3,"]
    roster = workshop.open(start + end.join(lines))
    assert roster.find(Factor.CARD, "H10301:1:3").holder == "h2"
    roster.close()


BAD_CELLS = [
    # column, cell, what the message must say
    ("holder", "", "32 letters"),
    ("holder", "Wang Xiaoming", "32 letters"),
    ("holder", "h" * 33, "32 letters"),
    ("holder", "../../etc", "32 letters"),
    ("household", "3/2", "32 letters"),
    ("spaces", "2", "name it"),
    ("profiles", "", "at least one profile"),
    ("profiles", "nobody", "the rules know residents, staff"),
    ("flags", "vip", "allowed are visitor"),
    ("status", "stolen", "active, suspended, lost"),
    ("use_limit", "0", "1 to 1000000"),
    ("use_limit", "1e3", "1 to 1000000"),
    ("use_limit", "١٢", "1 to 1000000"),
    ("valid_from", "31.12.2026", "YYYY-MM-DD"),
    ("valid_from", "2026-02-30", "YYYY-MM-DD"),
    ("valid_from", "2026-W10-1", "YYYY-MM-DD"),
    ("valid_from", "2026-03-01 08:00:30", "YYYY-MM-DD"),
    ("valid_from", "1969-12-31", "1970"),
    ("valid_from", "9999-12-31", "2200"),
    ("valid_from", "2026-03-29 02:30", "does not exist"),
    ("valid_from", "2026-10-25 02:30", "happens twice"),
    ("card", "1234567", "FORMAT:facility:number"),
    ("card", "H10301:012:34567", "without leading zeros"),
    ("card", "1.23E+10", "spreadsheets"),
    ("card", "12:34:56", "spreadsheets"),
    ("card", "raw:37:1a2b", "full width"),
    ("card", "raw:37:ffffffffff", "full width"),
    ("card", "raw:37:0ABC123456", "hex small"),
    ("card", "raw:201:" + "0" * 51, "raw:BITS:hex"),
    ("card", "=cmd|' /C calc'!A0", "FORMAT"),
    ("plate", "A", "2 to 16"),
    ("plate", "京A12345京A12345京A1", "2 to 16"),
    ("plate", "京A1234\U0001f697", "2 to 16"),
    ("plate", "B0B1’--", "2 to 16"),
    ("code", "x" * 257, "256"),
    ("tag", "a b", "64 letters"),
    ("face", "a/b", "64 letters"),
    ("pin", "123", "leading zeros"),
    ("pin", "12345678901", "4 to 10 digits"),
    ("pin", "12a4", "4 to 10 digits"),
    ("pin", "١٢٣٤", "4 to 10 digits"),
    ("duress_pin", "12 34", "4 to 10 digits"),
    ("pin_with", "0", "4 to 10 digits"),
    ("duress_pin_with", "abcd", "4 to 10 digits"),
    ("card", "H10301:1:2\u202e", "only characters that print"),
    ("card", "H10301:1:\x002", "only characters that print"),
    ("card", "9" * 1001, "1000 characters"),
    ("name", "n" * 10_000, "1000 characters"),
]


@pytest.mark.parametrize(("column", "cell", "said"), BAD_CELLS)
@pytest.mark.attack("text-01")
def test_a_bad_cell_is_named_with_its_place(workshop, column: str, cell: str, said: str) -> None:
    cells = {"holder": "h1", "profiles": "residents", column: cell}
    problem = only(workshop, ",".join(cells), ",".join(f'"{text}"' for text in cells.values()))
    assert (problem.file, problem.row, problem.column) == ("holders.csv", 2, column)
    assert said in problem.allowed
    assert str(problem).isprintable()
    assert len(problem.found) < 80


def test_a_bad_pin_is_never_shown(workshop) -> None:
    for column in ("pin", "duress_pin", "pin_with", "duress_pin_with"):
        for cell in ("98765432109", "9876x", "98\x0076", "9876" * 500):
            problem = only(workshop, f"holder,profiles,{column}", f"h1,residents,{cell}")
            assert problem.column == column
            assert "9876" not in str(problem)
            assert "98" not in problem.found


def test_all_problems_are_told_at_once(workshop) -> None:
    """Every bad cell of the list above, each in its row, between good rows: each is found, in order, none more."""
    planted = [entry for entry in BAD_CELLS if entry[0] not in ("holder", "profiles")]
    columns = ["holder", "profiles", *dict.fromkeys(column for column, _, _ in planted)]
    lines = [",".join(columns)]
    expected = []
    for number, (column, cell, _) in enumerate(planted):
        lines.append(f"g{number},residents" + "," * (len(columns) - 2))
        cells = {"holder": f"h{number}", "profiles": "residents", column: cell}
        lines.append(",".join(f'"{cells.get(name, "")}"' for name in columns))
        expected.append((2 * number + 3, column))
    found = [(problem.row, problem.column) for problem in refused(workshop, "\n".join(lines))]
    assert found == expected
    assert len(expected) > 30


def test_several_problems_in_one_row_are_all_told(workshop) -> None:
    table = "holder,household,profiles,card,plate,pin\nbad id,also bad,nobody,x,y,z\n"
    assert [problem.column for problem in refused(workshop, table)] == [
        "holder", "household", "profiles", "card", "plate", "pin",
    ]  # fmt: skip


def test_rules_and_table_are_told_together(workshop) -> None:
    workshop.rules.write_text('[[profile]]\nname = "residents"\nrules = 1\n')
    files = {problem.file for problem in refused(workshop, "holder,profiles,card\nh1,residents,x\n")}
    assert files == {"holders.csv", "rules.toml"}


def test_past_a_thousand_problems_it_stops(workshop) -> None:
    table = "holder,profiles,card\n" + "".join(f"h{n},residents,bad\n" for n in range(PROBLEMS_MAX + 500))
    with pytest.raises(RosterRefused, match="more than 1000") as caught:
        workshop.build(table)
    assert len(caught.value.problems) == PROBLEMS_MAX
    assert caught.value.more
    exactly = "holder,profiles,card\n" + "".join(f"h{n},residents,bad\n" for n in range(PROBLEMS_MAX))
    with pytest.raises(RosterRefused) as caught:
        workshop.build(exactly)
    assert not caught.value.more


@pytest.mark.parametrize(
    "name",
    [
        "' OR 1=1 --",
        "\0\0",
        "\U0001f697\U0001f697",
        "\u202eمرحبا",
        "=cmd|' /C calc'!A0",
        '"";DROP TABLE holder',
        "王小明\n李",
    ],
)
@pytest.mark.attack("text-02")
def test_columns_that_are_not_read_may_hold_any_text(workshop, name: str) -> None:
    quoted = name.replace('"', '""')
    report = workshop.build(f'holder,profiles,card,name\nh1,residents,H10301:1:2,"{quoted}"\n')
    assert report.holders == 1


@pytest.mark.attack("text-03")
def test_hostile_texts_are_taken_as_text_where_text_is_allowed(workshop) -> None:
    codes = [
        "' OR 1=1 --",
        "\U0001f697",
        "=cmd|' /C calc'!A0",
        "%s%n{0}",
        "مرحبا",
        "'; DROP TABLE credential; --",
        "王",
    ]
    table = "holder,profiles,code\n" + "".join(f'h{n},residents,"{code}"\n' for n, code in enumerate(codes))
    with workshop.open(table) as roster:
        assert [roster.find(Factor.CODE, code).holder for code in codes] == [f"h{n}" for n in range(len(codes))]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("holder,profiles,plate\nh1,residents,京A12345\n".encode("gb18030"), "CSV UTF-8"),
        ("holder,profiles,plate\nh1,residents,M\u00fcA1\n".encode("latin-1"), "CSV UTF-8"),
        ("holder,profiles\nh1,residents\n".encode("utf-16"), "CSV UTF-8"),
        ("holder,profiles\nh1,residents\n".encode("utf-16-le"), "CSV UTF-8"),
        ("holder,profiles\nh1,residents\n".encode("utf-32"), "CSV UTF-8"),
        (b"holder;profiles\nh1;residents\n", "separated by commas"),
        (b"", "column holder"),
        (b"\n", "column holder"),
        (b"holder,profiles,holder\nh1,residents,h1\n", "once"),
        (b"holder,profiles,surname\nh1,residents,x\n", "known columns"),
        (b'holder,profiles\nh1,"residents\n', "quotes"),
        (b'holder,profiles\nh1,"resi"dents\n', "quotes"),
        (b"holder,profiles\nh1,residents,H10301:1:2\n", "as in the header"),
        (b"holder,profiles,code\nh1,residents," + b"x" * 70_000 + b"\n", "65536"),
        (b"x" * 5_000_000, "65536"),
        (b"\0" * 100_000, "CSV UTF-8"),
        (b"PK\x03\x04" + bytes(range(256)) * 10, "known columns"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "known columns"),
    ],
)  # fmt: skip
@pytest.mark.attack("text-04")
def test_files_that_are_no_table_are_refused_in_words(workshop, content: bytes, said: str) -> None:
    problems = refused(workshop, content)
    assert any(said in problem.allowed for problem in problems)
    assert all(str(problem).isprintable() for problem in problems)


def test_missing_files_are_said(workshop) -> None:
    workshop.rules.unlink()
    with pytest.raises(RosterRefused, match=r"rules.toml.*readable"):
        workshop.build("holder,profiles\n")


def test_a_failing_disk_is_said_and_nothing_replaced(workshop) -> None:
    """RLIMIT_FSIZE in a child: the file cannot grow past 64 kB."""
    sample_roster_csv(workshop.table, 3000)
    workshop.rules.write_text(SAMPLE_RULES)
    workshop.out.write_bytes(b"the one before")
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from firmware.identity import Identity; from firmware.roster.build import build\n"
        "from firmware.roster.errors import RosterError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "table, rules, out, identity = map(Path, sys.argv[1:])\n"
        "signer = Identity.load_or_create(identity)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
        "try: build(table, rules, out, signer, version=1, created_s=0)\n"
        "except RosterError as error: sys.exit(0 if 'Look at the disk' in str(error) else repr(error))\n"
        "sys.exit('it was built')"
    )
    arguments = [workshop.table, workshop.rules, workshop.out, workshop.identity.path.parent]
    child = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    assert workshop.out.read_bytes() == b"the one before"
    assert not [path for path in workshop.folder.iterdir() if path.name.endswith(LEFTOVERS)]


def test_a_refused_build_leaves_the_one_before(workshop) -> None:
    workshop.build("holder,profiles\nh1,residents\n")
    before = workshop.out.read_bytes()
    with pytest.raises(RosterRefused):
        workshop.build("holder,profiles\nh1,nobody\n", version=2)
    assert workshop.out.read_bytes() == before


def test_what_an_interrupted_build_left_is_no_obstacle(workshop) -> None:
    for leftover in LEFTOVERS:
        workshop.out.with_name(workshop.out.name + leftover).write_bytes(b"junk")
    assert workshop.build("holder,profiles\nh1,residents\n").holders == 1


def test_cards_of_every_shape_are_taken(workshop) -> None:
    """A name that begins with a digit, several numbers, the widest number of 64 bits, raw ones of any width."""
    keys = [
        "H10301:0:0",
        "2804W:207:31977",
        "P10001:1:2:3",
        "W64:18446744073709551615",
        "raw:7:7f",
        "raw:200:" + "f" * 50,
    ]
    table = "holder,profiles,card\n" + "".join(f"h{n},residents,{key}\n" for n, key in enumerate(keys))
    with workshop.open(table) as roster:
        assert [roster.find(Factor.CARD, key).holder for key in keys] == [f"h{n}" for n in range(len(keys))]


# -- what stands there twice or contradicts ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("card", "H10301:1:2", "H10301:1:2"),
        ("plate", "京A·12345", "京a 12345"),
        ("plate", "ABC123", "\uff21\uff22\uff23\uff11\uff12\uff13"),  # full-width letters are the same plate
        ("plate", "B-MW 12", "BM-W 12"),  # two towns to people, one plate to a camera
        ("plate", "粤O·12345", "粤0 12345"),
        ("code", "x y", "x y"),
        ("tag", "E200", "E200"),
        ("pin", "123456", "123456"),
        ("duress_pin", "123456", "123456"),
    ],
)
def test_each_credential_is_issued_once(workshop, column: str, first: str, second: str) -> None:
    table = f"holder,profiles,{column}\nh0,residents,\nh1,residents,{first}\nh2,residents,{second}\n"
    (problem,) = refused(workshop, table)
    assert (problem.row, problem.column) == (4, column)
    assert "row 3 has the same" in problem.allowed


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        ("pin,duress_pin", ["1234,1234"]),
        ("pin,duress_pin", ["123456,654321", "654321,111222"]),
        ("pin_with,duress_pin_with", ["1234,1234"]),
        ("pin,duress_pin_with", ["123456,123456"]),
        ("duress_pin,pin_with", ["123456,123456"]),
    ],
)
def test_duress_and_plain_pins_never_meet(workshop, columns: str, rows: list[str]) -> None:
    lines = [f"h{number},residents,{row}" for number, row in enumerate(rows)]
    (problem,) = refused(workshop, "\n".join([f"holder,profiles,{columns}", *lines]))
    assert "PIN" in problem.found
    assert not re.search("[0-9]{4}", problem.found)


def test_a_duress_pin_in_a_later_row_must_differ_from_the_holders_other_pins(workshop) -> None:
    table = "holder,profiles,pin_with,duress_pin\nh1,residents,123456,\nh1,,,123456\n"
    (problem,) = refused(workshop, table)
    assert (problem.row, problem.column) == (3, "duress_pin")


def test_the_same_second_pin_of_two_holders_is_nobodys_business(workshop) -> None:
    with workshop.open("holder,profiles,pin_with\nh1,residents,1234\nh2,residents,1234\n") as roster:
        assert roster.second_pin("h1", "1234", workshop.identity) == "right"
        assert roster.second_pin("h2", "1234", workshop.identity) == "right"


@pytest.mark.parametrize(("digits", "codes"), [(4, 10), (5, 100)])
@pytest.mark.attack("pin-08")
def test_pins_that_identify_alone_need_a_thousand_codes_each(workshop, digits: int, codes: int) -> None:
    """10^digits / 1000 codes fit, one more does not; duress codes count; the figures are in the message."""
    rows = [f"h{n},residents,{n:0{digits}}," for n in range(codes)]
    header = "holder,profiles,pin,duress_pin"
    assert workshop.build("\n".join([header, *rows])).credentials == codes
    workshop.out.unlink()
    for more in (f"x,residents,{codes:0{digits}},", f"x,residents,,{codes:0{digits}}"):
        (problem,) = refused(workshop, "\n".join([header, *rows, more]))
        assert f"{codes + 1} PINs of {digits} digits" in problem.found
        assert f"{10**digits} codes are enough for {codes}" in problem.allowed


def test_longer_pins_do_not_help_shorter_ones(workshop) -> None:
    rows = [f"h{n},residents,{n:04}" for n in range(11)] + [f"l{n},residents,{n:08}" for n in range(50)]
    (problem,) = refused(workshop, "\n".join(["holder,profiles,pin", *rows]))
    assert "11 PINs of 4 digits" in problem.found


def test_further_rows_add_credentials_and_may_not_contradict(workshop) -> None:
    header = "holder,household,spaces,profiles,flags,status,card,plate,pin_with\n"
    first = "h1,f1,2,residents;staff,extended,lost,H10301:1:1,,123456\n"
    with workshop.open(
        header + first + "h1,,,,,,H10301:1:2,,\nh1,f1,2,staff;residents,extended,,,B123,123456\n"
    ) as roster:
        cards = [roster.find(Factor.CARD, f"H10301:1:{number}") for number in (1, 2)]
        assert [card.status for card in cards] == ["lost", "active"]
        assert {card.profiles for card in cards} == {("residents", "staff")}
        plate = roster.find(Factor.PLATE, "B123")
        assert (plate.holder, plate.household, plate.spaces) == ("h1", "f1", 2)
        assert set(plate.second_factors) == {Factor.CARD, Factor.PIN}
        assert set(cards[1].second_factors) == {Factor.PLATE, Factor.PIN}
    workshop.out.unlink()
    for row, column in (
        ("h1,f2,,,,,,,", "household"),
        ("h1,f1,3,,,,,,", "spaces"),
        ("h2,f1,3,staff,,,,,", "spaces"),
        ("h1,,,staff,,,,,", "profiles"),
        ("h1,,,,visitor,,,,", "flags"),
        ("h1,,,,,,,,654321", "pin_with"),
    ):
        (problem,) = refused(workshop, header + first + row)
        assert (problem.row, problem.column) == (3, column)
        assert "row" in problem.allowed


def test_spaces_may_be_told_by_any_row_of_the_household(workshop) -> None:
    table = (
        "holder,household,spaces,profiles,plate\nh1,f1,,residents,A111\nh2,f1,3,residents,A112\nh3,f2,,residents,A113\n"
    )
    with workshop.open(table) as roster:
        assert [roster.find(Factor.PLATE, f"A11{n}").spaces for n in (1, 2, 3)] == [3, 3, None]


def test_a_face_is_never_the_only_way_in(workshop) -> None:
    problem = only(workshop, "holder,profiles,face", "h1,residents,t1")
    assert problem.row == 2
    assert "another credential" in problem.allowed
    assert workshop.build("holder,profiles,face,card\nh1,residents,t1,H10301:1:1\n").credentials == 2
    # A lost card must be revocable at once, whatever else the holder has.
    assert (
        workshop.build("holder,profiles,face,card,status\nh1,residents,t1,,\nh1,,,H10301:1:1,lost\n").credentials == 2
    )


# -- validity ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "start", "end"),
    [
        # The oracle writes the instant out in UTC: Berlin is +01:00 in winter, +02:00 in summer.
        ("2026-03-01", "2026-02-28T23:00", "2026-03-01T23:00"),
        ("2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),  # a day of 23 hours
        ("2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),  # a day of 25 hours
        ("2028-02-29", "2028-02-28T23:00", "2028-02-29T23:00"),
        ("2026-07-01 08:15", "2026-07-01T06:15", "2026-07-01T06:15"),
        ("2026-07-01T08:15", "2026-07-01T06:15", "2026-07-01T06:15"),
        ("2026-07-01T08:15Z", "2026-07-01T08:15", "2026-07-01T08:15"),
        ("2026-07-01 08:15+08:00", "2026-07-01T00:15", "2026-07-01T00:15"),
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30", "2026-10-25T01:30"),
    ],
)
def test_validity_is_exact_to_the_minute_over_clock_changes(workshop, cell: str, start: str, end: str) -> None:
    header = "holder,profiles,card,valid_from,valid_until\n"
    table = f"{header}h1,residents,H10301:1:1,{cell},\nh2,residents,H10301:1:2,,{cell}\n"
    with workshop.open(table) as roster:
        for key, field, expected in (("1", "valid_from_s", start), ("2", "valid_until_s", end)):
            instant = datetime.fromisoformat(expected).replace(tzinfo=ZoneInfo("UTC"))
            assert getattr(roster.find(Factor.CARD, f"H10301:1:{key}"), field) == int(instant.timestamp())


def test_dates_need_a_time_zone_or_an_offset(workshop) -> None:
    workshop.rules.write_text('[[profile]]\nname = "residents"\n[[profile.rule]]\naccess_points = ["*"]\n')
    assert "time_zone" in only(workshop, "holder,profiles,valid_from", "h1,residents,2026-07-01").allowed
    assert workshop.build("holder,profiles,valid_from\nh1,residents,2026-07-01 08:00Z\n").rows == 1


def test_validity_must_begin_before_it_ends(workshop) -> None:
    problem = only(workshop, "holder,profiles,valid_from,valid_until", "h1,residents,2026-07-02 00:00,2026-07-01")
    assert problem.column == "valid_until"


# -- size -------------------------------------------------------------------------------------------------------------

MEMORY_PROGRAM = """
import sys
from pathlib import Path
from firmware.bench.process import status_kb
from firmware.identity import Identity
from firmware.roster.build import build
table, rules, out, identity = map(Path, sys.argv[1:])
signer = Identity.load_or_create(identity)
before = status_kb("VmHWM")
heard = []
report = build(table, rules, out, signer, version=1, created_s=0, progress=heard.append)
print(report.rows, len(heard), status_kb("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.attack("text-05")
def test_a_large_table_is_built_in_bounded_memory(workshop) -> None:
    """The whole of it, 250,000 rows, is `menshen bench lookup`; here enough that a dict of all would show (20 MB)."""
    rows = 40_000
    sample_roster_csv(workshop.table, rows)
    workshop.rules.write_text(SAMPLE_RULES)
    arguments = [workshop.table, workshop.rules, workshop.out, workshop.identity.path.parent]
    child = subprocess.run(
        [sys.executable, "-c", MEMORY_PROGRAM, *arguments], capture_output=True, text=True, timeout=120, check=True
    )
    built, heard, grown_kb = map(int, child.stdout.split())
    assert built == rows
    assert heard == rows // 10_000
    assert grown_kb < 24_000  # two page caches of 10 MB, OpenSSL, and little else


def test_the_sample_is_the_same_for_the_same_seed(workshop) -> None:
    tables = []
    for seed in (1, 1, 2):
        sample_roster_csv(workshop.table, 500, seed)
        tables.append(workshop.table.read_bytes())
    assert tables[0] == tables[1] != tables[2]
    workshop.rules.write_text(SAMPLE_RULES)
    with workshop.open(tables[0]) as roster:
        assert roster.find(Factor.CARD, sample_card(499)).holder == "h0000499"


def test_every_column_is_described() -> None:
    assert all(COLUMNS.values())


@pytest.mark.attack("text-06")
def test_random_bytes_never_do_worse_than_a_refusal(workshop) -> None:
    """Seed 7: mutations of a good table are built or refused in words, and leave nothing behind."""
    rng = random.Random(7)
    good = (
        "holder,household,spaces,profiles,flags,status,valid_from,card,plate,pin,pin_with,name\n"
        "h1,f1,1,residents,,active,2026-01-01,H10301:1:1,京A·1,123456,1234,王\n"
        'h2,f1,1,staff,extended,lost,,"raw:8:ff",ABC12,,,"x, ""y"""\n'
    ).encode()
    outcomes = set()
    for _ in range(150):
        table = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            at = rng.randrange(len(table))
            table[at : at + rng.randrange(3)] = rng.randbytes(rng.randrange(3))
        try:
            workshop.build(bytes(table))
            outcomes.add("built")
        except RosterError as error:
            outcomes.add(type(error).__name__)
        assert not [path for path in workshop.folder.iterdir() if path.name.endswith(LEFTOVERS)]
    assert outcomes == {"built", "RosterRefused"}


def test_the_build_needs_no_more_than_its_folder(workshop) -> None:
    before = os.getcwd()
    workshop.build("holder,profiles\nh1,residents\n")
    assert os.getcwd() == before
    assert Path(workshop.out).exists()
