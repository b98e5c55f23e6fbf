"""Who this controller is: key, id, certificate, claim code and digest key, made on the first run and then only used.

All of it stands in one file, `identity.pem`, so that it is there wholly or not at all. OpenSSL skips the parts it does
not know, so the same file serves `ssl.SSLContext.load_cert_chain`. `identity.public.json` beside it says that there has
been an identity: where that one is left and the other is gone, nothing is made anew.

cryptography is imported where it is needed: Ed25519 costs 25 ms and 8 MB, x509 (first run only) 180 ms and 17 MB.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FILE_NAME = "identity.pem"
PUBLIC_NAME = "identity.public.json"
FILE_BYTES_MAX = 1 << 16  # ours has 2 kB; a larger file is not ours
KEY_BYTES = 32
ID_HASH_BYTES = 10  # 80 bits: 16 letters, and no two of a million controllers alike (p = 4e-13)
CLAIM_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
CLAIM_LOOK_ALIKES = str.maketrans("ILO", "110")  # as Crockford has it
CLAIM_GROUPS, CLAIM_GROUP_LETTERS = 3, 4  # 12 letters of 5 bits: 60 bits
DIGEST_BYTES = 16  # of a PIN: keyed, so that length only has to keep 250,000 of them apart
TOKEN_BYTES = 8

# RFC 8410, section 7: PrivateKeyInfo and SubjectPublicKeyInfo of Ed25519 are these bytes and the 32 bytes of the key.
PRIVATE_KEY_PREFIX = bytes.fromhex("302e020100300506032b657004220420")
PUBLIC_KEY_PREFIX = bytes.fromhex("302a300506032b6570032100")

_CHECK_LINE = re.compile(rb"sha256: ([0-9a-f]{64})\n\Z")
_ADVICE = "Restore it from a backup, or move the folder away to begin with a new identity (it must be adopted again)."


class IdentityError(Exception):
    """The identity cannot be used. The message says which file, what is wrong with it and what to do."""


class _Secrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The block of identity.pem that OpenSSL does not know."""

    public_key: str  # hex
    digest_key: str  # hex
    claim_code: str


class PublicHalf(msgspec.Struct, frozen=True):
    """What may be known of a controller: printed on labels, announced, pinned."""

    id: str
    public_key: str  # hex
    fingerprint: str


class DigestKey:
    """A key for digests of PINs and for pseudonyms: the controller's own, or that of the community that adopted it."""

    def __init__(self, key: bytes) -> None:
        assert len(key) == KEY_BYTES
        self._key = key
        self.digest_key_id = self._digest(b"id", "", "")[:TOKEN_BYTES].hex()

    def __repr__(self) -> str:
        return f"DigestKey({self.digest_key_id})"

    def pseudonym(self, kind: str, value: str) -> str:
        """A token of 16 hex digits: the same for the same value, and meaningless without this key."""
        return self._digest(b"pseudonym", kind, value)[:TOKEN_BYTES].hex()

    def pin_digest(self, salt_holder: str, pin: str) -> bytes:
        """The keyed digest of a PIN, 16 bytes; `salt_holder` is "" where the PIN alone identifies."""
        return self._digest(b"pin", salt_holder, pin)[:DIGEST_BYTES]

    def _digest(self, purpose: bytes, first: str, second: str) -> bytes:
        # Any text has a digest, lone surrogates too. The length keeps ("ab", "c") and ("a", "bc") apart.
        head, tail = first.encode("utf-8", "surrogatepass"), second.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, b"%b %d %b%b" % (purpose, len(head), head, tail), "sha256")


