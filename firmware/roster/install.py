"""Puts a roster into service and takes it out of the folder again at start; the last good one is always kept.

    roster            in use
    roster.previous   the one before it; after an erasure a second name of the one in use
    roster.new        being written; meaningless after a cut
    roster.kept       the second name of the one in use while it is replaced; meaningless after a cut
    incoming.roster   handed in, not proven yet (handover.py)
    incoming.refused  the last one that was refused, with incoming.why beside it

A cut at any instant leaves two good files, not two names of one, under the first two names: the new one is copied
aside, synced and proven there, the one in use gets a second name, one rename swaps, and another makes it the previous.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from firmware.roster.errors import RosterDamaged, RosterError, RosterMissing, RosterOlder, RosterUnusable
from firmware.roster.files import NotRegularError, open_regular, remove, sync_folder
from firmware.roster.floors import NO_FLOOR, NO_FLOORS, Floor, Floors
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import ROSTER_BYTES_MAX, Seal, check, claimed_signer, read_seal

CURRENT, PREVIOUS, ASIDE, KEPT = "roster", "roster.previous", "roster.new", "roster.kept"
FORGETTING = "roster.forgetting"
INCOMING, REFUSED, WHY = "incoming.roster", "incoming.refused", "incoming.why"
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
    floor: Floor = NO_FLOOR,
    *,
    digest_key_id: str | Collection[str] | None = None,
) -> Roster:
    """Prove `new_file`, put it into service durably and open it. Reads and writes all of it: not on the event loop.

    `floor` must admit it, and it must not be older than what was ever in `folder`, as far as the seals there tell; the
    version in service is taken again only if it is the same file, or if the one in service is damaged. Raises
    RosterError; what was in service stays then.
    """
    proven: Roster | None = None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        current, previous, aside, kept = (folder / name for name in (CURRENT, PREVIOUS, ASIDE, KEPT))
        standing, seen = _look(current, trusted_keys)
        before = seal_of(previous, trusted_keys)
        try:
            _copy(new_file, aside)
            least = max(seen, before.version if before is not None else 0)
            proven = _open(aside, trusted_keys, floor, least, digest_key_id)
            seal = proven.seal
            if standing is not None and seal.sha256 == standing.sha256:
                return _open(current, trusted_keys, NO_FLOOR, 0, digest_key_id)
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
            proven.path = current
            installed, proven = proven, None
            return installed
        finally:
            remove(aside)
            remove(kept)  # a rename between two names of one file leaves both
            if proven is not None:
                proven.close()
    except OSError as error:
        raise RosterError(f"{new_file} was not installed: {error}. Look at the disk; the one in use stays.") from error


def load_last_good(
    folder: Path,
    trusted_keys: Collection[bytes],
    floors: Floors = NO_FLOORS,
    *,
    digest_key_id: str | Collection[str] | None = None,
) -> Loaded:
    """Open the roster in service, or the one before it where that is refused. Nothing is changed or deleted.

    `floors` are what was in service before, each for its own file; `refused` says why the one before is used. Raises
    RosterMissing where there has never been one, RosterError where none is good.
    """
    refused: list[RosterError] = []
    for name, floor in ((CURRENT, floors.current), (PREVIOUS, floors.previous)):
        try:
            roster = _open(folder / name, trusted_keys, floor, 0, digest_key_id)
        except RosterError as error:
            refused.append(error)
        else:
            return Loaded(roster, tuple(refused))
    if all(isinstance(error, RosterMissing) for error in refused) and floors == NO_FLOORS:
        raise RosterMissing(f"{folder} has no roster yet: nobody is known. Build and install one.")
    why = " ".join(str(error) for error in refused)
    raise RosterError(
        f"{folder} has no good roster: {why} Nothing was deleted: install a good one.", refused[0].version
    )


def open_before(
    folder: Path,
    trusted_keys: Collection[bytes],
    floors: Floors = NO_FLOORS,
    *,
    digest_key_id: str | Collection[str] | None = None,
) -> Roster | None:
    """The roster that `load_last_good` would take if the one in service were damaged; None: it would take none."""
    try:
        return _open(folder / PREVIOUS, trusted_keys, floors.previous, 0, digest_key_id)
    except RosterError:
        return None


def forget_previous(folder: Path) -> None:
    """Make the roster in service the one before it too, durably: whoever was erased stands in neither, nor in a roster
    that was refused. A cut at any instant leaves two good names; done again it completes.

    Raises RosterError where the one in service is not good by itself: the one before it is the last good one then.
    """
    current, forgetting = folder / CURRENT, folder / FORGETTING
    try:
        if not current.exists():
            raise RosterMissing(f"{current}: there is no roster in service. Install one before you forget the last.")
        open_roster(
            current, [claimed_signer(current)]
        ).close()  # whole as it was sealed; whom to trust is not asked here
        remove(forgetting)
        os.link(current, forgetting)
        forgetting.rename(folder / PREVIOUS)
        remove(forgetting)  # the rename did nothing where both were one file already
        for name in (REFUSED, WHY):
            remove(folder / name)
        sync_folder(folder)
    except OSError as error:
        raise RosterError(f"{folder}: the previous roster was not forgotten: {error}. Try again.") from error


def seal_of(path: Path, trusted_keys: Collection[bytes]) -> Seal | None:
    """The genuine seal of a file there, without proving the rest of it; None where there is none."""
    try:
        with open_regular(path) as file:
            return read_seal(file, path, trusted_keys)
    except (RosterError, OSError):
        return None


def _open(
    path: Path,
    trusted_keys: Collection[bytes],
    floor: Floor,
    least: int,
    digest_key_id: str | Collection[str] | None,
) -> Roster:
    """Prove and open a roster that `floor` admits and that is not older than `least`."""
    roster = open_roster(path, trusted_keys, max(floor.version, least), digest_key_id=digest_key_id)
    if floor.admits(roster.seal):
        return roster
    roster.close()
    raise RosterOlder(
        f"{path}: another roster of version {roster.version} was in service. Build it again with a higher version.",
        roster.version,
    )


def _look(path: Path, trusted_keys: Collection[bytes]) -> tuple[Seal | None, int]:
    """The seal of a good file there, and the version that a genuine seal there names, even of a damaged one; or 0."""
    try:
        with open_regular(path) as file:
            seal = check(file, path, trusted_keys, 0)
    except (FileNotFoundError, NotRegularError):
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
        reading = open_regular(source)
    except FileNotFoundError as error:
        raise RosterMissing(f"{source}: there is no such file.") from error
    with reading, open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as writing:
        if os.fstat(reading.fileno()).st_size > ROSTER_BYTES_MAX:
            raise RosterError(f"{source} is larger than a roster ever is ({ROSTER_BYTES_MAX} bytes).")
        while content := reading.read(COPIED_AT_ONCE_BYTES):
            writing.write(content)
            os.sched_yield()  # to a swipe, where there is one core for both
        writing.flush()
        os.fsync(writing.fileno())
