"""Viewings by the API: the same purpose first as at the page, of a log-in and no program; and what script is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from firmware.camera_commands import BeginViewing, TellShift
from firmware.core.codes import Code
from firmware.network.api.document import document
from firmware.network.words import Words
from tests.camera_view.rig import CAMERA, LANE, on_rig
from tests.network.accounts import Gate, gate
from tests.network.api_client import by_session, call, make_client, token_for, told, words
from tests.network.running import running_page, settings
from tests.vision.camera_site import PLATE

CAMERAS, VIEWINGS = "/api/v1/cameras", "/api/v1/viewings"
INCIDENT = {"cameras": [CAMERA], "purpose": "vehicle", "note": "a lorry with open doors"}
SHIFT = {"cameras": [CAMERA], "purpose": "shift", "seconds": 300}
SITE = settings(cameras={"front_camera": "front_door", "lane_camera": "north_lane"}, face_cameras=("front_camera",))


def test_a_viewing_from_its_purpose_to_its_end_as_at_the_page(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        before = told(await guard.get(CAMERAS))
        begun = await by_session(guard, "POST", VIEWINGS, SHIFT, "night-shift-0001")
        again = await by_session(guard, "POST", VIEWINGS, SHIFT, "night-shift-0001")
        second = await by_session(guard, "POST", VIEWINGS, INCIDENT, "night-shift-0002")
        place = begun.header("location")
        listed = told(await guard.get(VIEWINGS))["viewings"]
        one = told(await guard.get(place))
        await guard.seen("live")
        rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
        number = "0"
        async with asyncio.timeout(60):
            while True:
                newest = told(await guard.get(f"{place}/newest?camera={CAMERA}&number={number}"))
                number = newest["number"] or number
                if any(box["plate"] == PLATE for box in newest["boxes"]):
                    break
        own = await guard.get(newest["picture"])
        of_now = await guard.get(f"{place}/picture")
        during = told(await guard.get(CAMERAS))
        page = (await guard.get("/cameras/view")).text
        ended = await by_session(guard, "POST", f"{place}/end")
        after = [(await guard.get(path)).status for path in (place, f"{place}/newest", newest["picture"])]
        again_ended = await by_session(guard, "POST", f"{place}/end")
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        return locals()

    got = on_rig(tmp_path, scenario)
    assert got["before"]["on"] is True
    (camera,) = [each for each in got["before"]["cameras"] if each["id"] == CAMERA]
    assert (camera["portal"], camera["faces"], camera["looked_until"]) == (LANE, False, None)
    assert (got["before"]["shift"]["purpose"], got["before"]["shift"]["seconds_left"]) == ("", 43_200)
    assert [got["begun"].status, got["again"].status] == [201, 201]
    assert told(got["begun"]) == told(got["again"]), "done once, answered twice"
    assert words(got["second"]) == ("not_taken", "409")
    assert told(got["second"])["reasons"] == ["viewing_is_one"]
    row, *more = got["rig"].rows(Code.VIEWING_BEGUN)
    assert more == []
    assert (row.event.body.issuer, row.event.body.address) == ("guard", "127.0.0.1")
    assert (row.event.body.note, row.event.detail) == ("Watching the entrance during my shift", "shift, 5 min")
    assert [each["id"] for each in got["listed"]] == [told(got["begun"])["id"]]
    assert (got["one"]["shift"], got["one"]["incident"], got["one"]["cameras"]) == (True, False, [CAMERA])
    assert 200 < got["one"]["seconds_left"] <= 300
    left = datetime.fromisoformat(got["one"]["until"]) - datetime.fromtimestamp(row.utc_ms / 1000, UTC)
    assert 200 < left.total_seconds() < 320
    newest = got["newest"]
    assert newest["picture"].startswith(f"{got['place']}/picture?")
    assert newest["picture_text"].startswith(f"Picture of camera {CAMERA}")
    boxes = {box["kind"]: box for box in newest["boxes"]}
    assert (boxes["plate"]["plate"], boxes["vehicle"]["label"]) == (PLATE, "car")
    assert all(0 <= box["left"] < box["right"] <= 1 and 0 <= box["top"] < box["low"] <= 1 for box in newest["boxes"])
    assert newest["width"] > newest["height"] > 0
    for picture in (got["own"], got["of_now"]):
        assert (picture.status, picture.header("content-type"), picture.body[:2]) == (200, "image/jpeg", b"\xff\xd8")
        assert picture.header("cache-control") == "no-store"
    assert got["during"]["cameras"][0]["looked_until"] is not None or got["during"]["cameras"][1]["looked_until"]
    assert got["during"]["shift"]["purpose"] == "Watching the entrance during my shift"
    assert f'data-viewing="{got["one"]["id"]}"' in got["page"]
    assert got["ended"].status == 204
    assert got["after"] == [404, 404, 404]
    assert words(got["again_ended"]) == ("no_such_thing", "404")


def test_an_incident_by_the_api_is_one_in_the_journal(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        wordless = await by_session(guard, "POST", VIEWINGS, INCIDENT | {"note": "hm"}, "incident-0001")
        begun = await by_session(guard, "POST", VIEWINGS, INCIDENT | {"seconds": 14 * 3600}, "incident-0002")
        await by_session(guard, "POST", f"{begun.header('location')}/end")
        await by_session(guard, "POST", VIEWINGS, SHIFT, "shift-0001")
        await by_session(guard, "POST", f"{VIEWINGS}/{told(await guard.get(VIEWINGS))['viewings'][0]['id']}/end")
        other = await by_session(
            guard, "POST", VIEWINGS, SHIFT | {"note": "who goes out"}, "shift-0002", accept_language="zh-CN"
        )
        rows = [
            (row.event.code, row.event.detail, row.event.reasons)
            for row in rig.rows(Code.VIEWING_BEGUN, Code.COMMAND_REFUSED)
        ]
        return wordless, told(begun), other, rows

    wordless, begun, other, rows = on_rig(tmp_path, scenario)
    assert (words(wordless), told(wordless)["reasons"]) == (("not_taken", "409"), ["viewing_no_incident"])
    assert (begun["incident"], begun["shift"], begun["purpose"]) == (
        True,
        False,
        "A vehicle stands in the lane: a lorry with open doors",
    )
    assert begun["seconds_left"] <= 900
    assert (words(other), told(other)["reasons"]) == (("refused", "409"), ["viewing_purpose"])
    assert "本班次已有其他事由" in other.text
    assert [row[:2] for row in rows] == [
        (Code.VIEWING_BEGUN, "incident, 15 min"),
        (Code.VIEWING_BEGUN, "shift, 5 min"),
        (Code.COMMAND_REFUSED, "resumed, 5 min"),
    ]


@pytest.mark.attack("camera-20")
def test_no_token_begins_a_viewing_or_gets_a_picture_of_one(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        _, token = await make_client(manager, "panel", "guard", "manager", "installer")
        refused = [await call(manager, "POST", VIEWINGS, token, SHIFT, {"idempotency-key": "panel-0001"})]
        begun = await by_session(manager, "POST", VIEWINGS, SHIFT, "manager-0001")
        place = begun.header("location")
        newest = await manager.seen("live")
        paths = (VIEWINGS, place, f"{place}/newest", newest["picture"])
        refused += [await call(manager, "GET", path, token) for path in paths]
        refused.append(await call(manager, "POST", f"{place}/end", token))
        cameras = await call(manager, "GET", CAMERAS, token)
        foreign = await rig.person().log_in("manager")
        others = [(await foreign.get(path)).status for path in paths[1:]]
        no_csrf = await call(manager, "POST", f"{place}/end", None, {}, {"origin": f"http://127.0.0.1:{manager.port}"})
        return refused, told(cameras), others, no_csrf.status, len(rig.rows(Code.VIEWING_BEGUN, Code.VIEWING_ENDED))

    refused, cameras, others, no_csrf, rows = on_rig(tmp_path, scenario)
    assert [words(each) for each in refused] == [("person_needed", "403")] * 6
    assert cameras["shift"] is None
    assert CAMERA in [each["id"] for each in cameras["cameras"]]
    assert others == [404] * 3
    assert no_csrf == 403
    assert rows == 1


def of_fake(tmp_path: Path, scene) -> None:
    async def whole() -> None:
        async with gate(tmp_path) as running:
            await scene(running)

    asyncio.run(whole())


def test_what_is_no_viewing_is_not_understood_and_nothing_is_asked(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path, site=SITE) as page:
            wrong = (
                {},
                {"cameras": [], "purpose": "shift"},
                {"cameras": ["lane_camera"]},
                {"cameras": ["lane_camera"], "purpose": "curiosity"},
                {"cameras": "lane_camera", "purpose": "shift"},
                {"cameras": ["lane_camera"] * 9, "purpose": "shift"},
                {"cameras": ["lane_camera"], "purpose": "shift", "seconds": 0},
                {"cameras": ["lane_camera"], "purpose": "shift", "seconds": 14 * 3600 + 1},
                {"cameras": ["lane_camera"], "purpose": "shift", "note": "x" * 161},
                {"cameras": ["lane_camera"], "purpose": "shift", "ticket": "x" * 24},
            )
            for number, body in enumerate(wrong):
                assert (await by_session(page, "POST", VIEWINGS, body, f"wrong-{number:04}")).status == 422, body
            taken = {
                "viewing_no_camera": {"cameras": ["front_door"], "purpose": "alarm"},
                "viewing_too_many_cameras": {"cameras": ["front_camera", "lane_camera"], "purpose": "alarm"},
                "viewing_no_note": {"cameras": ["lane_camera"], "purpose": "other", "note": "hm"},
            }
            for word, body in taken.items():
                problem = await by_session(page, "POST", VIEWINGS, body, f"not-taken-{len(word):04}")
                assert (words(problem), told(problem)["reasons"]) == (("not_taken", "409"), [word])
            nameless = await by_session(
                page, "POST", VIEWINGS, taken["viewing_no_note"] | {"note": "\u202e\x00\x07oo"}, "odd-00001"
            )
            assert nameless.status == 409
            assert words(await by_session(page, "POST", VIEWINGS, taken["viewing_no_camera"])) == ("key_needed", "400")
            assert not [ask for ask in page.controller.asked if isinstance(ask.command, BeginViewing)]

    asyncio.run(scene())


def test_a_controller_that_is_away_or_silent_shows_nothing_and_says_which(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path, site=SITE) as page:
            page.controller.telling["TellShift"] = '{"left_s": 600, "purpose": "watching gate 2"}'
            body = {"cameras": ["lane_camera"], "purpose": "alarm"}
            page.controller.answers = False
            silent = await by_session(page, "POST", VIEWINGS, body, "silent-0001")
            assert words(silent) == ("not_known", "504")
            page.controller.answers = True
            await page.controller.die()
            away = await by_session(page, "POST", VIEWINGS, body, "away-00001")
            assert words(away) == ("not_sent", "503")
            assert away.header("retry-after") == "5"
            assert told(await page.get(VIEWINGS)) == {"viewings": []}
            cameras = told(await page.get(CAMERAS))
            assert [(each["id"], each["faces"]) for each in cameras["cameras"]] == [
                ("front_camera", True),
                ("lane_camera", False),
            ]

    asyncio.run(scene())


def test_a_guard_who_asks_is_told_of_the_shift_and_of_a_controller_that_is_away(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        page.controller.telling["TellShift"] = '{"left_s": 600, "purpose": "watching gate 2"}'
        await running.log_in("guard")
        shift = told(await page.get(CAMERAS))["shift"]
        assert (shift["purpose"], shift["seconds_left"]) == ("watching gate 2", 600)  # type: ignore[index]
        assert [each.command for each in page.controller.asked if isinstance(each.command, TellShift)] == [
            TellShift(issuer="guard")
        ]
        auditor = await token_for(running, "books", "auditor")
        assert words(await call(page, "GET", CAMERAS, auditor)) == ("not_allowed", "403")
        await running.log_in("guard")
        await page.controller.die()
        assert words(await page.get(CAMERAS)) == ("not_sent", "503")

    of_fake(tmp_path, scene)


def test_a_picture_has_its_media_type_in_the_document_and_no_schema_of_text() -> None:
    """OpenAPI 3.1: a binary body is described by its media type alone."""
    whole = msgspec.json.decode(msgspec.json.encode(document(Words("en"), "c")))
    picture = whole["paths"]["/api/v1/viewings/{viewing}/picture"]["get"]
    assert picture["responses"]["200"]["content"] == {"image/jpeg": {}}
    assert picture["security"] == [{"session": []}], "no token is worth anything there"
    assert {param["name"] for param in picture["parameters"]} == {"viewing", "camera", "number"}
