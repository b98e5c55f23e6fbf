"""The working copy of one step: a state being changed, the time it is changed at, and the effects so far.

Pure to the outside: the state it starts from is never written to; dictionaries are copied before their first change.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec.structs import replace

from firmware.core import calendar
from firmware.core.access import Wall
from firmware.core.barrier.turn import Turn
from firmware.core.codes import MEANING, Code, Severity
from firmware.core.effects import AnyEffect, Event, Keep, Record, SetOutput
from firmware.core.lane.turn import LaneTurn
from firmware.core.reader import ReaderState, deadlines
from firmware.core.state import SHIFTS, TRIAL, CallState, PortalState, Roadway, Shift, State, Trial, WayState
from firmware.core.timers import Timers, drop, put
from firmware.core.wiring import Wiring


class Road(NamedTuple):
    """The working copies of one barrier and its lane."""

    barrier: Turn
    lane: LaneTurn


class Draft:
    """`state` holds what belongs to the site; portals and readers are read and changed through the methods."""

    def __init__(self, state: State, now_ms: int) -> None:
        self.state = state
        self.now_ms = now_ms
        self.effects: list[AnyEffect] = []
        self.outputs: list[SetOutput] = []  # go out before all other effects of the step
        self.wiring: Wiring = state.wiring
        self.unsettled: dict[str, None] = {}  # portals whose claims may have changed, in order
        self.portals = state.portals
        self.lanes = state.lanes
        self.roads: dict[str, Road] = {}  # barriers that this step has touched and not settled yet
        self.readers = state.readers
        self.calls = state.calls
        self.deadlines = state.deadlines
        self._copied: set[str] = set()
        self._wall: Wall | None = None
        self._walled_ms: int | None = None

    # -- time ---------------------------------------------------------------------------------------------------------

    def wall(self) -> Wall | None:
        """Local wall time now; None while it is unknown."""
        offset_ms = self.state.offset_ms
        if offset_ms is None:
            return None
        utc_ms = offset_ms + self.now_ms
        if self._walled_ms != utc_ms:
            self._wall = calendar.wall(self.state.site.zone, utc_ms // 1000)
            self._walled_ms = utc_ms
        return self._wall

    def monotonic_ms(self, utc_s: int) -> int:
        """The instant on our clock at which it is `utc_s`. Only while wall time is known."""
        assert self.state.offset_ms is not None, "asked for an instant of wall time while it is unknown"
        return utc_s * 1000 - self.state.offset_ms

    # -- changes ------------------------------------------------------------------------------------------------------

    def set(self, **changes: Any) -> None:
        """Change fields of the site's state."""
        self.state = replace(self.state, **changes)

    def change(self, portal: str, **changes: Any) -> PortalState:
        """Change a portal; it is settled before the step ends. Returns it as it is now."""
        if "portals" not in self._copied:
            self._copied.add("portals")
            self.portals = dict(self.portals)
        changed = replace(self.portals[portal], **changes)
        self.portals[portal] = changed
        self.unsettled[portal] = None
        return changed

    def change_way(self, portal: str, way: int, **changes: Any) -> WayState:
        """Change one way of a portal. Returns it as it is now."""
        ways = self.portals[portal].ways
        changed = replace(ways[way], **changes)
        self.change(portal, ways=(*ways[:way], changed, *ways[way + 1 :]))
        return changed

    def put(self, portal: str, timer: str, at_ms: int) -> None:
        """Start a timer of a portal, or start it anew."""
        self.change(portal, timers=put(self.portals[portal].timers, timer, at_ms))

    def drop(self, portal: str, *timers: str) -> None:
        """Stop timers of a portal, if they run."""
        before = self.portals[portal].timers
        after = drop(before, *timers)
        if len(after) != len(before):
            self.change(portal, timers=after)

    def settle_all(self) -> None:
        """Every portal's claims may have changed."""
        self.unsettled.update(dict.fromkeys((*self.portals, *self.lanes)))

    def road(self, portal: str) -> Road:
        """The working copies of a barrier and its lane; they are settled before the step ends."""
        road = self.roads.get(portal)
        if road is None:
            plan, now = self.wiring.barriers[portal], self.lanes[portal]
            wall = self.wall()
            barrier = Turn(plan, now.barrier, self.now_ms, None if wall is None else wall.utc_s)
            road = self.roads[portal] = Road(barrier, LaneTurn(plan.barrier, now.lane, self.now_ms))
            self.unsettled[portal] = None
        return road

    def leave_road(self, portal: str) -> Road:
        """What was worked on is the state now, with its deadline. Returns the working copies, for what they did."""
        road = self.roads.pop(portal)
        if "lanes" not in self._copied:
            self._copied.add("lanes")
            self.lanes = dict(self.lanes)
        self.lanes[portal] = Roadway(road.barrier.state, road.lane.state)
        timers = (*road.barrier.state.timers[:1], *road.lane.state.timers[:1])
        self._deadline(portal, min((at_ms for at_ms, _ in timers), default=None))
        return road

    def set_reader(self, reader: str, changed: ReaderState) -> None:
        """Put a reader's new state, with its deadline."""
        if changed is self.readers[reader]:
            return
        if "readers" not in self._copied:
            self._copied.add("readers")
            self.readers = dict(self.readers)
        self.readers[reader] = changed
        self._deadline(reader, deadlines(changed))

    def set_call(self, point: str, changed: CallState) -> None:
        """Put the new state of a call button, with its deadline."""
        if "calls" not in self._copied:
            self._copied.add("calls")
            self.calls = dict(self.calls)
        self.calls[point] = changed
        self._deadline(point, changed.timers[0][0] if changed.timers else None)

    def set_trial(self, trial: Trial | None) -> None:
        """Put the trial of an output, with its deadline; None: there is none."""
        self.set(trial=trial)
        self._deadline(TRIAL, None if trial is None else trial.until_ms)

    def set_shifts(self, shifts: dict[str, Shift]) -> None:
        """Put what guards look for, with the end of the first that is over."""
        self.set(shifts=shifts)
        self._deadline(SHIFTS, min((shift.until_ms for shift in shifts.values()), default=None))

    def set_portal_deadline(self, portal: str, timers: Timers) -> None:
        self._deadline(portal, timers[0][0] if timers else None)

    def _deadline(self, owner: str, at_ms: int | None) -> None:
        if self.deadlines.get(owner) == at_ms:
            return
        if "deadlines" not in self._copied:
            self._copied.add("deadlines")
            self.deadlines = dict(self.deadlines)
        if at_ms is None:
            del self.deadlines[owner]
        else:
            self.deadlines[owner] = at_ms

    # -- effects ------------------------------------------------------------------------------------------------------

    def record(self, code: Code, **fields: Any) -> None:
        """Record an event; `fields` are those of Event. An alarm waits for somebody to acknowledge it."""
        event = Event(code, **fields)
        self.effects.append(Record(event))
        self._notice(event)

    def do(self, effects: tuple[AnyEffect, ...]) -> None:
        """Add effects that another room made. Duress leaves no trace that a page could show."""
        self.effects.extend(effects)
        for effect in effects:
            if isinstance(effect, Record) and effect.event.code is not Code.DURESS:
                self._notice(effect.event)

    def keep(self, key: str, value: str | None) -> None:
        """Survive the power. Call it before the event that reports it."""
        self.effects.append(Keep(key, value))

    def _notice(self, event: Event) -> None:
        if MEANING[event.code].severity is not Severity.ALARM:
            return
        if event.portal in self.portals:
            self.change(event.portal, acknowledged=False)
            return
        if event.portal in self.lanes:
            self.road(event.portal).lane.set(acknowledged=False)
            return
        subject = event.reader or event.device or self.state.site.id
        if subject not in self.state.unacknowledged:
            self.set(unacknowledged=self.state.unacknowledged | {subject})

    def finish(self) -> State:
        """The new state. The same object where nothing has changed."""
        due_ms = min(self.deadlines.values(), default=None)
        state = self.state
        changes: dict[str, Any] = {}
        if self.portals is not state.portals:
            changes["portals"] = self.portals
        if self.lanes is not state.lanes:
            changes["lanes"] = self.lanes
        if self.readers is not state.readers:
            changes["readers"] = self.readers
        if self.calls is not state.calls:
            changes["calls"] = self.calls
        if self.deadlines is not state.deadlines:
            changes |= {"deadlines": self.deadlines, "due_ms": due_ms}
        return replace(state, **changes) if changes else state
