"""Opens the journal of a controller that starts, in its state folder; the network process's user may read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.config import Store
from firmware.controller.clock import Clock
from firmware.controller.errors import StateFolderError
from firmware.controller.role_user import RoleUser
from firmware.identity import Identity
from firmware.journal import Journal, Limits


def opened(
    folder: Path,
    store: Store,
    identity: Identity,
    boot: str,
    clock: Clock,
    network_user: RoleUser | None,
    *,
    on_committed: Callable[[int, int, int], None],
    on_failed: Callable[[str], None],
    on_recovered: Callable[[int], None],
) -> Journal:
    """`folder` is the state folder; the callbacks come from the journal's own thread. Raises StateFolderError."""
    own = folder / "journal"
    try:
        own.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StateFolderError(
            f"{own}: {error.strerror}. The journal is kept there: make it a folder of the user who runs this"
        ) from error
    if network_user is not None:
        network_user.give_journal(folder, own)
    return Journal.open(
        own,
        identity,
        boot=boot,
        limits=Limits(retention_days=store.retention_days, retention_bytes=store.retention_mb << 20),
        now_ms=clock.now_ms(),
        utc_ms=clock.utc_ms(),
        on_committed=on_committed,
        on_failed=on_failed,
        on_recovered=on_recovered,
    )
