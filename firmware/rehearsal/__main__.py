"""The rehearsal as a process of its own: `python -m firmware.rehearsal`. Development and training only.

It outlives the controller: it owns the levels of the simulated wires, so that killing the controller does not kill the
lock it holds. On stdout it says, one JSON object a line, {"ready": PATH} and, with a panel, {"panel": ADDRESS}.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from firmware.rehearsal.errors import FarEndError, RehearsalError
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.power import Power
from firmware.rehearsal.scene import SceneServer
from firmware.scene import LIGHTS

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def main(argv: Sequence[str] | None = None) -> int:
    """Run until SIGTERM, SIGINT or the end of whoever started it. Exit status 0 stopped, 1 cannot go on, 2 misused."""
    arguments = _parser().parse_args(argv)
    try:
        asyncio.run(rehearse(arguments))
    except RehearsalError as error:
        print(f"rehearsal: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware.rehearsal", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--socket", type=Path, required=True, metavar="PATH", help="serve the wires on this Unix socket"
    )
    parser.add_argument("--plants", type=Path, required=True, metavar="TOML", help="which plant hangs on which lines")
    parser.add_argument(
        "--attach",
        type=int,
        action="append",
        default=[],
        metavar="FD",
        help="serve the wires on this connected socket too",
    )
    parser.add_argument("--panel", type=_address, metavar="HOST:PORT", help="serve the panel there; loopback only")
    parser.add_argument("--control", metavar="PATH|FD", help="where to ask for a power cut; its end ends the rehearsal")
    parser.add_argument("--scenes", type=Path, metavar="PATH", help="tell simulated cameras of the lanes there")
    parser.add_argument("--light", choices=LIGHTS, default=LIGHTS[0], help="what those cameras see by")
    parser.add_argument("--seed", type=int, help="of everything random, instead of the file's")
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]")
    if host not in LOOPBACK or not port.isdecimal() or int(port) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a loopback address with a port, such as 127.0.0.1:8090")
    return "127.0.0.1" if host == "localhost" else host, int(port)


async def rehearse(arguments: argparse.Namespace) -> None:
    """Serve wires and panel until told to stop. Raises RehearsalError."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    plants = Plants.load(arguments.plants, loop, seed=arguments.seed)
    far_end = FarEnd(plants.wires)
    scenes = SceneServer(plants)
    power = Power(arguments.control, loop, stop.set)
    try:
        await far_end.serve(arguments.socket)
        if arguments.scenes is not None:
            scenes.light = arguments.light
            await scenes.serve(arguments.scenes)
        for fd in arguments.attach:
            await far_end.attach(_handed_over(fd))
        _announce({"ready": str(arguments.socket)})
        if arguments.panel is None:
            await stop.wait()
        else:
            async with serve_panel(plants, far_end, power, arguments.panel) as address:
                _announce({"panel": address})
                await stop.wait()
    finally:
        power.close()
        await scenes.close()
        await far_end.close()
        plants.close()


@contextlib.asynccontextmanager
async def serve_panel(plants: Plants, far_end: FarEnd, power: Power, address: tuple[str, int]) -> AsyncIterator[str]:
    """Serve the panel on a loopback address (port 0: any free one); gives the page's address with its one-time code."""
    # Imported here: the far end alone, in tests and benches, needs no web server.
    import uvicorn

    from firmware.rehearsal.panel.app import Panel
    from firmware.rehearsal.panel.guard import Guard

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # SIGTERM is this process's to handle, not the web server's

    listener = _listener(*address)
    host, port = listener.getsockname()[:2]
    name = f"[{host}]" if ":" in host else host
    guard = Guard()
    guard.serve_at(name, port)
    panel = Panel(plants, far_end, power, guard)
    config = uvicorn.Config(
        panel.app,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=64,
        h11_max_incomplete_event_size=16_384,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="panel")
    try:
        yield f"http://{name}:{port}/?code={guard.code}"
    finally:
        panel.stop()
        server.should_exit = True
        await serving
        listener.close()


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise FarEndError(
            f"the panel cannot be served on {host}:{port}: {error}; choose another with --panel"
        ) from error
    return listener


def _handed_over(fd: int) -> socket.socket:
    try:
        return socket.socket(fileno=fd)
    except OSError as error:
        raise FarEndError(f"descriptor {fd} is no connected socket: {error}; see --attach") from error


def _announce(line: dict[str, str]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.exit(main())
