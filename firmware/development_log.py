"""What the processes of `menshen run` write to standard error: on to the terminal, and the newest of it into files.

On a board the service manager keeps it (journald). A file holds at most FILE_BYTES_MAX: then its older half goes.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

FILE_BYTES_MAX = 256 << 10
LINE_BYTES_MAX = 4096


class DevelopmentLog:
    """The file of one process. What it cannot write is on the terminal all the same."""

    def __init__(self, folder: Path, process: str) -> None:
        self.path = folder / f"{process}.log"

    async def follow(self, stream: asyncio.StreamReader) -> None:
        """Until the process closes its end."""
        while chunk := await stream.read(LINE_BYTES_MAX):
            sys.stderr.write(chunk.decode(errors="replace"))
            sys.stderr.flush()
            self.write(chunk)

    def write(self, chunk: bytes) -> None:
        """Append, and keep the file within its bound."""
        try:
            self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            with open(self.path, "ab") as file:
                file.write(chunk)
                grown = file.tell() > FILE_BYTES_MAX
            if grown:
                self.path.write_bytes(self.path.read_bytes()[-FILE_BYTES_MAX // 2 :])
        except OSError:
            return  # a full disk: the terminal has it
