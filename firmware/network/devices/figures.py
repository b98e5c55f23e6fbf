"""How the machine is: temperature, power, storage, memory, clock. Read from what the kernel tells everybody; no rights.

Every reader gives None where this machine does not tell: a board tells more than a development machine does. All of it
may block for some ms: it is read in a thread.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import msgspec

SYS = Path("/sys")
PROC = Path("/proc")
RUN = Path("/run")
STA_UNSYNC = 0x40  # adjtimex(2)
TIME_ERROR = 5  # what adjtimex gives while nobody disciplines the clock
# Raspberry Pi firmware, get_throttled: now, and since the start.
THROTTLED = {"under_voltage": (0, 16), "frequency_capped": (1, 17), "throttled": (2, 18), "temperature_limit": (3, 19)}


class Figures(msgspec.Struct, frozen=True):
    celsius: float | None
    disk_free_bytes: int | None
    disk_bytes: int | None
    disk_worn_percent: int | None  # of an eMMC's life, by its own account, in tens
    memory_free_bytes: int | None
    memory_bytes: int | None
    load: float | None  # runnable tasks, mean of a minute
    cores: int
    up_s: int | None
    throttled_now: tuple[str, ...] | None
    throttled_before: tuple[str, ...] | None
    clock_source: str | None  # chrony, timesyncd, other
    clock_synchronised: bool | None
    clock_uncertainty_ms: float | None
    battery_clock: bool  # a real-time clock that outlives the power


def read(folder: Path) -> Figures:
    """`folder` is on the disk that is asked for."""
    now, before = throttled()
    synchronised, uncertainty_ms = disciplined()
    free, size = disk(folder)
    available, memory = _memory()
    return Figures(
        celsius=celsius(),
        disk_free_bytes=free,
        disk_bytes=size,
        disk_worn_percent=_worn(),
        memory_free_bytes=available,
        memory_bytes=memory,
        load=_first_number(PROC / "loadavg"),
        cores=os.cpu_count() or 1,
        up_s=None if (up := _first_number(PROC / "uptime")) is None else int(up),
        throttled_now=now,
        throttled_before=before,
        clock_source=_clock_source(),
        clock_synchronised=synchronised,
        clock_uncertainty_ms=uncertainty_ms,
        battery_clock=any((SYS / "class/rtc").glob("rtc*")),
    )


def _text(path: Path) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(4096).strip("\0\n ")
    except OSError:
        return None


def _first_number(path: Path) -> float | None:
    try:
        return float((_text(path) or "").split()[0])
    except (IndexError, ValueError):
        return None


def celsius(sys: Path = SYS) -> float | None:
    """Of the hottest zone that tells."""
    found = [_first_number(path) for path in sys.glob("class/thermal/thermal_zone*/temp")]
    known = [each / 1000 for each in found if each is not None]
    return max(known, default=None)


def throttled(sys: Path = SYS) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """What slows the board down now, and what has since it started. Bits of the Raspberry Pi's firmware."""
    text = _text(sys / "devices/platform/soc/soc:firmware/get_throttled")
    try:
        bits = int(text or "", 16)
    except ValueError:
        return None, None
    now = tuple(name for name, (bit, _) in THROTTLED.items() if bits >> bit & 1)
    return now, tuple(name for name, (_, bit) in THROTTLED.items() if bits >> bit & 1)


def disk(folder: Path) -> tuple[int | None, int | None]:
    """Free for us, and in all, in bytes; of the nearest folder above where there is none, or none that we may enter."""
    for each in (folder, *folder.parents):
        try:
            found = os.statvfs(each)
        except OSError:
            continue
        return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize
    return None, None


def _worn(sys: Path = SYS) -> int | None:
    """JEDEC eMMC, DEVICE_LIFE_TIME_EST: 0x01 is 0 to 10 % used, 0x0a 90 to 100 %. SD cards do not tell."""
    for path in sys.glob("block/mmcblk*/device/life_time"):
        words = (_text(path) or "").split()
        try:
            return max(int(word, 16) for word in words) * 10
        except ValueError:
            continue
    return None


def _memory() -> tuple[int | None, int | None]:
    lines = dict(line.split(":", 1) for line in (_text(PROC / "meminfo") or "").splitlines() if ":" in line)
    found = []
    for name in ("MemAvailable", "MemTotal"):
        words = lines.get(name, "").split()
        found.append(int(words[0]) * 1024 if words and words[0].isdigit() else None)
    return found[0], found[1]


def _clock_source(run: Path = RUN) -> str | None:
    if (run / "chrony").exists():
        return "chrony"
    if (run / "systemd/timesync/synchronized").exists():
        return "timesyncd"
    return None


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as 64-bit Linux has it; what is not read is padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def disciplined() -> tuple[bool | None, float | None]:
    """Whether somebody keeps the clock right, and by how much it may be wrong, in ms, as the kernel has it."""
    try:
        asked = _Timex()
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    except (OSError, AttributeError):
        return None, None
    if state < 0:
        return None, None
    right = state != TIME_ERROR and not asked.status & STA_UNSYNC
    return right, asked.maxerror / 1000 if right else None
