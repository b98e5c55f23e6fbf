"""Rules changed one at a time: references hold, nobody's change is overwritten, everything can be undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from firmware.core.access import Rule, Window
from firmware.people import ruling
from firmware.people.ruling import NEW, RuleRefused
from firmware.roster.source.batch import Batch
from firmware.roster.source.rules import read_rulebook
from firmware.roster.source.store import Source
from firmware.roster.source.undo import undo
from tests.roster_source.conftest import AT_S, fill

WORK = ((Window(480, 1080),), *[()] * 6)
SAME = tuple(WORK)


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Source]:
    with Source.create(
        tmp_path / "office.db", time_zone="Asia/Shanghai", who="office", why="a test", at_s=AT_S
    ) as made:
        fill(made)
        yield made


def do(source: Source, change: Callable[[Batch], None]) -> Batch:
    with source.batch("rules", "chen", "a test", AT_S) as batch:
        change(batch)
    return batch


def was(source: Source, entity: str, name: str) -> str:
    columns = {"schedule": "week, special", "profile": "rules"}[entity]
    return ruling.sum_of(*source.db.execute(f"SELECT name, {columns} FROM {entity} WHERE name = ?", (name,)).fetchone())


def refused(source: Source, change: Callable[[Batch], None]) -> RuleRefused:
    head = source.head
    with pytest.raises(RuleRefused) as found:
        do(source, change)
    assert source.head == head, "nothing was changed"
    return found.value


def test_a_schedule_is_added_changed_and_undone(source: Source) -> None:
    do(source, lambda batch: ruling.put_schedule(batch, "night", SAME, {"holiday": ()}, NEW))
    made = read_rulebook(source).rulebook.schedules["night"]
    assert (made.week, made.special) == (WORK, {"holiday": ()})
    seen = was(source, "schedule", "night")
    later = do(source, lambda batch: ruling.put_schedule(batch, "night", ((),) * 7, {}, seen))
    assert read_rulebook(source).rulebook.schedules["night"].week == ((),) * 7
    undo(source, later.id, "chen", "a mistake", AT_S)
    assert read_rulebook(source).rulebook.schedules["night"].week == WORK


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(source: Source) -> None:
    seen = was(source, "schedule", "work")
    do(source, lambda batch: ruling.put_schedule(batch, "work", ((),) * 7, {}, seen))
    error = refused(source, lambda batch: ruling.put_schedule(batch, "work", SAME, {}, seen))
    assert (error.why, error.what) == ("rule_changed_meanwhile", "work")
    assert refused(source, lambda batch: ruling.remove_schedule(batch, "work", seen)).why == "rule_changed_meanwhile"
    assert refused(source, lambda batch: ruling.put_schedule(batch, "work", SAME, {}, NEW)).why == "rule_schedule_there"


def test_what_is_in_use_is_not_removed_and_its_users_are_named(source: Source) -> None:
    error = refused(source, lambda batch: ruling.remove_schedule(batch, "work", was(source, "schedule", "work")))
    assert (error.why, error.by, error.more) == ("rule_schedule_used", ("staff",), 0)
    seen = was(source, "profile", "residents")
    error = refused(source, lambda batch: ruling.remove_profile(batch, "residents", seen))
    assert (error.why, error.by, error.more) == ("rule_profile_used", ("p1", "p2", "p3"), 0)
    assert ruling.holders_by_profile(source.db) == {"residents": 3}
    # Nobody has the other one; then its schedule may go as well.
    do(source, lambda batch: ruling.remove_profile(batch, "staff", was(source, "profile", "staff")))
    do(source, lambda batch: ruling.remove_schedule(batch, "work", was(source, "schedule", "work")))
    assert read_rulebook(source).rulebook.schedules == {}


def test_many_holders_of_a_profile_are_counted_not_listed(source: Source) -> None:
    with source.batch("import", "office", "many", AT_S) as batch:
        batch.db.executemany(
            "INSERT INTO holder (id, profiles) VALUES (?, '[\"staff\"]')", ((f"q{n:03}",) for n in range(50))
        )
    seen = was(source, "profile", "staff")
    error = refused(source, lambda batch: ruling.remove_profile(batch, "staff", seen))
    assert (len(error.by), error.more) == (ruling.NAMED_MAX, 50 - ruling.NAMED_MAX)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ((), "rule_profile_empty"),
        ((Rule((), "always"),), "rule_no_points"),
        ((Rule(("front_in",), "gone"),), "rule_schedule_unknown"),
        ((Rule(("front in",), "always"),), "rule_bad_point"),
        ((Rule(("Front",), "always"),), "rule_bad_point"),
        ((Rule(("前门",), "always"),), "rule_bad_point"),
        ((Rule(("a",), "always"),) * 33, "rule_too_many"),
    ],
)
def test_a_profile_refers_to_what_is_there(source: Source, rules: tuple[Rule, ...], why: str) -> None:
    assert refused(source, lambda batch: ruling.put_profile(batch, "gardeners", rules, NEW)).why == why


@pytest.mark.attack("rules-02")
@pytest.mark.parametrize("name", ["", "A", "has space", "' OR 1=1", "x" * 33, "名字", "\x00", "a\u202e"])
def test_a_name_is_a_name(source: Source, name: str) -> None:
    rule = (Rule(("*",), "always"),)
    assert refused(source, lambda batch: ruling.put_profile(batch, name, rule, NEW)).why == "rule_bad_profile_name"
    assert (
        refused(source, lambda batch: ruling.put_schedule(batch, name, SAME, {}, NEW)).why == "rule_bad_schedule_name"
    )
    day = date(2026, 10, 1)
    error = refused(source, lambda batch: ruling.put_special_days(batch, name, day, day))
    assert error.why == "rule_bad_special_name"


def test_always_is_built_in(source: Source) -> None:
    assert refused(source, lambda batch: ruling.put_schedule(batch, "always", SAME, {}, NEW)).why == "rule_built_in"


@pytest.mark.attack("rules-03")
@pytest.mark.parametrize(
    "windows",
    [
        (Window(0, 1441),),
        (Window(-1, 5),),
        (Window(10, 10),),
        (Window(20, 10),),
        (Window(0, 20), Window(10, 30)),
        (Window(100, 200), Window(0, 50)),
        tuple(Window(n * 2, n * 2 + 1) for n in range(60)),
    ],
)
def test_hours_that_no_day_has_are_refused(source: Source, windows: tuple[Window, ...]) -> None:
    """Whoever asks may have been taken over: the page's own reading of hours is not relied on."""
    week = (windows, *[()] * 6)
    assert refused(source, lambda batch: ruling.put_schedule(batch, "odd", week, {}, NEW)).why == "rule_bad_hours"
    special = {"holiday": windows}
    assert refused(source, lambda batch: ruling.put_schedule(batch, "odd", SAME, special, NEW)).why == "rule_bad_hours"


