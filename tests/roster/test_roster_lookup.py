"""Lookups: the same as a plain dict of the same table says, for any text; PINs; and what the core is told."""

from __future__ import annotations

import csv
import io
import string
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor, Known, Unknown
from firmware.roster.keys import canonical
from firmware.roster.presented import present
from firmware.roster.sample import SAMPLE_RULES, sample_roster_csv

CHECKED = settings(
    max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

INJECTIONS = [
    "' OR 1=1 --", "' OR '1'='1", "'; DROP TABLE credential; --", '" OR ""="', "1; SELECT 1", "\\", "%", "_", "*", "?",
    "H10301:1:1' --", "H10301:1:%", "h10301:1:1", " H10301:1:1", "H10301:1:1 ", "H10301:1:01", "H10301:1:1\0",
    "\0H10301:1:1", "", "\0", "\U0001f697", "\u202eH10301:1:1", "x" * 10_000, "H10301:1:1" + "x" * 10_000, "\udcff",
    "1", "1.0", "NULL", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("factor", [factor for factor in Factor if factor is not Factor.PIN])
@pytest.mark.attack("text-07")
def test_hostile_keys_are_nobodys(open_table, ledger, workshop, factor: Factor) -> None:
    with open_table("holder,profiles,card,plate,tag\nh1,residents,H10301:1:1,A123,1\n") as roster:
        for text in INJECTIONS:
            found = roster.find(factor, text)
            assert found is None or (factor, text) == (Factor.TAG, "1")
            presented = present(roster, ledger, factor, text, workshop.identity)
            assert isinstance(presented, Unknown) or (factor, text) == (Factor.TAG, "1")
        assert roster.find(Factor.CARD, "H10301:1:1").holder == "h1"


card = st.builds("H10301:{}:{}".format, st.integers(0, 3), st.integers(0, 20))
code = st.text(st.sampled_from(string.printable.strip() + " 京é'\"%_;"), min_size=1, max_size=6)
plate = st.text(st.sampled_from("AB12京粤"), min_size=2, max_size=4)
row = st.fixed_dictionaries(
    {
        "household": st.sampled_from(["", "f1", "f2"]),
        "profiles": st.sampled_from(["residents", "staff", "residents;staff", " staff ; residents "]),
        "flags": st.sampled_from(["", "visitor", "escort;extended", "exempt;vehicle"]),
        "status": st.sampled_from(["", "active", "suspended", "lost"]),
        "use_limit": st.sampled_from(["", "1", "20"]),
        "card": card,
        "code": code.map(str.strip).filter(bool),
        "plate": plate,
        "pin_with": st.sampled_from(["", "1234", "99887766"]),
    }
)
NUMBERS = {"visitor": 1, "escorted": 2, "escort": 4, "extended": 8, "holds_open": 16, "unlocks_first": 32}
NUMBERS |= {"exempt": 64, "vehicle": 128}


@CHECKED
@given(rows=st.lists(row, max_size=12), wanted=st.lists(st.one_of(card, code, plate), max_size=12))
def test_lookups_equal_a_dict_of_the_same_table(workshop, rows: list[dict[str, str]], wanted: list[str]) -> None:
    """The oracle reads the CSV again with csv.DictReader and keeps the first holder of each key in a dict."""
    text = io.StringIO()
    writer = csv.DictWriter(text, ["holder", *(rows[0] if rows else ["profiles"])])
    writer.writeheader()
    taken: dict[tuple[str, str], dict[str, str]] = {}
    for number, cells in enumerate(rows):
        cells = {"holder": f"h{number}", **cells}
        for column in ("card", "code", "plate"):
            if (column, cells[column]) in taken:
                cells[column] = ""  # each credential is issued once
            else:
                taken[column, cells[column]] = cells
        writer.writerow(cells)
    oracle = {}
    for cells in csv.DictReader(io.StringIO(text.getvalue())):
        for column in ("card", "code", "plate"):
            if cells.get(column):
                oracle[column, cells[column]] = cells
    with workshop.open(text.getvalue()) as roster:
        for column in ("card", "code", "plate"):
            for key in {*wanted, *(key for kind, key in oracle if kind == column)}:
                found = roster.find(Factor(column), key)
                cells = oracle.get((column, key))
                assert (found is None) == (cells is None)
                if found is None or cells is None:
                    continue
                assert found.holder == cells["holder"]
                assert found.household == (cells["household"] or None)
                assert found.profiles == tuple(sorted(name.strip() for name in cells["profiles"].split(";")))
                assert found.flags == sum(NUMBERS[name] for name in cells["flags"].split(";") if name)
                assert found.status == (cells["status"] or "active")
                assert found.use_limit == (int(cells["use_limit"]) if cells["use_limit"] else None)
                own = {Factor(name) for name in ("card", "code", "plate") if cells[name] and found.status == "active"}
                own |= {Factor.PIN} if cells["pin_with"] else set()
                assert set(found.second_factors) == own - {Factor(column)}
                for pin in ("1234", "99887766", "0000", ""):
                    right = roster.second_pin(found.holder, pin, workshop.identity)
                    assert right == ("right" if pin and pin == cells["pin_with"] else None)


def test_every_card_of_a_sample_is_found_and_no_other(workshop) -> None:
    """3,000 holders, seed 5, against the table read again."""
    sample_roster_csv(workshop.table, 3000, seed=5)
    workshop.rules.write_text(SAMPLE_RULES)
    table = workshop.table.read_text(encoding="utf-8")
    with workshop.open(table) as roster:
        for cells in csv.DictReader(io.StringIO(table)):
            assert roster.find(Factor.CARD, cells["card"]).holder == cells["holder"]
            if cells["plate"]:
                assert roster.find(Factor.PLATE, cells["plate"].replace("·", "")).holder == cells["holder"]
            if cells["pin"]:
                digest = workshop.identity.pin_digest("", cells["pin"])
                assert roster.find(Factor.PIN, digest).holder == cells["holder"]
        assert roster.find(Factor.CARD, "H10301:1:3000") is None
        assert roster.seal.holders == 3000


@pytest.mark.parametrize(
    ("written", "canonical_form"),
    [
        ("京A·12345", "京A12345"),
        ("京A•12345", "京A12345"),
        ("京a.123 45", "京A12345"),
        ("\uff41\uff22\uff11", "AB1"),
        ("b-ab 123", "BAB123"),  # a hyphen tells B-AB 123 from BA-B 123, and no camera sees it
        ("ba-b 123", "BAB123"),
        ("粤0·12345", "粤O12345"),  # the letter of an authority
        ("A123" + " " * 300, "A123" + " " * 300),  # nobody's: never cut to something that fits
    ],
)
def test_plates_are_written_in_one_way(written: str, canonical_form: str) -> None:
    assert canonical(Factor.PLATE, written) == canonical_form


@pytest.mark.attack("plate-01")
def test_plates_match_exactly_or_not_at_all(open_table, ledger, workshop) -> None:
    with open_table("holder,profiles,plate\nh1,residents,京A0B18\n") as roster:
        assert isinstance(present(roster, ledger, Factor.PLATE, "京A·0B18", workshop.identity), Known)
        for near in ("京AOB18", "京A0818", "京A0BI8", "京A0B1", "京A0B188", "A0B18", "C00D", "豫A0B18"):
            assert isinstance(present(roster, ledger, Factor.PLATE, near, workshop.identity), Unknown)


@pytest.mark.attack("plate-08")
@pytest.mark.parametrize(
    "near",
    [
        "京A1234",  # a plate that is the beginning of another one, and its rest
        "A12345",
        "京A123456",
        "京AA12345",
        "京A12345京A12345",
        "京A1?345",  # a character that was not read, as readers and databases write one
        "京A1*345",
        "京A1_345",
        "京A1%345",
        "京A1.345",
        "京A1�345",
        "京A1□345",
        "京",
        "",
        "-",
        "京A12345' OR '1'='1",
        "京A12345\0",
        "京A12345" + "-" * 500,
        "京A12345" * 62,
        "A" * 500,
    ],
)
def test_what_is_not_wholly_a_listed_plate_is_nobodys(open_table, ledger, workshop, near: str) -> None:
    """And is no look-alike either: what is missing, or beside it, is no misread character."""
    with open_table("holder,profiles,plate\nh1,residents,京A12345\n") as roster:
        assert isinstance(present(roster, ledger, Factor.PLATE, "京A12345", workshop.identity), Known)
        presented = present(roster, ledger, Factor.PLATE, near, workshop.identity)
        assert isinstance(presented, Unknown)
        assert not presented.near


def test_of_two_listed_look_alikes_each_is_its_own_and_a_third_is_nobodys(open_table, ledger, workshop) -> None:
    """8 and B are both listed, and a 3, which looks like either, is not."""

    def look(roster, plate):
        found = present(roster, ledger, Factor.PLATE, plate, workshop.identity)
        return found.holder if isinstance(found, Known) else found.near

    with open_table("holder,profiles,plate\nh1,residents,京A12348\nh2,residents,京A1234B\n") as roster:
        assert [look(roster, f"京A1234{last}") for last in "8B3"] == ["h1", "h2", True]
        assert look(roster, "京A1Z34B") is True
        assert look(roster, "京A1Z343") is False  # two characters from either: not a near miss, and nobody's
    with open_table("holder,profiles,plate\nh1,residents,京A1234B\n") as roster:
        assert look(roster, "京A12348") is True  # only the other one is listed now


@pytest.mark.attack("plate-09")
def test_the_o_of_an_authority_matches_its_zero_and_no_other_pair_does(open_table, ledger, workshop) -> None:
    for written in ("粤O12345", "粤0·12345"):
        with open_table(f"holder,profiles,plate\nh1,residents,{written}\nh2,residents,沪A10345\n") as roster:
            for read in ("粤O12345", "粤012345", "粤0 12345"):
                assert present(roster, ledger, Factor.PLATE, read, workshop.identity).holder == "h1"
            for other in ("沪A1O345", "粤Q12345", "粤D12345", "京012345", "粤O1234S", "O12345", "012345", "粤01234"):
                assert isinstance(present(roster, ledger, Factor.PLATE, other, workshop.identity), Unknown)
            assert present(roster, ledger, Factor.PLATE, "粤Q12345", workshop.identity).near


def test_a_plate_is_found_however_it_is_written_and_read(open_table, ledger, workshop) -> None:
    with open_table("holder,profiles,plate\nh1,residents,B-MW 12\n") as roster:
        for read in ("BMW12", "B-MW 12", "bm-w 12", "Ｂ－ＭＷ１２", "B·MW·12"):
            assert present(roster, ledger, Factor.PLATE, read, workshop.identity).holder == "h1"


# -- PINs -------------------------------------------------------------------------------------------------------------

PINS = "holder,profiles,card,pin,duress_pin,pin_with,duress_pin_with\n"
PINS += "h1,residents,H10301:1:1,123456,654321,1111,2222\nh2,residents,H10301:1:2,777777,,,\nh3,residents,,,,,3333\n"


def test_a_pin_alone_identifies_and_its_duress_variant_is_told(open_table, ledger, workshop) -> None:
    with open_table(PINS) as roster:
        tell = {
            pin: present(roster, ledger, Factor.PIN, pin, workshop.identity) for pin in ("123456", "654321", "777777")
        }
        assert {pin: (known.holder, known.duress) for pin, known in tell.items()} == {
            "123456": ("h1", False),
            "654321": ("h1", True),
            "777777": ("h2", False),
        }
        for wrong in ("1111", "2222", "3333", "", "12345", "1234567", "123456\0", "' OR 1=1", "１２３４５６"):
            assert isinstance(present(roster, ledger, Factor.PIN, wrong, workshop.identity), Unknown)


def test_a_second_pin_is_its_holders_alone(open_table, workshop) -> None:
    with open_table(PINS) as roster:
        pins = ("1111", "2222", "3333", "123456", "", "\0" * 16)
        told = {
            (holder, pin): roster.second_pin(holder, pin, workshop.identity)
            for holder in ("h1", "h2", "h3", "h4", "' OR 1=1 --", "\udcff")
            for pin in pins
        }
    assert {key: value for key, value in told.items() if value is not None} == {
        ("h1", "1111"): "right",
        ("h1", "2222"): "duress",
        ("h3", "3333"): "duress",
    }


def test_a_digest_of_zeros_is_not_the_pin_of_those_who_have_none(open_table) -> None:
    """An all-zero digest stands in where a holder has no PIN; producing it must not open."""
    zeros = SimpleNamespace(pin_digest=lambda holder, pin: bytes(16))
    with open_table(PINS) as roster:
        assert [roster.second_pin(holder, "0000", zeros) for holder in ("h2", "h3", "nobody")] == [None, None, None]


def test_another_controllers_key_makes_every_pin_wrong(open_table, workshop, ledger, tmp_path) -> None:
    from firmware.identity import Identity

    other = Identity.load_or_create(tmp_path / "other")
    with open_table(PINS) as roster:
        assert isinstance(present(roster, ledger, Factor.PIN, "123456", other), Unknown)
        assert roster.second_pin("h1", "1111", other) is None


# -- what the core is told --------------------------------------------------------------------------------------------


def test_the_core_is_told_all_of_it(open_table, ledger, workshop) -> None:
    """Written out by hand from the row; times are 2026-01-01 and the end of 2026-06-30 in Berlin, in UTC seconds."""
    table = (
        "holder,household,spaces,profiles,flags,status,valid_from,valid_until,use_limit,card,plate,pin_with\n"
        "h1,f1,2,staff;residents,escort;extended;holds_open;unlocks_first;exempt,suspended,2026-01-01,2026-06-30,5,"
        "H10301:1:1,,1234\nh1,,,,,,,,,,A123,\n"
    )
    with open_table(table) as roster:
        first = present(roster, ledger, Factor.CARD, "H10301:1:1", workshop.identity)
        ledger.entries["h1"] = SimpleNamespace(area="yard", entered_s=1000, uses={first.credential: 3, "other": 9})
        ledger.inside = 4
        known = present(roster, ledger, Factor.CARD, "H10301:1:1", workshop.identity)
        assert known == Known(
            holder="h1",
            credential=workshop.identity.pseudonym("card", "H10301:1:1"),
            roster_version=1,
            profiles=("residents", "staff"),
            household="f1",
            status="suspended",
            valid_from_s=1767222000,
            valid_until_s=1782856800,
            use_limit=5,
            escort=True,
            extended=True,
            holds_open=True,
            unlocks_first=True,
            exempt=True,
            second_factors=(Factor.PIN, Factor.PLATE),
            spaces=2,
            uses=3,
            area="yard",
            area_entered_s=1000,
        )
        assert ledger.asked == []  # a card is no vehicle
        plate = present(roster, ledger, Factor.PLATE, "a 123", workshop.identity, ("garage",))
        assert (plate.vehicle, plate.household_inside, plate.uses, plate.status) == (True, 4, 0, "active")
        assert ledger.asked == [("f1", "h1", ("garage",))]
        # The suspended card is not asked for as a second factor, the PIN is.
        assert plate.second_factors == (Factor.PIN,)


@pytest.mark.parametrize(
    "flag", ["visitor", "escorted", "escort", "extended", "holds_open", "unlocks_first", "exempt", "vehicle"]
)
def test_each_flag_is_told_under_its_own_name(open_table, ledger, workshop, flag: str) -> None:
    with open_table(
        f"holder,profiles,flags,card\nh1,residents,{flag},H10301:1:1\nh2,residents,,H10301:1:2\n"
    ) as roster:
        one, none = (present(roster, ledger, Factor.CARD, f"H10301:1:{n}", workshop.identity) for n in (1, 2))
    names = ["visitor", "escorted", "escort", "extended", "holds_open", "unlocks_first", "exempt", "vehicle"]
    assert [name for name in names if getattr(one, name)] == [flag]
    assert not any(getattr(none, name) for name in names)


def test_an_unknown_area_is_none(open_table, ledger, workshop) -> None:
    ledger.entries["h1"] = SimpleNamespace(area="", entered_s=None, uses={})
    with open_table("holder,profiles,card\nh1,residents,H10301:1:1\n") as roster:
        assert present(roster, ledger, Factor.CARD, "H10301:1:1", workshop.identity).area is None


def test_an_unknown_credential_is_told_by_its_pseudonym(open_table, ledger, workshop) -> None:
    with open_table("holder,profiles,card\nh1,residents,H10301:1:1\n") as roster:
        unknown = present(roster, ledger, Factor.CARD, "H10301:1:9", workshop.identity)
    assert unknown == Unknown(workshop.identity.pseudonym("card", "H10301:1:9"), 1)
    assert "H10301" not in unknown.token


def test_a_lookup_after_the_end_is_said(open_table) -> None:
    from firmware.roster.errors import RosterDamaged

    roster = open_table("holder,profiles,card\nh1,residents,H10301:1:1\n")
    roster.close()
    roster.close()
    with pytest.raises(RosterDamaged, match="cannot be read any more"):
        roster.find(Factor.CARD, "H10301:1:1")
