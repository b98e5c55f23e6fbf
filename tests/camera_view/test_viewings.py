"""What one log-in may look through, whatever happens while something else of it is waited for."""

from __future__ import annotations

import asyncio

import pytest

from firmware.camera_commands import BeginViewing, EndViewing, TellShift
from firmware.messages import Answer, Welcome
from firmware.network.accounts.account import Role
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.viewings import Stated, Viewings
from firmware.network.live import Live
from firmware.network.sessions import Sessions

SHIFT = Stated(("gate",), "watching gate 2", 300, shift=True)
INCIDENT = Stated(("gate",), "a fire", 300, incident="a fire")


class Far:
    """The controller's end: does what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def ask(self, command, late=None):
        self.asked.append(command)
        await asyncio.sleep(0)
        return Answer("r", True, told='{"left_s":600}' if isinstance(command, TellShift) else "")

    def of(self, kind: type) -> list:
        return [each for each in self.asked if isinstance(each, kind)]


def looked(scene) -> None:
    async def whole() -> None:
        now_s = asyncio.get_running_loop().time
        far, sessions = Far(), Sessions()
        live = Live(now_s())
        live.heard(Welcome("1", "s", "S", "boot", "journal.db"), now_s())
        viewings = Viewings(live, far, sessions, 12)
        guard = sessions.open("guard", frozenset({Role.GUARD}), "10.0.0.7", now_s())
        await scene(far, sessions, viewings, guard)

    asyncio.run(whole())


@pytest.mark.attack("camera-24")
def test_a_log_in_that_is_over_sees_nothing_from_that_instant() -> None:
    """And not only once somebody has looked whether it is: a picture that is waited for comes within that second."""

    async def scene(_far, sessions, viewings, guard) -> None:
        viewing = await viewings.begin(guard, "10.0.0.7", INCIDENT)
        assert viewings.of(guard) is viewing
        sessions.end(guard)
        assert viewings.of(guard) is None

    looked(scene)


@pytest.mark.parametrize("second", [SHIFT, INCIDENT])
def test_a_log_in_looks_for_one_thing_and_no_viewing_is_left_open_that_nobody_can_end(second) -> None:
    """Two are asked for at once; of a shift it is asked first what it is for, and the other one begins meanwhile."""

    async def scene(far, sessions, viewings, guard) -> None:
        await viewings.shift(guard)
        first = await viewings.begin(guard, "10.0.0.7", INCIDENT)
        with pytest.raises(NotBegun) as refused:
            await viewings.begin(guard, "10.0.0.7", second)
        assert refused.value.word == "viewing_is_one"
        assert viewings.of(guard) is first
        assert len(far.of(BeginViewing)) == 1
        viewings.end(first, "by_hand")
        assert viewings.of(guard) is None
        assert await viewings.begin(guard, "10.0.0.7", second)
        sessions.end(guard)
        running = asyncio.create_task(viewings.run())
        async with asyncio.timeout(10):
            while len(far.of(EndViewing)) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        running.cancel()
        begun = {each.ticket for each in far.of(BeginViewing)}
        assert {each.ticket for each in far.of(EndViewing)} == begun, "each has its end"

    looked(scene)
