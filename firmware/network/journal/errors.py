"""Why the journal is not shown. `word` is the key of the sentence that a person reads (words.py)."""

from __future__ import annotations

from firmware.network.errors import NetworkError


class PageError(NetworkError):
    """Root of this package's errors. `named` fills the sentence; `why` is for whoever services the controller."""

    def __init__(self, word: str, why: str = "", **named: object) -> None:
        super().__init__(word)
        self.word = word
        self.why = why
        self.named = named


class NotUnderstood(PageError):
    """What was typed is no date, no kind, no row: whoever typed it can type otherwise."""


class NotForRole(PageError):
    """The journal has it, and this role does not see it."""


class Gone(PageError):
    """The purpose under which this was shown is over: it is to be stated anew."""


class NotReadable(PageError):
    """The journal file is missing, damaged or slow."""


class TooMany(PageError):
    """So much is read already that more would hold up what is read."""
