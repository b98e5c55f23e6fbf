"""Tables of Modbus devices: what is wrong in one, what is wrong between two, and how long a port takes."""

from __future__ import annotations

from typing import Any

import pytest

from drivers.modbus_settings import ModbusConfig, port_problems, unverified
from drivers.modbus_times import drops_ms, first_lost_ms, input_ms, output_ms, worst_round_ms
from drivers.relay import OnLost, RelayConfig
from drivers.serial_settings import Parity
from drivers.settings import Pointed, PointRole, PointUse
from tests.drivers.modbus_far import io_config


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"port": None}, "port"),
        ({"host": "192.0.2.7:502"}, "port"),
        ({"port": "COM3"}, "port"),
        ({"port": None, "host": "gate.example:502"}, "host"),
        ({"port": None, "host": "192.0.2.7"}, "host"),
        ({"port": None, "host": "192.0.2.7:0"}, "host"),
        ({"port": None, "host": "192.0.2.7:70000"}, "host"),
        ({"baud": 1200}, "baud"),
        ({"stop_bits": 3}, "stop_bits"),
        ({"latency_ms": -1}, "latency_ms"),
        ({"profile": "modbus_8di_8d0"}, "profile"),
        ({"profile": "delta_vfd_e"}, "profile"),
        ({"inputs": {}, "outputs": {}}, "inputs"),
        ({"inputs": {"in9": "input_9"}}, "inputs"),
        ({"outputs": {"in1": "input_1"}}, "outputs"),
        ({"normally_closed": ("in2",)}, "normally_closed"),
        ({"on_lost": {"out2": OnLost.ON}}, "on_lost"),
        ({"on_ms_max": {"out2": 5}}, "on_ms_max"),
        ({"on_ms_max": {"out1": -1}}, "on_ms_max"),
        ({"on_lost": {"out1": OnLost.ON}, "on_ms_max": {"out1": 1000}}, "on_ms_max"),
    ],
)
def test_one_wrong_value_is_one_problem(wrong: dict[str, Any], key: str):
    assert [problem.key for problem in io_config(**wrong).problems()] == [key]


@pytest.mark.parametrize("unit", [0, 248, -1, 300])
def test_units_are_those_of_the_specification(unit: int):
    assert [problem.key for problem in io_config(unit).problems()] == ["unit"]


def test_points_are_told_with_their_roles():
    config = io_config(on_lost={"out1": OnLost.ON}, inputs={"in1": "loop", "in4": "beam"})
    assert isinstance(config, Pointed)
    assert config.points() == (
        PointUse("inputs.in1", "loop", PointRole.INPUT),
        PointUse("inputs.in4", "beam", PointRole.INPUT),
        PointUse("outputs.out1", "output_1", PointRole.OUTPUT, True, 0),
    )
    assert config.lines() == ()


def test_tables_of_one_port_agree_and_have_units_of_their_own():
    tables: list[ModbusConfig] = [
        io_config(1),
        io_config(2, baud=9600),
        io_config(1, port="/dev/other"),
        io_config(3, parity=Parity.EVEN),
        io_config(2),
        io_config(1, port=None, host="192.0.2.7:502"),
        io_config(1, port=None, host="192.0.2.7:502"),
    ]
    found = {(wrong.later, wrong.earlier, wrong.key) for wrong in port_problems(tables)}
    assert found == {(1, 0, "baud"), (3, 0, "parity"), (4, 1, "unit"), (6, 5, "unit")}
    assert port_problems([io_config(unit) for unit in range(1, 5)]) == []


def test_what_nobody_has_tried_is_said():
    said = unverified(io_config())
    assert "unverified on hardware" in said
    assert "MODBUS Application Protocol" in said


def test_the_worst_round_by_hand():
    """One board, inputs only, 19,200 baud: a character is 11 bits or 0.573 ms, the silence 3.5 of them.

    A poll: silence 2.005, request of 8 bytes 4.583, answer time 20, answer of 6 bytes 3.4375, adapter 2, host 2; the
    fence's answer has 7 bytes. A round: the poll, the same once more, and the extra.
    """
    config = io_config(outputs={})
    poll_ms = 2.00521 + 4.58333 + 20 + 3.43750 + 2 + 2
    fence_ms = poll_ms + 0.57292
    assert worst_round_ms([config]) == pytest.approx(2 * poll_ms + fence_ms, abs=0.001)
    assert input_ms([config]) == pytest.approx(worst_round_ms([config]), abs=0.001)
    assert first_lost_ms(config, [config]) == pytest.approx(3 * worst_round_ms([config]), abs=0.001)


def test_rounds_grow_with_boards_and_shrink_with_baud():
    few, many = ([io_config(unit) for unit in range(1, count)] for count in (3, 6))
    fast = [io_config(unit, baud=115200) for unit in range(1, 3)]
    assert worst_round_ms(few) < worst_round_ms(many)
    assert worst_round_ms(fast) < worst_round_ms(few)
    assert output_ms(few) < worst_round_ms(few)
    assert worst_round_ms([]) == input_ms([]) == output_ms([]) == 0


def test_what_drops_by_itself():
    assert drops_ms(io_config(profile="icp_das_tm_r5", inputs={})) == 500
    assert drops_ms(io_config()) is None


def test_a_relay_with_a_limit_must_be_safe_when_off():
    assert RelayConfig("lock", "L", on_ms_max=5_000).problems() == ()
    for wrong in (
        RelayConfig("lock", "L", on_ms_max=-1),
        RelayConfig("lock", "L", on_ms_max=86_400_001),
        RelayConfig("lock", "L", on_lost=OnLost.ON, on_ms_max=5_000),
    ):
        assert [problem.key for problem in wrong.problems()] == ["on_ms_max"]
