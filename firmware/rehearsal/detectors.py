"""Loops and beams: what they notice of the bodies in the lane, and what they tell, with their traits and faults."""

from __future__ import annotations

import asyncio

import msgspec

from firmware.rehearsal.barrier_layout import EdgeLayout, LoopLayout, PhotocellLayout
from firmware.rehearsal.contacts import Coil, Coils, Contact
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.wires import Wires

FLICKER_MS = (60, 400)  # a bad joint makes and breaks this fast
BALL_S_MAX = 600


class DetectorState(msgspec.Struct, frozen=True):
    """What a person, and what the controller, knows of it."""

    id: str
    kind: str
    there: bool  # something is really there
    told: bool  # active, as the controller sees it
    fault: str  # or ""


class Detector:
    """What loop and beam have in common: bodies there, a contact, a fault."""

    FAULTS: tuple[str, ...] = ()

    def __init__(self, name: str, contact: Contact, delay_ms: int, wires: Wires) -> None:
        self.id = name
        self.contact = contact
        self.fault = ""
        self.bodies: set[int] = set()
        self._delay_ms = delay_ms
        self._wires = wires
        self._flicker: asyncio.TimerHandle | None = None

    def enter(self, body: int) -> None:
        self.bodies.add(body)
        self.tell()

    def leave(self, body: int) -> None:
        self.bodies.discard(body)
        self.tell()

    def senses(self) -> bool:
        """What a healthy one would tell."""
        return bool(self.bodies)

    def tell(self) -> None:
        match self.fault:
            case "stuck" | "broken":
                active = True
            case "dead" | "clear":
                active = False
            case "flicker":
                return
            case _:
                active = self.senses()
        self.contact.set(active, self._delay_ms)

    def set_fault(self, fault: str, on: bool) -> None:
        """One at a time. Raises ActionError for one that it cannot have."""
        if fault not in self.FAULTS:
            raise ActionError(f"{self.id} has no fault {fault[:20]!r}; it has {', '.join(self.FAULTS)}")
        if on or self.fault == fault:
            self.fault = fault if on else ""
            if self._flicker is not None:
                self._flicker.cancel()
                self._flicker = None
            if self.fault == "flicker":
                self._flick()
            self.tell()

    def state(self) -> DetectorState:
        return DetectorState(self.id, type(self).__name__.lower(), self.senses(), self.contact.told(), self.fault)

    def _flick(self) -> None:
        self.contact.set(not self.contact.active, self._delay_ms)
        self._flicker = self._wires.call_in(self._wires.random.randint(*FLICKER_MS), self._flick)


class Loop(Detector):
    """stuck: occupied for ever; dead: sees nothing; flicker: comes and goes by itself."""

    FAULTS = ("stuck", "dead", "flicker")

    def __init__(self, layout: LoopLayout, wires: Wires, plant: str, bounce_ms: int) -> None:
        super().__init__(layout.id, Contact(wires, layout.line, "high", plant, bounce_ms), layout.delay_ms, wires)
        self.layout = layout
        self._forgotten: set[int] = set()
        self._forgets: asyncio.TimerHandle | None = None

    def senses(self) -> bool:
        return bool(self.bodies - self._forgotten)

    def tell(self) -> None:
        if self.layout.presence_ms:
            self._forgotten &= self.bodies
            present = self.senses()
            if present and self._forgets is None:
                self._forgets = self._wires.call_in(self.layout.presence_ms, self._forget)
            elif not present and self._forgets is not None:
                self._forgets.cancel()
                self._forgets = None
        super().tell()

    def _forget(self) -> None:
        """The detector takes what stands there for the road."""
        self._forgets = None
        self._forgotten = set(self.bodies)
        self.tell()
        self._wires.changed()


class Photocell(Detector):
    """clear: its relay is shorted, it never tells; broken: it always tells. A ball may lie in the beam for a while."""

    FAULTS = ("clear", "broken", "flicker")

    def __init__(self, layout: PhotocellLayout, wires: Wires, plant: str, bounce_ms: int) -> None:
        super().__init__(layout.id, Contact(wires, layout.line, "high", plant, bounce_ms), layout.delay_ms, wires)
        self.layout = layout
        self.ball = False
        self._ball_rolls: asyncio.TimerHandle | None = None
        self._test: Coil | None = None

    def wire_test(self, coils: Coils) -> Coil | None:
        """The output that switches its transmitter off, where there is one."""
        if self.layout.test is not None:
            self._test = coils.share(self.layout.test, self.tell)
        return self._test

    def senses(self) -> bool:
        return bool(self.bodies) or self.ball or (self._test is not None and self._test.active)

    def put_ball(self, seconds: float) -> None:
        """A ball lies in the beam for so long; 0 takes it away. Raises ActionError."""
        if not 0 <= seconds <= BALL_S_MAX:
            raise ActionError(f"a ball lies there for 0 to {BALL_S_MAX} s")
        if self._ball_rolls is not None:
            self._ball_rolls.cancel()
            self._ball_rolls = None
        self.ball = seconds > 0
        if self.ball:
            self._ball_rolls = self._wires.call_in(seconds * 1_000, lambda: self.put_ball(0))
        self.tell()
        self._wires.changed()


class SafetyEdge(Detector):
    """dead: it does not feel; pressed: it is torn. What it is pressed against is not its business."""

    FAULTS = ("dead", "stuck")

    def __init__(self, layout: EdgeLayout, wires: Wires, plant: str, bounce_ms: int) -> None:
        super().__init__(layout.id, Contact(wires, layout.line, "high", plant, bounce_ms), 0, wires)
        self.layout = layout
        self._pressed = False

    def press(self, pressed: bool) -> None:
        if pressed != self._pressed:
            self._pressed = pressed
            self.tell()

    def senses(self) -> bool:
        return self._pressed
