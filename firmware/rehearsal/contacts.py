"""One contact or one coil on a wire: active or not in the trade's sense, whatever level that is on the line."""

from __future__ import annotations

from collections.abc import Callable

from drivers.bus.lines import Edge
from firmware.rehearsal.barrier_layout import level_of, line_of
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.layout_words import LevelWord, Wire
from firmware.rehearsal.wires import Wires

BOUNCES_MAX = 3
CUT = "open"
WIRE_FAULTS = (CUT, "short", "inverted", "stuck")
_WHY = "wire"


def bounce(wires: Wires, line: str, level: bool, within_ms: int, at_ns: int | None = None) -> None:
    """Put a contact to `level` now or at `at_ns`, with up to BOUNCES_MAX bounces, settled `within_ms` later at most."""
    at_ns = wires.now_ns() if at_ns is None else at_ns
    span_ns = within_ms * 1_000_000
    if span_ns < 2 * BOUNCES_MAX:
        wires.put(line, level, at_ns)
        return
    count = 2 * wires.random.randint(1, BOUNCES_MAX)
    instants_ns = sorted(at_ns + 1 + wires.random.randrange(span_ns) for _ in range(count))
    edges = [Edge(line, level if place % 2 else not level, instant) for place, instant in enumerate(instants_ns)]
    wires.put_all([Edge(line, level, at_ns), *edges])


class Contact:
    """An input of the controller that a plant works, and what is wrong with its wire."""

    def __init__(
        self, wires: Wires, wire: Wire, usual: LevelWord, plant: str, bounce_ms: int, *, active: bool = False
    ) -> None:
        self.active = active  # what the contact does
        self.wrong = ""  # one of WIRE_FAULTS, or nothing
        self.line = line_of(wire)
        self._level = level_of(wire, usual)
        self._wires = wires
        self._bounce_ms = bounce_ms
        self._settled_ns = 0  # what it did last is over by then
        wires.add_input(self.line, self._level == active, plant)

    def set(self, active: bool, delay_ms: int = 0) -> None:
        """The same again changes nothing."""
        if active != self.active:
            self.active = active
            at_ns = max(self._wires.now_ns() + delay_ms * 1_000_000, self._settled_ns)
            self._settled_ns = at_ns + self._bounce_ms * 1_000_000
            bounce(self._wires, self.line, self._level == active, self._bounce_ms, at_ns)

    def told(self) -> bool:
        """Active, as the controller sees it."""
        return self._wires.levels((self.line,))[self.line] == self._level

    def spoil(self, wrong: str) -> None:
        """Break the wire, short it to ground, swap its contact for the opposite one, or let it stick; "" mends it."""
        if wrong not in ("", *WIRE_FAULTS):
            raise ActionError(f"a wire is not {wrong[:20]!r}; it can be {', '.join(WIRE_FAULTS)}")
        seen = self._wires.levels((self.line,))[self.line]
        self.wrong = wrong
        self._wires.invert(self.line, wrong == "inverted")
        level = {CUT: True, "short": False, "stuck": seen}.get(wrong)  # broken: high, by the pull-up
        self._wires.stick(self.line, _WHY, level)


class Coil:
    """An output of the controller that a plant obeys: usually active high."""

    def __init__(self, wires: Wires, wire: Wire, plant: str) -> None:
        self.wrong = ""
        self.line = line_of(wire)
        self.on_change: list[Callable[[], None]] = []
        self._level = level_of(wire, "high")
        self._wires = wires
        self.active = not self._level
        wires.add_output(self.line, plant, self._told)

    def _told(self, level: bool, _at_ns: int) -> None:
        active = level == self._level
        if active != self.active:
            self.active = active
            for on_change in self.on_change:
                on_change()

    def spoil(self, wrong: str) -> None:
        """Cut its wire, so that the plant sees low; "" mends it."""
        if wrong not in ("", CUT):
            raise ActionError(f"the wire of an output can be {CUT}, not {wrong[:20]!r}")
        self.wrong = wrong
        self._wires.cut(self.line, wrong == CUT)


class Coils:
    """The outputs that one plant obeys. Several parts of it may share one: a permit, the test of two beams."""

    def __init__(self, wires: Wires, plant: str) -> None:
        self._wires = wires
        self._plant = plant
        self._shared: dict[str, Coil] = {}

    def take(self, wire: Wire, on_change: Callable[[], None]) -> Coil:
        """One of its own. Raises LayoutError when the line is taken."""
        coil = Coil(self._wires, wire, self._plant)
        coil.on_change.append(on_change)
        return coil

    def share(self, wire: Wire, on_change: Callable[[], None]) -> Coil:
        """The one of that line."""
        coil = self._shared.get(line_of(wire))
        if coil is None:
            coil = self._shared[line_of(wire)] = Coil(self._wires, wire, self._plant)
        coil.on_change.append(on_change)
        return coil
