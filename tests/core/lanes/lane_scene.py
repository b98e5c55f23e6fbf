"""A lane on a virtual clock, for scenarios: facts go in, and a trace of what went over the wires comes out.

The barrier of the world follows its outputs only if a scenario says so: `travel()` lets it arrive.
"""

from __future__ import annotations

from typing import Any, ClassVar

from firmware.core.access import Known
from firmware.core.barrier.machines import Latch, Motion, Obstruction, Testing, Watch
from firmware.core.barrier.plan import Plan
from firmware.core.barrier.state import BarrierState, End
from firmware.core.effects import Keep, Record, SetOutput
from firmware.core.facts import (
    AnyFact,
    CardRead,
    DeadlineReached,
    InputChanged,
    Level,
    RosterReplaced,
    Started,
)
from firmware.core.lane.machines import Passage, Track
from firmware.core.lane.state import LaneState
from firmware.core.machines import Hold
from firmware.core.site import (
    AccessPoint,
    Area,
    Barrier,
    Closing,
    Direction,
    Drive,
    Light,
    Mover,
    Reader,
    Sensor,
    Site,
)
from firmware.core.state import State, initial
from firmware.core.step import next_deadline, step
from firmware.core.views import view
from tests.core.portals.scene import RULES

NAME = "gate"


def barrier(**fields: Any) -> Barrier:
    """A bollard with everything; `without` leaves parts away."""
    without = fields.pop("without", ())
    parts: dict[str, Any] = {
        "mover": Mover.BOLLARD,
        "drives": (Drive("down", "up", ("is_down",), ("is_up",), permit="permit", fault="drive_fault"),),
        "access_points": (
            AccessPoint("lane_in", NAME, ("r_in",), None, "yard"),
            AccessPoint("lane_out", NAME, ("r_out",), "yard", None, direction="out"),
        ),
        "closing": Closing.AUTOMATIC,
        "entry": "entry",
        "exit": "exit",
        "safety": (Sensor("loop"),),
        "photocells": (Sensor("beam", test="beam_test"),),
        "stop": "stop",
        "reset": "reset",
        "service_key": "service_key",
        "cover": "cover",
        "key_open": "key_open",
        "key_close": "key_close",
        "emergency_close": "emergency",
        "fire_key": "fire_key",
        "mains": "mains",
        "lights": (Light(Direction.IN, "red_in", "green_in"), Light(Direction.OUT, "red_out", "green_out")),
        "warning": "warning",
        "sounder": "sounder",
    }
    for name in without:
        parts.pop(name, None)
    return Barrier(NAME, **(parts | fields))


def known(holder: str = "ann", **fields: Any) -> Known:
    return Known(holder, f"card_{holder}", 1, profiles=("all",), **fields)


def check_barrier(plan: Plan, barrier: BarrierState, kept: dict[str, str] | None) -> None:
    """Every timer has somebody who waits for it, who waits has a timer; limits and position agree; what must outlive
    the power is kept, and nothing else (`kept` is None where it could not be read at the start).
    """
    run, motion, end = {name for _, name in barrier.timers}, barrier.motion, barrier.end
    moves = motion in (Motion.OPENING, Motion.CLOSING)
    assert ("travel" in run) == moves, barrier
    assert "pulse" not in run or moves, barrier
    assert ("back" in run) == (motion is Motion.BACKING), barrier
    assert ("warn" in run) == (motion is Motion.WARNING), barrier
    assert ("test" in run) == (barrier.testing in (Testing.ASSERTED, Testing.RELEASED)), barrier
    assert barrier.testing is Testing.IDLE or motion is Motion.WARNING, barrier
    assert "dead" in run or motion not in (Motion.PAUSING, Motion.REVERSING, Motion.RECOILING), barrier
    for which, (spot, now) in enumerate(zip(plan.spots, barrier.spots, strict=True)):
        assert (f"stuck:{which}" in run) == (now.watch is Watch.ACTIVE), barrier
        assert (f"proof:{which}" in run) == now.proven, barrier
        assert not now.proven or (spot.closing and now.watch in (Watch.CLEAR, Watch.ACTIVE)), barrier
        assert not now.masked or barrier.testing in (Testing.ASSERTED, Testing.RELEASED), barrier
    assert motion is not Motion.CLOSED or end is End.CLOSED, barrier
    assert motion is not Motion.OPEN or end is End.OPEN, barrier
    assert motion is not Motion.BETWEEN or end is End.BETWEEN or (end is End.OPEN and barrier.drift_ms), barrier
    assert not barrier.drift_ms or motion not in (Motion.OPEN, Motion.CLOSED), barrier
    assert ("return" in run) == (motion is Motion.OPENING and barrier.drift_ms > 0), barrier
    assert "let_go" not in run or motion in (Motion.CLOSING, Motion.BACKING), barrier
    assert motion is not Motion.WARNING or end in (End.OPEN, End.BETWEEN), barrier
    assert motion is not Motion.UNKNOWN or end in (End.UNKNOWN, End.LOST), barrier
    assert (barrier.fault is not None) == (motion in (Motion.FAULT, Motion.RECOILING, Motion.BACKING)), barrier
    if kept is not None:
        latches = {"stop": barrier.stop, "isolated": barrier.isolation, "emergency": barrier.emergency}
        lasts = {key for key, latch in latches.items() if latch is not Latch.CLEAR}
        lasts |= {"fault"} if barrier.fault is not None else set()
        lasts |= {"obstructed"} if barrier.obstruction is Obstruction.LATCHED else set()
        lasts |= {"doubt"} if barrier.doubt else set()
        lasts |= {"drift"} if barrier.drift_ms else set()
        name = plan.barrier.id
        assert {
            key for key in (*latches, "fault", "obstructed", "doubt", "drift") if f"{key}:{name}" in kept
        } == lasts, barrier


