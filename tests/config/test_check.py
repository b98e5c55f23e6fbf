"""`menshen check`: a sound site is sound, each mistake is found alone, and twenty mistakes are found at once."""

import json
import re

import pytest

from firmware.__main__ import main
from firmware.controller.check import check
from firmware.texts import LOCALES, texts
from tests.config import camera_mistakes, face_mistakes, lane_mistakes, line_mistakes, serial_mistakes
from tests.config.site_files import DEMO, append, contact, drop, every, put, reader, relay, sound_site, write

FRONT, SIDE, HALL = 0, 1, 2
DEVICES = [device["id"] for device in sound_site()["device"]]


def device(site, name):
    return site["device"][DEVICES.index(name)]


def at(name, key):
    return f"device[{DEVICES.index(name)}].{key}"


def found(path):
    return sorted((p.path, p.rule) for p in check(path).problems)


def test_the_sound_site_and_the_demo_site_are_sound(tmp_path):
    assert found(write(tmp_path, sound_site())) == []
    assert found(DEMO) == []


def test_twenty_planted_twenty_found(tmp_path):
    site = sound_site()
    front, side, hall = site["portal"]
    site["site"]["time_zone"] = "Europe/Berln"
    site["network"]["page"] = "everywhere:8080"
    site["store"]["retention_days"] = 0
    site["board"]["pins"] = 40
    site["area"].append({"id": "inside"})
    site["reader"][0]["pin_tries_max"] = 6
    front["egress"] = "credential"
    front["release_ms"] = 2_999
    front["open_ms_max"] = "long"
    front["relock"] = True
    front["access_point"][0]["area_to"] = "insid"
    front["access_point"][0]["requirement"][1]["accept"] = [["cart"]]
    side["interlock"] = ["back"]
    side["access_point"][0]["two_person_ms"] = 1
    hall["passage_in"] = "front_contact"
    device(site, "front_lock")["line"] = "GPIO8"
    device(site, "side_lock")["on_lost"] = "off"
    device(site, "side_rex")["line"] = "GPIO14"
    device(site, "fire")["line"] = "GPIO27"
    device(site, "front_out_reader")["formats"] = ["H10301", "IND26"]
    planted = {
        ("site.time_zone", "time_zone"),
        ("network.page", "page_address"),
        ("store.retention_days", "whole_number"),
        ("board.pins", "unknown_key"),
        ("area[2].id", "duplicate_id"),
        ("reader[0].pin_tries_max", "whole_number_by"),
        ("portal[0].egress", "egress"),
        ("portal[0].release_ms", "whole_number_by"),
        ("portal[0].open_ms_max", "whole_number_by"),
        ("portal[0].relock", "unknown_key"),
        ("portal[0].access_point[0].area_to", "no_area"),
        ("portal[0].access_point[0].requirement[1].accept[0][0]", "word"),
        ("portal[1].interlock[0]", "no_portal"),
        ("portal[1].access_point[0].two_person_ms", "whole_number"),
        ("portal[2].passage_in", "used_twice"),
        (at("front_lock", "line"), "on_at_boot"),
        (at("side_lock", "on_lost"), "escape_on_lost"),
        (at("side_rex", "line"), "line_reserved"),
        (at("fire", "line"), "line_twice"),
        (at("front_out_reader", "formats"), "device"),
    }
    assert len(planted) == 20
    assert found(write(tmp_path, site)) == sorted(planted)


# RFC 8032, section 7.1, TEST 1; the id by `xxd -r -p | sha256sum`, its first ten bytes by `base32`.
PEER_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
PEER_ID = "eh7ddx5bksrgcytl"


def _device(name, **values):
    return lambda site: device(site, name).update(values)


_POINT = ("portal", FRONT, "access_point", 0)
NEXT = len(DEVICES)
# Each rule, planted alone, is the only problem: (what to change, where it is found, the rule, what was meant).
BUS_INPUTS = {
    "id": "far_io",
    "kind": "modbus_io",
    "unit": 1,
    "profile": "modbus_8di_8do",
    "port": "/dev/ttyUSB0",
    "inputs": {"in1": "far_button"},
}

