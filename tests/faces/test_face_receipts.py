"""Templates that go without anybody's asking: a receipt of each is kept for whoever asks later, and goes in its turn.

And templates that other weights made: they are told at the start and in the list, and match nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys

import msgspec
import pytest

from firmware.bench.gate import NOON_UTC_MS
from firmware.bench.rig import SITE, Rig
from firmware.controller.face_listing import RECEIPTS_S
from firmware.core.codes import Code
from firmware.faces import store
from firmware.faces.enrolled import Faces
from firmware.faces.receipt import Receipt, Signed, genuine
from firmware.identity import Identity
from firmware.messages import Erase, Leave, ListFaces, ListReceipts, WipeFaces, WithdrawFace
from tests.desk.at_desk import at_desk, person_at
from tests.faces.people import NOON_S, WHO, enrol, enrolled, site_with_faces
from tests.faces.test_face_dropped import serve

OTHER_WEIGHTS = "cd" * 32
HOUR_S = 3_600


def at_gate(folder, scenario):
    return at_desk(folder, scenario, site_with_faces(folder / "site"))


async def receipts(person) -> list[Receipt]:
    listed = await person.ask(ListReceipts(**WHO))
    signed = [msgspec.json.decode(each, type=Signed) for each in listed.receipts]
    assert all(genuine(each) for each in signed)
    return [each.receipt for each in signed]


async def expire(gate, _person) -> None:
    await gate.pass_time(HOUR_S + 5)


async def drop(gate, _person) -> None:
    await serve(gate, 2, resident=None)


async def leave(_gate, person) -> None:
    assert (await person.ask(Leave(holder="resident", **WHO))).done


async def wipe(_gate, person) -> None:
    assert (await person.ask(WipeFaces(**WHO))).done


@pytest.mark.parametrize(
    ("goes", "why", "code"),
    [
        (expire, "expired", Code.FACE_EXPIRED),
        (drop, "dropped", Code.FACE_DROPPED),
        (leave, "left", Code.FACE_WITHDRAWN),
        (wipe, "wiped", Code.FACE_WITHDRAWN),
    ],
)
def test_what_goes_by_itself_leaves_a_receipt_as_a_withdrawal_gives_it(tmp_path, goes, why, code):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + HOUR_S))
        before = await receipts(person)
        await goes(gate, person)
        now_s = gate.controller.clock.utc_s()
        after = await receipts(person)
        await gate.power_off()
        await gate.power_on()
        await gate.pass_time(1)
        async with person_at(tmp_path) as again:
            anew = await receipts(again)
        sealed = (tmp_path / "faces" / store.NAME).read_bytes()
        return before, after, anew, now_s, await gate.events(code), sealed, gate.controller.identity

    before, after, anew, now_s, told, sealed, identity = at_gate(tmp_path, scenario)
    assert before == []
    (receipt,) = after
    assert (receipt.holder, receipt.face, receipt.given_by) == ("resident", "face-resident", "Ann Example")
    assert (receipt.why, receipt.templates, receipt.given_s) == (why, 3, NOON_S)
    assert (receipt.controller, receipt.public_key) == (identity.id, identity.public_key.hex())
    assert NOON_S <= receipt.wiped_s <= now_s
    assert anew == after, "after a start, too"
    assert len(told) == 1
    assert b"Ann Example" not in sealed


def test_who_asks_for_it_gets_it_and_none_is_kept(tmp_path):
    async def scenario(_gate, person):
        await person.ask(enrol("resident", 7))
        answer = await person.ask(WithdrawFace(holder="resident", **WHO))
        return bool(answer.receipt), await receipts(person)

    assert at_gate(tmp_path, scenario) == (True, [])


@pytest.mark.parametrize("before", [None, expire])
def test_of_who_is_erased_no_receipt_stays(tmp_path, before):
    """Templates are there yet, or only the receipt of them. The other person's receipt stays."""

    async def scenario(gate, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + HOUR_S))
        await person.ask(enrol("neighbour", 8, expires_s=NOON_S + HOUR_S))
        if before is not None:
            await before(gate, person)
        await serve(gate, 2, resident=None)
        assert (await person.ask(Erase(holder="resident", **WHO))).done
        await expire(gate, person)
        kept = store.load(tmp_path / "faces", gate.controller.identity)
        return [each.holder for each in await receipts(person)], [each.receipt.holder for each in kept.receipts]

    assert at_gate(tmp_path, scenario) == (["neighbour"], ["neighbour"])


def test_a_receipt_is_kept_for_a_year(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + HOUR_S))
        await expire(gate, person)
        seen = []
        for since_s in (RECEIPTS_S - HOUR_S, RECEIPTS_S + 2 * HOUR_S):
            gate.wall.set(NOON_UTC_MS + (HOUR_S + since_s) * 1000)
            await gate.pass_time(5)
            kept = store.load(tmp_path / "faces", gate.controller.identity).receipts
            seen.append((len(await receipts(person)), len(kept)))
        return seen

    assert at_gate(tmp_path, scenario) == [(1, 1), (0, 0)]


