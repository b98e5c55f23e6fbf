"""The whole network process in the test's own loop, with a made-up controller, and a small client that speaks HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from firmware.messages import Message
from firmware.network.acts.act import Gate, Portal
from firmware.network.events import EventLine, Read
from firmware.network.program import Options, serve
from firmware.network.settings import Settings
from tests.network.fake_controller import FakeController, health, states, welcome

CODE = "a-code-for-the-tests"
WAIT_S = 10.0
GATE = Gate(
    {
        "front_door": Portal("door", 5_000),
        "bike_shed": Portal("door", 7_500, remote=frozenset()),
        "hall": Portal("turnstile", 8_000, {"in": "hall_in", "out": "hall_out"}),
        "north_lane": Portal("barrier", None, {"in": "lane_in", "out": "lane_out"}),
    }
)
PORTAL_NAMES = {"front_door": "Front door", "bike_shed": "Bike shed", "hall": "Hall"}


def settings(**more: object) -> Settings:
    fields: dict[str, object] = {
        "site_name": "North gate",
        "portal_names": PORTAL_NAMES,
        "reader_portals": {"front_reader": "front_door", "shed_reader": "bike_shed"},
        "time_zone": "Asia/Shanghai",
        "language": "en",
        "page": "127.0.0.1:0",
        "mdns": False,
        "site": "north_gate",
        "gate": GATE,
    }
    return Settings(**(fields | more))  # type: ignore[arg-type]


class Response(msgspec.Struct):
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        found = [content for had, content in self.headers if had == name]
        assert len(found) <= 1, (name, found)
        return found[0] if found else None

    @property
    def text(self) -> str:
        return self.body.decode()


def parsed_head(head: bytes) -> tuple[int, list[tuple[str, str]]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":") for line in lines if line]
    return int(first.split(" ")[1]), [(name.strip().lower(), content.strip()) for name, _, content in pairs]


class Window:
    """An open event stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: int) -> None:
        self.status = status
        self.writer = writer
        self._reader = reader
        self._held = b""
        self.ended = False

    async def next(self) -> tuple[str, object]:
        """The next event: its name and its content. ("", None) when the stream has ended."""
        event = ""
        while True:
            line = await self._line()
            if line is None:
                self.ended = True
                return "", None
            name, _, content = line.partition(": ")
            if name == "event":
                event = content
            elif name == "data":
                return event, msgspec.json.decode(content) if content else None

    async def until(self, name: str, right: Callable[[object], bool] = lambda _: True) -> object:
        """The content of the next event of that name for which `right` holds."""
        async with asyncio.timeout(WAIT_S):
            while True:
                event, content = await self.next()
                assert event, f"the stream ended before {name!r} came"
                if event == name and right(content):
                    return content

    async def _line(self) -> str | None:
        while b"\n" not in self._held:
            size = await self._reader.readline()
            if not size.strip():
                return None
            length = int(size, 16)
            chunk = await self._reader.readexactly(length + 2)
            if length == 0:
                return None
            self._held += chunk[:-2]
        line, _, self._held = self._held.partition(b"\n")
        return line.decode()


