"""A journal under steady load, to be killed: `python -m tests.powercut.killing FOLDER SEED FIRST`.

Prints the number of each step once it is committed, on a line of its own.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record, Remember
from firmware.journal import Journal, Limits
from tests.journal.making import UTC_MS, Key


def main(folder: Path, seed: int, first: int) -> None:
    chance = random.Random(seed)
    room = threading.Semaphore(20)  # steps under way: bursts, so that commits are groups

    waiting: list[int] = []

    def on_committed(ticket: int, epoch: int, seq: int) -> None:
        os.write(1, b"%d\n" % (first + ticket - 1))
        while waiting and waiting[0] <= ticket:
            waiting.pop(0)
            room.release()

    def on_failed(why: str) -> None:
        os.write(2, why.encode())
        os._exit(3)

    journal = Journal.open(
        folder,
        Key(),
        boot=f"run-{first}",
        limits=Limits(checkpoint_events=100),
        on_committed=on_committed,
        on_failed=on_failed,
        on_recovered=lambda lost: None,
    )
    number = first
    while True:
        room.acquire()
        holder = f"h{chance.randrange(20)}"
        effects = [
            Record(Event(Code.TAKEN, portal="door_1", detail=f"s{number}", body=Body(holder=holder))),
            Remember("counter", credential="c", uses=1),
        ]
        waiting.append(number - first + 1)
        ticket = journal.append(effects, now_ms=number, utc_ms=UTC_MS + number)
        assert ticket == number - first + 1
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
