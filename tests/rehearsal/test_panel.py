"""The panel's routes: who is refused, what actions do, and that the live stream is bounded."""

from __future__ import annotations

import asyncio
import csv
import json
import re
from pathlib import Path

import httpx
import pytest

from firmware.core.plates import look_alikes
from firmware.rehearsal import actions
from firmware.rehearsal.barrier_layout import KeysLayout, LampsLayout
from firmware.rehearsal.bodies import KINDS
from firmware.rehearsal.contacts import WIRE_FAULTS
from firmware.rehearsal.detectors import Loop, Photocell, SafetyEdge
from firmware.rehearsal.door import Push
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.panel.app import STREAMS_MAX, Panel
from firmware.rehearsal.panel.guard import COOKIE, Guard
from firmware.rehearsal.panel.texts import TEXTS
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.power import Power
from firmware.rehearsal.turnstile import Walk
from firmware.rehearsal.virtual_time import run_virtual

HOST = "127.0.0.1:8090"
ORIGIN = f"http://{HOST}"
PANEL_FOLDER = Path(__file__).parents[2] / "firmware" / "rehearsal" / "panel"


class Visit:
    """A panel on virtual time and a client that has or has not the session."""

    def __init__(self, plants, far_end, panel, client):
        self.plants, self.far_end, self.panel, self.client = plants, far_end, panel, client

    async def sign_in(self):
        answer = await self.client.get("/", params={"code": self.panel.guard.code})
        assert answer.status_code == 303
        return answer

    async def act(self, **action):
        return await self.client.post("/act", json=action, headers={"Origin": ORIGIN})


def visit(gate_file, story, *, signed_in=True):
    async def run():
        plants = Plants.load(gate_file, seed=7)
        far_end = FarEnd(plants.wires)
        power = Power(None, asyncio.get_running_loop(), lambda: None)
        guard = Guard()
        guard.serve_at("127.0.0.1", 8090)
        panel = Panel(plants, far_end, power, guard)
        transport = httpx.ASGITransport(app=panel.app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            it = Visit(plants, far_end, panel, client)
            if signed_in:
                await it.sign_in()
            try:
                return await story(it)
            finally:
                panel.stop()
                await far_end.close()
                plants.close()

    return run_virtual(run())


# --- who is refused ---


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [
        *("/", "/plan", "/live", "/act", "/panel.js", "/panel.css", "/lane.js", "/lane.css", "/mark.svg"),
        *("/x", "/..%2fpage.html", "//", "/?code="),
    ],
)
def test_every_route_without_the_code_is_refused(gate_file, method, path):
    async def story(it):
        answer = await it.client.request(method, path, headers={"Origin": ORIGIN})
        return answer.status_code, answer.headers.get("set-cookie")

    status, cookie = visit(gate_file, story, signed_in=False)
    assert status in (401, 405)
    assert cookie is None


def test_the_code_is_good_once_and_becomes_a_cookie_scripts_cannot_read(gate_file):
    async def story(it):
        wrong = await it.client.get("/", params={"code": it.panel.guard.code[:-1]})
        right = await it.sign_in()
        page = await it.client.get("/")
        it.client.cookies.clear()
        again = await it.client.get("/", params={"code": it.panel.guard.code})
        return wrong.status_code, right.headers, page, again.status_code

    wrong, headers, page, again = visit(gate_file, story, signed_in=False)
    assert (wrong, again) == (401, 401)
    assert headers["location"] == "/"
    cookie = headers["set-cookie"].lower()
    assert COOKIE in cookie
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_panel_offers_plates_of_whom_three_are_known_and_one_only_looks_so(gate_file):
    """And a car that comes with one carries it."""

    async def story(it):
        offered = (await it.client.get("/plan")).json()["layout"]["plate"]
        for each in offered:
            answer = await it.act(do="arrive", barrier="vehicle_lane", kind="car", direction="in", plate=each["text"])
            assert answer.json() == {"outcome": "done"}
        lane = it.plants.barriers["vehicle_lane"].lane
        return [each["text"] for each in offered], [body.plate for body in lane.bodies.values()]

    offered, carried = visit(gate_file, story)
    with gate_file.with_name("holders.csv").open(encoding="utf-8", newline="") as read:
        known = [row["plate"] for row in csv.DictReader(read) if row["plate"]]
    assert offered == carried
    assert offered[:3] == known
    assert not set(offered[3:]) & set(known)
    assert sum(any(alike in known for alike in look_alikes(each)) for each in offered[3:]) == 1


