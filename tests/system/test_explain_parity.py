"""`explain` equals what the gate decided: a day of random presentations at every rule's edge, each asked again."""

from __future__ import annotations

import random
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware.bench.gate import running_gate
from firmware.controller.inbox import Rank
from firmware.core.codes import Reason
from firmware.core.facts import (
    ClearLockout,
    EndLockdown,
    Forgive,
    LockPortal,
    ReleasePortal,
    SetOutOfService,
    StartLockdown,
)
from firmware.rehearsal.virtual_time import run_virtual
from tests.system.parity import Parity, Pin

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SEED = 20261123
PRESENTATIONS = 400
SHANGHAI = ZoneInfo("Asia/Shanghai")

# Everybody of the demo, and who is needed for the rules that the demo's people never meet.
HOLDERS = """\
holder,household,spaces,profiles,flags,status,valid_from,valid_until,use_limit,card,pin,duress_pin,pin_with,duress_pin_with
resident,b1-0101,1,residents,holds_open,,,,,H10301:12:34567,,,2468,8420
neighbour,b1-0102,,neighbours,,,,,,H10301:12:34568,,,,
guard,,,staff,exempt;escort,,,,,H10304:12:100,,,8642,
visitor,b1-0101,1,visitors,visitor,,,,2,H10301:12:50001,,,,
former,b2-0301,,residents,,,2026-11-23 09:00,2026-11-23 17:30,,H10301:12:20001,,,1357,
careless,b2-0402,,residents,,lost,,,,H10301:12:40404,,,,
cleaner,,,cleaning,,,,,,,735190,,,
first,b3-0101,1,staff,vehicle,,,,,H10301:12:101,,,,
second,b3-0101,1,staff,vehicle,,,,,H10301:12:102,,,,
child,b1-0101,1,residents,escorted,,,,,H10301:12:103,,,,
barred,,,residents,,suspended,,,,H10301:12:104,,,,
worker,,,cleaning,,,,,,H10301:12:105,,,,
"""
CARDS = {"first": 101, "second": 102, "child": 103, "barred": 104, "worker": 105}
PINS = {
    "2468": Pin("resident"),
    "8420": Pin("resident", duress=True),
    "8642": Pin("guard"),
    "1357": Pin("former"),
    "735190": Pin("cleaner"),
}
CLEANING = """
[[profile]]
name = "cleaning"

[[profile.rule]]
access_points = ["front_in", "hall_in", "hall_out"]
schedule = "cleaning"

[[schedule]]
name = "cleaning"
workdays = ["07:30-12:00", "13:00-16:15"]
"""
EDGES = ("06:00", "07:30", "09:00", "12:00", "13:00", "16:15", "17:30", "23:00")  # of every schedule and validity
OFFSETS_S = (-2, -1, 0, 1, 2)


# What is changed in the demo's site file: hard anti-passback, a small lobby, parking spaces in a small shed.
HARD = (
    ('antipassback = "soft"', 'antipassback = "hard"'),
    ('id = "lobby"', 'id = "lobby"\noccupancy_max = 2'),
    ("occupancy_max = 60", "occupancy_max = 3\nquota = true"),
)
# Or: anti-passback for ten hours, soft anti-passback at the front door, two persons for the shed.
TIMED = (
    ('antipassback = "soft"', "antipassback_timed_s = 36_000"),
    ('readers = ["front_reader"]', 'readers = ["front_reader"]\nantipassback = "soft"'),
    ('readers = ["bike_reader"]', 'readers = ["bike_reader"]\ntwo_person = true'),
)


def site_for_parity(folder: Path, changes: tuple[tuple[str, str], ...] = HARD) -> Path:
    """The demo gate with these changes and more people."""
    site = folder / "sites"
    shutil.copytree(SITES, site)
    text = (site / "community_gate.toml").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    (site / "community_gate.toml").write_text(text)
    (site / "holders.csv").write_text(HOLDERS)
    (site / "rules.toml").write_text((site / "rules.toml").read_text() + CLEANING)
    plants = (site / "community_gate.plants.toml").read_text()
    for name, number in CARDS.items():
        plants += (
            f'\n[[card]]\nid = "{name}"\nname = {{ en = "{name}", zh = "{name}" }}\nformat = "H10301"\nfacility = 12\n'
        )
        plants += f"number = {number}\n"
    (site / "community_gate.plants.toml").write_text(plants)
    return site / "community_gate.toml"


