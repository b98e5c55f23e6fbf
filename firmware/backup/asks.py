"""What the page asks of the controller about backups, and what it is told: no key, no path of the state folder.

Whoever has taken over the network process can ask all this too. So what takes everything away at once, or puts
something in its place, needs the claim code of the label, which that process does not have; and the controller does
one thing at a time, so many an hour, and has each in its journal.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from firmware.backup.contents import Contents
from firmware.backup.sealing import PASSPHRASE_CHARACTERS_MAX

BACKUP_BYTES_MAX = 512 << 20  # of a file that is taken: a source of 250,000 holders makes 30 MB
HANDOVER = "handover"  # in the state folder: the network process's group lays files here, and takes one
CODE_CHARACTERS_MAX = 64
ADDRESS_CHARACTERS_MAX = 64
CHANGES_TOLD_MAX = 200  # a message has its limit; what more there are is counted
PROBLEMS_TOLD_MAX = 50
TEXT_CHARACTERS_MAX = 300  # of each

Passphrase = Annotated[str, msgspec.Meta(max_length=PASSPHRASE_CHARACTERS_MAX)]
FileName = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Kind = Literal["make", "look", "restore", "undo", "forget"]


class BackupAsk(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, kw_only=True):
    """Base: who asks, from where, and why."""

    issuer: str = ""
    address: Annotated[str, msgspec.Meta(max_length=ADDRESS_CHARACTERS_MAX)] = ""
    why: Annotated[str, msgspec.Meta(max_length=200)] = ""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"  # passphrases must not end up in tracebacks


class MakeBackup(BackupAsk, frozen=True, kw_only=True):
    """Seal everything into one file, which then lies in the handover."""

    passphrase: Passphrase
    code: Annotated[str, msgspec.Meta(max_length=CODE_CHARACTERS_MAX)]


class LookIntoBackup(BackupAsk, frozen=True, kw_only=True):
    """Prove a file that lies in the handover, and say what it would change. Nothing is changed."""

    file: FileName
    passphrase: Passphrase


class RestoreBackup(BackupAsk, frozen=True, kw_only=True):
    """Put back the file that was looked into: `seen` is its SHA-256, so that it is no other one."""

    seen: Annotated[str, msgspec.Meta(max_length=64)]
    passphrase: Passphrase
    code: Annotated[str, msgspec.Meta(max_length=CODE_CHARACTERS_MAX)]


class UndoRestore(BackupAsk, frozen=True, kw_only=True):
    """Back to what stood before the last restore."""

    code: Annotated[str, msgspec.Meta(max_length=CODE_CHARACTERS_MAX)]


class ForgetRestored(BackupAsk, frozen=True, kw_only=True):
    """Remove what is kept of before the last restore: there is no way back after that."""

    code: Annotated[str, msgspec.Meta(max_length=CODE_CHARACTERS_MAX)]


class DropBackup(BackupAsk, frozen=True, kw_only=True):
    """Remove the file that was made, and the one that was looked into."""


class TellBackups(BackupAsk, frozen=True, kw_only=True):
    """How it stands; answered by Backups, as JSON."""


AnyBackupAsk = MakeBackup | LookIntoBackup | RestoreBackup | UndoRestore | ForgetRestored | DropBackup | TellBackups


class Job(msgspec.Struct, frozen=True):
    """What is being done. `done` of `total` bytes; a `total` of 0: not known. `stage` is work or swap."""

    kind: Kind
    by: str
    done: int = 0
    total: int = 0
    stage: str = "work"


class Made(msgspec.Struct, frozen=True):
    """A backup that waits to be taken, under this name in the handover."""

    file: str
    bytes: int
    sha256: str
    contents: Contents


class Looked(msgspec.Struct, frozen=True):
    """What a file holds and would change here: (new, replaced, same or removed; file), and notes of the catalogues."""

    sha256: str
    bytes: int
    contents: Contents
    changes: tuple[tuple[str, str], ...]
    changes_left: int
    notes: tuple[tuple[str, dict[str, int | str]], ...]


class Failed(msgspec.Struct, frozen=True):
    """Why the last one came to nothing. `why` is a word of the page's texts; `problems` are for whoever services it."""

    kind: Kind
    why: str
    problems: tuple[str, ...] = ()


class Last(msgspec.Struct, frozen=True):
    """The last restore, or undoing of one, whose old files are still there."""

    code: str  # of its event
    by: str
    why: str
    at_s: int


class Backups(msgspec.Struct, frozen=True):
    """All of it. `folder` is the handover."""

    folder: str
    job: Job | None = None
    made: Made | None = None
    looked: Looked | None = None
    failed: Failed | None = None
    last: Last | None = None
