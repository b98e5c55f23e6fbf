"""The short part of the kernel rig: a Debian kernel on arm64, its own GPIO lines, and what runs on them.

`make rig` runs every script in full; README.md of this folder says how it works.
"""

from __future__ import annotations

import platform
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rig.build import machine as build_machine
from tests.rig.debian import codename
from tests.rig.machine import QEMU, Result, Task, run
from tests.rig.run import scripts
from tests.rig.sim_module import KIND

COMPILER = "gcc" if platform.machine() == "aarch64" else f"{KIND}gcc"
MISSING = [tool for tool in (QEMU, COMPILER, "make", "xz", "apt-get") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not codename(), reason="is built from Debian's packages, on a Debian machine"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}: `make system` installs what is missing"),
]

# What each script does here; in full by `make rig`.
SHORT = {
    "smoke": Task("smoke", {"frames": 50}),
    "gpio_bus": Task("gpio_bus", {"frames": 10, "without": ["storm_at_a_contact"]}),
    "contract": Task(
        "contract",
        {
            "devices": ["wiegand", "contact", "relay"],
            "promises": ["is_lost_where_nobody_is", "leaves_nothing_when_cancelled"],
        },
    ),
    "controller": Task("controller", {"passages": 5, "kills": 1, "hangs": 0}),
}
LONG = {"frames", "stop"}  # by `make rig` alone: it takes many minutes
FAULTS = ("raises", "refuted", "checks nothing", "hangs", "dies")
FAULT_S_MAX = 5.0


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    """All scripts, in two machines at once: each has one processor, and takes one of ours."""

    def say(line: str) -> None:
        print(line, file=sys.stderr)

    built = build_machine(say)
    faults = [Task("faults", {"fault": each}, FAULT_S_MAX, each) for each in FAULTS]
    halves = [[SHORT["controller"], *faults], [task for name, task in SHORT.items() if name != "controller"]]
    with ThreadPoolExecutor(len(halves)) as pool:
        one, other = pool.map(lambda tasks: run(built, tasks, say), halves)
    return one | other


@pytest.mark.parametrize("script", SHORT)
def test_in_the_machine(results: dict[str, Result], script: str):
    assert results[script].ok, str(results[script])


@pytest.mark.parametrize("fault", FAULTS)
def test_a_script_that_goes_wrong_is_reported_so(results: dict[str, Result], fault: str):
    assert not results[fault].ok, str(results[fault])


def test_why_a_script_went_wrong_is_told(results: dict[str, Result]):
    assert "RuntimeError: on purpose" in results["raises"].output
    assert [check.found for check in results["refuted"].checks] == ["2"]
    assert results["checks nothing"].output == ["all is well"]
    assert results["hangs"].status is None
    assert results["dies"].status == -9


def test_no_bit_is_lost(results: dict[str, Result]):
    assert results["smoke"].figure("bits sent") == 1_300
    assert results["smoke"].figure("bits lost") == 0


def test_every_script_has_a_short_part():
    assert set(scripts()) == set(SHORT) | LONG
