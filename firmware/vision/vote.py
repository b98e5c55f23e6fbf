"""Reads of one plate over its frames, and what they agree on. One look is none; another text counts against it.

A vote and its evidence are one record: what is told was read in the very frame that is kept.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

BALLOTS_MAX = 24  # of a track: at ten frames a second the last seconds of a car that stands
AGREE_MIN = 0.6  # of all its ballots
ALIKE_AGREE_MIN = 0.75  # where another text differs by one character only: which of the two is it?
OTHER_LETTERS = 3  # from so many characters on it is another plate, not a misread one
OTHER_READS = 2  # one after the other


class Ballot(NamedTuple):
    """What one frame says: the text, how sure the plate and the text are (0..1), and when."""

    text: str
    found: float
    read: float
    at_ns: int


class Vote(NamedTuple):
    """What several frames say: `reads` of `looks` agree, and as many of them as are asked for are at least this sure.

    `at_ns`: of the frame it is told in, which is the frame to keep.
    """

    text: str
    found: float
    read: float
    reads: int
    looks: int
    at_ns: int


class Votes:
    """Of one plate on its way. `changes` counts how often another plate came to hang there."""

    def __init__(self) -> None:
        self.changes = 0
        self._ballots: deque[Ballot] = deque(maxlen=BALLOTS_MAX)

    def cast(self, ballot: Ballot, reads_min: int) -> Vote | None:
        """Take a frame's ballot: what is agreed on now, if this very frame says so too."""
        self._begin_anew(ballot)
        self._ballots.append(ballot)
        agreeing = [each for each in self._ballots if each.text == ballot.text]
        looks = len(self._ballots)
        rivals = Counter(each.text for each in self._ballots if each.text != ballot.text)
        share = ALIKE_AGREE_MIN if any(letters_apart(each, ballot.text) == 1 for each in rivals) else AGREE_MIN
        if len(agreeing) < reads_min or len(agreeing) < share * looks:
            return None
        found = sorted((each.found for each in agreeing), reverse=True)[reads_min - 1]
        read = sorted((each.read for each in agreeing), reverse=True)[reads_min - 1]
        return Vote(ballot.text, found, read, len(agreeing), looks, ballot.at_ns)

    def _begin_anew(self, ballot: Ballot) -> None:
        """Another plate hangs there now: what was read before says nothing about it, and it nothing about that."""
        late = [*self._ballots, ballot][-OTHER_READS:]
        if len(late) < OTHER_READS or any(each.text != ballot.text for each in late):
            return
        before = [each for each in self._ballots if each.text != ballot.text]
        if before and all(letters_apart(each.text, ballot.text) >= OTHER_LETTERS for each in before):
            self.changes += 1
            self._ballots = deque((each for each in late[:-1]), maxlen=BALLOTS_MAX)


def letters_apart(one: str, other: str) -> int:
    """How many characters have to be put in, left out or exchanged to make one text of the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        before, row[0] = row[0], place
        for column, wanted in enumerate(other, 1):
            before, row[column] = row[column], min(row[column] + 1, row[column - 1] + 1, before + (letter != wanted))
    return row[len(other)]
