#!/usr/bin/python3
"""The first process of the machine: makes it ready, runs the scripts that it was told to run, switches it off.

What it reports goes over the serial line, a JSON object a line behind MARK. Started by the kernel from the first root.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path

MARK = "@rig "
RIG = Path("/rig")
WORK = Path("/work")  # the scripts' working folders, in memory
DISK = Path("/dev/vda")
SERIAL = "/dev/ttyAMA0"
# Raspberry Pi 4B 1.5: off a Pi gpiozero knows no pins. Codes: raspberrypi.com, documentation of revision codes.
CPUINFO = (
    "Hardware\t: BCM2835\nRevision\t: c03115\nSerial\t\t: 0000000000000000\nModel\t\t: Raspberry Pi 4 Model B Rev 1.5\n"
)
MOUNTS = (
    ("proc", "proc", "/proc", ""),
    ("sysfs", "sysfs", "/sys", ""),
    ("devtmpfs", "devtmpfs", "/dev", ""),
    ("tmpfs", "tmpfs", "/tmp", ""),
    ("tmpfs", "tmpfs", "/run", ""),
    ("tmpfs", "tmpfs", str(WORK), ""),
)
LATE_MOUNTS = (
    ("configfs", "configfs", "/sys/kernel/config", ""),
    ("tracefs", "tracefs", "/sys/kernel/tracing", ""),
)
FINIT_MODULE = 273  # the system call on arm64
MS_BIND = 4096
POWER_OFF = 0x4321FEDC
LINE_CHARACTERS_MAX = 4000
ALIVE_S = 5.0  # of the machine: the host hears that it runs, however long a script is silent

_libc = ctypes.CDLL(None, use_errno=True)
_writing = threading.Lock()
_serial: int | None = None


def tell(**words: object) -> None:
    """One line to the host."""
    line = MARK + json.dumps(words, ensure_ascii=True)
    with _writing:
        left = line.encode() + b"\n"
        while left:
            left = left[os.write(2 if _serial is None else _serial, left) :]


def mount(kind: str, source: str, target: str, options: str, flags: int = 0) -> None:
    if not flags & MS_BIND:
        Path(target).mkdir(parents=True, exist_ok=True)
    if _libc.mount(source.encode(), target.encode(), kind.encode(), flags, options.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount of {target}: {os.strerror(number)}")


def insert_modules() -> None:
    folder = RIG / "modules"
    for name in (folder / "order").read_text().split():
        with (folder / f"{name}.ko").open("rb") as module:
            if _libc.syscall(FINIT_MODULE, module.fileno(), b"", 0) != 0:
                number = ctypes.get_errno()
                raise OSError(number, f"module {name}: {os.strerror(number)}")


def free_first_chip() -> None:
    """The machine has GPIO of its own, for its power button: it makes room for /dev/gpiochip0."""
    driver = Path("/sys/bus/amba/drivers/pl061_gpio")
    if driver.is_dir():
        for device in driver.glob("*.pl061"):
            (driver / "unbind").write_text(device.name)


def prepare() -> None:
    global _serial
    for kind, source, target, options in MOUNTS:
        mount(kind, source, target, options)
    _serial = os.open(SERIAL, os.O_WRONLY | os.O_NOCTTY)
    insert_modules()
    free_first_chip()
    for kind, source, target, options in LATE_MOUNTS:
        mount(kind, source, target, options)
    pretended = Path("/run/cpuinfo")
    pretended.write_text(CPUINFO)
    mount("none", str(pretended), "/proc/cpuinfo", "", MS_BIND)
    (Path("/sys/kernel/tracing/trace_clock")).write_text("mono")
    subprocess.run(["/bin/busybox", "ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["/bin/busybox", "hostname", "rig"], check=True)


def relay(stream, name: str, words: str) -> None:
    """Hand on what a script writes: reports as they are, the rest as output."""
    for line in stream:
        line = line.rstrip("\n")
        if line.startswith(MARK):
            with contextlib.suppress(ValueError):  # what only looks like a report is output
                tell(script=name, **json.loads(line.removeprefix(MARK)))
                continue
        tell(script=name, **{words: line[:LINE_CHARACTERS_MAX]})


def run(task: dict) -> None:
    """Run one script to its end, at most `limit_s` of the machine's time."""
    name = task["name"]
    tell(script=name, begun=True)
    begun_s = uptime_s()
    folder = WORK / name
    folder.mkdir()
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "PYTHONPATH": "/menshen:/rig/packages:/menshen/tests/rig/inside",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "RIG_ARGUMENTS": json.dumps(task.get("arguments", {})),
    }
    process = subprocess.Popen(
        [sys.executable, "-B", f"/menshen/tests/rig/inside/{task['script']}.py"],
        cwd=folder, env=environment, text=True, errors="replace", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    relays = [
        threading.Thread(target=relay, args=(process.stdout, name, "output"), daemon=True),
        threading.Thread(target=relay, args=(process.stderr, name, "error"), daemon=True),
    ]
    for each in relays:
        each.start()
    try:
        status = process.wait(task["limit_s"])
    except subprocess.TimeoutExpired:
        status = None
    with contextlib.suppress(ProcessLookupError):  # it left nothing
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for each in relays:
        each.join(5.0)
    tell(script=name, ended=status, took_s=round(uptime_s() - begun_s, 2))


def uptime_s() -> float:
    return float(Path("/proc/uptime").read_text().split()[0])


def be_heard() -> None:
    never = threading.Event()
    while not never.wait(ALIVE_S):
        tell(machine="alive")


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        prepare()
        tell(machine="ready", release=os.uname().release)
        threading.Thread(target=be_heard, daemon=True).start()
        for task in json.loads((RIG / "tasks.json").read_text()):
            run(task)
    except BaseException:  # noqa: BLE001  it is the first process: told, then the machine goes off
        for line in traceback.format_exc().splitlines():
            tell(machine="broken", error=line)
    tell(machine="off")
    os.sync()
    _libc.reboot(POWER_OFF)


if __name__ == "__main__":
    main()
