"""Edits of the list: told to the journal before they count, whole or not at all, and never over somebody else's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import Enrol, TellPeople
from firmware.people.at_once import finish
from firmware.people.errors import Denied
from firmware.people.following import FOLLOWING
from firmware.people_words.base import HowAreThings, Standing
from firmware.people_words.holders import (
    AddCredential,
    AskChoices,
    BeginSource,
    Choices,
    DropPin,
    EditCredential,
    Edited,
    EditHolder,
    EditHousehold,
    GivePin,
    HolderSheet,
    HouseholdSheet,
    LookAtHolder,
    LookAtHousehold,
    PinGiven,
)
from firmware.roster.authority import Adoption, write_adoption
from tests.people.desk import MANAGER, OTHER, AtDesk, at_desk

CARD = "H10301:12:34567"
WANG = {"name": "王芳", "phone": "138 0013 8000", "relation": "owner", "profiles": "residents"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[AtDesk]:
    with at_desk(tmp_path) as made:
        yield made


def add(desk: AtDesk, **fields: str) -> str:
    told = desk.ask(EditHolder(fields={**WANG, **fields}, new_household=True))
    assert isinstance(told, Edited)
    return told.id


def look(desk: AtDesk, holder: str) -> HolderSheet:
    sheet = desk.ask(LookAtHolder(holder=holder))
    assert isinstance(sheet, HolderSheet)
    return sheet


def test_a_person_is_added_with_a_new_household(desk: AtDesk) -> None:
    id = add(desk, household="3-2-501")
    sheet = look(desk, id)
    assert sheet.fields["name"] == "王芳"
    assert sheet.label == "3-2-501"
    assert sheet.fields["profiles"] == "residents"
    assert desk.rows("SELECT name, phone FROM holder") == [("王芳", "138 0013 8000")]
    assert desk.gate.told() == [("edited", "holder added")]
    (told,) = [one for one in desk.gate.asked if isinstance(one, TellPeople)]
    assert (told.issuer, told.address, told.holder) == ("Li Wei", "10.0.0.7", id)
    assert "王芳" not in repr(told), "no name goes into the journal"
    assert desk.rows("SELECT who FROM batch ORDER BY id DESC LIMIT 1") == [("Li Wei",)]


def test_a_second_person_of_the_household_needs_no_new_one(desk: AtDesk) -> None:
    first = add(desk, household="3-2-501")
    told = desk.ask(EditHolder(fields={**WANG, "name": "Li", "household": "3-2-501"}))
    assert look(desk, told.id).fields["household"] == look(desk, first).fields["household"]
    assert [row.id for row in look(desk, told.id).members] == [first]


@pytest.mark.parametrize(
    ("fields", "word", "field"),
    [
        ({"name": " "}, "people_bad_name", "name"),
        ({"name": "x" * 101}, "people_bad_name", "name"),
        ({"phone": "1" * 65}, "people_bad_phone", "phone"),
        ({"name": "a\u202eb"}, "people_bad_name", "name"),
        ({"profiles": ""}, "people_bad_profiles", "profiles"),
        ({"profiles": "kings"}, "people_bad_profiles", "profiles"),
        ({"flags": "flying"}, "people_bad_flags", "flags"),
        ({"household": "9-9-999"}, "people_household_new", "household"),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(
    desk: AtDesk, fields: dict[str, str], word: str, field: str
) -> None:
    with pytest.raises(Denied) as refused:
        desk.ask(EditHolder(fields={**WANG, **fields}))
    assert (refused.value.said.word, refused.value.said.field) == (word, field)
    assert desk.rows("SELECT count(*) FROM holder") == [(0,)]
    assert desk.gate.told() == []


def test_where_the_journal_is_away_nothing_is_changed(desk: AtDesk) -> None:
    desk.gate.refuse["TellPeople"] = ("not_recorded",)
    with pytest.raises(Denied, match="people_not_recorded"):
        desk.ask(EditHolder(fields=WANG))
    desk.gate.stop()
    with pytest.raises(Denied, match="people_no_controller"):
        desk.ask(EditHolder(fields=WANG))
    assert desk.rows("SELECT count(*) FROM holder") == [(0,)]


def test_it_is_told_before_it_is_committed(desk: AtDesk) -> None:
    """What another program reads of the source while the journal is told."""
    seen: list[object] = []
    desk.gate.before = lambda command: seen.append(
        (type(command).__name__, desk.rows("SELECT count(*) FROM holder")[0][0])
    )
    add(desk)
    assert ("TellPeople", 0) in seen
    assert desk.rows("SELECT count(*) FROM holder") == [(1,)]


def test_two_managers_at_one_person(desk: AtDesk) -> None:
    id = add(desk)
    seen = look(desk, id).revision
    desk.ask(EditHolder(holder=id, revision=seen, fields={"phone": "1"}), OTHER)
    with pytest.raises(Denied) as refused:
        desk.ask(EditHolder(holder=id, revision=seen, fields={"phone": "2"}), MANAGER)
    assert refused.value.said.word == "people_changed_meanwhile"
    assert refused.value.said.fills["who"] == "Chen Jie"
    assert look(desk, id).fields["phone"] == "1"
    desk.ask(EditHolder(holder=id, revision=look(desk, id).revision, fields={"phone": "2"}))
    assert look(desk, id).fields["phone"] == "2"


def test_two_managers_at_the_same_instant(desk: AtDesk) -> None:
    """Both have seen the same; one of them is refused, whoever comes first."""
    id = add(desk)
    seen = look(desk, id).revision
    outcomes: list[str] = []

    def change(text: str) -> None:
        try:
            desk.ask(EditHolder(holder=id, revision=seen, fields={"note": text}))
            outcomes.append(text)
        except Denied as denied:
            outcomes.append(denied.said.word)

    threads = [threading.Thread(target=change, args=(text,)) for text in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("people_changed_meanwhile") == 1
    assert look(desk, id).fields["note"] in ("one", "two")


def test_a_change_that_changes_nothing_leaves_no_trace(desk: AtDesk) -> None:
    id = add(desk)
    told = desk.ask(EditHolder(holder=id, revision=look(desk, id).revision, fields=WANG))
    assert told.batch == 0
    assert desk.gate.told() == [("edited", "holder added")]


def test_a_household_has_spaces_and_goes_when_nobody_lives_there(desk: AtDesk) -> None:
    id = add(desk, household="3-2-501")
    home = look(desk, id).fields["household"]
    sheet = desk.ask(LookAtHousehold(household=home))
    assert isinstance(sheet, HouseholdSheet)
    desk.ask(EditHousehold(household=home, revision=sheet.revision, fields={"spaces": "2"}))
    assert look(desk, id).spaces == 2
    with pytest.raises(Denied) as refused:
        desk.ask(EditHousehold(household=home, revision=99, fields={"spaces": "many"}))
    assert (refused.value.said.word, refused.value.said.field) == ("people_bad_spaces", "spaces")
    with pytest.raises(Denied, match="people_refused"):
        desk.ask(EditHousehold(household=home, revision=99, fields={}, remove=True))
    assert desk.gate.told()[-1] == ("edit_not_done", "household removed"), "told before, and not so"
    desk.ask(EditHolder(holder=id, revision=99, fields={"household": ""}))
    desk.ask(EditHousehold(household=home, revision=99, fields={}, remove=True))
    assert desk.rows("SELECT count(*) FROM household") == [(0,)]


# -- credentials ------------------------------------------------------------------------------------------------------


def test_a_card_is_added_and_opens_at_once(desk: AtDesk) -> None:
    id = add(desk)
    told = desk.ask(AddCredential(holder=id, kind="card", fields={"key": CARD, "printed": "012 34567"}))
    assert (told.at_gate, told.batch > 0) == (True, True)
    (enrol,) = [one for one in desk.gate.asked if isinstance(one, Enrol)]
    assert (enrol.holder, enrol.key) == (id, CARD)
    (row,) = look(desk, id).credentials
    assert (row.kind, row.shown, row.state, row.printed) == ("card", CARD, "enrolled", "012 34567")
    assert desk.gate.told()[-1] == ("edited", "card added")


def test_where_the_gate_does_not_take_it_at_once_the_list_has_it_and_it_is_said(desk: AtDesk) -> None:
    id = add(desk)
    desk.gate.refuse["Enrol"] = ("holder_not_found",)
    told = desk.ask(AddCredential(holder=id, kind="card", fields={"key": CARD}))
    assert (told.at_gate, told.reasons) == (False, ("holder_not_found",))
    (row,) = look(desk, id).credentials
    assert row.state != "in_force"


@pytest.mark.parametrize(
    ("kind", "key", "word"),
    [
        ("card", "12:34:56", "people_bad_card"),
        ("card", "H10301:012:1", "people_bad_card"),
        ("card", "raw:37:xyz", "people_bad_card"),
        ("plate", "!", "people_bad_plate"),
        ("tag", "a b", "people_bad_tag"),
        ("code", "", "people_bad_code"),
        ("pin", "1234", "people_bad_kind"),
        ("face", "x", "people_bad_kind"),
        ("wand", "x", "people_bad_kind"),
    ],
)
def test_what_is_typed_wrongly_is_said_at_its_field(desk: AtDesk, kind: str, key: str, word: str) -> None:
    id = add(desk)
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder=id, kind=kind, fields={"key": key}))
    assert refused.value.said.word == word
    assert look(desk, id).credentials == ()


def test_whose_card_it_is_already_is_said(desk: AtDesk) -> None:
    first, second = add(desk), add(desk, name="Li Na")
    desk.ask(AddCredential(holder=first, kind="card", fields={"key": CARD}))
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder=second, kind="card", fields={"key": CARD}))
    assert (refused.value.said.word, refused.value.said.fills["name"]) == ("people_key_taken", "王芳")


def test_a_plate_is_a_vehicle_in_its_normal_form(desk: AtDesk) -> None:
    id = add(desk)
    desk.ask(AddCredential(holder=id, kind="plate", fields={"key": "京 A·12345"}))
    assert desk.rows("SELECT plate, holder FROM vehicle") == [("京A12345", id)]
    (row,) = look(desk, id).credentials
    assert (row.kind, row.shown) == ("plate", "京A12345")


def test_a_credential_is_changed_and_removed_by_its_ref(desk: AtDesk) -> None:
    id = add(desk)
    desk.ask(AddCredential(holder=id, kind="card", fields={"key": CARD}, at_once=False))
    (row,) = look(desk, id).credentials
    ask = {"holder": id, "ref": row.ref, "revision": look(desk, id).revision}
    with pytest.raises(Denied) as refused:
        desk.ask(EditCredential(**ask, fields={"valid_from": "2027-01-02", "valid_until": "2027-01-01"}))
    assert (refused.value.said.word, refused.value.said.field) == ("people_bad_valid_until", "valid_until")
    desk.ask(EditCredential(**ask, fields={"valid_until": "2027-01-01T12:00", "status": "lost"}))
    (row,) = look(desk, id).credentials
    assert (row.status, row.valid_until_s) == ("lost", 1_798_776_000)  # 04:00 UTC: Shanghai is eight hours ahead
    with pytest.raises(Denied, match="people_changed_meanwhile"):
        desk.ask(EditCredential(**ask, remove=True))
    desk.ask(EditCredential(holder=id, ref=row.ref, revision=look(desk, id).revision, remove=True))
    assert look(desk, id).credentials == ()
    with pytest.raises(Denied, match="people_credential_gone"):
        desk.ask(EditCredential(holder=id, ref=row.ref, revision=look(desk, id).revision, remove=True))


# -- PINs -------------------------------------------------------------------------------------------------------------


def test_a_pin_is_made_told_once_and_stands_as_a_digest(desk: AtDesk) -> None:
    id = add(desk)
    given = desk.ask(GivePin(holder=id, use="with"))
    assert isinstance(given, PinGiven)
    assert given.digits.isdecimal()
    assert len(given.digits) == 6
    (stored,) = desk.rows("SELECT pin_with FROM holder")[0]
    digest = desk.identity.pin_digest(id, given.digits).hex()
    assert stored == f"digest:{desk.identity.digest_key_id}:6:{digest}"
    assert given.digits not in repr(given)
    assert look(desk, id).pin_with
    with pytest.raises(Denied) as refused:
        desk.ask(GivePin(holder=id, use="duress", digits=given.digits))
    assert refused.value.said.field == "duress_pin_with"
    desk.ask(DropPin(holder=id, use="with"))
    assert not look(desk, id).pin_with


def test_a_pin_alone_is_nobody_elses(desk: AtDesk) -> None:
    first, second = add(desk), add(desk, name="Li Na")
    desk.ask(GivePin(holder=first, use="alone", digits="735190"))
    (row,) = look(desk, first).credentials
    assert (row.kind, row.shown) == ("pin", ""), "no digit and no digest is shown"
    with pytest.raises(Denied) as refused:
        desk.ask(GivePin(holder=second, use="alone", digits="735190"))
    assert (refused.value.said.word, refused.value.said.field) == ("people_pin_taken", "digits")
    assert "王芳" not in str(refused.value.said), "whose it is would be a PIN that opens"
    with pytest.raises(Denied, match="people_bad_pin"):
        desk.ask(GivePin(holder=second, use="alone", digits="12"))


# -- whose list it is -------------------------------------------------------------------------------------------------


def test_a_list_is_begun_where_there_is_none(tmp_path: Path) -> None:
    with at_desk(tmp_path, source=False) as desk:
        with pytest.raises(Denied, match="people_no_source"):
            desk.ask(EditHolder(fields=WANG))
        assert not desk.ask(HowAreThings()).source
        desk.ask(BeginSource())
        choices = desk.ask(AskChoices())
        assert isinstance(choices, Choices)
        assert choices.profiles == ("everywhere",)
        with pytest.raises(Denied, match="people_source_there"):
            desk.ask(BeginSource())
        add(desk, profiles="everywhere")
        standing = desk.ask(HowAreThings())
        assert isinstance(standing, Standing)
        assert (standing.source, standing.mine, standing.holders) == (True, True, 1)


def test_the_list_of_a_community_is_not_edited_here(desk: AtDesk) -> None:
    id = add(desk)
    write_adoption(desk.state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))
    standing = desk.ask(HowAreThings())
    assert (standing.mine, standing.owner) == (False, "Sunrise Garden")
    for question in (
        EditHolder(holder=id, revision=99, fields={"note": "x"}),
        GivePin(holder=id, use="with"),
    ):
        with pytest.raises(Denied, match="people_not_ours"):
            desk.ask(question)
    told = desk.ask(AddCredential(holder=id, kind="card", fields={"key": CARD}))
    assert (told.at_gate, told.batch) == (True, 0), "here at once, and in no list"
    assert desk.rows("SELECT count(*) FROM credential") == [(0,)]


@pytest.mark.parametrize(
    ("typed", "chosen", "key"),
    [
        ("012,34567", "H10301", "H10301:12:34567"),
        ("012 34567", "H10301", "H10301:12:34567"),
        ("12:34567", "H10304", "H10304:12:34567"),
        ("012/00099", "H10301", "H10301:12:99"),
    ],
)
def test_a_card_is_typed_as_it_is_printed_where_its_format_is_said(
    desk: AtDesk, typed: str, chosen: str, key: str
) -> None:
    id = add(desk)
    desk.ask(AddCredential(holder=id, kind="card", fields={"key": typed, "format": chosen}, at_once=False))
    assert [row.shown for row in look(desk, id).credentials] == [key]


@pytest.mark.parametrize(
    ("typed", "chosen", "word"),
    [
        ("012,34567", "", "people_which_format"),
        ("012,34567", "H99999", "people_which_format"),
        ("300,34567", "H10301", "people_not_of_format"),
        ("012,70000", "H10301", "people_not_of_format"),
    ],
)
def test_a_printed_number_is_never_guessed(desk: AtDesk, typed: str, chosen: str, word: str) -> None:
    """The demo's readers deliver H10301 and H10304; H10301 has eight bits of facility and sixteen of number."""
    id = add(desk)
    with pytest.raises(Denied) as refused:
        desk.ask(AddCredential(holder=id, kind="card", fields={"key": typed, "format": chosen}))
    assert (refused.value.said.word, refused.value.said.field) == (word, "key")
    assert look(desk, id).credentials == ()


