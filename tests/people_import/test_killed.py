"""kill -9 while a list is taken, put back or sent: the source has all of it or nothing, and the next start goes on."""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.messages import FrameReader, pack
from firmware.people import importing
from firmware.people_words.asking import AskPeople, ToldByPeople, of_outcome
from firmware.people_words.base import Found, Job, LookAtJob, Question, Started
from firmware.people_words.imports import (
    BeginSheet,
    LookAtSheet,
    LookAtSheets,
    PutPiece,
    SheetImported,
    TakeSheet,
)
from firmware.roster.source.store import Source
from tests.people_import.desk import MANAGER, SITE, Working, working
from tests.people_import.test_people_import import seen, sent

ROOT = Path(__file__).parents[2]
ROWS = 20_000
LOOKS_MAX = 20_000
WAIT_S = 60.0
LIST = "name,household,card,profiles\n" + "".join(
    f"Person {n},b{n // 300}-{n % 300:04},H10301:90:{n},residents\n" for n in range(ROWS)
)


class Process:
    """The people process, over a state folder."""

    def __init__(self, state: Path) -> None:
        self._path = state.parent / "people.sock"
        words = ["--config", str(SITE), "--state", str(state), "--socket", str(self._path)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "firmware.people", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert json.loads(self.process.stdout.readline())["people"] == str(self._path)

    def ask(self, question: Question) -> Found:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(WAIT_S)
            peer.connect(str(self._path))
            peer.sendall(pack(AskPeople(secrets.token_hex(4), MANAGER, question)))
            frames = FrameReader(ToldByPeople)
            while received := peer.recv(1 << 16):
                for told in frames.feed(received):
                    return told.found
        raise AssertionError("no answer")

    def work(self, question: Question, stage: str = "") -> Job:
        """Long work: until it is over, or at this stage."""
        started = self.ask(question)
        assert isinstance(started, Started), started
        for _ in range(LOOKS_MAX):
            job = self.ask(LookAtJob(job=started.job))
            assert isinstance(job, Job)
            if job.over or (stage and job.stage == stage):
                return job
        raise AssertionError(f"it went on and on: {job}")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(WAIT_S)
        self.process.stdout.close()


@contextlib.contextmanager
def people(state: Path) -> Iterator[Process]:
    process = Process(state)
    try:
        yield process
    finally:
        process.kill()


def holders(at: Working) -> int:
    """How many there are, in a source that is proven to be whole."""
    with Source.open(at.state / "office.source.db") as source:  # for writing: what was cut is tidied up
        source.prove()
        return int(source.db.execute("SELECT count(*) FROM holder").fetchone()[0])


@pytest.mark.slow
@pytest.mark.attack("import-09")
@pytest.mark.parametrize("stage", ["imports_stage_reading", "imports_stage_taking"])
def test_a_list_is_in_the_source_as_a_whole_or_not_at_all(tmp_path: Path, stage: str) -> None:
    with working(tmp_path) as at:
        before = holders(at)
        sheet = sent(at, LIST.encode(), piece=100_000)
        number = seen(at, sheet).preview.number
        with people(at.state) as process:
            assert not process.work(TakeSheet(sheet=sheet, number=number, why="killed"), stage).over
            process.kill()
        assert holders(at) in ((before,) if stage.endswith("reading") else (before, before + ROWS))
        if holders(at) == before:
            with people(at.state) as process:
                done = of_outcome(process.work(TakeSheet(sheet=sheet, number=number, why="once more")))
                assert isinstance(done, SheetImported), done
            assert holders(at) == before + ROWS


@pytest.mark.slow
def test_a_list_that_did_not_come_whole_is_forgotten_by_the_next_start(tmp_path: Path) -> None:
    with working(tmp_path) as at:
        whole = sent(at, LIST.encode(), piece=100_000)
        with people(at.state) as process:
            begun = process.ask(BeginSheet(file="half.csv"))
            process.ask(PutPiece(sheet=begun.sheet, offset=0, content=b"name,card\n"))
            process.kill()
        with people(at.state) as process:
            listed = process.ask(LookAtSheets())
            assert [each.sheet for each in listed.waiting] == [whole]
        assert not (at.state / "imports" / begun.sheet).exists()
        at.done(importing.read, importing.ReadSheet(sheet=whole))
        assert importing.look(at.desk, MANAGER, LookAtSheet(sheet=whole, language="en")).preview is not None
