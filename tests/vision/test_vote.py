"""Votes over reads of one plate: two that agree at least, what was read otherwise counts, another plate begins anew."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.vision.vote import AGREE_MIN, BALLOTS_MAX, Ballot, Votes, letters_apart

FRAME_NS = 100_000_000


def told(texts, reads_min=2, found=0.9, read=0.95):
    """What is told in each frame."""
    votes = Votes()
    answers = [votes.cast(Ballot(text, found, read, n * FRAME_NS), reads_min) for n, text in enumerate(texts)]
    return [vote.text if vote else "" for vote in answers]


def test_one_look_is_none():
    assert told(["粤B12345"]) == [""]


def test_two_that_agree_are_told():
    assert told(["粤B12345", "粤B12345"]) == ["", "粤B12345"]


def test_a_text_that_flickers_with_its_look_alike_is_told_as_neither():
    """8 and B, frame by frame: each has half of the votes."""
    assert told(["粤B12845", "粤B12B45"] * 10) == [""] * 20


def test_of_look_alikes_three_quarters_must_agree():
    texts = ["粤B12B45", "粤B12845", "粤B12845"]
    assert told(texts)[-1] == ""
    assert told([*texts, "粤B12845"])[-1] == "粤B12845"


def test_only_a_frame_that_says_so_itself_tells():
    """The evidence is the frame in which it was read: a frame that was read otherwise is not its evidence."""
    assert told(["粤B12345"] * 6 + ["粤B99999"]) == ["", *["粤B12345"] * 5, ""]


def test_another_plate_in_the_same_place_begins_anew_and_the_first_is_not_told_again():
    """A swap within one track: what was read before says nothing about what hangs there now."""
    votes = Votes()
    answers = []
    for n, text in enumerate(["粤B12345"] * 10 + ["京A88731"] * 4):
        answers.append(votes.cast(Ballot(text, 0.9, 0.9, n * FRAME_NS), 2))
    assert answers[10] is None
    assert (answers[11].text, answers[11].reads, answers[11].looks) == ("京A88731", 2, 2)
    assert votes.changes == 1


def test_a_misread_twice_in_a_row_is_no_other_plate():
    """One character only differs: it has to win by numbers, and does not."""
    assert told(["粤B12345"] * 6 + ["粤B12346"] * 2)[-2:] == ["", ""]


def test_as_many_as_are_asked_for_are_as_sure_as_is_told():
    """One look that is sure of itself does not speak for another that is not."""
    votes = Votes()
    votes.cast(Ballot("粤B12345", 0.9, 0.99, 0), 2)
    votes.cast(Ballot("粤B12346", 1.0, 1.0, 1), 2)
    votes.cast(Ballot("粤B12345", 0.5, 0.6, 2), 2)
    vote = votes.cast(Ballot("粤B12345", 0.6, 0.7, 3), 2)
    assert (vote.found, vote.read, vote.reads, vote.looks, vote.at_ns) == (0.6, 0.7, 3, 4, 3)


def test_what_was_read_long_ago_is_forgotten():
    votes = Votes()
    for n in range(10):
        votes.cast(Ballot("粤B12346", 0.9, 0.9, n), 2)
    for n in range(200):
        vote = votes.cast(Ballot("粤B12345", 0.9, 0.9, 10 + n), 2)
    assert (vote.text, vote.reads, vote.looks) == ("粤B12345", BALLOTS_MAX, BALLOTS_MAX)


texts = st.lists(st.sampled_from(["粤B12345", "粤B12346", "粤B1234S", "京A88731", "GOOD"]), max_size=60)


@settings(deadline=None)
@given(texts, st.integers(2, 6))
def test_whatever_is_read_what_is_told_was_read_often_enough_lately_and_now(read, reads_min):
    votes = Votes()
    for n, text in enumerate(read):
        vote = votes.cast(Ballot(text, 0.9, 0.9, n * FRAME_NS), reads_min)
        if vote is not None:
            lately = Counter(read[max(0, n + 1 - BALLOTS_MAX) : n + 1])
            assert vote.text == text
            assert vote.at_ns == n * FRAME_NS
            assert reads_min <= vote.reads <= lately[text]
            assert vote.reads >= AGREE_MIN * vote.looks
            assert vote.looks <= BALLOTS_MAX


@settings(deadline=None)
@given(st.text("AB8", max_size=7), st.text("AB8", max_size=7), st.text("AB8", max_size=7))
def test_the_distance_of_texts_is_one(one, other, third):
    """Levenshtein's: a metric, bounded by the lengths."""
    assert letters_apart(one, one) == 0
    assert (letters_apart(one, other) == 0) == (one == other)
    assert letters_apart(one, other) == letters_apart(other, one)
    assert letters_apart(one, third) <= letters_apart(one, other) + letters_apart(other, third)
    assert abs(len(one) - len(other)) <= letters_apart(one, other) <= max(len(one), len(other))


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("flaw", "lawn", 2), ("粤B12345", "粤B12B45", 1)],
)
def test_distances_that_are_published(one, other, apart):
    assert letters_apart(one, other) == apart
