"""Attacks on the pictures of cameras: without a purpose there is none, whoever asks, and however."""

from __future__ import annotations

import asyncio
import contextlib
import secrets

import pytest

from firmware.camera_commands import BeginViewing, EndViewing
from firmware.core.codes import Code
from firmware.messages import Ask, pack
from firmware.pictures import CLIENTS_MAX, Seeing, Want
from tests.camera_view.rig import CAMERA, LIMIT_S, TICKET, on_rig

AT = "/api/v1/viewings/{viewing}/"
PATHS = (
    AT + "picture?camera=lane_camera&number=0",
    AT + "picture?camera=..%2f..%2fevidence&number=1",
    AT + "picture?camera=lane_camera&number=-1",
    AT + "picture?camera=lane_camera&number=99999999999999999999999999",
    AT + "picture?camera=lane_camera%00&number=1",
    AT + "picture?ticket=x",
    AT + "newest?camera=lane_camera&number=%F0%9F%98%80",
    AT + "newest?camera=' OR 1=1&number=0".replace(" ", "%20"),
    AT + "newest?camera=front_camera",
    "/api/v1/viewings/..%2f..%2fevidence/picture",
    "/api/v1/viewings/%00/newest",
)


@pytest.mark.attack("camera-02")
def test_paths_that_are_guessed_lead_to_no_picture_without_a_viewing_and_to_no_other_with_one(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        without = [(await guard.get(path.format(viewing=guard.viewing))).status for path in PATHS]
        missing = [
            (await guard.get(path)).status for path in ("/cameras/..%2fevidence", "/evidence", "/cameras/picture")
        ]
        auditor = await rig.person().log_in("auditor")
        forbidden = [(await auditor.get(PATHS[0].format(viewing=guard.viewing))).status]
        await guard.begin()
        await guard.seen("live")
        with_one = [(await guard.get(path.format(viewing=guard.viewing))).status for path in PATHS]
        return without, missing, forbidden, with_one, rig.rows(Code.VIEWING_BEGUN)

    without, missing, forbidden, with_one, rows = on_rig(tmp_path, scenario)
    assert set(without) == {400, 404}
    assert set(missing) == {404}
    assert forbidden == [403]
    assert set(with_one) == {400, 404}
    assert len(rows) == 1


@pytest.mark.attack("camera-03")
def test_another_log_in_sees_nothing_of_it_with_the_same_addresses(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = await guard.seen("live")
        others = []
        for role in ("guard", "manager"):  # the same account in another browser, too
            other = await rig.person().log_in(role)
            others += [(await other.get(str(told["picture"]))).status, (await other.newest())["status"]]
        nobody = rig.person()
        return others, (await nobody.get(str(told["picture"]))).status

    assert on_rig(tmp_path, scenario) == ([404] * 4, 401)


@pytest.mark.attack("camera-04")
def test_a_taken_over_network_process_gets_no_picture_without_a_ticket_that_was_committed(tmp_path):
    async def scenario(rig):
        told = [await rig.want(ticket) for ticket in ("", "x", TICKET, secrets.token_urlsafe(24), "\0" * 24)]
        other = await rig.taken_over()
        assert (await other.begin()).done
        told.append(await rig.want(TICKET, camera="front_camera"))  # of another camera than it is for
        good = await rig.want(TICKET)
        assert (await other.ask(EndViewing(ticket=TICKET, because="by_hand"))).done
        told.append(await rig.want(TICKET))  # once it is over
        again = await other.ask(EndViewing(ticket=TICKET, because="by_hand"))
        return told, good, again, rig.eyes.pictures.refused

    told, good, again, refused = on_rig(tmp_path, scenario)
    assert {each.seeing for each in told} == {Seeing.REFUSED}
    assert [each.jpeg for each in told] == [b""] * 7
    assert good.seeing is not Seeing.REFUSED
    assert (again.done, again.reasons) == (False, ("viewing_over",))
    assert refused == 7


@pytest.mark.attack("camera-05")
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"why": "   "}, "not_allowed"),
        ({"roles": "auditor"}, "not_allowed"),
        ({"roles": ""}, "not_allowed"),
        ({"cameras": ("front_door",)}, "camera_not_found"),
        ({"cameras": (CAMERA, CAMERA)}, "camera_not_found"),
        ({"roles": "installer"}, "in_service:vehicle_lane"),
    ],
)
def test_what_it_may_not_begin_is_refused_and_stands_in_the_journal(tmp_path, more, reason):
    async def scenario(rig):
        other = await rig.taken_over()
        answer = await other.begin(**more)
        return answer, await rig.want(TICKET), rig.rows(Code.COMMAND_REFUSED)

    answer, told, rows = on_rig(tmp_path, scenario)
    assert (answer.done, answer.reasons) == (False, (reason,))
    assert told.seeing is Seeing.REFUSED
    assert rows[0].event.reasons == (reason,)
    assert rows[0].event.body.issuer == "Chen Wei"


