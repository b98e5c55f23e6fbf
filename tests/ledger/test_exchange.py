"""Frames between controllers: what they are, which are refused, and the rule that leads everywhere to one place."""

from __future__ import annotations

import random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from firmware import exchange
from firmware.exchange import (
    ExchangeError,
    Foreign,
    FromTheFuture,
    Malformed,
    Notices,
    PassageNotice,
    Placed,
    Position,
    Replayed,
    TooOld,
    Unsigned,
    believable,
    merge,
    read,
    seal,
    stamp,
)
from firmware.messages import EXCHANGE_BYTES_MAX, FRAME_BYTES_MAX, Exchange, pack
from tests.journal.making import Key

NOW_S = 1_790_000_000
NORTH, SOUTH = Key(1), Key(2)
TRUSTED = {"north": NORTH.public_key, "south": SOUTH.public_key}
PASSAGE = PassageNotice("ann", "house", NOW_S - 5, "n_in", "h1", True, 1, 77)


def notices(*passages: PassageNotice, **changed) -> Notices:
    told = Notices("north", NOW_S, NOW_S - 1_000, len(passages), 0, passages)
    return msgspec.structs.replace(told, **changed)


def raw(content: object, *, sender: str = "north", key: Key = NORTH, purpose: bytes = exchange.PURPOSE) -> bytes:
    """A frame built by hand, from the words at the head of exchange.py."""
    body = content if isinstance(content, bytes) else msgspec.msgpack.encode(content)
    return msgspec.msgpack.encode([sender, body, key.sign(purpose + body)])


# -- the frame --------------------------------------------------------------------------------------------------------


def test_a_frame_says_what_was_sealed():
    told = notices(PASSAGE, PassageNotice("ben", None, NOW_S, "n_out"))
    assert read(seal(told, NORTH), TRUSTED, NOW_S, {}) == told


def test_a_frame_is_what_its_description_says():
    """The same bytes, made without exchange.py: an array of sender, content and a signature that OpenSSL proves."""
    frame = seal(notices(PASSAGE), NORTH)
    sender, content, signature = msgspec.msgpack.decode(frame)
    key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key()
    key.verify(signature, b"menshen passages elsewhere 1\n" + content)
    told = ["north", NOW_S, NOW_S - 1_000, 1, 0, [["ann", "house", NOW_S - 5, "n_in", "h1", True, 1, 77]]]
    assert (sender, msgspec.msgpack.decode(content)) == ("north", told)
    assert raw(told) == frame


def test_the_largest_frame_fits_its_limits():
    """256 notices with every id as long as allowed and every character of four bytes."""
    long = "\U0001f6aa" * exchange.ID_CHARACTERS_MAX
    widest = exchange.NUMBER_MAX
    most = [PassageNotice(long, long, NOW_S, long, long, True, widest, widest)] * exchange.NOTICES_MAX
    by_hand = msgspec.msgpack.encode(notices(*most))
    assert len(by_hand) > 256 * 4 * 64 * 4  # that is more than one frame may have; ids of the site file are ASCII
    site = PassageNotice(long, "a" * 40, NOW_S, "a" * 40, long, True, widest, widest)
    frame = seal(notices(*[site] * exchange.NOTICES_MAX), NORTH)
    assert len(frame) <= EXCHANGE_BYTES_MAX
    assert len(pack(Exchange(frame))) <= FRAME_BYTES_MAX
    assert read(frame, TRUSTED, NOW_S, {}).number == 256


