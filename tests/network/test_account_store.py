"""The file of accounts: durable, for its owner only; refused and not overwritten when it is not as it should be."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.network.accounts import invitation, recovery
from firmware.network.accounts.account import FIRST, Account, Role
from firmware.network.accounts.errors import StoreError
from firmware.network.accounts.store import FILE_NAME, Store

BOSS = Account("Chen Wei", FIRST, "$argon2id$hash")
GUARD = Account("陈伟", frozenset({Role.GUARD}), "", b"digest", 1_800_000_000, b"secret", 7)
BOTH = {"chen wei": BOSS, "陈伟": GUARD}


def test_what_is_saved_is_there_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.load() == {}
    assert not store.exists
    store.save(BOTH)
    assert Store(tmp_path).load() == BOTH
    store.save({"chen wei": BOSS})
    assert Store(tmp_path).load() == {"chen wei": BOSS}
    store.save({})
    assert Store(tmp_path).load() == {}
    assert store.exists, "that there ever were accounts is not forgotten"
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_a_file_that_was_put_in_its_place_is_seen_and_not_written_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(BOTH)
    assert not store.changed
    (tmp_path / "restored").mkdir()
    Store(tmp_path / "restored").save({"chen wei": BOSS})
    (tmp_path / "restored" / FILE_NAME).rename(tmp_path / FILE_NAME)
    assert store.changed
    with pytest.raises(StoreError, match="replaced meanwhile"):
        store.save({})
    assert store.load() == {"chen wei": BOSS}
    store.save(BOTH)
    (tmp_path / FILE_NAME).unlink()
    assert store.changed
    assert store.load() == {}


@pytest.mark.attack("account-07")
def test_a_deleted_accounts_hash_is_not_left_in_the_file(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(BOTH | {"x": Account("X", FIRST, "hash-that-was-here" * 20)})
    store.save(BOTH)
    assert b"hash-that-was-here" not in (tmp_path / FILE_NAME).read_bytes()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def scribbled(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:4200] = os.urandom(104)
    path.write_bytes(bytes(content))


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(9000))


def newer(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()


def foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE account (name TEXT)")
    database.close()
    path.chmod(0o600)


def unknown_role(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE account SET roles = 'root'")
    database.close()


def renamed(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE account SET name = 'somebody' WHERE name = 'chen wei'")
    database.close()


def open_to_others(path: Path) -> None:
    path.chmod(0o640)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncated, "Restore it from a backup"),
        (emptied, "Restore it from a backup"),
        (scribbled, "Restore it from a backup"),
        (garbage, "Restore it from a backup"),
        (newer, "newer Menshen"),
        (foreign, "Restore it from a backup"),
        (unknown_role, "Restore it from a backup"),
        (renamed, "Restore it from a backup"),
        (open_to_others, "chmod 0600"),
        (linked, "Restore it from a backup"),
    ],
)
@pytest.mark.attack("account-08")
def test_a_bad_file_is_refused_with_what_to_do_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    store = Store(tmp_path)
    store.save(BOTH)
    spoil(store.path)
    before = store.path.read_bytes()
    with pytest.raises(StoreError, match=words):
        store.load()
    if spoil not in (scribbled, unknown_role, renamed):  # there only what is written anew could be compared
        with pytest.raises(StoreError):
            store.save({})
        assert store.path.read_bytes() == before
    assert store.exists


def test_a_save_that_was_cut_leaves_the_accounts_of_before(tmp_path: Path) -> None:
    """What a power cut leaves in the middle of a commit: the changed file with its rollback journal."""
    store = Store(tmp_path)
    store.save(BOTH)
    database = sqlite3.connect(store.path, isolation_level=None)
    database.execute("PRAGMA cache_spill = 1")
    database.execute("PRAGMA cache_size = 1")
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM account")
    filler = [(f"n{number}", "N", "guard", "h" * 3000, b"", None, b"", 0) for number in range(50)]
    database.executemany("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)", filler)
    journal = store.path.with_name(FILE_NAME + "-journal")
    cut = tmp_path / "cut"
    cut.mkdir()
    for path in (store.path, journal):
        (cut / path.name).write_bytes(path.read_bytes())
        (cut / path.name).chmod(0o600)
    database.execute("ROLLBACK")
    database.close()
    assert Store(cut).load() == BOTH


def test_a_first_save_that_was_cut_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").write_bytes(b"half a file")
    (tmp_path / f"{FILE_NAME}.new-journal").write_bytes(b"half a journal")
    store = Store(tmp_path)
    assert store.load() == {}
    store.save(BOTH)
    assert Store(tmp_path).load() == BOTH


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{FILE_NAME}.new").mkdir()  # in the way of the new file, for root too
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path).save(BOTH)


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be written"):
        Store(tmp_path / "gone").save(BOTH)


def test_a_code_of_the_console_is_for_one_account_and_the_last_one_counts(tmp_path: Path) -> None:
    first = recovery.offer(tmp_path, "chen wei")
    code = recovery.offer(tmp_path, "chen wei")
    assert not recovery.fits(tmp_path, "chen wei", first)
    assert recovery.fits(tmp_path, "chen wei", code.lower())
    assert not recovery.fits(tmp_path, "li na", code)
    path = tmp_path / recovery.FILE_NAME
    assert code.encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert not recovery.fits(tmp_path, "chen wei", code), "others could have read it"
    path.chmod(0o600)
    recovery.remove(tmp_path)
    assert not recovery.fits(tmp_path, "chen wei", code)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 2000, b'{"account": "chen wei", "digest": ""}'])
def test_a_file_that_is_no_code_lets_nobody_in(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / recovery.FILE_NAME
    path.write_bytes(content)
    path.chmod(0o600)
    assert not recovery.fits(tmp_path, "chen wei", "")
    assert not recovery.fits(tmp_path, "chen wei", invitation.make())
