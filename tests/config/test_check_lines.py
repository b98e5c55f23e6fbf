"""`menshen check` on real boards: names of pins, what a board reserves, what it is at boot and what it falls to."""

import pytest

from drivers.board_description import BoardDescription, BoardLine, Only
from drivers.contact import ContactConfig
from drivers.relay import RelayConfig
from drivers.settings import LevelWord
from firmware.__main__ import main
from firmware.config import Problems
from firmware.controller.check import check
from firmware.controller.kinds import Device, Role
from firmware.controller.line_policies import check_lines
from firmware.texts import texts
from tests.config.line_mistakes import ALONE, ALONE_ON_HAT, HAT, NO_CHIP, pi_site
from tests.config.site_files import device_put, sound_site, write


def found(path):
    return [(problem.path, problem.rule, problem.near) for problem in check(path).problems]


def one_problem(tmp_path, site, change, device, key, rule, near):
    ids = [each["id"] for each in site["device"]]
    change(site)
    path = key if device is None else f"device[{ids.index(device)}].{key}"
    report = check(write(tmp_path, site))
    assert [(p.path, p.rule, p.near if near is not None else None) for p in report.problems] == [(path, rule, near)]
    for language in ("en", "zh"):
        assert report.problems[0].line(texts(language)).isprintable()


@pytest.mark.parametrize(("change", "device", "key", "rule", "near"), ALONE)
def test_each_mistake_on_the_header_alone(tmp_path, change, device, key, rule, near):
    one_problem(tmp_path, pi_site(), change, device, key, rule, near)


@pytest.mark.parametrize(("change", "device", "key", "rule", "near"), ALONE_ON_HAT)
def test_each_mistake_on_the_relay_board_alone(tmp_path, change, device, key, rule, near):
    one_problem(tmp_path, pi_site(HAT), change, device, key, rule, near)


@pytest.mark.parametrize(("change", "device", "key", "rule", "near"), NO_CHIP)
def test_lines_that_are_not_of_this_machine_have_no_chip_and_no_pull(tmp_path, change, device, key, rule, near):
    one_problem(tmp_path, sound_site(), change, device, key, rule, near)


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"front_lock": "BOARD33", "spare": "BOARD12", "hall_pulse": "BOARD32"},
        {"front_lock": "J8:33", "spare": "WPI1", "hall_pulse": "BCM12"},
    ],
)
def test_a_site_on_the_header_is_sound_by_any_name(tmp_path, names):
    site = pi_site()
    for name, line in names.items():
        device_put(name, line=line)(site)
    site["board"] |= {"chip": "/dev/gpiochip4", "pull": {"BOARD31": "up", "GPIO16": "none"}}
    assert found(write(tmp_path, site)) == []


def test_locks_on_the_relay_board(tmp_path):
    """A strike on NO is released by a relay that draws, a magnet on NO by one that lets go: low is on at both ends."""
    site = pi_site(HAT)
    device_put("front_lock", line="CH1", on_level="low")(site)
    device_put("side_lock", line="CH2", on_level="high")(site)
    assert found(write(tmp_path, site)) == []


def test_the_message_names_both_uses_and_both_names(tmp_path):
    site = pi_site()
    device_put("spare", line="BOARD11")(site)
    (problem,) = check(write(tmp_path, site)).problems
    said = problem.line(texts("en"))
    assert "BOARD11" in said
    assert "GPIO17" in said
    assert "device[0].d0" in said


def test_the_table_says_which_pin_and_that_nobody_has_tried_the_board(tmp_path, capsys):
    site = pi_site()
    device_put("front_lock", line="BOARD33")(site)
    device_put("spare", line="J8:12")(site)
    assert main(["check", str(write(tmp_path, site)), "--language", "en"]) == 0
    said = capsys.readouterr().out
    for line in ("GPIO17 (J8:11)", "BOARD33 (J8:33)", "J8:12 (GPIO18)"):
        assert line in said
    assert "Raspberry Pi, 40-pin header" in said
    assert "unverified on hardware" in said


def test_the_table_says_what_the_relay_does(tmp_path, capsys):
    """Low draws it (waveshare.com/wiki/RPi_Relay_Board), and drawn it closes NO."""
    site = pi_site(HAT)
    device_put("front_lock", line="CH1", on_level="low")(site)
    device_put("side_lock", line="CH2", on_level="high")(site)
    path = str(write(tmp_path, site))
    for language, drawn, rests in (
        ("en", "relay draws (NO closes)", "relay rests (NC closes)"),
        ("zh", "吸合", "释放"),
    ):
        assert main(["check", path, "--language", language]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert drawn in next(line for line in lines if line.startswith("CH1 (J8:37)"))
        assert rests in next(line for line in lines if line.startswith("CH2 (J8:38)"))


def test_what_a_line_is_soldered_to_be():
    lines = {
        "IN1": BoardLine(LevelWord.LOW, only=Only.INPUT),
        "SLOW": BoardLine(LevelWord.LOW, edges=False),
        "FREE": BoardLine(LevelWord.LOW),
    }
    board = BoardDescription("some_board", "Some board", False, lines)

    def rules(settings):
        problems = Problems()
        check_lines([Device("device[0]", "kind", Role.INPUT, settings)], board, problems)
        return [(problem.path, problem.rule) for problem in problems.found]

    assert rules(RelayConfig("lock", "IN1")) == [("device[0].line", "line_input_only")]
    assert rules(RelayConfig("lock", "SLOW")) == []
    assert rules(ContactConfig("door", "SLOW")) == [("device[0].line", "line_without_edges")]
    assert rules(ContactConfig("door", "IN1")) == []
    assert rules(ContactConfig("door", "FREE")) == []
