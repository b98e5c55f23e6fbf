"""Effects on their way to devices: what a device is told again once it has come back."""

from __future__ import annotations

from firmware.controller.inbox import Inbox
from firmware.controller.outlet import Outlet
from firmware.core.effects import Feedback, Mute, SetOutput, Show, Unmute


class Device:
    """A far end that writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def apply(self, on: bool) -> None:
        self.told.append(on)

    def show(self, feedback: str) -> None:
        self.told.append(feedback)

    def mute(self, muted: bool) -> None:
        self.told.append(f"mute {muted}")


def test_a_device_that_comes_back_is_told_what_holds_now():
    lock, reader = Device(), Device()
    outlet = Outlet({"lock": lock, "reader": reader}, None, Inbox())
    outlet.carry_out(
        [SetOutput("lock", True), SetOutput("lock", False), Show("reader", Feedback.DENIED)], now_ms=0, utc_ms=None
    )
    outlet.carry_out([Show("reader", Feedback.LOCKDOWN), Mute("reader")], now_ms=1, utc_ms=None)
    lock.told.clear()
    reader.told.clear()
    for device in ("lock", "reader", "camera"):
        outlet.restore(device)
    assert lock.told == [False]
    assert reader.told == ["mute True", "lockdown"]


def test_a_reader_that_is_heard_again_stays_so_when_it_comes_back():
    reader = Device()
    outlet = Outlet({"reader": reader}, None, Inbox())
    outlet.carry_out([Mute("reader"), Unmute("reader")], now_ms=0, utc_ms=None)
    reader.told.clear()
    outlet.restore("reader")
    assert reader.told == []
