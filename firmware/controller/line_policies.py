"""What `menshen check` refuses of lines: unknown, taken, made for something else, or wrong while nobody drives them.

A line has several names (GPIO17, BOARD11, J8:11), and is one line all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from drivers.board_description import BoardDescription, BoardLine, Only
from drivers.settings import LineUse
from firmware.config import Draft, Problems, nearest, shown
from firmware.controller.kinds import Device
from firmware.controller.lane_wires import OFF_WHEN_LOST
from firmware.core.site import Door, LockKind

RELEASING = frozenset(("lock", "release_in", "release_out")) | OFF_WHEN_LOST  # off while nobody commands
LEFT = RELEASING | {"drop"}  # what is left on these matters, on or off


class Reference(Protocol):
    """One reference of the site to a device: policies.Use."""

    @property
    def device(self) -> str: ...

    @property
    def purpose(self) -> str: ...


def check_lines(devices: Iterable[Device], board: BoardDescription | None, problems: Problems) -> None:
    """Every line exists on the board, is free, has one user, and can be what that one needs."""
    first: dict[str, tuple[str, str]] = {}
    for device in devices:
        for use in device.settings.lines():
            path = f"{device.path}.{use.key}"
            if problems.touch(path):
                continue
            own = (board.find(use.line) if board is not None else None) or use.line
            if own in first:
                other, name = first[own]
                rule = "line_twice" if name == use.line else "line_twice_named"
                problems.add(path, shown(use.line), rule, first=other, name=name)
                continue
            first[own] = (path, use.line)
            if board is None:
                continue
            line = board.line.get(own)
            if line is None:
                near = nearest(use.line, board.names())
                problems.add(path, shown(use.line), "line_unknown", near=near, board=board.id)
            elif line.reserved is not None:
                problems.add(path, shown(use.line), "line_reserved", why=line.reserved)
            else:
                _check_kind(path, use, line, problems)


def _check_kind(path: str, use: LineUse, line: BoardLine, problems: Problems) -> None:
    if not use.output and line.only is Only.OUTPUT:
        problems.add(path, shown(use.line), "line_output_only")
    elif use.output and line.only is Only.INPUT:
        problems.add(path, shown(use.line), "line_input_only")
    elif not use.output and not line.edges:
        problems.add(path, shown(use.line), "line_without_edges")


def check_unheld(
    draft: Draft, uses: Iterable[Reference], devices: dict[str, Device], board: BoardDescription, problems: Problems
) -> None:
    """Nothing that lets people in or moves is on while the board boots, nor anything wrong while nobody drives it.

    A fail-safe lock is the exception that cannot be helped: without current it is released, and at boot there is
    none. Arms that drop at boot keep nobody in and let nobody break in who could not do so in a power cut.

    On a board that keeps no output, a line of a dead controller falls to what it was at boot, and `menshen safe` can
    hold another level only as long as it runs: there `on_lost` must be what the line is by itself.
    """
    fail_safe = {
        each.portal.lock
        for each in draft.portals
        if isinstance(each.portal, Door) and each.portal.lock_kind is LockKind.FAIL_SAFE
    }
    for use in uses:
        device = devices.get(use.device)
        if device is None or use.purpose not in LEFT:
            continue
        for wire in device.settings.lines():
            line = board.line.get(board.find(wire.line) or "")
            path = f"{device.path}.{wire.key}"
            if line is None or not wire.output or problems.touch(path) or problems.touch(f"{device.path}.on_level"):
                continue
            bars = use.purpose in RELEASING and use.device not in fail_safe
            if bars and line.at_boot.level == wire.on_level:
                problems.add(path, f"{shown(wire.line)} ({line.at_boot})", "on_at_boot", level=line.at_boot.value)
            elif not board.outputs_keep_level and wire.lost_level != line.at_boot.level:
                lost = "on" if wire.lost_level == wire.on_level else "off"
                if not problems.touch(f"{device.path}.on_lost"):
                    problems.add(
                        path, f"{shown(wire.line)} ({line.at_boot})", "line_falls", level=line.at_boot.value, lost=lost
                    )
