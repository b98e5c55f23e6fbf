"""All plants of a site on their wires, from the file that says what hangs where."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import msgspec

from firmware.rehearsal.barrier import Barrier, BarrierState
from firmware.rehearsal.door import Door, DoorState
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.frames import Frame, encode_card
from firmware.rehearsal.layout import CardLayout, Layout, read_layout
from firmware.rehearsal.reader import Reader, ReaderState
from firmware.rehearsal.switch import Switch, SwitchState
from firmware.rehearsal.turnstile import Turnstile, TurnstileState
from firmware.rehearsal.wires import Wires

Plant = Reader | Door | Turnstile | Barrier | Switch


class PlantsState(msgspec.Struct, frozen=True):
    """Everything that can be seen at the gate now."""

    readers: tuple[ReaderState, ...]
    doors: tuple[DoorState, ...]
    turnstiles: tuple[TurnstileState, ...]
    barriers: tuple[BarrierState, ...]
    switches: tuple[SwitchState, ...]


class Plants:
    """The plants by id: `readers`, `doors`, `turnstiles`, `barriers`, `switches`; `cards` lie on the table."""

    def __init__(self, layout: Layout, wires: Wires) -> None:
        self.layout = layout
        self.wires = wires
        self.readers = {each.id: Reader(each, wires) for each in layout.reader}
        self.doors = {each.id: Door(each, wires) for each in layout.door}
        self.turnstiles = {each.id: Turnstile(each, wires) for each in layout.turnstile}
        self.barriers = {each.id: Barrier(each, wires) for each in layout.barrier}
        self.switches = {each.id: Switch(each, wires) for each in layout.switch}
        for barrier in self.barriers.values():
            for source in barrier.layout.fire_release:
                if source in self.switches:
                    self.switches[source].watch(partial(barrier.fire, source))
        self.cards = {each.id: each for each in layout.card}

    @classmethod
    def load(
        cls,
        path: Path | str,
        loop: asyncio.AbstractEventLoop | None = None,
        *,
        seed: int | None = None,
        edge_by_edge: bool = False,
    ) -> Plants:
        """The plants of a file on fresh wires of `loop` (the running one). Raises LayoutError.

        `seed` replaces the file's; `edge_by_edge` as Wires.
        """
        layout = read_layout(Path(path))
        wires = Wires(
            loop or asyncio.get_running_loop(), layout.seed if seed is None else seed, edge_by_edge=edge_by_edge
        )
        return cls(layout, wires)

    def plant(self, plant_id: str) -> Plant:
        """Any plant by its id. Raises ActionError."""
        every: tuple[Mapping[str, Plant], ...] = (
            self.readers,
            self.doors,
            self.turnstiles,
            self.barriers,
            self.switches,
        )
        for kind in every:
            if plant_id in kind:
                return kind[plant_id]
        raise ActionError(f"there is no plant {plant_id[:40]!r}")

    def card(self, card_id: str) -> tuple[CardLayout, Frame]:
        """A card of the table and its frame. Raises ActionError."""
        card = self.cards.get(card_id)
        if card is None:
            raise ActionError(f"there is no card {card_id[:40]!r} on the table")
        return card, encode_card(card.format, card.facility, card.number)

    def state(self) -> PlantsState:
        """What can be seen now."""
        return PlantsState(
            readers=tuple(each.state() for each in self.readers.values()),
            doors=tuple(each.state() for each in self.doors.values()),
            turnstiles=tuple(each.state() for each in self.turnstiles.values()),
            barriers=tuple(each.state() for each in self.barriers.values()),
            switches=tuple(each.state() for each in self.switches.values()),
        )

    def close(self) -> None:
        """Plan nothing any more."""
        self.wires.close()
