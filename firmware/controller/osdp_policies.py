"""What `menshen check` refuses of OSDP readers beyond their own values: what those of one line say about each other."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.osdp_settings import OsdpConfig, key_problem, line_problems
from firmware.config import Problems, escaped, shown
from firmware.controller.kinds import Device
from firmware.core.access import Factor


def check_osdp(devices: Sequence[Device], problems: Problems) -> None:
    """Add every problem of these devices."""
    on_line = [(device.path, device.settings) for device in devices if isinstance(device.settings, OsdpConfig)]
    for wrong in line_problems([settings for _, settings in on_line]):
        path = f"{on_line[wrong.later][0]}.{wrong.key}"
        if not problems.touch(path):
            problems.add(path, escaped(wrong.found), "device", message=escaped(wrong.allowed))
    _check_neighbours(devices, problems)
    for path, settings in on_line:
        if not problems.touch(f"{path}.key_file") and (why := key_problem(settings)):
            message = escaped(f"a key of this reader: {why}")
            problems.add(f"{path}.key_file", escaped(settings.key_file), "device", message=message)


def _check_neighbours(devices: Sequence[Device], problems: Problems) -> None:
    """A line of OSDP readers speaks nothing else: whoever asks there would answer for them."""
    others: dict[str, str] = {}
    for device in devices:
        port = getattr(device.settings, "port", None)
        if isinstance(port, str) and not isinstance(device.settings, OsdpConfig):
            others.setdefault(port, f"{device.path}.port")
    for device in devices:
        settings, path = device.settings, f"{device.path}.port"
        if isinstance(settings, OsdpConfig) and settings.port in others and not problems.touch(path):
            problems.add(path, shown(settings.port), "port_twice", first=others[settings.port])


def factors_read(settings: OsdpConfig) -> set[Factor]:
    """What the reader can read."""
    return ({Factor.CARD} if settings.formats else set()) | ({Factor.PIN} if settings.keypad else set())
