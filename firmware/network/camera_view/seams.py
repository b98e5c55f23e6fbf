"""What the page and the API of cameras work with: who looks and why, and what is seen."""

from __future__ import annotations

from typing import NamedTuple

from firmware.network.camera_view.stating import Stating
from firmware.network.camera_view.viewings import Viewings
from firmware.network.camera_view.watching import Windows
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.settings import Settings


class Seams(NamedTuple):
    """Made once, in room.py."""

    live: Live
    viewings: Viewings
    stating: Stating
    windows: Windows
    rendering: Rendering
    settings: Settings