ALONE = [
    (put("network", "x"), "network", "table", ""),
    (put("site", "fire_inputs", "fire"), "site.fire_inputs", "list", ""),
    (put("area", {"id": "inside"}), "area", "list_of_tables", ""),
    (put("portal", SIDE, "access_point", 0, "readers", ["side_reader"] * 513), "portal[1].access_point[0].readers",
     "list_length", ""),
    (put("sight", {}), "sight", "unknown_key", "site"),
    (put("portal", FRONT, "lock_knd", "fail_safe"), "portal[0].lock_knd", "unknown_key", "lock_kind"),
    (drop("site", "name"), "site.name", "missing", ""),
    (drop("portal", FRONT, "lock"), "portal[0].lock", "missing", ""),
    (drop("portal", FRONT, "egress"), "portal[0].egress", "missing", ""),
    (drop("board"), "board", "missing", ""),
    (drop("device", NEXT - 1, "id"), f"device[{NEXT - 1}].id", "missing", ""),
    (put("portal", FRONT, "escape", "yes"), "portal[0].escape", "flag", ""),
    (put("store", "retention_mb", 1), "store.retention_mb", "whole_number", ""),
    (put("portal", FRONT, "open_ms_max", 9_999), "portal[0].open_ms_max", "whole_number_by", ""),
    (put("portal", FRONT, "lock_kind", "failsecure"), "portal[0].lock_kind", "word", "fail_secure"),
    (put("portal", HALL, "kind", "turnstle"), "portal[2].kind", "word", "turnstile"),
    (_device("spare", kind="contct"), at("spare", "kind"), "word", "contact"),
    (put("board", "kind", "simulated_bord"), "board.kind", "word", "simulated_board"),
    (put("site", "id", "North Gate"), "site.id", "id", ""),
    (_device("spare", id="Spare!"), at("spare", "id"), "id", ""),
    (put("site", "name", "gate\u202e"), "site.name", "name", ""),
    (put("store", "folder", ""), "store.folder", "file_path", ""),
    (put("roster", {"signers": ["abc"]}), "roster.signers[0]", "public_key", ""),
    (put("network", "page", "gate.example:443"), "network.page", "page_address", ""),
    (put("network", "names", ["Gate.example"]), "network.names[0]", "host_name", ""),
    (put("network", "names", ["-gate"]), "network.names[0]", "host_name", ""),
    (put("network", "redirect_port", 65_536), "network.redirect_port", "whole_number", ""),
    (put("network", {"page": "192.168.1.5:443", "redirect_port": 443}), "network.redirect_port", "redirect_port", ""),
    (put("network", "page", "localhost"), "network.page", "page_address", ""),
    (put(*_POINT, "direction", "inn"), "portal[0].access_point[0].direction", "direction", ""),
    (put("site", "time_zone", "Asia/Shangai"), "site.time_zone", "time_zone", "Asia/Shanghai"),
    (put("rehearsal", {"plants": "none.toml"}), "rehearsal.plants", "file_missing", ""),
    (append("area", {"id": "side"}), "area[2].id", "duplicate_id", ""),
    (append("device", contact("fire", "X16")), f"device[{NEXT}].id", "duplicate_id", ""),
    (put("portal", FRONT, "contact", "front_contct"), "portal[0].contact", "no_device", "front_contact"),
    (put(*_POINT, "readers", ["front_raeder"]), "portal[0].access_point[0].readers[0]", "no_device", "front_reader"),
    (put(*_POINT, "call", "front_bel"), "portal[0].access_point[0].call", "no_device", ""),
    (put(*_POINT, "call", "front_contact"), "portal[0].access_point[0].call", "used_twice", ""),
    (put(*_POINT, "call_ms", 9_999), "portal[0].access_point[0].call_ms", "whole_number", ""),
    (put(*_POINT, "call_ms", 600_001), "portal[0].access_point[0].call_ms", "whole_number", ""),
    (append("reader", {"id": "frond_reader"}), "reader[1].id", "no_device", "front_reader"),
    (put("portal", SIDE, "interlock", ["frnt"]), "portal[1].interlock[0]", "no_portal", "front"),
    (put("portal", SIDE, "interlock", ["side"]), "portal[1].interlock[0]", "no_portal", ""),
    (put("portal", SIDE, "access_point", 0, "area_to", "insde"), "portal[1].access_point[0].area_to", "no_area",
     "inside"),
    (put("site", "tamper_inputs", ["fire"]), "site.tamper_inputs[0]", "used_twice", ""),
    (put("portal", SIDE, "access_point", 0, "readers", ["side_reader", "front_reader"]),
     "portal[1].access_point[0].readers[1]", "used_twice", ""),
    (put(*_POINT, "area_from", "inside"), "portal[0].access_point[0].area_to", "same_area", ""),
    (put("portal", FRONT, "prealarm_ms", 30_000), "portal[0].prealarm_ms", "below", ""),
    (put("portal", FRONT, "release_ms", 20_000), "portal[0].extended_release_ms", "not_below", ""),
    (put("reader", 0, "pin_lockout_ms_max", 30_000), "reader[0].pin_lockout_ms_max", "not_below", ""),
    (put("portal", FRONT, "first_card", True), "portal[0].first_card", "first_card_without_schedule", ""),
    (put("portal", SIDE, "access_point", 0, "antipassback", "soft"), "portal[1].access_point[0].area_to",
     "antipassback_without_area", ""),
    (put(*_POINT, "requirement", 1, "accept", [["card"], []]), "portal[0].access_point[0].requirement[1].accept",
     "accept_empty", ""),
    (put(*_POINT, "requirement", 1, "accept", [["card", "card"]]),
     "portal[0].access_point[0].requirement[1].accept[0]", "accept_repeats", ""),
    (put("portal", FRONT, "egress", "software"), "portal[0].egress", "egress", ""),
    (drop("portal", SIDE, "rex"), "portal[1].egress", "egress_rex_missing", ""),
    (put("portal", FRONT, "egress", "rex_hardware"), "portal[0].lock_kind", "egress_rex_fail_secure", ""),
    (every(drop("portal", HALL, "drop"), put("portal", HALL, "escape", False)), "portal[2].drop",
     "turnstile_way_out", ""),
    (every(drop("portal", HALL, "drop"), put("portal", HALL, "escape", False),
          put("portal", HALL, "egress_by", "front")), "portal[2].egress_by", "egress_by_no_escape", ""),
    (put("portal", HALL, "egress_by", "sdie"), "portal[2].egress_by", "no_portal", "side"),
    (drop("portal", HALL, "drop"), "portal[2].drop", "turnstile_escape_drop", ""),
    (_device("hall_drop", on_lost="off"), at("hall_drop", "on_lost"), "drop_on_lost", ""),
    (_device("side_lock", on_lost="off"), at("side_lock", "on_lost"), "escape_on_lost", ""),
    (_device("front_lock", on_lost="on"), at("front_lock", "on_lost"), "fail_secure_on_lost", ""),
    (_device("hall_in_release", on_lost="on"), at("hall_in_release", "on_lost"), "release_on_lost", ""),
    (put("portal", FRONT, "lock", "spare"), "portal[0].lock", "wrong_role", ""),
    (put("portal", FRONT, "remote", ["open", "lokc"]), "portal[0].remote[1]", "word", "lock"),
    (put("site", "remote", ["open"]), "site.remote[0]", "word", ""),
    (append("site", "fire_inputs", "front_lock"), "site.fire_inputs[1]", "used_twice", ""),
    (put("site", "reset_input", "spare"), at("spare", "active_level"), "reset_input_break", ""),
    (every(append("device", BUS_INPUTS), put("site", "reset_input", "far_button")), "site.reset_input",
     "reset_input_kind", ""),
    (_device("spare", line="GPIO99"), at("spare", "line"), "line_unknown", ""),
    (_device("spare", line="GPIO2"), at("spare", "line"), "line_reserved", ""),
    (_device("spare", line="GPIO17"), at("spare", "line"), "line_twice", ""),
    (_device("front_reader", led_red="X4"), at("hall_pulse", "line"), "line_twice", ""),
    (_device("front_lock", line="GPIO7"), at("front_lock", "line"), "on_at_boot", ""),
    (_device("front_lock", on_level="low"), at("front_lock", "line"), "on_at_boot", ""),
    (_device("hall_in_release", on_level="low"), at("hall_in_release", "line"), "on_at_boot", ""),
    (append("device", reader("lonely", "X8", "X9")), f"device[{NEXT}].id", "reader_unused", ""),
    (append("reader", {"id": "spare"}), "reader[1].id", "reader_guard", ""),
    (put("portal", SIDE, "access_point", []), "portal[1].access_point", "portal_without_access_point", ""),
    (drop("portal", FRONT, "contact"), "portal[0].access_point[0].antipassback", "hard_antipassback_unproven", ""),
    (drop("portal", FRONT, "access_point", 1, "area_from"), "portal[0].access_point[0].antipassback",
     "hard_antipassback_no_exit", ""),
    (every(drop("portal", FRONT, "access_point", 1, "area_from"), drop("area", 0, "occupancy_max"),
          put("portal", HALL, "access_point", 0, "area_from", "inside"),
          put("portal", HALL, "access_point", 0, "direction", "out")),
     "portal[0].access_point[0].antipassback", "hard_antipassback_no_exit", ""),
    (every(drop("portal", FRONT, "contact"), put(*_POINT, "antipassback", "off")),
     "area[0].occupancy_max", "limit_unproven", ""),
    (every(drop("portal", FRONT, "access_point", 1, "area_from"), drop("portal", FRONT, "access_point", 1, "area_to"),
          put(*_POINT, "antipassback", "off"), drop("area", 0, "occupancy_max"), put("area", 0, "quota", True)),
     "area[0].quota", "limit_no_exit", ""),
    (put("site", "fire_inputs", []), "site.fire_inputs", "unlock_schedule_fire", ""),
    (put(*_POINT, "requirement", 1, "accept", [["face"], ["card"]]),
     "portal[0].access_point[0].requirement[1].accept", "factor_without_device", ""),
    (every(put("reader", 0, "repeat_ms", 5_000), put("portal", FRONT, "double_swipe_ms", 4_000)),
     "portal[0].double_swipe_ms", "double_swipe_repeat", ""),
    (_device("front_reader", d1="GPIO17"), at("front_reader", "d1"), "device", ""),
    (_device("spare", debounce_ms=5_000), at("spare", "debounce_ms"), "device", ""),
    (_device("front_reader", formats=["H10301", "H10305"]), at("front_reader", "formats[1]"), "device", ""),
    (_device("front_reader", formats=["H10301", "IND26"]), at("front_reader", "formats"), "device", ""),
    (_device("front_reader", formats=["H10302", "H10304"]), at("front_reader", "formats"), "device", ""),
    (put("peer", [{"id": "North", "key": PEER_KEY}]), "peer[0].id", "controller_id", ""),
    (put("peer", [{"id": "a" * 16, "key": PEER_KEY}]), "peer[0].id", "controller_id_of_key", PEER_ID),
    (put("peer", [{"id": PEER_ID, "key": PEER_KEY[:-1]}]), "peer[0].key", "public_key", ""),
    (put("peer", [{"id": PEER_ID, "key": PEER_KEY}] * 2), "peer[1].id", "duplicate_id", ""),
    (put("area", 0, "shared", True), "area[0].shared", "shared_without_peer", ""),
    (put("exchange", {"heard_ms_max": 4_999}), "exchange.heard_ms_max", "whole_number", ""),
    (put("portal", SIDE, "access_point", 0, "readers", []), "portal[1].access_point[0].readers",
     "access_point_without_readers", ""),
]  # fmt: skip

