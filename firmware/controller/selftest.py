"""Self-tests at the controller: watches each step of the run, drives nothing but what the core decides, and signs.

Whoever tests says so every few minutes; where nobody does, the portals go back into service, and nothing opens or moves
because of that. The page asks for steps and never says what came of them (firmware/selftest/messages.py).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Mapping, Sequence

from msgspec.structs import replace

from firmware.config import Config
from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox
from firmware.controller.role_socket import Allowance, RoleSocket
from firmware.controller.selftest_core import OURSELVES, AskedOfCore, refusals
from firmware.controller.selftest_displays import Numbers, questions_of
from firmware.controller.selftest_report import Press
from firmware.controller.selftest_shelf import Shelf
from firmware.controller.selftest_views import against, left_out, out_of_service, scope_of, seen
from firmware.controller.wires import Stepping, Wires, lines_of
from firmware.core.account_facts import Act
from firmware.core.codes import Reason
from firmware.core.facts import AnyFact, OpenOnce, SetOutOfService
from firmware.core.kept import FOR_TEST, out_of_service_key
from firmware.core.state import State
from firmware.messages import Answer
from firmware.selftest.machine import Stage, Trigger
from firmware.selftest.messages import (
    STEPS_MAX,
    BeginTest,
    Do,
    DoStep,
    DropTest,
    FinishTest,
    LookTest,
    PauseTest,
    ResumeTest,
    RunAsk,
    RunSeen,
)
from firmware.selftest.run import (
    Entry,
    Moment,
    Run,
    after_restart,
    noted,
    passed_time,
    said,
    saw,
    started,
    stopped,
    took,
)
from firmware.selftest.steps import Deed, steps_of
from firmware.selftest.watching import Seen

LEASE_MS = 600_000  # a phone that sleeps in a pocket on the ladder; past this nobody tests any more
TELL_S = 0.1  # between two states told to the page
SAVE_S = 1.0  # between two syncs: wires that move in a storm must not wear the card, nor stall the journal on it
# As slow as openings from afar are (role_socket.py): a step is no way around that.
OPENINGS = (1 / 3, 8)  # a second, and at once
REPORTS = (1 / 600, 6)  # whoever has the page could push the reports of years out by making others
BEGINS = (1 / 60, 8)  # each takes up to 32 portals out of service, and tells it of each


class SelfTests:
    """See the head of this file. At most one run; all methods are for the event loop's thread."""

    def __init__(
        self, config: Config, shelf: Shelf, press: Press, wires: Wires, clock: Clock, inbox: Inbox, socket: RoleSocket
    ) -> None:
        self._config = config
        self._shelf = shelf
        self._press = press
        self._wires = wires
        self._clock = clock
        self._core = AskedOfCore(inbox)
        self._socket = socket
        self.displays = Numbers()
        self._engine: Stepping | None = None
        self.run: Run | None = None  # at most one
        self._lease_ms = 0
        self._deed = ("", "")  # request of what the core was asked for, and the step that needs it
        self._busy = False  # a report is being made
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.TimerHandle | None = None
        self._unsaved = asyncio.Event()
        self._openings, self._reports, self._begins = (Allowance(*pace) for pace in (OPENINGS, REPORTS, BEGINS))
        self._now_s = asyncio.get_running_loop().time
        self.working: set[asyncio.Task[None]] = set()
        wires.observers.append(self._observed)

    def attach(self, engine: Stepping, kept: Mapping[str, str] | None, boot: str) -> None:
        """As the controller starts: a run that was under way goes on, and nothing of its half step counts."""
        self._engine = engine
        owned = tuple(p.id for p in engine.state.site.portals if (kept or {}).get(out_of_service_key(p.id)) == FOR_TEST)
        run = self._shelf.load()
        if run is not None:
            run = replace(after_restart(run, boot, self._moment()), taken=() if run.paused else owned)
            self._lease_ms = self._clock.now_ms() + LEASE_MS
        self.run = run
        self._core.put_back(tuple(name for name in owned if run is None or name not in run.taken))
        self._after()

    async def keep(self) -> None:
        """Saves the run when it has changed, once in SAVE_S at most; until cancelled, and once more then."""
        try:
            while await self._unsaved.wait():
                await asyncio.to_thread(self._save)
                await asyncio.sleep(SAVE_S)
        finally:
            if self._unsaved.is_set():
                self._save()

    def _save(self) -> None:
        self._unsaved.clear()
        try:
            self._shelf.save(self.run)
        except OSError as error:
            self._press.complain(f"a self-test cannot be saved: {error.strerror}")  # it goes on; its report says so

    def stop(self) -> None:
        for timer in (self._timer, self._telling):
            if timer is not None:
                timer.cancel()

    # -- what is asked ------------------------------------------------------------------------------------------------

    def ask(self, command: RunAsk, request: str) -> None:
        """Take one ask; it is answered now, or once what it rests on is committed."""
        if not isinstance(command, LookTest) or command.here:
            self._lease_ms = self._clock.now_ms() + LEASE_MS
        if isinstance(command, LookTest):
            self._socket.send(request, [self._seen(request)])
            self._wake()
            return
        refusal = self._refused(command)
        if not refusal and isinstance(command, BeginTest | ResumeTest) and not self._begins.take(self._now_s()):
            refusal = ("too_many",)
        if refusal:
            self._socket.answer(Answer(request, False, refusal))
            return
        match command:
            case BeginTest():
                self._begin(command, request)
            case ResumeTest():
                self._resume(command, request)
            case PauseTest():
                self._pause(command, request)
            case FinishTest():
                self._busy = True
                self._work(self._finish(command, request))
            case DropTest():
                self._drop(command, request)
            case DoStep():
                self._socket.answer(Answer(request, *self._do(command)))
        self._after()

    def _refused(self, command: RunAsk) -> tuple[str, ...]:
        run = self.run
        if self._busy:
            return ("selftest_busy",)
        if isinstance(command, BeginTest):
            if run is not None:
                return ("selftest_runs",)
            if not command.portals and not command.site:
                return ("selftest_nothing",)
            return against(command.portals, self._state)
        if run is None:
            return ("selftest_none",)
        if isinstance(command, FinishTest) and not self._reports.take(self._now_s()):
            return ("too_many",)
        if isinstance(command, ResumeTest):
            return against(run.portals, self._state) if run.paused else ("selftest_runs",)
        return ("selftest_paused",) if run.paused and isinstance(command, PauseTest | DoStep) else ()

    def _begin(self, command: BeginTest, request: str) -> None:
        roles = {name: point.role for name, point in self._wires.points.items()}
        portals = tuple(dict.fromkeys(command.portals))
        steps = steps_of(self._state.wiring, portals, roles, site=command.site, reset=self._config.reset_input)
        if not 0 < len(steps) <= STEPS_MAX:
            reason = "selftest_many" if steps else "selftest_nothing"
            self._socket.answer(Answer(request, False, (reason,)))
            return
        at = self._moment()
        self.run = Run(
            secrets.token_hex(6),
            command.issuer,
            portals,
            tuple(map(Entry, steps)),
            command.site,
            command.afar.address if command.afar else "",
            at.utc_ms,
            boots=(self._press.boot,),
        )
        self._take(command)
        self._core.tell(Act.SELFTEST_BEGUN, command, request, " ".join(portals))

    def _resume(self, command: ResumeTest, request: str) -> None:
        assert self.run is not None, "refused otherwise"
        self.run = replace(self.run, paused=False)
        self._take(command)
        self._core.tell(Act.SELFTEST_BEGUN, command, request, " ".join(self.run.portals))

    def _take(self, command: RunAsk) -> None:
        """Take the run's portals out of service, in the issuer's name; the core asks the site's `remote` once more."""
        assert self.run is not None
        taken = tuple(name for name in self.run.portals if not out_of_service(self._state, name))
        self._core.take_out(command, taken)
        self.run = replace(self.run, taken=taken)

    def _pause(self, command: PauseTest, request: str) -> None:
        self._release(quietly=command.left)
        assert self.run is not None
        self.run = replace(self.run, paused=True)
        self._core.tell(Act.SELFTEST_PAUSED, command, request, "left" if command.left else "")

    def _drop(self, command: DropTest, request: str) -> None:
        assert self.run is not None
        self._release(quietly=False)
        self._core.tell(Act.SELFTEST_DROPPED, command, request, self.run.id)
        self.run = None

    def _do(self, command: DoStep) -> tuple[bool, tuple[str, ...]]:
        """One step: whether it was done, and why not."""
        run = self.run
        entry = None if run is None else run.entry(command.step)
        if run is None or entry is None or run.id != command.run:
            return False, ("selftest_no_step",)
        at = self._moment()
        note = command.note.strip()
        if note:
            run = noted(run, entry.step.id, note)
        match command.do:
            case Do.BEGIN:
                if entry.step.portal and not out_of_service(self._state, entry.step.portal):
                    return False, (f"{Reason.IN_SERVICE}:{entry.step.portal}",)
                if entry.step.deed and not self._openings.take(self._now_s()):
                    return False, ("too_many",)
                levels = {name: self._wires.word(name) for name in entry.step.expects}
                run = started(run, entry.step.id, command.issuer, levels, at, questions_of(entry.step))
                self.run = run
                begun = run.entry(entry.step.id)
                if begun is not None and begun.stage is Stage.LISTENING:
                    self._have_done(command, begun)
                return True, ()
            case Do.STOP:
                run = stopped(run, at)
            case Do.SKIP:
                if not note:
                    return False, ("selftest_why",)
                run = took(run, entry.step.id, Trigger.SKIP, at, f"skipped:{note}")
            case Do.YES | Do.NO:
                if entry.stage is not Stage.ASKING:
                    return False, ("selftest_too_late",)
                run = said(run, entry.step.id, command.do is Do.YES, at)
            case Do.NOTE:
                pass
        self.run = run
        return True, ()

    def _have_done(self, command: DoStep, entry: Entry) -> None:
        """Ask the core for the one thing that a step needs: to let somebody through once, as any operator does."""
        step = entry.step
        if step.deed is not Deed.OPEN_ONCE:
            return
        self._deed = (self._core.open_once(command, step), step.id)

    async def _finish(self, command: FinishTest, request: str) -> None:
        """Back into service first: a report can wait. Then the report, and its event, which is the answer."""
        self._release(quietly=False)
        assert self.run is not None
        self.run = run = replace(self.run, paused=True, note=command.note)
        lines = {name: lines_of(point) for name, point in self._wires.points.items()}
        try:
            kept = await asyncio.to_thread(
                self._press.report, run, self._moment().utc_ms, lines, left_out(run, self._wires), command.issuer
            )
        except OSError as error:
            self._press.complain(f"the report of a self-test cannot be saved: {error.strerror}")
            self._socket.answer(Answer(request, False, (Reason.NOT_SAVED,)))
        else:
            counted = f"{kept.passed} passed, {kept.failed} failed, {kept.skipped} skipped, {kept.waiting} not done"
            self._core.tell(Act.SELFTEST_ENDED, command, request, f"{kept.id}: {counted}, sha256 {kept.sha256[:16]}")
            self.run = None
        finally:
            self._busy = False
            self._after()

    # -- what happens -------------------------------------------------------------------------------------------------

    def stepped(self, fact: AnyFact, effects: Sequence[object]) -> None:
        """The core has taken a fact."""
        if self.run is None or not isinstance(fact, OpenOnce | SetOutOfService):
            return
        refused = refusals(fact.request, effects)
        if isinstance(fact, OpenOnce):
            if refused and fact.request == self._deed[0] and self.run.entry(self._deed[1]) is not None:
                why = f"core:{' '.join(refused[0])}"
                self._set(took(self.run, self._deed[1], Trigger.REFUSED, self._moment(), why))
        elif fact.portal in self.run.taken and (refused or not (fact.out and fact.test)):
            # Somebody else has a say in it now: it stays as that person wants it.
            self._set(replace(self.run, taken=tuple(name for name in self.run.taken if name != fact.portal)))
        self._give_way()

    def _give_way(self) -> None:
        """A step of a portal that is in service again proves nothing more: it is others who use it, and its display."""
        run = self.run
        running = None if run is None else run.running
        if run is None or running is None or not running.step.portal:
            return
        if not out_of_service(self._state, running.step.portal):
            self._set(stopped(run, self._moment()))

    def _observed(self, device: str, word: str) -> None:
        if self.run is not None and self.run.running is not None:
            self._set(saw(self.run, Seen(device, word), scope_of(self.run, self._wires), self._moment()))

    def _due(self) -> None:
        self._timer = None
        run = self.run
        if run is None:
            return
        self._set(passed_time(run, self._moment()))
        if not run.paused and not self._busy and self._clock.now_ms() >= self._lease_ms:
            self._pause(PauseTest(issuer=OURSELVES, left=True), "")
            self._after()

    # -- parts --------------------------------------------------------------------------------------------------------

    def _set(self, run: Run) -> None:
        if run is not self.run and run != self.run:
            self.run = run
            self._after()

    def _after(self) -> None:
        """The run may be another one: it is saved, told, shown, and its next deadline waited for."""
        self._unsaved.set()
        self.displays.follow(self.run)
        if self._telling is None:
            self._telling = asyncio.get_running_loop().call_later(TELL_S, self._publish)
        self._wake()

    def _publish(self) -> None:
        self._telling = None
        self._socket.tell(self._seen(""))

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        run = self.run
        if run is None or (run.paused and run.running is None):
            return
        due_ms = min(run.deadline_ms or self._lease_ms, self._lease_ms)
        after_s = max(0, due_ms - self._clock.now_ms()) / 1000 + 0.001
        self._timer = asyncio.get_running_loop().call_later(after_s, self._due)

    def _release(self, *, quietly: bool) -> None:
        """Break off what runs, and put the portals back; `quietly`: nobody is there, so that no window opens them."""
        assert self.run is not None
        self.run = stopped(self.run, self._moment())
        self._core.put_back(self.run.taken, quietly=quietly)
        self.run = replace(self.run, taken=())

    def _work(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self.working.add(task)
        task.add_done_callback(self.working.discard)

    @property
    def _state(self) -> State:
        assert self._engine is not None, "whoever makes them says who steps"
        return self._engine.state

    def _moment(self) -> Moment:
        return Moment(self._clock.now_ms(), self._clock.utc_ms())

    def _seen(self, request: str) -> RunSeen:
        lease_ms = max(0, self._lease_ms - self._clock.now_ms())
        return seen(self.run, request, self._state, self._wires, self._clock.now_ms(), lease_ms)
