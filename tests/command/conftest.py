"""What the command's tests share: a controller's state folder, built by hand, and the command in and out of process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from firmware.__main__ import main
from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.identity import Identity
from firmware.journal import Journal, Limits
from tests.journal.making import Listener

ROOT = Path(__file__).parents[2]
SITES = ROOT / "provisioning" / "sites"
SITE, HOLDERS, RULES = (SITES / name for name in ("community_gate.toml", "holders.csv", "rules.toml"))
ROWS = 60  # and the row that begins the journal
BEGIN_UTC_MS = 1_795_406_400_000  # 2026-11-23 12:00 in Shanghai; row n is n - 1 seconds later
LIMIT_S = 60


class Answer(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def menshen(capsys, monkeypatch):
    """Run the command in this process."""
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> Answer:
        try:
            status = main([str(word) for word in words])
        except SystemExit as left:  # argparse
            status = left.code
        said = capsys.readouterr()
        return Answer(status, said.out, said.err)

    return call


def process(*words: object, **settings: object) -> subprocess.CompletedProcess:
    """Run the command as a process of its own."""
    settings = {"capture_output": True, "timeout": LIMIT_S, "cwd": ROOT, **settings}
    return subprocess.run([sys.executable, "-m", "firmware", *map(str, words)], **settings)


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return {**kept, **changes}


def rows() -> list[Event]:
    """Granted to every third, denied to the next, and a door that opened: at two doors, by turns."""
    made = []
    for number in range(ROWS):
        door = ("front_door", "bike_shed")[number % 2]
        if number % 3 == 0:
            event = Event(
                Code.GRANTED, portal=door, body=Body(holder="resident", credential="aa"), reasons=("granted",)
            )
        elif number % 3 == 1:
            event = Event(Code.DENIED, portal=door, body=Body(holder="careless"), reasons=("credential_lost",))
        else:
            event = Event(Code.OPENED, portal=door)
        made.append(event)
    return made


def open_journal(state: Path, identity: Identity) -> tuple[Journal, Listener]:
    folder = state / "journal"
    folder.mkdir(exist_ok=True)
    listener = Listener()
    journal = Journal.open(
        folder,
        identity,
        boot="b1",
        limits=Limits(),
        on_committed=listener.on_committed,
        on_failed=listener.on_failed,
        on_recovered=listener.on_recovered,
        utc_ms=BEGIN_UTC_MS,
    )
    return journal, listener


def append(journal: Journal, listener: Listener, events: list[Event]) -> None:
    for number, event in enumerate(events, 1):
        ticket = journal.append([Record(event)], now_ms=number * 1000, utc_ms=BEGIN_UTC_MS + number * 1000)
    listener.wait_ticket(ticket)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with an identity, a roster beside, and a journal of 61 rows at rest, the last of them signed."""
    folder = tmp_path_factory.mktemp("template") / "state"
    identity = Identity.load_or_create(folder / "identity")
    journal, listener = open_journal(folder, identity)
    append(journal, listener, rows())
    assert journal.close()
    words = ("roster", "build", HOLDERS, RULES, folder / "built", "--state", folder, "--version", 7)
    assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def state(tmp_path: Path, template: Path) -> Path:
    """A copy of the template, without the roster, to be spoiled."""
    return shutil.copytree(template, tmp_path / "state", ignore=shutil.ignore_patterns("built"))


@pytest.fixture
def built(state: Path, template: Path) -> Path:
    """The demo gate's roster, version 7, signed by the controller of `state`."""
    return shutil.copy(template / "built", state / "built")
