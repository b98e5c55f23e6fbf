"""The network process from its command line to its end: link, events, page, announcement, in one event loop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ipaddress
import json
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import msgspec

from firmware.messages import ProveClaim
from firmware.network.accounts.desk import AccountDesk
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.hashing import give_memory_back
from firmware.network.announce import Announcer, own_name
from firmware.network.certificate import PageCertificate, certificate_in
from firmware.network.devices.logs import FolderLogs, JournalLogs, Logs
from firmware.network.errors import NetworkError, PageAddressError, SettingsError
from firmware.network.events import Read, RecentEvents
from firmware.network.hosts import Hosts
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.redirect import ToTls
from firmware.network.rendering import Rendering
from firmware.network.rooms import Given, Rooms
from firmware.network.server import Address, PageServer, listen, page_address
from firmware.network.sessions import Sessions, make_code
from firmware.network.settings import Settings, read_settings, speakers_of
from firmware.network.site_file import SiteFile
from firmware.network.streams import Streams

WELCOME_S_MAX = 10.0  # for the controller to say who it is, before a certificate is made without its name
MISUSED = 2  # exit status: the command line or the configuration


class Options(msgspec.Struct, frozen=True):
    """What the command line gives."""

    socket_path: str | None
    socket_fd: int | None
    page: str | None  # instead of the configuration's
    code: str | None  # lets its bearer in once, as the console; "" makes one, None: no console
    state: str | None = None  # the folder of accounts
    tls: bool = False  # on loopback, too
    people: str | None = None  # the people process's socket; None: there is none here
    pictures: str | None = None  # the socket of the vision process
    config: str | None = None  # the site file
    logs: str | None = None  # where logs are: a folder, or "journal" of the service manager


async def serve(
    settings: Settings,
    options: Options,
    read_events: Read,
    say: Callable[[dict[str, object]], None],
    stop: asyncio.Event,
) -> None:
    """Runs until `stop` is set. Raises NetworkError for what cannot work at all: an address, a code, a certificate.

    `say` is told the page's address, with the console's one-time code if there is one, once the page answers.
    """
    address = page_address(options.page or settings.page)
    if options.code is not None and not address.is_loopback:
        raise PageAddressError(f"the console's code opens a page on loopback only, not on {address.host}")
    sessions = Sessions(make_code() if options.code == "" else options.code or "")
    async with contextlib.AsyncExitStack() as closing:
        listening = closing.enter_context(contextlib.closing(listen(address.host, address.port)))
        streams = Streams()
        sessions.on_end = streams.look_again
        live = Live(asyncio.get_running_loop().time())
        events = RecentEvents(read_events, live.changed)
        live.watch(streams.ring)
        if options.config is not None:
            live.watch(SiteFile(Path(options.config), live, stop.set).look)
        live.watch(lambda: _want_events(live, events))
        handed = None if options.socket_fd is None else socket.socket(fileno=options.socket_fd)
        link = Link(live, options.socket_path, handed)
        diary = Diary(link.ask)
        desk = _desk(settings, options, sessions, diary, link, live)
        closing.callback(desk.close)
        work: list[Coroutine[object, object, None]] = [link.run(), events.run(), diary.run(), desk.run()]
        if settings.mdns:
            work.append(Announcer(live).run())
        tasks = [asyncio.create_task(one) for one in work]
        closing.push_async_callback(_end, tasks)
        port = listening.getsockname()[1]
        # A cookie knows no port: two controllers on one machine must not share a name.
        cookie = f"menshen_session_{port}"
        secure = options.tls or not address.is_loopback
        hosts = Hosts(settings.names if secure else None, lambda: own_name(live))
        rendering = Rendering(sessions, speakers_of(settings), settings.language, cookie)
        given = Given(settings, live, events, streams, sessions, link, diary, desk, rendering, hosts, port, cookie)
        rooms = Rooms(_with_others(given, options))
        closing.push_async_callback(rooms.close)
        certificate = await _certificate(settings, options, address, live) if secure else None
        rooms.label.certificate = certificate
        context, led = (None, None) if certificate is None else (certificate.context(), ToTls(hosts, port))
        servers = {PageServer(rooms.page.app(cookie, rooms.clients), context, led): listening}
        if certificate is not None and settings.redirect_port:
            plain = closing.enter_context(contextlib.closing(listen(address.host, settings.redirect_port)))
            servers[PageServer(ToTls(hosts, port))] = plain
        serving = [asyncio.create_task(server.serve(sockets=[one])) for server, one in servers.items()]
        told: dict[str, object] = {"page": _address(listening, sessions.code, certificate is not None)}
        say(told | ({"fingerprint": certificate.fingerprint} if certificate is not None else {}))
        sessions.on_code = lambda: say({"page": _address(listening, sessions.code, secure)})
        await _until_stopped(stop, tasks, serving)
        # In this order: windows are told first, so that none holds the server's stop.
        streams.close()
        await rooms.close()
        for server in servers:
            server.stop()
        await asyncio.gather(*serving)


async def _until_stopped(
    stop: asyncio.Event, tasks: list[asyncio.Task[None]], serving: list[asyncio.Task[None]]
) -> None:
    """Or until something that runs has ended by itself."""
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([stopping, *tasks, *serving], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()


def _with_others(given: Given, options: Options) -> Given:
    """With the folder and the sockets of other processes, as far as there are any."""
    state = None if options.state is None else Path(options.state)
    return given._replace(state=state, people=options.people, pictures=options.pictures, logs=_logs(options))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """End what runs beside the page. One that has ended already, by a bug of ours, says so: we are started anew."""
    for task in tasks:
        task.cancel()
    for end in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(end, Exception):
            raise end


async def _certificate(settings: Settings, options: Options, address: Address, live: Live) -> PageCertificate:
    """For all names under which the page is served: the configured ones, the one that is announced, the address."""
    if options.state is None:
        raise SettingsError(f"the page on {address.host} needs --state: its key for TLS is kept there")
    await _welcomed(live)
    own = [own_name(live), "" if ipaddress.ip_address(address.host).is_unspecified else address.host]
    return await certificate_in(Path(options.state), tuple(dict.fromkeys(filter(None, (*settings.names, *own)))))


async def _welcomed(live: Live) -> None:
    """Until the controller has said who it is; without it the page is served all the same, and says so."""
    heard = asyncio.Event()
    live.watch(heard.set)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(WELCOME_S_MAX):
            while live.welcome is None:
                heard.clear()
                await heard.wait()


def _desk(
    settings: Settings, options: Options, sessions: Sessions, diary: Diary, link: Link, live: Live
) -> AccountDesk:
    """The desk of accounts. Raises SettingsError for a folder that cannot be."""
    folder = None if options.state is None else Path(options.state)
    if folder is not None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{folder}: {error.strerror}. The accounts are kept there") from error
    if folder is None and not sessions.code:
        raise SettingsError("nobody could log in: give --state for accounts, or --console for a one-time code")
    now_s = asyncio.get_running_loop().time

    async def prove_claim(code: str) -> bool:
        return (await link.ask(ProveClaim(code=code))).done

    def utc_s() -> int | None:
        utc_ms = live.utc_ms_at(now_s())
        return None if utc_ms is None else utc_ms // 1000

    desk = AccountDesk(folder, settings.site_name, sessions, diary, prove_claim, utc_s)
    if desk.trouble:
        sys.stderr.write(f"network: {desk.trouble}\n")
    return desk


def _logs(options: Options) -> Logs | None:
    if options.logs is None:
        return None
    return JournalLogs() if options.logs == "journal" else FolderLogs(Path(options.logs))


def _want_events(live: Live, events: RecentEvents) -> None:
    if live.welcome is not None and live.states is not None:
        events.want(live.welcome.journal, (live.states.epoch, live.states.seq))


def _address(listening: socket.socket, code: str, secure: bool) -> str:
    host, port = listening.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    return f"http{'s' if secure else ''}://{name}:{port}/" + (f"?code={code}" if code else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware.network", description="The status page and mDNS.")
    parser.add_argument("--config", required=True, metavar="FILE", help="the site file")
    parser.add_argument("--socket", metavar="PATH", help="the controller's socket of this role")
    parser.add_argument("--fd", type=int, metavar="N", help="a connected socket of this role, handed over")
    parser.add_argument("--page", metavar="HOST:PORT", help="instead of the site file's; port 0: any")
    parser.add_argument("--tls", action="store_true", help="TLS on loopback, too; anywhere else there is nothing else")
    parser.add_argument("--state", metavar="DIR", help="where accounts are kept, for this process only")
    parser.add_argument("--pictures", metavar="PATH", help="where the vision process gives pictures")
    parser.add_argument(
        "--console", action="store_true", help="print a one-time code that opens the page, in all roles"
    )
    parser.add_argument("--people", metavar="PATH", help="the people process's socket: holders, visitors, their list")
    parser.add_argument("--logs", metavar="DIR", help='the folder of logs, or "journal" for the service manager\'s')
    parser.add_argument("--code", help="the same with this code, of at least 16 characters")
    return parser


def main(argv: Sequence[str]) -> int:
    """Run the process. Standard output gets one line of JSON, the page's address; the exit status is 0 or 2."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.socket is None and arguments.fd is None:
        parser.error("one of --socket and --fd is needed: where does the controller answer?")
    code = "" if arguments.console and arguments.code is None else arguments.code
    given = (arguments.socket, arguments.fd, arguments.page, code, arguments.state, arguments.tls, arguments.people)
    options = Options(*given, pictures=arguments.pictures, config=arguments.config, logs=arguments.logs)
    give_memory_back()
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
