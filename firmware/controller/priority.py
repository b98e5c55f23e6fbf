"""Takes the processor before ordinary programs do, where the service manager allows it (CAP_SYS_NICE).

A gate's controller sleeps nearly always and must run at once when it is woken; a busy page or camera must not make
somebody wait at a door. All threads, because the journal's may hold the interpreter when a swipe comes.
"""

from __future__ import annotations

import gc
import os
import sys

REAL_TIME_PRIORITY = 10  # of 1..99, below the kernel's own threads; round robin, and throttled by the kernel at 95 %
NICE = -10
SWITCH_INTERVAL_S = 0.0005  # the journal's thread may hold the interpreter no longer: a swipe waits for it


def take_priority() -> str:
    """Real-time, else a better nice value, else as we were started; which of them. Call it before threads start."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    except PermissionError:
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
        except PermissionError:
            return "ordinary"
        return "nice"
    return "real_time"


def tune() -> None:
    """What keeps a swipe's way short: nothing allocated at start is looked at again, and threads give way quickly."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
