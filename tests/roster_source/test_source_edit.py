"""Edits by hand: what is understood gets in, everything else is refused with the reason, and nothing is half done."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from firmware.identity import Identity
from firmware.roster.source.edit import FIELDS, add, key_of, remove, set_fields
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.pins import pin_text, read_pin
from tests.roster_source.conftest import AT_S, tables


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    return Identity.load_or_create(tmp_path_factory.mktemp("identity") / "identity")


def edit(source, act, *words, **options):
    with source.batch("edit", "office", "a test", AT_S) as batch:
        act(batch, *words, **options)
    return batch


def local(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())


def test_a_holder_gets_every_column(source):
    fields = {
        "household": "3-2-502",
        "name": " Анна ",
        "phone": "138 0000 0000, 021-5555",
        "relation": "tenant",
        "profiles": "staff; residents;staff",
        "flags": "visitor;extended",
        "note": "第二层",
    }
    edit(source, add, "holder", "p9", fields)
    assert tables(source.db)["holder"]["p9"] == {
        "id": "p9",
        "household": "3-2-502",
        "name": "Анна",
        "phone": "138 0000 0000, 021-5555",
        "relation": "tenant",
        "profiles": '["residents","staff"]',
        "flags": 1 + 8,
        "pin_with": None,
        "duress_pin_with": None,
        "note": "第二层",
    }
    edit(source, set_fields, "holder", "p9", {"household": "", "flags": "", "note": " ", "name": "B"})
    row = tables(source.db)["holder"]["p9"]
    assert (row["household"], row["flags"], row["note"], row["name"], row["relation"]) == (None, 0, None, "B", "tenant")


def test_validity_is_local_and_its_end_includes_the_day(source):
    fields = {"holder": "p2", "valid_from": "2026-03-01 08:30", "valid_until": "2026-03-31", "use_limit": "5"}
    edit(source, add, "credential", "card:H10301:9:9", {**fields, "status": "suspended", "duress": "yes"})
    row = tables(source.db)["credential"]["1:H10301:9:9"]
    assert (row["valid_from_s"], row["valid_until_s"]) == (local("2026-03-01T08:30"), local("2026-04-01"))
    assert (row["use_limit"], row["status"], row["duress"], row["holder"]) == (5, 1, 1, "p2")
    edit(source, add, "vehicle", "沪a·9 9999", {"holder": "p2", "kind": "van"})
    assert tables(source.db)["vehicle"]["沪A99999"]["holder"] == "p2"
    edit(source, set_fields, "vehicle", "沪A99999", {"holder": "p3"})
    edit(source, remove, "vehicle", "沪A·99999")
    assert "沪A99999" not in tables(source.db)["vehicle"]


def test_pins_are_digests_of_the_holder(source, identity):
    pins = {"pin_with": "1234", "duress_pin_with": "4321"}
    edit(source, set_fields, "holder", "p1", pins, digester=identity)
    row = tables(source.db)["holder"]["p1"]
    found = read_pin(row["pin_with"])
    assert found == (identity.digest_key_id, 4, identity.pin_digest("p1", "1234"))
    assert read_pin(row["duress_pin_with"]).digest == identity.pin_digest("p1", "4321")
    edit(source, add, "credential", "pin:123456", {"holder": "p2"}, digester=identity)
    text = pin_text(identity, "", "123456")
    assert tables(source.db)["credential"][f"2:{text}"]["holder"] == "p2"
    assert read_pin(text).digest == identity.pin_digest("", "123456")
    whole = b"".join(file.read_bytes() for file in source.path.parent.iterdir() if file.is_file())
    assert b"123456" not in whole
    edit(source, remove, "credential", f"pin:{text}")
    assert f"2:{text}" not in tables(source.db)["credential"]


def test_a_holder_goes_with_everything(source):
    batch = edit(source, remove, "holder", "p1")
    found = tables(source.db)
    assert set(found["holder"]) == {"p2", "p3"}
    assert set(found["credential"]) == {"1:H10301:1:3"}
    assert found["vehicle"] == {}
    assert batch.changes == 4


REFUSED = [
    (add, ("holder", "p1", {"profiles": "residents"}), "already there"),
    (add, ("holder", "p9", {}), "profiles must be given"),
    (add, ("holder", "p9", {"profiles": " ; "}), "profiles cannot be empty"),
    (add, ("holder", "p9", {"profiles": "guests"}), "the rules know residents, staff"),
    (add, ("holder", "张三", {"profiles": "residents"}), "letters, digits"),
    (add, ("holder", "p9", {"profiles": "residents", "household": "9-9"}), "household 9-9, which is not there"),
    (add, ("credential", "card:H10301:1:1", {"holder": "p2"}), "of holder p1"),
    (add, ("credential", "card:H10301:1:1.23E+09", {"holder": "p2"}), "FORMAT:facility:number"),
    (add, ("credential", "card:0005046369", {"holder": "p2"}), "FORMAT:facility:number"),
    (add, ("credential", "plate:沪A12345", {"holder": "p2"}), "a plate is a vehicle's"),
    (add, ("credential", "badge:1", {"holder": "p2"}), "KIND:KEY"),
    (add, ("credential", "card", {"holder": "p2"}), "FORMAT:facility:number"),
    (add, ("credential", "card:H10301:9:9", {"holder": "p9"}), "p9, who is not there"),
    (add, ("credential", "card:H10301:9:9", {}), "holder must be given"),
    (add, ("credential", "pin:1234", {"holder": "p2"}), "digest key"),
    (set_fields, ("credential", "card:H10301:1:1", {"holder": ""}), "holder cannot be empty"),
    (set_fields, ("credential", "card:H10301:1:1", {"status": "gone"}), "active, suspended, lost"),
    (set_fields, ("credential", "card:H10301:1:1", {"use_limit": "0"}), "from 1 to 1000000"),
    (set_fields, ("credential", "card:H10301:1:1", {"valid_until": "31.03.2026"}), "YYYY-MM-DD"),
    (set_fields, ("credential", "card:H10301:1:1", {"duress": "maybe"}), "yes, no"),
    (
        set_fields,
        ("credential", "card:H10301:1:1", {"valid_from": "2026-04-02", "valid_until": "2026-04-01"}),
        "must be after",
    ),
    (set_fields, ("holder", "p1", {}), "COLUMN=VALUE"),
    (set_fields, ("holder", "p1", {"colour": "x"}), "no column"),
    (set_fields, ("holder", "p1", {"id": "p9"}), "no column"),
    (set_fields, ("holder", "p9", {"name": "x"}), "not there"),
    (set_fields, ("holder", "p1", {"pin_with": "1234"}), "digest"),
    (set_fields, ("household", "3-2-501", {"spaces": "1001"}), "from 0 to 1000"),
    (set_fields, ("household", "3-2-501", {"spaces": "１"}), "from 0 to 1000"),
    (set_fields, ("profile", "residents", {"rules": "[]"}), "rules RULES.toml"),
    (remove, ("household", "3-2-501"), "household 3-2-501 still has holder p1"),
    (remove, ("household", "nowhere"), "not there"),
    (remove, ("profile", "residents"), "rules RULES.toml"),
    (remove, ("change", "1"), "cannot be edited"),
]


@pytest.mark.parametrize(("act", "words", "why"), REFUSED)
def test_what_is_not_understood_changes_nothing(source, act, words, why):
    before, head = tables(source.db), source.head
    with pytest.raises(ChangeRefused, match=why):
        edit(source, act, *words)
    assert (tables(source.db), source.head) == (before, head)


def test_the_two_pins_differ_and_a_wrong_one_is_not_shown(source, identity):
    with pytest.raises(ChangeRefused, match="differ"):
        edit(source, set_fields, "holder", "p1", {"pin_with": "1234", "duress_pin_with": "1234"}, digester=identity)
    for act, words in (
        (set_fields, ("holder", "p1", {"pin_with": "98765432101"})),
        (add, ("credential", "pin:98765432101", {"holder": "p1"})),
        (add, ("credential", "pin:98765\n4", {"holder": "p1"})),
        (set_fields, ("credential", "pin:9876543", {"holder": "p1"})),
    ):
        with pytest.raises(ChangeRefused) as refused:
            edit(source, act, *words, digester=identity)
        assert "987654" not in str(refused.value)


def test_a_plate_that_differs_by_a_hyphen_only_is_already_there_and_it_is_said_why(source):
    edit(source, add, "vehicle", "B-MW 12", {"holder": "p1"})
    assert "BMW12" in tables(source.db)["vehicle"]
    with pytest.raises(ChangeRefused, match=r"of holder p1\. A camera reads it as BMW12"):
        edit(source, add, "vehicle", "BM-W 12", {"holder": "p1"})
    edit(source, remove, "vehicle", "bmw-12")
    assert "BMW12" not in tables(source.db)["vehicle"]


def test_twenty_who_stand_in_the_way_are_named(source):
    with source.batch("edit", "office", "a test", AT_S) as batch:
        for number in range(30):
            sql = "INSERT INTO holder (id, household, profiles) VALUES (?, '3-2-502', '[\"residents\"]')"
            batch.db.execute(sql, (f"h{number:02}",))
    with pytest.raises(ChangeRefused, match="and more") as refused:
        edit(source, remove, "household", "3-2-502")
    assert str(refused.value).count("still has holder") == 20


HOSTILE = (
    "' OR 1=1 --",
    "'); DROP TABLE holder; --",
    '"; DELETE FROM holder',
    "a\0b",
    "\u202egnp.exe",
    "\x1b[2J\x1b]0;x\x07",
    "a\nb",
    "\ud800",
    "💡" * 400,
    "x" * 10_240,
    "%s%n{0}{source}",
    "../../etc/passwd",
    "=cmd|' /C calc'!A0",
)
EVERY_FIELD = [(entity, name) for entity, fields in FIELDS.items() for name in fields]
OF = {"household": "3-2-501", "holder": "p1", "credential": "card:H10301:1:1", "vehicle": "沪A12345"}


@pytest.mark.attack("roster-54")
@pytest.mark.parametrize(("entity", "name"), EVERY_FIELD)
def test_hostile_text_in_every_field_is_kept_as_text_or_refused(source, identity, entity, name):
    before = tables(source.db)
    key = ":".join(str(part) for part in key_of(entity, OF[entity]))
    for text in HOSTILE:
        try:
            edit(source, set_fields, entity, OF[entity], {name: text}, digester=identity)
        except ChangeRefused as refused:
            said = str(refused)
            assert said.isprintable()
            assert len(said) < 1_000
            assert tables(source.db) == before
        else:  # text for people: it stands there as it was given, and nowhere else
            after = tables(source.db)
            assert after[entity][key][name] == text.strip()
            assert text.isprintable()
            assert len(text) <= 1_000
            after[entity][key][name] = before[entity][key][name]
            assert after == before
            source_state = {name: before[entity][key][name] or ""}
            edit(source, set_fields, entity, OF[entity], source_state)
            before = tables(source.db)
    source.prove()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("entity", sorted(FIELDS))
def test_hostile_ids_are_refused(source, identity, entity, text):
    before = tables(source.db)
    needed = {"holder": {"profiles": "residents"}, "household": {}}.get(entity, {"holder": "p1"})
    for id in (text, f"card:{text}", f"pin:{text}"):
        with pytest.raises(ChangeRefused) as refused:
            edit(source, add, entity, id, needed, digester=identity)
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) < 1_000
    assert tables(source.db) == before
