"""The backup's file: a head, then the content in sealed chunks. Nothing of it can be read without the passphrase.

    magic, 16 bytes | version, 2 | length of the head, 4 | head, JSON | SHA-256 of all that, 32 | check, 32 | chunks

Numbers are big-endian. The passphrase becomes two keys by Argon2id (RFC 9106) with the head's salt and cost: one for
`check`, an HMAC-SHA256 over everything before it, and one for the chunks: ChaCha20-Poly1305 (RFC 8439), each of
`chunk_bytes` of content, the last one shorter or as long. A chunk's nonce is its number (11 bytes) and whether it is
the last (1 byte), and everything before the first chunk is its associated content: a chunk that is cut off, swapped,
repeated, appended or of another file opens nowhere. The digest tells a damaged head from a wrong passphrase.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Iterator
from typing import Annotated, BinaryIO, Literal

import msgspec

from firmware.backup.errors import BackupDamaged, BackupMisused, BackupNewer, WrongPassphrase

MAGIC = b"Menshen backup\r\n"  # a transfer as text changes it
VERSION = 1
VERSION_BYTES, LENGTH_BYTES, DIGEST_BYTES, TAG_BYTES = 2, 4, 32, 16
HEAD_BYTES_MAX = 4_096  # ours has 300
CHUNK_BYTES = 1 << 16
CHUNK_BYTES_MAX = 1 << 20
KEY_BYTES = 32
SALT_BYTES = 32
# RFC 9106, section 4, the recommendation for less memory: 64 MiB, 3 passes, 4 lanes. A second on a board.
MEMORY_KIB, PASSES, LANES = 65_536, 3, 4
# What a reader is ready to spend on a stranger's file: 256 MiB, and less than half a minute on a board.
MEMORY_KIB_MAX, PASSES_MAX, LANES_MAX = 262_144, 10, 16
PASSPHRASE_CHARACTERS_MIN, PASSPHRASE_CHARACTERS_MAX = 12, 1_024
_DAMAGED = "It was cut off, changed, or is another kind of file. Take another copy of it."


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands before the chunks, for everybody to read: nothing of the site. `menshen`: which program made it."""

    menshen: Annotated[str, msgspec.Meta(max_length=64)]
    salt: Annotated[str, msgspec.Meta(pattern=rf"\A[0-9a-f]{{{2 * SALT_BYTES}}}\Z")]
    memory_kib: Annotated[int, msgspec.Meta(ge=1_024, le=MEMORY_KIB_MAX)] = MEMORY_KIB
    passes: Annotated[int, msgspec.Meta(ge=1, le=PASSES_MAX)] = PASSES
    lanes: Annotated[int, msgspec.Meta(ge=1, le=LANES_MAX)] = LANES
    chunk_bytes: Annotated[int, msgspec.Meta(ge=1_024, le=CHUNK_BYTES_MAX)] = CHUNK_BYTES
    derivation: Literal["argon2id"] = "argon2id"
    cipher: Literal["chacha20-poly1305"] = "chacha20-poly1305"


class Cost(msgspec.Struct, frozen=True):
    """What a guess at the passphrase costs."""

    memory_kib: int = MEMORY_KIB
    passes: int = PASSES
    lanes: int = LANES


def sound_passphrase(text: str) -> str:
    """The passphrase as it is used: composed as in NFKC, the same from every keyboard. Raises BackupMisused."""
    composed = unicodedata.normalize("NFKC", text)
    if not PASSPHRASE_CHARACTERS_MIN <= len(composed) <= PASSPHRASE_CHARACTERS_MAX:
        raise BackupMisused(
            f"a passphrase has {PASSPHRASE_CHARACTERS_MIN} to {PASSPHRASE_CHARACTERS_MAX} characters; some words that "
            "belong to nobody are good ones"
        )
    return composed


