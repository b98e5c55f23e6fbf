"""What controllers of one community tell each other of proven passages: signed frames, and the rule that merges them.

A frame is the sender's word about its own passages, signed by its device key; whoever carries it (a network process, a
broker, the community server) can lose it, double it, hold it back, and forge nothing.

A sender counts its notices from 1 each time it begins to tell (`began_s`, its start). A frame holds the notices
`since + 1` to `number`, all of them. Who has everything up to `since` is complete with it, and so is everybody where
`since` is 0. A frame without notices only says that the sender lives and what its `number` is.

The rule: of two passages of a holder the one with the later instant says where the holder is, and of two in the same
second the one of the greater controller id; the same one once more changes nothing. That is one order for all, so that
any sequence of frames, with any repetition, leads everywhere to the same place. What a controller proves itself is
later than whatever it knew when it proved it (`stamp`), however its clock stands to others': a holder's passages at one
controller never have the same instant.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple, Protocol

import msgspec

from firmware.identity import verify
from firmware.messages import EXCHANGE_BYTES_MAX

PURPOSE = b"menshen passages elsewhere 1\n"  # begins what is signed, so that no other signature of the key fits
NOTICES_MAX = 256  # of one frame
SIGNATURE_BYTES = 64
ID_CHARACTERS_MAX = 64
NUMBER_MAX = 1 << 53
# The clock of a controller may be wrong by 5 s at most (GA/T 1742), so that two of them are 10 s apart at most.
CLOCK_OFF_S_MAX = 10
# How far ahead of its own clock a controller's instants may be: another's clock, and as many passages of one holder in
# a row, each a second later than the one before, as nobody makes within seconds.
STAMP_AHEAD_S_MAX = 2 * CLOCK_OFF_S_MAX
AHEAD_S_MAX = STAMP_AHEAD_S_MAX + CLOCK_OFF_S_MAX  # of the receiver's clock
# Frames are sealed when they are sent and not kept: an older one was held back, or its sender's clock is wrong.
SENT_S_MAX = 60


class ExchangeError(Exception):
    """A frame of another controller was not taken. `kind` is a word for counters; the message says what to do."""

    kind = "refused"


class Malformed(ExchangeError):
    """It is no frame, or contradicts itself: a broken or foreign sender."""

    kind = "malformed"


class Foreign(ExchangeError):
    """The sender is not one of ours: name it in the site file, or find out who sends."""

    kind = "foreign"


class Unsigned(ExchangeError):
    """The signature is not the sender's: somebody between changed or made it."""

    kind = "unsigned"


class Replayed(ExchangeError):
    """It was taken before, or an older one is sent again."""

    kind = "replayed"


class TooOld(ExchangeError):
    """It was sealed too long ago: it was held back, or one of the two clocks is wrong."""

    kind = "too_old"


class FromTheFuture(ExchangeError):
    """It was sealed at an instant that has not come: one of the two clocks is wrong."""

    kind = "from_the_future"


_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_CHARACTERS_MAX)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=NUMBER_MAX)]


