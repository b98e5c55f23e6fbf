"""How a self-test stands, for the page; and which devices have to do with it. From the core's state and the wires."""

from __future__ import annotations

from collections.abc import Sequence

from firmware.controller.wires import Wires, lines_of
from firmware.core.codes import Reason
from firmware.core.site import Remote
from firmware.core.state import State
from firmware.selftest.machine import OVER
from firmware.selftest.messages import RunSeen, StepSeen
from firmware.selftest.run import Entry, Run
from firmware.selftest.steps import uncovered
from firmware.selftest.watching import Scope


def out_of_service(state: State, portal: str) -> bool:
    if portal in state.lanes:
        return state.lanes[portal].lane.out_of_service
    return state.portals[portal].out_of_service


def against(portals: Sequence[str], state: State) -> tuple[str, ...]:
    """Why these cannot be taken: unknown, or the site lets nobody do so from the page (firmware/core/afar.py)."""
    known = {portal.id: portal for portal in state.site.portals}
    for name in portals:
        if name not in known:
            return (f"{Reason.NOT_FOUND_PORTAL}:{name}",)
        if Remote.SERVICE not in known[name].remote and not out_of_service(state, name):
            return (f"{Reason.NOT_FROM_AFAR}:{name}",)
    return ()


def scope_of(run: Run, wires: Wires) -> Scope:
    """Devices of the portals under test, and those that nothing uses; what residents use elsewhere is no fault."""
    uses = wires.uses
    return Scope(frozenset(name for name in wires.points if name not in uses or uses[name][0] in run.portals))


def left_out(run: Run, wires: Wires) -> tuple[str, ...]:
    """Devices of the portals under test, and of the site where it is, that no step proves."""
    owners = {*run.portals, ""} if run.site else {*run.portals}
    own = [name for name, use in wires.uses.items() if use[0] in owners]
    return uncovered([entry.step for entry in run.entries], own)


def seen(run: Run | None, request: str, state: State, wires: Wires, now_ms: int, lease_ms: int) -> RunSeen:
    """The run as the page is told of it; without one, what may be tested."""
    portals = state.site.portals
    choices = tuple(each.id for each in portals if Remote.SERVICE in each.remote or out_of_service(state, each.id))
    if run is None:
        return RunSeen(request, choices=choices)
    return RunSeen(
        request,
        run.id,
        run.paused,
        run.issuer,
        run.portals,
        run.site,
        run.began_utc_ms,
        None if run.paused else lease_ms,
        tuple(_step(entry, wires, now_ms) for entry in run.entries),
        left_out(run, wires),
        choices,
    )


def _step(entry: Entry, wires: Wires, now_ms: int) -> StepSeen:
    step, watch = entry.step, entry.watch
    point = wires.points.get(step.device)
    last = entry.attempts[-1] if entry.attempts and entry.stage in OVER else None
    return StepSeen(
        step.id,
        step.task.value,
        step.device,
        watch.stage.value,
        step.portal,
        () if point is None else lines_of(point),
        step.expects,
        step.proves,
        watch.why,
        watch.names,
        entry.note,
        watch.tries,
        None if last is None else last.utc_ms,
        None if watch.until_ms is None else max(0, watch.until_ms - now_ms),
        step.word,
        "" if watch.question is None else watch.question.asks,
    )
