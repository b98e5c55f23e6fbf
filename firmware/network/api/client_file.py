"""The file of clients: JSON, for its owner only, replaced as a whole and durable before it counts. No token is in it.

A file that is damaged, newer than this program or open to others is refused with what to do, and never overwritten.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import msgspec

from firmware.network.accounts.account import NAME_CHARACTERS_MAX, folded
from firmware.network.accounts.errors import StoreError
from firmware.network.api.client import Client

FILE_NAME = "clients.json"
VERSION = 1
CLIENTS_MAX = 32
FILE_BYTES_MAX = 64 << 10
_ADVICE = "Move it away and give each client a new token."


class _File(msgspec.Struct, frozen=True):
    version: int
    clients: tuple[Client, ...] = ()


class ClientFile:
    """The clients in a folder. All methods block."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._seen: tuple[int, int] | None = None

    @property
    def changed(self) -> bool:
        """Whether it is another file than the one loaded or saved last: somebody was revoked at the console."""
        return self._mark() != self._seen

    def _mark(self) -> tuple[int, int] | None:
        try:
            status = self.path.lstat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns

    def load(self) -> dict[str, Client]:
        """All clients by their folded names; none where there is no file. Raises StoreError."""
        self._seen = self._mark()
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise StoreError(f"{self.path} cannot be read: {error.strerror}. {_ADVICE}") from error
        with open(descriptor, "rb") as file:
            self._check(os.fstat(file.fileno()))
            content = file.read(FILE_BYTES_MAX)
        try:
            kept = msgspec.json.decode(content, type=_File)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise StoreError(f"{self.path} is damaged. {_ADVICE}") from error
        if kept.version != VERSION:
            raise StoreError(f"{self.path} has format {kept.version}; this Menshen knows {VERSION}. {_ADVICE}")
        clients = {folded(client.name): client for client in kept.clients}
        if len(clients) != len(kept.clients) or len(clients) > CLIENTS_MAX or not all(map(_sound, kept.clients)):
            raise StoreError(f"{self.path} is no file of clients of this program. {_ADVICE}")
        return clients

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES_MAX:
            raise StoreError(f"{self.path} is no file of clients of this program. {_ADVICE}")
        if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise StoreError(f"{self.path} belongs to user {status.st_uid}, not to {os.geteuid()}. Chown it.")
        if status.st_mode & 0o077:
            raise StoreError(
                f"{self.path} has mode {stat.S_IMODE(status.st_mode):04o}: others can read it. Run chmod 0600."
            )

    def save(self, clients: Mapping[str, Client]) -> None:
        """All clients in place of those in the file. Raises StoreError, also where it was changed since it was read."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(folder, fcntl.LOCK_EX)  # the page and `menshen account` take turns; it ends with the file
                if self.changed:
                    raise StoreError(f"{self.path} was replaced meanwhile: try again.", "changed_meanwhile")
                self._replace(clients)
                os.fsync(folder)
                self._seen = self._mark()
            finally:
                os.close(folder)
        except StoreError:
            raise
        except OSError as error:
            raise StoreError(f"{self.path} cannot be written: {error}. Look at the disk.", "not_saved") from error

    def _replace(self, clients: Mapping[str, Client]) -> None:
        aside = self.path.with_name(FILE_NAME + ".new")
        with contextlib.suppress(FileNotFoundError):
            aside.unlink()
        owner = self.path.parent.stat()
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)  # `menshen account` as root, for the process
            file.write(msgspec.json.encode(_File(VERSION, tuple(clients.values()))))
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self.path)


def _sound(client: Client) -> bool:
    return 0 < len(client.name) <= NAME_CHARACTERS_MAX and len(client.digest) == 32
