"""A comparison foretells what the gate does: against whole days at a gate, with the old roster and with the new one."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from firmware.roster.comparing.compare import Asked, compare
from tests.compare.gate_days import Shown, compared, random_day, scripted
from tests.system.test_explain_parity import HARD, TIMED, site_for_parity

SEED = 20261124
PRESENTATIONS = 260
ALL = Asked(days=100_000)  # from 1970 on: the gate's clock is unknown now and then
PINS = {"resident": "2468", "guard": "8642", "former": "1357"}  # of holders.csv


@pytest.mark.slow
@pytest.mark.parametrize("changes", [HARD, TIMED], ids=["hard", "timed"])
def test_the_old_roster_decides_every_presentation_as_the_gate_did(changes, tmp_path: Path):
    """The oracle is the gate itself: same answer and same last reason, for all rules that a day comes to."""
    site = site_for_parity(tmp_path, changes)
    random_day(tmp_path, site, SEED, PRESENTATIONS, PINS)
    made = compared(tmp_path, site, site.parent)
    for known in (made.site, None):
        report = compare(made.journal, made.old, made.new, site=known, zone=made.site.zone, asked=ALL)
        assert report.disagreed == {}, f"seed {SEED}"
        assert report.agreed == report.compared > PRESENTATIONS * 0.9
        assert (report.differently, report.reasons_only, report.other_versions) == (0, 0, {})


# People and rules of tests/system/test_explain_parity.py: cleaning is open 07:30-12:00 and 13:00-16:15 on workdays, the
# front door asks for a PIN from 23:00 to 06:00, neighbours may not use the shed, visitors come from 06:00 to 23:00.
SCRIPT = [
    Shown("08:00:00", "worker", "hall_in_reader"),
    Shown("09:30:00", "neighbour", "hall_in_reader"),
    Shown("09:31:00", "neighbour", "bike_reader"),
    Shown("10:00:00", "resident", "front_reader"),
    Shown("10:05:00", "barred", "hall_in_reader"),
    Shown("11:30:00", "worker", "front_reader"),
    Shown("11:40:00", "worker", "front_reader"),
    Shown("12:30:00", "worker", "front_reader"),
    Shown("14:00:00", "first", "bike_reader"),
    Shown("15:30:00", "second", "bike_reader"),
    Shown("16:00:00", "worker", "hall_out_reader"),
    Shown("22:30:00", "guard", "front_reader"),
    Shown("23:10:00", "neighbour", "hall_in_reader"),
    Shown("23:12:00", "expired", "front_reader"),
    Shown("23:15:00", "resident", "front_reader", "2468"),
    Shown("23:30:00", "resident", "front_reader"),
    Shown("23:40:00", "guard", "front_reader", "8642"),
]
HOLDER_OF = {"expired": "former"}  # the plants' names for cards
HOLDERS_CHANGED = (
    ("2026-11-23 17:30", "2026-11-24 17:30"),
    ("neighbour,b1-0102,,neighbours,", "neighbour,b1-0102,,visitors,"),
    ("barred,,,residents,,suspended,", "barred,,,residents,,,"),
    ("second,b3-0101,1,staff,vehicle,,", "second,b3-0101,1,staff,vehicle,suspended,"),
    ("resident,b1-0101,1,residents,holds_open,", "newcomer,b1-0101,1,residents,holds_open,"),
)
RULES_CHANGED = (
    ('workdays = ["07:30-12:00", "13:00-16:15"]', 'workdays = ["07:30-11:00", "12:00-15:00"]'),
    ('"23:00-24:00"', '"22:00-24:00"'),
)
# What people see: was so, is so.
CHANGES = {
    ("denied", "granted"): "let_in",
    ("needs", "granted"): "let_in",
    ("denied", "needs"): "asked",
    ("granted", "denied"): "refused",
    ("granted", "needs"): "asked_more",
}


def changed(folder: Path, site: Path, *files: tuple[str, tuple[tuple[str, str], ...]]) -> Path:
    """A copy of the site's folder with these changes in its tables."""
    shutil.copytree(site.parent, folder)
    for name, changes in files:
        text = (folder / name).read_text()
        for old, new in changes:
            assert text.count(old) == 1, (old, text)
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return folder / site.name


