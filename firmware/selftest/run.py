"""A run of the self-test: its steps with what became of each, as it is kept over power cuts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from firmware.selftest.machine import OVER, RUNNING, Stage, Trigger
from firmware.selftest.steps import Step
from firmware.selftest.watching import Question, Scope, Seen, Watch, answered, begin, due, observed, on

ATTEMPTS_MAX = 5  # of one step that are kept: the newest
BOOTS_MAX = 16


class Attempt(msgspec.Struct, frozen=True, omit_defaults=True):
    """One try of one step that came to an end."""

    stage: Stage
    by: str  # who began it
    utc_ms: int | None
    took_ms: int
    why: str = ""
    names: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    said: bool = False  # a person's word is part of it


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    step: Step
    watch: Watch = Watch()
    by: str = ""  # who began the try that runs
    attempts: tuple[Attempt, ...] = ()
    note: str = ""

    @property
    def stage(self) -> Stage:
        return self.watch.stage


class Run(msgspec.Struct, frozen=True, omit_defaults=True):
    """`taken`: portals that are out of service because of it, and for nothing else."""

    id: str
    issuer: str
    portals: tuple[str, ...]
    entries: tuple[Entry, ...]
    site: bool = False
    address: str = ""
    began_utc_ms: int | None = None
    taken: tuple[str, ...] = ()
    paused: bool = False
    boots: tuple[str, ...] = ()  # of the controller that took part
    note: str = ""

    def entry(self, step: str) -> Entry | None:
        return next((each for each in self.entries if each.step.id == step), None)

    @property
    def running(self) -> Entry | None:
        """The step that somebody is at; never more than one."""
        return next((each for each in self.entries if each.stage in RUNNING), None)

    @property
    def deadline_ms(self) -> int | None:
        running = self.running
        return None if running is None else running.watch.until_ms

    def count(self, *stages: Stage) -> int:
        return sum(each.stage in stages for each in self.entries)


class Moment(msgspec.Struct, frozen=True):
    """When something happens, on both clocks."""

    now_ms: int
    utc_ms: int | None


def started(
    run: Run, step: str, by: str, levels: Mapping[str, str], at: Moment, questions: tuple[Question, ...] = ()
) -> Run:
    """Begin a step; the one that runs is broken off."""

    def start(entry: Entry) -> Entry:
        return replace(entry, by=by, watch=begin(entry.step, entry.watch, at.now_ms, levels, questions))

    return _changed(stopped(run, at), step, start, at)


def said(run: Run, step: str, yes: bool, at: Moment) -> Run:
    """What the person says where a step asks."""

    def say(entry: Entry) -> Entry:
        return replace(entry, watch=answered(entry.step, entry.watch, at.now_ms, yes))

    return _changed(run, step, say, at)


def took(run: Run, step: str, trigger: Trigger, at: Moment, why: str = "") -> Run:
    """What the core, or whoever gives it up, says of a step."""

    def take(entry: Entry) -> Entry:
        watch = replace(entry.watch, why=why) if why else entry.watch
        return replace(entry, watch=on(entry.step, watch, trigger, at.now_ms))

    return _changed(run, step, take, at)


def saw(run: Run, seen: Seen, scope: Scope, at: Moment) -> Run:
    """Something was observed; it is about the step that runs."""
    running = run.running
    if running is None:
        return run
    return _changed(
        run,
        running.step.id,
        lambda entry: replace(entry, watch=observed(entry.step, entry.watch, at.now_ms, seen, scope)),
        at,
    )


def passed_time(run: Run, at: Moment) -> Run:
    """Do what is due."""
    running = run.running
    if running is None:
        return run
    return _changed(
        run, running.step.id, lambda entry: replace(entry, watch=due(entry.step, entry.watch, at.now_ms)), at
    )


def stopped(run: Run, at: Moment) -> Run:
    """Break off what runs: a person stops it, the power was cut, it is paused. Half a step proves nothing."""
    running = run.running
    return run if running is None else took(run, running.step.id, Trigger.STOP, at)


def noted(run: Run, step: str, note: str) -> Run:
    return replace(
        run, entries=tuple(replace(each, note=note) if each.step.id == step else each for each in run.entries)
    )


def _changed(run: Run, step: str, change: Callable[[Entry], Entry], at: Moment) -> Run:
    """Change one entry; a try that came to an end by that is kept."""
    entries = []
    for entry in run.entries:
        if entry.step.id == step:
            before, entry = entry.watch, change(entry)
            if entry.stage in OVER and (entry.stage, entry.watch.tries) != (before.stage, before.tries):
                entry = _kept(entry, at)
        entries.append(entry)
    return replace(run, entries=tuple(entries))


def _kept(entry: Entry, at: Moment) -> Entry:
    watch = entry.watch
    attempt = Attempt(
        watch.stage,
        entry.by,
        at.utc_ms,
        max(0, at.now_ms - watch.began_ms) if watch.began_ms else 0,
        watch.why,
        watch.names,
        watch.seen,
        watch.said,
    )
    return replace(entry, attempts=(*entry.attempts, attempt)[-ATTEMPTS_MAX:])


def after_restart(run: Run, boot: str, at: Moment) -> Run:
    """The run as another run of the controller finds it: whatever was under way proves nothing."""
    boots = tuple(dict.fromkeys((*run.boots, boot)))[-BOOTS_MAX:]
    return replace(stopped(run, at), boots=boots)
