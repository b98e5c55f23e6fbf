"""A door: leaf with contact, closer, lock, exit button and inside handle; it opens only if it physically can."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

import msgspec

from firmware.rehearsal.contacts import bounce
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.layout import DoorLayout, high
from firmware.rehearsal.lock import Lock
from firmware.rehearsal.wires import Wires

PUSH_MS_MAX = 10_000  # nobody leans on a door longer
REX_MS = 400  # a finger on the button, a hand on the handle


class Leaf(StrEnum):
    CLOSED = "closed"
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"


class Push(StrEnum):
    """What became of a push."""

    OPENED = "opened"
    LOCKED = "locked"  # the bolt holds
    WAITING = "waiting"  # the bolt holds, the person keeps pushing for a while


class DoorState(msgspec.Struct, frozen=True):
    """What a person sees at the door."""

    id: str
    leaf: Leaf
    released: bool  # the bolt
    told_to_release: bool  # the coil
    held: bool
    pushed: bool
    rex_pressed: bool
    contact_open: bool  # as the controller sees it
    faults: dict[str, bool]


class Door:
    """One door. Times are the layout's; the contact bounces by the wires' seed."""

    def __init__(self, layout: DoorLayout, wires: Wires) -> None:
        self.layout = layout
        self.lock = Lock(layout, wires, self._bolt_moved)
        self.leaf = Leaf.CLOSED
        self._wires = wires
        self._held = False
        self._pushing: asyncio.TimerHandle | None = None
        self._rex_up: asyncio.TimerHandle | None = None
        self._motion: asyncio.TimerHandle | None = None
        self._faults = dict.fromkeys(
            (
                "lock_welded",
                "lock_wire_cut",
                "lock_supply_lost",
                "contact_stuck_open",
                "contact_stuck_closed",
                "rex_stuck",
            ),
            False,
        )
        if layout.contact is not None:
            wires.add_input(layout.contact, not high(layout.open_level), layout.id)
        if layout.rex is not None:
            wires.add_input(layout.rex, not high(layout.pressed_level), layout.id)

    # --- what people do ---

    def push(self, for_ms: int = 0) -> Push:
        """Push from outside, and go on for `for_ms` in case the bolt comes free. Raises ActionError over the limit."""
        if not 0 <= for_ms <= PUSH_MS_MAX:
            raise ActionError(f"a push lasts 0 to {PUSH_MS_MAX} ms")
        if self.leaf is not Leaf.CLOSED or self.lock.released:
            self._swing()
            return Push.OPENED
        if for_ms == 0:
            return Push.LOCKED
        self._stop_pushing()
        self._pushing = self._wires.call_in(for_ms, self._give_up)
        self._wires.changed()
        return Push.WAITING

    def leave(self) -> Push:
        """Leave from inside: the handle, where there is one, always opens (and works its switch); else as push()."""
        if self.layout.handle and self.layout.handle_rex and self.layout.rex is not None:
            self._rex_for(REX_MS)
        if self.layout.handle:
            self._swing()
            return Push.OPENED
        return self.push()

    def force(self) -> None:
        """Open it whatever the bolt does: a crowbar."""
        self._swing()

    def press_rex(self) -> None:
        """Press the exit button for a moment. Raises ActionError where there is none."""
        if self.layout.rex is None:
            raise ActionError(f"door {self.layout.id} has no exit button")
        self._rex_for(REX_MS)

    def hold(self, held: bool) -> None:
        """Hold the leaf so that the closer cannot close it, or let it go. An unlocked closed door stays closed."""
        self._held = held
        if not held and self.leaf is Leaf.OPEN:
            self._then(self.layout.dwell_ms, self._close)
        elif held and self.leaf is Leaf.CLOSING:
            self._swing()
        self._wires.changed()

    # --- the leaf ---

    def _swing(self) -> None:
        self._stop_pushing()
        if self.leaf is Leaf.CLOSED:
            self.leaf = Leaf.OPENING
            self._then(self.layout.crack_ms, self._crack)
        elif self.leaf is Leaf.CLOSING:
            self.leaf = Leaf.OPENING
            self._then(self.layout.swing_ms, self._stand_open)
        elif self.leaf is Leaf.OPEN:
            self._stand_open()
        self._wires.changed()

    def _crack(self) -> None:
        self._contact(True)
        self._then(max(self.layout.swing_ms - self.layout.crack_ms, self.layout.bounce_ms), self._stand_open)

    def _stand_open(self) -> None:
        self.leaf = Leaf.OPEN
        self._cancel_motion()
        if not self._held:
            self._then(self.layout.dwell_ms, self._close)
        self._wires.changed()

    def _close(self) -> None:
        self.leaf = Leaf.CLOSING
        self._then(self.layout.close_ms, self._latch)
        self._wires.changed()

    def _latch(self) -> None:
        self.leaf = Leaf.CLOSED
        self._motion = None
        self._contact(False)
        self._wires.changed()

    def _then(self, delay_ms: int, then: Callable[[], None]) -> None:
        self._cancel_motion()
        self._motion = self._wires.call_in(delay_ms, then)

    def _cancel_motion(self) -> None:
        if self._motion is not None:
            self._motion.cancel()
            self._motion = None

    # --- bolt, contact, button ---

    def _bolt_moved(self) -> None:
        if self.lock.released and self._pushing is not None:
            self._swing()

    def _give_up(self) -> None:
        self._pushing = None
        self._wires.changed()

    def _stop_pushing(self) -> None:
        if self._pushing is not None:
            self._pushing.cancel()
            self._pushing = None

    def _contact(self, opened: bool) -> None:
        if self.layout.contact is None:
            return
        level = high(self.layout.open_level) == opened
        bounce(self._wires, self.layout.contact, level, self.layout.bounce_ms)

    def _rex_for(self, for_ms: int) -> None:
        assert self.layout.rex is not None
        pressed = high(self.layout.pressed_level)
        if self._rex_up is None:
            bounce(self._wires, self.layout.rex, pressed, self.layout.bounce_ms)
        else:
            self._rex_up.cancel()
        self._rex_up = self._wires.call_in(for_ms + self.layout.bounce_ms, self._rex_released)
        self._wires.changed()

    def _rex_released(self) -> None:
        assert self.layout.rex is not None
        self._rex_up = None
        bounce(self._wires, self.layout.rex, not high(self.layout.pressed_level), self.layout.bounce_ms)
        self._wires.changed()

    # --- what goes wrong ---

    def set_fault(self, fault: str, on: bool) -> None:
        """Faults of lock, contact and button, by the names in state(). Raises ActionError for one that cannot be."""
        layout = self.layout
        match fault:
            case "lock_welded":
                self.lock.weld(on)
            case "lock_wire_cut":
                self._wires.cut(layout.lock, on)
            case "lock_supply_lost":
                self.lock.supply(not on)
            case "contact_stuck_open" | "contact_stuck_closed" if layout.contact is not None:
                opened = high(layout.open_level) == (fault == "contact_stuck_open")
                self._wires.stick(layout.contact, fault, opened if on else None)
            case "rex_stuck" if layout.rex is not None:
                self._wires.stick(layout.rex, fault, high(layout.pressed_level) if on else None)
            case _:
                raise ActionError(f"door {layout.id} has no fault {fault[:40]!r}; look at what is there in its state")
        self._faults[fault] = on
        self._wires.changed()

    def state(self) -> DoorState:
        layout = self.layout
        contact, rex = layout.contact, layout.rex
        return DoorState(
            id=layout.id,
            leaf=self.leaf,
            released=self.lock.released,
            told_to_release=self.lock.told_to_release(),
            held=self._held,
            pushed=self._pushing is not None,
            rex_pressed=rex is not None and self._wires.levels([rex])[rex] == high(layout.pressed_level),
            contact_open=contact is not None and self._wires.levels([contact])[contact] == high(layout.open_level),
            faults=dict(self._faults),
        )
