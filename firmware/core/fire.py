"""The fire inputs: active means fire, and one that cannot be believed is a fault and releases too (FIELD.md, R14)."""

from __future__ import annotations

from firmware.core.claims import fault_bars
from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.levels import FAULT_LEVELS, Level
from firmware.core.machines import FIRE, FireTrigger


def fire_input_changed(draft: Draft, device: str, level: Level) -> None:
    """A fire input has this level now, at the start too."""
    before = draft.state.fire_levels.get(device)
    if level is before:
        return
    draft.set(fire_levels=draft.state.fire_levels | {device: level})
    if level in FAULT_LEVELS:
        draft.record(Code.FIRE_INPUT_FAULT, device=device, detail=level.value)
    elif before in FAULT_LEVELS:
        draft.record(Code.FIRE_INPUT_HEALTHY, device=device)
    if level is Level.ACTIVE:
        draft.record(Code.FIRE, device=device)
    if level is not Level.INACTIVE:
        fire_on(draft, FireTrigger.RAISED)
        return
    if all(other is Level.INACTIVE for other in draft.state.fire_levels.values()):
        by_person = draft.state.site.fire_reset == "person"
        fire_on(draft, FireTrigger.CLEARED_UNRESET if by_person else FireTrigger.CLEARED)


def fire_on(draft: Draft, trigger: FireTrigger) -> None:
    """One trigger for the site's fire release."""
    before = draft.state.fire
    target, actions = FIRE.on(before, trigger)
    for _ in actions:
        draft.record(Code.FIRE_ENDED)
    if trigger is FireTrigger.RAISED:
        try_failed_locks(draft)
    if target is not before:
        draft.set(fire=target)
        draft.settle_all()


FIRE.check_actions(("ended",))


def try_failed_locks(draft: Draft) -> None:
    """A lock that failed is commanded again, even if it was told the same before: lives may hang on it."""
    for portal in draft.portals:
        now = draft.portals[portal]
        if fault_bars(now) and draft.wiring.portals[portal].escape:
            for way in range(len(now.ways)):
                draft.change_way(portal, way, commanded=None)
            draft.change(portal, dropped=None)
