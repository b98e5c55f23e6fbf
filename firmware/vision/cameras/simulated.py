"""A camera of a rehearsal: it draws what stands in the lane, as the rehearsal tells it over a socket."""

from __future__ import annotations

import socket
from collections import Counter
from pathlib import Path

import msgspec

from firmware.messages import FrameError, FrameReader, pack
from firmware.scene import AnyFromRehearsal, Scene, Unwatched, Watch
from firmware.vision.cameras.board_camera import PictureFrame
from firmware.vision.cameras.camera import NEXT_S_MAX
from firmware.vision.cameras.lane_picture import LanePicture, Paint, painted
from firmware.vision.clock import now_ns, rest
from firmware.vision.errors import CameraError
from firmware.vision.frames import Picture

CONNECT_S_MAX = 3.0
READ_BYTES = 1 << 16
NS = 1_000_000_000
REST_S_MAX = 0.2
CORNER_PX = 32  # more than a cell of the coarse picture; one step of 255 is no motion


class SimulatedCamera:
    """`place`: "BARRIER:in" or "BARRIER:out", as behind "simulated:" in a site file."""

    def __init__(
        self, place: str, scenes: Path | None, size: tuple[int, int], frames_per_s: int, paint: Paint = painted
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._barrier, _, direction = place.partition(":")
        self._scenes = scenes
        self._picture = LanePicture(size, direction, paint)
        self._every_ns = NS // frames_per_s
        self._socket: socket.socket | None = None
        self._frames = FrameReader(AnyFromRehearsal)
        self._scene: Scene | None = None
        self._at_rest: tuple[Scene, Picture] | None = None  # an empty lane, as it was drawn
        self._heard_ns = 0
        self._due_ns = 0

    def open(self) -> None:
        if self._scenes is None:
            raise CameraError("there is no rehearsal here: a simulated camera needs `menshen run --simulated`")
        self._socket = connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(CONNECT_S_MAX)
        try:
            connection.connect(str(self._scenes))
            connection.sendall(pack(Watch(self._barrier)))
        except OSError as error:
            raise CameraError(f"no rehearsal answers: {error.strerror or 'no answer'}") from error
        self._frames = FrameReader(AnyFromRehearsal)
        self._scene = None
        self._heard_ns = self._due_ns = now_ns()

    def next(self) -> PictureFrame | None:
        """At its rhythm. Scenes come while anything moves, and every second."""
        wait_ns = self._due_ns - now_ns()
        if wait_ns > 0:
            rest(min(REST_S_MAX, wait_ns / NS))
        self._listen(block=self._scene is None)
        at_ns = now_ns()
        if at_ns - self._heard_ns > NEXT_S_MAX * NS:
            raise CameraError(f"the rehearsal has said nothing for {NEXT_S_MAX:g} s")
        if self._scene is None or at_ns < self._due_ns:
            return None
        self._due_ns = max(self._due_ns + self._every_ns, at_ns)
        return PictureFrame(self._draw(self._scene, at_ns), at_ns)

    def _draw(self, scene: Scene, at_ns: int) -> Picture:
        """An empty lane is drawn once: ten times a second would take a good part of a core.

        Where somebody stands each picture has its own noise: reads of one picture would agree for nothing.
        """
        if scene.bodies:
            self._at_rest = None
            return self._picture.draw(scene, at_ns)
        same = msgspec.structs.replace(scene, at_ns=0)
        if self._at_rest is None or self._at_rest[0] != same:
            self._at_rest = same, self._picture.draw(scene, at_ns)
        picture = self._at_rest[1].copy()  # whoever gets it may write to it
        # A sensor has noise: a picture that never changes at all is one that is said again and again.
        picture[:CORNER_PX, :CORNER_PX] = picture[:CORNER_PX, :CORNER_PX] // 2 * 2 + at_ns // NS % 2
        return picture

    def close(self) -> None:
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _listen(self, *, block: bool) -> None:
        assert self._socket is not None, "it is opened first"
        self._socket.settimeout(REST_S_MAX if block else 0.0)
        try:
            received = self._socket.recv(READ_BYTES)
            if not received:
                raise CameraError("the rehearsal has ended")
            for message in self._frames.feed(received):
                if isinstance(message, Unwatched):
                    raise CameraError(message.why)
                assert isinstance(message, Scene), "the decoder takes only these"
                self._scene, self._heard_ns = message, now_ns()
        except (BlockingIOError, TimeoutError):
            return
        except (FrameError, OSError) as error:
            raise CameraError(f"the rehearsal's line broke: {error}") from error
