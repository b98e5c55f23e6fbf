"""What the tests of local entries share: a workshop for rosters, an empty ledger, one identity."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.identity import Identity
from tests.overlay.entries import NobodyInside
from tests.roster.conftest import Workshop


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity.load_or_create(tmp_path_factory.mktemp("identity") / "identity")


@pytest.fixture
def workshop(tmp_path: Path, identity: Identity) -> Workshop:
    return Workshop(tmp_path, identity)


@pytest.fixture
def ledger() -> NobodyInside:
    return NobodyInside()
