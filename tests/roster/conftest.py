"""What the roster tests share: one identity, a table's text turned into a file, a build, a ledger in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from firmware.identity import Identity
from firmware.roster.build import BuildReport, build
from firmware.roster.roster import Roster, open_roster

CREATED_S = 1_780_000_000

RULES = """\
time_zone = "Europe/Berlin"
[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["*"]
[[profile]]
name = "staff"
[[profile.rule]]
access_points = ["front_in"]
schedule = "work"
[[schedule]]
name = "work"
workdays = ["08:00-18:00"]
"""


class Workshop:
    """Builds rosters in one folder."""

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder = folder
        self.identity = identity
        self.table = folder / "holders.csv"
        self.rules = folder / "rules.toml"
        self.out = folder / "out.roster"
        self.rules.write_text(RULES, encoding="utf-8")

    def build(self, table: str | bytes, *, version: int = 1, out: Path | None = None) -> BuildReport:
        self.table.write_bytes(table if isinstance(table, bytes) else table.encode())
        return build(self.table, self.rules, out or self.out, self.identity, version=version, created_s=CREATED_S)

    def open(self, table: str | bytes, *, version: int = 1) -> Roster:
        self.build(table, version=version)
        return open_roster(self.out, {self.identity.public_key})


class Ledger:
    """The far end of `present`: what a journal would remember."""

    def __init__(self) -> None:
        self.entries: dict[str, SimpleNamespace] = {}
        self.asked: list[tuple[str, str, object]] = []
        self.inside = 0

    def holder(self, holder: str) -> SimpleNamespace | None:
        return self.entries.get(holder)

    def household_inside(self, household: str, besides: str, areas: object) -> int:
        self.asked.append((household, besides, areas))
        return self.inside


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return Identity.load_or_create(tmp_path_factory.mktemp("identity") / "identity")


@pytest.fixture
def workshop(tmp_path: Path, identity: Identity) -> Workshop:
    return Workshop(tmp_path, identity)


@pytest.fixture
def open_table(workshop: Workshop) -> Callable[[str], Roster]:
    return workshop.open


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()
