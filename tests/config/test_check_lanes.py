"""`menshen check` of a vehicle lane: the demo's is sound, and each mistake is found alone, and all of them at once."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from drivers.osdp_keys import KeyFile
from firmware.__main__ import main
from firmware.config import load
from firmware.controller.check import check
from firmware.core.site import Barrier, Closing, Direction, DriveCommand, DriveMode, Mover
from firmware.texts import texts
from tests.config.lane_mistakes import BY_KEY, DEVICES, DRIVING, ENDLESS, LANE, MISTAKES, SPANS, P, at, key, lane
from tests.config.site_files import DEMO, demo_site, device_put, drop, every, put, write

SITES = sorted(DEMO.parent.glob("*.toml"))
MOVERS = {"bollard": ("bollard down", "bollard up"), "boom": ("boom up", "boom down")}


def problems_of(folder, *changes):
    tree = demo_site()
    every(*changes)(tree)
    return check(write(folder, tree)).problems


def found(folder, *changes):
    return {(problem.path, problem.rule) for problem in problems_of(folder, *changes)}


@pytest.mark.parametrize("path", [path for path in SITES if "[site]" in path.read_text()], ids=lambda path: path.stem)
def test_the_sites_that_we_ship_are_sound(path, tmp_path):
    """With keys for their OSDP readers, which no site ships."""
    folder = tmp_path / "sites"
    shutil.copytree(path.parent, folder)
    text = path.read_text(encoding="utf-8")
    for key_file in re.findall(r'^key_file = "(.*)"$', text, re.MULTILINE):
        KeyFile(folder / Path(key_file).name).create()
        text = text.replace(key_file, str(folder / Path(key_file).name))
    (folder / path.name).write_text(text, encoding="utf-8")
    report = check(folder / path.name)
    assert report.problems == ()
    assert report.wires


def test_the_lane_is_what_the_file_says():
    config, problems = load(DEMO)
    assert problems == []
    barrier = config.site.portals[P]
    assert isinstance(barrier, Barrier)
    assert (barrier.id, barrier.mover, barrier.mode) == ("vehicle_lane", Mover.BOLLARD, DriveMode.REQUESTING)
    assert (barrier.command, barrier.closing) == (DriveCommand.HELD, Closing.AUTOMATIC)
    assert barrier.drives[0].opened == ("lane_is_down",)
    assert [(light.direction, light.green) for light in barrier.lights] == [
        (Direction.IN, "lane_green_in"), (Direction.OUT, "lane_green_out"),
    ]  # fmt: skip
    assert barrier.photocells[0].test == "lane_beam_test"
    assert [(p.id, p.portal, p.direction) for p in barrier.access_points] == [
        ("lane_in", "vehicle_lane", "in"), ("lane_out", "vehicle_lane", "out"),
    ]  # fmt: skip
    assert config.portal_names["vehicle_lane"] == "Vehicle lane"


@pytest.mark.parametrize(
    ("change", "path", "rule"), MISTAKES, ids=[f"{rule}-{path}-{n}" for n, (_, path, rule) in enumerate(MISTAKES)]
)
def test_each_mistake_alone(tmp_path, change, path, rule):
    tree = demo_site()
    change(tree)
    problems = check(write(tmp_path, tree)).problems
    # In a driving lane the relays of this board have no time limit of their own: that is a problem beside.
    driving = tree["portal"][P].get("mode") == "driving"
    beside = {(p.path, p.rule) for p in problems if driving and p.rule == "lane_on_ms_max"}
    assert {(p.path, p.rule) for p in problems} - beside == {(path, rule)}
    for language in ("en", "zh"):
        assert all(problem.line(texts(language)).isprintable() for problem in problems)


def test_a_rule_names_input_and_mode(tmp_path):
    (problem,) = problems_of(tmp_path, drop(*LANE, "exit"))
    assert problem.line(texts("en")).startswith(f"{key('exit')}: found -; allowed: an exit loop (key exit)")
    assert 'closing = "automatic"' in problem.line(texts("en"))
    assert "出口地感线圈（键 exit）" in problem.line(texts("zh"))
    (problem,) = problems_of(tmp_path, device_put("lane_stop", active_level="low"))
    assert "stop of vehicle_lane" in problem.line(texts("en"))


@pytest.mark.parametrize("figures", ["least", "most"])
def test_the_ends_of_every_span_are_allowed(tmp_path, figures):
    """But where one figure bounds another: those are set so that they fit."""
    values = {name: span[figures == "most"] for name, span in SPANS.items()}
    values |= {"test_ms": 499, "dead_ms": 100} if figures == "least" else {}
    assert found(tmp_path, *(lane(name, value) for name, value in values.items())) == set()


def test_what_a_lane_closed_by_key_does_not_need(tmp_path):
    assert found(tmp_path, BY_KEY) == set()


def test_a_driving_lane_needs_relays_that_let_go_by_themselves(tmp_path):
    assert found(tmp_path, DRIVING) == ENDLESS


def test_a_lane_without_fire(tmp_path):
    """It is told of none, so nothing asks for the wire; what else a fire input has to be is the doors' business."""
    changes = (lane("fire_opens", False), drop(*LANE, "fire_key"), lane("by_wire", ["stop", "safety"]))
    assert found(tmp_path, *changes) == set()
    assert found(tmp_path, *changes, device_put("fire_panel", active_level="low")) == set()


