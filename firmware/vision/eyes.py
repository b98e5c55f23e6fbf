"""The vision process put together: cameras' threads, the worker, who follows things, and the link to the controller.

One frame at a time goes to the worker, each camera in its turn. While there is no worker no camera sees, and the
controller is told so; it works on without. Where models of one stage are missing, those cameras do not see that need
them, and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from firmware.sightings import (
    COUNTERS_MAX,
    STATE_S,
    WHY_CHARACTERS_MAX,
    AnyToVision,
    CameraState,
    Compare,
    End,
    Forget,
    Look,
    Show,
    Sighting,
    Take,
)
from firmware.vision.clock import now_ns
from firmware.vision.crew import WORKER, Worker, unable_now
from firmware.vision.errors import VisionError, WorkerError
from firmware.vision.evidence import Evidence
from firmware.vision.face_watch import FACE, FaceWatch
from firmware.vision.following import Follower, MakeFollower, Voted
from firmware.vision.frames import Frame
from firmware.vision.link import Link
from firmware.vision.masks import Polygon, encloses
from firmware.vision.pictures import Door, Pictures
from firmware.vision.watch import OPENING, MakeCamera, Watch
from firmware.vision.work import FACES, VEHICLE, Detection, Done
from models.manifest import manifest

BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)  # of a worker that dies
UNABLE_S = 20.0  # between two looks for models that were missing: each costs a second of a small board
STEADY_NS = 60_000_000_000  # a worker that lived so long has not died of its start
TELL_NS = 400_000_000  # between two sightings of the same thing with the same text
TOLD_MAX = 64
KEEPING_MAX = 4  # frames that are being written: a stalled card holds no more of them
PRUNE_S = 60.0
JOIN_S_MAX = 12.0  # for cameras to end: what they wait for at most, and a little
MS = 1_000_000
STARTING = "the recognition worker is being started"
BEGINNINGS = ("", STARTING, OPENING)  # everything else that is said of a camera is a failure


class Eye:
    """One camera with what belongs to it."""

    def __init__(self, watch: Watch, follower: Follower) -> None:
        self.watch = watch
        self.follower = follower
        self.faces = FaceWatch(watch.order.camera)
        self.counts: Counter[str] = Counter()
        self.evidence: dict[int, str] = {}  # by track
        self.told_ns: dict[tuple[int, str], int] = {}
        self.said = "never"
        self.said_ns = 0
        self.printed = "never"

    @property
    def wanted(self) -> tuple[str, ...]:
        """What is to be looked for in its pictures, beside faces that somebody asks for."""
        order = self.watch.order
        return (*order.wanted, VEHICLE) if order.vehicles and "plate" in order.wanted else order.wanted

    @property
    def stages(self) -> set[str]:
        """Of work.STAGES what that takes."""
        wanted = self.wanted
        plates = {"plates"} if "plate" in wanted else set[str]()
        faces = {FACES} if FACE in wanted else set[str]()
        return plates | faces | ({"vehicles"} if VEHICLE in wanted or "object" in wanted else set[str]())

    def lacks(self, unable: Mapping[str, str]) -> str:
        """Why it cannot be looked through, of what the worker cannot do; empty: it can.

        Faces beside something else are no reason: that goes on, and who asks for a face is told.
        """
        needed = self.stages - {FACES} or self.stages
        return next((unable[each] for each in sorted(needed) if each in unable), "")


class Eyes:
    """`hung` is set when a camera's library does not come back: then only the end of the process helps."""

    def __init__(
        self,
        path: Path,
        make_camera: MakeCamera,
        make_follower: MakeFollower,
        evidence: Evidence,
        worker: Sequence[str] = WORKER,
        say: Callable[[str, str], None] = lambda _camera, _why: None,
        door: Door | None = None,
    ) -> None:
        """`say`: a camera sees from now on (empty), or why not; for whoever reads what this process prints.

        `door`: where pictures are asked for.
        """
        self.hung: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.link = Link(path, self._said)
        self.pictures = Pictures(self._watch_of, door)
        self.link.on_lost = self.pictures.forget
        self._make_camera = make_camera
        self._make_follower = make_follower
        self._evidence = evidence
        self._command = worker
        self._say_state = say
        self._eyes: dict[str, Eye] = {}
        self._ending: list[Watch] = []
        self._why = STARTING
        self._unable: Mapping[str, str] = {}  # stages that the worker cannot do
        self._anew = False  # the next worker can do more
        self._worker_starts = 0
        self._frames = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._turn = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._keeping: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled, or a camera hangs. Raises VisionError then."""
        parts: tuple[Coroutine[Any, Any, None], ...] = (
            self.link.run(),
            self._work(),
            self._look_for_models(),
            self._tell_states(),
            self._prune(),
        )
        self._tasks = [self._loop.create_task(part) for part in parts]
        showing = self._loop.create_task(self.pictures.run())
        waiting: list[asyncio.Future[Any]] = [*self._tasks, self.hung]
        try:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if self.hung in done:
                raise VisionError(self.hung.result())
            for part in done:
                part.result()  # raises what ended it
        finally:
            for task in (*self._tasks, showing):
                task.cancel()
            await asyncio.gather(*self._tasks, showing, *self._keeping, return_exceptions=True)
            await self._close()

    async def _close(self) -> None:
        watches = [*(eye.watch for eye in self._eyes.values()), *self._ending]
        for watch in watches:
            watch.stop()
        if not self.hung.done():
            await asyncio.gather(*(asyncio.to_thread(watch.join, JOIN_S_MAX) for watch in watches))

    # --- cameras ---

    def _said(self, said: AnyToVision) -> None:
        """What the controller wants: cameras to look through, or whose face is before one."""
        if isinstance(said, Look):
            self._look(said)
            return
        if isinstance(said, Show | End):  # the latter is as the service manager's
            self.pictures.show(said) if isinstance(said, Show) else signal.raise_signal(signal.SIGTERM)
            return
        eye = self._eyes.get(said.camera)
        if eye is None:
            return
        if isinstance(said, Forget):
            eye.faces.forget()
        elif isinstance(said, Take):
            eye.faces.take(said, manifest()["face_embedder"].sha256)
        else:
            assert isinstance(said, Compare), "the decoder takes only these"
            eye.faces.compare(said, now_ns())
        eye.watch.gate.asked = eye.faces.asked

    def _look(self, look: Look) -> None:
        """Look through these cameras from now on; one whose order has not changed goes on."""
        wanted = {order.camera: order for order in look.cameras}
        for name, eye in tuple(self._eyes.items()):
            if wanted.get(name) != eye.watch.order:
                eye.watch.stop()
                self._ending.append(eye.watch)
                del self._eyes[name]
        for name, order in wanted.items():
            if name not in self._eyes:
                watch = Watch(order, self._make_camera, self._wake)
                self._eyes[name] = Eye(watch, self._make_follower(order))
            self._eyes[name].said = "never"  # a controller that began anew knows nothing
        self._frames.set()  # a worker may wait for its first camera

    def _watch_of(self, camera: str) -> Watch | None:
        eye = self._eyes.get(camera)
        return None if eye is None else eye.watch

    def _wake(self) -> None:
        """From a camera's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken)

    def _woken(self) -> None:
        self._frames.set()
        self.pictures.fresh.set()

    # --- recognition ---

    async def _work(self) -> None:
        """A worker after another."""
        attempt = 0
        while True:
            began_ns = now_ns()
            try:
                await self._employ()
            except WorkerError as error:
                self._why = str(error)[:WHY_CHARACTERS_MAX]
                self._tell(now=True)
            attempt = 0 if now_ns() - began_ns > STEADY_NS else attempt + 1
            await asyncio.sleep(BACK_OFF_S[min(max(0, attempt - 1), len(BACK_OFF_S) - 1)])

    async def _employ(self) -> None:
        """One worker, from its start to its end. Raises WorkerError."""
        while not self._eyes:  # which models it needs is said by what the cameras are for
            self._frames.clear()
            await self._frames.wait()
        stages = set[str]().union(*(eye.stages for eye in self._eyes.values()))
        self._worker_starts += 1
        self._anew = False
        worker = Worker(self._command, sorted(stages))
        try:
            self._unable = await worker.ready()
            self._why = ""
            self._tell(now=True)
            while (turn := await self._next()) is not None:
                eye, frame = turn
                if not eye.stages <= stages:
                    return  # a camera has come that needs more than this worker has loaded
                if eye.lacks(self._unable):
                    continue
                wanted = eye.faces.wanted(eye.wanted, frame.at_ns)
                if wanted:  # a camera that is for faces only is looked at while somebody asks
                    done = await worker.look(eye.watch.order.camera, frame, wanted)
                    self._take(eye, frame, done)
                eye.watch.gate.asked = eye.faces.asked
        finally:
            await worker.end()

    async def _look_for_models(self) -> None:
        """Where a stage cannot be done: ask a further worker whether it can be by now; then another one takes over."""
        while True:
            await asyncio.sleep(UNABLE_S)
            unable = self._unable
            with contextlib.suppress(WorkerError):  # of what is wrong with workers the one at work tells
                if unable and (await unable_now(self._command, sorted(unable))).keys() != unable.keys():
                    self._anew = True
                    self._frames.set()

    async def _next(self) -> tuple[Eye, Frame] | None:
        """The newest frame of the camera whose turn it is; None: another worker's turn has come."""
        while not self._anew:
            self._frames.clear()
            eyes = list(self._eyes.values())
            for offset in range(len(eyes)):
                eye = eyes[(self._turn + offset) % len(eyes)]
                frame = eye.watch.slot.take()
                if frame is not None:
                    self._turn = (self._turn + offset + 1) % len(eyes)
                    return eye, frame
            await self._frames.wait()
        return None

    def _take(self, eye: Eye, frame: Frame, done: Done) -> None:
        """What the worker found, followed over frames; what is certain is told."""
        latency_ms = (now_ns() - frame.at_ns) // MS
        eye.counts["looked_at"] += 1
        eye.counts["latency_ms"] = latency_ms
        eye.counts["latency_ms_max"] = max(latency_ms, eye.counts["latency_ms_max"])
        eye.watch.gate.interest = bool(done.detections)
        zone, (width, height) = eye.watch.order.zone, frame.size
        faces = [each for each in done.detections if each.kind == FACE]
        faces = [each for each in faces if not zone or not each.found or _within(zone, each, width, height)]
        taken = eye.faces.taken(faces, frame.at_ns)
        if taken is not None:
            self.link.tell(taken)
        voted_face, step = eye.faces.see(faces, frame.at_ns)
        if voted_face is not None:
            self._say(eye, frame, voted_face)
        if step is not None:
            self.link.tell(step)
        # Everything else is followed, for a vehicle is larger than a zone; what is told lies in it.
        others = [each for each in done.detections if each.kind != FACE]
        agreed = eye.follower.see(others, frame.at_ns, frame.size)
        eye.watch.showing.looked(frame, others, agreed)
        for voted in agreed:
            if (not zone or _within(zone, voted, width, height)) and self._due(eye, voted, frame.at_ns):
                self._say(eye, frame, voted)

    @staticmethod
    def _due(eye: Eye, voted: Voted, at_ns: int) -> bool:
        key = (voted.track, voted.text)
        told_ns = eye.told_ns.get(key)
        if told_ns is not None and at_ns - told_ns < TELL_NS:
            return False
        eye.told_ns.pop(key, None)
        eye.told_ns[key] = at_ns
        if len(eye.told_ns) > TOLD_MAX:
            del eye.told_ns[next(iter(eye.told_ns))]
        return True

    def _say(self, eye: Eye, frame: Frame, voted: Voted) -> None:
        """The gate first, then its evidence: the reference is made before the file, and a card may stall."""
        order = eye.watch.order
        width, height = frame.size
        left, top, right, low = voted.box
        box = (_share(left, width), _share(top, height), _share(right, width), _share(low, height))
        reference, is_new = eye.evidence.get(voted.track, ""), False
        if not reference and voted.kind != FACE and len(self._keeping) < KEEPING_MAX:
            reference = self._evidence.reference(order.camera, order.evidence_hours)
            eye.evidence[voted.track], is_new = reference, bool(reference)
            if len(eye.evidence) > TOLD_MAX:
                del eye.evidence[next(iter(eye.evidence))]
        sighting = Sighting(
            order.camera,
            voted.kind,
            voted.text[:64],
            _share(voted.found, 1),
            _share(voted.read, 1),
            voted.reads,
            frame.at_ns,
            voted.direction,
            box,
            reference,
            voted.track,
        )
        eye.counts["refused"] += not self.link.tell(sighting)
        if is_new:
            keeping = self._loop.create_task(asyncio.to_thread(self._evidence.keep, reference, frame.picture()))
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)

    # --- rounds ---

    async def _tell_states(self) -> None:
        while True:
            self._tell(now=False)
            await asyncio.sleep(STATE_S / 4)

    def _tell(self, *, now: bool) -> None:
        """The state of each camera that is due, or has changed."""
        for name, eye in self._eyes.items():
            if eye.watch.hangs and not self.hung.done():
                self.hung.set_result(f"the camera of {name} hangs in its library")
            whys = (self._why, eye.lacks(self._unable), eye.watch.says)
            why = next((each for each in whys if each not in BEGINNINGS), "")
            why = why or self._why or eye.watch.says
            at_ns = now_ns()
            if now or why != eye.said or at_ns - eye.said_ns >= STATE_S * 1e9:
                refused = {f"not_{why.replace(' ', '_')}": count for why, count in eye.follower.refused.items()}
                counters = {
                    **eye.watch.counters(),
                    **eye.counts,
                    **eye.faces.counts,
                    "worker_starts": self._worker_starts,
                    **refused,
                }
                counters = dict(list(counters.items())[:COUNTERS_MAX])
                if why != eye.printed and (not why or why not in BEGINNINGS):
                    eye.printed = why
                    self._say_state(name, why)
                if self.link.tell(CameraState(name, why, counters, why not in BEGINNINGS)):
                    eye.said, eye.said_ns = why, at_ns

    async def _prune(self) -> None:
        """Old evidence, and cameras that were given up, go."""
        while True:
            hours = {name: eye.watch.order.evidence_hours for name, eye in self._eyes.items()}
            await asyncio.to_thread(self._evidence.prune, hours)
            self._ending = [watch for watch in self._ending if not watch.join(0)]
            await asyncio.sleep(PRUNE_S)


def _within(zone: Polygon, voted: Voted | Detection, width: int, height: int) -> bool:
    """Whether its middle is in the zone."""
    left, top, right, low = voted.box
    return encloses(zone, (left + right) / 2 / width, (top + low) / 2 / height)


def _share(value: float, whole: float) -> float:
    return min(1.0, max(0.0, value / whole))
