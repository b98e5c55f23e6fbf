"""The controller process: puts its parts together, starts them in order, and stops them in order.

Start: identity, roster, journal, board, core; then drivers. It needs no network. Stop: inbox, core, every safe(),
buses.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import firmware
from drivers.bus.lines import Lines
from drivers.reports import AnyReport, Dropped, Frame, Level, Measured, Noise, Report, Untrusted
from firmware.config import Config
from firmware.controller import journal_start, network_asks
from firmware.controller.board import Board
from firmware.controller.bus_start import open_bus as open_bus
from firmware.controller.clock import WATCH_S, Clock, Wall
from firmware.controller.desk import Desk
from firmware.controller.engine import Engine
from firmware.controller.face_asks import faces_of
from firmware.controller.face_prompts import Prompts
from firmware.controller.health import ServiceManager
from firmware.controller.inbox import Inbox, Rank
from firmware.controller.installers import Installers
from firmware.controller.intake import Intake
from firmware.controller.key_desk import KeyDesk
from firmware.controller.neighbours import Neighbours
from firmware.controller.office_socket import OfficeSocket
from firmware.controller.outlet import Outlet
from firmware.controller.publisher import Publisher
from firmware.controller.pulse import Pulse
from firmware.controller.recorder import Recorder
from firmware.controller.role_socket import NETWORK_PACE, RoleSocket
from firmware.controller.role_user import RoleUser
from firmware.controller.roster_watch import RosterWatch
from firmware.controller.signs import Signs
from firmware.controller.supervisor import Supervisor, end_all
from firmware.controller.viewing_desk import ViewingDesk
from firmware.controller.wires import Wires
from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.core.facts import (
    AnyFact,
    Command,
    DeviceLost,
    DeviceRecovered,
    EndEnrolment,
    OverlayChange,
    OverlayChanged,
    Started,
    StartEnrolment,
    StoreFailed,
    StoreRecovered,
)
from firmware.core.state import initial
from firmware.identity import Identity
from firmware.journal import Journal
from firmware.messages import NETWORK_MAY_ASK, Answer, Ask, Erase, Welcome

HEALTH_S = 2.0
END_S_MAX = 1.0  # for our own tasks to end: what does not must not keep the outputs from being made safe


class Controller:
    """One site's controller, from `start` to `stop`. `failed` is set when a part of it died: the process must end."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        lines: Lines,
        board: Board,
        wall: Wall,
        *,
        record: Path | None = None,
        service_manager: ServiceManager | None = None,
        network_user: RoleUser | None = None,
    ) -> None:
        """`network_user` is whom the network process runs as; None: our own user, as in development."""
        self._loop = asyncio.get_running_loop()
        self._config = config
        self.folder = folder
        self._lines = lines
        self._board = board
        self._network_user = network_user
        self._manager = service_manager if service_manager is not None else ServiceManager({})
        self.site = config.site.id
        self.boot = secrets.token_hex(8)
        self.failed: asyncio.Future[str] = self._loop.create_future()
        self._death = ""  # the same for the journal: without what an exception may say of a person
        self.inbox = Inbox()
        self.identity = Identity.load_or_create(folder / "identity")
        self.clock = Clock(self._loop, wall)
        self.recorder = Recorder(record, config.site, self.clock.now_ms()) if record is not None else None
        self.journal, signers = self._open_journal(), config.roster.signers
        self.rosters = RosterWatch(folder / "roster", signers, self.identity, self.inbox, self.journal.kept())
        self.clock.believe_from(self.journal.newest_utc_ms)
        self.desk = Desk(folder / "roster", self.identity, self.journal.kept())
        ledger = self.journal.ledger
        self.intake = Intake(
            self.rosters.roster,
            ledger,
            self.identity,
            board.formats,
            [area.id for area in config.site.areas if area.quota],
            self.rosters.damaged,
            self.rosters.keys_of,
            self.desk,
            self.clock.utc_ms,
        )
        self.rosters.offer = self.intake.offer
        self.faces, self.asks = faces_of(config, folder, self.identity, self.journal, self.desk, self.intake, board)
        self.keys = KeyDesk(board.drivers, self.faces)
        self.office_socket = OfficeSocket(folder, self.keys.ask)
        self.wires = self._furnish(self.desk)
        self.supervisor = Supervisor(self.emit, self._device, self._died)
        self.role_socket = self._network_socket()
        self.publisher = Publisher(self.role_socket, self.clock)
        self.viewings = ViewingDesk(self, config, board.sights)
        self.neighbours = Neighbours(config, self.identity, ledger, self.inbox, self.clock, self.role_socket)
        self.installers = Installers(self, config, self.wires)
        self.engine = Engine(
            initial(config.site),
            clock=self.clock,
            inbox=self.inbox,
            intake=self.intake,
            outlet=Outlet(board.ends, self.journal, self.inbox, self._signs()),
            recorder=self.recorder,
            on_view=self.publisher.viewed,
            on_step=self._stepped,
            admit=self.neighbours.admit,
        )
        board.ports.alive = Pulse(self.engine, self.inbox, self.clock).beats
        self.beside: Callable[[Ask], bool] = lambda _: False  # answers what the core has no part in
        self._tasks: list[asyncio.Task[None]] = []
        self._started_ms = self.clock.now_ms()

    async def start(self, listening: socket.socket | None = None) -> None:
        """Drivers take their lines, the core learns the first facts, then reports flow, then others may listen.

        Lines first: an output whose driver does not run yet would count as failed. Where it raises, outputs may have
        been driven already: `stop` is to be called all the same.
        """
        try:
            await self._begin(listening)
        except BaseException as error:
            self._died("the start", error)
            raise

    async def _begin(self, listening: socket.socket | None) -> None:
        self.wires.attach(self.engine, self.supervisor.restarts)
        for driver in self._board.drivers.values():
            self.supervisor.start(driver)
        await self.supervisor.first_turn()
        self.engine.take(self._started())
        for fact in (*self.desk.first_facts(), *self.faces.first_facts()):
            self.engine.take(fact)
        told = self.clock.check()
        for fact in (*(() if told is None else (told,)), *self.rosters.first_facts()):
            self.engine.take(fact)
        self._task(self.engine.run(), "core")
        self._task(self._watch_clock(), "clock")
        self._task(self.rosters.run(), "roster")
        self._task(self.desk.run(), "office")
        self._task(self.faces.run(), "faces")
        self._task(self.neighbours.run(), "exchange")
        self._task(self.installers.begin(self.engine, self.journal.kept()), "installers")
        self._task(self._tell_health(), "health")
        if listening is not None:
            await self.role_socket.start(listening)
        deaf = await self.office_socket.open()
        if deaf:  # the gate goes on without
            self.inbox.put(OverlayChanged(OverlayChange.FAILED, detail=deaf), Rank.SYSTEM, "office")
        self._manager.ready()

    async def stop(self) -> None:
        """Inbox and core first, so that nothing is commanded any more; then every safe(); then buses and journal."""
        self._manager.stopping()
        await self.keys.stop()
        await end_all(self._tasks, END_S_MAX)
        await self.supervisor.stop(END_S_MAX)
        self._board.ports.close()
        try:
            with contextlib.ExitStack() as outputs:  # each is called, whatever mistake another one makes
                for driver in self._board.drivers.values():
                    outputs.callback(driver.safe)
        finally:
            await self._close()

    async def _close(self) -> None:
        self._lines.close()
        self.publisher.stop()
        self.viewings.stop()
        await self.role_socket.stop()
        await self.office_socket.close()
        stopped = Record(Event(code=Code.STOPPED, detail=self._death))
        self.journal.append([stopped], now_ms=self.clock.now_ms(), utc_ms=self.clock.utc_ms())
        self.journal.close()  # nothing else runs any more: it may wait for its last commit
        if self.recorder is not None:
            self.recorder.close()
        self.intake.close()

    def callback_failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback that raised is a mistake of ours and ends the process; what a connection ran into is not."""
        loop.default_exception_handler(context)
        if "handle" in context:
            self._died("a callback", context.get("exception"))

    def emit(self, report: AnyReport) -> None:
        """Where every driver's reports enter."""
        if isinstance(report, Level | Measured | Dropped | Untrusted):
            rank = Rank.INPUT
        else:
            rank = Rank.NOISE if isinstance(report, Noise) else Rank.READING
        if isinstance(report, Frame):
            self.publisher.frames += 1
        self.inbox.put(report, rank, report.device)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _open_journal(self) -> Journal:
        def committed(ticket: int, epoch: int, seq: int) -> None:
            self._from_thread(lambda: self._committed(ticket, epoch, seq))

        def failed(why: str) -> None:
            self._from_thread(lambda: self._store(StoreFailed(why=why)))

        def recovered(lost: int) -> None:
            self._from_thread(lambda: self._store(StoreRecovered(events_lost=lost)))

        return journal_start.opened(
            self.folder,
            self._config.store,
            self.identity,
            self.boot,
            self.clock,
            self._network_user,
            on_committed=committed,
            on_failed=failed,
            on_recovered=recovered,
        )

    def _store(self, fact: StoreFailed | StoreRecovered) -> None:
        """Told past the core too: while nothing can be committed, a page would never learn of it by a commit."""
        self.publisher.store_works(isinstance(fact, StoreRecovered))
        self.desk.answers.store_works(isinstance(fact, StoreRecovered))
        self.inbox.put(fact, Rank.SYSTEM, "journal")

    def _from_thread(self, call: Callable[[], None]) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    def _network_socket(self) -> RoleSocket:
        welcome = Welcome(
            version=firmware.__version__,
            site=self.site,
            site_name=self._config.name,
            boot=self.boot,
            journal=str(self.journal.path),
            id=self.identity.id,
            fingerprint=self.identity.fingerprint,
        )
        users = None if self._network_user is None else frozenset({0, self._network_user.user_id})
        return RoleSocket("network", welcome, NETWORK_MAY_ASK, self._ask, users, pace=NETWORK_PACE)

    def _furnish(self, desk: Desk) -> Wires:
        """Give the desk its ways to the core, the journal and the office; and installers theirs, beside it."""
        desk.served = self.intake
        desk.answers.send = self.office_socket.send
        desk.put = lambda fact: self.inbox.put(fact, Rank.SYSTEM, "office")
        desk.now_s = self.clock.utc_s
        desk.erase = self._erase
        desk.damaged = self.rosters.damaged
        desk.before = self.rosters.before
        self.inbox.on_dropped = self._dropped
        return Wires(self._config, self._board.drivers, self.clock, self.inbox, desk.answers, self.office_socket)

    def _signs(self) -> Signs:
        """What displays say; a plate is told to them by intake."""
        signs = Signs(self._board.displays, self._config.language)
        self.asks.show = Prompts(signs, self._board.drivers).show
        shown = self.installers.tests.displays
        shown.show, shown.over = signs.test, signs.test_over
        self.intake.on_plate, self.intake.now_ns = signs.plate_seen, lambda: round(self._loop.time() * 1e9)
        return signs

    def _dropped(self, item: AnyReport | AnyFact) -> None:
        """The inbox was full: whoever asked is answered all the same, by the role that asked."""
        if self.wires.dropped(item):
            return
        if isinstance(item, Command) and not isinstance(item, StartEnrolment | EndEnrolment):
            self.role_socket.answer(Answer(item.request, False, ("too_many",)))
        elif not isinstance(item, Report):
            self.rosters.dropped(item)
            self.desk.dropped(item)

    def _erase(self, command: Erase, request: str) -> int:
        """Have the journal erase a holder; the tombstone says who asked, and why."""
        self.neighbours.forget(command.holder)
        asked = Body(issuer=command.issuer, note=command.why)
        now_ms, utc_ms = self.clock.now_ms(), self.clock.utc_ms()
        return self.journal.erase(command.holder, now_ms=now_ms, utc_ms=utc_ms, asked=asked, request=request)

    def _stepped(self, fact: AnyFact, effects: tuple[object, ...], ticket: int | None) -> None:
        self.viewings.stepped(fact, effects, ticket)
        self.publisher.stepped(fact, effects, ticket)
        self.desk.stepped(fact, effects, ticket)
        self.installers.stepped(fact, effects, ticket)
        self.neighbours.stepped(effects, ticket)
        self.asks.stepped(self.engine.state, self.clock.now_ms())

    def _committed(self, ticket: int, epoch: int, seq: int) -> None:
        self.viewings.committed(ticket)  # before the answer: whoever has it asks for a picture at once
        self.publisher.committed(ticket, epoch, seq)
        self.desk.answers.committed(ticket)
        self.neighbours.committed(ticket, epoch, seq)

    def _ask(self, ask: Ask) -> None:
        if self.viewings.take(ask) or self.installers.take(ask) or self.beside(ask):
            return
        taken = network_asks.taken(ask, self.journal.ledger, self.identity, self.intake.look_up)
        if isinstance(taken, Answer):
            self.role_socket.answer(taken)
        else:
            self.inbox.put(taken, Rank.COMMAND, "network")

    def _started(self) -> Started:
        return Started(
            boot=self.boot,
            kept=self.journal.kept(),
            occupancy=self.journal.ledger.occupancy(),
            lost_ms_max=self.journal.lost_ms_max,
            clean=self.journal.clean_stop,
        )

    def _device(self, fact: DeviceLost | DeviceRecovered) -> None:
        self.inbox.put(fact, Rank.INPUT, fact.device)

    def _task(self, coroutine: Coroutine[None, None, None], name: str) -> None:
        task = self._loop.create_task(coroutine, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._died(task.get_name(), task.exception())

    def _died(self, name: str, error: BaseException | None) -> None:
        if not self.failed.done():
            self._death = f"{name} ended: {type(error).__name__}"
            self.failed.set_result(f"{name} ended: {error!r}")

    # -- rounds -------------------------------------------------------------------------------------------------------

    async def _watch_clock(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            told = self.clock.check()
            if told is not None:
                self.inbox.put(told, Rank.SYSTEM, "clock")
            self.desk.look()

    async def _tell_health(self) -> None:
        period_s = min(HEALTH_S, self._manager.feed_s or HEALTH_S)
        while True:
            await asyncio.sleep(period_s)
            why = self._unhealthy()
            if why:
                self._manager.starve(why)
            else:
                self._manager.feed()
            self.publisher.health(
                uptime_ms=self.clock.now_ms() - self._started_ms,
                inbox=self.inbox,
                journal=self.journal,
                supervisor=self.supervisor,
                drivers=self._board.drivers,
                exchange=self.neighbours.counters(),
            )

    def _unhealthy(self) -> str:
        """Why the watchdog must not be fed; empty: all is well. This task runs, so the loop does."""
        ended = [task.get_name() for task in self._tasks if task.done()]
        if ended:
            return f"{', '.join(ended)} has ended"
        if not self.supervisor.answering():
            return "a driver's task has ended"
        if not self.journal.answering(self.clock.now_ms()):
            return "the journal's writer does not answer"
        return ""
