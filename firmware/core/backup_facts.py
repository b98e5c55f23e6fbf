"""Facts of backups: one was made while the controller runs. Restores happen while it does not (firmware/backup)."""

from __future__ import annotations

from firmware.core.fact import Fact


class BackupMade(Fact, frozen=True, kw_only=True):
    """A person has made a backup; it gets its name once this is committed. `detail`: how much is in it, no names.

    `forgotten`: none was made, but what stood before the last restore goes; it does once this is committed.
    """

    issuer: str
    request: str = ""
    detail: str = ""
    note: str = ""
    address: str = ""
    forgotten: bool = False
