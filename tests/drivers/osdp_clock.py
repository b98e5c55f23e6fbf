"""Run by test_osdp_clock.py in a process whose wall clock can be set back: a line with a reader, before and after."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from tests.drivers.osdp_rig import Rig, on_line


def main(switch: Path) -> None:
    took: list[float] = []

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.peer.until(lambda _: bool(rig.peer.commands(1, 3)))  # what it is shown at the start is over
        await rig.presents(1)
        open(switch, "w").close()  # noqa: ASYNC230  the clock goes back by an hour, between two polls
        loop = asyncio.get_running_loop()
        began = loop.time()
        await rig.presents(1)
        took.append(loop.time() - began)
        os.unlink(switch)  # and forth again
        await rig.presents(1)
        assert rig.untrusted(1) == []

    with tempfile.TemporaryDirectory() as folder:
        on_line(Path(folder), scenario)
    print(json.dumps(took))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
