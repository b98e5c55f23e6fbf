"""`menshen safe` with a site file that somebody has just spoiled: what can still be read is made safe."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.rig import LOCK, Rig
from firmware.controller.board import safe_lines_of, salvaged
from firmware.controller.errors import WiringError
from firmware.controller.kinds import KINDS
from firmware.controller.safe import SafeError, make_safe


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("slip", ["bogus = 1\n", "[stroe]\nretention_days = 3\n"])
def test_a_slip_elsewhere_in_the_file_leaves_no_lock_released(rig: Rig, slip: str):
    rig.site.write_text(slip + rig.site.read_text())
    assert "lock" in make_safe(rig.site, rig.wires)
    assert rig.far_end.wait_driven(LOCK, False, 0)


def test_a_slip_in_one_device_is_told_after_the_others_were_made_safe(rig: Rig):
    text = rig.site.read_text()
    assert text.count('id = "reader"\nkind = "wiegand"') == 1
    rig.site.write_text(text.replace('id = "reader"\nkind = "wiegand"', 'id = "reader"\nkind = "wigand"'))
    with pytest.raises(SafeError, match="reader may still be released"):
        make_safe(rig.site, rig.wires)
    assert rig.far_end.wait_driven(LOCK, False, 0)


@pytest.mark.parametrize("text", ["", "not toml", "[site]\n"])
def test_a_file_without_devices_is_misuse(rig: Rig, text: str):
    rig.site.write_text(text)
    with pytest.raises(WiringError, match="no device that could be made safe"):
        make_safe(rig.site, rig.wires)


# -- it is in a hurry -------------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[2]
OURS = {
    "firmware",
    "firmware.__main__",
    "firmware.config",
    "firmware.config.convert",
    "firmware.config.document",
    "firmware.config.problem",
    "firmware.controller",
    "firmware.controller.board",
    "firmware.controller.errors",
    "firmware.controller.kinds",
    "firmware.controller.priority",
    "firmware.controller.safe",
}
BUSES = {"asyncio", "gpiozero", "lgpio", "osdp", "pymodbus", "serial", "ssl"}
HEADER = '[board]\nkind = "raspberry_pi_header"\n'
TABLES = {
    "relay": 'id = "lock"\nkind = "relay"\nline = "GPIO13"\n',
    "contact": 'id = "contact"\nkind = "contact"\nline = "GPIO16"\n',
    "modbus_io": 'id = "io"\nkind = "modbus_io"\nport = "/dev/no_such_port"\nunit = 1\nprofile = "modbus_8di_8do"\n'
    'outputs = { out1 = "siren" }\n',
}
DRIVERS = {  # modules of drivers/ that belong to one kind, by how their names begin
    "drivers.relay",
    "drivers.contact",
    "drivers.wiegand",
    "drivers.osdp",
    "drivers.modbus",
    "drivers.barrier_modbus",
    "drivers.serial",
    "drivers.text_display",
}
PROGRAM = """
import json, sys
from firmware.__main__ import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]))
"""


def imported(folder: Path, *kinds: str) -> tuple[int, set[str]]:
    """What the command imports for a site with one device of each of these kinds, and its status."""
    site = folder / "site.toml"
    site.write_text(HEADER + "".join(f"[[device]]\n{TABLES[kind]}" for kind in kinds))
    words = [sys.executable, "-c", PROGRAM, "safe", str(site)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, set(modules)


@pytest.mark.parametrize("kinds", [("relay",), ("relay", "contact")], ids=" ".join)
def test_nothing_is_imported_that_the_site_does_not_use(tmp_path: Path, kinds: tuple[str, ...]):
    """Of ours exactly this: whatever else a later change brings in costs a released lock its time."""
    status, modules = imported(tmp_path, *kinds)
    assert status in (0, 1)  # 1: this machine has no such chip; it was imported for it all the same
    assert {name for name in modules if name.split(".")[0] == "firmware"} == OURS
    assert not modules & BUSES
    own = {f"drivers.{kind}" for kind in kinds}
    others = tuple(DRIVERS - own)
    assert [name for name in modules if name.startswith(others)] == []
    assert own | {"drivers.bus.gpio_safe"} <= modules


def test_a_modbus_board_brings_in_nothing_of_other_kinds(tmp_path: Path):
    """pymodbus itself needs asyncio: it is imported when the lines are safe."""
    _, modules = imported(tmp_path, "relay", "modbus_io")
    assert "drivers.modbus_io" in modules
    assert not modules & {"osdp", "gpiozero", "drivers.osdp", "drivers.wiegand", "drivers.serial_reader"}


def test_what_is_on_lines_is_made_safe_before_what_may_be_away(tmp_path: Path):
    site = tmp_path / "site.toml"
    tables = (TABLES["modbus_io"], TABLES["relay"])
    site.write_text(HEADER + "".join(f"[[device]]\n{table}" for table in tables))
    lines = safe_lines_of({"kind": "raspberry_pi_header"}, None)
    drivers, wrong = salvaged(site, lines)
    lines.close()
    assert [driver.id for driver in drivers] == ["lock", "io"]
    assert wrong == []


def test_two_devices_with_one_id_are_both_made_safe(tmp_path: Path):
    """A copied table whose id was not changed yet is a slip, and no reason to leave a lock released."""
    site = tmp_path / "site.toml"
    other = TABLES["relay"].replace("GPIO13", "GPIO19")
    site.write_text(HEADER + f"[[device]]\n{TABLES['relay']}[[device]]\n{other}")
    drivers, wrong = salvaged(site, safe_lines_of({"kind": "raspberry_pi_header"}, None))
    assert [driver.id for driver in drivers] == ["lock", "lock"]
    assert wrong == []


def test_each_kind_can_be_had():
    assert all(kind().make for kind in KINDS.values())
