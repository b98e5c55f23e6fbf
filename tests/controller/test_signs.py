"""What displays say to people: words of the catalogues in the display's languages, a plate only where it was read."""

from __future__ import annotations

import asyncio

import pytest

from firmware.controller.inbox import Inbox
from firmware.controller.outlet import Outlet
from firmware.controller.signs import HOLD_S, PLATE_S, Signs, shown_texts
from firmware.core.announce import PUBLIC
from firmware.core.effects import Announce, Feedback
from firmware.faces.steps import Prompt
from firmware.rehearsal.virtual_time import run_virtual

GRANTED = Announce("sign", Feedback.GRANTED, "", "camera")
DENIED = Announce("sign", Feedback.DENIED, "area_full", "camera")
IDLE = Announce("sign", Feedback.IDLE, "", "camera")
PLATE = "粤B12345"


class Sign:
    def __init__(self, *languages: str) -> None:
        self.languages = languages
        self.rows: list[tuple[str, ...]] = []

    def show_text(self, rows: tuple[str, ...]) -> None:
        self.rows.append(rows)


def shown(*told: Announce | float | str, languages: tuple[str, ...] = (), site: str = "en") -> list[tuple[str, ...]]:
    """What a display shows: announcements, pauses in seconds, plates that are read."""
    sign = Sign(*languages)

    async def run() -> None:
        signs = Signs({"sign": sign}, site)
        for each in told:
            if isinstance(each, Announce):
                signs.announce(each)
            elif isinstance(each, str):
                signs.plate_seen("camera", each)
            else:
                await asyncio.sleep(each)

    run_virtual(run())
    return sign.rows


def test_it_speaks_the_sites_language_or_its_own_in_their_order():
    assert shown(GRANTED) == [("Welcome",)]
    assert shown(GRANTED, site="zh") == [("欢迎通行",)]
    assert shown(DENIED, languages=("zh", "en")) == [("未获准通行", "Not admitted", "已满", "Full")]


def test_an_outcome_stays_until_it_was_read_and_then_rests():
    assert shown(GRANTED, 2.0, IDLE, 1.0) == [("Welcome",)]
    assert shown(GRANTED, 2.0, IDLE, HOLD_S) == [("Welcome",), ()]
    assert shown(GRANTED, 2.0, IDLE, 0.5, DENIED, HOLD_S) == [("Welcome",), ("Not admitted", "Full")]
    assert shown(GRANTED, 2.0, IDLE, 0.5, DENIED, 2.0, IDLE, HOLD_S) == [
        ("Welcome",),
        ("Not admitted", "Full"),
        (),
    ]
    closed = Announce("sign", Feedback.LOCKDOWN)
    assert shown(closed) == [("No entry",)]
    assert shown(GRANTED, 1.0, closed, HOLD_S) == [("Welcome",), ("No entry",)]


def test_a_plate_is_shown_to_the_vehicle_that_it_was_read_on_and_once():
    assert shown(PLATE, GRANTED) == [("Welcome", PLATE)]
    assert shown(PLATE, DENIED) == [("Not admitted", "Full", PLATE)]
    assert shown(PLATE, GRANTED, 10.0, GRANTED) == [("Welcome", PLATE), ("Welcome",)]  # the next one came by card
    assert shown(PLATE, PLATE_S + 0.1, GRANTED) == [("Welcome",)]
    assert shown(PLATE, Announce("sign", Feedback.GRANTED, "", "other_reader")) == [("Welcome",)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_word_has_its_text_and_it_fits_a_small_display(language):
    rows = shown_texts(language)
    assert len(rows) == len(Feedback) - 1 + len(PUBLIC) + len(Prompt) + 1  # and the word of a self-test
    assert all(0 < len(row) <= 16 for row in rows)


def test_the_outlet_brings_what_the_core_announces_to_the_display_and_to_no_other():
    async def run() -> list[tuple[str, ...]]:
        sign = Sign()
        signs = Signs({"sign": sign}, "en")
        outlet = Outlet({}, None, Inbox(), signs)
        outlet.carry_out([GRANTED, Announce("nobody", Feedback.DENIED)], now_ms=0, utc_ms=None)
        return sign.rows

    assert run_virtual(run()) == [("Welcome",)]
    Outlet({}, None, Inbox()).carry_out([GRANTED], now_ms=0, utc_ms=None)  # a site without displays
