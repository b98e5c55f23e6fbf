"""The sealed file: it opens as RFC 9106 and RFC 8439 say, with its passphrase alone, and only as it was written."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import random

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from firmware.backup.errors import BackupDamaged, BackupMisused, BackupNewer, WrongPassphrase
from firmware.backup.sealing import CHUNK_BYTES, MAGIC, Cost, Sealer, made_by, unsealed
from firmware.bench.process import forget_peak, status_kb

PASSPHRASE = "four words of nobody"
CHEAP = Cost(memory_kib=1_024, passes=1, lanes=1)
SIZES = (0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 17)


def sealed(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    file = io.BytesIO()
    sealer = Sealer(file, passphrase, "1.2.3", CHEAP)
    for start in range(0, len(content), 10_000):
        sealer.write(content[start : start + 10_000])
    sealer.finish()
    return file.getvalue()


def opened(file: bytes, passphrase: str = PASSPHRASE) -> bytes:
    return b"".join(unsealed(io.BytesIO(file), passphrase))


def parts_of(file: bytes) -> tuple[bytes, list[bytes]]:
    """All before the first chunk, and the chunks, by the description of the format."""
    length = int.from_bytes(file[18:22], "big")
    first = 22 + length + 32 + 32
    size = CHUNK_BYTES + 16
    return file[:first], [file[at : at + size] for at in range(first, len(file), size)]


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_is_what_opens(size):
    content = random.Random(size).randbytes(size)
    assert opened(sealed(content)) == content


@pytest.mark.parametrize("size", SIZES)
def test_an_independent_reader_opens_it_by_the_description_alone(size):
    """argon2-cffi derives the keys here, which is another implementation than the program's."""
    content = random.Random(size).randbytes(size)
    before, chunks = parts_of(sealed(content))
    assert before[:16] == MAGIC
    assert len(MAGIC) == 16
    head = json.loads(before[22:-64])
    assert before[-64:-32] == hashlib.sha256(before[:-64]).digest()
    key = hash_secret_raw(
        PASSPHRASE.encode(),
        bytes.fromhex(head["salt"]),
        time_cost=head["passes"],
        memory_cost=head["memory_kib"],
        parallelism=head["lanes"],
        hash_len=64,
        type=Type.ID,
        version=0x13,
    )
    assert before[-32:] == hmac.digest(key[32:], before[:-32], "sha256")
    cipher = ChaCha20Poly1305(key[:32])
    plain = [
        cipher.decrypt(number.to_bytes(11, "big") + bytes([number == len(chunks) - 1]), chunk, before)
        for number, chunk in enumerate(chunks)
    ]
    assert b"".join(plain) == content


def test_no_two_files_have_the_same_salt_or_content():
    one, other = sealed(b"the same"), sealed(b"the same")
    assert one[22:200] != other[22:200]
    assert one[-24:] != other[-24:]


@pytest.mark.attack("backup-01")
def test_another_passphrase_opens_nothing_and_is_told_from_damage():
    file = sealed(b"x" * 100)
    for wrong in ("four words of nobodz", "four words of nobody ", "FOUR WORDS OF NOBODY"):
        with pytest.raises(WrongPassphrase):
            opened(file, wrong)


def test_the_same_passphrase_from_another_keyboard():
    """NFKC (UAX 15): e with an acute accent as one or as two characters, digits of full width."""
    file = sealed(b"x", "caf\u00e9 au lait 12345")
    assert opened(file, "cafe\u0301 au lait \uff11\uff12\uff13\uff14\uff15") == b"x"


@pytest.mark.parametrize("text", ["", "short", "eleven char", "x" * 1_025])
def test_a_passphrase_that_is_none(text):
    with pytest.raises(BackupMisused, match="12 to 1024"):
        Sealer(io.BytesIO(), text, "1.2.3", CHEAP)


@pytest.mark.attack("backup-02")
def test_each_bit_of_the_head_turned_is_damage_or_a_newer_format():
    file = sealed(b"x")
    before, _ = parts_of(file)
    for place in range(len(before) - 32):
        for bit in (0, 3, 7):
            turned = bytearray(file)
            turned[place] ^= 1 << bit
            with pytest.raises((BackupDamaged, BackupNewer)):
                opened(bytes(turned))


