"""`python -m firmware.controller`: one controller process, as a service manager or `menshen run` starts it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NamedTuple

from drivers.loop_time import loop_ns
from firmware.backup.errors import BackupError
from firmware.backup.swap import PENDING, beside
from firmware.config import Config, load
from firmware.controller.backup_jobs import BackupJobs
from firmware.controller.board import build, lines_of
from firmware.controller.clock import SystemWall
from firmware.controller.errors import ControllerError
from firmware.controller.health import ServiceManager
from firmware.controller.priority import take_priority, tune
from firmware.controller.process import Controller, open_bus
from firmware.controller.reset_button import ASKED, ResetButton
from firmware.controller.role_user import RoleUser
from firmware.controller.tenancy import Tenancy
from firmware.controller.vision_socket import VisionSocket
from firmware.identity import IdentityError
from firmware.local_socket import listening_socket
from firmware.roster.errors import RosterError
from firmware.terminal import now_utc_s
from firmware.wire_messages import Process

BUS_WAIT_S = 5.0
MISUSED = 2
UMASK = 0o027  # nothing of ours is for others, and the journal's group reads it whatever we were started with
FAILED = 70  # EX_SOFTWARE of sysexits.h: the service manager starts us again, after `menshen safe`


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m firmware.controller", description="One controller process.")
    made.add_argument("--config", type=Path, required=True, metavar="FILE", help="the site file")
    made.add_argument("--state", type=Path, metavar="DIR", help="instead of [store] folder")
    made.add_argument("--wires", type=Path, metavar="SOCKET", help="simulated wires: the socket of their far end")
    made.add_argument(
        "--network-fd", type=int, metavar="N", help="the listening socket of the network role, handed down"
    )
    made.add_argument("--network-socket", type=Path, metavar="PATH", help="or where to make it")
    made.add_argument("--network-user", metavar="NAME", help="whom the network process runs as (default: as this one)")
    made.add_argument("--vision-fd", type=int, metavar="N", help="that of the vision role, handed down")
    made.add_argument("--vision-socket", type=Path, metavar="PATH", help="or where to make it")
    made.add_argument("--vision-user", metavar="NAME", help="whom the vision process runs as (default: as this one)")
    made.add_argument("--record", type=Path, metavar="FILE", help="record facts and effects, pseudonymised")
    return made


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    if not finish_or_say(arguments.config):
        return MISUSED
    config, problems = load(arguments.config)
    if config is None:
        print(f"menshen: {arguments.config}: {len(problems)} problems; `menshen check` lists them", file=sys.stderr)
        return MISUSED
    take_priority()
    os.umask(UMASK)
    return asyncio.run(serve(config, arguments))


def finish_or_say(site: Path) -> bool:
    """As `finish_begun`; says why where it cannot be."""
    try:
        finish_begun(site)
    except (BackupError, ControllerError, IdentityError, OSError) as error:
        print(f"menshen: {error}", file=sys.stderr)
        return False
    return True


def finish_begun(site: Path) -> None:
    """Before the site file is read: a restore that was killed is carried on to its end, or taken back."""
    if not beside(site.resolve(), PENDING).exists():
        return
    from firmware.controller.restored import finish_restore  # here: nearly no start needs it

    stands = finish_restore(site)
    print(
        f"menshen: a restore that was cut off was {'carried on to its end' if stands else 'taken back'}",
        file=sys.stderr,
    )


async def serve(config: Config, arguments: argparse.Namespace) -> int:
    """Run until SIGTERM or SIGINT (0) or until a part dies (FAILED); MISUSED, with one line, where it cannot begin."""
    try:
        controller, listening, watched = await prepare(config, arguments)
        backups = backups_of(controller, arguments)
    except (BackupError, ControllerError, IdentityError, RosterError, OSError) as error:
        print(f"menshen: {error}", file=sys.stderr)
        return MISUSED
    try:
        return await live(controller, listening, watched)
    finally:
        await backups.stop()
        put = await backups.put_in_place()
        if put:
            print(f"menshen: {put}", file=sys.stderr)


def backups_of(controller: Controller, arguments: argparse.Namespace) -> BackupJobs:
    """What the page asks about backups. Raises StateFolderError, OSError."""

    def end(why: str) -> None:
        if not controller.failed.done():
            controller.failed.set_result(why)

    user = RoleUser.named(arguments.network_user) if arguments.network_user is not None else None
    answer = controller.role_socket.answer
    site, state, midst = arguments.config, controller.folder, controller.installers.midst
    backups = BackupJobs(site, state, controller.identity, answer, end, user, midst=midst)
    controller.beside = backups.take
    return backups


class Watched(NamedTuple):
    """The vision role, where the site has cameras."""

    socket: VisionSocket
    listening: socket.socket


async def live(controller: Controller, listening: socket.socket | None, watched: Watched | None = None) -> int:
    """Start, run and stop a controller; its exit status. However it ends, every output was made safe before."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(controller.callback_failed)
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    waiting = asyncio.create_task(asked.wait())
    parts: list[asyncio.Future[Any]] = [waiting, controller.failed]
    try:
        await controller.start(listening)
        if watched is not None:
            await watched.socket.start(watched.listening)
        tune()
        print(json.dumps({"ready": controller.site, "boot": controller.boot}), flush=True)
        await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
    finally:  # a start that fails may have driven outputs already
        waiting.cancel()
        await controller.stop()
        if watched is not None:
            await watched.socket.stop()
    if controller.failed.done():
        print(f"menshen: {controller.failed.result()}", file=sys.stderr)
        return FAILED
    return 0


