"""Faces at the page, at a whole controller: consent first, templates never here, a receipt for who withdraws.

What the vision process says is said by the test; that it sees faces is proven in test_a_live_enrolment.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import re

import msgspec
import pytest

from drivers.sights import Taken
from firmware.bench.gate import running_gate
from firmware.camera_commands import EndFace, FaceProgress, FacesTold, HowFar, TakeFace, TellFaces
from firmware.controller.face_room import LATE_S
from firmware.core.codes import Code
from firmware.core.face_facts import FaceChange
from firmware.faces.likeness import EMBEDDER
from firmware.faces.receipt import genuine
from firmware.local_socket import listening_socket
from firmware.network.camera_view.faces import read_receipt
from tests.camera_view.rig import Paged, serve_page
from tests.faces.people import site_with_faces, template, with_face_camera

CAMERA, HOLDER = "front_camera", "resident"
TEMPLATES = tuple(template(seed) for seed in (1, 1001, 2001))
FORM = [
    ("read", "en"),
    ("holder", HOLDER),
    ("given_by", "Ann Example"),
    ("days", "365"),
    ("camera", CAMERA),
    ("why", "asked for it at the desk"),
    ("agreed", "yes"),
]


def form(**changes: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in (dict(FORM) | changes).items() if value]


@contextlib.asynccontextmanager
async def faced(folder, *, on=True, faces=None):
    site = with_face_camera(site_with_faces(folder / "site", on=on, faces=faces)) if on else None
    site = site or site_with_faces(folder / "site", on=False, faces=faces)
    state = folder / "state"
    state.mkdir(mode=0o700)
    async with running_gate(state, site) as gate:
        rig = Paged(folder, gate)
        await gate.controller.role_socket.start(listening_socket(folder / "network.sock"))
        try:
            await serve_page(rig, site)
            yield rig
        finally:
            await rig.close()


def play(folder, scenario, **more):
    async def run():
        async with faced(folder, **more) as rig:
            return await scenario(rig)

    return asyncio.run(run())


def number_of(rig: Paged) -> str:
    (taking,) = rig.gate.sights.takings.values()
    return taking.ask


def says(rig: Paged, taken: int = 0, *, step: str = "", why: tuple[str, ...] = (), over: bool = False, **more) -> None:
    """The vision process says how far it is."""
    done = over and not why
    values = {
        "ask": number_of(rig),
        "taken": taken,
        "least": 3,
        "step": step,
        "why": why,
        "over": over,
        "embedder": EMBEDDER if done else "",
        "templates": TEMPLATES if done else (),
        "turns": (0.0, 0.2, -0.2) if done else (),
    }
    rig.gate.sights.on_taken(CAMERA, Taken(**(values | more)))


async def progressed(person) -> dict:
    return msgspec.json.decode((await person.get("/api/v1/faces/enrolling")).body)


async def until_over(person) -> dict:
    async with asyncio.timeout(20):
        while not (told := await progressed(person))["over"]:  # noqa: ASYNC110  the controller tells when asked
            await asyncio.sleep(0.3)
    return told


def test_a_site_without_faces_says_how_to_switch_them_on_and_takes_none(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        page = (await manager.get("/faces")).text
        enrol = (await manager.get("/faces/enrol")).text
        other = await rig.taken_over()
        answer = await other.ask(taking())
        return page, enrol, answer

    page, enrol, answer = play(tmp_path, scenario, on=False)
    assert "on = true in [faces]" in page
    assert "on = true in [faces]" in enrol
    assert (answer.done, answer.reasons) == (False, ("camera_not_found",))


def taking(**more) -> TakeFace:
    fields = {
        "issuer": "Chen Wei",
        "roles": "manager",
        "holder": HOLDER,
        "camera": CAMERA,
        "why": "asked for it",
        "language": "en",
        "given_by": "Ann Example",
        "days": 365,
    }
    return TakeFace(**(fields | more))


def test_an_enrolment_from_the_consent_to_the_receipt_of_its_withdrawal(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        first = (await manager.get("/faces/enrol?read=zh_CN")).text
        seen = []
        sights = rig.gate.sights
        take = sights.on_take
        sights.on_take = lambda *said: (seen.append(len(rig.rows(Code.FACE_TAKING))), take(*said))
        begun = await manager.post("/faces/enrol", form())
        steps = [await progressed(manager)]
        for taken, step, why in ((1, "left", ()), (1, "left", ("same_angle",)), (2, "right", ("dark", "turned"))):
            says(rig, taken, step=step, why=why)
            steps.append(await progressed(manager))
        page = (await manager.get("/faces/enrolling")).text
        says(rig, 3, over=True)
        done = await until_over(manager)
        listed = (await manager.get("/faces")).text
        enrolled = rig.rows(Code.FACE_TAKING, Code.FACE_ENROLLED)
        of_holder = rig.gate.controller.faces.of_holder(HOLDER)
        withdrawn = await manager.post("/faces/withdraw", [("holder", HOLDER), ("why", "moves away")])
        gone = rig.gate.controller.faces.of_holder(HOLDER)
        link = re.search(r'href="(/faces/receipt\?key=[0-9a-f]+)"', withdrawn.text)[1]
        saved = await manager.get(link)
        other = await rig.person().log_in("manager")
        stolen = await other.get(link)
        again = (await manager.get("/faces")).text
        return locals()

    got = play(tmp_path, scenario)
    assert "本出入口人脸识别同意书" in got["first"]
    assert got["begun"].status == 303
    assert got["seen"][0] == 1, "the consent stands in the journal before the camera looks"
    assert [step["step"] for step in got["steps"]] == [
        "Look straight into the camera",
        "Turn the head a little to your left",
        "Turn the head a little to your left",
        "Turn the head a little to your right",
    ]
    assert [len(step["said"]) for step in got["steps"]] == [0, 0, 1, 2]
    assert got["steps"][3]["taken"] == "2 of 3 angles taken"
    assert "2 of 3 angles taken" in got["page"]
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in got["page"]
    assert got["done"]["state"] == "done"
    assert [row.event.code for row in got["enrolled"]] == [Code.FACE_TAKING, Code.FACE_ENROLLED]
    assert [row.event.body.issuer for row in got["enrolled"]] == ["manager"] * 2
    assert HOLDER in got["listed"]
    assert "Ann Example" in got["listed"]
    consent = got["of_holder"].consent
    assert (consent.witness, consent.given_by, consent.language) == ("manager", "Ann Example", "en")
    assert consent.expires_s - consent.given_s == 365 * 86_400
    assert got["gone"] is None
    receipt = read_receipt(got["saved"].text)
    assert genuine(receipt)
    assert (receipt.receipt.holder, receipt.receipt.why) == (HOLDER, "withdrawn")
    assert got["saved"].header("content-disposition") == 'attachment; filename="receipt.json"'
    assert got["stolen"].status == 303
    assert "Nobody is enrolled." in got["again"]


def test_no_template_comes_to_the_network_process(tmp_path):
    """Every byte that its socket carries while somebody is enrolled and listed."""

    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        await manager.post("/faces/enrol", form())
        says(rig, 3, over=True)
        await until_over(manager)
        await manager.get("/faces")
        return bytes(rig.carried)

    async def run():
        site = with_face_camera(site_with_faces(tmp_path / "site"))
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        async with running_gate(state, site) as gate:
            rig = Paged(tmp_path, gate)
            rig.carried = bytearray()
            await gate.controller.role_socket.start(listening_socket(tmp_path / "behind.sock"))
            serving = set()

            async def relay(reader, writer):
                task = asyncio.current_task()
                serving.add(task)
                inner, outer = await asyncio.open_unix_connection(tmp_path / "behind.sock")

                async def carry(source, sink, *, kept):
                    with contextlib.suppress(ConnectionError):
                        while received := await source.read(1 << 16):
                            if kept:
                                rig.carried.extend(received)
                            sink.write(received)
                    sink.close()

                await asyncio.gather(carry(reader, outer, kept=False), carry(inner, writer, kept=True))
                serving.discard(task)

            server = await asyncio.start_unix_server(relay, tmp_path / "network.sock")
            try:
                await serve_page(rig, site)
                return await scenario(rig)
            finally:
                await rig.close()
                server.close()
                await asyncio.gather(*serving, return_exceptions=True)

    carried = asyncio.run(run())
    assert b"Ann Example" in carried, "the spy hears what is told"
    assert not [values for values in TEMPLATES if values[:16] in carried]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"agreed": ""}, "Without consent nobody is enrolled"),
        ({"read": "fr"}, "Without consent nobody is enrolled"),
        ({"given_by": ""}, "Give the name of who consents"),
        ({"holder": ""}, "Give the holder"),
        ({"under_14": "yes"}, "Under 14 a parent or guardian consents"),
        ({"guardian": "Bo Example"}, "Under 14 a parent or guardian consents"),
        ({"camera": "lane_camera"}, "Choose a camera"),
        ({"given_by": "manager"}, "The consent is not complete"),  # the witness cannot be who consents
        ({"under_14": "yes", "guardian": "Ann Example"}, "The consent is not complete"),
        ({"holder": "nobody"}, "holder"),
    ],
)
def test_without_a_consent_that_may_be_no_camera_looks(tmp_path, changes, said):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        answer = await manager.post("/faces/enrol", form(**changes))
        return answer, dict(rig.gate.sights.takings)

    answer, takings = play(tmp_path, scenario)
    assert answer.status == 400
    assert said in answer.text
    assert takings == {}


def test_what_is_not_finished_is_told_and_keeps_nothing(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        ends = []
        for end in ("stop", "late", "no_models"):
            assert (await manager.post("/faces/enrol", form())).status == 303
            if end == "stop":
                await manager.post("/faces/stop")
            else:
                says(rig, 1, why=(end,), over=True)
            ends.append(await until_over(manager))
        await rig.until(lambda: len(rig.rows(Code.FACE_REFUSED)) == 3)
        rows = rig.rows(Code.FACE_REFUSED)
        return ends, rows, rig.gate.controller.faces.of_holder(HOLDER), dict(rig.gate.sights.takings)

    ends, rows, kept, takings = play(tmp_path, scenario)
    assert [end["state"] for end in ends] == ["failed"] * 3
    assert [end["said"][0].split(" ")[0] for end in ends] == ["It", "The", "The"]
    assert [row.event.reasons for row in rows] == [("face_pictures",), ("too_late",), ("face_pictures",)]
    assert kept is None
    assert takings == {}


def test_a_consent_that_the_journal_takes_too_late_lets_no_camera_look(tmp_path):
    """The card stalls: the page has said long ago that it is not known, and somebody else may stand there by now."""

    async def scenario(rig):
        room = rig.gate.controller.viewings._faces
        committed = room._committed

        def late(request, change, messages):
            if change is FaceChange.TAKING:
                room._now.asked_ns -= (LATE_S + 1) * 1_000_000_000
            committed(request, change, messages)

        room._committed = late
        other = await rig.taken_over()
        answer = await other.ask(taking())
        await rig.until(lambda: rig.rows(Code.FACE_REFUSED))
        return answer, dict(rig.gate.sights.takings), rig.rows(Code.FACE_REFUSED)[0].event.reasons

    answer, takings, reasons = play(tmp_path, scenario)
    assert (answer.done, answer.reasons, takings, reasons) == (False, ("too_late",), {}, ("too_late",))


@pytest.mark.attack("camera-12")
def test_a_taken_over_network_process_enrols_nobody_who_may_not_be_and_no_faster_than_people(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        refused = [
            await other.ask(taking(roles="guard installer")),
            await other.ask(TellFaces(issuer="x", roles="guard")),
            await other.ask(EndFace(issuer="x", roles="auditor", holder=HOLDER, why="why not")),
            await other.ask(taking(camera="lane_camera")),
            await other.ask(taking(language="xx")),
        ]
        begun = await other.ask(taking())
        busy = await other.ask(taking(holder="guard"))
        guessed = msgspec.json.decode((await other.ask(HowFar(number="0" * 24))).told, type=FaceProgress)
        flood = [await other.ask(EndFace(issuer="x", roles="manager", holder=HOLDER, why="why")) for _ in range(12)]
        return refused, begun, busy, guessed, flood, len(rig.rows(Code.FACE_REFUSED))

    refused, begun, busy, guessed, flood, events = play(tmp_path, scenario)
    assert [answer.reasons for answer in refused[:4]] == [("not_allowed",)] * 3 + [("camera_not_found",)]
    assert refused[4].reasons == ("face_consent:consent_text",)
    assert begun.done
    assert busy.reasons == ("face_busy",)
    assert guessed.state == "over"
    assert sum("too_many" in answer.reasons for answer in flood) >= 10
    assert events <= 8


@pytest.mark.attack("camera-13")
def test_a_taken_over_vision_process_says_nothing_of_another_enrolment_and_no_template_that_is_none(tmp_path):
    async def scenario(rig):
        manager = await rig.person().log_in("manager")
        sights = rig.gate.sights
        sights.on_taken(CAMERA, Taken("made-up", 3, 3, "", (), True, EMBEDDER, TEMPLATES, (0.0, 0.2, -0.2)))
        before = rig.gate.controller.faces.of_holder(HOLDER)
        await manager.post("/faces/enrol", form())
        says(rig, 3, over=True, ask="another")
        still = await progressed(manager)
        says(rig, 3, over=True, templates=(b"\0" * 384,) * 3)
        end = await until_over(manager)
        says_late = rig.gate.controller.faces.of_holder(HOLDER)
        return before, still, end, says_late

    before, still, end, late = play(tmp_path, scenario)
    assert before is None
    assert still["state"] == "looking"
    assert end["state"] == "failed"
    assert late is None


def test_a_long_list_is_told_in_parts(tmp_path):
    async def scenario(rig):
        other = await rig.taken_over()
        answer = await other.ask(TellFaces(issuer="Li Na", roles="manager", start=5))
        receipts = await other.ask(TellFaces(issuer="Li Na", roles="manager", receipts=True))
        return [msgspec.json.decode(each.told, type=FacesTold) for each in (answer, receipts)]

    told, receipts = play(tmp_path, scenario)
    assert (told.on, told.count, told.faces) == (True, 0, ())
    assert receipts.receipts == ()
