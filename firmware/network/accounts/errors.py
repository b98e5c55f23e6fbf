"""Why something about accounts was not done. `word` is the key of the sentence that a person reads (words.py)."""

from __future__ import annotations

from firmware.network.errors import NetworkError


class AccountError(NetworkError):
    """Root of all errors of this package."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


class Refused(AccountError):
    """What was asked for is not allowed, or not possible as it stands: whoever asked can ask otherwise."""


class Wrong(AccountError):
    """Name, passphrase or code is wrong; which one is not told."""

    def __init__(self, word: str = "login_wrong") -> None:
        super().__init__(word)


class Delayed(AccountError):
    """So many tries failed that none is looked at before `wait_s` is over."""

    def __init__(self, wait_s: float) -> None:
        super().__init__("login_delayed")
        self.wait_s = wait_s


class Busy(AccountError):
    """More passphrases wait to be proven than may: try again in a moment."""

    def __init__(self) -> None:
        super().__init__("login_busy")


class NotRecorded(AccountError):
    """The controller did not say that the journal has it, so that it is not done."""

    def __init__(self, word: str = "not_recorded") -> None:
        super().__init__(word)


class StoreError(AccountError, OSError):
    """The file of accounts cannot be used; `why` says which, and what to do. It is never overwritten."""

    def __init__(self, why: str, word: str = "accounts_unreadable") -> None:
        super().__init__(word)
        self.why = why

    def __str__(self) -> str:
        return self.why