REFUSED = {
    "nothing": (b"", Malformed),
    "no frame": (b"\xc1" * 40, Malformed),
    "too long": (b"\x93" + bytes(EXCHANGE_BYTES_MAX), Malformed),
    "nested": (b"\x91" * 10_000, Malformed),
    "cut": (seal(notices(PASSAGE), NORTH)[:-1], Malformed),
    "a foreign sender": (raw(notices(sender="east"), sender="east"), Foreign),
    "signed by another": (raw(notices(PASSAGE), key=SOUTH), Unsigned),
    "signed for another purpose": (raw(notices(PASSAGE), purpose=b"menshen journal head 1\n"), Unsigned),
    "in another's name": (raw(notices(sender="south")), Malformed),
    "a short signature": (msgspec.msgpack.encode(["north", b"", b"x" * 63]), Malformed),
    "rubbish that is signed": (raw(b"\x93abc"), Malformed),
    "too many": (raw(notices(*[PASSAGE] * 257)), Malformed),
    "a wrong count": (raw(notices(PASSAGE, number=2)), Malformed),
    "a count below nought": (raw(["north", NOW_S, NOW_S, 0, -1, [["a", None, 1, "n"]]]), Malformed),
    "one field more": (raw([*msgspec.to_builtins(notices()), "x"]), Malformed),
    "no holder": (raw(notices(PassageNotice("", "house", NOW_S, "n_in"))), Malformed),
    "a holder without end": (raw(notices(PassageNotice("x" * 65, "house", NOW_S, "n_in"))), Malformed),
    "an instant before all": (raw(notices(PassageNotice("ann", "house", -1, "n_in"))), Malformed),
    "sealed 61 s ago": (raw(notices(PASSAGE, sent_s=NOW_S - 61)), TooOld),
    "sealed in 11 s": (raw(notices(PASSAGE, sent_s=NOW_S + 11)), FromTheFuture),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    frame, kind = REFUSED[name]
    with pytest.raises(kind) as refused:
        read(frame, TRUSTED, NOW_S, {})
    assert isinstance(refused.value, ExchangeError)
    assert refused.value.kind in ("malformed", "foreign", "unsigned", "too_old", "from_the_future")


def test_clocks_may_be_off_a_little():
    for sent_s in (NOW_S - 60, NOW_S + 10):
        assert read(seal(notices(PASSAGE, sent_s=sent_s), NORTH), TRUSTED, NOW_S, {}).sent_s == sent_s


def test_a_frame_is_taken_once_and_older_ones_never_again():
    told = notices(PASSAGE)
    at = told.position
    assert at == Position(NOW_S - 1_000, 1, NOW_S)
    for older in (told, notices(sent_s=NOW_S), msgspec.structs.replace(told, began_s=NOW_S - 2_000, sent_s=NOW_S + 5)):
        with pytest.raises(Replayed):
            read(seal(older, NORTH), TRUSTED, NOW_S, {"north": at, "south": Position(0, 0, 0)})
    sign_of_life = msgspec.structs.replace(told, sent_s=NOW_S + 1)
    begun_anew = notices(began_s=NOW_S)
    for newer in (sign_of_life, notices(PASSAGE, PASSAGE), begun_anew):
        assert read(seal(newer, NORTH), TRUSTED, NOW_S, {"north": at}) == newer


@pytest.mark.attack("roster-49")
def test_no_changed_bit_of_a_frame_passes():
    """Each bit of a frame turned, and each of its ends cut off: nothing is taken that its sender has not signed."""
    frame = seal(notices(PASSAGE), NORTH)
    for bit in range(8 * len(frame)):
        changed = bytearray(frame)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ExchangeError):
            read(bytes(changed), TRUSTED, NOW_S, {})
    for length in range(len(frame)):
        with pytest.raises(ExchangeError):
            read(frame[:length], TRUSTED, NOW_S, {})


def test_random_bytes_are_refused():
    """Seed 4."""
    draw = random.Random(4)
    for _ in range(2_000):
        with pytest.raises(ExchangeError):
            read(draw.randbytes(draw.randrange(200)), TRUSTED, NOW_S, {})


@pytest.mark.parametrize(
    ("since", "held", "whole"),
    [
        (0, None, True),
        (1, None, False),
        (3, Position(NOW_S - 1_000, 3, 0), True),
        (3, Position(NOW_S - 1_000, 9, 0), True),
        (4, Position(NOW_S - 1_000, 3, 0), False),
        (3, Position(NOW_S - 999, 3, 0), False),  # counted from another beginning
    ],
)
def test_nothing_is_missing_only_for_who_has_all_before(since, held, whole):
    assert notices(PASSAGE, since=since, number=since + 1).completes(held) is whole


# -- the rule ---------------------------------------------------------------------------------------------------------


def test_the_rule_by_examples():
    old, new = Placed(100, "north"), Placed(101, "arch")
    assert merge(None, old) is old
    assert merge(old, new) is new
    assert merge(new, old) is new
    assert merge(old, Placed(100, "south")) == Placed(100, "south")
    assert merge(old, Placed(100, "arch")) is old
    again = Placed(100, "north")
    assert merge(old, again) is old  # the own one once more
    assert believable(PassageNotice("ann", None, NOW_S + 30, "n"), NOW_S)
    assert not believable(PassageNotice("ann", None, NOW_S + 31, "n"), NOW_S)


