"""Which camera is meant by a source. The one place that names implementations."""

from __future__ import annotations

from pathlib import Path

from firmware.sightings import CameraOrder
from firmware.vision.cameras.camera import Camera
from firmware.vision.errors import CameraError
from firmware.vision.secret import with_password


def camera_of(order: CameraOrder, scenes: Path | None = None) -> Camera:
    """The camera of an order. `scenes`: the socket of a rehearsal, where there is one. Raises CameraError."""
    scheme, _, rest = order.source.partition(":")
    if scheme in ("rtsp", "rtsps"):
        from firmware.vision.cameras.stream import StreamCamera

        return StreamCamera(
            with_password(order.source, order.password_file), paced=False, shown=f"the camera of {order.camera}"
        )
    if scheme == "file":
        from firmware.vision.cameras.stream import StreamCamera

        return StreamCamera(rest, paced=True)
    if scheme == "picamera2":
        from firmware.vision.cameras.board_camera import BoardCamera

        return BoardCamera(int(rest or 0), order.size, order.frames_per_s)
    if scheme == "simulated":
        from firmware.vision.cameras.simulated import SimulatedCamera

        return SimulatedCamera(rest, scenes, order.size, order.frames_per_s)
    raise CameraError(f"{scheme}: there is no such kind of camera")
