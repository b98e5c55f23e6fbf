"""The main trip, whole: wire -> card -> decision -> lock -> journal; plants at the wires' ends, virtual time."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench.gate import running_gate
from firmware.core.codes import Code, Reason
from firmware.core.view import Mode, Position
from firmware.core.views import view
from firmware.rehearsal.virtual_time import run_virtual
from tests.system.parity import Pin, watched

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
PINS = {"2468": Pin("resident"), "8420": Pin("resident", duress=True), "8642": Pin("guard"), "735190": Pin("cleaner")}
NIGHT_UTC_MS = 1_795_447_800_000  # 2026-11-23 23:30 in Shanghai


def at_gate(tmp_path: Path, scenario, **settings):
    """Run `scenario(gate)` on a fresh demo gate. Whatever it decides is asked of `explain` again."""

    async def run():
        async with running_gate(tmp_path, SITE, **settings) as gate:
            await gate.pass_time(1)
            with watched(gate, PINS):
                return await scenario(gate)

    return run_virtual(run())


def portal(gate, name: str):
    return next(each for each in view(gate.controller.engine.state).portals if each.id == name)


def test_nothing_moves_and_nothing_alarms_at_start(tmp_path: Path):
    async def scenario(gate):
        events = await gate.events()
        return [row.event.code for row in events], gate.plants.state(), view(gate.controller.engine.state)

    codes, state, seen = at_gate(tmp_path, scenario)
    assert codes == [Code.EPOCH_BEGUN, Code.STARTED, Code.CLOCK_SET, Code.ROSTER_REPLACED]
    assert not any(door.released for door in state.doors)
    assert [each.mode for each in seen.portals] == [Mode.LOCKED] * 4
    closed = Position.CLOSED
    assert [each.position for each in seen.portals] == [closed, closed, Position.NOT_MONITORED, closed]
    assert seen.alarms == ()
    assert seen.devices_lost == ()


def test_a_good_card_opens_the_door_and_the_passage_is_proven_by_the_contact(tmp_path: Path):
    async def scenario(gate):
        await gate.present("resident", "front_reader")
        released = portal(gate, "front_door").mode
        push = gate.plants.doors["front_door"].push()
        await gate.pass_time(1)
        opened = portal(gate, "front_door").position
        await gate.pass_time(15)
        return released, push, opened, portal(gate, "front_door"), await gate.events(), gate

    released, _push, opened, after, events, _gate = at_gate(tmp_path, scenario)
    assert released is Mode.ACCESSED
    assert opened is Position.OPEN
    assert (after.mode, after.position, after.alarms) == (Mode.LOCKED, Position.CLOSED, ())
    codes = [row.event.code for row in events][4:]
    assert codes == [Code.GRANTED, Code.OPENED, Code.TAKEN, Code.CLOSED]
    granted = events[4].event
    assert granted.body.holder == "resident"
    assert granted.reasons[-1] == Reason.GRANTED


def test_a_card_that_nobody_knows_opens_nothing(tmp_path: Path):
    async def scenario(gate):
        await gate.present("stranger", "front_reader")
        gate.plants.doors["front_door"].push()
        await gate.pass_time(3)
        return portal(gate, "front_door"), await gate.events(), gate.plants.doors["front_door"].state()

    seen, events, _door = at_gate(tmp_path, scenario)
    assert (seen.mode, seen.position) == (Mode.LOCKED, Position.CLOSED)
    last = events[-1].event
    assert last.code is Code.UNKNOWN_CREDENTIAL
    assert last.body.holder is None
    assert len(last.body.token) == 16


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ("expired", Reason.EXPIRED),
        ("lost", Reason.LOST),
    ],
)
def test_refused_cards_say_why(tmp_path: Path, card: str, reason: Reason):
    async def scenario(gate):
        await gate.present(card, "front_reader")
        return (await gate.events())[-1].event

    event = at_gate(tmp_path, scenario)
    assert event.code is Code.DENIED
    assert event.reasons[-1].split(":")[0] == reason


def test_the_neighbour_may_not_enter_the_bike_shed(tmp_path: Path):
    async def scenario(gate):
        await gate.present("neighbour", "bike_reader")
        return (await gate.events())[-1].event

    event = at_gate(tmp_path, scenario)
    assert event.code is Code.DENIED
    assert event.reasons[-1].split(":")[0] == Reason.NOT_IN_PROFILE


def test_by_night_the_front_door_wants_card_and_pin_in_either_order(tmp_path: Path):
    async def scenario(gate):
        front = gate.plants.doors["front_door"]
        await gate.present("resident", "front_reader")
        alone = portal(gate, "front_door").mode
        await gate.type_pin("2468#", "front_reader")
        both = portal(gate, "front_door").mode
        front.push()
        await gate.pass_time(20)
        await gate.type_pin("2468#", "front_reader")
        await gate.present("resident", "front_reader")
        return alone, both, portal(gate, "front_door").mode

    assert at_gate(tmp_path, scenario, utc_ms=NIGHT_UTC_MS) == (Mode.LOCKED, Mode.ACCESSED, Mode.ACCESSED)


def test_a_visitor_with_two_uses_passes_twice(tmp_path: Path):
    async def scenario(gate):
        outcomes = []
        for _ in range(3):
            await gate.present("visitor", "front_reader")
            outcomes.append((await gate.events())[-1].event.code)
            gate.plants.doors["front_door"].push()
            await gate.pass_time(20)
        return outcomes, (await gate.events(Code.DENIED))[-1].event.reasons

    outcomes, reasons = at_gate(tmp_path, scenario)
    assert outcomes == [Code.GRANTED, Code.GRANTED, Code.DENIED]
    assert reasons[-1].split(":")[0] == Reason.USED_UP


def test_a_held_door_warns_before_and_alarms_once_at_its_time(tmp_path: Path):
    async def scenario(gate):
        await gate.present("resident", "front_reader")
        door = gate.plants.doors["front_door"]
        door.push()
        await gate.pass_time(0.3)
        door.hold(True)
        await gate.pass_time(120)
        during = portal(gate, "front_door")
        door.hold(False)
        await gate.pass_time(20)
        return during, portal(gate, "front_door"), await gate.events()

    during, after, events = at_gate(tmp_path, scenario)
    assert Code.HELD in during.alarms
    at_ms = {row.event.code: row.monotonic_ms for row in events}
    codes = [row.event.code for row in events]
    assert codes.count(Code.HELD) == codes.count(Code.HELD_WARNING) == 1
    assert at_ms[Code.HELD] - at_ms[Code.OPENED] == 30_000  # open_ms_max of the demo gate
    assert at_ms[Code.HELD_WARNING] - at_ms[Code.OPENED] == 20_000  # prealarm_ms before it
    assert Code.HELD_ENDED in codes
    assert after.position is Position.CLOSED


def test_a_forced_door_is_an_alarm_and_request_to_exit_is_none(tmp_path: Path):
    async def scenario(gate):
        door = gate.plants.doors["front_door"]
        door.leave()
        await gate.pass_time(20)
        quiet = [row.event.code for row in await gate.events()]
        door.force()
        await gate.pass_time(2)
        return quiet, (await gate.events(Code.FORCED)), portal(gate, "front_door").alarms

    quiet, forced, alarms = at_gate(tmp_path, scenario)
    assert Code.FORCED not in quiet
    assert Code.OPENED in quiet
    assert len(forced) == 1
    assert Code.FORCED in alarms


def test_the_turnstile_turns_once_for_one_card(tmp_path: Path):
    async def scenario(gate):
        hall = gate.plants.turnstiles["hall"]
        before = hall.walk("in")
        await gate.pass_time(3)
        await gate.present("resident", "hall_in_reader")
        first = hall.walk("in")
        await gate.pass_time(3)
        second = hall.walk("in")
        await gate.pass_time(3)
        return before, first, second, [row.event.code for row in await gate.events()][4:]

    before, first, second, codes = at_gate(tmp_path, scenario)
    assert codes == [Code.GRANTED, Code.TAKEN]
    assert before == second != first


def test_fire_releases_every_escape_route_and_holds_it(tmp_path: Path):
    async def scenario(gate):
        gate.plants.switches["fire_panel"].set(True)
        await gate.pass_time(1)
        during = gate.plants.state()
        await gate.present("stranger", "front_reader")
        modes = [each.mode for each in view(gate.controller.engine.state).portals]
        gate.plants.switches["fire_panel"].set(False)
        await gate.pass_time(2)
        return during, modes, gate.plants.state(), [row.event.code for row in await gate.events()]

    during, modes, after, codes = at_gate(tmp_path, scenario)
    assert all(door.released for door in during.doors)
    assert modes == [Mode.LOCKED_OPEN] * 4  # the three doors, and the barrier
    assert not any(door.released for door in after.doors)
    assert Code.FIRE in codes
    assert Code.FIRE_ENDED in codes


def test_a_controller_that_comes_back_remembers_and_moves_nothing(tmp_path: Path):
    async def scenario(gate):
        for _ in range(2):
            await gate.present("visitor", "front_reader")
            gate.plants.doors["front_door"].push()
            await gate.pass_time(20)
        await gate.power_off()
        moved = []
        gate.plants.wires.listen  # noqa: B018  the far end keeps serving
        await gate.power_on()
        await gate.pass_time(2)
        moved = [door.released for door in gate.plants.state().doors]
        await gate.present("visitor", "front_reader")
        return moved, (await gate.events())[-1].event, [row.event.code for row in await gate.events()]

    moved, last, codes = at_gate(tmp_path, scenario)
    assert moved == [False, False]
    assert last.code is Code.DENIED
    assert last.reasons[-1].split(":")[0] == Reason.USED_UP
    assert Code.UNCLEAN_START not in codes


def test_while_wall_time_is_unknown_residents_pass_and_dated_credentials_do_not(tmp_path: Path):
    async def scenario(gate):
        outcomes = {}
        for card in ("resident", "visitor"):
            await gate.present(card, "bike_reader" if card == "resident" else "hall_in_reader")
            outcomes[card] = (await gate.events(Code.GRANTED, Code.DENIED))[-1].event
        return outcomes

    outcomes = at_gate(tmp_path, scenario, utc_ms=1_000)
    assert outcomes["resident"].code is Code.GRANTED
    assert Reason.CLOCK_UNKNOWN_PASSED in [reason.split(":")[0] for reason in outcomes["resident"].reasons]
    assert outcomes["visitor"].code is Code.DENIED
    assert Reason.CLOCK_UNKNOWN_REFUSED in [reason.split(":")[0] for reason in outcomes["visitor"].reasons]
