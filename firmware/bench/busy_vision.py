"""A vision process that never rests, beside a measurement: a film whose every frame moves, thirty a second.

Its worker runs the real models where they are, and else as much arithmetic as they would be on a slow board. Run as
`python -m firmware.bench.busy_vision SOCKET` it is that process, with more words its worker.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from firmware.bench.child import bound
from firmware.bench.clock import now_ns
from firmware.local_socket import listening_socket
from firmware.messages import FrameError, FrameReader, pack
from firmware.sightings import AnyFromVision, CameraOrder, CameraState, Look
from firmware.vision.__main__ import follower, run
from firmware.vision.frames import Picture
from firmware.vision.recogniser import build
from firmware.vision.work import Detection
from firmware.vision.worker import Built, serve

FILM_FRAMES = 60
SIZE = (1280, 720)
BUSY_NS = 60_000_000  # the limit of the whole pipeline for one frame
READY_S_MAX = 60.0


class Watched:
    """What the controller would be: gives the order, and reads what is said."""

    def __init__(self, path: Path, film: Path, frames_per_s: int) -> None:
        self.counters: dict[str, int] = {}
        self.sees = threading.Event()
        self._listening = listening_socket(path)
        self._listening.setblocking(True)
        self._film, self._frames_per_s = film, frames_per_s
        self._thread = threading.Thread(target=self._serve, name="watched", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError, FrameError):  # it is closed at the end, or the process was killed
            client, _ = self._listening.accept()
            order = CameraOrder("busy", f"file:{self._film}", self._frames_per_s, SIZE, (), (), ("plate", "object"), 2)
            client.sendall(pack(Look("bench", (order,))))
            frames = FrameReader(AnyFromVision)
            while received := client.recv(1 << 16):
                for message in frames.feed(received):
                    if isinstance(message, CameraState) and not message.why:
                        self.counters = message.counters
                        self.sees.set()

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()


def film(path: Path, step_px: int = 8, rate: int = 30, codec: str = "mpeg4") -> None:
    """Blocks of all shades that move by so many pixels a frame (0: they stand), with a sensor's noise."""
    import av
    from av.video.stream import VideoStream

    chance = np.random.default_rng(3)
    coarse = chance.integers(0, 255, (SIZE[1] // 8, SIZE[0] // 8 + step_px * FILM_FRAMES // 8, 3), dtype=np.uint8)
    ground = coarse.repeat(8, axis=0).repeat(8, axis=1).astype(np.float32)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, VideoStream), "codecs of pictures only"
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for number in range(FILM_FRAMES):
            seen = ground[:, step_px * number : step_px * number + SIZE[0]]
            picture = (seen + chance.normal(0, 2, seen.shape)).clip(0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


@contextmanager
def busy_vision(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Watched]]:
    """The process at full load, and what is heard of it."""
    film(folder / "busy.mp4")
    with vision(folder, folder / "busy.mp4", 30) as both:
        yield both


@contextmanager
def vision(folder: Path, film: Path, frames_per_s: int) -> Iterator[tuple[subprocess.Popen[bytes], Watched]]:
    """A vision process that looks at a film."""
    watched = Watched(folder / "vision.sock", film, frames_per_s)
    process = subprocess.Popen(
        bound(sys.executable, "-m", "firmware.bench.busy_vision", folder / "vision.sock"),
        start_new_session=True,  # a Ctrl-C is for the bench, which ends it
        stdout=subprocess.DEVNULL,
    )
    try:
        if not watched.sees.wait(READY_S_MAX):
            raise RuntimeError(f"the vision process does not see after {READY_S_MAX:g} s")
        yield process, watched
    finally:
        process.kill()  # its worker ends with it
        process.wait()
        watched.close()


def busy() -> Built:
    """The models, or as much work."""
    built = build()
    if not built.unable:
        return built
    matrix = np.random.default_rng(1).normal(0, 1, (256, 256)).astype(np.float32)

    def work(_picture: Picture, _at_ns: int, _wanted: Sequence[str]) -> list[Detection]:
        end_ns = now_ns() + BUSY_NS
        while now_ns() < end_ns:
            matrix @ matrix
        return []

    return Built(work)


def main(argv: Sequence[str]) -> int:
    if len(argv) > 1:
        return serve(argv, busy)
    return run(Path(argv[0]), None, None, follower, (sys.executable, "-m", "firmware.bench.busy_vision"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
