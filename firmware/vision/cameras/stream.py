"""A camera over RTSP, or a recording in a file, through PyAV. Every wait has a limit.

A recording plays at its own speed, and begins again at its end. Frames are stamped when they come: the stream's own
times may jump, and are counted when they do.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from firmware.vision.cameras.camera import NEXT_S_MAX, OPEN_S_MAX, SIDE_PX_MAX, SIDE_PX_MIN
from firmware.vision.cameras.coarse import cells
from firmware.vision.clock import now_ns, rest
from firmware.vision.errors import CameraError
from firmware.vision.frames import Luma, Picture

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

CORRUPT_MAX = 50  # packets in a row that are no picture; then it is none of this codec, or broken
JUMP_S = 2.0  # by which the stream's own time may differ from ours between two frames
PLANAR = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray", "gray8"))
NS = 1_000_000_000
PIXELS_MAX = SIDE_PX_MAX * SIDE_PX_MAX
PROBE_BYTES = 1 << 20
# A camera on a local network: TCP loses no packets, and no buffer grows old.
OPTIONS = {
    "rtsp_transport": "tcp",
    "fflags": "nobuffer",
    "flags": "low_delay",
    "probesize": str(PROBE_BYTES),
    "analyzeduration": "1000000",
}
PROTOCOLS = "rtsp,rtsps,tcp,tls,rtp,udp,crypto"  # a stream that names a file or another page is not followed


class StreamFrame:
    """A decoded frame; its planes are read where they are. What is no picture raises CameraError."""

    def __init__(self, decoded: VideoFrame, at_ns: int, shown: str) -> None:
        self.at_ns = at_ns
        self.size = (decoded.width, decoded.height)
        self._decoded = decoded
        self._shown = shown

    def coarse(self, step: int) -> Luma:
        width, height = self.size
        if self._decoded.format.name in PLANAR:
            plane = self._decoded.planes[0]
            bright = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:height, :width]  # type: ignore[call-overload]
        else:
            bright = self.picture()[..., 1]
        return cells(bright, step)

    def picture(self) -> Picture:
        try:
            return np.ascontiguousarray(self._decoded.to_ndarray(format="rgb24"))
        except _failures() as error:
            raise CameraError(f"{self._shown}: {_said(error)}") from error


class StreamCamera:
    """`source`: an address, or the path of a recording. `paced`: it plays at its own speed, over and over."""

    def __init__(
        self,
        source: str,
        *,
        paced: bool,
        shown: str = "",
        threads: int = 1,
        open_s_max: float = OPEN_S_MAX,
        next_s_max: float = NEXT_S_MAX,
        options: Mapping[str, str] | None = None,
    ) -> None:
        """`shown` is the source as it may be told to people; `options`: further ones of the library."""
        self._options = dict(options or {})
        self.counts: Counter[str] = Counter()
        self._source = source
        self._shown = shown or source
        self._paced = paced
        self._threads = threads
        self._limits_s = (open_s_max, next_s_max)
        self._container: InputContainer | None = None
        self._frames: Iterator[VideoFrame | None] = iter(())
        self._size = (0, 0)
        self._then: tuple[float, int] | None = None  # the stream's time in s and ours in ns, of the frame before
        self._began: tuple[float, int] | None = None  # of a recording, the first one
        self._any = False

    def open(self) -> None:
        import av  # here: a site without streams does not need it

        av.logging.set_level(None)  # what it finds wrong is counted, not printed
        options = dict(OPTIONS) if not self._paced else {"probesize": str(PROBE_BYTES)}
        options |= {"protocol_whitelist": "file" if self._paced else PROTOCOLS, **self._options}
        if self._paced and not Path(self._source).is_file():
            raise CameraError(f"{self._shown}: there is no such recording")
        try:
            container = av.open(self._source, options=options, timeout=self._limits_s)
        except _failures() as error:
            raise CameraError(f"{self._shown}: {_said(error)}") from error
        self._container = container
        if not container.streams.video:
            raise CameraError(f"{self._shown} has no picture")
        stream = container.streams.video[0]
        if stream.codec_context is None:
            raise CameraError(f"{self._shown}: its pictures are coded in a way that is not known here")
        # Known before the first picture, mostly: one that is too large is never decoded. One that is announced later
        # is refused by the decoder, and counts as damaged.
        self._demand_size(stream.codec_context.width, stream.codec_context.height, unknown=(0, 0))
        stream.codec_context.options = {"max_pixels": str(PIXELS_MAX)}
        stream.codec_context.thread_count = self._threads
        self._then = self._began = None
        self._any = False
        self._frames = self._decode(container, stream)

    def next(self) -> StreamFrame | None:
        try:
            decoded = next(self._frames)
        except StopIteration:
            raise CameraError(f"{self._shown}: the stream has ended") from None
        except _failures() as error:
            raise CameraError(f"{self._shown}: {_said(error)}") from error
        if decoded is None:
            return None
        width, height = decoded.width, decoded.height
        self._demand_size(width, height)
        if self._size not in ((0, 0), (width, height)):
            self.counts["resized"] += 1
        self._size = (width, height)
        self._any = True
        return StreamFrame(decoded, self._stamp(decoded), self._shown)

    def _demand_size(self, width: int, height: int, unknown: tuple[int, int] | None = None) -> None:
        """Raises CameraError for a picture that is too small or too large."""
        if (width, height) != unknown and (min(width, height) < SIDE_PX_MIN or max(width, height) > SIDE_PX_MAX):
            allowed = f"{SIDE_PX_MIN} to {SIDE_PX_MAX} pixels a side are allowed"
            raise CameraError(f"{self._shown}: pictures of {width} x {height} are not taken; {allowed}")

    def close(self) -> None:
        container, self._container = self._container, None
        self._frames = iter(())
        if container is not None:
            container.close()

    def _decode(self, container: InputContainer, stream: Any) -> Iterator[VideoFrame | None]:
        """Frames; None for a packet that is no picture. A recording begins again."""
        corrupt = 0
        while True:
            for packet in container.demux(stream):
                try:
                    decoded = packet.decode()
                except _failures() as error:
                    corrupt += 1
                    self.counts["corrupt"] += 1
                    if corrupt >= CORRUPT_MAX:
                        raise CameraError(f"{self._shown}: {corrupt} broken frames in a row") from error
                    yield None
                    continue
                for frame in decoded:
                    corrupt = 0
                    yield frame
            if not self._paced:
                return
            if not self._any:
                raise CameraError(f"{self._shown}: there is not one whole picture in it")
            container.seek(0)
            self._began = self._then = None

    def _stamp(self, decoded: VideoFrame) -> int:
        """When it came; a recording waits for its own time."""
        at_ns = now_ns()
        if decoded.pts is None:
            return at_ns
        time_s = decoded.time
        if time_s is None or not math.isfinite(time_s):
            return at_ns
        then = self._then
        if then is not None:
            passed_s = time_s - then[0]
            if passed_s < 0 or (not self._paced and abs(passed_s - (at_ns - then[1]) / NS) > JUMP_S):
                self.counts["jumps"] += 1
                self._began = None
            elif self._paced and passed_s > JUMP_S:
                self.counts["jumps"] += 1
                self._began = None  # a hole in a recording is not waited through
        if self._paced:
            if self._began is None:
                self._began = (time_s, at_ns)
            due_ns = self._began[1] + round((time_s - self._began[0]) * NS)
            if due_ns > at_ns:
                rest(min((due_ns - at_ns) / NS, JUMP_S))
                at_ns = now_ns()
        self._then = (time_s, at_ns)
        return at_ns


def _failures() -> tuple[type[Exception], ...]:
    """What PyAV raises: the library's errors by their kind, of which some are arithmetic ones."""
    from av.error import FFmpegError

    return FFmpegError, OSError, ValueError, ArithmeticError, MemoryError


def _said(error: BaseException) -> str:
    """What a library says of an error, without the address: that may hold a password."""
    text = getattr(error, "strerror", None) or type(error).__name__
    return str(text)[:80]
