"""What an installer knows of the texts of a reader's codes: how they begin, of what they are made, how long they are.

For readers without a checksum, whose garbled text would else be a code that nobody has: with this it is noise. Not a
regular expression: hostile codes would have those take for ever, and this takes one look at each character.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drivers.settings import Problem

LENGTH = (1, 512)  # in characters; the longest is what firmware/controller/intake.py takes
STARTS_MAX = 64
CHARACTERS_MAX = 256  # as written


class TextForm(NamedTuple):
    """`characters`: single ones, and ranges such as 0-9 or A-Z; a hyphen stands first or last. Empty: any."""

    starts: str = ""
    characters: str = ""
    least: int = LENGTH[0]
    most: int = LENGTH[1]

    def fits(self, text: str) -> bool:
        if not self.least <= len(text) <= self.most or not text.startswith(self.starts):
            return False
        return all(self._holds(letter) for letter in set(text))

    def problems(self, prefix: str) -> Iterator[Problem]:
        """`prefix`: of the keys in the device's table."""
        if len(self.starts) > STARTS_MAX or not self.starts.isprintable():
            yield Problem(f"{prefix}starts", self.starts[:STARTS_MAX], f"at most {STARTS_MAX} printable characters")
        if len(self.characters) > CHARACTERS_MAX or not self.characters.isprintable():
            allowed = f"at most {CHARACTERS_MAX} printable characters, and ranges of them such as 0-9"
            yield Problem(f"{prefix}characters", self.characters[:STARTS_MAX], allowed)
            return
        turned = next((f"{first}-{last}" for first, last in _ranges(self.characters) if first > last), None)
        if turned is not None:
            yield Problem(f"{prefix}characters", turned, f"the other way round: {turned[::-1]}")
        elif not all(self._holds(letter) for letter in self.starts):
            allowed = f"what it begins with too: {self.starts}"
            yield Problem(f"{prefix}characters", self.characters, allowed)
        if not LENGTH[0] <= self.least <= self.most:
            yield Problem(f"{prefix}min", str(self.least), f"{LENGTH[0]} to {prefix}max, which is {self.most}")
        if not max(LENGTH[0], len(self.starts)) <= self.most <= LENGTH[1]:
            yield Problem(f"{prefix}max", str(self.most), f"{max(LENGTH[0], len(self.starts))} to {LENGTH[1]}")

    def _holds(self, letter: str) -> bool:
        return not self.characters or any(first <= letter <= last for first, last in _ranges(self.characters))


def _ranges(characters: str) -> Iterator[tuple[str, str]]:
    """(first, last) of each range; a single character is one."""
    at = 0
    while at < len(characters):
        last = at + 2 if characters[at + 1 : at + 2] == "-" and at + 2 < len(characters) else at
        yield characters[at], characters[last]
        at = last + 1
