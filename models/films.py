"""A film's pictures one after the other, u8[h, w, 3] RGB, upright. The named file is read, and no other.

Bounded: how many pictures are given, how large they are, and how much is read without one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from models.pictures import FORMATS, PictureError, opened
from models.warp import Picture

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

# Containers of cameras and telephones. Lists of other files (concat, HLS, DASH) are none of them.
CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,h264,hevc,av1,ivf,flv,mjpeg,asf,ogg"
SIDE_PX_MAX = 4_096  # a decoder keeps up to 17 pictures: 430 MB of them
WITHOUT_MAX = 2_000  # packets in a row that are no picture: it gives none any more
RATE_ELSE = 25.0  # pictures a second of a film that has no times
QUARTER = 90


class Still(NamedTuple):
    """One picture of a film. `number` counts all of them from 0; `at_s`: by the film's own times, which may jump."""

    number: int
    at_s: float
    picture: Picture


class Film:
    """Look through a film once. `passed`: pictures so far; `broken`: packets that were none; `cut`: there were more."""

    def __init__(self, path: Path, every: int = 1, most: int = 1_000) -> None:
        """Every so-manieth picture, and no more than `most` of them."""
        assert every >= 1
        assert most >= 1
        self.passed = 0
        self.broken = 0
        self.cut = False
        self.resized = 0
        self._path = path
        self._every = every
        self._most = most

    def stills(self) -> Iterator[Still]:
        """Raises PictureError: at once where it is no film, later where it is damaged further on."""
        with opened(self._path) as file, closing(_container(file)) as container:
            stream = container.streams.video[0]
            _check_side(stream.codec_context.width, stream.codec_context.height)
            stream.codec_context.thread_count = 1
            rate = float(stream.average_rate or RATE_ELSE)
            size, given = (0, 0), 0
            for frame in self._frames(container, stream):
                number, self.passed = self.passed, self.passed + 1
                _check_side(frame.width, frame.height)
                if size not in ((0, 0), (frame.width, frame.height)):
                    self.resized += 1
                size = (frame.width, frame.height)
                if number % self._every:
                    continue
                if given == self._most:
                    self.cut = True
                    return
                given += 1
                at_s = number / rate if frame.pts is None else float(frame.time)
                yield Still(number, at_s, _picture(frame))
            if not self.passed:
                raise PictureError("no_pictures")

    def _frames(self, container: InputContainer, stream: Any) -> Iterator[VideoFrame]:
        without = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except (OSError, ValueError, MemoryError) as error:  # av's errors are kinds of these
                raise PictureError("broken", why=_said(error)) from error
            if packet is None:
                return
            try:
                frames = packet.decode()
            except (OSError, ValueError, MemoryError) as error:
                frames = []
                self.broken += 1
                if isinstance(error, MemoryError):
                    raise PictureError("broken", why=_said(error)) from error
            without = 0 if frames else without + 1
            if without > WITHOUT_MAX:
                raise PictureError("stalled")
            yield from frames


def _container(file: BinaryIO) -> InputContainer:
    import av  # here: a picture needs it not

    av.logging.set_level(None)  # what it finds wrong is counted, not printed
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "none"}
    try:
        container = av.open(file, "r", options=options)
    except (OSError, ValueError) as error:
        raise PictureError("unknown", pictures=", ".join(FORMATS)) from error
    if not container.streams.video:
        container.close()
        raise PictureError("no_pictures")
    return container


def _check_side(width: int, height: int) -> None:
    """0: it is not known before the first picture."""
    if max(width, height) > SIDE_PX_MAX:
        most = SIDE_PX_MAX * SIDE_PX_MAX // 1_000_000
        raise PictureError("large", width=width, height=height, most=most, side=SIDE_PX_MAX)


def _picture(frame: VideoFrame) -> Picture:
    """As it should be seen: telephones keep films turned."""
    picture = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(picture, round(frame.rotation / QUARTER)))


def _said(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or type(error).__name__)[:80]
