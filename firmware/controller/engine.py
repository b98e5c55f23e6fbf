"""The loop between inbox and core: report -> fact -> step -> effects. It waits for the inbox or the next deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from drivers.reports import Report
from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox
from firmware.controller.intake import Intake
from firmware.controller.outlet import Outlet
from firmware.controller.recorder import Recorder
from firmware.core.facts import (
    AnyFact,
    DeadlineReached,
    DeviceRecovered,
    InboxOverflowed,
    PassageElsewhere,
    RosterReplaced,
)
from firmware.core.state import State
from firmware.core.step import next_deadline, step
from firmware.core.view import SiteView
from firmware.core.views import view

ENTRIES_A_ROUND = 64  # then the loop gets its turn: sockets, edges, timers

OnView = Callable[[SiteView, int | None], None]
Admit = Callable[[PassageElsewhere], PassageElsewhere | None]
OnStep = Callable[[AnyFact, tuple[object, ...], int | None], None]


class Engine:
    """Owns the core's state. `on_view` gets each changed view with the newest journal ticket it rests on."""

    def __init__(
        self,
        state: State,
        *,
        clock: Clock,
        inbox: Inbox,
        intake: Intake,
        outlet: Outlet,
        recorder: Recorder | None,
        on_view: OnView,
        on_step: OnStep,
        admit: Admit = lambda fact: fact,
    ) -> None:
        """`admit` compares a passage elsewhere with the ledger at the moment it is taken; None: it is no news."""
        self.state = state
        self.steps = 0
        self._clock = clock
        self._inbox = inbox
        self._intake = intake
        self._outlet = outlet
        self._recorder = recorder
        self._on_view = on_view
        self._on_step = on_step
        self._admit = admit
        self._view: SiteView | None = None
        self._viewed: State | None = None
        self.ticket: int | None = None  # the newest of the journal

    def take(self, fact: AnyFact) -> None:
        """Step with one fact, now, and carry out what follows."""
        if isinstance(fact, RosterReplaced):
            self._intake.adopt()
        now_ms = self._clock.now_ms()
        self.state, effects = step(self.state, now_ms, fact)
        self.steps += 1
        ticket = self._outlet.carry_out(effects, now_ms, self._clock.utc_ms()) if effects else None
        if ticket is not None:
            self.ticket = ticket
        if isinstance(fact, DeviceRecovered):
            self._outlet.restore(fact.device)
        if self._recorder is not None:
            self._recorder.write(now_ms, fact, effects)
        self._on_step(fact, effects, ticket)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._round()
            self._look()
            if self._inbox.depth:
                await asyncio.sleep(0)
                continue
            deadline_ms = next_deadline(self.state)
            await self._inbox.wait(None if deadline_ms is None else deadline_ms / 1000)

    def _round(self) -> None:
        """Facts that wait, up to a round's share; then the deadline, if it is due and no fact has brought it."""
        if self._inbox.untold_drops:
            dropped, sources = self._inbox.untold_drops, tuple(sorted(self._inbox.untold_sources))
            self._inbox.untold_drops = 0
            self._inbox.untold_sources.clear()
            self.take(InboxOverflowed(dropped, sources))
        for _ in range(ENTRIES_A_ROUND):
            entry = self._inbox.take()
            if entry is None:
                break
            if isinstance(entry.item, Report):
                self._catch_up()  # what a reader waits for is looked up in the state: what is over must be over there
                for fact in self._intake.facts(entry.item, self.state):
                    self.take(fact)
            elif not isinstance(entry.item, PassageElsewhere):
                self.take(entry.item)
            elif (passage := self._admit(entry.item)) is not None:
                self.take(passage)
        self._catch_up()

    def _catch_up(self) -> None:
        """Do what is due by now."""
        deadline_ms = next_deadline(self.state)
        if deadline_ms is not None and deadline_ms <= self._clock.now_ms():
            self.take(DeadlineReached())

    def _look(self) -> None:
        """Tell a changed view, once a round."""
        if self.state is self._viewed:
            return
        self._viewed = self.state
        seen = view(self.state)
        if seen != self._view:
            self._view = seen
            self._on_view(seen, self.ticket)
