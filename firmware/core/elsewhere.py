"""What other controllers have proven, and what holds while they are not heard. None of it moves a portal."""

from __future__ import annotations

from firmware.core import passage
from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.effects import Remember
from firmware.core.facts import PassageElsewhere, PeersHeard, PeersLost
from firmware.core.machines import PEERS, PeersTrigger
from firmware.core.passage import AREA_UNKNOWN
from firmware.core.release import ledger_moved, occupy

WHY_CHARACTERS_MAX = 200  # of who is not heard; a community has more gates than a row has room for


def passage_elsewhere(draft: Draft, fact: PassageElsewhere) -> None:
    """A holder has passed at another controller: the ledger knows, and offers and dialogs here start from there.

    An area that is not shared here is none of ours: the holder is then in no area that we know.
    """
    area = fact.area if fact.area in draft.wiring.shared else None
    draft.effects.append(
        Remember(
            fact.holder,
            area=area or AREA_UNKNOWN,
            entered_s=None if area is None else fact.at_s,
            household=fact.household,
            vehicle=fact.vehicle,
            passed_at=f"{fact.controller}/{fact.access_point}",
            passed_s=fact.at_s,
            controller=fact.controller,
        )
    )
    if area != fact.was:
        state = draft.state
        draft.do(passage.filled(state.site, state.rulebook, area, state.occupancy, 1))
        moves = ((fact.was, -1), (area, 1))
        occupy(draft, {name: by for name, by in moves if name is not None})
    ledger_moved(draft, fact.holder, area, fact.at_s)


def peers_lost(draft: Draft, fact: PeersLost) -> None:
    """From now on a holder may have left a shared area without our hearing of it: anti-passback there is soft."""
    _peers_on(draft, PeersTrigger.LOST, fact.why[:WHY_CHARACTERS_MAX])


def peers_heard(draft: Draft, _fact: PeersHeard) -> None:
    """All of them are heard, and what was missed has been told before this."""
    _peers_on(draft, PeersTrigger.HEARD)


def _peers_on(draft: Draft, trigger: PeersTrigger, detail: str = "") -> None:
    target, actions = PEERS.on(draft.state.peers, trigger)
    for action in actions:
        draft.record(_ACTIONS[action], detail=detail)
    if target is not draft.state.peers:
        draft.set(peers=target)


_ACTIONS = {"lost": Code.PEERS_LOST, "heard": Code.PEERS_HEARD}  # each is an event, and no more
PEERS.check_actions(_ACTIONS)
