"""Local entries on the disk, signed by this controller's own key, before and after it is adopted.

    overlay           in force
    overlay.previous  the one before it
    overlay.new       being written; where it is whole, as good as the others

    magic, 22 bytes | length of the content, 4 bytes big-endian | content, JSON | signature, 64 bytes

Of whatever is genuine under the three names the highest revision counts: a cut at any instant leaves the newest that
was saved, or a newer one. Which revision there has to be is kept elsewhere, in the journal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from firmware.identity import verify
from firmware.roster.entry import Entry
from firmware.roster.errors import RosterError
from firmware.roster.files import open_regular, remove, sync_folder
from firmware.roster.overlay import EMPTY, ENTRIES_BYTES_MAX, Overlay

CURRENT, PREVIOUS, ASIDE = "overlay", "overlay.previous", "overlay.new"
NAMES = (CURRENT, PREVIOUS, ASIDE)
MAGIC = b"Menshen local entries\n"
PURPOSE = b"menshen local entries\x00"  # so that a signature over something else can never serve here
SCHEMA = 1
LENGTH_BYTES = 4
SIGNATURE_BYTES = 64
FILE_BYTES_MAX = 2 << 20
FILE_MODE = 0o600  # card numbers, and who is away
BEHIND_MAX = 1  # revisions: the one before a damaged one is taken as it is; of older ones only what refuses
_ADVICE = "Look at the disk, then at `menshen roster local`: what was suspended, enrolled or ended last may be missing."


class OverlayError(RosterError):
    """Local entries cannot be saved, or what was saved cannot be trusted. `version` is the revision, where known."""


class OverlayMissing(OverlayError):
    """There is no file, and there was one."""


class OverlayDamaged(OverlayError):
    """It was cut off, it is too large, or it is not what was signed."""


class OverlayForeign(OverlayError):
    """Another controller signed it."""


class OverlayOlder(OverlayError):
    """It is genuine, and not the last one."""


class OverlayUnusable(OverlayError):
    """It is genuine, and this program cannot read it."""


class Signer(Protocol):
    """Whose local entries they are. firmware.identity.Identity is one."""

    @property
    def public_key(self) -> bytes: ...
    def sign(self, message: bytes) -> bytes: ...


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed."""

    schema: int
    signer: str  # public key, hex
    revision: int
    entries: tuple[Entry, ...]


class _Head(msgspec.Struct, frozen=True):
    """What is read before the rest, which another schema may write otherwise."""

    schema: int
    signer: str
    revision: int


class Loaded(NamedTuple):
    """The local entries to begin with, and what was refused on the way (a fact and an event each)."""

    overlay: Overlay
    refused: tuple[OverlayError, ...]


def save(overlay: Overlay, folder: Path, identity: Signer) -> None:
    """Sign and keep durably; when it returns, no power cut takes it back. Writes and syncs: not on the event loop.

    Raises OverlayError where the disk fails; what was saved before is still there then, and this may be, too.
    """
    content = _Content(SCHEMA, identity.public_key.hex(), overlay.revision, tuple(overlay))
    body = msgspec.json.encode(content)
    written = MAGIC + len(body).to_bytes(LENGTH_BYTES, "big") + body + identity.sign(PURPOSE + body)
    assert len(body) < ENTRIES_BYTES_MAX + 1_024, "entries are limited when they are made"
    assert len(written) <= FILE_BYTES_MAX
    current, aside = folder / CURRENT, folder / ASIDE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_good(aside, identity.public_key):  # a cut came between the two names below; it may be the newest
            _put_in_place(folder, identity.public_key)
        remove(aside)
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
            file.write(written)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)  # its name too: the next step takes another one's away
        _put_in_place(folder, identity.public_key)
        sync_folder(folder)
    except OSError as error:
        raise OverlayError(
            f"{current}: revision {overlay.revision} was not saved: {error}. It is in force, and gone after a power "
            "cut. Look at the disk.",
            overlay.revision,
        ) from error


