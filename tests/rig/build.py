"""Builds the machine of the rig, in the user's cache: a kernel and two archives that make its first root.

A layer is keyed by a hash of what goes in, built under a temporary name and renamed when it is whole: two builds at
once do the work twice and harm nothing, and a build that is cut off leaves nothing that could be taken for whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from firmware.bench.clock import monotonic_ns, utc_ms
from tests.rig import archive, project, wheels
from tests.rig.base import make_base
from tests.rig.debian import precompile

HERE = Path(__file__).parent
DAY_S = 86_400
KEPT_S_MAX = 30 * DAY_S  # of a layer that nobody used
BROKEN_S_MAX = DAY_S  # of what a build left that was cut off
PROJECT_S_MAX = DAY_S  # of a project that was changed since
COMPILED = "compiled"  # beside the layers: what is compiled of the project, by its source

Say = Callable[[str], None]


class Built(NamedTuple):
    """The machine: its kernel, and the archives of its root in their order."""

    kernel: Path
    archives: tuple[Path, ...]
    built_s: float


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "menshen" / "rig"


def machine(say: Say) -> Built:
    """The machine from the cache; what is missing there is built. Raises debian.RigError."""
    started_ns = monotonic_ns()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    _tidy(cache)
    with ThreadPoolExecutor(2) as beside:
        ours = beside.submit(_project, cache, say)
        asked = beside.submit(layer, cache, "packages", _key(wheels.needed(), *_texts("wheels")), _wheels, say)
        base = layer(cache, "debian", _key(*_texts("base", "debian", "sim_module", "archive")), make_base, say)
        packages = asked.result()
    archives = (base / "root.cpio", packages / "packages.cpio", ours.result() / "project.cpio")
    return Built(base / "kernel", archives, (monotonic_ns() - started_ns) / 1e9)


def layer(cache: Path, name: str, key: str, make: Callable[[Path, Path, Say], None], say: Say) -> Path:
    """The folder of a layer; if it is not there, `make(working folder, folder to fill, say)` is called for it."""
    whole = cache / f"{name}-{key}"
    if whole.is_dir():
        with contextlib.suppress(OSError):  # a cache that is not ours to write may be used all the same
            os.utime(whole)
        return whole
    started_ns = monotonic_ns()
    work = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=cache))
    try:
        done = work / "done"
        done.mkdir()
        make(work, done, say)
        try:
            done.rename(whole)
        except OSError:
            if not whole.is_dir():
                raise
            # Another build was quicker: what it made is as good.
    finally:
        shutil.rmtree(work, ignore_errors=True)
    say(f"{name}: built in {(monotonic_ns() - started_ns) / 1e9:.1f} s")
    return whole


def _wheels(work: Path, done: Path, say: Say) -> None:
    say("packages: fetching those of requirements.lock for aarch64")
    site = work / "site"
    wheels.fetch(site)
    precompile(site)
    with (done / "packages.cpio").open("wb") as out:
        packed = archive.Archive(out)
        packed.add_tree(site, "rig/packages", wanted=lambda path: path.parts[0] != "bin")
        packed.end()


def _project(cache: Path, say: Say) -> Path:
    files = list(project.sources())

    def make(work: Path, done: Path, say: Say) -> None:
        project.write(files, done / "project.cpio", cache / COMPILED)

    return layer(cache, "project", _key(project.key(files), *_texts("project", "archive")), make, say)


def _texts(*names: str) -> list[str]:
    return [(HERE / f"{name}.py").read_text(encoding="utf-8") for name in names]


def _key(*texts: str) -> str:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"  # it decides what is compiled
    return hashlib.sha256("\0".join((version, *texts)).encode()).hexdigest()[:16]


def _tidy(cache: Path) -> None:
    """Remove what nobody has used for long, and what broken builds left."""
    now_s = utc_ms() / 1000
    for path in cache.iterdir():
        with contextlib.suppress(OSError):  # another build may remove it at the same time
            kept_s = BROKEN_S_MAX if path.name.startswith(".") else KEPT_S_MAX
            if path.name.startswith("project-"):
                kept_s = PROJECT_S_MAX
            if path.is_dir() and now_s - path.stat().st_mtime > kept_s:
                shutil.rmtree(path, ignore_errors=True)
