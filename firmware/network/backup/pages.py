"""The page about backups: make one and take it, look into one, put it back, and what a factory reset is."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.backup.asks import Backups, ForgetRestored, Looked, MakeBackup, RestoreBackup, UndoRestore
from firmware.backup.contents import Contents
from firmware.network.accounts.errors import Refused
from firmware.network.accounts.passphrase import checked
from firmware.network.backup.desk import BackupDesk, BackupRefusal, refuse_rest
from firmware.network.backup.file import BackupFiles
from firmware.network.backup.telling import (
    change_text,
    failed_text,
    job_text,
    note_text,
    part_text,
    without_texts,
)
from firmware.network.forms import FormError
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.filters import purpose_of
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings, zone_of
from firmware.network.uploads import SessionOver
from firmware.network.view import Speaker

REFRESH_S = 5  # without script, while something is done
PATH = "/backup"
RESET_WITHIN_S = 60  # controller/reset_button.py: BEGUN_S_MAX
RESET_HELD_S = (10, 20)  # and HELD_S
MIB = 1 << 20


class BackupPages:
    """What answers the routes about backups."""

    def __init__(
        self, desk: BackupDesk, files: BackupFiles, live: Live, rendering: Rendering, settings: Settings
    ) -> None:
        self._desk = desk
        self._files = files
        self._live = live
        self._rendering = rendering
        self._settings = settings
        self._zone = zone_of(settings)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "backup": self._backup,
            "backup_make": self._make,
            "backup_file": self._file,
            "backup_look": self._look,
            "backup_restore": self._restore,
            "backup_undo": self._undo,
            "backup_forget": self._forget,
            "backup_drop": self._drop,
        }

    async def _backup(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._page(asked)

    async def _make(self, asked: Asked) -> Response:
        person = asked.person
        try:
            names = (person.name, self._settings.site_name)
            passphrase = checked(asked.field("passphrase"), asked.field("again"), *names)
            why = purpose_of(asked.field("why"))
            made = MakeBackup(
                issuer=person.name,
                address=asked.address,
                why=why,
                passphrase=passphrase,
                code=asked.field("code")[:64],
            )
            await self._desk.ask(made)
        except (BackupRefusal, Refused, NotUnderstood) as error:
            return await self._page(asked, error, "make")
        return see(PATH)

    async def _look(self, asked: Asked) -> Response:
        assert asked.upload is not None, "the table says that this route takes a file"
        try:
            await self._desk.look(asked.upload, asked.person.name, asked.address)
        except BackupRefusal as error:
            await refuse_rest(asked.upload)
            return await self._page(asked, error, "look")
        except SessionOver:
            await refuse_rest(asked.upload)
            response = see("/login")
            response.headers["connection"] = "close"
            return response
        except FormError:
            await refuse_rest(asked.upload)
            return await self._page(asked, BackupRefusal("backup_no_file"), "look")
        return see(PATH)

    async def _restore(self, asked: Asked) -> Response:
        try:
            why = purpose_of(asked.field("why"))
            if asked.field("tick") != "yes":
                raise BackupRefusal("backup_no_tick")
            restore = RestoreBackup(
                issuer=asked.person.name,
                address=asked.address,
                why=why,
                seen=asked.field("seen")[:64],
                passphrase=asked.field("passphrase")[:1024],
                code=asked.field("code")[:64],
            )
            await self._desk.ask(restore)
        except (BackupRefusal, NotUnderstood) as error:
            return await self._page(asked, error, "restore")
        return see(PATH)

    async def _undo(self, asked: Asked) -> Response:
        try:
            why = purpose_of(asked.field("why"))
            if asked.field("tick") != "yes":
                raise BackupRefusal("backup_no_tick")
            undo = UndoRestore(issuer=asked.person.name, address=asked.address, why=why, code=asked.field("code")[:64])
            await self._desk.ask(undo)
        except (BackupRefusal, NotUnderstood) as error:
            return await self._page(asked, error, "undo")
        return see(PATH)

    async def _forget(self, asked: Asked) -> Response:
        try:
            why = purpose_of(asked.field("why"))
            if asked.field("tick") != "yes":
                raise BackupRefusal("backup_no_tick")
            person, code = asked.person, asked.field("code")[:64]
            await self._desk.ask(ForgetRestored(issuer=person.name, address=asked.address, why=why, code=code))
        except (BackupRefusal, NotUnderstood) as error:
            return await self._page(asked, error, "forget")
        return see(PATH)

    async def _drop(self, asked: Asked) -> Response:
        try:
            await self._desk.drop(asked.person.name, asked.address)
        except BackupRefusal as error:
            return await self._page(asked, error)
        return see(PATH)

    async def _file(self, asked: Asked) -> Response:
        """The backup, to be kept somewhere else."""
        try:
            return await self._files.answer(asked)
        except BackupRefusal as error:
            return await self._page(asked, error)

    # -- the page -----------------------------------------------------------------------------------------------------

    def _speaker(self, asked: Asked) -> Speaker:
        return self._rendering.speaker(asked.request)

    async def _page(
        self, asked: Asked, error: BackupRefusal | Refused | NotUnderstood | None = None, form: str = ""
    ) -> Response:
        """`form` is the one that was refused: what was typed stands in it still, but for what is secret."""
        told = await self._desk.told()
        speaker = self._speaker(asked)
        words = speaker.words
        said: tuple[str, ...] = ()
        status = HTTPStatus.OK
        if error is not None:
            following = f"{error.word}_next" if words.has(f"{error.word}_next") else "try_next"
            named = error.named if isinstance(error, NotUnderstood) else {}
            said = (words(error.word, **named), words(following, wait="", **named))
            status = error.status if isinstance(error, BackupRefusal) else HTTPStatus.BAD_REQUEST
        elif told is None:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        uptime_ms = None if self._live.health is None else self._live.health.uptime_ms
        return self._rendering.html(
            "backup.html",
            asked.request,
            asked.person,
            PATH,
            status,
            told=told,
            said=said,
            refused=form,
            why_typed=asked.field("why") if form else "",
            job_text="" if told is None else job_text(told.job, words),
            made=None if told is None or told.made is None else self._contents(told.made.contents, speaker),
            made_size="" if told is None or told.made is None else size_text(told.made.bytes),
            looked=None if told is None or told.looked is None else self._looked(told.looked, speaker),
            failed=self._failed(told, speaker),
            last=self._last(told, speaker),
            without=without_texts(words),
            reset_button=self._settings.reset_input,
            reset_within_s=RESET_WITHIN_S,
            reset_held_s=RESET_HELD_S,
            running=None if uptime_ms is None else words.elapsed(uptime_ms / 1000),
            refresh_s=REFRESH_S,
        )

    def _contents(self, contents: Contents, speaker: Speaker) -> dict[str, object]:
        """What is in a backup, as people read it."""
        rows = [(*part_text(part, speaker.words), size_text(part.bytes)) for part in contents.parts]
        return {
            "site": contents.site_name or contents.site,
            "made": speaker.at(contents.made_s * 1000),
            "version": contents.menshen,
            "controller": contents.controller,
            "rows": rows,
        }

    def _looked(self, looked: Looked, speaker: Speaker) -> dict[str, object]:
        words = speaker.words
        return {
            **self._contents(looked.contents, speaker),
            "sha256": looked.sha256,
            "changes": [(change_text(change, words), file) for change, file in looked.changes],
            "left": looked.changes_left,
            "notes": [note_text(name, values, words) for name, values in looked.notes],
        }

    def _failed(self, told: Backups | None, speaker: Speaker) -> dict[str, object] | None:
        if told is None or told.failed is None:
            return None
        text = failed_text(told.failed, speaker.words)
        return {"kind": text.what, "why": text.why, "next": text.following, "problems": told.failed.problems}

    def _last(self, told: Backups | None, speaker: Speaker) -> dict[str, object] | None:
        if told is None or told.last is None:
            return None
        last = told.last
        undone = last.code.endswith("undone")
        text = speaker.words(
            "backup_last_undone" if undone else "backup_last", by=last.by, at=speaker.at(last.at_s * 1000)
        )
        return {"text": text, "why": last.why}


def size_text(count: int) -> str:
    """Bytes as people read them: 950 B, 12.3 kB, 4.1 MB."""
    size, unit = float(count), "B"
    for following in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, following
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