def days_of(source: Source, kind: str) -> list[str]:
    return [
        date.fromordinal(day).isoformat()
        for day, of in sorted(read_rulebook(source).rulebook.special_days.items())
        if of == kind
    ]


def test_special_days_come_move_and_go(source: Source) -> None:
    first, last = date(2027, 2, 5), date(2027, 2, 7)
    do(source, lambda batch: ruling.put_special_days(batch, "holiday", first, last))
    assert days_of(source, "holiday")[1:] == ["2027-02-05", "2027-02-06", "2027-02-07"]
    clash = refused(source, lambda batch: ruling.put_special_days(batch, "fair", last, last))
    assert (clash.why, clash.by) == ("rule_day_taken", ("2027-02-07 holiday",))
    do(source, lambda batch: ruling.put_special_days(batch, "fair", last, last, instead=True))
    assert days_of(source, "fair") == ["2027-02-07"]
    to = ("holiday", date(2027, 2, 4), date(2027, 2, 5))
    do(source, lambda batch: ruling.move_special_days(batch, "holiday", first, last, to, instead=False))
    assert days_of(source, "holiday")[1:] == ["2027-02-04", "2027-02-05"]
    assert days_of(source, "fair") == ["2027-02-07"], "only days of the kind that was moved"
    do(source, lambda batch: ruling.remove_special_days(batch, "holiday", date(2027, 1, 1), date(2027, 12, 31)))
    assert len(days_of(source, "holiday")) == 1
    gone = refused(source, lambda batch: ruling.remove_special_days(batch, "holiday", first, last))
    assert gone.why == "rule_no_such_days"


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (date(2027, 2, 7), date(2027, 2, 5), "rule_days_backwards"),
        (date(1969, 12, 31), date(1970, 1, 1), "rule_bad_date"),
        (date(2200, 12, 31), date(2201, 1, 1), "rule_bad_date"),
        (date(2027, 1, 1), date(2028, 1, 2), "rule_too_many_days"),
    ],
)
def test_a_span_of_days_is_one(source: Source, first: date, last: date, why: str) -> None:
    assert refused(source, lambda batch: ruling.put_special_days(batch, "holiday", first, last)).why == why
