"""A Wiegand reader: card frames and keys from two data lines, lights and buzzer on up to three outputs."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from drivers.settings import LevelWord, LineUse, Problem

FORMATS_MAX = 16  # of one reader: more is a mistake, since each length should have one meaning


class KeypadKind(StrEnum):
    """How the reader's keypad speaks on the data lines."""

    NONE = "none"
    FOUR_BIT = "4bit"
    EIGHT_BIT = "8bit"
    BUFFERED = "buffered"


class WiegandConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="wiegand"):
    """A `[[device]]` table of kind "wiegand"."""

    id: str
    d0: str
    d1: str
    formats: tuple[str, ...] = ()  # in order; may be empty for a keypad alone
    longest_frame: bool = False  # no longer card exists: the last bit of the longest format ends the frame
    keypad: KeypadKind = KeypadKind.NONE
    led_green: str | None = None
    led_red: str | None = None
    buzzer: str | None = None
    indicator_level: LevelWord = (
        LevelWord.HIGH
    )  # of the board's pin when lit: a transistor pulls the reader's wire down

    def lines(self) -> tuple[LineUse, ...]:
        lit = self.indicator_level.level
        indicators = (("led_green", self.led_green), ("led_red", self.led_red), ("buzzer", self.buzzer))
        return (
            LineUse("d0", self.d0, False, False),
            LineUse("d1", self.d1, False, False),
            *(LineUse(key, line, True, lit, not lit) for key, line in indicators if line is not None),
        )

    def problems(self) -> tuple[Problem, ...]:
        if self.d0 != self.d1:
            return ()
        return (Problem("d1", self.d1, "another line than d0"),)