def test_a_gate_beside_an_escape_door(tmp_path):
    changes = (lane("mover", "swing_gate"), drop(*LANE, "pit_water"), lane("egress_by", "front_door"))
    assert found(tmp_path, *changes) == set()
    assert found(tmp_path, lane("mover", "boom"), drop(*LANE, "pit_water")) == set()


COLD = [
    ([(-5, 1.2), (-20, 1.5)], set()),
    ([(-20, 1.5), (-5, 1.5)], set()),
    ([(-5, 1.5), (-20, 1.2)], {(key("cold", 1), "lane_cold_order")}),
    ([(-20, 1.2), (-5, 1.5)], {(key("cold", 0), "lane_cold_order")}),
    ([(-5, 1.2), (-5, 1.2)], {(key("cold", 1), "lane_cold_order")}),
]


@pytest.mark.parametrize(("cold", "wrong"), COLD)
def test_a_travel_takes_longer_the_colder_it_is(tmp_path, cold, wrong):
    tables = [{"celsius": celsius, "factor": factor} for celsius, factor in cold]
    need = {(key("temperature"), "lane_cold_temperature")} if not wrong else set()
    assert found(tmp_path, lane("cold", tables)) == wrong | need


@pytest.mark.parametrize("lost", ["entry", "safety", "exit"])
def test_hard_antipassback_and_spaces_want_the_sequence_of_loops(tmp_path, lost):
    by_key = (lane("closing", "hold_to_run"), drop(*LANE, "loops_mm"), drop(*LANE, "speed_kmh_max"), drop(*LANE, lost))
    if lost == "safety":
        by_key = (*by_key, drop(*LANE, "emergency_close"))
    hard = put(*LANE, "access_point", 0, "antipassback", "hard")
    assert found(tmp_path, hard) == set()
    assert found(tmp_path, *by_key) == {("area[3].quota", "limit_unproven")}
    (problem,) = problems_of(tmp_path, *by_key, hard, drop("area", 3, "quota"))
    assert (problem.path, problem.rule) == (key("access_point", 0, "antipassback"), "hard_antipassback_unproven")
    assert problem.values["what"] == lost


def test_two_access_points_of_one_direction_share_the_lane(tmp_path):
    """A reader for cars and one for lorries."""
    tall = {"id": "lane_in_tall", "readers": ["tall_reader"], "direction": "in", "area_to": "parking"}
    reader = {"id": "tall_reader", "kind": "wiegand", "d0": "Y40", "d1": "Y41", "formats": ["H10301"]}
    tree = demo_site()
    tree["portal"][P]["access_point"].append(tall)
    tree["device"].append(reader)
    assert check(write(tmp_path, tree)).problems == ()


