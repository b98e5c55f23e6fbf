"""The templates on the disk: one file that only this controller can read, replaced as a whole.

    magic, 22 bytes | revision, 8 bytes big-endian | nonce, 12 bytes | AES-256-GCM of MessagePack, with its tag

The key follows from this controller's own (firmware/identity.py), its id and the revision are proven with the content:
a file of another controller, or one whose revision was changed, is none. Which revision there has to be at least is
kept in the journal, so that a folder put back to yesterday lets nobody in again. There is no second copy, no journal
and no temporary file: what is withdrawn is in no file any more, and the blocks of the file before are written over.
What a flash chip keeps of them for its own ends nobody can wipe; it stays encrypted.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Protocol

import msgspec

from firmware.faces.enrolled import Enrolled, Faces
from firmware.faces.errors import FacesError, StoreUnreadable
from firmware.faces.receipt import Signed
from firmware.identity import IdentityError, read_private

NAME, ASIDE = "faces.sealed", "faces.sealed.new"
MAGIC = b"Menshen enrolled faces"
REVISION_BYTES, NONCE_BYTES, TAG_BYTES = 8, 12, 16
HEAD_BYTES = len(MAGIC) + REVISION_BYTES + NONCE_BYTES
FILE_BYTES_MAX = 16 << 20
FILE_MODE, FOLDER_MODE = 0o600, 0o700
SCHEMA = 1
PURPOSE = "enrolled faces"
_ADVICE = "Nobody is recognised until it is put right; cards and PINs go on. Enrol anew, or look at the disk."


class Owner(Protocol):
    """Whose templates they are. firmware.identity.Identity is one."""

    id: str

    def sealing_key(self, purpose: str) -> bytes: ...


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: int
    enrolled: tuple[Enrolled, ...]
    receipts: tuple[Signed, ...] = ()


def load(folder: Path, owner: Owner, least: int = 0) -> Faces:
    """What is enrolled here. `least`: the revision that there has to be; of an older file nothing is taken.

    Raises StoreUnreadable. Without a file, and where there never was one, nobody is enrolled.
    """
    path = folder / NAME
    try:
        content = read_private(path, FILE_BYTES_MAX, _ADVICE)
    except IdentityError as error:
        raise StoreUnreadable(str(error)) from error
    except OSError as error:
        raise StoreUnreadable(f"{path}: {error.strerror}. {_ADVICE}") from error
    if content is None:
        if least:
            raise StoreUnreadable(f"{path} is gone; revision {least} should be there. {_ADVICE}")
        return Faces()
    faces = _unsealed(path, content, owner)
    if faces.revision < least:
        raise StoreUnreadable(
            f"{path} is of revision {faces.revision}, and {least} has been there: it was put back, and would bring "
            f"back what was withdrawn. {_ADVICE}"
        )
    return faces


def save(faces: Faces, folder: Path, owner: Owner) -> None:
    """Keep durably, and write over the file before. Writes and syncs: not on the event loop.

    Raises FacesError where the disk fails; then what was saved before is still there, or this.
    """
    path, aside = folder / NAME, folder / ASIDE
    sealed = _sealed(faces, owner)
    if len(sealed) > FILE_BYTES_MAX:
        raise FacesError(f"{len(sealed)} bytes of enrolled faces are more than {FILE_BYTES_MAX}")
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _wipe(aside)  # a cut came before it had its name
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        before = _opened(path)
        try:
            aside.rename(path)
            _sync(folder)
            if before is not None:
                _write_over(before)
        finally:
            if before is not None:
                os.close(before)
    except OSError as error:
        raise FacesError(
            f"{path}: revision {faces.revision} was not saved: {error.strerror}. Look at the disk."
        ) from error


def tidy(folder: Path) -> None:
    """At the start: wipe what a power cut has left aside. Raises FacesError."""
    try:
        _wipe(folder / ASIDE)
    except OSError as error:
        raise FacesError(f"{folder / ASIDE}: {error.strerror}. Look at the disk.") from error


def _sealed(faces: Faces, owner: Owner) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    body = msgspec.msgpack.encode(_Content(SCHEMA, tuple(faces), faces.receipts))
    revision, nonce = faces.revision.to_bytes(REVISION_BYTES, "big"), secrets.token_bytes(NONCE_BYTES)
    return MAGIC + revision + nonce + AESGCM(owner.sealing_key(PURPOSE)).encrypt(nonce, body, _proven(revision, owner))


def _unsealed(path: Path, content: bytes, owner: Owner) -> Faces:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if not content.startswith(MAGIC) or len(content) < HEAD_BYTES + TAG_BYTES:
        raise StoreUnreadable(f"{path} holds no enrolled faces, or was cut off. {_ADVICE}")
    revision = content[len(MAGIC) : len(MAGIC) + REVISION_BYTES]
    nonce = content[len(MAGIC) + REVISION_BYTES : HEAD_BYTES]
    try:
        body = AESGCM(owner.sealing_key(PURPOSE)).decrypt(nonce, content[HEAD_BYTES:], _proven(revision, owner))
        decoded = msgspec.msgpack.decode(body, type=_Content)
        if decoded.schema != SCHEMA:
            raise StoreUnreadable(f"{path} has schema {decoded.schema}, this program reads {SCHEMA}. {_ADVICE}")
        return Faces(decoded.enrolled, int.from_bytes(revision, "big"), decoded.receipts)
    except InvalidTag as error:
        raise StoreUnreadable(f"{path} is damaged, or another controller's. {_ADVICE}") from error
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise StoreUnreadable(f"{path} holds no enrolled faces of this program. {_ADVICE}") from error
    except StoreUnreadable:
        raise
    except FacesError as error:  # genuine, and yet not what may be: of another program
        raise StoreUnreadable(f"{path}: {error}. {_ADVICE}") from error


def _proven(revision: bytes, owner: Owner) -> bytes:
    """What is proven beside the content."""
    return MAGIC + revision + owner.id.encode()


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None


def _write_over(descriptor: int) -> None:
    """Random bytes in place of what a file held: its blocks are the file system's again when it is closed."""
    left, at = os.fstat(descriptor).st_size, 0
    while left > 0:
        at += os.pwrite(descriptor, secrets.token_bytes(min(left, 1 << 20)), at)
        left = os.fstat(descriptor).st_size - at
    os.fsync(descriptor)


def _wipe(path: Path) -> None:
    descriptor = _opened(path)
    if descriptor is None:
        return
    try:
        _write_over(descriptor)
    finally:
        os.close(descriptor)
    path.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
