"""Settings of the drivers: what they accept, and each wrong value named."""

from __future__ import annotations

import msgspec
import pytest

from drivers.board_description import BoardError, board_kinds, load_board
from drivers.contact import ContactConfig
from drivers.indicator import PATTERNS
from drivers.relay import OnLost, RelayConfig
from drivers.settings import LevelWord, LineUse
from drivers.wiegand import WiegandConfig
from drivers.wire.keypad import KeypadKind
from firmware.core.effects import Feedback


def test_a_reader_of_a_site_file() -> None:
    table = {
        "id": "front_reader",
        "kind": "wiegand",
        "d0": "GPIO17",
        "d1": "GPIO27",
        "formats": ["H10301", "H10304"],
        "keypad": "4bit",
        "led_green": "GPIO22",
    }
    config = msgspec.convert(table, WiegandConfig)
    assert config.keypad is KeypadKind.FOUR_BIT
    assert config.problems() == ()
    assert [(use.key, use.line, use.output, use.lost_level) for use in config.lines()] == [
        ("d0", "GPIO17", False, None),
        ("d1", "GPIO27", False, None),
        ("led_green", "GPIO22", True, False),
    ]


@pytest.mark.parametrize("config", [WiegandConfig, ContactConfig, RelayConfig])
def test_unknown_keys_are_errors(config: type) -> None:
    table = {"id": "x", "d0": "A", "d1": "B", "line": "C"}
    fitting = {key: table[key] for key in config.__struct_fields__ if key in table}
    assert msgspec.convert(fitting, config)
    with pytest.raises(msgspec.ValidationError, match="debounze"):
        msgspec.convert(fitting | {"debounze": 1}, config)


@pytest.mark.parametrize(
    ("changes", "keys"),
    [
        ({"d1": "A"}, ["d1"]),
        ({"formats": ("H10301", "H10333")}, ["formats[1]"]),
        ({"formats": ("H10302", "H10304")}, ["formats"]),
        ({"formats": ()}, ["formats"]),
        ({"formats": (), "longest_frame": True, "keypad": KeypadKind.FOUR_BIT}, ["longest_frame"]),
        ({"keypad": KeypadKind.BUFFERED}, ["keypad"]),
        (
            {"d1": "A", "formats": ("IND26", "H10301", "?"), "keypad": KeypadKind.BUFFERED},
            ["d1", "formats[2]", "formats", "keypad"],
        ),
        ({"formats": (), "keypad": KeypadKind.FOUR_BIT}, []),
        ({"formats": ("H10304",), "keypad": KeypadKind.BUFFERED}, []),
    ],
)
def test_wrong_values_are_all_named(changes: dict[str, object], keys: list[str]) -> None:
    config = msgspec.structs.replace(WiegandConfig("r", "A", "B", ("H10301",)), **changes)
    assert [problem.key for problem in config.problems()] == keys


@pytest.mark.parametrize(("debounce_ms", "right"), [(0, True), (200, True), (201, False), (-1, False)])
def test_debounce_has_limits(debounce_ms: int, right: bool) -> None:
    assert (ContactConfig("c", "A", debounce_ms=debounce_ms).problems() == ()) is right


@pytest.mark.parametrize(
    ("on_level", "on_lost", "lost_level"),
    [("high", "off", False), ("high", "on", True), ("low", "off", True), ("low", "on", False)],
)
def test_what_safe_leaves_on_a_relay(on_level: str, on_lost: str, lost_level: bool) -> None:
    config = RelayConfig("lock", "A", LevelWord(on_level), OnLost(on_lost))
    assert config.lines() == (LineUse("line", "A", True, on_level == "high", lost_level),)


def test_every_word_of_feedback_has_a_pattern() -> None:
    assert set(PATTERNS) == {feedback.value for feedback in Feedback}


def test_boards() -> None:
    assert "simulated_board" in board_kinds()
    for kind in board_kinds():
        assert load_board(kind).id == kind
    with pytest.raises(BoardError, match="simulated_board"):
        load_board("../boards/simulated_board")