def local_ms(clock: str) -> int:
    """That time of 2026-11-23 in Shanghai, in milliseconds since 1970."""
    hour, minute = clock.split(":")
    return int(datetime(2026, 11, 23, int(hour), int(minute), tzinfo=SHANGHAI).timestamp() * 1000)


class Day:
    """Draws what happens."""

    def __init__(self, gate, parity: Parity, rng: random.Random) -> None:
        self.gate, self.parity, self.rng = gate, parity, rng
        self.cards = [name for name in gate.plants.cards if not name.endswith("_car")]  # people; cars have a lane

    async def command(self, command) -> None:
        self.gate.controller.inbox.put(command, Rank.COMMAND, "network")
        await self.gate.pass_time(0.2)

    async def at_some_time(self) -> None:
        """Most often near an edge of some rule; sometimes anywhere in the day; rarely at no known time."""
        drawn = self.rng.random()
        if drawn < 0.05:
            self.gate.wall.set(1_000)
        elif drawn < 0.75:
            edge_ms = local_ms(self.rng.choice(EDGES)) + 1000 * self.rng.choice(OFFSETS_S)
            self.gate.wall.set(edge_ms - 1_300)  # the clock is looked at once a second; a frame takes 60 ms
        else:
            self.gate.wall.set(local_ms("00:00") + self.rng.randrange(86_400_000))
        await self.gate.pass_time(1.25)

    async def something_stands(self) -> None:
        """Now and then a command, a fire or their ends."""
        rng = self.rng
        portal = rng.choice(("front_door", "bike_shed", "hall"))
        ask = {"issuer": "operator"}
        match rng.randrange(24):
            case 0:
                await self.command(StartLockdown(**ask, portals=(portal,)))
            case 1 | 2 | 3:
                await self.command(EndLockdown(**ask))
            case 4:
                await self.command(LockPortal(**ask, portal=portal))
            case 5:
                await self.command(SetOutOfService(**ask, portal=portal))
            case 6 | 7 | 8:
                for name in ("front_door", "bike_shed", "hall"):
                    await self.command(ReleasePortal(**ask, portal=name))
                    await self.command(SetOutOfService(**ask, portal=name, out=False))
            case 9:
                self.gate.plants.switches["fire_panel"].set(True)
                await self.gate.pass_time(0.5)
            case 10 | 11 | 12:
                self.gate.plants.switches["fire_panel"].set(False)
                await self.gate.pass_time(0.5)
            case 13:
                await self.command(Forgive(**ask))
            case 14 | 15:
                await self.command(ClearLockout(**ask, reader="front_reader"))

    async def presentation(self) -> None:
        """Somebody comes with a card, a PIN or both, in either order, and mostly goes through."""
        rng, parity = self.rng, self.parity
        reader = rng.choice(("front_reader", "front_reader", "bike_reader", "hall_in_reader", "hall_out_reader"))
        card = rng.choice(self.cards)
        pin = rng.choice((*PINS, "000000"))
        own = next((digits for digits, of in PINS.items() if of.holder == card), pin)
        if reader == "front_reader" and rng.random() < 0.5:
            match rng.randrange(4):
                case 0:
                    await parity.pin(pin, reader)
                case 1:
                    await parity.pin(own, reader)
                    await parity.card(card, reader)
                case 2:
                    await parity.card(card, reader)
                    await parity.pin(own, reader)
                case 3:
                    await parity.card(card, reader)
                    await parity.pin(pin, reader)
                    await parity.pin(own, reader)
        else:
            await parity.card(card, reader)
            if rng.random() < 0.2:
                await parity.card("guard", reader)  # an escort for who needs one
            elif rng.random() < 0.3:
                self._walk(reader)
                await self.gate.pass_time(6)
                await parity.card(card, reader)  # in again without having left
        if rng.random() < 0.8:
            self._walk(reader)
        await self.gate.pass_time(rng.choice((6, 25)))  # some while a reader still waits for somebody

    def _walk(self, reader: str) -> None:
        if reader.startswith("hall"):
            self.gate.plants.turnstiles["hall"].walk("in" if reader == "hall_in_reader" else "out")
        else:
            self.gate.plants.doors["front_door" if reader == "front_reader" else "bike_shed"].push()


