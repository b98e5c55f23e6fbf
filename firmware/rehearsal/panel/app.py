"""The panel's routes: the page, the plan of the plants, the live states (server-sent events), and actions.

Development and training only; loopback only. It works the plants and asks for power cuts, and no more.
"""

from __future__ import annotations

import asyncio
import html
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from drivers.bus.lines import Edge
from firmware.rehearsal.actions import AnyAction, carry_out
from firmware.rehearsal.barrier import SPRINGS_BACK
from firmware.rehearsal.bodies import KINDS
from firmware.rehearsal.detectors import Loop, Photocell, SafetyEdge
from firmware.rehearsal.errors import ActionError, BusyError
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.frames import LAYOUTS
from firmware.rehearsal.layout import Layout
from firmware.rehearsal.panel.guard import COOKIE, Guard
from firmware.rehearsal.panel.texts import TEXTS
from firmware.rehearsal.plants import Plants, PlantsState
from firmware.rehearsal.power import Power

BODY_BYTES_MAX = 4096  # an action is a few hundred
STREAMS_MAX = 8  # pages open at once; one more ends the oldest
LIVE_GAP_S = 0.04  # states go out at most 25 times a second: a storm or a blinking lamp must not flood the page
KEEPALIVE_S = 15.0  # a silent stream is told from a dead one by this

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

FILES = {
    "panel.js": "text/javascript",
    "lane.js": "text/javascript",
    "panel.css": "text/css",
    "lane.css": "text/css",
    "mark.svg": "image/svg+xml",
}


class ControllerState(msgspec.Struct, frozen=True):
    """What the wires know of the controller."""

    listening: bool
    can_cut: bool
    cut_asked: bool


class PanelState(msgspec.Struct, frozen=True):
    """One message of the live stream."""

    controller: ControllerState
    plants: PlantsState
    dropped: tuple[str, ...]


class LanePlan(msgspec.Struct, frozen=True):
    """What the page must know of vehicle lanes."""

    kinds: dict[str, int]  # of bodies, and their lengths in millimetres
    springs_back: tuple[str, ...]  # keys that are on only while they are held
    detector_faults: dict[str, tuple[str, ...]]  # by the kind of detector
    wires: dict[str, dict[str, bool]]  # of each barrier; true: an input


class Plan(msgspec.Struct, frozen=True):
    """What the page draws, once: the plants, the cards, the formats, and the texts of both languages."""

    layout: Layout
    formats: tuple[str, ...]
    lane: LanePlan
    texts: dict[str, dict[str, str]]


