"""What was in service is remembered outside of the folder: nothing older takes its place, whoever signed it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor
from firmware.roster.errors import RosterError, RosterMissing, RosterOlder
from firmware.roster.floors import NO_FLOORS, Floor, Floors
from firmware.roster.install import forget_previous, install, load_last_good, seal_of
from firmware.roster.seal import Seal


def seal(version: int, content: int) -> Seal:
    return Seal(2, version, 0, 0, 0, 0, f"{content:064x}", "", "")


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 3)), max_size=12))
def test_a_floor_never_sinks_and_admits_only_what_is_newer_or_the_same_file(rosters) -> None:
    floor, served = Floor(), []
    for version, content in rosters:
        admitted = floor.admits(seal(version, content))
        newest = max(served, default=(0, 0))
        assert admitted is (version > newest[0] or (version, content) == newest)
        if admitted:
            served.append((version, content))
        before = floor
        floor = floor.raised(seal(version, content))
        assert floor.version >= before.version
        assert (floor == before) or admitted
        again = Floors.of(Floors(floor, before).kept())
        assert again == Floors(floor, before), "kept and read back"


@pytest.mark.parametrize(
    "text", ["", "5", "5 ", "x " + "a" * 64, "5 " + "a" * 63, "5 " + "A" * 64, f"-1 {'a' * 64}", f"5 {'a' * 64}\n1"]
)
def test_what_is_no_floor_is_none(text: str) -> None:
    assert Floors.of({"roster": text, "roster_previous": text}) == NO_FLOORS
    assert Floors.of(None) == Floors.of({}) == NO_FLOORS


@pytest.fixture
def make(workshop):
    def make(version: int, word: str = "v") -> Path:
        out = workshop.folder / f"{word}{version}.roster"
        workshop.build(f"holder,profiles,card\n{word}{version},residents,H10301:1:1\n", version=version, out=out)
        return out

    return make


@pytest.fixture
def keys(identity) -> set[bytes]:
    return {identity.public_key}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "service"


def served(folder: Path, keys: set[bytes], floors: Floors = NO_FLOORS) -> str:
    with load_last_good(folder, keys, floors).roster as roster:
        return roster.find(Factor.CARD, "H10301:1:1").holder


def floors_of(folder: Path, keys: set[bytes]) -> Floors:
    return NO_FLOORS.raised(seal_of(folder / "roster", keys), seal_of(folder / "roster.previous", keys))


@pytest.mark.attack("roster-43")
def test_a_folder_replaced_by_an_older_genuine_pair_serves_nobody(make, folder: Path, keys, tmp_path: Path) -> None:
    """And with the one before it replaced alone, or the names exchanged."""
    older = tmp_path / "older"
    for version in (1, 2):
        install(make(version), older, keys).close()
    for version in (1, 2, 5, 6):
        install(make(version), folder, keys).close()
    floors = floors_of(folder, keys)
    assert floors == Floors(floors.current._replace(version=6), floors.previous._replace(version=5))
    with pytest.raises(RosterError, match=r"version 2 is older than 6.*version 1 is older than 5.*install a good one"):
        load_last_good(older, keys, floors)
    assert served(older, keys) == "v2", "without the memory it would serve"
    shutil.copy(older / "roster", folder / "roster")
    assert served(folder, keys, floors) == "v5"
    (folder / "roster.previous").rename(folder / "roster")
    with pytest.raises(RosterError, match="version 5 is older than 6"):
        load_last_good(folder, keys, floors)
    with pytest.raises(RosterOlder):
        install(make(5), folder, keys, floors.current)
    install(make(7), folder, keys, floors.current).close()
    assert served(folder, keys, floors) == "v7"


@pytest.mark.attack("roster-44")
def test_another_roster_of_the_version_in_service_is_refused(make, folder: Path, keys, tmp_path: Path) -> None:
    """Both genuine, of one version: the one that was in service counts, also where its file is damaged or gone."""
    install(make(4), folder, keys).close()
    install(make(6), folder, keys).close()
    floors = floors_of(folder, keys)
    other = make(6, "other")
    good = (folder / "roster").read_bytes()
    for harm in (lambda path: path.write_bytes(b""), lambda path: path.unlink(), lambda path: shutil.copy(other, path)):
        harm(folder / "roster")
        with pytest.raises(RosterOlder, match="another roster of version 6"):
            install(other, folder, keys, floors.current)
        assert served(folder, keys, floors) == "v4"
        (folder / "roster").write_bytes(good)
    shutil.copy(make(4, "other"), folder / "roster.previous")
    (folder / "roster").write_bytes(b"")
    with pytest.raises(RosterError, match="another roster of version 4"):
        load_last_good(folder, keys, floors)
    assert install(make(6), folder, keys, floors.current).version == 6, "the very file may come back"


def test_an_emptied_folder_is_not_taken_for_a_new_one(folder: Path, keys) -> None:
    floors = Floors(Floor(3, "a" * 64))
    with pytest.raises(RosterError, match="no good roster") as caught:
        load_last_good(folder, keys, floors)
    assert not isinstance(caught.value, RosterMissing)


# -- forgetting the one before -----------------------------------------------------------------------------------------


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_who_was_erased_stands_in_no_file_of_the_folder(make, folder: Path, keys) -> None:
    install(make(1, "erased"), folder, keys).close()
    install(make(2), folder, keys).close()
    for name in ("incoming.refused", "incoming.why"):
        shutil.copy(make(1, "erased"), folder / name)
    forget_previous(folder)
    assert names(folder) == ["roster", "roster.previous"]
    assert all(b"erased1" not in path.read_bytes() for path in folder.iterdir())
    forget_previous(folder)  # done again it does no harm
    assert names(folder) == ["roster", "roster.previous"]
    assert served(folder, keys) == "v2"
    (folder / "roster").unlink()
    assert served(folder, keys) == "v2"


def test_after_forgetting_the_next_install_keeps_the_last_good_one(make, folder: Path, keys) -> None:
    for version in (1, 2):
        install(make(version), folder, keys).close()
    forget_previous(folder)
    install(make(3), folder, keys).close()
    assert names(folder) == ["roster", "roster.previous"]
    (folder / "roster").unlink()
    assert served(folder, keys) == "v2"


def test_nothing_is_forgotten_while_the_one_in_service_is_not_good(make, folder: Path, keys) -> None:
    with pytest.raises(RosterMissing):
        forget_previous(folder)
    for version in (1, 2):
        install(make(version), folder, keys).close()
    content = bytearray((folder / "roster").read_bytes())
    content[5000] ^= 1
    (folder / "roster").write_bytes(content)
    with pytest.raises(RosterError, match="not what was signed"):
        forget_previous(folder)
    assert served(folder, keys) == "v1"