# The rules that the day must have come to, or the comparison proves little.
WANTED = {
    Reason.GRANTED,
    Reason.NOT_FOUND,
    Reason.SUSPENDED,
    Reason.LOST,
    Reason.NOT_YET_VALID,
    Reason.EXPIRED,
    Reason.USED_UP,
    Reason.CLOCK_UNKNOWN_REFUSED,
    Reason.CLOCK_UNKNOWN_PASSED,
    Reason.NOT_IN_PROFILE,
    Reason.OUTSIDE_SCHEDULE,
    Reason.INSIDE_SCHEDULE,
    Reason.FACTOR_MISSING,
    Reason.FACTORS_COMPLETE,
    Reason.PIN_WRONG,
    Reason.ANTIPASSBACK_PASSED,
    Reason.EXEMPT,
    Reason.ESCORT_NEEDED,
    Reason.ESCORTED,
    Reason.LOCKDOWN,
    Reason.LOCKED_BY_OPERATOR,
    Reason.OUT_OF_SERVICE,
    Reason.FIRE,
}


OF_HARD = {Reason.ANTIPASSBACK_HARD, Reason.AREA_FULL}  # parking spaces have a test of their own, below
OF_TIMED = {Reason.ANTIPASSBACK_TIMED, Reason.ANTIPASSBACK_SOFT, Reason.SECOND_PERSON_NEEDED, Reason.SECOND_PERSON}


@pytest.mark.slow
@pytest.mark.parametrize(("changes", "also"), [(HARD, OF_HARD), (TIMED, OF_TIMED)], ids=["hard", "timed"])
def test_explain_equals_the_gate_over_a_day_of_random_presentations(changes, also: set[Reason], tmp_path: Path):
    site = site_for_parity(tmp_path, changes)

    async def day():
        async with running_gate(tmp_path, site, seed=SEED) as gate:
            await gate.pass_time(1)
            parity = Parity(gate, PINS)
            drawn = Day(gate, parity, random.Random(SEED))
            for _ in range(PRESENTATIONS):
                await drawn.something_stands()
                await drawn.at_some_time()
                await drawn.presentation()
            parity.close()
            return parity

    parity = run_virtual(day())
    assert parity.differences == [], f"seed {SEED}"
    assert parity.compared > PRESENTATIONS
    assert parity.expired >= 5
    assert (WANTED | also) - set(parity.seen) == set(), f"seed {SEED}"


def test_explain_counts_parking_spaces_where_the_gate_does(tmp_path: Path):
    """A household's car in the lobby takes no parking space: only areas with quotas count."""
    site = site_for_parity(tmp_path)

    async def cars():
        async with running_gate(tmp_path, site, seed=SEED) as gate:
            await gate.pass_time(1)
            parity = Parity(gate, PINS)
            for card, reader in (("first", "hall_in_reader"), ("second", "bike_reader"), ("first", "bike_reader")):
                await parity.card(card, reader)
                if reader == "hall_in_reader":
                    gate.plants.turnstiles["hall"].walk("in")
                else:
                    gate.plants.doors["bike_shed"].push()
                await gate.pass_time(15)
            parity.close()
            return parity

    parity = run_virtual(cars())
    assert parity.differences == []
    assert parity.seen[Reason.GRANTED] == 2
    assert parity.seen[Reason.QUOTA_FULL] == 1


def test_the_comparison_notices_a_difference(tmp_path: Path):
    """Whoever asks with the PIN as somebody else's gets another answer than the gate gave."""

    async def night():
        async with running_gate(tmp_path, SITES / "community_gate.toml", utc_ms=local_ms("23:30")) as gate:
            await gate.pass_time(1)
            parity = Parity(gate, {"2468": Pin("guard")})
            await parity.card("resident", "front_reader")
            await parity.pin("2468", "front_reader")
            parity.close()
            return parity

    parity = run_virtual(night())
    assert parity.compared == 2
    assert len(parity.differences) == 1
    assert Reason.PIN_WRONG in parity.differences[0]
