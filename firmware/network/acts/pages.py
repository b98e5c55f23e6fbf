"""The pages of orders: each says first what it would do, and asks. They need no script.

What became of an order stands on the status page, where the gate is drawn as it is proven.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from firmware.network.acts.act import (
    GRAVE,
    HOLD_MINUTES,
    OF_PORTAL,
    OF_SITE,
    SUBJECT_CHARACTERS_MAX,
    TICKED,
    Gate,
    Order,
    What,
)
from firmware.network.acts.desk import ORDERS_PER_S, ActDesk
from firmware.network.acts.once import Once
from firmware.network.acts.said import ActSpeaker, AskedRow
from firmware.network.rendering import Rendering, see
from firmware.network.routes import ROUTES, Answering, Asked, admits
from firmware.network.sessions import Session
from firmware.network.view import Speaker

BACK = "/#asked"
_ROUTES = {route.call: route for route in ROUTES}
_OF_CARD = (What.HOLD, What.LOCK, What.RELEASE, What.RESET, What.LOCKDOWN)  # behind the fold of a card
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)


class Link(msgspec.Struct, frozen=True):
    """A way to an order's page. `label` names the place, too, for whoever hears the page."""

    href: str
    text: str
    label: str
    grave: bool


class Offered(msgspec.Struct, frozen=True):
    """What a person may ask, as the status page has it."""

    cards: dict[str, tuple[Link, ...]]  # by portal, the first one stands alone
    folds: dict[str, tuple[Link, ...]]
    site: tuple[Link, ...]
    acknowledge: bool
    nothing: bool
    calls: bool = False  # may answer whoever calls at an entrance


Said = tuple[()] | tuple[str, str]  # what went wrong, and what to do next


