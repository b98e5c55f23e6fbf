"""Keys of OSDP readers: who may read the file, which keys are refused, and that a power cut loses none."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from drivers.bus.osdp_line import OsdpLines
from drivers.osdp_keys import KeyFile, KeyRefused, read
from drivers.reports import Untrusted
from tests.drivers.osdp_rig import KEY, OTHER_KEY, Ours, Rig, config_of, on_line

LIMIT_S = 20
THIRD_KEY = "5d41402abc4b2a76b9719d911017c592"
SCBK_D = "303132333435363738393a3b3c3d3e3f"  # SIA OSDP 2.2


def made(folder: Path, key: str = KEY) -> KeyFile:
    keys = KeyFile(folder / "reader.key")
    keys.create(bytes.fromhex(key))
    return keys


def test_a_key_is_random_ours_alone_and_never_replaced_by_mistake(tmp_path: Path) -> None:
    first, second = KeyFile(tmp_path / "a"), KeyFile(tmp_path / "b")
    old = os.umask(0)
    try:
        first.create()
        second.create()
    finally:
        os.umask(old)
    assert len(first.load()[0]) == 16
    assert first.load() != second.load()
    found = first.path.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o600, os.geteuid())
    with pytest.raises(KeyRefused, match="there is a key already"):
        first.create()


@pytest.mark.attack("osdp-20")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666, 0o700, 0o400, 0o644])
def test_a_key_that_others_may_know_is_refused(mode: int, tmp_path: Path) -> None:
    keys = made(tmp_path)
    keys.path.chmod(mode)
    with pytest.raises(KeyRefused, match=f"mode {mode:04o}"):
        keys.load()


def test_what_is_no_key_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="there is no key"):
        read(tmp_path / "nothing")
    made(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "reader.key")
    with pytest.raises(KeyRefused, match="plain file"):
        read(tmp_path / "link")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyRefused, match="plain file"):
        read(tmp_path / "pipe")
    (tmp_path / "folder").mkdir(0o600)
    with pytest.raises(KeyRefused, match="plain file"):
        read(tmp_path / "folder")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away: run this as root in a container")
def test_somebody_elses_key_is_refused(tmp_path: Path) -> None:
    keys = made(tmp_path)
    os.chown(keys.path, 12345, -1)
    with pytest.raises(KeyRefused, match="user 12345"):
        keys.load()


@pytest.mark.attack("osdp-21")
@pytest.mark.parametrize(
    "key", [SCBK_D, "00" * 16, "ff" * 16, "000102030405060708090a0b0c0d0e0f", "0f0e0d0c0b0a09080706050403020100"]
)
def test_a_key_that_everybody_knows_is_refused(key: str, tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="everybody knows"):
        made(tmp_path, key)
    path = tmp_path / "by_hand"
    path.touch(0o600)
    path.write_text(key)
    with pytest.raises(KeyRefused, match="everybody knows"):
        read(path)


@pytest.mark.parametrize("text", ["", "zz" * 16, KEY[:-2], KEY + "00", "\0" * 40, "é" * 16])
def test_a_file_without_a_key_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o600)
    path.write_text(text)
    with pytest.raises(KeyRefused, match="holds no key"):
        read(path)


class Watched:
    """A lock that tells when somebody has to wait for it."""

    def __init__(self, on_wait: threading.Event) -> None:
        self._lock = threading.Lock()
        self._on_wait = on_wait

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._on_wait.set()
            assert self._lock.acquire(timeout=LIMIT_S)

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class Stalling(KeyFile):
    """The card in the slot takes its time: whoever writes does not come back until `go_on`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.moved = threading.Event()  # somebody is writing, or waits for their turn
        self.go_on = threading.Event()
        self._turn = Watched(self.moved)

    def _sync_folder(self) -> None:
        self.moved.set()
        assert self.go_on.wait(LIMIT_S)
        super()._sync_folder()


def test_a_write_that_nobody_waits_for_any_more_ends_before_the_next_one(tmp_path: Path) -> None:
    """A key that was rolled over too late is committed; the next one, pending meanwhile, must not be what is."""
    made(tmp_path).put_pending(bytes.fromhex(OTHER_KEY))
    keys = Stalling(tmp_path / "reader.key")
    with ThreadPoolExecutor(2) as pool:
        try:
            committing = pool.submit(keys.commit)
            assert keys.moved.wait(LIMIT_S)
            keys.moved.clear()
            putting = pool.submit(keys.put_pending, bytes.fromhex(THIRD_KEY))
            assert keys.moved.wait(LIMIT_S)
            assert not keys.pending_path.exists()
        finally:
            keys.go_on.set()
        committing.result(LIMIT_S)
        putting.result(LIMIT_S)
    assert keys.load() == (bytes.fromhex(OTHER_KEY), bytes.fromhex(THIRD_KEY))


class Overtaken(KeyFile):
    """Just before it looks at a file for the so many-th time, another process is done with its own change."""

    def __init__(self, path: Path, look: int, change: Callable[[], None]) -> None:
        super().__init__(path)
        self._looks = [change if number == look else None for number in range(4)]

    def __getattribute__(self, name: str) -> object:
        if name in ("path", "pending_path") and self._looks and (change := self._looks.pop(0)):
            change()
        return super().__getattribute__(name)


