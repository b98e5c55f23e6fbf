"""import-linter holds, and one planted violation of each contract is caught, in a copy of the tree."""

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("firmware", "drivers", "models", "provisioning", "community")
LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder):
    return subprocess.run(
        [LINT, "--no-cache", "--config", "setup.cfg"], cwd=folder, capture_output=True, text=True, timeout=120
    )


def contracts():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    prefix = "importlinter:contract:"
    return {name.removeprefix(prefix): settings[name] for name in settings.sections() if name.startswith(prefix)}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the packages' Python files with the settings."""
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package,
            folder / package,
            ignore=lambda _, names: {n for n in names if "." in n and not n.endswith(".py")},
        )
    shutil.copy(ROOT / "setup.cfg", folder)
    return folder


def test_the_house_stands(tree):
    result = lint(tree)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


# contract -> (the file it is planted in, the line); two where a contract holds two walls
PLANTED = {
    "1": [
        ("firmware/core/site.py", "import firmware.config"),
        ("firmware/journal/rows.py", "import firmware.controller.clock"),
        ("firmware/network/link.py", "import firmware.controller.clock"),
        ("firmware/controller/clock.py", "import firmware.rehearsal.wires"),
        ("firmware/controller/clock.py", "import firmware.__main__"),
    ],
    "2": [("drivers/reports.py", "import firmware.core.facts"), ("models/__init__.py", "import drivers.reports")],
    "3": [("drivers/relay.py", "import firmware.config"), ("models/__init__.py", "import community")],
    "4": [
        ("firmware/network/link.py", "import drivers.relay"),
        ("firmware/config/reading.py", "import drivers.settings"),
    ],
    "5": [("firmware/controller/clock.py", "import models")],
    "6": [("firmware/core/calendar.py", "import datetime"), ("firmware/core/site.py", "import logging")],
    "7": [("community/__init__.py", "import firmware.roster.roster")],
    "8": [
        ("firmware/rehearsal/reader.py", "import drivers.wire.wiegand"),
        ("firmware/rehearsal/door.py", "import drivers.relay"),
    ],
}  # fmt: skip


def test_every_contract_has_a_planted_violation():
    assert set(PLANTED) == set(contracts())


@pytest.mark.slow
@pytest.mark.parametrize("contract", sorted(PLANTED))
def test_planted_violations_are_caught(tree, contract):
    name = contracts()[contract]["name"]
    for file, line in PLANTED[contract]:
        path = tree / file
        sound = path.read_text(encoding="utf-8")
        path.write_text(f"{sound}\n{line}\n", encoding="utf-8")
        try:
            result = lint(tree)
        finally:
            path.write_text(sound, encoding="utf-8")
        assert result.returncode == 1, f"{line} in {file} was not caught"
        verdicts = re.sub(r"\s+", " ", result.stdout)
        assert f"{name} BROKEN" in verdicts, f"{line} in {file} was caught by another contract: {verdicts}"


def test_the_rehearsal_may_use_no_driver_module_but_the_buses():
    """A new driver file must be added to the contract."""
    listed = set(contracts()["8"]["forbidden_modules"].split())
    there = {
        f"drivers.{path.stem if path.suffix == '.py' else path.name}"
        for path in (ROOT / "drivers").iterdir()
        if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
    }
    assert listed == there - {"drivers.bus"}


def test_every_room_of_the_firmware_has_its_layer():
    layers = contracts()["1"]["layers"]
    named = set(re.findall(r"firmware\.(\w+)", layers))
    there = {
        path.stem for path in (ROOT / "firmware").iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert there - {"__init__"} <= named
