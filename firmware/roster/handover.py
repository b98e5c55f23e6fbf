"""Hands a built roster in to a running controller, and waits until it has taken it or said why not.

The controller is reached by its roster folder alone: it takes `incoming.roster` away, and where it refuses the file it
leaves it as `incoming.refused` with the reason in `incoming.why` (controller/roster_watch.py).
"""

from __future__ import annotations

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from firmware.roster.errors import RosterError
from firmware.roster.files import remove, sync_folder
from firmware.roster.install import CURRENT, FILE_MODE, INCOMING, PREVIOUS, REFUSED, WHY, seal_of
from firmware.roster.seal import Seal, claimed_signer

ANSWER_S_MAX = 10.0  # proving, copying and syncing 256 MiB on a slow card, and a look every 0.25 s
LOOK_S = 0.05
COPIED_AT_ONCE_BYTES = 1 << 20
WHY_BYTES_MAX = 4_096
_ASIDE = "incoming.new"


class Answer(StrEnum):
    """What a controller did with a roster."""

    TAKEN = "taken"
    REFUSED = "refused"
    NONE = "none"  # no answer: it lies there, and is taken by the controller that starts next


class Handed(NamedTuple):
    """A file that was handed in: what tells it from another one of that name."""

    folder: Path
    inode: int
    sha256: str  # as Seal.sha256


def hand_in(built: Path, folder: Path) -> Handed:
    """Put a copy into the controller's roster folder, durably and at once. Raises RosterError."""
    aside = folder / _ASIDE
    sha256 = _sha256(built)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (aside, folder / REFUSED, folder / WHY):
            remove(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with built.open("rb") as reading, open(os.open(aside, flags, FILE_MODE), "wb") as writing:
            while content := reading.read(COPIED_AT_ONCE_BYTES):
                writing.write(content)
            writing.flush()
            if os.geteuid() == 0:  # root hands in for the controller's user, who must be able to read it
                owner = folder.stat()
                os.fchown(writing.fileno(), owner.st_uid, owner.st_gid)
            os.fsync(writing.fileno())
            inode = os.fstat(writing.fileno()).st_ino
        aside.rename(folder / INCOMING)
        sync_folder(folder)
    except OSError as error:
        raise RosterError(
            f"{built} was not handed in to {folder}: {error}. Look at the disk and its rights."
        ) from error
    return Handed(folder, inode, sha256)


async def answer(handed: Handed, limit_s: float = ANSWER_S_MAX) -> tuple[Answer, str]:
    """Wait for the controller, up to the limit; with why it refused."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + limit_s
    while True:
        if _inode(handed.folder / INCOMING) != handed.inode:
            if _inode(handed.folder / REFUSED) == handed.inode:
                return Answer.REFUSED, _why(handed.folder / WHY)
            if _sha256(handed.folder / CURRENT) == handed.sha256:
                return Answer.TAKEN, ""
            return Answer.REFUSED, "Another roster was handed in at the same time. See which one is to serve."
        if loop.time() >= ends_s:
            return Answer.NONE, ""
        await asyncio.sleep(LOOK_S)


def newest_version(folder: Path) -> int:
    """The highest version that a genuine seal in a controller's roster folder names; 0 where there is none."""
    versions = [0]
    for name in (CURRENT, PREVIOUS):
        seal = _seal(folder / name)
        versions.append(0 if seal is None else seal.version)
    return max(versions)


def was_handed_in(folder: Path, past: int, batch: int) -> bool:
    """Whether a roster of this batch, newer than version `past`, was handed in: it is taken, waits, or is refused."""
    seals = (_seal(folder / name) for name in (INCOMING, CURRENT, PREVIOUS, REFUSED))
    return any(seal is not None and seal.version > past and seal.source.startswith(f"{batch}:") for seal in seals)


def _seal(path: Path) -> Seal | None:
    """The seal of a file by whoever signed it; None where there is none that could be in service."""
    try:
        return seal_of(path, [claimed_signer(path)])
    except (RosterError, OSError):
        return None


def _sha256(path: Path) -> str:
    seal = _seal(path)
    return "" if seal is None else seal.sha256


def _inode(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def _why(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(WHY_BYTES_MAX).decode(errors="replace").strip()
    except OSError as error:
        return f"{path}: {error.strerror}"
