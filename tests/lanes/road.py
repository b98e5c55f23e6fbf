"""What people do at a lane, for stories: who comes, who presents a card, who presses what; and how it heals."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Literal

from firmware.core.facts import ConfirmClear, EndEvacuation, EndLockdown, ReleasePortal, ResetFault, SetOutOfService
from firmware.core.view import PortalView, Position
from firmware.rehearsal.barrier import FAULTS
from firmware.rehearsal.bodies import KINDS
from firmware.rehearsal.body import Body
from firmware.rehearsal.frames import encode_card
from tests.lanes.lane_gate import DRIVERS, LANE, LaneGate, driver_card

Way = Literal["in", "out"]
WAYS: tuple[Way, Way] = ("in", "out")
VEHICLES = ("car", "car", "car", "car_trailer", "truck", "truck_high_bed", "motorcycle")
WALKERS = ("adult", "child", "pram", "e_bike", "bicycle", "carbon_bicycle")  # no dog: it is lower than the beam
STRANGER = encode_card("H10301", 99, 12_345)
GUARD = "guard"  # who orders
LOOK_S = 0.2
THROUGH_S_MAX = 150.0  # for a careful vehicle with a card, however busy the lane is
HEAL_ROUNDS_MAX = 4
OPEN_LIMIT = "is_open"


class StoryFailed(AssertionError):
    """A lane did not do for people what it must."""


class Road:
    """One lane and its people. `rng` draws everything."""

    def __init__(self, gate: LaneGate, rng: random.Random) -> None:
        self.gate = gate
        self.rng = rng
        self.plant = gate.barrier
        self.lane = gate.barrier.lane
        self.cards = 0
        self.hurt: set[str] = set()  # wires that lose edges

    # -- time ---------------------------------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        await self.gate.wait(seconds)

    async def pause(self, low_s: float, high_s: float) -> None:
        """A while; sometimes to the very instant at which something is due."""
        await self.gate.wait(self.rng.uniform(low_s, high_s))

    async def until(self, true: Callable[[], object], limit_s: float) -> bool:
        """Wait for something; whether it came."""
        end_s = self.gate.loop.time() + limit_s
        while not true():
            if self.gate.loop.time() >= end_s:
                return False
            await self.gate.wait(LOOK_S)
        return True

    # -- what can be seen ---------------------------------------------------------------------------------------------

    def seen(self) -> PortalView:
        return self.gate.seen()

    def closing(self) -> bool:
        return any(drive.close.active for drive in self.plant.drives)

    def opening(self) -> bool:
        return any(drive.open.active for drive in self.plant.drives)

    def warning(self) -> bool:
        return self.plant.lamps["warning"].active

    def open(self) -> bool:
        return all(drive.opened for drive in self.plant.drives)

    def closed(self) -> bool:
        return all(drive.closed for drive in self.plant.drives)

    def quiet(self) -> bool:
        return not (self.closing() or self.warning())

    # -- vehicles and people ------------------------------------------------------------------------------------------

    def way(self) -> Way:
        return self.rng.choice(WAYS)

    def comes(self, kind: str, way: Way, *, careful: bool = True, pace: float | None = None, **more: object) -> Body:
        """Somebody comes, at his own pace (a share of what is usual for the kind)."""
        usual = self.lane_speed(kind)
        pace = self.rng.uniform(0.6, 1.3) if pace is None else pace
        return self.lane.arrive(kind, way, max(100, round(usual * pace)), careful=careful, **more)  # type: ignore[arg-type]

    @staticmethod
    def lane_speed(kind: str) -> int:
        return KINDS[kind].speed_mm_s

    async def walks_in(self, kind: str, way: Way) -> Body:
        """Somebody walks up to the barrier's line from its side of the lane, and stands there until go()."""
        body = self.comes(kind, way, careful=False, stop_at="approach", placed=True)
        body.go()
        await self.until(lambda: "beam" in body.covered or body.gone, 20)
        body.stop()
        return body

    def swipe(self, way: Way) -> None:
        """The next driver presents his card."""
        self.cards = (self.cards + 1) % DRIVERS
        self.gate.present(driver_card(self.cards), way)

    async def passes(self, body: Body, way: Way) -> None:
        """A careful driver with a card: presents it where he has to wait, and has to come through."""
        if not await self.until(lambda: body.waits or body.gone or body.beyond, THROUGH_S_MAX):
            raise StoryFailed(f"{body.kind} {way} does not come to the barrier")
        if body.waits:
            self.swipe(way)
        if not await self.until(lambda: body.beyond or body.gone, THROUGH_S_MAX):
            self.fail(f"{body.kind} {way} with a card is not let through")
        await self.until(lambda: body.gone, THROUGH_S_MAX)

    def fail(self, why: str) -> None:
        raise StoryFailed(f"{why}; the page shows {self.seen()}")

    async def closes(self, limit_s: float = 90.0) -> None:
        """Nobody is there any more: it has to close by itself."""
        if not await self.until(self.closed, limit_s):
            self.fail("it does not close behind the last one")

    # -- hands --------------------------------------------------------------------------------------------------------

    def press(self, key: str, on: bool = True) -> None:
        if key == "fire_panel":
            self.gate.plants.switches["fire_panel"].set(on)
        else:
            self.plant.press(key, on)

    async def hold(self, key: str, seconds: float) -> None:
        """Press, or turn, for so long."""
        self.press(key)
        await self.wait(seconds)
        self.press(key, False)

    def spoil(self, wire: str, wrong: str) -> None:
        """Spoil a wire of the lane."""
        if wire == OPEN_LIMIT:
            self.gate.limit_lies = wrong
        self.plant.set_wire(wire, wrong)

    def lose_edges(self, wire: str, share: float) -> None:
        """This share of a wire's edges is not heard of any more."""
        if wire == OPEN_LIMIT:
            self.gate.limit_lies = "edges lost"
        self.hurt.add(wire)
        self.gate.wires.lose_edges(self.plant.wires[wire].line, share)

    # -- healing ------------------------------------------------------------------------------------------------------

    def mend(self) -> None:
        """Everybody is gone, everything is whole and let go, all orders are taken back."""
        self.gate.look()
        self.gate.limit_lies = ""
        plant, gate = self.plant, self.gate
        self.lane.clear()
        for name in FAULTS:
            plant.set_fault(name, False)
        for name, detector in plant.detectors.items():
            if detector.fault:
                plant.set_fault(f"{name}_{detector.fault}", False)
        for name in plant.wires:
            plant.set_wire(name, "")
        for name in self.hurt:  # what the controller has not heard of it hears when somebody shakes the wire
            line = plant.wires[name].line
            gate.wires.lose_edges(line, 0)
            gate.wires.stick(line, "shaken", not gate.wires.levels((line,))[line])
            gate.loop.call_later(0.3, gate.wires.stick, line, "shaken", None)
        self.hurt.clear()
        plant.slow_down(1.0)
        for name in (*plant.keys, "mains"):
            plant.press(name, False)
        for beam in plant.photocells:
            plant.put_ball(beam, 0)
        fire = gate.plants.switches["fire_panel"]
        fire.set_fault("wire_broken", False)
        fire.set(False)
        gate.order(EndLockdown(GUARD))
        gate.order(EndEvacuation(GUARD))
        gate.order(ReleasePortal(GUARD, portal=LANE))
        for out in (True, False):  # whoever was let in and did not come is waited for no more
            gate.order(SetOutOfService(GUARD, portal=LANE, out=out))

    async def heal(self) -> None:
        """A person mends it, looks, presses the reset, and brings it to its open end where it stands between."""
        self.mend()
        await self.wait(1)
        for _ in range(HEAL_ROUNDS_MAX):
            await self.hold("reset", 0.3)
            self.gate.order(ResetFault(GUARD, portal=LANE, in_sight=True))
            self.gate.order(ConfirmClear(GUARD, portal=LANE, in_sight=True))
            await self.wait(1)
            if await self.until(self.well, 12):
                return
            if self.seen().position not in (Position.OPEN, Position.CLOSED):
                self.press("key_open")
                await self.until(lambda: self.seen().position is Position.OPEN, 12)
                self.press("key_open", False)
                await self.wait(0.5)
        self.fail("it does not heal")

    def well(self) -> bool:
        """It stands at an end, and nothing bars it."""
        seen = self.seen()
        assert seen.lane is not None
        return seen.position in (Position.OPEN, Position.CLOSED) and not seen.lane.bars and not seen.alarms