@pytest.mark.attack("backup-03")
def test_a_file_that_is_cut_anywhere_opens_nowhere():
    content = random.Random(3).randbytes(2 * CHUNK_BYTES + 100)
    file = sealed(content)
    before, chunks = parts_of(file)
    ends = [len(before), *(len(before) + number * (CHUNK_BYTES + 16) for number in range(1, len(chunks)))]
    chance = random.Random(4)
    for cut in {0, 1, 15, 16, 18, 22, 60, len(file) - 1, *ends, *(chance.randrange(len(file)) for _ in range(60))}:
        with pytest.raises(BackupDamaged):
            opened(file[:cut])


@pytest.mark.attack("backup-04")
def test_chunks_that_are_turned_swapped_repeated_appended_or_of_another_file_open_nowhere():
    content = random.Random(5).randbytes(3 * CHUNK_BYTES)
    file = sealed(content)
    before, chunks = parts_of(file)
    foreign = parts_of(sealed(content))[1]
    turned = bytearray(chunks[1])
    turned[100] ^= 1
    hostile = {
        "turned": [chunks[0], bytes(turned), chunks[2]],
        "swapped": [chunks[1], chunks[0], chunks[2]],
        "repeated": [chunks[0], chunks[0], chunks[1], chunks[2]],
        "the last twice": [*chunks, chunks[2]],
        "left out": [chunks[0], chunks[2]],
        "only the last": [chunks[2]],
        "of another file": [chunks[0], foreign[1], chunks[2]],
        "a byte more": [*chunks, b"\0"],
    }
    for made in hostile.values():
        with pytest.raises(BackupDamaged):
            opened(before + b"".join(made))


def test_nothing_is_given_out_that_was_not_proven():
    """What comes before the damage is whole; nothing of the damaged chunk comes."""
    content = random.Random(6).randbytes(2 * CHUNK_BYTES + 5)
    file = bytearray(sealed(content))
    file[-1] ^= 1
    chunks = unsealed(io.BytesIO(bytes(file)), PASSPHRASE)
    assert next(chunks) + next(chunks) == content[: 2 * CHUNK_BYTES]
    with pytest.raises(BackupDamaged):
        next(chunks)


def reheaded(**changes: object) -> bytes:
    """A file whose head is as somebody would like it, with a digest that fits."""
    file = sealed(b"x")
    before, chunks = parts_of(file)
    head = json.dumps({**json.loads(before[22:-64]), **changes}).encode()
    made = before[:18] + len(head).to_bytes(4, "big") + head
    return made + hashlib.sha256(made).digest() + before[-32:] + b"".join(chunks)


@pytest.mark.attack("backup-05")
@pytest.mark.parametrize(
    "changes",
    [
        {"memory_kib": 64 << 20},  # 64 GiB
        {"memory_kib": 262_145},
        {"memory_kib": 2**63},
        {"memory_kib": 1_024, "lanes": 200},
        {"passes": 4_000_000_000},
        {"passes": 0},
        {"lanes": 1 << 24},
        {"chunk_bytes": 1 << 40},
        {"chunk_bytes": 0},
        {"salt": ""},
        {"salt": "zz" * 32},
        {"derivation": "none"},
        {"cipher": "none"},
        {"menshen": "x" * 3_000},
        {"more": 1},
    ],
    ids=str,
)
def test_a_head_that_asks_for_too_much_is_refused_before_anything_is_spent(changes):
    before = forget_peak()
    with pytest.raises(BackupDamaged):
        opened(reheaded(**changes))
    assert status_kb("VmHWM") - before < 64 << 10  # KiB


def test_a_head_longer_than_any_is_not_read():
    with pytest.raises(BackupDamaged):
        opened(MAGIC + b"\0\1" + b"\xff\xff\xff\xff" + b"{" * 100_000)


@pytest.mark.attack("backup-06")
def test_a_newer_format_is_refused_with_what_to_do():
    file = sealed(b"x")
    with pytest.raises(BackupNewer, match="Update Menshen"):
        opened(file[:16] + b"\0\2" + file[18:])
    with pytest.raises(BackupNewer):
        made_by(io.BytesIO(file[:16] + b"\xff\xff"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\0" * 10_000, b"Menshen backup\n" + b"\0" * 1_000])
def test_another_kind_of_file(content):
    with pytest.raises(BackupDamaged):
        opened(content)


def test_who_made_it_can_be_read_without_the_passphrase():
    assert made_by(io.BytesIO(sealed(b"x"))) == "1.2.3"
