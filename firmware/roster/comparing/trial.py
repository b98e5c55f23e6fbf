"""One question to the gate's decision, as a value: it can be kept, changed a little, and asked again."""

from __future__ import annotations

from typing import NamedTuple

from firmware.core.access import Factor, Known, Rulebook, Unknown, Wall
from firmware.core.decision import NOTHING_OFFERED, NOTHING_STANDS, Decision, Offered, Standing, decide
from firmware.core.site import AccessPoint, Site


class Trial(NamedTuple):
    """All that `decide` is told."""

    site: Site
    rulebook: Rulebook
    point: AccessPoint
    presented: Known | Unknown
    factor: Factor
    offered: Offered = NOTHING_OFFERED
    wall: Wall | None = None
    standing: Standing = NOTHING_STANDS

    def decided(self) -> Decision:
        return decide(*self)
