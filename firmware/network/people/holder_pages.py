"""One holder: who it is, what opens for it, what waits; add and change, suspend and lift, leave. And its household."""

from __future__ import annotations

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, address, query, typed
from firmware.network.people.gate_pages import bring_or_review
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import (
    AskChoices,
    Choices,
    Edited,
    EditHolder,
    EditHousehold,
    EndHolder,
    HolderSheet,
    HouseholdSheet,
    LiftHere,
    LocalRow,
    LookAtHolder,
    LookAtHousehold,
    SuspendHere,
)

FIELDS = ("name", "household", "phone", "relation", "note")
HOUSEHOLD_FIELDS = ("label", "spaces", "note")
BRING = "bring"  # the button that saves and brings it to the gate


def waits(sheet: HolderSheet) -> bool:
    """Whether something of it is to be brought to the gate yet."""
    return sheet.at_gate in ("waiting", "changed", "removed") or any(
        row.state in ("waiting", "changed", "removed", "enrolled") for row in sheet.credentials
    )


def whole(sheet: HolderSheet) -> LocalRow | None:
    """The local entry that refuses everything of it."""
    return next((row for row in sheet.local if row.kind == "suspend" and row.whole), None)


class HolderPages:
    """What answers the routes of holders and households."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "people_holder": self._holder,
            "people_new": self._new,
            "people_add": self._save,
            "people_edit": self._edit,
            "people_save": self._save,
            "people_household": self._household,
            "people_household_save": self._save_household,
            "people_suspending": self._suspending,
            "people_suspend": self._suspend,
            "people_lift": self._lift,
            "people_ending": self._ending,
            "people_end": self._end,
        }

    async def sheet(self, asked: Asked, holder: str) -> HolderSheet:
        """Raises PeopleSaid."""
        return await self._front.ask(HolderSheet, LookAtHolder(holder=holder), asked)

    async def _holder(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        return await self._sheet_page(asked, query(asked, "id"))

    async def _sheet_page(self, asked: Asked, id: str, error: PeopleSaid | None = None) -> Response:
        try:
            sheet = await self.sheet(asked, id)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        return self._front.html(
            asked,
            "people_holder.html",
            address("/people/holder", id=id),
            error,
            sheet=sheet,
            title=sheet.fields.get("name") or sheet.id,
            waits=waits(sheet),
            whole=whole(sheet),
            faces=self._front.settings.faces_on and bool(self._front.settings.face_cameras),
        )

    # -- add and change -----------------------------------------------------------------------------------------------

    async def _new(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._form(asked, None, {"household": query(asked, "household")})

    async def _edit(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        try:
            sheet = await self.sheet(asked, query(asked, "id"))
        except PeopleSaid as error:
            return self._front.failed(asked, error)
        fields = dict(sheet.fields)
        fields["household"] = sheet.label or sheet.fields.get("household", "")
        return await self._form(asked, sheet.id, fields, sheet.revision)

    async def _form(
        self,
        asked: Asked,
        id: str | None,
        fields: dict[str, str],
        revision: int = 0,
        error: PeopleSaid | None = None,
        chosen: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    ) -> Response:
        """The form, with all that was typed. `chosen`: profiles and flags that were ticked."""
        try:
            choices = await self._front.ask(Choices, AskChoices(), asked)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        profiles, flags = chosen or (_list(fields.get("profiles", "")), _list(fields.get("flags", "")))
        if id is None and chosen is None and len(choices.profiles) == 1:
            profiles = choices.profiles
        return self._front.html(
            asked,
            "people_form.html",
            address("/people/edit", id=id) if id else "/people/new",
            error,
            id=id,
            fields=dict.fromkeys(FIELDS, "") | fields,
            revision=revision,
            choices=choices,
            profiles=profiles,
            flags=flags,
            new_household=asked.field("new_household") == "yes",
            why=asked.field("why")[:200],
        )

    async def _save(self, asked: Asked) -> Response:
        """Add or change; with the other button it goes to the gate, too."""
        id = asked.field("id")[:64]
        fields = typed(asked, FIELDS)
        profiles, flags = asked.form.get("profile", ()), asked.form.get("flag", ())
        fields |= {"profiles": ";".join(profiles), "flags": ";".join(flags)}
        revision = _number(asked.field("revision"))
        try:
            edited = await self._front.ask(
                Edited,
                EditHolder(
                    holder=id,
                    revision=revision,
                    fields=fields,
                    new_household=asked.field("new_household") == "yes",
                    why=asked.field("why")[:200],
                ),
                asked,
            )
        except PeopleSaid as error:
            return await self._form(asked, id or None, fields, revision, error, (tuple(profiles), tuple(flags)))
        then = address("/people/holder", id=edited.id, done="changed" if id else "added")
        if asked.field("then") != BRING:
            return see(then)
        return await bring_or_review(self._front, asked, edited.id, then)

    # -- household ----------------------------------------------------------------------------------------------------

    async def _household(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._household_page(asked, query(asked, "id"), None)

    async def _household_page(self, asked: Asked, id: str, error: PeopleSaid | None) -> Response:
        try:
            sheet = await self._front.ask(HouseholdSheet, LookAtHousehold(household=id), asked)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        fields = sheet.fields if error is None else sheet.fields | typed(asked, HOUSEHOLD_FIELDS)
        path = address("/people/household", id=id)
        return self._front.html(asked, "people_household.html", path, error, sheet=sheet, fields=fields)

    async def _save_household(self, asked: Asked) -> Response:
        id, removes = asked.field("id")[:64], asked.field("remove") == "yes"
        question = EditHousehold(
            household=id,
            revision=_number(asked.field("revision")),
            fields={} if removes else typed(asked, HOUSEHOLD_FIELDS),
            remove=removes,
            why=asked.field("why")[:200],
        )
        try:
            await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return await self._household_page(asked, id, error)
        done = "removed" if removes else "changed"
        return see(address("/people", done=done) if removes else address("/people/household", id=id, done=done))

    # -- at the gate at once ------------------------------------------------------------------------------------------

    async def _suspending(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._suspend_page(asked, query(asked, "holder"), query(asked, "ref"), None)

    async def _suspend_page(self, asked: Asked, id: str, ref: str, error: PeopleSaid | None) -> Response:
        try:
            sheet = await self.sheet(asked, id)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        return self._front.html(
            asked,
            "people_suspend.html",
            address("/people/suspend", holder=id, ref=ref),
            error,
            sheet=sheet,
            row=next((row for row in sheet.credentials if row.ref == ref), None),
            ref=ref,
            until=asked.field("until")[:32],
            lost=asked.field("lost") == "yes",
            why=asked.field("why")[:200],
        )

    async def _suspend(self, asked: Asked) -> Response:
        id, ref = asked.field("holder")[:64], asked.field("ref")[:16]
        question = SuspendHere(
            holder=id,
            ref=ref,
            lost=asked.field("lost") == "yes",
            until=asked.field("until")[:32],
            why=asked.field("why")[:200],
        )
        try:
            await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return await self._suspend_page(asked, id, ref, error)
        return see(address("/people/holder", id=id, done="suspended"))

    async def _lift(self, asked: Asked) -> Response:
        id = asked.field("holder")[:64]
        try:
            await self._front.ask(Edited, LiftHere(holder=id, entry=asked.field("entry")[:16]), asked)
        except PeopleSaid as error:
            return await self._sheet_page(asked, id, error)
        return see(address("/people/holder", id=id, done="lifted"))

    async def _ending(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._end_page(asked, query(asked, "id"), None)

    async def _end_page(self, asked: Asked, id: str, error: PeopleSaid | None) -> Response:
        try:
            sheet = await self.sheet(asked, id)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing)
        return self._front.html(
            asked, "people_end.html", address("/people/end", id=id), error, sheet=sheet, why=asked.field("why")[:200]
        )

    async def _end(self, asked: Asked) -> Response:
        id = asked.field("id")[:64]
        question = EndHolder(
            holder=id,
            revision=_number(asked.field("revision")),
            remove=asked.field("remove") == "yes",
            why=asked.field("why")[:200],
        )
        try:
            edited = await self._front.ask(Edited, question, asked)
        except PeopleSaid as error:
            return await self._end_page(asked, id, error)
        if not edited.batch:
            return see(address("/people/holder", id=id, done="ended"))
        return see(address("/people/gate", done="ended"))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else 0


def _list(text: str) -> tuple[str, ...]:
    return tuple(filter(None, text.split(";")))
