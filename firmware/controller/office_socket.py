"""The office's socket in the state folder, for our own user and root: commands of named persons in, answers out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, get_args

from firmware.controller.role_socket import OFFICE_PACE, RoleSocket
from firmware.local_socket import listening_socket
from firmware.messages import AnyFromOffice, AnyOfficeCommand, AnyWireCommand, AskOffice, AskWires, Message

NAME = "office.sock"  # firmware/roster/office.py looks for it there
MODE = 0o600


class Wires(Protocol):
    """Who answers installers. firmware.controller.wires.Wires is one."""

    def ask(self, asked: AskWires) -> None: ...
    def gripped(self, request: str, held: bool) -> None: ...
    def gone(self, request: str) -> None: ...


class OfficeSocket:
    """Made closed; `open` begins to listen."""

    def __init__(
        self, folder: Path, on_ask: Callable[[AskOffice], None], user_ids: frozenset[int] | None = None
    ) -> None:
        """`user_ids` are those whose processes may ask; None: our own and root."""
        self.path = folder / NAME
        allowed = frozenset(get_args(AnyOfficeCommand | AnyWireCommand))
        self._on_ask = on_ask
        self._wires: Wires | None = None
        self._served = RoleSocket("office", None, allowed, self._ask, user_ids, kind=AnyFromOffice, pace=OFFICE_PACE)

    def furnish(self, wires: Wires) -> None:
        """Give installers their end, too."""
        self._wires = wires
        self._served.on_grip, self._served.on_gone = wires.gripped, wires.gone

    def tie(self, request: str) -> None:
        self._served.tie(request)

    def untie(self, request: str) -> None:
        self._served.untie(request)

    def _ask(self, ask: AskOffice | AskWires) -> None:
        if isinstance(ask, AskOffice):
            self._on_ask(ask)
        elif self._wires is not None:
            self._wires.ask(ask)

    def send(self, request: str, messages: Sequence[Message]) -> None:
        """All that is answered to one request."""
        self._served.send(request, messages)

    async def open(self) -> str:
        """Listen, in place of what a dead process left there. Says why where the folder takes no socket."""
        try:
            await self._served.start(listening_socket(self.path, MODE))
        except OSError as error:
            return f"{self.path}: {error.strerror}: the office cannot ask for anything. Look at the state folder."
        return ""

    async def close(self) -> None:
        """Hang up, and take the socket away."""
        await self._served.stop()
        with contextlib.suppress(OSError):  # of a folder that cannot be written: the next start replaces it
            self.path.unlink(missing_ok=True)