# What a planted rule brings with it of necessity: the devices that lose their only use.
FOLLOWS = {
    "list_length": {("portal[1].access_point[0].readers[1]", "used_twice")},
    "access_point_without_readers": {(at("side_reader", "id"), "reader_unused")},
    "portal_without_access_point": {(at("side_reader", "id"), "reader_unused")},
}


@pytest.mark.parametrize(
    ("change", "path", "rule", "near"), ALONE, ids=[f"{rule}-{path}" for _, path, rule, _ in ALONE]
)
def test_each_mistake_alone(tmp_path, change, path, rule, near):
    site = sound_site()
    change(site)
    report = check(write(tmp_path, site))
    others = {(p.path, p.rule) for p in report.problems} - {(path, rule)}
    assert (path, rule) in {(p.path, p.rule) for p in report.problems}
    if rule != "list_length":
        assert others <= FOLLOWS.get(rule, set())
    if near:
        assert near in {p.near for p in report.problems}
    for language in ("en", "zh"):
        for problem in report.problems:
            assert path.split(".")[0] in problem.line(texts(language)) or problem.path != path
    assert not report.wires


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"[site\n", "file_syntax"),
        (b"\xff\xfe[\x00s\x00", "file_encoding"),
        (b"a = " + b"[" * 100_000, "file_nesting"),
        (b"a = " + b"1" * 5_000, "file_syntax"),
        (b"[[device]]\nid = [[{ b = 0x" + b"f" * 9_000 + b" }]]", "file_syntax"),
        (b"#" * (1 << 20) + b"\n", "file_too_large"),
        (b"\x00" * 100, "file_syntax"),
        (b"a = '\x1b[2J'\n", "file_syntax"),
    ],
)  # fmt: skip
@pytest.mark.attack("text-08")
def test_files_that_are_no_site(tmp_path, content, rule):
    path = tmp_path / "site.toml"
    path.write_bytes(content)
    assert [p.rule for p in check(path).problems] == [rule]
    assert check(path).problems[0].line(texts("en")).isprintable()


