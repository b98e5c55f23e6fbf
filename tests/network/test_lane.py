"""A vehicle lane on the page: what is drawn of it, what is said of it, and what is never read out of silence."""

from __future__ import annotations

import asyncio
import html as markup
import re
from collections.abc import Callable, Coroutine
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.core.view import Lamp, LaneView, Mode, PortalView, Position, SpotView
from firmware.network.events import EventLine, line_of
from firmware.network.words import LANGUAGES, Words
from tests.network.fake_controller import UTC_MS, barrier, door, health, lane, quiet, spots, states, welcome
from tests.network.running import RunningPage, running_page, settings

Scene = Callable[[RunningPage], Coroutine[Any, Any, None]]
NAMES = settings(portal_names={"north_lane": "North lane", "front_door": "Front door"})


def play(folder: Path, scene: Scene, *portals: Any, **more: Any) -> None:
    async def whole() -> None:
        first = (welcome(), states(view=quiet(*portals)), health())
        async with running_page(folder, *first, **({"site": NAMES} | more)) as page:
            await scene(page)

    asyncio.run(whole())


def drawn(html: str) -> dict[str, Any]:
    """The attributes by which the style sheet draws the first lane, and what it says of itself."""
    card = html[html.index('class="card lane"') :]
    card = card[: card.index('<div class="words">')]

    def first(pattern: str) -> str:
        found = re.search(pattern, card, re.DOTALL)
        assert found, pattern
        return markup.unescape(found[1])

    return {
        "mover": first(r'data-mover="([^"]*)"'),
        "position": first(r'data-position="([^"]*)"'),
        "lamps": dict(re.findall(r'class="head" data-way="(\w+)" data-lamp="(\w+)"', card)),
        "waiting": dict(re.findall(r'class="queue" data-way="(\w+)" data-count="(\w*)"', card)),
        "serving": first(r'data-serving="([^"]*)"'),
        "warning": first(r'class="beacon" data-on="(\w+)"'),
        "stopped": first(r'class="stopped" data-on="(\w+)"'),
        "spots": re.findall(r'class="spot (\w+)" data-spot="(\d+)" data-state="(\w+)" data-trouble="(\w+)"', card),
        "label": first(r'role="img" aria-label="([^"]*)"'),
    }


# mover -> position -> what stands beside "Proven", in English and Chinese
POSITIONS = {
    "bollard": {
        Position.CLOSED: ("Up, lane blocked", "已升到位"),
        Position.OPEN: ("Down, lane open", "已降到位"),
        Position.OPENING: ("Going down, not there yet", "正在下降，未到位"),
        Position.CLOSING: ("Going up, not there yet", "正在上升，未到位"),
        Position.BETWEEN: ("Half-way", "停在中途"),
        Position.UNKNOWN: ("Not known", "未知"),
    },
    "boom": {
        Position.CLOSED: ("Down, lane blocked", "已落杆到位"),
        Position.OPEN: ("Up, lane open", "已抬杆到位"),
        Position.OPENING: ("Going up, not there yet", "正在抬杆，未到位"),
        Position.CLOSING: ("Coming down, not there yet", "正在落杆，未到位"),
        Position.BETWEEN: ("Half-way", "停在中途"),
        Position.FAULT: ("Cannot be read", "无法读取"),
    },
    "sliding_gate": {
        Position.CLOSED: ("Closed", "已关闭"),
        Position.OPEN: ("Open", "打开"),
        Position.OPENING: ("Opening, not there yet", "正在打开，未到位"),
        Position.CLOSING: ("Closing, not there yet", "正在关闭，未到位"),
    },
    "swing_gate": {
        Position.CLOSED: ("Closed", "已关闭"),
        Position.OPEN: ("Open", "打开"),
        Position.NOT_MONITORED: ("Not watched", "未监测"),
    },
}
KINDS = {
    "bollard": ("Rising bollard", "升降柱"),
    "boom": ("Boom barrier", "道闸"),
    "sliding_gate": ("Sliding gate", "平移门"),
    "swing_gate": ("Swing gate", "平开门"),
}


