"""The machine by the API: its figures, what each process wrote last, and the restart of one of them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.network.acts.act import Gate
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.resources import Confirmed
from firmware.network.api.speaking import answer, body_of, missing, part_of, utc_of
from firmware.network.devices import figures
from firmware.network.devices.known import Known
from firmware.network.devices.logs import LINES_MAX, PROCESSES, LogLine
from firmware.network.devices.machine_desk import MachineDesk
from firmware.network.devices.machine_pages import restart_refusal
from firmware.network.devices.machine_showing import EDGES, MachineSpeaker
from firmware.network.errors import LinkError, NotSent
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.wire_messages import Process

RETRY_S = 5
LINES_SHOWN, LINES_SHOWN_MAX = 300, LINES_MAX * len(PROCESSES)
Count = Annotated[int, Meta(ge=0)]


class Concern(msgspec.Struct, frozen=True):
    """What a person should look at: the figure's name here, and what the page says of it."""

    word: str
    text: str


class Board(msgspec.Struct, frozen=True):
    """Null where this machine does not tell. `throttled_...`: what slows it down now, and what has since it started."""

    celsius: float | None
    storage_free_bytes: Count | None
    storage_bytes: Count | None
    storage_worn_percent: Count | None
    memory_free_bytes: Count | None
    memory_bytes: Count | None
    load: float | None
    cores: Count
    up_s: Count | None
    controller_up_s: Count | None
    throttled_now: tuple[str, ...] | None
    throttled_before: tuple[str, ...] | None


class ClockTold(msgspec.Struct, frozen=True):
    """`utc` is null while no clock is known. `uncertainty_ms`: by how much it may be wrong, as the kernel has it."""

    utc: datetime | None
    source: Literal["chrony", "timesyncd", "other", "nobody"]
    synchronised: bool | None
    uncertainty_ms: float | None
    battery_clock: bool


class StoreTold(msgspec.Struct, frozen=True):
    """The journal, and counters of edges by the device that missed them, or nearly; null: nobody has told yet."""

    works: bool | None
    epoch: Count | None
    seq: Count | None
    backlog: Count | None
    events_lost: Count | None
    inbox_dropped: Count | None
    lost_edges: dict[str, int]
    late_edges: dict[str, int]
    repaired_edges: dict[str, int]


class Worn(msgspec.Struct, frozen=True):
    """Counted over power cycles: openings of a barrier, switchings of an output, readings. `made_for`: by its maker."""

    id: str
    kind: Literal["portal", "output", "reader"]
    cycles: Count
    made_for: Count | None


class Machine(msgspec.Struct, frozen=True):
    """While `live` is false the controller is silent: what comes from it is what it said last."""

    live: bool
    concerns: tuple[Concern, ...]
    board: Board
    clock: ClockTold
    journal: StoreTold
    wear: tuple[Worn, ...]
    processes: tuple[Process, ...]


class LogsAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a process, of all of them; without a level, of all. `limit`: the newest so many."""

    process: Process | None = None
    level: Literal["error", "warning", "info"] | None = None
    limit: Annotated[int, Meta(ge=1, le=LINES_SHOWN_MAX)] = LINES_SHOWN


class LogTold(msgspec.Struct, frozen=True):
    """One line, without what may tell of a person. `at` is null where whoever kept it does not say when it was."""

    process: Process
    at: datetime | None
    level: Literal["error", "warning", "info"]
    text: str


class LogsTold(msgspec.Struct, frozen=True):
    """Oldest first within each process. `kept` false: nothing here keeps what processes write."""

    kept: bool
    lines: tuple[LogTold, ...]


class Restarting(msgspec.Struct, frozen=True):
    """It ends now, and whoever supervises it starts it again; it stands in the journal."""

    process: Process


class MachineApi:
    """What answers the API's routes of the machine."""

    def __init__(self, desk: MachineDesk, known: Known, live: Live, rendering: Rendering, gate: Gate) -> None:
        self._desk = desk
        self._known = known
        self._live = live
        self._rendering = rendering
        self._gate = gate
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api machine": self._machine, "api logs": self._logs, "api restart": self._restart}

    async def _machine(self, asked: Asked) -> Response:
        found = await self._desk.figures()
        said = MachineSpeaker(self._rendering.speaker(asked.request), self._live, self._known, self._gate)
        return answer(
            Machine(
                live=self._live.answers(self._now_s()),
                concerns=tuple(Concern(row.word, f"{row.label}: {row.text}") for row in said.concerns(found)),
                board=self._board(found),
                clock=self._clock(found),
                journal=self._journal(),
                wear=self._wear(),
                processes=tuple(Process),
            )
        )

    def _board(self, found: figures.Figures) -> Board:
        health = self._live.health
        return Board(
            celsius=found.celsius,
            storage_free_bytes=found.disk_free_bytes,
            storage_bytes=found.disk_bytes,
            storage_worn_percent=found.disk_worn_percent,
            memory_free_bytes=found.memory_free_bytes,
            memory_bytes=found.memory_bytes,
            load=found.load,
            cores=found.cores,
            up_s=found.up_s,
            controller_up_s=None if health is None else health.uptime_ms // 1000,
            throttled_now=found.throttled_now,
            throttled_before=found.throttled_before,
        )

    def _clock(self, found: figures.Figures) -> ClockTold:
        source = found.clock_source or ("other" if found.clock_synchronised else "nobody")
        return ClockTold(
            utc=utc_of(self._live.utc_ms_at(self._now_s())),
            source=source,  # type: ignore[arg-type]
            synchronised=found.clock_synchronised,
            uncertainty_ms=found.clock_uncertainty_ms,
            battery_clock=found.battery_clock,
        )

    def _journal(self) -> StoreTold:
        states, health = self._live.states, self._live.health
        counters = {} if health is None else health.counters
        edges = {name: {device: own[name] for device, own in counters.items() if own.get(name)} for name in EDGES}
        return StoreTold(
            works=None if states is None else not states.view.store_failed,
            epoch=None if states is None else states.epoch,
            seq=None if states is None else states.seq,
            backlog=None if health is None else health.journal_backlog,
            events_lost=None if health is None else health.events_lost,
            inbox_dropped=None if health is None else health.inbox_dropped,
            **edges,
        )

    def _wear(self) -> tuple[Worn, ...]:
        portals = () if self._live.states is None else self._live.states.view.portals
        lanes = []
        for portal in portals:
            if portal.lane is not None:
                known = self._gate.portals.get(portal.id)
                made_for = None if known is None else known.cycles_service
                lanes.append(Worn(portal.id, "portal", portal.lane.cycles, made_for or None))
        wires = (wire for wire in self._known.wires.values() if wire.cycles and wire.role in ("output", "reader"))
        worn = (Worn(wire.id, wire.role, wire.cycles, None) for wire in wires)  # type: ignore[arg-type]
        return (*lanes, *worn)

    # -- logs and restarts --------------------------------------------------------------------------------------------

    async def _logs(self, asked: Asked) -> Response:
        body = body_of(asked, LogsAsked)
        lines = await self._desk.lines(body.process or "", body.level or "")
        return answer(LogsTold(self._desk.keeps_logs, tuple(map(_line, lines[-body.limit :]))))

    async def _restart(self, asked: Asked) -> Response:
        name = part_of(asked, "process")
        if name not in PROCESSES:
            raise missing()
        body_of(asked, Confirmed)
        speaker = self._rendering.speaker(asked.request)
        try:
            refused = await self._desk.restart(Process(name), asked)
        except NotSent as error:
            text = restart_refusal(speaker, "restart_silent")
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", text, retry_s=RETRY_S) from error
        except LinkError as error:
            raise ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, restart_refusal(speaker, "restart_silent")) from error
        if refused:
            text = " ".join(restart_refusal(speaker, reason) for reason in refused)
            raise ApiError(HTTPStatus.CONFLICT, "refused", text, more={"reasons": refused})
        return answer(Restarting(Process(name)))


def _line(line: LogLine) -> LogTold:
    at = utc_of(None if line.at_us is None else line.at_us // 1000)
    return LogTold(Process(line.process), at, line.level, line.text)  # type: ignore[arg-type]


MACHINE_OPERATIONS: dict[str, Operation] = {
    "api machine": Operation(Machine),
    "api logs": Operation(LogsTold, body=LogsAsked),
    "api restart": Operation(Restarting, body=Confirmed, once=True, problems=CHANGED),
}
_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
MACHINE_EXAMPLES: tuple[msgspec.Struct, ...] = (
    Machine(
        live=True,
        concerns=(Concern("celsius", "Temperature: 82 °C"),),
        board=Board(
            celsius=82.4,
            storage_free_bytes=9 << 30,
            storage_bytes=29 << 30,
            storage_worn_percent=10,
            memory_free_bytes=612 << 20,
            memory_bytes=1 << 30,
            load=0.41,
            cores=4,
            up_s=431_220,
            controller_up_s=431_180,
            throttled_now=(),
            throttled_before=("temperature_limit",),
        ),
        clock=ClockTold(_AT, "chrony", True, 1.8, True),
        journal=StoreTold(True, 1, 4711, 0, 0, 0, {}, {"front_reader": 2}, {}),
        wear=(Worn("north_lane", "portal", 12_345, 500_000), Worn("front_lock", "output", 41_233, None)),
        processes=tuple(Process),
    ),
    LogsAsked(Process.VISION, "error", 100),
    LogsTold(True, (LogTold(Process.VISION, _AT, "error", "the camera at [address] gives no picture"),)),
    Restarting(Process.VISION),
)
