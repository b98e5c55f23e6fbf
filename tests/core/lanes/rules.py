"""The rules of motion (FIELD.md, section 3) as predicates over what goes over wires and what persons order.

They were written from FIELD.md and from the types of site.py, without a look at the core: they are its independent
judge. A rule is broken when what it forbids lasts: levels are judged as they stand when time goes on, so that an order
of things within one instant, or an output that is switched on and off in it, breaks nothing but R5, R0 and R17. In what
follows *at once* means: within `reaction_ms` of the cause (0 for the pure core), and never begun after that. *Soon*
means within `slack_ms` more than the stated time.

## Words

- *Devices*: safety loops, photocells, edges of the closing direction. *Unhealthy*: a device whose input is open, short,
  lost or not reported since power, or whose fault relay is anything but inactive.
- *Motion*: a drive closes while its close output is on, opens while its open output is on. With pulsed commands and a
  permit it goes on after the pulse until the permit drops, the other pulse comes, or its end is proven. Neither brake
  nor permit is motion; R12 and R19 bar them too. Outputs that are lost are off; after power all are.
- *Open, closed*: every limit of every drive's end is active, and open not while it *drifts*: it was closing for so
  long, without an instant in which every open limit was inactive or until all were active again, and has neither been
  driven back for twice as long (or for the longest travel) nor had such an instant since. *Begins*: from no motion in
  that direction to some.
- *Run of the key*: a close that begins while the local key is held. A key is *held* from a change inactive -> active
  after power until it is anything else. *Back-off*: a close of a boom or gate that begins within the dead time, soon,
  after an edge of the opening direction became active while opening; one a trip. Every other close is *plain*:
  automatic, by an operator, by emergency.
- *Reset*: the command, done, or a *press* of the local reset: a change inactive -> active. *Local reset*: the press
  only. It ends what no longer stands: with the stop still open nothing is reset that the stop bars, and with a limit,
  a drive or a lost output at fault, or an edge of the opening direction pressed, no fault of motion.
- *Trip*: a device becomes active while it closes (no back-off), or its open limits do (the drive itself met somebody
  and went back), after the instant of the begin; one a run.
- *Self-test* of a device: its test output goes on while it is inactive, it answers active within test_ms, the output
  goes off, it answers inactive within test_ms (soon). Passed until the next motion or power. Its answer is no clearing
  (R2) and stands against no command (R17), but while it lasts nothing may close (R1a, R1d).
- *Exit sequence*: the lane's safety loops are one zone, which is vacated when the last of those that had been active
  becomes inactive (open, short or lost in between does not vacate). It is explained if entry or exit loop is active
  then, or becomes active within gap_ms_max after; it goes on if a safety loop becomes active again within that time.
  Until then the lane is not clear, and after it the lane is *in doubt*: until confirm_clear is done or the local reset
  is pressed, with every safety loop inactive. A vehicle that goes on or turns back, a long one, a bicycle (whose wheels
  are seen one after the other) and a trailer (whose drawbar or high bed is not seen) all satisfy that. Without entry
  and exit loops nothing is ever explained. What a safety loop said before a power cut is forgotten.
- *What a person must end outlasts the power*: stop, service, faults, the latch of the opening edge, the second
  obstruction, emergency, doubt, lockdown, operator's lock, evacuation.
- *Asked*: fire or fire key, an evacuation ordered since power, an operator's hold (until the barrier is closed again),
  a credential granted or open_once done within queue_ms_max.

## Rules

R0a, R0b  No credential is granted to enter during lockdown, or while an operator has locked the lane. R0c No hold_open
    is done during lockdown. (Not judged during fire and evacuation.) The other pairs of R0 stand in R3b, R3c (edges
    over fire), R12, R19 (over all), R14 (fire over key and emergency), R15 (emergency over operator and credential).
R1a Never closing with an active device, in no way. R1b Never closing with an unhealthy one, but in a run of the key.
R1c A plain close begins only if each device without test, fault relay and supervision has changed between active and
    inactive since power and within proof_ms_max. R1d Never closing while a test output of a device is on.
R1e Never closing while the lane is vacated and unexplained, or in doubt, but in a run of the key. R1f It is told.
R2  No close begins within 1 s after a device became inactive, however it was before.
R3a After a trip each drive that closed opens within dead_ms, soon, unless it is open or R0 forbids: stop, service key,
    cover, an edge of the opening direction, drive or limits at fault, slow or odd before, outputs lost, power. Of booms
    and gates only the first trip of a cycle asks for it (R4: stop); of bollards every one (R4: stays down).
R3b, R3c  Never opening while an edge of the opening direction is active, nor, after one became active while opening,
    before a reset with all of them inactive. Fire included. R3d A back-off is over after back_off_ms, soon.
R4  After two trips without having been closed or reset between, no plain close before a reset. R4b It is told.
R5a Open and close outputs are never both on, not for an instant. R5b dead_ms between the end of one motion and the
    begin of the other. (Not over power: what was driven before it is not known to the controller, nor when it ended.)
R6a A run ends within travel_ms_max times the largest factor of the cold. R6b-d Never moving with both limits of one
    drive active, with a limit that is not healthy, with a drive fault input that is not inactive.
R6e Nor after that, before a reset: after contradictory limits and an active drive fault at any time, after a limit or
    drive fault input that was lost, open or short in motion, after a run that took the longest travel without proof.
R6f Never driven at an end that is proven, drive by drive. R6g A close is over when an eighth of the longest travel
    (and half a second) has passed without an instant in which every open limit was inactive.
R7a Warning light and sounder, as far as wired, are on for 1 s without a break when a close begins, R7b and as long as
    it closes; but for a back-off. R7c Green only while it is open, nothing moves, and not all warnings are on.
R7d Never green and red of one direction.
R8a No plain close where closing is by hold-to-run only, R8b nor without devices, of two principles where people can
    walk, R8c nor before each device with a test output passed its self-test since the last motion.
R9a A run of the key ends at once when it is let go. R9b So does an opening that began with the key held and without
    anything else asked for. Never remote: R8a.
R10 A closed barrier begins to open only if it is asked, the key is held, or as the reversal of a fresh trip.
R11a And by credential or open_once only once for each. R11b One that a credential opened, with nothing else to it,
    prepares to close (test, warning or close) within passage_ms_max + gap_ms_max + leave_ms_max a passage granted, +
    clear_ms, after the last change, if nothing stands against it. Judged only in plain cases: see ClosesAgain.
R12a With the stop circuit anything but inactive, R12b and after that until a local reset with it inactive: no motion
    output, permit or released brake on.
R13a Never closing with the mains input anything but inactive. R13b Nothing moves after power before somebody asked
    since: credential, command, held key, fire, fire key, emergency switch. R13c No plain close before it was open since
    power (re-homing only opens). R13d Between its ends after power: red, soon, until it moves.
R14a With fire (an input reported as anything but inactive; the fire key active) or evacuation it opens within dead_ms,
    soon, unless it is open or R0 forbids, as in R3a. R14b Never closing with them, not by key either; but for a
    back-off.
R15 After emergency_close was done, or its switch turned with a clear lane, nothing opens before a reset but fire,
    evacuation, a held key, or a reversal. All interlocks of R1-R8 hold for it as for any plain close.
R16a A photocell active for beam_ms_max before a closed barrier, R16b a safety loop active for stuck_ms: it is told,
    soon. (It stays open by R1a.)
R17 Commands close and emergency_close are done only with every device clear, healthy and proven (R1b, R1c), no doubt.
R19a With service key or cover anything but inactive, R19b and after that until a local reset with both inactive: as
    R12.

Events (R1f, R4b, R16) are judged only where asked for (`events`). A barrier with an unlock schedule is not judged by
R9b, R10, R11 and R13b: its windows are not seen. Not judged at all: position jumps (R6), forces, wear (R18), the
drive's own behaviour without power (R13).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from firmware.core.site import Barrier
from tests.core.lanes.changes import advance
from tests.core.lanes.picture import Picture, abstract, first
from tests.core.lanes.rule_forms import CLOSES, GREEN, IDLE, OPENS, POWERED, Own, Rule, While
from tests.core.lanes.rules_asked import ASKED_RULES
from tests.core.lanes.rules_bars import BAR_RULES
from tests.core.lanes.rules_close import CLOSE_RULES
from tests.core.lanes.rules_open import OPEN_RULES
from tests.core.lanes.wires import NEVER, SLACK_MS, Broken, Plan, Seen

__all__ = ["RULES", "Broken", "Rule", "Seen", "Watch", "check"]


def _place(rule: Rule) -> tuple[int, str]:
    return int("".join(c for c in rule.id if c.isdigit())), rule.id


RULES: tuple[Rule, ...] = tuple(sorted((*ASKED_RULES, *BAR_RULES, *CLOSE_RULES, *OPEN_RULES), key=_place))

Look = Callable[[Plan, Picture, Picture, Own, Seen], Own]
Asked = tuple[tuple[int, Look], ...]
ASK_ALL = CLOSES | OPENS | POWERED | GREEN
NOBODY: tuple[Asked, ...] = ((),) * (2 * (ASK_ALL + 1))
Watched = tuple[Picture, tuple[Own, ...], int]


class Watch:
    """All rules over one barrier, as things are seen. `state` may be kept and put back: it is immutable."""

    def __init__(
        self,
        barrier: Barrier,
        fire_inputs: Sequence[str] = (),
        reaction_ms: int = 0,
        slack_ms: int = SLACK_MS,
        events: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> None:
        """`without`: the ids of rules that are not asked here."""
        self.plan = plan = Plan(barrier, tuple(fire_inputs), reaction_ms, slack_ms, events)
        self.rules = tuple(rule for rule in RULES if rule.wired(plan) and rule.id not in without)
        self._quick = reaction_ms == 0  # a While keeps nothing then
        self._inputs = {name: self._looking(roles) for name, roles in plan.roles.items()}
        self._outputs = {name: self._looking(roles) for name, roles in plan.outroles.items()}
        self._losses = {name: self._looking(roles | {"lost"}) for name, roles in plan.outroles.items()}
        self._kinds = {kind: self._looking({kind}) for kind in ("command", "credential", "event")}
        self._all = (tuple((at, rule.look) for at, rule in enumerate(self.rules)),) * (2 * (ASK_ALL + 1))
        self._picture = first(plan)
        self._owns = [rule.first(plan) for rule in self.rules]
        self._soonest = NEVER
        self._last_ms = -1

    def _looking(self, roles: set[str]) -> tuple[Asked, ...]:
        """The rules that look at this: by what is dangerous now, and then again if something began or ended to move."""
        return tuple(
            tuple(
                (at, rule.look)
                for at, rule in enumerate(self.rules)
                if rule.concerns & either and (not isinstance(rule, While) or rule.needs & danger)
            )
            for either in (roles | {"any"}, roles | {"any", "moved"})
            for danger in range(ASK_ALL + 1)
        )

    def see(self, seen: Seen) -> None:
        """Take in what was seen. Raises Broken."""
        t_ms, kind, name, _ = seen
        if t_ms > self._soonest:
            self._pass(t_ms)
        self._last_ms = t_ms
        plan, was = self.plan, self._picture
        now = self._picture = advance(plan, was, seen)
        if kind == "input" or kind == "output":
            if now is was:
                return
            looking = (self._inputs if kind == "input" else self._outputs)[name]
        elif kind == "power":
            self._owns = [rule.first(plan) for rule in self.rules]
            was, looking = now, self._all
        elif kind == "lost" or kind == "recovered":
            looking = self._losses.get(name, NOBODY)
        else:
            looking = self._kinds.get(kind, NOBODY)
        outs, closing, opening = now.outs, now.closing, now.opening
        ask = ASK_ALL
        if self._quick and self._soonest > t_ms:
            ask = (1 if closing else 0) + (2 if opening else 0)
            ask += (4 if outs & plan.powered else 0) + (8 if outs & plan.greens else 0)
        if closing != was.closing or opening != was.opening:
            ask += ASK_ALL + 1
        owns = self._owns
        for at, look in looking[ask]:
            own = owns[at] = look(plan, was, now, owns[at], seen)
            if own[0] < self._soonest:
                self._soonest = own[0]

    def until(self, t_ms: int) -> None:
        """Nothing more is seen before this instant. Raises Broken."""
        if t_ms > self._soonest:
            self._pass(t_ms)
        self._last_ms = max(self._last_ms, t_ms)

    def end(self) -> None:
        """The last instant is over. Raises Broken."""
        self._pass(self._last_ms + 1)

    def _pass(self, t_ms: int) -> None:
        self._soonest = min(own[0] for own in self._owns)
        if t_ms > self._soonest:
            raise next(
                rule.break_(self._soonest)
                for rule, own in zip(self.rules, self._owns, strict=True)
                if own[0] == self._soonest
            )

    @property
    def state(self) -> Watched:
        return self._picture, tuple(self._owns), self._last_ms

    @state.setter
    def state(self, state: Watched) -> None:
        self._picture, owns, self._last_ms = state
        self._owns = list(owns)
        self._soonest = -1  # looked for when time passes

    def key(self, now_ms: int) -> Hashable:
        """What of all states counts for exploration."""
        plan, owns = self.plan, self._owns
        return abstract(plan, self._picture, now_ms), tuple(
            [
                rule.own_key(plan, own, now_ms) if (own := owns[at]) is not IDLE else 0
                for at, rule in enumerate(self.rules)
            ]
        )


def check(
    barrier: Barrier,
    trace: Iterable[Seen],
    *,
    fire_inputs: Sequence[str] = (),
    reaction_ms: int = 0,
    slack_ms: int = SLACK_MS,
    events: bool = False,
    until_ms: int | None = None,
) -> None:
    """A whole trace, and the end of its last instant, or time until `until_ms`. Raises Broken."""
    watch = Watch(barrier, fire_inputs, reaction_ms, slack_ms, events)
    for seen in trace:
        watch.see(seen)
    if until_ms is None:
        watch.end()
    else:
        watch.until(until_ms)
