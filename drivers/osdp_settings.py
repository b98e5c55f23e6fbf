"""What a `[[device]]` table of an OSDP reader may hold, and what tables of one line say about each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from drivers.osdp_keys import KeyFile, KeyRefused
from drivers.osdp_words import PROMPTS, TEXT_CHARACTERS_MAX, WORDS
from drivers.serial_settings import serial_problems
from drivers.settings import LineUse, PointRole, PointUse, Problem
from drivers.wiegand import FORMATS_MAX
from drivers.wire.ambiguity import ambiguities
from drivers.wire.wiegand_formats import LAYOUTS

BAUDS = (9600, 19200, 38400, 57600, 115200, 230400)  # SIA OSDP 2.2
ADDRESSES = (0, 126)  # 127 is the broadcast: SIA OSDP 2.2
READERS_MAX = 16  # of one line: with more, no reader is asked often enough at any speed
ROUND_MS_MAX = 200  # until each reader has been asked once: a card waits for that, and may wait 250 ms to its lock
TURN_CHARACTERS = 32  # a sealed poll, its answer, and the silence after both
TURNAROUND_MS = 3  # of an ordinary reader


class OsdpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="osdp"):
    """A `[[device]]` table of kind "osdp": one reader on a line of several.

    `tamper` and `power` are ids of their own, for the reader's reports: a site uses them as inputs.
    """

    id: str
    port: str
    address: int
    key_file: str  # where its key is kept, never the key itself
    baud: int = 9600
    formats: tuple[str, ...] = ()
    keypad: bool = False
    tamper: str | None = None
    power: str | None = None
    text: dict[str, str] = {}  # what its display shows, by the words of feedback and of prompts before a camera

    def lines(self) -> tuple[LineUse, ...]:
        """None of the board's: a port is no line."""
        return ()

    def points(self) -> tuple[PointUse, ...]:
        named = (("tamper", self.tamper), ("power", self.power))
        return tuple(PointUse(key, point, PointRole.INPUT) for key, point in named if point is not None)

    def problems(self) -> tuple[Problem, ...]:
        return (*self._line_problems(), *self._card_problems(), *self._text_problems())

    def _line_problems(self) -> Iterator[Problem]:
        yield from serial_problems(self.port, self.baud, BAUDS)
        if not ADDRESSES[0] <= self.address <= ADDRESSES[1]:
            yield Problem("address", str(self.address), f"{ADDRESSES[0]} to {ADDRESSES[1]}")
        if not self.key_file.startswith("/"):
            yield Problem("key_file", self.key_file, "the path of a file that holds the reader's key, from /")

    def _card_problems(self) -> Iterator[Problem]:
        for index, name in enumerate(self.formats):
            if name not in LAYOUTS:
                yield Problem(f"formats[{index}]", name, f"one of {', '.join(LAYOUTS)}")
        if len(self.formats) > FORMATS_MAX:
            yield Problem("formats", f"{len(self.formats)} formats", f"at most {FORMATS_MAX}")
        elif not self.formats and not self.keypad:
            yield Problem("formats", "no format and no keypad", "at least one format, or keypad = true")
        else:
            for found in ambiguities([name for name in self.formats if name in LAYOUTS]):
                both = f"{found.first} and {found.second}, which both accept {found.bits:0{found.length}b}"
                yield Problem("formats", both, "formats of which each frame fits at most one")

    def _text_problems(self) -> Iterator[Problem]:
        for word, text in self.text.items():
            if word not in WORDS and word not in PROMPTS:
                yield Problem("text", word, ", ".join((*WORDS, *PROMPTS)))
            elif not 0 < len(text) <= TEXT_CHARACTERS_MAX or not text.isascii() or not text.isprintable():
                allowed = f"1 to {TEXT_CHARACTERS_MAX} printable ASCII characters: readers show no others"
                yield Problem(f"text.{word}", text, allowed)


def key_problem(table: OsdpConfig) -> str:
    """What is wrong with the reader's key; empty: nothing. Not one of problems(): a gate starts without a reader."""
    try:
        KeyFile(Path(table.key_file)).load()
    except KeyRefused as error:
        return str(error)
    return ""


class LineProblem(NamedTuple):
    """What is wrong between two tables of one line: `later` is its place among the tables."""

    later: int
    key: str
    found: str
    allowed: str


def turn_ms(baud: int) -> float:
    """How long one reader takes of a round in which nothing happens."""
    return TURN_CHARACTERS * 10_000 / baud + TURNAROUND_MS


def line_problems(tables: Sequence[OsdpConfig]) -> list[LineProblem]:
    """A line has one speed, and each reader of it its own address and key."""
    problems = []
    ports: dict[str, list[int]] = {}
    keys: dict[str, str] = {}
    for later, table in enumerate(tables):
        members = ports.setdefault(table.port, [])
        for earlier in members[:1]:
            agreed = tables[earlier].baud
            if table.baud != agreed:
                problems.append(
                    LineProblem(later, "baud", str(table.baud), f"{agreed}, as {tables[earlier].id} on {table.port}")
                )
        for earlier in members:
            if tables[earlier].address == table.address:
                said = f"an address that no other reader of {table.port} has: {tables[earlier].id} has it"
                problems.append(LineProblem(later, "address", str(table.address), said))
                break
        round_ms = (len(members) + 1) * turn_ms(table.baud)
        if round_ms > ROUND_MS_MAX and len(members) < READERS_MAX:
            found = f"{table.baud} with {len(members) + 1} readers: each is asked every {round_ms:.0f} ms"
            allowed = f"a speed, and so many readers, that each is asked every {ROUND_MS_MAX} ms at least"
            problems.append(LineProblem(later, "baud", found, allowed))
        if len(members) == READERS_MAX:
            problems.append(LineProblem(later, "port", table.port, f"a line with at most {READERS_MAX} readers"))
        members.append(later)
        owner = keys.setdefault(table.key_file, table.id)
        if owner != table.id:
            said = f"a file of its own: {owner} has this one, and a stolen reader would give away both"
            problems.append(LineProblem(later, "key_file", table.key_file, said))
    return problems
