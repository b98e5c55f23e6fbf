"""The contract of drivers (drivers/driver.py; DESIGN.md, section 4) as promises that are put to a subject.

A subject is one driver with its far end: how it is made, excited, unplugged and plugged in again, what garbage it is
fed, and what its outputs are at the far end. A promise is a coroutine that fails where the driver breaks it. Nothing
is patched, and every wait is for the thing itself, with a limit. No pytest here: the kernel rig runs the same promises
on a real kernel's lines (tests/rig/inside/contract.py).
"""

from __future__ import annotations

import abc
import asyncio
import os
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from drivers.driver import Driven, Driver, points_of
from drivers.reports import AnyReport, Digits, DriverError, Frame, Level, Line, Tag

SEED = 20261126
LIMIT_S = 20.0  # for whatever has to come
RECOVER_S = 10.0  # of a cable that is put back, to a device that works (FIELD.md, section 1: OSDP)
HEAR_S = 2.5  # from one excitement to its report; then a person tries again
TRIES_MAX = 8
QUIET_S = 0.3  # in which nothing may come that must not
STAYS_S = 1.1  # longer than a pattern of lamps takes
LOOK_S = 0.002  # between two looks at what has to come
GLANCE_S = 0.025  # at what must not come
REPORTS_OF_GARBAGE_MAX = 600
WORDS = ("granted", "denied", "lockdown", "locked_out", "enrolling", "idle", "no word at all")


class Subject(abc.ABC):
    """One driver with its far end. `kind` is its kind in firmware/controller/kinds.py."""

    kind: str
    driver: Driver
    speaks = True  # it reports what it is excited by
    reports: tuple[type, ...] = (Frame, Digits, Line, Tag, Level)  # so
    told_s = QUIET_S  # for how long it is looked whether it tells of its loss once more, and whether it speaks
    waits = False  # having told of its loss, run() waits for the device itself, and does not raise again
    sealed = True  # its protocol has a proof, so that no garbage is a credential
    losses = 3  # how often its cable is pulled in one go
    bursts = 60  # of garbage
    at_rest: Mapping[str, object] = {}  # what its outputs are at the far end where nobody is in command
    safe_when_lost = True  # safe() reaches its outputs although it was lost, once the cable is back

    @abc.abstractmethod
    def make(self, name: str) -> Driver:
        """A driver of the same device, of this name, on the same bus."""

    @abc.abstractmethod
    async def excite(self) -> None:
        """Once: a card, a press, a code. Nothing, where it does not speak."""

    @abc.abstractmethod
    async def garble(self, chance: random.Random) -> None:
        """One burst of garbage on its wires."""

    @abc.abstractmethod
    async def pull(self) -> None:
        """Pull the cable."""

    @abc.abstractmethod
    async def plug(self) -> None:
        """Put it back."""

    async def calm(self) -> None:  # noqa: B027  most wires rest by themselves
        """The wires rest again after garbage."""

    async def ready(self, run: Run) -> bool:
        """It is at work."""
        heard: Callable[[], bool] | None = getattr(run.driver, "proven", None)
        return await until(lambda: run.done or heard is None or heard())

    def levels(self) -> Mapping[str, object]:
        """What its outputs are at the far end now, by the names of `at_rest`."""
        return {}

    def seen(self) -> set[tuple[str, object]]:
        """Each level that each output had at the far end since the subject stands."""
        return set()

    def drive(self, on: bool) -> None:  # noqa: B027  who has no outputs
        """Command each output away from where it rests, or (`on` False) back. By the driver, which runs."""

    def spoil(self) -> None:  # noqa: B027  likewise
        """Somebody else puts each output where nobody wants it."""

    def safe(self) -> None:
        self.driver.safe()

    async def settle(self) -> None:  # noqa: B027  most far ends have nothing of their own
        """The far end lets go of what it had of a driver that has ended."""

    def switches(self) -> Sequence[Driven]:
        """What takes apply()."""
        return [self.driver] if hasattr(self.driver, "apply") else []  # type: ignore[list-item]

    def held(self) -> Sequence[str]:
        """Lines that are claimed though no driver runs, where the far end can tell."""
        return ()


