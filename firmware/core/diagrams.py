"""The tables as pictures, for the map in firmware/README.md; a test holds the two together."""

from __future__ import annotations

from typing import Any

from firmware.core import dialog, enrolment, lockout, noise
from firmware.core.barrier.machines import TABLES as BARRIER_TABLES
from firmware.core.call_machines import TABLES as CALL_TABLES
from firmware.core.lane.machines import TABLES as LANE_TABLES
from firmware.core.machines import TABLES
from firmware.core.table import Table, diagram


def all_diagrams() -> dict[str, str]:
    """Mermaid text by the name of its table."""
    beside = (*CALL_TABLES, dialog.TABLE, enrolment.TABLE, lockout.TABLE, noise.TABLE)
    tables: tuple[Table[Any, Any], ...] = (*TABLES, *beside, *BARRIER_TABLES, *LANE_TABLES)
    return {table.name: diagram(table) for table in tables}
