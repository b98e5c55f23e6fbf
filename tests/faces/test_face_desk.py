"""Enrolment and withdrawal at a whole gate: what is asked, kept, told and wiped, and what of it stands on the disk."""

from __future__ import annotations

import json
import struct

import msgspec
import pytest

from firmware.core.codes import Code, Reason
from firmware.faces import store
from firmware.faces.receipt import Signed, genuine
from firmware.messages import Answer, Erase, FacesListed, Leave, ListFaces, WipeFaces, WithdrawFace
from tests.desk.at_desk import at_desk, person_at
from tests.faces.people import DAY_S, NOON_S, WHO, enrol, site_with_faces, template, vector

FACES = (Code.FACE_ENROLLED, Code.FACE_WITHDRAWN, Code.FACE_EXPIRED, Code.FACE_REFUSED, Code.FACE_FAILED)


def at_gate(folder, scenario, *, record=None, **site):
    return at_desk(folder, scenario, site_with_faces(folder / "site", **site), record=record)


async def told(gate):
    return [(row.event.code, row.event.body and row.event.body.holder) for row in await gate.events(*FACES)]


def traces(seed):
    """Every way in which a template of this seed could be written somewhere."""
    for each in range(3):
        values = vector(seed * 10 + each)
        yield template(seed * 10 + each)[:24]
        yield struct.pack("<12f", *values[:12])
        yield struct.pack("<12d", *values[:12])
        yield template(seed * 10 + each).hex()[:48].encode()
        yield json.dumps(values[0])[:9].encode()


def left_in(folder, seed):
    """Files of a folder in which something of a template stands in the clear."""
    marks = tuple(traces(seed))
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.startswith("journal.db") for path in files)
    return {path.name for path in files for mark in marks if mark in path.read_bytes()}


def test_who_consented_is_enrolled_told_and_listed_and_nothing_of_the_face_is_anywhere(tmp_path):
    record = tmp_path / "day.recording"

    async def scenario(gate, person):
        answer = await person.ask(enrol("resident", 7))
        listed = await person.ask(ListFaces(**WHO))
        events = await gate.events(Code.FACE_ENROLLED)
        stands = gate.controller.faces.stands("face-resident")
        return answer, listed, events[0].event, stands, left_in(tmp_path, 7)

    answer, listed, event, stands, left = at_gate(tmp_path, scenario, record=record)
    assert answer == Answer(answer.request, True)
    assert isinstance(listed, FacesListed)
    assert [(one.holder, one.given_by, one.witness, one.templates) for one in listed.faces] == [
        ("resident", "Ann Example", WHO["issuer"], 3)
    ]
    assert stands
    assert event.body.holder == "resident"
    assert event.body.issuer == WHO["issuer"]
    assert event.detail == f"until {NOON_S + 365 * DAY_S} text 1 en, 3 templates"
    assert "Ann Example" not in str(event)
    assert left == set()
    assert b"Ann Example" not in record.read_bytes()
    assert left_in(tmp_path, 7) == set(), "after the stop, too"


@pytest.mark.attack("face-09")
def test_while_faces_are_off_nothing_is_enrolled_and_no_face_stands(tmp_path):
    async def scenario(gate, person):
        answer = await person.ask(enrol("resident"))
        return answer, gate.controller.faces.stands("face-resident"), (tmp_path / "faces" / store.NAME).exists()

    answer, stands, kept = at_gate(tmp_path, scenario, on=False)
    assert (answer.done, answer.reasons) == (False, (Reason.FACES_OFF,))
    assert not stands
    assert not kept