@pytest.mark.parametrize("mover", POSITIONS)
def test_each_mover_says_where_it_stands_in_both_languages(tmp_path: Path, mover: str) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        for seq, (position, said) in enumerate(POSITIONS[mover].items(), start=2):
            view = quiet(barrier(lane(mover=mover), position=position))
            page.controller.say(states(seq=seq, view=view))
            told = position.value
            await window.until("view", lambda view, told=told: view["cards"][0]["position"] == told)
            for column, language in enumerate(("en", "zh-CN")):
                html = (await page.get("/", accept_language=language)).text
                seen = drawn(html)
                assert (seen["mover"], seen["position"]) == (mover, position.value)
                assert f'<dd class="position">{said[column]}</dd>' in html
                assert f'<p class="kind">{KINDS[mover][column]}</p>' in html
                assert seen["label"].startswith(f"{KINDS[mover][column]}{':：'[column]}".strip())
                assert said[column] in seen["label"], "whoever does not see the drawing hears it"
        window.writer.close()

    play(tmp_path, scene, barrier(lane(mover=mover)))


def test_everything_of_a_busy_lane_is_drawn_and_said(tmp_path: Path) -> None:
    busy = lane(
        lights={"in": Lamp.GREEN, "out": Lamp.RED},
        warning=True,
        spots=spots("safety_1", "photocell_1", exit="stuck"),
        serving="in",
        waiting={"in": 2, "out": 1},
        bars=("on_battery", "obstructed"),
        against=("active:safety_1", "active:photocell_1", "clearing", "not_healthy:exit_1"),
    )

    async def scene(page: RunningPage) -> None:
        html = (await page.get("/")).text
        seen = drawn(html)
        assert seen["lamps"] == {"in": "green", "out": "red"}
        assert seen["waiting"] == {"in": "2", "out": "1"}
        assert (seen["serving"], seen["warning"], seen["stopped"]) == ("in", "yes", "no")
        assert sorted(seen["spots"]) == [
            ("beam", "3", "active", "no"),
            ("edge", "4", "clear", "no"),
            ("loop", "0", "clear", "no"),
            ("loop", "1", "active", "no"),
            ("loop", "2", "clear", "yes"),
        ]
        window = await page.open_window()
        view: Any = await window.until("view")
        said = view["cards"][0]["lane"]
        assert said["against"] == [
            "Safety loop safety_1: occupied",
            "Beam photocell_1: interrupted",
            "Has just cleared: waits a moment",
            "Exit loop exit_1: not known to work, call maintenance",
        ]
        assert [(sign["kind"], sign["text"]) for sign in said["signs"]] == [
            ("warning", "Warns: closes now or soon"),
            ("hold", "On battery: does not close"),
            ("grave", "Obstructed again: waits for a reset"),
        ]
        assert dict(said["facts"]) == {
            "Lights": "in green, out red",
            "May go": "in",
            "Waiting": "in 2, out 1",
            "Sensors": "Safety loop safety_1: occupied\nExit loop exit_1: occupied for too long, not believed\n"
            "Beam photocell_1: interrupted",
            "Times closed": "12,345",
        }
        for text in [*said["against"], *(sign["text"] for sign in said["signs"])]:
            assert text in html, text
        assert "Lights: in green, out red" in seen["label"]
        chinese = (await page.get("/", accept_language="zh")).text
        for text in (
            "防砸地感 safety_1：有车",
            "红外对射 photocell_1：被遮挡",
            "进向绿灯，出向红灯",
            "再次遇阻：待复位",
        ):
            assert text in chinese, text
        window.writer.close()

    play(tmp_path, scene, barrier(busy, mode=Mode.ACCESSED, position=Position.OPEN))


def test_an_idle_closed_lane_says_little(tmp_path: Path) -> None:
    """Nothing stands against closing what is closed, and no direction that nobody waits in is named."""
    idle = lane(against=("active:entry_1",), spots=spots(), lights={"in": Lamp.RED})

    async def scene(page: RunningPage) -> None:
        seen = drawn((await page.get("/")).text)
        assert seen["lamps"] == {"in": "red", "out": "none"}
        assert seen["waiting"] == {"in": "", "out": ""}
        assert {state for _, _, state, _ in seen["spots"]} == {"clear"}
        window = await page.open_window()
        view: Any = await window.until("view")
        card = view["cards"][0]
        assert (card["level"], card["notes"], card["lane"]["signs"], card["lane"]["against"]) == ("ok", [], [], [])
        assert card["mode_text"] == "Closed", "a barrier is not locked"
        window.writer.close()

    play(tmp_path, scene, barrier(idle))


