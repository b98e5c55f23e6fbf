"""A small site on a virtual clock, for scenarios: facts go in, and a trace of what was done comes out.

The trace is folded from effects only, never from the state: outputs as `name+` (released) and `name-`, events by their
code, what is kept as `keep key=value`. Time passes deadline by deadline, so that each entry has its exact instant.
"""

from __future__ import annotations

from typing import Any

from firmware.core.access import Known, Profile, Rule, Rulebook, Schedule, Window
from firmware.core.effects import Announce, ForgetAreas, Keep, Mute, Record, Remember, SetOutput, Show, Unmute
from firmware.core.facts import (
    AnyFact,
    CardRead,
    ClockSet,
    DeadlineReached,
    InputChanged,
    Level,
    RosterReplaced,
    Started,
)
from firmware.core.machines import Exit, Hold, Leaf, Passing, Pulse
from firmware.core.site import AccessPoint, Area, Door, Reader, Rex, Site, Turnstile
from firmware.core.state import PortalState, initial
from firmware.core.step import next_deadline, step
from firmware.core.views import view

OFFICE = Schedule("office", week=((Window(480, 1080),),) * 5 + ((), ()))  # 08:00 to 18:00, Monday to Friday
RULES = Rulebook(1, {"all": Profile("all", (Rule(("*",), "always"),))}, {"office": OFFICE})
MONDAY_0755_MS = 1_767_599_700_000  # 2026-01-05 07:55:00 UTC, a Monday: `date -u -d 2026-01-05T07:55 +%s`


def door(name: str = "front", **fields: Any) -> Door:
    """A door with contact, request-to-exit and readers on the way in; `r_front`, `front_lock`, and so on."""
    fields.setdefault("contact", f"{name}_contact")
    fields.setdefault("rex", (Rex(f"{name}_rex"),))
    fields.setdefault("access_points", (AccessPoint(f"{name}_in", name, (f"r_{name}",), None, "house"),))
    return Door(name, f"{name}_lock", **fields)


def turnstile(name: str = "gate", **fields: Any) -> Turnstile:
    """A turnstile with readers and pulses both ways, and arms that drop."""
    points = (
        AccessPoint(f"{name}_in", name, (f"r_{name}_in",), None, "house"),
        AccessPoint(f"{name}_out", name, (f"r_{name}_out",), "house", None, direction="out"),
    )
    fields.setdefault("access_points", points)
    fields.setdefault("passage_in", f"{name}_pulse_in")
    fields.setdefault("passage_out", f"{name}_pulse_out")
    fields.setdefault("drop", f"{name}_drop")
    return Turnstile(name, f"{name}_in_lock", f"{name}_out_lock", **fields)


def known(holder: str = "ann", **fields: Any) -> Known:
    return Known(holder, f"card_{holder}", 1, profiles=("all",), **fields)


def check_timers(portal: PortalState) -> None:
    """Every timer has somebody who waits for it, and who waits has a timer: no polling, and nothing is forgotten."""
    run = {name for _, name in portal.timers}
    assert ("held" in run) == (portal.leaf in (Leaf.OPEN, Leaf.WARNED)), portal
    assert "warn" not in run or portal.leaf is Leaf.OPEN, portal
    assert ("hold" in run) == (portal.hold in (Hold.OPERATOR, Hold.HOLDER)), portal
    assert portal.hold_until_utc_s is None or portal.hold is Hold.OPERATOR, portal
    for index, stage in enumerate(portal.exits):
        assert (f"stuck:{index}" in run) == (stage is Exit.ACTIVE), portal
    for index, way in enumerate(portal.ways):
        assert (f"release:{index}" in run) == (way.passing in (Passing.RELEASED, Passing.PROVEN)), portal
        assert (f"settle:{index}" in run) == (way.passing is Passing.SETTLING), portal
        assert (f"pulse:{index}" in run) == (way.pulse is Pulse.ACTIVE), portal


