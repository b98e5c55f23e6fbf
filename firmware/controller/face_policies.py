"""What `menshen check` refuses of faces: while they are off, a face alone, a challenge that nobody is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from drivers.camera_settings import CameraConfig, Seen
from drivers.osdp_settings import OsdpConfig
from firmware.config import Draft, Problems, escaped, shown
from firmware.controller.kinds import Device
from firmware.core.access import Factor
from firmware.core.site import AccessPoint, Reader
from firmware.faces.errors import OneOfManyRefused
from firmware.faces.one_of_many import admit, measured
from firmware.faces.steps import CHALLENGE_MS, STEP_MS_MAX, STEPS, Prompt


def check_faces(draft: Draft, devices: Mapping[str, Device], problems: Problems) -> None:
    """Add every problem of [faces], and of what would compare faces."""
    cameras = {
        name: device
        for name, device in devices.items()
        if isinstance(device.settings, CameraConfig) and Seen.FACE in device.settings.wanted
    }
    for device in cameras.values():
        if not draft.faces.on:
            problems.add(f"{device.path}.wanted", shown("face"), "faces_off")
    points = {point.id: (path, point) for path, point in _points(draft)}
    seen = {name for name, (_, point) in points.items() if any(reader in cameras for reader in point.readers)}
    for key in ("challenge", "one_of_many"):
        for index, name in enumerate(getattr(draft.faces, key)):
            if name not in seen:
                problems.add(f"faces.{key}[{index}]", shown(name), "faces_point")
    for name in sorted(seen - set(draft.faces.one_of_many)):
        path, point = points[name]
        if not point.requirements and not problems.touch(path):
            problems.add(f"{path}.requirement", "-", "face_alone")  # one factor of any kind would do
        for number, requirement in enumerate(point.requirements):
            if (Factor.FACE,) in requirement.accept:
                problems.add(f"{path}.requirement[{number}].accept", shown("face"), "face_alone")
    for index, name in enumerate(draft.faces.challenge):
        if name in seen:
            _check_challenge(points[name][1], f"faces.challenge[{index}]", draft, devices, problems)
    if draft.faces.one_of_many:
        _check_one_of_many(draft, problems)


def _check_challenge(
    point: AccessPoint, path: str, draft: Draft, devices: Mapping[str, Device], problems: Problems
) -> None:
    """Each step must be shown there, and there must be time for all of them."""
    guards = {guard.id: (at, guard) for at, guard in draft.readers}
    readers = [name for name in point.readers if name in devices]
    settings = [devices[name].settings for name in readers]
    told = any(isinstance(each, OsdpConfig) and {*Prompt} <= each.text.keys() for each in settings)
    if point.display is None and not told:
        problems.add(path, shown(point.id), "faces_challenge_unseen", words=", ".join(Prompt))
    for name in readers:
        if isinstance(devices[name].settings, CameraConfig):
            continue  # it waits for nobody
        at, guard = guards.get(name, ("reader", Reader(name)))  # without a table of its own it has the defaults
        if guard.factor_ms < CHALLENGE_MS and not problems.touch(f"{at}.factor_ms"):
            problems.add(
                f"{at}.factor_ms" if name in guards else "reader",
                f"{shown(name)} {guard.factor_ms}",
                "faces_challenge_time",
                least=CHALLENGE_MS,
                point=point.id,
                steps=STEPS,
                step_ms=STEP_MS_MAX,
            )


def _check_one_of_many(draft: Draft, problems: Problems) -> None:
    """By one template, the least there can be: by how many are enrolled the controller asks again."""
    if draft.faces.evaluation is None:
        problems.add("faces.evaluation", "-", "faces_evaluation")
        return
    path: Path = draft.file.resolve().parent / draft.faces.evaluation
    try:
        record = measured(path)
        admit(record, 1)
    except OneOfManyRefused as error:
        problems.add(
            "faces.one_of_many", shown(draft.faces.evaluation), "faces_one_of_many", message=escaped(str(error))
        )


def _points(draft: Draft) -> Iterator[tuple[str, AccessPoint]]:
    for each in draft.portals:
        for number, point in enumerate(each.portal.access_points):
            yield f"{each.path}.access_point[{number}]", point