class Run:
    """One run() of a driver in a task, and what it said."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.said: list[AnyReport] = []
        self.task = asyncio.create_task(driver.run(self.said.append), name=f"run of {driver.id}")

    @property
    def done(self) -> bool:
        return self.task.done()

    def heard(self, subject: Subject) -> int:
        """How many reports are of what the subject is excited by."""
        return sum(isinstance(report, subject.reports) for report in self.said)

    async def lost(self) -> str:
        """Wait until the driver is lost; what it says of it."""
        assert await until(lambda: self.done), f"{self.driver.id} was not lost within {LIMIT_S:g} s"
        assert not self.task.cancelled(), f"{self.driver.id} cancelled itself"
        error = self.task.exception()
        assert isinstance(error, DriverError), f"{self.driver.id} ended with {error!r}, which is no DriverError"
        assert self.driver.id in str(error), f"it does not say which device is lost: {error}"
        return str(error)

    async def cancel(self) -> None:
        """Cancel it, as the shell does at its end."""
        self.task.cancel()
        assert await until(lambda: self.done), f"{self.driver.id} does not end when it is cancelled"
        assert self.task.cancelled(), f"{self.driver.id}: cancelled, it ended with {self.task.exception()!r}"

    def alive(self) -> None:
        why = self.task.exception() if self.done and not self.task.cancelled() else None
        assert not self.done, f"{self.driver.id} does not run any more: {why}"


class Held(NamedTuple):
    """What this process has: whatever is more after a run than before was left behind."""

    threads: frozenset[str]
    tasks: frozenset[str]
    descriptors: Mapping[int, str]
    lines: tuple[str, ...]

    @classmethod
    def now(cls, subject: Subject) -> Held:
        descriptors = {}
        for name in os.listdir("/proc/self/fd"):
            path = f"/proc/self/fd/{name}"
            if os.path.lexists(path):  # that of the listing itself is gone
                descriptors[int(name)] = os.readlink(path)
        return cls(
            frozenset(f"{each.name} ({each.ident})" for each in threading.enumerate()),
            frozenset(each.get_name() for each in asyncio.all_tasks()),
            descriptors,
            tuple(sorted(subject.held())),
        )

    def more_than(self, before: Held) -> str:
        """Empty: nothing."""
        left = [f"thread {name}" for name in self.threads - before.threads]
        left += [f"task {name}" for name in self.tasks - before.tasks]
        left += [f"descriptor {n}: {what}" for n, what in self.descriptors.items() if before.descriptors.get(n) != what]
        left += [f"line {line}" for line in self.lines if line not in before.lines]
        return ", ".join(left)


async def until(holds: Callable[[], bool], limit_s: float = LIMIT_S, look_s: float = LOOK_S) -> bool:
    """Wait for it; whether it came."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + limit_s
    while not holds():
        if loop.time() > end_s:
            return False
        await asyncio.sleep(look_s)
    return True


async def nothing_for(seconds: float, may: Callable[[], bool], what: str) -> None:
    """For this long `may` has to hold."""
    assert not await until(lambda: not may(), seconds, GLANCE_S), what


@asynccontextmanager
async def running(subject: Subject) -> AsyncIterator[Run]:
    """The subject's driver at work; cancelled at the end."""
    run = Run(subject.driver)
    try:
        assert await subject.ready(run), f"{subject.driver.id} is not at work after {LIMIT_S:g} s"
        run.alive()
        yield run
        run.alive()
    except BaseException:
        run.task.cancel()
        await asyncio.wait((run.task,))
        raise
    await run.cancel()


async def works(subject: Subject, run: Run) -> None:
    """It does now what it is for: it reports, and its outputs follow."""
    if subject.speaks:
        before = run.heard(subject)
        for _ in range(TRIES_MAX):
            await subject.excite()
            if await until(lambda: run.done or run.heard(subject) > before, HEAR_S):
                break
        run.alive()
        assert run.heard(subject) > before, f"{run.driver.id} is deaf"
    if subject.at_rest:
        subject.drive(True)
        assert await until(lambda: run.done or away(subject)), f"its outputs do not follow: {subject.levels()}"
        subject.drive(False)
        assert await until(lambda: run.done or at_rest(subject)), f"its outputs do not go back: {subject.levels()}"
        run.alive()


