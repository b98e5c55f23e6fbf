"""`python -m firmware.controller.backup_worker`: makes, proves or puts back one backup beside the running controller.

A process of its own: what it does takes seconds, 64 MiB for the passphrase, and the whole of a processor, and none of
that may wait before a card. It is told what to do by one line of JSON on standard input, the passphrase in it, and
says by lines of JSON how far it is and what came of it. A restore is made ready while the controller decides; only
when that has ended, with every output safe, it is told to go on, and swaps the files.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import sys
from functools import partial
from pathlib import Path
from typing import BinaryIO

import msgspec

from firmware.backup import swap
from firmware.backup.asks import (
    BACKUP_BYTES_MAX,
    CHANGES_TOLD_MAX,
    PROBLEMS_TOLD_MAX,
    TEXT_CHARACTERS_MAX,
    Failed,
    Kind,
    Looked,
    Made,
)
from firmware.backup.contents import ACCOUNTS, KINDS, OVERLAY, SITE, SOURCE
from firmware.backup.errors import (
    BackupDamaged,
    BackupError,
    BackupMisused,
    BackupNewer,
    BackupRefused,
    WrongPassphrase,
)
from firmware.backup.packing import COPIED_AT_ONCE_BYTES, Where, gather, sha256_of, write
from firmware.backup.placing import Doer, Ready, put_in_place
from firmware.backup.previous import previous
from firmware.backup.restoring import ROSTER, Target, make_ready
from firmware.backup.sealing import sound_passphrase
from firmware.backup.unpacking import open_backup
from firmware.backup.workroom import Workroom
from firmware.config import draft, escaped, load
from firmware.controller.backup_command import contents_of, problems_of
from firmware.controller.backup_events import forgotten_detail, tell
from firmware.controller.backup_telling import changes_of, detail_of
from firmware.controller.backup_work import GO, MADE, OUTCOME, TAKEN, Told, Work
from firmware.controller.restored import put_into_journal
from firmware.core.codes import Code
from firmware.identity import IdentityError
from firmware.roster.errors import RosterError
from firmware.roster.files import remove
from firmware.roster.install import CURRENT
from firmware.terminal import TerminalError, now_utc_s, own_identity

NICE = 10
UMASK = 0o027
EXPECTED = (BackupError, TerminalError, RosterError, IdentityError, sqlite3.Error, OSError)
WHY: tuple[tuple[type[Exception], str], ...] = (
    (WrongPassphrase, "wrong_passphrase"),
    (BackupNewer, "newer"),
    (BackupDamaged, "damaged"),
    (BackupRefused, "refused"),
    (BackupMisused, "misused"),
)


def say(told: Told) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(told) + b"\n")
    sys.stdout.buffer.flush()


class _Steps:
    """Says how far it is, a hundred times at most."""

    def __init__(self) -> None:
        self._said = -1

    def step(self, done: int, total: int) -> None:
        percent = 100 * done // total if total else 0
        if percent != self._said:
            self._said = percent
            say(Told(done=done, total=total))


def run(work: Work) -> None:
    """Do it, and say what came of it. Raises what EXPECTED lists."""
    if work.kind == "make":
        say(Told(made=_make(work)))
    elif work.kind == "look":
        say(Told(looked=_look(work)))
    elif work.kind == "forget":
        _forget(work)
    else:
        _restore(work)


# -- making one -------------------------------------------------------------------------------------------------------


def _make(work: Work) -> Made:
    site, state, out = Path(work.site), Path(work.state), Path(work.folder) / MADE
    config, problems = load(site)
    if config is None or problems_of(site):
        raise BackupRefused(f"{site} could not be restored", problems_of(site) or [str(each) for each in problems])
    identity = own_identity(state)
    remove(out)
    with Workroom(state) as room:
        gathered = list(gather(_where(site, state), identity, room))
        contents = contents_of(gathered, config, identity)
        copies = [each.copy for each in gathered]
        size = write(
            out,
            contents,
            copies,
            sound_passphrase(work.passphrase),
            recorded=lambda: _tell(work, state, Code.BACKUP_MADE, detail_of(contents)),
            step=_Steps().step,
        )
    return Made(MADE, size, sha256_of(out), contents)


def _tell(work: Work, state: Path, code: Code, detail: str) -> None:
    """Have the controller put it into its journal, or it is not done."""
    try:
        tell(state, code, by=work.by, why=work.why, detail=detail, address=work.address)
    except BackupRefused as error:  # it is not the file that is refused
        raise BackupError(str(error)) from error


def _where(site: Path, state: Path) -> Where:
    source, accounts = state / KINDS[SOURCE].place, state / KINDS[ACCOUNTS].place
    return Where(site, state, source if source.is_file() else None, accounts if accounts.is_file() else None)


# -- looking into one, and putting it back ----------------------------------------------------------------------------


def _look(work: Work) -> Looked:
    taken = Path(work.folder) / TAKEN
    remove(taken)
    digest, size = _take(Path(work.handed), taken)
    try:
        with Workroom(Path(work.state)) as room:
            ready = _ready(work, taken, room)
            changes = changes_of(ready)
    except EXPECTED:
        remove(taken)
        raise
    told = tuple((change, escaped(target)[-TEXT_CHARACTERS_MAX:]) for change, target in changes[:CHANGES_TOLD_MAX])
    return Looked(digest, size, ready.contents, told, max(0, len(changes) - CHANGES_TOLD_MAX), ready.notes)


def _take(handed: Path, to: Path) -> tuple[str, int]:
    """Copy what lies in the handover, where others may write: its SHA-256 and its size. It is gone there then."""
    digest, size = hashlib.sha256(), 0
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with open(os.open(handed, flags), "rb") as reading, _new(to) as writing:
            while content := reading.read(COPIED_AT_ONCE_BYTES):
                size += len(content)
                if size > BACKUP_BYTES_MAX:
                    raise BackupRefused(f"the file has more than {BACKUP_BYTES_MAX >> 20} MiB")
                digest.update(content)
                writing.write(content)
    finally:
        remove(handed)
    return digest.hexdigest(), size


def _new(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _ready(work: Work, sealed: Path, room: Path) -> Ready:
    """Prove a backup, and make ready what it would put here."""
    site, state = Path(work.site), Path(work.state)
    opened = open_backup(sealed, sound_passphrase(work.passphrase), room, _Steps().step)
    copy = opened.of(SITE)
    assert copy is not None, "an opened backup has a site file"
    if draft(copy).store.folder != draft(site).store.folder:
        raise BackupRefused("the site in it keeps its state in another folder: restore it by `menshen backup restore`")
    return make_ready(opened, _target(site, state), own_identity(state), room, problems_of, _doer(work))


def _target(site: Path, state: Path) -> Target:
    return Target(site, state, (state / KINDS[SOURCE].place).resolve(), (state / KINDS[ACCOUNTS].place).resolve())


def _doer(work: Work) -> Doer:
    return Doer(work.by, work.why or "a look at what would change", now_utc_s(), work.address)


def _restore(work: Work) -> None:
    """Make it ready, wait until the controller has ended, and swap it in. What came of it stays in OUTCOME."""
    site, state, taken = Path(work.site), Path(work.state), Path(work.folder) / TAKEN
    with Workroom(state) as room:
        if work.kind == "undo":
            ready = _before(work, room)
        elif not taken.is_file() or sha256_of(taken) != work.seen:
            raise BackupMisused("it is not the file that was looked into: give it once more")
        else:
            ready = _ready(work, taken, room)
        stood = _marks(state)
        say(Told(ready=True))
        if sys.stdin.readline().strip() != GO:
            return  # the controller is gone, or had something else to do
        failed: Failed | None = None
        try:
            if _marks(state) != stood:
                raise BackupRefused("who may pass was changed here meanwhile, so nothing was put back: do it again")
            code = Code.BACKUP_UNDONE if work.kind == "undo" else Code.BACKUP_RESTORED
            told = partial(put_into_journal, site)
            detail = detail_of(ready.contents)
            put_in_place(ready, site, state, _doer(work), code.value, detail, secrets.token_hex(8), told=told)
        except EXPECTED as error:
            failed = failure(work.kind, error)
        _leave(Path(work.folder) / OUTCOME, failed)
        remove(taken)
        say(Told() if failed is None else Told(failed=failed))


def _before(work: Work, room: Path) -> Ready:
    """What stood before the last restore, made ready as a backup is."""
    site, state = Path(work.site), Path(work.state)
    last = swap.before(site)
    if last is None:
        raise BackupMisused("nothing is kept of before a restore")
    identity = own_identity(state)
    was = previous(site, identity, room)
    target = _target(site, state)._replace(folders=tuple({Path(move.target).parent for move in last.moves}))
    ready = make_ready(was.opened, target, identity, room, problems_of, _doer(work))
    return ready._replace(placed=(*was.unnamed, *ready.placed), gone=was.gone)


def _forget(work: Work) -> None:
    """Remove what stood before the last restore; nobody puts anything back meanwhile."""
    site, state = Path(work.site), Path(work.state)
    with Workroom(state):
        last = swap.before(site)
        if last is None:
            raise BackupMisused("nothing is kept of before a restore")
        _tell(work, state, Code.BACKUP_FORGOTTEN, forgotten_detail(last.utc_s))
        swap.forget(site)
    say(Told())


def _marks(state: Path) -> list[tuple[int, int, int] | None]:
    """Whether somebody changed what a restore has looked at: source, local entries, roster."""
    marks: list[tuple[int, int, int] | None] = []
    for name in (KINDS[SOURCE].place, KINDS[SOURCE].place + "-wal", KINDS[OVERLAY].place, f"{ROSTER}/{CURRENT}"):
        try:
            status = (state / name).stat()
            marks.append((status.st_ino, status.st_size, status.st_mtime_ns))
        except OSError:
            marks.append(None)
    return marks


def _leave(path: Path, failed: Failed | None) -> None:
    """For the controller that starts next."""
    remove(path)
    with _new(path) as file:
        file.write(msgspec.json.encode(failed))


def failure(kind: Kind, error: Exception) -> Failed:
    """What the page is told of an error: a word, and for whoever services it what it says."""
    why = next((word for known, word in WHY if isinstance(error, known)), "failed")
    problems = [str(error), *(error.problems if isinstance(error, BackupRefused) else ())]
    return Failed(kind, why, tuple(escaped(each)[:TEXT_CHARACTERS_MAX] for each in problems[:PROBLEMS_TOLD_MAX]))


def main() -> int:
    """One piece of work. Exit status 0: what came of it was said; 1: it was said why nothing did."""
    os.nice(NICE)
    os.umask(UMASK)
    work = msgspec.json.decode(sys.stdin.readline(), type=Work)
    try:
        run(work)
    except EXPECTED as error:
        say(Told(failed=failure(work.kind, error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
