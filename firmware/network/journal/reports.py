"""The pages about the journal as a whole: counts, exports, and whether it is whole. For auditors and managers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.core.account_facts import Act
from firmware.journal import JournalDamaged, Row, SignedHead, head_of, newest_head, search
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import NotRecorded
from firmware.network.api.client import still
from firmware.network.journal.counts import DAY_MS, DAYS_MS_MAX, Counts, read_counts, window_of
from firmware.network.journal.desk import Expired, ReadingDesk
from firmware.network.journal.errors import NotReadable, NotUnderstood, PageError, TooMany
from firmware.network.journal.exporting import Wanted, archive
from firmware.network.journal.filters import Filter, filter_of, purpose_of
from firmware.network.journal.pages import journal_page, unrecorded
from firmware.network.journal.proving import Proving
from firmware.network.journal.showing import Telling
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.settings import Settings, zone_of

PROOF_REFRESH_S = 2
FORMS = ("jsonl", "csv")
HASH_DIGITS = 64


class Chain(NamedTuple):
    """The ends of the journal as it is now."""

    newest: Row | None
    oldest: Row | None
    head: SignedHead | None


class JournalReports:
    """What answers the routes of counts, exports and proofs."""

    def __init__(
        self,
        desk: ReadingDesk,
        live: Live,
        diary: Diary,
        rendering: Rendering,
        sessions: Sessions,
        settings: Settings,
    ) -> None:
        self._desk = desk
        self._live = live
        self._diary = diary
        self._rendering = rendering
        self._sessions = sessions
        self._settings = settings
        self._zone = zone_of(settings)
        self._now_s = asyncio.get_running_loop().time
        self.proving = Proving(desk, live)
        self._exporting = False

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "counts": self._counts,
            "export": self._export,
            "export_do": self._export_do,
            "chain": self._chain,
            "prove": self._prove,
        }

    # -- counts -------------------------------------------------------------------------------------------------------

    async def _counts(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        chosen = filter_of(asked.request.query_params, self._zone)
        counts: Counts | None = None
        error: PageError | None = None
        try:
            if chosen.wrong:
                raise chosen.wrong[0]
            window = window_of(chosen.since_ms, chosen.until_ms, self._utc_ms())
            counts = await self._desk.query(
                lambda path, expired: read_counts(path, window, chosen.portal, self._zone, expired)
            )
        except PageError as refused:
            error = refused
        names = dict(self._settings.portal_names)
        if chosen.portal is not None:
            names.setdefault(chosen.portal, chosen.portal)
        return self._html(
            asked,
            "journal_counts.html",
            error,
            query=asked.request.url.query,
            typed=chosen.typed,
            portals=list(names.items()),
            counts=counts,
            days_max=DAYS_MS_MAX // DAY_MS,
        )

    # -- export -------------------------------------------------------------------------------------------------------

    async def _export(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or self._export_page(asked, filter_of({}, self._zone))

    async def _export_do(self, asked: Asked) -> Response:
        """That it is made is committed first; then its first piece is made, so that what fails at once is said."""
        chosen = filter_of({name: asked.field(name) for name in asked.form}, self._zone)
        try:
            return await self.export(asked, _wanted(asked, chosen))
        except PageError as error:
            return self._export_page(asked, chosen, error)
        except NotRecorded as error:
            return self._export_page(asked, chosen, unrecorded(error))

    async def export(self, asked: Asked, wanted: Wanted) -> Response:
        """The export, as it is taken; one at a time. Raises PageError, NotRecorded."""
        path = self._desk.path
        if self._exporting:
            raise TooMany("journal_export_runs")
        self._exporting = True
        try:
            return await self._begun(asked, path, wanted)
        except BaseException:
            self._exporting = False
            raise

    async def _begun(self, asked: Asked, path: Path, wanted: Wanted) -> Response:
        await self._desk.long(lambda: search(path, limit=1))  # nothing is recorded of an export that cannot be made
        await self._diary.tell(
            Act.EXPORTED,
            issuer=asked.person.name,
            account="",
            address=asked.address,
            detail=wanted.said(),
            note=wanted.purpose,
        )
        utc_ms = self._utc_ms()
        stamp = "" if utc_ms is None else datetime.fromtimestamp(utc_ms // 1000, self._zone).strftime("-%Y%m%d-%H%M%S")
        pieces = archive(path, wanted, f"journal{stamp}.{wanted.form}", utc_ms, self._zone)
        first = await self._desk.long(lambda: next(pieces))
        return _Archive(self, asked.person, f"journal{stamp}.zip", first, pieces)

    async def send(self, session: Session, first: bytes, pieces: Iterator[bytes], receive: Receive, send: Send) -> None:
        """The pieces, for as long as somebody takes them and may have them."""
        gone = asyncio.create_task(_disconnected(receive))
        whole = False
        try:
            piece: bytes | None = first
            while piece is not None:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                if gone.done() or self._desk.closing or not still(self._sessions, session, self._now_s()):
                    return
                piece = await self._desk.long(lambda: next(pieces, None))
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            whole = True
        except NotReadable:
            return  # it is told below; without its end it is no archive, and a browser says so
        finally:
            gone.cancel()
            self._exporting = False
            if not whole:
                self._diary.note(Act.NOT_DONE, issuer=session.name, address=session.address, detail=Act.EXPORTED.value)

    def _export_page(self, asked: Asked, chosen: Filter, error: PageError | None = None) -> Response:
        return self._html(
            asked,
            "journal_export.html",
            error,
            typed=chosen.typed,
            form=asked.field("form"),
            bodies=bool(asked.field("bodies")),
            purpose=asked.field("purpose"),
        )

    # -- chain --------------------------------------------------------------------------------------------------------

    async def _chain(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._chain_page(asked)

    async def _prove(self, asked: Asked) -> Response:
        try:
            self.prove(asked, asked.field("head"))
        except PageError as error:
            return await self._chain_page(asked, error)
        return see("/journal/chain")

    def prove(self, asked: Asked, head: str) -> None:
        """Begin a proof, by a head from outside if one is given. Raises PageError."""
        typed = head.strip()
        self.proving.start(asked.person.name, _witness(typed) if typed else None)

    async def _chain_page(self, asked: Asked, error: PageError | None = None) -> Response:
        speaker = self._rendering.speaker(asked.request)
        telling = Telling(speaker)
        chain = Chain(None, None, None)
        try:
            chain = await self._desk.query(read_ends)
        except PageError as refused:
            error = error or refused
        last, proving = self.proving.last, self.proving
        by = ""
        state = ""
        if last is not None:
            time = speaker.words("time_unknown") if last.at_utc_ms is None else speaker.at(last.at_utc_ms)
            by = speaker.words("journal_proof_by", by=last.by, time=time, elapsed=speaker.words.elapsed(last.took_s))
            state = "failed" if last.verdict is None else "whole" if last.verdict.ok else "broken"
        done, total = proving.progress
        return self._html(
            asked,
            "journal_chain.html",
            error,
            newest=telling.rows([chain.newest])[0] if chain.newest is not None else None,
            oldest=telling.rows([chain.oldest])[0] if chain.oldest is not None else None,
            removed=_removed(chain.oldest),
            head=chain.head,
            head_at="" if chain.head is None or chain.head.utc_ms is None else speaker.at(chain.head.utc_ms),
            running=proving.running,
            done=done,
            total=total,
            refresh_s=PROOF_REFRESH_S,
            proof=[] if last is None else telling.proof(last),
            proof_by=by,
            proof_state=state,
            typed_head=asked.field("head"),
        )

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _html(
        self, asked: Asked, template: str, error: PageError | None, query: str = "", **values: object
    ) -> Response:
        path = asked.request.url.path + (f"?{query}" if query else "")
        return journal_page(self._rendering, asked, template, path, error, zone=self._settings.time_zone, **values)

    def _utc_ms(self) -> int | None:
        return self._live.utc_ms_at(self._now_s())


def read_ends(path: Path, expired: Expired) -> Chain:
    """Blocks. Raises JournalError, OSError."""
    newest = search(path, limit=1, expired=expired)
    oldest = search(path, limit=1, oldest=True, expired=expired)
    return Chain(newest[0] if newest else None, oldest[0] if oldest else None, newest_head(path))


def _removed(oldest: Row | None) -> str:
    """The last row that retention removed; empty for none."""
    return "" if oldest is None or oldest.seq == 1 else f"{oldest.epoch}:{oldest.seq - 1}"


def _wanted(asked: Asked, chosen: Filter) -> Wanted:
    """Raises NotUnderstood."""
    if chosen.wrong:
        raise chosen.wrong[0]
    return wanted_of(asked.field("form"), chosen, bool(asked.field("bodies")), asked.field("purpose"))


def wanted_of(form: str, chosen: Filter, bodies: bool, why: str) -> Wanted:
    """What is to be exported; bodies for a purpose only. Raises NotUnderstood."""
    if form not in FORMS:
        raise NotUnderstood("journal_bad_form")
    purpose = purpose_of(why) if bodies or why.strip() else ""
    return Wanted(form, chosen.since_ms, chosen.until_ms, bodies, purpose)


def _witness(typed: str) -> SignedHead:
    """Raises NotUnderstood."""
    try:
        head = head_of(typed.encode("utf-8", "replace"), "what was pasted")
        whole = len(bytes.fromhex(head.hash)) * 2 == HASH_DIGITS
    except (JournalDamaged, ValueError):
        whole = False
    if not whole:
        raise NotUnderstood("journal_bad_witness")
    return head


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Archive(Response):
    """A download that is made while it is taken."""

    def __init__(
        self, reports: JournalReports, session: Session, name: str, first: bytes, pieces: Iterator[bytes]
    ) -> None:
        super().__init__(media_type="application/zip")
        del self.headers["content-length"]
        self.headers["content-disposition"] = f'attachment; filename="{name}"'
        self._reports, self._session = reports, session
        self._first, self._pieces = first, pieces

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await self._reports.send(self._session, self._first, self._pieces, receive, send)