def _put_in_place(folder: Path, public_key: bytes) -> None:
    if _is_good(folder / CURRENT, public_key):  # only a good one is worth being the last good one
        (folder / CURRENT).rename(folder / PREVIOUS)
    (folder / ASIDE).rename(folder / CURRENT)


def load(folder: Path, public_key: bytes, minimum_revision: int = 0) -> Loaded:
    """The newest genuine entries there; EMPTY where there have never been any. Nothing is changed or deleted.

    What is older than `minimum_revision` by more than BEHIND_MAX may let in what was ended since: of that only the
    suspensions are taken. The revision goes on from `minimum_revision` at least. Never raises for what is in the files.
    """
    found: list[Overlay | None] = []
    refused: list[OverlayError] = []
    for name in NAMES:
        try:
            found.append(_read(folder / name, public_key))
        except OverlayError as error:
            if name != ASIDE:  # that one is cut off wherever the power went while it was written
                refused.append(error)
    good = [overlay for overlay in found if overlay is not None]
    newest = max(good, key=lambda overlay: overlay.revision, default=None)
    if newest is None:
        if minimum_revision > 0 and not refused:
            refused.append(OverlayMissing(f"{folder / CURRENT} is gone. {_ADVICE}", minimum_revision))
        return Loaded(EMPTY.at_revision(minimum_revision), tuple(refused))
    if newest.revision >= minimum_revision:
        return Loaded(newest, tuple(refused))
    opening = [entry.id for entry in newest if entry.lets_in]
    said = f"{folder}: the newest local entries are of revision {newest.revision}, not {minimum_revision}. {_ADVICE}"
    if minimum_revision - newest.revision > BEHIND_MAX:
        newest = newest.without(*opening)
        said += f" Their suspensions hold; {len(opening)} enrolled or invited credentials open nothing."
    refused.append(OverlayOlder(said, newest.revision))
    return Loaded(newest.at_revision(minimum_revision), tuple(refused))


def _is_good(path: Path, public_key: bytes) -> bool:
    try:
        return _read(path, public_key) is not None
    except OverlayError:
        return False


def _read(path: Path, public_key: bytes) -> Overlay | None:
    """What is in a file; None where there is none. Raises an OverlayError that says what is wrong with it."""
    try:
        with open_regular(path) as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OverlayDamaged(f"{path} cannot be read: {error.strerror}. {_ADVICE}") from error
    start = len(MAGIC) + LENGTH_BYTES
    body, signature = content[start:-SIGNATURE_BYTES], content[-SIGNATURE_BYTES:]
    length = int.from_bytes(content[len(MAGIC) : start], "big")
    if len(content) > FILE_BYTES_MAX or not content.startswith(MAGIC) or len(body) != length:
        raise OverlayDamaged(f"{path} holds no whole local entries ({len(content)} bytes). {_ADVICE}")
    try:
        head = msgspec.json.decode(body, type=_Head)
        if head.signer != public_key.hex():
            raise OverlayForeign(
                f"{path} is signed by {head.signer[:16]!a}, not by this controller. Local entries stay where they were "
                f"made. {_ADVICE}"
            )
        if not verify(public_key, signature, PURPOSE + body):
            raise OverlayDamaged(f"{path} is not what this controller signed. {_ADVICE}")
        if head.schema != SCHEMA:
            raise OverlayUnusable(
                f"{path} has schema {head.schema}, this program reads {SCHEMA}. Use the program that wrote it, or make "
                "its entries anew.",
                head.revision,
            )
        decoded = msgspec.json.decode(body, type=_Content)
        return Overlay(decoded.entries, decoded.revision)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise OverlayDamaged(f"{path} holds no local entries: {error}. {_ADVICE}") from error
    except OverlayError:
        raise
    except RosterError as error:  # genuine, and yet not what may be: of another program
        raise OverlayUnusable(f"{path}: {error}. {_ADVICE}") from error