class Scene:
    """`t` is now in ms. `trace` is [(ms, text)]; `take()` gives what came since it was last called."""

    def __init__(
        self,
        *portals: Door | Turnstile,
        kept: dict[str, str] | None = {},  # noqa: B006 - never written to
        rules: Rulebook | None = RULES,
        utc_ms: int | None = None,
        levels: bool = True,
        clean: bool = True,
        **site: Any,
    ) -> None:
        names = [reader for portal in portals for point in portal.access_points for reader in point.readers]
        site.setdefault("readers", tuple(Reader(name) for name in names))
        site.setdefault("areas", (Area("house"),))
        self.site = Site("site", portals=portals, **site)
        self.state = initial(self.site)
        self.t = 0
        self.trace: list[tuple[int, str]] = []
        self.events: list[Any] = []
        self.shown: dict[str, str] = {}
        self.announced: list[Announce] = []
        self.outputs: dict[str, bool] = {}
        self._taken = 0
        self.do(Started("boot", kept, clean=clean, lost_ms_max=0 if clean else 40))
        if rules is not None:
            self.do(RosterReplaced(rules))
        if utc_ms is not None:
            self.do(ClockSet(utc_ms))
        if levels:
            for name in self.state.wiring.inputs:
                self.do(InputChanged(name, Level.INACTIVE))
        self.booted = self.take()

    # -- facts --------------------------------------------------------------------------------------------------------

    def do(self, fact: AnyFact) -> None:
        """One fact, now."""
        before = self.outputs.copy()
        self.state, effects = step(self.state, self.t, fact)
        deadline = next_deadline(self.state)
        assert deadline is None or deadline > self.t
        for portal in self.state.portals.values():
            check_timers(portal)
        for effect in effects:
            self._note(effect)
        self.changed = {name for name in self.outputs if before.get(name) is not self.outputs[name]}

    def wait(self, ms: int) -> None:
        """Let time pass, deadline by deadline."""
        until = self.t + ms
        while (deadline := next_deadline(self.state)) is not None and deadline <= until:
            self.t = deadline
            self.do(DeadlineReached())
        self.t = until

    def swipe(self, reader: str = "r_front", who: Known | None = None) -> None:
        self.do(CardRead(reader, who or known()))

    def input(self, name: str, level: Level | bool) -> None:
        if isinstance(level, bool):
            level = Level.ACTIVE if level else Level.INACTIVE
        self.do(InputChanged(name, level))

    def open(self, name: str = "front") -> None:
        self.input(f"{name}_contact", True)

    def close(self, name: str = "front") -> None:
        self.input(f"{name}_contact", False)

    def press(self, name: str = "front") -> None:
        self.input(f"{name}_rex", True)

    def let_go(self, name: str = "front") -> None:
        self.input(f"{name}_rex", False)

    def pulse(self, way: str = "in", name: str = "gate") -> None:
        """A whole passage pulse of 300 ms."""
        self.input(f"{name}_pulse_{way}", True)
        self.wait(300)
        self.input(f"{name}_pulse_{way}", False)

    # -- what came of it ----------------------------------------------------------------------------------------------

    def take(self) -> list[tuple[int, str]]:
        """The trace since the last call."""
        new = self.trace[self._taken :]
        self._taken = len(self.trace)
        return new

    def said(self) -> list[str]:
        """The trace since the last call, without its instants."""
        return [text for _, text in self.take()]

    def released(self, output: str = "front_lock") -> bool:
        return self.outputs[output]

    def seen(self, portal: str = "front") -> Any:
        """What people see of one portal."""
        return next(at for at in view(self.state).portals if at.id == portal)

    def last(self, code: str) -> Any:
        """The newest event of a code."""
        return next(event for event in reversed(self.events) if event.code == code)

    def _note(self, effect: Any) -> None:
        match effect:
            case SetOutput():
                self.outputs[effect.output] = effect.on
                text = f"{effect.output}{'+' if effect.on else '-'}"
            case Record():
                self.events.append(effect.event)
                text = effect.event.code.value
            case Keep():
                text = f"keep {effect.key}={effect.value}"
            case Remember():
                text = f"remember {effect.holder} {effect.area} {effect.uses}"
            case Show():
                self.shown[effect.reader] = effect.feedback.value
                return
            case Announce():
                self.announced.append(effect)
                return
            case ForgetAreas():
                text = "forget areas"
            case Mute() | Unmute():
                text = f"{type(effect).__name__.lower()} {effect.reader}"
            case _:
                raise AssertionError(f"unknown effect {effect}")
        self.trace.append((self.t, text))
