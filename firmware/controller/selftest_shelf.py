"""Where self-tests are kept: the run that is under way, and the signed reports. Blocks: for a thread."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from firmware.selftest.messages import REPORT_BYTES_MAX, REPORTS_MAX, ReportEntry
from firmware.selftest.run import Run

FOLDER = "selftest"
RUN = "run.json"
RUN_BYTES_MAX = 4 << 20


class Shelf:
    """One folder. A file in it is there wholly or not at all."""

    def __init__(self, state: Path) -> None:
        self.folder = state / FOLDER

    def load(self) -> Run | None:
        """The run that was under way. None: none was, or it cannot be read: then nothing of it counts."""
        try:
            content = (self.folder / RUN).read_bytes()
            return msgspec.json.decode(content, type=Run) if len(content) <= RUN_BYTES_MAX else None
        except (OSError, msgspec.MsgspecError, UnicodeError):
            return None

    def save(self, run: Run | None) -> None:
        """Raises OSError."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        if run is None:
            (self.folder / RUN).unlink(missing_ok=True)
            self._sync()
        else:
            self._write(RUN, msgspec.json.encode(run))

    def put(self, entry: ReportEntry, reports: dict[str, bytes]) -> ReportEntry:
        """Keep the reports of one run by their language; the list's entry last. Raises OSError."""
        self.folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        for language, report in reports.items():
            self._write(f"{entry.id}.{language}.html", report)
        entry = msgspec.structs.replace(entry, sha256=hashlib.sha256(reports["en"]).hexdigest())
        self._write(f"{entry.id}.json", msgspec.json.encode(entry))
        # Never the one that was just made: one without a time, where no clock runs, counts as the oldest.
        for old in [each for each in self.entries() if each.id != entry.id][REPORTS_MAX - 1 :]:
            for name in (f"{old.id}.json", f"{old.id}.en.html", f"{old.id}.zh.html"):
                (self.folder / name).unlink(missing_ok=True)
        return entry

    def entries(self) -> Sequence[ReportEntry]:
        """All reports, newest first."""
        found = []
        for path in self.folder.glob("*.json"):
            if path.name == RUN:
                continue
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=ReportEntry))
            except (OSError, msgspec.MsgspecError, UnicodeError):
                continue  # of another release, or damaged: its report stands beside it, and proves itself
        return sorted(found, key=lambda entry: (entry.utc_ms or 0, entry.id), reverse=True)

    def read(self, name: str) -> bytes:
        """A report by its name, which the message has proven; empty where there is none."""
        try:
            return (self.folder / name).read_bytes()[:REPORT_BYTES_MAX]
        except OSError:
            return b""

    def _write(self, name: str, content: bytes) -> None:
        aside = self.folder / f"{name}.new"
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.folder / name)
        self._sync()

    def _sync(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def board_serial() -> str:
    """The serial of the board, where the firmware below us tells one (device tree of Raspberry Pi and others)."""
    try:
        return Path("/proc/device-tree/serial-number").read_bytes()[:64].rstrip(b"\0\n").decode("ascii", "replace")
    except OSError:
        return ""


def sha256_of(path: Path) -> str:
    """Of the site file; empty where it cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
