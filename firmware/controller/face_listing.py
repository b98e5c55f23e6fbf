"""What the office is told of enrolled faces: who is enrolled and by which consent, and receipts of what was wiped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import msgspec

from firmware.faces.enrolled import Enrolled, Faces
from firmware.faces.receipt import Receipt, Signed, Why, signed
from firmware.messages import FaceEntry, FacesListed, ReceiptsListed

ENTRIES_PER_FRAME = 200
RECEIPTS_PER_FRAME = 100  # of at most 1 kB each
RECEIPTS_S = 366 * 86_400  # that a receipt is kept for whoever asks for it


class Signer(Protocol):
    """Who signs. firmware.identity.Identity is one."""

    id: str
    public_key: bytes

    def sign(self, message: bytes) -> bytes: ...


def listed(request: str, faces: Faces, *, on: bool, why: str) -> Iterator[FacesListed]:
    """Who is enrolled, in as many frames as it takes."""
    entries = [_entry(one) for one in faces]
    starts = range(0, max(1, len(entries)), ENTRIES_PER_FRAME)
    for start in starts:
        part = tuple(entries[start : start + ENTRIES_PER_FRAME])
        yield FacesListed(request, faces.revision, on, part, why, start != starts[-1])


def receipts_listed(request: str, faces: Faces, saved: int) -> Iterator[ReceiptsListed]:
    """The receipts that are kept, in as many frames as it takes; none of a wipe that is not saved yet."""
    receipts = [text_of(one) for one in faces.receipts if one.receipt.revision <= saved]
    starts = range(0, max(1, len(receipts)), RECEIPTS_PER_FRAME)
    for start in starts:
        yield ReceiptsListed(request, tuple(receipts[start : start + RECEIPTS_PER_FRAME]), start != starts[-1])


def receipt_of(one: Enrolled, why: Why, wiped_s: int, revision: int, signer: Signer) -> Signed:
    """The receipt of one holder's templates, which the store has no more from this revision on."""
    receipt = Receipt(
        controller=signer.id,
        public_key=signer.public_key.hex(),
        holder=one.holder,
        face=one.face,
        given_by=one.consent.given_by,
        consent_version=one.consent.version,
        given_s=one.consent.given_s,
        wiped_s=wiped_s,
        templates=len(one.templates),
        why=why.value,
        revision=revision,
    )
    return signed(receipt, signer.sign)


def text_of(receipt: Signed) -> str:
    """As it is handed over: JSON."""
    return msgspec.json.encode(receipt).decode()


def _entry(one: Enrolled) -> FaceEntry:
    consent = one.consent
    return FaceEntry(
        holder=one.holder,
        face=one.face,
        given_by=consent.given_by,
        given_s=consent.given_s,
        witness=consent.witness,
        expires_s=consent.expires_s,
        version=consent.version,
        templates=len(one.templates),
        under_14=consent.under_14,
        guardian=consent.guardian,
        outdated=one.outdated,
    )
