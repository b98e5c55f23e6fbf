"""The machine under it all: figures, wear, what each process wrote last, and the restart of one of them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from starlette.responses import Response

from firmware.core.fact import Afar
from firmware.network.accounts.account import Role, role_words
from firmware.network.acts.act import Gate
from firmware.network.devices import figures
from firmware.network.devices.known import Known
from firmware.network.devices.logs import LEVELS, PROCESSES, LogLine, Logs
from firmware.network.errors import LinkError
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks, PeopleSaid
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.base import EndYourself
from firmware.wire_messages import Process, RestartProcess

PATH = "/machine"
LOGS = "/machine/logs"
HOT_C, DISK_PERCENT_MIN, MEMORY_PERCENT_MIN = 80, 10, 10
LOG_LINES_MAX = 300  # on the page; the download has all that are kept
MIB = 1 << 20
END_S = 0.5  # for the answer to reach the browser before this process ends
# Counters of edges that came late, or were only found by reading: wires, noise, or a processor that was busy.
EDGES = ("lost_edges", "late_edges", "repaired_edges")

Row = tuple[str, str, bool]  # label, text, whether a person should look at it


class MachinePages:
    """What answers the routes of the machine."""

    def __init__(
        self, known: Known, live: Live, rendering: Rendering, logs: Logs | None, gate: Gate, people: PeopleAsks
    ) -> None:
        """`logs`: None where this process was told of no place that keeps them."""
        self._known = known
        self._live = live
        self._rendering = rendering
        self._logs = logs
        self._gate = gate
        self._people = people
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "machine": self._machine,
            "machine_logs": self._log_page,
            "machine_logs_take": self._take_logs,
            "machine_restarting": self._restarting,
            "machine_restart": self._restart,
        }

    # -- figures ------------------------------------------------------------------------------------------------------

    async def _machine(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        await self._known.all_wires()
        journal = Path("/" if self._live.welcome is None else self._live.welcome.journal)
        found = await asyncio.to_thread(figures.read, journal.parent)
        speaker = self._rendering.speaker(asked.request)
        return self._rendering.html(
            "machine.html",
            asked.request,
            asked.session,
            PATH,
            board=list(self._board(speaker, found)),
            clock=list(self._clock(speaker, found)),
            journal=list(self._journal(speaker)),
            wear=list(self._wear(speaker)),
            processes=PROCESSES,
            restarts=Role.INSTALLER in asked.person.roles,
        )

    def _board(self, speaker: Speaker, found: figures.Figures) -> Iterator[Row]:
        words = speaker.words
        if found.celsius is not None:
            yield words("machine_celsius"), f"{found.celsius:.0f} °C", found.celsius >= HOT_C
        for name, states in (("now", found.throttled_now), ("before", found.throttled_before)):
            if states is not None:
                said = ", ".join(words(f"throttled_{state}") for state in states) or words("throttled_not")
                yield words(f"machine_throttled_{name}"), said, bool(states)
        for name, free, size, least in (
            ("disk", found.disk_free_bytes, found.disk_bytes, DISK_PERCENT_MIN),
            ("memory", found.memory_free_bytes, found.memory_bytes, MEMORY_PERCENT_MIN),
        ):
            if free is not None and size:
                percent = 100 * free // size
                text = words("machine_free", free=free // MIB, size=size // MIB, percent=percent)
                yield words(f"machine_{name}"), text, percent < least
        if found.disk_worn_percent is not None:
            yield words("machine_worn"), f"{found.disk_worn_percent} %", found.disk_worn_percent >= 90
        if found.load is not None:
            text = words("machine_load_of", load=f"{found.load:.2f}", cores=found.cores)
            yield words("machine_load"), text, found.load > 2 * found.cores
        if found.up_s is not None:
            yield words("machine_up"), words.elapsed(found.up_s), False
        if self._live.health is not None:
            yield words("machine_controller_up"), words.elapsed(self._live.health.uptime_ms // 1000), False

    def _clock(self, speaker: Speaker, found: figures.Figures) -> Iterator[Row]:
        words = speaker.words
        utc_ms = self._live.utc_ms_at(self._now_s())
        yield words("machine_time"), words("machine_no_time") if utc_ms is None else speaker.at(utc_ms), utc_ms is None
        source = found.clock_source or "nobody"
        if found.clock_synchronised and found.clock_source is None:
            source = "other"
        yield words("machine_clock_source"), words(f"clock_{source}"), not found.clock_synchronised
        if found.clock_uncertainty_ms is not None:
            text = words("machine_within", ms=f"{found.clock_uncertainty_ms:.0f}")
            yield words("machine_uncertainty"), text, found.clock_uncertainty_ms > 5_000
        else:
            yield words("machine_uncertainty"), words("machine_unknown"), True
        yield words("machine_rtc"), words("machine_yes" if found.battery_clock else "machine_no"), False

    def _journal(self, speaker: Speaker) -> Iterator[Row]:
        words, live = speaker.words, self._live
        if live.states is not None:
            failed = live.states.view.store_failed
            yield words("machine_store"), words("machine_store_fails" if failed else "machine_store_works"), failed
            yield words("journal"), f"{live.states.epoch}/{live.states.seq}", False
        if live.health is not None:
            for key, count in (
                ("backlog", live.health.journal_backlog),
                ("lost_events", live.health.events_lost),
                ("dropped", live.health.inbox_dropped),
            ):
                yield words(key), str(count), key != "backlog" and count > 0
            for name in EDGES:
                told = {device: own[name] for device, own in live.health.counters.items() if own.get(name)}
                text = ", ".join(f"{device} {count}" for device, count in sorted(told.items())) or "0"
                yield words(f"count_{name}"), text, name == "lost_edges" and bool(told)

    def _wear(self, speaker: Speaker) -> Iterator[Row]:
        """Counted over power cycles: barriers by the core, all else since it was first seen here."""
        words = speaker.words
        if self._live.states is not None:
            for portal in self._live.states.view.portals:
                if portal.lane is not None:
                    known = self._gate.portals.get(portal.id)
                    made_for = None if known is None else known.cycles_service
                    text = words("wear_cycles", count=portal.lane.cycles)
                    if made_for:
                        text = words("wear_cycles_of", count=portal.lane.cycles, most=made_for)
                    yield speaker.place(portal.id), text, bool(made_for and portal.lane.cycles >= made_for)
        for wire in self._known.wires.values():
            if wire.cycles and wire.role in ("output", "reader"):
                key = "wear_switched" if wire.role == "output" else "wear_read"
                yield wire.id, words(key, count=wire.cycles), False

    # -- logs ---------------------------------------------------------------------------------------------------------

    async def _log_page(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        query = asked.request.query_params
        process = query.get("process", "") if query.get("process", "") in PROCESSES else ""
        level = query.get("level", "") if query.get("level", "") in LEVELS else ""
        lines = [line for line in await self._lines(process) if not level or line.level == level]
        speaker = self._rendering.speaker(asked.request)
        here = LOGS + (f"?{asked.request.url.query}" if asked.request.url.query else "")
        return self._rendering.html(
            "machine_logs.html",
            asked.request,
            asked.session,
            here,
            lines=[(line, "" if line.at_us is None else speaker.at(line.at_us // 1000)) for line in lines][
                -LOG_LINES_MAX:
            ],
            kept=self._logs is not None,
            processes=PROCESSES,
            levels=LEVELS,
            process=process,
            level=level,
        )

    async def _lines(self, process: str) -> list[LogLine]:
        if self._logs is None:
            return []
        return [line for name in ((process,) if process else PROCESSES) for line in await self._logs.last(name)]

    async def _take_logs(self, asked: Asked) -> Response:
        """All of them as one text, for support."""
        process = asked.field("process") if asked.field("process") in PROCESSES else ""
        text = "".join(
            f"{line.process} {line.at_us or '-'} {line.level} {line.text}\n" for line in await self._lines(process)
        )
        headers = {"content-disposition": f'attachment; filename="menshen-{process or "all"}.log"'}
        return Response(text, media_type="text/plain; charset=utf-8", headers=headers)

    # -- restarts -----------------------------------------------------------------------------------------------------

    async def _restarting(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._confirm(asked, asked.request.query_params.get("process", ""))

    def _confirm(
        self, asked: Asked, process: str, status: HTTPStatus = HTTPStatus.OK, refused: tuple[str, ...] = ()
    ) -> Response:
        speaker = self._rendering.speaker(asked.request)
        chosen = process if process in PROCESSES else ""
        said = [_refusal(speaker, reason) for reason in refused]
        here = "/machine/restart" + (f"?process={chosen}" if chosen else "")
        return self._rendering.html(
            "machine_restart.html",
            asked.request,
            asked.session,
            here,
            status,
            process=chosen,
            processes=PROCESSES,
            refused=said,
        )

    async def _restart(self, asked: Asked) -> Response:
        process = asked.field("process")
        if asked.field("sure") != "yes" or process not in PROCESSES:
            return see(PATH)
        afar = Afar(role_words(asked.person.roles), asked.address)
        command = RestartProcess(issuer=asked.person.name, process=Process(process), afar=afar)
        try:
            answer = await self._known.link.ask(command)
        except LinkError:
            return self._confirm(asked, process, HTTPStatus.SERVICE_UNAVAILABLE, ("restart_silent",))
        if not answer.done:
            return self._confirm(asked, process, HTTPStatus.CONFLICT, answer.reasons)
        if process == Process.PEOPLE:
            try:
                await self._people.ask(EndYourself(), asked.person, asked.address)
            except PeopleSaid:
                return self._confirm(asked, process, HTTPStatus.CONFLICT, ("restart_absent",))
        if process == Process.NETWORK:
            # As the service manager would: the windows are told, and whoever supervises us starts us again.
            asyncio.get_running_loop().call_later(END_S, os.kill, os.getpid(), signal.SIGTERM)
        return see(f"{PATH}?restarted={process}")


def _refusal(speaker: Speaker, reason: str) -> str:
    word, _, argument = reason.partition(":")
    key = f"no_{word}"
    if speaker.words.has(key):
        return speaker.words(key, place=speaker.place(argument) if argument else "")
    return speaker.words("no_other", why=word)
