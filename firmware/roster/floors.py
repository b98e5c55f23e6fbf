"""What a roster must not be older than: remembered outside of the roster's folder, so that the folder can be replaced.

The controller keeps it in the journal's kept state, under the names of `Floors.kept`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, Self

from firmware.roster.seal import Seal

KEPT_CURRENT, KEPT_PREVIOUS = "roster", "roster_previous"
_KEPT = re.compile(r"([0-9]{1,19}) ([0-9a-f]{64})")


class Floor(NamedTuple):
    """A version that was in service, and which file it was."""

    version: int = 0
    sha256: str = ""  # of the SQLite part, as Seal.sha256; "": any file of that version

    def admits(self, seal: Seal) -> bool:
        """Whether a roster is not older: a higher version, or that very file."""
        if seal.version == self.version:
            return self.sha256 in ("", seal.sha256)
        return seal.version > self.version

    def raised(self, seal: Seal | None) -> Floor:
        """The floor once this roster was in service; it never sinks."""
        if seal is None or seal.version < self.version or not self.admits(seal):
            return self
        return Floor(seal.version, seal.sha256)


class Floors(NamedTuple):
    """Of the roster in service, and of the one before it, which serves where that one is damaged."""

    current: Floor = Floor()
    previous: Floor = Floor()

    @classmethod
    def of(cls, kept: Mapping[str, str] | None) -> Self:
        """From what the journal kept; no floors where it kept none, or could not be read (None)."""
        return cls(*(_floor(kept.get(name, "")) if kept else Floor() for name in (KEPT_CURRENT, KEPT_PREVIOUS)))

    def kept(self) -> dict[str, str]:
        """For the journal to keep; without those that say nothing."""
        named = {KEPT_CURRENT: self.current, KEPT_PREVIOUS: self.previous}
        return {name: f"{floor.version} {floor.sha256}" for name, floor in named.items() if floor.sha256}

    def raised(self, current: Seal, previous: Seal | None) -> Floors:
        """The floors once `current` serves and `previous` lies beside it."""
        return Floors(self.current.raised(current), self.previous.raised(previous))


NO_FLOOR, NO_FLOORS = Floor(), Floors()


def _floor(text: str) -> Floor:
    match = _KEPT.fullmatch(text)
    return Floor() if match is None else Floor(int(match[1]), match[2])
