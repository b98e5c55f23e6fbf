"""Holders and households by the API: asked of the same desk, with the same questions, as the pages of people."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from msgspec import Meta
from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.speaking import Param, answer, body_of, part_of, query_of
from firmware.network.people import api_people_words as api
from firmware.network.people.api_front import ApiFront
from firmware.network.people.api_sheets import household_of, person_of, rows_of
from firmware.network.people.front import Front, reasons
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import (
    SKIP_MAX,
    SUSPENDED_UNTIL_S_MAX,
    AskChoices,
    Choices,
    Edited,
    EditHolder,
    EditHousehold,
    EndHolder,
    FindPeople,
    HolderSheet,
    HouseholdSheet,
    LiftHere,
    LookAtHolder,
    LookAtHousehold,
    PeopleFound,
    SuspendHere,
)
from firmware.people_words.listing import (
    LISTED_MAX,
    HouseholdsListed,
    ListHouseholds,
    ListPeople,
    PeopleListed,
)

_Id = Annotated[str, Meta(max_length=64, pattern="^[A-Za-z0-9_.-]*$")]
_Name = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[a-z0-9_-]*$")]
_AFTER = Param("after", _Id)
_LIMIT = Param("limit", Annotated[int, Meta(ge=1, le=LISTED_MAX)], number=True)
OF_PEOPLE = (
    _AFTER,
    _LIMIT,
    Param("household", _Id),
    Param("profile", _Name),
    Param("mark", Literal["suspended"]),
)
OF_HOUSEHOLDS = (_AFTER, _LIMIT)
# The desk may be away or silent, and where the list is kept elsewhere there is none to be read.
LOOKED = CHANGED


class ApiPeople:
    """What answers the API's routes of holders and households."""

    def __init__(self, api_front: ApiFront, front: Front) -> None:
        self._api = api_front
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api people": self._list,
            "api people search": self._search,
            "api people plate": self._plate,
            "api people choices": self._choices,
            "api people add": self._add,
            "api person": self._person,
            "api person put": self._put,
            "api person suspend": self._suspend,
            "api person lift": self._lift,
            "api person end": self._end,
            "api households": self._households,
            "api household": self._household,
            "api household put": self._put_household,
            "api household remove": self._remove_household,
        }

    # -- lists --------------------------------------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Response:
        told = query_of(asked, OF_PEOPLE)
        question = ListPeople(
            after=told["after"] or "",
            most=told["limit"] or LISTED_MAX,
            household=told["household"] or "",
            profile=told["profile"] or "",
            suspended=told["mark"] is not None,
        )
        found = await self._api.ask(PeopleListed, question, asked)
        rows = rows_of(self._front.speaker(asked), found.rows)
        return answer(api.People(rows, rows[-1].id if found.more else None, found.marked))

    async def _search(self, asked: Asked) -> Response:
        body = body_of(asked, api.PeopleSearch)
        question = FindPeople(text=" ".join(body.text.split()), skip=body.after)
        return await self._matches(asked, question)

    async def _plate(self, asked: Asked) -> Response:
        body = body_of(asked, api.PlateSearch)
        return await self._matches(asked, FindPeople(text=body.plate, plate=True, purpose=body.purpose))

    async def _matches(self, asked: Asked, question: FindPeople) -> Response:
        found = await self._api.ask(PeopleFound, question, asked)
        after = question.skip + len(found.rows)
        rows = rows_of(self._front.speaker(asked), found.rows)
        return answer(api.PeopleMatches(rows, after if found.more and after <= SKIP_MAX else None, found.source))

    async def _choices(self, asked: Asked) -> Response:
        found = await self._api.ask(Choices, AskChoices(), asked)
        return answer(
            api.PeopleChoices(
                profiles=found.profiles,
                flags=found.flags,
                readers=tuple(api.ReaderChoice(id, name) for id, name in self._front.readers(found.readers)),
                card_formats=found.formats,
                time_zone=found.time_zone,
                here=found.mine and found.source,
            )
        )

    # -- one holder ---------------------------------------------------------------------------------------------------

    async def _person(self, asked: Asked) -> Response:
        sheet = await self._api.ask(HolderSheet, LookAtHolder(holder=part_of(asked, "holder")), asked)
        return answer(person_of(self._front.speaker(asked), sheet))

    async def _add(self, asked: Asked) -> Response:
        body = body_of(asked, api.PersonNew)
        kept = await self._keep(asked, "", 0, body)
        return answer(kept, HTTPStatus.CREATED, {"location": f"{API}/people/{kept.id}"})

    async def _put(self, asked: Asked) -> Response:
        body = body_of(asked, api.PersonPut)
        return answer(await self._keep(asked, _named(asked, "holder"), body.revision, body))

    async def _keep(
        self, asked: Asked, holder: str, revision: int, body: api.PersonNew | api.PersonPut
    ) -> api.PersonKept:
        """Raises ApiError."""
        question = EditHolder(
            holder=holder,
            revision=revision,
            fields={
                "name": body.name,
                "household": body.household,
                "phone": body.phone,
                "relation": body.relation,
                "note": body.note,
                "profiles": ";".join(body.profiles),
                "flags": ";".join(body.flags),
            },
            new_household=body.new_household,
            why=body.why,
        )
        edited = await self._api.ask(Edited, question, asked)
        return api.PersonKept(edited.id, edited.batch or revision, edited.batch > 0)

    async def _suspend(self, asked: Asked) -> Response:
        body = body_of(asked, api.PersonSuspend)
        question = SuspendHere(
            holder=_named(asked, "holder"),
            ref=body.ref,
            lost=body.lost,
            until_s=instant_s(body.until, "until"),
            why=body.why,
        )
        return await self._at_gate(asked, question)

    async def _lift(self, asked: Asked) -> Response:
        body = body_of(asked, api.PersonLift)
        return await self._at_gate(asked, LiftHere(holder=_named(asked, "holder"), entry=body.entry, why=body.why))

    async def _at_gate(self, asked: Asked, question: SuspendHere | LiftHere) -> Response:
        edited = await self._api.ask(Edited, question, asked)
        told = reasons(self._front.speaker(asked), edited.reasons) if edited.reasons else ""
        return answer(api.PersonAtGate(edited.id, edited.at_gate, edited.reasons, told))

    async def _end(self, asked: Asked) -> Response:
        body = body_of(asked, api.PersonEnd)
        question = EndHolder(holder=_named(asked, "holder"), revision=body.revision, remove=body.remove, why=body.why)
        edited = await self._api.ask(Edited, question, asked)
        return answer(api.PersonEnded(edited.id, edited.at_gate, edited.batch > 0))

    # -- households ---------------------------------------------------------------------------------------------------

    async def _households(self, asked: Asked) -> Response:
        told = query_of(asked, OF_HOUSEHOLDS)
        question = ListHouseholds(after=told["after"] or "", most=told["limit"] or LISTED_MAX)
        found = await self._api.ask(HouseholdsListed, question, asked)
        rows = tuple(api.HouseholdRow(row.id, row.label, row.spaces, row.members) for row in found.rows)
        return answer(api.Households(rows, rows[-1].id if found.more else None))

    async def _household(self, asked: Asked) -> Response:
        sheet = await self._api.ask(HouseholdSheet, LookAtHousehold(household=part_of(asked, "household")), asked)
        return answer(household_of(self._front.speaker(asked), sheet))

    async def _put_household(self, asked: Asked) -> Response:
        body = body_of(asked, api.HouseholdPut)
        spaces = "" if body.spaces is None else str(body.spaces)
        question = EditHousehold(
            household=part_of(asked, "household"),
            revision=body.revision,
            fields={"label": body.label, "spaces": spaces, "note": body.note},
            why=body.why,
        )
        edited = await self._api.ask(Edited, question, asked)
        return answer(api.HouseholdKept(edited.id, edited.batch or body.revision, edited.batch > 0))

    async def _remove_household(self, asked: Asked) -> Response:
        body = body_of(asked, api.HouseholdRemove)
        question = EditHousehold(
            household=part_of(asked, "household"), revision=body.revision, fields={}, remove=True, why=body.why
        )
        await self._api.ask(Edited, question, asked)
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _named(asked: Asked, part: str) -> str:
    """Who is meant; an empty id would be one to be added. Raises ApiError."""
    named = part_of(asked, part)
    assert named, "a part of a path is never empty"
    return named


