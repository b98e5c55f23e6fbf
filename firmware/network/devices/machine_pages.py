"""The pages of the machine under it all: figures, wear, what processes wrote last, and the restart of one of them."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.acts.act import Gate
from firmware.network.devices.known import Known
from firmware.network.devices.logs import LEVELS, PROCESSES
from firmware.network.devices.machine_desk import MachineDesk
from firmware.network.devices.machine_showing import MachineSpeaker
from firmware.network.errors import LinkError
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.wire_messages import Process

PATH = "/machine"
LOGS = "/machine/logs"
LOG_LINES_MAX = 300  # on the page; the download has all that are kept


class MachinePages:
    """What answers the routes of the machine."""

    def __init__(self, desk: MachineDesk, known: Known, live: Live, rendering: Rendering, gate: Gate) -> None:
        self._desk = desk
        self._known = known
        self._live = live
        self._rendering = rendering
        self._gate = gate

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
        found = await self._desk.figures()
        said = MachineSpeaker(self._rendering.speaker(asked.request), self._live, self._known, self._gate)
        return self._rendering.html(
            "machine.html",
            asked.request,
            asked.session,
            PATH,
            board=list(said.board(found)),
            clock=list(said.clock(found)),
            journal=list(said.journal()),
            wear=list(said.wear()),
            processes=PROCESSES,
            restarts=Role.INSTALLER in asked.person.roles,
        )

    # -- logs ---------------------------------------------------------------------------------------------------------

    async def _log_page(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        query = asked.request.query_params
        process = query.get("process", "") if query.get("process", "") in PROCESSES else ""
        level = query.get("level", "") if query.get("level", "") in LEVELS else ""
        lines = await self._desk.lines(process, level)
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
            kept=self._desk.keeps_logs,
            processes=PROCESSES,
            levels=LEVELS,
            process=process,
            level=level,
        )

    async def _take_logs(self, asked: Asked) -> Response:
        """All of them as one text, for support."""
        process = asked.field("process") if asked.field("process") in PROCESSES else ""
        text = "".join(
            f"{line.process} {line.at_us or '-'} {line.level} {line.text}\n" for line in await self._desk.lines(process)
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
        here = "/machine/restart" + (f"?process={chosen}" if chosen else "")
        return self._rendering.html(
            "machine_restart.html",
            asked.request,
            asked.session,
            here,
            status,
            process=chosen,
            processes=PROCESSES,
            refused=[restart_refusal(speaker, reason) for reason in refused],
        )

    async def _restart(self, asked: Asked) -> Response:
        process = asked.field("process")
        if asked.field("sure") != "yes" or process not in PROCESSES:
            return see(PATH)
        try:
            refused = await self._desk.restart(Process(process), asked)
        except LinkError:
            return self._confirm(asked, process, HTTPStatus.SERVICE_UNAVAILABLE, ("restart_silent",))
        if refused:
            return self._confirm(asked, process, HTTPStatus.CONFLICT, refused)
        return see(f"{PATH}?restarted={process}")


def restart_refusal(speaker: Speaker, reason: str) -> str:
    """Why a process was not restarted, in words."""
    word, _, argument = reason.partition(":")
    key = f"no_{word}"
    if speaker.words.has(key):
        return speaker.words(key, place=speaker.place(argument) if argument else "")
    return speaker.words("no_other", why=word)
