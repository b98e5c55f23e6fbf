"""An erased person is nowhere in the files any more, the others are, and the chain still verifies."""

from __future__ import annotations

import pytest

from firmware.roster.source.erase import Erased, erase_holder
from firmware.roster.source.errors import ChangeRefused, SourceBusy
from firmware.roster.source.store import Source
from tests.roster_source.conftest import AT_S, RESIDENTS, tables

HOLDER = "victim-77"
WORDS = (  # everything that tells of the person, now or before
    "victim-77",
    "赵六六六",
    "Zhao Liuliu",
    "13912345678",
    "021-55556666",
    "H10301:77:7777",
    "H10301:77:7778",
    "0005046369",
    "沪B77777",
    "very private note",
    "digest:aaaa:4:77777777777777777777777777777777",
    "white van of",
)


def person(source):
    """Moved about, renamed, with a card that is somebody else's now and one that was somebody else's."""
    steps = [
        ("import", "list of 赵六六六", "赵六六六.xlsx", [
            ("INSERT INTO household (id) VALUES ('7-7-7')",),
            ("INSERT INTO holder (id, household, name, phone, profiles, note) VALUES (?, '7-7-7', ?, ?, ?, ?)",
             HOLDER, "赵六六六", "13912345678", RESIDENTS, "very private note"),
            ("INSERT INTO credential (kind, key, holder, printed) VALUES (1, ?, ?, ?)",
             "H10301:77:7777", HOLDER, "0005046369"),
            ("INSERT INTO credential (kind, key, holder) VALUES (1, 'H10301:5:5', 'p2')",),
            ("INSERT INTO credential (kind, key, holder) VALUES (1, 'H10301:5:6', ?)", HOLDER),
            ("INSERT INTO vehicle (plate, holder, description) VALUES ('沪B77777', ?, 'white van of')", HOLDER),
        ]),
        ("edit", "new name", None, [
            ("UPDATE holder SET name = 'Zhao Liuliu', phone = '021-55556666' WHERE id = ?", HOLDER),
            ("UPDATE credential SET holder = ? WHERE key = 'H10301:5:5'", HOLDER),
            ("INSERT INTO credential (kind, key, holder) VALUES (1, 'H10301:77:7778', ?)", HOLDER),
        ]),
        ("edit", "lost H10301:77:7778", None, [
            ("DELETE FROM credential WHERE key = 'H10301:77:7778'",),
            ("UPDATE credential SET holder = 'p2' WHERE key IN ('H10301:5:5', 'H10301:5:6')",),
            ("UPDATE holder SET pin_with = ? WHERE id = ?", WORDS[10], HOLDER),
        ]),
    ]  # fmt: skip
    for kind, why, file, statements in steps:
        with source.batch(kind, "office", why, AT_S, file=file) as batch:
            for sql, *parameters in statements:
                batch.db.execute(sql, parameters)


def bytes_of(path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


def erase(source, **options) -> Erased:
    with source.batch("erase", "office", "moved away, by request", AT_S) as batch:
        erased = erase_holder(batch, HOLDER, **options)
    source.scrub()
    return erased


@pytest.mark.attack("roster-53")
def test_no_byte_of_an_erased_person_stays(source, path):
    others = tables(source.db)
    person(source)
    source.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    before = bytes_of(path)
    assert [word for word in WORDS if word.encode() not in before] == []  # else the search would prove nothing
    erased = erase(source, household_too=True)
    assert (erased.holders, erased.credentials, erased.vehicles, erased.households) == (1, 1, 1, 1)
    assert erased.batches == 2  # the import, by name and file, and the one that says which card was lost
    after = bytes_of(path)
    assert [word for word in (*WORDS, "7-7-7") if word.encode() in after] == []
    proof = source.prove()
    assert proof.erased == erased.changes
    cards = {"1:H10301:5:5", "1:H10301:5:6"}  # somebody else's by now
    for entity, rows in tables(source.db).items():
        rest = {id: row for id, row in rows.items() if id not in cards}
        assert rest == others[entity]
        if entity == "credential":
            assert {rows[id]["holder"] for id in cards} == {"p2"}
    source.close()
    with Source.open(path, readonly=True) as again:
        assert again.prove().head == proof.head


def test_done_again_it_changes_nothing(source):
    person(source)
    erase(source)
    state, head = tables(source.db), source.head
    assert erase(source) == Erased()
    assert (tables(source.db), source.head) == (state, head)
    source.prove()


def test_a_household_with_others_stays(source):
    with source.batch("erase", "office", "moved away", AT_S) as batch:
        erased = erase_holder(batch, "p1", household_too=True)
    assert (erased.holders, erased.households) == (1, 0)
    assert "3-2-501" in tables(source.db)["household"]
    source.prove()


def test_what_is_written_of_the_person_elsewhere_is_counted(source):
    with source.batch("edit", "office", "a note", AT_S) as batch:
        batch.db.execute("UPDATE holder SET relation = '张三 的妻子' WHERE id = 'p2'")
        batch.db.execute("UPDATE household SET label = '张三家' WHERE id = '3-2-501'")
    with source.batch("erase", "office", "moved away", AT_S) as batch:
        assert erase_holder(batch, "p1").mentions == 2


@pytest.mark.parametrize("why", ["erase p1", "张三 moved away", "card H10301:1:1 is back"])
def test_the_erasure_itself_may_not_name_the_person(source, why):
    state = tables(source.db)
    with pytest.raises(ChangeRefused, match="names the person"), source.batch("erase", "office", why, AT_S) as batch:
        erase_holder(batch, "p1")
    assert tables(source.db) == state


def test_a_reader_in_the_way_is_told(source, path):
    with Source.open(path, readonly=True) as reader, reader.snapshot() as db:
        tables(db)
        source.db.execute("PRAGMA busy_timeout = 10")
        with source.batch("erase", "office", "moved away", AT_S) as batch:
            erase_holder(batch, "p1")
        with pytest.raises(SourceBusy, match="another program"):
            source.scrub()
    source.scrub()
    assert "张三".encode() not in bytes_of(path)
