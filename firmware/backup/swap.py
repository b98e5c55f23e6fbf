"""Puts several files into place as one: after a kill or a power cut at any instant all of them are the old or the new.

Each new file lies beside the one that it replaces, under its name with NEW. A list of them beside the site file, under
its name with PENDING, is the only switch: while it says `committed` is false, whoever finds it takes the new files
away; once it says true, whoever finds it carries the swap on to its end. The controller looks for it before it reads
the site file, which is the last to be swapped. What stood before stays under the names with OLD, and the list of it
under the site file's with BEFORE: that is the way back.

    for each file:  keep a second name of the old one as OLD, rename NEW to its name, sync the folder
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec

from firmware.backup.errors import BackupDamaged, BackupError, BackupMisused
from firmware.identity import IdentityError, read_private
from firmware.roster.files import remove, sync_folder

NEW, OLD, LINKED = ".restored", ".before_restore", ".before_restore.new"
LOGS = ("-wal", "-journal")  # what SQLite would take for the new file's
PENDING, BEFORE = ".restore", ".before_restore.json"
LIST_BYTES_MAX = 1 << 20
MOVES_MAX = 1_200
_ADVICE = "Look at it: it says which files a restore was putting into place."

Reached = Callable[[str], None]  # for tests: hears of each step before it is done


class Move(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file. `stood`: there was one before. `put` false: it goes, and nothing comes in its place."""

    target: Annotated[str, msgspec.Meta(max_length=4_096)]
    stood: bool
    put: bool = True
    database: bool = False  # SQLite, with a log beside it that must not be taken for the new one's
    kind: Annotated[str, msgspec.Meta(max_length=40)] = ""  # of contents.py, or "roster"; for the way back
    name: Annotated[str, msgspec.Meta(max_length=1_000)] = ""  # of a file that the site file names


class Swap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is put into place, and what the journal is to say of it. The last of `moves` is the site file's."""

    id: Annotated[str, msgspec.Meta(max_length=64)]
    state: Annotated[str, msgspec.Meta(max_length=4_096)]
    moves: Annotated[tuple[Move, ...], msgspec.Meta(max_length=MOVES_MAX)]
    code: Annotated[str, msgspec.Meta(max_length=64)]  # of the event
    detail: Annotated[str, msgspec.Meta(max_length=500)]
    issuer: Annotated[str, msgspec.Meta(max_length=64)]
    why: Annotated[str, msgspec.Meta(max_length=200)]
    utc_s: int
    committed: bool = False
    address: Annotated[str, msgspec.Meta(max_length=64)] = ""


def beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def pending(site: Path) -> Swap | None:
    """The swap that was begun at this site file and is not done. Raises BackupDamaged."""
    return _read(beside(site, PENDING))


def before(site: Path) -> Swap | None:
    """The last swap that was done; its old files are still there. Raises BackupDamaged."""
    return _read(beside(site, BEFORE))


def begin(site: Path, swap: Swap) -> None:
    """Say durably that new files are about to lie beside their targets, so that a kill leaves nothing of them."""
    assert not swap.committed
    assert swap.moves[-1].target == str(site)
    _write(beside(site, PENDING), swap)


def commit(site: Path, swap: Swap, reached: Reached = lambda _: None) -> Swap:
    """From here on the new files count. Every one of them lies synced beside its target."""
    for move in swap.moves:
        if move.database:
            free(Path(move.target))
    for folder in {Path(move.target).parent for move in swap.moves}:
        sync_folder(folder)
    reached("commit")
    committed = msgspec.structs.replace(swap, committed=True)
    _write(beside(site, PENDING), committed)
    return committed


def carry_on(swap: Swap, reached: Reached = lambda _: None) -> None:
    """Do whatever of a committed swap is not done; again and again comes to the same. Raises BackupError."""
    assert swap.committed
    try:
        for move in swap.moves:
            _carry(move, reached)
    except OSError as error:
        raise BackupError(
            f"{error.filename}: {error.strerror}. The restore is half done and is carried on by the next start of the "
            "controller, or by `menshen backup`: look at the disk."
        ) from error


