"""The rules: read into the core's rulebook, and every problem named with its key."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from firmware.core.access import Profile, Rule, Schedule, Window
from firmware.roster.errors import Problems
from firmware.roster.rules import Rules, read_rules

GOOD = """\
time_zone = "Asia/Shanghai"
[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["*"]
[[profile.rule]]
access_points = ["front_in", "garage_in"]
schedule = "cleaning"
[[schedule]]
name = "cleaning"
workdays = ["17:00-20:00", "06:00-09:00"]
saturday = ["08:00-24:00"]
wednesday = []
[schedule.special]
holiday = []
half_day = ["06:00-12:00"]
[special_days]
holiday = ["2026-12-31/2027-01-02", 2026-10-01]
half_day = "2028-02-29"
"""


def read(folder: Path, text: str | bytes) -> tuple[Rules, list]:
    path = folder / "rules.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    problems = Problems()
    return read_rules(path, problems), problems.found


def test_rules_become_the_rulebook(tmp_path: Path) -> None:
    """The expected rulebook is written out by hand; dates are counted by datetime."""
    rules, problems = read(tmp_path, GOOD)
    assert problems == []
    assert str(rules.zone) == "Asia/Shanghai"
    book = rules.rulebook
    assert book.profiles == {
        "residents": Profile("residents", (Rule(("*",), "always"), Rule(("front_in", "garage_in"), "cleaning")))
    }
    work = (Window(360, 540), Window(1020, 1200))
    week = (work, work, (), work, work, (Window(480, 1440),), ())
    assert book.schedules == {"cleaning": Schedule("cleaning", week, {"holiday": (), "half_day": (Window(360, 720),)})}
    assert book.special_days == {
        date(2026, 10, 1).toordinal(): "holiday",
        date(2026, 12, 31).toordinal(): "holiday",
        date(2027, 1, 1).toordinal(): "holiday",
        date(2027, 1, 2).toordinal(): "holiday",
        date(2028, 2, 29).toordinal(): "half_day",
    }


def test_groups_of_days_are_overruled_by_the_day(tmp_path: Path) -> None:
    text = '[[schedule]]\nname = "s"\nsunday = []\nevery_day = ["00:00-01:00"]\nweekend = ["02:00-03:00"]\n'
    week = read(tmp_path, text)[0].rulebook.schedules["s"].week
    assert week == (*([(Window(0, 60),)] * 5), (Window(120, 180),), ())


PROFILE = '[[profile]]\nname = "p"\n[[profile.rule]]\naccess_points = ["a"]\n'
SCHEDULE = '[[schedule]]\nname = "s"\n'

BAD = [
    # text, key, what is said
    ("nonsense", "file", "correct it"),
    ("x = " + "[" * 5000, "file", "correct it"),
    ("zone = 1", "zone", "time_zone, profile"),
    ('time_zone = "Mars/Olympus"', "time_zone", "tz database"),
    ('time_zone = "../../etc/passwd"', "time_zone", "tz database"),
    ("time_zone = 8", "time_zone", "tz database"),
    ("profile = 1", "profile", "[[profile]]"),
    ("[profile.x]", "profile", "[[profile]]"),
    ('[[profile]]\nname = "Bad Name"', "profile[0].name", "small letters"),
    ("[[profile]]", "profile[0].name", "small letters"),
    (PROFILE + PROFILE, "profile[1].name", "used once"),
    ('[[profile]]\nname = "p"', "profile[0].rule", "1 to"),
    ('[[profile]]\nname = "p"\nrule = [1]', "profile[0].rule[0]", "a table"),
    (PROFILE + 'schedule = "nights"', "profile[0].rule[0].schedule", "always"),
    (PROFILE + "schedule = 3", "profile[0].rule[0].schedule", "always"),
    (PROFILE + "schedules = 3", "profile[0].rule[0].schedules", "access_points, schedule"),
    ('[[profile]]\nname = "p"\n[[profile.rule]]', "profile[0].rule[0].access_points", "list of ids"),
    (PROFILE.replace('["a"]', "[]"), "profile[0].rule[0].access_points", "list of ids"),
    (PROFILE.replace('"a"', '"A b"'), "profile[0].rule[0].access_points", "an id"),
    (PROFILE.replace('"a"', "7"), "profile[0].rule[0].access_points", "an id"),
    ('[[schedule]]\nname = "always"', "schedule[0].name", "built in"),
    (SCHEDULE + 'monday = ["22:00-06:00"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = ["08:00-08:00"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = ["8:00-9:00"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = ["08:00-24:01"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = ["08:60-09:00"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = ["08:00-09:00\\u0000"]', "schedule[0].monday", "two windows"),
    (SCHEDULE + "monday = [800]", "schedule[0].monday", "two windows"),
    (SCHEDULE + 'monday = "08:00-09:00"', "schedule[0].monday", "a list"),
    (SCHEDULE + 'monday = ["08:00-10:00", "09:00-11:00"]', "schedule[0].monday", "overlap"),
    (SCHEDULE + "montag = []", "schedule[0].montag", "monday"),
    (SCHEDULE + "special = 1", "schedule[0].special", "a table"),
    (SCHEDULE + "[schedule.special]\nholiday = []", "schedule[0].special", "[special_days]"),
    ("special_days = 1", "special_days", "a table"),
    ('[special_days]\nholiday = ["2026-02-30"]', "special_days.holiday", "dates"),
    ('[special_days]\nholiday = ["2026-03-02/2026-03-01"]', "special_days.holiday", "dates"),
    ('[special_days]\nholiday = ["0001-01-01/9999-12-31"]', "special_days.holiday", "20000"),
    ("[special_days]\nholiday = 2026", "special_days.holiday", "dates"),
    ('[special_days]\na = ["2026-03-01"]\nb = ["2026-03-01"]', "special_days.b", "one kind"),
    ('[special_days]\n"Not OK" = []', "special_days.Not OK", "small letters"),
]


@pytest.mark.parametrize(("text", "key", "said"), BAD)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, text: str, key: str, said: str) -> None:
    _, (problem,) = read(tmp_path, text)
    assert (problem.file, problem.row, problem.column) == ("rules.toml", None, key)
    assert said in problem.allowed
    assert str(problem).isprintable()


def test_all_of_it_is_named_at_once(tmp_path: Path) -> None:
    text = 'time_zone = 1\nx = 1\n[[profile]]\nname = "P"\n[[schedule]]\nname = "s"\nmonday = ["1"]\nfriday = 2\n'
    _, problems = read(tmp_path, text)
    assert sorted(problem.column for problem in problems) == [
        "profile[0].name", "schedule[0].friday", "schedule[0].monday", "time_zone", "x",
    ]  # fmt: skip


def test_files_that_are_no_rules_are_refused(tmp_path: Path) -> None:
    for content in (b"\xff\xfe", "time_zone = '\u4eac'".encode("gb18030"), b"#" * (1 << 21), b"\0"):
        _, (problem,) = read(tmp_path, content)
        assert problem.column == "file"
    (tmp_path / "rules.toml").unlink()
    problems = Problems()
    read_rules(tmp_path / "rules.toml", problems)
    assert problems.found[0].allowed == "the rules must be readable"
