"""What the kernel says of a process, its memory above all; and a command of ours in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.bench.child import bound
from firmware.bench.clock import now_ns

# ru_maxrss would not do: over fork and exec it begins with that of the process that started this one.
_COMMAND = """\
import sys
from firmware.__main__ import main
from firmware.bench.process import status_kb
status = main(sys.argv[1:])
print(status_kb("VmHWM"), file=sys.stderr)
sys.exit(status)
"""


class Ended(NamedTuple):
    """A command that has ended: exit status, what it said, and what it cost."""

    status: int
    output: str
    complaint: str
    seconds: float
    peak_mb: float


def run_apart(words: Sequence[object]) -> Ended:
    """Run `menshen WORDS` in a fresh process. Raises RuntimeError where it ends without telling its peak."""
    began_ns = now_ns()
    child = bound(sys.executable, "-c", _COMMAND, *words)
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    seconds = (now_ns() - began_ns) / 1e9
    *said, last = done.stderr.splitlines() or [""]
    if not last.isdecimal():
        raise RuntimeError(f"menshen {words[0]} ended with status {done.returncode}: {done.stderr}")
    return Ended(done.returncode, done.stdout, "\n".join(said), seconds, int(last) / 1024)


def status_kb(name: str) -> int:
    """A figure in kB of this process by its name in proc(5): VmRSS now, VmHWM the most it ever held."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise AssertionError(f"the kernel tells no {name}")


def forget_peak() -> int:
    """From now on VmHWM is the most since now; in kB what it begins with. Raises OSError without the right to."""
    Path("/proc/self/clear_refs").write_text("5")  # proc(5)
    return status_kb("VmHWM")


def pss_kb(pid: int | str = "self") -> int:
    """Proportional set size in kB (/proc/PID/smaps_rollup): shared pages are divided among those who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise RuntimeError(f"/proc/{pid}/smaps_rollup says no Pss: is this Linux 4.14 or newer?")
