"""What displays say to people: the catalogues' words for what the core announces, in the languages of each display.

A plate is shown only as the camera there has just read it on the vehicle that stands before the display. It comes from
no roster, goes through no fact, and is forgotten with the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from firmware.core.announce import PUBLIC
from firmware.core.effects import Announce, Feedback
from firmware.faces.steps import Prompt
from firmware.texts import Texts, texts

TEST = "display.test"  # under the number of a self-test, in each language: a wrong encoding is seen by it
HOLD_S = 5.0  # that an outcome stays: the core's own is as long as a reader's lamp, too short to be read from a car
PLATE_S = 10.0  # that a plate is the one of the vehicle that stands there
RESTING = frozenset(
    (
        *(Feedback.IDLE, Feedback.UNLOCKED, Feedback.LOCKDOWN, Feedback.HELD_WARNING),
        *(Feedback.CALLING, Feedback.ANSWERED),
    )
)


def shown_texts(language: str) -> tuple[str, ...]:
    """Every text that a display may show in a language."""
    said = texts(language)
    words = [f"display.{feedback.value}" for feedback in Feedback if feedback is not Feedback.IDLE]
    words += [f"display.reason.{reason.value}" for reason in sorted(PUBLIC)]
    return tuple(said.say(word) for word in (*words, *(f"display.{prompt.value}" for prompt in Prompt), TEST))


class Shows(Protocol):
    """A display, and the languages that it speaks; none: the site's."""

    languages: tuple[str, ...]

    def show_text(self, rows: tuple[str, ...], /) -> None: ...


class _Plate(NamedTuple):
    text: str
    until_s: float


class Signs:
    """Tells displays what to show. A display that is lost shows nothing, and nothing else changes by that."""

    def __init__(self, displays: Mapping[str, Shows], language: str) -> None:
        self._displays = displays
        self._languages: dict[str, tuple[Texts, ...]] = {
            name: tuple(texts(each) for each in (display.languages or (language,)))
            for name, display in displays.items()
        }
        self._plates: dict[str, _Plate] = {}
        self._rests: dict[str, Announce] = {}  # what follows the outcome, or the step, that stands there now
        self._last: dict[str, Announce] = {}  # what was announced last and shown
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._tested: set[str] = set()  # they show a number of a self-test, and nothing else until it is over

    def plate_seen(self, reader: str, plate: str) -> None:
        """A camera has read this plate at this access point, right before its PlateSeen."""
        self._plates[reader] = _Plate(plate, asyncio.get_running_loop().time() + PLATE_S)

    def announce(self, told: Announce) -> None:
        """Show it; what only rests waits until an outcome was there for long enough to be read."""
        if told.display not in self._displays:
            return
        if told.display in self._tested:
            if told.feedback in RESTING:
                self._last[told.display] = told
            return
        if told.feedback in RESTING and told.display in self._timers:
            self._rests[told.display] = told
            return
        timer = self._timers.pop(told.display, None)
        if timer is not None:
            timer.cancel()
        self._rests.pop(told.display, None)
        self._show(told)
        if told.feedback not in RESTING:
            loop = asyncio.get_running_loop()
            self._timers[told.display] = loop.call_later(HOLD_S, self._held, told.display)

    def prompt(self, display: str, prompt: Prompt, for_s: float) -> None:
        """What a person before a camera is to do now: for so long, or until the next outcome. No fact tells it."""
        if display not in self._displays or display in self._tested:
            return
        timer = self._timers.pop(display, None)
        if timer is not None:
            timer.cancel()
        if display in self._last:
            self._rests.setdefault(display, self._last[display])  # what stood there comes back
        self._displays[display].show_text(tuple(said.say(f"display.{prompt}") for said in self._languages[display]))
        self._timers[display] = asyncio.get_running_loop().call_later(for_s, self._held, display)

    def test(self, display: str, number: str) -> None:
        """A number for a self-test; whoever is there is asked whether it stands there. It stays until `test_over`."""
        if display not in self._displays:
            return
        timer = self._timers.pop(display, None)
        if timer is not None:
            timer.cancel()
        rests = self._rests.pop(display, None)
        if rests is not None:
            self._last[display] = rests
        elif display in self._last and self._last[display].feedback not in RESTING:
            del self._last[display]
        self._tested.add(display)
        self._displays[display].show_text((number, *(said.say(TEST) for said in self._languages[display])))

    def test_over(self, display: str) -> None:
        """What rested there comes back."""
        if display not in self._tested:
            return
        self._tested.discard(display)
        rests = self._last.get(display)
        if rests is None:
            self._displays[display].show_text(())
        else:
            self._show(rests)

    def _held(self, display: str) -> None:
        del self._timers[display]
        rests = self._rests.pop(display, None)
        if rests is not None:
            self._show(rests)

    def _show(self, told: Announce) -> None:
        self._last[told.display] = told
        rows: list[str] = []
        for said in self._languages[told.display]:
            if told.feedback is not Feedback.IDLE:
                rows.append(said.say(f"display.{told.feedback.value}"))
        if told.reason:
            rows += [said.say(f"display.reason.{told.reason}") for said in self._languages[told.display]]
        plate = self._plates.pop(told.reader, None)
        if plate is not None and asyncio.get_running_loop().time() < plate.until_s:
            rows.append(plate.text)
        self._displays[told.display].show_text(tuple(rows))
