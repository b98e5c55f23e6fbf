"""A fictitious table of holders of any size, the same for the same seed, and a source of them: for benches, tests and
rehearsals."""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

from firmware.core.access import Factor
from firmware.core.plates import PROVINCES
from firmware.roster.errors import Problems
from firmware.roster.keys import KIND, canonical
from firmware.roster.rules import read_rules
from firmware.roster.schema import FLAGS
from firmware.roster.source.pins import Digester, pin_text
from firmware.roster.source.rules import write_rules
from firmware.roster.source.schema import COLUMNS
from firmware.roster.source.store import Source

PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # Chinese plates have neither I nor O
HOLDERS_PER_HOUSEHOLD = 3
HOLDERS_PER_PLATE, HOLDERS_PER_SECOND_PIN, HOLDERS_PER_LOST = 5, 4, 97
PINS_ALONE_MAX = 1000  # of 9 digits, far below a thousandth of the codes
CARDS_PER_FACILITY = 60_000

SAMPLE_RULES = """\
time_zone = "Asia/Shanghai"

[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["*"]

[[profile]]
name = "staff"
[[profile.rule]]
access_points = ["*"]
schedule = "work"

[[schedule]]
name = "work"
workdays = ["06:00-20:00"]
saturday = ["08:00-12:00"]
[schedule.special]
holiday = []

[special_days]
holiday = ["2026-10-01/2026-10-07", "2027-01-01"]
"""

_VALID_UNTIL_S = 1_814_371_200  # 2027-07-01 00:00 in Shanghai: the day 2027-06-30 is inside
_STAGED_AT_ONCE = 10_000
_ENTITIES = ("household", "holder", "credential", "vehicle")

_HEADER = ("holder", "household", "spaces", "profiles", "flags", "status", "valid_until")
_CREDENTIALS = ("card", "plate", "pin", "pin_with")


def sample_roster_csv(path: Path, holders: int, seed: int = 1) -> None:
    """Write `holders` rows: a card each, plates for every fifth, PINs beside the card for every fourth.

    Card n is `H10301:f:c` with f = 1 + n // 60,000 and c = n % 60,000; holder ids are `h0000000` upwards. The first
    rows (1,000 at most, every tenth) have a PIN that identifies alone. Goes with SAMPLE_RULES.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*_HEADER, *_CREDENTIALS])
        writer.writerows(_rows(holders, seed))


def sample_source(path: Path, holders: int, digester: Digester, seed: int = 1) -> None:
    """Make an editable source of the same people in one batch, with names and phone numbers that nobody has."""
    rules = path.with_name(path.name + ".rules.toml")
    rules.write_text(SAMPLE_RULES, encoding="utf-8")
    why = "a fictitious community"
    with (
        Source.create(path, time_zone="Asia/Shanghai", who="sample") as source,
        source.batch("import", "sample", why, 1, file="sample.csv") as batch,
    ):
        write_rules(batch, read_rules(rules, Problems()))
        for entity in _ENTITIES:
            batch.db.execute(f"CREATE TEMP TABLE sample_{entity} ({', '.join(COLUMNS[entity])})")
        rows = _rows(holders, seed)
        while some := list(itertools.islice(rows, _STAGED_AT_ONCE)):
            staged: dict[str, list[tuple[object, ...]]] = {entity: [] for entity in _ENTITIES}
            for row in some:
                for entity, values in _entities(row, digester):
                    staged[entity].append(values)
            for entity, values_of in staged.items():
                marks = ", ".join("?" * len(COLUMNS[entity]))
                batch.db.executemany(f"INSERT INTO temp.sample_{entity} VALUES ({marks})", values_of)
        for entity in _ENTITIES:
            distinct = "DISTINCT" if entity == "household" else ""
            batch.put(entity, f"SELECT {distinct} {', '.join(COLUMNS[entity])} FROM temp.sample_{entity}")
            batch.db.execute(f"DROP TABLE temp.sample_{entity}")
    rules.unlink()


def _rows(holders: int, seed: int) -> Iterator[list[object]]:
    """The cells of each holder, in the order of the header."""
    rng = random.Random(seed)
    plates: set[str] = set()
    pins = iter(rng.sample(range(10**8, 10**9), PINS_ALONE_MAX))
    for number in range(holders):
        household = number // HOLDERS_PER_HOUSEHOLD
        yield [
            f"h{number:07}",
            f"f{household:06}",
            1 + household % 2,
            "staff" if number % 50 == 0 else "residents",
            "extended" if number % 40 == 0 else "",
            "lost" if number % HOLDERS_PER_LOST == 1 else "",
            "2027-06-30" if number % 20 == 0 else "",
            sample_card(number),
            _plate(rng, plates) if number % HOLDERS_PER_PLATE == 0 else "",
            next(pins, "") if number % 10 == 0 else "",
            f"{rng.randrange(10**6):06}" if number % HOLDERS_PER_SECOND_PIN == 0 else "",
        ]


def _entities(row: list[object], digester: Digester) -> Iterator[tuple[str, tuple[object, ...]]]:
    """A holder of the table as rows of a source's tables."""
    holder, household, spaces, profile, flag, status, until, card, plate, pin, pin_with = map(str, row)
    with_text = pin_text(digester, holder, pin_with) if pin_with else None
    standing = (2 if status == "lost" else 0, _VALID_UNTIL_S if until else None, None)
    yield "household", (household, None, int(spaces), None)
    name, phone = f"住户{holder[1:]}", f"139{int(holder[1:]):08}"
    personal = (name, phone, None, json.dumps([profile]), FLAGS.get(flag, 0), with_text, None, None)
    yield "holder", (holder, household, *personal)
    yield "credential", (KIND[Factor.CARD], card, holder, standing[0], 0, None, *standing[1:], None)
    if pin:
        alone = pin_text(digester, "", pin)
        yield "credential", (KIND[Factor.PIN], alone, holder, standing[0], 0, None, *standing[1:], None)
    if plate:
        yield "vehicle", (canonical(Factor.PLATE, plate), holder, None, None, standing[0], None, *standing[1:])


def sample_card(number: int) -> str:
    """The card of the holder with this number."""
    return f"H10301:{1 + number // CARDS_PER_FACILITY}:{number % CARDS_PER_FACILITY}"


def _plate(rng: random.Random, taken: set[str]) -> str:
    while True:
        letters = rng.choice(PROVINCES) + rng.choice(PLATE_LETTERS)
        plate = f"{letters}·{rng.randrange(10**5):05}"
        if plate not in taken:
            taken.add(plate)
            return plate
