"""Days at a whole gate whose journal a comparison reads: the same presentations under one roster or another."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from firmware.bench.gate import Gate, running_gate
from firmware.config import load
from firmware.controller.inbox import Rank
from firmware.core.codes import Code, Reason
from firmware.core.facts import (
    EndLockdown,
    Forgive,
    LockPortal,
    ReleasePortal,
    SetOutOfService,
    StartLockdown,
)
from firmware.core.site import Site
from firmware.identity import Identity
from firmware.rehearsal.virtual_time import run_virtual
from firmware.roster.build import build as build_roster
from firmware.roster.roster import Roster, open_roster

SHANGHAI = ZoneInfo("Asia/Shanghai")
QUIET_S = 25.0  # longer than any dialog waits
PORTALS = ("front_door", "bike_shed", "hall")
READERS = ("front_reader", "front_reader", "bike_reader", "hall_in_reader", "hall_out_reader")
DECISIONS = (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL)


class Shown(NamedTuple):
    """Somebody at a reader at a local time of 2026-11-23: a card of the plants, and perhaps a PIN after it."""

    clock: str
    card: str
    reader: str
    pin: str | None = None


def local_ms(clock: str) -> int:
    """That time of 2026-11-23 in Shanghai, in milliseconds since 1970."""
    return int(datetime.fromisoformat(f"2026-11-23T{clock}").replace(tzinfo=SHANGHAI).timestamp() * 1000)


def walk(gate: Gate, reader: str) -> None:
    """Go through, as far as the portal lets one."""
    if reader.startswith("hall"):
        gate.plants.turnstiles["hall"].walk("in" if reader == "hall_in_reader" else "out")
    else:
        gate.plants.doors["front_door" if reader == "front_reader" else "bike_shed"].push()


def scripted(folder: Path, site: Path, script: list[Shown]) -> list[str]:
    """Run the day; for each of the script: "granted", "denied", or "needs" where the reader asked in vain."""

    async def day() -> list[str]:
        outcomes = []
        async with running_gate(folder, site) as gate:
            for shown in script:
                gate.wall.set(local_ms(shown.clock))
                await gate.pass_time(2.5)  # the controller looks at the clock once a second
                before = len(await gate.events(*DECISIONS))
                await gate.present(shown.card, shown.reader)
                if shown.pin is not None:
                    await gate.type_pin(shown.pin + "#", shown.reader)
                walk(gate, shown.reader)
                await gate.pass_time(QUIET_S)
                (row,) = (await gate.events(*DECISIONS))[before:]
                expired = Reason.DIALOG_EXPIRED in row.event.reasons
                outcomes.append("needs" if expired else "granted" if row.event.code is Code.GRANTED else "denied")
        return outcomes

    return run_virtual(day())


def random_day(folder: Path, site: Path, seed: int, presentations: int, pins: dict[str, str]) -> None:
    """A day of everything: cards, PINs in either order, escorts, commands, fires, an unknown clock; none at an edge."""

    async def day() -> None:
        rng = random.Random(seed)
        async with running_gate(folder, site, seed=seed) as gate:
            await gate.pass_time(1)
            for _ in range(presentations):
                await _something_stands(gate, rng)
                unknown = rng.random() < 0.05
                gate.wall.set(1_000 if unknown else local_ms("00:00:30") + 60_000 * rng.randrange(1430))
                await gate.pass_time(2.5)
                await _somebody(gate, rng, pins)
                await gate.pass_time(QUIET_S)
            await gate.committed()

    run_virtual(day())


async def _something_stands(gate: Gate, rng: random.Random) -> None:
    portal, ask = rng.choice(PORTALS), {"issuer": "operator"}
    commands: dict[int, list[object]] = {
        0: [StartLockdown(**ask, portals=(portal,))],
        1: [EndLockdown(**ask)],
        2: [EndLockdown(**ask)],
        4: [LockPortal(**ask, portal=portal)],
        5: [SetOutOfService(**ask, portal=portal)],
        6: [ReleasePortal(**ask, portal=name) for name in PORTALS],
        7: [SetOutOfService(**ask, portal=name, out=False) for name in PORTALS],
        8: [Forgive(**ask)],
    }
    drawn = rng.randrange(20)
    for command in commands.get(drawn, []):
        gate.controller.inbox.put(command, Rank.COMMAND, "network")
    if drawn in (9, 10, 11):
        gate.plants.switches["fire_panel"].set(drawn == 9)
    await gate.pass_time(0.5)


async def _somebody(gate: Gate, rng: random.Random, pins: dict[str, str]) -> None:
    reader, card = rng.choice(READERS), rng.choice([*gate.plants.cards])
    digits = pins.get(card, "1111") if rng.random() < 0.7 else "1111"
    first, second = rng.random() < 0.2, rng.random() < 0.5
    if reader == "front_reader" and first:
        await gate.type_pin(digits + "#", reader)
    await gate.present(card, reader)
    if reader == "front_reader" and second and not first:
        await gate.type_pin(digits + "#", reader)
    elif rng.random() < 0.25:
        await gate.present("guard", reader)  # an escort for who needs one
    if rng.random() < 0.85:
        walk(gate, reader)


class Compared(NamedTuple):
    """What a comparison is made with."""

    journal: Path
    old: Roster
    new: Roster
    site: Site


def compared(folder: Path, site: Path, changed: Path) -> Compared:
    """The journal of the gate in `folder`, its roster, and one built from the changed site's tables by its key."""
    identity = Identity.load_or_create(folder / "identity")
    build_roster(changed / "holders.csv", changed / "rules.toml", folder / "new", identity, version=2, created_s=0)
    config, problems = load(site)
    assert config is not None, problems
    old, new = (open_roster(folder / name, [identity.public_key]) for name in ("rehearsal.roster", "new"))
    return Compared(folder / "journal" / "journal.db", old, new, config.site)
