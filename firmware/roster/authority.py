"""Who may sign this controller's rosters: its own key until a community adopts it, the community's keys after that.

The file `authority` in the roster's folder says who adopted it; pairing writes it. The community's digest key stands
there too: PINs and tokens of its rosters are made with it. One authority at a time: what the other
one signed is refused.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from firmware.identity import KEY_BYTES, DigestKey, Identity, IdentityError, read_private
from firmware.roster.errors import RosterError
from firmware.roster.files import remove, sync_folder
from firmware.roster.roster import Roster

FILE_NAME = "authority"
FILE_BYTES_MAX = 1 << 14  # a name and some keys
SIGNERS_MAX = 8  # the community's key, the next one while keys are changed, and some to spare
FILE_MODE = 0o600
_KEY = rf"\A[0-9a-f]{{{2 * KEY_BYTES}}}\Z"
_ADVICE = "Restore it from a backup, or adopt the controller again; until then nobody's rosters are trusted."

Key = Annotated[str, msgspec.Meta(pattern=_KEY)]


class AuthorityError(RosterError):
    """It cannot be said who may sign. The message says which file, what is wrong and what to do."""


class Keys(Protocol):
    """Keyed digests and pseudonyms, made with the key that a roster names."""

    @property
    def digest_key_id(self) -> str: ...
    def pseudonym(self, kind: str, value: str) -> str: ...
    def pin_digest(self, salt_holder: str, pin: str) -> bytes: ...


class Adoption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the file holds."""

    community: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    signers: Annotated[tuple[Key, ...], msgspec.Meta(min_length=1, max_length=SIGNERS_MAX)]  # Ed25519, hex
    since_s: Annotated[int, msgspec.Meta(ge=0)]  # UTC
    digest_key: Key | None = None  # absent: the community builds with the controller's own


class Authority(msgspec.Struct, frozen=True):
    """Who may sign, and the digest keys that are held here, by their id."""

    signers: frozenset[bytes]
    keys: Mapping[str, Keys]
    own: Keys
    adoption: Adoption | None = None

    @property
    def digest_key_ids(self) -> Collection[str]:
        """Of rosters whose PINs can be checked here."""
        return self.keys.keys()

    def keys_of(self, roster: Roster | None) -> Keys:
        """The key with which this roster's PINs and tokens were made; the controller's own without a roster."""
        return self.own if roster is None else self.keys.get(roster.seal.digest_key_id, self.own)


def read_authority(folder: Path, identity: Identity, configured: Collection[bytes] = ()) -> Authority:
    """Who may sign rosters for `folder`: the adoption's signers, else those of `[roster] signers`, else our own key.

    The controller's own key never signs for a controller that was adopted. Raises AuthorityError for a damaged file,
    and for one that others can read: it holds a digest key.
    """
    path = folder / FILE_NAME
    own = {identity.digest_key_id: identity}
    try:
        content = read_private(path, FILE_BYTES_MAX, _ADVICE)
    except (IdentityError, OSError) as error:
        raise AuthorityError(str(error)) from error
    if content is None:
        return Authority(frozenset(configured) or frozenset({identity.public_key}), own, identity)
    try:
        adoption = msgspec.json.decode(content, type=Adoption)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise AuthorityError(f"{path} does not say who adopted this controller: {error}. {_ADVICE}") from error
    signers = frozenset(bytes.fromhex(key) for key in adoption.signers) - {identity.public_key}
    held: dict[str, Keys] = {**own}
    if adoption.digest_key is not None:
        key = DigestKey(bytes.fromhex(adoption.digest_key))
        held[key.digest_key_id] = key
    return Authority(signers, held, identity, adoption)


def write_adoption(folder: Path, adoption: Adoption) -> None:
    """Put the file in place, durably: it is there wholly or not at all. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE_NAME
    aside = path.with_name(path.name + ".new")
    remove(aside)
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
        file.write(msgspec.json.encode(adoption) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
    sync_folder(folder)
