"""The seal: no byte of a roster can be changed, nobody else can make one, and an older one does not come back."""

from __future__ import annotations

import random
import re
import sqlite3
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster.errors import (
    RosterDamaged,
    RosterError,
    RosterForeign,
    RosterMissing,
    RosterOlder,
    RosterUnsigned,
    RosterUnusable,
)
from firmware.roster.roster import open_roster
from firmware.roster.seal import PURPOSE, page_of

TABLE = "holder,profiles,card,pin_with\n" + "".join(f"h{n},residents,H10301:1:{n},1234\n" for n in range(300))
PAGE = 4096


@pytest.fixture
def sealed(workshop) -> bytes:
    workshop.build(TABLE, version=7)
    return workshop.out.read_bytes()


def opens(workshop, content: bytes, **options) -> None:
    workshop.out.write_bytes(content)
    open_roster(workshop.out, {workshop.identity.public_key}, **options).close()


def test_a_sealed_roster_opens_and_says_what_it_is(workshop, sealed: bytes) -> None:
    with open_roster(workshop.out, {workshop.identity.public_key}, 7) as roster:
        assert (roster.version, roster.seal.version, roster.seal.holders, roster.seal.credentials) == (7, 7, 300, 300)
        assert roster.seal.created_s == 1_780_000_000
        assert roster.rulebook().version == 7


def test_the_signature_is_plain_ed25519_over_the_manifest(workshop, sealed: bytes) -> None:
    """Taken apart here by hand: anybody with the description of the format can verify a roster."""
    import hashlib

    page = sealed[-PAGE:]
    assert page.startswith(b"Menshen roster, sealed\x01\n")
    length = int.from_bytes(page[24:28], "big")
    manifest, signature = page[28 : 28 + length], page[28 + length : 92 + length]
    Ed25519PublicKey.from_public_bytes(workshop.identity.public_key).verify(signature, b"menshen roster\0" + manifest)
    said = msgspec.json.decode(manifest)
    assert said["sha256"] == hashlib.sha256(sealed[:-PAGE]).hexdigest()
    assert said["bytes"] == len(sealed) - PAGE


@pytest.mark.attack("disk-14")
def test_no_byte_can_be_changed(workshop, sealed: bytes) -> None:
    """Seed 3: the SQLite header, tables, every page, every byte of the seal's own page."""
    rng = random.Random(3)
    page = len(sealed) - PAGE
    used = len(sealed[page:].rstrip(b"\0"))
    places = [*range(0, 100, 3), *range(page, page + used), *range(page + used, len(sealed), 97), len(sealed) - 1]
    places += [start + rng.randrange(PAGE) for start in range(0, page, PAGE)]
    for place in places:
        changed = bytearray(sealed)
        changed[place] ^= 1 << rng.randrange(8)
        with pytest.raises(RosterError):
            opens(workshop, bytes(changed))
    opens(workshop, sealed)


