"""What is proven of an order that was carried out, from the states that came since. Nothing is proven by the order.

Words are keys of firmware/network/acts/words.py. A lock proves nothing of itself: contacts and limits do.
"""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.view import Mode, PortalView, Position, SiteView
from firmware.network.acts.act import Order, What

_RELEASED = (Mode.ACCESSED, Mode.UNLOCKED, Mode.LOCKED_OPEN)
_NOT_PROVABLE = (Position.UNKNOWN, Position.FAULT)


class Proof:
    """Follows one order. `look` takes each state of the site; `word` and `names` say what is proven of it by now."""

    def __init__(self, order: Order, before: SiteView | None) -> None:
        self.word = ""
        self.names: tuple[str, ...] = ()  # portals of which it is not proven
        self._order = order
        self._was_open = before is not None and _position(before, order.portal) is Position.OPEN
        self._seen_open = False
        self._seen_released = False

    def look(self, site: SiteView) -> None:
        what = self._order.what
        if what is What.LOCKDOWN:
            self._look_at_all(site)
            return
        portal = _portal(site, self._order.portal)
        if portal is None:
            self.word = "proof_cards" if what is What.EVACUATION else ""
        elif what is What.OPEN:
            self.word = self._opened(portal)
        elif what is What.HOLD:
            self.word = self._held(portal)
        elif what is What.LOCK:
            self.word = _locked(portal)
        elif what is What.RESET:
            self.word = "proof_fault_stays" if Code.FAULT in portal.alarms else "proof_fault_gone"

    def _opened(self, portal: PortalView) -> str:
        released = portal.mode in _RELEASED
        if portal.position is Position.NOT_MONITORED:
            return "proof_turnstile" if portal.kind == "turnstile" else "proof_not_monitored"
        if portal.position is Position.OPEN:
            if self._was_open:
                return "proof_open_before"
            self._seen_open = True
            return "proof_open"
        self._was_open = False
        if portal.position in (Position.OPENING, Position.CLOSING, Position.BETWEEN) and not self._seen_open:
            return "proof_moving"
        if self._seen_open:
            return "proof_was_open"
        if portal.position in _NOT_PROVABLE:
            return "proof_unknown"
        if portal.kind == "barrier":
            return "proof_not_open"
        self._seen_released = self._seen_released or released
        if self._seen_released and not released:
            return "proof_unused"
        return "proof_not_opened"

    def _held(self, portal: PortalView) -> str:
        if portal.position is Position.OPEN:
            return "proof_open_now"
        if portal.position is Position.NOT_MONITORED:
            return "proof_turnstile" if portal.kind == "turnstile" else "proof_not_monitored"
        if portal.position in _NOT_PROVABLE:
            return "proof_unknown"
        if portal.kind == "barrier":
            return "proof_not_open" if portal.position is Position.CLOSED else "proof_moving"
        return "proof_hold_closed"

    def _look_at_all(self, site: SiteView) -> None:
        named = self._order.portals or tuple(portal.id for portal in site.portals)
        self.names = tuple(name for name in named if _position(site, name) is not Position.CLOSED)
        self.word = "proof_some_open" if self.names else "proof_all_closed"


def _locked(portal: PortalView) -> str:
    if portal.position is Position.CLOSED:
        return "proof_closed"
    if portal.position is Position.NOT_MONITORED:
        return "proof_not_monitored"
    if portal.position in _NOT_PROVABLE:
        return "proof_unknown"
    return "proof_stands_open"


def _portal(site: SiteView, name: str) -> PortalView | None:
    return next((portal for portal in site.portals if portal.id == name), None)


def _position(site: SiteView, name: str) -> Position | None:
    portal = _portal(site, name)
    return None if portal is None else portal.position