class PassageNotice(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One proven passage of one holder at the sender.

    `area` is a shared area that it led into, None where it led out of all of them. `at_s` is its instant, or up to
    STAMP_AHEAD_S_MAX later where the sender knew of a later one already (`stamp`). `epoch` and `seq` name the row of
    the sender's journal up to which it had committed when it told of it.
    """

    holder: _Id
    area: _Id | None
    at_s: _Count  # UTC
    access_point: _Id
    household: _Id | None = None
    vehicle: bool = False
    epoch: _Count = 0
    seq: _Count = 0


class Notices(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One frame's content. See the head of this file."""

    sender: _Id  # the controller's id
    sent_s: _Count  # UTC
    began_s: _Count  # UTC; when the sender began to count
    number: _Count  # of the last notice that there is
    since: _Count  # `notices` are numbered from since + 1 on
    notices: Annotated[tuple[PassageNotice, ...], msgspec.Meta(max_length=NOTICES_MAX)] = ()

    @property
    def position(self) -> Position:
        return Position(self.began_s, self.number, self.sent_s)

    def completes(self, held: Position | None) -> bool:
        """Whether nothing is missing up to `number` for somebody who has everything up to `held` (None: nothing)."""
        return self.since == 0 or (held is not None and held.began_s == self.began_s and self.since <= held.number)


class Position(NamedTuple):
    """How far a sender has told. Later positions are greater."""

    began_s: int
    number: int
    sent_s: int


class Sealed(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A frame on its way: `signature` is Ed25519 by the sender's key over PURPOSE and `content`."""

    sender: _Id
    content: bytes
    signature: Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class Signer(Protocol):
    """The device's key. firmware.identity.Identity is one."""

    def sign(self, message: bytes, /) -> bytes: ...


_encoder = msgspec.msgpack.Encoder()
_sealed_decoder = msgspec.msgpack.Decoder(Sealed)
_notices_decoder = msgspec.msgpack.Decoder(Notices)


def seal(notices: Notices, signer: Signer) -> bytes:
    """The frame as it is sent; `signer` is the sender's key."""
    assert notices.since + len(notices.notices) == notices.number, "a frame holds all that it says it holds"
    content = _encoder.encode(notices)
    frame = _encoder.encode(Sealed(notices.sender, content, signer.sign(PURPOSE + content)))
    assert len(frame) <= EXCHANGE_BYTES_MAX, f"a frame of {len(frame)} bytes"
    return frame


def read(frame: bytes, trusted: Mapping[str, bytes], now_s: int, told: Mapping[str, Position]) -> Notices:
    """What a frame says, proven to be its sender's and to be news.

    `trusted` has the public keys (32 bytes) by controller id; `told` how far each sender had told, as of the last
    frame taken; `now_s` is UTC. Raises an ExchangeError; nothing of a refused frame may be used.
    """
    sealed = _unsealed(frame)
    key = trusted.get(sealed.sender)
    if key is None:
        raise Foreign(f"controller {sealed.sender!r} is not among the peers of the site file")
    if not verify(key, sealed.signature, PURPOSE + sealed.content):
        raise Unsigned(f"the frame was not signed by the key of {sealed.sender!r} that the site file names")
    try:
        notices = _notices_decoder.decode(sealed.content)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(f"what {sealed.sender!r} signed are no notices: {error}; compare the releases") from error
    if notices.sender != sealed.sender:
        raise Malformed(f"{sealed.sender!r} signed a frame in the name of {notices.sender!r}")
    if notices.since + len(notices.notices) != notices.number:
        raise Malformed(f"{sealed.sender!r} counts {notices.since} + {len(notices.notices)} = {notices.number}")
    if notices.sent_s > now_s + CLOCK_OFF_S_MAX:
        raise FromTheFuture(f"{sealed.sender!r} is {notices.sent_s - now_s} s ahead: compare both clocks")
    if notices.sent_s < now_s - SENT_S_MAX:
        raise TooOld(
            f"{sealed.sender!r} sealed it {now_s - notices.sent_s} s ago: compare both clocks and the way here"
        )
    before = told.get(sealed.sender)
    if before is not None and notices.position <= before:
        raise Replayed(f"{sealed.sender!r} had told as much before")
    return notices


def _unsealed(frame: bytes) -> Sealed:
    if len(frame) > EXCHANGE_BYTES_MAX:
        raise Malformed(f"a frame of {len(frame)} bytes; at most {EXCHANGE_BYTES_MAX} are allowed")
    try:
        return _sealed_decoder.decode(frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Malformed(f"{len(frame)} bytes that are no frame: {error}") from error


# -- the rule ---------------------------------------------------------------------------------------------------------


class Placed(NamedTuple):
    """Which passage has put a holder where the holder is. They are ordered by the rule: the greater one holds."""

    at_s: int
    controller: str


def merge(known: Placed | None, told: Placed) -> Placed:
    """What holds of the two; `known` itself where `told` is no news."""
    return told if known is None or told > known else known


def believable(notice: PassageNotice, now_s: int) -> bool:
    """Whether a notice's instant may be one. One from the future would hold against all that comes until then."""
    return notice.at_s <= now_s + AHEAD_S_MAX


def stamp(passed_s: int, known_s: int | None) -> int:
    """The instant by which an own passage takes part in the rule: later than the one known before of that holder.

    A known one that is further ahead than it may be was a wrong clock's, and does not count.
    """
    if known_s is None or not passed_s <= known_s < passed_s + STAMP_AHEAD_S_MAX:
        return passed_s
    return known_s + 1
