"""Where cameras hang: what a camera's driver asks of whoever looks, and what that says of the camera.

The pictures themselves never come here. In between stands the socket of the vision process; in tests nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from drivers.bus.lines import BusError

Polygon = tuple[tuple[float, float], ...]  # corners in shares of the picture: 0, 0 is its left top, 1, 1 its right low


class Order(NamedTuple):
    """How one camera is to be looked through."""

    camera: str
    source: str
    frames_per_s: int
    size: tuple[int, int]  # that is asked of a camera which can choose
    masks: tuple[Polygon, ...]
    zone: Polygon  # only what stands in it counts; empty: the whole picture
    wanted: tuple[str, ...]  # plate, face, object
    reads_min: int
    vehicle_needed: bool  # a plate counts on a vehicle only
    password_file: str
    evidence_hours: int
    line: Polygon = ()  # two ends: who goes over it from its left side comes towards; empty: by growth
    vehicles: bool = True  # vehicles and people are looked for


class Sight(NamedTuple):
    """What was recognised, over several frames of one thing. `at_ns`: of its newest frame, CLOCK_MONOTONIC."""

    kind: str  # plate, face, object
    text: str  # what the plate says, whose face, what the object is
    found: float  # 0..1, how sure it is that it is one
    read: float  # 0..1, how sure that it says this
    reads: int  # frames that agree
    at_ns: int
    direction: str  # towards, away, unknown
    box: tuple[float, float, float, float]  # left, top, right, low in shares of the picture
    evidence: str = ""  # under which its frame is kept
    track: int = 0  # the same for the same thing


class Comparison(NamedTuple):
    """Whose face is before a camera, of these: each with its templates, 192 numbers float16 little-endian.

    `steps`: what the person is asked to do before (blink, left, right), or nothing. `until_ns`: CLOCK_MONOTONIC.
    """

    ask: str
    faces: tuple[tuple[str, tuple[bytes, ...]], ...]
    steps: tuple[str, ...]
    until_ns: int

    def __repr__(self) -> str:
        return f"Comparison({self.ask!r}, ...)"  # templates are never printed


class Progress(NamedTuple):
    """How far a comparison is. `step`: what the person is to do now, empty: look straight ahead.

    `over`: nothing is compared any more; `why`: late, other, or why a challenge failed; empty: the face was told.
    """

    ask: str
    step: str = ""
    over: bool = False
    why: str = ""


class Shown(NamedTuple):
    """Whoever shows the ticket that this belongs to may see pictures of these cameras. `until_ns`: CLOCK_MONOTONIC."""

    cameras: tuple[str, ...]
    until_ns: int


class Taking(NamedTuple):
    """Somebody before a camera has consented to be enrolled. `until_ns`: CLOCK_MONOTONIC."""

    ask: str
    until_ns: int


class Taken(NamedTuple):
    """How far an enrolment is: `taken` angles of `least`, which one is missing (`step`), what was wrong (`why`).

    `over`: it has ended; without a `why` with templates, 192 numbers float16 little-endian each, of the model
    `embedder`.
    """

    ask: str
    taken: int
    least: int
    step: str
    why: tuple[str, ...]
    over: bool
    embedder: str
    templates: tuple[bytes, ...]
    turns: tuple[float, ...]

    def __repr__(self) -> str:
        return f"Taken({self.ask!r}, {self.taken}, ...)"  # templates are never printed


class Watcher(Protocol):
    """Who watches through one camera."""

    def seen(self, sight: Sight) -> None: ...

    def state(self, why: str, counters: Mapping[str, int], failed: bool = False) -> None:
        """It sees (`why` empty), or not, and why; to be said every second. Counters are since its start.

        `failed`: it has tried and could not; else it is still beginning.
        """

    def gone(self, why: str) -> None:
        """Nobody looks through any camera now."""


class Watching:
    """A camera that is watched through, until closed."""

    def __init__(self, close: Callable[[], None]) -> None:
        self._close: Callable[[], None] | None = close

    def close(self) -> None:
        """Idempotent."""
        close, self._close = self._close, None
        if close is not None:
            close()


class Sights:
    """All cameras of a site. An order stands until another driver of the same source replaces it.

    So a camera that is lost is not put down and taken up again with each try of its driver.
    """

    def __init__(self) -> None:
        self.on_orders: Callable[[], None] = lambda: None
        self.on_compare: Callable[[str, Comparison | None], None] = lambda _camera, _comparison: None
        self.on_progress: Callable[[str, Progress], None] = lambda _camera, _progress: None
        self.on_show: Callable[[str, Shown | None], None] = lambda _ticket, _shown: None
        self.on_take: Callable[[str, Taking | None], None] = lambda _camera, _taking: None
        self.on_taken: Callable[[str, Taken], None] = lambda _camera, _taken: None
        self.comparisons: dict[str, Comparison] = {}  # by the camera
        self.takings: dict[str, Taking] = {}  # by the camera
        self.shown: dict[str, Shown] = {}  # by the ticket
        self._orders: dict[str, Order] = {}
        self._watchers: dict[str, tuple[str, Watcher]] = {}  # by the camera's source

    @property
    def orders(self) -> tuple[Order, ...]:
        return tuple(self._orders.values())

    def compare(self, camera: str, comparison: Comparison | None) -> None:
        """Ask whose face is before a camera, in place of what was asked before; None: ask no more, and forget."""
        if comparison is None:
            self.comparisons.pop(camera, None)
        else:
            self.comparisons[camera] = comparison
        self.on_compare(camera, comparison)

    def take(self, camera: str, taking: Taking | None) -> None:
        """Take templates of whoever stands before a camera; None: no more, and forget."""
        if taking is None:
            self.takings.pop(camera, None)
        else:
            self.takings[camera] = taking
        self.on_take(camera, taking)

    def show(self, ticket: str, shown: Shown | None) -> None:
        """Pictures may be seen by whoever shows this ticket; None: no more."""
        if shown is None:
            self.shown.pop(ticket, None)
        else:
            self.shown[ticket] = shown
        self.on_show(ticket, shown)

    def watch(self, order: Order, watcher: Watcher) -> Watching:
        """Raises BusError where somebody watches through the same camera."""
        there = self._watchers.get(order.source)
        if there is not None:
            raise BusError(f"its camera is that of {there[0]}: give each camera to one device")
        self._watchers[order.source] = (order.camera, watcher)
        if self._orders.get(order.source) != order:
            self._orders[order.source] = order
            self.on_orders()
        return Watching(lambda: self._unwatch(order.source))

    def _unwatch(self, source: str) -> None:
        self._watchers.pop(source, None)

    def seen(self, camera: str, sight: Sight) -> bool:
        """False: nobody watches through a camera of this name."""
        watcher = self._watcher(camera)
        if watcher is not None:
            watcher.seen(sight)
        return watcher is not None

    def state(self, camera: str, why: str, counters: Mapping[str, int], failed: bool = False) -> bool:
        watcher = self._watcher(camera)
        if watcher is not None:
            watcher.state(why, counters, failed)
        return watcher is not None

    def gone(self, why: str) -> None:
        """Whoever looked is gone."""
        for _, watcher in tuple(self._watchers.values()):
            watcher.gone(why)

    def _watcher(self, camera: str) -> Watcher | None:
        return next((watcher for name, watcher in self._watchers.values() if name == camera), None)
