"""Lost devices are told once, tried again with growing pauses, and told when they are back; our own mistakes end it."""

from __future__ import annotations

import asyncio

from drivers.reports import DriverError
from firmware.controller.supervisor import BACK_OFF_S, PROVEN_S, Supervisor
from firmware.core.facts import DeviceLost, DeviceRecovered
from firmware.rehearsal.virtual_time import run_virtual


class Flaky:
    """A driver that is lost `losses` times and lives then; or fails by a mistake of ours."""

    id = "flaky"

    def __init__(self, losses: int, mistake: Exception | None = None) -> None:
        self.losses = losses
        self.mistake = mistake
        self.started_s: list[float] = []
        self.safes = 0

    async def run(self, emit) -> None:
        self.started_s.append(asyncio.get_running_loop().time())
        if self.mistake is not None:
            raise self.mistake
        if len(self.started_s) <= self.losses:
            raise DriverError("flaky: the cable is off")
        await asyncio.Event().wait()

    def safe(self) -> None:
        self.safes += 1

    def counters(self) -> dict[str, int]:
        return {}


def test_a_lost_device_is_told_once_and_tried_with_bounded_growing_pauses():
    async def scenario():
        told, died = [], []
        supervisor = Supervisor(lambda report: None, told.append, lambda name, error: died.append(name))
        driver = Flaky(losses=8)
        supervisor.start(driver)
        await asyncio.sleep(sum(BACK_OFF_S) + 3 * BACK_OFF_S[-1])
        assert supervisor.answering()
        await supervisor.stop(1.0)
        return told, died, driver

    told, died, driver = run_virtual(scenario())
    assert told == [DeviceLost(device="flaky", why="flaky: the cable is off"), DeviceRecovered(device="flaky")]
    assert died == []
    assert driver.safes == 8
    pauses = [later - earlier for earlier, later in zip(driver.started_s, driver.started_s[1:], strict=False)]
    assert [round(pause, 3) for pause in pauses] == [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 10.0, 10.0]


def test_a_device_that_is_lost_at_once_again_has_not_recovered():
    class Short(Flaky):
        async def run(self, emit) -> None:
            await asyncio.sleep(PROVEN_S * 0.9)
            raise DriverError("gone again")

    async def scenario():
        told = []
        supervisor = Supervisor(lambda report: None, told.append, lambda name, error: None)
        supervisor.start(Short(losses=0))
        await asyncio.sleep(20)
        await supervisor.stop(1.0)
        return told

    assert run_virtual(scenario()) == [DeviceLost(device="flaky", why="gone again")]


def test_a_mistake_of_ours_ends_the_process_and_starves_the_watchdog():
    async def scenario():
        died = []
        supervisor = Supervisor(lambda report: None, lambda fact: None, lambda name, error: died.append((name, error)))
        mistake = AssertionError("never")
        supervisor.start(Flaky(0, mistake))
        await asyncio.sleep(0.1)
        answering = supervisor.answering()
        await supervisor.stop(1.0)
        return died, answering, mistake

    died, answering, mistake = run_virtual(scenario())
    assert died == [("driver flaky", mistake)]
    assert not answering