@pytest.mark.parametrize("position", [Position.OPEN, Position.OPENING])
def test_a_barrier_that_is_still_open_after_a_passage_is_no_contradiction(tmp_path: Path, position: Position) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        gate, leaf = view["cards"]
        assert (gate["level"], gate["notes"]) == ("ok", [])
        assert (leaf["level"], leaf["notes"]) == ("attention", ["Open, although it should be locked."])
        window.writer.close()

    play(tmp_path, scene, barrier(position=position), door(position=Position.OPEN))


def test_what_a_silent_controller_last_said_of_a_lane_is_not_drawn(tmp_path: Path) -> None:
    busy = lane(
        lights={"in": Lamp.GREEN},
        warning=True,
        spots=spots("safety_1"),
        serving="in",
        waiting={"in": 1},
        bars=("stop",),
        against=("active:safety_1",),
    )

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        await window.until("view", lambda view: bool(view["live"]))
        await page.controller.die()
        old: Any = await window.until("view", lambda view: not view["live"])
        said = old["cards"][0]["lane"]
        assert (said["signs"], said["against"], said["facts"]) == ([], [], [])
        seen = drawn((await page.get("/")).text)
        assert seen["position"] == "lost"
        assert seen["lamps"] == {"in": "unknown", "out": "none"}
        assert seen["waiting"] == {"in": "", "out": ""}
        assert (seen["serving"], seen["warning"], seen["stopped"]) == ("", "no", "no")
        assert {(state, trouble) for _, _, state, trouble in seen["spots"]} == {("unknown", "no")}
        assert seen["label"] == "Rising bollard: not known"
        window.writer.close()

    play(tmp_path, scene, barrier(busy, mode=Mode.ACCESSED, position=Position.OPEN))


def test_an_alarm_is_a_sign_once_and_says_what_to_do(tmp_path: Path) -> None:
    """The bar says stop already; the tailgater is told by his alarm alone, and the fault's advice is a lane's."""
    alarms = ("barrier.stop", "portal.fault", "lane.tailgate", "barrier.travel_slow")
    held = barrier(
        lane(bars=("stop", "fault")), alarms=alarms, acknowledged=False, position=Position.FAULT, mode=Mode.LOCKED
    )

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        card = view["cards"][0]
        assert card["level"] == "alarm"
        assert [(sign["kind"], sign["text"]) for sign in card["lane"]["signs"]] == [
            ("grave", "Stop: pressed, or not reset yet"),
            ("grave", "Fault: waits for a reset"),
            ("grave", "A vehicle followed another one through, without being let in"),
            ("hold", "Moved slower than it used to"),
        ]
        assert card["lane"]["stopped"] == "yes"
        assert card["notes"] == ["Its position cannot be proven now."]
        advice = {alarm["text"]: alarm["advice"] for alarm in view["alarms"]}
        assert len(advice) == 4
        assert all(advice.values())
        assert "leaving stays possible" not in advice["Fault: needs a person"]
        window.writer.close()

    play(tmp_path, scene, held)


@pytest.mark.parametrize(
    ("bars", "trouble", "level"),
    [
        ((), "", "ok"),
        (("hold_to_run",), "", "ok"),
        (("lockdown",), "", "ok"),
        (("isolated",), "", "attention"),
        (("doubt",), "", "attention"),
        (("something_new",), "", "attention"),
        ((), "fault", "attention"),
    ],
)
def test_a_lane_that_needs_a_look_is_marked(tmp_path: Path, bars: tuple[str, ...], trouble: str, level: str) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        assert view["cards"][0]["level"] == level
        window.writer.close()

    play(tmp_path, scene, barrier(lane(bars=bars, spots=spots(entry=trouble))))


