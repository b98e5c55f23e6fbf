"""Waits a moment for the bus at the start: a rehearsal may start beside the controller."""

from __future__ import annotations

import asyncio
import sys

from drivers.bus.lines import BusError, Lines

BUS_TRY_S = 0.05


async def open_bus(lines: Lines, limit_s: float) -> None:
    """Wait a moment for the bus, which may start beside us; the supervisor goes on trying if it does not come."""
    end_s = asyncio.get_running_loop().time() + limit_s
    while True:
        try:
            await lines.open()
        except BusError as error:
            if asyncio.get_running_loop().time() >= end_s:
                print(f"menshen: the bus does not answer yet: {error}", file=sys.stderr)
                return
            await asyncio.sleep(BUS_TRY_S)
        else:
            return
