"""An export holds everything, its history says who took it, and it comes back equal through the import."""

from __future__ import annotations

import argparse
import json
import sqlite3
import stat
import zoneinfo
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor
from firmware.roster import command, understood
from firmware.roster.errors import Problems, RosterError
from firmware.roster.exporting import COLUMNS, export, time_text
from firmware.roster.importing import planning
from firmware.roster.importing.applying import apply
from firmware.roster.importing.headers import TITLES, recognise
from firmware.roster.importing.mapping import Mapping
from firmware.roster.keys import KIND
from firmware.roster.rules import read_rules
from firmware.roster.sheets.opening import open_table
from firmware.roster.source.history import verify_history
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source

ZONE = "Asia/Shanghai"
RULES = """
time_zone = "Asia/Shanghai"
[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["*"]
schedule = "always"
[[profile]]
name = "staff"
[[profile.rule]]
access_points = ["front_in"]
schedule = "work"
[[schedule]]
name = "work"
workdays = ["08:00-18:00"]
[special_days]
holiday = [2026-10-01]
[[area]]
id = "garage"
label = "地下车库"
places = 120
"""
ENTITIES = ("household", "holder", "credential", "vehicle")
AT_S = 1_780_000_000
DIGEST = "digest:ab12:6:00112233445566778899aabbccddeeff"
OTHER_DIGEST = "digest:ab12:4:ffeeddccbbaa99887766554433221100"
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "UTC")


def new_source(path: Path) -> Source:
    """A source that knows the profiles of RULES."""
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    rules = path.with_suffix(".toml")
    rules.write_text(RULES)
    source = Source.create(path, time_zone=ZONE)
    ruled(source, rules)
    return source


def ruled(source: Source, rules: Path) -> None:
    problems = Problems()
    read = read_rules(rules, problems)
    assert problems.found == []
    with source.batch("rules", "office", "the rules", AT_S) as batch:
        write_rules(batch, read)


def tables(source: Source) -> dict[str, list[tuple]]:
    return {entity: sorted(source.db.execute(f"SELECT * FROM {entity}"), key=repr) for entity in ENTITIES}


def put(source: Source, rows: dict[str, list[tuple]]) -> None:
    with source.batch("edit", "office", "as it is", AT_S) as batch:
        for entity in ENTITIES:
            for row in rows.get(entity, ()):
                batch.db.execute(f"INSERT INTO {entity} VALUES ({', '.join('?' * len(row))})", row)


def taken_in(source: Source, file: Path) -> None:
    """Import a table as the command does."""
    with open_table(file) as table:
        made = planning.plan(source, table, Mapping())
    assert [str(bad) for bad in made.problems] == []
    apply(source, made, "office", "back again", AT_S)


COMMUNITY = {
    "household": [
        ("3-2-501", "三栋二单元501", 2, "=1+1"),
        ("3-2-502", None, None, None),
        ("empty", "'t Hof", 0, "+86"),
        ("total", None, 3, None),  # as a row of sums would be called
    ],
    "holder": [
        ("p1", "3-2-501", "张三", "13800138000", "业主", '["residents"]', 1, DIGEST, None, "@note, with; all\"'"),
        ("p2", "3-2-501", "张三", None, None, '["residents","staff"]', 0, None, DIGEST, None),
        ("p3", None, "=cmd|' /C calc'!A0", None, None, "[]", 6, None, None, None),
        ("p4", "3-2-502", None, None, None, '["residents"]', 0, None, None, None),
        ("p5", "3-2-502", "合计", "+86 138 0013 8000", None, '["residents"]', 0, None, None, None),
        ("p6", "3-2-502", "Total", None, None, '["residents"]', 0, None, None, None),
        ("p7", "3-2-502", '="0012"', None, None, '["residents"]', 0, None, None, None),
    ],
    "credential": [
        (KIND[Factor.CARD], "H10301:12:34567", "p1", 0, 0, 1_767_196_800, 1_798_732_800, None, "0012345678"),
        (KIND[Factor.CARD], "raw:37:0abc123456", "p1", 2, 0, None, 1_798_700_040, 5, None),
        (KIND[Factor.CODE], "visitor-7f3a,x;y", "p2", 1, 0, None, None, 1, None),
        *((KIND[Factor.CODE], f"{sign}1a/Z", "p4", 0, 0, None, None, None, None) for sign in "=+-@'"),
        (KIND[Factor.CODE], '="0012"', "p4", 0, 0, None, None, None, None),
        (KIND[Factor.TAG], "0012", "p2", 0, 0, None, None, None, None),
        (KIND[Factor.FACE], "t1", "p2", 0, 0, None, None, None, None),
        (KIND[Factor.PIN], DIGEST, "p2", 0, 0, None, None, None, None),
        (KIND[Factor.PIN], OTHER_DIGEST, "p2", 0, 1, None, None, None, None),
    ],
    "vehicle": [
        ("沪A12345", "p1", "car", "red, old", 0, None, None, None),
        ("沪AD12345", "p1", None, None, 2, 1_767_196_800, None, None),
    ],
}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("name", "encoding"), [("a.xlsx", ""), ("a.csv", "utf-8-sig"), ("a.csv", "gb18030")])
def test_what_was_exported_is_imported_equal(tmp_path, name, encoding, language):
    with new_source(tmp_path / "one.db") as source, new_source(tmp_path / "two.db") as other:
        put(source, COMMUNITY)
        before = tables(source)
        out = tmp_path / name
        exported = export(
            source, out, who="王经理", why="backup before the move", at_s=AT_S, language=language,
            encoding=encoding or "utf-8-sig",
        )  # fmt: skip
        assert exported.rows == 15 + 4 + 2  # credentials and vehicles; holders, and households, without any
        taken_in(other, out)
        assert tables(other) == before == tables(source)
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        with Source.create(tmp_path / "three.db", time_zone=ZONE) as third:
            ruled(third, exported.rules)
            for entity in ("profile", "schedule", "special_day", "area", "setting"):
                everything = f"SELECT * FROM {entity} ORDER BY 1"
                assert third.db.execute(everything).fetchall() == source.db.execute(everything).fetchall() != []


