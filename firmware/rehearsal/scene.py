"""Tells simulated cameras what stands in a lane, over a Unix socket of its own (firmware/scene.py)."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

from firmware.messages import FrameError, FrameReader, pack
from firmware.rehearsal.barrier import Barrier
from firmware.rehearsal.errors import FarEndError
from firmware.rehearsal.plants import Plants
from firmware.scene import BODIES_MAX, SCENES_PER_S, Scene, Standing, Unwatched, Watch

CLIENTS_MAX = 8
UNREAD_BYTES_MAX = 1 << 18
AT_LEAST_S = 1.0  # between two scenes of a lane in which nothing moves
READ_BYTES = 4096


class SceneServer:
    """`light`: day, night or rain, of all lanes."""

    def __init__(self, plants: Plants) -> None:
        self.light = "day"
        self._plants = plants
        self._server: asyncio.Server | None = None
        self._path: Path | None = None
        self._watchers: dict[asyncio.StreamWriter, Barrier] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._told_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._unlisten = plants.wires.on_change(self._changed)

    async def serve(self, path: Path) -> None:
        """Listen at a path that only this user can open. Raises FarEndError."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        path.unlink(missing_ok=True)  # noqa: ASYNC240  once, at the start
        mask = os.umask(0o177)
        try:
            listening.bind(str(path))
        except OSError as error:
            listening.close()
            raise FarEndError(f"cannot tell cameras of the lanes on {path}: {error}") from error
        finally:
            os.umask(mask)
        self._path = path
        self._server = await asyncio.start_unix_server(self._client, sock=listening)

    async def close(self) -> None:
        self._unlisten()
        if self._timer is not None:
            self._timer.cancel()
        if self._server is not None:
            self._server.close()
        for task in tuple(self._serving):
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._serving) >= CLIENTS_MAX:
            writer.close()
            return
        self._serving.add(task)
        frames = FrameReader(Watch)
        try:
            while received := await reader.read(READ_BYTES):
                for message in frames.feed(received):
                    assert isinstance(message, Watch), "the decoder takes only these"
                    barrier = self._plants.barriers.get(message.barrier)
                    if barrier is None:
                        writer.write(pack(Unwatched(f"there is no lane {message.barrier} in the rehearsal")))
                        continue
                    self._watchers[writer] = barrier
                    self._tell()
        except (FrameError, ConnectionError, asyncio.CancelledError):
            return  # it went, or said what no camera says, or we stop
        finally:
            self._serving.discard(task)
            self._watchers.pop(writer, None)
            writer.close()

    def _changed(self) -> None:
        """Soon, and no more often than SCENES_PER_S."""
        if not self._watchers:
            return
        loop = asyncio.get_running_loop()
        due_s = self._told_s + 1 / SCENES_PER_S
        if self._timer is not None:
            if self._timer.when() <= max(due_s, loop.time()):
                return
            self._timer.cancel()
        self._timer = loop.call_at(max(due_s, loop.time()), self._tell)

    def _tell(self) -> None:
        """To everybody, and again soon while anything moves."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._told_s = loop.time()
        moves = False
        for writer, barrier in tuple(self._watchers.items()):
            if writer.is_closing() or writer.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
                writer.close()
                del self._watchers[writer]
                continue
            scene = self.scene(barrier)
            moves = moves or any(body.speed_mm_s for body in scene.bodies)
            writer.write(pack(scene))
        if self._watchers:
            self._timer = loop.call_later(1 / SCENES_PER_S if moves else AT_LEAST_S, self._tell)

    def scene(self, barrier: Barrier) -> Scene:
        """The lane of a barrier, now."""
        lane = barrier.lane
        bodies = tuple(
            Standing(
                each.id,
                each.kind,
                each.direction,
                round(lane.front_mm(each)),
                each.length_mm,
                each.what.high_mm,
                round(each.speed_mm_s if each.direction == "in" else -each.speed_mm_s),
                each.plate,
            )
            for each in lane.bodies.values()
        )
        return Scene(
            barrier.layout.id,
            self._plants.wires.now_ns(),
            bodies[:BODIES_MAX],
            barrier.layout.mover,
            1 - min(1.0, max(0.0, barrier.position)),
            self.light,
        )
