"""The journal's limits, each with its reason."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Bounds of the journal. The defaults fit a board with a 32 GB card."""

    # Waiting events: about 10 MB. At a gate's rate that is hours of a full disk before the first INFO is lost.
    backlog_events_max: int = 20_000
    # Events in one transaction: longer ones write faster but make the first of them wait.
    batch_events_max: int = 200
    # Between signed heads: what a thief of the card could cut off without a trace, where no witness is outside.
    checkpoint_events: int = 10_000
    checkpoint_ms: int = 600_000
    # GA/T 1742 asks for >= 365 days.
    retention_days: int = 400
    retention_bytes: int = 8 << 30
    # Rows deleted in one transaction while a prefix is removed: commits go on between them.
    cut_rows: int = 1_000
    # After a failed write. A card that was pulled out and put back is in use again within the longer one.
    retry_ms_first: int = 100
    retry_ms_max: int = 5_000
    # The store is proven writable at least so often; a boot after an unclean stop may have lost up to this.
    heartbeat_ms: int = 10_000
    # One write may stall so long (cards tidy themselves up) before the watchdog is told that the writer hangs.
    answer_ms_max: int = 20_000
    # A stop waits so long for the last commit.
    close_ms_max: int = 5_000
