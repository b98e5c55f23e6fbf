"""Every reference of a barrier to a device: where it stands in the file, and what the device is there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from firmware.core.site import Barrier, Sensor

# key of the table -> field of Barrier
SENSORS = {
    "safety": "safety",
    "photocell": "photocells",
    "edge_closing": "edges_closing",
    "edge_opening": "edges_opening",
}
INPUTS = (
    *("entry", "exit", "stop", "reset", "service_key", "cover", "key_open", "key_close", "emergency_close"),
    *("fire_key", "arm_detached", "pit_water", "mains", "battery"),
)


class Part(NamedTuple):
    """One reference. `key` is its path inside the barrier's table; `purpose` a word: open, closed, safety_test ..."""

    key: str
    device: str
    purpose: str
    output: bool = False


def sensors_of(barrier: Barrier) -> Iterator[tuple[str, str, Sensor]]:
    """(path inside the table, key of its list, device) of every safety device."""
    for key, field in SENSORS.items():
        for index, sensor in enumerate(getattr(barrier, field)):
            yield f"{key}[{index}]", key, sensor


def parts_of(barrier: Barrier) -> Iterator[Part]:
    """Every reference to an input or an output; readers are the access points', `temperature` is a measurement."""
    for index, drive in enumerate(barrier.drives):
        for key in ("open", "close", "permit", "brake"):
            yield from _part(f"drive[{index}].{key}", getattr(drive, key), key, output=True)
        for key in ("opened", "closed"):
            for number, device in enumerate(getattr(drive, key)):
                yield from _part(f"drive[{index}].{key}[{number}]", device, key)
        yield from _part(f"drive[{index}].fault", drive.fault, "drive_fault")
    for path, key, sensor in sensors_of(barrier):
        yield from _part(f"{path}.input", sensor.input, key)
        yield from _part(f"{path}.test", sensor.test, f"{key}_test", output=True)
        yield from _part(f"{path}.fault", sensor.fault, f"{key}_fault")
    for key in INPUTS:
        yield from _part(key, getattr(barrier, key), key)
    for index, light in enumerate(barrier.lights):
        for key in ("red", "green"):
            yield from _part(f"light[{index}].{key}", getattr(light, key), f"{key}_{light.direction}", output=True)
    for key in ("warning", "sounder"):
        yield from _part(key, getattr(barrier, key), key, output=True)


def _part(key: str, device: str | None, purpose: str, *, output: bool = False) -> Iterator[Part]:
    if device:
        yield Part(key, device, purpose, output)
