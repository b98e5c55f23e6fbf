"""Supervised circuits on a Modbus board: what each resistance is, and that what is none of them is never at rest.

What a circuit reads is computed here by Ohm's law from the resistors that the profile names, not from its bands.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from itertools import pairwise, product
from typing import Any

import pytest

from drivers.modbus_io import ModbusIo, ModbusIoConfig
from drivers.modbus_profile import PROFILES, Circuit, ProfileError, load_profile, read_profile
from drivers.reports import AnyReport, InputLevel, Level
from drivers.serial_settings import Parity
from firmware.rehearsal.modbus_board import Board
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import Cable, ended, running, until

SEED = 20261126
NAME = "waveshare_modbus_rtu_analog_8ch"
REST, ACTIVE, OPEN, SHORT, FAULT = (
    InputLevel.INACTIVE,
    InputLevel.ACTIVE,
    InputLevel.OPEN,
    InputLevel.SHORT,
    InputLevel.FAULT,
)
SUPPLY_MV, FEED_OHM = 5_000.0, 2_200.0
CUT = 1e9
# The resistance of each state, as the wiring of the profile has it.
CIRCUITS = {
    "nc_2k2": {REST: 2_200.0, ACTIVE: 2_200.0 + 2_200.0, OPEN: CUT, SHORT: 0.0},
    "no_2k2": {REST: 2_200.0, ACTIVE: 1 / (1 / 2_200.0 + 1 / 2_200.0), OPEN: CUT, SHORT: 0.0},
}
every_circuit = pytest.mark.parametrize("name", CIRCUITS)


def word(ohm: float, supply: float = 1.0, feed: float = 1.0) -> int:
    """Millivolts across a circuit that is fed through a resistor."""
    return round(SUPPLY_MV * supply * ohm / (ohm + FEED_OHM * feed))


def circuit(name: str) -> Circuit:
    return load_profile(NAME).circuit[name]


# -- bands ------------------------------------------------------------------------------------------------------------


@every_circuit
def test_each_state_is_read_with_every_tolerance(name):
    """Resistors of 5 %, a supply of 2 %, a cable of 100 ohm; from whatever state was before."""
    for level, ohm in CIRCUITS[name].items():
        for part, cable, supply, feed in product((0.95, 1.05), (0, 100), (0.98, 1.02), (0.95, 1.05)):
            for before in (None, *InputLevel):
                assert circuit(name).level(word(ohm * part + cable, supply, feed), before) is level


@every_circuit
def test_a_second_resistor_somebody_bridges_the_circuit_with_is_no_state_at_rest(name):
    """Half of each band's own resistance across the line: what an intruder's clip does."""
    rest = CIRCUITS[name][REST]
    for clip in (200.0, 470.0, 680.0):
        found = circuit(name).level(word(1 / (1 / rest + 1 / clip)), REST)
        assert found in (FAULT, SHORT)


@every_circuit
def test_every_word_between_two_states_is_a_fault_and_never_at_rest(name):
    bands = circuit(name)
    order = sorted(bands.bands().values())
    for value in range(0x10000):
        inside = [level for level, (least, most) in bands.bands().items() if least <= value <= most]
        assert bands.level(value, None) is (inside[0] if inside else FAULT)
        assert bands.level(value, FAULT) is bands.level(value, None)
        if bands.level(value, ACTIVE) is REST or bands.level(value, OPEN) is REST:
            assert inside == [REST]
    for (_, most), (least, _) in pairwise(order):
        middle = (most + least) // 2
        assert all(bands.level(middle, before) is FAULT for before in (None, *InputLevel))


@every_circuit
def test_a_word_at_the_edge_of_a_band_does_not_chatter(name):
    rng = random.Random(SEED)
    bands = circuit(name)
    for level, (least, most) in bands.bands().items():
        for edge in (least, most):
            before: InputLevel = level
            for _ in range(1_000):
                value = max(0, edge + rng.randint(-bands.hysteresis, bands.hysteresis))
                before = bands.level(value, before)
                assert before is level, f"seed {SEED}"
        assert bands.level(most + bands.hysteresis + 1, level) is not level


# -- the driver -------------------------------------------------------------------------------------------------------


def config(**more: Any) -> ModbusIoConfig:
    given: dict[str, Any] = {"inputs": {"in1": "stop", "in2": "loop"}, "circuits": {"in2": "no_2k2"}}
    return ModbusIoConfig("io", 1, NAME, port="/dev/simulated", parity=Parity.NONE, **{**given, **more})


def on_board(body: Callable[[Board, list[AnyReport]], Coroutine[Any, Any, None]], **more: Any) -> None:
    async def run() -> None:
        board = Board(1)
        board.holding = {0x1000: 0}
        board.registers = {n: word(2_200) for n in range(8)}
        cable, said = Cable(board), list[AnyReport]()
        task = running(ModbusIo(config(**more), cable.ports), said)
        await body(board, said)
        await ended(task)
        await cable.line.close()

    run_virtual(run())


def levels(said: list[AnyReport], point: str) -> list[InputLevel]:
    return [report.level for report in said if isinstance(report, Level) and report.device == point]


def test_each_state_is_told_once_for_each_point_by_its_own_circuit():
    async def body(board: Board, said: list[AnyReport]) -> None:
        await until(lambda: len(said) == 2)
        states = (ACTIVE, OPEN, SHORT, REST)
        for number, level in enumerate(states, 3):
            board.registers[0] = word(CIRCUITS["nc_2k2"][level])
            await until(lambda number=number: len(said) == number)
            await asyncio.sleep(1)
        assert levels(said, "stop") == [REST, *states]
        board.registers[1] = word(CIRCUITS["no_2k2"][ACTIVE])
        await until(lambda: len(said) == 7)
        assert levels(said, "loop") == [REST, ACTIVE]
        board.registers[1] = word(CIRCUITS["nc_2k2"][ACTIVE])  # a resistance that this circuit does not have
        await until(lambda: len(said) == 8)
        await asyncio.sleep(1)
        assert levels(said, "loop") == [REST, ACTIVE, FAULT]

    on_board(body)


@pytest.mark.attack("modbus-24")
def test_a_circuit_that_drifts_through_its_faults_is_told_once_each_and_never_at_rest():
    async def body(board: Board, said: list[AnyReport]) -> None:
        await until(lambda: len(said) == 2)
        for ohm in range(2_900, 3_500, 10):
            board.registers[0] = word(ohm)
            await asyncio.sleep(0.2)
        assert levels(said, "stop") == [REST, FAULT]
        said.clear()
        rng = random.Random(SEED)
        for _ in range(500):  # a loose terminal: now cut, now shorted, now anything between the states
            board.registers[0] = word(rng.choice((CUT, 0, 500, 700, 3_200, 9_000)))
            await asyncio.sleep(0.05)
        assert REST not in levels(said, "stop"), f"seed {SEED}"

    on_board(body)


def test_a_state_that_only_one_poll_shows_is_not_told():
    async def body(board: Board, said: list[AnyReport]) -> None:
        await until(lambda: len(said) == 2)
        serve = board.serve
        odd = iter([True])

        def once(pdu: bytes) -> bytes:
            answer = serve(pdu)
            if pdu[0] == 4 and next(odd, False):
                return answer[:2] + word(CUT).to_bytes(2, "big") + answer[4:]
            return answer

        board.serve = once  # type: ignore[method-assign]
        await asyncio.sleep(2)
        assert levels(said, "stop") == [REST]

    on_board(body)


# -- profiles and tables ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("inactive = [2250, 2800]\nactive = [3080, 3600]", "inactive = [2250, 3000]\nactive = [3080, 3600]", "touch"),
        ("inactive = [2250, 2800]\nactive = [3080", "inactive = [2800, 2250]\nactive = [3080", "ends before"),
        ("open = [4500, 5200]\nshort = [0, 600]\nhysteresis = 60\n\n#", "open = [750, 900]\nshort = [0, 600]\n"
         "hysteresis = 60\n\n#", "outermost"),
        ("open = [4500, 5200]", "open = [4500, 70000]", "ends before"),
    ],
)  # fmt: skip
def test_a_circuit_that_cannot_be_is_refused(old, new, said):
    text = (PROFILES / f"{NAME}.toml").read_text()
    assert old in text
    with pytest.raises(ProfileError, match=said):
        read_profile(NAME, text.replace(old, new))


def test_supervised_points_without_a_circuit_are_refused():
    text = (PROFILES / f"{NAME}.toml").read_text()
    with pytest.raises(ProfileError, match="without a circuit"):
        read_profile(NAME, text[: text.index("# A normally closed contact")])


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"circuits": {"in1": "nobodys"}}, "circuits"),
        ({"circuits": {"in3": "nc_2k2"}}, "circuits"),  # not used
        ({"normally_closed": ("in1",)}, "normally_closed"),  # its circuit says that
        ({"inputs": {"in9": "far"}, "circuits": {}}, "inputs"),
    ],
)
def test_a_mistake_in_the_table_is_found(more, key):
    assert config().problems() == ()
    assert {problem.key for problem in config(**more).problems()} == {key}
