"""The picture of the 40-pin header as the example site uses it, made of the site file and the board's description."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.drawing.sheet import Sheet

ROOT = Path(__file__).parents[2]
SITE = ROOT / "provisioning" / "sites" / "door_and_bollard.toml"
BOARDS = ROOT / "drivers" / "boards"
LINE_KEYS = ("d0", "d1", "led_green", "led_red", "buzzer", "line")
# Pins that are no lines: raspberrypi.com, GPIO and the 40-pin header.
SUPPLY = {1: "3.3 V", 2: "5 V", 4: "5 V", 17: "3.3 V", **dict.fromkeys((6, 9, 14, 20, 25, 30, 34, 39), "0 V")}


def _pins() -> dict[int, tuple[str, str, str]]:
    """Of each pin of the header that is a line: its name, the level at boot, and why nobody may have it."""
    header = tomllib.loads((BOARDS / "raspberry_pi_header.toml").read_text(encoding="utf-8"))["line"]
    hat = tomllib.loads((BOARDS / "waveshare_rpi_relay_board.toml").read_text(encoding="utf-8"))["line"]
    pins = {}
    for name, line in header.items():
        at = next(int(each.removeprefix("BOARD")) for each in line["names"] if each.startswith("BOARD"))
        pins[at] = (name, {**line, **hat.get(name, {})}["at_boot"], line.get("reserved", ""))
    return pins


def _users(site: Mapping[str, Any]) -> dict[str, str]:
    """What the site has on each line, by the line's own name."""
    hat = tomllib.loads((BOARDS / "waveshare_rpi_relay_board.toml").read_text(encoding="utf-8"))["line"]
    own = {each: name for name, line in hat.items() for each in line["names"]}
    users = {}
    for device in site["device"]:
        for key in LINE_KEYS:
            if key in device:
                users[own.get(device[key], device[key])] = device["id"] + ("" if key == "line" else f" {key}")
    return users


def header(sheet: Sheet) -> None:
    """Two columns of twenty pins, with the devices beside them."""
    pins, users = _pins(), _users(tomllib.loads(SITE.read_text(encoding="utf-8")))
    serial = {8: "OSDP", 10: "OSDP"}
    sheet.box(408, 62, 124, 526)
    for pin in range(1, 41):
        row, left = (pin - 1) // 2, pin % 2 == 1
        y = 81 + row * 25.5
        x = 448 if left else 492
        name, boot, reserved = pins.get(pin, (SUPPLY.get(pin, ""), "", ""))
        user = users.get(name, "") or serial.get(pin, "")
        kind = (
            "plus" if name.endswith("V") and name != "0 V" else "minus" if name == "0 V" else "good" if user else "note"
        )
        sheet.circle(x, y, 7, kind=kind, fill="paper")
        side = "end" if left else "start"
        sheet.text(x + (-13 if left else 13), y + 5, str(pin), size=13, anchor=side, kind="note")
        if boot:
            boots = sheet.say((f"boots {boot}", "启动时高" if boot == "high" else "启动时低"))
            name = f"{name}, {boots}"
        sheet.text(
            398 if left else 542, y + 5, name, size=13, anchor=side, kind=kind if kind in ("plus", "minus") else "note"
        )
        what = user or (sheet.say(("taken", "占用")) if reserved else "")
        if what:
            sheet.text(
                220 if left else 720,
                y + 5,
                what,
                size=13,
                anchor=side,
                kind="good" if user else "note",
                bold=bool(user),
            )
    sheet.text(
        24,
        616,
        (
            "Made of provisioning/sites/door_and_bollard.toml and drivers/boards/*.toml. Pin 1: corner by the SD card.",
            "由 provisioning/sites/door_and_bollard.toml 和 drivers/boards/*.toml 生成。1 脚在板角、SD 卡一侧。",
        ),
        size=13,
        kind="note",
    )