def test_of_a_fleet_one_credential_is_looked_at_by_its_ref(desk: AtDesk) -> None:
    """More than fit into one answer."""
    id = add(desk, name="Fleet")
    desk.put(*(("credential", f"tag:t{n:04}", {"holder": id}) for n in range(510)))
    whole = look(desk, id)
    assert whole.credentials_more == 10
    ref = desk.identity.pseudonym("tag", "t0509")
    assert ref not in [row.ref for row in whole.credentials]
    alone = desk.ask(LookAtHolder(holder=id, ref=ref))
    assert isinstance(alone, HolderSheet)
    assert [(row.ref, row.shown) for row in alone.credentials] == [(ref, "t0509")]


@pytest.mark.parametrize("question", [GivePin(holder="nobody", use="with"), DropPin(holder="nobody", use="with")])
def test_nobody_gets_a_pin(desk: AtDesk, question: GivePin | DropPin) -> None:
    with pytest.raises(Denied, match="people_not_found"):
        desk.ask(question)
    assert desk.gate.told() == []


def test_where_the_list_is_elsewhere_a_credential_is_told_before_it_is_asked_for(desk: AtDesk) -> None:
    """By whom and from where, as everything else; and what came of it."""
    id = add(desk)
    write_adoption(desk.state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))
    desk.gate.asked.clear()
    question = AddCredential(holder=id, kind="card", fields={"key": CARD}, why="the community's list is late")
    desk.ask(question)
    told, asked = desk.gate.asked
    assert isinstance(told, TellPeople)
    assert (told.issuer, told.address, told.holder, told.why) == (
        MANAGER.name,
        MANAGER.address,
        id,
        "the community's list is late",
    )
    assert (told.act.value, told.detail) == ("edited", "card enrolled here")
    assert isinstance(asked, Enrol)
    assert list((desk.state / "people").glob("asked-*")) == []
    desk.gate.refuse["Enrol"] = ("holder_not_found",)
    with pytest.raises(Denied, match="people_gate_refused") as refused:
        desk.ask(question)
    assert refused.value.said.fills["reasons"] == "holder_not_found"
    assert desk.gate.told()[1:] == [("edited", "card enrolled here"), ("edit_not_done", "card enrolled here")]
    desk.gate.refuse = {"TellPeople": ("not_recorded",)}
    desk.gate.asked.clear()
    with pytest.raises(Denied, match="people_not_recorded"):
        desk.ask(question)
    assert not any(isinstance(each, Enrol) for each in desk.gate.asked), "what the journal does not know is not done"


def test_where_the_list_is_elsewhere_and_nobody_answers_it_is_found_out_later(desk: AtDesk) -> None:
    id = add(desk)
    write_adoption(desk.state / "roster", Adoption("Sunrise Garden", ("ab" * 32,), 1))

    def goes(command: object) -> None:
        if isinstance(command, Enrol):
            raise ConnectionError

    desk.gate.before = goes
    with pytest.raises(Denied, match="people_gate_unanswered"):
        desk.ask(AddCredential(holder=id, kind="card", fields={"key": CARD}))
    assert ("edit_not_done", "card enrolled here") not in desk.gate.told()
    assert finish(desk.place, FOLLOWING)
    assert desk.gate.told()[-1] == ("edit_not_done", "card enrolled here")
