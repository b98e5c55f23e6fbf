"""Looks at the wires of a lane from outside and holds the rules of motion against them while the gate runs.

Inputs are seen as the plant shows them at the wire (one whose edge was lost, when the controller reads it), outputs as
the controller drives them, commands, credentials and events as the core answers them. Two judges: one with all rules
and the reaction of a whole process (debounce of what is not prompt, bus, loop); and one for what has to stop a motion,
whose inputs are prompt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from drivers.bus.lines import Edge
from firmware.config import Config
from firmware.core import facts
from firmware.core.codes import Code
from firmware.core.effects import Record
from firmware.core.site import Barrier
from firmware.rehearsal.wires import Wires
from tests.core.lanes.rules import RULES, Broken, Seen, Watch

REACTION_MS = 25  # 20 ms of debounce, and the turns of the loop
PROMPT_MS = 3  # from an edge of a prompt input to the outputs, on virtual time
SLACK_MS = 150
DOUBT = "doubt"  # among the reasons of a barrier that waits
KEY_MS = 20  # the debounce of a local key
# Of safety devices, stop, drive fault and isolators, whose inputs are prompt.
PROMPT_RULES = frozenset({"R1a", "R1d", "R5a", "R6d", "R12a", "R19a"})

COMMANDS: dict[type[facts.Command], str] = {
    facts.OpenOnce: "open_once",
    facts.AdmitVehicle: "open_once",
    facts.HoldOpen: "hold_open",
    facts.LockPortal: "lock",
    facts.ReleasePortal: "release",
    facts.CloseBarrier: "close",
    facts.EmergencyClose: "emergency_close",
    facts.ResetFault: "reset",
    facts.ConfirmClear: "confirm_clear",
    facts.StartLockdown: "lockdown",
    facts.EndLockdown: "end_lockdown",
    facts.StartEvacuation: "evacuation",
    facts.EndEvacuation: "end_evacuation",
    facts.SetOutOfService: "out_of_service",
}


class Onlooker:
    """`broken` is the first rule that was broken, and how; `last` are the things that were seen last."""

    KEPT = 60

    def __init__(
        self, config: Config, wires: Wires, lane: str, *, at_once: bool = False, without: frozenset[str] = frozenset()
    ) -> None:
        """`at_once`: there is no process between the wires and the core, and so no reaction time and no debounce."""
        site = config.site
        barrier = next(portal for portal in site.portals if isinstance(portal, Barrier) and portal.id == lane)
        self.barrier = barrier
        self.broken: Broken | None = None
        self.last: list[Seen] = []
        self.counts: dict[str, int] = {}
        self.doubted = False
        self._dark = False
        self._wires = wires
        others = frozenset(rule.id for rule in RULES) - PROMPT_RULES
        self.watches = (
            Watch(barrier, site.fire_inputs, 0 if at_once else REACTION_MS, SLACK_MS, events=True, without=without),
            Watch(barrier, site.fire_inputs, 0 if at_once else PROMPT_MS, SLACK_MS, without=others),
        )
        plan = self.watches[0].plan
        self._inputs: dict[str, tuple[str, bool]] = {}
        self._outputs: dict[str, tuple[str, bool]] = {}
        self._shown: dict[str, bool] = {}  # line -> level
        for device in config.devices:  # tables as they stand in the file
            name, line = str(device["id"]), str(device.get("line"))
            if name in plan.bit:
                self._inputs[line] = (name, device.get("active_level", "high") == "high")
            elif name in plan.outbit:
                self._outputs[line] = (name, device.get("on_level", "high") == "high")
        self._keys = set() if at_once else {barrier.key_open, barrier.key_close}
        self._let_go: dict[str, asyncio.TimerHandle] = {}
        self._points = {point.id: str(point.direction) for point in barrier.access_points}
        wires.listen(self._edges)

    def now_ms(self) -> int:
        return self._wires.now_ns() // 1_000_000

    @property
    def output_lines(self) -> tuple[str, ...]:
        return tuple(self._outputs)

    def trace(self) -> list[str]:
        """What was seen last, a line each."""
        return [f"{each.t_ms} {each.kind} {each.name} {each.value}" for each in self.last[-self.KEPT :]]

    def dark(self) -> None:
        """The controller has no power: nothing is asked of it, and it is told nothing, before it comes back."""
        self._see(Seen(self.now_ms(), "power", "", True))
        self._dark = True

    # -- what it is shown ---------------------------------------------------------------------------------------------

    def power(self) -> None:
        """A controller starts: what it reads first are the levels as they stand."""
        for timer in self._let_go.values():
            timer.cancel()
        self._let_go.clear()
        self._dark = False
        self._see(Seen(self.now_ms(), "power", "", True))
        for line, level in self._wires.levels(self._inputs).items():
            self._input(line, level)

    def driven(self, line: str, level: bool) -> None:
        """An output is driven to this level."""
        known = self._outputs.get(line)
        if known is not None:
            self._see(Seen(self.now_ms(), "output", known[0], level == known[1]))

    def read(self, levels: Mapping[str, bool]) -> None:
        """The controller reads these: from here on it knows of edges that were lost."""
        for line, level in levels.items():
            if line in self._inputs and not self._dark and self._shown.get(line) is not level:
                self._input(line, level)

    def stepped(self, fact: facts.AnyFact, effects: Sequence[Any]) -> None:
        """The core has taken a fact."""
        lane = self.barrier.id
        name = COMMANDS.get(type(fact))
        for effect in effects:
            if not isinstance(effect, Record):
                continue
            event = effect.event
            code = event.code
            if code in (Code.COMMANDED, Code.COMMAND_REFUSED) and name is not None and event.portal in (lane, None):
                said = "done" if code is Code.COMMANDED else "refused"
                self._see(Seen(self.now_ms(), "command", name, (said,)))
            if code is Code.EVACUATION_ENDED and name is None:  # by a restart, as it is told (firmware/core/kept.py)
                self._see(Seen(self.now_ms(), "command", "end_evacuation", ("done",)))
            if event.portal != lane:
                continue
            self.counts[code.value] = self.counts.get(code.value, 0) + 1
            if code is Code.GRANTED:
                self._see(Seen(self.now_ms(), "credential", self._points[str(event.access_point)], "granted"))
            if code in (Code.LANE_DOUBTED, Code.LANE_CONFIRMED):
                self.doubted = code is Code.LANE_DOUBTED
            elif code is Code.BARRIER_WAITS and DOUBT in event.reasons:  # one that was kept over the power says so
                self.doubted = True
            self._see(Seen(self.now_ms(), "event", code.value, event.detail))
        if self.doubted:  # told, and the page goes on saying so until a person has looked
            self._see(Seen(self.now_ms(), "event", Code.LANE_DOUBTED.value))

    def until_now(self) -> None:
        """Nothing more has been seen up to this instant."""
        if self.broken is None:
            try:
                for watch in self.watches:
                    watch.until(self.now_ms())
            except Broken as broken:
                self.broken = broken

    # -- within -------------------------------------------------------------------------------------------------------

    def _edges(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            if edge.line in self._inputs and not self._dark:
                self._input(edge.line, edge.level)

    def _input(self, line: str, level: bool) -> None:
        self._shown[line] = level
        name, active = self._inputs[line]
        said = "active" if level == active else "inactive"
        if (timer := self._let_go.pop(name, None)) is not None:
            timer.cancel()
        if name in self._keys and said == "inactive":  # for its debounce a key that is let go is held
            self._let_go[name] = self._wires.call_in(KEY_MS, lambda: self._see_input(name, said))
        else:
            self._see_input(name, said)

    def _see_input(self, name: str, said: str) -> None:
        self._see(Seen(self.now_ms(), "input", name, said))

    def _see(self, seen: Seen) -> None:
        if self.broken is not None:
            return
        self.last.append(seen)
        if len(self.last) > 2 * self.KEPT:
            del self.last[: self.KEPT]
        try:
            for watch in self.watches:
                watch.see(seen)
        except Broken as broken:
            self.broken = broken
