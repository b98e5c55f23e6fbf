"""The base of the machine: Debian's kernel with its modules, gpio-sim, and a root with Python, as an archive."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from firmware.bench.clock import utc_ms
from tests.rig import archive, debian, sim_module

if TYPE_CHECKING:
    from tests.rig.build import Say

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
USELESS = (
    *(f"usr/share/{name}" for name in ("doc", "man", "locale", "info", "lintian")),
    f"usr/lib/{sim_module.KIND.rstrip('-')}/gconv",
    *(f"usr/lib/python{debian.PYTHON}/{name}" for name in ("ensurepip", "idlelib", "lib2to3", "pydoc_data", "test")),
)
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib"}


def make_base(work: Path, done: Path, say: Say) -> None:
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
        for name in USELESS:
            shutil.rmtree(root / name, ignore_errors=True)
        (root / "bin" / "sh").symlink_to("busybox")
        debian.precompile(root / "usr" / "lib" / f"python{debian.PYTHON}")
        modules = _kernel_files(kernel, _made(work / "image"), done)
        modules["gpio-sim"] = module.result()
    say(f"debian: packing Linux {kernel.release}")
    with (done / "root.cpio").open("wb") as out:
        packed = archive.Archive(out)
        packed.add_console()
        packed.add_tree(root)
        for name, contents in modules.items():
            packed.add(f"rig/modules/{name}.ko", contents)
        packed.add("rig/modules/order", "".join(f"{name}\n" for name in modules).encode())
        packed.end()
    made = {"kernel": kernel.release, "packages": [package.name for package in packages], "built_utc_ms": utc_ms()}
    (done / "made.json").write_text(json.dumps(made, indent=1) + "\n")


def _kernel_files(kernel: debian.Kernel, folder: Path, done: Path) -> dict[str, bytes]:
    """Put the kernel aside and return its modules."""
    image = f"boot/vmlinuz-{kernel.release}"
    modules = {Path(name).name: f"lib/modules/{kernel.release}/kernel/{name}.ko" for name in MODULES}
    debian.unpack(kernel.image, folder, [image, *modules.values()])
    shutil.copyfile(folder / image, done / "kernel")
    return {name: (folder / path).read_bytes() for name, path in modules.items()}


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
