"""The order of priorities at one way of a portal, as a table, and what people see of it.

From the top (FIELD.md, R0, for what exists on doors and turnstiles). The isolator and the manual release stand above
all of it and are no software.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.core.codes import Reason
from firmware.core.view import Mode


class Claim(StrEnum):
    """What wants a way released or secured."""

    FIRE = "fire"
    EVACUATION = "evacuation"
    EXIT = "exit"  # request-to-exit, or a credential at an access point that leads out
    LOCKDOWN = "lockdown"
    OPERATOR_LOCK = "operator_lock"
    FAULT = "fault"
    OPERATOR_HOLD = "operator_hold"
    OPERATOR_ONCE = "operator_once"
    TRIAL = "trial"  # an installer holds the output on, while the portal is out of service
    OUT_OF_SERVICE = "out_of_service"
    CREDENTIAL = "credential"
    HOLDER_HOLD = "holder_hold"  # presented twice
    SCHEDULE = "schedule"
    NOBODY = "nobody"


class Rank(NamedTuple):
    """One line of the order. `free`: released until further notice, so that the leaf is not timed."""

    claim: Claim
    released: bool
    mode: Mode
    reason: Reason | None
    free: bool = False


# Evacuation stands below fire and above everything else that is software: the person who is asked twice before it
# begins outranks whoever locked the site down before. Lockdown stands below exit: it refuses entry and nothing else.
# A lock that failed or is lost stands above all that would only pretend to be open by it. A trial stands just above
# what it needs, out of service, so that all else that secures ends it.
PRIORITY: tuple[Rank, ...] = (
    Rank(Claim.FIRE, True, Mode.LOCKED_OPEN, Reason.FIRE, free=True),
    Rank(Claim.EVACUATION, True, Mode.LOCKED_OPEN, Reason.EVACUATION, free=True),
    Rank(Claim.EXIT, True, Mode.ACCESSED, Reason.REQUEST_TO_EXIT),
    Rank(Claim.LOCKDOWN, False, Mode.LOCKED_DOWN, Reason.LOCKDOWN),
    Rank(Claim.OPERATOR_LOCK, False, Mode.LOCKED, Reason.LOCKED_BY_OPERATOR),
    Rank(Claim.FAULT, False, Mode.LOCKED, Reason.FAULT_LATCHED),
    Rank(Claim.OPERATOR_HOLD, True, Mode.UNLOCKED, Reason.OPERATOR, free=True),
    Rank(Claim.OPERATOR_ONCE, True, Mode.ACCESSED, Reason.OPERATOR),
    Rank(Claim.TRIAL, True, Mode.OUT_OF_SERVICE, Reason.OUTPUT_TRIED),
    Rank(Claim.OUT_OF_SERVICE, False, Mode.OUT_OF_SERVICE, Reason.OUT_OF_SERVICE),
    Rank(Claim.CREDENTIAL, True, Mode.ACCESSED, Reason.GRANTED),
    Rank(Claim.HOLDER_HOLD, True, Mode.UNLOCKED, Reason.DOUBLE_SWIPE, free=True),
    Rank(Claim.SCHEDULE, True, Mode.UNLOCKED, Reason.SCHEDULE_UNLOCKED, free=True),
    Rank(Claim.NOBODY, False, Mode.LOCKED, None),
)

RANK: dict[Claim, Rank] = {rank.claim: rank for rank in PRIORITY}
ORDER: dict[Claim, int] = {rank.claim: place for place, rank in enumerate(PRIORITY)}
