"""Wall time that is missing, wrong, stepped or at its odd days, at the whole gate: it never releases a door."""

from __future__ import annotations

import gc
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware.bench.gate import NOON_UTC_MS, running_gate
from firmware.core.codes import Code, Reason
from firmware.core.view import Mode
from firmware.core.views import view
from firmware.journal import verify
from firmware.rehearsal.virtual_time import VirtualLoop, run_virtual
from tests.attacks.gates import (
    LOW_RELEASES,
    NIGHT_UTC_MS,
    RELEASES,
    Watch,
    at_gate,
    codes,
    cut_power,
    edited_site,
    enters,
    portal,
)

HOUR_MS, DAY_MS = 3_600_000, 86_400_000


def utc_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def site_unlocked_by_day(folder: Path) -> Path:
    """The demo site whose hall turnstile stands open from 06:00 to 23:00."""
    return edited_site(folder / "site", ('drop = "hall_drop"\n', 'drop = "hall_drop"\nunlock_schedule = "day"\n'))


@pytest.mark.attack("clock-01")
@pytest.mark.parametrize(
    ("start_utc_ms", "expected"),
    [(17_000, False), (utc_ms("2099-06-01T12:00+08:00"), False), (utc_ms("2028-02-29T12:00+08:00"), True)],
    ids=["1970", "2099", "leap day"],
)
def test_it_starts_and_decides_at_once_whatever_the_clock_says(tmp_path: Path, start_utc_ms: int, expected: bool):
    """No time server, no wall time: nothing waits for either, residents get in, and nothing moves by itself."""

    async def run():
        async with running_gate(tmp_path, site_unlocked_by_day(tmp_path), utc_ms=start_utc_ms, on=False) as gate:
            watch = Watch(gate)
            began_ns = gate.plants.wires.now_ns()
            await gate.power_on()
            took_ns = gate.plants.wires.now_ns() - began_ns
            await gate.pass_time(5)
            moved = watch.released()
            entered = await enters(gate, "bike_shed", "bike_reader")
            known = view(gate.controller.engine.state).clock_known
            await gate.power_off()
            return took_ns, moved, entered, known

    took_ns, moved, entered, known = run_virtual(run())
    assert took_ns < 100_000_000
    assert moved == []
    assert entered
    assert known is expected


@pytest.mark.attack("clock-02")
def test_steps_into_a_schedule_release_nothing_and_steps_out_of_it_lock(tmp_path: Path):
    """From night into the open hours by ten ways, one after the other; each time back to the night."""

    async def scenario(gate):
        watch = Watch(gate)
        night = gate.wall.utc_ms
        steps = [8 * HOUR_MS, 12 * HOUR_MS, -12 * HOUR_MS, 3 * DAY_MS - 12 * HOUR_MS, 365 * DAY_MS + 8 * HOUR_MS]
        modes = []
        for step_ms in steps:
            for target_ms in (night() + step_ms, 1_000, night()):
                gate.wall.set(target_ms)
                await gate.pass_time(3)
                modes.append(portal(gate, "hall").mode)
        stepped = await codes(gate, Code.CLOCK_STEPPED, Code.CLOCK_SET, Code.CLOCK_LOST)
        return watch.released(), modes, stepped

    released, modes, stepped = at_gate(
        tmp_path, scenario, site=site_unlocked_by_day(tmp_path), utc_ms=NIGHT_UTC_MS + HOUR_MS
    )
    assert released == []
    assert set(modes) == {Mode.LOCKED}
    assert stepped.count(Code.CLOCK_LOST) == 5
    assert Code.CLOCK_STEPPED in stepped


@pytest.mark.slow
@pytest.mark.attack("clock-03")
@pytest.mark.parametrize("start", ["2027-03-28T00:00+01:00", "2027-10-31T00:00+02:00"], ids=["spring", "autumn"])
def test_summer_time_moves_the_schedule_as_the_time_zone_database_says(tmp_path: Path, start: str):
    """Berlin, open 01:30-02:30: for five hours, each minute, what zoneinfo makes of it is what the portal does."""
    site = edited_site(
        tmp_path / "site",
        ('time_zone = "Asia/Shanghai"', 'time_zone = "Europe/Berlin"'),
        ('drop = "hall_drop"\n', 'drop = "hall_drop"\nunlock_schedule = "change"\n'),
        rules=(
            ('time_zone = "Asia/Shanghai"', 'time_zone = "Europe/Berlin"'),
            (
                '[[schedule]]\nname = "day"',
                '[[schedule]]\nname = "change"\nevery_day = ["01:30-02:30"]\n\n[[schedule]]\nname = "day"',
            ),
        ),
    )
    began_ms = utc_ms(start)

    def expected(at_ms: int) -> bool:
        local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo("Europe/Berlin"))
        return (1, 30) <= (local.hour, local.minute) < (2, 30)

    async def scenario(gate):
        seen = []
        await gate.pass_time(29)
        for _ in range(300):
            seen.append((gate.wall.utc_ms(), portal(gate, "hall").mode is Mode.UNLOCKED))
            await gate.pass_time(60)
        return seen

    seen = at_gate(tmp_path, scenario, site=site, utc_ms=began_ms)
    assert [opened for _, opened in seen] == [expected(at_ms) for at_ms, _ in seen]
    assert sum(opened for _, opened in seen) in (30, 90)  # half an hour is missing in spring, half an hour comes twice


