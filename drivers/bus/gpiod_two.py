"""gpiod, version 2, or a refusal: version 1 has the same name, another interface, and nothing that we could use."""

from __future__ import annotations

import gpiod

from drivers.bus.lines import BusError

__all__ = ["gpiod"]

_version = getattr(gpiod, "__version__", "1")
if not _version.startswith("2."):
    raise BusError(
        f"gpiod {_version} is installed, and 2.x is needed: install what requirements.lock names, and keep Debian's "
        "python3-libgpiod 1.6 out of that environment"
    )
