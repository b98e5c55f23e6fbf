"""Backups by the API: how it stands, one made and taken, one proven; and, for whoever has logged in, one put back.

A program may make, take and prove backups, with the claim code of the label as everybody. What replaces accounts, or
takes the way back away, is a person's: it would outlive the right that the program's token stands by.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.backup.asks import (
    AnyBackupAsk,
    Backups,
    ForgetRestored,
    Job,
    Kind,
    MakeBackup,
    RestoreBackup,
    UndoRestore,
)
from firmware.network.accounts.errors import Refused
from firmware.network.accounts.passphrase import checked
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import BINARY_TYPE, CHANGED, READ, Header, Operation
from firmware.network.api.problems import OF_STATUS
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import answer, body_of, header_of
from firmware.network.backup import api_state as shapes
from firmware.network.backup.desk import BackupDesk, BackupRefusal
from firmware.network.backup.file import FILE_TYPE, BackupFiles
from firmware.network.forms import FormError
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.filters import purpose_of
from firmware.network.rendering import Rendering
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings
from firmware.network.uploads import Body
from firmware.network.words import Words

PASSPHRASE_HEADER = "Backup-Passphrase"
AT = f"{API}/backup"
RETRY_S = 5
WAITS_S = {"backup_too_many": 300, "backup_code_wait": 60}
FIELDS = {"backup_wrong_code": "code", "backup_not_seen": "seen"}


class BackupApi:
    """What answers the API's routes of backups."""

    def __init__(self, desk: BackupDesk, files: BackupFiles, rendering: Rendering, settings: Settings) -> None:
        self._desk = desk
        self._files = files
        self._rendering = rendering
        self._settings = settings

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api backup": self._state,
            "api backup make": self._make,
            "api backup file": self._file,
            "api backup look": self._look,
            "api backup restore": self._restore,
            "api backup undo": self._undo,
            "api backup forget": self._forget,
            "api backup drop": self._drop,
        }

    async def _state(self, asked: Asked) -> Response:
        told = await self._desk.told()
        if told is None:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S)
        return answer(shapes.state_of(told, self._words(asked)))

    async def _make(self, asked: Asked) -> Response:
        told, person = body_of(asked, shapes.BackupMaking), asked.person
        names = (person.name, self._settings.site_name)
        try:
            passphrase = checked(told.passphrase, told.passphrase, *names)
        except Refused as error:
            raise self._not_taken(asked, error.word, "passphrase") from error
        making = MakeBackup(
            issuer=person.name,
            address=asked.address,
            why=self._why(asked, told.why),
            passphrase=passphrase,
            code=told.code,
        )
        return await self._begun(asked, making, "make")

    async def _file(self, asked: Asked) -> Response:
        body_of(asked, Nothing)
        try:
            return await self._files.answer(asked)
        except BackupRefusal as error:
            raise self._not_taken(asked, error.word) from error

    async def _look(self, asked: Asked) -> Response:
        assert isinstance(asked.upload, Body), "the table says that this route takes a file"
        passphrase = header_of(asked, PASSPHRASE_HEADER)
        if not passphrase:
            raise ApiError(HTTPStatus.BAD_REQUEST, "not_understood", PASSPHRASE_HEADER, allowed=(PASSPHRASE_HEADER,))
        asked.upload.about("", passphrase=passphrase)
        try:
            await self._desk.look(asked.upload, asked.person.name, asked.address)
        except BackupRefusal as error:
            raise self._refused(asked, error) from error
        except FormError as error:
            raise ApiError(error.status, OF_STATUS[error.status]) from error
        return await self._told(asked, "look")

    async def _restore(self, asked: Asked) -> Response:
        told = body_of(asked, shapes.BackupRestoring)
        restore = RestoreBackup(
            issuer=asked.person.name,
            address=asked.address,
            why=self._why(asked, told.why),
            seen=told.seen,
            passphrase=told.passphrase,
            code=told.code,
        )
        return await self._begun(asked, restore, "restore")

    async def _undo(self, asked: Asked) -> Response:
        told, name = body_of(asked, shapes.BackupUndoing), asked.person.name
        why = self._why(asked, told.why)
        undo = UndoRestore(issuer=name, address=asked.address, why=why, code=told.code)
        return await self._begun(asked, undo, "undo")

    async def _forget(self, asked: Asked) -> Response:
        told, name = body_of(asked, shapes.BackupForgetting), asked.person.name
        why = self._why(asked, told.why)
        forget = ForgetRestored(issuer=name, address=asked.address, why=why, code=told.code)
        return await self._begun(asked, forget, "forget")

    async def _drop(self, asked: Asked) -> Response:
        try:
            await self._desk.drop(asked.person.name, asked.address)
        except BackupRefusal as error:
            raise self._refused(asked, error) from error
        return Response(status_code=HTTPStatus.NO_CONTENT)

    # -- what they share ----------------------------------------------------------------------------------------------

    def _words(self, asked: Asked) -> Words:
        return self._rendering.speaker(asked.request).words

    async def _begun(self, asked: Asked, command: AnyBackupAsk, kind: Kind) -> Response:
        try:
            await self._desk.ask(command)
        except BackupRefusal as error:
            raise self._refused(asked, error) from error
        return await self._told(asked, kind)

    async def _told(self, asked: Asked, kind: Kind) -> Response:
        """It is begun, whatever comes of it: also where the controller does not say so any more."""
        told = await self._desk.told() or Backups("", job=Job(kind, asked.person.name))
        return answer(shapes.state_of(told, self._words(asked)), HTTPStatus.ACCEPTED, {"location": AT})

    def _why(self, asked: Asked, typed: str) -> str:
        """Raises ApiError."""
        try:
            return purpose_of(typed)
        except NotUnderstood as error:
            text = self._words(asked)(error.word, **error.named)
            more: dict[str, object] = {"reasons": (error.word,), "field": "why"}
            raise ApiError(HTTPStatus.CONFLICT, "not_taken", text, more=more) from error

    def _refused(self, asked: Asked, error: BackupRefusal) -> ApiError:
        text = self._words(asked)(error.word)
        if error.word == "backup_not_known":
            return ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, text)
        if error.status is HTTPStatus.SERVICE_UNAVAILABLE:
            return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", text, retry_s=RETRY_S)
        if error.status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ApiError(error.status, "too_large", text)
        if error.word in WAITS_S:
            return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", text, retry_s=WAITS_S[error.word])
        return self._not_taken(asked, error.word, FIELDS.get(error.word, ""))

    def _not_taken(self, asked: Asked, word: str, field: str = "") -> ApiError:
        words = self._words(asked)
        following = words(f"{word}_next", wait="") if words.has(f"{word}_next") else ""
        text = " ".join(filter(None, (words(word), following)))
        return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (word,), "field": field})


_BEGUN = Operation(shapes.BackupState, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED)
BACKUP_OPERATIONS: dict[str, Operation] = {
    "api backup": Operation(shapes.BackupState, problems=READ),
    "api backup make": _BEGUN._replace(body=shapes.BackupMaking),
    "api backup file": Operation(None, body=Nothing, media=FILE_TYPE, problems=(HTTPStatus.CONFLICT,)),
    "api backup look": _BEGUN._replace(file=(BINARY_TYPE,), headers=(Header(PASSPHRASE_HEADER, required=True),)),
    "api backup restore": _BEGUN._replace(body=shapes.BackupRestoring),
    "api backup undo": _BEGUN._replace(body=shapes.BackupUndoing),
    "api backup forget": _BEGUN._replace(body=shapes.BackupForgetting),
    "api backup drop": Operation(None, status=HTTPStatus.NO_CONTENT, problems=CHANGED),
}
