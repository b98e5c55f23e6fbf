"""Builds the machine of the rig, in the user's cache: a kernel and two archives that make its first root.

A layer is keyed by a hash of what goes in, built under a temporary name and renamed when it is whole: two builds at
once do the work twice and harm nothing, and a build that is cut off leaves nothing that could be taken for whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from firmware.bench.clock import monotonic_ns, utc_ms
from tests.rig import archive, debian, sim_module, wheels

HERE = Path(__file__).parent
DAY_S = 86_400
KEPT_S_MAX = 30 * DAY_S  # of a layer that nobody used
BROKEN_S_MAX = DAY_S  # of what a build left that was cut off
# In the order of their needs.
MODULES = (
    "fs/configfs/configfs",
    "lib/crc16",
    "crypto/crc32c_generic",
    "fs/mbcache",
    "fs/jbd2/jbd2",
    "fs/ext4/ext4",
    "drivers/virtio/virtio_mmio",
    "drivers/block/virtio_blk",
)
USELESS = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/lib/gconv")
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}

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
    with ThreadPoolExecutor(2) as both:
        asked = both.submit(layer, cache, "packages", _key(wheels.needed(), *_texts("wheels")), _wheels, say)
        base = layer(cache, "debian", _key(*_texts("debian", "sim_module", "archive", "build")), _debian, say)
        packages = asked.result()
    archives = (base / "root.cpio", packages / "packages.cpio")
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


def _debian(work: Path, done: Path, say: Say) -> None:
    """Kernel, modules, Python."""
    say("debian: fetching kernel, its sources and Python for arm64 (about 230 MB)")
    apt = debian.Apt(_made(work / "apt"))
    with ThreadPoolExecutor(1) as beside:
        kernel = apt.kernel()
        module = beside.submit(sim_module.build_sim, kernel, apt, work / "sim")
        packages = apt.root()
        root = _made(work / "root")
        for link, target in MERGED.items():
            (root / target).mkdir(parents=True)
            (root / link).symlink_to(target)
        for package in packages:
            debian.unpack(package, root)
        (root / "bin" / "sh").symlink_to("busybox")
        _precompile(root / "usr" / "lib" / f"python{wheels.PYTHON}")
        modules = _kernel_files(kernel, _made(work / "image"), done)
        modules["gpio-sim"] = module.result()
    say(f"debian: packing Linux {kernel.release}")
    with (done / "root.cpio").open("wb") as out:
        packed = archive.Archive(out)
        packed.add_console()
        packed.add_tree(root, wanted=lambda path: not str(path).startswith(USELESS))
        for name, contents in modules.items():
            packed.add(f"rig/modules/{name}.ko", contents)
        packed.add("rig/modules/order", "".join(f"{name}\n" for name in modules).encode())
        packed.end()
    made = {"kernel": kernel.release, "packages": [package.name for package in packages], "built_utc_ms": utc_ms()}
    (done / "made.json").write_text(json.dumps(made, indent=1) + "\n")


def _kernel_files(kernel: debian.Kernel, folder: Path, done: Path) -> dict[str, bytes]:
    """Put the kernel aside and return its modules."""
    debian.unpack(kernel.image, folder)
    shutil.copyfile(folder / "boot" / f"vmlinuz-{kernel.release}", done / "kernel")
    modules = folder / "lib" / "modules" / kernel.release / "kernel"
    return {Path(name).name: (modules / f"{name}.ko").read_bytes() for name in MODULES}


def _wheels(work: Path, done: Path, say: Say) -> None:
    say("packages: fetching those of requirements.lock for aarch64")
    site = work / "site"
    wheels.fetch(site)
    _precompile(site)
    with (done / "packages.cpio").open("wb") as out:
        packed = archive.Archive(out)
        packed.add_tree(site, "rig/packages", wanted=lambda path: path.parts[0] != "bin")
        packed.end()


def _precompile(folder: Path) -> None:
    """Compile for the machine's Python. Another one here has other byte code: then the machine starts more slowly."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == wheels.PYTHON:
        words = [sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
        debian.command([*words, "-s", str(folder), str(folder)], folder)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


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
            if path.is_dir() and now_s - path.stat().st_mtime > kept_s:
                shutil.rmtree(path, ignore_errors=True)