@pytest.mark.attack("disk-15")
def test_cut_or_longer_files_are_refused(workshop, sealed: bytes) -> None:
    sizes = [0, 1, PAGE - 1, PAGE, 2 * PAGE, len(sealed) - PAGE, len(sealed) - 1, len(sealed) // 2]
    for content in [sealed[:size] for size in sizes] + [
        sealed + b"\0",
        sealed + bytes(PAGE),
        sealed[PAGE:],
        sealed * 2,
    ]:
        with pytest.raises(RosterError, match=r"Get the roster again|install"):
            opens(workshop, content)


def test_an_unsigned_roster_is_refused(workshop, sealed: bytes) -> None:
    for content in (sealed[:-PAGE], sealed[:-PAGE] + bytes(PAGE), b"SQLite format 3\0" + bytes(3 * PAGE - 16)):
        with pytest.raises(RosterUnsigned, match="no seal"):
            opens(workshop, content)


@pytest.mark.attack("disk-16")
def test_a_foreign_roster_is_refused_and_named(workshop, sealed: bytes, tmp_path: Path) -> None:
    other = Identity.load_or_create(tmp_path / "other")
    workshop.identity, mine = other, workshop.identity
    workshop.build(TABLE, version=8)
    with pytest.raises(RosterForeign, match=other.public_key.hex()[:16]):
        open_roster(workshop.out, {mine.public_key})
    with open_roster(workshop.out, {mine.public_key, other.public_key}) as roster:
        assert roster.version == 8
    # the other's manifest with the trusted key's name in it
    page = bytearray(workshop.out.read_bytes()[-PAGE:])
    page = page.replace(other.public_key.hex().encode(), mine.public_key.hex().encode())
    with pytest.raises(RosterUnsigned, match="signature"):
        opens_as(workshop.out, workshop.out.read_bytes()[:-PAGE] + bytes(page), mine)


def opens_as(path: Path, content: bytes, identity: Identity) -> None:
    path.write_bytes(content)
    open_roster(path, {identity.public_key}).close()


@pytest.mark.attack("disk-17")
def test_an_older_roster_is_refused(workshop, sealed: bytes) -> None:
    opens(workshop, sealed, minimum_version=7)
    with pytest.raises(RosterOlder, match=r"version 7 is older than 8.*higher version") as caught:
        opens(workshop, sealed, minimum_version=8)
    assert caught.value.version == 7


def test_a_raised_version_needs_the_key(workshop, sealed: bytes) -> None:
    changed = sealed.replace(b'"version":7', b'"version":9')
    assert changed != sealed
    with pytest.raises(RosterUnsigned, match="signature"):
        opens(workshop, changed, minimum_version=8)


def test_a_seal_of_another_file_does_not_fit(workshop, sealed: bytes) -> None:
    workshop.build(TABLE.replace("h299", "h999"), version=7)
    other = workshop.out.read_bytes()
    assert len(other) == len(sealed)
    with pytest.raises(RosterDamaged, match="not what was signed"):
        opens(workshop, other[:-PAGE] + sealed[-PAGE:])


def test_a_signature_for_another_purpose_is_no_seal(workshop, sealed: bytes) -> None:
    length = int.from_bytes(sealed[-PAGE:][24:28], "big")
    manifest = sealed[-PAGE:][28 : 28 + length]
    elsewhere = workshop.identity.sign(manifest)  # without PURPOSE
    page = (sealed[-PAGE:][: 28 + length] + elsewhere).ljust(PAGE, b"\0")
    assert PURPOSE + manifest != manifest
    with pytest.raises(RosterUnsigned, match="signature"):
        opens(workshop, sealed[:-PAGE] + page)


def resealed(workshop, sealed: bytes, content: bytes, **changes) -> bytes:
    """`content` under a genuine seal, changed as the holder of the key could."""
    import hashlib

    from firmware.roster.seal import Seal

    length = int.from_bytes(sealed[-PAGE:][24:28], "big")
    seal = msgspec.json.decode(sealed[-PAGE:][28 : 28 + length], type=Seal)
    fitting = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return content + page_of(msgspec.structs.replace(seal, **(fitting | changes)), workshop.identity.sign)


def test_genuine_files_that_this_program_cannot_read_say_so(workshop, sealed: bytes, tmp_path: Path) -> None:
    database = sealed[:-PAGE]
    opens(workshop, resealed(workshop, sealed, database))
    with pytest.raises(RosterUnusable, match="schema 3"):
        opens(workshop, resealed(workshop, sealed, database, schema=3))
    with pytest.raises(RosterDamaged, match="cannot be read"):
        opens(workshop, resealed(workshop, sealed, b"not SQLite".ljust(2 * PAGE)))
    other = tmp_path / "other.db"
    other.write_bytes(database)
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE VIEW extra AS SELECT * FROM credential")
    connection.close()
    with pytest.raises(RosterUnusable, match="is no roster"):
        opens(workshop, resealed(workshop, sealed, other.read_bytes()))


def test_a_roster_of_another_digest_key_is_refused_where_asked(workshop, sealed: bytes) -> None:
    opens(workshop, sealed, digest_key_id=workshop.identity.digest_key_id)
    with pytest.raises(RosterUnusable, match="no PIN would be right"):
        opens(workshop, sealed, digest_key_id="00" * 8)


def test_files_that_are_not_there_are_said(tmp_path: Path) -> None:
    with pytest.raises(RosterMissing, match=re.escape(str(tmp_path / "roster"))):
        open_roster(tmp_path / "roster", set())
    with pytest.raises(RosterDamaged, match="cannot be read"):
        open_roster(tmp_path, set())


def test_a_file_that_takes_the_name_does_not_disturb_the_one_in_use(workshop, sealed: bytes) -> None:
    with open_roster(workshop.out, {workshop.identity.public_key}) as roster:
        workshop.build("holder,profiles,card\nx,residents,H10301:1:5\n", version=8)
        assert roster.find(Factor.CARD, "H10301:1:5").holder == "h5"


@pytest.mark.parametrize("name", ["a?b", "a#b", "a%41b", "a b", "京", "a&mode=rwc"])
def test_any_file_name_is_a_file_name(workshop, sealed: bytes, name: str) -> None:
    path = workshop.folder / name
    path.write_bytes(sealed)
    with open_roster(path, {workshop.identity.public_key}) as roster:
        assert roster.find(Factor.CARD, "H10301:1:5").holder == "h5"
    assert sorted(entry.name for entry in workshop.folder.iterdir()) == sorted(
        {name, "holders.csv", "rules.toml", "out.roster"}
    )