class Panel:
    """The panel of one rehearsal. `app` is the ASGI application; call `stop()` before the server stops."""

    def __init__(self, plants: Plants, far_end: FarEnd, power: Power, guard: Guard) -> None:
        self.guard = guard
        self._plants = plants
        self._far_end = far_end
        self._power = power
        self._streams: deque[asyncio.Event] = deque()
        self._stopped = False
        page = resources.files("firmware.rehearsal.panel")
        self._page = page.joinpath("page.html").read_bytes()
        self._files = {name: page.joinpath(name).read_bytes() for name in FILES}
        self._action = msgspec.json.Decoder(AnyAction)
        routes = [
            Route("/", self._guarded(self._home), methods=["GET"]),
            Route("/plan", self._guarded(self._plan), methods=["GET"]),
            Route("/live", self._guarded(self._live), methods=["GET"]),
            Route("/act", self._guarded(self._act), methods=["POST"]),
            Route("/{rest:path}", self._guarded(self._file), methods=["GET", "POST", "PUT", "DELETE", "PATCH"]),
        ]
        self.app = Starlette(routes=routes)
        plants.wires.on_change(self._changed)
        # A detector tells later than what it notices has changed.
        self._late = {each.contact.line for it in plants.barriers.values() for each in it.detectors.values()}
        plants.wires.listen(self._told)

    def state(self) -> PanelState:
        """Everything the page shows, now."""
        return PanelState(
            controller=ControllerState(self._far_end.listening() > 0, self._power.can_cut(), self._power.asked()),
            plants=self._plants.state(),
            dropped=tuple(self._far_end.dropped)[-3:],
        )

    def stop(self) -> None:
        """End the live streams, so that the server can stop. Idempotent."""
        self._stopped = True
        for stream in self._streams:
            stream.set()

    def _changed(self) -> None:
        self._power.listeners_now(self._far_end.listening())
        for stream in self._streams:
            stream.set()

    def _told(self, edges: list[Edge]) -> None:
        if any(edge.line in self._late for edge in edges):
            self._changed()

    def _guarded(self, answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            refusal = self.guard.refusal(request)
            if refusal is None:
                response = await answer(request)
            elif refusal.status == 401 and request.url.path == "/" and (session := self.guard.redeem(request)):
                response = RedirectResponse("/", status_code=303)
                response.set_cookie(COOKIE, session, httponly=True, samesite="strict", path="/")
            else:
                response = Response(_refused_page(refusal.why), status_code=refusal.status, media_type="text/html")
            response.headers.update(HEADERS)
            return response

        return guarded

    async def _home(self, _request: Request) -> Response:
        return Response(self._page, media_type="text/html; charset=utf-8")

    async def _file(self, request: Request) -> Response:
        name = request.path_params["rest"]
        if request.method in ("GET", "HEAD") and name in self._files:
            return Response(self._files[name], media_type=FILES[name])
        return _json({"outcome": "impossible", "why": "there is nothing here"}, 404)

    async def _plan(self, _request: Request) -> Response:
        return _json(Plan(self._plants.layout, tuple(LAYOUTS), lane_plan(self._plants), TEXTS))

    async def _act(self, request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > BODY_BYTES_MAX:
                return _json({"outcome": "impossible", "why": f"an action has at most {BODY_BYTES_MAX} bytes"}, 413)
        try:
            action = self._action.decode(body)
        except msgspec.MsgspecError as error:
            return _json({"outcome": "impossible", "why": f"this is no action: {error}"}, 422)
        try:
            outcome = carry_out(self._plants, action, self._power.cut)
        except BusyError as error:
            return _json({"outcome": "busy", "why": str(error)}, 409)
        except ActionError as error:
            return _json({"outcome": "impossible", "why": str(error)}, 409)
        self._plants.wires.changed()
        return _json({"outcome": outcome})

    async def _live(self, _request: Request) -> Response:
        news = asyncio.Event()
        self._streams.append(news)
        while len(self._streams) > STREAMS_MAX:
            self._streams.popleft().set()  # its loop sees that it is no longer listed, and ends
        return StreamingResponse(self.live(news), media_type="text/event-stream")

    async def live(self, news: asyncio.Event) -> AsyncIterator[bytes]:
        """The stream of states: at once, then after changes, until stopped or displaced. `news` must be listed."""
        try:
            while news in self._streams and not self._stopped:
                news.clear()
                yield b"data: " + msgspec.json.encode(self.state()) + b"\n\n"
                await asyncio.sleep(LIVE_GAP_S)
                try:
                    await asyncio.wait_for(news.wait(), KEEPALIVE_S)
                except TimeoutError:
                    yield b": still here\n\n"
        finally:
            if news in self._streams:
                self._streams.remove(news)


def lane_plan(plants: Plants) -> LanePlan:
    return LanePlan(
        kinds={name: kind.length_mm for name, kind in KINDS.items()},
        springs_back=SPRINGS_BACK,
        detector_faults={kind.__name__.lower(): kind.FAULTS for kind in (Loop, Photocell, SafetyEdge)},
        wires={
            barrier.layout.id: {name: plants.wires.is_input(wire.line) for name, wire in barrier.wires.items()}
            for barrier in plants.barriers.values()
        },
    )


def _json(thing: object, status: int = 200) -> Response:
    return Response(msgspec.json.encode(thing), status_code=status, media_type="application/json")


def _refused_page(why: str) -> str:
    return (
        '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Menshen rehearsal</title><h1>{TEXTS['en']['title']} / {TEXTS['zh']['title']}</h1>"
        f"<p>{html.escape(TEXTS['en']['refused'])}</p><p lang=zh-CN>{html.escape(TEXTS['zh']['refused'])}</p>"
        f"<p><small>{html.escape(why)}</small></p>"
    )
