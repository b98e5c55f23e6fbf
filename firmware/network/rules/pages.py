"""What the pages of rules share: how the desk is asked, and what a person reads where it refuses or does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks, PeopleAway, PeopleSaid
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Asked
from firmware.network.rules.showing import refusal
from firmware.network.settings import Settings
from firmware.people_words.base import Found

F = TypeVar("F", bound=Found)


class Seams(NamedTuple):
    """What the pages work with."""

    asks: PeopleAsks
    live: Live
    rendering: Rendering
    settings: Settings

    def now_s(self) -> int:
        """UTC by the controller's clock; 0 where it is not known."""
        utc_ms = self.live.utc_ms_at(asyncio.get_running_loop().time())
        return 0 if utc_ms is None else utc_ms // 1000

    def point_names(self) -> dict[str, str]:
        """Access points by the name of their portal, with their id where it has several."""
        portals = list(self.settings.point_portals.values())
        names = self.settings.portal_names
        return {
            point: names.get(portal, portal) + (f" ({point})" if portals.count(portal) > 1 else "")
            for point, portal in self.settings.point_portals.items()
        }

    def today(self, asked: Asked) -> int:
        """The ordinal of today's local date; 1 where the clock is not known: then nothing is past."""
        now_s = self.now_s()
        local = self.rendering.speaker(asked.request).local(now_s * 1000) if now_s else None
        return 1 if local is None else local.date().toordinal()

    def html(
        self,
        asked: Asked,
        template: str,
        path: str,
        error: PeopleSaid | None = None,
        status: HTTPStatus | None = None,
        **values: object,
    ) -> Response:
        """A page; with what went wrong, if anything did. `path` is where the switch of languages leads."""
        words = self.rendering.speaker(asked.request).words
        told = values.pop("said", None)  # what the page itself found wrong; what the desk says comes before it
        said = told if error is None else refusal(words, error.said)
        response = self.rendering.html(
            template,
            asked.request,
            asked.session,
            path,
            status or status_of(error),
            said=said,
            may_change=Role.MANAGER in asked.person.roles,
            **values,
        )
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers["retry-after"] = "5"
        return response


def status_of(error: PeopleSaid | None) -> HTTPStatus:
    if error is None:
        return HTTPStatus.OK
    return HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, PeopleAway) else HTTPStatus.CONFLICT


async def tried(asking: Awaitable[F]) -> tuple[F | None, PeopleSaid | None]:
    """The answer, or the refusal."""
    try:
        return await asking, None
    except PeopleSaid as error:
        return None, error


def address(path: str, **fields: str) -> str:
    return path + (
        "?" + urlencode({name: text for name, text in fields.items() if text}) if any(fields.values()) else ""
    )


def done(path: str, what: str, **fields: str) -> Response:
    """To a page that says what was done."""
    return see(address(path, done=what, **fields))


def done_word(asked: Asked, words: frozenset[str]) -> str:
    """What was just done, as the address says; only words that are for that."""
    word = asked.request.query_params.get("done", "")
    return word if word in words else ""
