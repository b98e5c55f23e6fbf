"""A controller with one door, for whoever looks at its wires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.start()
    made.listens()
    yield made
    made.close()
