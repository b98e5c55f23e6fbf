"""The page of devices: everything that hangs on the controller, live, with its wires, counters and last fault."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.messages import Wire
from firmware.network.accounts.account import Role
from firmware.network.acts.act import Gate
from firmware.network.devices.known import Known
from firmware.network.devices.showing import BY_BOARD, BY_PORTAL, Chosen, WireSpeaker
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker

PATH = "/devices"
REFRESH_S = 10  # without script
TEXT_CHARACTERS_MAX = 64  # of the filter


class DevicePages:
    """What answers the routes of devices."""

    def __init__(
        self, known: Known, live: Live, streams: Streams, rendering: Rendering, sessions: Sessions, gate: Gate
    ) -> None:
        self._known = known
        self._live = live
        self._streams = streams
        self._rendering = rendering
        self._sessions = sessions
        self._gate = gate
        self._now_s = asyncio.get_running_loop().time
        self._encode = msgspec.json.Encoder().encode
        self._said: dict[tuple[str, str], tuple[Wire, Mapping[str, int], bytes]] = {}  # language, device -> as sent

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"devices": self._devices, "devices_stream": self._stream}

    async def _devices(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        answered = await self._known.all_wires()
        query = asked.request.query_params
        chosen = Chosen(
            BY_BOARD if query.get("by") == BY_BOARD else BY_PORTAL,
            query.get("text", "")[:TEXT_CHARACTERS_MAX],
            "trouble" if query.get("only") == "trouble" else "",
        )
        known, speaker = self._known, self._rendering.speaker(asked.request)
        groups = WireSpeaker(speaker).groups(known.wires.values(), known.portals, self._live.health, chosen)
        here = PATH + (f"?{asked.request.url.query}" if asked.request.url.query else "")
        return self._rendering.html(
            "devices.html",
            asked.request,
            asked.session,
            here,
            HTTPStatus.OK,
            groups=groups,
            total=len(known.wires),
            shown=sum(len(group.rows) for group in groups),
            chosen=chosen,
            answered=answered,
            serves=Role.INSTALLER in asked.person.roles,
            serviceable=self._serviceable(),
            refresh_s=REFRESH_S,
        )

    def _serviceable(self) -> frozenset[str]:
        """Portals that the site lets a page take out of service (firmware/core/afar.py)."""
        return frozenset(name for name, portal in self._gate.portals.items() if "service" in portal.remote)

    # -- live ---------------------------------------------------------------------------------------------------------

    async def _stream(self, asked: Asked) -> Response:
        if asked.request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return _Streaming(self, self._rendering.speaker(asked.request), asked.person)

    async def serve(self, speaker: Speaker, person: Session, receive: Receive, send: Send) -> None:
        """One window's stream, for as long as its session lives."""
        said = WireSpeaker(speaker)

        def newest() -> dict[str, bytes]:
            self._known.keep_watching()
            counters = {} if self._live.health is None else self._live.health.counters
            answers = self._live.answers(self._now_s())
            rows = {f"wire {name}": self._row(said, wire, counters) for name, wire in self._known.wires.items()}
            return {"live": b"true" if answers else b"false", **rows}

        await self._streams.serve(receive, send, newest, lambda: self._sessions.use(person, self._now_s()), person.name)

    def _row(self, said: WireSpeaker, wire: Wire, counters: Mapping[str, Mapping[str, int]]) -> bytes:
        """As it is sent; made anew only where something of it is another, and shared by all windows of a language."""
        own = counters.get(wire.id, wire.counters)
        key = (said.words.language, wire.id)
        before = self._said.get(key)
        if before is not None and before[0] is wire and before[1] == own:
            return before[2]
        row = self._encode(said.row(wire, own))
        self._said[key] = (wire, own, row)
        return row


class _Streaming(Response):
    """A response that is a stream."""

    def __init__(self, pages: DevicePages, speaker: Speaker, session: Session) -> None:
        self._pages, self._speaker, self._session = pages, speaker, session

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._pages.serve(self._speaker, self._session, receive, send)
