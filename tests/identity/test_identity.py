"""The identity: made once, never remade, never readable by others, and right by independent computation."""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from firmware.identity import FILE_NAME, PUBLIC_NAME, Identity, IdentityError, fingerprint_of, id_of, verify


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "identity"


def test_the_second_run_is_the_same_controller(folder: Path) -> None:
    first = Identity.load_or_create(folder)
    second = Identity.load_or_create(folder)
    for name in ("id", "public_key", "fingerprint", "claim_code", "digest_key_id"):
        assert getattr(first, name) == getattr(second, name)
    assert first.pseudonym("card", "1") == second.pseudonym("card", "1")


def test_two_controllers_share_nothing(tmp_path: Path) -> None:
    one, other = (Identity.load_or_create(tmp_path / name) for name in ("one", "other"))
    for name in ("id", "public_key", "fingerprint", "claim_code", "digest_key_id"):
        assert getattr(one, name) != getattr(other, name)
    assert one.pin_digest("", "1234") != other.pin_digest("", "1234")
    assert one.pseudonym("card", "1") != other.pseudonym("card", "1")


def test_files_are_private_and_no_other_is_left(folder: Path) -> None:
    Identity.load_or_create(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        FILE_NAME: 0o600,
        PUBLIC_NAME: 0o600,
    }


def test_key_and_certificate_are_what_others_make_of_the_file(folder: Path) -> None:
    """The oracle is cryptography's own parser of the PEM file, which the identity does not use to read it."""
    identity = Identity.load_or_create(folder)
    content = identity.path.read_bytes()
    key = load_pem_private_key(content, password=None)
    certificate = x509.load_pem_x509_certificate(content)
    assert key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) == identity.public_key
    assert certificate.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) == identity.public_key
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert identity.fingerprint == hashlib.sha256(spki).hexdigest()
    certificate.verify_directly_issued_by(certificate)
    assert ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(identity.path) is None


def test_ed25519_is_that_of_rfc_8032() -> None:
    """RFC 8032, section 7.1, test 2; and the id and fingerprint computed by hand from its public key."""
    public = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = bytes.fromhex(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert verify(public, signature, b"\x72")
    assert not verify(public, signature, b"\x73")
    assert not verify(public, signature[:-1], b"\x72")
    assert not verify(public[:-1], signature, b"\x72")
    spki = bytes.fromhex("302a300506032b6570032100") + public
    assert (
        Ed25519PublicKey.from_public_bytes(public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == spki
    )
    assert fingerprint_of(public) == hashlib.sha256(spki).hexdigest()
    assert re.fullmatch("[a-z2-7]{16}", id_of(public))


def test_signatures_verify_and_only_for_their_message(folder: Path) -> None:
    identity = Identity.load_or_create(folder)
    signature = identity.sign(b"head 17")
    assert len(signature) == 64
    Ed25519PublicKey.from_public_bytes(identity.public_key).verify(signature, b"head 17")
    assert not verify(identity.public_key, signature, b"head 18")


def test_a_claim_code_is_known_as_people_type_it(tmp_path: Path) -> None:
    """Crockford's base 32: case and hyphens do not count, I and L are 1, O is 0."""
    identity = Identity.load_or_create(tmp_path)
    code = identity.claim_code
    mistaken = code.replace("1", "l").replace("0", "O")
    for typed in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')} ", mistaken):
        assert identity.is_claim_code(typed), typed
    other = "A" if code[0] != "A" else "B"
    for typed in ("", code[:-1], code + "0", other + code[1:], "\ud800", "Ａ" + code[1:]):
        assert not identity.is_claim_code(typed), typed


def test_claim_code_has_sixty_bits_of_unmistakable_letters(tmp_path: Path) -> None:
    codes = [Identity.load_or_create(tmp_path / str(number)).claim_code for number in range(5)]
    for code in codes:
        letters = code.replace("-", "")
        assert len(letters) * 5 >= 60
        assert set(letters) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
    assert len(set(codes)) == len(codes)


def test_digests_are_keyed_and_keep_their_parts_apart(folder: Path) -> None:
    identity = Identity.load_or_create(folder)
    assert identity.pin_digest("h1", "2345") != identity.pin_digest("h12", "345")
    assert identity.pin_digest("", "1234") != identity.pin_digest("h1", "1234")
    assert identity.pseudonym("ca", "rd1") != identity.pseudonym("car", "d1")
    plain = hashlib.sha256(b"1234").digest()
    assert identity.pin_digest("", "1234") != plain[:16]
    # by hand, from the key in the file
    import base64
    import json

    block = re.search(rb"BEGIN MENSHEN SECRETS-----\n(.*?)-----END", identity.path.read_bytes(), re.DOTALL)
    key = bytes.fromhex(json.loads(base64.b64decode(block[1]))["digest_key"])
    assert identity.pin_digest("h1", "2345") == hmac.new(key, b"pin 2 h12345", "sha256").digest()[:16]


def test_any_text_has_a_pseudonym(folder: Path) -> None:
    identity = Identity.load_or_create(folder)
    texts = ["", "\0", "\0\0", "\U0001f697", "\u202eabc", "x" * 10_000, "\udcff", "' OR 1=1 --"]
    assert len({identity.pseudonym("code", text) for text in texts}) == len(texts)


def test_secrets_are_in_no_repr(folder: Path) -> None:
    identity = Identity.load_or_create(folder)
    assert repr(identity) == f"Identity({identity.id})"


@pytest.mark.parametrize("name", [FILE_NAME, "."])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o777])
def test_what_others_can_reach_is_refused(folder: Path, name: str, mode: int) -> None:
    Identity.load_or_create(folder)
    path = folder / name
    before = (folder / FILE_NAME).read_bytes()
    path.chmod(mode)
    with pytest.raises(IdentityError, match=rf"{re.escape(str(path))}.*mode {mode:04o}.*chmod 0[67]00"):
        Identity.load_or_create(folder)
    assert (folder / FILE_NAME).read_bytes() == before


