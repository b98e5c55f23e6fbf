"""How often each output was switched on, each reader read and each input went active: counted over power cycles.

Kept in the state folder now and then, so that a power cut loses the newest SAVE_S of it: no decision rests on it.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec

FILE = "wear.json"
FILE_BYTES_MAX = 1 << 20
SAVE_S = 900.0  # a card that is written more often wears out by being asked about wear
COUNTED = frozenset({"on", "read", "active"})


class Wear:
    """`counts`: by device or point. `note` is for the event loop's thread; what saves runs in another."""

    def __init__(self, state: Path) -> None:
        self._path = state / FILE
        self.counts: dict[str, int] = self._load()
        self._saved = dict(self.counts)

    def note(self, device: str, word: str) -> None:
        """A device has this word now."""
        if word in COUNTED:
            self.counts[device] = self.counts.get(device, 0) + 1

    async def run(self) -> None:
        """Save now and then; until cancelled, and once more then."""
        try:
            while True:
                await asyncio.sleep(SAVE_S)
                await asyncio.to_thread(self.save, dict(self.counts))
        finally:
            self.save(dict(self.counts))

    def save(self, counts: dict[str, int]) -> None:
        """A disk that does not take it is told of by the journal, whose own rows it does not take either."""
        if counts == self._saved:
            return
        aside = self._path.with_name(FILE + ".new")
        try:
            with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640), "wb") as file:
                file.write(msgspec.json.encode(counts))
                file.flush()
                os.fsync(file.fileno())
            aside.rename(self._path)
        except OSError:
            return
        self._saved = counts

    def _load(self) -> dict[str, int]:
        """Anew where it cannot be read: counts of wear stop no gate."""
        try:
            content = self._path.read_bytes()
            return msgspec.json.decode(content, type=dict[str, int]) if len(content) <= FILE_BYTES_MAX else {}
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return {}
