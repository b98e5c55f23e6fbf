"""Makes the committed recordings anew: `python -m tests.replay.make`.

They hold what the core did on the day they were made. A change of the core that is meant to decide otherwise fails
tests/replay; then, and only then, they are made anew, and the commit says which lines changed and why. They stay small
(BYTES_MAX) so that a person can read them.

Three runs on virtual time at the demo gate: a morning with everything that happens at doors and a turnstile; the run
after its power was cut, which begins with what the store had kept; and the vehicle lane with a car, a tailgater and a
child.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from firmware.bench.gate import NOON_UTC_MS, Gate, running_gate
from firmware.controller.inbox import Rank
from firmware.core.facts import (
    AdmitVehicle,
    AnyFact,
    ClearLockout,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    StartLockdown,
)
from firmware.rehearsal.virtual_time import run_virtual

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
RECORDINGS = Path(__file__).parent / "recordings"
MORNING, AFTER, LANE = "morning.jsonl", "after_power_cut.jsonl", "lane.jsonl"
SEED = 20261123
BYTES_MAX = 200_000
CLOSING_LOOKS = 200  # tenths of a second, until the bollard rises
KEPT_FOLDERS = ("identity", "journal", "roster")
ISSUER = "property manager Ms Chen, front office, second floor, extension 4711"  # longer than the store keeps


async def ask(gate: Gate, command: AnyFact) -> None:
    """A person commands something."""
    gate.controller.inbox.put(command, Rank.COMMAND, "network")
    await gate.pass_time(0.5)


async def enter(gate: Gate, card: str, reader: str = "front_reader", door: str = "front_door") -> None:
    """Present a card, push the door, let it close."""
    await gate.present(card, reader)
    gate.plants.doors[door].push()
    await gate.pass_time(12)


async def people(gate: Gate) -> None:
    """Good and bad cards, PINs, the turnstile in both directions, noise."""
    await enter(gate, "resident")
    for card in ("stranger", "expired", "lost", "neighbour"):
        await gate.present(card, "bike_reader")
    for _ in range(3):
        await enter(gate, "visitor")
    await gate.type_pin("735190#", "front_reader")  # the cleaner's, which identifies alone
    gate.plants.doors["front_door"].push()
    await gate.pass_time(12)
    for _ in range(2):  # twice in without out: soft anti-passback
        await gate.present("resident", "hall_in_reader")
        gate.plants.turnstiles["hall"].walk("in")
        await gate.pass_time(3)
    await gate.present("resident", "hall_out_reader")
    gate.plants.turnstiles["hall"].walk("out")
    await gate.pass_time(3)
    await gate.present("guard", "hall_in_reader")  # and does not walk
    await gate.pass_time(12)
    gate.plants.readers["bike_reader"].storm(1_500)
    await gate.pass_time(45)


async def doors(gate: Gate) -> None:
    """Request-to-exit, a held door, a forced door, double-swipe hold-open."""
    front, shed = gate.plants.doors["front_door"], gate.plants.doors["bike_shed"]
    front.leave()
    await gate.pass_time(12)
    await gate.present("resident", "front_reader")
    front.push()
    await gate.pass_time(0.3)
    front.hold(True)
    await gate.pass_time(40)
    front.hold(False)
    await gate.pass_time(12)
    shed.force()
    await gate.pass_time(20)
    for _ in range(2):
        await gate.present("resident", "bike_reader")
        await gate.pass_time(2)
    await gate.pass_time(10)
    await ask(gate, ReleasePortal(issuer=ISSUER, request="r1", portal="bike_shed"))


async def emergencies(gate: Gate) -> None:
    """Fire and its end; a lockdown with a refusal and an exit; tamper."""
    gate.plants.switches["fire_panel"].set(True)
    await gate.pass_time(2)
    await gate.present("stranger", "front_reader")
    gate.plants.switches["fire_panel"].set(False)
    await gate.pass_time(5)
    await ask(gate, StartLockdown(issuer=ISSUER, request="r2", portals=("front_door",)))
    await gate.present("resident", "front_reader")
    gate.plants.doors["front_door"].leave()
    await gate.pass_time(12)
    await ask(gate, EndLockdown(issuer=ISSUER, request="r3"))
    gate.plants.switches["cabinet"].set(True)
    await gate.pass_time(3)
    gate.plants.switches["cabinet"].set(False)
    await gate.pass_time(3)


async def commands_and_clock(gate: Gate) -> None:
    """An operator opens and holds; the clock steps to night (card and PIN), is lost, and comes back."""
    await ask(gate, OpenOnce(issuer=ISSUER, request="r4", portal="front_door"))
    await gate.pass_time(8)
    await ask(gate, HoldOpen(issuer=ISSUER, request="r5", portal="front_door", for_ms=5_000))
    await gate.pass_time(8)
    await ask(gate, OpenOnce(issuer=ISSUER, request="r6", portal="no_such_door"))
    gate.wall.set(NOON_UTC_MS + 11 * 3_600_000 + 1_800_000)  # half past eleven at night
    await gate.pass_time(3)
    await gate.present("resident", "front_reader")
    await gate.type_pin("2468#", "front_reader")
    gate.plants.doors["front_door"].push()
    await gate.pass_time(15)
    await gate.type_pin("8420#", "front_reader")  # PIN first, and the one for duress
    await gate.present("resident", "front_reader")
    await gate.pass_time(15)
    await gate.present("resident", "front_reader")  # and no PIN follows
    await gate.pass_time(15)
    gate.wall.set(1_000)
    await gate.pass_time(3)
    await gate.present("visitor", "hall_in_reader")
    gate.wall.set(NOON_UTC_MS + 3_600_000)
    await gate.pass_time(3)
    for _ in range(6):  # five tries and one too many
        await gate.type_pin("111111#", "front_reader")
        await gate.pass_time(1)
    await ask(gate, LockPortal(issuer=ISSUER, request="r7", portal="bike_shed"))


async def after_the_cut(gate: Gate) -> None:
    """What was kept holds: the lock-out, the locked shed, the visitor's uses."""
    await gate.pass_time(2)
    await gate.type_pin("735190#", "front_reader")
    await gate.present("resident", "bike_reader")
    await gate.present("visitor", "front_reader")
    await ask(gate, ReleasePortal(issuer=ISSUER, request="r8", portal="bike_shed"))
    await ask(gate, ClearLockout(issuer=ISSUER, request="r9", reader="front_reader"))
    await enter(gate, "resident")


