"""The camera of a Raspberry Pi, through picamera2: a package of the system, which pip has not.

After the Picamera2 manual (Raspberry Pi Ltd): the array of a stream of the format "BGR888" has red first; a request
holds a buffer of the camera until it is released; a job's result is waited for with a limit.
"""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

import numpy as np

from firmware.vision.cameras.camera import NEXT_S_MAX
from firmware.vision.cameras.coarse import cells
from firmware.vision.clock import now_ns
from firmware.vision.errors import CameraError
from firmware.vision.frames import Luma, Picture

BUFFERS = 3
FAILURES = (RuntimeError, OSError, IndexError, AttributeError)  # what libcamera's Python side raises


class PictureFrame:
    """A picture that is here already."""

    def __init__(self, picture: Picture, at_ns: int) -> None:
        self.at_ns = at_ns
        self.size = (picture.shape[1], picture.shape[0])
        self._whole = picture

    def coarse(self, step: int) -> Luma:
        """Of green, which is most of the brightness."""
        return cells(self._whole[..., 1], step)

    def picture(self) -> Picture:
        return self._whole


class BoardCamera:
    """Camera `number` of this board."""

    def __init__(self, number: int, size: tuple[int, int], frames_per_s: int) -> None:
        self.counts: Counter[str] = Counter()
        self._number = number
        self._size = size
        self._frames_per_s = frames_per_s
        self._camera: Any = None

    def open(self) -> None:
        try:
            library = importlib.import_module("picamera2")
        except ImportError as error:
            raise CameraError(
                "picamera2 is not installed: apt install python3-picamera2, in an environment with system packages"
            ) from error
        try:
            there = len(library.Picamera2.global_camera_info())
        except FAILURES as error:
            raise CameraError(f"the cameras of this board cannot be listed: {str(error)[:80]}") from error
        if self._number >= there:
            raise CameraError(f"this board has no camera {self._number}: look at its cable")
        try:
            self._camera = camera = library.Picamera2(self._number)
            camera.configure(
                camera.create_video_configuration(
                    main={"size": self._size, "format": "BGR888"},
                    controls={"FrameRate": float(self._frames_per_s)},
                    buffer_count=BUFFERS,
                )
            )
            camera.start()
        except FAILURES as error:
            self.close()
            raise CameraError(f"camera {self._number} of this board cannot be opened: {str(error)[:80]}") from error

    def next(self) -> PictureFrame | None:
        """Copied: the camera needs its buffers back."""
        try:
            request = self._camera.capture_request(wait=False).get_result(timeout=NEXT_S_MAX)
        except TimeoutError as error:
            raise CameraError(f"camera {self._number} of this board gives no picture: look at its cable") from error
        except FAILURES as error:
            raise CameraError(f"camera {self._number} of this board: {str(error)[:80]}") from error
        if request is None:
            raise CameraError(f"camera {self._number} of this board has stopped: look at its cable")
        at_ns = now_ns()
        try:
            picture = np.array(request.make_array("main"), dtype=np.uint8)
        except (*FAILURES, ValueError) as error:
            raise CameraError(f"camera {self._number} of this board: {str(error)[:80]}") from error
        finally:
            request.release()
        return PictureFrame(np.ascontiguousarray(picture[..., :3]), at_ns)

    def close(self) -> None:
        camera, self._camera = self._camera, None
        if camera is None:
            return
        for step in (camera.stop, camera.close):
            try:
                step()
            except FAILURES:
                self.counts["not_closed"] += 1