BARS = [
    *("stop", "isolated", "fault", "between", "unknown", "fire", "fire_key", "hold_to_run", "emergency", "lockdown"),
    *("on_battery", "obstructed", "doubt", "evacuation"),
]
AGAINST = [
    *("active", "clearing", "not_healthy", "not_proven", "doubt", "on_battery", "obstructed", "hold_to_run_only"),
    *("schedule", "not_reported", "stop", "isolated"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_that_holds_a_barrier_has_words(language: str) -> None:
    words = Words(language)
    assert all(words(f"bar_{bar}") for bar in BARS)
    said = [words(f"against_{why}") if words.has(f"against_{why}") else words(f"bar_{why}") for why in AGAINST]
    assert len(set(said)) == len(AGAINST)
    assert not words.has("bar_no_such_bar")


def test_a_newer_controller_is_shown_as_it_speaks(tmp_path: Path) -> None:
    newer = LaneView(
        mover="drawbridge",
        lights={"sideways": Lamp.GREEN, "in": Lamp.DARK},
        spots=(SpotView("radar", "radar_1", active=True), SpotView("entry", "entry_1", trouble="drifts")),
        serving="sideways",
        waiting={"sideways": 3},
        bars=("moonlight",),
        against=("tide:radar_1", "ebb"),
    )

    async def scene(page: RunningPage) -> None:
        seen = drawn((await page.get("/")).text)
        assert (seen["mover"], seen["serving"]) == ("other", "")
        assert seen["spots"] == [("loop", "1", "clear", "yes")]
        window = await page.open_window()
        view: Any = await window.until("view")
        card = view["cards"][0]
        assert card["kind_text"] == "Barrier"
        assert card["lane"]["against"] == ["radar_1: tide", "ebb"]
        assert [sign["text"] for sign in card["lane"]["signs"]] == ["moonlight"]
        assert dict(card["lane"]["facts"]) == {
            "Lights": "in dark",
            "May go": "sideways",
            "Sensors": "radar_1: active\nEntry loop entry_1: drifts",
        }
        window.writer.close()

    play(tmp_path, scene, barrier(newer, position=Position.OPEN))


def test_a_barrier_of_which_nothing_more_is_told_is_drawn_plainly(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        seen = drawn((await page.get("/")).text)
        assert (seen["mover"], seen["position"], seen["spots"]) == ("other", "closed", [])

    play(tmp_path, scene, PortalView(id="north_lane", kind="barrier", position=Position.CLOSED))


class Markup(HTMLParser):
    """All tags of a page and the names of their attributes, as a browser reads them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "{0.__class__}",
    "\u202egate\u202c",
    "x" * 5_000,
]


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_hostile_ids_of_a_lane_are_only_text(tmp_path: Path, nasty: str) -> None:
    hostile = LaneView(
        mover=nasty,
        lights={nasty: Lamp.RED, "in": Lamp.RED},
        spots=(SpotView("entry", nasty, active=True, trouble=nasty), SpotView(nasty, "b", active=True)),
        serving=nasty,
        waiting={nasty: 1},
        bars=(nasty,),
        against=(nasty, f"active:{nasty}", f"not_healthy:{nasty}"),
    )

    async def scene(page: RunningPage) -> None:
        for language in ("en", "zh"):
            html = (await page.get("/", accept_language=language)).text
            if set(nasty) & set("<\"'"):
                assert nasty not in html
            read = Markup()
            read.feed(html)
            assert not {name for name in read.attributes if name.startswith(("on", "style"))}
            assert (read.tags.count("script"), read.tags.count("img")) == (2, 1), "ours, and the mark"
            seen = drawn(html)
            assert (seen["mover"], seen["serving"]) == ("other", "")
            assert nasty in seen["label"]
        window = await page.open_window()
        view: Any = await window.until("view")
        assert view["cards"][0]["lane"]["signs"][0]["text"] == nasty
        window.writer.close()

    play(tmp_path, scene, barrier(hostile, position=Position.OPEN))


def test_the_first_view_of_a_site_with_three_lanes_is_small(tmp_path: Path) -> None:
    """At most 100 KB over the wire, with 40 events and everything busy."""
    kept = [_line(seq, Event(Code.TAILGATE, portal="north_lane")) for seq in range(40, 0, -1)]
    busy = lane(spots=spots("safety_1", exit="stuck"), bars=("stop",), against=("active:safety_1",), waiting={"in": 2})
    gates = [
        PortalView(id=f"lane_{mover}", kind="barrier", position=Position.OPEN, lane=lane(mover=mover, spots=busy.spots))
        for mover in ("bollard", "boom", "sliding_gate")
    ]

    async def scene(page: RunningPage) -> None:
        answers = [await page.get(target) for target in ("/", "/page.css", "/page.js", "/icon.svg")]
        sizes = [
            len(each.body) + sum(len(name) + len(content) + 4 for name, content in each.headers) for each in answers
        ]
        assert sum(sizes) <= 100_000, sizes
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answers[0].text)

    play(tmp_path, scene, *gates, door(), read=lambda path, limit, expired: kept)


def test_a_lane_that_stands_open_for_everybody_says_so(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        seen = drawn((await page.get("/")).text)
        assert seen["serving"] == "both"
        assert "May go: both ways, for everybody" in seen["label"]
        assert "双向，所有车辆" in (await page.get("/", accept_language="zh")).text

    play(tmp_path, scene, barrier(lane(serving="both"), mode=Mode.UNLOCKED, position=Position.OPEN))


def test_what_a_sign_says_is_not_said_again_as_a_reason(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        assert view["cards"][0]["notes"] == ["Locked by an operator"]
        assert [sign["text"] for sign in view["cards"][0]["lane"]["signs"]] == ["Fire alarm: told to open"]
        window.writer.close()

    why = ("fire", "barrier_barred", "locked_by_operator")
    play(tmp_path, scene, barrier(lane(bars=("fire",)), why=why, position=Position.OPENING))


def test_a_barrier_that_turns_round_on_its_way_needs_nobody(tmp_path: Path) -> None:
    """Between its ends for the dead time of its drive: half-way, and nothing to look at."""

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        view: Any = await window.until("view")
        assert (view["cards"][0]["level"], view["cards"][0]["position_text"]) == ("ok", "Half-way")
        window.writer.close()

    play(tmp_path, scene, barrier(position=Position.BETWEEN))


DETAILS = [
    (Code.OVERSPEED, "in 34 km/h", "in 34 km/h", "进 34 km/h"),
    (Code.TAILGATE, "out", "out", "出"),
    (Code.TAILGATE, "sideways", "sideways", "sideways"),
    (Code.HELD_TO_RUN, "close", "to close", "关闭"),
    (Code.SENSOR_FAULT, "open", "wire broken", "线路断开"),
    (Code.SENSOR_FAULT, "fault relay", "its fault relay says so", "故障继电器动作"),
    (Code.BARRIER_HALTED, "stop", "Stop: pressed, or not reset yet", "急停：已按下或未复位"),
    (Code.FAULT, "overdue", "did not reach its end in time", "超时未到位"),
    (Code.FAULT, "drive fault: vfd_1", "the drive reports a fault: vfd_1", "驱动器报故障：vfd_1"),
    (Code.TRAVEL_SLOW, "opening: 9 ms, 5 ms", "opening: 9 ms, 5 ms", "打开：9 ms, 5 ms"),
    (Code.OBSTRUCTED, "loop_1", "loop_1", "loop_1"),
    (Code.OPENED, "open", "open", "open"),
]


def test_details_of_a_lanes_events_are_words(tmp_path: Path) -> None:
    kept = [
        _line(seq, Event(code, portal="north_lane", detail=detail)) for seq, (code, detail, *_) in enumerate(DETAILS)
    ]

    async def scene(page: RunningPage) -> None:
        for column, language in ((2, "en"), (3, "zh")):
            window = await page.open_window(accept_language=language)
            rows: Any = await window.until("events", lambda rows: len(rows) == len(DETAILS))
            assert [row["note"] for row in rows] == [case[column] for case in DETAILS]
            window.writer.close()

    play(tmp_path, scene, barrier(), read=lambda path, limit, expired: kept)


def test_why_a_barrier_was_halted_stands_with_its_event(tmp_path: Path) -> None:
    kept = [_line(1, Event(Code.BARRIER_HALTED, portal="north_lane", reasons=("not_healthy:safety_1",)))]

    async def scene(page: RunningPage) -> None:
        window = await page.open_window()
        rows: Any = await window.until("events", lambda rows: rows != [])
        assert (rows[0]["text"], rows[0]["place"]) == ("Stopped on its way", "North lane")
        assert rows[0]["note"] == "Not known to work, call maintenance"
        window.writer.close()

    play(tmp_path, scene, barrier(), read=lambda path, limit, expired: kept)


def _line(seq: int, event: Event) -> EventLine:
    line = line_of(1, seq, UTC_MS, event)
    assert line is not None
    return line