def test_a_made_up_session_is_refused(gate_file):
    async def story(it):
        return [
            (await it.client.get("/plan", headers={"Cookie": f"{COOKIE}={value}"})).status_code
            for value in ("", "x", it.panel.guard.code, "a" * 10_000)
        ]

    assert visit(gate_file, story, signed_in=False) == [401] * 4


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8090", "127.0.0.1", "127.0.0.1:8091", "127.0.0.1:8090.evil.example", ""]
)
def test_another_host_name_is_refused_even_with_the_session(gate_file, host):
    async def story(it):
        return (await it.client.get("/plan", headers={"Host": host})).status_code

    assert visit(gate_file, story) == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:8080"}, 403),  # the product's own page is another origin
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN, "Content-Type": "text/plain"}, 415),
        ({"Origin": ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}, 200),
    ],
)
def test_changes_are_taken_from_the_panels_own_page_only(gate_file, headers, status):
    async def story(it):
        answer = await it.client.post(
            "/act",
            content=b'{"do":"force","door":"front_door"}',
            headers={"Content-Type": "application/json", **headers},
        )
        return answer.status_code, it.plants.doors["front_door"].leaf

    seen, leaf = visit(gate_file, story)
    assert seen == status
    assert leaf == ("opening" if status == 200 else "closed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 422),
        (b"[]", 422),
        (b"{}", 422),
        (b'{"do":"explode"}', 422),
        (b'{"do":"push"}', 422),
        (b'{"do":"push","door":7}', 422),
        (b'{"do":"push","door":"front_door","more":1}', 422),
        (b'{"do":"push","door":"no_such"}', 409),
        (b'{"do":"push","door":"' + b"x" * 41 + b'"}', 422),
        (b'{"do":"keys","reader":"bike_reader","keys":"1"}', 409),  # it has no keypad
        (b'{"do":"keys","reader":"front_reader","keys":"\xc2\xa7"}', 409),
        (b'{"do":"fields","reader":"front_reader","format":"H10301","facility":300,"number":1}', 409),
        (b'{"do":"bits","reader":"front_reader","bits":"01012"}', 409),
        (b'{"do":"storm","reader":"front_reader","seconds":100000}', 422),
        (b'{"do":"fault","plant":"front_door","fault":"__class__","on":true}', 409),
        (b'{"do":"fault","plant":"hall","fault":"lock_welded","on":true}', 409),
        (b'{"do":"card","reader":"front_reader","card":"nobody"}', 409),
        (b'{"do":"power_cut"}', 409),  # nobody to ask here
        (b'{"do":"arrive","barrier":"front_door","kind":"car","direction":"in"}', 409),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"tank","direction":"in"}', 409),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"car","direction":"up"}', 422),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"car","direction":"in","speed_mm_s":0}', 422),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"car","direction":"in","stop_at":"moon"}', 409),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"car","direction":"in","placed":true}', 409),
        (b'{"do":"arrive","barrier":"vehicle_lane","kind":"car","direction":"in","behind":7}', 409),
        (b'{"do":"body","barrier":"vehicle_lane","body":1,"deed":"go"}', 409),
        (b'{"do":"body","barrier":"vehicle_lane","body":1,"deed":"fly"}', 422),
        (b'{"do":"ball","barrier":"vehicle_lane","beam":"entry","seconds":5}', 409),
        (b'{"do":"ball","barrier":"vehicle_lane","beam":"beam","seconds":601}', 422),
        (b'{"do":"key","barrier":"vehicle_lane","key":"arm_detached","on":true}', 409),  # a bollard has no arm
        (b'{"do":"key","barrier":"vehicle_lane","key":"stop","on":1}', 422),
        (b'{"do":"wire","barrier":"vehicle_lane","wire":"no_such","wrong":"open"}', 409),
        (b'{"do":"wire","barrier":"vehicle_lane","wire":"permit","wrong":"short"}', 409),  # an output
        (b'{"do":"wire","barrier":"vehicle_lane","wire":"stop","wrong":"burnt"}', 422),
        (b'{"do":"fault","plant":"vehicle_lane","fault":"beam_dead","on":true}', 409),
        (b"\xff" * 100, 422),
        (b'{"do":"push","door":"' + b"x" * 5_000 + b'"}', 413),
    ],
)
def test_actions_that_make_no_sense_are_refused_with_a_reason_and_do_nothing(gate_file, body, status):
    async def story(it):
        before = it.panel.state()
        answer = await it.client.post(
            "/act", content=body, headers={"Origin": ORIGIN, "Content-Type": "application/json"}
        )
        return answer, before == it.panel.state()

    answer, unchanged = visit(gate_file, story)
    assert answer.status_code == status
    assert answer.json()["why"]
    assert unchanged


