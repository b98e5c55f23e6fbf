"""The receipt of a withdrawal: signed by this controller, says that the templates are wiped, and holds none."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from firmware.identity import verify

PURPOSE = b"menshen withdrawal of consent\x00"  # so that a signature over something else can never serve here
SIGNATURE_BYTES = 64


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is signed. `why`: withdrawn, expired; `revision`: of the store that has them no more."""

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
