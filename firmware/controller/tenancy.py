"""One controller to a state folder: two would drive the same locks and write the same journal."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from firmware.controller.errors import StateFolderError

FOLDER_MODE = 0o700


class Tenancy:
    """Holds a state folder, which is made where it is missing, until `end` or the death of the process.

    The lock is the kernel's and lies on the folder itself, so that nothing is written and nothing is left by SIGKILL.
    Raises StateFolderError.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise StateFolderError(
                f"{folder}: {error.strerror}. The controller keeps identity, roster and journal there: make it a "
                "folder of the user who runs this, or name another one with --state"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            raise StateFolderError(
                f"{folder} is in use by another controller: stop that one first, or give this one a folder of its own "
                "with --state"
            ) from error

    def end(self) -> None:
        """Let the folder go."""
        os.close(self._descriptor)
