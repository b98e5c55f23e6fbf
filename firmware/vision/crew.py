"""Keeps the worker: starts it, hands it one picture at a time, and starts another one when it dies or hangs."""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence

from firmware.messages import FrameError, FrameReader, pack
from firmware.vision.errors import WorkerError
from firmware.vision.frames import Frame
from firmware.vision.work import SHARED_BYTES, AnyFromWorker, Done, Job, Ready

WORKER = (sys.executable, "-m", "firmware.vision.worker")
START_S_MAX = 20.0  # models are loaded from an SD card within that
JOB_S_MAX = 5.0  # of one picture; ten times what the slowest board needs
END_S_MAX = 5.0  # from its last word to its end
READ_BYTES = 1 << 18


class Worker:
    """One worker process, from its start to its end."""

    def __init__(self, command: Sequence[str], stages: Sequence[str]) -> None:
        """`stages`: of work.STAGES those whose models it loads."""
        self._shared_fd = os.memfd_create("frame", os.MFD_CLOEXEC)
        os.ftruncate(self._shared_fd, SHARED_BYTES)
        self._shared = mmap.mmap(self._shared_fd, SHARED_BYTES)
        self._ours, theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._frames = FrameReader(AnyFromWorker)
        self._number = 0
        try:
            self.process = subprocess.Popen(
                [*command, str(theirs.fileno()), str(self._shared_fd), *stages],
                pass_fds=(theirs.fileno(), self._shared_fd),
                stdin=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C in a terminal is for who started it, which ends it
            )
        except OSError as error:
            self._release()
            raise WorkerError(f"the recognition worker cannot be started: {error.strerror}") from error
        finally:
            theirs.close()

    async def ready(self) -> Mapping[str, str]:
        """Wait until it has loaded its models. The stages that it cannot do, and what to do. Raises WorkerError."""
        said = await self._answer(START_S_MAX)
        if not isinstance(said, Ready):
            raise WorkerError("the recognition worker began with an answer to nothing")
        return said.unable

    async def look(self, camera: str, frame: Frame, wanted: Sequence[str]) -> Done:
        """What is in the frame. Raises WorkerError, and is of no use after that."""
        picture = frame.picture()
        height, width = picture.shape[:2]
        flat = picture.reshape(-1)
        self._shared[: flat.size] = flat.data
        self._number += 1
        job = Job(self._number, camera, frame.at_ns, width, height, tuple(wanted))
        try:
            await asyncio.get_running_loop().sock_sendall(self._ours, pack(job))
        except OSError as error:
            raise WorkerError(await self._died()) from error
        said = await self._answer(JOB_S_MAX)
        if not isinstance(said, Done) or said.number != self._number:
            raise WorkerError("the recognition worker answered something else than it was asked")
        return said

    async def end(self) -> None:
        """At once; it has nothing that must be saved. Idempotent."""
        if self.process.poll() is None:
            self.process.kill()
        await asyncio.to_thread(self.process.wait)
        self._release()

    def _release(self) -> None:
        self._ours.close()
        with contextlib.suppress(BufferError, ValueError):  # somebody still looks at the memory: it goes with that
            self._shared.close()
        if self._shared_fd >= 0:
            os.close(self._shared_fd)
            self._shared_fd = -1

    async def _answer(self, limit_s: float) -> Ready | Done:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    received = await loop.sock_recv(self._ours, READ_BYTES)
                    if not received:
                        raise WorkerError(await self._died())
                    for message in self._frames.feed(received):
                        assert isinstance(message, Ready | Done), "the decoder takes only these"
                        return message
        except TimeoutError:
            raise WorkerError(f"the recognition worker has not answered for {limit_s:g} s and is ended") from None
        except FrameError as error:
            raise WorkerError("the recognition worker answered what is no answer") from error
        except OSError as error:
            raise WorkerError(await self._died()) from error

    async def _died(self) -> str:
        try:
            status = await asyncio.to_thread(self.process.wait, END_S_MAX)
        except subprocess.TimeoutExpired:
            return "the recognition worker has hung up"
        if status < 0:
            return f"the recognition worker has died of {signal.Signals(-status).name}"
        return f"the recognition worker has ended with status {status}"


async def unable_now(command: Sequence[str], stages: Sequence[str]) -> Mapping[str, str]:
    """Of these stages those that cannot be done now, as a worker says that is started for this only.

    Raises WorkerError.
    """
    worker = Worker(command, stages)
    try:
        return await worker.ready()
    finally:
        await worker.end()
