"""`menshen bench stop`: safety input to stop output, whole controller process over simulated lines.

A sample is one edge of a safety input while a barrier moves: from its stamp to the Drive that takes the motion output
off, stamped when it arrives at the far end. Three lanes work side by side, a thread each, so that what one lane does is
in the other lanes' way, as at a real gate. Each lane's samples, in this order:

- loop and beam in turn, while it closes by itself: a vehicle was let in, so a close is owed. It reverses, the far end
  plays its limit, the obstacle goes, somebody presses reset (R4), and after clear_ms and warning_ms (1 s each, their
  lower limits) it closes again: 2.3 s a sample, and no new passage for it.
- the stop circuit while it closes by the local key, which stays turned: stop, reset, and after the warning it closes
  again: 1.1 s a sample. The first of them meets the last automatic close.
- the stop circuit while it opens by the local key, which asks at once: 0.15 s a sample. Here are the many.

Each case is a process of its own: idle; in gusts of a storm of 10 kHz on both lines of ten readers, which are muted,
tried again, and muted again; while one roster of 250,000 credentials replaces the other; with the whole process stalled
for 0.3 s once in a while (all samples count, those that met a stall too). Before that a process is killed again and
again (stop_kills.py).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from firmware.bench.cards import card, install_sample_roster, sample_roster, welcome_holders
from firmware.bench.clock import rest
from firmware.bench.figures import Figure, spread
from firmware.bench.lane_rig import DOWN, LANES, SETTLED_S, UP, Lane, LaneRig
from firmware.bench.rig import h10301
from firmware.bench.stop_beside import Span, Stalls, Storm
from firmware.bench.stop_kills import kill_figures
from firmware.bench.swap import Swaps, Watcher, of_version
from firmware.controller.priority import take_priority, tune
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import search
from firmware.roster.install import install

SAMPLES = 408  # a case
STALLS, STALL_ROUNDS = 10, 4  # between two stalls there is time for a quarter of the samples
SWAPS, SWAP_PAUSE_S = 60, 2.0
KILLS = 60
CREDENTIALS, FEW = 250_000, 2_000
SEED = 21
LIMIT_MS = 5.0
UNTIL_S_MAX = 0.05  # from the begin of a motion to what stops it: drawn
# Of a lane's samples; the rest is stopped while it opens.
LOOP_SHARE, BEAM_SHARE, STOP_CLOSING_SHARE = 0.18, 0.18, 0.14


class Sample(NamedTuple):
    kind: str
    at_ns: int
    until_ns: int

    @property
    def ms(self) -> float:
        return (self.until_ns - self.at_ns) / 1e6


Case = tuple[list[Sample], dict[str, Any]]  # what was measured, and what else is to be told


def bench(
    folder: Path,
    samples: int = SAMPLES,
    stalls: int = STALLS,
    swaps: int = SWAPS,
    kills: int = KILLS,
    credentials: int = CREDENTIALS,
) -> dict[str, Any]:
    """Raises RuntimeError when a lane does not go on as it should: every sample must have stopped a motion."""
    found: dict[str, Any] = {}
    figures: list[Figure] = []
    if kills:  # first: `menshen safe` starts as an ordinary program, and would inherit our priority
        (at := folder / "kills").mkdir()
        found["kills"], more = kill_figures(at, kills)
        figures += more
    take_priority()  # the stopwatch must not wait for a core, nor for another thread; before its threads start
    tune()
    cases: dict[str, Callable[[Path], Case]] = {
        "idle": lambda at: _idle(at, samples),
        "storm": lambda at: _in_storm(at, samples),
        "swaps": lambda at: _in_swaps(at, samples, swaps, credentials),
        "stalls": lambda at: _in_stalls(at, samples, stalls),
    }
    for name, case in cases.items():
        (at := folder / name).mkdir()
        taken, beside = case(at)
        kinds = dict.fromkeys(sample.kind for sample in taken)
        found[name] = {"all": _some(taken)} | {
            kind: _some(each for each in taken if each.kind == kind) for kind in kinds
        }
        found[name] |= beside
        figures.append(_figure(name, taken))
    return found | {"figures": figures}


def _figure(name: str, taken: list[Sample]) -> Figure:
    """The promised figure, with the median and the maximum that it is to be read with."""
    told = spread([sample.ms for sample in taken])
    words = f"p99 of {told.count}; median {told.median:g}, maximum {told.maximum:g}"
    return Figure(f"safety input to stop output, {name}, {words}", told.p99, LIMIT_MS, "ms")


def _some(samples: Iterable[Sample]) -> Any:
    """The spread of these in ms, if there are any."""
    found = [sample.ms for sample in samples]
    return spread(found) if found else "none"


def _within(samples: Iterable[Sample], spans: Iterable[Span]) -> list[Sample]:
    """Those that were under way in one of these times."""
    spans = list(spans)
    return [each for each in samples if any(each.at_ns < until and begun < each.until_ns for begun, until in spans)]


# -- one lane ---------------------------------------------------------------------------------------------------------


def _sample(lane: Lane, kind: str, part: str, motion: str, rng: random.Random) -> Sample:
    """It moves: at a drawn instant the input becomes active."""
    rest(rng.uniform(0.0, UNTIL_S_MAX))
    since = lane.now()
    at_ns = lane.put(part, True)
    return Sample(kind, at_ns, lane.wait(motion, False, since).at_ns)


def _obstructed(lane: Lane, part: str, since: int, rng: random.Random) -> Iterator[Sample]:
    """It closes by itself and meets somebody; then everything is made ready for it to close again."""
    lane.rises(since)
    if part == "loop":  # whoever turns back leaves by the loop before it, or the lane would be in doubt
        lane.put("entry", True)
        rest(SETTLED_S)
    reversing = lane.now()
    yield _sample(lane, part, part, UP, rng)
    lane.comes_down(reversing)
    lane.put(part, False)
    rest(SETTLED_S)
    if part == "loop":
        lane.put("entry", False)
    lane.press("reset")


def _stopped(lane: Lane, kind: str, motion: str, since: int, rng: random.Random) -> Iterator[Sample]:
    """It moves and is stopped; then the stop is let go and reset."""
    lane.wait(motion, True, since)
    yield _sample(lane, kind, "stop", motion, rng)
    lane.put("stop", False)
    rest(SETTLED_S)


def samples_of(lane: Lane, count: int, bits: int, seed: int) -> Iterator[Sample]:
    """A whole round of one lane, from closed to closed: `count` samples."""
    rng = random.Random(seed)
    loops, beams, closings = (max(1, round(share * count)) for share in (LOOP_SHARE, BEAM_SHARE, STOP_CLOSING_SHARE))
    since = lane.now()
    lane.lets_in(bits)
    for number in range(max(loops, beams)):
        for part, most in (("loop", loops), ("beam", beams)):
            if number < most:
                yield from _obstructed(lane, part, since, rng)
                since = lane.now()
    lane.rises(since)
    for number in range(closings):
        yield from _stopped(lane, "stop_closing", UP, since, rng)
        since = lane.now()
        if number in (0, closings - 1):
            lane.put("key_close", number < closings - 1)
            rest(SETTLED_S)
        lane.press("reset")
    lane.put("key_open", True)
    for _ in range(max(1, count - loops - beams - closings)):
        yield from _stopped(lane, "stop_opening", DOWN, since, rng)
        since = lane.now()
        lane.press("reset")
    lane.comes_down(since)
    lane.put("key_open", False)
    rest(SETTLED_S)
    since = lane.now()
    lane.put("key_close", True)
    lane.rises(since)
    lane.put("is_up", True)
    lane.wait(UP, False, since)
    lane.put("key_close", False)
    rest(SETTLED_S)


# -- one case ---------------------------------------------------------------------------------------------------------


class Work:
    """All lanes of a rig side by side, round by round. `under_way`: released once a lane, after its first sample."""

    def __init__(self, rig: LaneRig) -> None:
        self.under_way = threading.Semaphore(0)
        self.taken: list[Sample] = []
        self._over = threading.Event()  # before its time: a lane failed, or somebody ended it all
        self._rig = rig
        self._bits = [h10301(*card(holder)) for holder in welcome_holders(LANES, FEW, SEED)]

    def run(self, count: int, more: Callable[[], bool] = lambda: False) -> list[Sample]:
        """`count` samples a round; a round begins as long as there is `more`, and once."""
        with ThreadPoolExecutor(LANES) as pool:
            try:
                for done in [pool.submit(self._rounds, number, count // LANES, more) for number in range(LANES)]:
                    done.result()
            except BaseException:
                self._over.set()
                raise
        return self.taken

    def _rounds(self, number: int, count: int, more: Callable[[], bool]) -> None:
        lane, seed = self._rig.lanes[number], SEED + number
        while True:
            for sample in samples_of(lane, count, self._bits[number], seed):
                self.taken.append(sample)
                self.under_way.release()
                if self._over.is_set():
                    return
            seed += LANES
            if not more():
                return


@contextmanager
def _running(folder: Path, install_roster: Callable[[LaneRig], None]) -> Iterator[LaneRig]:
    """A process at work, with a roster."""
    rig = LaneRig(folder)
    try:
        install_roster(rig)
        rig.start()
        rig.listens()
        yield rig
        rig.stop()
    finally:
        rig.close()


def _few(rig: LaneRig) -> None:
    install_sample_roster(rig, FEW)


def _idle(folder: Path, count: int) -> Case:
    with _running(folder, _few) as rig:
        return Work(rig).run(count), {}


def _in_storm(folder: Path, count: int) -> Case:
    with _running(folder, _few) as rig:
        work = Work(rig)
        storm = Storm(rig, work.under_way)
        storm.start()
        taken = work.run(count)
        storm.end()
        told = {
            code.value: len(search(rig.state / "journal" / "journal.db", limit=1_000, kind=code))
            for code in (Code.READER_MUTED, Code.READER_UNMUTED)
        }
        heard = _within(taken, storm.heard())
    return taken, {"storm_edges": storm.edges, "events": told, "while_a_reader_was_heard": _some(heard)}


def _in_swaps(folder: Path, count: int, swaps: int, credentials: int) -> Case:
    rosters: list[Path] = []

    def many(rig: LaneRig) -> None:
        identity = Identity.load_or_create(rig.state / "identity")
        built = sample_roster(rig.folder, identity, credentials)
        service = rig.state / "roster"
        install(built, service, [identity.public_key], digest_key_id=identity.digest_key_id).close()
        rosters.extend(of_version(built, identity, version, service) for version in range(2, swaps + 2))
        built.unlink()

    with _running(folder, many) as rig:
        watcher = Watcher(rig.role)
        swapping = Swaps(rosters, rig.state / "roster", watcher, SWAP_PAUSE_S)
        swapping.start()
        taken = Work(rig).run(count)
        swapping.join()
        watcher.close()
        if swapping.late:
            raise RuntimeError(swapping.late)
    swapped_s = [(told - renamed) / 1e9 for renamed, told in swapping.spans_ns]
    during = _within(taken, swapping.spans_ns)
    return taken, {"credentials": credentials, "swap_s": spread(swapped_s), "during_a_swap": _some(during)}


def _in_stalls(folder: Path, count: int, stalls: int) -> Case:
    with _running(folder, _few) as rig:
        stalling = Stalls(rig, stalls)
        stalling.start()
        work = Work(rig)
        taken = work.run(count // STALL_ROUNDS, lambda: stalling.is_alive() or len(work.taken) < count)
        stalling.join()
    ends_ns = [end_ns for _, end_ns in stalling.spans_ns]
    hit = _within(taken, stalling.spans_ns)
    late = [Sample(each.kind, next(end for end in ends_ns if end >= each.at_ns), each.until_ns) for each in hit]
    return taken, {
        "stalls": len(ends_ns),
        "hit_by_a_stall": _some(hit),
        "the_same_from_the_end_of_the_stall": _some(late),
        "not_hit": _some(each for each in taken if each not in hit),
    }
