"""The network process from its command line to its end: link, events, page, announcement, in one event loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence

import msgspec

from firmware.network.announce import Announcer
from firmware.network.errors import NetworkError
from firmware.network.events import Read, RecentEvents
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.page import Page
from firmware.network.server import PageServer, listen, loopback_address
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings, read_settings, speakers_of
from firmware.network.streams import Streams

MISUSED = 2  # exit status: the command line or the configuration


class Options(msgspec.Struct, frozen=True):
    """What the command line gives."""

    socket_path: str | None
    socket_fd: int | None
    page: str | None  # instead of the configuration's
    code: str | None


async def serve(
    settings: Settings,
    options: Options,
    read_events: Read,
    say: Callable[[dict[str, object]], None],
    stop: asyncio.Event,
) -> None:
    """Runs until `stop` is set. Raises NetworkError for what cannot work at all: an address, a code.

    `say` is told the page's address with its one-time code once the page answers.
    """
    loop = asyncio.get_running_loop()
    sessions = Sessions(options.code)
    listening = listen(*loopback_address(options.page or settings.page))
    with contextlib.closing(listening):
        streams = Streams()
        live = Live(loop.time())
        events = RecentEvents(read_events, live.changed)
        live.watch(streams.ring)
        live.watch(lambda: _want_events(live, events))
        page = Page(live, events, streams, sessions, speakers_of(settings), settings.language)
        port = listening.getsockname()[1]
        # A cookie knows no port: two controllers on one machine must not share a name.
        server = PageServer(page.app(cookie=f"menshen_session_{port}"))
        handed = None if options.socket_fd is None else socket.socket(fileno=options.socket_fd)
        work: list[Coroutine[object, object, None]] = [Link(live, options.socket_path, handed).run(), events.run()]
        if settings.mdns:
            work.append(Announcer(live).run())
        tasks = [asyncio.create_task(one) for one in work]
        tasks.append(asyncio.create_task(server.serve(sockets=[listening])))
        say({"page": _address(listening, sessions.code)})
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        # In this order: windows are told first, so that none holds the server's stop.
        streams.close()
        server.stop()
        await tasks.pop()
        for task in [stopping, *tasks]:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end  # a bug of ours: the supervisor starts us anew


def _want_events(live: Live, events: RecentEvents) -> None:
    if live.welcome is not None and live.states is not None:
        events.want(live.welcome.journal, (live.states.epoch, live.states.seq))


def _address(listening: socket.socket, code: str) -> str:
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    return f"http://{name}:{port}/?code={code}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware.network", description="The status page and mDNS.")
    parser.add_argument("--config", required=True, metavar="FILE", help="the site file")
    parser.add_argument("--socket", metavar="PATH", help="the controller's socket of this role")
    parser.add_argument("--fd", type=int, metavar="N", help="a connected socket of this role, handed over")
    parser.add_argument("--page", metavar="HOST:PORT", help="instead of the site file's; loopback only; port 0: any")
    parser.add_argument("--code", help="the one-time code, at least 16 characters; without it one is made")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the process. Standard output gets one line of JSON, the page's address; the exit status is 0 or 2."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.socket is None and arguments.fd is None:
        parser.error("one of --socket and --fd is needed: where does the controller answer?")
    options = Options(arguments.socket, arguments.fd, arguments.page, arguments.code)
    try:
        settings = read_settings(arguments.config)
        asyncio.run(_until_signalled(settings, options))
    except NetworkError as error:
        sys.stderr.write(f"network: {error}\n")
        return MISUSED
    return 0


async def _until_signalled(settings: Settings, options: Options) -> None:
    from firmware.network.journal_reader import read_events

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for caught in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(caught, stop.set)
    await serve(settings, options, read_events, _say, stop)


def _say(line: dict[str, object]) -> None:
    print(json.dumps(line), flush=True)
