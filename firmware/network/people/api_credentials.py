"""Credentials and PINs by the API: asked of the same desk, with the same questions, as the pages of credentials."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.speaking import answer, body_of, missing, part_of
from firmware.network.people import api_credential_words as api
from firmware.network.people.api_front import ApiFront
from firmware.network.people.api_sheets import credential_of
from firmware.network.people.api_tellings import credential_at
from firmware.network.people.api_told import codes, reasons_text, short_part, typed_time
from firmware.network.people.front import Front
from firmware.network.people.job_told import JobTold
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import (
    AddCredential,
    AskChoices,
    Choices,
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


class ApiCredentials:
    """What answers the API's routes of credentials, PINs and readers."""

    def __init__(self, api_front: ApiFront, front: Front) -> None:
        self._api = api_front
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api credential give": self._give,
            "api credential enrol": self._enrol,
            "api credential": self._credential,
            "api credential put": self._put,
            "api credential remove": self._remove,
            "api credential take back": self._take_back,
            "api pin give": self._give_pin,
            "api pin drop": self._drop_pin,
            "api readers": self._readers,
        }

    async def _give(self, asked: Asked) -> Response:
        """As it is typed, or a code that is made. What came of it at the gate is said beside it."""
        body = body_of(asked, api.CredentialNew)
        typed = {"key": body.key, "format": body.format, **_validity(body)}
        question = AddCredential(
            holder=part_of(asked, "holder"), kind=body.kind, fields=typed, at_once=body.at_once, why=body.why
        )
        edited = await self._api.ask(Edited, question, asked)
        given = api.CredentialGiven(
            holder=edited.id,
            ref=edited.ref,
            revision=edited.batch,
            at_gate=edited.at_gate,
            reasons=codes(edited.reasons),
            reasons_text=reasons_text(self._front.speaker(asked), edited.reasons),
            code=edited.code,
        )
        return answer(given, HTTPStatus.CREATED, {"location": credential_at(edited.id, edited.ref)})

    async def _enrol(self, asked: Asked) -> Response:
        """A reader waits for it now."""
        body = body_of(asked, api.CredentialAtReader)
        question = EnrolAtReader(
            holder=part_of(asked, "holder"),
            reader=body.reader,
            kind=body.kind,
            seconds=body.seconds,
            replaces=body.replaces,
            why=body.why,
        )
        return await self._api.start(question, asked)

    async def _credential(self, asked: Asked) -> Response:
        holder, ref = part_of(asked, "holder"), short_part(asked, "ref")
        sheet = await self._api.ask(HolderSheet, LookAtHolder(holder=holder, ref=ref), asked)
        row = next((row for row in sheet.credentials if row.ref == ref), None)
        if row is None:
            raise missing()
        return answer(api.CredentialSheet(sheet.id, sheet.revision, credential_of(self._front.speaker(asked), row)))

    async def _put(self, asked: Asked) -> Response:
        body = body_of(asked, api.CredentialPut)
        return await self._edit(asked, _question(asked, body.revision, _validity(body), body.why))

    async def _remove(self, asked: Asked) -> Response:
        body = body_of(asked, api.CredentialRemove)
        question = _question(asked, body.revision, {}, body.why)
        return await self._edit(asked, msgspec.structs.replace(question, remove=True))

    async def _edit(self, asked: Asked, question: EditCredential) -> Response:
        """The revision that is told is the newest now: what was seen, where nothing had to be changed."""
        edited = await self._api.ask(Edited, question, asked)
        changed = edited.batch > 0
        return answer(api.CredentialKept(edited.id, edited.batch if changed else question.revision, changed))

    async def _take_back(self, asked: Asked) -> Response:
        body = body_of(asked, api.TakingBack)
        question = TakeBack(holder=part_of(asked, "holder"), entry=body.entry, ref=short_part(asked, "ref"))
        edited = await self._api.ask(Edited, question, asked)
        return answer(api.TakenBack(edited.id, edited.at_gate, edited.batch > 0))

    # -- PINs ---------------------------------------------------------------------------------------------------------

    async def _give_pin(self, asked: Asked) -> Response:
        """It is told in this answer, and stands nowhere."""
        body = body_of(asked, api.PinNew)
        question = GivePin(holder=part_of(asked, "holder"), use=body.use, digits=body.digits, why=body.why)
        given = await self._api.ask(PinGiven, question, asked)
        return answer(api.PinShown(given.holder, body.use, given.digits))

    async def _drop_pin(self, asked: Asked) -> Response:
        body = body_of(asked, api.PinDrop)
        question = DropPin(holder=part_of(asked, "holder"), use=body.use, why=body.why)
        edited = await self._api.ask(Edited, question, asked)
        return answer(api.PinDropped(edited.id, edited.batch, edited.batch > 0))

    # -- readers ------------------------------------------------------------------------------------------------------

    async def _readers(self, asked: Asked) -> Response:
        choices = await self._api.ask(Choices, AskChoices(), asked)
        portals = self._front.settings.reader_portals
        readers = (api.EnrolReader(id, name, portals.get(id, "")) for id, name in self._front.readers(choices.readers))
        return answer(api.EnrolReaders(tuple(readers), choices.formats))


def _question(asked: Asked, revision: int, fields: dict[str, str], why: str) -> EditCredential:
    return EditCredential(
        holder=part_of(asked, "holder"), ref=short_part(asked, "ref"), revision=revision, fields=fields, why=why
    )


def _validity(body: api.CredentialNew | api.CredentialPut) -> dict[str, str]:
    """All that is kept beside the key, as forms have it."""
    return {
        "status": body.status,
        "valid_from": typed_time(body.valid_from, "valid_from"),
        "valid_until": typed_time(body.valid_until, "valid_until"),
        "use_limit": "" if body.use_limit is None else str(body.use_limit),
        "printed": body.printed,
    }


CREDENTIAL_OPERATIONS: dict[str, Operation] = {
    "api credential give": Operation(
        api.CredentialGiven,
        body=api.CredentialNew,
        status=HTTPStatus.CREATED,
        once=True,
        located=True,
        problems=CHANGED,
    ),
    "api credential enrol": Operation(
        JobTold, body=api.CredentialAtReader, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED
    ),
    "api credential": Operation(api.CredentialSheet, problems=CHANGED),
    "api credential put": Operation(api.CredentialKept, body=api.CredentialPut, problems=CHANGED),
    "api credential remove": Operation(api.CredentialKept, body=api.CredentialRemove, problems=CHANGED),
    "api credential take back": Operation(api.TakenBack, body=api.TakingBack, problems=CHANGED),
    "api pin give": Operation(api.PinShown, body=api.PinNew, once=True, problems=CHANGED),
    "api pin drop": Operation(api.PinDropped, body=api.PinDrop, problems=CHANGED),
    "api readers": Operation(api.EnrolReaders, problems=CHANGED),
}