def instant_s(instant: datetime | None, field: str) -> int | None:
    """UTC seconds of an instant, as the site's own form would have it: whole seconds, 1970 to 2199. Raises ApiError."""
    if instant is None:
        return None
    try:
        utc_s = int(instant.astimezone(UTC).timestamp() // 1)
    except (OverflowError, ValueError):
        utc_s = -1
    if not 0 <= utc_s <= SUSPENDED_UNTIL_S_MAX:
        word = f"people_bad_{field}"
        raise ApiError(HTTPStatus.CONFLICT, "not_taken", more={"reasons": (word,), "field": field})
    return utc_s


PEOPLE_OPERATIONS: dict[str, Operation] = {
    "api people": Operation(api.People, OF_PEOPLE, problems=LOOKED),
    "api people search": Operation(api.PeopleMatches, body=api.PeopleSearch, problems=LOOKED),
    "api people plate": Operation(api.PeopleMatches, body=api.PlateSearch, problems=LOOKED),
    "api people choices": Operation(api.PeopleChoices, problems=LOOKED),
    "api people add": Operation(
        api.PersonKept, body=api.PersonNew, status=HTTPStatus.CREATED, once=True, located=True, problems=CHANGED
    ),
    "api person": Operation(api.Person, problems=LOOKED),
    "api person put": Operation(api.PersonKept, body=api.PersonPut, problems=CHANGED),
    "api person suspend": Operation(api.PersonAtGate, body=api.PersonSuspend, once=True, problems=CHANGED),
    "api person lift": Operation(api.PersonAtGate, body=api.PersonLift, once=True, problems=CHANGED),
    "api person end": Operation(api.PersonEnded, body=api.PersonEnd, once=True, problems=CHANGED),
    "api households": Operation(api.Households, OF_HOUSEHOLDS, problems=LOOKED),
    "api household": Operation(api.Household, problems=LOOKED),
    "api household put": Operation(api.HouseholdKept, body=api.HouseholdPut, problems=CHANGED),
    "api household remove": Operation(
        None, body=api.HouseholdRemove, status=HTTPStatus.NO_CONTENT, once=True, problems=CHANGED
    ),
}
