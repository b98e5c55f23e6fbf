"""Every write, sync, truncation and name that a program makes in one folder, in order, by strace.

strace sees the system calls of the real SQLite and the real journal, unchanged; no stand-in for the file system is
needed. The shared memory of the log (`-shm`) is not durable state and is left out.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CALLS = (
    "openat,open,creat,write,pwrite64,pwritev,writev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,"
    "rename,renameat,renameat2,unlink,unlinkat,link,linkat"
)
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+|0x[0-9a-f]+)(.*)")
_UNFINISHED = re.compile(r"(\d+) +(.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"(\d+) +<\.\.\. \w+ resumed>(.*)")
_DESCRIPTOR = re.compile(r"\d+<((?:\\x[0-9a-f]{2})*)>(?:\(deleted\))?")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
LIMIT_S = 240.0


class Write(NamedTuple):
    name: str
    offset: int
    content: bytes


class Truncate(NamedTuple):
    name: str
    size: int


class Sync(NamedTuple):
    name: str


class Create(NamedTuple):
    name: str


class Rename(NamedTuple):
    name: str
    to: str


class Unlink(NamedTuple):
    name: str


class SyncFolder(NamedTuple):
    pass


class Acknowledged(NamedTuple):
    """The program told the world that everything up to this step is durable."""

    step: int
    epoch: int
    seq: int


AnyOperation = Write | Truncate | Sync | Create | Rename | Unlink | SyncFolder | Acknowledged


def why_not() -> str | None:
    """Why nothing can be recorded on this machine; None where it can."""
    if shutil.which("strace") is None:
        return "strace is missing: apt-get install strace"
    probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, timeout=LIMIT_S)
    return None if probe.returncode == 0 else f"strace may not trace here: {probe.stderr.strip()}"


def record(folder: Path, seed: int, build: str) -> list[AnyOperation]:
    """Run the workload in a new folder `folder/journal` and return what it did there."""
    target = folder / "journal"
    target.mkdir()
    acknowledgements, trace = folder / "acknowledged", folder / "trace"
    command = ["strace", "-f", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", trace]
    command += [sys.executable, "-m", "tests.powercut.workload", target, acknowledgements, str(seed), build]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S)
    assert done.returncode == 0, f"the workload failed: {done.stderr[-2000:]}"
    return list(_operations(trace, target, acknowledgements))


def _lines(trace: Path) -> Iterator[tuple[str, str, int]]:
    """(call, arguments, result) of each finished call that succeeded, at the place where it finished."""
    begun: dict[str, str] = {}
    with trace.open(encoding="ascii") as file:
        for line in file:
            unfinished = _UNFINISHED.match(line)
            if unfinished:
                begun[unfinished[1]] = f"{unfinished[1]} {unfinished[2]}"
                continue
            resumed = _RESUMED.match(line)
            if resumed:
                line = begun.pop(resumed[1]) + resumed[2]
            match = _LINE.match(line)
            if match and not match[4].startswith("-"):
                yield match[2], match[3], int(match[4], 0)


def _text(escaped: str) -> str:
    return bytes.fromhex(escaped.replace("\\x", "")).decode()


def _operations(trace: Path, folder: Path, acknowledgements: Path) -> Iterator[AnyOperation]:
    """The trace as operations on names in the folder."""
    existing: set[str] = set()

    def name_of(path: str) -> str | None:
        if not path.startswith(f"{folder}/") or path.endswith("-shm"):
            return None
        return path[len(str(folder)) + 1 :]

    for call, arguments, result in _lines(trace):
        descriptor = _DESCRIPTOR.match(arguments)
        strings = _STRING.findall(arguments)
        if call in ("openat", "open", "creat"):
            name = name_of(_text(strings[-1]))
            if name is None:
                continue
            if name not in existing:
                existing.add(name)
                yield Create(name)
            if "O_TRUNC" in arguments:
                yield Truncate(name, 0)
        elif call in ("rename", "renameat", "renameat2"):
            before, after = (name_of(_text(string)) for string in strings)
            if before is not None and after is not None:
                existing.discard(before)
                existing.add(after)
                yield Rename(before, after)
        elif call in ("unlink", "unlinkat"):
            name = name_of(_text(strings[-1]))
            if name is not None:
                existing.discard(name)
                yield Unlink(name)
        elif descriptor is not None:
            path = _text(descriptor[1])
            name = name_of(path)
            if path == str(acknowledgements):
                assert call == "write"
                for line in bytes.fromhex(strings[0].replace("\\x", "")).decode().splitlines():
                    yield Acknowledged(*map(int, line.split()))
            elif path == str(folder):
                assert call in ("fsync", "fdatasync")
                yield SyncFolder()
            elif name is None or "(deleted)" in arguments[:400]:
                continue
            elif call in ("fsync", "fdatasync"):
                yield Sync(name)
            elif call == "ftruncate":
                yield Truncate(name, int(arguments.rsplit(",", 1)[1]))
            elif call in ("pwrite64", "write"):
                content = bytes.fromhex(strings[0].replace("\\x", ""))
                assert len(content) == result, "strace cut a write, or the disk took only a part of it"
                offset = int(arguments.rsplit(",", 1)[1]) if call == "pwrite64" else -1
                yield Write(name, offset, content)
            else:
                raise AssertionError(f"the model knows no {call}: {arguments[:200]}")