class RunningPage:
    """Where the page is, and how to ask it."""

    def __init__(self, controller: FakeController, port: int, code: str) -> None:
        self.controller = controller
        self.port = port
        self.code = code
        self.cookie: str | None = None
        self.tls: ssl.SSLContext | None = None  # how to connect
        self.fingerprint = ""
        self._windows: list[Window] = []

    async def close(self) -> None:
        """Close every window that was opened."""
        for window in self._windows:
            window.writer.close()
            with contextlib.suppress(ConnectionError):
                await window.writer.wait_closed()

    async def raw(self, request: bytes) -> bytes:
        """Bytes in, bytes out until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        try:
            writer.write(request)
            async with asyncio.timeout(WAIT_S):
                return await reader.read()
        finally:
            writer.close()

    def request(self, method: str, target: str, *, host: str | None = None, **headers: str) -> bytes:
        """A request's bytes, with the session's cookie where there is one."""
        named = {name.replace("_", "-"): content for name, content in headers.items()}
        if self.cookie is not None and "cookie" not in named:
            named["cookie"] = self.cookie
        lines = [f"{method} {target} HTTP/1.1", f"host: {host if host is not None else f'127.0.0.1:{self.port}'}"]
        lines += [f"{name}: {content}" for name, content in named.items()]
        return ("\r\n".join(lines) + "\r\n").encode()

    async def ask(self, method: str, target: str, *, host: str | None = None, **headers: str) -> Response:
        answer = await self.raw(self.request(method, target, host=host, **headers) + b"connection: close\r\n\r\n")
        head, _, body = answer.partition(b"\r\n\r\n")
        status, pairs = parsed_head(head)
        return Response(status, pairs, body)

    async def get(self, target: str, **headers: str) -> Response:
        return await self.ask("GET", target, **headers)

    async def post(
        self, target: str, fields: Sequence[tuple[str, str]] = (), *, token: str | None = None, **headers: str
    ) -> Response:
        """Send a form as a browser does; with the session's token where there is a session, or with this one."""
        if token is None:
            token = await self.token() if self.cookie is not None else ""
        body = urlencode([("token", token), *fields]).encode()
        named = {
            "origin": f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}",
            "content_type": "application/x-www-form-urlencoded",
            "content_length": str(len(body)),
            "connection": "close",
        }
        answer = await self.raw(self.request("POST", target, **(named | headers)) + b"\r\n" + body)
        head, _, body = answer.partition(b"\r\n\r\n")
        status, pairs = parsed_head(head)
        response = Response(status, pairs, body)
        self._keep_cookie(response)
        return response

    async def token(self) -> str:
        """Of the session's forms."""
        found = re.search(r'name="token" value="([^"]+)"', (await self.get("/")).text)
        assert found is not None
        return found[1]

    def _keep_cookie(self, response: Response) -> None:
        made = [content for name, content in response.headers if name == "set-cookie" and "menshen_session" in content]
        if made:
            pair = made[0].partition(";")[0]
            self.cookie = pair if pair.partition("=")[2] not in ("", '""') else None

    async def enter(self) -> Response:
        """Bring the one-time code and keep the cookie."""
        response = await self.get(f"/?code={self.code}")
        cookie = response.header("set-cookie")
        assert cookie is not None, response
        self.cookie = cookie.partition(";")[0]
        return response

    async def open_window(self, path: str = "/api/v1/stream", **headers: str) -> Window:
        """Open an event stream."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20, ssl=self.tls)
        writer.write(self.request("GET", path, **headers) + b"\r\n")
        async with asyncio.timeout(WAIT_S):
            head = await reader.readuntil(b"\r\n\r\n")
        status, _ = parsed_head(head)
        self._windows.append(Window(reader, writer, status))
        return self._windows[-1]


def any_certificate() -> ssl.SSLContext:
    """For a client that takes whatever certificate there is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def no_events(path: str, limit: int, expired: Callable[[], bool]) -> Sequence[EventLine]:
    return []


@contextlib.asynccontextmanager
async def running_page(
    folder: Path,
    *first: Message,
    read: Read = no_events,
    site: Settings | None = None,
    enter: bool = True,
    code: str | None = CODE,
    tls: bool = False,
    people: str | None = None,
    pictures: str | None = None,
    logs: Path | None = None,
) -> AsyncIterator[RunningPage]:
    """The process, running, with a session unless `enter` is false. `first` is what the controller says first."""
    said: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    stop = asyncio.Event()
    path = folder / "network.sock"
    async with FakeController(path, *(first or (welcome(), states(), health()))) as controller:
        state, where = str(folder / "accounts"), None if logs is None else str(logs)
        options = Options(str(path), None, None, code, state, tls, people, pictures=pictures, logs=where)
        page: RunningPage | None = None
        process = asyncio.create_task(serve(site or settings(), options, read, said.put_nowait, stop))
        try:
            async with asyncio.timeout(WAIT_S):
                told = asyncio.create_task(said.get())
                await asyncio.wait([process, told], return_when=asyncio.FIRST_COMPLETED)
                if process.done():
                    told.cancel()
                    process.result()
            address = str(told.result()["page"])
            port = int(address.split(":")[2].split("/")[0])
            page = RunningPage(controller, port, address.partition("code=")[2])
            if tls:
                page.tls = any_certificate()
                page.fingerprint = str(told.result()["fingerprint"])
            if enter:
                await page.enter()
                await heard(page, *(first or (states(),)))
            yield page
        finally:
            stop.set()
            async with asyncio.timeout(WAIT_S):
                await process
            if page is not None:  # after the process: open windows must not hold its stop
                await page.close()


async def heard(page: RunningPage, *messages: Message) -> None:
    """Until the page has heard of the controller, where `messages` say that there is something to hear."""
    if not any(type(message).__name__ == "States" for message in messages):
        return
    window = await page.open_window()
    await window.until("view", lambda view: "silent" not in [banner["kind"] for banner in view["banners"]])  # type: ignore[index]
    window.writer.close()
