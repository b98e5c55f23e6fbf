"""The overlay as a value: its indices against a plain look at every entry, its limits, and what no entry may be."""

from __future__ import annotations

import random
import timeit

import msgspec
import pytest

from firmware.core.access import Factor
from firmware.roster.entry import (
    ENROLMENT_S_MAX,
    SUSPENSION_S_MAX,
    VISITOR_S_MAX,
    Entry,
    EntryRefused,
    Kind,
    Status,
    check,
    suspension_end_s,
)
from firmware.roster.overlay import EMPTY, ENTRIES_MAX, Overlay, OverlayFull
from tests.overlay.entries import DAY_S, NOW_S, enrolled, lost, suspended, visitor

HOLDERS = [f"h{number}" for number in range(5)]
TOKENS = [f"{number:016x}" for number in range(6)]
CARDS = [f"H10301:1:{number}" for number in range(6)]


def some_entry(rng: random.Random) -> Entry:
    holder, at = rng.choice(HOLDERS), rng.randrange(6)
    ends = {"expires_s": NOW_S + rng.choice((1, 2, 3)) * DAY_S}
    match rng.randrange(5):
        case 0:
            return suspended(holder, status=rng.choice(list(Status)), **ends)
        case 1:
            return suspended(holder, TOKENS[at], **ends)
        case 2:
            return lost(holder, TOKENS[at], factor=Factor.CARD, key=CARDS[at], **ends)
        case 3:
            return enrolled(holder, TOKENS[at], CARDS[at], **ends)
        case _:
            return visitor(holder, TOKENS[at], f"code {at}", **ends)


def longest(entries: list[Entry]) -> tuple[int, bool] | None:
    """(when the longest of these ends, whether one that ends then is lost)."""
    if not entries:
        return None
    end = max(entry.expires_s for entry in entries)
    return end, any(entry.status is Status.LOST for entry in entries if entry.expires_s == end)


def agrees(overlay: Overlay, entries: list[Entry]) -> None:
    """Every look-up against a plain look at the list."""
    assert list(overlay) == entries
    assert overlay.bytes == sum(len(msgspec.json.encode(entry)) + 1 for entry in entries)
    suspensions = [entry for entry in entries if entry.kind is Kind.SUSPEND]
    for holder in HOLDERS:
        assert list(overlay.of_holder(holder)) == [entry for entry in entries if entry.holder == holder]
        whole = [entry for entry in suspensions if entry.holder == holder and entry.credential is None]
        for number, token in enumerate(TOKENS):
            by_token = [entry for entry in suspensions if entry.credential == token]
            by_key = [entry for entry in suspensions if entry.key == CARDS[number]]
            for found, expected in (
                (overlay.suspension(holder, None), whole),
                (overlay.suspension(holder, token), whole + by_token),
                (overlay.suspension(holder, "f" * 16, Factor.CARD, CARDS[number]), whole + by_key),
            ):
                said = None if found is None else (found.expires_s, found.status is Status.LOST)
                assert said == longest(expected)
    for number, card in enumerate(CARDS):
        for factor, key in ((Factor.CARD, card), (Factor.CODE, f"code {number}"), (Factor.TAG, card)):
            opening = [entry for entry in entries if entry.kind is not Kind.SUSPEND]
            expected = [entry for entry in opening if (entry.factor, entry.key) == (factor, key)]
            assert overlay.enrolled(factor, key) == (expected[0] if expected else None)


