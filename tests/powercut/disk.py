"""What is left on a disk when the power is cut at one point of a recording.

Only what was synced is sure: a file's content by its own fsync, a name by the folder's. Of what was not, a disk may
have nothing, all, a torn part or any parts in any order. Names are kept in the order they were made in (journalled
file systems do), but may be missing from any point on.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.powercut.recording import (
    AnyOperation,
    Create,
    Rename,
    Sync,
    SyncFolder,
    Truncate,
    Unlink,
    Write,
)

SECTOR_BYTES = 512  # what a disk writes whole or not at all
MODES = ("dropped", "kept", "torn", "reordered", "reordered_whole")


class _File:
    """One file: what is surely on the disk, and what was asked for since."""

    def __init__(self) -> None:
        self.durable = bytearray()
        self.pending: list[Write | Truncate] = []
        self.length = 0  # as the program sees it, for writes that append


def _apply(content: bytearray, operation: Write | Truncate) -> None:
    if isinstance(operation, Truncate):
        if operation.size < len(content):
            del content[operation.size :]
        else:
            content.extend(bytes(operation.size - len(content)))
        return
    end = operation.offset + len(operation.content)
    if end > len(content):
        content.extend(bytes(end - len(content)))
    content[operation.offset : end] = operation.content


def _sectors(operation: Write) -> list[Write]:
    """A write in pieces that end at the disk's sectors."""
    pieces: list[Write] = []
    start = operation.offset
    end = operation.offset + len(operation.content)
    while start < end:
        stop = min(end, (start // SECTOR_BYTES + 1) * SECTOR_BYTES)
        piece = operation.content[start - operation.offset : stop - operation.offset]
        pieces.append(Write(operation.name, start, piece))
        start = stop
    return pieces


class Disk:
    """Takes a recording one operation after the other; `cut` says what would be left."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}  # as the program sees them
        self._durable_names: dict[str, _File] = {}
        self._pending_names: list[tuple[Create | Rename | Unlink, _File]] = []

    def take(self, operation: AnyOperation) -> None:
        match operation:
            case Create():
                self._names[operation.name] = _File()
                self._pending_names.append((operation, self._names[operation.name]))
            case Rename():
                file = self._names.pop(operation.name)
                self._names[operation.to] = file
                self._pending_names.append((operation, file))
            case Unlink():
                self._pending_names.append((operation, self._names.pop(operation.name)))
            case SyncFolder():
                for pending, file in self._pending_names:
                    _rename(self._durable_names, pending, file)
                self._pending_names = []
            case Sync():
                file = self._names[operation.name]
                for write in file.pending:
                    _apply(file.durable, write)
                file.pending = []
            case Write() | Truncate():
                file = self._names[operation.name]
                if isinstance(operation, Write):
                    if operation.offset < 0:
                        operation = operation._replace(offset=file.length)
                    file.length = max(file.length, operation.offset + len(operation.content))
                else:
                    file.length = operation.size
                file.pending.append(operation)

    def cut(self, folder: Path, mode: str, chance: random.Random) -> None:
        """Write what is left to an empty folder."""
        assert mode in MODES
        names = dict(self._durable_names)
        kept = {"dropped": 0, "kept": len(self._pending_names)}.get(mode, chance.randint(0, len(self._pending_names)))
        for pending, file in self._pending_names[:kept]:
            _rename(names, pending, file)
        for name, file in names.items():
            content = bytearray(file.durable)
            for operation in _survivors(file.pending, mode, chance):
                _apply(content, operation)
            (folder / name).write_bytes(content)


def _rename(names: dict[str, _File], operation: Create | Rename | Unlink, file: _File) -> None:
    match operation:
        case Create():
            names[operation.name] = file
        case Rename():
            names.pop(operation.name, None)
            names[operation.to] = file
        case Unlink():
            names.pop(operation.name, None)


def _survivors(pending: list[Write | Truncate], mode: str, chance: random.Random) -> list[Write | Truncate]:
    """Which unsynced operations reached the disk."""
    if mode == "dropped" or not pending:
        return []
    if mode == "kept":
        return list(pending)
    if mode == "torn":  # all up to one, of which only the first sectors
        stop = chance.randrange(len(pending))
        last = pending[stop]
        pieces = _sectors(last)[: chance.randint(0, 8)] if isinstance(last, Write) else []
        return [*pending[:stop], *pieces]
    if mode == "reordered_whole":
        return [operation for operation in pending if chance.random() < 0.5]
    pieces = [piece for each in pending for piece in (_sectors(each) if isinstance(each, Write) else [each])]
    return [piece for piece in pieces if chance.random() < 0.5]
