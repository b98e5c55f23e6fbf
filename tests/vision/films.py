"""Small recordings, made for a test: of any size and rhythm, and spoilt ones."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np

from firmware.vision.clock import rest


def film(path: Path, pictures: Iterable[np.ndarray], rate: int = 25, codec: str = "mpeg4") -> Path:
    """Write pictures u8[h, w, 3] as a film."""
    with av.open(str(path), "w") as container:
        stream = None
        for picture in pictures:
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width = picture.shape[:2]
                stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        assert stream is not None
        for packet in stream.encode():
            container.mux(packet)
    return path


def moving(count: int, width: int = 320, height: int = 180) -> Iterable[np.ndarray]:
    """A bright square that goes to the right."""
    for number in range(count):
        picture = np.full((height, width, 3), 90, np.uint8)
        left = number * 6 % (width - 40)
        picture[60:100, left : left + 40] = 220
        yield picture


def still(count: int, shade: int = 90, width: int = 320, height: int = 180) -> Iterable[np.ndarray]:
    for _ in range(count):
        yield np.full((height, width, 3), shade, np.uint8)


def push(address: str, count: int, tries: int = 50) -> None:
    """Send so many pictures to an RTSP address, at 25 a second; tried again until somebody listens."""
    for left in reversed(range(tries)):
        try:
            with av.open(address, "w", format="rtsp", options={"rtsp_transport": "tcp"}) as container:
                stream = container.add_stream("mpeg4", rate=25)
                stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
                for picture in moving(count):
                    for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                        container.mux(packet)
                    rest(0.04)
        except av.error.FFmpegError:
            if not left:
                raise
            rest(0.1)
        else:
            return


if __name__ == "__main__":
    push(sys.argv[1], int(sys.argv[2]))
