"""Sound sites as trees, how mistakes are planted in a tree, and how a tree is written as TOML."""

import copy
import json
import tomllib
from pathlib import Path

DEMO = Path(__file__).parents[2] / "provisioning/sites/community_gate.toml"


def sound_site():
    """A fail-secure door with hard anti-passback, a fail-safe escape door, and a turnstile."""
    return copy.deepcopy(SOUND)


def demo_site():
    """The demo gate with its vehicle lane, without its rehearsal, its camera and time limits of single outputs."""
    tree = tomllib.loads(DEMO.read_text(encoding="utf-8"))
    del tree["rehearsal"]
    tree["device"] = [each for each in tree["device"] if each["kind"] != "camera"]
    for point in (point for portal in tree["portal"] for point in portal["access_point"]):
        if "lane_camera" in point["readers"]:
            point["readers"].remove("lane_camera")
            point["requirement"] = [{"accept": [["card"]]}]
    for each in tree["device"]:
        each.pop("on_ms_max", None)
    return tree


# -- changes of a tree: the keys on the way, then the value -----------------------------------------------------------


def put(*keys_and_value):
    *keys, value = keys_and_value

    def change(site):
        place = site
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = copy.deepcopy(value)

    return change


def drop(*keys):
    def change(site):
        place = site
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]

    return change


def append(*keys_and_value):
    *keys, value = keys_and_value

    def change(site):
        place = site
        for key in keys:
            place = place[key]
        place.append(copy.deepcopy(value))

    return change


def every(*changes):
    def change(site):
        for each in changes:
            each(site)

    return change


def device_put(name, **values):
    """Change keys of the device with this id; None takes a key away."""

    def change(site):
        table = next(device for device in site["device"] if device["id"] == name)
        for key, value in values.items():
            table.pop(key, None)
            if value is not None:
                table[key] = value

    return change


# -- tables -----------------------------------------------------------------------------------------------------------


def reader(name, d0, d1, **more):
    return {"id": name, "kind": "wiegand", "d0": d0, "d1": d1, "formats": ["H10301"], **more}


def relay(name, line, **more):
    return {"id": name, "kind": "relay", "line": line, **more}


def contact(name, line, **more):
    return {"id": name, "kind": "contact", "line": line, **more}


SOUND = {
    "site": {"id": "test_site", "name": "测试 gate", "time_zone": "Europe/Berlin", "fire_inputs": ["fire"]},
    "store": {"folder": "state"},
    "network": {"page": "127.0.0.1:0"},
    "board": {"kind": "simulated_board"},
    "area": [{"id": "inside", "occupancy_max": 10}, {"id": "outside"}],
    "reader": [{"id": "front_reader", "pin_tries_max": 3}],
    "portal": [
        {
            "kind": "door",
            "id": "front",
            "name": "Front",
            "lock": "front_lock",
            "contact": "front_contact",
            "egress": "mechanical",
            "rex": [{"input": "front_rex"}],
            "access_point": [
                {
                    "id": "front_in",
                    "readers": ["front_reader"],
                    "area_to": "inside",
                    "antipassback": "hard",
                    "requirement": [{"schedule": "night", "accept": [["card", "pin"]]}, {"accept": [["card"]]}],
                },
                {"id": "front_out", "readers": ["front_out_reader"], "area_from": "inside", "area_to": "outside"},
            ],
        },
        {
            "kind": "door",
            "id": "side",
            "lock": "side_lock",
            "lock_kind": "fail_safe",
            "egress": "rex_hardware",
            "escape": True,
            "interlock": ["front"],
            "rex": [{"input": "side_rex"}],
            "access_point": [{"id": "side_in", "readers": ["side_reader"]}],
        },
        {
            "kind": "turnstile",
            "id": "hall",
            "release_in": "hall_in_release",
            "release_out": "hall_out_release",
            "passage_in": "hall_pulse",
            "drop": "hall_drop",
            "escape": True,
            "unlock_schedule": "day",
            "access_point": [{"id": "hall_in", "readers": ["hall_reader"]}],
        },
    ],
    "device": [
        reader("front_reader", "GPIO17", "GPIO27", keypad="4bit"),
        reader("front_out_reader", "GPIO20", "GPIO21"),
        reader("side_reader", "GPIO22", "GPIO23"),
        reader("hall_reader", "GPIO24", "GPIO25"),
        relay("front_lock", "GPIO13"),
        relay("side_lock", "GPIO19", on_level="low", on_lost="on"),
        relay("hall_in_release", "X1"),
        relay("hall_out_release", "X2"),
        relay("hall_drop", "X3", on_lost="on"),
        contact("front_contact", "GPIO6"),
        contact("front_rex", "GPIO5", active_level="low"),
        contact("side_rex", "GPIO16"),
        contact("hall_pulse", "X4"),
        contact("fire", "GPIO4"),
        contact("spare", "X5"),
    ],
}  # fmt: skip


def toml(tree, prefix=""):
    """Write a tree as TOML: values first, then tables, then lists of tables."""
    simple, tables = [], []
    for key, value in tree.items():
        name = key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)
        path = f"{prefix}{name}"
        if isinstance(value, dict):
            tables.append(f"[{path}]\n{toml(value, path + '.')}")
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            tables += [f"[[{path}]]\n{toml(item, path + '.')}" for item in value]
        else:
            simple.append(f"{name} = {json.dumps(value, ensure_ascii=False)}")
    return "\n".join([*simple, *tables]) + "\n"


def write(folder, tree, name="site.toml"):
    path = folder / name
    path.write_text(toml(tree), encoding="utf-8")
    return path
