"""The shape of the house: files say what they are for, stay small, and name nobody's machine."""

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("firmware", "drivers", "models", "provisioning", "community")
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
SAYS_WHAT_FOR = (".py", ".toml", ".cfg", ".css", ".js", ".html", ".service")


def files():
    """Everything that is in the repository or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode != 0:
        pytest.skip("this is no git checkout: what belongs to the repository is not known")
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def sources(*folders):
    return [path for path in files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in folders]


@cache
def tree_of(path):
    """A Python file's syntax tree, read once for all that ask."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path):
    return str(path.relative_to(ROOT))


def test_every_python_file_begins_with_what_it_is_for():
    silent = [
        name_of(path) for path in sources(*PACKAGES, "tests") if not (ast.get_docstring(tree_of(path)) or "").strip()
    ]
    assert silent == []


def test_every_other_file_begins_with_what_it_is_for():
    silent = []
    for path in files():
        if path.suffix in SAYS_WHAT_FOR[1:] or path.name in ("Makefile", "requirements.constraints", ".ruff.toml"):
            first = path.read_text(encoding="utf-8").lstrip().splitlines()[0]
            if not re.match(r"(#|/\*|//|<!--|\{#|<!doctype html>)", first, re.IGNORECASE):
                silent.append(name_of(path))
    assert silent == []


def test_files_are_small():
    long = {
        name_of(path): lines
        for path in sources(*PACKAGES)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    }
    assert long == {}


def test_functions_are_small():
    long = {}
    for path in sources(*PACKAGES):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long[f"{name_of(path)}:{node.name}"] = lines
    assert long == {}


def test_nobodys_machine_is_named():
    """No path of a home folder, no temporary one, no host of a registry."""
    private = re.compile(
        r"/(root|home|tmp)/[A-Za-z0-9_.]|/work/(main|shared)|\b(pypi|npmjs|files\.pythonhosted)\.(org|com)\b"
    )
    found = []
    for path in files():
        if path == Path(__file__).resolve() or path.suffix in (".png", ".mo", ".ico", ".tflite", ".xlsx"):
            continue
        # Sheets of offices are in GB18030 too: what is looked for is ASCII in either.
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if private.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_nothing_is_left_to_do_and_nothing_is_silent():
    found = []
    for path in sources(*PACKAGES):
        text = path.read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\b(TODO|FIXME|XXX)\b|NotImplementedError|if simulated\b", line):
                found.append(f"{name_of(path)}:{number}: {line.strip()}")
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ExceptHandler):
                if node.type is None:
                    found.append(f"{name_of(path)}:{node.lineno}: bare except")
                if len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
                    found.append(f"{name_of(path)}:{node.lineno}: silent except")
    assert found == []


def test_no_vague_names():
    vague = re.compile(r"(Manager|Helper|Handler|Util|Utils|Data|Info)$")
    allowed = {"ServiceManager"}  # it is what systemd calls itself
    found = []
    for path in sources(*PACKAGES):
        if re.search(r"(manager|helper|handler|util|utils|data|info)\.py$", path.name):
            found.append(name_of(path))
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ClassDef) and vague.search(node.name) and node.name not in allowed:
                found.append(f"{name_of(path)}:{node.name}")
    assert found == []


def test_nobody_imports_tests():
    found = []
    for path in sources(*PACKAGES):
        for node in ast.walk(tree_of(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found += [f"{name_of(path)}: {name}" for name in names if name.split(".")[0] in ("tests", "pytest")]
    assert found == []


def test_only_the_composition_root_and_rehearsed_programs_name_bus_implementations():
    """DESIGN.md, section 2: one file turns the configuration into devices and names the buses."""
    found = []
    for path in sources("firmware"):
        if name_of(path) == "firmware/controller/board.py":
            continue
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("drivers.bus."):
                implementation = node.module not in ("drivers.bus.lines", "drivers.bus.exchange")
                found += [f"{name_of(path)}: {node.module}"] if implementation else []
    assert found == []


def test_the_make_targets_are_those_of_the_plan():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    default = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert default == shown
    for target in (
        "setup",
        "run",
        "test",
        "lint",
        "types",
        "units",
        "bench",
        "soak",
        "prove",
        "mutants",
        "lock",
        "clean",
    ):
        assert f"make {target} " in shown
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_what_is_built_is_not_kept():
    listed = {name_of(path) for path in files()}
    assert not [name for name in listed if name.endswith((".mo", ".pyc", ".db", ".db-wal"))]
    assert "requirements.lock" in listed


def test_every_locked_package_has_its_hashes():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = re.split(r"\n(?=[a-z0-9])", lock)
    pinned = [block for block in packages if re.match(r"[a-z0-9._-]+(\[[^]]+\])?==", block)]
    assert len(pinned) > 40
    assert [block.split("==")[0] for block in pinned if "--hash=sha256:" not in block] == []
