"""A controller that begins anew from another site file, after a restore say: this process has to read it, too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from firmware.network.live import Live


class SiteFile:
    """Looks at each new run of the controller whether the site file is the one of our start; `end` where it is not.

    Whoever started us starts us again. A site file that is changed while nothing runs anew changes nothing.
    """

    def __init__(self, path: Path, live: Live, end: Callable[[], None]) -> None:
        self._path, self._live, self._end = path, live, end
        self._stood = self._mark()
        self._boot: str | None = None

    def look(self) -> None:
        boot = None if self._live.welcome is None else self._live.welcome.boot
        if boot == self._boot:
            return
        begun, self._boot = self._boot is not None, boot
        if begun and self._mark() != self._stood:
            self._end()

    def _mark(self) -> tuple[int, ...] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
