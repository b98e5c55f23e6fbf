"""What leaves the controller for people: views, health and answers, each after the journal has committed it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import structs

from drivers.driver import Driver
from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox
from firmware.controller.role_socket import RoleSocket
from firmware.controller.supervisor import Supervisor
from firmware.core.codes import Code
from firmware.core.effects import Record
from firmware.core.facts import AnyFact, Command, EndEnrolment, StartEnrolment
from firmware.core.view import SiteView
from firmware.journal import Journal
from firmware.messages import Answer, Health, States

PUBLISH_S_MIN = 0.05  # between two publications: a page cannot show more, and a storm must not cost more
VIEWS_WAITING_MAX = 256  # only the newest committed one matters; older ones give way


class Waiting(NamedTuple):
    ticket: int
    view: SiteView | None
    answer: Answer | None


class Publisher:
    """Holds what is decided back until it is committed. Tickets are committed in order."""

    def __init__(self, role_socket: RoleSocket, clock: Clock) -> None:
        self._socket = role_socket
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._committed = 0
        self._epoch = 0
        self._seq = 0
        self._view = SiteView()
        self._store_works = True
        self._timer: asyncio.TimerHandle | None = None
        self._published_s = 0.0
        self.frames = 0

    def viewed(self, view: SiteView, ticket: int | None) -> None:
        """A changed view that rests on `ticket`."""
        if ticket is None or ticket <= self._committed:
            self._view = view
            self._publish_soon()
            return
        if len(self._waiting) >= VIEWS_WAITING_MAX:
            oldest = next((waiting for waiting in self._waiting if waiting.answer is None), None)
            if oldest is not None:
                self._waiting.remove(oldest)
        self._waiting.append(Waiting(ticket, view, None))

    def stepped(self, fact: AnyFact, effects: tuple[object, ...], ticket: int | None) -> None:
        """Keep the answer to a command until its event is committed."""
        if not isinstance(fact, Command) or not fact.request or ticket is None:
            return
        if isinstance(fact, StartEnrolment | EndEnrolment):
            return  # the desk's, which answers when they are over
        for effect in effects:
            if isinstance(effect, Record) and effect.event.request == fact.request:
                event = effect.event
                answer = Answer(fact.request, event.code is not Code.COMMAND_REFUSED, event.reasons)
                self._waiting.append(Waiting(ticket, None, answer))
                return

    def committed(self, ticket: int, epoch: int, seq: int) -> None:
        """The journal has everything up to `ticket`."""
        self._committed, self._epoch, self._seq = ticket, epoch, seq
        while self._waiting and self._waiting[0].ticket <= ticket:
            waiting = self._waiting.popleft()
            self._view = waiting.view or self._view
            if waiting.answer is not None:
                self._socket.answer(waiting.answer)
        self._publish_soon()

    def store_works(self, works: bool) -> None:
        """The journal fails, or works again. What is published until then is the last that was committed, and old."""
        self._store_works = works
        self._publish_soon()

    def stop(self) -> None:
        """Publish nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def health(
        self,
        *,
        uptime_ms: int,
        inbox: Inbox,
        journal: Journal,
        supervisor: Supervisor,
        drivers: Mapping[str, Driver],
        exchange: Mapping[str, int],
    ) -> None:
        if not self._socket.listened_to:
            return  # nobody would read it; who connects later gets the next one
        self._socket.publish(
            Health(
                uptime_ms=uptime_ms,
                inbox_depth=inbox.depth,
                inbox_dropped=inbox.dropped,
                journal_backlog=journal.backlog,
                events_lost=sum(journal.lost.values()),
                drivers={name: supervisor.lost.get(name, "running") for name in drivers},
                counters={
                    **{name: driver.counters() for name, driver in drivers.items()},
                    **({"exchange": dict(exchange)} if exchange else {}),
                },
            )
        )

    def _publish_soon(self) -> None:
        """At once after a pause, else when the pause is over: each commit brings events to read, view or not."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait_s = self._published_s + PUBLISH_S_MIN - loop.time()
        if wait_s > 0:
            self._timer = loop.call_later(wait_s, self._publish)
        else:
            self._publish()

    def _publish(self) -> None:
        self._timer = None
        self._published_s = asyncio.get_running_loop().time()
        seen = self._view if self._store_works else structs.replace(self._view, store_failed=True)
        self._socket.publish(States(seen, self._epoch, self._seq, self._clock.utc_ms()))
