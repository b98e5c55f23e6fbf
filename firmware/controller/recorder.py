"""Records facts and effects, line by line and pseudonymised, so that a session can be replayed without roster or board.

Pseudonymised is not anonymous: who looks at a gate for a day can tell whose pseudonym it is that leaves at seven.
Times, places, access profiles and dates of validity stay, because decisions rest on them.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

import firmware
from firmware.core.access import Known, Unknown
from firmware.core.account_facts import Administered
from firmware.core.backup_facts import BackupMade
from firmware.core.effects import AnyEffect, Body, Keep, Record, Remember
from firmware.core.face_facts import FaceChanged
from firmware.core.facts import (
    AdmitVehicle,
    Afar,
    AnyFact,
    Command,
    CredentialEnrolled,
    FaceSeen,
    Forgive,
    HolderWithdrawn,
    OverlayChanged,
    PassageElsewhere,
    PinEntered,
    PlateSeen,
    Reading,
    RecordTest,
    Started,
    StartEnrolment,
)
from firmware.core.kept import locked_key
from firmware.core.key_facts import ReaderKeyed
from firmware.core.refusals import ID_CHARACTERS_MAX
from firmware.core.site import Site
from firmware.core.trial_facts import TryOutput
from firmware.core.viewing_facts import CameraViewed
from firmware.core.viewings import SHIFT
from firmware.recording import VERSION, Ended, Header, Taken

RECORDING_BYTES_MAX = 256 << 20
RUNS_MAX = 1_000  # recordings of one name: a controller that dies again and again fills no disk with headers
BUFFER_BYTES = 1 << 16
FLUSH_MS = 1_000  # a killed controller loses no more of its recording than this, and a swipe seldom waits for a write

# Fields that say who it was, by the struct that holds them; a test knows every other text field by name.
PERSONAL: dict[type[msgspec.Struct], tuple[str, ...]] = {
    Known: ("holder", "credential", "household"),
    Unknown: ("token",),
    Body: ("holder", "household", "credential", "second_holder", "token", "note", "evidence", "account", "address"),
    Remember: ("holder", "credential", "household"),
    PinEntered: ("second_of",),
    Forgive: ("holder",),
    OverlayChanged: ("holder", "credential", "issued_to", "note"),
    HolderWithdrawn: ("holder",),
    CredentialEnrolled: ("holder", "credential", "note"),
    StartEnrolment: ("holder", "note"),
    AdmitVehicle: ("note",),
    RecordTest: ("note",),
    TryOutput: ("note",),
    Afar: ("address",),
    Administered: ("account", "address", "holder", "token", "note"),
    BackupMade: ("note", "address"),
    CameraViewed: ("address", "purpose"),
    ReaderKeyed: ("note",),
    FaceChanged: ("holder", "note"),
    PassageElsewhere: ("holder", "household"),
    PlateSeen: ("evidence",),  # a picture of whoever came
    FaceSeen: ("evidence",),
}
# These have an `issuer`.
ISSUING: tuple[type[msgspec.Struct], ...] = (
    *(Command, OverlayChanged, CredentialEnrolled, ReaderKeyed, FaceChanged, BackupMade),
    Body,
)
LOCKED = locked_key("")  # the store keeps under such keys who locked a portal


class Pseudonyms:
    """Replaces personal ids by keyed hashes: equal ids stay equal, and the core compares them for nothing else.

    The key is forgotten with the recorder, so that nobody can try a roster's ids against a recording.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key if key is not None else secrets.token_bytes(16)

    def of(self, value: str) -> str:
        """The pseudonym of one id. Nobody (an empty id) stays nobody."""
        if not value:
            return value
        return "p" + hashlib.blake2b(value.encode("utf-8", "surrogatepass"), key=self._key, digest_size=8).hexdigest()

    def issuer(self, value: str) -> str:
        """The pseudonym of who issued a command, by as much of the name as the store keeps."""
        return self.of(value[:ID_CHARACTERS_MAX])

    def fact(self, fact: AnyFact) -> AnyFact:
        """The same fact about pseudonyms."""
        changes: dict[str, Any] = self._changes(fact)
        if isinstance(fact, Command) and fact.afar is not None:
            changes["afar"] = self._replaced(fact.afar)
        if isinstance(fact, Reading):
            changes["presented"] = self._replaced(fact.presented)
        elif isinstance(fact, Started) and fact.kept:
            changes["kept"] = dict(self._kept(key, value) for key, value in fact.kept.items())
        return msgspec.structs.replace(fact, **changes) if changes else fact

    def effect(self, effect: AnyEffect) -> AnyEffect:
        """The same effect about pseudonyms."""
        if isinstance(effect, Record):
            if effect.event.body is None:
                return effect
            return Record(msgspec.structs.replace(effect.event, body=self._replaced(effect.event.body)))
        if isinstance(effect, Keep):
            key, value = self._kept(effect.key, effect.value or "")
            return Keep(key, None if effect.value is None else value)
        changes = self._changes(effect)
        return msgspec.structs.replace(effect, **changes) if changes else effect

    def _kept(self, key: str, value: str) -> tuple[str, str]:
        """Who locked a portal; and which guard looks through cameras, until when, and what for."""
        if key.startswith(LOCKED):
            return key, self.issuer(value)
        if key.startswith(SHIFT):
            until, _, purpose = value.partition(" ")
            return SHIFT + self.issuer(key.removeprefix(SHIFT)), f"{until} {self.of(purpose)}"
        return key, value

    def _replaced(self, thing: Any) -> Any:
        changes = self._changes(thing)
        return msgspec.structs.replace(thing, **changes) if changes else thing

    def _changes(self, thing: msgspec.Struct) -> dict[str, Any]:
        changes = {}
        for name in PERSONAL.get(type(thing), ()):
            value = getattr(thing, name)
            if value:
                changes[name] = self.of(value)
        if isinstance(thing, ISSUING):
            issuer = getattr(thing, "issuer", None)
            if issuer:
                changes["issuer"] = self.issuer(issuer)
        return changes


