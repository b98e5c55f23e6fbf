"""What the display of an access point is told: the reader's word, and a reason only where it is about the place.

Whoever stands there, and whoever watches, may learn that the place is full or closed; never that a person is suspended,
expired, elsewhere, out of spaces, or unknown. All of these are one word. Duress looks like any grant.
"""

from __future__ import annotations

from collections.abc import Iterable

from firmware.core.codes import Reason
from firmware.core.effects import Announce, Feedback
from firmware.core.site import AccessPoint

PUBLIC = frozenset(
    (
        Reason.AREA_FULL,
        Reason.SCHEDULE_CLOSED,
        Reason.OUT_OF_SERVICE,
        Reason.LOCKDOWN,
        Reason.LOCKED_BY_OPERATOR,
        Reason.FAULT_LATCHED,
        Reason.BARRED,
        Reason.INTERLOCK,
        Reason.QUEUE_FULL,
        Reason.NO_VEHICLE,
    )
)


def announced(
    point: AccessPoint | None, feedback: Feedback, reader: str = "", reasons: Iterable[str] = ()
) -> tuple[Announce, ...]:
    """What the display there is told, where there is one. `reasons`: the decision's, arguments are left out."""
    if point is None or point.display is None:
        return ()
    told = ""
    if feedback is Feedback.DENIED:
        words = (reason.partition(":")[0] for reason in reasons)
        told = next((word for word in words if word in PUBLIC), "")
    return (Announce(point.display, feedback, told, reader),)
