"""What installers ask at the page, put together: wires that are watched, self-tests, and the restart of one process.

Whoever has taken the network process over can ask all of it: so nothing here drives an output but the core, portals are
taken by the site's `remote` only, and the controller ends at most once in RESTART_MS_MIN, and never in the middle of
something.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from firmware.config import Config
from firmware.controller.clock import Clock
from firmware.controller.engine import Engine
from firmware.controller.inbox import Inbox, Rank
from firmware.controller.role_socket import RoleSocket
from firmware.controller.selftest import SelfTests
from firmware.controller.selftest_report import Press
from firmware.controller.selftest_shelf import Shelf
from firmware.controller.wear import Wear
from firmware.controller.wire_watch import WireWatch
from firmware.controller.wires import Wires
from firmware.core.account_facts import Act, Administered
from firmware.core.barrier.machines import Motion
from firmware.core.facts import AnyFact
from firmware.core.machines import Fire
from firmware.identity import Identity
from firmware.messages import Answer, Ask, RestartProcess, WatchWires
from firmware.selftest.messages import PART_BYTES_MAX, ListReports, ReadReport, ReportPart, ReportsListed, RunAsk
from firmware.wire_messages import Process

RESTART_MS_MIN = 15 * 60_000  # since this run began: a restart takes some 3 s, so at worst it costs 0.3 % of the time
OTHERS_MS_MIN = 60_000  # between two restarts of another process, which cost no passage
AT_REST = (Motion.UNKNOWN, Motion.CLOSED, Motion.OPEN, Motion.BETWEEN, Motion.FAULT)
END_S = 1.0  # for the event to be committed and the answer to go out; the stop commits whatever is left
LATER_S_MAX = 60.0  # for what began in that second to be over; then the controller goes on, and it is said


class House(Protocol):
    """What is used of the controller. firmware.controller.process.Controller is one."""

    folder: Path
    boot: str
    clock: Clock
    inbox: Inbox
    identity: Identity
    role_socket: RoleSocket
    failed: asyncio.Future[str]  # set: it ends, with every output safe


class Installers:
    """See the head of this file."""

    def __init__(self, house: House, config: Config, wires: Wires) -> None:
        self._shelf = shelf = Shelf(house.folder)
        self._reading: set[asyncio.Task[None]] = set()
        self._boot = boot = house.boot
        self._clock = clock = house.clock
        self._inbox = inbox = house.inbox
        self._socket = socket = house.role_socket
        self._failed = house.failed
        self._wires = wires
        self._began_ms = clock.now_ms()
        self._asked_ms: dict[Process, int] = {}
        self._ending: dict[str, RestartProcess] = {}  # by the request whose event is to be committed first
        self._engine: Engine | None = None
        self._watch = WireWatch(wires, socket, clock)
        self._wear = Wear(house.folder)
        wires.wear = self._wear.counts
        wires.observers.append(self._wear.note)
        # What ends each process. The network process ends itself once it has the answer, or has people end itself.
        self.ends: dict[Process, Callable[[], object]] = {
            Process.CONTROLLER: lambda: None,  # see _end
            Process.NETWORK: lambda: None,
            Process.PEOPLE: lambda: None,
        }
        press = Press(config, house.identity, shelf, boot)
        self.tests = SelfTests(config, shelf, press, wires, clock, inbox, socket)

    def begin(self, engine: Engine, kept: Mapping[str, str] | None) -> Coroutine[None, None, None]:
        """Take up what was under way; what is returned runs beside the core until it is cancelled."""
        self._engine = engine
        self.tests.attach(engine, kept, self._boot)
        return self._run()

    async def _run(self) -> None:
        try:
            await asyncio.gather(self.tests.keep(), self._wear.run())
        finally:
            self._watch.stop()
            self.tests.stop()

    def take(self, ask: Ask) -> bool:
        """Take what installers ask; False: it is something else."""
        command = ask.command
        if isinstance(command, WatchWires):
            self._watch.asked(ask.request)
        elif isinstance(command, RestartProcess):
            self._restart(command, ask.request)
        elif isinstance(command, RunAsk):
            self.tests.ask(command, ask.request)
        elif isinstance(command, ListReports | ReadReport):
            task = asyncio.get_running_loop().create_task(self._read(command, ask.request))
            self._reading.add(task)
            task.add_done_callback(self._reading.discard)
        else:
            return False
        return True

    async def _read(self, command: ListReports | ReadReport, request: str) -> None:
        """What is kept of self-tests that are over."""
        if isinstance(command, ListReports):
            entries = await asyncio.to_thread(self._shelf.entries)
            self._socket.send(request, [ReportsListed(request, tuple(entries))])
            return
        report = await asyncio.to_thread(self._shelf.read, command.name)
        part = report[command.offset : command.offset + PART_BYTES_MAX]
        self._socket.send(request, [ReportPart(request, part, len(report))])

    def stepped(self, fact: AnyFact, effects: Sequence[object], ticket: int | None) -> None:
        """The core has taken a fact: the record of the wires first, and what rests on it."""
        self._wires.stepped(fact, effects, ticket)
        self.tests.stepped(fact, effects)
        if isinstance(fact, Administered) and (ending := self._ending.pop(fact.request, None)) is not None:
            asyncio.get_running_loop().call_later(END_S, self._end, ending, LATER_S_MAX)

    def _end(self, command: RestartProcess, left_s: float) -> None:
        if command.process is not Process.CONTROLLER:
            self.ends[command.process]()
        elif self._failed.done():
            return
        elif not self.midst():
            self._failed.set_result("a person asked at the page for another run of it")
        elif left_s > 0:
            asyncio.get_running_loop().call_later(END_S, self._end, command, left_s - END_S)
        else:
            address = command.afar.address if command.afar else ""
            detail = f"{command.process.value}: not done, {self.midst()[0]}"
            fact = Administered(command.issuer, act=Act.RESTART_ASKED, address=address, detail=detail)
            self._inbox.put(fact, Rank.SYSTEM, "network")

    # -- restarts -----------------------------------------------------------------------------------------------------

    def _restart(self, command: RestartProcess, request: str) -> None:
        refusal = self._against(command.process)
        if refusal:
            self._socket.answer(Answer(request, False, refusal))
            return
        self._asked_ms[command.process] = self._clock.now_ms()
        self._ending[request] = command
        address = command.afar.address if command.afar else ""
        fact = Administered(
            command.issuer, request, act=Act.RESTART_ASKED, address=address, detail=command.process.value
        )
        self._inbox.put(fact, Rank.COMMAND, "network")

    def _against(self, process: Process) -> tuple[str, ...]:
        """Why it may not be ended now."""
        now_ms = self._clock.now_ms()
        if process not in self.ends:
            return ("restart_absent",)
        if process is not Process.CONTROLLER:
            before_ms = self._asked_ms.get(process)
            return ("restart_too_soon",) if before_ms is not None and now_ms - before_ms < OTHERS_MS_MIN else ()
        if now_ms - max(self._began_ms, self._asked_ms.get(process, 0)) < RESTART_MS_MIN:
            return ("restart_too_soon",)
        return self.midst()

    def midst(self) -> tuple[str, ...]:
        """What goes on that an end of the controller would break off."""
        assert self._engine is not None, "whoever makes them says who steps"
        state = self._engine.state
        if state.fire is not Fire.NONE or state.evacuation:
            return ("restart_emergency",)  # what is released must stay so
        moving = [name for name, road in state.lanes.items() if road.barrier.motion not in AT_REST]
        return (f"restart_moving:{moving[0]}",) if moving else ()
