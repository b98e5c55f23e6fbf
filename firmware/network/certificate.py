"""The page's own key and certificate for TLS: `python -m firmware.network.certificate FOLDER NAME...` makes them.

ECDSA on P-256 and not the controller's Ed25519 key: no browser takes Ed25519 in TLS (Chromium 156 closes the
connection), and the network process must not have a key that signs rosters. What it is pinned by is its fingerprint.
A process of its own makes it: what reads and writes certificates takes 17 MB that the page would keep.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from firmware.identity import IdentityError, read_private
from firmware.network.errors import CertificateError

FILE_NAME = "page.pem"
FOR = b"Menshen page certificate for "
FINGERPRINT = b"fingerprint: "
BEGIN, END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
MADE_S_MAX = 60.0
ADVICE = "Move it away and start again: a new one is made, and every browser asks anew whether to trust it."


class PageCertificate:
    """A file with key and certificate as OpenSSL takes them, and two lines before them that OpenSSL skips."""

    def __init__(self, path: Path, names: tuple[str, ...], fingerprint: str, certificate_fingerprint: str) -> None:
        self.certificate_fingerprint = certificate_fingerprint  # SHA-256 of the certificate, as most browsers show it
        self.path = path
        self.names = names
        self.fingerprint = fingerprint  # SHA-256 of the SubjectPublicKeyInfo: a new certificate of the key keeps it

    def context(self) -> ssl.SSLContext:
        """What a server needs: TLS 1.2 or newer, forward secrecy, HTTP/1.1. Raises CertificateError."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # of TLS 1.2; those of 1.3 are all good
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.path)
        except (ssl.SSLError, OSError) as error:
            raise CertificateError(f"{self.path} cannot be used: {error}. {ADVICE}") from error
        return context


async def certificate_in(folder: Path, names: tuple[str, ...]) -> PageCertificate:
    """The page's certificate for these names; made, or made anew of the same key, where it is not there so.

    Raises CertificateError.
    """
    found = _read(folder)
    if found is None or found.names != names:
        await _make_beside(folder, names)
        found = _read(folder)
    if found is None:
        raise CertificateError(f"{folder / FILE_NAME} could not be made. Look at the disk.")
    return found


def _read(folder: Path) -> PageCertificate | None:
    path = folder / FILE_NAME
    try:
        content = read_private(path, advice=ADVICE)
    except (IdentityError, OSError) as error:
        raise CertificateError(str(error)) from error
    if content is None:
        return None
    first, second, *_ = [*content.split(b"\n", 2), b"", b""]
    if not first.startswith(FOR) or not second.startswith(FINGERPRINT):
        raise CertificateError(f"{path} is no certificate of this page. {ADVICE}")
    names = tuple(first[len(FOR) :].decode("ascii", "replace").split())
    shown = hashlib.sha256(_certificate_of(content)).hexdigest()
    return PageCertificate(path, names, second[len(FINGERPRINT) :].decode("ascii", "replace"), shown)


def _certificate_of(content: bytes) -> bytes:
    """The certificate's bytes; none of a file that has none, which TLS will refuse."""
    block = content.partition(BEGIN)[2].partition(END)[0]
    try:
        return base64.b64decode(block)
    except ValueError:
        return b""


def fingerprint_in(folder: Path) -> str:
    """The fingerprint of the page's key; empty where there is none yet. Raises CertificateError."""
    found = _read(folder)
    return "" if found is None else found.fingerprint


async def _make_beside(folder: Path, names: tuple[str, ...]) -> None:
    maker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware.network.certificate", str(folder), *names, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(MADE_S_MAX):
            _, complaint = await maker.communicate()
    except TimeoutError as error:
        maker.kill()
        await maker.wait()
        raise CertificateError(f"{folder / FILE_NAME} was not made in {MADE_S_MAX:.0f} s") from error
    if maker.returncode:
        said = complaint.decode(errors="replace").strip().splitlines()
        raise CertificateError(f"{folder / FILE_NAME} could not be made: {said[-1] if said else 'no reason is known'}")


# -- the maker's process ----------------------------------------------------------------------------------------------


def make(folder: Path, names: Sequence[str]) -> None:
    """Write key and certificate for these names, of the key that is there if there is one."""
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    path = folder / FILE_NAME
    kept = read_private(path, advice=ADVICE)
    if kept is None:
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        loaded = serialization.load_pem_private_key(kept, None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey), "the page's key is one of P-256"
        key = loaded
    alternatives: list[x509.GeneralName] = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Menshen")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # It never expires (RFC 5280, 4.1.2.5): the clock may be wrong when it is made. Trust comes from the pinned key.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(public)
    content = FOR + " ".join(names).encode("ascii") + b"\n" + FINGERPRINT + digest.finalize().hex().encode() + b"\n"
    content += key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    content += certificate.public_bytes(serialization.Encoding.PEM)
    _write(path, content)


def _write(path: Path, content: bytes) -> None:
    """After a power cut it is there wholly or not at all."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2:])
