"""A guard's live view is one a shift, with one purpose: at the page, at the controller, and after restarts of both."""

from __future__ import annotations

import re

import pytest

from firmware.camera_commands import EndViewing, TellShift
from firmware.core.codes import Code
from tests.camera_view.rig import CAMERA, INCIDENT, TICKET, WHY, on_rig

SHIFT = "Watching the entrance during my shift"
OTHER = [("purpose", "shift"), ("camera", CAMERA), ("note", "who goes out with whom"), ("for", "300")]


def noted(rig, *codes: Code) -> list[tuple[str, str]]:
    """What stands in the journal: why, and how."""
    return [(row.event.body.note, row.event.detail) for row in rig.rows(*codes or (Code.VIEWING_BEGUN,))]


def test_a_guard_goes_on_under_the_purpose_of_the_shift_and_gets_no_other(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        first = (await guard.get("/cameras")).text
        assert await guard.begin() == 303
        await guard.seen("live")
        await guard.post("/cameras/end")
        page = (await guard.get("/cameras")).text
        refused = await guard.post("/cameras/begin", OTHER)
        again = await guard.begin()
        await guard.seen("live")
        return first, page, refused, again, noted(rig), rig.rows(Code.COMMAND_REFUSED)

    first, page, refused, again, begun, rows = on_rig(tmp_path, scenario)
    assert "Write this down for the shift and look" in first
    assert f"Purpose: {SHIFT}" in page
    assert "Go on looking" in page
    assert re.search(r"This shift(?:'|&#39;)s purpose stands until \d{4}-\d\d-\d\d \d\d:\d\d", page)
    assert (refused.status, again) == (400, 303)
    assert "this shift has another purpose" in refused.text
    assert begun == [(SHIFT, "shift, 5 min"), (SHIFT, "resumed, 5 min")]
    (row,) = rows
    assert row.event.reasons == ("viewing_purpose",)
    assert row.event.body.note == f"{SHIFT}: who goes out with whom", "what was asked for stands in the journal"
    assert row.event.body.issuer == "guard"


def test_an_incident_is_stated_in_own_words_looked_at_for_a_while_and_changes_no_shift(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        wordless = [(name, text) for name, text in INCIDENT if name != "note"]
        without = [await guard.post("/cameras/begin", [*wordless, ("note", note)]) for note in ("", "hm", " \t hm  ")]
        assert await guard.begin([*INCIDENT[:-1], ("for", "40000")]) == 303
        told = await guard.seen("live")
        page = (await guard.get("/cameras/view")).text
        await guard.post("/cameras/end")
        assert await guard.begin([*WHY[:-1], ("for", "shift"), ("note", "gate 2")]) == 303
        await guard.post("/cameras/end")
        assert await guard.begin([*INCIDENT[:2], ("note", "again the lorry"), ("for", "300")]) == 303
        await guard.post("/cameras/end")
        assert await guard.begin() == 303
        return without, told, page, noted(rig), noted(rig, Code.COMMAND_REFUSED)

    without, told, page, begun, refused = on_rig(tmp_path, scenario)
    assert [answer.status for answer in without] == [400] * 3
    assert all("Say what has happened: at least 5 characters." in answer.text for answer in without)
    assert 800 < told["seconds_left"] <= 900
    assert "a lorry with open doors" in page
    assert begun == [
        ("A vehicle stands in the lane: a lorry with open doors", "incident, 15 min"),
        (f"{SHIFT}: gate 2", "shift, 720 min"),
        ("A vehicle stands in the lane: again the lorry", "incident, 5 min"),
        (f"{SHIFT}: gate 2", "resumed, 5 min"),
    ]
    assert refused == []


@pytest.mark.attack("camera-17")
def test_logging_out_and_another_browser_begin_no_other_shift(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        desk = guard
        phone = await rig.person().log_in("guard")
        asked = [await phone.begin(OTHER), await phone.begin()]
        await phone.seen("live")
        left = (await desk.newest())["status"]
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        ended = [row.event.detail.partition(",")[0] for row in rig.rows(Code.VIEWING_ENDED)]
        await phone.post("/logout")
        await guard.post("/logout")
        await guard.log_in("guard")
        asked += [await guard.begin(OTHER), await guard.begin()]
        tickets = len(rig.eyes.pictures._tickets)
        return asked, left, ended, tickets, [how for _, how in noted(rig)]

    asked, left, ended, tickets, begun = on_rig(tmp_path, scenario)
    assert asked == [400, 303, 400, 303]
    assert left == 404, "one viewing a shift: the guard looks at the phone now"
    assert ended == ["elsewhere"]
    assert tickets == 1
    assert begun == ["shift, 5 min", "resumed, 5 min", "resumed, 5 min"]


@pytest.mark.attack("camera-18")
def test_neither_the_page_nor_the_controller_forgets_it_with_a_restart(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        asked = []
        for restart in (rig.restart_page, rig.restart_controller):
            await restart()
            await rig.until(lambda: rig.gate.controller.role_socket.listened_to)
            guard = await rig.person().log_in("guard")
            page = (await guard.get("/cameras")).text
            asked += [f"Purpose: {SHIFT}" in page, await guard.begin(OTHER), await guard.begin()]
            await guard.post("/cameras/end")
        return asked, [how for _, how in noted(rig)], len(rig.rows(Code.COMMAND_REFUSED))

    asked, begun, refused = on_rig(tmp_path, scenario)
    assert asked == [True, 400, 303] * 2
    assert begun == ["shift, 5 min", "resumed, 5 min", "resumed, 5 min"]
    assert refused == 2


@pytest.mark.attack("camera-19")
def test_a_taken_over_network_process_gets_a_guard_no_second_purpose_without_an_incident_in_words(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        told = [(await other.ask(TellShift(issuer="Chen Wei"))).told]
        first = await other.begin()
        told.append((await other.ask(TellShift(issuer="Chen Wei"))).told)
        again = {"why": "to see who goes out", "ticket": f"{TICKET}2", "for_s": 14 * 3600}
        answers = [
            await other.begin(**again),
            await other.begin(**again, shift=False),
            await other.begin(**again, shift=False, incident="hm"),
            await other.begin(**again, shift=False, incident="a fire"),  # which the journal would not have
            await other.begin(**again, shift=False, incident="to see who goes out"),
        ]
        return told, first, answers, noted(rig), await rig.want(f"{TICKET}2")

    told, first, answers, begun, seen = on_rig(tmp_path, scenario)
    assert told[0] == '{"left_s":43200}'
    assert '"purpose":"a vehicle stands there"' in told[1]
    assert first.done
    assert [answer.reasons for answer in answers[:4]] == [("viewing_purpose",)] * 4
    assert answers[4].done
    assert begun == [("a vehicle stands there", "shift, 5 min"), ("to see who goes out", "incident, 15 min")]
    assert seen.seeing != "refused"


def test_a_manager_looks_for_whatever_is_stated_each_time(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        for purpose in ("shift", "call", "alarm"):
            assert await manager.begin([("purpose", purpose), ("camera", CAMERA)]) == 303
            await manager.post("/cameras/end")
        return [how for _, how in noted(rig)]

    assert on_rig(tmp_path, scenario) == ["30 min"] * 3


@pytest.mark.attack("camera-22")
def test_no_viewing_of_a_shift_outlives_it_when_the_time_becomes_known(tmp_path):
    """After a power cut on a board without a battery a guard looks on; then it turns out that the shift was over."""

    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin()).done
        utc_ms = rig.gate.wall.utc_ms()
        rig.gate.wall.set(0)
        await rig.restart_controller()
        other = await rig.taken_over()
        assert (await other.begin(ticket=f"{TICKET}2", for_s=14 * 3600)).done
        manager = {"issuer": "Li Na", "roles": "guard manager", "shift": False, "ticket": f"{TICKET}3"}
        assert (await other.begin(**manager)).done
        before = rig.rows(Code.VIEWING_ENDED)
        rig.gate.wall.set(utc_ms + 13 * 3600 * 1000)
        await rig.until(lambda: len(rig.rows(Code.VIEWING_ENDED)) > len(before))
        told = (await other.ask(TellShift(issuer="Chen Wei"))).told
        again = [await other.ask(EndViewing(ticket=f"{TICKET}{each}", because="by_hand")) for each in (2, 3)]
        ended = [(row.event.body.issuer, row.event.detail) for row in rig.rows(Code.VIEWING_ENDED)[len(before) :]]
        return ended, told, [answer.done for answer in again]

    ended, told, again = on_rig(tmp_path, scenario)
    assert ended == [("Chen Wei", "time, 0 min"), ("Li Na", "by_hand, 0 min")], "a manager's is none of a shift"
    assert again == [False, True]
    assert told == '{"left_s":43200}'