PLANTED = [
    (drop(*LANE, "power_loss"), key("power_loss"), "missing"),
    (lane("drive", 0, "opened", []), key("drive", 0, "opened"), "lane_end_proof"),
    (drop(*LANE, "reset"), key("reset"), "lane_reset"),
    (drop(*LANE, "sounder"), key("sounder"), "lane_automatic_sounder"),
    (drop(*LANE, "photocell"), key("pedestrians"), "lane_two_principles"),
    (lane("clear_ms", 999), key("clear_ms"), "whole_number_by"),
    (lane("beam_ms_max", 20_001), key("beam_ms_max"), "whole_number_by"),
    (lane("queue_max", "many"), key("queue_max"), "whole_number"),
    (lane("safety", 0, "supervised", True), key("safety", 0, "supervised"), "lane_supervised"),
    (drop(*LANE, "light", 1, "green"), key("light", 1, "green"), "lane_automatic_green"),
    (lane("light", 0, "red", "lane_redd_in"), key("light", 0, "red"), "no_device"),
    (lane("access_point", 0, "area_to", "parkng"), key("access_point", 0, "area_to"), "no_area"),
    (lane("arm_detached", "lane_pit_water"), key("pit_water"), "used_twice"),
    (lane("closed", True), key("closed"), "unknown_key"),
    (device_put("lane_stop", prompt=None), at("lane_stop", "prompt"), "lane_prompt"),
    (device_put("lane_cover", active_level="low"), at("lane_cover", "active_level"), "lane_wire_break"),
    (device_put("lane_key_close", active_level="high"), at("lane_key_close", "active_level"), "lane_wire_break_idle"),
    (device_put("lane_permit", on_lost="on"), at("lane_permit", "on_lost"), "lane_on_lost"),
    (device_put("lane_up", line="Y1"), at("lane_up", "line"), "line_twice"),
    (device_put("lane_down", on_level="low"), at("lane_down", "line"), "on_at_boot"),
]


def test_twenty_planted_twenty_found(tmp_path):
    wanted = {(path, rule) for _, path, rule in PLANTED} | {(key("arm_detached"), "lane_mover")}
    assert found(tmp_path, *(change for change, _, _ in PLANTED)) == wanted


HOSTILE = ("", "\0", "x" * 10_000, "${HOME}", "'; DROP TABLE", "\u202e", -1, 1 << 70, 1.5, float("inf"), True, [], [[]],
           {}, {"a": {"b": [1]}}, ["lane_stop"] * 600)  # fmt: skip


def test_hostile_values_are_problems_and_nothing_else(tmp_path):
    """Anywhere in the lane's table, up to three at once."""
    rng = random.Random(20261126)
    table = demo_site()["portal"][P]
    places = [(name,) for name in table]
    first = {name: rows[0] for name, rows in table.items() if isinstance(rows, list) and isinstance(rows[0], dict)}
    places += [(name, 0, inner) for name, row in first.items() for inner in row]
    refused = 0
    for number in range(200):
        tree = demo_site()
        chosen = sorted(rng.sample(places, rng.randrange(1, 4)), key=len, reverse=True)  # the inner ones first
        every(*(put(*LANE, *place, rng.choice(HOSTILE)) for place in chosen))(tree)
        problems = check(write(tmp_path, tree, f"{number}.toml")).problems
        refused += bool(problems)
        for problem in problems:
            for language in ("en", "zh"):
                assert problem.line(texts(language)).isprintable(), problem
                assert len(problem.line(texts(language))) < 3_000, problem
    assert refused > 180


# -- the wiring table -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mover", MOVERS)
def test_wires_are_said_in_the_words_of_the_mover(tmp_path, capsys, mover):
    tree = demo_site()
    every(lane("mover", mover), *([drop(*LANE, "pit_water")] if mover != "bollard" else []))(tree)
    path = str(write(tmp_path, tree))
    assert main(["check", path, "--language", "en"]) == 0
    drawn = capsys.readouterr().out
    opened, closed = MOVERS[mover]
    assert re.search(rf"Y1 +lane_down +{opened} +high +off \(low\) +vehicle_lane", drawn)
    assert re.search(rf"Y2 +lane_up +{closed} +high +off \(low\) +vehicle_lane", drawn)
    assert re.search(r"Y18 +lane_stop +stop circuit, normally closed +high +vehicle_lane", drawn)
    assert main(["check", path, "--language", "zh"]) == 0
    assert {"bollard": "升降柱下降", "boom": "栏杆抬起"}[mover] in capsys.readouterr().out


def test_every_wire_of_the_lane_has_its_words(capsys):
    assert main(["check", str(DEMO), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    wires = {wire["device"]: wire for wire in report["wires"] if wire["portal"] == "vehicle_lane"}
    reads = ("reader", "camera")
    assert set(wires) == {name for name in DEVICES if name.startswith("lane_") and not name.endswith(reads)}
    assert all(wire["mover"] == "bollard" and wire["purpose"] and not wire["unverified"] for wire in wires.values())
    assert report["unverified"] == []
