"""Devices that fail, are lost and come back; the store and the inbox; tamper contacts; and every input's level."""

from __future__ import annotations

from firmware.core.calls import call_input_changed
from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.facts import (
    DeviceLost,
    DeviceRecovered,
    InboxOverflowed,
    InputChanged,
    Level,
    OutputFailed,
    RosterRefused,
    StoreFailed,
    StoreRecovered,
)
from firmware.core.fire import fire_input_changed
from firmware.core.kept import doubt_ledger, latch
from firmware.core.lanes import lane_input_changed, lane_output_failed, lane_output_recovered
from firmware.core.leaf import contact_changed
from firmware.core.local import reader_lost
from firmware.core.rex import rex_changed
from firmware.core.site import Door, Turnstile
from firmware.core.turnstile import pulse_changed
from firmware.core.wiring import Portal, Role, locks

OUTPUT_FAILED = "output_failed"  # why a fault is latched
OUTPUT_LOST = "output_lost"
WHY_CHARACTERS_MAX = 200  # of what a device says about itself; the rest is in its own log


def input_changed(draft: Draft, fact: InputChanged) -> None:
    """An input has this level now. One input may serve several uses; one that serves none says nothing."""
    _level(draft, fact.input, fact.level)


def _level(draft: Draft, device: str, level: Level) -> None:
    for use in draft.wiring.inputs.get(device, ()):
        if use.role is Role.FIRE:
            fire_input_changed(draft, device, level)
            continue
        if use.role is Role.TAMPER:
            _tamper(draft, device, use.owner, level)
            continue
        if use.role is Role.CALL:
            call_input_changed(draft, use.owner, level)
            continue
        if use.role is Role.LANE:
            lane_input_changed(draft, use.owner, device, level)
            continue
        portal = draft.wiring.portals[use.owner]
        if use.role is Role.PULSE:
            assert isinstance(portal, Turnstile)
            pulse_changed(draft, portal, use.which, level)
            continue
        assert isinstance(portal, Door)
        if use.role is Role.CONTACT:
            contact_changed(draft, portal, level)
        else:
            rex_changed(draft, portal, use.which, level)


def _tamper(draft: Draft, device: str, owner: str, level: Level) -> None:
    """A tamper contact is at rest only while it is healthy and inactive."""
    tampered = level is not Level.INACTIVE
    if tampered == (device in draft.state.tampered):
        return
    reader = owner if owner in draft.readers else None
    if tampered:
        draft.set(tampered=draft.state.tampered | {device})
        draft.record(Code.TAMPER, reader=reader, device=device, detail=level.value)
    else:
        draft.set(tampered=draft.state.tampered - {device})
        draft.record(Code.TAMPER_ENDED, reader=reader, device=device)


def output_failed(draft: Draft, fact: OutputFailed) -> None:
    """An output did not do as it was told. A lock's failure is latched; request-to-exit and fire still try.

    It is told once until the device is well again or a person resets the fault: a dead reader fails at every showing.
    """
    lane = draft.wiring.lane_outputs.get(fact.output)
    portal = draft.wiring.outputs.get(fact.output)
    if fact.output not in draft.state.outputs_failed:
        draft.set(outputs_failed=draft.state.outputs_failed | {fact.output})
        draft.record(
            Code.OUTPUT_FAILED,
            portal=portal or lane,
            device=fact.output,
            detail=fact.why[:WHY_CHARACTERS_MAX],
        )
    if lane is not None:
        lane_output_failed(draft, lane, fact.output, OUTPUT_FAILED)
    if portal is not None and fact.output not in draft.portals[portal].lost:
        latch(draft, portal, OUTPUT_FAILED)


def device_lost(draft: Draft, fact: DeviceLost) -> None:
    """A device is lost: an input is not believed any more, a lock is at its own `on_lost` level."""
    if fact.device not in draft.state.devices_lost:
        draft.set(devices_lost=draft.state.devices_lost | {fact.device})
        draft.record(
            Code.DEVICE_LOST,
            portal=_of_output(draft, fact.device),
            device=fact.device,
            detail=fact.why[:WHY_CHARACTERS_MAX],
        )
    _level(draft, fact.device, Level.LOST)
    reader_lost(draft, fact.device)
    lane = draft.wiring.lane_outputs.get(fact.device)
    if lane is not None:
        lane_output_failed(draft, lane, fact.device, OUTPUT_LOST, lost=True)
    portal = draft.wiring.outputs.get(fact.device)
    if portal is not None:
        draft.change(portal, lost=draft.portals[portal].lost | {fact.device})


def device_recovered(draft: Draft, fact: DeviceRecovered) -> None:
    """A device is back. An output is told again where it should be; what was released before does not begin again."""
    if fact.device in draft.state.devices_lost:
        draft.set(
            devices_lost=draft.state.devices_lost - {fact.device},
            outputs_failed=draft.state.outputs_failed - {fact.device},
        )
        draft.record(Code.DEVICE_RECOVERED, portal=_of_output(draft, fact.device), device=fact.device)
    lane = draft.wiring.lane_outputs.get(fact.device)
    if lane is not None:
        lane_output_recovered(draft, lane, fact.device)
    portal = draft.wiring.outputs.get(fact.device)
    if portal is not None:
        draft.change(portal, lost=draft.portals[portal].lost - {fact.device})
        command_anew(draft, draft.wiring.portals[portal], fact.device)


def _of_output(draft: Draft, device: str) -> str | None:
    """The portal that an output belongs to."""
    return draft.wiring.outputs.get(device) or draft.wiring.lane_outputs.get(device)


def command_anew(draft: Draft, portal: Portal, output: str) -> None:
    """Forget what an output was last told, so that it is told again."""
    for way, lock in enumerate(locks(portal)):
        if lock == output:
            draft.change_way(portal.id, way, commanded=None)
    if isinstance(portal, Turnstile) and portal.drop == output:
        draft.change(portal.id, dropped=None)


# -- store, inbox, roster ---------------------------------------------------------------------------------------------


def store_failed(draft: Draft, fact: StoreFailed) -> None:
    """The journal cannot be written: doors go on, and the ledger is not trusted meanwhile."""
    if not draft.state.store_failed:
        draft.set(store_failed=True)
        draft.record(Code.STORE_FAILED, detail=fact.why[:WHY_CHARACTERS_MAX])


def store_recovered(draft: Draft, fact: StoreRecovered) -> None:
    """It can be written again; passages may be missing in the ledger."""
    draft.set(store_failed=False)
    if fact.events_lost > 0:
        doubt_ledger(draft)
    draft.record(Code.STORE_RECOVERED, count=fact.events_lost)


def inbox_overflowed(draft: Draft, fact: InboxOverflowed) -> None:
    """Reports were dropped before they became facts."""
    detail = " ".join(fact.sources)[:WHY_CHARACTERS_MAX]
    draft.record(Code.INBOX_OVERFLOWED, count=fact.dropped, detail=detail)


def roster_refused(draft: Draft, fact: RosterRefused) -> None:
    """A roster file was refused; the last good one stays."""
    version = "unknown version" if fact.version is None else f"version {fact.version}"
    draft.record(Code.ROSTER_REFUSED, detail=f"{version}: {fact.why}"[:WHY_CHARACTERS_MAX])
