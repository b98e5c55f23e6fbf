"""The office's socket in the state folder, for our own user and root: commands of named persons in, answers out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

from firmware.controller.role_socket import OFFICE_PACE, RoleSocket, listening_socket
from firmware.messages import AnyFromOffice, AnyOfficeCommand, AskOffice, Message

NAME = "office.sock"  # firmware/roster/office.py looks for it there
MODE = 0o600


class OfficeSocket:
    """Made closed; `open` begins to listen."""

    def __init__(
        self, folder: Path, on_ask: Callable[[AskOffice], None], user_ids: frozenset[int] | None = None
    ) -> None:
        """`user_ids` are those whose processes may ask; None: our own and root."""
        self.path = folder / NAME
        allowed = frozenset(get_args(AnyOfficeCommand))
        self._served = RoleSocket("office", None, allowed, on_ask, user_ids, kind=AnyFromOffice, pace=OFFICE_PACE)

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
