"""The wheel holds everything the programs read: built, installed outside the checkout, and made to work there."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # Built from a copy, so that no build folder of the checkout has a say.
    for name in ("firmware", "drivers", "models", "provisioning", "community"):
        _copy(ROOT / name, source / name)
    for name in ("setup.cfg", "pyproject.toml", "LICENSE", "README.md"):
        if (ROOT / name).is_file():
            (source / name).write_bytes((ROOT / name).read_bytes())
    if not (source / "README.md").is_file():
        (source / "README.md").write_text("Menshen\n", encoding="utf-8")
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=source, capture_output=True, text=True, timeout=300
    )
    assert built.returncode == 0, built.stderr[-2000:]
    return folder / built.stdout.strip().splitlines()[-1]


def _copy(source, target):
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


@pytest.mark.slow
def test_the_wheel_holds_every_file_that_programs_read(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    kinds = (".py", ".toml", ".po", ".mo", ".html", ".css", ".js", ".svg", ".csv")
    for package in ("firmware", "drivers", "models", "provisioning", "community"):
        for path in (ROOT / package).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            if path.suffix in kinds and "__pycache__" not in name:
                assert name in inside, f"{name} is missing: list its kind in setup.cfg, options.package_data"
    assert not any(name.startswith("tests/") for name in inside)


@pytest.mark.slow
def test_the_installed_wheel_checks_the_demo_site(wheel, tmp_path):
    """In an environment of its own, which borrows only the dependencies of this one."""
    venv.create(tmp_path / "env", with_pip=False, symlinks=True)
    python = tmp_path / "env/bin/python"
    packages = Path(
        subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    )
    zipfile.ZipFile(wheel).extractall(packages)
    # Names of folders in a .pth file are added without reading the .pth files in them, so our editable checkout
    # is not seen from there.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    where = subprocess.run(
        [python, "-P", "-c", "import firmware; print(firmware.__file__)"], cwd=tmp_path, capture_output=True, text=True
    )
    assert str(packages) in where.stdout, where.stderr
    result = subprocess.run(
        [python, "-P", "-m", "firmware", "check", str(packages / "provisioning/sites/community_gate.toml"), "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    assert '"ok": true' in result.stdout
