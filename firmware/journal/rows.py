"""The row of the journal: what is hashed, in which bytes, and how one row is chained to the one before it.

Everything here is pure, and small enough to be written again in another language from this page:

- `header`: JSON in UTF-8 without spaces, keys in the order of `Header`, absent where they have their default. It holds
  nothing personal.
- `body`: JSON of `Body` likewise, absent where the event has none.
- `commitment = SHA-256("menshen journal body 1\\n", salt, body)`; 32 zero bytes where there is no body.
- `hash = SHA-256("menshen journal row 1\\n", previous, length of header as four bytes big-endian, header, commitment)`.
- The first row of an epoch has 32 zero bytes as its previous hash.

An erased row has lost body and salt and keeps its commitment, so its hash still proves.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b, sha256
from typing import NamedTuple

import msgspec

from firmware.core.codes import MEANING, Code, Severity
from firmware.core.effects import Body, Event

HASH_BYTES = 32
SALT_BYTES = 16  # 128 bits: nobody tries all salts to find the holder behind a commitment
NOTHING = bytes(HASH_BYTES)  # the previous hash of a first row, and the commitment of a row without a body
HEADER_BYTES_MAX = 4096  # a header is a few hundred bytes; a longer one is cut, so that no text can fill the disk
DETAIL_CHARS_KEPT = 512  # of a header that was too long
REASONS_KEPT = 16
TEXT_CHARS_KEPT = 64  # of every other text of a header or body that was too long
BODY_BYTES_MAX = 2048

_ROW_DOMAIN = b"menshen journal row 1\n"
_BODY_DOMAIN = b"menshen journal body 1\n"


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The part of a row that is never erased: its own columns and everything in the event that is not personal."""

    epoch: int
    seq: int
    utc_ms: int | None  # None: wall time was not known
    monotonic_ms: int
    boot: str
    severity: Severity  # as it was when the event happened
    code: str
    portal: str | None = None
    access_point: str | None = None
    reader: str | None = None
    device: str | None = None
    reasons: tuple[str, ...] = ()
    count: int = 1
    detail: str = ""
    request: str = ""


class Row(msgspec.Struct, frozen=True):
    """One event as readers get it. `event.body` is None where there is none, was not asked for, or is erased."""

    epoch: int
    seq: int
    utc_ms: int | None
    monotonic_ms: int
    boot: str
    severity: Severity
    event: Event
    erased: bool
    hash: bytes
    previous: bytes


class Head(NamedTuple):
    """The newest row of a journal."""

    epoch: int
    seq: int
    hash: bytes


_encoder = msgspec.json.Encoder()
_header_decoder = msgspec.json.Decoder(Header)
_body_decoder = msgspec.json.Decoder(Body)


def storable(text: str) -> str:
    """The text with everything replaced that UTF-8 cannot hold (lone surrogates)."""
    return text.encode("utf-8", "replace").decode()


def _clean(text: str | None, chars: int) -> str | None:
    return None if text is None else storable(text[:chars])


def _encode(value: Header | Body, limit: int) -> bytes | None:
    """The canonical bytes; None where the value is too long or holds text that is no Unicode."""
    try:
        encoded = _encoder.encode(value)
    except UnicodeEncodeError:
        return None
    return encoded if len(encoded) <= limit else None


def encode_header(
    epoch: int, seq: int, utc_ms: int | None, monotonic_ms: int, boot: str, event: Event
) -> tuple[bytes, Header]:
    """The canonical bytes of a row's header, and what they say.

    Text that is too long or no Unicode is cut or replaced, never refused.
    """
    header = Header(
        epoch=epoch,
        seq=seq,
        utc_ms=utc_ms,
        monotonic_ms=monotonic_ms,
        boot=boot,
        severity=MEANING[event.code].severity,
        code=event.code.value,
        portal=event.portal,
        access_point=event.access_point,
        reader=event.reader,
        device=event.device,
        reasons=event.reasons,
        count=event.count,
        detail=event.detail,
        request=event.request,
    )
    encoded = _encode(header, HEADER_BYTES_MAX)
    if encoded is not None:
        return encoded, header
    short = TEXT_CHARS_KEPT
    cut = msgspec.structs.replace(
        header,
        boot=_clean(boot, short),
        portal=_clean(event.portal, short),
        access_point=_clean(event.access_point, short),
        reader=_clean(event.reader, short),
        device=_clean(event.device, short),
        reasons=tuple(_clean(reason, short) or "" for reason in event.reasons[:REASONS_KEPT]),
        detail=_clean(event.detail, DETAIL_CHARS_KEPT),
        request=_clean(event.request, short),
    )
    return _encoder.encode(cut), cut


def encode_body(body: Body) -> tuple[bytes, Body]:
    """The canonical bytes of a body, cut like a header where it is too long, and what they say."""
    encoded = _encode(body, BODY_BYTES_MAX)
    if encoded is not None:
        return encoded, body
    told = ((field, getattr(body, field)) for field in body.__struct_fields__)
    texts = {field: _clean(value, TEXT_CHARS_KEPT) for field, value in told if isinstance(value, str)}
    cut = msgspec.structs.replace(body, **texts)
    return _encoder.encode(cut), cut


def decode_header(header: bytes) -> Header:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what is no header."""
    return _header_decoder.decode(header)


def decode_body(body: bytes) -> Body:
    """Raises msgspec.ValidationError or msgspec.DecodeError for what is no body."""
    return _body_decoder.decode(body)


def commitment_of(salt: bytes, body: bytes) -> bytes:
    """What stays of a body after its erasure."""
    return sha256(_BODY_DOMAIN + salt + body).digest()


def hash_of(previous: bytes, header: bytes, commitment: bytes) -> bytes:
    """The row's hash, which the next row carries as `previous`."""
    return sha256(_ROW_DOMAIN + previous + len(header).to_bytes(4, "big") + header + commitment).digest()


def person_key(holder: str) -> int:
    """The key of a holder in the index of mentions: 63 bits, so that no table of holders' names has to be kept.

    Two holders may share a key (one chance in 10^8 for 250,000): who reads compares the body as well.
    """
    return int.from_bytes(blake2b(holder.encode("utf-8", "replace"), digest_size=8).digest(), "big") >> 1


def people_in(body: Body) -> Iterator[str]:
    """The holders whom a body mentions, each once: these are found by a search, and erased."""
    if body.holder is not None:
        yield body.holder
    if body.second_holder is not None and body.second_holder != body.holder:
        yield body.second_holder


def event_of(header: Header, body: Body | None) -> Event:
    """The event as the core recorded it. Raises ValueError for a code that this release does not know."""
    return Event(
        code=Code(header.code),
        portal=header.portal,
        access_point=header.access_point,
        reader=header.reader,
        device=header.device,
        reasons=header.reasons,
        count=header.count,
        detail=header.detail,
        body=body,
        request=header.request,
    )
