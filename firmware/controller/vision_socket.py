"""The controller's end of the vision process's socket: orders out, states and sightings in.

One vision process at a time. Whoever takes it over can say that it sees plates, no faster than SIGHTINGS_PER_S; what is
no message of the role ends the connection. A sighting proves nothing by itself: intake looks it up, the core wants a
vehicle on the loop.
"""

from __future__ import annotations

import asyncio
import socket

from drivers.sights import Comparison, Order, Progress, Shown, Sight, Sights, Taken, Taking
from firmware.controller.role_socket import READ_BYTES, UNSENT_BYTES_MAX, Allowance
from firmware.local_socket import own_users, user_of
from firmware.messages import FrameError, FrameReader, pack
from firmware.sightings import (
    CAMERAS_MAX,
    FACES_PER_FRAME,
    AnyFromVision,
    CameraOrder,
    CameraState,
    Compare,
    End,
    FaceRows,
    FaceStep,
    FaceTaken,
    Forget,
    Look,
    Show,
    Sighting,
    Take,
)

SIGHTINGS_PER_S = 20.0  # of all cameras together: a lane has one vehicle at a time, and tells of it once a second
SIGHTINGS_BURST = 40
STATES_PER_S = 4.0 * CAMERAS_MAX
STATES_BURST = 8 * CAMERAS_MAX
SILENT_S = 5.0  # after that its place is free for another one


class VisionSocket:
    """Serves the role. Counters say what was refused, and why."""

    def __init__(self, site: str, sights: Sights, user_ids: frozenset[int] | None = None) -> None:
        """`user_ids`: whose process may connect; None: our own user's and root's."""
        self._site = site
        self._sights = sights
        self._user_ids = own_users() if user_ids is None else user_ids
        self._server: asyncio.Server | None = None
        self._client: tuple[asyncio.Task[None], asyncio.StreamWriter] | None = None
        self._heard_s = 0.0
        self.refused_peers = 0
        self.refused_frames = 0
        self.refused_sightings = 0
        self.refused_cameras = 0

    @property
    def connected(self) -> bool:
        return self._client is not None

    def end(self) -> bool:
        """Have the vision process end itself; whether there is one."""
        if self._client is None:
            return False
        self._client[1].write(pack(End()))
        return True

    async def start(self, listening: socket.socket) -> None:
        self._server = await asyncio.start_unix_server(self._serve, sock=listening)
        self._sights.on_orders = self._order
        self._sights.on_compare = self._compare
        self._sights.on_show = self._show
        self._sights.on_take = self._take

    async def stop(self) -> None:
        self._sights.on_orders = lambda: None
        self._sights.on_compare = lambda _camera, _comparison: None
        self._sights.on_show = lambda _ticket, _shown: None
        self._sights.on_take = lambda _camera, _taking: None
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            task, writer = self._client
            writer.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        now_s = asyncio.get_running_loop().time()
        if user_of(writer) not in self._user_ids or (self._client is not None and now_s - self._heard_s < SILENT_S):
            self.refused_peers += 1
            writer.close()
            return
        if self._client is not None:
            self._client[1].transport.abort()  # it hangs: another one has been started in its place
        self._client = (task, writer)
        self._heard_s = now_s
        why = "the vision process has ended"
        try:
            self._order()
            for camera, comparison in self._sights.comparisons.items():
                self._compare(camera, comparison)
            for ticket, shown in self._sights.shown.items():
                self._show(ticket, shown)
            await self._read(reader)
        except FrameError as error:
            self.refused_frames += 1
            why = f"the vision process said what it never should: {error}"
        except (ConnectionError, asyncio.CancelledError):
            return  # it went, or we stop
        finally:
            writer.close()
            if self._client == (task, writer):
                self._client = None
                self._sights.gone(why)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader(AnyFromVision)
        sightings = Allowance(SIGHTINGS_PER_S, SIGHTINGS_BURST)
        states = Allowance(STATES_PER_S, STATES_BURST)
        now_s = asyncio.get_running_loop().time
        while received := await reader.read(READ_BYTES):
            for message in frames.feed(received):
                self._heard_s = now_s()
                if isinstance(message, CameraState):
                    if not states.take(self._heard_s):
                        raise FrameError("more states than cameras")
                    known = self._sights.state(message.camera, message.why, message.counters, message.failed)
                elif isinstance(message, Sighting):
                    if not sightings.take(self._heard_s):
                        self.refused_sightings += 1
                        continue
                    known = self._sights.seen(message.camera, _sight(message))
                elif isinstance(message, FaceStep):
                    if not states.take(self._heard_s):
                        raise FrameError("more steps than anybody could do")
                    known = message.camera in self._sights.comparisons
                    if known:
                        how_far = Progress(message.ask, message.step, message.over, message.why)
                        self._sights.on_progress(message.camera, how_far)
                elif isinstance(message, FaceTaken):
                    if not states.take(self._heard_s):
                        raise FrameError("more of an enrolment than anybody could do")
                    known = message.camera in self._sights.takings
                    if known:
                        self._sights.on_taken(message.camera, _taken(message))
                else:
                    raise FrameError(f"{type(message).__name__} is nothing that it says")
                self.refused_cameras += not known

    def _order(self) -> None:
        """Say through which cameras to look. Whoever reads nothing is let go."""
        if self._client is None:
            return
        writer = self._client[1]
        if writer.is_closing():
            return
        if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
            writer.transport.abort()
            return
        writer.write(pack(Look(self._site, tuple(map(_order, self._sights.orders[:CAMERAS_MAX])))))

    def _compare(self, camera: str, comparison: Comparison | None) -> None:
        """Ask whose face is before a camera, or say that nobody asks any more."""
        if self._client is None or self._client[1].is_closing():
            return
        writer = self._client[1]
        if comparison is None:
            writer.write(pack(Forget(camera)))
            return
        rows = [FaceRows(face, values) for face, values in comparison.faces]
        starts = range(0, max(1, len(rows)), FACES_PER_FRAME)
        for start in starts:
            part, more = tuple(rows[start : start + FACES_PER_FRAME]), start != starts[-1]
            said = Compare(camera, comparison.ask, part, comparison.steps, comparison.until_ns, more)
            writer.write(pack(said))

    def _take(self, camera: str, taking: Taking | None) -> None:
        """Say that somebody is to be enrolled before a camera, or that nobody is any more."""
        if self._client is not None and not self._client[1].is_closing():
            said = Take(camera, "nobody", 0) if taking is None else Take(camera, taking.ask, taking.until_ns)
            self._client[1].write(pack(said))

    def _show(self, ticket: str, shown: Shown | None) -> None:
        """Say whose ticket is worth pictures, and for how long; or that it is worth nothing any more."""
        if self._client is None or self._client[1].is_closing():
            return
        cameras, until_ns = ((), 0) if shown is None else shown
        self._client[1].write(pack(Show(ticket, cameras, until_ns)))


def _order(order: Order) -> CameraOrder:
    return CameraOrder(**order._asdict())


def _taken(said: FaceTaken) -> Taken:
    return Taken(
        said.ask,
        said.taken,
        said.least,
        said.step,
        said.why,
        said.over,
        said.embedder,
        said.templates,
        said.turns,
    )


def _sight(said: Sighting) -> Sight:
    return Sight(
        said.kind,
        said.text,
        said.found,
        said.read,
        said.reads,
        said.at_ns,
        said.direction,
        said.box,
        said.evidence,
        said.track,
    )
