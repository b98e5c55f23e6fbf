"""Sightings as a vision process would tell them to a camera's driver."""

from __future__ import annotations

from drivers.sights import Sight
from tests.drivers.wires import now_ns

SOURCE = "rtsp://10.0.0.7/stream"
BOX = (0.4, 0.5, 0.6, 0.6)


def sight(text: str = "京A12345", **other: object) -> Sight:
    """A sound one, of now."""
    fields = Sight("plate", text, 0.95, 0.97, 3, now_ns(), "towards", BOX, "", 1)
    return fields._replace(**other)  # type: ignore[arg-type]
