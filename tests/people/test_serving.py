"""The desk's socket: who may ask what, within limits; and a process that is killed leaves nothing half done."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest

from firmware.messages import FRAME_BYTES_MAX, FrameReader, pack
from firmware.people.lines import LINES
from firmware.people.serving import CLIENTS_MAX, PeopleSocket
from firmware.people_words.asking import AnyFound, AnyQuestion, AskPeople, ToldByPeople
from firmware.people_words.base import Asker, EndYourself, HowAreThings, LookAtJob, Question, Refused, Standing
from firmware.people_words.holders import EditHolder, FindPeople, PeopleFound
from firmware.people_words.visitors import ListVisitors
from tests.people.desk import GUARD, MANAGER, SITE, AtDesk, at_desk

ROOT = Path(__file__).parents[2]
WAIT_S = 20.0


async def ask(path: Path, question: Question, who: Asker = MANAGER) -> object:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(pack(AskPeople("r1", who, question)))  # type: ignore[arg-type]
        frames = FrameReader(ToldByPeople)
        async with asyncio.timeout(WAIT_S):
            while received := await reader.read(1 << 16):
                for told in frames.feed(received):
                    assert isinstance(told, ToldByPeople)
                    assert told.request == "r1"
                    return told.found
        return None
    finally:
        writer.close()


def play(folder: Path, scene: Callable[[AtDesk, Path], Awaitable[None]]) -> None:
    async def whole() -> None:
        with at_desk(folder) as desk:
            served = PeopleSocket(folder / "people.sock", desk.desk)
            await served.start()
            try:
                await scene(desk, served.path)
            finally:
                await served.stop()

    asyncio.run(whole())


def test_each_question_has_a_line_and_each_line_a_question() -> None:
    assert set(get_args(AnyQuestion)) == set(LINES)
    assert Refused in get_args(AnyFound)
    for question, line in LINES.items():
        assert line.roles, question
        only_ends = question is EndYourself  # as of any process: nothing of people is in it
        assert ("installer" in line.roles) is only_ends, "an installer has no business with people"


def test_names_of_questions_and_answers_are_of_one_thing_each() -> None:
    names = [kind.__name__ for kind in (*get_args(AnyQuestion), *get_args(AnyFound))]
    assert len(names) == len(set(names))


@pytest.mark.attack("people-06")
@pytest.mark.parametrize("roles", [(), ("guard",), ("installer",), ("auditor",), ("king",)])
def test_only_a_manager_gets_at_people(tmp_path: Path, roles: tuple[str, ...]) -> None:
    """The page has looked at the role before; whoever has taken the page over is refused here."""

    async def scene(desk: AtDesk, path: Path) -> None:
        who = Asker(name="Somebody", roles=roles)
        for question in (FindPeople(), EditHolder(fields={"name": "x", "profiles": "staff"}), HowAreThings()):
            assert await ask(path, question, who) == Refused(word="people_not_your_role")
        assert desk.gate.asked == []
        assert desk.rows("SELECT count(*) FROM holder") == [(0,)]

    play(tmp_path, scene)


def test_a_manager_and_a_guard_are_answered(tmp_path: Path) -> None:
    async def scene(_desk: AtDesk, path: Path) -> None:
        assert isinstance(await ask(path, FindPeople()), PeopleFound)
        assert isinstance(await ask(path, HowAreThings()), Standing)
        assert not isinstance(await ask(path, ListVisitors(), GUARD), Refused)
        assert await ask(path, LookAtJob(job="nothing")) == Refused(word="people_job_gone")

    play(tmp_path, scene)


@pytest.mark.attack("people-07")
def test_what_is_no_question_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async def scene(_desk: AtDesk, path: Path) -> None:
        for sent in (
            b"\x00\x00\x00\x03abc",
            (FRAME_BYTES_MAX + 1).to_bytes(4, "big"),
            b"\x00\x00\x00\x10" + b"\x91" * 16,
        ):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(sent)
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b""
            writer.close()
        assert isinstance(await ask(path, FindPeople()), PeopleFound)

    play(tmp_path, scene)


def test_fields_longer_than_allowed_are_no_question(tmp_path: Path) -> None:
    async def scene(_desk: AtDesk, path: Path) -> None:
        assert await ask(path, FindPeople(text="x" * 201)) is None
        assert await ask(path, EditHolder(fields={"name": "x" * 5_001})) is None
        assert await ask(path, EditHolder(fields={f"f{n}": "x" for n in range(17)})) is None
        assert await ask(path, FindPeople(skip=-1)) is None

    play(tmp_path, scene)


def test_connections_are_limited(tmp_path: Path) -> None:
    async def scene(_desk: AtDesk, path: Path) -> None:
        held = [await asyncio.open_unix_connection(str(path)) for _ in range(CLIENTS_MAX)]
        reader, writer = await asyncio.open_unix_connection(str(path))
        async with asyncio.timeout(WAIT_S):
            assert await reader.read() == b""
        writer.close()
        for _, one in held:
            one.close()

    play(tmp_path, scene)


@pytest.mark.attack("people-09")
def test_another_users_process_is_not_let_in(tmp_path: Path) -> None:
    async def whole() -> None:
        with at_desk(tmp_path) as desk:
            served = PeopleSocket(tmp_path / "people.sock", desk.desk, frozenset({987_654}))
            await served.start()
            reader, writer = await asyncio.open_unix_connection(str(served.path))
            async with asyncio.timeout(WAIT_S):
                assert await reader.read() == b""
            writer.close()
            await served.stop()

    asyncio.run(whole())


# -- the process itself -----------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def process(desk: AtDesk, path: Path):
    """The people process, as a supervisor starts it."""
    words = ["-m", "firmware.people", "--config", str(SITE), "--state", str(desk.state), "--socket", str(path)]
    running = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    try:
        assert running.stdout is not None
        async with asyncio.timeout(WAIT_S):
            assert json.loads(await running.stdout.readline()) == {"people": str(path)}
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


@pytest.mark.attack("people-08")
def test_killed_in_the_middle_of_an_edit_it_has_changed_nothing(tmp_path: Path) -> None:
    """The journal is asked, does not answer yet, and the plug is pulled; a new process goes on as if it never was."""

    async def whole() -> None:
        with at_desk(tmp_path) as desk:
            path, told, loop = tmp_path / "people.sock", asyncio.Event(), asyncio.get_running_loop()
            hold = asyncio.Event()

            def stall(command: object) -> None:
                if type(command).__name__ == "TellPeople" and not hold.is_set():
                    loop.call_soon_threadsafe(told.set)
                    asyncio.run_coroutine_threadsafe(hold.wait(), loop).result(WAIT_S)

            desk.gate.before = stall
            question = EditHolder(fields={"name": "Wang", "profiles": "staff"})
            async with process(desk, path) as running:
                asking = asyncio.create_task(ask(path, question))
                async with asyncio.timeout(WAIT_S):
                    await told.wait()
                running.kill()
                await running.wait()
                assert await asking is None, "no answer: whether it was done is not said"
            hold.set()
            assert desk.rows("SELECT count(*) FROM holder") == [(0,)]
            async with process(desk, path) as running:
                assert not isinstance(await ask(path, question), Refused)
                running.send_signal(signal.SIGTERM)
                async with asyncio.timeout(WAIT_S):
                    assert await running.wait() == 0
            assert desk.rows("SELECT name FROM holder") == [("Wang",)]
            with desk.place.reading() as source:
                source.prove()

    asyncio.run(whole())


def test_it_gives_way_and_is_bounded(tmp_path: Path) -> None:
    async def whole() -> None:
        with at_desk(tmp_path) as desk:
            async with process(desk, tmp_path / "people.sock") as running:
                folder = Path(f"/proc/{running.pid}")
                assert (folder / "oom_score_adj").read_text().strip() == "500"
                assert (
                    int((folder / "stat").read_text().rpartition(") ")[2].split()[16]) == 10
                )  # nice: proc_pid_stat(5)
                data = next(line for line in (folder / "limits").read_text().splitlines() if "Max data size" in line)
                assert data.split()[3] == str(768 << 20)

    asyncio.run(whole())


def test_a_site_file_with_problems_is_said(tmp_path: Path) -> None:
    async def whole() -> None:
        site = tmp_path / "site.toml"
        site.write_text("nonsense = 1\n", encoding="utf-8")
        words = [
            "-m",
            "firmware.people",
            "--config",
            str(site),
            "--state",
            str(tmp_path),
            "--socket",
            str(tmp_path / "s"),
        ]
        running = await asyncio.create_subprocess_exec(sys.executable, *words, stderr=asyncio.subprocess.PIPE, cwd=ROOT)
        _, said = await running.communicate()
        assert running.returncode == 2
        assert b"menshen check" in said

    asyncio.run(whole())
    with socket.socket(socket.AF_UNIX) as client, pytest.raises(OSError):
        client.connect(str(tmp_path / "s"))
