"""Rules go into the source, come back as a rulebook, and as a rules.toml that says the same."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core.access import Profile, Rule, Rulebook, Schedule, Window
from firmware.roster.errors import Problems
from firmware.roster.rules import AreaRow, Rules, read_rules
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.rules import read_rulebook, rules_toml, write_rules
from tests.roster_source.conftest import AT_S

CHECKED = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,7}", fullmatch=True).filter(lambda name: name != "always")
POINTS = st.lists(st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True) | st.just("*"), min_size=1, max_size=3)
PRINTED = st.text(
    st.characters(exclude_categories=("C", "Zl", "Zp", "Zs"), exclude_characters="") | st.sampled_from(' "\\#=['),
    min_size=1,
    max_size=20,
)


@st.composite
def windows(draw):
    edges = sorted(draw(st.sets(st.integers(0, 1440), max_size=6)))
    return tuple(Window(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def rules(draw):
    kinds = draw(st.sets(NAMES, max_size=3))
    schedules = {
        name: Schedule(
            name,
            tuple(draw(windows()) for _ in range(7)),
            {kind: draw(windows()) for kind in sorted(draw(st.sets(st.sampled_from(sorted(kinds)))) if kinds else ())},
        )
        for name in draw(st.sets(NAMES, max_size=3))
    }
    profiles = {
        name: Profile(
            name,
            tuple(
                Rule(tuple(points), draw(st.sampled_from(["always", *sorted(schedules)])))
                for points in draw(st.lists(POINTS, min_size=1, max_size=3))
            ),
        )
        for name in draw(st.sets(NAMES, max_size=3))
    }
    days = draw(st.dictionaries(st.integers(1, 3_652_059), st.sampled_from(sorted(kinds)))) if kinds else {}
    days |= {day + 1: kind for day, kind in list(days.items())[:2] if day < 3_652_059}  # neighbours: a span
    areas = tuple(
        AreaRow(id, draw(st.none() | PRINTED), draw(st.none() | st.integers(1, 100_000)))
        for id in sorted(draw(st.sets(st.from_regex(r"[a-z0-9_]{1,8}", fullmatch=True), max_size=3)))
    )
    places = {area.id: area.places for area in areas if area.places is not None}
    zone = ZoneInfo(draw(st.sampled_from(["Asia/Shanghai", "Europe/Berlin"])))
    return Rules(Rulebook(0, profiles, schedules, days, places), zone, areas)


@CHECKED
@given(rules())
def test_written_and_read_again_they_are_equal(empty, tmp_path, given_rules):
    with empty.batch("rules", "office", "new rules", AT_S) as batch:
        write_rules(batch, given_rules)
    assert read_rulebook(empty) == given_rules
    file = tmp_path / "rules.toml"
    file.write_text(rules_toml(empty), encoding="utf-8")
    problems = Problems()
    assert read_rules(file, problems) == given_rules
    assert problems.found == []
    with empty.batch("rules", "office", "the same rules", AT_S) as batch:
        write_rules(batch, given_rules)
    assert batch.changes == 0


def test_a_profile_in_use_is_not_taken_away(source):
    with pytest.raises(ChangeRefused) as refused, source.batch("rules", "office", "fewer", AT_S) as batch:
        write_rules(batch, Rules(Rulebook(0), None))
    assert all(f"residents is in use by holder {holder}" in str(refused.value) for holder in ("p1", "p2", "p3"))


def test_a_holder_of_a_profile_that_nobody_knows_is_refused(source):
    with pytest.raises(ChangeRefused, match="profile guests"), source.batch("edit", "office", "x", AT_S) as batch:
        batch.db.execute("UPDATE holder SET profiles = '[\"guests\"]' WHERE id = 'p3'")


def test_a_schedule_in_use_is_not_taken_away(source):
    with pytest.raises(ChangeRefused, match="staff follows schedule work"):
        remove(source, "DELETE FROM schedule")


def remove(source, statement):
    with source.batch("edit", "office", "x", AT_S) as batch:
        batch.db.execute(statement)


@pytest.mark.parametrize(
    ("toml", "key"),
    [
        ('[[area]]\nid = "A B"', "area[0].id"),
        ('[[area]]\nid = "a"\n[[area]]\nid = "a"', "area[1].id"),
        ('[[area]]\nid = "a"\nplaces = 0', "area[0].places"),
        ('[[area]]\nid = "a"\nplaces = true', "area[0].places"),
        ('[[area]]\nid = "a"\nplaces = 100001', "area[0].places"),
        ('[[area]]\nid = "a"\nlabel = ""', "area[0].label"),
        (f'[[area]]\nid = "a"\nlabel = "{"x" * 101}"', "area[0].label"),
        ('[[area]]\nid = "a"\nlabel = "\\u202e"', "area[0].label"),
        ('[[area]]\nid = "a"\ncolour = 1', "area[0].colour"),
        ("area = 3", "area"),
        ("area = [3]", "area[0]"),
        ("\n".join(f'[[area]]\nid = "a{number}"' for number in range(257)), "area"),
    ],
)
def test_a_bad_area_is_named(tmp_path, toml, key):
    file = tmp_path / "rules.toml"
    file.write_text(toml, encoding="utf-8")
    problems = Problems()
    read_rules(file, problems)
    assert [problem.column for problem in problems.found] == [key]


def test_areas_with_places_are_in_the_rulebook(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[[area]]\nid = "b"\nplaces = 12\n[[area]]\nid = "a"\nlabel = "地库"', encoding="utf-8")
    found = read_rules(file, Problems())
    assert found.areas == (AreaRow("a", "地库", None), AreaRow("b", None, 12))
    assert found.rulebook.areas == {"b": 12}
