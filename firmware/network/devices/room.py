"""All about devices together, at the page and by the API: wires, self-test, machine."""

from __future__ import annotations

from firmware.network.devices.api import DevicesApi
from firmware.network.devices.known import Known
from firmware.network.devices.logs import Logs
from firmware.network.devices.machine_api import MachineApi
from firmware.network.devices.machine_desk import MachineDesk
from firmware.network.devices.machine_pages import MachinePages
from firmware.network.devices.pages import DevicePages
from firmware.network.devices.selftest_api import SelfTestApi
from firmware.network.devices.selftest_desk import SelfTestDesk
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
    """Made once. Its windows and those of the status page, `streams`, have one bound."""

    def __init__(
        self,
        live: Live,
        link: Link,
        rendering: Rendering,
        sessions: Sessions,
        settings: Settings,
        logs: Logs | None,
        people: PeopleAsks,
        streams: Streams,
    ) -> None:
        self._wires, self._tests = Streams(beside=streams), Streams(beside=streams)
        known = Known(link, self._ring)
        live.watch(self._wires.ring)
        self._tested = SelfTestDesk(known, sessions)
        machine, gate = MachineDesk(known, live, logs, people), settings.gate
        self._parts = (
            DevicePages(known, live, rendering, gate),
            DevicesApi(known, live, self._wires, rendering, sessions),
            SelfTestPages(self._tested, rendering),
            SelfTestApi(self._tested, self._tests, rendering, sessions),
            MachinePages(machine, known, live, rendering, gate),
            MachineApi(machine, known, live, rendering, gate),
        )

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {name: call for part in self._parts for name, call in part.calls().items()}

    async def close(self) -> None:
        """Idempotent."""
        self._wires.close()
        self._tests.close()
        await self._tested.close()

    def _ring(self) -> None:
        self._wires.ring()
        self._tests.ring()
