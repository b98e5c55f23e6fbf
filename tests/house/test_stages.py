"""`make units` runs every test once: on all cores, a few files at a time, or with the machine to itself."""

from __future__ import annotations

import ast
import os
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
# What a room on all cores may not use: controllers, browsers, and clocks that a neighbour would make wrong.
ALONE = (
    "firmware.bench.rig",
    "firmware.bench.lane_rig",
    "playwright",
    "firmware.bench.clock.rest",
    "time.perf_counter",
)
ALONE_OF_FEW = ("time.perf_counter", "time.process_time")  # and what a few at a time may not use


class Stage(NamedTuple):
    """One run of pytest."""

    words: list[str]

    @property
    def paths(self) -> set[str]:
        return {word for word in self.words if not word.startswith("-") and "/" in word}

    @property
    def ignored(self) -> set[str]:
        return {word.removeprefix("--ignore=") for word in self.words if word.startswith("--ignore=")}

    def runs(self, path: Path) -> bool:
        """Whether it collects this file, as pytest reads its arguments: none means all of `testpaths`."""
        places = {str(place) for place in (path.relative_to(ROOT), *path.relative_to(ROOT).parents)}
        return (not self.paths or bool(self.paths & places)) and not self.ignored & places


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Without what an outer make has said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


def stages(*words: str) -> list[Stage]:
    """What make would run."""
    said = make("--dry-run", "units", *words)
    assert said.returncode == 0, said.stderr
    runs = [line.split("-m pytest ")[1].split(" ) ||")[0] for line in said.stdout.splitlines() if "-m pytest " in line]
    return [Stage(shlex.split(run)) for run in runs]


def played(folder: Path, *failing: str) -> subprocess.CompletedProcess[str]:
    """`make units` with a pytest that only says which stage it is, and fails in those."""
    pytest_ = folder / "pytest"
    cases = "".join(f"[ $stage = {name} ] && exit 1\n" for name in failing)
    which = 'case " $* " in *" -n auto "*) stage=beside;; *" --dist loadfile "*) stage=few;; esac'
    pytest_.write_text(f'stage=alone; {which}; echo "ran $stage"\n{cases}exit 0\n')
    return make("--old-file=setup", "units", f"PYTEST=sh {pytest_}")


def files() -> list[Path]:
    """What pytest takes for a file of tests."""
    return sorted(path for form in ("test_*.py", "*_test.py") for path in TESTS.rglob(form))


def test_every_test_is_in_one_stage():
    three = stages()
    runs = {path: [stage.runs(path) for stage in three] for path in files()}
    assert len(runs) > 200
    assert {str(path) for path, which in runs.items() if sum(which) != 1} == set()
    assert [any(which) for which in zip(*runs.values(), strict=True)] == [True, True, True]


def test_a_new_room_has_the_machine_to_itself():
    beside, few, alone = stages()
    new = TESTS / "a_new_room" / "test_something.py"
    assert (beside.runs(new), few.runs(new), alone.runs(new)) == (False, False, True)
    assert "-n" in beside.words
    assert " ".join(few.words).count("-n 4 --dist loadfile --no-loadscope-reorder") == 1
    assert not [word for word in alone.words if word.startswith(("-n", "--numprocesses", "--dist"))]


def test_the_rooms_on_all_cores_are_there():
    beside, few, alone = stages()
    assert beside.paths | few.paths == alone.ignored
    assert [
        name for name in alone.ignored if not name.endswith(".py") and not list((ROOT / name).rglob("test_*"))
    ] == []
    assert [name for name in alone.ignored if not (ROOT / name).exists()] == []


def test_arguments_go_to_one_run_in_one_process():
    (run,) = stages("ARGS=tests/house -k shape")
    assert run.words[-3:] == ["tests/house", "-k", "shape"]
    assert "-n" not in run.words


@pytest.mark.parametrize("failing", [(), ("beside",), ("few",), ("alone",), ("beside", "alone"), ("beside", "few")])
def test_a_failure_in_any_stage_fails_and_hides_no_other(failing, tmp_path):
    done = played(tmp_path, *failing)
    assert (done.returncode != 0) is bool(failing)
    assert [line for line in done.stdout.splitlines() if line.startswith("ran ")] == [
        "ran beside",
        "ran few",
        "ran alone",
    ]
    assert done.stdout.count(", FAILED") == len(failing)
    assert ("side by side as well" in done.stderr) is ("beside" in failing)
    assert ("few at a time as well" in done.stderr) is ("few" in failing)


def test_all_stages_say_what_was_slow():
    assert all(any(word.startswith("--durations=") for word in stage.words) for stage in stages())


def used(rooms: set[str], names: tuple[str, ...]) -> list[str]:
    """Where one of these modules is imported in those rooms."""
    found = []
    places = [ROOT / room for room in rooms]
    for path in sorted(path for place in places for path in (place.rglob("*.py") if place.is_dir() else [place])):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                imported = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [f"{path.relative_to(ROOT)}: {name}" for name in imported if name.startswith(names)]
    return found


def test_rooms_on_all_cores_start_no_gate_and_read_no_clock():
    beside, _, _ = stages()
    assert used(beside.paths, ALONE) == []


def test_rooms_a_few_at_a_time_measure_nothing():
    _, few, _ = stages()
    assert used(few.paths, ALONE_OF_FEW) == []
