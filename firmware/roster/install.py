"""Puts a roster into service and takes it out of the folder again at start; the last good one is always kept.

    roster            in use
    roster.previous   the one before it
    roster.new        being written; meaningless after a cut
    roster.kept       the second name of the one in use while it is replaced; meaningless after a cut

A cut at any instant leaves two good files, not two names of one, under the first two names: the new one is copied
aside, synced and proven there, the one in use gets a second name, one rename swaps, and another makes it the previous.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from firmware.roster.errors import RosterError, RosterMissing, RosterOlder
from firmware.roster.files import remove, sync_folder
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import ROSTER_BYTES_MAX, check

CURRENT, PREVIOUS, ASIDE, KEPT = "roster", "roster.previous", "roster.new", "roster.kept"
FILE_MODE = 0o600
COPIED_AT_ONCE_BYTES = 1 << 18


class Loaded(NamedTuple):
    """The roster to use, and what was refused before it, in order (a fact and an event each)."""

    roster: Roster
    refused: tuple[RosterError, ...]


def install(
    new_file: Path,
    folder: Path,
    trusted_keys: Collection[bytes],
    minimum_version: int = 0,
    *,
    digest_key_id: str | None = None,
) -> Roster:
    """Prove `new_file`, put it into service durably and open it. Reads and writes all of it: not on the event loop.

    It must not be older than `minimum_version` nor than the one in `folder`; the same version is taken only if it is
    the same file. A file in `folder` that is damaged does not stand in the way. Raises RosterError; what was in
    service stays then.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        current, aside = folder / CURRENT, folder / ASIDE
        standing = _standing_version(current, trusted_keys)
        try:
            _copy(new_file, aside)
            with open_roster(aside, trusted_keys, minimum_version, digest_key_id=digest_key_id) as proven:
                seal = proven.seal
            if standing is not None and seal.version <= standing[0]:
                if seal.sha256 == standing[1]:
                    return open_roster(current, trusted_keys, digest_key_id=digest_key_id)
                raise RosterOlder(
                    f"{new_file}: version {seal.version} is not newer than {standing[0]}, which is in service. "
                    "Build it again with a higher version.",
                    seal.version,
                )
            kept = folder / KEPT
            remove(kept)
            if standing is not None:  # only a good one is worth being the last good one
                os.link(current, kept)
            aside.rename(current)
            if standing is not None:
                kept.rename(folder / PREVIOUS)
            sync_folder(folder)
        finally:
            remove(aside)
    except OSError as error:
        raise RosterError(f"{new_file} was not installed: {error}. Look at the disk; the one in use stays.") from error
    return open_roster(current, trusted_keys, digest_key_id=digest_key_id)


def load_last_good(
    folder: Path, trusted_keys: Collection[bytes], minimum_version: int = 0, *, digest_key_id: str | None = None
) -> Loaded:
    """Open the roster in service, or the one before it where that is refused. Nothing is changed or deleted.

    `minimum_version` holds for the one in service; the one before it may be older, and `refused` says why it is used.
    Raises RosterMissing where there has never been one, RosterError where none is good.
    """
    refused: list[RosterError] = []
    for name, least in ((CURRENT, minimum_version), (PREVIOUS, 0)):
        try:
            roster = open_roster(folder / name, trusted_keys, least, digest_key_id=digest_key_id)
        except RosterError as error:
            refused.append(error)
        else:
            return Loaded(roster, tuple(refused))
    if all(isinstance(error, RosterMissing) for error in refused):
        raise RosterMissing(f"{folder} has no roster yet: nobody is known. Build and install one.")
    why = " ".join(str(error) for error in refused)
    raise RosterError(
        f"{folder} has no good roster: {why} Nothing was deleted: install a good one.", refused[0].version
    )


def _standing_version(current: Path, trusted_keys: Collection[bytes]) -> tuple[int, str] | None:
    """Version and SHA-256 of the roster in service; None where there is none that is good."""
    try:
        with current.open("rb") as file:
            seal = check(file, current, trusted_keys, 0)
    except (FileNotFoundError, RosterError):
        return None
    return seal.version, seal.sha256


def _copy(source: Path, aside: Path) -> None:
    """The bytes of `source`, synced, under another name; proven afterwards, so that it is the copy that counts."""
    remove(aside)
    try:
        reading = source.open("rb")
    except FileNotFoundError as error:
        raise RosterMissing(f"{source}: there is no such file.") from error
    with reading, open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as writing:
        if os.fstat(reading.fileno()).st_size > ROSTER_BYTES_MAX:
            raise RosterError(f"{source} is larger than a roster ever is ({ROSTER_BYTES_MAX} bytes).")
        shutil.copyfileobj(reading, writing, COPIED_AT_ONCE_BYTES)
        writing.flush()
        os.fsync(writing.fileno())