class Recorder:
    """Writes the recording of one run. It ends at `bytes_max`, and when it cannot be written; the gate goes on.

    No recording is overwritten: where `path` is taken, as after a restart, the next of `name.2.jsonl`, `name.3.jsonl`
    is written. `path` is then that one. A recording that cannot even begin is told and is none: a gate whose disk is
    full starts all the same.
    """

    def __init__(self, path: Path, site: Site, started_ms: int, *, bytes_max: int = RECORDING_BYTES_MAX) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._pseudonyms = Pseudonyms()
        self._encoder = msgspec.json.Encoder()
        self._bytes_max = bytes_max
        self._bytes = 0
        self._flushed_ms = started_ms
        self.ended = ""  # why it stopped before its time
        try:
            self.path, self._file = _begin(path)
        except OSError as error:
            self._stopped(f"it could not be begun: {error}")
            return
        self._put(Header(VERSION, site, started_ms, firmware.__version__))

    def write(self, now_ms: int, fact: AnyFact, effects: Sequence[AnyEffect]) -> None:
        """Record one step. Never raises for the disk."""
        if self._file is None:
            return
        effect = self._pseudonyms.effect
        self._put(Taken(now_ms, self._pseudonyms.fact(fact), [effect(each) for each in effects]))
        if self._file is not None and now_ms - self._flushed_ms >= FLUSH_MS:
            self._flushed_ms = now_ms
            self._flush()

    def close(self) -> None:
        """Idempotent."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                self._stopped(f"it could not be written: {error}")

    def _put(self, line: Header | Taken | Ended) -> None:
        assert self._file is not None, "nothing is recorded after the end"
        encoded = self._encoder.encode(line) + b"\n"
        if not isinstance(line, Ended) and self._bytes + len(encoded) > self._bytes_max:
            self._stopped(f"it has reached its limit of {self._bytes_max} bytes")
            encoded = self._encoder.encode(Ended(self.ended)) + b"\n"
        self._bytes += len(encoded)
        try:
            self._file.write(encoded)
        except OSError as error:
            self._stopped(f"it could not be written: {error}")
        if self.ended:
            self.close()

    def _flush(self) -> None:
        assert self._file is not None, "nothing is flushed after the end"
        try:
            self._file.flush()
        except OSError as error:
            self._stopped(f"it could not be written: {error}")
            self.close()

    def _stopped(self, why: str) -> None:
        """Say once, to whoever asked for the recording, that it is incomplete; the gate is not concerned."""
        if not self.ended:
            self.ended = why
            print(f"menshen: the recording {self.path} ends here: {why}", file=sys.stderr)


def _begin(path: Path) -> tuple[Path, BinaryIO]:
    """A new file at `path`, or beside it where that is taken. Raises OSError."""
    for run in range(1, RUNS_MAX + 1):
        free = path if run == 1 else path.with_name(f"{path.stem}.{run}{path.suffix}")
        try:
            descriptor = os.open(free, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        return free, os.fdopen(descriptor, "wb", buffering=BUFFER_BYTES)
    raise FileExistsError(f"{path} and {RUNS_MAX - 1} others beside it are there already: move them away")
