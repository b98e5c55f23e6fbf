"""What `menshen check` refuses of faces: looking for them where they are off, a face that is all one needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from drivers.camera_settings import CameraConfig, Seen
from firmware.config import Draft, Problems, escaped, shown
from firmware.controller.kinds import Device
from firmware.core.access import Factor
from firmware.core.site import AccessPoint
from firmware.faces.errors import OneOfManyRefused
from firmware.faces.one_of_many import admit, measured


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
    if draft.faces.one_of_many:
        _check_one_of_many(draft, problems)


def _check_one_of_many(draft: Draft, problems: Problems) -> None:
    """By one template, the least there can be: by how many are enrolled the controller asks again."""
    if draft.faces.evaluation is None:
        problems.add("faces.evaluation", "-", "faces_evaluation")
        return
    path: Path = draft.file.resolve().parent / draft.faces.evaluation
    try:
        record = measured(path)
        admit(record, 1, record.embedder, record.threshold)
    except OneOfManyRefused as error:
        problems.add(
            "faces.one_of_many", shown(draft.faces.evaluation), "faces_one_of_many", message=escaped(str(error))
        )


def _points(draft: Draft) -> Iterator[tuple[str, AccessPoint]]:
    for each in draft.portals:
        for number, point in enumerate(each.portal.access_points):
            yield f"{each.path}.access_point[{number}]", point
