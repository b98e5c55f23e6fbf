"""`menshen wire FILE`: every input, output and reader as the running controller has them, live or once.

It asks the controller: that alone owns the lines. Without a terminal, or with --once, the table is printed once.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import json
import os
import sys
from pathlib import Path
from zoneinfo import ZoneInfo

from firmware.config import Config, load, nearest
from firmware.messages import Service
from firmware.roster.commands.asking import an_issuer
from firmware.roster.office import SOCKET
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    a_path,
    a_purpose,
    a_text,
    add_language,
    complain,
    language_of,
    prepare_output,
    quoted,
    table,
)
from firmware.wire.client import Client, Picture, WireError
from firmware.wire.live import live
from firmware.wire.said import Cells, Saying
from firmware.wire.screen import chosen

NAMED_MAX = 40  # of what there is, where something is not
WATCH_MAX = 86_400  # a day of lines, one a second


class MisusedError(WireError):
    """What was asked for is not there: what was written, and what is allowed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=a_path, metavar="FILE", help="the site file")
    parser.add_argument("--state", type=a_path, metavar="DIR", help="where the controller keeps its state")
    parser.add_argument("--portal", type=a_text, metavar="ID", help="only what belongs to this door or lane")
    parser.add_argument("--device", type=a_text, metavar="ID", help="only this device and its points (no live view)")
    parser.add_argument("--once", action="store_true", help="the table once; so too where there is no terminal")
    parser.add_argument("--watch", type=_lines, metavar="N", help="with --json: N lines, one a second")
    parser.add_argument("--by", type=an_issuer, metavar="WHO", help="who you are: to hold outputs; kept in the journal")
    parser.add_argument("--why", type=a_purpose, metavar="TEXT", help="why, in a sentence: kept, too")
    service = parser.add_mutually_exclusive_group()
    service.add_argument("--out-of-service", type=a_text, metavar="ID", help="take a door or lane out of service")
    service.add_argument("--in-service", type=a_text, metavar="ID", help="put it back into service")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: shown, done; 1: no controller, or it refused; 2: misused."""
    prepare_output()
    texts = language_of(arguments)
    config, problems = load(arguments.file)
    saying = Saying(texts, ZoneInfo("UTC" if config is None else config.time_zone))
    try:
        if config is None:
            raise MisusedError("problems", file=arguments.file, count=len(problems))
        if arguments.watch is not None and not arguments.json:
            raise MisusedError("watch")
        if (arguments.out_of_service or arguments.in_service) and not arguments.by:
            raise MisusedError("who")
        return asyncio.run(_run(arguments, config, saying))
    except WireError as error:
        why = saying.error(error)
        if arguments.json:
            print(json.dumps({"ok": False, "why": why}))
        complain("wire", why)
        return MISUSED if isinstance(error, MisusedError) else SAID_NO


async def _run(arguments: argparse.Namespace, config: Config, saying: Saying) -> int:
    client = await Client.connect(_state(arguments.state, config, saying))
    try:
        picture = await client.look()
        _check(arguments, picture, config, saying)
        if arguments.out_of_service or arguments.in_service:
            return await _serve(arguments, client, saying)
        if arguments.json:
            await _print_lines(arguments, client, picture, saying)
        elif arguments.once or arguments.device or not (sys.stdin.isatty() and sys.stdout.isatty()):
            _print_table(picture, saying, arguments.portal or "", arguments.device or "")
        else:
            out = await live(
                client,
                picture,
                saying,
                portal=arguments.portal or "",
                by=arguments.by or "",
                why=arguments.why or "",
            )
            for name in sorted(out):
                print(saying.say("still_out", portal=name, file=arguments.file))
    finally:
        await client.close()
    return DONE


def _state(named: Path | None, config: Config, saying: Saying) -> Path:
    """The folder of a controller that listens: the one named, the site's own, or a simulated one's."""
    if named is not None:
        return named
    if _listens(config.store.folder):
        return config.store.folder
    from firmware.development import state_folder

    simulated = state_folder(config.site.id)
    if _listens(simulated):
        return simulated
    looked = saying.comma.join(str(folder / SOCKET) for folder in (config.store.folder, simulated))
    raise WireError("no_controller", path=looked, why=os.strerror(errno.ENOENT))


def _listens(folder: Path) -> bool:
    try:
        return (folder / SOCKET).exists()
    except OSError as error:  # not ours to look into
        raise WireError("no_controller", path=folder / SOCKET, why=error.strerror or error) from error


def _check(arguments: argparse.Namespace, picture: Picture, config: Config, saying: Saying) -> None:
    """What is named on the command line is there; and the file is the controller's own."""
    if picture.site != config.site.id:
        sites = {"there": quoted(picture.site), "here": quoted(config.site.id)}
        raise MisusedError("other_site", file=arguments.file, **sites)
    portals = [portal.id for portal in picture.portals]
    for name in (arguments.portal, arguments.out_of_service, arguments.in_service):
        _is_there("no_portal", name, portals, saying)
    _is_there("no_device", arguments.device, [wire.id for wire in picture.wires], saying)


def _is_there(key: str, name: str | None, names: list[str], saying: Saying) -> None:
    if name is not None and name not in names:
        near = nearest(name, names)
        there = saying.comma.join(names[:NAMED_MAX])
        meant = saying.say("error.near", near=near) if near else saying.say("error.there_are", names=there)
        raise MisusedError(key, name=quoted(name), near=meant)


async def _serve(arguments: argparse.Namespace, client: Client, saying: Saying) -> int:
    out = arguments.out_of_service is not None
    portal = arguments.out_of_service or arguments.in_service
    answer = await client.command(Service(issuer=arguments.by, portal=portal, out=out))
    if arguments.json:
        print(json.dumps({"ok": answer.done, "portal": portal, "out": out, "reasons": list(answer.reasons)}))
    elif answer.done:
        print(saying.say("taken_out" if out else "put_back", portal=portal))
    else:
        complain("wire", saying.reasons(answer.reasons))
    return DONE if answer.done else SAID_NO


async def _print_lines(arguments: argparse.Namespace, client: Client, picture: Picture, saying: Saying) -> None:
    """One line, or one a second."""
    for left in reversed(range(arguments.watch or 1)):
        wires = chosen(picture, arguments.portal or "", arguments.device or "")
        print(json.dumps(saying.plain(picture, wires)), flush=True)
        if left:
            await asyncio.sleep(1)
            picture = await client.look()


def _print_table(picture: Picture, saying: Saying, portal: str, device: str) -> None:
    print(saying.say("once", site=picture.site, time=saying.time(picture)))
    head = [saying.word("column", "portal"), *(saying.word("column", name) for name in Cells._fields)]
    rows = [[wire.portal or "-", *saying.cells(wire)] for wire in chosen(picture, portal, device)]
    for line in table([head, *rows]):
        print(line)
    for wire in chosen(picture, portal, device):
        if wire.why:
            print(saying.say("why", device=wire.id, why=" ".join(wire.why.split())))
    for each in picture.portals:
        if each.out_of_service and portal in ("", each.id):
            print(saying.say("is_out", portal=each.id))


def _lines(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 5 or not 1 <= int(text) <= WATCH_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)}: 1 to {WATCH_MAX} lines are allowed")
    return int(text)
