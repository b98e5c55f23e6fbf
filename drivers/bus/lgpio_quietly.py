"""Imports lgpio so that it leaves nothing behind: its folder for pipes is a private one, and gone afterwards.

Whoever imports lgpio imports this before. On import it starts a thread, makes a named pipe `.lgd-nfy0` in the folder of
LG_WD (left out: the working folder), and makes that folder the working folder of the whole process.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile

FOLDER = "LG_WD"

if "lgpio" not in sys.modules:
    before = os.environ.get(FOLDER)
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)  # a descriptor, for the folder may have no name any more
    private = tempfile.mkdtemp(prefix="menshen-lgpio-")  # 0700: edges that somebody else writes into it would be ours
    os.environ[FOLDER] = private
    try:
        import lgpio  # type: ignore[import-untyped]
    finally:
        os.fchdir(here)
        os.close(here)
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before
        shutil.rmtree(private)  # both ends of the pipe are open; it needs its name no more
else:
    import lgpio

__all__ = ["lgpio"]
