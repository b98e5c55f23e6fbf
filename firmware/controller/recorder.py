"""Records facts and effects, line by line and pseudonymised, so that a session can be replayed without roster or board.

A recording is JSON lines: a header with the site, then `{"now_ms", "fact", "effects"}` for each step from the first.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from firmware.core.effects import AnyEffect
from firmware.core.facts import AnyFact
from firmware.core.site import Site
from firmware.recording import VERSION, Header, Line

RECORDING_BYTES_MAX = 256 << 20
PERSONAL = frozenset({"holder", "household", "credential", "second_holder", "second_of", "token", "issuer"})


class Pseudonyms:
    """Replaces personal ids by keyed hashes; the key is forgotten with the recorder."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key if key is not None else secrets.token_bytes(16)
        self._known: dict[str, str] = {}

    def of(self, value: str) -> str:
        if not value:
            return value
        known = self._known.get(value)
        if known is None:
            known = (
                "p" + hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8).hexdigest()
            )
            self._known[value] = known
        return known

    def replace(self, thing: Any, name: str = "") -> Any:
        """The same tree with every personal id replaced, in fields and inside kept texts."""
        if isinstance(thing, dict):
            return {key: self.replace(value, key) for key, value in thing.items()}
        if isinstance(thing, list | tuple):
            return [self.replace(value, name) for value in thing]
        if isinstance(thing, str):
            if name in PERSONAL:
                return self.of(thing)
            if name in ("kept", "value", "detail"):
                return self._inside(thing)
        return thing

    def _inside(self, text: str) -> str:
        if not self._known or not text:
            return text
        return re.sub(r"[^\s\"',:;=\[\]{}()]+", lambda found: self._known.get(found[0], found[0]), text)


class Recorder:
    """Writes one recording; stops, and says so in the file, at RECORDING_BYTES_MAX.

    A disk that takes no more ends the recording, and nothing else.
    """

    def __init__(self, path: Path, site: Site, started_ms: int) -> None:
        self._file: BinaryIO | None = path.open("xb", buffering=1 << 16)
        self._pseudonyms = Pseudonyms()
        self._written = self._file.write(msgspec.json.encode(Header(VERSION, site, started_ms)) + b"\n")

    def write(self, now_ms: int, fact: AnyFact, effects: Sequence[AnyEffect]) -> None:
        if self._file is None:
            return
        line = Line(
            now_ms,
            self._pseudonyms.replace(msgspec.to_builtins(fact)),
            self._pseudonyms.replace(msgspec.to_builtins(list(effects))),
        )
        try:
            self._written += self._file.write(msgspec.json.encode(line) + b"\n")
            if self._written > RECORDING_BYTES_MAX:
                self._file.write(b'{"ended":"the recording has reached its limit of bytes"}\n')
                self.close()
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:  # what was still in the buffer
                self._give_up(error)
            self._file = None

    def _give_up(self, error: OSError) -> None:
        file, self._file = self._file, None
        if file is None:
            return
        print(f"menshen: the recording has ended: {error}. Look at its disk; the controller goes on.", file=sys.stderr)
        with contextlib.suppress(OSError):  # it cannot be flushed; its descriptor is closed all the same
            file.close()
