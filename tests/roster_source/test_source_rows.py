"""The rows for the build are every holder with everything of theirs, in the order of ids, from one state."""

from __future__ import annotations

import random

from firmware.roster.source.rows import BuildCredential
from firmware.roster.source.store import Source
from tests.roster_source.conftest import AT_S, RESIDENTS, tables


def expected(found):
    """From the tables alone, without the program's cursors."""
    for id in sorted(found["holder"], key=str.encode):
        row = found["holder"][id]
        columns = ("kind", "key", "status", "duress", "valid_from_s", "valid_until_s", "use_limit")
        owned = [tuple(one[name] for name in columns) for one in found["credential"].values() if one["holder"] == id]
        owned += [
            (4, one["plate"], one["status"], 0, one["valid_from_s"], one["valid_until_s"], one["use_limit"])
            for one in found["vehicle"].values()
            if one["holder"] == id
        ]
        spaces = found["household"][row["household"]]["spaces"] if row["household"] else None
        yield id, row["household"], spaces, sorted(owned, key=lambda one: (one[0], one[1].encode()))


def test_every_holder_with_everything(source):
    """Ids that sort differently as text, holders without anything, plates of Chinese characters. Seed 11."""
    chance = random.Random(11)
    ids = [f"{letter}{number}" for letter in "Aaz" for number in (1, 10, 2, 20)]
    with source.batch("import", "office", "a test", AT_S) as batch:
        for id in ids:
            add = "INSERT INTO holder (id, household, profiles, flags, pin_with) VALUES (?, ?, ?, ?, 'digest:k:4:x')"
            batch.db.execute(add, (id, chance.choice([None, "3-2-501", "3-2-502"]), RESIDENTS, chance.randrange(256)))
        for number in range(60):
            values = (chance.choice([1, 3, 6]), f"k{number}", chance.choice(ids), chance.randrange(3), number or None)
            batch.db.execute(
                "INSERT INTO credential (kind, key, holder, status, use_limit) VALUES (?, ?, ?, ?, ?)", values
            )
        for number in range(20):
            values = (chance.choice("京沪A") + f"{number}", chance.choice(ids), chance.choice([None, AT_S]))
            batch.db.execute("INSERT INTO vehicle (plate, holder, valid_until_s) VALUES (?, ?, ?)", values)
    rows = list(source.rows_for_build())
    wanted = list(expected(tables(source.db)))
    assert [(row.holder, row.household, row.spaces, [tuple(one) for one in row.credentials]) for row in rows] == wanted
    assert {row.profiles for row in rows} == {("residents",)}
    assert {row.pin_with for row in rows} == {None, "digest:k:4:x"}
    assert sum(len(row.credentials) for row in rows) == 84
    assert all(isinstance(one, BuildCredential) for row in rows for one in row.credentials)


def test_what_is_committed_meanwhile_is_not_in_them(source, path):
    with Source.open(path, readonly=True) as reader:
        rows = reader.rows_for_build()
        assert next(rows).holder == "p1"
        with source.batch("edit", "office", "meanwhile", AT_S) as batch:
            batch.db.execute("DELETE FROM credential WHERE holder = 'p3'")
            batch.db.execute("DELETE FROM holder WHERE id = 'p3'")
        assert [row.holder for row in rows] == ["p2", "p3"]
        assert [row.holder for row in reader.rows_for_build()] == ["p1", "p2"]
