"""Signed heads: the device's word on which row was its newest. A head outside the board is a witness.

What is signed is `"menshen journal head 1\\n"` and the JSON of `Head` below; the signature is Ed25519 by the device's
key. The same form stands in the database at each checkpoint and in the head file beside it, which names the old epoch
when the database is lost.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from firmware.journal.errors import JournalDamaged

HEAD_FILE = "journal.head"
HEAD_FILE_BYTES_MAX = 4096  # a head file is under 400 bytes

_DOMAIN = b"menshen journal head 1\n"


class Signer(Protocol):
    """The device's key as the journal needs it. `sign` is called in the writer's thread."""

    @property
    def public_key(self) -> bytes:
        """32 raw bytes, Ed25519."""

    def sign(self, message: bytes, /) -> bytes:
        """64 bytes."""


class SignedHead(msgspec.Struct, frozen=True):
    """A head with its signature. Hash, key and signature are in hexadecimal."""

    epoch: int
    seq: int
    hash: str
    utc_ms: int | None
    public_key: str
    signature: str

    def signed_bytes(self) -> bytes:
        """What the signature is about."""
        return _signed_bytes(self.epoch, self.seq, self.hash, self.utc_ms)

    def holds(self, public_key: bytes) -> bool:
        """Whether that key signed exactly this head."""
        try:
            key = Ed25519PublicKey.from_public_bytes(public_key)
            key.verify(bytes.fromhex(self.signature), self.signed_bytes())
        except (InvalidSignature, ValueError):
            return False
        return True


def _signed_bytes(epoch: int, seq: int, digest: str, utc_ms: int | None) -> bytes:
    return _DOMAIN + msgspec.json.encode({"epoch": epoch, "seq": seq, "hash": digest, "utc_ms": utc_ms})


def sign_head(signer: Signer, epoch: int, seq: int, digest: bytes, utc_ms: int | None) -> SignedHead:
    """The head of a journal, signed now."""
    text = digest.hex()
    signature = signer.sign(_signed_bytes(epoch, seq, text, utc_ms))
    return SignedHead(epoch, seq, text, utc_ms, signer.public_key.hex(), signature.hex())


def head_file(head: SignedHead) -> bytes:
    """What stands in a head file."""
    return msgspec.json.format(msgspec.json.encode(head), indent=2) + b"\n"


def write_head(path: Path, head: SignedHead) -> None:
    """Put a head file in place, whole or not at all. Raises OSError."""
    aside = path.with_name(path.name + ".new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            file.write(head_file(head))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.rename(path)
    sync_folder(path.parent)


def read_head(path: Path) -> SignedHead | None:
    """The head of a head file, None where there is none. Raises JournalDamaged, OSError."""
    try:
        with path.open("rb") as file:
            content = file.read(HEAD_FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    if len(content) > HEAD_FILE_BYTES_MAX:
        raise JournalDamaged(f"{path} is too long for a head file: use the one the controller wrote")
    return head_of(content, str(path))


def head_of(content: bytes, name: str) -> SignedHead:
    """The head that stands in a head file's content. Raises JournalDamaged."""
    try:
        return msgspec.json.decode(content, type=SignedHead)
    except (msgspec.DecodeError, ValueError) as error:
        raise JournalDamaged(f"{name} is not a head file ({error}): use the one the controller wrote") from error


def sync_folder(folder: Path) -> None:
    """Make names made, moved or removed in a folder durable. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
