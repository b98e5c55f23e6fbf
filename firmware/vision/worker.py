"""The worker: a process of its own that runs the models, because a runtime may crash on what it is given.

It opens no camera, no network and no file but the models'. It gives way to everybody else on the board.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from firmware.messages import FrameReader, pack
from firmware.vision.clock import now_ns
from firmware.vision.frames import Picture
from firmware.vision.priority import give_way
from firmware.vision.work import DETECTIONS_MAX, SHARED_BYTES, WHY_CHARACTERS_MAX, Detection, Done, Job, Ready

READ_BYTES = 1 << 16
HUNG_S = 15  # of one picture; crew.py gives up after a third of it

# What looks at one picture: (u8[h, w, 3] RGB, when it was taken, what is wanted) -> what is in it.
Recognise = Callable[[Picture, int, Sequence[str]], Sequence[Detection]]


class Built(NamedTuple):
    """What a worker begins with. `unable`: of its stages those that `recognise` cannot do, and what to do."""

    recognise: Recognise
    unable: Mapping[str, str] = {}


def serve(descriptors: Sequence[str], build: Callable[[], Built], *, gives_way: bool = True) -> int:
    """Work until the other end is gone: (socket, shared memory) by their numbers. The exit status."""
    talking = socket.socket(fileno=int(descriptors[0]))
    shared = mmap.mmap(int(descriptors[1]), SHARED_BYTES, access=mmap.ACCESS_READ)
    if gives_way:
        give_way()
    with contextlib.suppress(ConnectionError):  # whoever asked has died, and nobody waits for an answer any more
        recognise, unable = build()
        talking.sendall(pack(Ready({stage: why[:WHY_CHARACTERS_MAX] for stage, why in unable.items()})))
        _work(talking, shared, recognise)
    return 0


def _work(talking: socket.socket, shared: mmap.mmap, recognise: Recognise) -> None:
    frames = FrameReader(Job)
    while received := talking.recv(READ_BYTES):
        for job in frames.feed(received):
            assert isinstance(job, Job), "the decoder takes only these"
            began_ns = now_ns()
            signal.alarm(HUNG_S)  # ends this process even where a runtime hangs and nobody is there to end it
            # Copied: the next frame is written while this one may still be looked at by a runtime's own thread.
            flat = np.frombuffer(shared, np.uint8, job.width * job.height * 3)
            picture = flat.reshape(job.height, job.width, 3).copy()
            found = tuple(recognise(picture, job.at_ns, job.wanted))[:DETECTIONS_MAX]
            signal.alarm(0)
            talking.sendall(pack(Done(job.number, found, (now_ns() - began_ns) // 1000)))


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m firmware.vision.worker SOCKET SHARED STAGE...`, as crew.py starts it."""
    from firmware.vision.recogniser import build

    arguments = sys.argv[1:] if argv is None else argv
    os.umask(0o077)
    return serve(arguments, lambda: build(arguments[2:]))


if __name__ == "__main__":
    sys.exit(main())
