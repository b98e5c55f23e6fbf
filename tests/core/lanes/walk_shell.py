"""The core and the plants of the demo lane on virtual time with nothing between them: for random walks.

Edges of the wires are facts at once, outputs are wires at once. Every step is taken twice and must come to the same,
the state it started from must not be written to, the view of it must encode, and a late step must lead where punctual
ones do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from drivers.bus.lines import Edge
from firmware.bench.day import demo_site
from firmware.config import Config, load
from firmware.core.effects import Keep, SetOutput
from firmware.core.facts import AnyFact, DeadlineReached, InputChanged, Level, RosterReplaced, Started
from firmware.core.site import Barrier as BarrierSite
from firmware.core.state import State, initial
from firmware.core.step import next_deadline, step
from firmware.core.views import view
from firmware.rehearsal.layout import Layout, read_layout
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.wires import Wires
from tests.core.lanes.rules import Seen
from tests.core.portals.scene import RULES
from tests.lanes.onlooker import Onlooker

LANE = "vehicle_lane"


def _lane_only() -> tuple[Config, Layout]:
    """The demo site and its plants, without what is not of the lane."""
    config, problems = load(demo_site())
    assert config is not None, problems
    assert config.rehearsal.plants is not None
    site = config.site
    lane = next(portal for portal in site.portals if isinstance(portal, BarrierSite))
    readers = {reader for point in lane.access_points for reader in point.readers}
    site = replace(
        site,
        portals=(lane,),
        readers=tuple(replace(reader, repeat_ms=0) for reader in site.readers if reader.id in readers),
        tamper_inputs=(),
    )
    layout = read_layout(config.rehearsal.plants)
    plants = replace(
        layout,
        reader=(),
        door=(),
        turnstile=(),
        barrier=tuple(replace(each, bounce_ms=0) for each in layout.barrier),
        switch=tuple(each for each in layout.switch if each.id in site.fire_inputs),
    )
    return replace(config, site=site), plants


CONFIG, LAYOUT = _lane_only()
UNTIL_MS, UNTIL_MS_MAX = 100, 20_000
# A beam before a closed barrier that has a fault besides: that the fault is told is held to be enough.
UNJUDGED = frozenset({"R16a"})


class Shell:
    """`plant` is the barrier with its lane, `onlooker` the judge, `state` the core's."""

    def __init__(self, seed: int) -> None:
        self.loop = asyncio.get_running_loop()
        self.wires = Wires(self.loop, seed)
        self.plants = Plants(LAYOUT, self.wires)
        self.plant = self.plants.barriers[LANE]
        self.onlooker = Onlooker(CONFIG, self.wires, LANE, at_once=True, without=UNJUDGED)
        self.kept: dict[str, str] = {}
        self.state: State = initial(CONFIG.site)
        self._queue: deque[AnyFact] = deque()
        self._taking = False
        self._timer: asyncio.TimerHandle | None = None
        self._inputs: dict[str, tuple[str, bool]] = {}
        self._outputs: dict[str, tuple[str, bool]] = {}
        known = set(self.state.wiring.inputs)
        for device in CONFIG.devices:
            name, line = str(device["id"]), str(device.get("line"))
            if name in known and self.wires.is_input(line):
                self._inputs[line] = (name, device.get("active_level", "high") == "high")
            elif self.wires.is_output(line):
                self._outputs[name] = (line, device.get("on_level", "high") == "high")
        self.wires.listen(self._edges)
        self.power()

    def now_ms(self) -> int:
        return self.wires.now_ns() // 1_000_000

    # -- facts --------------------------------------------------------------------------------------------------------

    def power(self) -> None:
        """The controller begins anew with what it has kept; outputs drop."""
        self.state = initial(CONFIG.site)
        for line, on in self._outputs.values():
            self._drive(line, not on)
        self.onlooker.power()
        self.onlooker.doubted |= any(key.startswith("doubt:") for key in self.kept)  # the page says it, no new event
        self.take(Started("boot", dict(self.kept)))
        self.take(RosterReplaced(RULES))
        for line, level in self.wires.levels(self._inputs).items():
            self.take(self._fact(line, level))

    def take(self, fact: AnyFact) -> None:
        """One fact, now; what follows from it at the plant is taken after it."""
        self._queue.append(fact)
        if self._taking:
            return
        self._taking = True
        try:
            while self._queue:
                self._step(self._queue.popleft())
        finally:
            self._taking = False
        self._arm()

    def lose(self, name: str) -> None:
        """An input's device is lost."""
        self.onlooker._see(Seen(self.now_ms(), "input", name, Level.LOST.value))
        self.take(InputChanged(name, Level.LOST))

    def late(self, fact: AnyFact, after_ms: int) -> None:
        """A late step leads where punctual ones do. Nothing of it is carried out."""
        t = self.now_ms() + after_ms
        late, effects = step(self.state, t, fact)
        state, stepwise = self.state, []
        while (deadline := next_deadline(state)) is not None and deadline <= t:
            state, more = step(state, deadline, DeadlineReached())
            stepwise += more
        state, more = step(state, t, fact)
        stepwise += more
        assert state == late
        told = {effect.output: effect.on for effect in stepwise if isinstance(effect, SetOutput)}
        assert sorted(told.items()) == sorted((e.output, e.on) for e in effects if isinstance(e, SetOutput))
        assert [e for e in stepwise if not isinstance(e, SetOutput)] == [
            e for e in effects if not isinstance(e, SetOutput)
        ]

    def _step(self, fact: AnyFact) -> None:
        before = msgspec.json.encode((self.state.lanes, self.state.deadlines, self.state.fire_levels))
        now_ms = self.now_ms()
        state, effects = step(self.state, now_ms, fact)
        assert (state, effects) == step(self.state, now_ms, fact), "the same fact, the same effects"
        assert msgspec.json.encode((self.state.lanes, self.state.deadlines, self.state.fire_levels)) == before
        self.state = state
        shown = view(state)
        assert msgspec.json.decode(msgspec.json.encode(shown), type=type(shown)) == shown
        for effect in effects:
            match effect:
                case SetOutput():
                    line, on = self._outputs[effect.output]
                    self._drive(line, effect.on == on)
                case Keep():
                    self.kept.pop(effect.key, None)
                    if effect.value is not None:
                        self.kept[effect.key] = effect.value
        self.onlooker.stepped(fact, effects)

    def _drive(self, line: str, level: bool) -> None:
        if self.wires.driven(line) != level:
            self.onlooker.driven(line, level)
            self.wires.drive(line, level)

    def _edges(self, edges: Sequence[Edge]) -> None:
        for edge in edges:
            if edge.line in self._inputs:
                self.take(self._fact(edge.line, edge.level))

    def _fact(self, line: str, level: bool) -> AnyFact:
        name, active = self._inputs[line]
        return InputChanged(name, Level.ACTIVE if level == active else Level.INACTIVE)

    # -- time ---------------------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ms = next_deadline(self.state)
        if due_ms is not None:
            self._timer = self.loop.call_at(due_ms / 1000, self._due)

    def _due(self) -> None:
        self._timer = None
        due_ms = next_deadline(self.state)
        if due_ms is not None and due_ms <= self.now_ms():
            self.take(DeadlineReached())
        else:
            self._arm()

    async def wait(self, ms: int) -> None:
        """Time goes by. Raises what was broken."""
        await asyncio.sleep(ms / 1000)
        self.look()

    async def until(self, what: str) -> None:
        """Until it warns, closes or opens; not for ever."""
        drive = self.plant.drives[0]
        coil = {"warning": self.plant.lamps["warning"], "closing": drive.close, "opening": drive.open}[what]
        for _ in range(UNTIL_MS_MAX // UNTIL_MS):
            if coil.active:
                return
            await self.wait(UNTIL_MS)

    def look(self) -> None:
        self.onlooker.until_now()
        if self.onlooker.broken is not None:
            raise self.onlooker.broken
        plant = self.plant
        assert not plant.strikes, f"a strike: {plant.strikes[0]}"
        assert not plant.wrecks, "both directions at once"

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.plants.close()

    def lane(self) -> Any:
        return self.plant.lane
