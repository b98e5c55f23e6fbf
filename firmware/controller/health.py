"""Tells the service manager that the controller lives, and only while it does (sd_notify protocol, systemd).

The watchdog is fed only while the loop, every driver and the journal's writer answer. A hung controller is killed by
the service manager, which then runs `menshen safe`.
"""

from __future__ import annotations

import os
import socket


class ServiceManager:
    """The notification socket of the service manager; silent where there is none."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        environment = dict(os.environ) if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        watchdog_us = environment.get("WATCHDOG_USEC", "")
        self.feed_s = int(watchdog_us) / 2_000_000 if watchdog_us.isdecimal() and int(watchdog_us) else None
        self.fed = 0

    def ready(self) -> None:
        self._tell("READY=1")

    def stopping(self) -> None:
        self._tell("STOPPING=1")

    def feed(self) -> None:
        self.fed += 1
        self._tell("WATCHDOG=1")

    def starve(self, why: str) -> None:
        """Say why the watchdog is not fed."""
        self._tell(f"STATUS=not healthy: {why[:200]}")

    def _tell(self, text: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        # Without waiting: a service manager that hangs lets its queue fill, and the gate must not hang with it.
        kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        with socket.socket(socket.AF_UNIX, kind) as telling:
            try:
                telling.sendto(text.encode(), address)
            except OSError as error:
                # Nobody to tell. The service manager will find out by itself: its watchdog runs.
                self.last_error = str(error)