@pytest.mark.parametrize("seed", range(20261, 20265))
def test_every_look_up_after_random_changes_is_that_of_a_plain_list(seed: int) -> None:
    rng = random.Random(seed)
    overlay, entries, kept = EMPTY, [], []
    for change in range(120):
        before = list(overlay)
        if entries and rng.random() < 0.4:
            gone = rng.sample(entries, min(len(entries), rng.choice((1, 1, 2))))
            after = overlay.without(*(entry.id for entry in gone), "l00000000")
            entries = [entry for entry in entries if entry not in gone]
        else:
            entry = some_entry(rng)
            opens = entry.kind is not Kind.SUSPEND
            taken = [
                one for one in entries if opens and one.lets_in and (one.factor, one.key) == (entry.factor, entry.key)
            ]
            if taken:
                with pytest.raises(EntryRefused):
                    overlay.with_(entry)
                continue
            after = overlay.with_(entry)
            entries = [*entries, entry]
        assert after.revision == overlay.revision + 1
        assert list(overlay) == before, "a change makes another value"
        overlay = after
        if change % 10 == 0:
            kept.append((overlay, entries))
            agrees(Overlay(entries, 7), entries)
        agrees(overlay, entries)
    for old, its_entries in kept:
        agrees(old, its_entries)


def test_of_equal_ends_the_lost_one_is_said() -> None:
    for order in (1, -1):
        pair = [suspended("a", TOKENS[0]), lost("a", TOKENS[0])][::order]
        assert Overlay(pair).suspension("a", TOKENS[0]).status is Status.LOST


def test_all_or_none() -> None:
    good, bad = suspended("a"), suspended("b", why="")
    with pytest.raises(EntryRefused):
        EMPTY.with_(good, bad)
    assert len(EMPTY) == 0
    assert EMPTY.suspension("a", None) is None


