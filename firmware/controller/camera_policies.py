"""What `menshen check` refuses of cameras beyond their own values: where they may stand, and who has which one."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.camera_settings import CameraConfig, Seen, without_secrets
from firmware.config import Draft, Problems, escaped, shown
from firmware.controller.kinds import Device
from firmware.core.access import Factor
from firmware.core.site import Barrier, Reader
from firmware.sightings import CAMERAS_MAX

FACTORS = {Seen.PLATE: Factor.PLATE, Seen.FACE: Factor.FACE}


def check_cameras(draft: Draft, devices: Sequence[Device], problems: Problems) -> None:
    """Add every problem of these devices."""
    cameras = [(device.path, device.settings) for device in devices if isinstance(device.settings, CameraConfig)]
    if len(cameras) > CAMERAS_MAX:
        problems.add(f"{cameras[CAMERAS_MAX][0]}.id", str(len(cameras)), "camera_many", most=CAMERAS_MAX)
    first: dict[str, str] = {}
    for path, settings in cameras:
        if settings.source in first and not problems.touch(f"{path}.source"):
            source = escaped(without_secrets(settings.source))
            problems.add(f"{path}.source", source, "port_twice", first=first[settings.source])
        first.setdefault(settings.source, f"{path}.source")
    _check_repeats(draft, cameras, problems)
    by_id = {settings.id: settings for _, settings in cameras}
    for each in draft.portals:
        if isinstance(each.portal, Barrier):
            continue
        for number, point in enumerate(each.portal.access_points):
            for index, reader in enumerate(point.readers):
                path = f"{each.path}.access_point[{number}].readers[{index}]"
                if reader in by_id and Seen.PLATE in by_id[reader].wanted and not problems.touch(path):
                    problems.add(path, shown(reader), "camera_at_door")


def _check_repeats(draft: Draft, cameras: Sequence[tuple[str, CameraConfig]], problems: Problems) -> None:
    """A plate that is refused before its vehicle stands on the loop has to be another presentation once it does."""
    guards = {guard.id: guard for _, guard in draft.readers}
    for path, settings in cameras:
        repeat_ms = guards.get(settings.id, Reader(settings.id)).repeat_ms
        if settings.repeat_ms <= repeat_ms and not problems.touch(f"{path}.repeat_ms"):
            found = str(settings.repeat_ms)
            problems.add(f"{path}.repeat_ms", found, "camera_repeat", least=repeat_ms, reader=settings.id)


def factors_seen(settings: CameraConfig) -> set[Factor]:
    """What credentials the camera can see."""
    return {FACTORS[each] for each in settings.wanted if each in FACTORS}
