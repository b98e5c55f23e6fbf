"""`menshen bench start`: from the start of the process to the first lock that an enrolled card moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.clock import monotonic_ns
from firmware.bench.figures import Figure, spread
from firmware.bench.rig import D0, D1, LOCK, Rig, h10301

STARTS = 10
SEED = 4
TRY_S = 0.06  # one frame after the other until one is heard


def first_decision_s(rig: Rig, bits: int) -> float:
    """Seconds from exec to the lock's release; the card is presented again and again once its wires are watched."""
    since = len(rig.far_end.driven)
    began_ns = monotonic_ns()
    rig.start(wait=False)
    rig.far_end.wait_claimed({D0, D1})
    while True:
        rig.swipe(bits)
        driven = rig.far_end.wait_driven(LOCK, True, since, TRY_S)
        if driven is not None:
            return (driven.at_ns - began_ns) / 1e9
        if monotonic_ns() - began_ns > 20e9:
            raise RuntimeError("no decision within 20 s of the start")


def bench(folder: Path, starts: int = STARTS, credentials: int = 250_000) -> dict[str, Any]:
    """Starts after a clean stop and after a kill, in turn."""
    rig = Rig(folder)
    took: dict[str, list[float]] = {"after_stop_s": [], "after_kill_s": []}
    try:
        install_sample_roster(rig, credentials)
        rig.start()
        rig.stop()
        for holder in welcome_holders(starts, credentials, SEED):
            for kind, values in took.items():
                values.append(first_decision_s(rig, h10301(*card(holder))))
                if kind == "after_stop_s":
                    rig.kill()  # so the next start is after a kill
                else:
                    rig.stop()
    finally:
        rig.close()
    worst = max(max(values) for values in took.values())
    return {
        **{kind: spread(values) for kind, values in took.items()},
        "credentials": credentials,
        "figures": [Figure("start to first decision, worst", round(worst, 3), 1.5, "s")],
    }
