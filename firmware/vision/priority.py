"""Recognition gives way: a swipe never waits for a picture."""

from __future__ import annotations

import os

NICENESS = 5  # of 19: below what answers people, and not so low that a busy machine starves recognition


def give_way() -> None:
    """Of this process and all that it starts: nice, in batches, and off the first core where there are several.

    The controller runs in real time (firmware/controller/priority.py) and is served first anyhow; what is left to it is
    a core whose caches hold no picture.
    """
    os.nice(max(0, NICENESS - os.nice(0)))
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, cores[1:])
