"""The passage pulses of a turnstile: each proves one passage, is an alarm without a release, and may be stuck."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.facts import Level
from firmware.core.machines import PULSE, PassingTrigger, Pulse, PulseTrigger
from firmware.core.modes import RANK
from firmware.core.release import follow, passing_on
from firmware.core.site import Turnstile
from firmware.core.timers import runs
from firmware.core.wiring import IN

# A turn takes a second or two; whoever stops half-way with a pushchair gets this long before it is reported.
PULSE_MS_MAX = 10_000


def pulse_changed(draft: Draft, turnstile: Turnstile, way: int, level: Level) -> None:
    """The passage contact of one direction has this level now."""
    before = draft.portals[turnstile.id].ways[way].pulse
    if level is Level.ACTIVE:
        pulse_on(draft, turnstile, way, PulseTrigger.ROSE)
        return
    if level is Level.INACTIVE:
        pulse_on(draft, turnstile, way, PulseTrigger.FELL)
    else:
        pulse_on(draft, turnstile, way, PulseTrigger.FAULTED, level.value)
    follow(draft, turnstile, way, ended=before is Pulse.ACTIVE and level is Level.INACTIVE)


def pulse_on(draft: Draft, turnstile: Turnstile, way: int, trigger: PulseTrigger, detail: str = "stuck") -> None:
    """One trigger for the passage contact of one direction."""
    before = draft.portals[turnstile.id].ways[way].pulse
    target, actions = PULSE.on(before, trigger)
    if target is not before:
        draft.change_way(turnstile.id, way, pulse=target)
    for action in actions:
        _ACTIONS[action](draft, turnstile, way, detail)


def _device(turnstile: Turnstile, way: int) -> str | None:
    return turnstile.passage_in if way == IN else turnstile.passage_out


def _turned(draft: Draft, turnstile: Turnstile, way: int, _detail: str) -> None:
    now = draft.portals[turnstile.id]
    expected = RANK[now.ways[way].claim].released or now.dropped or runs(now.timers, f"grace:{way}")
    if not expected:
        draft.record(Code.TURNED_UNRELEASED, portal=turnstile.id, device=_device(turnstile, way))
    passing_on(draft, turnstile, way, PassingTrigger.TURNED)


def _watch(draft: Draft, turnstile: Turnstile, way: int, _detail: str) -> None:
    draft.put(turnstile.id, f"pulse:{way}", draft.now_ms + PULSE_MS_MAX)


def _unwatch(draft: Draft, turnstile: Turnstile, way: int, _detail: str) -> None:
    draft.drop(turnstile.id, f"pulse:{way}")


def _fault(draft: Draft, turnstile: Turnstile, way: int, detail: str) -> None:
    draft.record(Code.PASSAGE_PULSE_FAULT, portal=turnstile.id, device=_device(turnstile, way), detail=detail)


def _healthy(draft: Draft, turnstile: Turnstile, way: int, _detail: str) -> None:
    draft.record(Code.CONTACT_HEALTHY, portal=turnstile.id, device=_device(turnstile, way))


_ACTIONS: dict[str, Callable[[Draft, Turnstile, int, str], None]] = {
    "turned": _turned,
    "watch": _watch,
    "unwatch": _unwatch,
    "fault": _fault,
    "healthy": _healthy,
}
PULSE.check_actions(_ACTIONS)
