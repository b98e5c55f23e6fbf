"""Facts of readers that prove who they are by a key: when one does not, and what became of its key."""

from __future__ import annotations

from enum import StrEnum

from firmware.core.fact import Fact


class KeyChange(StrEnum):
    UNTRUSTED = "untrusted"  # wrong key, default key, no secure channel, plain text: nothing that it says counts
    CHANGED = "changed"  # the reader has proven a new key
    KEPT = "kept"  # it was asked for a new one and has not proven it
    INSTALLING = "installing"  # it is let in with the default key, to be given its own
    INSTALLED = "installed"
    INSTALL_OVER = "install_over"  # the time was over, or it was broken off
    REFUSED = "refused"  # it was asked for and not begun


class ReaderKeyed(Fact, frozen=True):
    """Something became of a reader's key; `why` in one word. `issuer`, `request` and `note` as in OverlayChanged."""

    reader: str
    change: KeyChange
    why: str = ""
    issuer: str = ""
    request: str = ""
    note: str = ""
