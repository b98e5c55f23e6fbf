"""Visitors: who is coming and who may come now, invited by what they bring or by a code that is made, and their end.

A guard sees today's visitors by name, host and time, so that "is my guest on the list?" has an answer at the gate.
"""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, code_picture, query, typed
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.people_words.holders import AskChoices, Choices, Edited
from firmware.people_words.visitors import (
    EndVisit,
    InviteAtReader,
    Invited,
    InviteVisitor,
    ListVisitors,
    Visitors,
)
from firmware.terminal import now_utc_s

FIELDS = ("name", "host", "from", "until", "uses", "profile", "kind", "key", "format")
AT_READER = "reader"  # the kind of what is presented
VISIT_H = 12  # of a visit, where nobody says
SECONDS = 60
LIKELY = "visitors"  # a profile of this name is the likely one


class VisitorPages:
    """What answers the routes of visitors."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "people_visitors": self._visitors,
            "people_inviting": self._inviting,
            "people_invite": self._invite,
            "people_visit_end": self._end,
        }

    async def _visitors(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._list(asked, None)

    async def _list(self, asked: Asked, error: PeopleSaid | None) -> Response:
        try:
            found = await self._front.ask(Visitors, ListVisitors(), asked)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing, "/people/visitors")
        return self._front.html(
            asked,
            "people_visitors.html",
            "/people/visitors",
            error,
            found=found,
            full=Role.MANAGER in asked.person.roles,
            ended=query(asked, "ended"),
        )

    async def _inviting(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        now = self._front.speaker(asked).local(now_utc_s() * 1000)
        until = "" if now is None else (now + timedelta(hours=VISIT_H)).strftime("%Y-%m-%dT%H:%M")
        return await self._form(asked, {"until": until, "uses": "2", "host": query(asked, "host")}, None)

    async def _form(self, asked: Asked, fields: dict[str, str], error: PeopleSaid | None) -> Response:
        try:
            choices = await self._front.ask(Choices, AskChoices(), asked)
        except PeopleSaid as missing:
            return self._front.failed(asked, error or missing, "/people/visitors")
        return self._front.html(
            asked,
            "people_invite.html",
            "/people/invite",
            error,
            choices=choices,
            fields=dict.fromkeys(FIELDS, "") | {"profile": LIKELY, "kind": AT_READER} | fields,
            readers=self._front.readers(choices.readers),
            reader=asked.field("reader")[:64],
            escorted=asked.field("escorted") == "yes",
            why=asked.field("why")[:200],
        )

    async def _invite(self, asked: Asked) -> Response:
        fields = typed(asked, FIELDS)
        shared = {"fields": fields, "escorted": asked.field("escorted") == "yes", "why": asked.field("why")[:200]}
        try:
            if fields.get("kind") == AT_READER:
                reader = asked.field("reader")[:64]
                question = InviteAtReader(reader=reader, seconds=SECONDS, **shared)  # type: ignore[arg-type]
                return await self._front.start(question, asked, "/people/visitors")
            told = await self._front.ask(Invited, InviteVisitor(**shared), asked)  # type: ignore[arg-type]
        except PeopleSaid as error:
            return await self._form(asked, fields, error)
        return self._front.html(
            asked,
            "people_invited.html",
            "",
            told=told,
            name=fields.get("name", ""),
            picture=code_picture(told.code) if told.code else "",
        )

    async def _end(self, asked: Asked) -> Response:
        try:
            await self._front.ask(Edited, EndVisit(entry=asked.field("entry")[:16]), asked)
        except PeopleSaid as error:
            return await self._list(asked, error)
        return see("/people/visitors?done=ended")
