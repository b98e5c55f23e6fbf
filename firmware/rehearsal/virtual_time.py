"""The event loop on virtual time: for tests and benches, a day passes as fast as it can be computed.

`loop.time()` starts at `start_ns` and jumps to the next timer whenever nothing is ready and no socket is readable.
Sockets between peers inside this process work as they do outside: what was written is readable at once. Work that
goes on elsewhere in real time (a writer thread, another process) must be declared, or virtual time would race ahead of
it: `run_in_executor` declares itself, `external()` and `busy_while()` are for the rest.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

from firmware.rehearsal.errors import VirtualTimeError

T = TypeVar("T")

START_NS = 1_000 * 1_000_000_000  # a board that has been up for some while: no stamp is near zero
WALL_S_MAX = 60.0  # real time of one run; a test that needs more says so
BLOCK_S_MAX = 2.0  # real time of one callback: above this the loop was blocked (a loaded machine stays well below)
EXTERNAL_S_MAX = 20.0  # real time of one wait for external work
IDLE_S_MAX = 2.0  # real time in which nothing at all is due and nothing came: nothing will ever come
EXTERNAL_STEP_S = 0.002  # how often a busy hook is asked while the loop waits really
CLOSING_ROUNDS = 8  # rounds of the loop in which transports say their connection_lost
THREAD_JOIN_S = 2.0  # for threads that were told to stop


_Events = list[tuple[selectors.SelectorKey, int]]


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time() is virtual. run_* raises VirtualTimeError when it blocks, hangs or runs too long."""

    def __init__(
        self,
        start_ns: int = START_NS,
        *,
        wall_s_max: float = WALL_S_MAX,
        block_s_max: float = BLOCK_S_MAX,
        external_s_max: float = EXTERNAL_S_MAX,
        idle_s_max: float = IDLE_S_MAX,
    ) -> None:
        assert start_ns >= 0
        self._now_s = start_ns / 1e9
        self._external = 0
        self._hooks: list[Callable[[], bool]] = []
        self._forgiving = False  # while a failed run is being cleaned up
        self.jumps = 0  # how often time moved, for those who look for needless timers
        self._block_s_max = block_s_max
        self._external_s_max = external_s_max
        self._idle_s_max = idle_s_max
        super().__init__(_PacedSelector(self))
        self._wall_end_s = self.real_time() + wall_s_max
        self._callbacks_began_s: float | None = None

    def time(self) -> float:
        """Virtual seconds."""
        return self._now_s

    def now_ns(self) -> int:
        """Virtual nanoseconds, as devices stamp their edges."""
        return round(self._now_s * 1e9)

    def real_time(self) -> float:
        """Seconds of the real monotonic clock: only for limits on the run itself."""
        return super().time()

    @contextlib.contextmanager
    def external(self) -> Iterator[None]:
        """Virtual time stands still inside: something outside this loop is at work in real time."""
        self._external += 1
        try:
            yield
        finally:
            self._external -= 1

    def busy_while(self, hook: Callable[[], bool]) -> Callable[[], None]:
        """Virtual time stands still while `hook()` is true; returns what takes the hook away again.

        A thread must make its call_soon_threadsafe before the hook turns false, or its news may arrive a jump too late.
        """
        self._hooks.append(hook)

        def forget() -> None:
            if hook in self._hooks:
                self._hooks.remove(hook)

        return forget

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        """As ever; virtual time stands still until it is done."""
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        self._external += 1

        def done(_: asyncio.Future[T]) -> None:
            self._external -= 1

        future.add_done_callback(done)
        return future

    def _busy(self) -> bool:
        return self._external > 0 or any(hook() for hook in self._hooks)

    def _wait(self, really: Callable[[float | None], _Events], timeout_s: float | None) -> _Events:
        """What select does here: real readiness first, then a jump. `timeout_s` is None for ever, 0 for a look."""
        self._check_limits()
        try:
            events = really(0)
            if events or timeout_s == 0:
                return events
            if self._busy():
                events = self._wait_for_external(really)
                if events:
                    return events
                if timeout_s is None:
                    return events  # asked again with a fresh look at timers
            if timeout_s is None:
                return self._wait_for_anything(really)
            self._jump(timeout_s)
            return events
        finally:
            self._callbacks_began_s = self.real_time()

    def _wait_for_external(self, really: Callable[[float | None], _Events]) -> _Events:
        end_s = self.real_time() + self._external_s_max
        while self._busy():
            events = really(EXTERNAL_STEP_S)
            if events:
                return events
            if self.real_time() > end_s:
                raise VirtualTimeError(
                    f"external work was not done after {self._external_s_max} s of real time; "
                    "look at the thread or process behind external(), busy_while() or run_in_executor()"
                )
        return really(0)

    def _wait_for_anything(self, really: Callable[[float | None], _Events]) -> _Events:
        events = really(self._idle_s_max)
        if not events and not self._forgiving:
            waiting = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks(self))) or "no task"
            raise VirtualTimeError(
                f"nothing is due, and nothing came in {self._idle_s_max} s of real time; waiting for ever: {waiting}; "
                "declare work of other threads and processes with external()"
            )
        return events

    def _jump(self, timeout_s: float) -> None:
        # The heap's own instant, where there is one: adding the rounded difference would miss it by some nanoseconds.
        heap: list[asyncio.TimerHandle] = getattr(self, "_scheduled", [])
        target_s = self._now_s + timeout_s
        if heap and abs(heap[0].when() - target_s) < 1e-6:
            target_s = heap[0].when()
        assert target_s >= self._now_s
        self._now_s = target_s
        self.jumps += 1

    def _check_limits(self) -> None:
        now_s = self.real_time()
        began_s, self._callbacks_began_s = self._callbacks_began_s, None
        if self._forgiving:
            return
        if began_s is not None and now_s - began_s > self._block_s_max:
            raise VirtualTimeError(
                f"the loop was blocked for {now_s - began_s:.2f} s of real time (limit {self._block_s_max} s)"
            )
        if now_s > self._wall_end_s:
            raise VirtualTimeError(f"the run took longer than its limit of real time, at virtual {self._now_s:.6f} s")


