"""What is done to backups, in the journal before it counts: by the running controller, or where none runs directly."""

from __future__ import annotations

from pathlib import Path

from firmware.backup import record
from firmware.backup.errors import BackupRefused
from firmware.controller.errors import StateFolderError
from firmware.controller.tenancy import Tenancy
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.identity import Identity
from firmware.journal.limits import Limits
from firmware.messages import TellBackup
from firmware.roster.office import Office
from firmware.terminal import reason
from firmware.texts import texts


def forgotten_detail(at_s: int) -> str:
    """For the journal: which restore it is that has no way back any more."""
    return f"kept since the restore at {at_s}"


def on_record(
    state: Path, identity: Identity, limits: Limits, code: Code, *, by: str, why: str, detail: str, at_s: int
) -> None:
    """That a backup was made, or that what stood before a restore is gone. Raises BackupError, TerminalError.

    `at_s` is now (UTC); where a controller runs, it says itself when it was.
    """
    assert code in (Code.BACKUP_MADE, Code.BACKUP_FORGOTTEN)
    try:
        tenancy = Tenancy(state)
    except StateFolderError:
        tell(state, code, by=by, why=why, detail=detail)
        return
    try:
        record.record(state, identity, limits, Event(code, detail=detail, body=Body(issuer=by, note=why)), at_s)
    finally:
        tenancy.end()


def tell(state: Path, code: Code, *, by: str, why: str, detail: str, address: str = "") -> None:
    """Have the running controller put it there. Raises BackupRefused, TerminalError."""
    command = TellBackup(issuer=by, why=why, detail=detail, address=address, forgotten=code is Code.BACKUP_FORGOTTEN)
    with Office(state) as office:
        answer = office.ask(command)
    if not answer.done:
        words = "; ".join(reason(texts("en"), each) for each in answer.reasons)
        raise BackupRefused(f"The controller did not put it into its journal, so it is not done: {words}")