NAMES = st.one_of(
    st.none(),
    st.sampled_from(
        ["=1+1", "'t Hooft", "''", "＝x", "张三", "null", "-", "1.23E+09", "2026-01-31", "_x0041_", "a\u202eb"]
    ),
    st.text(st.characters(whitelist_categories=["L", "N", "P", "S"]), min_size=1, max_size=10),
)
TIMES = st.one_of(st.none(), st.integers(AT_S // 60 - 10**6, AT_S // 60 + 10**6).map(lambda minute: minute * 60))


@st.composite
def communities(draw) -> dict[str, list[tuple]]:
    households = [
        (f"h{n}", draw(NAMES), draw(st.one_of(st.none(), st.integers(0, 9))), draw(NAMES))
        for n in range(draw(st.integers(0, 3)))
    ]
    holders, credentials, vehicles = [], [], []
    for n in range(draw(st.integers(0, 12))):
        household = draw(st.sampled_from([None, *(row[0] for row in households)]))
        profiles = draw(st.sampled_from(["[]", '["residents"]', '["residents","staff"]']))
        pins = draw(st.sampled_from([(None, None), (DIGEST, None), (DIGEST, OTHER_DIGEST)]))
        phone = draw(st.sampled_from([None, "13800138000", "021-5555"]))
        holders.append(
            (
                f"p{n}",
                household,
                draw(NAMES),
                phone,
                draw(NAMES),
                profiles,
                draw(st.integers(0, 255)),
                *pins,
                draw(NAMES),
            )
        )
        for m in range(draw(st.integers(0, 2))):
            start, end = sorted([draw(TIMES), draw(TIMES)], key=lambda at: at or 0)
            end = None if start == end else end
            common = (draw(st.integers(0, 2)), start, end, draw(st.sampled_from([None, 1, 1_000_000])))
            if draw(st.booleans()):
                printed = draw(st.sampled_from([None, "0012345678", "012,34567"]))
                status, *validity = common
                credentials.append((1, f"H10301:{n}:{m}", f"p{n}", status, 0, *validity, printed))
            else:
                vehicles.append((f"沪A{n:02}{m}45", f"p{n}", draw(NAMES), draw(NAMES), *common))
    return {"household": households, "holder": holders, "credential": credentials, "vehicle": vehicles}


@given(community=communities(), ending=st.sampled_from(["xlsx", "csv"]), language=st.sampled_from(["en", "zh"]))
@pytest.mark.slow
@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sources_with_awkward_texts_come_back_equal(tmp_path, community, ending, language):
    with new_source(tmp_path / "one.db") as source, new_source(tmp_path / "two.db") as other:
        put(source, community)
        before = tables(source)
        out = tmp_path / f"a.{ending}"
        export(source, out, who="office", why="to and fro", at_s=AT_S, language=language)
        if any(before.values()):
            taken_in(other, out)
        assert tables(other) == before


def test_the_history_says_who_took_it_out_before_the_file_is_there(tmp_path):
    with new_source(tmp_path / "one.db") as source:
        put(source, COMMUNITY)
        head = source.head
        exported = export(source, tmp_path / "a.csv", who="王经理", why="for the auditor", at_s=AT_S + 5)
        kept = source.db.execute("SELECT kind, who, why, file, sha256, at_s, changes FROM batch WHERE id = ?",
                                 (exported.batch,)).fetchone()  # fmt: skip
        assert kept == ("export", "王经理", "for the auditor", "a.csv", exported.sha256, AT_S + 5, 0)
        assert source.head.batch == head.batch + 1 == exported.batch
        with open_table(tmp_path / "a.csv") as table:
            assert table.sha256 == exported.sha256
        verify_history(source.db)
        put(source, {"household": [("9", None, None, None)]})
        verify_history(source.db)


def test_nothing_appears_where_the_history_cannot_keep_it(tmp_path):
    with new_source(tmp_path / "one.db") as source:
        put(source, COMMUNITY)
        other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RosterError, match="another program is changing it"):
            export(source, tmp_path / "a.xlsx", who="office", why="to look at it", at_s=AT_S)
        other.close()
        assert not [entry.name for entry in tmp_path.iterdir() if entry.name.startswith((".", "a."))]


@pytest.mark.parametrize("name", ["a.xls", "a", "a.ods", ".xlsx"])
def test_another_ending_is_refused(tmp_path, name):
    with new_source(tmp_path / "one.db") as source, pytest.raises(RosterError, match=r"\.xlsx or \.csv"):
        export(source, tmp_path / name, who="office", why="to look at it", at_s=AT_S)


def test_every_header_of_an_export_is_known_to_the_import():
    for language, titles in TITLES.items():
        assert set(COLUMNS) == set(titles)
        assert [recognise(titles[column]).column for column in COLUMNS] == list(COLUMNS), language


@given(minute=st.integers(2 * 1440, 230 * 365 * 1440), end=st.booleans(), zone=st.sampled_from(ZONES))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_every_minute_is_written_so_that_it_is_read_the_same(minute, end, zone):
    at = zoneinfo.ZoneInfo(zone)
    assert understood.time(time_text(minute * 60, at, end=end), at, end=end) == minute * 60


def test_minutes_where_clocks_change_and_days_without_midnight(tmp_path):
    berlin, paulo = zoneinfo.ZoneInfo("Europe/Berlin"), zoneinfo.ZoneInfo("America/Sao_Paulo")
    twice = int(datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp())  # 02:30 summer time, and again an hour later
    assert time_text(twice, berlin, end=False) == "2026-10-25 02:30+02:00"
    assert time_text(twice + 3600, berlin, end=False) == "2026-10-25 02:30+01:00"
    # 2018-11-04 began at 01:00 in Sao Paulo.
    assert time_text(int(datetime(2018, 11, 4, 3, 0, tzinfo=UTC).timestamp()), paulo, end=False) == "2018-11-04 01:00"
    shanghai = zoneinfo.ZoneInfo(ZONE)
    assert time_text(1_798_732_800, shanghai, end=True) == "2026-12-31"  # 2027-01-01 00:00 in China
    assert time_text(1_798_732_800, shanghai, end=False) == "2027-01-01"


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(words)))


