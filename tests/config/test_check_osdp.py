"""`menshen check` of OSDP readers: keys, addresses and speeds of one line, what a display shows, who shares a port."""

import json

import pytest

from drivers.osdp_keys import KeyFile
from drivers.osdp_settings import BAUDS
from firmware.__main__ import main
from firmware.controller.check import check
from firmware.texts import texts
from tests.config.site_files import append, demo_site, every, put, write

PORT = "/dev/ttyUSB0"
DOOR = 0  # of the demo gate's portals


def reader(folder, name="osdp_in", address=0, port=PORT, **more):
    path = folder / f"{name}.key"
    if not path.exists():
        KeyFile(path).create()
    table = {"id": name, "kind": "osdp", "port": port, "address": address, "key_file": str(path)}
    return {**table, "formats": ["H10301"], "keypad": True, **more}


def at_door(*tables):
    """These readers beside the door's own."""

    def readers(site):
        site["portal"][DOOR]["access_point"][0]["readers"] += [table["id"] for table in tables]

    return every(*(append("device", table) for table in tables), readers)


def report(folder, *changes):
    tree = demo_site()
    every(*changes)(tree)
    names = {f"device[{n}]": device["id"] for n, device in enumerate(tree["device"])}
    found = check(write(folder, tree))
    return found, [
        (problem.path.replace(head, names.get(head, head)), problem.found, problem.allowed(texts("en")))
        for problem in found.problems
        if (head := problem.path.partition(".")[0]) is not None
    ]


def test_two_readers_of_one_line_are_sound_and_stand_in_the_wiring_table(tmp_path):
    found, problems = report(
        tmp_path, at_door(reader(tmp_path, tamper="osdp_cover"), reader(tmp_path, "osdp_out", 1, text={"denied": "No"}))
    )
    assert problems == []
    wires = {wire.device: wire for wire in found.wires}
    assert (wires["osdp_in"].line, wires["osdp_in"].purpose) == (f"{PORT} #0", "reader")
    assert wires["osdp_out"].line == f"{PORT} #1"
    assert "osdp_cover" in wires


@pytest.mark.parametrize(
    ("changed", "key", "says"),
    [
        ({"address": 127}, "address", "0 to 126"),
        ({"address": -1}, "address", "0 to 126"),
        ({"baud": 4800}, "baud", "9600, 19200"),
        ({"port": "ttyUSB0"}, "port", "the path of a serial device"),
        ({"key_file": "keys/a"}, "key_file", "from /"),
        ({"key_file": "/nowhere/a.key"}, "key_file", "there is no key"),
        ({"formats": ["H10301", "nonsense"]}, "formats[1]", "one of"),
        ({"formats": [], "keypad": False}, "formats", "at least one format"),
        ({"text": {"greeting": "Hi"}}, "text", "granted"),
        ({"text": {"granted": "欢迎"}}, "text.granted", "printable ASCII"),
        ({"text": {"granted": "x" * 33}}, "text.granted", "1 to 32"),
    ],
)
def test_wrong_values_are_named_with_what_is_allowed(changed, key, says, tmp_path):
    _, problems = report(tmp_path, at_door(reader(tmp_path, **changed)))
    assert [path for path, _, _ in problems] == [f"osdp_in.{key}"]
    assert says in problems[0][2]


def test_a_key_that_others_can_read_is_a_problem(tmp_path):
    table = reader(tmp_path)
    (tmp_path / "osdp_in.key").chmod(0o644)
    _, problems = report(tmp_path, at_door(table))
    assert [path for path, _, _ in problems] == ["osdp_in.key_file"]
    assert "mode 0644" in problems[0][2]


def test_the_key_itself_is_never_in_the_configuration(tmp_path):
    _, problems = report(tmp_path, at_door(reader(tmp_path, key="b1f2c3d4e5968778695a4b3c2d1e0f42")))
    assert [path for path, _, _ in problems] == ["osdp_in.key"]


