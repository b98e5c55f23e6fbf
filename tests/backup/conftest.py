"""The command in this process, with a passphrase from the environment, and two boards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from firmware.__main__ import main
from tests.backup.boards import PASSPHRASE, Board

BY = ("--by", "Li Wei", "--why", "the yearly rehearsal")


class Answer(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def told(self) -> dict:
        return json.loads(self.out)


@pytest.fixture
def menshen(capsys, monkeypatch):
    """Run `menshen backup ...`."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("MENSHEN_BACKUP_PASSPHRASE", PASSPHRASE)
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Answer:
        try:
            status = main(["backup", *(str(word) for word in words)])
        except SystemExit as left:  # argparse
            status = left.code
        said = capsys.readouterr()
        return Answer(status, said.out, said.err)

    return call


@pytest.fixture
def old(tmp_path: Path) -> Board:
    return Board(tmp_path / "old")


@pytest.fixture
def new(tmp_path: Path) -> Board:
    return Board(tmp_path / "new", running=False)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "gate.backup"
