"""What may be asked from afar, by the page: what portal and site allow, and nothing that needs somebody in sight.

A taken-over network process asks as any person it likes; here ends what it can ask for (DESIGN.md, section 4).
"""

from __future__ import annotations

from collections.abc import Collection

from firmware.core.codes import Reason
from firmware.core.draft import Draft
from firmware.core.facts import (
    Acknowledge,
    AnswerCall,
    Command,
    EndCall,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.machines import Hold, Opening
from firmware.core.refusals import DONE, Refusal
from firmware.core.site import Remote, SiteRemote

OF_PORTAL: dict[type[Command], Remote] = {
    OpenOnce: Remote.OPEN,
    HoldOpen: Remote.HOLD,
    LockPortal: Remote.LOCK,
    ResetFault: Remote.RESET,
    SetOutOfService: Remote.SERVICE,
}
OF_SITE: dict[type[Command], SiteRemote] = {
    StartLockdown: SiteRemote.LOCKDOWN,
    EndLockdown: SiteRemote.LOCKDOWN,
    StartEvacuation: SiteRemote.EVACUATION,
    EndEvacuation: SiteRemote.EVACUATION,
}
NOT_FROM_AFAR: Refusal = (Reason.NOT_FROM_AFAR,)


def against_afar(draft: Draft, fact: Command) -> Refusal:
    """Why a command is refused because it came from afar; nothing: it may be asked, and is decided as any other."""
    kind = type(fact)
    if kind in (Acknowledge, AnswerCall, EndCall):
        return DONE
    if kind in OF_SITE:
        return DONE if OF_SITE[kind] in draft.state.site.remote else NOT_FROM_AFAR
    portal = next((each for each in draft.state.site.portals if each.id == getattr(fact, "portal", None)), None)
    if portal is None and (kind in OF_PORTAL or kind is ReleasePortal):
        return DONE  # whoever carries it out says that there is none
    if portal is not None and kind is ReleasePortal:
        return DONE if _may_release(draft, portal.id, portal.remote) else NOT_FROM_AFAR
    if portal is not None and kind in OF_PORTAL:
        return DONE if OF_PORTAL[kind] in portal.remote else NOT_FROM_AFAR
    return (Reason.NOT_IN_SIGHT,)


def _may_release(draft: Draft, portal: str, remote: Collection[Remote]) -> bool:
    """The end of a hold only secures. That of a lock lets in, as any release where the hours wait for a person."""
    now = draft.road(portal).lane.state if portal in draft.lanes else draft.portals[portal]
    if now.hold is Hold.LOCKED:
        return Remote.LOCK in remote
    return now.opening is not Opening.WAITING or _may_hold(remote)


def resumes(fact: Command, remote: Collection[Remote]) -> bool:
    """Whether a person who ends what stood against a portal's hours lets them go on: that may unlock or open it."""
    return fact.afar is None or _may_hold(remote)


def _may_hold(remote: Collection[Remote]) -> bool:
    return Remote.HOLD in remote or Remote.LOCK in remote
