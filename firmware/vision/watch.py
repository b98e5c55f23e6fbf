"""One camera's thread: opens it, reads it, masks it, and puts what is worth looking at into the slot.

A camera that is lost is opened again with growing pauses. What the thread says of itself is read by the event loop.
"""

from __future__ import annotations

import threading
import traceback
from collections import Counter, deque
from collections.abc import Callable

import numpy as np

from firmware.pictures import Seeing
from firmware.sightings import WHY_CHARACTERS_MAX, CameraOrder
from firmware.vision.cameras.camera import NEXT_S_MAX, OPEN_S_MAX, Camera
from firmware.vision.clock import now_ns
from firmware.vision.errors import CameraError
from firmware.vision.frames import Frame, Luma
from firmware.vision.masks import Masks
from firmware.vision.motion import MotionGate, dark
from firmware.vision.showing import Showing
from firmware.vision.slot import Slot

BACK_OFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
NS = 1_000_000_000
STALL_NS = round(NEXT_S_MAX * NS)  # without a picture
DARK_NS = 10 * NS  # of nothing but darkness, then it sees nothing
# Without any change at all. A sensor has noise and a stream a new whole picture every few seconds, in the dark, too.
FROZEN_NS = 20 * NS
HUNG_NS = round((OPEN_S_MAX + 4 * NEXT_S_MAX) * NS)  # without a sign of life: a library does not come back
EARLY = 0.25  # of the time between two frames, that one may come early: cameras are not punctual
RATE_FRAMES = 50
OPENING = "the camera is being opened"

MakeCamera = Callable[[CameraOrder], Camera]


class Watch:
    """Started at once. `why`: why it does not see; empty: it does. `wake` is called from its thread."""

    def __init__(self, order: CameraOrder, make: MakeCamera, wake: Callable[[], None]) -> None:
        self.order = order
        self.why = OPENING
        self.counts: Counter[str] = Counter()
        self.slot = Slot()
        self.gate = MotionGate()
        self.showing = Showing()
        self.newest_ns: int | None = None  # when the last picture was taken
        self.alive_ns = now_ns()
        self._make = make
        self._wake = wake
        self._masks = Masks(order.masks)
        self._every_ns = NS // order.frames_per_s
        self._times: deque[int] = deque(maxlen=RATE_FRAMES)
        self._picture_ns = now_ns()
        self._light_ns = now_ns()
        self._is_dark = False
        self._coarse: Luma | None = None
        self._changed_ns = now_ns()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {order.camera}", daemon=True)
        self._thread.start()

    @property
    def hangs(self) -> bool:
        """Its library does not come back: only the end of the process helps."""
        return self._thread.is_alive() and now_ns() - self.alive_ns > HUNG_NS

    @property
    def says(self) -> str:
        """Why it does not see now; also while its library still waits for the next picture."""
        if not self.why and now_ns() - self._picture_ns > STALL_NS:
            return f"no picture for {STALL_NS // NS} s"
        return self.why

    @property
    def still_ms(self) -> int:
        """For how long not one point of its picture has changed."""
        return max(0, (now_ns() - self._changed_ns) // 1_000_000)

    @property
    def seeing(self) -> tuple[Seeing, str]:
        """What is to be thought of its picture now, and why."""
        why = self.says
        if why == OPENING:
            return Seeing.STARTING, why
        if why and not self._is_dark:
            return Seeing.LOST, why
        if self._masks.whole:
            return Seeing.MASKED, ""
        if why:
            return Seeing.DARK, why
        return (Seeing.FROZEN if self.still_ms * 1_000_000 > FROZEN_NS else Seeing.LIVE), ""

    def stop(self) -> None:
        """Ask it to end; it does within its waits."""
        self._stop.set()

    def join(self, limit_s: float) -> bool:
        """Whether it has ended."""
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def counters(self) -> dict[str, int]:
        """For health."""
        times = tuple(self._times)
        rate = 0
        if len(times) > 1 and now_ns() - times[-1] < STALL_NS:
            rate = round((len(times) - 1) * NS / max(1, times[-1] - times[0]))
        own = {"frames_per_s": rate, "dropped": self.slot.dropped, "motions": self.gate.motions}
        return {**self.counts, **own}

    def _run(self) -> None:
        attempt = 0
        while not self._stop.is_set():
            began_ns = now_ns()
            try:
                self._read()
            except CameraError as error:
                self._lose(str(error) or "the camera is lost")
            except Exception as error:  # noqa: BLE001  of a library: this camera is lost with it, and no other one
                traceback.print_exc()
                self.counts["failures"] += 1
                self._lose(f"the camera failed as nobody expected ({type(error).__name__}): please report it")
            attempt = 0 if now_ns() - began_ns > 60 * NS else attempt + 1
            self._pause(BACK_OFF_S[min(attempt, len(BACK_OFF_S)) - 1 if attempt else 0])

    def _lose(self, why: str) -> None:
        self.why = why[:WHY_CHARACTERS_MAX]
        self.counts["losses"] += 1
        self._wake()

    def _pause(self, seconds: float) -> None:
        """Between two tries: alive all the while."""
        end_ns = now_ns() + round(seconds * NS)
        while not self._stop.is_set() and now_ns() < end_ns:
            self.alive_ns = now_ns()
            self._stop.wait(min(1.0, seconds))

    def _read(self) -> None:
        """From its opening to its loss. Raises CameraError."""
        camera = self._make(self.order)
        try:
            self.counts["openings"] += 1
            camera.open()
            self._picture_ns = self._light_ns = now_ns()
            due_ns = 0
            while not self._stop.is_set():
                self.alive_ns = now_ns()
                raw = camera.next()
                for name, count in camera.counts.items():
                    self.counts[name] += count
                camera.counts.clear()
                if raw is None:
                    self._stalls()
                    continue
                self._picture_ns = raw.at_ns
                if raw.at_ns < due_ns - EARLY * self._every_ns:
                    continue  # it gives more than it was asked for
                due_ns = max(due_ns + self._every_ns, raw.at_ns)
                self._take(self._masks.over(raw))
        finally:
            camera.close()

    def _stalls(self) -> None:
        if now_ns() - self._picture_ns > STALL_NS:
            raise CameraError(f"no picture for {STALL_NS // NS} s")

    def _take(self, frame: Frame) -> None:
        self.counts["frames"] += 1
        self.newest_ns = frame.at_ns
        if self._coarse is None or not np.array_equal(frame.coarse, self._coarse):
            self._coarse, self._changed_ns = frame.coarse, frame.at_ns
        self._times.append(frame.at_ns)
        if self.showing.offer(frame):
            self._wake()
        self._is_dark = dark(frame.coarse)
        if self._is_dark:
            self.counts["dark"] += 1
            if frame.at_ns - self._light_ns > DARK_NS:
                self._say(f"the picture is black for {DARK_NS // NS} s: is the camera covered, or without light?")
            return
        self._light_ns = frame.at_ns
        self._say("")
        if self.gate.lets(frame):
            frame.picture()  # here and not in the event loop: masked and converted in this thread
            self.slot.put(frame)
            self._wake()

    def _say(self, why: str) -> None:
        if why != self.why:
            self.counts["losses"] += bool(why)
            self.why = why
            self._wake()
