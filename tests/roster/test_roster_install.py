"""Putting a roster into service: whatever is refused or cut, a good one is there, and the last good one is kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster.authority import read_authority
from firmware.roster.errors import RosterDamaged, RosterError, RosterForeign, RosterMissing, RosterOlder, RosterUnsigned
from firmware.roster.floors import Floor, Floors
from firmware.roster.install import install, load_last_good

Make = Callable[[int], Path]


@pytest.fixture
def make(workshop) -> Make:
    """A sealed roster of a version, in which holder `v<version>` has the card."""

    def make(version: int, word: str = "v") -> Path:
        out = workshop.folder / f"{word}{version}.roster"
        table = "holder,profiles,card\n" + f"{word}{version},residents,H10301:1:1\n"
        workshop.build(table, version=version, out=out)
        return out

    return make


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "service"


@pytest.fixture
def keys(identity: Identity) -> set[bytes]:
    return {identity.public_key}


def holder(roster) -> str:
    with roster:
        return roster.find(Factor.CARD, "H10301:1:1").holder


def loaded(folder: Path, keys: set[bytes], **options) -> tuple[str, list[type]]:
    found = load_last_good(folder, keys, **options)
    return holder(found.roster), [type(error) for error in found.refused]


def test_each_install_keeps_the_one_before(make: Make, folder: Path, keys: set[bytes]) -> None:
    for version in (1, 2, 5):
        assert holder(install(make(version), folder, keys)) == f"v{version}"
        assert loaded(folder, keys) == (f"v{version}", [])
    assert sorted(path.name for path in folder.iterdir()) == ["roster", "roster.previous"]
    assert (folder / "roster").stat().st_mode & 0o777 == 0o600
    (folder / "roster").unlink()
    assert loaded(folder, keys) == ("v2", [RosterMissing])


def test_a_pipe_under_any_name_is_refused_and_not_waited_for(make: Make, folder: Path, keys: set[bytes]) -> None:
    """Who may write the folder could otherwise keep the controller from ever starting."""
    install(make(1), folder, keys).close()
    install(make(2), folder, keys).close()
    (folder / "roster").unlink()
    os.mkfifo(folder / "roster")
    assert loaded(folder, keys) == ("v1", [RosterDamaged])
    (folder / "roster.previous").unlink()
    os.mkfifo(folder / "roster.previous")
    with pytest.raises(RosterError, match="no good roster"):
        load_last_good(folder, keys)
    install(make(3), folder, keys).close()
    assert loaded(folder, keys) == ("v3", [])
    (folder / "authority").unlink(missing_ok=True)
    os.mkfifo(folder / "authority", 0o600)
    with pytest.raises(RosterError):
        read_authority(folder, Identity.load_or_create(folder / "identity"))


@pytest.mark.attack("disk-18")
def test_what_is_refused_changes_nothing(make: Make, folder: Path, keys: set[bytes], workshop, tmp_path: Path) -> None:
    install(make(1), folder, keys).close()
    install(make(3), folder, keys).close()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    good = make(4).read_bytes()
    other, mine = Identity.load_or_create(tmp_path / "other"), workshop.identity
    workshop.identity = other
    foreign = make(9, "f").read_bytes()
    workshop.identity = mine
    cases = [
        (good[:-1], RosterUnsigned),
        (good[:-4096], RosterUnsigned),
        (b"", RosterUnsigned),
        (good[:5000] + b"\xff" + good[5001:], RosterDamaged),
        (foreign, RosterForeign),
        (make(2).read_bytes(), RosterOlder),
        (make(3, "same").read_bytes(), RosterOlder),
    ]
    new = tmp_path / "new"
    for content, error in cases:
        new.write_bytes(content)
        with pytest.raises(error, match=r"[Bb]uild|Get the roster again"):
            install(new, folder, keys)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    with pytest.raises(RosterMissing):
        install(tmp_path / "nothing", folder, keys)
    with pytest.raises(RosterOlder):
        install(make(4), folder, keys, Floor(5))
    assert loaded(folder, keys) == ("v3", [])


def test_the_same_file_again_is_no_error(make: Make, folder: Path, keys: set[bytes]) -> None:
    path = make(1)
    install(path, folder, keys).close()
    assert holder(install(path, folder, keys)) == "v1"
    assert [entry.name for entry in folder.iterdir()] == ["roster"]


@pytest.mark.attack("disk-13")
def test_a_damaged_roster_gives_way_to_the_last_good_one_and_is_kept(
    make: Make, folder: Path, keys: set[bytes]
) -> None:
    install(make(1), folder, keys).close()
    install(make(2), folder, keys).close()
    content = bytearray((folder / "roster").read_bytes())
    content[4096 + 7] ^= 1
    (folder / "roster").write_bytes(content)
    found = load_last_good(folder, keys)
    assert [(type(error), error.version) for error in found.refused] == [(RosterDamaged, 2)]
    assert holder(found.roster) == "v1"
    assert (folder / "roster").read_bytes() == content  # nothing is erased
    with pytest.raises(RosterOlder):  # the damaged one's seal still tells its version
        install(make(1), folder, keys)
    repaired = shutil.copytree(folder, folder.with_name("repaired"))
    assert holder(install(make(2, "again"), repaired, keys)) == "again2"
    assert holder(install(make(3), folder, keys)) == "v3"
    (folder / "roster").write_bytes(b"")
    assert loaded(folder, keys) == ("v1", [RosterUnsigned])  # the damaged one never became the last good one
    (folder / "roster.previous").rename(folder / "roster")
    install(make(4), folder, keys).close()
    (folder / "roster").write_bytes(b"no seal at all")
    install(make(5), folder, keys).close()
    assert loaded(folder, keys) == ("v5", [])


def test_the_previous_version_still_counts_when_the_one_in_service_is_gone(
    make: Make, folder: Path, keys: set[bytes]
) -> None:
    for version in (1, 4, 6):
        install(make(version), folder, keys).close()
    (folder / "roster").unlink()
    with pytest.raises(RosterOlder, match="version 3 is older than 4"):
        install(make(3), folder, keys)
    assert loaded(folder, keys)[0] == "v4"


def test_an_older_roster_in_service_is_refused_by_the_remembered_version(
    make: Make, folder: Path, keys: set[bytes]
) -> None:
    install(make(1), folder, keys).close()
    with pytest.raises(RosterError, match=r"version 1 is older than 2.*Nothing was deleted"):
        load_last_good(folder, keys, Floors(Floor(2), Floor(2)))


def test_no_roster_yet_is_not_a_damaged_one(folder: Path, keys: set[bytes]) -> None:
    with pytest.raises(RosterMissing, match="has no roster yet"):
        load_last_good(folder, keys)
    folder.mkdir()
    (folder / "roster").write_bytes(b"junk")
    with pytest.raises(RosterError, match="has no good roster") as caught:
        load_last_good(folder, keys)
    assert not isinstance(caught.value, RosterMissing)


def test_a_roster_in_use_goes_on_while_another_takes_its_place(make: Make, folder: Path, keys: set[bytes]) -> None:
    first = install(make(1), folder, keys)
    second = install(make(2), folder, keys)
    third = install(make(3), folder, keys)
    assert [holder(roster) for roster in (first, second, third)] == ["v1", "v2", "v3"]


@pytest.mark.attack("kill-08")
def test_killed_at_every_line_a_good_one_is_there(make: Make, folder: Path, keys: set[bytes], tmp_path: Path) -> None:
    """A child installs version 3 over 2 and 1, and is killed by itself at the n-th line of install.py and files.py, for
    every n until it gets through. After each, version 2 or 3 loads without a refusal and 3 can be installed."""
    standing = tmp_path / "standing"
    install(make(1), standing, keys).close()
    install(make(2), standing, keys).close()
    new = make(3)
    cut, seen = 0, []
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(standing, folder)
        child = os.fork()
        if child == 0:
            _install_until(cut, new, folder, keys)
        _, status = os.waitpid(child, 0)
        name, refused = loaded(folder, keys)
        assert refused == []
        assert name in ("v2", "v3")
        seen.append(name)
        (folder / "roster").write_bytes(b"")  # and the one before it is good as well
        assert loaded(folder, keys)[0] in ("v1", "v2"), "the one before is another file"
        assert holder(install(new, folder, keys)) == "v3"
        if os.WIFEXITED(status):
            break
        cut += 1
    assert os.WEXITSTATUS(status) == 0
    assert seen == sorted(seen)  # once it is the new one, it stays
    assert {"v2", "v3"} == set(seen)
    assert cut > 40


def _install_until(cut: int, new: Path, folder: Path, keys: set[bytes]) -> None:
    """In the child: install and die at line number `cut`; exits 0 when it gets through."""
    left = cut

    def trace(frame, event, argument):
        nonlocal left
        if not frame.f_code.co_filename.endswith(("roster/install.py", "roster/files.py")):
            return None
        if event == "line":
            if left == 0:
                os.kill(os.getpid(), 9)
            left -= 1
        return trace

    status = 1
    sys.settrace(trace)
    try:
        install(new, folder, keys).close()
        status = 0
    finally:
        os._exit(status)


def test_the_copy_is_synced_before_it_takes_the_name(
    make: Make, folder: Path, keys: set[bytes], tmp_path: Path
) -> None:
    """What the kernel saw, by strace: the data is synced, then renamed, then the folder is synced."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    install(make(1), folder, keys).close()
    new, log = make(2), tmp_path / "log"
    program = (
        "import sys; from pathlib import Path; from firmware.roster.install import install\n"
        "install(Path(sys.argv[1]), Path(sys.argv[2]), {bytes.fromhex(sys.argv[3])}).close()"
    )
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat"
    command = ["strace", "-f", "-y", "-e", calls, "-o", log, sys.executable, "-c", program]
    subprocess.run([*command, new, folder, next(iter(keys)).hex()], check=True, timeout=60)
    lines = [line for line in log.read_text().splitlines() if str(folder) in line]
    kinds = [line.split("(")[0].split()[-1].removesuffix("at").removesuffix("at2") for line in lines]
    assert kinds == ["fsync", "link", "rename", "rename", "fsync"], lines
    assert "roster.new>" in lines[0]
    assert f"{folder}>" in lines[4]


def test_a_full_disk_is_said_and_changes_nothing(make: Make, folder: Path, keys: set[bytes]) -> None:
    install(make(1), folder, keys).close()
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from firmware.roster.errors import RosterError; from firmware.roster.install import install\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
        "try: install(Path(sys.argv[1]), Path(sys.argv[2]), {bytes.fromhex(sys.argv[3])})\n"
        "except RosterError as error: sys.exit(0 if 'Look at the disk' in str(error) else repr(error))\n"
        "sys.exit('it was installed')"
    )
    arguments = [make(2), folder, next(iter(keys)).hex()]
    child = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60)
    assert child.returncode == 0, child.stderr
    assert [path.name for path in folder.iterdir()] == ["roster"]
    assert loaded(folder, keys) == ("v1", [])