@pytest.mark.attack("clock-04")
def test_a_spoofed_clock_lets_no_dated_credential_in_and_ends_no_residents(tmp_path: Path):
    """A time server that says 2099, or goes back behind the journal over a power cut to revive an expired card."""

    async def scenario(gate):
        gate.wall.set(utc_ms("2099-01-01T00:00+00:00"))
        await gate.pass_time(3)
        resident = await enters(gate, "bike_shed", "bike_reader")
        await gate.present("visitor", "front_reader")
        visitor = (await gate.events(Code.GRANTED, Code.DENIED))[-1].event
        gate.wall.set(NOON_UTC_MS)
        await gate.pass_time(3)
        gate.wall.set(utc_ms("2026-01-15T12:00+08:00"))  # behind the journal
        await cut_power(gate)
        await gate.present("expired", "front_reader")
        expired = (await gate.events(Code.GRANTED, Code.DENIED))[-1].event
        return resident, visitor, expired, view(gate.controller.engine.state).clock_known

    resident, visitor, expired, known = at_gate(tmp_path, scenario)
    assert resident
    assert visitor.code is Code.DENIED
    assert Reason.CLOCK_UNKNOWN_REFUSED in [reason.split(":")[0] for reason in visitor.reasons]
    assert expired.code is Code.DENIED
    assert not known


@pytest.mark.slow
@pytest.mark.attack("clock-05")
def test_ninety_days_offline_in_bounded_memory_and_files(tmp_path: Path):
    """Three passages a day, the hours between them leapt over; nobody ever asks for the journal."""
    days, kept_days = 90, 30
    site = edited_site(tmp_path / "site", ("retention_days = 365", f"retention_days = {kept_days}"))

    async def scenario(gate):
        loop = gate._loop
        assert isinstance(loop, VirtualLoop)
        blocks, depths, entered = [], [], []
        for day in range(days):
            began_s = loop.time()
            entered.append(await enters(gate))
            entered.append(await enters(gate, "bike_shed", "bike_reader"))
            gate.plants.doors["front_door"].leave()
            await gate.pass_time(30)
            await gate.committed()
            depths.append((gate.controller.inbox.depth, gate.controller.journal.backlog))
            loop._now_s = began_s + DAY_MS / 1000  # nothing is due at night but rounds that look again
            await gate.pass_time(1)
            if day % 30 == 29:
                gc.collect()
                blocks.append(sys.getallocatedblocks())
        released = [line for line in RELEASES if gate.plants.wires.driven(line) is not (line in LOW_RELEASES)]
        rows = await gate.events()
        path, key = gate.controller.journal.path, gate.controller.identity.public_key
        lost = await codes(gate, Code.DEVICE_LOST)
        return blocks, depths, entered, released, lost, rows, verify(path, key), path

    blocks, depths, entered, released, lost, rows, verdict, path = at_gate(tmp_path, scenario, site=site)
    assert all(entered)
    assert len(entered) == 2 * days
    assert set(depths) == {(0, 0)}
    assert released == []
    assert lost == [], "a night that our loop leapt over is no silence of a camera"
    assert blocks[2] - blocks[1] < 1_000, blocks  # of memory: the third month costs nothing more than the second
    assert verdict.ok
    # Old rows go by whole spans of some dozens of rows: here nine a day.
    newest = max(row.utc_ms for row in rows)
    oldest = min(row.utc_ms for row in rows if row.utc_ms is not None)
    assert newest - oldest <= timedelta(days=kept_days + 7) / timedelta(milliseconds=1)
    assert sum(file.stat().st_size for file in path.parent.iterdir()) < 4 << 20
