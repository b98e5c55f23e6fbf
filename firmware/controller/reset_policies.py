"""What `menshen check` refuses of the button for the state of delivery: all but a push button on the board itself."""

from __future__ import annotations

from drivers.contact import ContactConfig
from firmware.config import Draft, Problems, shown
from firmware.controller.points import Point, input_of


def check_reset_input(draft: Draft, points: dict[str, Point], problems: Problems) -> None:
    """A contact on a line of the board: nothing that comes over a bus or a network, and no wire whose break presses it.

    That it serves nothing else is said by the references (firmware/config/references.py).
    """
    name = None if draft.site is None else draft.site.reset_input
    point = points.get(name) if name else None
    if point is None or problems.touch("site.reset_input"):
        return
    if not isinstance(point.device.settings, ContactConfig):
        problems.add("site.reset_input", f"{shown(name)} ({point.device.kind})", "reset_input_kind")
        return
    wired = input_of(point)
    if wired is not None and wired.fails_active and not problems.touch(wired.path):
        problems.add(wired.path, shown("high"), "reset_input_break")