@pytest.mark.parametrize(
    ("command", "reasons"),
    [
        (enrol("nobody"), (Reason.NOT_FOUND_HOLDER,)),
        (enrol("guard"), (Reason.FACE_NOT_IN_ROSTER,)),
        (enrol("resident", given_by=WHO["issuer"]), ("face_consent:consent_witness",)),
        (enrol("resident", under_14=True), ("face_consent:consent_guardian",)),
        (enrol("resident", expires_s=NOON_S - 1), ("face_consent:consent_expiry", "face_consent:consent_expired")),
        (enrol("resident", templates=(template(1),)), (Reason.FACE_PICTURES,)),
        (enrol("resident", templates=(template(1),) * 3), (Reason.FACE_PICTURES,)),
        (enrol("resident", templates=tuple(template(n) for n in range(6))), (Reason.FACE_PICTURES,)),
        (enrol("resident", templates=(b"\0" * 384, template(1), template(2))), (Reason.FACE_PICTURES,)),
        (enrol("resident", templates=(b"\xff" * 384, template(1), template(2))), (Reason.FACE_PICTURES,)),
        (enrol("resident", templates=(template(1)[:-2], template(1), template(2))), (Reason.FACE_PICTURES,)),
        (enrol("resident", turns=(0.0, 0.1)), (Reason.FACE_PICTURES,)),
        (enrol("resident", turns=(0.0, 0.1, float("nan"))), (Reason.FACE_PICTURES,)),
        (enrol("resident", embedder="yes"), (Reason.FACE_MODEL,)),
        (enrol("resident", embedder="cd" * 32), (Reason.FACE_MODEL,)),
    ],
)
def test_what_is_not_whole_is_refused_told_and_not_kept(tmp_path, command, reasons):
    async def scenario(gate, person):
        answer = await person.ask(command)
        return answer, await told(gate), len((await person.ask(ListFaces(**WHO))).faces)

    answer, events, enrolled = at_gate(tmp_path, scenario, faces={"resident": "face-resident"})
    assert (answer.done, answer.reasons) == (False, reasons)
    assert [code for code, _ in events] == [Code.FACE_REFUSED]
    assert enrolled == 0


@pytest.mark.attack("face-10")
def test_withdrawn_consent_wipes_the_templates_and_gives_a_receipt_that_proves_itself(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        sealed = (tmp_path / "faces" / store.NAME).read_bytes()
        answer = await person.ask(WithdrawFace(holder="resident", **WHO))
        again = await person.ask(WithdrawFace(holder="resident", **WHO))
        stands = gate.controller.faces.stands("face-resident")
        files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        return answer, again, stands, await told(gate), any(sealed[60:100] in each for each in files)

    answer, again, stands, events, left = at_gate(tmp_path, scenario)
    assert answer.done
    receipt = msgspec.json.decode(answer.receipt, type=Signed)
    assert genuine(receipt)
    assert (receipt.receipt.holder, receipt.receipt.given_by, receipt.receipt.templates) == (
        "resident",
        "Ann Example",
        3,
    )
    assert (again.done, again.reasons) == (False, (Reason.NOT_FOUND_HOLDER,))
    assert not stands
    assert not left, "not even encrypted, in any file of the state folder"
    assert events[:2] == [(Code.FACE_ENROLLED, "resident"), (Code.FACE_WITHDRAWN, "resident")]


@pytest.mark.attack("face-11")
def test_a_consent_that_is_over_matches_nobody_and_its_templates_go(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + 3_600))
        before = gate.controller.faces.stands("face-resident")
        await gate.pass_time(3_605)
        after = gate.controller.faces.stands("face-resident")
        kept = store.load(tmp_path / "faces", gate.controller.identity)
        return before, after, len(kept), await told(gate)

    before, after, kept, events = at_gate(tmp_path, scenario)
    assert (before, after, kept) == (True, False, 0)
    assert events == [(Code.FACE_ENROLLED, "resident"), (Code.FACE_EXPIRED, "resident")]


