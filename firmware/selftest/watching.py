"""Watches one step of a self-test: what is observed becomes triggers of its machine, whose actions are here.

Pure: the state of the step, an instant in ms and an observation in; the next state out. Nothing here drives anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from firmware.selftest.machine import RUNNING, STEP, Stage, Trigger
from firmware.selftest.steps import Step

SETTLE_MS = 700  # a switch bounces for a few ms, a hand that slips takes half a second
ACCUSED_MS = 400  # two bridged wires move within a debounce of each other
TOGETHER_MS = 250  # of two devices that nothing joins, both edges so close twice: they hang on one wire
ASK_MS = 180_000  # to look at a lamp and to press a button on a phone
EDGES_MAX = 8  # four times to and fro in one step
NAMES_MAX = 4  # of devices that moved instead
HEALTHY = ("active", "inactive", "on", "off")


class Seen(msgspec.Struct, frozen=True):
    """One observation: a device and the word of `menshen wire` for it."""

    device: str
    word: (
        str  # active, inactive, on, off, read, measured; lost, failed, noise, or a level that is not healthy; shown ...
    )


class Question(msgspec.Struct, frozen=True):
    """What a display shows, and what the person is asked about: the same, or something else."""

    shows: str
    asks: str


class Watch(msgspec.Struct, frozen=True):
    """The state of one step in this try. `questions` are still to be answered, the first of them now.

    `names`: other devices that moved; `why`: why it failed, or was skipped.
    """

    stage: Stage = Stage.WAITING
    began_ms: int = 0
    until_ms: int | None = None
    rest: dict[str, str] = {}  # where each expected device stood as it began
    away: tuple[str, ...] = ()  # of them, now
    moved: tuple[str, ...] = ()  # of them, ever
    edges: int = 0
    edge_ms: int | None = None
    suspects: dict[str, int] = {}  # devices elsewhere that moved meanwhile, and when
    together: dict[str, int] = {}  # how many edges each of them shared
    names: tuple[str, ...] = ()
    why: str = ""
    seen: tuple[str, ...] = ()  # "1234 front_rex active": what was observed of it, ms since it began
    tries: int = 0
    said: bool = False  # the person's word is part of it
    questions: tuple[Question, ...] = ()

    @property
    def question(self) -> Question | None:
        """What is asked now."""
        return self.questions[0] if self.questions and self.stage is Stage.ASKING else None


class Scope(msgspec.Struct, frozen=True):
    """Whose movement counts against a step at once: devices of portals that are out of service, and unused ones."""

    devices: frozenset[str] = frozenset()


def begin(
    step: Step, watch: Watch, now_ms: int, levels: Mapping[str, str], questions: tuple[Question, ...] = ()
) -> Watch:
    """Begin, or begin again; it fails at once where what is expected is lost or not healthy.

    `questions`: of what shows something and moves nothing; each is asked in turn.
    """
    if watch.stage in RUNNING:
        return watch
    rest = {name: levels.get(name, "unknown") for name in step.expects}
    watch = on(step, replace(watch, rest=rest), Trigger.BEGIN, now_ms)
    if step.has_way_back:
        ill = [f"{word}:{name}" for name, word in rest.items() if word not in HEALTHY]
    else:
        ill = [f"{word}:{name}" for name, word in rest.items() if word in ("lost", "failed")]
    if ill:
        return on(step, replace(watch, why=ill[0]), Trigger.ODD, now_ms)
    return on(step, replace(watch, questions=questions), Trigger.SHOWN, now_ms) if questions else watch


def answered(step: Step, watch: Watch, now_ms: int, yes: bool) -> Watch:
    """What the person says. Of a display a yes counts only to what it shows, and a no only to what it does not."""
    asked = watch.question
    if asked is None:
        return on(step, watch, Trigger.YES if yes else Trigger.NO, now_ms)
    said = Seen(step.device, f"shown {asked.shows} {asked.asks} {'yes' if yes else 'no'}")
    watch = replace(watch, seen=_noted(watch, said, now_ms))
    if yes and asked.shows != asked.asks:
        return on(step, watch, Trigger.BLIND, now_ms)
    if not yes and asked.shows == asked.asks:
        return on(step, watch, Trigger.NO, now_ms)
    left = watch.questions[1:]
    return on(step, replace(watch, questions=left), Trigger.SHOWN if left else Trigger.YES, now_ms)


def observed(step: Step, watch: Watch, now_ms: int, seen: Seen, scope: Scope) -> Watch:
    """Something was heard of a device, or told to it."""
    if seen.device in step.expects:
        return _expected(step, watch, now_ms, seen)
    if seen.word == "unknown" or seen.device in step.tolerates or not _counts(seen):
        return watch
    if seen.device in scope.devices:
        names = _named(watch.names, seen.device)
        return on(step, replace(watch, names=names, seen=_noted(watch, seen, now_ms)), Trigger.OTHER, now_ms)
    suspects = dict(list((watch.suspects | {seen.device: now_ms}).items())[-NAMES_MAX:])
    return _compared(step, replace(watch, suspects=suspects), now_ms)


def _counts(seen: Seen) -> bool:
    """Outputs are told by the core and prove no wire; what fails elsewhere is told elsewhere."""
    return seen.word in ("active", "inactive", "read", "measured")


def _expected(step: Step, watch: Watch, now_ms: int, seen: Seen) -> Watch:
    watch = replace(watch, seen=_noted(watch, seen, now_ms))
    if not step.has_way_back:
        if seen.word in ("read", "measured"):
            return on(step, watch, Trigger.ONCE, now_ms)
        return on(step, replace(watch, why=f"{seen.word}:{seen.device}"), Trigger.ODD, now_ms)
    if seen.word not in HEALTHY:
        return on(step, replace(watch, why=f"{seen.word}:{seen.device}"), Trigger.ODD, now_ms)
    if seen.word != watch.rest.get(seen.device):
        away = tuple(dict.fromkeys((*watch.away, seen.device)))
        moved = tuple(dict.fromkeys((*watch.moved, seen.device)))
        watch = on(step, replace(watch, away=away, moved=moved, edge_ms=now_ms), Trigger.EDGE, now_ms)
    elif seen.device in watch.away:
        away = tuple(name for name in watch.away if name != seen.device)
        watch = replace(watch, away=away, edges=watch.edges + 1, edge_ms=now_ms)
        if not away and set(watch.moved) == set(step.expects):
            watch = on(step, watch, Trigger.BACK, now_ms)
    if watch.edges > EDGES_MAX:
        return on(step, watch, Trigger.BOUNCED, now_ms)
    return _compared(step, watch, now_ms)


def _compared(step: Step, watch: Watch, now_ms: int) -> Watch:
    """Whether a device elsewhere moves with the expected one, edge for edge: nothing but a bridged wire does that."""
    if watch.edge_ms is None:
        return watch
    together = dict(watch.together)
    for name, at_ms in watch.suspects.items():
        if abs(at_ms - watch.edge_ms) <= TOGETHER_MS:
            together[name] = together.get(name, 0) + 1
    suspects = {name: at_ms for name, at_ms in watch.suspects.items() if abs(at_ms - watch.edge_ms) > TOGETHER_MS}
    watch = replace(watch, together=together, suspects=suspects)
    bridged = [name for name, count in together.items() if count >= 2]
    if not bridged:
        return watch
    return on(step, replace(watch, names=_named(watch.names, bridged[0])), Trigger.OTHER, now_ms)


def due(step: Step, watch: Watch, now_ms: int) -> Watch:
    """The time of this stage is over, if it is."""
    if watch.until_ms is None or now_ms < watch.until_ms:
        return watch
    asks = step.word and watch.stage is Stage.SETTLING
    return on(step, watch, Trigger.QUESTION if asks else Trigger.DUE, now_ms)


def on(step: Step, watch: Watch, trigger: Trigger, now_ms: int) -> Watch:
    """Take one trigger by the table."""
    target, actions = STEP.on(watch.stage, trigger)
    watch = replace(watch, stage=target)
    for action in actions:
        watch = ACTIONS[action](step, watch, now_ms)
    return watch


# -- what the machine does --------------------------------------------------------------------------------------------


def _begin(step: Step, watch: Watch, now_ms: int) -> Watch:
    return Watch(
        watch.stage,
        began_ms=now_ms,
        until_ms=now_ms + step.listen_ms,
        rest=watch.rest,
        tries=watch.tries + 1,
    )


def _note(_step: Step, watch: Watch, _now_ms: int) -> Watch:
    return replace(watch, edges=watch.edges + 1)


def _await_back(step: Step, watch: Watch, now_ms: int) -> Watch:
    return replace(watch, until_ms=now_ms + step.back_ms)


def _settle(_step: Step, watch: Watch, now_ms: int) -> Watch:
    return replace(watch, until_ms=now_ms + SETTLE_MS)


def _wait_for_right_one(_step: Step, watch: Watch, now_ms: int) -> Watch:
    return replace(watch, until_ms=now_ms + ACCUSED_MS)


def _ask(_step: Step, watch: Watch, now_ms: int) -> Watch:
    return replace(watch, until_ms=now_ms + ASK_MS)


def _over(_step: Step, watch: Watch, _now_ms: int) -> Watch:
    return replace(watch, until_ms=None)


def _believe(_step: Step, watch: Watch, _now_ms: int) -> Watch:
    return replace(watch, until_ms=None, said=True)


def _forget(_step: Step, watch: Watch, _now_ms: int) -> Watch:
    return Watch(watch.stage, tries=watch.tries)


def _blame(why: str) -> Callable[[Step, Watch, int], Watch]:
    def blame(_step: Step, watch: Watch, _now_ms: int) -> Watch:
        return replace(watch, until_ms=None, why=why)

    return blame


def _blame_silence(_step: Step, watch: Watch, _now_ms: int) -> Watch:
    names = tuple(watch.suspects)
    return replace(watch, until_ms=None, why="elsewhere" if names else "nothing", names=names)


def _blame_stuck(step: Step, watch: Watch, _now_ms: int) -> Watch:
    silent = tuple(name for name in step.expects if name not in watch.moved)
    return replace(watch, until_ms=None, why="partly" if silent else "stuck", names=silent or watch.away)


ACTIONS: dict[str, Callable[[Step, Watch, int], Watch]] = {
    "begin": _begin,
    "note": _note,
    "await_back": _await_back,
    "settle": _settle,
    "wait_for_right_one": _wait_for_right_one,
    "ask": _ask,
    "prove": _over,
    "believe": _believe,
    "forget": _forget,
    "skip": _over,
    "blame_device": _over,  # which one, and how it is, stands in `why` already
    "blame_core": _over,
    "blame_silence": _blame_silence,
    "blame_stuck": _blame_stuck,
    "blame_other": _blame("other"),
    "blame_both": _blame("both"),
    "blame_bounce": _blame("bounce"),
    "blame_word": _blame("said_no"),
    "blame_no_word": _blame("no_word"),
    "blame_blind": _blame("blind"),
}
STEP.check_actions(ACTIONS)


def _named(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, name)))[:NAMES_MAX]


def _noted(watch: Watch, seen: Seen, now_ms: int) -> tuple[str, ...]:
    return (*watch.seen, f"{now_ms - watch.began_ms} {seen.device} {seen.word}")[-2 * EDGES_MAX :]