class Identity(DigestKey):
    """A controller's secrets and what follows from them. Made by `load_or_create`; immutable."""

    def __init__(self, path: Path, seed: bytes, digest_key: bytes, claim_code: str, public_key: bytes) -> None:
        assert len(seed) == len(digest_key) == len(public_key) == KEY_BYTES
        self.path = path  # certificate and key, as ssl.SSLContext.load_cert_chain takes them
        self.public_key = public_key  # 32 bytes, RFC 8032
        self.id = id_of(public_key)
        self.fingerprint = fingerprint_of(public_key)
        self.claim_code = claim_code  # for the label; who knows it may adopt
        self._seed = seed
        self._private: Ed25519PrivateKey | None = None
        super().__init__(digest_key)

    def __repr__(self) -> str:
        return f"Identity({self.id})"  # never the secrets: this ends up in tracebacks

    @classmethod
    def load_or_create(cls, folder: Path) -> Identity:
        """Take the identity in `folder` (mode 0700, made if missing), or make one if there has never been one.

        Raises IdentityError for a file or folder that others can read or that is not ours, for a damaged file, and
        where only the public half is left. Two processes may call this at once: both get the same identity.
        """
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise IdentityError(f"{folder}: {error.strerror}. The identity needs a folder of its own there.") from error
        try:
            _refuse_open_to_others(folder, os.fstat(descriptor))
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # one process makes it, the others wait and read
            path = folder / FILE_NAME
            content = read_private(path)
            if content is None:
                _refuse_lost(folder)
                content = _make()
                _write_aside(path, content, descriptor)
            identity = _parse(path, content)
            if not (folder / PUBLIC_NAME).exists():
                half = PublicHalf(identity.id, identity.public_key.hex(), identity.fingerprint)
                _write_aside(folder / PUBLIC_NAME, msgspec.json.encode(half) + b"\n", descriptor)
            return identity
        except OSError as error:
            raise IdentityError(f"{error.filename or folder}: {error.strerror}. Look at the disk.") from error
        finally:
            os.close(descriptor)

    def sign(self, message: bytes) -> bytes:
        """An Ed25519 signature, 64 bytes (RFC 8032). The caller begins `message` with what it is for."""
        if self._private is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            self._private = Ed25519PrivateKey.from_private_bytes(self._seed)
        return self._private.sign(message)

    def is_claim_code(self, typed: str) -> bool:
        """Whether a person typed the claim code: in any case, with or without hyphens, I and L as 1, O as 0."""
        letters = "".join(typed.upper().split()).replace("-", "").translate(CLAIM_LOOK_ALIKES)
        return hmac.compare_digest(letters.encode("utf-8", "replace"), self.claim_code.replace("-", "").encode())

    def sealing_key(self, purpose: str) -> bytes:
        """A key of 32 bytes for what may be read on this controller only (RFC 5869, HKDF-Expand from our own key)."""
        return hmac.digest(self._seed, b"menshen sealing " + purpose.encode() + b"\x01", "sha256")


def renew_claim_code(folder: Path) -> Identity:
    """Give the identity in `folder` another claim code, durably: who knew the old one can adopt no more.

    Key, id, certificate and digest key stay. Raises IdentityError as `load_or_create`; OSError.
    """
    path = folder / FILE_NAME
    content = read_private(path)
    if content is None:
        return Identity.load_or_create(folder)
    was = _parse(path, content)
    hidden = _Secrets(was.public_key.hex(), was._key.hex(), _new_claim_code())
    start = content.index(b"-----BEGIN MENSHEN SECRETS-----")
    made = _checked(content[:start] + _block("MENSHEN SECRETS", msgspec.json.encode(hidden)))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        _write_aside(path, made, descriptor)
    finally:
        os.close(descriptor)
    return _parse(path, made)


def id_of(public_key: bytes) -> str:
    """A controller's id: 16 letters of `[a-z2-7]` from the hash of its public key; fits a DNS label and a topic."""
    return base64.b32encode(hashlib.sha256(public_key).digest()[:ID_HASH_BYTES]).decode().lower()


def fingerprint_of(public_key: bytes) -> str:
    """SHA-256 of the SubjectPublicKeyInfo in hex: what TLS is pinned by; it survives a new certificate."""
    return hashlib.sha256(PUBLIC_KEY_PREFIX + public_key).hexdigest()


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is `public_key`'s over `message`. Malformed keys and signatures are simply not it."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# -- the file ---------------------------------------------------------------------------------------------------------