async def prepare(
    config: Config, arguments: argparse.Namespace
) -> tuple[Controller, socket.socket | None, Watched | None]:
    """Everything that can be wrong with how we were started, before the first driver runs.

    The state folder first: a second controller must not touch the wires, nor take the socket of the first.
    """
    folder = arguments.state or config.store.folder
    Tenancy(folder)  # to the end of the process
    if (folder / ASKED).exists():
        from firmware.controller.factory_reset import carry_out  # here: hardly any start needs it

        carry_out(folder, config.store.limits, now_utc_s())
    network_user = RoleUser.named(arguments.network_user) if arguments.network_user is not None else None
    lines = lines_of(config.board, arguments.wires)
    board = build(config, lines)
    if config.reset_input is not None:
        contact = board.drivers[config.reset_input]
        board.drivers[contact.id] = ResetButton(contact, loop_ns(), lambda: reset_asked(controller, folder))
    await open_bus(lines, BUS_WAIT_S)
    listening = role_listening(arguments.network_fd, arguments.network_socket, network_user)
    vision_user = RoleUser.named(arguments.vision_user) if arguments.vision_user is not None else None
    looking = role_listening(arguments.vision_fd, arguments.vision_socket, vision_user)
    watched = None
    if looking is not None:
        users = None if vision_user is None else frozenset({0, vision_user.user_id})
        watched = Watched(VisionSocket(config.site.id, board.sights, users), looking)
    controller = Controller(
        config,
        folder,
        lines,
        board,
        SystemWall(),
        record=arguments.record,
        service_manager=ServiceManager(),
        network_user=network_user,
    )
    if watched is not None:
        controller.installers.ends[Process.VISION] = watched.socket.end
    return controller, listening, watched


def reset_asked(controller: Controller, folder: Path) -> None:
    """The button was held: the process ends with every output safe, and the next one resets before it does anything."""
    from firmware.controller.factory_reset import ask

    try:
        ask(folder)
    except OSError as error:
        print(f"menshen: the button for the state of delivery does nothing: {error}", file=sys.stderr)
        return
    if not controller.failed.done():
        controller.failed.set_result("the button for the state of delivery was held: it is reset by the next start")


def role_listening(handed: int | None, path: Path | None, user: RoleUser | None) -> socket.socket | None:
    """The listening socket of a role: handed down, or made at a path; None where nobody asked for one."""
    if handed is not None:
        return socket.socket(fileno=handed)
    if path is None:
        return None
    listening = listening_socket(path)
    if user is not None:
        user.give_socket(path)
    return listening


if __name__ == "__main__":
    sys.exit(main())
