"""Devices by the API: everything that hangs on the controller, live, with its wires, counters and last fault.

The page of devices lives on the stream of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.messages import Wire, WirePortal
from firmware.network.api.client import still
from firmware.network.api.errors import ApiError
from firmware.network.api.operation import READ, Operation
from firmware.network.api.speaking import Param, answer, missing, part_of, query_of, utc_of
from firmware.network.api.stream import STREAM_TYPE
from firmware.network.devices.known import WIRES_MAX, Known
from firmware.network.devices.showing import WireRow, WireSpeaker
from firmware.network.devices.streaming import Streaming
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker

PAGE_DEVICES, PAGE_DEVICES_MAX = 200, 500
RETRY_S = 5
Count = Annotated[int, Meta(ge=0)]
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[!-~]*$")]
OF_DEVICES = (
    Param("portal", Id),
    Param("only", Literal["trouble"]),
    Param("after", Annotated[int, Meta(ge=0, le=WIRES_MAX)], number=True),
    Param("limit", Annotated[int, Meta(ge=1, le=PAGE_DEVICES_MAX)], number=True),
)


class Device(msgspec.Struct, frozen=True):
    """A device, or a point of one that has several (`board`), and what was last heard of it or told to it.

    `use`: what it is to its portal; empty: nothing uses it. `level`: of an input what it says, of an output what it was
    told last; of any of them lost or failed, with `why`. `refused`: why an output may not be held on now. `cycles`:
    switched on, read or gone active, counted over power cycles.
    """

    id: str
    kind: str
    kind_text: str
    role: str
    board: str
    lines: tuple[str, ...]
    portal: str
    use: str
    use_text: str
    state: Literal["ok", "on", "trouble", "quiet"]
    level: str
    level_text: str
    value: str
    since: datetime | None
    since_text: str
    why: str
    counters: dict[str, int]
    counters_text: str
    tried: bool
    refused: tuple[str, ...]
    cycles: Count


class Served(msgspec.Struct, frozen=True):
    """A portal, and whether it is out of service."""

    id: str
    kind: str
    out_of_service: bool


class Devices(msgspec.Struct, frozen=True):
    """In the order of the site file. `live` false: the controller does not answer, and nothing of this is of now.

    `total`: how many fit, on all pages; `after`: the number of the last one here, to go on; null: there are no more.
    """

    live: bool
    total: Count
    devices: tuple[Device, ...]
    portals: tuple[Served, ...]
    after: Count | None


class DevicesStreamed(msgspec.Struct, frozen=True):
    """`live`, whether the controller answers; and under the name "device ID" each device whenever it is another."""

    live: bool
    device: Device


class DevicesApi:
    """What answers the API's routes of devices, and its stream."""

    def __init__(self, known: Known, live: Live, streams: Streams, rendering: Rendering, sessions: Sessions) -> None:
        self._known = known
        self._live = live
        self._streams = streams
        self._rendering = rendering
        self._sessions = sessions
        self._now_s = asyncio.get_running_loop().time
        self._encode = msgspec.json.Encoder().encode
        self._said: dict[tuple[str, str], tuple[Wire, Mapping[str, int], bytes]] = {}  # language, device -> as sent

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api devices": self._devices, "api device": self._device, "api devices stream": self._stream}

    async def _devices(self, asked: Asked) -> Response:
        query = query_of(asked, OF_DEVICES)
        answered = await self._known.all_wires()
        said = WireSpeaker(self._rendering.speaker(asked.request))
        chosen = [
            (wire, row)
            for wire in self._known.wires.values()
            if query["portal"] in (None, wire.portal)
            and ((row := self._row(said, wire)).state == "trouble" or not query["only"])
        ]
        start = query["after"] or 0
        end = start + (query["limit"] or PAGE_DEVICES)
        return answer(
            Devices(
                live=answered,
                total=len(chosen),
                devices=tuple(self._told(wire, row) for wire, row in chosen[start:end]),
                portals=tuple(map(_served, self._known.portals)),
                after=end if end < len(chosen) else None,
            )
        )

    async def _device(self, asked: Asked) -> Response:
        name = part_of(asked, "device")
        answered = await self._known.all_wires()
        wire = self._known.wires.get(name)
        if not answered:  # of one device an old word is worse than none
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S)
        if wire is None:
            raise missing()
        return answer(self._told(wire, self._row(WireSpeaker(self._rendering.speaker(asked.request)), wire)))

    # -- live ---------------------------------------------------------------------------------------------------------

    async def _stream(self, asked: Asked) -> Response:
        if asked.request.method == "HEAD":
            return Response(media_type=STREAM_TYPE)
        speaker, person = self._rendering.speaker(asked.request), asked.person

        def alive() -> bool:
            return still(self._sessions, person, self._now_s())

        return Streaming(self._streams, lambda: self._newest(speaker), alive, person.name)

    def _newest(self, speaker: Speaker) -> dict[str, bytes]:
        self._known.keep_watching()
        said = WireSpeaker(speaker)
        answers = self._live.answers(self._now_s())
        devices = {f"device {name}": self._encoded(said, wire) for name, wire in self._known.wires.items()}
        return {"live": b"true" if answers else b"false", **devices}

    def _encoded(self, said: WireSpeaker, wire: Wire) -> bytes:
        """As it is sent; made anew only where something of it is another, and shared by all windows of a language."""
        own = self._counters(wire)
        key = (said.words.language, wire.id)
        before = self._said.get(key)
        if before is not None and before[0] is wire and before[1] == own:
            return before[2]
        told = self._encode(self._told(wire, said.row(wire, own)))
        self._said[key] = (wire, own, told)
        return told

    # -- parts --------------------------------------------------------------------------------------------------------

    def _counters(self, wire: Wire) -> Mapping[str, int]:
        return wire.counters if self._live.health is None else self._live.health.counters.get(wire.id, wire.counters)

    def _row(self, said: WireSpeaker, wire: Wire) -> WireRow:
        return said.row(wire, self._counters(wire))

    def _told(self, wire: Wire, row: WireRow) -> Device:
        return Device(
            id=wire.id,
            kind=wire.kind,
            kind_text=row.what,
            role=wire.role,
            board=wire.board,
            lines=wire.lines,
            portal=wire.portal,
            use=wire.use,
            use_text=row.use,
            state=row.state,  # type: ignore[arg-type]
            level=wire.level,
            level_text=row.level,
            value=wire.value,
            since=utc_of(wire.since_ms),
            since_text=row.since,
            why=wire.why,
            counters=dict(self._counters(wire)),
            counters_text=row.counters,
            tried=wire.tried,
            refused=wire.refused,
            cycles=wire.cycles,
        )


def _served(portal: WirePortal) -> Served:
    return Served(portal.id, portal.kind, portal.out_of_service)


DEVICES_OPERATIONS: dict[str, Operation] = {
    "api devices": Operation(Devices, OF_DEVICES),
    "api device": Operation(Device, problems=READ),
    "api devices stream": Operation(DevicesStreamed, media=STREAM_TYPE),
}
_LOCK_EXAMPLE = Device(
    id="front_lock",
    kind="relay",
    kind_text="Relay",
    role="output",
    board="",
    lines=("line GPIO13",),
    portal="front_door",
    use="lock",
    use_text="lock",
    state="ok",
    level="off",
    level_text="off",
    value="",
    since=datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC),
    since_text="2026-11-27 11:10:00",
    why="",
    counters={},
    counters_text="",
    tried=False,
    refused=(),
    cycles=41_233,
)
DEVICES_EXAMPLES: tuple[msgspec.Struct, ...] = (
    _LOCK_EXAMPLE,
    Devices(True, 1, (_LOCK_EXAMPLE,), (Served("front_door", "door", False),), None),
)
