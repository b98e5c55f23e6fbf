"""A real controller process with vehicle lanes: a rig whose far end plays drives, loops, vehicles and people's hands.

Each lane is a bollard with an automatic close, loop and beam, and its times are as short as `menshen check` lets them
be. Whoever uses a lane here is plain blocking code, a thread for each lane.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from drivers.bus.lines import Edge
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.rig import BIT_INTERVAL_NS, QUIET_S, Driven, FarEnd, Rig, frame_edges

LANES, READERS = 3, 10
DEBOUNCE_MS = 5
SETTLED_S = 0.012  # an input that has changed is told by then
CARD_BITS = 26
ANSWER_S_MAX = 15.0  # for whatever a lane does next

# Lines of simulated_board; data lines are on the header, as readers are.
_HEADER = [f"GPIO{number}" for number in (*range(4, 14), *range(16, 28))]
_EXPANDERS = [*(f"X{number}" for number in range(1, 17)), *(f"Y{number}" for number in range(1, 49))]

DOWN, UP, PERMIT = "down", "up", "permit"  # a bollard: down is open
LIMIT_MS = {DOWN: 4_000, UP: 4_000}  # the second layer: longer than the longest travel
OUTPUTS = (DOWN, UP, PERMIT, "red", "green", "warning", "sounder")
CLOSED_CONTACTS = ("entry", "loop", "exit", "beam", "stop")  # a broken wire reads high: active
TO_GROUND = ("is_down", "is_up", "reset", "key_open", "key_close")  # active is low
PROMPT = ("loop", "beam", "stop")
MOTION = (DOWN, UP, PERMIT)

_HEAD = """\
[site]
id = "lanes"
name = "Lanes"
time_zone = "Asia/Shanghai"

[store]
folder = "state"

[board]
kind = "simulated_board"

[[area]]
id = "inside"
"""

_LANE = """
[[portal]]
kind = "barrier"
id = "{lane}"
mover = "bollard"
closing = "automatic"
power_loss = "hand_release"
by_wire = ["stop", "safety"]
fire_opens = false
entry = "{lane}_entry"
exit = "{lane}_exit"
stop = "{lane}_stop"
reset = "{lane}_reset"
key_open = "{lane}_key_open"
key_close = "{lane}_key_close"
warning = "{lane}_warning"
sounder = "{lane}_sounder"
travel_ms_max = 3_000
dead_ms = 100
warning_ms = 1_000
clear_ms = 1_000
gap_ms_max = 500
leave_ms_max = 1_000

[[portal.drive]]
open = "{lane}_down"
close = "{lane}_up"
permit = "{lane}_permit"
opened = ["{lane}_is_down"]
closed = ["{lane}_is_up"]

[[portal.safety]]
input = "{lane}_loop"

[[portal.photocell]]
input = "{lane}_beam"

[[portal.light]]
direction = "in"
red = "{lane}_red"
green = "{lane}_green"

[[portal.access_point]]
id = "{lane}_in"
readers = [{readers}]
direction = "in"
area_to = "inside"
"""

# As short as the limits let them be: a storm mutes the reader soon, and it is tried again soon.
_READER = """
[[reader]]
id = "{id}"
repeat_ms = 100
noise_window_ms = 1_000
mute_ms = 1_000

[[device]]
id = "{id}"
kind = "wiegand"
d0 = "{d0}"
d1 = "{d1}"
formats = ["H10301"]
"""


class Wiring(NamedTuple):
    """A site file, and what hangs where. `lanes`: by a lane's id, part -> line; `data`: D0 and D1 of each reader."""

    site: str
    lanes: dict[str, dict[str, str]]
    data: tuple[tuple[str, str], ...]

    @property
    def at_rest(self) -> dict[str, bool]:
        """Levels of all inputs: closed, nobody there, no key turned."""
        levels = dict.fromkeys([line for pair in self.data for line in pair], True)
        for parts in self.lanes.values():
            levels |= dict.fromkeys([parts[part] for part in CLOSED_CONTACTS], False)
            levels |= {parts[part]: part != "is_up" for part in TO_GROUND}
        return levels


def wired(lanes: int = LANES, readers: int = READERS) -> Wiring:
    """A site of that many lanes with their readers; it passes `menshen check`."""
    header, free = iter(_HEADER), iter(_EXPANDERS)
    data = tuple((next(header), next(header)) for _ in range(readers))
    text, parts = [_HEAD], {}
    for number in range(lanes):
        lane = f"lane{number}"
        names = ", ".join(f'"reader{reader}"' for reader in range(number, readers, lanes))
        text.append(_LANE.format(lane=lane, readers=names))
        parts[lane] = {part: next(free) for part in (*OUTPUTS, *CLOSED_CONTACTS, *TO_GROUND)}
    text += [_READER.format(id=f"reader{number}", d0=pair[0], d1=pair[1]) for number, pair in enumerate(data)]
    text += [_device(f"{lane}_{part}", part, line) for lane, own in parts.items() for part, line in own.items()]
    return Wiring("".join(text), parts, data)


