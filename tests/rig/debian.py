"""What the rig takes from Debian: an arm64 kernel, a small root and the sources of gpio-sim.

By apt with a configuration, state and cache of its own in a working folder: no architecture is added to this machine
and nothing is installed on it. The mirrors are those that this machine's own apt uses.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SUITE = "bookworm"
LINUX = "6.1"
PYTHON = "3.11"
TARGET = "arm64"
ROOT_PACKAGES = ("python3", "busybox-static", "e2fsprogs")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
COMMAND_S_MAX = 600.0  # of one command: the largest one fetches about 220 MB

CONFIGURATION = """\
APT::Architecture "{target}";
APT::Architectures {{ "{target}"; "{host}"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
"""

# This machine's own configuration is read after ours and may say otherwise: images for containers have no cache of
# packages, and each command builds it anew.
OPTIONS = (
    "Dir::Cache::pkgcache=pkgcache.bin",
    "Dir::Cache::srcpkgcache=srcpkgcache.bin",
    "Acquire::GzipIndexes=false",
    "Acquire::PDiffs=false",
)


class RigError(Exception):
    """The rig cannot be built or started: why, and what to do."""


class Kernel(NamedTuple):
    """A kernel of Debian: its release, and the files that were fetched of it."""

    release: str  # 6.1.0-56-arm64
    image: Path
    headers: tuple[Path, ...]
    source: Path


def command(words: list[str], cwd: Path, *, apt: Path | None = None) -> str:
    """Run a command to its end. Raises RigError with what it said."""
    surroundings = {name: value for name, value in os.environ.items() if name not in ("APT_CONFIG", "MAKEFLAGS")}
    surroundings["LC_ALL"] = "C.UTF-8"
    if apt is not None:
        surroundings["APT_CONFIG"] = str(apt)
    try:
        done = subprocess.run(
            words, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False
        )
    except FileNotFoundError as error:
        raise RigError(f"{words[0]} is missing: run `make system` ({error})") from error
    except subprocess.TimeoutExpired as error:
        raise RigError(f"{' '.join(words[:4])} did not end in {COMMAND_S_MAX:.0f} s") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-12:]
        raise RigError(f"{' '.join(words[:6])} failed ({done.returncode}):\n" + "\n".join(said))
    return done.stdout


class Apt:
    """A private apt in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.host = command(["dpkg", "--print-architecture"], Path("/")).strip()
        for name in ("state/lists/partial", "cache/archives/partial"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("\n".join(_sources(self.host)) + "\n")
        self._file = folder / "apt.conf"
        self._file.write_text(CONFIGURATION.format(folder=folder, target=TARGET, host=self.host))
        self._apt("apt-get", "update", "-qq")

    def root(self) -> list[Path]:
        """Fetch the packages of the root with all that they need."""
        self._apt("apt-get", "install", "-qq", "-y", "--download-only", *ROOT_PACKAGES)
        return sorted((self._folder / "cache" / "archives").glob("*.deb"))

    def kernel(self) -> Kernel:
        """Fetch the newest kernel of the suite, and what a module for it is built from."""
        shown = self._apt("apt-cache", "show", "--no-all-versions", f"linux-image-{TARGET}")
        named = re.search(rf"^Depends:.*\blinux-image-({re.escape(LINUX)}\.\S+-{TARGET})", shown, re.MULTILINE)
        if named is None:
            raise RigError(f"the mirrors have no kernel {LINUX} for {TARGET} in {SUITE}")
        release = named[1]
        common = release.removesuffix(f"-{TARGET}") + "-common"
        names = [f"linux-image-{release}", f"linux-headers-{release}", f"linux-headers-{common}"]
        names += [f"linux-kbuild-{LINUX}:{self.host}", f"linux-source-{LINUX}"]
        folder = self._folder / "kernel"
        folder.mkdir()
        self._apt("apt-get", "download", "-qq", *names, cwd=folder)

        def fetched(name: str) -> Path:
            [found] = folder.glob(f"{name}_*.deb")
            return found

        headers = tuple(fetched(name.split(":")[0]) for name in names[1:4])
        return Kernel(release, fetched(names[0]), headers, fetched(names[4]))

    def _apt(self, *words: str, cwd: Path | None = None) -> str:
        options = [word for option in OPTIONS for word in ("-o", option)]
        return command([words[0], *options, *words[1:]], cwd or self._folder, apt=self._file)


def unpack(package: Path, folder: Path, names: Sequence[str] = ()) -> None:
    """Unpack a package, or some files of it, through links such as /lib -> usr/lib."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as packed:
        done = subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(folder), *(f"./{n}" for n in names)],
            stdin=packed.stdout, capture_output=True, text=True, timeout=COMMAND_S_MAX, check=False,
        )  # fmt: skip
    if done.returncode != 0 or packed.returncode != 0:
        raise RigError(f"{package.name} does not unpack: {done.stderr.strip()}")


def precompile(folder: Path) -> None:
    """Compile for the machine's Python. Another one here has other byte code: then the machine starts more slowly."""
    if f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON:
        words = [sys.executable, "-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash"]
        command([*words, "-s", str(folder), str(folder)], folder)


def codename() -> str:
    """The name of this machine's Debian; empty where it is none."""
    release = Path("/etc/os-release")
    text = release.read_text(encoding="utf-8") if release.is_file() else ""
    ours = {name: value.strip('"') for name, _, value in (line.partition("=") for line in text.splitlines())}
    return ours.get("VERSION_CODENAME", "") if ours.get("ID") == "debian" else ""


def _sources(host: str) -> list[str]:
    """The mirrors of this machine's own Debian, for the suite of the rig."""
    ours = codename()
    if not ours:
        raise RigError("the rig is built from Debian's packages: this machine is no Debian")
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
    found = {tuple(line.split()) for line in command(asked, Path("/")).splitlines()}
    mirrors = sorted(
        (each[0], SUITE + each[1].removeprefix(ours))
        for each in found
        if len(each) == 3 and each[2] == "main" and each[1] in (ours, f"{ours}-security", f"{ours}-updates")
    )
    if not mirrors:
        raise RigError("this machine's apt knows no mirror of Debian: see /etc/apt/sources.list.d")
    return [f"deb [arch={TARGET},{host} signed-by={KEYRING}] {address} {suite} main" for address, suite in mirrors]