def check_lane(lane: LaneState) -> None:
    """The same of a lane: its timers, and that its vehicle is where its loops see one."""
    run, track, loops = {name for _, name in lane.timers}, lane.track, lane.loops
    assert ("gap" in run) == (track is Track.GAP), lane
    assert ("leave" in run) == (track is Track.LEAVING), lane
    assert ("passage" in run) == (lane.passage in (Passage.OPENING, Passage.READY)), lane
    assert ("queue" in run) == bool(lane.queue), lane
    assert ("hold" in run) == (lane.hold is Hold.OPERATOR), lane
    assert ("explain" in run) == lane.unexplained, lane
    assert (lane.serving is None) == (lane.passage is Passage.IDLE), lane
    assert not loops.loop or track in (Track.ON, Track.THROUGH, Track.SPLIT, Track.STRAY), lane
    assert loops.loop or loops.cover or track in (Track.CLEAR, Track.GAP, Track.LEAVING), lane
    assert track is not Track.COVERED or not loops.loop, lane


class LaneScene:
    """`t` is now in ms. `trace` is [(ms, text)]; `take()` gives what came since it was last called.

    While `noted` is a list, every step that any scene takes is put into it: the state, the instant and the fact.

    `quiet`: every input reports inactive at the start but the limit of the end where the barrier stands.
    """

    noted: ClassVar[list[tuple[State, int, AnyFact]] | None] = None

    def __init__(
        self,
        where: Barrier | None = None,
        *,
        at: str = "is_up",
        kept: dict[str, str] | None = {},  # noqa: B006 - never written to
        quiet: bool = True,
        proven: bool = True,
        **site: Any,
    ) -> None:
        self.barrier = where or barrier()
        site.setdefault("readers", (Reader("r_in"), Reader("r_out")))
        site.setdefault("areas", (Area("yard"),))
        self.site = Site("site", portals=(self.barrier,), **site)
        self.state = initial(self.site)
        self.t = 0
        self.trace: list[tuple[int, str]] = []
        self.events: list[Any] = []
        self.outputs: dict[str, bool] = {}
        self.kept: dict[str, str] = dict(kept or {})
        self._readable = kept is not None
        self._taken = 0
        self.do(Started("boot", kept))
        self.do(RosterReplaced(RULES))
        if quiet:
            for name in self.state.wiring.inputs:
                self.do(InputChanged(name, Level.ACTIVE if name == at else Level.INACTIVE))
        if proven and quiet:
            for name in self.sensors():
                self.input(name, True)
                self.input(name, False)
            if "reset" in self.state.wiring.inputs:
                self.press_reset()
            self.wait(10_000)
        self.booted = self.take()

    def sensors(self) -> list[str]:
        """Safety devices without a self-test, which have to be seen to change once."""
        where = self.barrier
        spots = (*where.safety, *where.photocells, *where.edges_closing)
        return [spot.input for spot in spots if spot.test is None]

    # -- facts --------------------------------------------------------------------------------------------------------

    def do(self, fact: AnyFact) -> None:
        """One fact, now."""
        if LaneScene.noted is not None:
            LaneScene.noted.append((self.state, self.t, fact))
        self.state, effects = step(self.state, self.t, fact)
        deadline = next_deadline(self.state)
        assert deadline is None or deadline > self.t
        for effect in effects:
            self._note(effect)
        road = self.state.lanes[NAME]
        check_barrier(self.state.wiring.barriers[NAME], road.barrier, self.kept if self._readable else None)
        check_lane(road.lane)
        self.answer_test()

    def answer_test(self) -> None:
        """A healthy photocell answers its self-test: while its output is on it reads broken."""
        for spot in (*self.barrier.photocells, *self.barrier.edges_closing, *self.barrier.safety):
            if spot.test is None or spot.input in self.deaf:
                continue
            on = self.outputs.get(spot.test, False)
            if on != (spot.test in self._tested):
                (self._tested.add if on else self._tested.discard)(spot.test)
                self.input(spot.input, on or spot.input in self.occupied)

    deaf: frozenset[str] = frozenset()
    occupied: frozenset[str] = frozenset()

    @property
    def _tested(self) -> set[str]:
        return self.__dict__.setdefault("_tests", set())

    def wait(self, ms: int) -> None:
        """Let time pass, deadline by deadline."""
        until = self.t + ms
        while (deadline := next_deadline(self.state)) is not None and deadline <= until:
            self.t = deadline
            self.do(DeadlineReached())
        self.t = until

    def wait_until_closing(self, ms_max: int) -> None:
        """Until it closes; a barrier that closes leaves its limit, so that tests do not wait longer than that."""
        until = self.t + ms_max
        while self.moving() != "closes":
            assert self.t < until, f"it does not close within {ms_max} ms"
            self.wait(100)

    def input(self, name: str, level: Level | bool) -> None:
        if isinstance(level, bool):
            level = Level.ACTIVE if level else Level.INACTIVE
        self.do(InputChanged(name, level))

    def swipe(self, reader: str = "r_in", who: Known | None = None) -> None:
        self.do(CardRead(reader, who or known()))

    def press_reset(self) -> None:
        self.input("reset", True)
        self.input("reset", False)

    # -- the world ----------------------------------------------------------------------------------------------------

    def leave_end(self) -> None:
        """The barrier moves off the limit where it stands."""
        for name in ("is_up", "is_down"):
            self.input(name, False)

    def travel(self, ms: int = 4_000) -> None:
        """The barrier moves as it is told, for so long, and arrives."""
        opens, closes = self.outputs["down"], self.outputs["up"]
        assert opens != closes, f"nothing moves it: {self.outputs}"
        self.wait(100)
        self.leave_end()
        self.wait(ms - 100)
        self.input("is_down" if opens else "is_up", True)

    def drive_in(self) -> None:
        """A car drives in: entry, safety, exit, each before it has left the one before; through the beam, too."""
        self._drive("entry", "exit")

    def drive_out(self) -> None:
        self._drive("exit", "entry")

    def _drive(self, near: str, far: str) -> None:
        for name, on in (
            (near, True),
            ("loop", True),
            ("beam", True),
            (near, False),
            (far, True),
            ("beam", False),
            ("loop", False),
            (far, False),
        ):
            if name in self.state.wiring.inputs:
                self.input(name, on)
            self.wait(400)

    # -- what came of it ----------------------------------------------------------------------------------------------

    def take(self) -> list[tuple[int, str]]:
        """The trace since the last call."""
        new = self.trace[self._taken :]
        self._taken = len(self.trace)
        return new

    def said(self) -> list[str]:
        """The trace since the last call, without its instants."""
        return [text for _, text in self.take()]

    def moving(self) -> str:
        """What the motion outputs say."""
        return {(False, False): "rest", (True, False): "opens", (False, True): "closes"}[
            self.outputs["down"], self.outputs["up"]
        ]

    def lights(self, direction: str = "in") -> str:
        red, green = self.outputs[f"red_{direction}"], self.outputs[f"green_{direction}"]
        assert red != green, "one of the two, never both"
        return "green" if green else "red"

    def seen(self) -> Any:
        return next(at for at in view(self.state).portals if at.id == NAME)

    def codes(self) -> list[str]:
        """The codes of all events since the last call of take()."""
        return [text for _, text in self.trace[self._taken :] if "." in text]

    def _note(self, effect: Any) -> None:
        match effect:
            case SetOutput():
                self.outputs[effect.output] = effect.on
                self.trace.append((self.t, f"{effect.output}{'+' if effect.on else '-'}"))
            case Record():
                self.events.append(effect.event)
                self.trace.append((self.t, effect.event.code.value))
            case Keep():
                self.kept.pop(effect.key, None)
                if effect.value is not None:
                    self.kept[effect.key] = effect.value
            case _:
                pass
