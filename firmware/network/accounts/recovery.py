"""Recovery at the console: whoever may write into the state folder makes a code by which one account gets in again.

`menshen account recover NAME` puts the code's digest beside the accounts; the page takes it once and removes the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import msgspec

from firmware.network.accounts import invitation

FILE_NAME = "recovery.json"
FILE_BYTES_MAX = 1_000


class Recovery(msgspec.Struct, frozen=True):
    """Which account (folded name), and the digest of the code."""

    account: str
    digest: bytes


def offer(folder: Path, account: str) -> str:
    """A code for the account of that folded name; an older one is dead. Raises OSError."""
    code = invitation.make()
    aside = folder / f"{FILE_NAME}.new"
    aside.unlink(missing_ok=True)
    owner = folder.stat()
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        if os.geteuid() == 0:
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # the network process is to read and remove it
        file.write(msgspec.json.encode(Recovery(account, invitation.digest(code))))
        file.flush()
        os.fsync(file.fileno())
    aside.rename(folder / FILE_NAME)
    return code


def fits(folder: Path, account: str, typed: str) -> bool:
    """Whether this is the console's code for this account. A file that is not ours, or damaged, is none."""
    try:
        descriptor = os.open(folder / FILE_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_mode & 0o077 or status.st_uid not in (0, os.geteuid()):
            return False
        content = file.read(FILE_BYTES_MAX)
    try:
        kept = msgspec.json.decode(content, type=Recovery)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return invitation.fits(typed, kept.digest) and kept.account == account


def remove(folder: Path) -> None:
    """The code is used up. Raises OSError."""
    (folder / FILE_NAME).unlink()