class Sealer:
    """Writes a backup's file: `write` what is in it, then `finish`. Without that the file opens nowhere."""

    def __init__(self, file: BinaryIO, passphrase: str, menshen: str, cost: Cost | None = None) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        spent = Cost() if cost is None else cost
        head = Head(menshen, secrets.token_bytes(SALT_BYTES).hex(), spent.memory_kib, spent.passes, spent.lanes)
        encoded = msgspec.json.encode(head)
        before = MAGIC + VERSION.to_bytes(VERSION_BYTES, "big") + len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded
        before += hashlib.sha256(before).digest()
        sealing, checking = _keys(head, passphrase)
        before += hmac.digest(checking, before, "sha256")
        self._file = file
        self._cipher = ChaCha20Poly1305(sealing)
        self._before = before
        self._held = bytearray()
        self._number = 0
        file.write(before)

    def write(self, content: bytes) -> None:
        self._held += content
        while len(self._held) > CHUNK_BYTES:  # what may be the last one is held back
            self._put(bytes(self._held[:CHUNK_BYTES]), last=False)
            del self._held[:CHUNK_BYTES]

    def finish(self) -> None:
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, content: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last), content, self._before))
        self._number += 1


def unsealed(file: BinaryIO, passphrase: str) -> Iterator[bytes]:
    """The content, chunk by chunk; only what was proven is yielded, and the end is proven before it ends.

    Raises BackupDamaged, BackupNewer, WrongPassphrase.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    before, head = _read_head(file)
    sealing, checking = _keys(head, passphrase)
    check = _exactly(file, DIGEST_BYTES)
    if not hmac.compare_digest(check, hmac.digest(checking, before, "sha256")):
        raise WrongPassphrase("The passphrase is another one, or somebody changed the head of the file on purpose.")
    before += check
    cipher = ChaCha20Poly1305(sealing)
    size = head.chunk_bytes + TAG_BYTES
    number, held = 0, file.read(size)
    while True:
        following = file.read(size) if len(held) == size else b""
        last = not following
        try:
            yield cipher.decrypt(_nonce(number, last), held, before)
        except InvalidTag:
            raise BackupDamaged(f"The file is damaged after {number * head.chunk_bytes} bytes. {_DAMAGED}") from None
        if last:
            return
        number, held = number + 1, following


def made_by(file: BinaryIO) -> str:
    """Which program made the file, by its head alone. Raises BackupDamaged, BackupNewer."""
    return _read_head(file)[1].menshen


def _read_head(file: BinaryIO) -> tuple[bytes, Head]:
    """The bytes up to the digest, and the head."""
    before = file.read(len(MAGIC))
    if before != MAGIC:
        raise BackupDamaged(f"This is no backup of Menshen, or its beginning is damaged. {_DAMAGED}")
    before += _exactly(file, VERSION_BYTES)
    version = int.from_bytes(before[-VERSION_BYTES:], "big")
    if version > VERSION:
        raise BackupNewer(
            f"The backup has format {version}, this program reads up to {VERSION}. Update Menshen on this board first."
        )
    length = _exactly(file, LENGTH_BYTES)
    size = int.from_bytes(length, "big")
    if version < 1 or size > HEAD_BYTES_MAX:
        raise BackupDamaged(f"The head of the file is damaged. {_DAMAGED}")
    encoded = _exactly(file, size)
    before += length + encoded
    digest = _exactly(file, DIGEST_BYTES)
    if hashlib.sha256(before).digest() != digest:
        raise BackupDamaged(f"The head of the file is damaged: its digest does not fit. {_DAMAGED}")
    try:
        head = msgspec.json.decode(encoded, type=Head)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BackupDamaged(f"The head of the file asks for what this program does not do: {error}.") from error
    if head.memory_kib < 8 * head.lanes:  # RFC 9106, section 3.1
        raise BackupDamaged("The head of the file asks for less memory than its lanes need.")
    return before + digest, head


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise BackupDamaged(f"The file ends in its head. {_DAMAGED}")
    return content


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _keys(head: Head, passphrase: str) -> tuple[bytes, bytes]:
    """The key of the chunks and the key of the check."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    derivation = Argon2id(
        salt=bytes.fromhex(head.salt),
        length=2 * KEY_BYTES,
        iterations=head.passes,
        lanes=head.lanes,
        memory_cost=head.memory_kib,
    )
    try:
        derived = derivation.derive(sound_passphrase(passphrase).encode("utf-8", "surrogatepass"))
    except MemoryError as error:
        raise BackupMisused(f"{head.memory_kib >> 10} MiB of memory are needed to open it") from error
    return derived[:KEY_BYTES], derived[KEY_BYTES:]
