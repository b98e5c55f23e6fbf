"""The heart: (state, now, fact) -> (state, effects). First all that is due by now, in order, then the fact.

Each thing that is due is done as of its own deadline, so that one late step leads where many punctual ones do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.core import (
    accounts,
    backups,
    calls,
    clock,
    commands,
    devices,
    elsewhere,
    faces,
    kept,
    lanes,
    local,
    reader,
    reader_keys,
    swipe,
    trial,
    viewings,
)
from firmware.core.account_facts import Administered
from firmware.core.backup_facts import BackupMade
from firmware.core.draft import Draft
from firmware.core.effects import AnyEffect, SetOutput
from firmware.core.face_facts import FaceChanged
from firmware.core.facts import (
    AnyFact,
    CardRead,
    ClockLost,
    ClockSet,
    CodeRead,
    CredentialEnrolled,
    DeviceLost,
    DeviceRecovered,
    FaceSeen,
    Fact,
    HolderWithdrawn,
    InboxOverflowed,
    InputChanged,
    NoiseSeen,
    OutputFailed,
    OverlayChanged,
    PassageElsewhere,
    PeersHeard,
    PeersLost,
    PinEntered,
    PlateSeen,
    RosterRefused,
    RosterReplaced,
    Started,
    StoreFailed,
    StoreRecovered,
    TagRead,
    TemperatureMeasured,
)
from firmware.core.key_facts import ReaderKeyed
from firmware.core.leaf import leaf_on
from firmware.core.machines import ExitTrigger, HoldTrigger, LeafTrigger, PassingTrigger, PulseTrigger
from firmware.core.release import hold_on, passing_on
from firmware.core.rex import exit_on
from firmware.core.schedule import evaluate
from firmware.core.settle import settle
from firmware.core.state import SHIFTS, TRIAL, State, initial
from firmware.core.trial_facts import TryEnded, TryRenewed
from firmware.core.turnstile import pulse_on
from firmware.core.viewing_facts import CameraViewed
from firmware.core.wiring import Portal

__all__ = ["initial", "next_deadline", "step"]

# Of one step. A controller that was stopped for ninety days finds about 35,000 edges of quarter-hour schedules at four
# portals; more than this is a deadline that sets itself anew for ever: our mistake.
DUE_MAX = 100_000


def step(state: State, now_ms: int, fact: AnyFact) -> tuple[State, tuple[AnyEffect, ...]]:
    """The state after all that is due by `now_ms` and then `fact`, and what is to be done: outputs first, in order.

    Each output is told once, and then where it belongs now: a late step releases nothing for a time that is over.
    `now_ms` is of the monotonic clock and never goes back from step to step. After the step the next deadline lies
    after `now_ms`. Raises for our own mistakes only (UnlistedPair, AssertionError); any fact is answered.
    """
    draft = Draft(state, now_ms)
    _catch_up(draft, now_ms)
    draft.now_ms = now_ms
    handler = _HANDLERS.get(type(fact))
    if handler is not None:
        handler(draft, fact)
        _settle(draft)
    after = draft.finish()
    assert after.due_ms is None or after.due_ms > now_ms, f"a deadline is due again at once: {after.deadlines}"
    return after, (*_last_of_each(draft.outputs), *draft.effects)


def next_deadline(state: State) -> int | None:
    """The instant by which `step` has to be called again, if no fact comes before; None: never."""
    return state.due_ms


def _last_of_each(commands: list[SetOutput]) -> list[SetOutput]:
    """The last command of each output, in their order. Most steps have none or one."""
    if len(commands) < 2:
        return commands
    last = {command.output: place for place, command in enumerate(commands)}
    return [command for place, command in enumerate(commands) if last[command.output] == place]


def _settle(draft: Draft) -> None:
    _settle_portals(draft)
    if trial.interrupted(draft):
        _settle_portals(draft)


def _settle_portals(draft: Draft) -> None:
    while draft.unsettled:
        name = next(iter(draft.unsettled))
        portal = draft.wiring.portals.get(name)
        if portal is None:
            lanes.settle(draft, name)
        else:
            settle(draft, portal)


# -- deadlines --------------------------------------------------------------------------------------------------------


def _catch_up(draft: Draft, now_ms: int) -> None:
    """Do all that is due, each at its instant."""
    if draft.state.due_ms is None or draft.state.due_ms > now_ms:
        return
    for _ in range(DUE_MAX):
        if not draft.deadlines:
            return
        owner = min(draft.deadlines, key=lambda name: (draft.deadlines[name], name))
        if draft.deadlines[owner] > now_ms:
            return
        draft.now_ms = draft.deadlines[owner]
        portal = draft.wiring.portals.get(owner)
        if owner in draft.wiring.barriers:
            lanes.due(draft, owner)
        elif owner in draft.calls:
            calls.due(draft, owner)
        elif owner == TRIAL:
            trial.due(draft)
        elif owner == SHIFTS:
            viewings.due(draft)
        elif portal is None:
            _reader_due(draft, owner)
        else:
            _portal_due(draft, portal)
        _settle(draft)
    raise AssertionError(f"more than {DUE_MAX} deadlines in one step: {draft.deadlines}")


def _reader_due(draft: Draft, name: str) -> None:
    post = draft.wiring.posts[name]
    changed, effects = reader.due(draft.state.site, post.reader, draft.readers[name], draft.now_ms)
    draft.set_reader(name, changed)
    draft.do(effects)


def _portal_due(draft: Draft, portal: Portal) -> None:
    """The first timer of a portal. Its name tells what it is for, and of which way or device."""
    at_ms, timer = draft.portals[portal.id].timers[0]
    assert at_ms == draft.now_ms, f"{portal.id}: deadline {draft.now_ms}, but {timer} is at {at_ms}"
    draft.drop(portal.id, timer)
    kind, _, index = timer.partition(":")
    _TIMERS[kind](draft, portal, int(index or 0))


def _passing(trigger: PassingTrigger) -> Callable[[Draft, Any, int], None]:
    return lambda draft, portal, way: passing_on(draft, portal, way, trigger)


def _leaf(trigger: LeafTrigger) -> Callable[[Draft, Any, int], None]:
    return lambda draft, door, _: leaf_on(draft, door, trigger)


def _over(_draft: Draft, _portal: Any, _index: int) -> None:
    """That the timer has ended is all: the claims are resolved without it."""


_TIMERS: dict[str, Callable[[Draft, Any, int], None]] = {
    "release": _passing(PassingTrigger.EXPIRED),
    "settle": _passing(PassingTrigger.SETTLED),
    "grace": _over,
    "exit": _over,
    "shunt": _over,
    "warn": _leaf(LeafTrigger.WARN_DUE),
    "held": _leaf(LeafTrigger.HELD_DUE),
    "stuck": lambda draft, door, index: exit_on(draft, door, index, ExitTrigger.STUCK_DUE),
    "pulse": lambda draft, turnstile, way: pulse_on(draft, turnstile, way, PulseTrigger.STUCK_DUE),
    "hold": lambda draft, portal, _: hold_on(draft, portal, HoldTrigger.EXPIRED),
    "schedule": lambda draft, portal, _: evaluate(draft, portal, by_time=True),
}


# -- facts ------------------------------------------------------------------------------------------------------------

_HANDLERS: dict[type[Fact], Callable[[Draft, Any], None]] = {
    **dict.fromkeys((CardRead, CodeRead, TagRead, PlateSeen, FaceSeen, PinEntered), swipe.read),
    NoiseSeen: swipe.noise,
    InputChanged: devices.input_changed,
    TemperatureMeasured: lanes.temperature_measured,
    OutputFailed: devices.output_failed,
    DeviceLost: devices.device_lost,
    DeviceRecovered: devices.device_recovered,
    Started: kept.started,
    ClockSet: clock.clock_set,
    ClockLost: clock.clock_lost,
    RosterReplaced: clock.roster_replaced,
    RosterRefused: devices.roster_refused,
    OverlayChanged: local.overlay_changed,
    HolderWithdrawn: local.holder_withdrawn,
    CredentialEnrolled: local.credential_enrolled,
    FaceChanged: faces.face_changed,
    PassageElsewhere: elsewhere.passage_elsewhere,
    PeersLost: elsewhere.peers_lost,
    PeersHeard: elsewhere.peers_heard,
    StoreFailed: devices.store_failed,
    StoreRecovered: devices.store_recovered,
    InboxOverflowed: devices.inbox_overflowed,
    ReaderKeyed: reader_keys.reader_keyed,
    Administered: accounts.administered,
    BackupMade: backups.backup_made,
    CameraViewed: viewings.camera_viewed,
    TryRenewed: trial.renewed,
    TryEnded: trial.ended,
    **dict.fromkeys(commands.COMMANDS, commands.command),
}