async def lane(gate: Gate) -> None:
    """A car is let in, another one follows it unasked, and a child runs into the beam while the bollard rises."""
    barrier = gate.plants.barriers["vehicle_lane"]
    await gate.pass_time(2)
    car = barrier.lane.arrive("car", "in", stop_at="approach", careful=True)
    await gate.pass_time(5)
    await gate.present("resident_car", "lane_in_reader")
    await gate.pass_time(5)
    barrier.lane.arrive("car", "in", behind=car.id, gap_mm=2_500)
    await gate.pass_time(20)
    await present_and_pass(gate, "neighbour_car")
    await gate.pass_time(3)
    for _ in range(CLOSING_LOOKS):
        if barrier.drives[0].motion.speed > 0:  # towards closed
            break
        await gate.pass_time(0.1)
    await gate.pass_time(0.5)
    child = barrier.lane.arrive("child", "in", stop_at="beam", placed=True)
    await gate.pass_time(8)
    child.go()
    await gate.pass_time(22)
    await ask(gate, AdmitVehicle(issuer=ISSUER, request="r10", portal="vehicle_lane", note="parcels for 3-2-501"))
    await gate.pass_time(12)


async def present_and_pass(gate: Gate, card: str) -> None:
    """A careful driver presents, waits for green and drives in."""
    gate.plants.barriers["vehicle_lane"].lane.arrive("car", "in", stop_at="approach", careful=True)
    await gate.pass_time(5)
    await gate.present(card, "lane_in_reader")
    await gate.pass_time(5)


def record(folder: Path, site: Path = SITE) -> tuple[Path, Path, Path]:
    """Record all runs in `folder`: (the morning, the run after the power cut, the lane)."""
    before, after, drive = folder / "before", folder / "after", folder / "drive"
    for each in (before, after, drive):
        each.mkdir()

    async def morning() -> None:
        async with running_gate(before, site, seed=SEED, record=folder / MORNING) as gate:
            await gate.pass_time(1)
            for part in (people, doors, emergencies, commands_and_clock):
                await part(gate)
            await gate.committed()
            for name in KEPT_FOLDERS:  # the power is cut here: what is on the disk now is all that the next run finds
                shutil.copytree(before / name, after / name)

    async def afterwards() -> None:
        utc_ms = NOON_UTC_MS + 2 * 3_600_000
        async with running_gate(after, site, utc_ms=utc_ms, seed=SEED, record=folder / AFTER) as gate:
            await after_the_cut(gate)

    async def driving() -> None:
        async with running_gate(drive, site, seed=SEED, record=folder / LANE) as gate:
            await lane(gate)

    run_virtual(morning())
    run_virtual(afterwards())
    run_virtual(driving())
    return folder / MORNING, folder / AFTER, folder / LANE


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for made in record(Path(folder)):
            size = made.stat().st_size
            if size > BYTES_MAX:
                print(f"{made.name}: {size} bytes are more than {BYTES_MAX}: shorten the morning", file=sys.stderr)
                return 1
            RECORDINGS.mkdir(exist_ok=True)
            shutil.copyfile(made, RECORDINGS / made.name)
            print(f"{RECORDINGS / made.name}: {size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
