"""Whom a role belongs to: the user whose process may connect, and the group by which it reaches socket and journal."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import NamedTuple, Self

from firmware.controller.errors import StateFolderError, WiringError

SOCKET_MODE = 0o660
PASSED_THROUGH = 0o710  # the state folder: the group may go through to the journal, and see nothing on the way
SHARED = 0o2770  # a folder in which both make files
READ_FILE = 0o640
READ_BY_GROUP = 0o2750  # the journal's: whatever is made in it has the same group


class RoleUser(NamedTuple):
    """A user of the operating system, and its own group."""

    user_id: int
    group_id: int

    @classmethod
    def named(cls, name: str) -> Self:
        """Raises WiringError where this machine has no such user."""
        try:
            entry = pwd.getpwnam(name)
        except KeyError as error:
            raise WiringError(f"this machine has no user {name!r}: make it, or name the role's own one") from error
        return cls(entry.pw_uid, entry.pw_gid)

    def give_socket(self, path: Path) -> None:
        """Let the role connect. Raises StateFolderError."""
        self._give(path, SOCKET_MODE)

    def give_journal(self, folder: Path, journal: Path) -> None:
        """Let the role read the journal in the state folder, and nothing else there. Raises StateFolderError."""
        self._give(folder, PASSED_THROUGH)
        self._give(journal, READ_BY_GROUP)
        for path in journal.iterdir():
            self._give(path, None)

    def give_handover(self, folder: Path) -> None:
        """Let the role lay files in a folder of the state folder, and take them. Raises StateFolderError."""
        self._give(folder.parent, PASSED_THROUGH)
        self._give(folder, SHARED)

    def give_file(self, path: Path) -> None:
        """Let the role read one file. Raises StateFolderError."""
        self._give(path, READ_FILE)

    def _give(self, path: Path, mode: int | None) -> None:
        try:
            os.chown(path, -1, self.group_id, follow_symlinks=False)
            if mode is not None:
                path.chmod(mode)
        except OSError as error:
            raise StateFolderError(
                f"{path}: {error.strerror}. The network process reaches it by its group {self.group_id}: let the user "
                "who runs this be a member of that group"
            ) from error
