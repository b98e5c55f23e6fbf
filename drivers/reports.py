"""What devices say, in their own words. No card, no door, no policy: intake turns these into facts.

Stamps are nanoseconds of CLOCK_MONOTONIC (in tests: of the virtual clock).
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Report(msgspec.Struct, frozen=True, tag=True):
    """Base of all reports. `device` is the id of the device that speaks."""

    device: str


class Frame(Report, frozen=True):
    """A complete Wiegand frame: `length` bits, the first received bit is the highest of `bits`."""

    bits: int
    length: int
    first_ns: int
    last_ns: int  # of the last bit
    ended_ns: int  # when the frame was known to be over


class Digits(Report, frozen=True):
    """Keys of a keypad, in order: 0-9, `*` and `#`. One or several."""

    keys: str
    at_ns: int


class Line(Report, frozen=True):
    """The text of a code that a code reader has read."""

    text: str
    at_ns: int


class Tag(Report, frozen=True):
    """The number of a tag that a tag reader has seen."""

    text: str
    at_ns: int


class Plate(Report, frozen=True):
    """A number plate that was read at least twice alike; `text` as it was read, `confidence` of the weaker part.

    `at_ns` is of its newest frame; `evidence` is under which that frame is kept, if it is.
    """

    text: str
    confidence: float
    reads: int
    at_ns: int
    evidence: str = ""


class Face(Report, frozen=True):
    """A face that was asked for: `text` is the id of the templates that it is like."""

    text: str
    confidence: float
    reads: int
    at_ns: int
    evidence: str = ""


class InputLevel(StrEnum):
    INACTIVE = "inactive"
    ACTIVE = "active"
    OPEN = "open"
    SHORT = "short"
    FAULT = "fault"  # a supervised circuit that is none of these


class Level(Report, frozen=True):
    """A debounced input; the first one is sent when the driver starts."""

    level: InputLevel
    at_ns: int


class Measured(Report, frozen=True):
    """A temperature, when it is first known and each time it has changed."""

    celsius: float
    at_ns: int


class Dropped(Report, frozen=True):
    """The driver has switched an output off on its own, because it was on for longer than its `on_ms_max`."""

    why: str
    at_ns: int


class NoiseKind(StrEnum):
    NOISE = "noise"  # edges that are no bits: too short, too close, both lines at once
    OVERLONG = "overlong"  # more bits than any frame has
    SHORT = "short"  # fewer bits than any format
    PARITY = "parity"
    CHECKSUM = "checksum"  # of a serial frame
    UNKNOWN_FORMAT = "unknown_format"
    TEXT = "text"  # a sighting whose text or figures no plate and no face can have


class Noise(Report, frozen=True):
    kind: NoiseKind
    count: int
    at_ns: int


class Untrusted(Report, frozen=True):
    """A reader does not prove who it is; `why` in one word. Nothing that it says counts until it does."""

    why: str
    at_ns: int


AnyReport = Frame | Digits | Line | Tag | Plate | Face | Level | Measured | Dropped | Noise | Untrusted


class DriverError(Exception):
    """A device is lost. The message says which, whose fault it seems to be, and what to look at."""