def test_an_own_passage_is_later_than_what_was_known():
    assert [stamp(100, known) for known in (None, 99, 100, 110, 119, 120)] == [100, 100, 101, 111, 120, 100]


def test_what_a_controller_stamps_every_other_one_believes():
    """Its own clock and ours are 10 s apart at most."""
    latest = max(stamp(NOW_S + 10, NOW_S + known) for known in range(-5, 60))
    assert believable(PassageNotice("ann", None, latest, "n"), NOW_S)


class Controller:
    """A controller as the rule sees it: what it holds of each holder. Merges by exchange.py, nothing else."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.held: dict[str, tuple[Placed, str | None]] = {}

    def prove(self, holder: str, area: str | None, at_s: int) -> tuple[str, PassageNotice]:
        known = self.held.get(holder)
        at_s = stamp(at_s, known[0].at_s if known else None)
        notice = PassageNotice(holder, area, at_s, f"{self.name}_in")
        self.held[holder] = (Placed(at_s, self.name), area)
        return self.name, notice

    def hear(self, sender: str, notice: PassageNotice) -> None:
        known = self.held.get(notice.holder)
        told = Placed(notice.at_s, sender)
        if merge(known[0] if known else None, told) is told:
            self.held[notice.holder] = (told, notice.area)


def newest(told: list[tuple[str, PassageNotice]]) -> dict[str, tuple[int, str, str | None]]:
    """The oracle: sort everything that was ever told, and let the last one of each holder stand."""
    ordered = sorted(told, key=lambda each: (each[1].at_s, each[0]))
    return {notice.holder: (notice.at_s, sender, notice.area) for sender, notice in ordered}


STEP = st.tuples(
    st.sampled_from(["arch", "north", "south"]),
    st.sampled_from(["ann", "ben"]),
    st.sampled_from(["house", "park", None]),
    st.integers(0, 3),  # seconds since the passage before
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=25), st.randoms(use_true_random=False), st.dictionaries(
    st.sampled_from(["arch", "north", "south"]), st.integers(-5, 5)
))  # fmt: skip
def test_any_order_and_repetition_leads_everywhere_to_the_same_place(steps, draw, offsets):
    """Three controllers, whose clocks are off by up to 5 s each, prove and hear in any order; some hear twice."""
    controllers = {name: Controller(name) for name in ("arch", "north", "south")}
    now_s, told = NOW_S, []
    for name, holder, area, later_s in steps:
        now_s += later_s
        told.append(controllers[name].prove(holder, area, now_s + offsets.get(name, 0)))
        for other in controllers.values():
            for sender, notice in draw.choices(told, k=draw.randrange(3)):
                other.hear(sender, notice)
    for other in controllers.values():
        rest = [*told, *draw.choices(told, k=len(told))]
        draw.shuffle(rest)
        for sender, notice in rest:
            other.hear(sender, notice)
    places = [
        {holder: (placed.at_s, placed.controller, area) for holder, (placed, area) in each.held.items()}
        for each in controllers.values()
    ]
    assert places[0] == places[1] == places[2] == newest(told)


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, min_size=1, max_size=20))
def test_who_hears_at_once_follows_the_true_order_however_clocks_stand(steps):
    """North is 10 s ahead. Where each hears of a passage before the next is proven, the last one proven holds."""
    controllers = {name: Controller(name) for name in ("arch", "north", "south")}
    now_s, last, ahead_s = NOW_S, {}, 0
    for name, holder, area, later_s in steps:
        now_s += later_s
        told = controllers[name].prove(holder, area, now_s + (10 if name == "north" else 0))
        last[holder] = (name, area)
        for other in controllers.values():
            other.hear(*told)
        ahead_s = max(ahead_s, told[1].at_s - now_s)
    assume(ahead_s < exchange.STAMP_AHEAD_S_MAX)  # ten passages of one holder within a second: nobody makes them
    for each in controllers.values():
        assert {holder: (placed.controller, area) for holder, (placed, area) in each.held.items()} == last


def test_the_purpose_is_no_other_signatures_beginning():
    """A signature over a journal's head or a roster must never pass as one over notices."""
    from firmware.journal import heads
    from firmware.roster import seal as rosters

    others = [value for module in (heads, rosters) for value in vars(module).values() if isinstance(value, bytes)]
    assert any(b"menshen" in other for other in others)
    assert not any(other and exchange.PURPOSE.startswith(other) for other in others if len(other) > 8)
