"""Where a backup is put together and taken apart: a folder in the state folder, empty before, gone after.

What lies there is as personal as all of the state folder. A run that was killed leaves it; the next one empties it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType

from firmware.backup.errors import BackupError, BackupMisused

NAME = "backup.work"


class Workroom:
    """Use it in a `with`: the folder's path. Raises BackupMisused where another one works there, BackupError."""

    def __init__(self, state: Path) -> None:
        self._folder = state / NAME
        self._descriptor = -1

    def __enter__(self) -> Path:
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            raise BackupMisused(f"{self._folder}: {error.strerror}. Run this as the controller's user.") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise BackupMisused(
                f"{self._folder}: another backup is being made or put back. Wait for its end."
            ) from None
        self._empty()
        return self._folder

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._empty()
            self._folder.rmdir()
        finally:
            os.close(self._descriptor)

    def _empty(self) -> None:
        try:
            for each in tuple(self._folder.iterdir()):
                if each.is_dir() and not each.is_symlink():
                    shutil.rmtree(each)
                else:
                    each.unlink()
        except OSError as error:
            raise BackupError(f"{error.filename or self._folder}: {error.strerror}. Look at the disk.") from error
