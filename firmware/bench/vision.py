"""`menshen bench vision`: the vision process with a camera that sees nothing move, and with one in which all moves.

Processor time is what the kernel counts for the process and its worker, so that it does not matter what else the
machine does; memory is their proportional share, after the busiest time.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from firmware.bench.busy_vision import Watched, film, vision
from firmware.bench.clock import now_ns, rest
from firmware.bench.figures import Figure
from firmware.bench.process import pss_kb

IDLE_PERCENT = 5.0
RESIDENT_MB = 250.0
SETTLE_S = 6.0  # the picture is learnt, the worker has had its first look


def bench(folder: Path, seconds: int = 30) -> dict[str, Any]:
    """So many seconds idle at 10 frames/s, and as many busy at 30."""
    film(folder / "still.mp4", step_px=0, rate=10, codec=_h264())
    film(folder / "busy.mp4")
    with vision(folder, folder / "still.mp4", 10) as (process, watched):
        idle = _measured(process.pid, watched, seconds)
    with vision(folder, folder / "busy.mp4", 30) as (process, watched):
        busy = _measured(process.pid, watched, seconds)
    return {
        "idle": idle,
        "busy": busy,
        "figures": [
            Figure("idle camera, 1280 x 720 at 10 frames/s", _at_ten(idle), IDLE_PERCENT, "% of a core"),
            Figure("vision process with its worker, busy", busy["resident_mb"], RESIDENT_MB, "MB"),
        ],
    }


def _at_ten(idle: dict[str, Any]) -> float:
    """What it costs at 10 frames a second: a busy machine gives it fewer."""
    return round(float(idle["cpu_percent"] * 10 / max(0.1, min(10.0, idle["frames_per_s"]))), 2)


def _measured(pid: int, watched: Watched, seconds: int) -> dict[str, Any]:
    rest(SETTLE_S)
    began_ns, began_s, before = now_ns(), _cpu_s(pid), dict(watched.counters)
    rest(seconds)
    cpu_s, took_s = _cpu_s(pid) - began_s, (now_ns() - began_ns) / 1e9
    counted = {name: count - before.get(name, 0) for name, count in watched.counters.items()}
    return {
        "cpu_percent": round(100 * cpu_s / took_s, 2),
        "resident_mb": round(sum(pss_kb(each) for each in _family(pid)) / 1024, 1),
        "frames_per_s": round(counted.get("frames", 0) / took_s, 1),
        "looked_at_per_s": round(counted.get("looked_at", 0) / took_s, 2),
        "latency_ms_max": watched.counters.get("latency_ms_max", 0),
    }


def _family(pid: int) -> list[int]:
    """The process and its worker."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def _cpu_s(pid: int) -> float:
    """What the kernel has counted for the process, all its threads, and its worker (proc(5): utime and stime)."""
    ticks = 0
    for each in _family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _h264() -> str:
    """The codec of most cameras, where this machine can write it."""
    import av

    return "libx264" if "libx264" in av.codecs_available else "mpeg4"
