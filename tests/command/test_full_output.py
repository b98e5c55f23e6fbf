"""Where what a command says cannot be written: a full disk is said, and is no success; a reader that went is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.command.conftest import LIMIT_S, SITE

FULL = Path("/dev/full")  # each write to it fails with ENOSPC, as on a full disk (full(4))


@pytest.mark.skipif(not FULL.is_char_device(), reason="there is no /dev/full: Linux has it")
@pytest.mark.parametrize(
    "words", [("check", str(SITE)), ("check", str(SITE), "--json"), ("recognise", "/none.jpg", "--json")]
)
def test_a_full_disk_is_said_and_no_success(words):
    with FULL.open("w") as out:
        answer = subprocess.run(
            [sys.executable, "-m", "firmware", *words],
            stdout=out, stderr=subprocess.PIPE, text=True, check=False, timeout=LIMIT_S,
        )  # fmt: skip
    assert answer.returncode == 1
    assert "menshen: what it says cannot be written: No space left on device" in answer.stderr
    assert "Traceback" not in answer.stderr
