"""The wall clock set back by an hour under libosdp, which counts all of its times on it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
# gettimeofday() of this one process; the reader's process has the true one.
CLOCK = """
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <stdlib.h>
int gettimeofday(struct timeval *tv, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    tv->tv_sec = now.tv_sec - (access(getenv("CLOCK_SET_BACK"), F_OK) == 0 ? 3600 : 0);
    tv->tv_usec = now.tv_nsec / 1000;
    return 0;
}
"""


@pytest.mark.attack("osdp-25")
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler to make another clock with: install gcc")
def test_a_clock_that_is_set_back_by_an_hour_costs_seconds(tmp_path: Path) -> None:
    (tmp_path / "clock.c").write_text(CLOCK)
    library, switch = tmp_path / "clock.so", tmp_path / "back"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "clock.c")], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.drivers.osdp_clock", str(switch)],
        env={**os.environ, "LD_PRELOAD": str(library), "CLOCK_SET_BACK": str(switch)},
        capture_output=True,
        text=True,
        cwd=HOUSE,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    (took,) = json.loads(done.stdout)
    assert took < 10
