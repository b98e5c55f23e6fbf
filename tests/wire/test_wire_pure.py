"""Keys, the hold of a key, and the screen, as functions: of what a terminal sends, and of any size it has."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.messages import Wire, WirePortal
from firmware.terminal import fitted, width
from firmware.texts import texts
from firmware.wire.client import Picture
from firmware.wire.grasp import GAP_S, Grasp
from firmware.wire.keys import Key, keys
from firmware.wire.said import Saying
from firmware.wire.screen import Seen, Size, chosen, draw, page_of
from tests.wire.terminal import ESCAPE

SHANGHAI = ZoneInfo("Asia/Shanghai")


def held_from(initial_s: float, interval_s: float, touches: int) -> tuple[float | None, float | None]:
    """When a key counts as held, and when no longer: its repeats after a first pause, looked at every 10 ms."""
    arrivals = [0.0] + [initial_s + n * interval_s for n in range(touches)]
    grasp, began, ended = Grasp(), None, None
    for tick in range(round((arrivals[-1] + 2) * 100)):
        now_s = tick / 100
        while arrivals and arrivals[0] <= now_s:
            grasp.press(arrivals.pop(0))
        if grasp.held(now_s) and began is None:
            began = now_s
        if began is not None and ended is None and not grasp.held(now_s):
            ended = now_s
    return began, ended


@pytest.mark.parametrize("initial_s", [0.25, 0.5, 0.66, 1.0])  # Windows, macOS, X11, the slowest of Windows
@pytest.mark.parametrize("interval_s", [1 / 40, 1 / 25, 1 / 11])  # X11, Windows, a Linux console
def test_a_held_key_counts_soon_and_let_go_is_noticed(initial_s: float, interval_s: float):
    touches = 30
    began, ended = held_from(initial_s, interval_s, touches)
    assert began is not None
    assert began <= initial_s + 2 * interval_s + 0.02
    last_s = initial_s + (touches - 1) * interval_s
    assert last_s < ended <= last_s + GAP_S + 0.02


@pytest.mark.parametrize("touches", [0, 1])
def test_a_touch_or_two_hold_nothing(touches: int):
    assert held_from(0.3, 0.3, touches) == (None, None)


def test_a_phone_without_repeats_holds_by_touching_again_and_again():
    began, ended = held_from(0.3, 0.3, 10)
    assert began is not None
    assert ended is not None


def test_what_ended_otherwise_has_to_be_let_go_first():
    grasp = Grasp()
    for n in range(10):
        grasp.press(n * 0.04)
    assert grasp.held(0.37)
    grasp.spend()
    for n in range(10, 50):
        grasp.press(n * 0.04)
        assert not grasp.held(n * 0.04)
    for n in range(3):
        grasp.press(3 + n * 0.04)
    assert grasp.held(3.09)


@pytest.mark.parametrize(
    ("sent", "key"),
    [(b"\x1b[A", Key.UP), (b"\x1bOB", Key.DOWN), (b"\x1b[5~", Key.PAGE_UP), (b"\x1b[6~", Key.PAGE_DOWN),
     (b"\t", Key.NEXT_PORTAL), (b"\x1b[Z", Key.LAST_PORTAL), (b" ", Key.HOLD), (b"\x7f", Key.HOLD), (b"\x08", Key.HOLD),
     (b"q", Key.QUIT), (b"\x03", Key.QUIT), (b"x", Key.OTHER), (b"\x1b", Key.OTHER), (b"\x1b[1;5A", Key.OTHER)],
)  # fmt: skip
def test_keys_as_terminals_send_them(sent: bytes, key: Key):
    assert keys(sent) == [key]
    assert keys(sent + b"q") == [key, Key.QUIT] or sent == b"\x1b"


@given(st.binary(max_size=64))
def test_any_bytes_are_keys(sent: bytes):
    assert len(keys(sent)) <= len(sent)


# -- the screen -------------------------------------------------------------------------------------------------------


def picture(doors: int = 12) -> Picture:
    wires = [Wire("enclosure", "contact", "input", use="tamper", level="short", since_ms=1_767_571_200_000, age_ms=10)]
    for n in range(doors):
        door = f"door_{n}"
        counters = {"edges": 12, "chatter": 0, "lost_edges": 3}
        wires += [
            Wire(f"contact_{n}", "contact", "input", "", ("line GPIO6",), door, "contact", "inactive", "", None, 61_000,
                 counters=counters),
            Wire(f"lock_{n}", "relay", "output", "", ("line GPIO13",), door, "lock", "on", tried=n == 0),
            Wire(f"reader_{n}", "wiegand", "reader", "", ("d0 GPIO17", "d1 GPIO27"), door, "reader", "lost",
                 why="the cable \x1b[2J was\npulled"),
        ]  # fmt: skip
    portals = tuple(WirePortal(f"door_{n}", "door", n == 0) for n in range(doors))
    return Picture("site", 1_767_571_200_000, tuple(wires), portals)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", [(30, 12), (45, 20), (65, 24), (66, 24), (79, 24), (120, 40), (250, 12)])
@pytest.mark.parametrize("seen", [Seen(), Seen("door_3", "lock_3", "a note", by="Li"), Seen("", "reader_11")])
def test_no_line_is_wider_than_the_terminal_and_none_too_many(language, size, seen):
    lines = draw(picture(), seen, Saying(texts(language), SHANGHAI), Size(*size))
    assert len(lines) <= size[1]
    plain = [ESCAPE.sub("", line) for line in lines]
    assert [line for line in plain if width(line) > size[0]] == []
    assert [line for line in plain if not line.isprintable()] == [], "a device's own words obey no terminal"


def test_the_page_with_the_chosen_device_is_shown():
    saying, size = Saying(texts("en"), SHANGHAI), Size(79, 24)
    pages, device = [], "contact_0"
    for _ in range(10):
        lines = draw(picture(), Seen("", device), saying, size)
        assert any(f" {device} " in ESCAPE.sub("", line) for line in lines)
        pages.append(tuple(lines[2:19]))
        device = page_of(picture(), Seen("", device), size, 1)
    shown = "\n".join(line for page in pages for line in page)
    assert all(f" {wire.id} " in shown or f"{wire.id} " in shown for wire in picture().wires)
    for _ in range(10):
        device = page_of(picture(), Seen("", device), size, -1)
    assert device == "contact_0"


def test_words_times_and_marks():
    saying = Saying(texts("en"), SHANGHAI)
    cells = {wire.id: saying.cells(wire) for wire in picture().wires}
    assert cells["enclosure"].level == "SHORT"
    assert cells["enclosure"].changed == "2026-01-05 08:00:00"  # date -d @1767571200 in Asia/Shanghai
    assert cells["contact_0"].changed == "61 s ago"
    assert cells["contact_0"].counters == "edges 12, edges lost 3"
    assert cells["lock_0"].level == "on, held"
    assert cells["reader_0"].level == "LOST"
    chinese = Saying(texts("zh"), SHANGHAI)
    assert chinese.cells(picture().wires[0]).level == "\N{CJK UNIFIED IDEOGRAPH-77ED}\N{CJK UNIFIED IDEOGRAPH-8DEF}"


def test_what_is_new_to_this_release_is_shown_as_it_is():
    saying = Saying(texts("en"), SHANGHAI)
    wire = Wire("d", "osdp", "reader", use="new_part", level="dozing", counters={"new_counter": 3})
    assert saying.cells(wire)[1:] == ("new part", "dozing", "-", "new counter 3")


def test_chosen_wires():
    assert [wire.id for wire in chosen(picture(), "door_1")] == ["contact_1", "lock_1", "reader_1"]
    assert [wire.id for wire in chosen(picture(), device="lock_1")] == ["lock_1"]
    assert chosen(picture())[-1].id == "enclosure", "what belongs to no door stands at the end"


@given(st.text(max_size=40), st.integers(0, 40))
def test_a_cell_takes_its_columns_exactly(text: str, columns: int):
    assert width(fitted(text, columns)) == columns
