"""Who may sign: our own key, the configuration's, or the community's; and the digest key that a roster names."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from firmware.core.access import Factor, Known
from firmware.identity import DigestKey, Identity
from firmware.roster.authority import Adoption, AuthorityError, read_authority, write_adoption
from firmware.roster.errors import RosterForeign, RosterUnusable
from firmware.roster.install import install
from firmware.roster.presented import present
from firmware.roster.roster import SecondPin, open_roster

SINCE_S = 1_795_406_400
SHARED = bytes(range(32))  # the community's digest key
TABLE = "holder,profiles,card,pin,pin_with\nh1,residents,H10301:1:1,13579,2468\n"


class Community:
    """The far end of an adoption: signs with its own key, digests with the key that it gave to its controllers."""

    def __init__(self, folder: Path) -> None:
        self._own = Identity.load_or_create(folder)
        self._digests = DigestKey(SHARED)
        self.public_key, self.sign = self._own.public_key, self._own.sign
        self.digest_key_id = self._digests.digest_key_id
        self.pseudonym, self.pin_digest = self._digests.pseudonym, self._digests.pin_digest

    def adopts(self, folder: Path, **changes) -> None:
        adoption = Adoption("Sunrise Garden", (self.public_key.hex(),), SINCE_S, SHARED.hex())
        write_adoption(folder, msgspec.structs.replace(adoption, **changes))


@pytest.fixture
def community(tmp_path: Path) -> Community:
    return Community(tmp_path / "community")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "roster"


def test_until_adopted_it_is_our_own_key_or_the_configurations(folder: Path, identity: Identity) -> None:
    ours = read_authority(folder, identity)
    assert (ours.signers, ours.adoption, list(ours.keys)) == ({identity.public_key}, None, [identity.digest_key_id])
    configured = read_authority(folder, identity, [b"\1" * 32])
    assert configured.signers == {b"\1" * 32}
    assert configured.keys_of(None) is identity


@pytest.mark.attack("roster-45")
def test_once_adopted_a_roster_of_our_own_key_is_refused(
    folder: Path, identity: Identity, community: Community, workshop
) -> None:
    """Who can sign with the device's key at the device is not the community, whatever the file says."""
    workshop.build(TABLE, version=1)
    own = workshop.out.read_bytes()
    install(workshop.out, folder, read_authority(folder, identity).signers).close()
    community.adopts(folder, signers=(community.public_key.hex(), identity.public_key.hex()))
    authority = read_authority(folder, identity, [identity.public_key])
    assert authority.signers == {community.public_key}
    workshop.identity = community
    workshop.build(TABLE, version=2)
    held = authority.digest_key_ids
    install(workshop.out, folder, authority.signers, digest_key_id=held).close()
    workshop.identity = identity
    workshop.build(TABLE, version=3)
    for content in (own, workshop.out.read_bytes()):
        workshop.out.write_bytes(content)
        with pytest.raises(RosterForeign, match="does not trust"):
            install(workshop.out, folder, authority.signers, digest_key_id=held)
    with open_roster(folder / "roster", authority.signers) as roster:
        assert roster.version == 2


def test_pins_and_tokens_are_made_with_the_key_that_the_roster_names(
    folder: Path, identity: Identity, community: Community, workshop, ledger
) -> None:
    workshop.identity = community
    workshop.build(TABLE)
    community.adopts(folder)
    authority = read_authority(folder, identity)
    with open_roster(workshop.out, authority.signers, digest_key_id=authority.digest_key_ids) as roster:
        keys = authority.keys_of(roster)
        assert isinstance(present(roster, ledger, Factor.PIN, "13579", keys), Known)
        assert roster.second_pin("h1", "2468", keys) is SecondPin.RIGHT
        card = present(roster, ledger, Factor.CARD, "H10301:1:1", keys)
        assert card.credential == DigestKey(SHARED).pseudonym("card", "H10301:1:1")
        stranger = present(roster, ledger, Factor.CARD, "H10301:1:2", keys)
        assert stranger.token == DigestKey(SHARED).pseudonym("card", "H10301:1:2")
        assert roster.second_pin("h1", "2468", identity) is None, "another key gives another digest"


def test_a_roster_of_a_digest_key_that_is_not_held_is_refused(
    folder: Path, identity: Identity, community: Community, workshop
) -> None:
    workshop.identity = community
    workshop.build(TABLE)
    community.adopts(folder, digest_key=None)
    authority = read_authority(folder, identity)
    with pytest.raises(RosterUnusable, match="no PIN would be right"):
        open_roster(workshop.out, authority.signers, digest_key_id=authority.digest_key_ids)


def test_the_file_is_written_for_its_owner_alone(folder: Path, identity: Identity, community: Community) -> None:
    community.adopts(folder)
    path = folder / "authority"
    assert path.stat().st_mode & 0o777 == 0o600
    assert msgspec.json.decode(path.read_bytes())["digest_key"] == SHARED.hex()
    community.adopts(folder, since_s=SINCE_S + 1)
    assert read_authority(folder, identity).adoption.since_s == SINCE_S + 1
    assert [entry.name for entry in folder.iterdir()] == ["authority"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"community": "\xff"}',
        b"null",
        b"\xff\xfe",
        b'{"community":"","signers":["00"],"since_s":1}',
        b'{"community":"a","signers":[],"since_s":1}',
        b'{"community":"a","signers":["zz"],"since_s":1}',
        b'{"community":"a","signers":["' + b"ab" * 32 + b'"],"since_s":-1}',
        b'{"community":"a","signers":["' + b"ab" * 32 + b'"],"since_s":1,"own_key":true}',
        b'{"community":"a","signers":["' + b"ab" * 32 + b'"],"since_s":1,"digest_key":"ab"}',
        b"[" * 100_000,
        b" " * 20_000,
    ],
)
def test_what_does_not_say_who_adopted_us_leaves_nobody_trusted(folder: Path, identity: Identity, content) -> None:
    folder.mkdir()
    (folder / "authority").touch(0o600)
    (folder / "authority").write_bytes(content)
    with pytest.raises(AuthorityError, match=r"authority.*(backup|adopt)"):
        read_authority(folder, identity)


def test_a_file_that_others_can_read_or_a_link_is_refused(folder: Path, identity: Identity, community) -> None:
    community.adopts(folder)
    path = folder / "authority"
    path.chmod(0o640)
    with pytest.raises(AuthorityError, match="0640"):
        read_authority(folder, identity)
    path.chmod(0o600)
    os.rename(path, folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    with pytest.raises(AuthorityError, match="authority"):
        read_authority(folder, identity)
