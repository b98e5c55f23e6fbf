"""What can be wrong with a backup, and with putting one back. Each says whose fault it is and what to do."""

from __future__ import annotations

from collections.abc import Sequence


class BackupError(Exception):
    """Nothing was changed. The message says what is wrong and what to do."""


class BackupMisused(BackupError):
    """What was asked for cannot be done so: nothing was said no to."""


class BackupDamaged(BackupError):
    """The file is not what was written: cut, changed, joined to another one, or none of ours."""


class BackupNewer(BackupError):
    """A newer program made it; this one would lose part of it."""


class WrongPassphrase(BackupError):
    """The head of the file is whole, and this passphrase does not open it."""


class BackupRefused(BackupError):
    """It is whole, and what is in it may not be put into service. `problems`: each in a line."""

    def __init__(self, message: str, problems: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.problems = tuple(problems)