@pytest.mark.attack("camera-06")
def test_a_ticket_counts_once_and_more_cameras_than_the_site_allows_are_refused(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        first = await other.begin()
        second = await other.begin(why="another purpose for the same ticket")
        begun = [row.event.body.note for row in rig.rows(Code.VIEWING_BEGUN)]
        return first.done, second.reasons, begun

    assert on_rig(tmp_path, scenario) == (True, ("not_allowed",), ["a vehicle stands there"])


@pytest.mark.attack("camera-07")
def test_a_network_process_that_dies_takes_its_viewings_along(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin()).done
        before = await rig.want(TICKET)
        other.writer.transport.abort()
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        return before.seeing, await rig.want(TICKET), rig.rows(Code.VIEWING_ENDED)[0].event.detail

    before, after, detail = on_rig(tmp_path, scenario)
    assert before is not Seeing.REFUSED
    assert after.seeing is Seeing.REFUSED
    assert detail.startswith("connection_lost")


@pytest.mark.attack("camera-15")
def test_no_viewing_outlives_its_connection_by_the_number_of_another_one(tmp_path):
    """Two under one request: the end of the first must not leave the second without a connection that it ends with."""

    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin(request="one")).done
        second = await other.begin(request="one", ticket=f"{TICKET}2")
        await other.ask(EndViewing(ticket=TICKET, because="by_hand"))
        other.writer.transport.abort()
        await rig.until(lambda: not rig.eyes.pictures._tickets)
        return second, (await rig.want(f"{TICKET}2")).seeing

    second, seeing = on_rig(tmp_path, scenario)
    assert second.reasons == ("not_allowed",)
    assert seeing is Seeing.REFUSED


@pytest.mark.attack("camera-23")
def test_whoever_goes_before_it_is_committed_leaves_no_viewing_that_nobody_ends(tmp_path):
    """What the journal says has begun has its end there, too: somebody reads it to know who looked how long."""

    async def scenario(rig):
        other = await rig.taken_over()
        asked = BeginViewing(
            issuer="Chen Wei", address="", roles="manager", cameras=(CAMERA,), why="a fire", ticket=TICKET, for_s=300
        )
        other.writer.write(pack(Ask(asked, "gone-at-once")))
        other.writer.write_eof()
        await rig.until(lambda: rig.rows(Code.VIEWING_BEGUN))
        await rig.until(lambda: rig.rows(Code.VIEWING_ENDED))
        return rig.rows(Code.VIEWING_BEGUN, Code.VIEWING_ENDED), (await rig.want(TICKET)).seeing

    (begun, ended), seeing = on_rig(tmp_path, scenario)
    assert (begun.event.body.note, ended.event.body.note) == ("a fire", "a fire")
    assert ended.event.detail == "connection_lost, 0 min"
    assert seeing is Seeing.REFUSED


