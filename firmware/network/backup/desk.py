"""What the page asks the controller about backups, and the files that go through it: bounded, streamed, never read.

A backup is sealed before this process sees it. Its passphrase, and the claim code of the label, go through here to
the controller and are kept nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from http import HTTPStatus
from pathlib import Path

import msgspec

from firmware.backup.asks import (
    BACKUP_BYTES_MAX,
    AnyBackupAsk,
    Backups,
    DropBackup,
    LookIntoBackup,
    Made,
    TellBackups,
)
from firmware.network.errors import LinkError, NetworkError, NotSent
from firmware.network.forms import FormError
from firmware.network.link import Link
from firmware.network.uploads import Sent, TooLarge

PIECE_BYTES = 1 << 18
ROOM_BYTES = 64 << 20  # that stay free
LEAST_WORDS = frozenset(  # why the controller refuses; the page has a sentence for each
    {"busy", "too_many", "wrong_code", "code_wait", "not_seen", "not_allowed"}
)


class BackupRefusal(NetworkError):
    """Why it was not done. `word` is the key of the sentence that a person reads; `status` is that of the answer."""

    def __init__(self, word: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(word)
        self.word = word
        self.status = status


class BackupDesk:
    """Over the link to the controller. One file comes in at a time."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._taking = False

    async def told(self) -> Backups | None:
        """How it stands; None where the controller does not say."""
        try:
            answer = await self._link.ask(TellBackups())
            return msgspec.json.decode(answer.told, type=Backups)
        except (LinkError, msgspec.MsgspecError):
            return None

    async def ask(self, command: AnyBackupAsk) -> None:
        """Have it begun. Raises BackupRefusal."""
        try:
            answer = await self._link.ask(command)
        except LinkError as error:
            word = "backup_not_sent" if isinstance(error, NotSent) else "backup_not_known"
            raise BackupRefusal(word, HTTPStatus.SERVICE_UNAVAILABLE) from error
        if not answer.done:
            why = answer.reasons[0] if answer.reasons else ""
            status = HTTPStatus.FORBIDDEN if why in ("wrong_code", "code_wait") else HTTPStatus.CONFLICT
            raise BackupRefusal(f"backup_{why}" if why in LEAST_WORDS else "backup_not_allowed", status)

    async def look(self, upload: Sent, issuer: str, address: str) -> None:
        """Take a file into the handover, and have it looked into. Raises BackupRefusal, FormError."""
        if self._taking:
            raise BackupRefusal("backup_busy", HTTPStatus.CONFLICT)
        self._taking = True
        try:
            await self._look(upload, issuer, address)
        finally:
            self._taking = False

    async def _look(self, upload: Sent, issuer: str, address: str) -> None:
        upload.allow(BACKUP_BYTES_MAX)
        fields = await upload.begin()
        backups = await self.told()
        if backups is None:
            raise BackupRefusal("backup_not_sent", HTTPStatus.SERVICE_UNAVAILABLE)
        if backups.job is not None:
            raise BackupRefusal("backup_busy", HTTPStatus.CONFLICT)
        folder = Path(backups.folder)
        name = secrets.token_hex(16)
        try:
            await self._take(upload, folder, name)
            passphrase = fields.get("passphrase", ("",))[0]
            if not passphrase:
                raise BackupRefusal("backup_no_passphrase")
            await self.ask(LookIntoBackup(issuer=issuer, address=address, file=name, passphrase=passphrase))
        except BaseException:
            with contextlib.suppress(OSError):  # it was never made, or the controller has it
                (folder / name).unlink()
            raise

    async def _take(self, upload: Sent, folder: Path, name: str) -> None:
        try:
            if shutil.disk_usage(folder).free < upload.declared + ROOM_BYTES:
                raise BackupRefusal("backup_no_room", HTTPStatus.INSUFFICIENT_STORAGE)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(folder / name, flags, 0o640)
            try:
                taken = 0
                async for piece in upload.pieces():
                    await asyncio.to_thread(_write, descriptor, piece)
                    taken += len(piece)
            finally:
                await asyncio.to_thread(os.close, descriptor)
        except OSError as error:
            raise BackupRefusal("backup_no_room", HTTPStatus.INSUFFICIENT_STORAGE) from error
        except TooLarge as error:
            raise BackupRefusal("backup_too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE) from error
        if not taken:
            raise BackupRefusal("backup_no_file")

    async def drop(self, issuer: str, address: str) -> None:
        """Raises BackupRefusal."""
        await self.ask(DropBackup(issuer=issuer, address=address))

    @staticmethod
    async def pieces(folder: str, made: Made) -> AsyncIterator[bytes]:
        """The file that was made. Raises OSError where it is gone: then the browser says that it is not whole."""
        file = await asyncio.to_thread(open, Path(folder) / made.file, "rb")
        try:
            while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
                yield piece
        finally:
            file.close()


def _write(descriptor: int, piece: bytes) -> None:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]


async def refuse_rest(upload: Sent | None) -> None:
    """Whoever still sends does not read an answer: take what comes, within limits."""
    if upload is not None:
        with contextlib.suppress(FormError):  # it came badly, or no more comes
            await upload.drain()
