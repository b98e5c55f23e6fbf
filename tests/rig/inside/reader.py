"""A process with Wiegand readers on real lines, as the controller has them; each frame is one line of what it prints.

reader.py NAME=D0,D1 ...    tells `ready`, `NAME BITS LENGTH` for each frame, and the counters at the end
"""

from __future__ import annotations

import asyncio
import json
import sys

from drivers.board_description import load_board
from drivers.bus.gpio import GpioLines
from drivers.reports import AnyReport, Frame
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.controller.priority import take_priority, tune

FORMATS = ("H10301", "H10302")


def tell(report: AnyReport) -> None:
    if isinstance(report, Frame):
        sys.stdout.write(f"{report.device} {report.bits} {report.length}\n")
        sys.stdout.flush()


async def serve(readers: dict[str, tuple[str, str]]) -> None:
    lines = GpioLines(load_board("raspberry_pi_header"))
    await lines.open()
    drivers = [Wiegand(WiegandConfig(name, *pair, FORMATS), lines) for name, pair in readers.items()]
    running = [asyncio.create_task(driver.run(tell)) for driver in drivers]
    tune()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for task in running:
        task.cancel()
    await asyncio.wait(running)
    print(json.dumps({driver.id: driver.counters() for driver in drivers}))
    lines.close()


def main() -> None:
    take_priority()
    readers = dict(word.split("=") for word in sys.argv[1:])
    asyncio.run(serve({name: tuple(pair.split(",")) for name, pair in readers.items()}))


if __name__ == "__main__":
    main()
