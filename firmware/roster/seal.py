"""The seal of a roster file: its last page, with what the file is, its SHA-256 and the signature over both.

    magic, 24 bytes | length of the manifest, 4 bytes big-endian | manifest, JSON | signature, 64 bytes | zeros

The signature covers every byte of the manifest, the manifest the SHA-256, and the rest must be zeros: no byte of the
file can be changed without being noticed. SQLite ignores pages behind those that its header counts.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from firmware.identity import verify
from firmware.roster.errors import RosterDamaged, RosterForeign, RosterOlder, RosterUnsigned, RosterUnusable
from firmware.roster.files import open_regular
from firmware.roster.schema import PAGE_BYTES, SCHEMA

MAGIC = b"Menshen roster, sealed\x01\n"
PURPOSE = b"menshen roster\x00"  # so that a signature over something else can never serve as a seal
LENGTH_BYTES = 4
SIGNATURE_BYTES = 64
ROSTER_BYTES_MAX = 256 << 20  # five times a roster of a million credentials; more would not be hashed in time at start
HASHED_AT_ONCE_BYTES = 1 << 18
_GET_ANOTHER = "Get the roster again from where it was built; the one in use stays."


class Seal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed."""

    schema: int
    version: int
    created_s: int  # UTC
    holders: int
    credentials: int
    bytes: int  # of the SQLite part
    sha256: str  # of the SQLite part, hex
    digest_key_id: str  # of the key with which PINs and tokens were made
    signer: str  # public key, hex
    source: str = ""  # "BATCH:HASH", the head of the source's history (source/history.py); "" from a table
    changes: int = 0  # in the source since the roster that was built of it before


class Signer(Protocol):
    """Who builds a roster. firmware.identity.Identity is one."""

    @property
    def public_key(self) -> bytes: ...
    @property
    def digest_key_id(self) -> str: ...
    def sign(self, message: bytes) -> bytes: ...
    def pseudonym(self, kind: str, value: str) -> str: ...
    def pin_digest(self, salt_holder: str, pin: str) -> bytes: ...


def page_of(seal: Seal, sign: Callable[[bytes], bytes]) -> bytes:
    """The seal as the last page of its file."""
    manifest = msgspec.json.encode(seal)
    page = MAGIC + len(manifest).to_bytes(LENGTH_BYTES, "big") + manifest + sign(PURPOSE + manifest)
    assert len(page) <= PAGE_BYTES
    return page.ljust(PAGE_BYTES, b"\0")


def check(file: BinaryIO, path: Path, trusted_keys: Collection[bytes], minimum_version: int) -> Seal:
    """Prove that the open `file` is what a trusted key signed, and not older than `minimum_version`.

    Reads the whole file once. Raises RosterUnsigned, RosterForeign, RosterUnusable, RosterOlder or RosterDamaged.
    """
    seal = read_seal(file, path, trusted_keys)
    if seal.schema != SCHEMA:
        raise RosterUnusable(
            f"{path}: version {seal.version} has schema {seal.schema}, this program reads {SCHEMA}. "
            "Build it with the program's own version.",
            seal.version,
        )
    if seal.version < minimum_version:
        raise RosterOlder(
            f"{path}: version {seal.version} is older than {minimum_version}. Build it again with a higher version.",
            seal.version,
        )
    if seal.bytes != os.fstat(file.fileno()).st_size - PAGE_BYTES or digest_of(file, seal.bytes) != seal.sha256:
        raise RosterDamaged(f"{path}: version {seal.version} is not what was signed. {_GET_ANOTHER}", seal.version)
    return seal


def read_seal(file: BinaryIO, path: Path, trusted_keys: Collection[bytes]) -> Seal:
    """Prove the seal by itself: that a trusted key signed it. What it seals is not looked at.

    Raises RosterUnsigned, RosterForeign or RosterDamaged.
    """
    size = os.fstat(file.fileno()).st_size
    if size > ROSTER_BYTES_MAX:
        raise RosterDamaged(
            f"{path} has {size} bytes, more than a roster ever has ({ROSTER_BYTES_MAX}). {_GET_ANOTHER}"
        )
    if size < 2 * PAGE_BYTES or size % PAGE_BYTES:
        raise RosterUnsigned(f"{path} is no sealed roster, or it was cut off at {size} bytes. {_GET_ANOTHER}")
    file.seek(size - PAGE_BYTES)
    return _read_page(file.read(PAGE_BYTES), path, trusted_keys)


def claimed_signer(path: Path) -> bytes:
    """The public key that the seal names, without any trust in it: for who wants to look into a stranger's roster.

    Raises RosterUnsigned, OSError.
    """
    with open_regular(path) as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - PAGE_BYTES))
        return _claim_of(file.read(PAGE_BYTES), path)[1]


def is_sealed(path: Path) -> bool:
    """Whether a seal stands at the end of a file, genuine or not: one that is still being copied has none yet."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.pread(descriptor, len(MAGIC), max(0, os.fstat(descriptor).st_size - PAGE_BYTES)) == MAGIC
    except OSError:  # a pipe
        return False
    finally:
        os.close(descriptor)


def digest_of(file: BinaryIO, size: int) -> str:
    """SHA-256 of the first `size` bytes, hex."""
    file.seek(0)
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(HASHED_AT_ONCE_BYTES))
    left = size
    while left:
        count = file.readinto(buffer[: min(left, HASHED_AT_ONCE_BYTES)])  # type: ignore[attr-defined]
        if not count:
            break  # shorter than it was a moment ago: the digest will not fit
        digest.update(buffer[:count])
        os.sched_yield()  # to a swipe, where there is one core for both
        left -= count
    return digest.hexdigest()


def _claim_of(page: bytes, path: Path) -> tuple[Seal, bytes, bytes, bytes]:
    """(seal, the key that it names, the manifest, the signature), as they stand there: nothing is proven yet."""
    start = len(MAGIC) + LENGTH_BYTES
    length = int.from_bytes(page[len(MAGIC) : start], "big")
    end = start + length + SIGNATURE_BYTES
    if not page.startswith(MAGIC) or end > PAGE_BYTES or any(page[end:]):
        raise RosterUnsigned(f"{path} carries no seal. {_GET_ANOTHER}")
    manifest, signature = page[start : start + length], page[start + length : end]
    try:
        seal = msgspec.json.decode(manifest, type=Seal)
        signer = bytes.fromhex(seal.signer)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RosterUnsigned(f"{path} carries a seal that cannot be read: {error}. {_GET_ANOTHER}") from error
    return seal, signer, manifest, signature


def _read_page(page: bytes, path: Path, trusted_keys: Collection[bytes]) -> Seal:
    seal, signer, manifest, signature = _claim_of(page, path)
    if signer not in trusted_keys:
        raise RosterForeign(
            f"{path} is signed by {seal.signer[:16]}…, which this controller does not trust. "
            "Build it on this controller, or add the key to [roster] signers if it is the community's.",
            seal.version,
        )
    if not verify(signer, signature, PURPOSE + manifest):
        raise RosterUnsigned(f"{path}: the signature of its seal is wrong. {_GET_ANOTHER}", seal.version)
    return seal
