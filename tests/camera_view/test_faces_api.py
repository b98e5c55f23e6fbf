"""Faces by the API: enrolled before a witness who has logged in, listed and withdrawn by programs too."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from firmware.camera_commands import TakeFace
from firmware.core.codes import Code
from firmware.faces.receipt import Signed, genuine
from tests.camera_view.test_faces_at_the_page import CAMERA, HOLDER, faced, says
from tests.network.api_client import by_session, call, make_client, told, words
from tests.network.running import running_page, settings

FACES = "/api/v1/faces"
ASKED = {"holder": HOLDER, "given_by": "Ann Example", "camera": CAMERA, "language": "en", "agreed": "yes"}
SITE = settings(faces_on=True, face_cameras=(CAMERA,), cameras={CAMERA: "front_door"})


def play(folder, scenario, **more):
    async def run():
        async with faced(folder, **more) as rig:
            return await scenario(rig)

    return asyncio.run(run())


async def over(person) -> dict:
    async with asyncio.timeout(20):
        while not (progress := told(await person.get(f"{FACES}/enrolling")))["over"]:  # noqa: ASYNC110
            await asyncio.sleep(0.3)
    return progress


async def enrol(rig, person, key: str) -> dict:
    begun = await by_session(person, "POST", FACES, ASKED, key)
    assert begun.status == 201, begun.text
    says(rig, 3, over=True)
    return await over(person)


def test_an_enrolment_with_its_witness_and_the_list(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        none = told(await manager.get(FACES))
        begun = await by_session(manager, "POST", FACES, ASKED, "enrol-0001")
        again = await by_session(manager, "POST", FACES, ASKED, "enrol-0001")
        says(rig, 1, step="left", why=("dark",))
        during = told(await manager.get(f"{FACES}/enrolling"))
        chinese = told(await manager.get(f"{FACES}/enrolling", accept_language="zh-CN"))
        another = told(await (await rig.person().log_in("manager")).get(f"{FACES}/enrolling"))
        says(rig, 3, over=True)
        done = await over(manager)
        listed = told(await manager.get(FACES))
        return locals()

    got = play(tmp_path, scenario)
    assert (got["none"]["on"], got["none"]["cameras"], got["none"]["count"]) == (True, [CAMERA], 0)
    assert [got["begun"].status, got["again"].status] == [201, 201]
    assert got["begun"].header("location") == f"{FACES}/enrolling"
    assert (told(got["begun"])["holder"], told(got["begun"])["state"]) == (HOLDER, "looking")
    assert len(got["rig"].rows(Code.FACE_TAKING)) == 1
    assert (got["during"]["step"], got["during"]["angles"], got["during"]["angles_needed"]) == (
        "Turn the head a little to your left",
        1,
        3,
    )
    assert len(got["during"]["said"]) == 1
    assert got["chinese"]["step"] == "请将头稍向左转"
    assert (got["another"]["state"], got["another"]["holder"]) == ("over", ""), "another log-in's is nobody's business"
    assert got["done"]["state"] == "done"
    (face,) = got["listed"]["faces"]
    assert (face["holder"], face["given_by"], face["witness"], face["templates"]) == (
        HOLDER,
        "Ann Example",
        "manager",
        3,
    )
    assert (got["listed"]["count"], got["listed"]["next"]) == (1, None)
    row = got["rig"].rows(Code.FACE_TAKING)[0]
    assert (row.event.body.issuer, row.event.body.note) == ("manager", "The person asked for it")


def test_a_program_withdraws_a_consent_and_hands_the_receipt_over(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        _, token = await make_client(manager, "Office", "manager")
        await enrol(rig, manager, "enrol-0001")
        listed = told(await call(manager, "GET", FACES, token))
        place, key = f"{FACES}/{HOLDER}/withdraw", {"idempotency-key": "leaves-0001"}
        gone = await call(manager, "POST", place, token, {"why": "moves away"}, key)
        again = await call(manager, "POST", place, token, {"why": "moves away"}, key)
        later = await call(manager, "POST", place, token, {"why": "moves away"}, {"idempotency-key": "leaves-0002"})
        kept = told(await call(manager, "GET", f"{FACES}/receipts", token))
        return listed, gone, again, later, kept, rig.rows(Code.FACE_WITHDRAWN)

    listed, gone, again, later, kept, rows = play(tmp_path, scenario)
    assert [each["holder"] for each in listed["faces"]] == [HOLDER]
    assert (gone.status, gone.body) == (200, again.body), "a receipt that was lost on the way is told again"
    receipt = msgspec.json.decode(gone.body, type=Signed)
    assert genuine(receipt)
    assert (receipt.receipt.holder, receipt.receipt.why) == (HOLDER, "withdrawn")
    assert words(later) == ("no_such_thing", "404")
    assert kept == {"count": 0, "receipts": [], "next": None}, "what was handed over is kept nowhere"
    (row,) = rows
    assert (row.event.body.issuer, row.event.body.note) == ("client:Office", "moves away")


def test_receipts_of_what_went_by_itself_are_listed_and_given_as_they_were_signed(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        await enrol(rig, manager, "enrol-0001")
        rig.gate.wall.set(rig.gate.wall.utc_ms() + 400 * 86_400_000)  # past the consent's end
        async with asyncio.timeout(60):
            while not (listed := told(await manager.get(f"{FACES}/receipts")))["receipts"]:  # noqa: ASYNC110
                await asyncio.sleep(0.3)
        (one,) = listed["receipts"]
        given = await manager.get(f"{FACES}/receipts/{one['id']}")
        unknown = await manager.get(f"{FACES}/receipts/{'0' * 24}")
        return one, given, unknown

    one, given, unknown = play(tmp_path, scenario)
    assert (one["holder"], one["because"]) == (HOLDER, "expired")
    assert one["because_text"]
    assert genuine(msgspec.json.decode(given.body, type=Signed))
    assert words(unknown) == ("no_such_thing", "404")


@pytest.mark.attack("camera-21")
def test_no_token_begins_an_enrolment_and_nobody_without_the_role_sees_who_is_enrolled(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        _, token = await make_client(manager, "Office", "manager")
        _, guards = await make_client(manager, "Porter", "guard", "installer")
        refused = [
            await call(manager, "POST", FACES, token, ASKED, {"idempotency-key": "program-0001"}),
            await call(manager, "GET", f"{FACES}/enrolling", token),
            await call(manager, "POST", f"{FACES}/stop", token),
        ]
        paths = (FACES, f"{FACES}/receipts", f"{FACES}/receipts/{'0' * 24}")
        others = [await call(manager, "GET", path, guards) for path in paths]
        others.append(
            await call(manager, "POST", f"{FACES}/{HOLDER}/withdraw", guards, {}, {"idempotency-key": "x" * 8})
        )
        no_csrf = await call(manager, "POST", FACES, None, ASKED, {"idempotency-key": "csrf-0001"})
        return refused, others, no_csrf.status, dict(rig.gate.sights.takings)

    refused, others, no_csrf, takings = play(tmp_path, scenario)
    assert [words(each) for each in refused] == [("person_needed", "403")] * 3
    assert [words(each) for each in others] == [("not_allowed", "403")] * 4
    assert no_csrf == 403
    assert takings == {}


def test_what_is_no_consent_is_refused_before_any_camera_looks(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        schema = (
            {"agreed": "no"},
            {"agreed": True},
            {"language": "fr"},
            {"days": 91},
            {"days": "365"},
            {"holder": ""},
            {"given_by": "x" * 65},
            {"witness": "somebody"},
        )
        wrong = [
            (await by_session(manager, "POST", FACES, ASKED | change, f"wrong-{number:04}")).status
            for number, change in enumerate(schema)
        ]
        states = {
            "faces_no_holder": {"holder": "  "},
            "faces_no_name": {"given_by": "a\nb"},
            "faces_no_guardian": {"under_14": True},
            "viewing_no_camera": {"camera": "lane_camera"},
        }
        found = {}
        for word, change in states.items():
            problem = await by_session(manager, "POST", FACES, ASKED | change, f"{word.replace('_', '-')}-1")
            found[word] = (words(problem), told(problem)["reasons"])
        witness = await by_session(manager, "POST", FACES, ASKED | {"given_by": "manager"}, "witness-0001")
        nobody = await by_session(manager, "POST", FACES, ASKED | {"holder": "nobody"}, "nobody-00001")
        stopped = await by_session(manager, "POST", f"{FACES}/stop")
        return wrong, found, witness, nobody, stopped, dict(rig.gate.sights.takings)

    wrong, found, witness, nobody, stopped, takings = play(tmp_path, scenario)
    assert wrong == [422] * 8
    assert found == {word: (("not_taken", "409"), [word]) for word in found}
    assert (words(witness), told(witness)["reasons"]) == (("refused", "409"), ["face_consent:consent_witness"])
    assert words(nobody) == ("refused", "409")
    assert words(stopped) == ("not_taken", "409")
    assert takings == {}


def test_an_enrolment_is_stopped_by_whoever_began_it(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        await by_session(manager, "POST", FACES, ASKED, "enrol-0001")
        other = await rig.person().log_in("manager")
        foreign = await by_session(other, "POST", f"{FACES}/stop")
        looking = dict(rig.gate.sights.takings)
        stopped = await by_session(manager, "POST", f"{FACES}/stop")
        await rig.until(lambda: rig.rows(Code.FACE_REFUSED))
        return foreign.status, bool(looking), told(stopped), dict(rig.gate.sights.takings)

    foreign, looking, stopped, takings = play(tmp_path, scenario)
    assert (foreign, looking, takings) == (409, True, {})
    assert (stopped["state"], stopped["over"]) == ("failed", True)


def test_a_controller_that_is_away_or_silent_is_told_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path, site=SITE) as page:
            page.controller.answers = False
            silent = await by_session(page, "POST", FACES, ASKED, "silent-0001")
            assert words(silent) == ("not_known", "504")
            (asked,) = [each.command for each in page.controller.asked if isinstance(each.command, TakeFace)]
            assert (asked.issuer, asked.days, asked.language) == ("console", 365, "en")
            page.controller.answers = True
            await page.controller.die()
            for method, path in (("GET", FACES), ("GET", f"{FACES}/receipts"), ("GET", f"{FACES}/receipts/x")):
                assert words(await call(page, method, path)) == ("not_sent", "503"), path
            for path, body in ((FACES, ASKED), (f"{FACES}/h1/withdraw", {})):
                away = await by_session(page, "POST", path, body, f"away-{len(path):06}")
                assert words(away) == ("not_sent", "503"), path

    asyncio.run(scene())
