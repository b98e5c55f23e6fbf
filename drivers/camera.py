"""A camera: the plates and faces that the vision process sees through it.

It lives as long as somebody looks through the camera and sees. What is unsure, old, of the other direction or no text
of a plate is counted and goes no further; what is no text at all is noise, too, as on a wire.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from drivers.bus.lines import BusError
from drivers.camera_settings import CameraConfig, Seen, Travel
from drivers.driver import Emit
from drivers.loop_time import AHEAD_NS_MAX, SLACK_NS, call_at_ns, loop_ns, running_loop
from drivers.noise import NoiseCount
from drivers.reports import DriverError, Face, NoiseKind, Plate
from drivers.sights import Sight, Sights, Watching

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000
START_NS = 18_000 * MS  # models are loaded from a card, and a stream is opened, within that
SILENT_NS = 5_000 * MS  # five of the states that are said every second
HELD_UP_NS = 500 * MS  # that a look came late: we were held up ourselves, and what was said meanwhile is not read yet
AGAIN_NS = 2_000 * MS  # then, to read it: two of the states that are said every second
STEADY_NS = 1_000 * MS  # of seeing, then it has recovered: a worker that dies of each picture has not
STALE_NS = 3_000 * MS  # as the core has it (SIGHTING_MS_MAX): what is older opens nothing
TOLD_MAX = 64  # texts that are remembered for repeats
SIGHTS_MAX = 20  # told within SIGHTS_NS: more vehicles than any lane has
SIGHTS_NS = 1_000 * MS
COUNTERS_MAX = 48  # that are taken over from the vision process

# What a plate may carry, before it is brought to its normal form: letters, digits, Chinese characters, full-width
# forms, and what people and readers put between them. No quote, no control character, no sign of any language of
# computers is among them.
_PLATE = re.compile(r"[0-9A-Za-z\u4e00-\u9fff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a .\u00b7-]{2,24}")
_FACE = re.compile(r"[A-Za-z0-9:_.-]{1,64}")
_COUNTER = re.compile(r"[a-z][a-z0-9_]{0,39}")
_REFERENCE = re.compile(r"[a-z0-9_-]{0,64}")


class Camera:
    """Reads plates or faces, as far as it is asked to. Objects are counted only: nothing opens for one."""

    def __init__(self, config: CameraConfig, sights: Sights) -> None:
        self.id = config.id
        self._config = config
        self._sights = sights
        self._noise = NoiseCount(config.id)
        self._emit: Emit | None = None
        self._lost: asyncio.Future[str] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sees = False
        self._sees_since_ns = 0
        self._was_lost = False
        self._heard_ns = 0
        self._held_up = False  # since it was heard last; a silence is excused once
        self._why = ""
        self._muted = False
        self._told_ns: dict[str, int] = {}
        self._window_ns = 0
        self._in_window = 0
        self._counts = dict.fromkeys(
            ("sights", "reads", "repeats", "unsure", "stale", "other_way", "refused", "objects", "flooded", "mutes"), 0
        )
        self._vision: dict[str, int] = {}

    async def run(self, emit: Emit) -> None:
        """Watch until nobody sees through the camera any more.

        The first time that has a limit. After a loss it waits in here until somebody sees again: between two tries it
        would be blind for seconds.
        """
        self._emit = emit
        self._noise.start(emit)
        self._lost = lost = running_loop().create_future()
        self._sees, self._why = False, ""
        self._heard_ns = loop_ns() + START_NS - SILENT_NS
        watching: Watching | None = None
        try:
            watching = self._sights.watch(self._config.order(), self)
            if not self._was_lost:
                self._look()
            why = await lost
            self._was_lost = True
            raise DriverError(f"{self.id}: {why}")
        except BusError as error:
            raise DriverError(f"{self.id}: {error}") from error
        finally:
            if watching is not None:
                watching.close()
            self._stop()

    @property
    def looks_for_faces(self) -> bool:
        return Seen.FACE in self._config.wanted

    def proven(self) -> bool:
        return self._sees and loop_ns() - self._sees_since_ns >= STEADY_NS

    def mute(self, muted: bool) -> None:
        """Ignore what is seen, or look again. Holds over a restart."""
        if muted != self._muted:
            self._muted = muted
            self._counts["mutes"] += muted

    def safe(self) -> None:
        """A camera has nothing to put right."""

    def counters(self) -> dict[str, int]:
        """What came of sights here, noise by kind, and what the vision process counts of this camera (`vision_...`)."""
        noise = {f"noise_{kind.value}": self._noise.totals[kind] for kind in (NoiseKind.TEXT, NoiseKind.NOISE)}
        return self._counts | noise | {f"vision_{name}": count for name, count in self._vision.items()}

    # --- what the vision process says (drivers.sights.Watcher) ---

    def state(self, why: str, counters: Mapping[str, int], failed: bool = False) -> None:
        if self._emit is None:
            return
        self._vision = {
            name: min(count, 1 << 53)
            for name, count in list(counters.items())[:COUNTERS_MAX]
            if _COUNTER.fullmatch(name) and count >= 0
        }
        self._why = why
        if not why:
            self._heard_ns, self._held_up = loop_ns(), False
            if not self._sees:
                self._sees, self._sees_since_ns = True, self._heard_ns
                if self._timer is not None:
                    self._timer.cancel()  # it waits for the start, which is over
                self._look()
        elif self._sees or (failed and not self._was_lost):
            self._end(_plain(why))

    def gone(self, why: str) -> None:
        if self._sees:
            self._end(_plain(why))

    def seen(self, sight: Sight) -> None:
        emit = self._emit
        if emit is None or self._muted or not self._sees:
            return
        self._counts["sights"] += 1
        now_ns = loop_ns()
        if not self._sound(sight) or sight.at_ns > now_ns + AHEAD_NS_MAX:
            self._counts["refused"] += 1
            self._noise.add(NoiseKind.TEXT)
        elif sight.kind not in self._config.wanted:
            self._counts["refused"] += 1
        elif sight.kind == Seen.OBJECT:
            self._counts["objects"] += 1
        elif self._counts_here(sight, now_ns):
            self._counts["reads"] += 1
            report = Plate if sight.kind == Seen.PLATE else Face
            sure = min(sight.found, sight.read)
            emit(report(self.id, sight.text, sure, sight.reads, min(sight.at_ns, now_ns), sight.evidence))

    # --- inside ---

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._noise.stop()
        self._timer = self._emit = self._lost = None
        self._sees = False

    def _end(self, why: str) -> None:
        self._sees = False
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(why)

    def _look(self) -> None:
        """Whether somebody still says that it sees. A silence while our own loop stood still is not theirs."""
        due_ns = self._heard_ns + SILENT_NS
        if loop_ns() - due_ns > HELD_UP_NS and not self._held_up:
            self._held_up = True
            due_ns = loop_ns() + AGAIN_NS
            self._heard_ns = due_ns - SILENT_NS
        if loop_ns() + SLACK_NS < due_ns:
            self._timer = call_at_ns(due_ns, self._look)
        elif self._sees:
            self._end(f"the vision process has said nothing of it for {SILENT_NS // MS} ms")
        else:
            self._end(_plain(self._why) if self._why else "no vision process looks through it: is it running?")

    @staticmethod
    def _sound(sight: Sight) -> bool:
        """Whether it can be a sighting at all."""
        numbers = (sight.found, sight.read, *sight.box)
        if not all(math.isfinite(each) and 0 <= each <= 1 for each in numbers) or len(sight.box) != 4:
            return False
        if sight.reads < 1 or sight.at_ns < 0 or _REFERENCE.fullmatch(sight.evidence) is None:
            return False
        return (_PLATE if sight.kind == Seen.PLATE else _FACE).fullmatch(sight.text) is not None

    def _counts_here(self, sight: Sight, now_ns: int) -> bool:
        """Whether it is to be told; if not, it is counted why."""
        config = self._config
        other = {Travel.TOWARDS: Travel.AWAY, Travel.AWAY: Travel.TOWARDS}.get(config.travel)
        if sight.found < config.found_min or sight.read < config.read_min or sight.reads < config.reads_min:
            why = "unsure"
        elif now_ns - sight.at_ns > STALE_NS:
            why = "stale"
        elif other is not None and sight.direction == other.value:
            why = "other_way"
        elif self._repeats(sight.text, now_ns):
            why = "repeats"
        elif self._floods(now_ns):
            why = "flooded"
        else:
            return True
        self._counts[why] += 1
        if why == "flooded":
            self._noise.add(NoiseKind.NOISE)
        return False

    def _repeats(self, text: str, now_ns: int) -> bool:
        at_ns = self._told_ns.get(text)
        if at_ns is not None and now_ns - at_ns < self._config.repeat_ms * MS:
            return True
        self._told_ns.pop(text, None)
        self._told_ns[text] = now_ns  # the newest stands last
        if len(self._told_ns) > TOLD_MAX:
            del self._told_ns[next(iter(self._told_ns))]
        return False

    def _floods(self, now_ns: int) -> bool:
        if now_ns - self._window_ns >= SIGHTS_NS:
            self._window_ns, self._in_window = now_ns, 0
        self._in_window += 1
        return self._in_window > SIGHTS_MAX


def _plain(why: str) -> str:
    """On one line, and short: it becomes the reason of an event."""
    return "".join(each if each.isprintable() else " " for each in why[:200])
