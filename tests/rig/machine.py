"""Starts the machine of the rig with scripts to run, and reads what they report. Every wait is bounded.

With `-icount` a microsecond of the machine is one of its own instructions' time, whatever this host does meanwhile: a
figure measured inside means the same here and on a busy machine. Without it no time measured inside means anything.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from firmware.bench.clock import monotonic_ns
from tests.rig import archive
from tests.rig.build import Built, Say
from tests.rig.debian import RigError

QEMU = "qemu-system-aarch64"
MARK = "@rig "  # as in inside/init.py
SILENT_S_MAX = 300.0  # the machine has said nothing for so long: it hangs
SCRIPT_S_MAX = 600.0  # of the machine's own time, unless a task says more
# Nanoseconds an instruction, as a power of two. SLOW, 500 million instructions a second, is a cautious stand-in for a
# board. QUICK is for scripts whose wires' far end, which shares the one processor, has to be quicker than the wires.
SLOW, QUICK = 1, 0
# While nothing happens in the machine, its clock jumps on. With a disk that would be wrong: the machine waits for this
# one's disk, and its minutes would pass meanwhile.
JUMPS, SLEEPS = "sleep=off", "sleep=on"
WORDS = (
    "-M", "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "1024", "-accel", "tcg,thread=single",
    "-nodefaults", "-no-reboot", "-display", "none", "-monitor", "none",
    "-serial", "stdio",
)  # fmt: skip
# Filling a huge page takes 3 ms in which nothing else runs, not even the wires' far end.
KERNEL_WORDS = "console=ttyAMA0 quiet loglevel=3 panic=-1 transparent_hugepage=never rdinit=/init"


class Task(NamedTuple):
    """One script of inside/ to run. Its result is found by `name` (if it is empty: the script)."""

    script: str
    arguments: Mapping[str, Any] = {}
    limit_s: float = SCRIPT_S_MAX
    name: str = ""

    @property
    def key(self) -> str:
        return self.name or self.script


class Check(NamedTuple):
    what: str
    ok: bool
    found: str | None


class Figure(NamedTuple):
    name: str
    value: float
    unit: str


class Result:
    """What one script reported."""

    def __init__(self, script: str) -> None:
        self.script = script
        self.checks: list[Check] = []
        self.figures: list[Figure] = []
        self.news: list[str] = []
        self.output: list[str] = []
        self.status: int | None = None
        self.inside_s = 0.0  # of the machine's time

    @property
    def ok(self) -> bool:
        return self.status == 0 and bool(self.checks) and all(check.ok for check in self.checks)

    def figure(self, name: str) -> float:
        [value] = [figure.value for figure in self.figures if figure.name == name]
        return value

    def take(self, words: Mapping[str, Any]) -> str | None:
        """Take one report; the line that shows it to a person."""
        match words:
            case {"check": what, "ok": ok, "found": found}:
                self.checks.append(Check(what, ok, found))
                return f"{'ok  ' if ok else 'FAIL'} {what}" + ("" if ok or found is None else f": {found}")
            case {"figure": name, "value": value, "unit": unit}:
                self.figures.append(Figure(name, value, unit))
                return f"     {name}: {value:g} {unit}"
            case {"news": text}:
                self.news.append(text)
                return f"     {text}"
            case {"output": line} | {"error": line}:
                self.output.append(line)
                return f"     | {line}"
            case {"ended": status, "took_s": took_s}:
                self.status, self.inside_s = status, took_s
        return None

    def __str__(self) -> str:
        wrong = [f"{check.what}: {check.found}" for check in self.checks if not check.ok]
        return "\n".join(
            [f"{self.script}: status {self.status}, {len(self.checks)} checks", *wrong, *self.output[-40:]]
        )


class Machine:
    """A running machine. `ready_s` is how long it took to start."""

    def __init__(self, process: subprocess.Popen[bytes], say: Say) -> None:
        self.process = process
        self.results: dict[str, Result] = {}
        self.console: list[str] = []
        self.ready_s = 0.0
        self._say = say
        self._off = False
        self._started_ns = monotonic_ns()
        self._heard_ns = self._started_ns

    def run(self, on_news: Callable[[str, str], bool] = lambda script, text: True) -> dict[str, Result]:
        """Listen until it is off. `on_news(script, text)` may return False: then its power is cut at once."""
        watch = threading.Thread(target=self._watch, daemon=True)
        watch.start()
        assert self.process.stdout is not None
        for raw in self.process.stdout:
            self._heard_ns = monotonic_ns()
            words = self._words(raw.decode(errors="replace").rstrip())
            if words is None:
                continue
            if not self._take(words) or ("news" in words and not on_news(words["script"], words["news"])):
                self.cut()
                break
        self.process.wait(SILENT_S_MAX)
        return self.results

    def cut(self) -> None:
        """Cut its power."""
        self._off = True
        self.process.kill()

    def _words(self, line: str) -> dict[str, Any] | None:
        start = line.find(MARK)
        if start >= 0:
            with contextlib.suppress(ValueError):
                words: dict[str, Any] = json.loads(line[start + len(MARK) :])
                return words
        if line:
            self.console.append(line)
            self._say(f"     console: {line}")
        return None

    def _take(self, words: dict[str, Any]) -> bool:
        if words.get("machine") == "ready":
            self.ready_s = (monotonic_ns() - self._started_ns) / 1e9
        elif words.get("machine") == "broken":
            self.console.append(words["error"])
            self._say(f"     broken: {words['error']}")
        elif words.get("machine") == "off":
            self._off = True
        if "script" in words:
            result = self.results.setdefault(words["script"], Result(words["script"]))
            if "begun" in words:
                self._say(f"  {result.script}")
            if (line := result.take(words)) is not None:
                self._say(f"    {line}")
        return True

    def _watch(self) -> None:
        """End a machine that says nothing any more."""
        while self.process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
            if (monotonic_ns() - self._heard_ns) / 1e9 > SILENT_S_MAX:
                self.console.append(f"the machine said nothing for {SILENT_S_MAX:.0f} s and was ended")
                self.cut()


@contextlib.contextmanager
def started(
    built: Built, tasks: Sequence[Task], say: Say, *, disk: Path | None = None, shift: int = SLOW
) -> Iterator[Machine]:
    """Start the machine with these tasks. `disk`: an image that it has as /dev/vda, written through."""
    if shutil.which(QEMU) is None:
        raise RigError(f"{QEMU} is missing: run `make system`")
    with tempfile.TemporaryDirectory(prefix="menshen-rig-") as name:
        folder = Path(name)
        ours = folder / "tasks.cpio"
        _pack_tasks(ours, tasks)
        root = folder / "root.cpio"
        archive.joined([*built.archives, ours], root)
        words = [
            QEMU,
            *WORDS,
            "-icount",
            f"shift={shift},{JUMPS if disk is None else SLEEPS}",
            "-kernel",
            str(built.kernel),
            "-initrd",
            str(root),
            "-append",
            KERNEL_WORDS,
        ]
        if disk is not None:
            words += ["-drive", f"if=none,id=disk,format=raw,cache=writethrough,file={disk}"]
            words += ["-device", "virtio-blk-device,drive=disk"]
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            yield Machine(process, say)
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def run(
    built: Built, tasks: Sequence[Task], say: Say, *, disk: Path | None = None, shift: int = SLOW
) -> dict[str, Result]:
    """Run tasks in one machine, to its end. Raises RigError when it breaks."""
    with started(built, tasks, say, disk=disk, shift=shift) as machine:
        results = machine.run()
        missing = [task.key for task in tasks if task.key not in results]
        if missing:
            raise RigError(f"the machine ended before {', '.join(missing)}:\n" + "\n".join(machine.console[-30:]))
    return results


def _pack_tasks(out: Path, tasks: Sequence[Task]) -> None:
    """What the scripts are told."""
    with out.open("wb") as written:
        packed = archive.Archive(written)
        packed.add("rig/tasks.json", json.dumps([task._asdict() | {"name": task.key} for task in tasks]).encode())
        packed.end()
