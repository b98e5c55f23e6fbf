"""Keeps drivers alive: runs each, reports the lost and the recovered, and tries again with bounded back-off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from drivers.driver import Driver, Emit, points_of, proven
from drivers.reports import DriverError
from firmware.core.facts import DeviceLost, DeviceRecovered

BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)  # then always the last: a cable that is put back works within 10 s
FIRST_TURNS = 4  # of the loop: the task begins, finds its bus open, claims
PROVEN_S = 0.5  # a driver that lived this long after a loss has recovered

Tell = Callable[[DeviceLost | DeviceRecovered], None]
Died = Callable[[str, BaseException | None], None]


class Supervisor:
    """Runs drivers until stopped. `lost` tells, per device, why it is lost now.

    A device with several points is told as lost and recovered itself, and then each of its points.

    A driver that fails with anything but DriverError is a mistake of ours: `died` is called, and the process must end.
    """

    def __init__(self, emit: Emit, tell: Tell, died: Died) -> None:
        self._emit = emit
        self._tell = tell
        self._died = died
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._proving: dict[str, asyncio.TimerHandle] = {}
        self.lost: dict[str, str] = {}
        self.restarts: dict[str, int] = {}

    def start(self, driver: Driver) -> None:
        assert driver.id not in self._tasks, driver.id
        task = asyncio.create_task(self._keep(driver), name=f"driver {driver.id}")
        task.add_done_callback(self._ended)
        self._tasks[driver.id] = task

    async def first_turn(self) -> None:
        """Let every driver take its lines: outputs are claimed without waiting, so they can be driven after this."""
        for _ in range(FIRST_TURNS):
            await asyncio.sleep(0)

    def answering(self) -> bool:
        """Every driver's task is alive (running, or waiting for its next try)."""
        return all(not task.done() for task in self._tasks.values())

    async def stop(self, limit_s: float) -> None:
        """Cancel all drivers and wait for them; one that fails or hangs while it ends is of no interest any more."""
        await end_all(self._tasks.values(), limit_s)
        self._tasks.clear()

    async def _keep(self, driver: Driver) -> None:
        attempt = 0
        loop = asyncio.get_running_loop()
        while True:
            started_s = loop.time()
            if driver.id in self.lost:
                self._proving[driver.id] = loop.call_later(PROVEN_S, self._prove, driver)
            try:
                await driver.run(self._emit)
                why = "the driver ended by itself, which it must never do: this is our fault, please report it"
            except DriverError as error:
                why = str(error)
            finally:
                if (timer := self._proving.pop(driver.id, None)) is not None:
                    timer.cancel()
            if loop.time() - started_s > 60 * PROVEN_S:
                attempt = 0
            driver.safe()
            if driver.id not in self.lost:
                self.lost[driver.id] = why
                for device in (driver.id, *points_of(driver)):
                    self._tell(DeviceLost(device=device, why=why))
            self.restarts[driver.id] = self.restarts.get(driver.id, 0) + 1
            await asyncio.sleep(BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)])
            attempt += 1

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._died(task.get_name(), task.exception())

    def _prove(self, driver: Driver) -> None:
        """It has lived for long enough; it has recovered if it was heard as well."""
        if not proven(driver):
            self._proving[driver.id] = asyncio.get_running_loop().call_later(PROVEN_S, self._prove, driver)
            return
        del self._proving[driver.id], self.lost[driver.id]
        for device in (driver.id, *points_of(driver)):
            self._tell(DeviceRecovered(device=device))


async def end_all(tasks: Collection[asyncio.Task[None]], limit_s: float) -> None:
    """Cancel these tasks and wait until they have ended, but no longer than the limit."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=limit_s)