@pytest.mark.parametrize(
    ("second", "key", "says"),
    [
        ({"address": 0}, "address", "osdp_in has it"),
        ({"address": 1, "baud": 115200}, "baud", "9600, as osdp_in"),
    ],
)
def test_readers_of_one_line_agree(second, key, says, tmp_path):
    table = reader(tmp_path, "osdp_out", **second)
    _, problems = report(tmp_path, at_door(reader(tmp_path), table))
    assert [path for path, _, _ in problems] == [f"osdp_out.{key}"]
    assert says in problems[0][2]


def test_other_lines_may_have_the_same_address_and_another_speed(tmp_path):
    other = reader(tmp_path, "osdp_out", 0, "/dev/ttyUSB1", baud=BAUDS[-1])
    assert report(tmp_path, at_door(reader(tmp_path), other))[1] == []


def test_every_reader_has_a_key_of_its_own(tmp_path):
    first = reader(tmp_path)
    second = reader(tmp_path, "osdp_out", 1) | {"key_file": first["key_file"]}
    _, problems = report(tmp_path, at_door(first, second))
    assert [path for path, _, _ in problems] == ["osdp_out.key_file"]
    assert "a file of its own" in problems[0][2]


def test_a_port_that_speaks_something_else_is_refused(tmp_path):
    modbus = {"id": "board", "kind": "modbus_io", "unit": 1, "profile": "waveshare_modbus_rtu_relay", "port": PORT}
    tree = at_door(reader(tmp_path))
    _, problems = report(tmp_path, append("device", modbus | {"inputs": {}, "outputs": {}}), tree)
    assert ("osdp_in.port", f'"{PORT}"') in [(path, found) for path, found, _ in problems]


def test_a_line_has_its_limit(tmp_path):
    tables = [reader(tmp_path, f"osdp_{number}", number, baud=115200) for number in range(17)]
    _, problems = report(tmp_path, at_door(*tables))
    assert [(path, found) for path, found, _ in problems if path.startswith("osdp")] == [("osdp_16.port", PORT)]


@pytest.mark.parametrize(("baud", "most"), [(9600, 5), (19200, 10)])
def test_a_slow_line_has_room_for_few(baud, most, tmp_path):
    """A sealed poll and its answer are 30 characters of 10 bits, and 3 ms pass between them."""
    tables = [reader(tmp_path, f"osdp_{number}", number, baud=baud) for number in range(most + 1)]
    _, problems = report(tmp_path, at_door(*tables))
    assert [path for path, _, _ in problems if path.startswith("osdp")] == [f"osdp_{most}.baud"]


def test_a_pin_is_wanted_where_no_keypad_is(tmp_path):
    only = put("portal", DOOR, "access_point", 0, "readers", ["osdp_in"])
    _, problems = report(tmp_path, append("device", reader(tmp_path, keypad=False)), only)
    assert any(path.endswith(".accept") for path, _, _ in problems)


def test_new_key_makes_the_file_that_check_asks_for(tmp_path, capsys):
    table = reader(tmp_path)
    path = tmp_path / "osdp_in.key"
    path.unlink()
    tree = demo_site()
    at_door(table)(tree)
    file = write(tmp_path, tree)
    assert main(["check", str(file)]) == 1
    assert "menshen osdp new-key" in capsys.readouterr().err
    assert main(["osdp", "new-key", str(file), "osdp_in", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said == {"ok": True, "key_file": str(path)}
    assert path.read_text().strip() not in capsys.readouterr().out
    assert main(["check", str(file)]) == 0
    assert main(["osdp", "new-key", str(file), "osdp_in"]) == 1
    assert "there is a key already" in capsys.readouterr().err
    assert main(["osdp", "new-key", str(file), "front_reader"]) == 2
    assert main(["osdp", "new-key", str(tmp_path / "none.toml"), "osdp_in"]) == 2
