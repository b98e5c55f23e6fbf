"""Local entries: enrolment at a reader, and what follows when a credential is suspended, enrolled or invited here.

The entries stand in the controller's overlay and are in force before the core learns of them: it tells what happened,
and ends what was begun by whoever may not pass any more. Nothing of it releases a portal or keeps anybody in.
"""

from __future__ import annotations

from firmware.core import enrolment, reader
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.enrolment import WAIT_MS_MAX, WAIT_MS_MIN
from firmware.core.facts import (
    CredentialEnrolled,
    EndEnrolment,
    HolderWithdrawn,
    OverlayChange,
    OverlayChanged,
    StartEnrolment,
)
from firmware.core.lane.passing import withdraw
from firmware.core.machines import Passing, PassingTrigger
from firmware.core.passage import persons
from firmware.core.refusals import ID_CHARACTERS_MAX
from firmware.core.release import follow, passing_on
from firmware.core.site import Turnstile
from firmware.core.state import WayState
from firmware.core.turn import OVERLAY, said_of

DETAIL_CHARACTERS_MAX = 200

_CODE: dict[OverlayChange, Code] = {
    OverlayChange.SUSPENDED: Code.SUSPENDED,
    OverlayChange.LIFTED: Code.SUSPENSION_LIFTED,
    OverlayChange.LEFT: Code.HOLDER_LEFT,
    OverlayChange.ENROLLED: Code.ENROLLED,
    OverlayChange.INVITED: Code.VISITOR_INVITED,
    OverlayChange.REVOKED: Code.LOCAL_REVOKED,
    OverlayChange.EXPIRED: Code.LOCAL_EXPIRED,
    OverlayChange.ABSORBED: Code.LOCAL_ABSORBED,
    OverlayChange.CONFLICTED: Code.LOCAL_CONFLICT,
    OverlayChange.FAILED: Code.LOCAL_FAILED,
    OverlayChange.REFUSED: Code.LOCAL_REFUSED,
}
ENDING = (OverlayChange.SUSPENDED, OverlayChange.LEFT, OverlayChange.REVOKED)  # whoever was let in may not pass now


def overlay_changed(draft: Draft, fact: OverlayChanged) -> None:
    """Tell what became of a local entry. Its revision is kept first, so that an older overlay is known for one."""
    if fact.revision:
        draft.keep(OVERLAY, str(fact.revision))
    detail = " ".join(filter(None, (said_of(fact.entry, fact.until_s), fact.detail)))
    draft.record(
        _CODE[fact.change],
        reasons=fact.reasons,
        detail=detail[:DETAIL_CHARACTERS_MAX],
        body=_body(fact),
        request=fact.request,
    )
    if fact.change in ENDING and fact.holder is not None:
        _withdraw(draft, fact.holder)


def holder_withdrawn(draft: Draft, fact: HolderWithdrawn) -> None:
    """A disk that stalls may delay what is told of a suspension; it must not delay that an open offer ends."""
    _withdraw(draft, fact.holder)


def _body(fact: OverlayChanged) -> Body | None:
    body = Body(
        holder=fact.holder,
        credential=fact.credential,
        second_holder=fact.issued_to,
        issuer=fact.issuer or None,
        note=fact.note or None,
    )
    return None if body == Body() else body


def _withdraw(draft: Draft, holder: str) -> None:
    """End what this holder has begun: dialogs, and offers to enter that were not taken. Offers to leave stay."""
    for name, state in tuple(draft.readers.items()):
        changed, effects = reader.withdraw(
            draft.state.site, draft.wiring.posts[name].reader, state, draft.now_ms, holder
        )
        draft.set_reader(name, changed)
        draft.do(effects)
    _withdraw_in_lanes(draft, holder)
    for name, portal in draft.wiring.portals.items():
        for way in range(len(draft.portals[name].ways)):
            at = draft.portals[name].ways[way]
            if _enters(at, holder):
                passing_on(draft, portal, way, PassingTrigger.CANCELLED)
            follower = at.follower
            if follower is not None and follower.holder == holder and follower.direction != "out":
                assert isinstance(portal, Turnstile), "one by one people pass through turnstiles"
                follow(draft, portal, way, ended=False)


def _withdraw_in_lanes(draft: Draft, holder: str) -> None:
    """The same at barriers: a vehicle that is on its way through already is let through."""
    for name in draft.lanes:
        withdraw(draft.road(name).lane, lambda grant: any(person == holder for person, _ in persons(grant)))


def _enters(way: WayState, holder: str) -> bool:
    grant = way.grant
    if grant is None or grant.direction == "out" or way.passing not in (Passing.RELEASED, Passing.SETTLING):
        return False
    return any(person == holder for person, _ in persons(grant))


# -- enrolment at a reader --------------------------------------------------------------------------------------------


def start_enrolment(draft: Draft, fact: StartEnrolment) -> tuple[str, ...]:
    """Set a reader to enrol; the reasons of a refusal, or none."""
    post = draft.wiring.posts.get(fact.reader)
    if post is None:
        return (f"{Reason.NOT_FOUND_READER}:{fact.reader[:ID_CHARACTERS_MAX]}",)
    state = draft.readers[fact.reader]
    if not fact.holder or not WAIT_MS_MIN <= fact.for_ms <= WAIT_MS_MAX or state.enrolling is not None:
        return (Reason.NOT_ALLOWED,)
    if reader.muted(state) or fact.reader in draft.state.devices_lost:
        return (Reason.OUT_OF_SERVICE,)
    _on(draft, fact.reader, enrolment.Trigger.STARTED, start=fact)
    return ()


def end_enrolment(draft: Draft, fact: EndEnrolment) -> tuple[str, ...]:
    """A person ends it; where nothing waits there is nothing to do."""
    if fact.reader not in draft.readers:
        return (f"{Reason.NOT_FOUND_READER}:{fact.reader[:ID_CHARACTERS_MAX]}",)
    _on(draft, fact.reader, enrolment.Trigger.CANCELLED)
    return ()


def credential_enrolled(draft: Draft, fact: CredentialEnrolled) -> None:
    """A credential that nobody had was presented where one was waited for."""
    if fact.reader in draft.readers:
        _on(draft, fact.reader, enrolment.Trigger.ENROLLED, enrolled=fact)


def reader_lost(draft: Draft, device: str) -> None:
    """A device is lost; where it is a reader, nobody can present anything there."""
    if device in draft.readers:
        _on(draft, device, enrolment.Trigger.INTERRUPTED)


def _on(
    draft: Draft,
    name: str,
    trigger: enrolment.Trigger,
    *,
    start: StartEnrolment | None = None,
    enrolled: CredentialEnrolled | None = None,
) -> None:
    changed, effects = reader.enrolment(
        draft.state.site,
        draft.wiring.posts[name].reader,
        draft.readers[name],
        draft.now_ms,
        trigger,
        start=start,
        enrolled=enrolled,
    )
    draft.set_reader(name, changed)
    draft.do(effects)