async def recovers(subject: Subject) -> None:
    """After its cable was put back it works again, run as the supervisor runs it: again after each loss."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + RECOVER_S
    run = Run(subject.driver)
    while True:
        await subject.ready(run)
        if not run.done:
            break
        why = await run.lost()
        assert loop.time() < end_s, f"{subject.driver.id} does not come back within {RECOVER_S:g} s: {why}"
        await asyncio.sleep(QUIET_S)
        run = Run(subject.driver)
    assert loop.time() < end_s, f"{subject.driver.id} came back after more than {RECOVER_S:g} s"
    try:
        await works(subject, run)
    finally:
        run.task.cancel()
        await asyncio.wait((run.task,))


def at_rest(subject: Subject) -> bool:
    return dict(subject.levels()) == dict(subject.at_rest)


def away(subject: Subject) -> bool:
    levels = subject.levels()
    return all(levels[name] != level for name, level in subject.at_rest.items())


# -- the promises -----------------------------------------------------------------------------------------------------


async def speaks_under_its_own_name(subject: Subject) -> None:
    """It reports what happens, as itself or as one of its points; and what says nothing says nothing."""
    async with running(subject) as run:
        await works(subject, run)
        names = {subject.driver.id, *points_of(subject.driver)}
        said = {report.device for report in run.said}
        assert said <= names, f"it speaks as {sorted(said - names)}"
        assert subject.speaks or run.said == [], f"it says {run.said[:3]}"
        counted = subject.driver.counters()
        assert all(count >= 0 for count in counted.values()), counted


async def survives_garbage(subject: Subject) -> None:
    """Garbage ends it with an error that names it, or not at all; it is told in bounds, and afterwards it works."""
    chance = random.Random(SEED)
    runs = [Run(subject.driver)]
    assert await subject.ready(runs[-1])
    for _ in range(subject.bursts):
        await subject.garble(chance)
        if runs[-1].done:
            await runs[-1].lost()
            runs.append(Run(subject.driver))
    said = [report for run in runs for report in run.said]
    assert len(said) < REPORTS_OF_GARBAGE_MAX, f"garbage floods the inbox with {len(said)} reports"
    passed = [report for report in said if isinstance(report, subject.reports) and not isinstance(report, Level)]
    assert not (subject.sealed and passed), f"garbage is a credential (seed {SEED}): {passed[:3]}"
    runs[-1].task.cancel()
    await asyncio.wait((runs[-1].task,))
    await subject.calm()
    await recovers(subject)


async def is_lost_once_and_recovers(subject: Subject) -> None:
    """A pulled cable is one error that names the device; nothing is said after it; put back, it works again."""
    for _ in range(subject.losses):
        run = Run(subject.driver)
        assert await subject.ready(run)
        run.alive()
        await subject.pull()
        await run.lost()
        said = len(run.said)
        again = Run(subject.driver)  # the supervisor tries while nobody is there
        await nothing_for(subject.told_s, lambda run=again: not run.said, "it speaks although its cable is pulled")
        assert len(run.said) == said, f"it speaks after it was lost: {run.said[said:]}"
        if subject.waits:
            again.alive()
            await again.cancel()
        else:
            await again.lost()
        await subject.plug()
        await recovers(subject)


async def is_lost_where_nobody_is(subject: Subject) -> None:
    """Without a far end it is lost, too, and safe() does not raise."""
    await subject.pull()
    run = Run(subject.driver)
    await run.lost()
    assert run.said == []
    subject.safe()
    await subject.plug()
    await recovers(subject)


async def is_safe_however_often(subject: Subject) -> None:
    """safe() puts each output to its `on_lost` level: never run, running, stopped, lost; again and again."""
    await _safe(subject, "never run")
    async with running(subject) as run:
        for _ in range(2):
            subject.drive(True)
            assert await until(lambda: run.done or away(subject))
            await _safe(subject, "running", spoils=False)
            if subject.at_rest:
                await nothing_for(STAYS_S, lambda: at_rest(subject), "safe() does not last: the driver goes on")
        await works(subject, run)
    await _safe(subject, "stopped")
    run = Run(subject.driver)
    assert await subject.ready(run)
    subject.drive(True)
    await subject.pull()
    await run.lost()
    for _ in range(3):
        subject.safe()  # reaches nobody, and does not raise
    await subject.plug()
    if subject.safe_when_lost:
        await _safe(subject, "lost")
    await recovers(subject)
    assert await until(lambda: at_rest(subject)), subject.levels()


async def _safe(subject: Subject, state: str, *, spoils: bool = True) -> None:
    if spoils:
        subject.spoil()
        spoilt = await until(lambda: not subject.at_rest or not at_rest(subject))
        assert spoilt, "the subject spoils nothing"
    for _ in range(3):
        for _ in range(
            TRIES_MAX
        ):  # it has half a second at most, and counts what did not get through on a busy machine
            failed = _failures(subject.driver)
            subject.safe()
            if _failures(subject.driver) == failed:
                break
        came = await until(lambda: at_rest(subject))
        assert came, f"{state}: outputs are {dict(subject.levels())}, not {dict(subject.at_rest)}"


def _failures(driver: Driver) -> int:
    return sum(count for name, count in driver.counters().items() if name in ("safe_failed", "indicator_failures"))


async def moves_nothing_by_itself(subject: Subject) -> None:
    """No output moves because the driver starts or stops."""
    for _ in range(3):
        async with running(subject):
            await asyncio.sleep(QUIET_S)  # for whatever it does at its start
    moved = subject.seen() - set(subject.at_rest.items())
    assert not moved, f"outputs were {sorted(map(str, moved))}"


async def leaves_nothing_when_cancelled(subject: Subject) -> None:
    """Whenever it is cancelled it leaves no thread, task, descriptor or line; the next one has all it had."""
    await asyncio.get_running_loop().run_in_executor(None, int)  # the loop's own thread, which is not the driver's
    moments: tuple[Callable[[Run], Awaitable[Any]], ...] = (
        lambda run: asyncio.sleep(0),
        lambda run: asyncio.sleep(0.0001),
        lambda run: asyncio.sleep(0.003),
        lambda run: asyncio.sleep(0.05),
        subject.ready,
        lambda run: _at_work(subject, run),
        lambda run: _excited(subject, run),
    )
    for moment in moments:
        before = Held.now(subject)
        run = Run(subject.driver)
        await moment(run)
        run.alive()
        await run.cancel()
        await subject.settle()
        await until(lambda before=before: not Held.now(subject).more_than(before))
        left = Held.now(subject).more_than(before)
        assert not left, f"cancelled, it leaves {left}"
    following = Run(subject.make("next_one"))
    assert await subject.ready(following), "the next one cannot have what it had"
    following.alive()
    await following.cancel()


async def _at_work(subject: Subject, run: Run) -> None:
    """Having worked."""
    assert await subject.ready(run)
    await works(subject, run)


async def _excited(subject: Subject, run: Run) -> None:
    """In the midst of its work."""
    assert await subject.ready(run)
    subject.drive(True)
    await subject.excite()


async def keeps_others_out(subject: Subject) -> None:
    """What one has another cannot have: it is told so, and the first one goes on."""
    async with running(subject) as run:
        second = Run(subject.make("second"))
        await second.lost()
        assert second.said == []
        await works(subject, run)


async def takes_orders_in_any_state(subject: Subject) -> None:
    """Feedback, texts and mutes never raise; apply() raises DriverError where it cannot; counters() always count."""
    _order(subject, running=False)
    async with running(subject) as run:
        _order(subject, running=True)
        await works(subject, run)
    _order(subject, running=False)
    run = Run(subject.driver)
    assert await subject.ready(run)
    await subject.pull()
    await run.lost()
    _order(subject, running=False)
    await subject.plug()
    await recovers(subject)


def _order(subject: Subject, *, running: bool) -> None:
    driver: Any = subject.driver
    for name in ("show", "show_text"):
        for word in WORDS if hasattr(driver, name) else ():
            getattr(driver, name)(word if name == "show" else (word, "\x1b\x00", ""))
    for muted in (True, True, False) if hasattr(driver, "mute") else ():
        driver.mute(muted)
    for output in subject.switches():
        for on in (True, False):
            refused = ""
            try:
                output.apply(on)
            except DriverError as error:
                refused = str(error)
            name = getattr(output, "id", driver.id)
            assert bool(refused) != running, f"apply() of {name} while it runs ({running}) says {refused!r}"
            assert running or name in refused, f"it does not say which output: {refused}"
    assert all(count >= 0 for count in driver.counters().values())


PROMISES: tuple[Callable[[Subject], Awaitable[None]], ...] = (
    speaks_under_its_own_name,
    survives_garbage,
    is_lost_once_and_recovers,
    is_lost_where_nobody_is,
    is_safe_however_often,
    moves_nothing_by_itself,
    leaves_nothing_when_cancelled,
    keeps_others_out,
    takes_orders_in_any_state,
)
