"""Looking through a camera at the page: the purpose first, then pictures, then an end that everybody hears of."""

from __future__ import annotations

import asyncio
import io
import re

import numpy as np
import pytest
from PIL import Image

from firmware.controller.viewing_desk import LATE_NS
from firmware.core.codes import Code
from firmware.core.facts import SetOutOfService
from firmware.core.viewing_facts import CameraViewed
from firmware.network.camera_view.telling import viewing_detail
from firmware.network.words import Words
from firmware.pictures import Seeing
from tests.camera_view.rig import CAMERA, LANE, TICKET, WHY, on_rig
from tests.vision.camera_site import PLATE


def test_a_guard_states_a_purpose_which_stands_in_the_journal_before_the_first_picture(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        before = await guard.newest()
        status = await guard.begin()
        begun = rig.rows(Code.VIEWING_BEGUN)
        told = await guard.seen("live")
        picture = await guard.get(str(told["picture"]))
        return before, status, begun, told, picture

    before, status, begun, told, picture = on_rig(tmp_path, scenario)
    assert before["status"] == 404
    assert status == 303
    (row,) = begun
    assert row.event.device == CAMERA
    assert row.event.body.issuer == "guard"
    assert row.event.body.note == "Watching the entrance during my shift"
    assert row.event.body.address == "127.0.0.1"
    assert row.event.detail == "shift, 5 min"
    assert picture.status == 200
    assert picture.body[:2] == b"\xff\xd8"
    assert picture.header("content-type") == "image/jpeg"
    assert picture.header("cache-control") == "no-store"
    assert len(picture.body) < 200_000
    assert told["width"] == 1280


def test_no_ticket_is_told_before_its_purpose_is_committed(tmp_path):
    async def scenario(rig):
        told = []
        sights = rig.gate.sights
        tell = sights.on_show

        def watched(ticket, shown):
            told.append((shown is not None, [row.event.body.note for row in rig.rows(Code.VIEWING_BEGUN)]))
            tell(ticket, shown)

        sights.on_show = watched
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        return told

    assert on_rig(tmp_path, scenario)[0] == (True, ["Watching the entrance during my shift"])


def test_it_ends_by_hand_and_nothing_is_shown_any_more(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = await guard.seen("live")
        ended = await guard.post("/cameras/end")
        after = await guard.newest()
        picture = await guard.get(str(told["picture"]))
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        await rig.until(lambda: not rig.eyes.pictures._tickets)
        return ended, after, picture, rig.rows(Code.VIEWING_ENDED)

    ended, after, picture, rows = on_rig(tmp_path, scenario)
    assert (ended.status, after["status"], picture.status) == (303, 404, 404)
    (row,) = rows
    assert row.event.device == CAMERA
    assert row.event.detail.startswith("by_hand")
    assert row.event.body.issuer == "guard"


@pytest.mark.attack("camera-01")
def test_it_ends_with_the_log_in_and_with_the_account(tmp_path):
    async def scenario(rig):
        ended = []
        for end in ("log out", "account"):
            guard = await rig.person().log_in("guard")
            await guard.begin()
            told = await guard.seen("live")
            if end == "log out":
                cookie = guard.cookie
                await guard.post("/logout")
                guard.cookie = cookie  # a browser that has kept it
            else:
                manager = await rig.person().log_in("manager")
                assert (await manager.post("/accounts/delete", [("name", "guard"), ("sure", "yes")])).status == 303
            paths = (str(told["picture"]), f"/api/v1/viewings/{guard.viewing}/newest?camera={CAMERA}")
            after = [(await guard.get(path)).status for path in paths]
            count = len(ended) + 1
            await rig.until(lambda count=count: len(rig.rows(Code.VIEWING_ENDED)) == count)
            await rig.until(lambda: not rig.eyes.pictures._tickets)
            ended.append(after)
        return ended, [row.event.detail.split(",")[0] for row in rig.rows(Code.VIEWING_ENDED)]

    assert on_rig(tmp_path, scenario) == ([[401, 401]] * 2, ["logged_out"] * 2)


def test_it_ends_by_itself(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin(for_s=1)).done
        first = await rig.want(TICKET)
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        last = await rig.want(TICKET)
        other.writer.close()
        return first.seeing, last.seeing, last.jpeg, rig.rows(Code.VIEWING_ENDED)[0].event.detail

    first, last, jpeg, detail = on_rig(tmp_path, scenario)
    assert first is not Seeing.REFUSED
    assert (last, jpeg) == (Seeing.REFUSED, b"")
    assert detail.startswith("time")


def test_the_shift_of_the_site_bounds_it_whatever_is_asked(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        for number, roles in enumerate(("guard", "manager", "installer manager", "guard manager")):
            assert (await other.begin(roles=roles, ticket=f"{TICKET}{number}", for_s=14 * 3600)).done
        return [row.event.detail for row in rig.rows(Code.VIEWING_BEGUN)]

    bounded = on_rig(tmp_path, scenario, more="\n[viewing]\nshift_hours = 8\n")
    assert bounded == ["shift, 480 min", "30 min", "30 min", "resumed, 480 min"]


def test_an_installer_sees_only_while_the_lane_is_out_of_service(tmp_path):
    async def scenario(rig):
        installer = await rig.person().log_in("installer")
        refused = await installer.post("/cameras/begin", [("purpose", "aim"), ("camera", CAMERA)])
        put = rig.gate.controller.inbox.put
        from firmware.controller.inbox import Rank

        put(SetOutOfService("Li Na", portal=LANE, out=True), Rank.COMMAND, "test")
        await rig.until(lambda: rig.rows(Code.OUT_OF_SERVICE))
        begun = await installer.post("/cameras/begin", [("purpose", "aim"), ("camera", CAMERA)])
        await installer.seen("live")
        return refused, begun, rig.rows(Code.VIEWING_BEGUN, Code.COMMAND_REFUSED)

    refused, begun, rows = on_rig(tmp_path, scenario)
    assert refused.status == 400
    assert "out of service" in refused.text
    assert "Vehicle lane" in refused.text
    assert begun.status == 303
    assert [row.event.code for row in rows] == [Code.COMMAND_REFUSED, Code.VIEWING_BEGUN]
    assert rows[0].event.reasons == (f"in_service:{LANE}",)
    assert rows[1].event.detail == "15 min"


def test_what_is_recognised_is_boxed_in_the_picture_and_said_in_words(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
        number = "0"
        for _ in range(60):
            told = await guard.newest(number)
            number = str(told["number"] or number)
            if any(PLATE in box["text"] for box in told["boxes"]):
                return told, await guard.get(str(told["picture"]))
        raise AssertionError(told)

    told, picture = on_rig(tmp_path, scenario)
    assert [box["text"] for box in told["boxes"]] == ["1: vehicle, car", f"2: plate {PLATE}"]
    assert [(box["kind"], box["plate"]) for box in told["boxes"]] == [("vehicle", ""), ("plate", PLATE)]
    assert PLATE in str(told["picture_text"])
    shown = np.asarray(Image.open(io.BytesIO(picture.body))).astype(int)
    assert shown.shape[1] == 960
    blue = np.abs(shown - (64, 200, 255)).sum(axis=2) < 60  # a vehicle's box; JPEG blurs it
    assert blue.sum() > 300


def test_masks_are_burnt_in_before_a_picture_leaves(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = await guard.seen("live")
        return await guard.get(str(told["picture"]))

    masks = "masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]"
    shown = np.asarray(Image.open(io.BytesIO(on_rig(tmp_path, scenario, keys=masks).body))).astype(int)
    assert shown[:, :470].max() <= 12
    assert shown[:, 490:].mean() > 40


def test_who_looks_is_seen_by_everybody_and_by_nobody_once_it_is_over(tmp_path):
    async def scenario(rig):
        auditor = await rig.person().log_in("auditor")
        before = (await auditor.get("/")).text
        guard = await rig.person().log_in("guard")
        await guard.begin()
        during = (await auditor.get("/")).text
        await guard.post("/cameras/end")
        after = (await auditor.get("/")).text
        return before, during, after

    before, during, after = on_rig(tmp_path, scenario)
    line = "Somebody looks through camera lane_camera"
    assert [line in text for text in (before, during, after)] == [False, True, False]
    assert "guard" not in during.partition(line)[2][:300]


def test_without_script_there_is_a_picture_in_the_page_and_another_one_when_it_is_loaded_again(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        pages = [(await guard.get("/cameras/view")).text]
        number = re.search(r'data-number="(\d+)"', pages[0])[1]
        pages.append((await guard.get(f"/cameras/view?after={number}")).text)
        sources = [re.search(r'src="(/api/v1/viewings/[^"]+)"', page)[1].replace("&amp;", "&") for page in pages]
        return pages, [(await guard.get(source)).status for source in sources], sources

    pages, statuses, sources = on_rig(tmp_path, scenario)
    assert statuses == [200, 200]
    assert sources[0] != sources[1]
    assert all('<noscript><meta http-equiv="refresh" content="2"></noscript>' in page for page in pages)
    assert all("11 h 59 min" in page or "min left" in page for page in pages)


TWO = """
[viewing]
cameras_at_once = 2

[[device]]
id = "out_camera"
kind = "camera"
source = "simulated:vehicle_lane:out"
vehicle_needed = false
"""


def test_several_cameras_under_one_purpose_where_the_site_says_so(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        both = [("camera", CAMERA), ("camera", "out_camera")]
        status = await guard.begin([*both, ("purpose", "shift"), ("for", "shift")])
        await guard.seen("live")
        async with asyncio.timeout(30):
            while not (other := await guard.newest(camera="out_camera"))["number"]:
                assert other["status"] == 200
        pictures = [(await guard.get(str(told["picture"]))).body for told in (await guard.newest(), other)]
        page = (await guard.get("/cameras/view")).text
        other_ticket = await rig.taken_over()
        three = await other_ticket.begin(cameras=(CAMERA, "out_camera", "third"))
        return status, pictures, page, rig.rows(Code.VIEWING_BEGUN), three

    status, pictures, page, rows, three = on_rig(tmp_path, scenario, more=TWO)
    assert status == 303
    assert [body[:2] for body in pictures] == [b"\xff\xd8"] * 2
    assert page.count("<figure") == 2
    assert sorted(row.event.device for row in rows) == [CAMERA, "out_camera"]
    assert three.reasons == ("camera_not_found",)


def test_more_cameras_than_the_site_allows_are_refused_by_page_and_controller(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        fields = [("camera", CAMERA), ("camera", "out_camera"), ("purpose", "shift")]
        answer = await guard.post("/cameras/begin", fields)
        other = await rig.taken_over()
        return answer, await other.begin(cameras=(CAMERA, "out_camera")), rig.rows(Code.VIEWING_BEGUN)

    answer, asked, rows = on_rig(tmp_path, scenario, more=TWO.replace("cameras_at_once = 2", ""))
    assert answer.status == 400
    assert "At most 1 of the cameras" in answer.text
    assert asked.reasons == ("viewing_cameras",)
    assert rows == []


def test_a_purpose_that_the_journal_takes_too_late_shows_nothing_and_is_ended(tmp_path):
    """The card stalls: the page has said long ago that nothing is shown."""

    async def scenario(rig):
        desk = rig.gate.controller.viewings
        other = await rig.taken_over()
        stepped = desk.stepped

        def aged(fact, effects, ticket):
            stepped(fact, effects, ticket)
            desk._pending = {key: one._replace(asked_ns=one.asked_ns - LATE_NS) for key, one in desk._pending.items()}

        desk.stepped = aged
        await other.begin()
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        return await rig.want(TICKET), rig.rows(Code.VIEWING_ENDED)[0].event.detail

    told, detail = on_rig(tmp_path, scenario)
    assert told.seeing is Seeing.REFUSED
    assert detail == "too_late, 0 min"


def test_nothing_is_made_while_nobody_asks(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await rig.until(lambda: rig.eyes._eyes and rig.eyes._eyes[CAMERA].watch.seeing[0] is Seeing.LIVE)
        watch = rig.eyes._eyes[CAMERA].watch
        idle = (watch.showing.wanted, watch.showing.newest(), watch.showing.made, rig.eyes.pictures.given)
        await guard.begin()
        await guard.seen("live")
        busy = watch.showing.wanted
        await rig.until(lambda: not watch.showing.wanted)  # nobody has asked for a while, though somebody may
        given = rig.eyes.pictures.given
        await rig.until(lambda: watch.showing.newest() is None and watch.showing.made is None)
        return idle, busy, given == rig.eyes.pictures.given

    assert on_rig(tmp_path, scenario) == ((False, None, None, 0), True, True)


def test_a_site_that_shows_no_pictures_shows_none(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        page = await guard.get("/cameras")
        other = await rig.taken_over()
        answer = await other.begin()
        return page.text, answer, await rig.want(TICKET), await guard.post("/cameras/begin", WHY)

    page, answer, told, begun = on_rig(tmp_path, scenario, more="\n[viewing]\non = false\n")
    assert "This site shows no pictures at the page." in page
    assert (answer.done, answer.reasons) == (False, ("viewing_off",))
    assert told.seeing is Seeing.REFUSED
    assert begun.status == 400


def test_a_purpose_is_demanded_and_other_ones_need_a_sentence(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        camera = ("camera", CAMERA)
        wrong = [
            [camera],
            [camera, ("purpose", "curiosity")],
            [camera, ("purpose", "other")],
            [camera, ("purpose", "other"), ("note", "hm")],
            [camera, ("purpose", "call"), ("note", "x" * 300)],
            [("purpose", "call")],
            [("purpose", "call"), ("camera", "front_door")],
            [("purpose", "call"), ("camera", "../lane_camera")],
        ]
        statuses = [await guard.begin(fields) for fields in wrong]
        none = rig.rows(Code.VIEWING_BEGUN)
        fields = [camera, ("purpose", "other"), ("note", "  who left\tthe bicycle here  ")]
        return statuses, none, await guard.begin(fields), rig.rows(Code.VIEWING_BEGUN)

    statuses, none, right, rows = on_rig(tmp_path, scenario)
    assert statuses == [400] * 8
    assert none == []
    assert right == 303
    assert rows[0].event.body.note == "who left the bicycle here"


def test_a_recording_of_it_names_nobody():
    from firmware.controller.recorder import Pseudonyms

    fact = CameraViewed("Chen Wei", "r", viewing="begun", cameras=(CAMERA,), address="10.0.0.7", purpose="Li Na's car")
    told = repr(Pseudonyms().fact(fact))
    assert "Chen" not in told
    assert "10.0.0.7" not in told
    assert "Li Na" not in told
    assert CAMERA in told


@pytest.mark.parametrize(
    ("detail", "language", "said"),
    [
        ("by_hand, 5 min", "en", "ended by hand · 5 minutes"),
        ("time, 720 min", "zh", "到时结束 · 720 分钟"),
        ("5 min", "en", "for 5 minutes at most"),
        ("shift, 720 min", "en", "the first look of a shift · for 720 minutes at most"),
        ("resumed, 5 min", "zh", "本班次内继续查看 · 最长 5 分钟"),
        ("incident, 15 min", "en", "for an incident · for 15 minutes at most"),
        ("elsewhere, 3 min", "en", "went on in another browser · 3 minutes"),
        ("of_another_release, 5 min", "en", "of_another_release, 5 min"),
        ("", "en", ""),
    ],
)
def test_the_journal_says_how_long_it_was_and_by_what_it_ended(detail, language, said):
    assert viewing_detail(Words(language), detail) == said
