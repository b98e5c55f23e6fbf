"""The process from its command line to its end: low priority, bounded memory, one socket, a few threads."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.config import load
from firmware.people.at_once import finish
from firmware.people.errors import Denied, Settled
from firmware.people.following import FOLLOWING
from firmware.people.jobs import Jobs
from firmware.people.line import Desk
from firmware.people.place import Place
from firmware.people.promises import settle
from firmware.people.seeking import Index
from firmware.people.serving import PeopleSocket

NICENESS = 10  # of 19: below all that answers people or looks at cameras
MEMORY_BYTES_MAX = 768 << 20  # of data; 250,000 holders with all that is done to them take a third of it
KILLED_FIRST = b"500"  # where memory is short, this process goes before the gate (proc(5), oom_score_adj)
MISUSED = 2
PROBLEMS_NAMED_MAX = 3
SETTLE_S = 5.0  # between two tries to make good what a process that was killed has left
LOOK_S = 60.0  # between two looks whether there is anything


def main(argv: Sequence[str]) -> int:
    """Exit status 0: it was told to end; 2: command line or configuration."""
    arguments = _parser().parse_args(argv)
    os.umask(0o077)
    _give_way()
    try:
        asyncio.run(serve(arguments.config, arguments.state, arguments.socket, frozenset(arguments.user_id or ())))
    except Settled as error:
        print(f"people: {error}", file=sys.stderr, flush=True)
        return MISUSED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware.people", description="The property office's desk.")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="the site file")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="the controller's state folder")
    parser.add_argument("--socket", type=Path, required=True, metavar="PATH", help="where the page asks")
    parser.add_argument("--user-id", type=int, action="append", metavar="N", help="whose processes may ask, too")
    return parser


def _give_way() -> None:
    os.nice(max(0, NICENESS - os.nice(0)))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    most = MEMORY_BYTES_MAX if hard == resource.RLIM_INFINITY else min(MEMORY_BYTES_MAX, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    with open("/proc/self/oom_score_adj", "wb", buffering=0) as file:
        file.write(KILLED_FIRST)


async def serve(config_path: Path, state: Path, path: Path, user_ids: frozenset[int]) -> None:
    """Until SIGTERM or SIGINT. Raises Settled for what cannot work at all."""
    config, problems = load(config_path)
    if config is None:
        named = "; ".join(str(problem) for problem in problems[:PROBLEMS_NAMED_MAX])
        raise Settled(f"{config_path} has problems ({named}): run `menshen check {config_path}`")
    loop = asyncio.get_running_loop()
    place = Place(config, state, loop.time)
    desk = Desk(place, Jobs(), Index(place))
    served = PeopleSocket(path, desk, user_ids | {0, os.getuid()})
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await served.start()
    except OSError as error:
        raise Settled(f"{path}: {error.strerror}. The page asks there: give a folder that is ours") from error
    print(json.dumps({"people": str(path)}), flush=True)
    warming = loop.run_in_executor(None, desk.index.warm)
    settling = asyncio.create_task(_settled(place))
    try:
        await stop.wait()
    finally:
        settling.cancel()
        await served.stop()
        await asyncio.to_thread(desk.jobs.stop)
        warming.cancel()


async def _settled(place: Place) -> None:
    """Make good what was promised and is not so: as soon as the controller is there, and whenever it was silent."""
    while True:
        settled = await asyncio.to_thread(_is_settled, place)
        await asyncio.sleep(LOOK_S if settled else SETTLE_S)


def _is_settled(place: Place) -> bool:
    try:
        settle(place)
        return finish(place, FOLLOWING)
    except (Denied, OSError):  # of a disk that is read only for a while, say: it is tried again
        return False
