"""`menshen bench swipe`: end of frame to lock effect, whole controller process over simulated lines.

The end of a frame is three bit intervals after its last bit (the driver must wait that long to know that no bit
follows), so lock minus last bit minus three intervals is what the controller needs. Blocks of swipes idle and with one
burning process a core alternate, so that drift of the machine meets both alike; `--set vision=1` adds blocks beside a
vision process at full load (busy_vision.py).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.child import bound
from firmware.bench.clock import rest
from firmware.bench.figures import Figure, spread
from firmware.bench.rig import BIT_INTERVAL_NS, LOCK, Rig, h10301
from firmware.controller.priority import take_priority

GAP_INTERVALS = 3
BLOCK = 50
SEED = 2
LIMIT_MS = 5.0
# An ordinary program, whatever priority we run with ourselves.
BURN = "import os; os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0)); print(flush=True)\nwhile True: pass"


@contextmanager
def burners(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that do nothing but burn a core each; they start stopped."""
    made: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(count):
            process = subprocess.Popen(bound(sys.executable, "-c", BURN), stdout=subprocess.PIPE)
            made.append(process)
            assert process.stdout is not None
            process.stdout.readline()  # it burns, and ends with us: not before that may it be stopped
            process.send_signal(signal.SIGSTOP)
        yield made
    finally:
        for process in made:
            process.kill()
            process.communicate()


def one_swipe(rig: Rig, bits: int) -> tuple[float, float] | None:
    """One passage: swipe, lock, open, close, locked again. (end of frame to lock, last bit to lock) in ms."""
    far_end = rig.far_end
    since = len(far_end.driven)
    last_ns = rig.swipe(bits)
    driven = far_end.wait_driven(LOCK, True, since)
    if driven is None:
        return None
    rig.contact(True)
    rest(0.012)  # past the contact's debounce
    rig.contact(False)
    if far_end.wait_driven(LOCK, False, since) is None:
        return None
    whole_ns = driven.at_ns - last_ns
    return (whole_ns - GAP_INTERVALS * BIT_INTERVAL_NS) / 1e6, whole_ns / 1e6


def _vision(folder: Path) -> AbstractContextManager[Any]:
    """The process and what it says; nobody gives its worker work while it is stopped."""
    from firmware.bench.busy_vision import busy_vision  # here: without menshen[vision] the other figures are there

    return busy_vision(folder)


def _policy(pid: int) -> str:
    policy = os.sched_getscheduler(pid)
    return {os.SCHED_RR: "real_time", os.SCHED_OTHER: f"nice {os.getpriority(os.PRIO_PROCESS, pid)}"}.get(
        policy, str(policy)
    )


def bench(folder: Path, swipes: int = 1000, credentials: int = 250_000, vision: int = 0) -> dict[str, Any]:
    """`swipes` of each kind. Raises RuntimeError when a swipe of an enrolled card moves no lock."""
    take_priority()  # the stopwatch must not wait for a core either; before its threads start
    rig = Rig(folder)
    try:
        install_sample_roster(rig, credentials)
        rig.start()
        rig.listens()
        modes = ["idle", "loaded", *(["vision"] if vision else [])]
        chosen = welcome_holders(len(modes) * swipes, credentials, SEED)
        outcome: dict[str, list[tuple[float, float]]] = {mode: [] for mode in modes}
        with burners(os.cpu_count() or 1) as processes, ExitStack() as stack:
            looking = stack.enter_context(_vision(folder)) if vision else None
            while chosen:
                for mode in outcome:
                    for process in processes:
                        process.send_signal(signal.SIGCONT if mode == "loaded" else signal.SIGSTOP)
                    if looking is not None:
                        looking[0].send_signal(signal.SIGCONT if mode == "vision" else signal.SIGSTOP)
                    for holder in chosen[:BLOCK]:
                        one = one_swipe(rig, h10301(*card(holder)))
                        if one is None:
                            raise RuntimeError(f"the card of holder {holder} moved no lock within the limit")
                        outcome[mode].append(one)
                    del chosen[:BLOCK]
        looked_at = 0 if looking is None else looking[1].counters.get("looked_at", 0)
        assert rig.process is not None
        figures: dict[str, Any] = {"credentials": credentials, "controller_runs_as": _policy(rig.process.pid)}
        if vision:
            figures["vision_frames_recognised"] = looked_at
        for mode, took in outcome.items():
            figures[f"{mode}_end_of_frame_to_lock_ms"] = spread([first for first, _ in took])
            figures[f"{mode}_last_bit_to_lock_ms"] = spread([second for _, second in took])
        figures["figures"] = [
            Figure(f"swipe, {mode}, p99", figures[f"{mode}_end_of_frame_to_lock_ms"].p99, LIMIT_MS, "ms")
            for mode in outcome
        ]
        return figures
    finally:
        rig.close()
