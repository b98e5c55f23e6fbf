"""Writes a tree of files as an uncompressed cpio archive, as the kernel unpacks it into its first root (format newc).

Format: Documentation/driver-api/early-userspace/buffer-format.rst of the kernel. Several may follow each other.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

BLOCK_BYTES = 4  # header with name, and contents, are each filled up to this
END = "TRAILER!!!"
CONSOLE = (5, 1)  # /dev/console: the kernel opens it for the first process


class Archive:
    """An archive that is being written. All files belong to root, and all bear the time 0."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._inode = 0
        self._folders: set[str] = set()

    def add(self, name: str, contents: bytes, mode: int = 0o644) -> None:
        """A file; the folders above it are added when they are not there yet."""
        self._above(name)
        self._entry(name, stat.S_IFREG | mode, contents)

    def add_console(self) -> None:
        self._above("dev/console")
        self._entry("dev/console", stat.S_IFCHR | 0o600, b"", CONSOLE)

    def add_tree(self, folder: Path, under: str = "", *, wanted: Callable[[Path], bool] = lambda path: True) -> None:
        """Everything in `folder` for which `wanted(path relative to it)` holds; links stay links."""
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            name = f"{under}/{inside}".lstrip("/")
            kind = path.lstat().st_mode
            if not wanted(inside):
                continue
            if stat.S_ISLNK(kind):
                self._above(name)
                self._entry(name, stat.S_IFLNK | 0o777, str(path.readlink()).encode())
            elif stat.S_ISDIR(kind):
                self._folder(name, kind & 0o7777)
            elif stat.S_ISREG(kind):
                self.add(name, path.read_bytes(), kind & 0o7777)

    def end(self) -> None:
        self._entry(END, 0, b"")

    def _above(self, name: str) -> None:
        parts = name.split("/")[:-1]
        for count in range(1, len(parts) + 1):
            self._folder("/".join(parts[:count]), 0o755)

    def _folder(self, name: str, mode: int) -> None:
        if name and name not in self._folders:
            self._above(name)
            self._folders.add(name)
            self._entry(name, stat.S_IFDIR | mode, b"")

    def _entry(self, name: str, mode: int, contents: bytes, device: tuple[int, int] = (0, 0)) -> None:
        self._inode += 1
        spelled = name.encode() + b"\0"
        numbers = [self._inode, mode, 0, 0, 1, 0, len(contents), 0, 0, *device, len(spelled), 0]
        self._out.write(b"070701" + b"".join(b"%08X" % number for number in numbers) + spelled)
        self._fill(6 + 8 * len(numbers) + len(spelled))
        self._out.write(contents)
        self._fill(len(contents))

    def _fill(self, written: int) -> None:
        self._out.write(b"\0" * (-written % BLOCK_BYTES))


def joined(parts: Iterable[Path], out: Path) -> None:
    """Put archives behind each other."""
    with out.open("wb") as whole:
        for part in parts:
            with part.open("rb") as read:
                while piece := read.read(1 << 22):
                    whole.write(piece)
