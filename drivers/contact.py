"""One debounced input line: a door contact, a button, a fire panel, a tamper switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from drivers.bus.lines import BusError, Edge, Found, InputLine, Lines, Overflow
from drivers.driver import Emit
from drivers.loop_time import AHEAD_NS_MAX, SLACK_NS, call_at_ns, loop_ns
from drivers.reports import DriverError, InputLevel, Level
from drivers.settings import LevelWord, LineUse, Problem

if TYPE_CHECKING:
    import asyncio

# IEC 60839-11-1: an input that is active for more than 400 ms must be processed.
UNREST_NS_MAX = 400_000_000  # a contact that chatters longer than this is read as it stands
DEBOUNCE_MS_MAX = 200  # half of it: the rest belongs to the loop
# No hand chatters for so long: the contact is worn, wet or loose, or its wire is. No level of it is believed then.
CHATTER_NS_MAX = 2_000_000_000
STEADY_NS = 1_000_000_000  # that it has to be quiet for after that


class ContactConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="contact"):
    """A `[[device]]` table of kind "contact"."""

    id: str
    line: str
    active_level: LevelWord = LevelWord.HIGH
    debounce_ms: int = 20
    prompt: bool = False  # activity is told with its first edge, and only its end is debounced: what stops a motion

    def lines(self) -> tuple[LineUse, ...]:
        return (LineUse("line", self.line, False, self.active_level.level),)

    def problems(self) -> tuple[Problem, ...]:
        if 0 <= self.debounce_ms <= DEBOUNCE_MS_MAX:
            return ()
        return (Problem("debounce_ms", str(self.debounce_ms), f"0 to {DEBOUNCE_MS_MAX}"),)


class Contact:
    """Reports the level when it starts, and each change that has held for `debounce_ms`.

    Two ways lead to a report. By stamps: a level that had held long enough before the next edge is reported even if
    both edges arrive together after a stall, so that a short pulse is not lost. By reading: when it is quiet, the
    line's level is read again, so that a lost edge leaves no wrong level behind. One that no other edge follows is
    found by the bus (lines.READ_NS), and taken as an edge that comes then. A pulse that is shorter than that, and
    loses both its edges, nobody can see.

    One that is never quiet for CHATTER_NS_MAX is a fault, told once, until it was quiet for STEADY_NS.

    A prompt contact never tells of activity later than in the callback of the first edge, and never of its end before
    the line was quiet for `debounce_ms`. Chatter is activity for as long as it lasts, and so is what was lost: an edge
    to inactive that finds it inactive, an overflow.
    """

    def __init__(self, config: ContactConfig, lines: Lines) -> None:
        self.id = config.id
        self._config = config
        self._lines = lines
        self._debounce_ns = config.debounce_ms * 1_000_000
        self._active = config.active_level.level
        self._input: InputLine | None = None
        self._emit: Emit | None = None
        self._reported: bool | None = None  # electrical level; None: nothing reported in this run
        self._level = False  # after the last edge
        self._level_known = False
        self._edge_ns = 0
        self._unrest_ns: int | None = None  # first edge since it was last quiet, or read as it stood
        self._restless_ns = 0  # first edge since it was last quiet
        self._faulted = False  # it chatters, and this was told
        self._timer: asyncio.TimerHandle | None = None
        self._edges = 0
        self._chatter = 0
        self._faults = 0
        self._overflows = 0
        self._lost_edges = 0

    async def run(self, emit: Emit) -> None:
        """Watch the line. The first report is the level at the start, also after the device was lost."""
        config = self._config
        self._emit = emit
        try:
            await self._lines.open()
            self._input = self._lines.claim_input(config.line, config.id, self._on_edges)
            await self._input.ready()
            restless = config.prompt and self._unrest_ns is not None
            self._report(self._active if restless else self._input.level(), loop_ns())
            self._look_when_quiet()
            why = await self._lines.lost()
            raise DriverError(f"{config.id}: input {config.line} is lost with its bus: {why}")
        except BusError as error:
            raise DriverError(f"{config.id}: input {config.line} cannot be read: {error}") from error
        finally:
            self._stop()

    def safe(self) -> None:
        """An input has nothing to put right."""

    def counters(self) -> dict[str, int]:
        """`chatter`: edges that came before a change had settled. `lost_edges`: those that only a reading found."""
        counts = {"edges": self._edges, "chatter": self._chatter, "overflows": self._overflows}
        return counts | {"lost_edges": self._lost_edges, "faults": self._faults}

    def _stop(self) -> None:
        if self._input is not None:
            self._input.close()
        if self._timer is not None:
            self._timer.cancel()
        self._input = self._timer = self._emit = self._reported = self._unrest_ns = None
        self._level_known = self._faulted = False

    def _on_edges(self, edges: Sequence[Edge | Overflow]) -> None:
        latest_ns = loop_ns() + AHEAD_NS_MAX
        for edge in edges:
            at_ns = min(edge.at_ns, latest_ns)
            if isinstance(edge, Overflow):
                self._overflows += 1
                self._level_known = False  # what the edges say is no longer the whole story: read again when quiet
            else:
                if isinstance(edge, Found):
                    self._lost_edges += 1
                else:
                    self._edges += 1
                if self._unrest_ns is not None:
                    held_ns = at_ns - self._edge_ns
                    if held_ns < self._settled_ns():
                        self._chatter += 1
                    elif self._level_known:
                        self._faulted, told = False, self._faulted
                        self._report(self._level, self._edge_ns, again=told)
                        self._unrest_ns = None
                self._level = edge.level
                self._level_known = True
            if at_ns - self._edge_ns >= self._debounce_ns:
                self._restless_ns = at_ns
            self._edge_ns = at_ns
            if self._unrest_ns is None:
                self._unrest_ns = at_ns
            if self._config.prompt and self._reported is not None:
                self._report(self._active, at_ns)  # every edge has activity on one of its sides
        if self._timer is None and self._reported is not None:
            self._look_when_quiet()

    def _quiet_ns(self, unrest_ns: int) -> int:
        """When the line counts as quiet, or has been restless for too long.

        A prompt contact has told of its activity long ago, so its unrest may last; who chatters has told its fault.
        """
        quiet_ns = self._edge_ns + self._settled_ns()
        lasts = self._config.prompt or self._faulted
        return quiet_ns if lasts else min(quiet_ns, unrest_ns + UNREST_NS_MAX)

    def _settled_ns(self) -> int:
        """For how long a level has to hold to be believed."""
        return STEADY_NS if self._faulted else self._debounce_ns

    def _look_when_quiet(self) -> None:
        """Look in a later turn of the loop in any case: after a stall the bus may have more edges to hand over."""
        if self._unrest_ns is not None:
            self._timer = call_at_ns(self._quiet_ns(self._unrest_ns), self._settle)

    def _settle(self) -> None:
        """Read and report, or look again later where edges have come since."""
        self._timer = None
        if self._input is None or self._unrest_ns is None:
            return
        if loop_ns() + SLACK_NS < self._quiet_ns(self._unrest_ns):
            self._look_when_quiet()
            return
        try:
            level = self._input.level()
        except BusError:
            # run() is woken by the same loss and reports it; there is nothing to read any more.
            self._unrest_ns = None
            return
        now_ns = loop_ns()
        quiet = now_ns + SLACK_NS >= self._edge_ns + self._settled_ns()
        if not quiet and now_ns + SLACK_NS >= self._restless_ns + CHATTER_NS_MAX:
            self._tell_fault(now_ns)
            self._look_when_quiet()
            return
        self._unrest_ns = None
        self._faulted, told = False, self._faulted
        self._report(level, self._edge_ns, again=told)

    def _tell_fault(self, at_ns: int) -> None:
        self._faulted = True
        self._faults += 1
        if self._emit is not None:
            self._emit(Level(self.id, InputLevel.FAULT, at_ns))

    def _report(self, level: bool, at_ns: int, *, again: bool = False) -> None:
        """Tell a level that is not the last one told, or (`again`) that holds after a fault."""
        if (level == self._reported and not again) or self._emit is None:
            return
        self._reported = level
        self._emit(Level(self.id, InputLevel.ACTIVE if level == self._active else InputLevel.INACTIVE, at_ns))
