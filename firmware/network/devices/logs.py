"""What each process wrote last, without what may tell of a person: of the service manager's journal, or of a folder.

A log is for support, far from here: of exceptions only where and which kind is kept, addresses and long numbers go.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from firmware.wire_messages import Process

PROCESSES = tuple(process.value for process in Process)
LEVELS = ("error", "warning", "info")
LINES_MAX = 400  # of one process
LINE_CHARACTERS_MAX = 400
FILE_BYTES_MAX = 128 << 10  # the end of it
JOURNAL_BYTES_MAX = 1 << 20
JOURNAL_S_MAX = 5.0

_PRIORITY = re.compile(r"\A<([0-7])>")  # sd-daemon(3)
_RAISED = re.compile(
    r"\A(\s*(?:[\w.]*(?:Error|Exception|Warning|Interrupt|Exit)\w*|(?:firmware|drivers|models)(?:\.\w+)+))(?::.*)?\Z"
)
_PRIVATE = (
    (re.compile(r"[\u4e00-\u9fff][A-Z][·\s]?[0-9A-Z]{5,6}"), "[plate]"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b"), "[address]"),
    (re.compile(r"\b[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){3,7}\b"), "[address]"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+"), "[mail]"),
    (re.compile(r"([?&](?:code|token)=)[^&\s\"]+"), r"\1[secret]"),
    (re.compile(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b"), "[code]"),
    (re.compile(r"\d{5,}"), "[number]"),
    (re.compile(r"(['\"]).{1,200}?\1"), "[text]"),  # what an exception quotes
)


class LogLine(msgspec.Struct, frozen=True):
    """One line. `at_us`: UTC in microseconds, where whoever kept it knows."""

    process: str
    level: str
    text: str
    at_us: int | None = None


class Logs(Protocol):
    """Where logs are kept."""

    async def last(self, process: str) -> Sequence[LogLine]:
        """The newest lines of one process, oldest first; none where nothing is kept."""
        ...


def scrubbed(text: str) -> str:
    """A line without what may tell of a person. `File "...", line N` of a traceback stays: it is ours."""
    text = text[:LINE_CHARACTERS_MAX]
    if re.match(r'\A\s+File "', text):
        return re.sub(r'"[^"]*?((?:firmware|drivers|models)/[^"]*|[^"/]*)"', r'"\1"', text)
    raised = _RAISED.match(text)
    if raised is not None:
        return raised[1]
    for pattern, instead in _PRIVATE:
        text = pattern.sub(instead, text)
    return text


def level_of(text: str) -> tuple[str, str]:
    """(level, the rest) of a line as a process wrote it."""
    found = _PRIORITY.match(text)
    if found is not None:
        return ("error" if found[1] <= "3" else "warning" if found[1] == "4" else "info"), text[found.end() :]
    grave = text.startswith("Traceback") or _RAISED.match(text) is not None or "Error" in text
    return ("error" if grave else "info"), text


class FolderLogs:
    """Files `PROCESS.log` of one folder: what the development supervisor keeps."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def last(self, process: str) -> Sequence[LogLine]:
        assert process in PROCESSES, "only names of ours become names of files"
        lines = await asyncio.to_thread(self._read, self._folder / f"{process}.log")
        return [LogLine(process, level, scrubbed(text)) for level, text in map(level_of, lines)]

    def _read(self, path: Path) -> list[str]:
        try:
            with open(path, "rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - FILE_BYTES_MAX))
                return file.read(FILE_BYTES_MAX).decode(errors="replace").splitlines()[-LINES_MAX:]
        except OSError:
            return []


class JournalLogs:
    """The service manager's journal of our units, by journalctl: the user has to be in the group that may read it."""

    def __init__(self, program: str = "journalctl") -> None:
        self._program = program

    async def last(self, process: str) -> Sequence[LogLine]:
        assert process in PROCESSES, "only names of ours reach a program"
        words = ("--unit", f"menshen-{process}.service", "--lines", str(LINES_MAX), "--output", "json", "--no-pager")
        try:
            running = await asyncio.create_subprocess_exec(
                self._program,
                *words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=JOURNAL_BYTES_MAX,
            )
        except OSError:
            return []
        content = b""
        try:
            async with asyncio.timeout(JOURNAL_S_MAX):
                assert running.stdout is not None
                while len(content) < JOURNAL_BYTES_MAX and (piece := await running.stdout.read(JOURNAL_BYTES_MAX)):
                    content += piece
        except TimeoutError:
            return []
        finally:
            with contextlib.suppress(ProcessLookupError):
                running.kill()
            await running.wait()
        return [line for raw in content.splitlines() if (line := _line(process, raw)) is not None]


def _line(process: str, raw: bytes) -> LogLine | None:
    try:
        row = msgspec.json.decode(raw, type=dict[str, object])
    except (msgspec.MsgspecError, UnicodeError):
        return None  # the last one, cut off
    message = row.get("MESSAGE")
    if not isinstance(message, str):
        return None
    level, text = level_of(message)
    priority, stamp = str(row.get("PRIORITY", "6")), str(row.get("__REALTIME_TIMESTAMP", ""))
    if priority <= "4" and level == "info":
        level = "error" if priority <= "3" else "warning"
    return LogLine(process, level, scrubbed(text), int(stamp) if stamp.isdigit() else None)