@pytest.mark.attack("roster-30")
def test_the_list_has_an_end_in_number_and_in_bytes() -> None:
    full = EMPTY.with_(*(suspended(f"h{number}") for number in range(ENTRIES_MAX)))
    with pytest.raises(OverlayFull, match="build a roster"):
        full.with_(suspended("one_more"))
    assert len(full.without(next(iter(full)).id).with_(suspended("one_more"))) == ENTRIES_MAX
    # The longest that one may be, in the longest of characters: not even half as many fit into 2 MB.
    longest_one = {"issuer": "印" * 64, "why": "\U00020000" * 200, "key": "\U00020000" * 256}
    with pytest.raises(OverlayFull):
        EMPTY.with_(
            *(
                visitor(f"v{number}", f"{number:016x}", **(longest_one | {"key": f"{number:05}" + "\U00020000" * 251}))
                for number in range(ENTRIES_MAX // 2)
            )
        )


WRONG = {
    "an id of another kind": {"id": "x"},
    "no issuer": {"issuer": ""},
    "a long issuer": {"issuer": "i" * 65},
    "a line break": {"issuer": "a\nb"},
    "a right-to-left mark": {"why": "paid \u202e no"},
    "NUL": {"why": "a\0b"},
    "10 kB of why": {"why": "w" * 10_000},
    "a holder that is none": {"holder": "../a"},
    "a token that is none": {"credential": "ABC"},
    "a kind without a key": {"factor": Factor.CARD},
    "a key without a kind": {"key": "H10301:1:1"},
    "a key that is none": {"credential": "0" * 16, "factor": Factor.CARD, "key": "H10301:01:1"},
    "a PIN as its digits": {"credential": "0" * 16, "factor": Factor.PIN, "key": "123456"},
    "a face": {"credential": "0" * 16, "factor": Factor.FACE, "key": "t1"},
    "a plate that is not canonical": {"credential": "0" * 16, "factor": Factor.PLATE, "key": "沪A·12345"},
    "profiles of a suspended one": {"profiles": ("residents",)},
    "flags of a suspended one": {"flags": 1},
    "an end before the beginning": {"expires_s": NOW_S},
    "an end that no calendar has": {"expires_s": 1 << 60},
    "longer than a suspension may last": {"expires_s": NOW_S + SUSPENSION_S_MAX + 1},
    "left, with one credential": {"status": Status.LEFT, "credential": "0" * 16},
}


@pytest.mark.parametrize("what", WRONG)
def test_what_no_suspension_may_be(what: str) -> None:
    good = suspended("a")
    check(good)
    with pytest.raises(EntryRefused):
        check(msgspec.structs.replace(good, **WRONG[what]))


@pytest.mark.parametrize(
    "changed",
    [
        {"profiles": ()},
        {"profiles": tuple(f"p{number}" for number in range(17))},
        {"profiles": ("No Name",)},
        {"use_limit": None},
        {"use_limit": 0},
        {"use_limit": 10_001},
        {"flags": 1 << 20},
        {"household": "no id"},
        {"valid_from_s": NOW_S + 10 * DAY_S},
        {"created_s": None},
        {"expires_s": NOW_S + VISITOR_S_MAX + 1},
        {"status": Status.LOST},
        {"credential": None},
        {"factor": None, "key": None},
    ],
)
def test_what_no_visitor_may_be(changed: dict[str, object]) -> None:
    good = visitor("guest", TOKENS[0], "a code", valid_from_s=NOW_S + 60, household="b1")
    check(good)
    with pytest.raises(EntryRefused):
        check(msgspec.structs.replace(good, **changed))


@pytest.mark.parametrize(
    "changed",
    [{"profiles": ("residents",)}, {"use_limit": 3}, {"created_s": None}, {"expires_s": NOW_S + ENROLMENT_S_MAX + 1}],
)
def test_what_no_enrolled_credential_may_be(changed: dict[str, object]) -> None:
    good = enrolled("a", TOKENS[0], CARDS[0])
    check(good)
    with pytest.raises(EntryRefused):
        check(msgspec.structs.replace(good, **changed))


def test_a_suspension_lasts_ten_years_and_counts_from_the_roster_while_the_clock_is_unknown() -> None:
    made_s = NOW_S - 100 * DAY_S
    ten_years_s = 10 * 365 * DAY_S
    assert suspension_end_s(NOW_S, made_s) - NOW_S >= ten_years_s
    assert suspension_end_s(None, made_s) - made_s >= ten_years_s
    assert suspension_end_s(NOW_S, made_s, NOW_S + 5) == NOW_S + 5
    assert suspension_end_s(NOW_S, made_s, NOW_S + 2 * ten_years_s) == suspension_end_s(NOW_S, made_s)
    check(suspended("a", created_s=None, expires_s=suspension_end_s(None, made_s)))
    check(suspended("a", expires_s=suspension_end_s(NOW_S, made_s)))


def test_what_has_expired() -> None:
    first, second = suspended("a", expires_s=NOW_S + 5), suspended("b", expires_s=NOW_S + 6)
    overlay = Overlay((first, second))
    assert overlay.expired(NOW_S + 4) == ()
    assert overlay.expired(NOW_S + 5) == (first,)
    assert overlay.expired(NOW_S + 6) == (first, second)


def test_a_change_of_a_full_list_takes_no_time_that_a_swipe_would_notice() -> None:
    """Budget: 20 ms a swipe may wait; measured 0.7 ms for either change, three times that for a busy machine."""
    full = EMPTY.with_(*(suspended(f"h{number}") for number in range(ENTRIES_MAX - 1)))
    one_more, gone = suspended("one_more"), next(iter(full)).id
    assert min(timeit.repeat(lambda: full.with_(one_more), number=5, repeat=5)) / 5 < 0.005
    assert min(timeit.repeat(lambda: full.without(gone), number=5, repeat=5)) / 5 < 0.005


def test_taking_many_cards_away_at_once_costs_hardly_more_than_one() -> None:
    """Lost cards, each found by token and by key; a look at all for each made 12.8 ms of one and 0.8 s of 64."""
    full = EMPTY.with_(
        *(lost("h", f"{number:016x}", factor=Factor.CARD, key=f"H10301:1:{number}") for number in range(ENTRIES_MAX))
    )
    ids = list(full.entries)
    for gone in (ids[77:78], ids[100:164]):
        assert min(timeit.repeat(lambda gone=gone: full.without(*gone), number=1, repeat=9)) < 0.010


def test_ids_are_new() -> None:
    overlay = EMPTY.with_(*(suspended(f"h{number}") for number in range(50)))
    made = {overlay.new_id() for _ in range(200)}
    assert len(made) == 200
    assert not made & set(overlay.entries)