def test_files_that_are_not_there(tmp_path):
    assert found(tmp_path / "none.toml") == [("file", "file_unreadable")]
    assert found(tmp_path) == [("file", "file_unreadable")]


def test_an_empty_file_names_what_must_be_there(tmp_path):
    assert found(write(tmp_path, {})) == [("board", "missing"), ("portal", "missing"), ("site", "missing")]


def test_every_rule_of_the_catalogue_is_planted_somewhere():
    catalogue = (LOCALES / "en/LC_MESSAGES/menshen.po").read_text(encoding="utf-8")
    rules = set(re.findall(r'msgid "check\.rule\.(\w+)"', catalogue))
    planted = {rule for _, _, rule, _ in ALONE}
    files = {"file_syntax", "file_encoding", "file_nesting", "file_too_large", "file_unreadable"}
    engine = {"struct", "number", "number_by", "text", "text_pattern"}  # tests/config/test_convert.py
    assert (
        rules
        == planted
        | camera_mistakes.RULES
        | face_mistakes.RULES
        | lane_mistakes.RULES
        | line_mistakes.RULES
        | serial_mistakes.RULES
        | files
        | engine
    )


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_draws_the_wiring(capsys):
    assert main(["check", str(DEMO), "--language", "en"]) == 0
    drawn = capsys.readouterr().out
    assert re.search(r"GPIO13 +front_lock +fail-secure lock.*high +off \(low\) +front_door", drawn)
    assert main(["check", str(DEMO), "--language", "zh"]) == 0
    assert "门磁" in capsys.readouterr().out


def test_the_command_as_json(capsys, tmp_path):
    assert main(["check", str(DEMO), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    lines = [wire["line"] for wire in report["wires"]]
    assert len(lines) == len(set(lines)) == 74
    lock = next(wire for wire in report["wires"] if wire["device"] == "hall_drop")
    assert (lock["active"], lock["on_lost"], lock["on_lost_level"], lock["portal"]) == ("low", "on", "low", "hall")
    site = sound_site()
    site["portal"][0]["egress"] = "software"
    assert main(["check", str(write(tmp_path, site)), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [(p["path"], p["rule"]) for p in report["problems"]] == [("portal[0].egress", "egress")]
    assert "keep people in" in report["problems"][0]["allowed"]


def test_problems_go_to_standard_error_with_status_1(capsys, tmp_path):
    site = sound_site()
    site["device"].append(relay("spare", "X6"))
    assert main(["check", str(write(tmp_path, site)), "--language", "en"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f'device[{NEXT}].id: found "spare"' in captured.err
