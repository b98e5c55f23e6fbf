"""The receipt that templates are wiped: signed by this controller, and holding none. After a withdrawal whoever asked
for it gets it; what ends by itself, by the roster or by a wipe of all leaves it with the controller (enrolled.py)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from firmware.identity import verify

PURPOSE = b"menshen withdrawal of consent\x00"  # so that a signature over something else can never serve here
SIGNATURE_BYTES = 64


class Why(StrEnum):
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"  # the consent's time was over
    DROPPED = "dropped"  # the roster has the holder, or the holder's face, no more
    LEFT = "left"  # the holder left the community
    WIPED = "wiped"  # with all others


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. `why`: see Why; `revision`: of the store that has them no more."""

    controller: str
    public_key: str  # hex
    holder: str
    face: str
    given_by: str
    consent_version: str
    given_s: int
    wiped_s: int
    templates: int
    why: str
    revision: int


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt as it is handed over. `signature`: Ed25519, hex."""

    receipt: Receipt
    signature: str


def signed(receipt: Receipt, sign: Callable[[bytes], bytes]) -> Signed:
    """Sign it by `sign(message) -> signature`."""
    signature = sign(PURPOSE + _bytes_of(receipt))
    return Signed(receipt, signature.hex())


def genuine(given: Signed) -> bool:
    """Whether the controller that it names has signed it."""
    try:
        key, signature = bytes.fromhex(given.receipt.public_key), bytes.fromhex(given.signature)
    except ValueError:
        return False
    return len(signature) == SIGNATURE_BYTES and verify(key, signature, PURPOSE + _bytes_of(given.receipt))


def _bytes_of(receipt: Receipt) -> bytes:
    return msgspec.json.encode(receipt, order="sorted")
