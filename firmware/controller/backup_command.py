"""`menshen backup create|show|restore|undo|forget`: one encrypted file, and a new board that works from it.

A backup is made while the controller runs, which then keeps it in its journal; one is put back while it does not.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

import firmware
from firmware.backup import swap
from firmware.backup.contents import ACCOUNTS, KINDS, SCHEMA, SOURCE, WITHOUT, Contents
from firmware.backup.errors import (
    BackupDamaged,
    BackupError,
    BackupMisused,
    BackupNewer,
    BackupRefused,
    WrongPassphrase,
)
from firmware.backup.packing import Gathered, Where, gather, write
from firmware.backup.passphrase import add_passphrase, passphrase_of
from firmware.backup.placing import Doer, Ready, put_in_place
from firmware.backup.previous import previous
from firmware.backup.restoring import Target, make_ready
from firmware.backup.unpacking import open_backup
from firmware.backup.workroom import Workroom
from firmware.config import Config, draft, escaped, load
from firmware.controller.backup_events import forgotten_detail, on_record
from firmware.controller.backup_telling import (
    Changes,
    changes_of,
    detail_of,
    lines_of_contents,
    lines_of_ready,
    plain_of_ready,
)
from firmware.controller.check import check
from firmware.controller.errors import StateFolderError
from firmware.controller.restored import finish_restore, last_held, last_restore, limits_of, put_into_journal
from firmware.controller.tenancy import Tenancy
from firmware.core.codes import Code
from firmware.identity import Identity, IdentityError
from firmware.roster.commands.asking import an_issuer
from firmware.roster.errors import RosterError
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    Progress,
    TerminalError,
    a_path,
    a_purpose,
    add_language,
    complain,
    language_of,
    now_utc_s,
    own_identity,
    prepare_output,
)
from firmware.texts import texts

REFUSALS = (BackupDamaged, BackupNewer, BackupRefused, WrongPassphrase)
UMASK = 0o027  # as the controller's: its journal is its group's to read


# -- arguments --------------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen backup`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    making = actions.add_parser("create", help="seal site, source, local entries and accounts into one file")
    making.add_argument("site", type=a_path, metavar="SITE", help="the site file")
    making.add_argument("backup", type=a_path, metavar="BACKUP", help="the file to make; none is overwritten")
    _add_places(making)
    _add_doer(making)
    add_passphrase(making)
    making.set_defaults(act=_create)

    showing = actions.add_parser("show", help="prove a backup, and say what is in it; nothing is restored")
    showing.add_argument("backup", type=a_path, metavar="BACKUP")
    add_passphrase(showing)
    showing.set_defaults(act=_show)

    restoring = actions.add_parser("restore", help="show what a backup would change; with --apply put it back")
    restoring.add_argument("backup", type=a_path, metavar="BACKUP")
    restoring.add_argument("site", type=a_path, metavar="SITE", help="where the site file goes; the controller's")
    _add_places(restoring)
    restoring.add_argument(
        "--folder",
        type=a_path,
        action="append",
        default=[],
        metavar="DIR",
        help="files that the site names may go here",
    )
    restoring.add_argument("--without-roster", action="store_true", help="build no roster of the source in it")
    restoring.add_argument("--apply", action="store_true", help="do it; needs --by and --why")
    _add_doer(restoring, required=False)
    add_passphrase(restoring)
    restoring.set_defaults(act=_restore)

    undoing = actions.add_parser("undo", help="back to what stood before the last restore")
    undoing.add_argument("site", type=a_path, metavar="SITE", help="the site file that was restored")
    undoing.add_argument("--without-roster", action="store_true", help="build no roster of the source of before")
    _add_doer(undoing)
    undoing.set_defaults(act=_undo)

    forgetting = actions.add_parser("forget", help="remove what is kept of before the last restore")
    forgetting.add_argument("site", type=a_path, metavar="SITE", help="the site file that was restored")
    _add_doer(forgetting)
    forgetting.set_defaults(act=_forget)
    for each in (making, showing, restoring, undoing, forgetting):
        add_language(each)


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state", type=a_path, metavar="DIR", help="the controller's state folder (default: the site's)"
    )
    parser.add_argument(
        "--source", type=a_path, metavar="FILE", help="the roster's source (default: in the state folder)"
    )
    parser.add_argument("--accounts", type=a_path, metavar="FILE", help="the page's accounts (default: there, too)")


def _add_doer(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--by", type=an_issuer, metavar="WHO", required=required, help="who does it: in the journal")
    parser.add_argument("--why", type=a_purpose, metavar="TEXT", required=required, help="why: in the journal, too")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done; 1: the file or its content is refused; 2: misused, or the disk fails."""
    prepare_output()
    os.umask(UMASK)
    act: Callable[[argparse.Namespace], int] = arguments.act
    try:
        return act(arguments)
    except (BackupError, StateFolderError, TerminalError, RosterError, IdentityError, OSError) as error:
        problems = error.problems if isinstance(error, BackupRefused) else ()
        if arguments.json:
            kind = type(error).__name__
            print(json.dumps({"ok": False, "kind": kind, "why": str(error), "problems": problems}, ensure_ascii=False))
        complain("backup", "\n  ".join([str(error), *problems]))
        return SAID_NO if isinstance(error, (*REFUSALS, RosterError)) else MISUSED


