"""Orders by the API: asked at the same desk as at the page, once for each key, and followed to its proof."""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus

from starlette.responses import Response

from firmware.network.accounts.account import folded
from firmware.network.acts.act import OF_PORTAL, Order, What
from firmware.network.acts.desk import ORDERS_PER_S, ActDesk, Fate, Ordered
from firmware.network.acts.said import ActSpeaker
from firmware.network.api import resources
from firmware.network.api.errors import ApiError
from firmware.network.api.keys import key_of
from firmware.network.api.resources import Confirmed, Holding, Lockdown, Nothing, Opening
from firmware.network.api.speaking import answer, body_of, missing, part_of
from firmware.network.rendering import Rendering
from firmware.network.route import API, ORDERED_AT
from firmware.network.routes import Answering, Asked

NUMBER_DIGITS = 24
NOT_SENT_RETRY_S = 5
Body = Opening | Holding | Lockdown | Confirmed | Nothing
BODIES: dict[What, type[Body]] = {
    What.OPEN: Opening,
    What.HOLD: Holding,
    What.LOCKDOWN: Lockdown,
    What.EVACUATION: Confirmed,
}


class Orders:
    """What answers the routes of orders."""

    def __init__(self, desk: ActDesk, rendering: Rendering) -> None:
        self._desk = desk
        self._rendering = rendering
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        calls: dict[str, Answering] = {"api orders": self._orders, "api order": self._order}
        return calls | {f"api {what.value}": self._asking(what) for _, what in ORDERED_AT}

    async def _orders(self, asked: Asked) -> Response:
        return answer(resources.Orders(tuple(self._shown(asked, each) for each in self._desk.of(asked.person))))

    async def _order(self, asked: Asked) -> Response:
        """One's own; nobody learns of others' here: they stand in the journal."""
        found = self._desk.known(part_of(asked, "order"))
        if found is None or found.person != folded(asked.person.name):
            raise missing()
        return answer(self._shown(asked, found))

    def _asking(self, what: What) -> Answering:
        async def ask(asked: Asked) -> Response:
            return await self._ask(asked, what)

        return ask

    async def _ask(self, asked: Asked, what: What) -> Response:
        key = key_of(asked)
        order = self._meant(asked, what)
        number = hashlib.sha256(f"{folded(asked.person.name)}\n{key}".encode()).hexdigest()[:NUMBER_DIGITS]
        before = self._desk.known(number)
        if before is not None:
            if not _same(before.order, order):
                raise ApiError(HTTPStatus.CONFLICT, "key_used", more={"order": _address(before)})
            await before.decided.wait()
            return self._said(asked, before)
        if what is not What.EVACUATION and not self._desk.may_ask(asked.person):
            raise ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", retry_s=round(1 / ORDERS_PER_S))
        return self._said(asked, await self._desk.ask(order, asked.person, asked.address, number))

    def _meant(self, asked: Asked, what: What) -> Order:
        """The whole order. Raises ApiError where something of it is missing, or no choice of this site's."""
        gate = self._desk.gate
        body: Body = body_of(asked, BODIES.get(what, Nothing))
        portal = part_of(asked, "portal") if what in OF_PORTAL else ""
        if portal and portal not in gate.portals:
            raise missing()
        if what is not What.ACKNOWLEDGE and not gate.offers(what, portal):
            raise ApiError(HTTPStatus.CONFLICT, "refused", more={"reasons": ("remote_not_allowed",)})
        if isinstance(body, Opening):
            ways = tuple(gate.portals[portal].ways.values())
            way = ways[0] if len(ways) == 1 and not body.way else body.way
            if way not in (ways or ("",)):
                raise ApiError(HTTPStatus.CONFLICT, "not_understood", "way", allowed=ways)
            return Order(what, portal, way)
        if isinstance(body, Holding):
            return self._hold(portal, body.minutes)
        if isinstance(body, Lockdown):
            unknown = [name for name in body.portals if name not in gate.portals]
            if unknown:
                raise ApiError(HTTPStatus.CONFLICT, "not_understood", "portals", allowed=tuple(gate.portals))
            return Order(what, portals=tuple(dict.fromkeys(body.portals)))
        return Order(what, portal, subject=part_of(asked, "subject") if what is What.ACKNOWLEDGE else "")

    def _hold(self, portal: str, minutes: int) -> Order:
        """Until an instant where the controller knows the time, else for as long: as at the page."""
        utc_ms = self._desk.live.utc_ms_at(self._now_s())
        if utc_ms is None:
            return Order(What.HOLD, portal, for_ms=60_000 * minutes)
        return Order(What.HOLD, portal, until_utc_s=utc_ms // 1000 + 60 * minutes)

    def _said(self, asked: Asked, ordered: Ordered) -> Response:
        """Done: 201; not known: 202; refused and not sent: a problem. Each says where it stands."""
        place = {"location": _address(ordered)}
        if ordered.fate in (Fate.DONE, Fate.NOT_KNOWN, Fate.ASKED):
            status = HTTPStatus.CREATED if ordered.fate is Fate.DONE else HTTPStatus.ACCEPTED
            return answer(self._shown(asked, ordered), status, place)
        more: dict[str, object] = {"order": _address(ordered), "reasons": ordered.reasons}
        if ordered.fate is Fate.REFUSED:
            raise ApiError(HTTPStatus.CONFLICT, "refused", more=more)
        raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", more=more, retry_s=NOT_SENT_RETRY_S)

    def _shown(self, asked: Asked, ordered: Ordered) -> resources.Order:
        speaker = ActSpeaker(self._rendering.speaker(asked.request), self._desk.gate)
        (row,) = speaker.rows([ordered], self._desk.live, self._now_s())
        order = ordered.order
        return resources.Order(
            id=ordered.number,
            what=order.what,
            portal=order.portal,
            portals=order.portals,
            subject=order.subject,
            fate=ordered.fate,
            fate_text=row.said,
            advice=row.advice,
            reasons=ordered.reasons,
            proof=ordered.proof.word.removeprefix("proof_") if row.proof else "",
            proof_text=row.proof,
            not_proven=ordered.proof.names,
        )


def _same(one: Order, other: Order) -> bool:
    """Whether a key was used for the same order: a hold's end is counted from when it was asked."""
    parts = [(order.what, order.portal, order.way, order.portals, order.subject) for order in (one, other)]
    return parts[0] == parts[1]


def _address(ordered: Ordered) -> str:
    return f"{API}/orders/{ordered.number}"