def test_without_a_known_time_nobody_matches(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        gate.wall.set(0)
        await gate.pass_time(3)
        refused = await person.ask(enrol("neighbour", 8))
        return gate.controller.faces.stands("face-resident"), refused.reasons, gate.controller.clock.utc_s()

    stands, reasons, now_s = at_gate(tmp_path, scenario)
    assert now_s is None
    assert not stands
    assert reasons == (Reason.CLOCK_UNKNOWN_REFUSED,)


@pytest.mark.parametrize("command", [Leave(holder="resident", **WHO)])
def test_who_leaves_is_not_recognised_any_more(tmp_path, command):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        answer = await person.ask(command)
        kept = store.load(tmp_path / "faces", gate.controller.identity)
        return answer, len(kept), await told(gate)

    answer, kept, events = at_gate(tmp_path, scenario)
    assert answer.done
    assert kept == 0
    assert events[-1] == (Code.FACE_WITHDRAWN, "resident")


def test_who_is_erased_has_no_template_and_no_name_left(tmp_path):
    """The roster has the holder yet, so the erasure is refused; the templates are gone all the same."""

    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        answer = await person.ask(Erase(holder="resident", **WHO))
        kept = store.load(tmp_path / "faces", gate.controller.identity)
        return answer.reasons, len(kept)

    assert at_gate(tmp_path, scenario) == ((Reason.SAID_BY_ROSTER,), 0)


@pytest.mark.attack("face-12")
@pytest.mark.parametrize("spoil", ["flip", "put back", "gone", "foreign"])
def test_after_a_start_on_a_spoiled_store_nobody_matches_cards_go_on_and_a_wipe_begins_anew(tmp_path, spoil):
    path = tmp_path / "faces" / store.NAME

    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        old = path.read_bytes()
        await person.ask(enrol("neighbour", 8))
        whole = path.read_bytes()
        await gate.power_off()
        if spoil == "gone":
            path.unlink()
        else:
            spoiled = {"flip": whole[:99] + bytes([whole[99] ^ 1]) + whole[100:], "put back": old}
            path.write_bytes(spoiled.get(spoil, b"Menshen enrolled faces" + bytes(200)))
        await gate.power_on()
        await gate.pass_time(1)
        stands = gate.controller.faces.stands("face-resident")
        await gate.present("resident", "front_reader")
        async with person_at(tmp_path) as again:
            refused = await again.ask(enrol("resident", 7))
            wiped = await again.ask(WipeFaces(**WHO))
            anew = await again.ask(enrol("resident", 7))
        granted = [row.event.body.holder for row in await gate.events(Code.GRANTED)]
        failed = await gate.events(Code.FACE_FAILED)
        return stands, granted, refused.reasons, wiped.done, anew.done, len(failed)

    stands, granted, refused, wiped, anew, failed = at_gate(tmp_path, scenario)
    assert not stands
    assert granted == ["resident"]
    assert refused == (Reason.FACE_STORE,)
    assert (wiped, anew, failed) == (True, True, 1)


def test_what_is_enrolled_is_there_after_a_start(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        await gate.power_off()
        await gate.power_on()
        await gate.pass_time(1)
        return gate.controller.faces.stands("face-resident"), await told(gate)

    stands, events = at_gate(tmp_path, scenario)
    assert stands
    assert events == [(Code.FACE_ENROLLED, "resident")]


def test_a_disk_that_fails_withdraws_all_the_same_and_says_that_it_is_not_saved(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        folder = tmp_path / "faces"
        folder.rename(tmp_path / "moved")
        folder.write_text("a file where the folder was")
        answer = await person.ask(WithdrawFace(holder="resident", **WHO))
        stands = gate.controller.faces.stands("face-resident")
        folder.unlink()
        (tmp_path / "moved").rename(folder)
        await gate.pass_time(120)
        return answer, stands, len(store.load(folder, gate.controller.identity)), await told(gate)

    answer, stands, kept, events = at_gate(tmp_path, scenario)
    assert (answer.done, answer.reasons, answer.receipt) == (False, (Reason.NOT_SAVED,), "")
    assert not stands
    assert kept == 0, "saved as soon as the disk works"
    assert (Code.FACE_FAILED, None) in events
