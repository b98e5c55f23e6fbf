"""Until when a portal is held open or locked by a person, and how that ends, as one reads it on its card."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.machines import Hold
from firmware.core.view import PortalView
from firmware.network.words import Words


def held(words: Words, portal: PortalView, at: Callable[[int], str], stays_open: bool) -> str:
    """A sentence or two; "" where nobody decided anything. `at` writes an instant (UTC, ms) with date and seconds.

    `stays_open`: a barrier that nothing but the local key closes. Of a newer controller's word only the end is said.
    """
    hold = portal.hold
    if hold is None:
        return ""
    if hold.kind == Hold.LOCKED:
        return words("hold_locked")
    until = words("hold_until_unknown") if hold.until_utc_s is None else at(hold.until_utc_s * 1000)
    if hold.kind == Hold.HOLDER:
        return words("hold_holder", until=until)
    if portal.kind != "barrier":
        return words("hold_operator", until=until)
    return words("hold_lane_stays" if stays_open else "hold_lane", until=until)
