"""A restore that was killed: carried on to its end, or taken back, before a controller reads its site file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.backup import placing, record, swap
from firmware.backup.errors import BackupMisused
from firmware.backup.swap import Reached, Swap
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


def last_restore(site: Path) -> Swap:
    """The last one, whose old files are still there. Raises BackupMisused where nothing is kept of before one."""
    last = swap.before(site)
    if last is None:
        raise BackupMisused(f"{site}: nothing is kept of before a restore")
    return last


@contextmanager
def last_held(site: Path, reached: Reached = lambda _: None) -> Iterator[Swap]:
    """The last restore, while nobody can put anything back and no controller runs. Raises as `finish_restore`.

    Where the state folder is stands in it: so it is looked at before that is held, and what counts is what stands there
    afterwards.
    """
    finish_restore(site)
    state = Path(last_restore(site).state)
    reached("hold")
    tenancy = Tenancy(state)
    try:
        finish_restore(site, held=state)
        last = last_restore(site)
        if Path(last.state) != state:
            raise BackupMisused(f"{site}: another restore was put into place just now: look at it, and ask again")
        yield last
    finally:
        tenancy.end()


def limits_of(site: Path) -> Limits:
    """Of the journal; the usual ones where the site file is none."""
    config, _ = load(site)
    return Limits() if config is None else config.store.limits


def put_into_journal(site: Path, swap: Swap) -> None:
    """The event of a swap whose files are all in place, once however often it is carried on. Raises BackupError."""
    state = Path(swap.state)
    body = Body(issuer=swap.issuer, note=swap.why, address=swap.address or None)
    event = Event(Code(swap.code), detail=swap.detail, body=body, request=swap.id)
    record.record(state, Identity.load_or_create(state / "identity"), limits_of(site), event, swap.utc_s)
