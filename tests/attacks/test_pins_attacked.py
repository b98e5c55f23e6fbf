"""PINs guessed, typed under duress and typed oddly, at the whole gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.codes import MEANING, Code, Severity
from firmware.core.view import Mode
from firmware.core.views import view
from tests.attacks.gates import LAMPS, NIGHT_UTC_MS, RELEASES, Watch, at_gate, codes, cut_power, portal

CLEANER = "735190#"  # opens the front door by itself in the day (holders.csv)
TRIES = 5  # pin_tries_max of the demo gate; GB 50396 5.1.5 allows no more


async def guess(gate, times: int, first: int = 0) -> None:
    for number in range(first, first + times):
        await gate.type_pin(f"{100_000 + number}#", "front_reader")


@pytest.mark.attack("pin-01")
def test_guessing_pins_ends_in_an_alarm_and_growing_delays_and_cards_still_open(tmp_path: Path):
    async def scenario(gate):
        watch = Watch(gate)
        seen = []
        for delay_s in (60, 120, 240):
            await guess(gate, TRIES)
            lockout = (await gate.events(Code.PIN_LOCKED_OUT))[-1].event
            seen.append(
                (lockout.count, lockout.detail, Code.PIN_LOCKED_OUT in view(gate.controller.engine.state).alarms)
            )
            await gate.pass_time(delay_s - 10)
            await gate.type_pin(CLEANER, "front_reader")  # the right one is not looked at either
            seen.append((portal(gate, "front_door").mode, len(await codes(gate, Code.PIN_LOCKOUT_ENDED))))
            await gate.pass_time(15)
        released = watch.released()
        await guess(gate, TRIES)
        await gate.present("resident", "front_reader")
        return seen, released, portal(gate, "front_door").mode

    seen, released, by_card = at_gate(tmp_path, scenario)
    assert [each for each in seen if len(each) == 3] == [
        (TRIES, f"{delay_ms} ms", True) for delay_ms in (60_000, 120_000, 240_000)
    ]
    assert [each for each in seen if len(each) == 2] == [(Mode.LOCKED, ended) for ended in (0, 1, 2)]
    assert released == []
    assert by_card is Mode.ACCESSED
    assert MEANING[Code.PIN_LOCKED_OUT].severity is Severity.ALARM


@pytest.mark.attack("pin-02")
def test_pulling_the_plug_buys_no_tries_and_shortens_no_lockout(tmp_path: Path):
    async def scenario(gate):
        for first in range(TRIES):
            await guess(gate, 1, first)
            await cut_power(gate)
        locked = [row.event for row in await gate.events(Code.PIN_LOCKED_OUT)]
        await gate.type_pin(CLEANER, "front_reader")
        at_once = portal(gate, "front_door").mode
        unclean = len(await codes(gate, Code.UNCLEAN_START))
        await gate.pass_time(61)
        await gate.type_pin(CLEANER, "front_reader")
        return locked, at_once, unclean, portal(gate, "front_door").mode

    locked, at_once, unclean, later = at_gate(tmp_path, scenario)
    assert len(locked) == 1
    assert at_once is Mode.LOCKED
    assert unclean == TRIES  # each cut was one
    assert later is Mode.ACCESSED


@pytest.mark.attack("pin-03")
def test_duress_looks_like_an_ordinary_grant_on_every_wire_and_in_every_view(tmp_path: Path):
    """The same night twice, the PIN the only difference: outputs, lamps and views agree to the nanosecond."""

    def night(folder: Path, pin: str):
        async def scenario(gate):
            watch = Watch(gate, RELEASES + LAMPS)
            views = []
            began_ns = gate.plants.wires.now_ns()
            await gate.present("resident", "front_reader")
            await gate.type_pin(pin, "front_reader")
            gate.plants.doors["front_door"].push()
            for _ in range(40):
                views.append(view(gate.controller.engine.state))
                await gate.pass_time(0.5)
            moves = [(move.line, move.level, move.at_ns - began_ns) for move in watch.moves]
            return moves, views, await gate.events()

        folder.mkdir()
        return at_gate(folder, scenario, utc_ms=NIGHT_UTC_MS)

    free_moves, free_views, free_events = night(tmp_path / "free", "2468#")
    forced_moves, forced_views, forced_events = night(tmp_path / "forced", "8420#")
    assert any(move[0] == "GPIO13" and move[1] for move in free_moves)
    assert forced_moves == free_moves
    assert forced_views == free_views
    told = [row.event.code for row in forced_events]
    assert told.count(Code.DURESS) == 1
    told.remove(Code.DURESS)
    assert told == [row.event.code for row in free_events]


@pytest.mark.attack("pin-04")
@pytest.mark.parametrize("keys", ["1" * 13 + "#", "*" * 8, "#" * 8, "73519*0#", "735190735190#"])
def test_odd_keys_open_nothing_and_block_nobody(tmp_path: Path, keys: str):
    async def scenario(gate):
        watch = Watch(gate)
        await gate.type_pin(keys, "front_reader")
        await gate.pass_time(10)
        odd = watch.released()
        await gate.type_pin(CLEANER, "front_reader")
        return odd, portal(gate, "front_door").mode

    assert at_gate(tmp_path, scenario) == ([], Mode.ACCESSED)
