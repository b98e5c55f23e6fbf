"""What can go wrong with pictures at the page."""

from __future__ import annotations

from firmware.network.errors import NetworkError


class NoPictures(NetworkError):
    """The vision process does not answer; the message says why, for maintenance staff."""


class NotBegun(NetworkError):
    """No picture is shown: what is wrong, and what to do, as keys of words; or the controller's reasons."""

    def __init__(self, word: str = "", reasons: tuple[str, ...] = (), **named: object) -> None:
        super().__init__(word or ", ".join(reasons))
        self.word = word
        self.reasons = reasons
        self.named = named