@pytest.mark.parametrize("look", [0, 1, 2])
def test_a_commit_between_two_looks_hides_no_key(look: int, tmp_path: Path) -> None:
    """The reader has the new key: to ask with the old one alone would be a reader that nobody can talk to."""
    other = made(tmp_path)
    other.put_pending(bytes.fromhex(OTHER_KEY))
    found = Overtaken(other.path, look, other.commit).load()
    assert found[-1] == bytes.fromhex(OTHER_KEY)
    assert len(set(found)) == len(found)


def test_a_key_is_rolled_over_and_the_old_one_is_gone(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        ours = rig.ours[1]
        assert await ours.driver.roll_key(10) == ""
        keys = KeyFile(tmp_path / "reader1.key").load()
        assert len(keys) == 1
        assert keys[0] != bytes.fromhex(KEY)
        assert rig.peer.commands(1, 5) == [{"command": 5, "type": 1, "data": keys[0].hex()}]
        await rig.presents(1)
        assert ours.lost == []
        assert ours.of(Untrusted) == []
        await ours.stop()
        again = Ours(config_of(tmp_path, rig.peer.port, 1), OsdpLines())
        await again.secure()
        assert await again.driver.roll_key(10) == "", "and once more"
        await again.stop()

    on_line(tmp_path, scenario)


@pytest.mark.attack("osdp-22")
@pytest.mark.parametrize(("has", "stays"), [(KEY, KEY), (OTHER_KEY, OTHER_KEY)])
def test_a_power_cut_in_a_roll_over_loses_no_key(has: str, stays: str, tmp_path: Path) -> None:
    """Both keys are on the disk, and the reader has either: before it heard of the new one, or after it took it."""
    keys = KeyFile(tmp_path / "reader1.key")
    keys.create(bytes.fromhex(KEY))
    keys.put_pending(bytes.fromhex(OTHER_KEY))

    async def scenario(rig: Rig) -> None:
        await rig.secure()
        await rig.presents(1)
        await rig.ours[1].until(lambda: len(keys.load()) == 1)
        assert keys.load() == (bytes.fromhex(stays),)
        assert rig.untrusted(1) == [], "a key that may be the reader's is no alarm"

    on_line(tmp_path, scenario, readers=[{"address": 1, "key": has}])


@pytest.mark.attack("osdp-23")
@pytest.mark.parametrize("after_ms", [0, 1, 3, 5, 8, 12, 20, 40])
def test_a_roll_over_that_is_broken_off_at_any_moment_leaves_a_reader_that_works(after_ms: int, tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        ours = rig.ours[1]
        rolling = asyncio.create_task(ours.driver.roll_key(10))
        await asyncio.sleep(after_ms / 1000)
        rolling.cancel()
        await asyncio.wait((rolling,))
        await ours.stop()
        again = Ours(config_of(tmp_path, rig.peer.port, 1), OsdpLines())
        rig.ours[1] = again
        await again.secure(15)
        await rig.presents(1)
        assert rig.untrusted(1) == []

    on_line(tmp_path, scenario)


def test_a_roll_over_without_a_channel_is_not_begun(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        assert await rig.ours[1].driver.roll_key(5) == "no_secure_channel"
        assert len(KeyFile(tmp_path / "reader1.key").load()) == 1

    on_line(tmp_path, scenario, readers=[{"address": 1, "key": OTHER_KEY}])


def test_a_roll_over_has_a_time_limit_and_the_old_key_stays_good(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.secure()
        rig.peer.order("cut", cut=True)
        assert await rig.ours[1].driver.roll_key(1) == "too_late"
        assert KeyFile(tmp_path / "reader1.key").load()[0] == bytes.fromhex(KEY)
        rig.peer.order("cut", cut=False)
        await rig.ours[1].until(lambda: len(rig.ours[1].lost) == 1 or rig.ours[1].driver.proven())
        await rig.secure(10)
        await rig.presents(1)

    on_line(tmp_path, scenario)


def test_installing_gives_a_new_reader_its_key_and_proves_it(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await ours.until(lambda: bool(ours.lost))
        assert await ours.driver.install(10) == ""
        assert rig.peer.commands(1, 5) == [{"command": 5, "type": 1, "data": KEY}]
        assert ours.driver.proven()
        await rig.presents(1)

    on_line(tmp_path, scenario, readers=[{"address": 1}])


def test_installing_one_reader_leaves_the_others_alone(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        await rig.ours[2].secure()
        installing = asyncio.create_task(rig.ours[1].driver.install(3))
        for _ in range(10):
            await rig.presents(2)
        assert rig.ours[2].lost == []
        assert await installing == "too_late"

    wrong = {"address": 1, "key": OTHER_KEY}
    on_line(tmp_path, scenario, readers=[wrong, {"address": 2, "key": KEY}])


def test_a_key_file_of_a_wrong_mode_is_the_readers_loss_in_words(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        ours = rig.ours[1]
        await ours.until(lambda: bool(ours.lost))
        assert "mode 0644" in ours.lost[0][1]
        (tmp_path / "reader1.key").chmod(0o600)
        await rig.secure()
        assert len(ours.lost) == 1

    made_key = KeyFile(tmp_path / "reader1.key")
    made_key.create(bytes.fromhex(KEY))
    made_key.path.chmod(0o644)
    on_line(tmp_path, scenario)
