"""The file of templates: whole or nothing, this controller's or nobody's, and what is withdrawn is gone from it."""

from __future__ import annotations

import os

import msgspec
import pytest

from firmware.faces import store
from firmware.faces.enrolled import Faces
from firmware.faces.errors import FacesError, StoreUnreadable
from firmware.identity import Identity
from tests.faces.people import NOON_S, enrolled


@pytest.fixture
def owner(tmp_path) -> Identity:
    return Identity.load_or_create(tmp_path / "identity")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "faces"


def test_what_is_kept_comes_back_and_only_its_owner_may_read_the_file(owner, folder):
    faces = Faces().with_(enrolled("ann", 1)).with_(enrolled("bob", 2))
    store.save(faces, folder, owner)
    back = store.load(folder, owner, least=2)
    assert list(back) == list(faces)
    assert back.revision == 2
    assert (folder / store.NAME).stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert os.listdir(folder) == [store.NAME]


def test_where_nobody_ever_was_nobody_is(owner, folder):
    assert len(store.load(folder, owner)) == 0


@pytest.mark.attack("face-03")
def test_nothing_of_a_face_or_a_name_stands_in_the_file_in_the_clear(owner, folder):
    one = enrolled("ann", 1)
    store.save(Faces().with_(one), folder, owner)
    content = (folder / store.NAME).read_bytes()
    assert b"ann" not in content
    assert b"Ann Example" not in content
    assert all(each.values[:16] not in content for each in one.templates)


@pytest.mark.attack("face-04")
def test_one_flipped_bit_anywhere_and_nobody_matches(owner, folder):
    store.save(Faces().with_(enrolled("ann", 1)), folder, owner)
    path = folder / store.NAME
    whole = path.read_bytes()
    for place in range(len(whole)):
        spoiled = bytearray(whole)
        spoiled[place] ^= 1 << place % 8
        path.write_bytes(spoiled)
        with pytest.raises(StoreUnreadable):
            store.load(folder, owner)
    for length in (0, 1, 21, 42, 57, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreUnreadable):
            store.load(folder, owner)


@pytest.mark.attack("face-05")
def test_on_another_controller_the_file_is_worth_nothing(owner, folder, tmp_path):
    store.save(Faces().with_(enrolled("ann", 1)), folder, owner)
    with pytest.raises(StoreUnreadable, match="another controller"):
        store.load(folder, Identity.load_or_create(tmp_path / "stolen"))


@pytest.mark.attack("face-06")
def test_a_file_that_was_put_back_does_not_bring_back_what_was_withdrawn(owner, folder):
    before = Faces().with_(enrolled("ann", 1))
    store.save(before, folder, owner)
    old = (folder / store.NAME).read_bytes()
    after = before.without(["ann"])
    store.save(after, folder, owner)
    (folder / store.NAME).write_bytes(old)
    with pytest.raises(StoreUnreadable, match="put back"):
        store.load(folder, owner, least=after.revision)
    (folder / store.NAME).unlink()
    with pytest.raises(StoreUnreadable, match="is gone"):
        store.load(folder, owner, least=after.revision)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666])
def test_a_file_that_others_can_read_is_not_used(owner, folder, mode):
    store.save(Faces().with_(enrolled("ann", 1)), folder, owner)
    (folder / store.NAME).chmod(mode)
    with pytest.raises(StoreUnreadable, match="mode"):
        store.load(folder, owner)


@pytest.mark.attack("face-07")
def test_a_link_in_the_files_place_is_not_followed(owner, folder, tmp_path):
    store.save(Faces().with_(enrolled("ann", 1)), folder, owner)
    elsewhere = tmp_path / "elsewhere"
    (folder / store.NAME).rename(elsewhere)
    (folder / store.NAME).symlink_to(elsewhere)
    with pytest.raises(StoreUnreadable):
        store.load(folder, owner)
    with pytest.raises(FacesError):
        store.save(Faces().with_(enrolled("bob", 2)), folder, owner)
    assert len(elsewhere.read_bytes()) > 100, "what it points to is left as it was"


@pytest.mark.attack("face-08")
def test_what_is_withdrawn_is_written_over_and_not_only_unlinked(owner, folder):
    """A second name of the old file's blocks shows what is left in them."""
    one = enrolled("ann", 1)
    faces = Faces().with_(one)
    store.save(faces, folder, owner)
    old = folder.parent / "old blocks"
    os.link(folder / store.NAME, old)
    sealed = old.read_bytes()
    store.save(faces.without(["ann"]), folder, owner)
    left = old.read_bytes()
    assert len(left) == len(sealed)
    assert sum(a == b for a, b in zip(left, sealed, strict=True)) < len(sealed) / 20
    assert len(store.load(folder, owner)) == 0


def test_a_cut_between_any_two_steps_leaves_what_was_there_or_what_was_to_be(owner, folder):
    """What a cut can leave: a whole or a torn file aside, with the old one in place, or the new one in place."""
    first, second = Faces().with_(enrolled("ann", 1)), Faces().with_(enrolled("ann", 1)).with_(enrolled("bob", 2))
    store.save(second, folder, owner)
    new = (folder / store.NAME).read_bytes()
    store.save(first, folder, owner)
    for torn in (b"", new[:40], new[:-1], new):
        (folder / store.ASIDE).write_bytes(torn)
        assert list(store.load(folder, owner)) == list(first)
        store.tidy(folder)
        assert os.listdir(folder) == [store.NAME]
    (folder / store.ASIDE).write_bytes(new)
    store.save(second, folder, owner)
    assert list(store.load(folder, owner)) == list(second)


def test_no_two_holders_have_one_face():
    """Else the one's templates would go without a word, and without a receipt."""
    ann, bob = enrolled("ann", 1), enrolled("bob", 2)
    with pytest.raises(FacesError):
        Faces().with_(ann).with_(msgspec.structs.replace(bob, face=ann.face))


def test_no_template_is_printed(owner, folder):
    one = enrolled("ann", 1)
    shown = repr(one) + str(one) + repr(Faces().with_(one)) + f"{one.templates}"
    assert repr(one.templates[0].values)[2:12] not in shown


def test_a_consent_counts_from_when_it_was_given_to_its_end_and_by_a_known_clock():
    faces = Faces().with_(enrolled("ann", 1, expires_s=NOON_S + 100))
    one = faces.of_holder("ann")
    assert faces.holds(one, NOON_S)
    assert faces.holds(one, NOON_S + 99)
    assert not faces.holds(one, NOON_S + 100)
    assert not faces.holds(one, NOON_S - 3_600)
    assert not faces.holds(one, None)
    assert not faces.holds(None, NOON_S)