# --- what actions do ---


def test_a_card_a_pin_and_bits_reach_the_wire(gate_file):
    async def story(it):
        bits = []
        it.plants.wires.listen(lambda edges: bits.extend(edge.line for edge in edges if not edge.level))
        said = []
        for action in (
            {"do": "card", "reader": "front_reader", "card": "guard"},
            {"do": "keys", "reader": "front_reader", "keys": "2468#"},
            {"do": "bits", "reader": "front_reader", "bits": "1 0 1"},
            {"do": "fields", "reader": "front_reader", "format": "H10306", "facility": 1, "number": 2},
        ):
            said.append((await it.act(**action)).json()["outcome"])
        await asyncio.sleep(5)
        return said, len([line for line in bits if line in ("GPIO17", "GPIO27")])

    assert visit(gate_file, story) == (["done"] * 4, 37 + 5 * 4 + 3 + 34)


def test_a_door_answers_what_became_of_the_push(gate_file):
    async def story(it):
        said = [(await it.act(do="push", door="front_door")).json()["outcome"]]
        it.plants.wires.drive("GPIO13", True)
        await asyncio.sleep(10)
        said.append((await it.act(do="push", door="front_door")).json()["outcome"])
        await it.act(do="hold", door="front_door", held=True)
        await asyncio.sleep(60)
        return said, it.plants.doors["front_door"].leaf

    assert visit(gate_file, story) == (["waiting", "opened"], "open")


def test_turnstile_switches_tamper_storm_and_faults_work(gate_file):
    async def story(it):
        it.plants.wires.drive("X10", True)  # the arms are held up
        said = [
            (await it.act(**action)).json()["outcome"]
            for action in (
                {"do": "walk", "turnstile": "hall", "direction": "in"},
                {"do": "walk", "turnstile": "hall", "direction": "in", "force": True},
                {"do": "walk", "turnstile": "hall", "direction": "out"},
                {"do": "switch", "switch": "fire_panel", "active": True},
                {"do": "tamper", "reader": "front_reader", "tampered": True},
                {"do": "storm", "reader": "bike_reader", "seconds": 1},
                {"do": "fault", "plant": "front_door", "fault": "contact_stuck_open", "on": True},
                {"do": "rex", "door": "bike_shed"},
                {"do": "leave", "door": "bike_shed"},
            )
        ]
        await asyncio.sleep(0.05)  # bounces are over, the button is still pressed
        state = it.panel.state().plants
        levels = it.plants.wires.levels(["GPIO4", "X15", "GPIO6", "GPIO26"])
        await asyncio.sleep(2)
        return said, state, levels

    said, state, levels = visit(gate_file, story)
    assert said == ["locked", "turned", "occupied", "done", "done", "done", "done", "done", "opened"]
    assert levels == {"GPIO4": True, "X15": True, "GPIO6": True, "GPIO26": False}
    assert next(each for each in state.readers if each.id == "bike_reader").storm is True
    assert next(each for each in state.readers if each.id == "front_reader").tampered is True


