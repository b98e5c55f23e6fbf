"""All of the page about devices together: wires, self-test, machine."""

from __future__ import annotations

from firmware.network.devices.known import Known
from firmware.network.devices.logs import Logs
from firmware.network.devices.machine_pages import MachinePages
from firmware.network.devices.pages import DevicePages
from firmware.network.devices.selftest_pages import SelfTestPages
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAsks
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering
from firmware.network.sessions import Sessions
from firmware.network.settings import Settings
from firmware.network.streams import Streams


class DevicesRoom:
    """Made once. Its windows have a bound of their own, beside those of the status page."""

    def __init__(
        self,
        live: Live,
        link: Link,
        rendering: Rendering,
        sessions: Sessions,
        settings: Settings,
        logs: Logs | None,
        people: PeopleAsks,
    ) -> None:
        self._wires, self._tests = Streams(), Streams()
        known = Known(link, self._ring)
        live.watch(self._wires.ring)
        self._devices = DevicePages(known, live, self._wires, rendering, sessions, settings.gate)
        self._selftest = SelfTestPages(known, self._tests, rendering, sessions)
        self._machine = MachinePages(known, live, rendering, logs, settings.gate, people)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return self._devices.calls() | self._selftest.calls() | self._machine.calls()

    async def close(self) -> None:
        """Idempotent."""
        self._wires.close()
        self._tests.close()
        await self._selftest.close()

    def _ring(self) -> None:
        self._wires.ring()
        self._tests.ring()