def test_of_what_is_not_wiped_from_the_disk_yet_there_is_no_receipt(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7, expires_s=NOON_S + HOUR_S))
        folder = tmp_path / "faces"
        folder.rename(tmp_path / "moved")
        folder.write_text("a file where the folder was")
        await expire(gate, person)
        during = await receipts(person)
        folder.unlink()
        (tmp_path / "moved").rename(folder)
        await gate.pass_time(120)
        return during, [each.why for each in await receipts(person)]

    assert at_gate(tmp_path, scenario) == ([], ["expired"])


def test_templates_of_other_weights_are_told_at_the_start_and_listed_and_match_nobody(tmp_path):
    async def scenario(gate, person):
        await person.ask(enrol("resident", 7))
        await person.ask(enrol("neighbour", 8))
        identity = gate.controller.identity
        await gate.power_off()
        faces = store.load(tmp_path / "faces", identity)
        old = [
            msgspec.structs.replace(one, embedder=OTHER_WEIGHTS if one.holder == "resident" else one.embedder)
            for one in faces
        ]
        store.save(Faces(old, faces.revision), tmp_path / "faces", identity)
        await gate.power_on()
        await gate.pass_time(1)
        stand = [gate.controller.faces.stands(f"face-{holder}") for holder in ("resident", "neighbour")]
        told = [row.event.detail for row in await gate.events(Code.FACE_OUTDATED)]
        async with person_at(tmp_path) as again:
            listed = {each.holder: each.outdated for each in (await again.ask(ListFaces(**WHO))).faces}
            await again.ask(enrol("resident", 7))
            anew = {each.holder: each.outdated for each in (await again.ask(ListFaces(**WHO))).faces}
        return stand, told, listed, anew, gate.controller.faces.stands("face-resident")

    stand, told, listed, anew, stands = at_gate(tmp_path, scenario)
    assert stand == [False, True]
    assert told == ["holders: 1"]
    assert listed == {"resident": True, "neighbour": False}
    assert anew == {"resident": False, "neighbour": False}
    assert stands


@pytest.fixture
def rig(tmp_path):
    """A controller in whose store Ann's templates are of other weights, and Bob's consent is over."""
    made = Rig(tmp_path, SITE + "\n[faces]\non = true\n")
    identity = Identity.load_or_create(made.state / "identity")
    ann = enrolled("ann", 1, expires_s=NOON_S + 3 * 366 * 86_400)
    bob = enrolled("bob", 2, given_by="Bob Example", given_s=NOON_S - 2 * HOUR_S, expires_s=NOON_S - 3 * 366 * 86_400)
    faces = Faces([msgspec.structs.replace(ann, embedder=OTHER_WEIGHTS), bob], 2)
    store.save(faces, made.state / "faces", identity)
    yield made
    made.close()


def said(rig: Rig, *words: str) -> tuple[int, str]:
    asked = [sys.executable, "-m", "firmware", "faces", *words, "--state", str(rig.state)]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_command_says_whom_to_enrol_anew_and_hands_out_receipts(rig, tmp_path):
    rig.start()
    status, text = said(rig, "receipts", "--json")
    for _ in range(30):  # the store is looked through once a second
        if status == 0:
            break
        status, text = said(rig, "receipts", "--json")
    (receipt,) = json.loads(text)["receipts"]
    assert (receipt["receipt"]["holder"], receipt["receipt"]["why"]) == ("bob", "expired")
    file = tmp_path / "receipt.json"
    status, text = said(rig, "receipts", "bob", "--receipt", str(file))
    assert (status, json.loads(text)) == (0, receipt)
    assert json.loads(file.read_text()) == receipt
    assert file.stat().st_mode & 0o777 == 0o600
    check = [sys.executable, "-m", "firmware", "faces", "receipt", str(file)]
    assert subprocess.run(check, capture_output=True, timeout=60, check=False).returncode == 0
    assert said(rig, "receipts", "ann", "--language", "en")[0] == 1
    for language, words in (("en", ("enrol anew", "consent expired")), ("zh", ("请重新登记", "同意已到期"))):
        status, text = said(rig, "list", "--language", language)
        assert status == 0
        assert words[0] in next(line for line in text.splitlines() if line.startswith("ann"))
        status, text = said(rig, "receipts", "--language", language)
        assert status == 0
        assert words[1] in next(line for line in text.splitlines() if line.startswith("bob"))
    assert json.loads(said(rig, "list", "--json")[1])["faces"][0]["outdated"] is True
    assert json.loads(said(rig, "status", "--json")[1])["outdated"] == 1
