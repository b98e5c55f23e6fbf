"""The packages that the firmware needs, for the machine of the rig: from requirements.lock, by its hashes."""

from __future__ import annotations

import configparser
import importlib.util
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from tests.rig.debian import PYTHON, RigError, command

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements.lock"
GLIBC_MINOR = 36  # of the same
GLIBC_MINOR_MIN = 17
OURS = "menshen (setup.cfg)"
# Of the page, of mDNS and of the office's tables, none of which runs in the machine, and what colorzero names without
# need. Each file more is a longer start. What the controller would find on a board stays.
UNUSED = frozenset(
    [
        "anyio",
        "click",
        "h11",
        "idna",
        "ifaddr",
        "itsdangerous",
        "jinja2",
        "markupsafe",
        "segno",
        "setuptools",
        "starlette",
        "uvicorn",
        "xlsxwriter",
        "zeroconf",
    ]
)
MACHINE = {
    "implementation_name": "cpython",
    "implementation_version": "3.11.2",
    "os_name": "posix",
    "platform_machine": "aarch64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.11.2",
    "python_version": PYTHON,
    "sys_platform": "linux",
    "extra": "",
}


class Locked(NamedTuple):
    """One entry of the lock: its name, its lines without the marker, whether it is for the machine, who needs it."""

    name: str
    text: str
    fits: bool
    needed_by: tuple[str, ...]


def needed() -> str:
    """The part of the lock that the controller needs on the machine, without markers."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    asked = {_plain(Requirement(line).name) for line in settings["options"]["install_requires"].split("\n") if line}
    entries = [each for each in _entries(LOCK.read_text(encoding="utf-8")) if each.fits]
    wanted: set[str] = set()
    while True:
        more = {
            each.name
            for each in entries
            if (OURS in each.needed_by and each.name in asked) or wanted & set(each.needed_by)
        }
        if more == wanted:
            break
        wanted = more
    return "".join(each.text for each in entries if each.name in wanted - UNUSED)


def fetch(folder: Path) -> None:
    """Install them into `folder`. Raises RigError."""
    asked = folder.with_suffix(".txt")
    asked.write_text(needed(), encoding="utf-8")
    words = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "--target", str(folder), "-r", str(asked)]
    if importlib.util.find_spec("pip") is not None:
        words += ["--implementation", "cp", "--python-version", PYTHON, "--abi", "cp311", "--abi", "abi3"]
        words += ["--abi", "none", "--no-compile", "--quiet", "--disable-pip-version-check"]
        for minor in range(GLIBC_MINOR, GLIBC_MINOR_MIN - 1, -1):
            words += ["--platform", f"manylinux_2_{minor}_aarch64"]
        words += ["--platform", "manylinux2014_aarch64"]
        command([sys.executable, "-m", "pip", "install", *words], folder.parent)
    elif uv := shutil.which("uv"):
        words += ["--python-platform", "aarch64-manylinux_2_28", "--python-version", PYTHON]
        command([uv, "pip", "install", "--quiet", "--python", sys.executable, *words], folder.parent)
    else:
        raise RigError("neither pip nor uv is there: run `make setup`")


def _entries(text: str) -> list[Locked]:
    """The entries of a lock as uv writes it: requirement, hashes, and who needs it as comments."""
    entries = []
    for block in re.split(r"\n(?=\S)", text):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        stated = Requirement(lines[0].rstrip(" \\"))
        comments = [line.strip().lstrip("#").strip().removeprefix("via").strip() for line in lines if "#" in line]
        hashes = "".join(f" \\\n    {line.strip(' ' + chr(92))}" for line in lines if "--hash=" in line)
        entries.append(
            Locked(
                name=_plain(stated.name),
                text=f"{stated.name}{stated.specifier}{hashes}\n",
                fits=stated.marker is None or stated.marker.evaluate(MACHINE),
                needed_by=tuple(_plain(comment) for comment in comments if comment),
            )
        )
    return entries


def _plain(name: str) -> str:
    return name if name == OURS else re.sub(r"[-_.]+", "-", name).lower()
