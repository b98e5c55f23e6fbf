"""What a Modbus device offers: its points, registers, polarity and watchdog. Data in drivers/profiles.

Each profile cites the document and the page that its facts are from. `verified` is true only after somebody has run
Menshen against the device itself and said so in the profile.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from drivers.described import Shelf
from drivers.reports import InputLevel
from drivers.wire.modbus import Function, Request, answer_pdu_bytes

PROFILES = Path(__file__).parent / "profiles"
UNVERIFIED = "unverified on hardware"  # as `menshen check` says it

Word = int  # 0 to 65535


class ProfileError(Exception):
    """There is no such profile, or it is wrong: the message says which, and what there is."""


class Table(StrEnum):
    """The four tables of the Modbus data model, by the function that reads them."""

    COILS = "coils"
    INPUTS = "inputs"
    HOLDING = "holding"
    REGISTERS = "registers"

    @property
    def function(self) -> Function:
        return {
            Table.COILS: Function.READ_COILS,
            Table.INPUTS: Function.READ_INPUTS,
            Table.HOLDING: Function.READ_HOLDING,
            Table.REGISTERS: Function.READ_REGISTERS,
        }[self]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a profile's tables."""


class Input(_Part, frozen=True):
    """A point that is on or off: a bit, or a word of which `mask` `equals` or `differs` from a value."""

    table: Table
    address: int
    mask: Word = 0xFFFF
    equals: Word | None = None  # on where the masked word is this
    differs: Word | None = None  # on where it is not this; a bit: neither

    def on(self, value: int) -> bool:
        if self.equals is not None:
            return value & self.mask == self.equals
        if self.differs is not None:
            return value & self.mask != self.differs
        return bool(value & self.mask)


class Measure(_Part, frozen=True):
    """A temperature: the word, signed or not, times `scale` is degrees Celsius, believed from `least` to `most`."""

    table: Table
    address: int
    scale: float
    signed: bool = False
    least: float = -60.0
    most: float = 150.0

    def celsius(self, value: int) -> float | None:
        """None: no thermometer says that."""
        word = value - 0x10000 if self.signed and value >= 0x8000 else value
        celsius = round(word * self.scale, 2)
        return celsius if self.least <= celsius <= self.most else None


class Circuit(_Part, frozen=True):
    """What a supervised circuit reads in each of its states: words from the first to the last, both of it.

    A state ends `hysteresis` words beyond its band, so that a word at the edge of one does not chatter.
    """

    inactive: tuple[Word, Word]
    active: tuple[Word, Word]
    open: tuple[Word, Word]
    short: tuple[Word, Word]
    hysteresis: Word

    def level(self, value: int, before: InputLevel | None) -> InputLevel:
        """`before` is the state it was in. What lies between the bands is a fault, whatever was before."""
        bands = self.bands()
        if before in bands and bands[before][0] - self.hysteresis <= value <= bands[before][1] + self.hysteresis:
            return before
        return next((level for level, (least, most) in bands.items() if least <= value <= most), InputLevel.FAULT)

    def bands(self) -> dict[InputLevel, tuple[Word, Word]]:
        return {
            InputLevel.INACTIVE: self.inactive,
            InputLevel.ACTIVE: self.active,
            InputLevel.OPEN: self.open,
            InputLevel.SHORT: self.short,
        }

    def contradiction(self) -> str:
        """What no circuit may say; empty: nothing."""
        order = sorted(self.bands().values())
        if any(least > most or least < 0 or most > 0xFFFF for least, most in order):
            return "a band that ends before it begins"
        if any(
            before[1] + self.hysteresis >= after[0] - self.hysteresis for before, after in itertools.pairwise(order)
        ):
            return "bands that touch each other"
        if {order[0], order[-1]} != {self.open, self.short}:
            return "a break or a short that is not the outermost band"
        return ""


class Analogue(_Part, frozen=True):
    """A point whose word is what a supervised circuit reads (end-of-line resistors)."""

    table: Table
    address: int


class Output(_Part, frozen=True):
    """A point that is switched: by its own coil, or (`coil` None) by the device's command word."""

    coil: int | None = None
    read_back: bool = True  # the coil can be read


class Row(_Part, frozen=True):
    """The command word while exactly the outputs `on` are on and the status word fits."""

    on: tuple[str, ...]
    value: Word
    status_mask: Word = 0
    status: Word = 0


class Command(_Part, frozen=True):
    """A command word. Where no row fits it is `rest`: two directions at once are no row, so they rest (R5)."""

    address: int
    rest: Word
    row: tuple[Row, ...]
    status_table: Table | None = None
    status_address: int = 0

    def word(self, on: frozenset[str], status: int | None) -> Word | None:
        """None: rows for these outputs ask for the status word, and nothing is known of it since the last command."""
        rows = [row for row in self.row if frozenset(row.on) == on]
        for row in rows:
            if row.status_mask == 0 or (status is not None and status & row.status_mask == row.status):
                return row.value
        return None if rows and status is None else self.rest


class Write(_Part, frozen=True):
    """One write: a coil (0 or 1) or a holding register."""

    function: Literal[5, 6]
    address: int
    value: Word

    def request(self, unit: int) -> Request:
        return Request(unit, Function(self.function), self.address, value=self.value)


