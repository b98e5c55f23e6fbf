"""The credentials of a holder: present one at a reader, type one, give a PIN, make a code; change, replace, remove."""

from __future__ import annotations

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, address, code_picture, query, reasons, typed
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import (
    AddCredential,
    DropPin,
    EditCredential,
    Edited,
    EnrolAtReader,
    GivePin,
    HolderSheet,
    LookAtHolder,
    PinGiven,
    TakeBack,
)

VALIDITY = ("valid_from", "valid_until", "use_limit", "printed", "status")
GIVEN = ("kind", "key", "format", *VALIDITY, "reader", "seconds", "use")
SECONDS = (15, 30, 60, 120)


class CredentialPages:
    """What answers the routes of credentials."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "people_giving": self._giving,
            "people_give": self._give,
            "people_enrol": self._enrol,
            "people_take_back": self._take_back,
            "people_pin": self._pin,
            "people_pin_drop": self._drop_pin,
            "people_credential": self._credential,
            "people_credential_save": self._save,
        }

    async def _giving(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        return await self._give_page(asked, query(asked, "holder"), query(asked, "replaces", 16), None)

    async def _give_page(self, asked: Asked, id: str, replaces: str, error: PeopleSaid | None) -> Response:
        """All ways to give something."""
        try:
            sheet = await self._sheet(asked, id, replaces)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        return self._front.html(
            asked,
            "people_give.html",
            address("/people/give", holder=id, replaces=replaces),
            error,
            sheet=sheet,
            readers=self._front.readers(sheet.choices.readers),
            old=next((row for row in sheet.credentials if row.ref == replaces), None),
            replaces=replaces,
            seconds=SECONDS,
            fields=dict.fromkeys(GIVEN, "") | typed(asked, GIVEN),
            why=asked.field("why")[:200],
            at_once=asked.field("at_once") == "yes" if asked.form else True,
        )

    async def _sheet(self, asked: Asked, id: str, ref: str = "") -> HolderSheet:
        """With `ref`: of a fleet with thousands of credentials, that one."""
        return await self._front.ask(HolderSheet, LookAtHolder(holder=id, ref=ref), asked)

    async def _give(self, asked: Asked) -> Response:
        """As it is typed."""
        id = asked.field("holder")[:64]
        question = AddCredential(
            holder=id,
            kind=asked.field("kind")[:8],
            fields=typed(asked, ("key", "format", *VALIDITY)),
            at_once=asked.field("at_once") == "yes",
            why=asked.field("why")[:200],
        )
        try:
            edited = await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return await self._give_page(asked, id, "", error)
        if edited.code:
            return self._front.html(
                asked, "people_code.html", "", holder=id, edited=edited, picture=code_picture(edited.code)
            )
        if edited.reasons and not edited.at_gate:
            speaker = self._front.speaker(asked)
            return self._front.html(
                asked,
                "people_only_listed.html",
                address("/people/holder", id=id),
                holder=id,
                reasons=reasons(speaker, edited.reasons),
            )
        return see(address("/people/holder", id=id, done="credential"))

    async def _enrol(self, asked: Asked) -> Response:
        """A reader waits for it now."""
        id, replaces = asked.field("holder")[:64], asked.field("replaces")[:16]
        seconds = asked.field("seconds")
        question = EnrolAtReader(
            holder=id,
            reader=asked.field("reader")[:64],
            kind=asked.field("kind")[:8] or "card",
            seconds=int(seconds) if seconds in map(str, SECONDS) else SECONDS[1],
            replaces=replaces,
            why=asked.field("why")[:200],
        )
        try:
            return await self._front.start(question, asked, address("/people/holder", id=id))
        except PeopleSaid as error:
            return await self._give_page(asked, id, replaces, error)

    async def _take_back(self, asked: Asked) -> Response:
        id = asked.field("holder")[:64]
        question = TakeBack(holder=id, entry=asked.field("entry")[:16], ref=asked.field("ref")[:16])
        try:
            await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return self._front.failed(asked, error, address("/people/holder", id=id))
        return see(address("/people/holder", id=id, done="taken_back"))

    # -- PINs ---------------------------------------------------------------------------------------------------------

    async def _pin(self, asked: Asked) -> Response:
        """It is shown once, on the answer to the form: no address leads to it again."""
        id = asked.field("holder")[:64]
        question = GivePin(
            holder=id, use=asked.field("use")[:8], digits=asked.field("digits")[:16], why=asked.field("why")[:200]
        )
        try:
            given = await self._front.ask(PinGiven, question, asked)
        except PeopleSaid as error:
            return await self._give_page(asked, id, "", error)
        return self._front.html(asked, "people_pin.html", "", given=given)

    async def _drop_pin(self, asked: Asked) -> Response:
        id = asked.field("holder")[:64]
        try:
            await self._front.ask(Edited, DropPin(holder=id, use=asked.field("use")[:8]), asked)
        except PeopleSaid as error:
            return self._front.failed(asked, error, address("/people/holder", id=id))
        return see(address("/people/holder", id=id, done="pin_dropped"))

    # -- one credential -----------------------------------------------------------------------------------------------

    async def _credential(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._page(asked, query(asked, "holder"), query(asked, "ref", 16), None)

    async def _page(self, asked: Asked, id: str, ref: str, error: PeopleSaid | None) -> Response:
        try:
            sheet = await self._sheet(asked, id, ref)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        row = next((row for row in sheet.credentials if row.ref == ref), None)
        if row is None:
            return see(address("/people/holder", id=id))
        speaker = self._front.speaker(asked)

        def local(at_s: int | None) -> str:
            at = None if at_s is None else speaker.local(at_s * 1000)
            return "" if at is None else at.strftime("%Y-%m-%dT%H:%M")

        stands = {
            "valid_from": local(row.valid_from_s),
            "valid_until": local(row.valid_until_s),
            "use_limit": "" if row.use_limit is None else str(row.use_limit),
            "printed": row.printed,
            "status": row.status,
        }
        fields = stands if error is None else stands | typed(asked, VALIDITY)
        path = address("/people/credential", holder=id, ref=ref)
        return self._front.html(asked, "people_credential.html", path, error, sheet=sheet, row=row, fields=fields)

    async def _save(self, asked: Asked) -> Response:
        id, ref = asked.field("holder")[:64], asked.field("ref")[:16]
        removes, revision = asked.field("remove") == "yes", asked.field("revision")
        question = EditCredential(
            holder=id,
            ref=ref,
            revision=int(revision) if revision.isascii() and revision.isdecimal() and len(revision) <= 15 else 0,
            fields={} if removes else typed(asked, VALIDITY),
            remove=removes,
            why=asked.field("why")[:200],
        )
        try:
            await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return await self._page(asked, id, ref, error)
        return see(address("/people/holder", id=id, done="removed" if removes else "changed"))