@pytest.mark.attack("disk-12")
def test_a_damaged_identity_is_refused_and_never_replaced(folder: Path) -> None:
    """Every kind of damage, seed 1: a bit flipped anywhere, cut anywhere, empty, zeroed, longer, foreign."""
    Identity.load_or_create(folder)
    path = folder / FILE_NAME
    good = path.read_bytes()
    rng = random.Random(1)
    damaged = [b"", b"\0" * len(good), good + b"x", good * 2, good * 100, b"-----BEGIN PRIVATE KEY-----\n"]
    damaged += [good[: rng.randrange(len(good))] for _ in range(30)]
    for _ in range(200):
        at = rng.randrange(len(good))
        damaged.append(good[:at] + bytes([good[at] ^ (1 << rng.randrange(8))]) + good[at + 1 :])
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(IdentityError, match="identity"):
            Identity.load_or_create(folder)
        assert path.read_bytes() == content
    path.write_bytes(good)
    Identity.load_or_create(folder)


def test_a_file_with_a_right_sum_and_wrong_content_is_refused(folder: Path) -> None:
    Identity.load_or_create(folder)
    path = folder / FILE_NAME
    body = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    path.write_bytes(body + b"sha256: %b\n" % hashlib.sha256(body).hexdigest().encode())
    with pytest.raises(IdentityError, match="not an identity of this program"):
        Identity.load_or_create(folder)


def test_a_lost_identity_is_not_made_anew(folder: Path) -> None:
    Identity.load_or_create(folder)
    (folder / FILE_NAME).unlink()
    with pytest.raises(IdentityError, match=r"is gone.*Restore"):
        Identity.load_or_create(folder)
    assert not (folder / FILE_NAME).exists()


def test_links_and_folders_in_its_place_are_refused(folder: Path, tmp_path: Path) -> None:
    Identity.load_or_create(tmp_path / "other")
    folder.mkdir(mode=0o700)
    (folder / FILE_NAME).symlink_to(tmp_path / "other" / FILE_NAME)
    with pytest.raises(IdentityError):
        Identity.load_or_create(folder)
    (folder / FILE_NAME).unlink()
    (folder / FILE_NAME).mkdir()
    with pytest.raises(IdentityError):
        Identity.load_or_create(folder)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(IdentityError, match="file"):
        Identity.load_or_create(tmp_path / "file" / "identity")


def test_what_a_cut_left_aside_is_no_obstacle(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / (FILE_NAME + ".new")).write_bytes(b"half a fi")
    identity = Identity.load_or_create(folder)
    assert not (folder / (FILE_NAME + ".new")).exists()
    (folder / PUBLIC_NAME).unlink()  # cut between the two files
    assert Identity.load_or_create(folder).id == identity.id
    assert (folder / PUBLIC_NAME).exists()


@pytest.mark.attack("kill-07")
def test_killed_at_every_line_of_the_first_run_it_is_there_wholly_or_not_at_all(tmp_path: Path) -> None:
    """A child is killed by itself at the n-th line of identity.py, for every n until it gets through."""
    cut = 0
    while True:
        folder = tmp_path / str(cut)
        child = os.fork()
        if child == 0:
            _live_until(cut, folder)
        _, status = os.waitpid(child, 0)
        there = (folder / FILE_NAME).exists()
        identity = Identity.load_or_create(folder)
        if there:
            assert Identity.load_or_create(folder).public_key == identity.public_key
        if os.WIFEXITED(status):
            break
        cut += 1
    assert os.WEXITSTATUS(status) == 0
    assert cut > 50


def _live_until(cut: int, folder: Path) -> None:
    """In the child: make the identity and die at line number `cut`; exits 0 when it gets through."""
    left = cut

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.endswith("firmware/identity.py"):
            return None
        if event == "line":
            if left == 0:
                os.kill(os.getpid(), 9)
            left -= 1
        return trace

    status = 1
    sys.settrace(trace)
    try:
        Identity.load_or_create(folder)
        status = 0
    finally:
        os._exit(status)


def test_many_first_runs_at_once_make_one_identity(folder: Path) -> None:
    program = "import sys; from pathlib import Path; from firmware.identity import Identity\n"
    program += "sys.stdin.readline(); print(Identity.load_or_create(Path(sys.argv[1])).id)"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    assert len({child.communicate(timeout=30)[0] for child in children}) == 1


def test_reading_an_identity_needs_no_cryptography(folder: Path) -> None:
    """Start time and memory: cryptography is loaded by the first signature only."""
    Identity.load_or_create(folder)
    program = (
        "import sys; from pathlib import Path; from firmware.identity import Identity\n"
        "Identity.load_or_create(Path(sys.argv[1])).pseudonym('card', '1'); sys.exit('cryptography' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(folder)], timeout=30).returncode == 0
