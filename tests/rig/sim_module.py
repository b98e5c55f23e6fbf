"""Builds gpio-sim for Debian's kernel, out of tree, from Debian's own sources of that kernel.

No Debian kernel ships gpio-sim. Its driver and the simulated interrupts that it needs become one module. Two edits:
what a module may not call becomes what it may, and nothing is exported. The sources are GPL-2.0 and are not ours: they
are fetched, built and thrown away.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.rig.debian import COMMAND_S_MAX, LINUX, TARGET, Apt, Kernel, RigError, command, unpack

SOURCES = ("drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c")
MAKEFILE = "obj-m := gpio-sim.o\ngpio-sim-y := driver.o irq_sim.o\n"
HANDLES = re.compile(r"handle_simple_irq\(irq_to_desc\((\w+)\)\)")
EXPORTS = re.compile(r"^EXPORT_SYMBOL\w*\(.*\);\n", re.MULTILINE)
KIND = "aarch64-linux-gnu-"


def cross(host: str) -> str:
    """What stands before the names of the compiler and its friends."""
    return "" if host == TARGET else KIND


def build_sim(kernel: Kernel, apt: Apt, folder: Path) -> bytes:
    """Return the module gpio-sim.ko. Works in `folder`, which must not exist."""
    tree, module = folder / "tree", folder / "module"
    tree.mkdir(parents=True)
    module.mkdir()
    for package in (*kernel.headers, kernel.source):
        unpack(package, tree)
    unpack_sources(tree / f"usr/src/linux-source-{LINUX}.tar.xz", folder, module)
    headers = tree / "usr" / "src" / f"linux-headers-{kernel.release}"
    # The only absolute path in the headers.
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace("include /usr/src/", f"include {tree}/usr/src/"))
    before = cross(apt.host)
    words = ["make", "-C", str(headers), f"M={module}", f"ARCH={TARGET}", f"CROSS_COMPILE={before}"]
    command([*words, f"CC={before}gcc", "modules"], module)
    return (module / "gpio-sim.ko").read_bytes()


def unpack_sources(packed: Path, folder: Path, module: Path) -> None:
    """Put the edited sources into `module`. Raises RigError when they are not those that the edits were made for."""
    names = [f"linux-source-{LINUX}/{name}" for name in SOURCES]
    with subprocess.Popen(["xz", "-T0", "-dc", str(packed)], stdout=subprocess.PIPE) as unpacked:
        done = subprocess.run(
            ["tar", "-x", "--occurrence=1", "-C", str(folder), *names],
            stdin=unpacked.stdout, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False,
        )  # fmt: skip
    if done.returncode != 0:
        raise RigError(f"{packed.name} has not the sources of gpio-sim: {done.stderr.strip()}")
    driver, header, interrupts = (folder / name for name in names)
    (module / "driver.c").write_bytes(driver.read_bytes())
    (module / "gpiolib.h").write_bytes(header.read_bytes())
    text, handled = HANDLES.subn(r"generic_handle_irq(\1)", interrupts.read_text(encoding="utf-8"))
    text, exported = EXPORTS.subn("", text)
    if handled != 1 or exported == 0:
        raise RigError(f"irq_sim.c of Linux {LINUX} is not as expected: mend the edits in {Path(__file__).name}")
    (module / "irq_sim.c").write_text(text, encoding="utf-8")
    (module / "Makefile").write_text(MAKEFILE)