def _device(name: str, part: str, line: str) -> str:
    kind = "relay" if part in OUTPUTS else "contact"
    table = f'\n[[device]]\nid = "{name}"\nkind = "{kind}"\nline = "{line}"\n'
    if part in LIMIT_MS:
        table += f"on_ms_max = {LIMIT_MS[part]}\n"
    if kind == "contact":
        level = "low" if part in TO_GROUND else "high"
        table += f'active_level = "{level}"\ndebounce_ms = {DEBOUNCE_MS}\n'
    return table + ("prompt = true\n" if part in PROMPT else "")


class Lane:
    """The far end of one lane. `put` is a hand or a vehicle; `wait` looks at what is driven."""

    def __init__(self, name: str, far_end: FarEnd, lines: Mapping[str, str], data: tuple[str, str]) -> None:
        self.name = name
        self._far_end = far_end
        self._lines = lines
        self._data = data

    def put(self, part: str, active: bool) -> int:
        """An edge now; returns its stamp."""
        at_ns = monotonic_ns()
        self._far_end.send([Edge(self._lines[part], active is not (part in TO_GROUND), at_ns)])
        return at_ns

    def press(self, part: str) -> None:
        self.put(part, True)
        rest(SETTLED_S)
        self.put(part, False)

    def swipe(self, bits: int) -> None:
        """A card whose last bit is now."""
        self._far_end.send(frame_edges(bits, CARD_BITS, monotonic_ns(), self._data))

    def now(self) -> int:
        """The place in what is driven from which on something is new."""
        return len(self._far_end.driven)

    def seen(self, part: str, on: bool, since: int, limit_s: float = ANSWER_S_MAX) -> Driven | None:
        """The first Drive of that output to that level from `since` on, or None at the limit."""
        return self._far_end.wait_driven(self._lines[part], on, since, limit_s)

    def wait(self, part: str, on: bool, since: int) -> Driven:
        """The same. Raises RuntimeError at the limit."""
        driven = self.seen(part, on, since)
        if driven is None:
            raise RuntimeError(f"{self.name}: {part} was not {'on' if on else 'off'} within {ANSWER_S_MAX:g} s")
        return driven

    def after(self, driven: Driven) -> int:
        """The place behind a Drive."""
        return self._far_end.driven.index(driven) + 1

    def is_on(self, part: str) -> bool:
        """What the wire says now; a line that was never driven is as at the board's start: low."""
        return self._far_end.levels.get(self._lines[part], False)

    def moved(self, since: int) -> list[Driven]:
        """Every motion output that came on from `since` on."""
        lines = [self._lines[part] for part in MOTION]
        return [driven for driven in self._far_end.driven[since:] if driven.line in lines and driven.level]

    # -- what the drive and vehicles do -------------------------------------------------------------------------------

    def comes_down(self, since: int) -> None:
        """It is driven down from `since` on, and its limits follow at once. Returns when it is let go there."""
        driven = self.wait(DOWN, True, since)
        self.put("is_up", False)
        rest(SETTLED_S)
        self.put("is_down", True)
        self.wait(DOWN, False, self.after(driven))

    def rises(self, since: int) -> Driven:
        """It is driven up from `since` on, and leaves its lower end. Returns the Drive."""
        driven = self.wait(UP, True, since)
        self.put("is_down", False)
        rest(SETTLED_S)
        return driven

    def lets_in(self, bits: int) -> None:
        """A vehicle comes, swipes, and passes loop, beam and exit; a close is owed then."""
        since = self.now()
        self.put("entry", True)
        rest(SETTLED_S)
        self.swipe(bits)
        self.comes_down(since)
        self.wait("green", True, since)
        for part, active in (("loop", True), ("beam", True), ("entry", False), ("exit", True), ("beam", False)):
            self.put(part, active)
            rest(SETTLED_S)
        self.put("loop", False)
        rest(SETTLED_S)
        self.put("exit", False)


class LaneRig(Rig):
    """A rig of lanes. The controller stands still until `start`."""

    def __init__(self, folder: Path, lanes: int = LANES, readers: int = READERS) -> None:
        self.wiring = wired(lanes, readers)
        super().__init__(folder, self.wiring.site, self.wiring.at_rest)
        self.lanes = [
            Lane(name, self.far_end, parts, self.wiring.data[number])
            for number, (name, parts) in enumerate(self.wiring.lanes.items())
        ]

    def listens(self) -> None:
        """Wait until the controller watches all wires, and for so long that everything at rest was told."""
        if not self.far_end.wait_claimed(set(self.wiring.at_rest)):
            raise RuntimeError("the controller does not watch its wires")
        rest(QUIET_S + CARD_BITS * BIT_INTERVAL_NS / 1e9)
