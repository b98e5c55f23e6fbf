"""What goes wrong at the desk, as the page is told it."""

from __future__ import annotations

from firmware.people_words.base import Refused


class PeopleError(Exception):
    """Root of this package's errors."""


class Denied(PeopleError):
    """It is not done, and nothing has changed; `said` goes to whoever asked."""

    def __init__(self, word: str, field: str = "", text: str = "", **fills: str) -> None:
        super().__init__(word)
        self.said = Refused(word=word, field=field, fills=fills, text=text[:TEXT_CHARACTERS_MAX])


class Settled(PeopleError):
    """The command line or the configuration is not what this process needs."""


TEXT_CHARACTERS_MAX = 2_000
