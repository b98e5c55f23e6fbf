"""The project as it stands, as an archive for the machine. What is compiled for it is kept by its source's contents."""

from __future__ import annotations

import hashlib
import importlib.util
import py_compile
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.rig import archive, sim_module
from tests.rig.debian import PYTHON, command

ROOT = Path(__file__).parents[2]
INSIDE = ROOT / "tests" / "rig" / "inside"
PARTS = ("firmware", "drivers", "provisioning", "tests/drivers", "tests/rig/inside")
UNDER = "menshen"  # in the machine
COMPILE = ("-O2", "-Wall", "-Werror", "-static")
PYTHON_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


class Source(NamedTuple):
    """A file of the project: its name from the root, and what is in it."""

    name: str
    contents: bytes
    mode: int


def sources() -> Iterator[Source]:
    """Every file of the parts, in order, but what is built."""
    for part in PARTS:
        for path in sorted((ROOT / part).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield Source(str(path.relative_to(ROOT)), path.read_bytes(), path.stat().st_mode & 0o7777)


def key(files: list[Source]) -> str:
    """What these files are known by."""
    said = hashlib.sha256()
    for each in files:
        said.update(f"{each.name}\0{each.mode}\0{len(each.contents)}\0".encode() + each.contents)
    return said.hexdigest()


def write(files: list[Source], out: Path, compiled: Path) -> None:
    """Write the archive. `compiled`: the folder of what was compiled before. Raises RigError."""
    compiled.mkdir(exist_ok=True)
    with out.open("wb") as written:
        packed = archive.Archive(written)
        packed.add("init", (INSIDE / "init.py").read_bytes(), 0o755)
        for each in files:
            packed.add(f"{UNDER}/{each.name}", each.contents, each.mode)
            if each.name.endswith(".py") and PYTHON == PYTHON_HERE:
                cached = importlib.util.cache_from_source(f"{UNDER}/{each.name}")
                packed.add(cached, _kept(compiled, each, _byte_code))
            elif each.name.endswith(".c"):
                packed.add(f"{UNDER}/{each.name.removesuffix('.c')}", _kept(compiled, each, _program), 0o755)
        packed.end()


def _byte_code(source: Path, made: Path, name: str) -> None:
    """Byte code that is used as it is: the machine's files bear no times."""
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(made), f"/{UNDER}/{name}", doraise=True, invalidation_mode=unchecked)


def _program(source: Path, made: Path, name: str) -> None:
    command([_compiler(), *COMPILE, "-o", str(made), str(source)], made.parent)


@cache
def _compiler() -> str:
    return f"{sim_module.cross(command(['dpkg', '--print-architecture'], Path('/')).strip())}gcc"


def _kept(compiled: Path, each: Source, make: Callable[[Path, Path, str], None]) -> bytes:
    """What `make(source, file to make, name)` made of these contents, now or once."""
    said = "\0".join((PYTHON_HERE, *COMPILE, each.name)).encode() + b"\0" + each.contents
    kept = compiled / hashlib.sha256(said).hexdigest()
    if not kept.is_file():
        with tempfile.TemporaryDirectory(dir=compiled) as work:  # two builds at once harm nothing
            source, made = Path(work) / Path(each.name).name, Path(work) / "made"
            source.write_bytes(each.contents)
            make(source, made, each.name)
            made.rename(kept)
    return kept.read_bytes()
