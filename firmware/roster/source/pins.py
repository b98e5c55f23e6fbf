"""How a PIN stands in the source: as a keyed digest, with the key's id and the number of digits."""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

from firmware.roster import understood

_TEXT = re.compile(r"digest:([0-9a-f]{1,64}):([0-9]{1,2}):([0-9a-f]{32})")


class Digester(Protocol):
    """Who holds the digest key. firmware.identity.Identity is one."""

    @property
    def digest_key_id(self) -> str: ...
    def pin_digest(self, salt_holder: str, pin: str) -> bytes: ...


class PinDigest(NamedTuple):
    """A PIN as the source knows it."""

    key_id: str
    digits: int
    digest: bytes


def pin_text(digester: Digester, salt_holder: str, pin: str) -> str:
    """The text that stands in the source; `salt_holder` is "" for a PIN that identifies alone.

    Raises NotUnderstood for what is no PIN.
    """
    digits = understood.pin(pin)
    return f"digest:{digester.digest_key_id}:{len(digits)}:{digester.pin_digest(salt_holder, digits).hex()}"


def read_pin(text: str) -> PinDigest | None:
    """What a text of the source says; None where it is no digest of a PIN."""
    match = _TEXT.fullmatch(text)
    return None if match is None else PinDigest(match[1], int(match[2]), bytes.fromhex(match[3]))
