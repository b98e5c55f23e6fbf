"""`python -m firmware.vision`: one vision process, as a service manager or `menshen run` starts it.

What to look at it learns from the controller; nothing of the site file is read here.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import pwd
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from firmware.sightings import CameraOrder
from firmware.vision.cameras.makers import camera_of
from firmware.vision.crew import WORKER
from firmware.vision.errors import VisionError
from firmware.vision.evidence import Evidence
from firmware.vision.eyes import Eyes
from firmware.vision.following import Follower, MakeFollower
from firmware.vision.pictures import Door
from firmware.vision.plate_follower import follower_of
from firmware.vision.priority import give_way

MISUSED = 2
FAILED = 70  # EX_SOFTWARE of sysexits.h: the service manager starts us again


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m firmware.vision", description="One vision process.")
    made.add_argument("--socket", type=Path, required=True, metavar="PATH", help="the controller's, of the vision role")
    made.add_argument("--evidence", type=Path, metavar="DIR", help="where frames of events are kept (default: nowhere)")
    made.add_argument("--pictures", type=Path, metavar="PATH", help="where the network process asks for pictures")
    made.add_argument("--pictures-user", metavar="NAME", help="whom that one runs as (default: as this one)")
    made.add_argument("--scenes", type=Path, metavar="PATH", help="a rehearsal's, for simulated cameras")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    try:
        door = None if arguments.pictures is None else door_at(arguments.pictures, arguments.pictures_user)
    except KeyError:
        print(f"menshen vision: this machine has no user {arguments.pictures_user!r}", file=sys.stderr)
        return MISUSED
    return run(arguments.socket, arguments.evidence, arguments.scenes, follower, door=door)


def door_at(path: Path, user: str | None) -> Door:
    """Where pictures are asked for, by our own user or that one, and root. Raises KeyError for an unknown user."""
    if user is None:
        return Door(path, frozenset({0, os.getuid()}))
    entry = pwd.getpwnam(user)
    return Door(path, frozenset({0, entry.pw_uid}), entry.pw_gid)


def follower(order: CameraOrder) -> Follower:
    """Who follows what this camera sees."""
    return follower_of(order, vehicle_needed=order.vehicle_needed)


def run(
    path: Path,
    evidence: Path | None,
    scenes: Path | None,
    make_follower: MakeFollower,
    worker: Sequence[str] = WORKER,
    door: Door | None = None,
) -> int:
    """Until SIGTERM or SIGINT (0), or a camera hangs (FAILED)."""
    os.umask(0o077)
    give_way()
    try:
        return asyncio.run(_serve(path, evidence, scenes, make_follower, worker, door))
    except VisionError as error:
        print(f"menshen vision: {error}", file=sys.stderr, flush=True)
        os._exit(FAILED)  # a camera's thread hangs: nobody waits for it


def _print(camera: str, why: str) -> None:
    """For whoever started us: a line for each change."""
    print(json.dumps({"camera": camera, "sees": not why, "why": why}, ensure_ascii=False), flush=True)


async def _serve(
    path: Path,
    evidence: Path | None,
    scenes: Path | None,
    make_follower: MakeFollower,
    worker: Sequence[str],
    door: Door | None,
) -> int:
    loop = asyncio.get_running_loop()
    eyes = Eyes(path, partial(camera_of, scenes=scenes), make_follower, Evidence(evidence), worker, _print, door)
    running = asyncio.create_task(eyes.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    print(json.dumps({"looks": True}), flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await running
    return 0


if __name__ == "__main__":
    sys.exit(main())