# -- making one -------------------------------------------------------------------------------------------------------


def _create(arguments: argparse.Namespace) -> int:
    said = language_of(arguments)
    site = arguments.site.resolve()
    finish_restore(site)
    config, problems = load(site)
    if config is None or problems_of(site):
        raise BackupRefused(f"{site} could not be restored", problems_of(site) or [str(each) for each in problems])
    state = _state_of(arguments, config.store.folder)
    identity = own_identity(state)
    passphrase = passphrase_of(arguments, said, new=True)
    where = Where(site, state, _source_of(arguments, state), _accounts_of(arguments, state))
    progress = Progress()
    try:
        with Workroom(state) as work:
            gathered = list(gather(where, identity, work))
            contents = contents_of(gathered, config, identity)
            size = write(
                arguments.backup,
                contents,
                [each.copy for each in gathered],
                passphrase,
                recorded=partial(_put_on_record, arguments, config, state, identity, contents),
                step=progress.rows,
            )
    finally:
        progress.end()
    if arguments.json:
        told = {"ok": True, "file": str(arguments.backup), "bytes": size, "without": WITHOUT}
        print(json.dumps({**told, **msgspec.to_builtins(contents)}, ensure_ascii=False))
        return DONE
    print(said.say("backup.made", file=escaped(str(arguments.backup)), bytes=size))
    for line in lines_of_contents(contents, said):
        print(line)
    print(said.say("backup.keep_apart"))
    return DONE


def contents_of(gathered: Sequence[Gathered], config: Config, identity: Identity) -> Contents:
    return Contents(
        schema=SCHEMA,
        menshen=firmware.__version__,
        made_s=now_utc_s(),
        controller=identity.id,
        digest_key_id=identity.digest_key_id,
        site=config.site.id,
        site_name=config.name,
        parts=tuple(each.part for each in gathered),
    )


def _put_on_record(
    arguments: argparse.Namespace, config: Config, state: Path, identity: Identity, contents: Contents
) -> None:
    """Raises BackupError, TerminalError: then it is not handed out."""
    detail, at_s = detail_of(contents), contents.made_s
    made = Code.BACKUP_MADE
    on_record(state, identity, config.store.limits, made, by=arguments.by, why=arguments.why, detail=detail, at_s=at_s)


# -- looking into one -------------------------------------------------------------------------------------------------


def _show(arguments: argparse.Namespace) -> int:
    said = language_of(arguments)
    passphrase = passphrase_of(arguments, said, new=False)
    progress = Progress()
    try:
        contents = open_backup(arguments.backup, passphrase, step=progress.rows).contents
    finally:
        progress.end()
    if arguments.json:
        print(json.dumps({"ok": True, "without": WITHOUT, **msgspec.to_builtins(contents)}, ensure_ascii=False))
        return DONE
    print(said.say("backup.whole", file=escaped(str(arguments.backup))))
    for line in lines_of_contents(contents, said):
        print(line)
    return DONE


# -- putting one back -------------------------------------------------------------------------------------------------


def _restore(arguments: argparse.Namespace) -> int:
    if arguments.apply and (arguments.by is None or arguments.why is None):
        raise BackupMisused("--apply needs --by and --why: the journal keeps who restored, and why")
    site = arguments.site.resolve()
    state = _state_of(arguments, site.parent / draft(site).store.folder)  # the usual one where there is no site yet
    tenancy = Tenancy(state)
    try:
        finish_restore(site, held=state)
        identity = Identity.load_or_create(state / "identity")
        passphrase = passphrase_of(arguments, language_of(arguments), new=False)
        progress = Progress()
        with Workroom(state) as work:
            try:
                opened = open_backup(arguments.backup, passphrase, work, progress.rows)
            finally:
                progress.end()
            target = Target(
                site,
                state,
                (arguments.source or state / KINDS[SOURCE].place).resolve(),
                (arguments.accounts or state / KINDS[ACCOUNTS].place).resolve(),
                tuple(folder.resolve() for folder in arguments.folder),
                not arguments.without_roster,
            )
            doer = Doer(arguments.by or "nobody", arguments.why or "a look at what would change", now_utc_s())
            ready = make_ready(opened, target, identity, work, problems_of, doer)
            _same_folder(arguments, opened.of("site"), site, state)
            changes = changes_of(ready)
            if arguments.apply:
                _swap(ready, target, doer, Code.BACKUP_RESTORED)
            return _tell(arguments, ready, changes, done=arguments.apply)
    finally:
        tenancy.end()


