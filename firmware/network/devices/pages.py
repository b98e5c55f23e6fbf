"""The page of devices: everything that hangs on the controller, with its wires, counters and last fault.

Its script keeps it as it is now, by the stream of the API (api.py).
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.acts.act import Gate
from firmware.network.devices.known import Known
from firmware.network.devices.showing import BY_BOARD, BY_PORTAL, Chosen, WireSpeaker
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked

PATH = "/devices"
REFRESH_S = 10  # without script
TEXT_CHARACTERS_MAX = 64  # of the filter


class DevicePages:
    """What answers the routes of devices."""

    def __init__(self, known: Known, live: Live, rendering: Rendering, gate: Gate) -> None:
        self._known = known
        self._live = live
        self._rendering = rendering
        self._gate = gate

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"devices": self._devices}

    async def _devices(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        answered = await self._known.all_wires()
        query = asked.request.query_params
        chosen = Chosen(
            BY_BOARD if query.get("by") == BY_BOARD else BY_PORTAL,
            query.get("text", "")[:TEXT_CHARACTERS_MAX],
            "trouble" if query.get("only") == "trouble" else "",
        )
        known, speaker = self._known, self._rendering.speaker(asked.request)
        groups = WireSpeaker(speaker).groups(known.wires.values(), known.portals, self._live.health, chosen)
        here = PATH + (f"?{asked.request.url.query}" if asked.request.url.query else "")
        return self._rendering.html(
            "devices.html",
            asked.request,
            asked.session,
            here,
            HTTPStatus.OK,
            groups=groups,
            total=len(known.wires),
            shown=sum(len(group.rows) for group in groups),
            chosen=chosen,
            answered=answered,
            serves=Role.INSTALLER in asked.person.roles,
            serviceable=self._serviceable(),
            refresh_s=REFRESH_S,
        )

    def _serviceable(self) -> frozenset[str]:
        """Portals that the site lets a page take out of service (firmware/core/afar.py)."""
        return frozenset(name for name, portal in self._gate.portals.items() if "service" in portal.remote)
