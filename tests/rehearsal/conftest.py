"""Shared ground of the rehearsal's tests: the demo gate's layout file."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def gate_file() -> Path:
    return Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.plants.toml"