def _undo(arguments: argparse.Namespace) -> int:
    site = arguments.site.resolve()
    with last_held(site) as last:
        state = Path(last.state)
        by_kind = {move.kind: Path(move.target) for move in last.moves}
        identity = own_identity(state)
        with Workroom(state) as work:
            was = previous(site, identity, work)
            target = Target(
                site,
                state,
                by_kind.get(SOURCE, state / KINDS[SOURCE].place),
                by_kind.get(ACCOUNTS, state / KINDS[ACCOUNTS].place),
                tuple({Path(move.target).parent for move in last.moves}),
                not arguments.without_roster,
            )
            doer = Doer(arguments.by, arguments.why, now_utc_s())
            ready = make_ready(was.opened, target, identity, work, problems_of, doer)
            ready = ready._replace(placed=(*was.unnamed, *ready.placed), gone=was.gone)
            changes = changes_of(ready)
            _swap(ready, target, doer, Code.BACKUP_UNDONE)
            return _tell(arguments, ready, changes, done=True)


def _forget(arguments: argparse.Namespace) -> int:
    site = arguments.site.resolve()
    finish_restore(site)
    state = Path(last_restore(site).state)
    with Workroom(state):  # no undo is being made ready of what goes
        last, by, why = last_restore(site), arguments.by, arguments.why
        limits, identity = limits_of(site), own_identity(state)
        code, detail = Code.BACKUP_FORGOTTEN, forgotten_detail(last.utc_s)
        on_record(state, identity, limits, code, by=by, why=why, detail=detail, at_s=now_utc_s())
        count = swap.forget(site)
    print(json.dumps({"ok": True, "files": count}) if arguments.json else _said(arguments, "backup.forgotten", count))
    return DONE


def _said(arguments: argparse.Namespace, text: str, count: int) -> str:
    return language_of(arguments).say(text, count=count)


def _swap(ready: Ready, target: Target, doer: Doer, code: Code) -> None:
    detail = detail_of(ready.contents)
    site, told = target.site, partial(put_into_journal, target.site)
    put_in_place(ready, site, target.state, doer, code.value, detail, secrets.token_hex(8), told=told)


def _tell(arguments: argparse.Namespace, ready: Ready, changes: Changes, *, done: bool) -> int:
    if arguments.json:
        print(json.dumps({"ok": True, "applied": done, **plain_of_ready(ready, changes)}, ensure_ascii=False))
        return DONE
    for line in lines_of_ready(ready, changes, language_of(arguments), done=done):
        print(line)
    return DONE


def problems_of(site: Path) -> list[str]:
    """What `menshen check` says of a site file, each in a line."""
    said = texts("en")
    return [problem.line(said) for problem in check(site).problems]


# -- places -----------------------------------------------------------------------------------------------------------


def _state_of(arguments: argparse.Namespace, usual: Path) -> Path:
    """The state folder, with no link on the way to it. Raises BackupMisused where it is another user's."""
    state: Path = (arguments.state or usual).resolve()
    if state.exists() and state.stat().st_uid != os.geteuid():
        raise BackupMisused(
            f"{state} belongs to user {state.stat().st_uid}, not to {os.geteuid()}: run this as the controller's user"
        )
    return state


def _same_folder(arguments: argparse.Namespace, copy: Path | None, site: Path, state: Path) -> None:
    """Whoever starts the controller by the restored site file must find what is restored beside it."""
    assert copy is not None, "an opened backup has a site file"
    folder = (site.parent / draft(copy).store.folder).resolve()
    if arguments.state is None and folder != state:
        raise BackupMisused(f"the site in it keeps its state in {folder}: give --state {folder} where that is meant")


def _source_of(arguments: argparse.Namespace, state: Path) -> Path | None:
    return _there(arguments.source, state / KINDS[SOURCE].place)


def _accounts_of(arguments: argparse.Namespace, state: Path) -> Path | None:
    return _there(arguments.accounts, state / KINDS[ACCOUNTS].place)


def _there(given: Path | None, usual: Path) -> Path | None:
    if given is not None and not given.is_file():
        raise BackupMisused(f"{given}: there is no such file")
    return given if given is not None else usual if usual.is_file() else None
