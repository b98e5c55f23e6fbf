"""Tells the network process what changes at the wires, for as long as somebody looks at them."""

from __future__ import annotations

import asyncio

from firmware.controller.clock import Clock
from firmware.controller.role_socket import RoleSocket
from firmware.controller.wires import WIRES_PER_FRAME, Wires
from firmware.messages import WiresChanged

WATCH_MS = 30_000  # after which a page that still looks asks anew
TELL_S = 0.1  # changes are gathered for so long: a storm costs ten small frames a second


class WireWatch:
    """See the head of this file. Whoever watches is told of one wire at most once in TELL_S: the newest word of it."""

    def __init__(self, wires: Wires, socket: RoleSocket, clock: Clock) -> None:
        self._wires = wires
        self._socket = socket
        self._clock = clock
        self._until_ms = 0
        self._changed: dict[str, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        wires.observers.append(self._seen)

    def asked(self, request: str) -> None:
        """All of them now, and their changes for a while."""
        self._until_ms = self._clock.now_ms() + WATCH_MS
        self._socket.send(request, list(self._wires.listed(request)))

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _seen(self, device: str, _word: str) -> None:
        if self._clock.now_ms() >= self._until_ms:
            return
        self._changed[device] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TELL_S, self._tell)

    def _tell(self) -> None:
        self._timer = None
        names, self._changed = tuple(self._changed), {}
        for start in range(0, len(names), WIRES_PER_FRAME):
            some = self._wires.some(names[start : start + WIRES_PER_FRAME])
            self._socket.tell(WiresChanged(self._clock.utc_ms(), some))
