"""Back to the state of delivery, but for what the site is wired like and what has happened: asked by the button.

It is done before the controller's parts are made, so that nothing is open and nothing moves. Gone are the source, the
roster, the local entries, who adopted the controller, accounts, faces, pictures, and what a restore kept of before;
the claim code is a new one. The site file stays: without it no output could be made safe. The journal stays, and keeps
that this was done: whoever reaches a button must not be able to take away what proves it. A kill at any instant is
carried on by the next start.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from firmware.backup.contents import ACCOUNTS, KINDS, SOURCE
from firmware.backup.record import record
from firmware.backup.swap import LOGS, NEW, OLD
from firmware.controller.errors import StateFolderError
from firmware.controller.reset_button import ASKED
from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.core.faces import FACES
from firmware.core.turn import OVERLAY
from firmware.identity import read_private, renew_claim_code
from firmware.journal.limits import Limits
from firmware.roster.files import remove, sync_folder
from firmware.roster.floors import KEPT_CURRENT, KEPT_PREVIOUS

FOLDERS = (
    "roster",
    "faces",
    "evidence",
    "backup.work",
    "backup.page",
    "handover",
    "people",
    "imports",
    "selftest",
    "logs",
)
# Beside the accounts: the console's code for one of them and the clients go too, the page's own key stays.
FILES = (KINDS[SOURCE].place, KINDS[ACCOUNTS].place, "network/recovery.json", "network/clients.json")
OVERWRITTEN_BYTES_MAX = 64 << 20  # of one file; what a flash chip keeps of it nobody can reach
AT_ONCE_BYTES = 1 << 20
EARLIEST_S = 1_600_000_000  # September 2020: a clock that says less is not set


def ask(state: Path) -> None:
    """Say durably that the next start is to do it. Raises OSError, and where there was no room none does."""
    path = state / ASKED
    aside = path.with_name(ASKED + ".new")
    remove(aside)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(secrets.token_hex(8).encode())
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    sync_folder(state)


def carry_out(state: Path, limits: Limits, utc_s: int) -> bool:
    """Do it where it was asked for; whether it was. Nothing of the state may be open.

    Raises StateFolderError where something cannot be removed, BackupError where the journal cannot keep it: it is
    tried again by the next start, and a controller that is half reset does not run.
    """
    asked = read_private(state / ASKED)
    if asked is None:
        return False
    try:
        gone = sum(_wipe(path) for path in _files(state))
        for name in FOLDERS:
            if (state / name).is_dir() and not (state / name).is_symlink():
                shutil.rmtree(state / name)
            else:
                remove(state / name)
        sync_folder(state)
    except OSError as error:
        raise StateFolderError(
            f"{error.filename}: {error.strerror}. The factory reset is not done until it is removed: give it to the "
            "user who runs this, and start again"
        ) from error
    identity = renew_claim_code(state / "identity")
    event = Event(Code.FACTORY_RESET, detail=f"{gone} files removed", request=asked.decode(errors="replace")[:32])
    forget = (KEPT_CURRENT, KEPT_PREVIOUS, OVERLAY, FACES)  # what there has to be: nothing, any more
    record(state, identity, limits, event, utc_s if utc_s >= EARLIEST_S else None, forget)
    remove(state / ASKED)
    sync_folder(state)
    return True


def _files(state: Path) -> Iterator[Path]:
    """Every file that goes."""
    for place in FILES:
        if (state / place).parent.is_symlink():
            continue  # what it leads to is somebody else's
        for suffix in ("", NEW, OLD, ".new"):  # the last one: what a cut has left aside
            yield from (state / f"{place}{suffix}{log}" for log in ("", *LOGS, "-shm"))
    for name in FOLDERS:
        if (state / name).is_symlink():
            continue
        for folder, _, files in os.walk(state / name):
            yield from (Path(folder) / file for file in files)


def _wipe(path: Path) -> bool:
    """Write over a file and remove it; whether it was there. A link goes, and what it leads to stays."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    if stat.S_ISREG(status.st_mode) and 0 < status.st_size <= OVERWRITTEN_BYTES_MAX and status.st_nlink == 1:
        with open(os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "wb") as file:
            left = status.st_size
            while left > 0:
                left -= file.write(bytes(min(left, AT_ONCE_BYTES)))
            file.flush()
            os.fsync(file.fileno())
    path.unlink()
    return True
