"""`menshen bench build`: compile and sign a roster of 250,000 holders from the office's source.

In a fresh process, so that its peak of memory is the build's alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from firmware.bench.child import bound
from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure
from firmware.identity import Identity
from firmware.roster.sample import sample_source

BUILD_S_MAX = 30.0
MEMORY_MB_MAX = 200.0
_PROGRAM = """\
import json, sys
from pathlib import Path
from firmware.bench.clock import now_ns
from firmware.bench.process import status_kb
from firmware.identity import Identity
from firmware.roster.build import build_source
from firmware.roster.source.store import Source
folder = Path(sys.argv[1])
signer = Identity.load_or_create(folder / "identity")
start_ns = now_ns()
with Source.open(folder / "office.source.db") as source:
    report = build_source(source, folder / "out.roster", signer)
build_s = (now_ns() - start_ns) / 1e9
peak_mb = status_kb("VmHWM") / 1024
told = {"build_s": build_s, "peak_mb": peak_mb, "holders": report.holders, "credentials": report.credentials}
print(json.dumps(told | {"bytes": report.bytes}))
"""


def bench(folder: Path, holders: int = 250_000) -> dict[str, Any]:
    """Make a source of that many holders, then build it. Raises RuntimeError where the build fails."""
    signer = Identity.load_or_create(folder / "identity")
    start_ns = now_ns()
    sample_source(folder / "office.source.db", holders, signer)
    source_s = (now_ns() - start_ns) / 1e9
    words = bound(sys.executable, "-c", _PROGRAM, folder)
    run = subprocess.run(words, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(f"the build ended with status {run.returncode}: {run.stderr}")
    told: dict[str, Any] = json.loads(run.stdout)
    return {
        "source_written_s": round(source_s, 1),
        **told,
        "figures": [
            Figure("build and sign from the source", round(told["build_s"], 1), BUILD_S_MAX, "s"),
            Figure("build and sign, memory", round(told["peak_mb"], 1), MEMORY_MB_MAX, "MB"),
        ],
    }
