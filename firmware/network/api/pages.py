"""Who has a token: the page of clients, for managers, and the same by the API."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.accounts.desk import Who
from firmware.network.accounts.errors import AccountError, NotRecorded, StoreError
from firmware.network.api.client import Client
from firmware.network.api.clients import ClientDesk
from firmware.network.api.errors import ApiError
from firmware.network.api.resources import Clients, ClientShown
from firmware.network.api.speaking import answer, part_of, query_of, utc_of
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker

DAYS = (30, 90, 365, 730)
DAYS_USUAL = 365
METRICS_BOX = "metrics"  # beside the roles in the form

Said = tuple[()] | tuple[str, str]


class ClientPages:
    """What answers the routes of clients, at the page and in the API."""

    def __init__(self, desk: ClientDesk, rendering: Rendering) -> None:
        self._desk = desk
        self._rendering = rendering

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "clients": self._clients,
            "make_client": self._make,
            "revoke_client": self._revoke,
            "api clients": self._list,
            "api revoke": self._drop,
        }

    # -- for people ---------------------------------------------------------------------------------------------------

    async def _clients(self, asked: Asked) -> Response:
        done = "client_revoked" if asked.request.query_params.get("done") == "revoked" else ""
        return self._rendering.switched(asked) or self._clients_page(asked, done=done)

    async def _make(self, asked: Asked) -> Response:
        words = asked.form.get("role", ())
        roles = tuple(word for word in words if word != METRICS_BOX)
        typed = asked.field("days")
        days = next((each for each in DAYS if str(each) == typed), 0 if typed else None)
        try:
            token = await self._desk.make(_who(asked), asked.field("name"), roles, METRICS_BOX in words, days)
        except AccountError as error:
            return self._failed(asked, error)
        return self._rendering.html(
            "api_token.html", asked.request, asked.session, "/clients", name=asked.field("name").strip(), secret=token
        )

    async def _revoke(self, asked: Asked) -> Response:
        try:
            await self._desk.revoke(_who(asked), asked.field("name"))
        except AccountError as error:
            return self._failed(asked, error)
        return see("/clients?done=revoked")

    def _failed(self, asked: Asked, error: AccountError) -> Response:
        words = self._rendering.speaker(asked.request).words
        following = f"{error.word}_next" if words.has(f"{error.word}_next") else "try_next"
        unkept = isinstance(error, StoreError | NotRecorded)
        status = HTTPStatus.SERVICE_UNAVAILABLE if unkept else HTTPStatus.BAD_REQUEST
        return self._clients_page(asked, status, (words(error.word), words(following)))

    def _clients_page(
        self, asked: Asked, status: HTTPStatus = HTTPStatus.OK, said: Said = (), done: str = ""
    ) -> Response:
        speaker = self._rendering.speaker(asked.request)
        return self._rendering.html(
            "api_clients.html",
            asked.request,
            asked.session,
            "/clients",
            status,
            clients=[self._told(speaker, client) for client in self._desk.all()],
            kept=self._desk.kept,
            roles=[role.value for role in Role],
            days=DAYS,
            chosen_roles=asked.form.get("role", ()),
            chosen_days=asked.field("days") if asked.form else str(DAYS_USUAL),
            said=said,
            done=done,
            typed=asked.field("name"),
        )

    def _told(self, speaker: Speaker, client: Client) -> dict[str, object]:
        """A client as the page may have it: nothing secret."""
        words = speaker.words
        used = words("client_unused")
        if client.used:
            at = words("time_unknown") if client.used_utc_s is None else speaker.at(client.used_utc_s * 1000)
            used = words("client_used", time=at, address=client.used_from)
        until = words("client_endless") if client.until_utc_s is None else speaker.at(client.until_utc_s * 1000)
        return {
            "name": client.name,
            "roles": [role.value for role in Role if role in client.roles],
            "metrics": client.metrics,
            "maker": client.maker,
            "made": words("time_unknown") if client.made_utc_s is None else speaker.at(client.made_utc_s * 1000),
            "until": until,
            "ended": self._desk.ended(client),
            "used": used,
        }

    # -- for programs -------------------------------------------------------------------------------------------------

    async def _list(self, asked: Asked) -> Response:
        query_of(asked, ())
        return answer(Clients(tuple(self._shown(client) for client in self._desk.all())))

    async def _drop(self, asked: Asked) -> Response:
        name = part_of(asked, "client")
        try:
            await self._desk.revoke(_who(asked), name)
        except AccountError as error:
            raise _problem(error) from error
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def _shown(self, client: Client) -> ClientShown:
        def at(utc_s: int | None) -> Any:
            return utc_of(None if utc_s is None else utc_s * 1000)

        return ClientShown(
            name=client.name,
            roles=tuple(role for role in Role if role in client.roles),
            metrics=client.metrics,
            maker=client.maker,
            made=at(client.made_utc_s),
            until=at(client.until_utc_s),
            ended=self._desk.ended(client),
            used=at(client.used_utc_s),
            used_from=client.used_from,
        )


def _problem(error: AccountError) -> ApiError:
    if isinstance(error, StoreError | NotRecorded):
        return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_recorded", retry_s=5)
    if error.word == "no_client":
        return ApiError(HTTPStatus.NOT_FOUND, "no_such_thing")
    return ApiError(HTTPStatus.CONFLICT, "not_recorded", error.word)


def _who(asked: Asked) -> Who:
    return Who(asked.person.name, asked.address, asked.person)
