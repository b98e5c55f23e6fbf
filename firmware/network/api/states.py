"""The API's resources of what is now: who asks, the site, its portals, alarms. Made from what the page is made of."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from starlette.responses import Response

from firmware.core.codes import Code
from firmware.core.view import PortalView, SiteView
from firmware.network.accounts.account import Role
from firmware.network.acts.act import OF_PORTAL, OF_SITE, Gate, What
from firmware.network.acts.pages import may_ask
from firmware.network.api.client import ClientSession
from firmware.network.api.resources import Alarms, Me, Portal, Portals, Site
from firmware.network.api.speaking import answer, missing, part_of, utc_of
from firmware.network.events import HIDDEN_REASONS
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.settings import Settings
from firmware.network.view import Card, Speaker


class States:
    """What answers the routes of states."""

    def __init__(self, live: Live, gate: Gate, sessions: Sessions, rendering: Rendering, settings: Settings) -> None:
        self._live = live
        self._gate = gate
        self._sessions = sessions
        self._rendering = rendering
        self._settings = settings
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api me": self._me,
            "api site": self._site,
            "api portals": self._portals,
            "api portal": self._portal,
            "api alarms": self._alarms,
        }

    async def _me(self, asked: Asked) -> Response:
        person, now_s = asked.person, self._now_s()
        if isinstance(person, ClientSession):
            until_s = person.client.until_utc_s
            until = utc_of(None if until_s is None else until_s * 1000)
            return answer(Me(person.name, "client", _roles(person), person.client.metrics, until, ""))
        utc = utc_of(self._live.utc_ms_at(now_s))
        end_s = min(person.made_s + person.absolute_s, person.used_s + person.idle_s)
        until = None if utc is None else utc + timedelta(seconds=round(end_s - now_s))
        token = self._sessions.form_token(person)
        return answer(
            Me(person.name, "console" if person.is_console else "account", _roles(person), False, until, token)
        )

    async def _site(self, asked: Asked) -> Response:
        return answer(self.site(self._rendering.speaker(asked.request), asked.person))

    async def _portals(self, asked: Asked) -> Response:
        return answer(self.portals(self._rendering.speaker(asked.request), asked.person))

    async def _portal(self, asked: Asked) -> Response:
        name = part_of(asked, "portal")
        found = self.portals(self._rendering.speaker(asked.request), asked.person).portals
        portal = next((each for each in found if each.id == name), None)
        if portal is None:
            raise missing()
        return answer(portal)

    async def _alarms(self, asked: Asked) -> Response:
        view = self._rendering.speaker(asked.request).page(self._live, "", self._now_s())
        return answer(Alarms(view.live, view.banners, view.alarms))

    # -- resources ----------------------------------------------------------------------------------------------------

    def site(self, speaker: Speaker, person: Session) -> Site:
        live, now_s = self._live, self._now_s()
        states = live.states
        site = SiteView() if states is None else states.view
        return Site(
            id=self._settings.site,
            name=speaker.names.site,
            time_zone=self._settings.time_zone,
            version="" if live.welcome is None else live.welcome.version,
            live=live.answers(now_s) and states is not None and not site.store_failed,
            epoch=0 if states is None else states.epoch,
            seq=0 if states is None else states.seq,
            utc=utc_of(None if states is None else states.utc_ms),
            clock_known=site.clock_known,
            fire=site.fire,
            lockdown=site.lockdown,
            evacuation=site.evacuation,
            store_failed=site.store_failed,
            roster_version=site.roster_version,
            devices_lost=site.devices_lost,
            readers_muted=site.readers_muted,
            occupancy=site.occupancy,
            alarms=_shown(site.alarms),
            portals=tuple(portal.id for portal in site.portals),
            may=self._may(person, (*OF_SITE, What.ACKNOWLEDGE)),
        )

    def portals(self, speaker: Speaker, person: Session) -> Portals:
        view = speaker.page(self._live, "", self._now_s())
        site = SiteView() if self._live.states is None else self._live.states.view
        cards = {card.id: card for card in view.cards}
        portals = (self._portal_of(portal, cards[portal.id], person, view.live) for portal in site.portals)
        return Portals(view.live, tuple(portals))

    def _portal_of(self, portal: PortalView, card: Card, person: Session, told: bool) -> Portal:
        known = self._gate.portals.get(portal.id)
        return Portal(
            id=portal.id,
            name=card.name,
            kind=portal.kind,  # type: ignore[arg-type]
            mode=portal.mode,
            mode_text=card.mode_text,
            position=card.position,
            position_text=card.position_text,
            level=card.level,  # type: ignore[arg-type]
            why=tuple(word for word in portal.why if word.partition(":")[0] not in HIDDEN_REASONS),
            alarms=_shown(portal.alarms),
            acknowledged=portal.acknowledged,
            notes=card.notes,
            ways={} if known is None else dict(known.ways),
            may=self._may(person, OF_PORTAL, portal.id),
            lane=portal.lane if told else None,
        )

    def _may(self, person: Session, whats: tuple[What, ...], portal: str = "") -> tuple[What, ...]:
        return tuple(what for what in whats if may_ask(self._gate, person, what, portal))


def _shown(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Not for any screen: a duress alarm (FIELD.md, section 2)."""
    return tuple(code for code in codes if code != Code.DURESS)


def _roles(person: Session) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in person.roles)