def _carry(move: Move, reached: Reached) -> None:
    target = Path(move.target)
    new, old, linked = beside(target, NEW), beside(target, OLD), beside(target, LINKED)
    if (move.put and not new.exists()) or (not move.put and not target.exists()):
        if not move.stood:
            remove(old)  # of another restore
        return
    if move.database and target.exists():
        reached(f"log of {target.name}")
        _without_log(target)
    reached(f"keep {target.name}")
    remove(linked)
    if target.exists():
        os.link(target, linked)
        linked.rename(old)
    else:
        remove(old)
    remove(linked)  # a rename between two names of one file leaves both
    sync_folder(target.parent)  # the old one has its second name for good before it loses the first
    reached(f"put {target.name}")
    if move.put:
        new.rename(target)
    else:
        target.unlink()
    sync_folder(target.parent)


def end(site: Path, swap: Swap, last: Swap | None, reached: Reached = lambda _: None) -> None:
    """All is in place and told: what stood before can be found again; what the `last` swap kept, and this one did not
    touch, goes."""
    own = {move.target for move in swap.moves}
    for move in () if last is None else last.moves:
        if move.target not in own:
            remove(beside(Path(move.target), OLD))
            for suffix in LOGS:
                remove(beside(Path(move.target), OLD + suffix))
    reached("end")
    beside(site, PENDING).rename(beside(site, BEFORE))
    sync_folder(site.parent)
    assert swap.committed


def take_back(site: Path, swap: Swap) -> None:
    """A swap that was never committed: its new files go, then the list. Also of one that was killed there."""
    assert not swap.committed
    for move in swap.moves:
        remove(beside(Path(move.target), NEW))
        remove(beside(Path(move.target), LINKED))
    remove(beside(site, PENDING))
    sync_folder(site.parent)


def forget(site: Path, reached: Reached = lambda _: None) -> int:
    """Remove what stood before the last swap, and the list of it; how many files went. Raises BackupMisused.

    The list goes last: whoever is cut off asks again, and until then there is no way back (previous.py).
    """
    swap = before(site)
    if swap is None:
        raise BackupMisused(f"{site}: nothing is kept of before a restore")
    gone = 0
    for move in swap.moves:
        for suffix in (OLD, *(OLD + log for log in LOGS)):
            path = beside(Path(move.target), suffix)
            if path.exists():
                reached(f"forget {path.name}")
                gone += 1
            remove(path)
    reached("forget the list")
    remove(beside(site, BEFORE))
    sync_folder(site.parent)
    return gone


# -- databases --------------------------------------------------------------------------------------------------------


def free(target: Path) -> None:
    """Prove that nobody has a database open that is to be replaced; what its log holds goes into the file.

    A damaged one is left as it is. Raises BackupMisused where it is in use.
    """
    if not target.exists():
        return
    try:
        _fold(target)
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise BackupMisused(f"{target} is in use by another program: end that one first") from error
    except sqlite3.Error:  # what is replaced may well be broken
        return


def _fold(target: Path) -> None:
    """Make the file one without a log. Raises sqlite3.Error."""
    db = sqlite3.connect(f"{target.absolute().as_uri()}?mode=rw", uri=True, timeout=1.0, isolation_level=None)
    try:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        db.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        db.close()


def _without_log(target: Path) -> None:
    """Whatever happened since `free`: no log of the old file may lie beside the new one."""
    logs = [beside(target, suffix) for suffix in LOGS]
    if any(log.exists() for log in logs):
        try:
            _fold(target)
        except sqlite3.Error:
            for log, suffix in zip(logs, LOGS, strict=True):
                if log.exists():  # in use or broken: it stays with the old one
                    log.replace(beside(target, OLD + suffix))
    remove(beside(target, "-shm"))


# -- the list ---------------------------------------------------------------------------------------------------------


def _read(path: Path) -> Swap | None:
    try:
        content = read_private(path, LIST_BYTES_MAX, _ADVICE)
        return None if content is None else msgspec.json.decode(content, type=Swap)
    except (IdentityError, OSError, msgspec.MsgspecError, UnicodeError) as error:
        raise BackupDamaged(f"{path} cannot be read: {error}. {_ADVICE}") from error


def _write(path: Path, swap: Swap) -> None:
    aside = beside(path, ".new")
    remove(aside)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(msgspec.json.encode(swap) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    sync_folder(path.parent)
