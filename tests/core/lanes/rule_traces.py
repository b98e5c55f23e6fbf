"""Traces written by hand, in a short notation, and the barriers they are of. No line comes from our own output.

A line (or what stands before a semicolon) is an instant in ms and what is seen in it, in order: `beam=1` an input
becomes active, `beam=0` inactive, `beam=open`, `short` or `lost` what it reads; `raise+`, `raise-` an output; `!close`
a command that is done, `!close?` one that is refused; `@in` a credential granted in that direction, `@in?` refused;
`#code` an event; `power`; `lost:raise`, `recovered:raise` an output's device; `.` nothing. The bollard's close output
is called raise, its open output lower; `up` is the limit of its closed end, `down` that of its open end.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from firmware.core.site import (
    Barrier,
    Closing,
    Cold,
    Direction,
    Drive,
    DriveCommand,
    Light,
    Mover,
    Sensor,
)
from tests.core.lanes.wires import Seen

LEVELS = {"1": "active", "0": "inactive"}

BOLLARD = Barrier(
    "north",
    Mover.BOLLARD,
    (Drive("lower", "raise", opened=("down",), closed=("up",), fault="drive_fault", brake="brake"),),
    closing=Closing.AUTOMATIC,
    entry="entry",
    exit="exit",
    safety=(Sensor("loop", fault="loop_fault"),),
    photocells=(Sensor("beam", test="beam_test"),),
    edges_closing=(Sensor("edge", supervised=True),),
    stop="stop",
    reset="reset",
    service_key="service",
    cover="cover",
    key_open="key_open",
    key_close="key_close",
    emergency_close="emergency",
    fire_key="fire_key",
    mains="mains",
    lights=(Light(Direction.IN, "red_in", "green_in"), Light(Direction.OUT, "red_out", "green_out")),
    warning="warn",
    sounder="sound",
)
GATE = msgspec.structs.replace(BOLLARD, mover=Mover.SLIDING_GATE, edges_opening=(Sensor("back", supervised=True),))
MUTE = msgspec.structs.replace(BOLLARD, photocells=(Sensor("beam"),))
BY_HAND = msgspec.structs.replace(BOLLARD, closing=Closing.HOLD_TO_RUN)
ONE_EYED = msgspec.structs.replace(BOLLARD, photocells=(), edges_closing=())
NOBODY_WALKS = msgspec.structs.replace(ONE_EYED, pedestrians=False)
COLD = msgspec.structs.replace(BOLLARD, cold=(Cold(-10, 1.5), Cold(-25, 2.0)))
TWO_LOOPS = msgspec.structs.replace(
    BOLLARD, safety=(Sensor("loop", fault="loop_fault"), Sensor("loop_b", supervised=True))
)
PULSED = msgspec.structs.replace(
    BOLLARD,
    command=DriveCommand.PULSE,
    drives=(
        Drive("lower", "raise", opened=("down",), closed=("up",), permit="permit", fault="drive_fault", brake="brake"),
    ),
)
PAIR = msgspec.structs.replace(
    BOLLARD,
    drives=(
        Drive("lower", "raise", opened=("down",), closed=("up",), fault="drive_fault"),
        Drive("lower_b", "raise_b", opened=("down_b",), closed=("up_b",)),
    ),
)
BARRIERS = {
    "bollard": BOLLARD,
    "gate": GATE,
    "mute": MUTE,
    "by_hand": BY_HAND,
    "one_eyed": ONE_EYED,
    "nobody_walks": NOBODY_WALKS,
    "cold": COLD,
    "two_loops": TWO_LOOPS,
    "pulsed": PULSED,
    "pair": PAIR,
}

QUIET = """
0 loop=0 loop_fault=0 loop_b=0 beam=0 edge=0 back=0 entry=0 exit=0
0 stop=0 reset=0 service=0 cover=0 key_open=0 key_close=0 emergency=0 fire_key=0 mains=0 drive_fault=0 fire=0
"""
BACK = "5000 power" + QUIET.replace("\n0 ", "\n5000 ").replace(" key_close=0", "")  # all but limits and that key
CLOSED = "0 power up=1 down=0" + QUIET
BETWEEN = "0 power up=0 down=0" + QUIET
OPENED = (
    CLOSED
    + """
1000 @in lower+
1100 up=0
3000 down=1 lower-
"""
)
TESTED = """
10000 beam_test+
10050 beam=1
10100 beam_test-
10150 beam=0
"""
WARNED = """
10200 warn+ sound+
"""
READY = OPENED + TESTED + WARNED
RAISING = (
    READY
    + """
12200 raise+
12300 down=0
"""
)
PAIR_RAISING = (
    OPENED.replace("up=1 down=0", "up=1 up_b=1 down=0 down_b=0")
    .replace("lower+", "lower+ lower_b+")
    .replace("3000 down=1 lower-", "1200 up_b=0; 3000 down=1 down_b=1 lower- lower_b-")
    + TESTED
    + WARNED
    + "12200 raise+ raise_b+; 12300 down=0 down_b=0;"
)
RAISED = """
14000 up=1 raise- warn- sound-
"""
CAR_IN = """
4000 entry=1
4500 loop=1
4600 beam=1
5500 entry=0
6000 exit=1
6500 beam=0
7000 loop=0
8000 exit=0
"""
TRIP = """
12500 beam=1 raise- warn- sound-
13000 lower+
13400 down=1 lower-
13500 beam=0
"""
TRIP_AGAIN = """
15000 beam_test+
15050 beam=1
15100 beam_test-
15150 beam=0
15200 warn+ sound+
17200 raise+
17300 down=0
17500 beam=1 raise- warn- sound-
18000 lower+
18400 down=1 lower-
18500 beam=0
"""
ONCE_MORE = """
20000 beam_test+
20050 beam=1
20100 beam_test-
20150 beam=0
20200 warn+ sound+
22200 raise+
22300 down=0
24000 up=1 raise- warn- sound-
"""


class Case(NamedTuple):
    """A rule, a trace that breaks it and no rule before, and one that breaks none."""

    rule: str
    barrier: str
    broken: str
    lawful: str
    lawful_barrier: str = ""
    events: bool = False


def trace(text: str) -> list[Seen]:
    """Read the notation."""
    out = []
    for line in text.replace(";", "\n").splitlines():
        if not line.strip():
            continue
        t_ms, *words = line.split()
        assert not out or out[-1].t_ms <= int(t_ms), line
        out.extend(_seen(int(t_ms), word) for word in words)
    return out


def _seen(t_ms: int, word: str) -> Seen:
    match word[0]:
        case "!":
            return Seen(t_ms, "command", word.strip("!?"), ("refused",) if word.endswith("?") else ("done",))
        case "@":
            return Seen(t_ms, "credential", word.strip("@?"), "refused" if word.endswith("?") else "granted")
        case "#":
            return Seen(t_ms, "event", word[1:])
        case ".":
            return Seen(t_ms, "motion", "north", "between")
    if word == "power":
        return Seen(t_ms, "power", "", True)
    if ":" in word:
        kind, name = word.split(":")
        return Seen(t_ms, kind, name)
    if "=" in word:
        name, level = word.split("=")
        return Seen(t_ms, "input", name, LEVELS.get(level, level))
    return Seen(t_ms, "output", word[:-1], word[-1] == "+")
