"""A restore that was killed: carried on to its end, or taken back, before a controller reads its site file."""

from __future__ import annotations

from pathlib import Path

from firmware.backup import placing, record, swap
from firmware.backup.swap import Swap
from firmware.config import load
from firmware.controller.tenancy import Tenancy
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.identity import Identity
from firmware.journal.limits import Limits


def finish_restore(site: Path, held: Path | None = None) -> bool:
    """Nothing where no restore was begun at this site file; else whether one was carried on to its end.

    `held` is the state folder that the caller holds already. Raises BackupError, StateFolderError, OSError.
    """
    at = site.resolve()
    begun = swap.pending(at)
    if begun is None:
        return False
    if held is not None and held == Path(begun.state):
        return placing.finish(at, begun, lambda done: put_into_journal(at, done))
    tenancy = Tenancy(Path(begun.state))
    try:
        return placing.finish(at, begun, lambda done: put_into_journal(at, done))
    finally:
        tenancy.end()


def put_into_journal(site: Path, swap: Swap) -> None:
    """The event of a swap whose files are all in place, once however often it is carried on. Raises BackupError."""
    config, _ = load(site)
    limits = Limits() if config is None else config.store.limits
    state = Path(swap.state)
    body = Body(issuer=swap.issuer, note=swap.why, address=swap.address or None)
    event = Event(Code(swap.code), detail=swap.detail, body=body, request=swap.id)
    record.record(state, Identity.load_or_create(state / "identity"), limits, event, swap.utc_s)
