"""The worker takes one core: what it imports begins no threads of its own."""

import subprocess
import sys

IMPORTS = "import os, firmware.vision.worker, firmware.vision.recogniser, models.warp\n"
COUNT = IMPORTS + "print(len(os.listdir('/proc/self/task')))"


def test_linear_algebra_begins_no_threads(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    done = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "1"
