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

from firmware.roster.errors import RosterDamaged, RosterError, RosterMissing, RosterOlder, RosterUnusable
from firmware.roster.files import remove, sync_folder
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import ROSTER_BYTES_MAX, Seal, check

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

    It must not be older than `minimum_version` nor than what was ever in `folder`, as far as the seals there tell; the
    version in service is taken again only if it is the same file, or if the one in service is damaged. Raises
    RosterError; what was in service stays then.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        current, previous, aside, kept = (folder / name for name in (CURRENT, PREVIOUS, ASIDE, KEPT))
        standing, seen = _look(current, trusted_keys)
        least = max(minimum_version, seen, _look(previous, trusted_keys)[1])
        try:
            _copy(new_file, aside)
            with open_roster(aside, trusted_keys, least, digest_key_id=digest_key_id) as proven:
                seal = proven.seal
            if standing is not None and seal.sha256 == standing.sha256:
                return open_roster(current, trusted_keys, digest_key_id=digest_key_id)
            if standing is not None and seal.version == standing.version:
                raise RosterOlder(
                    f"{new_file}: another roster of version {seal.version} is in service. "
                    "Build it again with a higher version.",
                    seal.version,
                )
            remove(kept)
            if standing is not None:  # only a good one is worth being the last good one
                os.link(current, kept)
            aside.rename(current)
            if standing is not None:
                kept.rename(previous)
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


def _look(path: Path, trusted_keys: Collection[bytes]) -> tuple[Seal | None, int]:
    """The seal of a good file there, and the version that a genuine seal there names, even of a damaged one; or 0."""
    try:
        with path.open("rb") as file:
            seal = check(file, path, trusted_keys, 0)
    except FileNotFoundError:
        return None, 0
    except (RosterDamaged, RosterUnusable) as error:
        return None, error.version or 0  # the seal was proven before this was found
    except RosterError:
        return None, 0
    return seal, seal.version


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
