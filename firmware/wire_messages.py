"""What is said of wires: the list of everything that hangs on the controller, and what an installer does with it.

As messages.py, which takes all of it up; here is also the base of every message.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from firmware.core.fact import Afar

GRIP_MS = 200  # between two that say that a key is held


class Message(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """Base of all messages."""


class WireCommand(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base. `issuer` names the person; who only looks needs no name."""

    issuer: str = ""


class ListWires(WireCommand, frozen=True, kw_only=True):
    """Every input, output and reader as it is now; answered by Wired."""


class Service(WireCommand, frozen=True, kw_only=True):
    """Take a portal out of service, or put it back."""

    portal: str
    out: bool


class HoldOutput(WireCommand, frozen=True, kw_only=True):
    """Hold one output on, while Grip says that the key is held (firmware/core/trial.py)."""

    output: str
    why: str = ""


AnyWireCommand = ListWires | Service | HoldOutput


class WatchWires(msgspec.Struct, frozen=True, tag=True):
    """Network -> controller: all wires now, and for WATCH_S whatever changes of them, by WiresChanged."""


class Process(StrEnum):
    """The processes that may be asked to start anew. Of all but the controller it costs no passage."""

    CONTROLLER = "controller"
    NETWORK = "network"
    VISION = "vision"
    PEOPLE = "people"


class RestartProcess(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Network -> controller: end this process, whoever supervises it starts it again. Told first, and committed."""

    issuer: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    process: Process
    afar: Afar | None = None


class Wire(msgspec.Struct, frozen=True, omit_defaults=True):
    """A device, or one point of a device that has several (`board`), and what was last heard of it or told to it.

    `level`: of an input what it says, of an output what it was last told (on, off), of a reader read, noise, quiet;
    of any of them lost or failed, with `why`. `since_ms` is UTC where the time is known, `age_ms` how long ago.
    """

    id: str
    kind: str  # of its device table
    role: str  # reader, input, output, measure, bus
    board: str = ""
    lines: tuple[str, ...] = ()  # "d0 GPIO17"
    portal: str = ""
    use: str = ""  # what it is to the portal: lock, contact, rex, limit, warning ...; empty: nothing uses it
    level: str = "unknown"
    value: str = ""  # of what measures
    since_ms: int | None = None
    age_ms: int | None = None
    why: str = ""
    counters: dict[str, int] = {}
    tried: bool = False  # an installer holds it on
    refused: tuple[str, ...] = ()  # of an output: why it may not be held on now
    cycles: int = 0  # switched on, read, or gone active: counted over power cycles


class WirePortal(msgspec.Struct, frozen=True, omit_defaults=True):
    id: str
    kind: str  # door, turnstile, barrier
    out_of_service: bool = False


class Wired(Message, frozen=True):
    """Controller -> office. As many in a row as it takes; the last one says that there are no `more`."""

    request: str
    site: str
    utc_ms: int | None
    wires: tuple[Wire, ...]
    portals: tuple[WirePortal, ...] = ()
    ended: str = ""  # the output that was held on last
    ended_by: tuple[str, ...] = ()
    more: bool = False


class WiresChanged(Message, frozen=True):
    """Controller -> network, while somebody watches: these are other than they were."""

    utc_ms: int | None
    wires: tuple[Wire, ...]


AnyOfWires = Wired | WiresChanged
