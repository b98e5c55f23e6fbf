"""What the controller and the process that works on a backup for it say to each other: lines of JSON."""

from __future__ import annotations

import msgspec

from firmware.backup.asks import Failed, Kind, Looked, Made

MADE, TAKEN, OUTCOME = "made", "taken", "outcome.json"  # in the folder of the controller's own
GO = "go"  # a restore that is ready may be swapped in


class Work(msgspec.Struct, frozen=True):
    """What is to be done. `folder` is the controller's own, for what is made and what was handed over."""

    kind: Kind
    site: str
    state: str
    folder: str
    by: str
    address: str = ""
    why: str = ""
    passphrase: str = ""
    handed: str = ""  # of a look: the file in the handover
    seen: str = ""  # of a restore: the SHA-256 of what was looked into


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of what it says: how far it is, or what came of it."""

    done: int = 0
    total: int = 0
    made: Made | None = None
    looked: Looked | None = None
    ready: bool = False  # a restore waits for GO
    failed: Failed | None = None
