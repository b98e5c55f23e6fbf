"""The keys of OSDP readers: a file a reader, mode 0600, owned by whoever runs this; never in the configuration.

A new key stands beside the old one (`FILE.pending`) from before the reader hears of it until the reader has proven one
of the two, so that a power cut in between loses neither.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

KEY_BYTES = 16  # AES-128
MODE = 0o600
TEXT_BYTES_MAX = 256  # of a file: more is none of ours
PENDING = ".pending"
DEFAULT_KEY = bytes(range(0x30, 0x40))  # SCBK-D, which stands in the standard

# Repeats and plain sequences: what test keys look like, and what is tried first.
_STEPS_WEAK = (0x00, 0x01, 0x10, 0x11, 0xFF)


class KeyRefused(Exception):
    """A key cannot be used: which file, and what to do."""


class NoKey(KeyRefused):
    """There is no file."""


class KeyFile:
    """One reader's keys. Everything here waits for the disk: call it beside the event loop.

    One thing at a time: who gave up waiting for a write has not ended it, and the next one must come after it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pending_path = path.with_name(path.name + PENDING)
        self._turn = threading.Lock()

    def load(self) -> tuple[bytes, ...]:
        """The key, and after it the pending one where there is one. Raises KeyRefused.

        The pending one is read first: when another process commits it between the two, it is found as the key.
        """
        with self._turn:
            try:
                pending = read(self.pending_path)
            except NoKey:
                return (read(self.path),)
            key = read(self.path)
            return (key,) if key == pending else (key, pending)

    def create(self, key: bytes | None = None) -> None:
        """The first key of a reader: random, or given. Raises KeyRefused where there is one already."""
        with self._turn:
            if self.path.exists() or self.pending_path.exists():
                raise KeyRefused(f"{self.path}: there is a key already. Roll it over, or take the file away first")
            self._put(self.path, new_key() if key is None else key)

    def put_pending(self, key: bytes) -> None:
        """Durable before this returns. Raises KeyRefused."""
        with self._turn:
            self._put(self.pending_path, key)

    def commit(self) -> None:
        """The pending key is the reader's: the old one goes. Raises KeyRefused."""
        with self._turn, self._said(self.path):
            os.replace(self.pending_path, self.path)
            self._sync_folder()

    def drop_pending(self) -> None:
        """The reader has proven the old key since: the pending one was never taken. Raises KeyRefused."""
        with self._turn, self._said(self.pending_path):
            self.pending_path.unlink(missing_ok=True)
            self._sync_folder()

    def _put(self, path: Path, key: bytes) -> None:
        check_key(key, str(path))
        aside = path.with_name(path.name + ".new")
        with self._said(path):
            aside.unlink(missing_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, MODE)
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(descriptor, MODE)
                file.write(key.hex().encode() + b"\n")
                file.flush()
                os.fsync(descriptor)
            os.replace(aside, path)
            self._sync_folder()

    def _sync_folder(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def _said(self, path: Path) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise KeyRefused(f"{path}: {error.strerror}. Keys are kept there: make its folder one of ours") from error


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def read(path: Path) -> bytes:
    """The key in a file. Raises KeyRefused, with what to do, for a file that anybody else could read or change."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise NoKey(f"{path}: there is no key. Make one with `menshen osdp new-key`") from None
    except OSError as error:
        raise KeyRefused(f"{path}: {error.strerror}. A key is a plain file of ours") from error
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise KeyRefused(f"{path} is no plain file")
        if stat.S_IMODE(found.st_mode) != MODE:
            mode = stat.S_IMODE(found.st_mode)
            raise KeyRefused(f"{path} has mode {mode:04o}: others may know this key. Make a new one, mode 0600")
        if found.st_uid != os.geteuid():
            raise KeyRefused(f"{path} belongs to user {found.st_uid}, and we are {os.geteuid()}: chown it")
        text = os.read(descriptor, TEXT_BYTES_MAX).strip()
    finally:
        os.close(descriptor)
    try:
        key = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        key = b""
    check_key(key, str(path))
    return key


def check_key(key: bytes, where: str) -> None:
    """Raises KeyRefused for what is no key, or one that everybody knows."""
    if len(key) != KEY_BYTES:
        raise KeyRefused(f"{where} holds no key: a key is {2 * KEY_BYTES} hexadecimal digits")
    steps = {(after - before) & 0xFF for before, after in itertools.pairwise(key)}
    if key == DEFAULT_KEY or (len(steps) == 1 and steps <= set(_STEPS_WEAK)):
        raise KeyRefused(f"{where} holds a key that everybody knows. Make one with `menshen osdp new-key`")
