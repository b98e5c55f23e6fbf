"""What the kernel says of a process: its proportional share of memory."""

from __future__ import annotations

from pathlib import Path


def pss_kb(pid: int | str = "self") -> int:
    """Proportional set size in kB (/proc/PID/smaps_rollup): shared pages are divided among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/smaps_rollup says no Pss: is this Linux 4.14 or newer?")