# Limits: three uses instead of two; one space instead of two for the cars of b3-0101; one place in the lobby.
OF_LIMITS = [
    Shown("09:00:00", "visitor", "front_reader"),
    Shown("09:10:00", "visitor", "front_reader"),
    Shown("09:20:00", "visitor", "front_reader"),
    Shown("10:00:00", "first", "bike_reader"),
    Shown("10:10:00", "second", "bike_reader"),
    Shown("11:00:00", "resident", "hall_in_reader"),
    Shown("11:10:00", "neighbour", "hall_in_reader"),
    Shown("11:20:00", "guard", "hall_in_reader"),  # exempt
    Shown("11:30:00", "resident", "hall_out_reader"),
]
SITE_OF_LIMITS = (("occupancy_max = 60", "occupancy_max = 60\nquota = true"),)
TWO_SPACES = (
    ("first,b3-0101,1,", "first,b3-0101,2,"),
    ("second,b3-0101,1,", "second,b3-0101,2,"),
)
THREE_USES = (("visitor,b1-0101,1,visitors,visitor,,,,2,", "visitor,b1-0101,1,visitors,visitor,,,,3,"),)
ONE_PLACE = (("[special_days]\n", '[[area]]\nid = "lobby"\nplaces = 1\n\n[special_days]\n'),)


def foretell(tmp_path: Path, site: Path, other: Path, script: list[Shown]) -> tuple[Counter, Counter]:
    """(what the comparison foretells, what the same day brings with the new roster)"""
    before = scripted(tmp_path / "before", site, script)
    after = scripted(tmp_path / "after", other, script)
    came = Counter(
        (HOLDER_OF.get(shown.card, shown.card), shown.reader.removesuffix("_reader"), CHANGES[pair])
        for shown, pair in zip(script, zip(before, after, strict=True), strict=True)
        if pair in CHANGES
    )
    made = compared(tmp_path / "before", site, other.parent)
    points = {"front_in": "front", "bike_in": "bike", "hall_in": "hall_in", "hall_out": "hall_out"}
    report = compare(made.journal, made.old, made.new, site=made.site, zone=made.site.zone)
    assert report.agreed == report.compared == len(script)
    foretold = Counter()
    for each in report.differences:
        foretold[each.holder, points[each.access_point], each.change.value] += each.count
    return foretold, came


def test_what_is_foretold_is_what_the_same_day_brings_with_the_new_roster(tmp_path: Path):
    site = site_for_parity(tmp_path, ())
    other = changed(tmp_path / "changed", site, ("holders.csv", HOLDERS_CHANGED), ("rules.toml", RULES_CHANGED))
    foretold, came = foretell(tmp_path, site, other, SCRIPT)
    assert {change for _, _, change in came} == set(CHANGES.values()), came  # the day brings every kind
    assert foretold == came


def test_uses_spaces_and_places_are_counted_as_they_were(tmp_path: Path):
    """Who is refused for want of a space or a place by the new roster had come in second by the old one."""
    plain = site_for_parity(tmp_path, SITE_OF_LIMITS)
    site = changed(tmp_path / "spaces", plain, ("holders.csv", TWO_SPACES))
    other = changed(tmp_path / "changed", plain, ("holders.csv", THREE_USES), ("rules.toml", ONE_PLACE))
    foretold, came = foretell(tmp_path, site, other, OF_LIMITS)
    assert came == {
        ("visitor", "front", "let_in"): 1,
        ("second", "bike", "refused"): 1,
        ("neighbour", "hall_in", "refused"): 1,
    }
    assert foretold == came
