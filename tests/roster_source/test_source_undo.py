"""Undo puts back exactly what was there, refuses what somebody changed since, and can be undone."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.roster.source.erase import erase_holder
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.undo import last_import, undo
from tests.roster_source.conftest import AT_S, RESIDENTS, tables
from tests.roster_source.test_source_history import STATEMENTS

CHECKED = settings(
    max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def change(source, *statements, kind="edit"):
    with source.batch(kind, "office", "a test", AT_S) as batch:
        for sql, *parameters in statements:
            batch.db.execute(sql, [one for one in parameters if one != ()])
    return batch


@CHECKED
@given(st.lists(st.lists(STATEMENTS, min_size=1, max_size=6), min_size=1, max_size=4))
def test_undone_one_after_the_other_everything_is_as_it_was(source, batches):
    states, done = [tables(source.db)], []
    for statements in batches:
        batch = change(source, *statements)
        if batch.changes:
            done.append(batch.id)
            states.append(tables(source.db))
    undone = []
    for id, before in zip(reversed(done), reversed(states[:-1]), strict=True):
        undone.append(undo(source, id, "office", "a mistake", AT_S).id)
        assert tables(source.db) == before
    for id, after in zip(reversed(undone), states[1:], strict=True):  # and all of it again
        undo(source, id, "office", "no mistake", AT_S)
        assert tables(source.db) == after
    source.prove()


def test_the_last_import_is_meant_where_no_batch_is_named(source):
    before = tables(source.db)
    change(source, ("INSERT INTO household (id) VALUES ('9-9-9')",), kind="import")
    change(source, ("UPDATE holder SET name = 'x' WHERE id = 'p3'",))
    assert last_import(source) == 4
    undo(source, None, "office", "a mistake", AT_S)
    assert tables(source.db)["household"] == before["household"]
    assert last_import(source) == 3
    undo(source, 6, "office", "none after all", AT_S)  # the undo itself
    assert last_import(source) == 4


def test_without_an_import_there_is_none_to_undo(empty):
    with pytest.raises(ChangeRefused, match="no import"):
        undo(empty, None, "office", "a mistake", AT_S)


def test_what_was_changed_since_is_named_with_its_batch(source):
    before = tables(source.db)
    change(source, ("UPDATE holder SET name = 'x' WHERE id IN ('p1', 'p2')",))
    change(source, ("UPDATE holder SET phone = '1' WHERE id = 'p2'",))
    head, state = source.head, tables(source.db)
    with pytest.raises(ChangeRefused, match="holder p2: batch 5") as refused:
        undo(source, 4, "office", "a mistake", AT_S)
    assert "p1" not in str(refused.value)
    assert (source.head, tables(source.db)) == (head, state)
    undo(source, 5, "office", "a mistake", AT_S)
    undo(source, 4, "office", "a mistake", AT_S)
    assert tables(source.db) == before


def test_up_to_twenty_are_named(source):
    change(source, *[("INSERT INTO household (id) VALUES (?)", f"h{number:02}") for number in range(30)])
    change(source, ("UPDATE household SET note = 'x'",))
    with pytest.raises(ChangeRefused, match="and more") as refused:
        undo(source, 4, "office", "a mistake", AT_S)
    assert str(refused.value).count("household h") == 20


def test_what_others_rest_on_now_stays(source):
    change(source, ("INSERT INTO household (id) VALUES ('9-9-9')",))
    add = "INSERT INTO holder (id, household, profiles) VALUES ('p9', '9-9-9', ?)"
    change(source, (add, RESIDENTS))
    with pytest.raises(ChangeRefused, match="household 9-9-9 still has holder p9"):
        undo(source, 4, "office", "a mistake", AT_S)
    source.prove()


def test_a_batch_is_undone_once_and_must_be_there(source):
    change(source, ("UPDATE holder SET name = 'x' WHERE id = 'p1'",))
    undo(source, 4, "office", "a mistake", AT_S)
    with pytest.raises(ChangeRefused, match="undone already"):
        undo(source, 4, "office", "a mistake", AT_S)
    for id in (0, 9, 1 << 62):
        with pytest.raises(ChangeRefused, match="no batch"):
            undo(source, id, "office", "a mistake", AT_S)


def test_an_erasure_and_what_it_took_words_from_stay_as_they_are(source):
    with source.batch("erase", "office", "moved away", AT_S) as batch:
        erase_holder(batch, "p3")
    with pytest.raises(ChangeRefused, match="nowhere any more"):
        undo(source, batch.id, "office", "a mistake", AT_S)
    with pytest.raises(ChangeRefused, match="erased since"):
        undo(source, None, "office", "a mistake", AT_S)
    source.prove()


def test_an_undo_says_how_far_it_is(source):
    change(
        source,
        ("INSERT INTO household (id) VALUES ('8-8-8'), ('9-9-9')",),
        ("UPDATE holder SET name = 'x' WHERE id = 'p3'",),
        kind="import",
    )
    told = []
    undo(source, None, "office", "a mistake", AT_S, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert (told[0], told[-1]) == ((0, 6), (6, 6))  # each of the three changes is looked at and put back


def test_the_batch_that_made_the_source_cannot_be_undone(empty):
    """Without its zone no date of it can be read: every command would fail from then on."""
    with pytest.raises(ChangeRefused, match="time zone"):
        undo(empty, 1, "office", "a mistake", AT_S)
    assert empty.time_zone.key
    assert empty.head.batch == 1