class ActPages:
    """What answers the routes of orders."""

    def __init__(self, desk: ActDesk, rendering: Rendering) -> None:
        self._desk = desk
        self._rendering = rendering
        self._once = Once()
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        seeing = {f"see {what.value}": self._seeing(what) for what in What}
        return seeing | {f"do {what.value}": self._doing(what) for what in What}

    # -- on the status page -------------------------------------------------------------------------------------------

    def offered(self, speaker: Speaker, person: Session) -> Offered:
        gate = self._desk.gate

        def links(whats: tuple[What, ...], portal: str = "") -> tuple[Link, ...]:
            return tuple(self._link(speaker, what, portal) for what in whats if may_ask(gate, person, what, portal))

        cards = {portal: links((What.OPEN,), portal) for portal in gate.portals}
        folds = {portal: links(_OF_CARD, portal) for portal in gate.portals}
        site = links(OF_SITE)
        acknowledge = admits(_ROUTES[f"do {What.ACKNOWLEDGE.value}"], person)
        nothing = not (acknowledge or site or any(cards.values()) or any(folds.values()))
        answers = admits(_ROUTES["answer call"], person)
        return Offered(cards, folds, site, acknowledge, nothing, answers)

    def rows(self, speaker: Speaker, person: Session) -> tuple[AskedRow, ...]:
        """What this person asked lately, and what became of it."""
        own = self._desk.of(person)
        return ActSpeaker(speaker, self._desk.gate).rows(own, self._desk.live, self._now_s()) if own else ()

    def _link(self, speaker: Speaker, what: What, portal: str) -> Link:
        words = speaker.words
        text = words(f"act_{what.value}")
        label = words("act_at", act=text, place=speaker.place(portal) if portal else speaker.names.site)
        return Link(_path(what, portal=portal), text, label, what in GRAVE)

    # -- what it would do ---------------------------------------------------------------------------------------------

    def _seeing(self, what: What) -> Answering:
        async def answer(asked: Asked) -> Response:
            query = asked.request.query_params
            order = Order(what, query.get("portal", ""), subject=query.get("subject", ""))
            return self._rendering.switched(asked) or self._page(asked, order)

        return answer

    def _page(self, asked: Asked, order: Order, status: HTTPStatus = HTTPStatus.OK, said: Said = ()) -> Response:
        """The page that names the effect and asks; or the one to choose where, where that is not said."""
        what, gate, speaker = order.what, self._desk.gate, self._rendering.speaker(asked.request)
        view = speaker.page(self._desk.live, "", self._now_s())
        if what in OF_PORTAL and order.portal not in gate.offering(what):
            places = tuple((_path(what, portal=portal), speaker.place(portal)) for portal in gate.offering(what))
            return self._choice(asked, order, places, said, status if not order.portal else HTTPStatus.NOT_FOUND)
        alarms = [alarm for alarm in view.alarms if alarm.subject and not alarm.seen]
        if what is What.ACKNOWLEDGE and order.subject not in [alarm.subject for alarm in alarms]:
            places = tuple(dict.fromkeys((_path(what, subject=each.subject), each.place) for each in alarms))
            return self._choice(asked, order, places, said, status)
        if not gate.offers(what, order.portal):
            return self._choice(asked, order, (), said, status)
        acts = ActSpeaker(speaker, gate)
        portal = gate.portals.get(order.portal)
        shown = Order(what, subject="" if what is not What.ACKNOWLEDGE else order.subject)
        shown = order if what in OF_PORTAL else shown
        return self._html(
            asked,
            order,
            status,
            said,
            place=acts.place(shown),
            effects=acts.effects(shown),
            states=[(card.name, card.mode_text, card.position_text) for card in view.cards if card.id == order.portal],
            alarms=[alarm for alarm in alarms if alarm.subject == order.subject],
            ways=() if portal is None or what is not What.OPEN or len(portal.ways) < 2 else tuple(portal.ways.items()),
            ends=self._ends(speaker) if what is What.HOLD else (),
            timed=self._utc_ms() is not None,
            scopes=tuple((name, speaker.place(name)) for name in gate.portals) if what is What.LOCKDOWN else (),
            ticked=what in TICKED,
            live=view.live,
            once=self._once.make(asked.person, what, self._now_s()),
        )

    def _choice(
        self, asked: Asked, order: Order, places: tuple[tuple[str, str], ...], said: Said, status: HTTPStatus
    ) -> Response:
        return self._html(asked, order, status, said, places=places)

    def _html(self, asked: Asked, order: Order, status: HTTPStatus, said: Said, **values: object) -> Response:
        here = _path(order.what, portal=order.portal, subject=order.subject)
        values = {"places": None, "grave": order.what in GRAVE, "order": order, "said": said} | values
        values["action"] = _path(order.what)
        return self._rendering.html("act.html", asked.request, asked.session, here, status, **values)

    def _ends(self, speaker: Speaker) -> tuple[tuple[int, str], ...]:
        """How long it may be held, in minutes and in words."""
        words, utc_ms = speaker.words, self._utc_ms()
        ends = []
        for minutes in HOLD_MINUTES:
            elapsed = words.elapsed(60 * minutes)
            local = None if utc_ms is None else speaker.local(utc_ms + 60_000 * minutes)
            text = words("act_until_for", elapsed=elapsed)
            if local is not None:
                text = words("act_until_at", elapsed=elapsed, time=local.strftime("%H:%M"))
            ends.append((minutes, text))
        return tuple(ends)

    def _utc_ms(self) -> int | None:
        return self._desk.live.utc_ms_at(self._now_s())

    # -- doing it -----------------------------------------------------------------------------------------------------

    def _doing(self, what: What) -> Answering:
        async def answer(asked: Asked) -> Response:
            return await self._do(asked, what)

        return answer

    async def _do(self, asked: Asked, what: What) -> Response:
        words = self._rendering.speaker(asked.request).words
        chosen = asked.field("scope" if what is What.LOCKDOWN else "portal")
        shown = Order(what, chosen, subject=asked.field("subject"))
        if asked.field("sure") != "yes":
            return see("/")
        number = self._once.number(asked.field("once"), asked.person, what, self._now_s())
        if number is None:
            return self._page(asked, shown, HTTPStatus.CONFLICT, (words("act_old"), words("act_old_next")))
        before = self._desk.known(number)
        if before is not None:  # a double click, a reload: it is asked once, and this is what became of it
            await before.decided.wait()
            return see(BACK)
        order = self._order(asked, what)
        if order is None:
            return self._page(asked, shown, HTTPStatus.BAD_REQUEST, (words("act_unchosen"), words("act_unchosen_next")))
        if what is not What.EVACUATION and not self._desk.may_ask(asked.person):
            said = (words("act_fast"), words("act_fast_next"))
            refusal = self._page(asked, shown, HTTPStatus.TOO_MANY_REQUESTS, said)
            refusal.headers["retry-after"] = str(round(1 / ORDERS_PER_S))
            return refusal
        await self._desk.ask(order, asked.person, asked.address, number)
        return see(BACK)

    def _order(self, asked: Asked, what: What) -> Order | None:
        """The whole order of a form; None where something of it is missing, or no choice of ours."""
        gate, portal = self._desk.gate, asked.field("portal")
        if what in TICKED and asked.field("tick") != "yes":
            return None
        if what is What.LOCKDOWN and "scope" not in asked.form:  # whoever chose nothing did not choose everywhere
            return None
        if what is What.ACKNOWLEDGE:
            subject = asked.field("subject")
            return Order(what, subject=subject) if 0 < len(subject) <= SUBJECT_CHARACTERS_MAX else None
        if what in OF_SITE:
            scope = asked.field("scope")
            known = what is not What.LOCKDOWN or scope == "" or scope in gate.portals
            return Order(what, portals=(scope,) if scope and what is What.LOCKDOWN else ()) if known else None
        if portal not in gate.offering(what):
            return None
        if what is What.OPEN:
            ways = tuple(gate.portals[portal].ways.values())
            way = ways[0] if len(ways) == 1 else asked.field("way")
            return Order(what, portal, way) if way in (ways or ("",)) else None
        return self._hold(asked, portal) if what is What.HOLD else Order(what, portal)

    def _hold(self, asked: Asked, portal: str) -> Order | None:
        """Until an instant where the controller knows the time, else for as long."""
        utc_ms, until = self._utc_ms(), asked.field("until")
        local = None if utc_ms is None else self._rendering.speaker(asked.request).local(utc_ms)
        if until:
            time = _TIME.fullmatch(until)
            if time is None or local is None:
                return None
            return Order(What.HOLD, portal, until_utc_s=_next(local, int(time[1]), int(time[2])))
        minutes = next((each for each in HOLD_MINUTES if str(each) == asked.field("minutes")), None)
        if minutes is None:
            return None
        if utc_ms is None:
            return Order(What.HOLD, portal, for_ms=60_000 * minutes)
        return Order(What.HOLD, portal, until_utc_s=utc_ms // 1000 + 60 * minutes)


def may_ask(gate: Gate, person: Session, what: What, portal: str = "") -> bool:
    """Whether this person may ask it, and the site lets the page ask it."""
    return admits(_ROUTES[f"do {what.value}"], person) and gate.offers(what, portal)


def _next(now: datetime, hour: int, minute: int) -> int:
    """When it is that o'clock next in the zone of `now`, in UTC seconds."""
    then = now.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    if then <= now:
        then += timedelta(days=1)
    return int(then.timestamp())


def _path(what: What, *, portal: str = "", subject: str = "") -> str:
    """Where an order's page is."""
    named = [f"{name}={quote(value, safe='')}" for name, value in (("portal", portal), ("subject", subject)) if value]
    return f"/act/{what.value}" + (f"?{'&'.join(named)}" if named else "")