def _make() -> bytes:
    """A new identity as the content of its file."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = secrets.token_bytes(KEY_BYTES)
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public_key = private.public_key().public_bytes_raw()
    hidden = _Secrets(public_key.hex(), secrets.token_bytes(KEY_BYTES).hex(), _new_claim_code())
    content = (
        f"Menshen identity of {id_of(public_key)}. Secret: it stays on this controller and in its owner's backup.\n"
    ).encode()
    content += _block("PRIVATE KEY", PRIVATE_KEY_PREFIX + seed)
    content += _certificate_pem(private, id_of(public_key))
    return _checked(content + _block("MENSHEN SECRETS", msgspec.json.encode(hidden)))


def _checked(content: bytes) -> bytes:
    """The content with the line that proves it whole."""
    return content + b"sha256: %b\n" % hashlib.sha256(content).hexdigest().encode()


def _new_claim_code() -> str:
    groups = ("".join(secrets.choice(CLAIM_ALPHABET) for _ in range(CLAIM_GROUP_LETTERS)) for _ in range(CLAIM_GROUPS))
    return "-".join(groups)


def _certificate_pem(private: Ed25519PrivateKey, name: str) -> bytes:
    """A self-signed certificate. It never expires (RFC 5280, 4.1.2.5): the clock may be wrong when it is made.

    Trust comes from the pinned key.
    """
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(f"menshen-{name}.local")]), critical=False)
        .sign(private, algorithm=None)
    )
    return certificate.public_bytes(Encoding.PEM)


def _parse(path: Path, content: bytes) -> Identity:
    """The identity in `content`; a damaged file is refused and left as it is."""
    check = _CHECK_LINE.search(content)
    if check is None or hashlib.sha256(content[: check.start()]).hexdigest().encode() != check[1]:
        raise IdentityError(f"{path} is damaged: its check sum does not fit. {_ADVICE}")
    try:
        private = _unblock(content, "PRIVATE KEY")
        hidden = msgspec.json.decode(_unblock(content, "MENSHEN SECRETS"), type=_Secrets)
        digest_key, public_key = bytes.fromhex(hidden.digest_key), bytes.fromhex(hidden.public_key)
        if not private.startswith(PRIVATE_KEY_PREFIX):
            raise ValueError("the key is not an Ed25519 key")
        seed = private[len(PRIVATE_KEY_PREFIX) :]
        if not len(seed) == len(digest_key) == len(public_key) == KEY_BYTES:
            raise ValueError("a key has the wrong length")
    except (ValueError, msgspec.MsgspecError) as error:
        raise IdentityError(f"{path} is not an identity of this program: {error}. {_ADVICE}") from error
    return Identity(path, seed, digest_key, hidden.claim_code, public_key)


def _block(label: str, content: bytes) -> bytes:
    text = base64.b64encode(content).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _unblock(content: bytes, label: str) -> bytes:
    pattern = rf"^-----BEGIN {label}-----\n([A-Za-z0-9+/=\n]+)-----END {label}-----$".encode()
    found = re.findall(pattern, content, re.MULTILINE)
    if len(found) != 1:
        raise ValueError(f"it has {len(found)} blocks {label}")
    return base64.b64decode(found[0].replace(b"\n", b""), validate=True)


def read_private(path: Path, bytes_max: int = FILE_BYTES_MAX, advice: str = _ADVICE) -> bytes | None:
    """The bytes of a secret file; None if there is none. Raises IdentityError for links, others' files, files that
    others can read and larger ones; OSError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)  # no pipe is waited for
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise IdentityError(f"{path} is not a regular file. {advice}")
        _refuse_open_to_others(path, status)
        content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise IdentityError(f"{path} is larger than {bytes_max} bytes: it is not what it should be. {advice}")
    return content


def _refuse_open_to_others(path: Path, status: os.stat_result) -> None:
    allowed = 0o700 if stat.S_ISDIR(status.st_mode) else 0o600
    if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
        raise IdentityError(f"{path} belongs to user {status.st_uid}, not to {os.geteuid()} who runs this. Chown it.")
    if status.st_mode & 0o077:
        raise IdentityError(
            f"{path} has mode {stat.S_IMODE(status.st_mode):04o}: others can reach the controller's secrets. "
            f"Run `chmod {allowed:04o} {path}`, and make a new identity if somebody may have read it."
        )


def _refuse_lost(folder: Path) -> None:
    if (folder / PUBLIC_NAME).exists():
        raise IdentityError(f"{folder / FILE_NAME} is gone, but {PUBLIC_NAME} says that there was one. {_ADVICE}")


def _write_aside(path: Path, content: bytes, folder_descriptor: int) -> None:
    """Write, sync, rename, sync the folder: after a power cut the file is there wholly or not at all."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    os.fsync(folder_descriptor)
