"""Board descriptions against their sources: gpiozero's tables of the header, the SoC's manual, the maker's page."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from gpiozero.pins.pi import PiBoardInfo

from drivers.board_description import BOARDS, BoardError, Only, Pull, board_kinds, load_board
from drivers.bus.gpio_chip import BoardLines, Chip, find_chip, holding_process
from drivers.bus.lines import BusError
from drivers.settings import LevelWord
from firmware.controller.board import WiringError, lines_of, safe_lines_of

HEADER = load_board("raspberry_pi_header")
HAT = load_board("waveshare_rpi_relay_board")
# Models by their revision codes (raspberrypi.com, revision codes): 3B+, 4B, Zero 2 W, 400, 5.
REVISIONS = {"3B+": 0xA020D3, "4B": 0xC03115, "Zero 2 W": 0x902120, "400": 0xC03130, "5": 0xD04170}
# BCM2711 ARM Peripherals, section 5.3: the default pulls of GPIO0 to GPIO8 are high, those of GPIO9 to GPIO27 low.
HIGH_AT_BOOT = {f"GPIO{number}" for number in range(9)}


@pytest.mark.parametrize("model", REVISIONS)
def test_the_header_has_the_names_that_gpiozero_knows(model: str) -> None:
    pins = PiBoardInfo.from_revision(REVISIONS[model]).headers["J8"].pins.values()
    theirs = {pin.name: {str(name) for name in pin.names} for pin in pins if pin.name.startswith("GPIO")}
    assert {name: {name, *line.names} for name, line in HEADER.line.items()} == theirs


@pytest.mark.parametrize("model", REVISIONS)
def test_every_name_that_gpiozero_knows_leads_to_its_line(model: str) -> None:
    info = PiBoardInfo.from_revision(REVISIONS[model])
    lines = BoardLines(HEADER, {})
    for name in HEADER.names():
        ((_, pin),) = info.find_pin(name)
        own, line = lines.find(name, "somebody")
        assert own == pin.name
        assert f"GPIO{line.offset}" == pin.name


@pytest.mark.parametrize("name", ["GND", "3V3", "5V", "BOARD9", "J8:1", "GPIO28", "gpio17", "J8:41", "", "GPIO17 "])
def test_what_is_no_line_is_none(name: str) -> None:
    with pytest.raises(BusError, match="lock is no line of the board raspberry_pi_header"):
        BoardLines(HEADER, {}).find(name, "lock")


def test_the_level_of_every_line_at_boot() -> None:
    for name, line in HEADER.line.items():
        assert line.at_boot is (LevelWord.HIGH if name in HIGH_AT_BOOT else LevelWord.LOW), name


def test_what_the_header_reserves() -> None:
    """The identification of HATs, the I2C of clocks, the serial port."""
    reserved = {name for name, line in HEADER.line.items() if line.reserved}
    assert reserved == {"GPIO0", "GPIO1", "GPIO2", "GPIO3", "GPIO14", "GPIO15"}


def test_the_relay_board_is_the_header_with_three_relays() -> None:
    """waveshare.com/wiki/RPi_Relay_Board: channel, pin of the header, number; all low active."""
    for channel, pin, number in ((1, 37, 26), (2, 38, 20), (3, 40, 21)):
        line = HAT.line[f"GPIO{number}"]
        assert HAT.find(f"CH{channel}") == HAT.find(f"BOARD{pin}") == f"GPIO{number}"
        assert (line.relay_on, line.at_boot, line.only) == (LevelWord.LOW, LevelWord.HIGH, Only.OUTPUT)
    others = set(HEADER.line) - {"GPIO26", "GPIO20", "GPIO21"}
    assert {name: HAT.line[name] for name in others} == {name: HEADER.line[name] for name in others}
    assert HAT.chips == HEADER.chips
    assert not HAT.outputs_keep_level


def test_every_board_on_a_chip_has_an_offset_for_each_line_and_says_where_its_facts_are_from() -> None:
    for kind in board_kinds():
        board = load_board(kind)
        offsets = [line.offset for line in board.line.values() if board.chips]
        assert len(offsets) == len(set(offsets))
        assert None not in offsets
        assert board.source or not board.chips
        assert len(board.names()) == len(set(board.names()))


def test_pulls_follow_the_board_unless_the_site_says_otherwise() -> None:
    lines = BoardLines(HEADER, {"BOARD11": Pull.NONE, "GPIO5": Pull.DOWN})
    assert lines.pull("GPIO6") is Pull.UP
    assert lines.pull("GPIO27") is Pull.DOWN
    assert lines.data_pull("GPIO27") is Pull.UP
    assert lines.pull("GPIO17") is lines.data_pull("GPIO17") is Pull.NONE
    assert lines.pull("GPIO5") is Pull.DOWN


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("extends = 'nowhere'\n[line]\n", "nowhere"),
        ("extends = 'odd_board'\n[line]\n", "odd_board"),  # for ever
        ("extends = 7\n[line]\n", "7"),
        ("extends = 'raspberry_pi_header'\n", "line"),
        ("id = 'odd_board'\ntitle = ''\noutputs_keep_level = true\n[line]\nA = {at_boot = 'up'}\n", "damaged"),
        ("id = 'another'\ntitle = ''\noutputs_keep_level = true\n[line]\n", "another"),
        ("id = 'odd_board'\nextends = 'raspberry_pi_header'\ntitle = ''\n[line]\n"
         "GPIO17 = {at_boot = 'low', names = ['BOARD13']}\n", "BOARD13"),
    ],
)  # fmt: skip
def test_a_wrong_description_is_refused(tmp_path: Path, content: str, said: str) -> None:
    for path in BOARDS.glob("*.toml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "odd_board.toml").write_text(content)
    with pytest.raises(BoardError, match=said):
        load_board("odd_board", tmp_path)


# -- chips ------------------------------------------------------------------------------------------------------------


def test_a_machine_without_the_boards_chip_says_what_is_missing_and_what_is_there() -> None:
    with pytest.raises(BusError, match=r"pinctrl-bcm2711.*raspberry_pi_header|raspberry_pi_header.*pinctrl-bcm2711"):
        find_chip(HEADER, None)
    with pytest.raises(BusError, match="no_such_chip"):
        find_chip(HEADER, "no_such_chip")
    with pytest.raises(BusError, match="/dev/no_such_chip"):
        find_chip(HEADER, "/dev/no_such_chip")
    with pytest.raises(BusError, match="/dev/null"):
        Chip(Path("/dev/null"))


def test_who_holds_a_line_by_the_tables_of_processes(tmp_path: Path) -> None:
    """As the kernel writes them: linereq_show_fdinfo in drivers/gpio/gpiolib-cdev.c."""
    for process, name, line in ((12, "python3", 17), (13, "gpiomon", 27)):
        folder = tmp_path / str(process)
        (folder / "fd").mkdir(parents=True)
        (folder / "fdinfo").mkdir()
        (folder / "comm").write_text(f"{name}\n")
        (folder / "fd" / "3").symlink_to("/dev/null")
        (folder / "fd" / "4").symlink_to("anon_inode:gpio-line")
        (folder / "fdinfo" / "3").write_text("pos:\t0\n")
        told = f"pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t9\ngpio-chip:\tgpiochip0\ngpio-line:\t{line}\n"
        (folder / "fdinfo" / "4").write_text(told)
    (tmp_path / "14").mkdir()  # not ours to look at
    (tmp_path / "self").mkdir()
    assert holding_process(0, 17, tmp_path) == "python3, process 12"
    assert holding_process(0, 27, tmp_path) == "gpiomon, process 13"
    assert holding_process(0, 7, tmp_path) == ""
    assert holding_process(1, 17, tmp_path) == ""


def python(program: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[2])
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": ":".join([*environment.pop("before", "").split(), root]),
    } | environment
    return subprocess.run([sys.executable, "-c", program], cwd=cwd, env=environment, text=True, capture_output=True)


def test_the_first_gpiod_is_refused(tmp_path: Path) -> None:
    """A module of that name with what version 1.6 had: no version, another interface."""
    (tmp_path / "gpiod.py").write_text("class chip: pass\ndef version_string(): return '1.6.3'\n")
    program = (
        "from firmware.controller.board import lines_of, safe_lines_of, WiringError\n"
        "for make in (lines_of, safe_lines_of):\n"
        "    try:\n        make({'kind': 'raspberry_pi_header'}, None)\n"
        "    except WiringError as error:\n        print(error)\n"
    )
    ended = python(program, tmp_path, before=str(tmp_path))
    assert ended.stderr == ""
    said = ended.stdout.splitlines()
    assert len(said) == 2
    assert all("gpiod 1" in line and "2.x is needed" in line for line in said)


@pytest.mark.parametrize("folder", ["", "elsewhere"])
def test_lgpio_leaves_no_pipe_and_stays_where_we_are(tmp_path: Path, folder: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    theirs = tmp_path / "elsewhere"
    theirs.mkdir()
    environment = {"LG_WD": str(theirs)} if folder else {}
    program = (
        "import os, threading\n"
        "from drivers.bus.gpio_pins import PinFactory\n"
        "import lgpio\n"
        "print(os.getcwd(), os.environ.get('LG_WD', ''), lgpio._notify_thread.is_alive())\n"
    )
    ended = python(program, work, TMPDIR=str(tmp_path), **environment)
    assert ended.stderr == ""
    assert ended.stdout.split() == [str(work), *([str(theirs)] if folder else []), "True"]
    assert [path.name for path in tmp_path.rglob("*") if path not in (work, theirs)] == []


# -- which bus --------------------------------------------------------------------------------------------------------


def test_the_board_of_a_site_chooses_its_bus(tmp_path: Path) -> None:
    for make in (lines_of, safe_lines_of):
        with pytest.raises(WiringError, match=r"simulated_board.*--simulated.*--wires"):
            make({"kind": "simulated_board"}, None)
        with pytest.raises(WiringError, match="menshen check"):
            make({"kind": "no_board"}, None)
        with pytest.raises(WiringError, match="menshen check"):
            make({}, None)
        make({"kind": "raspberry_pi_header", "pull": {"nobodys": "up"}}, None).close()
        wires = make({"kind": "raspberry_pi_header"}, tmp_path / "wires")  # a rehearsal, whatever the board is
        with pytest.raises(BusError, match="wires"):
            wires.set_now("GPIO13", False)
    real = safe_lines_of({"kind": "raspberry_pi_header"}, None)
    with pytest.raises(BusError, match="pinctrl-bcm2711"):
        real.set_now("GPIO13", False)
    assert "pinctrl-bcm2711" in real.why