class _PacedSelector(selectors.DefaultSelector):
    """The loop's selector: real sockets, virtual waiting."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> _Events:
        return self._loop._wait(super().select, timeout)


def run_virtual(
    coroutine: Coroutine[Any, Any, T],
    *,
    start_ns: int = START_NS,
    wall_s_max: float = WALL_S_MAX,
    block_s_max: float = BLOCK_S_MAX,
    external_s_max: float = EXTERNAL_S_MAX,
) -> T:
    """Run `coroutine` to its end on a fresh VirtualLoop and return what it returns.

    Raises what it raises; VirtualTimeError when the loop was blocked, hung or ran too long, when a callback raised,
    and when a task or a thread was left behind.
    """
    threads_before = set(threading.enumerate())
    loop = VirtualLoop(start_ns, wall_s_max=wall_s_max, block_s_max=block_s_max, external_s_max=external_s_max)
    failures: list[str] = []
    loop.set_exception_handler(lambda _, context: failures.append(_said(context)))
    try:
        try:
            result = loop.run_until_complete(coroutine)
            loop.run_until_complete(_settle())
            left = sorted(repr(task) for task in asyncio.all_tasks(loop))
        finally:
            loop._forgiving = True
            _cancel_all(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        loop.close()
    if left:
        raise VirtualTimeError("tasks were left behind: " + "; ".join(left))
    if failures:
        raise VirtualTimeError("callbacks failed: " + "; ".join(failures))
    _demand_no_new_threads(threads_before)
    return result


async def _settle() -> None:
    for _ in range(CLOSING_ROUNDS):
        await asyncio.sleep(0)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(_settle())


def _demand_no_new_threads(before: set[threading.Thread]) -> None:
    left = [thread for thread in threading.enumerate() if thread not in before]
    for thread in left:
        thread.join(THREAD_JOIN_S)
    alive = [thread.name for thread in left if thread.is_alive()]
    if alive:
        raise VirtualTimeError("threads were left behind: " + ", ".join(sorted(alive)))


def _said(context: dict[str, Any]) -> str:
    error = context.get("exception")
    return f"{context.get('message', 'a callback failed')}: {error!r}"