@pytest.mark.attack("camera-08")
def test_a_flood_of_viewings_fills_no_journal_and_no_memory(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        answers = []
        for number in range(60):
            answers.append(await other.begin(roles="manager", ticket=f"{TICKET}-{number}"))
        begun = len(rig.rows(Code.VIEWING_BEGUN))
        return answers, begun, len(rig.eyes.pictures._tickets), len(rig.rows(Code.COMMAND_REFUSED))

    answers, begun, tickets, refused = on_rig(tmp_path, scenario)
    assert begun == tickets == sum(answer.done for answer in answers)
    assert 1 <= begun <= 8
    assert begun + refused <= 12
    assert {reason for answer in answers for reason in answer.reasons} <= {"too_many", "viewings_full"}


@pytest.mark.attack("camera-09")
def test_a_flood_of_questions_costs_one_picture_each_half_second_and_a_card_opens_meanwhile(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        await guard.seen("live")
        watch = rig.eyes._eyes[CAMERA].watch
        made = set()

        async def asks() -> None:
            for _ in range(10):
                told = await guard.newest()
                made.add(told["number"])

        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await asyncio.gather(*(asks() for _ in range(20)))
        took_s = loop.time() - began_s
        await rig.gate.present("resident", "front_reader")
        granted = rig.rows(Code.GRANTED, Code.DENIED)
        return len(made), took_s, granted, watch.says

    made, took_s, granted, says = on_rig(tmp_path, scenario)
    assert made <= took_s * 2 + 3
    assert granted
    assert says == ""


@pytest.mark.attack("camera-10")
def test_the_socket_for_pictures_lives_through_garbage_and_peers_that_neither_read_nor_go(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin()).done
        await rig.until(lambda: rig.pictures.exists())
        await rig.until(lambda: rig.eyes._eyes[CAMERA].watch.says == "")  # the camera is open before anybody attacks
        writers = []
        for sent in (b"\xff" * 64, b"\0\0\0\x04abcd", b"GET / HTTP/1.1\r\n\r\n", b"\x7f\xff\xff\xff"):
            _, writer = await asyncio.open_unix_connection(rig.pictures)
            writer.write(sent)
            writers.append(writer)
        idle = []
        for _ in range(3 * CLIENTS_MAX):
            with contextlib.suppress(OSError):
                idle.append((await asyncio.open_unix_connection(rig.pictures))[1])
        for writer in idle:
            writer.write(pack(Want(TICKET, CAMERA)) * 50)
        await rig.until(lambda: rig.eyes.pictures.refused_peers > 0)
        for writer in (*writers, *idle):
            writer.transport.abort()
        async with asyncio.timeout(LIMIT_S):
            while (told := await rig.want(TICKET)) is None:  # noqa: ASYNC110  other connections end meanwhile
                await asyncio.sleep(0.05)
        sees = rig.eyes._eyes[CAMERA].watch.says
        return told.seeing, sees

    seeing, sees = on_rig(tmp_path, scenario)
    assert seeing is not Seeing.REFUSED
    assert sees == ""


@pytest.mark.attack("camera-11")
def test_a_controller_that_is_not_heard_any_more_leaves_no_ticket_behind(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        assert (await other.begin()).done
        await rig.until(lambda: rig.eyes.pictures._tickets)
        rig.gate.sights.show(TICKET, None)  # as if it had been forgotten while nobody heard it
        rig.eyes.pictures._tickets[TICKET] = next(iter(rig.eyes.pictures._tickets.values()), None) or _ticket()
        rig.socket._client[1].transport.abort()
        await rig.until(lambda: not rig.eyes.pictures._tickets)
        await rig.until(lambda: rig.socket.connected)
        return await rig.want(TICKET)

    assert on_rig(tmp_path, scenario).seeing is Seeing.REFUSED


def _ticket():
    from firmware.vision.pictures import Ticket

    return Ticket(frozenset({CAMERA}), 1 << 62)
