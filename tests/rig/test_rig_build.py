"""What the rig is built from: archives that the kernel can unpack, the right packages, a cache that can be shared."""

from __future__ import annotations

import importlib.util
import marshal
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from tests.rig import build, project, sim_module, wheels
from tests.rig.archive import Archive, joined
from tests.rig.debian import PYTHON, RigError

LIMIT_S = 10.0


@pytest.mark.skipif(shutil.which("cpio") is None, reason="needs cpio: apt-get install cpio")
def test_an_archive_is_what_cpio_reads(tmp_path: Path):
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "odd").write_bytes(b"\x00\x01\x02")
    (tree / "a" / "tool").write_text("#!/bin/sh\n")
    (tree / "a" / "tool").chmod(0o755)
    (tree / "link").symlink_to("a/tool")
    with (tmp_path / "one").open("wb") as out:
        archive = Archive(out)
        archive.add_tree(tree, "under", wanted=lambda path: path.name != "left out")
        archive.add("init", b"begin", 0o700)
        archive.end()
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    words = ["cpio", "-i", "--quiet", "--no-absolute-filenames", "--no-preserve-owner"]
    with (tmp_path / "one").open("rb") as packed:
        subprocess.run(words, cwd=unpacked, stdin=packed, check=True, timeout=LIMIT_S)
    assert (unpacked / "under/a/b/odd").read_bytes() == b"\x00\x01\x02"
    assert (unpacked / "under/a/tool").stat().st_mode & 0o777 == 0o755
    assert str((unpacked / "under/link").readlink()) == "a/tool"
    assert (unpacked / "init").read_bytes() == b"begin"


def test_archives_follow_each_other(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"12")
    (tmp_path / "b").write_bytes(b"3")
    joined([tmp_path / "a", tmp_path / "b"], tmp_path / "both")
    assert (tmp_path / "both").read_bytes() == b"123"


def test_the_machine_gets_what_the_firmware_needs_and_no_tools():
    names = {line.split("==")[0] for line in wheels.needed().splitlines() if "==" in line}
    assert {"gpiod", "lgpio", "gpiozero", "colorzero", "msgspec", "cffi", "typing-extensions"} <= names
    assert not names & {"pytest", "mypy", "ruff", "playwright", "numpy", "av", "openpyxl"}
    assert wheels.needed().count("==") <= wheels.needed().count("--hash=sha256:")


def test_sources_that_are_not_as_expected_are_refused(tmp_path: Path):
    work, module, sources = tmp_path / "work", tmp_path / "module", tmp_path / "sources"
    for folder in (work, module):
        folder.mkdir()
    for name in sim_module.SOURCES:
        path = sources / f"linux-source-{sim_module.LINUX}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("int something_else;\n")
    packed = tmp_path / "sources.tar.xz"
    tree = f"linux-source-{sim_module.LINUX}"
    subprocess.run(["tar", "-cJf", packed, "-C", sources, tree], check=True, timeout=LIMIT_S)
    with pytest.raises(RigError, match=r"irq_sim\.c .* is not as expected"):
        sim_module.unpack_sources(packed, work, module)


def test_two_builds_at_once_make_one_layer(tmp_path: Path):
    both = Barrier(2, timeout=LIMIT_S)

    def make(work: Path, done: Path, say: build.Say) -> None:
        both.wait()  # neither finds the other's layer
        (done / "file").write_text("whole")

    with ThreadPoolExecutor(2) as pool:
        layers = list(pool.map(lambda _: build.layer(tmp_path, "x", "key", make, print), range(2)))
    assert layers[0] == layers[1]
    assert (layers[0] / "file").read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["x-key"]


def test_a_build_that_fails_leaves_nothing(tmp_path: Path):
    def make(work: Path, done: Path, say: build.Say) -> None:
        (done / "file").write_text("half")
        raise RigError("no network")

    with pytest.raises(RigError, match="no network"):
        build.layer(tmp_path, "x", "key", make, print)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_not_built_again(tmp_path: Path):
    (tmp_path / "x-key").mkdir()

    def make(work: Path, done: Path, say: build.Say) -> None:
        raise AssertionError("built again")

    assert build.layer(tmp_path, "x", "key", make, print) == tmp_path / "x-key"


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.cache_folder() == tmp_path / "menshen" / "rig"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the specification: such a value is to be ignored
    assert build.cache_folder() == Path.home() / ".cache" / "menshen" / "rig"


@pytest.mark.skipif(project.PYTHON_HERE != PYTHON, reason="the machine's Python has other byte code than this")
def test_the_project_is_packed_with_its_byte_code_and_compiled_once(tmp_path: Path):
    kept = tmp_path / "compiled"
    one = project.Source("firmware/one.py", b"answer = 6 * 7\n", 0o644)
    text = project.Source("firmware/words.toml", b"[a]\n", 0o644)
    project.write([one, text], tmp_path / "first", kept)
    [byte_code] = kept.iterdir()
    code = byte_code.read_bytes()
    # The header of PEP 552: flags 1, a hash that nobody checks; the machine's files bear no times.
    assert code[:8] == importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little")
    found: dict[str, object] = {}
    compiled = marshal.loads(code[16:])
    exec(compiled, found)
    assert found["answer"] == 42
    assert compiled.co_filename == "/menshen/firmware/one.py"
    packed = (tmp_path / "first").read_bytes()
    assert b"menshen/firmware/words.toml\0" in packed
    assert f"menshen/firmware/__pycache__/one.{sys.implementation.cache_tag}.pyc\0".encode() in packed
    byte_code.write_bytes(code + b"kept")
    project.write([one, text], tmp_path / "second", kept)
    assert code + b"kept" in (tmp_path / "second").read_bytes()
    project.write([one._replace(contents=b"answer = 1\n")], tmp_path / "third", kept)
    assert len(list(kept.iterdir())) == 2


def test_another_project_is_another_layer():
    one = project.Source("a.py", b"1", 0o644)
    known = {
        project.key(files)
        for files in ([one], [one._replace(contents=b"2")], [one._replace(name="b.py")], [one._replace(mode=0o755)], [])
    }
    assert len(known) == 5
    assert project.key([one]) == project.key([one])


def test_the_project_holds_what_runs_in_the_machine():
    names = {source.name for source in project.sources()}
    assert {"firmware/__main__.py", "drivers/boards/raspberry_pi_header.toml", "tests/rig/inside/play.c"} <= names
    assert not [name for name in names if "__pycache__" in name]
