"""`menshen run FILE`: on a board one process of systemd each; with --simulated everything on this machine."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.backup.swap import PENDING, beside
from firmware.config import Config, load
from firmware.development import Development, state_folder
from firmware.identity import Identity
from firmware.people.place import OFFICE
from firmware.roster.authority import read_authority
from firmware.roster.build import build
from firmware.roster.errors import Problems, RosterError
from firmware.roster.files import remove
from firmware.roster.install import install, load_last_good
from firmware.roster.rules import read_rules

if TYPE_CHECKING:
    from firmware.roster.source.store import Source

WHO = "rehearsal"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--simulated", action="store_true", help="rehearsed wires instead of this board's")
    parser.add_argument("--state", type=Path, metavar="DIR", help="where journal, identity and roster are kept")
    parser.add_argument("--page", metavar="HOST:PORT", help="the page's address (loopback only)")
    parser.add_argument("--panel", default="127.0.0.1:8081", metavar="HOST:PORT", help="the rehearsal panel's address")
    parser.add_argument("--record", type=Path, metavar="FILE", help="record facts and effects, pseudonymised")


def run(arguments: argparse.Namespace) -> int:
    if beside(arguments.file.resolve(), PENDING).exists():  # a restore was killed: the site file may not be there yet
        from firmware.controller.__main__ import finish_or_say

        if not finish_or_say(arguments.file):
            return 2
    config, problems = load(arguments.file)
    if config is None:
        print(f"menshen run: {arguments.file} has {len(problems)} problems; see `menshen check`", file=sys.stderr)
        return 2
    if not arguments.simulated:
        from firmware.controller.__main__ import main

        return main(["--config", str(arguments.file)])
    if config.rehearsal.plants is None:
        print(
            f"menshen run: {arguments.file} names no plants in [rehearsal], so there is nothing to rehearse",
            file=sys.stderr,
        )
        return 2
    state = arguments.state or state_folder(config.site.id)
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        prepare_roster(config, state)
    except (RosterError, OSError) as error:
        print(f"menshen run: the rehearsal's roster cannot be built: {error}", file=sys.stderr)
        return 2
    page = arguments.page or f"{config.network.page_host}:{config.network.page_port}"
    print(f"State:  {state.resolve()}   (DIR in the commands of README's office day)", flush=True)
    if (state / OFFICE).exists():
        print(
            f"Office: {(state / OFFICE).resolve()}   (the same people as a source, for the page and those commands)",
            flush=True,
        )
    development = Development(
        config=arguments.file.resolve(),
        plants=config.rehearsal.plants,
        state=state.resolve(),
        page=page,
        panel=arguments.panel,
        record=arguments.record,
        say=lambda text: print(text, flush=True),
        cameras=any(table.get("kind") == "camera" for table in config.devices),
    )
    return asyncio.run(development.run())


def prepare_roster(config: Config, state: Path) -> None:
    """Build and install the rehearsal's roster, signed by this controller's own key, where its sources are newer.

    The version is the newest source's time of change, so that an edited table takes effect at the next start.
    """
    sources = (config.rehearsal.holders, config.rehearsal.rules)
    if sources[0] is None or sources[1] is None:
        return
    identity = Identity.load_or_create(state / "identity")
    version = max(int(source.stat().st_mtime) for source in sources if source is not None)
    _prepare_source(sources[0], sources[1], state / OFFICE, identity, version)
    folder = state / "roster"
    if identity.public_key not in read_authority(folder, identity, config.roster.signers).signers:
        return  # somebody else's rosters are rehearsed here
    try:
        standing = load_last_good(folder, [identity.public_key], digest_key_id=identity.digest_key_id).roster
        in_service = standing.version
        standing.close()
    except RosterError as error:  # none, or none that is good: the controller says so, and a newer one mends it
        in_service, version = 0, max(version, (error.version or 0) + 1)
    if in_service >= version:
        return
    built = state / "rehearsal.roster"
    if not _build_of_source(state / OFFICE, built, identity, version, anew=in_service == 0):
        return
    if not built.exists():
        build(sources[0], sources[1], built, identity, version=version, created_s=version)
    install(built, folder, [identity.public_key], digest_key_id=identity.digest_key_id).close()
    built.unlink()


def _build_of_source(path: Path, built: Path, identity: Identity, version: int, *, anew: bool) -> bool:
    """Build of the source where there is one, so that the page can tell what of it is in service. False: nothing to do,

    since people have edited it by now, and bring it to the gate themselves; unless there is no roster at all (`anew`).
    """
    if not path.exists():
        return True
    from firmware.roster.build import build_source
    from firmware.roster.source.store import Source

    with Source.open(path) as source:
        if _newest_by_us(source) is not None:
            build_source(source, built, identity, version=version, created_s=version)
        elif anew:
            build_source(source, built, identity, at_least=version)
        else:
            return False
    return True


def _newest_by_us(source: Source) -> int | None:
    """When the rehearsal wrote the source last; None: somebody else has edited it since."""
    if source.db.execute("SELECT 1 FROM batch WHERE who <> ? LIMIT 1", (WHO,)).fetchone() is not None:
        return None
    return int(source.db.execute("SELECT max(at_s) FROM batch").fetchone()[0])


def _is_older(path: Path, at_s: int) -> bool:
    """Whether nobody has edited the source, and the tables that it was made of are newer."""
    from firmware.roster.source.store import Source

    with Source.open(path) as source:
        made_s = _newest_by_us(source)
    return made_s is not None and made_s < at_s


def _prepare_source(holders: Path, rules: Path, path: Path, identity: Identity, at_s: int) -> None:
    """An office's source of the same people, for the page and the office's commands; one that was edited stays."""
    if path.exists() and not _is_older(path, at_s):
        return
    from firmware.roster.importing.applying import apply
    from firmware.roster.importing.mapping import Mapping
    from firmware.roster.importing.planning import plan
    from firmware.roster.sheets.opening import open_table
    from firmware.roster.source.rules import write_rules
    from firmware.roster.source.store import Source

    who, problems = WHO, Problems()
    read = read_rules(rules, problems)
    if problems.found or read.zone is None:
        return  # the roster itself is built of them: there it is said what is wrong
    aside = path.with_name(path.name + ".new")
    for left in ("", "-wal", "-shm"):  # by a start that was cut
        remove(aside.with_name(aside.name + left))
    with Source.create(aside, time_zone=read.zone.key, who=who, at_s=at_s) as source:
        with source.batch("rules", who, f"from {rules.name}", at_s) as batch:
            write_rules(batch, read)
        with open_table(holders) as table:
            apply(source, plan(source, table, Mapping(), identity), who, f"from {holders.name}", at_s)
    for left in ("-wal", "-shm"):  # of the one before
        remove(path.with_name(path.name + left))
    aside.rename(path)