def test_a_lane_is_worked_by_actions_and_told_as_it_is(gate_file):
    lane = {"barrier": "vehicle_lane"}

    async def story(it):
        said = [
            (await it.act(**action, **lane)).json()["outcome"]
            for action in (
                {"do": "arrive", "kind": "car", "direction": "in", "stop_at": "entry", "placed": True},
                {"do": "arrive", "kind": "carbon_bicycle", "direction": "out", "speed_mm_s": 4_000},
                {"do": "arrive", "kind": "car", "direction": "in", "behind": 1, "gap_mm": 500},
                {"do": "arrive", "kind": "child", "direction": "in", "careful": True},
                {"do": "body", "body": 3, "deed": "remove"},
                {"do": "ball", "beam": "beam", "seconds": 30},
                {"do": "key", "key": "stop", "on": True},
                {"do": "key", "key": "key_open", "on": True},
                {"do": "wire", "wire": "exit", "wrong": "open"},
            )
        ]
        said.append((await it.act(do="fault", plant="vehicle_lane", fault="safety_stuck", on=True)).json()["outcome"])
        await asyncio.sleep(0.2)
        state = it.panel.state().plants.barriers[0]
        for action in ({"do": "body", "body": 1, "deed": "go"}, {"do": "clear_lane"}):
            said.append((await it.act(**action, **lane)).json()["outcome"])
        return said, state, it.panel.state().plants.barriers[0].bodies

    said, state, left = visit(gate_file, story)
    assert said == ["done"] * 12
    assert [(body.id, body.kind, body.direction, body.speed_mm_s) for body in state.bodies] == [
        (1, "car", "in", 0),
        (2, "carbon_bicycle", "out", -4_000),
        (4, "child", "in", 1_600),
    ]
    assert {each.id: each.told for each in state.detectors} == dict.fromkeys(("entry", "safety", "exit", "beam"), True)
    assert {each.id for each in state.detectors if each.there} == {"entry", "beam"}
    assert (state.balls, state.wires) == ({"beam": True}, {"exit": "open"})
    assert {key for key, on in state.keys.items() if on} == {"stop", "key_open"}
    assert left == ()


def test_a_contact_that_tells_late_is_told_to_the_page(gate_file):
    """A loop's detector needs its time: the state that the page has last must be the one after it."""

    async def story(it):
        news = asyncio.Event()
        it.panel._streams.append(news)
        stream = it.panel.live(news)
        await anext(stream)
        it.plants.barriers["vehicle_lane"].lane.arrive("car", "in", 1_000, "entry", placed=True)
        told = []
        while not told or told[-1].startswith(b"data"):
            told.append(await anext(stream))
        await stream.aclose()
        last = json.loads(told[-2][len(b"data: ") :])["plants"]["barriers"][0]
        return next(each["told"] for each in last["detectors"] if each["id"] == "entry")

    assert visit(gate_file, story) is True


def test_the_page_is_told_what_it_must_know_of_lanes(gate_file):
    async def story(it):
        return (await it.client.get("/plan")).json()["lane"], it.plants.barriers["vehicle_lane"].wires

    lane, wires = visit(gate_file, story)
    assert lane["kinds"]["car"] == 4_500
    assert lane["wires"]["vehicle_lane"].keys() == wires.keys()
    assert [name for name, is_input in lane["wires"]["vehicle_lane"].items() if not is_input] == [
        "open", "close", "permit", "beam_test", "red_in", "green_in", "red_out", "green_out", "warning", "sounder",
    ]  # fmt: skip


def test_lamps_and_buzzer_are_shown_as_driven(gate_file):
    async def story(it):
        for line in ("GPIO22", "GPIO24"):
            it.plants.wires.drive(line, True)
        return it.panel.state().plants.readers[0]

    reader = visit(gate_file, story)
    assert (reader.green, reader.red, reader.buzzer) == (True, False, True)


# --- the live stream ---


def test_the_stream_tells_states_at_once_after_changes_and_ends(gate_file):
    async def story(it):
        news = asyncio.Event()
        it.panel._streams.append(news)
        stream = it.panel.live(news)
        first = await anext(stream)
        asyncio.get_running_loop().call_later(1, lambda: it.plants.switches["fire_panel"].set(True))
        second = await anext(stream)
        silent = await anext(stream)
        it.panel.stop()
        rest = [message async for message in stream]
        return first, second, silent, rest, len(it.panel._streams)

    first, second, silent, rest, listed = visit(gate_file, story)
    fire = [
        next(
            each["active"]
            for each in json.loads(said[len(b"data: ") :])["plants"]["switches"]
            if each["id"] == "fire_panel"
        )
        for said in (first, second)
    ]
    assert fire == [False, True]
    assert silent.startswith(b":")
    assert listed == 0
    assert len(rest) <= 1