def test_the_command_writes_both_files_and_says_what_they_hold(tmp_path, capsys):
    with new_source(tmp_path / "one.db") as source:
        put(source, COMMUNITY)
    common = (str(tmp_path / "one.db"), str(tmp_path / "out.xlsx"), "--by", "office", "--why", "yearly backup")
    assert run("export", *common, "--language", "zh") == 0
    said = capsys.readouterr()
    assert "导出" in said.out
    assert "姓名和电话" in said.err
    with open_table(tmp_path / "out.xlsx") as table:
        assert next(table.rows("住户")).cells == [TITLES["zh"][column] for column in COLUMNS]
    assert 'name = "staff"' in (tmp_path / "out.rules.toml").read_text()
    assert run("export", *common, "--language", "en", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["rows"], answer["path"]) == (True, 21, str(tmp_path / "out.xlsx"))


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--by", "office"], 2),
        (["--why", "yearly backup"], 2),
        (["--by", "office", "--why", "x"], 2),
        (["--by", "office", "--why", "yearly backup", "--encoding", "gb18030"], 2),
        (["--by", "office", "--why", "yearly backup", "--encoding", "latin-1"], 2),
    ],
)
def test_without_a_person_and_a_purpose_nothing_is_exported(tmp_path, capsys, words, status):
    new_source(tmp_path / "one.db").close()
    try:
        found = run("export", str(tmp_path / "one.db"), str(tmp_path / "out.xlsx"), *words)
    except SystemExit as ended:
        found = ended.code
    assert found == status
    assert capsys.readouterr().err
    assert not (tmp_path / "out.xlsx").exists()


def test_a_source_that_is_not_there_is_said(tmp_path, capsys):
    status = run("export", str(tmp_path / "no.db"), str(tmp_path / "o.csv"), "--by", "a", "--why", "yearly backup")
    assert status in (1, 2)
    assert "no such source" in capsys.readouterr().err
