"""The page about backups: make one and take it, look into one, put it back, and what a factory reset is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.responses import JSONResponse, Response, StreamingResponse

from firmware.backup.asks import Backups, Looked, MakeBackup, RestoreBackup, UndoRestore
from firmware.backup.contents import NAMED, WITHOUT, Contents
from firmware.network.accounts.errors import Refused
from firmware.network.accounts.passphrase import checked
from firmware.network.backup.desk import BackupDesk, BackupRefusal, refuse_rest
from firmware.network.forms import FormError
from firmware.network.journal.errors import NotUnderstood
from firmware.network.journal.filters import purpose_of
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.settings import Settings, zone_of
from firmware.network.view import Speaker
from firmware.texts import texts

REFRESH_S = 5  # without script, while something is done
PATH = "/backup"
RESET_WITHIN_S = 60  # controller/reset_button.py: BEGUN_S_MAX
RESET_HELD_S = (10, 20)  # and HELD_S
MIB = 1 << 20


class BackupPages:
    """What answers the routes about backups."""

    def __init__(
        self, desk: BackupDesk, live: Live, rendering: Rendering, sessions: Sessions, settings: Settings
    ) -> None:
        self._desk = desk
        self._live = live
        self._rendering = rendering
        self._sessions = sessions
        self._settings = settings
        self._zone = zone_of(settings)
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "backup": self._backup,
            "backup_state": self._state,
            "backup_make": self._make,
            "backup_file": self._file,
            "backup_look": self._look,
            "backup_restore": self._restore,
            "backup_undo": self._undo,
            "backup_drop": self._drop,
        }

    async def _backup(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._page(asked)

    async def _state(self, _: Asked) -> Response:
        """For the page's script: what is done, and how far it is."""
        told = await self._desk.told()
        job = None if told is None else told.job
        done, total = (0, 0) if job is None else (job.done, job.total)
        said = {
            "known": told is not None,
            "job": "" if job is None else f"{job.kind} {job.stage}",
            "done": done,
            "total": total,
        }
        return JSONResponse(said)

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

    async def _drop(self, asked: Asked) -> Response:
        try:
            await self._desk.drop(asked.person.name, asked.address)
        except BackupRefusal as error:
            return await self._page(asked, error)
        return see(PATH)

    async def _file(self, asked: Asked) -> Response:
        """The backup, to be kept somewhere else."""
        told = await self._desk.told()
        if told is None or told.made is None:
            return await self._page(asked, BackupRefusal("backup_gone", HTTPStatus.GONE))
        pieces = self._desk.pieces(told.folder, told.made)
        try:
            first = await anext(pieces)
        except (OSError, StopAsyncIteration):
            return await self._page(asked, BackupRefusal("backup_gone", HTTPStatus.GONE))
        at = self._speaker(asked).at(told.made.contents.made_s * 1000)
        stamp = "".join(letter if letter.isalnum() else "-" for letter in at)
        name = f"menshen-{self._settings.site or 'gate'}-{stamp}.backup"
        headers = {
            "content-disposition": f'attachment; filename="{name}"',
            "content-length": str(told.made.bytes),
        }
        body = self._while_allowed(asked.person, first, pieces)
        return StreamingResponse(body, media_type="application/octet-stream", headers=headers)

    async def _while_allowed(
        self, session: Session, first: bytes, pieces: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            if not self._sessions.use(session, self._now_s()):
                return
            yield piece

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
            job_text=_job_text(told, speaker),
            made=None if told is None or told.made is None else self._contents(told.made.contents, speaker),
            made_size="" if told is None or told.made is None else size_text(told.made.bytes),
            looked=None if told is None or told.looked is None else self._looked(told.looked, speaker),
            failed=self._failed(told, speaker),
            last=self._last(told, speaker),
            without=_without(speaker),
            reset_button=self._settings.reset_input,
            reset_within_s=RESET_WITHIN_S,
            reset_held_s=RESET_HELD_S,
            running=None if uptime_ms is None else words.elapsed(uptime_ms / 1000),
            refresh_s=REFRESH_S,
        )

    def _contents(self, contents: Contents, speaker: Speaker) -> dict[str, object]:
        """What is in a backup, as people read it."""
        said = texts(speaker.words.language)
        rows = []
        for part in contents.parts:
            counts = [said.say(f"backup.count.{what}", count=count) for what, count in part.counts.items() if count]
            name = part.name if part.kind == NAMED else speaker.words("list_separator").join(counts)
            rows.append((said.say(f"backup.part.{part.kind}"), name, size_text(part.bytes)))
        return {
            "site": contents.site_name or contents.site,
            "made": speaker.at(contents.made_s * 1000),
            "version": contents.menshen,
            "controller": contents.controller,
            "rows": rows,
        }

    def _looked(self, looked: Looked, speaker: Speaker) -> dict[str, object]:
        said = texts(speaker.words.language)
        return {
            **self._contents(looked.contents, speaker),
            "sha256": looked.sha256,
            "changes": [(said.say(f"backup.change.{change}"), file) for change, file in looked.changes],
            "left": looked.changes_left,
            "notes": [said.say(f"backup.note.{name}", **values) for name, values in looked.notes],
        }

    def _failed(self, told: Backups | None, speaker: Speaker) -> dict[str, object] | None:
        if told is None or told.failed is None:
            return None
        words = speaker.words
        word = f"backup_failed_{told.failed.why}"
        word = word if words.has(word) else "backup_failed_failed"
        kind = words(f"backup_not_{told.failed.kind}")
        return {"kind": kind, "why": words(word), "next": words(f"{word}_next"), "problems": told.failed.problems}

    def _last(self, told: Backups | None, speaker: Speaker) -> dict[str, object] | None:
        if told is None or told.last is None:
            return None
        last = told.last
        undone = last.code.endswith("undone")
        text = speaker.words(
            "backup_last_undone" if undone else "backup_last", by=last.by, at=speaker.at(last.at_s * 1000)
        )
        return {"text": text, "why": last.why}


def _job_text(told: Backups | None, speaker: Speaker) -> str:
    if told is None or told.job is None:
        return ""
    word = f"backup_doing_{told.job.kind}" if told.job.stage == "work" else "backup_doing_swap"
    return speaker.words(word, by=told.job.by)


def _without(speaker: Speaker) -> list[str]:
    said = texts(speaker.words.language)
    return [said.say(f"backup.without.{name}") for name in WITHOUT]


def size_text(count: int) -> str:
    """Bytes as people read them: 950 B, 12.3 kB, 4.1 MB."""
    size, unit = float(count), "B"
    for following in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size, unit = size / 1000, following
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