def test_a_storm_of_changes_is_told_at_most_25_times_a_second(gate_file):
    async def story(it):
        news = asyncio.Event()
        it.panel._streams.append(news)
        stream = it.panel.live(news)
        end_s = asyncio.get_running_loop().time() + 2
        it.plants.readers["front_reader"].storm(2_000)
        it.plants.wires.listen(lambda _: it.plants.wires.changed())  # far more than any person could see
        told = 0
        while asyncio.get_running_loop().time() < end_s:
            await anext(stream)
            told += 1
        await stream.aclose()
        return told

    assert 25 <= visit(gate_file, story) <= 52


def test_streams_are_bounded_and_the_oldest_ends(gate_file):
    async def story(it):
        opened = [await it.panel._live(None) for _ in range(STREAMS_MAX + 3)]
        ended = 0
        for response in opened:
            try:
                await anext(response.body_iterator)
            except StopAsyncIteration:
                ended += 1
            await response.body_iterator.aclose()
        return ended, len(it.panel._streams)

    assert visit(gate_file, story) == (3, 0)


# --- the page itself ---


def scripts():
    return "".join((PANEL_FOLDER / name).read_text() for name in ("panel.js", "lane.js"))


def test_every_text_is_there_in_both_languages_and_with_the_same_values():
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    for key, text in TEXTS["en"].items():
        assert text.strip(), key
        assert TEXTS["zh"][key].strip(), key
        assert set(re.findall(r"{(\w+)}", text)) == set(re.findall(r"{(\w+)}", TEXTS["zh"][key])), key


def test_every_text_the_page_asks_for_is_there(gate_file):
    script = scripts()
    page = (PANEL_FOLDER / "page.html").read_text()
    asked = set(re.findall(r'say\("(\w+)"', script)) | set(re.findall(r'data-text="(\w+)"', page))
    asked |= {key for pair in re.findall(r'say\([\w.]+ \? "(\w+)" : "(\w+)"', script) for key in pair}

    async def story(it):
        state = it.panel.state().plants
        every = [*state.readers, *state.doors, *state.turnstiles, *state.barriers, *state.switches]
        wires = set(it.plants.barriers["vehicle_lane"].wires)
        return {f"fault_{fault}" for plant in every for fault in plant.faults} | {f"wire:{wire}" for wire in wires}

    asked |= visit(gate_file, story)
    asked |= {f"kind_{kind}" for kind in KINDS} | {f"wrong_{wrong}" for wrong in WIRE_FAULTS}
    asked |= {f"key_{key}" for key in KeysLayout.__struct_fields__}
    asked |= {f"lamp_{lamp}" for lamp in LampsLayout.__struct_fields__}
    asked |= {f"sense_{fault}" for kind in (Loop, Photocell, SafetyEdge) for fault in kind.FAULTS}
    asked |= {f"body_{deed}" for deed in ("stop", "go", "reverse", "remove")}
    asked |= {f"manner_{manner}" for manner in ("careful", "careless")} | {"strikes", "crashes", "wrecks"}
    asked |= {"waits", "stands", "moves"}
    for wire in [each for each in asked if each.startswith("wire:")]:
        asked.remove(wire)
        name = wire.removeprefix("wire:")
        assert any(f"{kind}_{name}" in TEXTS["en"] for kind in ("wire", "key", "lamp", "det")), wire
    asked |= {f"said_{word}" for word in ("done", "asked", "busy", "impossible")}
    asked |= {f"said_{word.value}" for kind in (Push, Walk) for word in kind}
    asked |= {f"{kind}_{way}" for kind in ("fire", "tamper", "mains", "battery", "other") for way in ("on", "off")}
    asked |= {"closed", "opening", "open", "closing"}
    assert asked - TEXTS["en"].keys() == set()


def test_every_action_of_the_page_is_one_the_panel_knows():
    script = scripts()
    sent = set(re.findall(r'\bdo: "(\w+)"', script))
    known = {action.__struct_config__.tag for action in actions.AnyAction.__args__}
    assert sent == known


def test_the_page_asks_nobody_else():
    for name in ("page.html", "panel.js", "panel.css", "lane.js", "lane.css"):
        text = (PANEL_FOLDER / name).read_text()
        assert "//" not in re.sub(r"(?m)^\s*//.*$|; // .*$|, // .*$", "", text).replace("http://www.w3.org", ""), name
        assert "innerHTML" not in text, name
        assert " style=" not in text
        assert not re.search(r"\son\w+=", text)
