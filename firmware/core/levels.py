"""What an input may say, and what of it cannot be believed."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """What an input says. OPEN, SHORT and FAULT come from supervised wiring only; LOST while its device is."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    OPEN = "open"
    SHORT = "short"
    FAULT = "fault"  # a resistance that no state of the circuit has
    LOST = "lost"


# Neither at rest nor active: for a fire input and for what guards a motion that is the unsafe state (R1, R14).
FAULT_LEVELS = frozenset((Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST))
