"""Files that are ready to be swapped in: each beside its target first, then all of them as one (swap.py)."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.backup.contents import Contents
from firmware.backup.errors import BackupError
from firmware.backup.swap import (
    LINKED,
    NEW,
    Move,
    Reached,
    Swap,
    before,
    begin,
    beside,
    carry_on,
    commit,
    end,
    take_back,
)
from firmware.roster.files import sync_folder

SECRET_MODE, OPEN_MODE = (
    0o600,
    0o644,
)  # the network and vision processes read the site file, and nothing in it is secret
COPIED_AT_ONCE_BYTES = 1 << 20


class Doer(NamedTuple):
    """Who restores, why and when (UTC)."""

    by: str
    why: str
    at_s: int
    address: str = ""  # from where, of the page


class Placed(NamedTuple):
    """One file that is ready in the workroom, and where it goes."""

    kind: str
    target: Path
    copy: Path
    mode: int = SECRET_MODE
    database: bool = False
    name: str = ""  # of NAMED, as the site file writes it

    @property
    def change(self) -> str:
        """What the restore does to what stands there: new, same or replaced."""
        if not self.target.exists():
            return "new"
        return "same" if _same(self.target, self.copy) else "replaced"


class Gone(NamedTuple):
    """A file that goes, and nothing comes in its place; what it is, for the way back."""

    kind: str
    target: Path
    name: str = ""
    database: bool = False


class Ready(NamedTuple):
    """A restore that may be done, and what people are to know of it. `notes` name `backup.note.*` of the catalogues."""

    contents: Contents
    placed: tuple[Placed, ...]
    notes: tuple[tuple[str, dict[str, int | str]], ...]
    gone: tuple[Gone, ...] = ()


def put_in_place(
    ready: Ready,
    site: Path,
    state: Path,
    doer: Doer,
    code: str,
    detail: str,
    id: str,
    *,
    told: Callable[[Swap], None],
    reached: Reached = lambda _: None,
) -> None:
    """Swap everything in. `told` puts the event into the journal, once all is in place and before that is the end.

    A kill at any instant leaves the old or the new; `finish` says which. Raises BackupError, OSError.
    """
    moves = tuple(
        Move(str(g.target), g.target.exists(), put=False, database=g.database, kind=g.kind, name=g.name)
        for g in ready.gone
    )
    moves += tuple(
        Move(str(p.target), p.target.exists(), database=p.database, kind=p.kind, name=p.name) for p in ready.placed
    )
    swap = Swap(id, str(state), moves, code, detail, doer.by, doer.why, doer.at_s, address=doer.address)
    last = before(site)
    reached("begin")
    begin(site, swap)
    try:
        for placed in ready.placed:
            reached(f"stage {placed.target.name}")
            _stage(placed)
        committed = commit(site, swap, reached)
    except BaseException:
        take_back(site, swap)
        raise
    _finish(site, committed, last, told, reached)


def finish(site: Path, swap: Swap, told: Callable[[Swap], None], reached: Reached = lambda _: None) -> bool:
    """After a kill: carry a committed swap on to its end, or take one back that was not; whether the new one stands."""
    if not swap.committed:
        take_back(site, swap)
        return False
    _finish(site, swap, before(site), told, reached)
    return True


def _finish(site: Path, swap: Swap, last: Swap | None, told: Callable[[Swap], None], reached: Reached) -> None:
    carry_on(swap, reached)
    reached("told")
    told(swap)
    end(site, swap, last, reached)


def _stage(placed: Placed) -> None:
    """The new file beside its target, whole and synced, with the rights of the one that it replaces."""
    at = beside(placed.target, NEW)
    folder = placed.target.parent
    try:
        missing = [each for each in (folder, *folder.parents) if not each.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for each in missing:
            sync_folder(each.parent)
        at.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        with placed.copy.open("rb") as reading, open(os.open(at, flags, SECRET_MODE), "wb") as writing:
            while content := reading.read(COPIED_AT_ONCE_BYTES):
                writing.write(content)
            writing.flush()
            os.fchmod(writing.fileno(), _mode_for(placed))
            os.fsync(writing.fileno())
        second = beside(placed.target, LINKED)
        second.unlink(missing_ok=True)
        os.link(at, second)  # the old one will need it: better to know now whether there are second names here
        second.unlink()
    except OSError as error:
        raise BackupError(
            f"{error.filename or at}: {error.strerror}. Nothing was changed. Run this as the controller's user, who "
            "must be able to write there."
        ) from error


def _mode_for(placed: Placed) -> int:
    if placed.target.exists() and placed.mode == OPEN_MODE:
        return stat.S_IMODE(placed.target.stat().st_mode)
    return placed.mode


def _same(one: Path, other: Path) -> bool:
    digests = []
    for path in (one, other):
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").digest())
    return digests[0] == digests[1]
