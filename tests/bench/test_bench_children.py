"""A bench that is ended from outside leaves no process behind, running or stopped; by SIGTERM or Ctrl-C no file."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from firmware.bench.child import bound
from firmware.bench.clock import monotonic_ns, rest

LIMIT_S = 60
STATUS = {signal.SIGTERM: 143, signal.SIGINT: 2, signal.SIGKILL: -signal.SIGKILL}


def family(pid: int) -> list[int]:
    """Whoever descends from a process, now (proc(5))."""
    found = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found += [child, *family(child)]
    return found


def described(pid: int) -> str:
    """Its state's letter and its command line; "" where it has gone."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return f"{state} {Path(f'/proc/{pid}/cmdline').read_text()}"
    except (FileNotFoundError, ProcessLookupError):
        return ""


class Running:
    """A bench as a person runs it, in a session of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "firmware", "bench", *words, "--folder", str(folder)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        self.children: dict[int, int] = {}  # pid -> its pidfd: a number that is used again is somebody else

    def wait_for(self, *wanted: str) -> None:
        """Until it has as many descendants with each of these in what describes them as are named."""
        until_ns = monotonic_ns() + LIMIT_S * 1_000_000_000
        while monotonic_ns() < until_ns:
            assert self.process.poll() is None, self.process.stderr.read()
            told = [described(pid) for pid in family(self.process.pid)]
            if all(sum(part in one for one in told) >= wanted.count(part) for part in wanted):
                break
            rest(0.01)
        else:
            raise AssertionError(f"after {LIMIT_S} s it has {told}")
        self.children = {pid: os.pidfd_open(pid) for pid in family(self.process.pid)}

    def left(self) -> list[str]:
        """Which of its children have not ended within a limit."""
        poll = select.poll()
        for descriptor in self.children.values():
            poll.register(descriptor, select.POLLIN)
        until_ns = monotonic_ns() + LIMIT_S * 1_000_000_000
        ended: set[int] = set()
        while len(ended) < len(self.children) and monotonic_ns() < until_ns:
            for descriptor, _ in poll.poll(1_000):
                ended.add(descriptor)
                poll.unregister(descriptor)
        return [described(pid) for pid, descriptor in self.children.items() if descriptor not in ended]

    def close(self) -> None:
        self.process.kill()
        for descriptor in self.children.values():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            os.close(descriptor)
        self.process.communicate()


@pytest.fixture
def benches(tmp_path: Path) -> Iterator[list[Running]]:
    started: list[Running] = []
    yield started
    for each in started:
        each.close()


@pytest.mark.parametrize("how", STATUS, ids=[how.name for how in STATUS])
def test_a_bench_of_swipes_takes_its_controller_and_what_burns_with_it(tmp_path, benches, how) -> None:
    bench = Running(tmp_path, "swipe", "--set", "credentials=2000", "--set", "swipes=500")
    benches.append(bench)
    bench.wait_for("firmware.controller", *["T "] * os.cpu_count())  # those that burn stand still while all is idle
    bench.process.send_signal(how)
    assert bench.process.wait(LIMIT_S) == STATUS[how]
    assert bench.left() == []
    assert how is signal.SIGKILL or list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_vision_process_ends_with_its_bench_even_while_it_is_stopped(tmp_path, benches) -> None:
    pytest.importorskip("av", reason="menshen[vision] is not here")
    bench = Running(tmp_path, "swipe", "--set", "credentials=2000", "--set", "swipes=500", "--set", "vision=1")
    benches.append(bench)
    bench.wait_for("busy_vision", "busy_vision", *["T "] * (os.cpu_count() + 1))
    assert any("T " in told and "busy_vision" in told for told in map(described, bench.children))
    bench.process.kill()
    bench.process.wait(LIMIT_S)
    assert bench.left() == []


@pytest.mark.parametrize("how", STATUS, ids=[how.name for how in STATUS])
def test_the_boards_of_the_modbus_bench_end_with_it(tmp_path, benches, how) -> None:
    bench = Running(tmp_path, "modbus", "--set", "seconds=1000")
    benches.append(bench)
    bench.wait_for("spawn_main")
    bench.process.send_signal(how)
    assert bench.process.wait(LIMIT_S) == STATUS[how]
    assert bench.left() == []


def test_a_child_whose_bench_has_ended_before_it_began_does_not_begin(tmp_path: Path) -> None:
    words = bound(sys.executable, "-c", "print('begun')")
    assert words.count(str(os.getpid())) == 1
    words[words.index(str(os.getpid()))] = "1"  # who takes the orphans in
    done = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT_S)
    assert (done.returncode, done.stdout) == (1, "")


def test_a_child_is_the_program_itself(tmp_path: Path) -> None:
    """Its number, its streams and its words are what they would be without."""
    program = "import os, sys; print(os.getpid(), sys.argv[1:], sys.flags.isolated)"
    child = subprocess.Popen(bound(sys.executable, "-c", program, "a b", 3), stdout=subprocess.PIPE, text=True)
    said, _ = child.communicate(timeout=LIMIT_S)
    assert said == f"{child.pid} ['a b', '3'] 0\n"
