"""Where a backup is put together and taken apart: a folder in the state folder, empty before, gone after.

What lies there is as personal as all of the state folder. A run that was killed leaves it; the next one empties it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from types import TracebackType

from firmware.backup.errors import BackupError, BackupMisused
from firmware.backup.swap import Reached

NAME = "backup.work"
TRIES_MAX = 100  # each time somebody else has just ended


class Workroom:
    """Use it in a `with`: the folder's path. Raises BackupMisused where another one works there, BackupError."""

    def __init__(self, state: Path, reached: Reached = lambda _: None) -> None:
        """`reached` is for tests, and hears of each step before it is done."""
        self._folder = state / NAME
        self._reached = reached
        self._descriptor = -1

    def __enter__(self) -> Path:
        for _ in range(TRIES_MAX):
            if self._hold():
                self._empty()
                return self._folder
        raise self._busy()

    def _hold(self) -> bool:
        """Lock the folder; whether it is the one that lies there, and not one that its last user has taken away."""
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder, 0o700)
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if isinstance(error, FileNotFoundError) and self._folder.parent.is_dir():
                return False  # taken away between the two
            raise BackupMisused(f"{self._folder}: {error.strerror}. Run this as the controller's user.") from error
        self._reached("lock")
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.stat(self._folder, follow_symlinks=False), os.fstat(self._descriptor)):
                return True
        except BlockingIOError:
            os.close(self._descriptor)
            raise self._busy() from None
        except FileNotFoundError:
            os.close(self._descriptor)
            return False
        os.close(self._descriptor)
        return False

    def _busy(self) -> BackupMisused:
        return BackupMisused(f"{self._folder}: another backup is being made or put back. Wait for its end.")

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
