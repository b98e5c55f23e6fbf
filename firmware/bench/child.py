"""Starts a program that ends with the bench that needs it, however that one ends: SIGKILL, and while it stands still.

The kernel sees to it (PR_SET_PDEATHSIG, prctl(2)). A pipe to watch would not do: what is stopped by SIGSTOP watches
nothing, and what is measured would have a thread more. This file, as a program, asks for it and becomes the other one.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
SIGKILL = 9  # the module signal takes as long to import as all of this takes to run


def bound(*words: object) -> list[str]:
    """The words that start `words` as a child that ends with us. Start it from the main thread.

    To the kernel the parent is the thread that started it: the child of another one would end when that one returns.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *map(str, words)]


def end_with(parent: int) -> None:
    """From now on this process ends when its parent does. Raises OSError; ends where the parent has gone already."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:
        sys.exit(1)


if __name__ == "__main__":
    end_with(int(sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