class Watchdog(_Part, frozen=True):
    """What the device itself does when its master is silent.

    `feed` None: any request that it answers feeds it. `drops_ms` after the last feed its outputs are off.
    """

    drops_ms: int
    drops: str  # in words
    arm: tuple[Write, ...] = ()  # written each time the device is taken into service
    feed: Write | None = None


class Fence(_Part, frozen=True):
    """A read whose answer cannot be taken for any poll's or write's: after it, no older answer is under way.

    Whether the device answers it with a value or an exception is the same.
    """

    table: Table
    address: int
    quantity: int = 1


class Profile(_Part, frozen=True):
    """One device. `input`, `supervised`, `measure` and `output` are its points by name.

    `circuit` are the circuits that its supervised points may have, by name; the first is what they have unless told.
    """

    id: str
    title: str
    kind: Literal["modbus_io", "barrier_modbus"]
    document: str
    page: str
    fence: Fence
    answer_ms: int  # from the end of a request to the begin of its answer, at the most
    poll_ms: int  # between two polls
    when_silent: Literal["keeps", "drops", "unknown"]  # what becomes of its outputs when nobody asks it any more
    verified: bool = False
    answer_source: str = ""  # where answer_ms is from; empty: assumed
    one_by_one: bool = False  # a request reads one register only
    input: dict[str, Input] = {}
    supervised: dict[str, Analogue] = {}
    circuit: dict[str, Circuit] = {}
    measure: dict[str, Measure] = {}
    output: dict[str, Output] = {}
    command: Command | None = None
    watchdog: Watchdog | None = None
    commissioning: tuple[str, ...] = ()  # what has to be set on the device itself, for people

    @property
    def source(self) -> str:
        return f"{self.document}, {self.page}"


def _contradictions(profile: Profile) -> list[str]:
    """What no register map may say."""
    wrong = []
    coils = [output.coil for output in profile.output.values() if output.coil is not None]
    if len(set(coils)) != len(coils):
        wrong.append("one coil stands for two outputs")
    by_word = {name for name, output in profile.output.items() if output.coil is None}
    named = {name for row in profile.command.row for name in row.on} if profile.command is not None else set()
    if by_word != named:
        wrong.append(f"the command word's rows and the outputs without a coil differ: {sorted(by_word ^ named)}")
    wrong += [f"circuit {name} has {said}" for name, each in profile.circuit.items() if (said := each.contradiction())]
    if profile.supervised and not profile.circuit:
        wrong.append("supervised points without a circuit")
    names = [*profile.input, *profile.supervised, *profile.measure, *profile.output]
    if len(set(names)) != len(names):
        wrong.append("two points have one name")
    stop = fence(profile, 1)
    asked = {each for some in (names, *([name] for name in names)) for kind in polls(profile, some, 1) for each in kind}
    if any(answer_shape(each) == answer_shape(stop) for each in asked - {stop}):
        wrong.append("the fence's answer looks like a poll's")
    return wrong


SHELF = Shelf(PROFILES, "profile", Profile, ProfileError, _contradictions)
profile_names, load_profile, read_profile = SHELF.names, SHELF.load, SHELF.read


def answer_shape(request: Request) -> tuple[int, int]:
    """What an RTU answer shows of its request: function and length."""
    return request.function, answer_pdu_bytes(request)


def fence(profile: Profile, unit: int) -> Request:
    return Request(unit, profile.fence.table.function, profile.fence.address, profile.fence.quantity)


class Polls(NamedTuple):
    """The reads of a device: `fast` each round, `slow` now and then."""

    fast: tuple[Request, ...]
    slow: tuple[Request, ...]


def polls(profile: Profile, names: Sequence[str], unit: int) -> Polls:
    """The reads that show these points: one for each table, from its first to its last address.

    Reading coils back only shows whether the device still does what it was told, so that is slow where there is
    anything else to read. Without anything at all the fence is the poll: the device is missed when it is gone.
    """
    wanted: dict[Table, set[int]] = {}
    coils: set[int] = set()
    for name in names:
        point = profile.input.get(name) or profile.supervised.get(name) or profile.measure.get(name)
        if point is not None:
            wanted.setdefault(point.table, set()).add(point.address)
        elif (output := profile.output[name]).coil is not None and output.read_back:
            coils.add(output.coil)
    if profile.command is not None and profile.command.status_table is not None:
        wanted.setdefault(profile.command.status_table, set()).add(profile.command.status_address)
    fast = [each for table, at in sorted(wanted.items()) for each in _reads(profile, table, at, unit)]
    slow = _reads(profile, Table.COILS, coils, unit)
    return Polls(tuple(fast), tuple(slow)) if fast else Polls(tuple(slow) or (fence(profile, unit),), ())


def _reads(profile: Profile, table: Table, addresses: set[int], unit: int) -> list[Request]:
    if profile.one_by_one or not addresses:
        return [Request(unit, table.function, address) for address in sorted(addresses)]
    first = min(addresses)
    return [Request(unit, table.function, first, max(addresses) - first + 1)]
