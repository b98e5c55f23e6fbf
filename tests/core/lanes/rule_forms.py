"""The forms of rules: what each rule is made of, whatever it says.

A rule's own state is a tuple that begins with the instant after which the rule is broken if nothing changes until then
(NEVER: nothing is owed). So what is wrong for no time at all, within one instant, is not wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

from firmware.core.site import Barrier
from tests.core.lanes.changes import advance
from tests.core.lanes.picture import Picture, abstract, first, past, plan_of
from tests.core.lanes.wires import NEVER, Broken, Plan, Seen

Own = tuple[Any, ...]
FREE: Own = (NEVER,)
Says = Callable[[Plan, Picture], Any]


class State(NamedTuple):
    """A single rule's state: what the wires say, and its own."""

    picture: Picture
    own: Own


class Rule:
    """One rule. `concerns` are the roles of wires, the kinds of things and the moments at which it has to look."""

    id = ""
    text = ""
    concerns: frozenset[str] = frozenset()

    def wired(self, plan: Plan) -> bool:
        """Whether this barrier has what the rule speaks of."""
        return True

    def first(self, plan: Plan) -> Own:
        return FREE

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        raise AssertionError(f"{self.id} looks at nothing")

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        """The own state for exploration: what is owed, and whether it is due."""
        return owed(own, now_ms)

    def break_(self, at_ms: int) -> Broken:
        return Broken(self.id, self.text, at_ms)

    # -- the rule alone; a Watch does the same for all of them with one picture

    def start(self, barrier: Barrier | Plan) -> State:
        plan = plan_of(barrier)
        return State(first(plan), self.first(plan))

    def see(self, barrier: Barrier | Plan, state: State, seen: Seen) -> State:
        plan = plan_of(barrier)
        if seen.t_ms > state.own[0]:
            raise self.break_(state.own[0])
        now = advance(plan, state.picture, seen)
        if not self.wired(plan):
            return State(now, state.own)
        if seen.kind == "power":  # what was before is no transition
            return State(now, self.look(plan, now, now, self.first(plan), seen))
        return State(now, self.look(plan, state.picture, now, state.own, seen))

    def key(self, barrier: Barrier | Plan, state: State, now_ms: int) -> Hashable:
        plan = plan_of(barrier)
        return abstract(plan, state.picture, now_ms), self.own_key(plan, state.own, now_ms)


def owed(own: Own, now_ms: int) -> int:
    """0: nothing; 1: later; 2: by the end of this instant."""
    return 0 if own[0] == NEVER else 1 if own[0] > now_ms else 2


CLOSES, OPENS, POWERED, GREEN = 1, 2, 4, 8  # without any of these a While need not be asked
MOVES = CLOSES | OPENS | POWERED
IDLE: Own = (NEVER, -1)


class While(Rule):
    """While a cause stands, something is forbidden: gone within the reaction of the cause, and not there after it.

    own: (due, since the cause stands or -1); without a reaction it is of no account since when.
    """

    def __init__(
        self,
        id: str,
        text: str,
        concerns: str,
        needs: int,
        cause: Says,
        forbidden: Says,
        wired: Callable[[Plan], Any] | None = None,
    ) -> None:
        self.id = id
        self.text = text
        self.concerns = frozenset(concerns.split())
        self.needs = needs
        self.cause = cause
        self.forbidden = forbidden
        self._wired = wired

    def wired(self, plan: Plan) -> bool:
        return self._wired is None or bool(self._wired(plan))

    def first(self, plan: Plan) -> Own:
        return IDLE

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if not plan.reaction_ms:
            return (seen.t_ms, -1) if self.cause(plan, now) and self.forbidden(plan, now) else IDLE
        if not self.cause(plan, now):
            return IDLE
        since = own[1] if own[1] >= 0 else seen.t_ms
        if self.forbidden(plan, now):
            return max(since + plan.reaction_ms, seen.t_ms), since
        return NEVER, since

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), past(own[1], plan.reaction_ms, now_ms)


class Begin(Rule):
    """When a closing run begins, something must not be so.

    own: (due, ...); `remember` keeps the rest.
    """

    concerns = frozenset({"moved"})

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        raise AssertionError(f"{self.id} asks nothing")

    def remember(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        return own

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        own = self.remember(plan, was, now, own, seen)
        if now.closing and not was.closing:
            if self.wrong(plan, was, now, own, seen.t_ms):
                return seen.t_ms, *own[1:]
        elif own[0] != NEVER and not now.closing:
            return NEVER, *own[1:]
        return own


class PlainBegin(Begin):
    """A Begin that needs no memory of its own."""

    def __init__(self, id: str, text: str, wrong: Callable[[Plan, Picture, Picture, int], Any]) -> None:
        self.id = id
        self.text = text
        self._wrong = wrong

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        return bool(self._wrong(plan, was, now, t_ms))


class OpeningBegin(Rule):
    """When an opening begins, something must not be so; what makes it lawful may follow within the instant.

    own: (due, ...)
    """

    concerns = frozenset({"moved", "command", "credential", "fire", "key"})

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        raise AssertionError(f"{self.id} asks nothing")

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        t_ms = seen.t_ms
        if now.opening and not was.opening:
            return (t_ms if self.wrong(plan, was, now, own, t_ms) else NEVER), *own[1:]
        if own[0] != NEVER and (not now.opening or not self.wrong(plan, was, now, own, t_ms)):
            return NEVER, *own[1:]
        return own
