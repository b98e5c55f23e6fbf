"""What the page asks about backups, from the role's socket to the worker and back: beside a controller that decides."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.backup.asks import (
    AnyBackupAsk,
    Backups,
    DropBackup,
    Failed,
    ForgetRestored,
    LookIntoBackup,
    MakeBackup,
    RestoreBackup,
    TellBackups,
    UndoRestore,
)
from firmware.controller.backup_jobs import CODE_TRIES_MAX, FILES_MAX, JOBS_BURST, BackupJobs
from firmware.controller.role_socket import Allowance
from firmware.messages import Answer, AnyFromOffice, Ask, AskOffice, FrameReader, TellBackup, pack
from firmware.roster.office import SOCKET
from tests.backup.boards import PASSPHRASE, Board

WAIT_S = 60.0
OTHER = "other words of nobody else"


class Desk:
    """The jobs of a board, with somebody who answers as the controller's office does."""

    def __init__(self, board: Board, allowance: Allowance | None) -> None:
        self.board = board
        self.answers: list[Answer] = []
        self.told: list[TellBackup] = []
        self.refuses = False  # whether the office refuses what it is told
        self.ended: list[str] = []
        self.midst: list[tuple[str, ...]] = []  # what goes on at the gate, each time it is looked at
        self.jobs = BackupJobs(
            board.site,
            board.state,
            board.identity,
            self.answers.append,
            self.ended.append,
            allowance=allowance,
            midst=lambda: self.midst.pop() if self.midst else (),
        )
        self.code = board.identity.claim_code

    def ask(self, command: AnyBackupAsk) -> Answer:
        assert self.jobs.take(Ask(command, f"r{len(self.answers)}"))
        return self.answers[-1]

    def stands(self) -> Backups:
        return msgspec.json.decode(self.ask(TellBackups()).told, type=Backups)

    async def done(self) -> Backups:
        """Once nothing is being done any more, or a restore waits for the controller's end."""
        async with asyncio.timeout(WAIT_S):
            await self.jobs.idle.wait()
        return self.stands()

    def make(self, **more: str) -> Answer:
        fields = {"issuer": "Li Wei", "address": "10.0.0.7", "why": "monthly", "passphrase": PASSPHRASE}
        return self.ask(MakeBackup(**({"code": self.code} | fields | more)))

    async def made(self) -> Path:
        assert self.make().done
        stands = await self.done()
        assert stands.made is not None, stands.failed
        return Path(stands.folder) / stands.made.file

    async def looked(self, content: bytes, passphrase: str = PASSPHRASE) -> Backups:
        name = "0123456789abcdef" * 2
        (Path(self.stands().folder) / name).write_bytes(content)
        assert self.ask(LookIntoBackup(issuer="Li Wei", file=name, passphrase=passphrase)).done
        return await self.done()


@contextlib.asynccontextmanager
async def desk(board: Board, allowance: Allowance | None = None) -> AsyncIterator[Desk]:
    made = Desk(board, allowance)
    server = await asyncio.start_unix_server(_office(made), path=str(board.state / SOCKET))
    try:
        yield made
    finally:
        await made.jobs.stop()
        server.close()
        await server.wait_closed()
        (board.state / SOCKET).unlink(missing_ok=True)


def _office(desk: Desk) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader(AnyFromOffice)
        while received := await reader.read(4096):
            for message in frames.feed(received):
                assert isinstance(message, AskOffice)
                assert isinstance(message.command, TellBackup)
                desk.told.append(message.command)
                writer.write(pack(Answer(message.request, not desk.refuses)))
        writer.close()

    return serve


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One backup, made as the page makes it."""

    async def scene() -> bytes:
        board = Board(tmp_path_factory.mktemp("first"))
        board.make_accounts("li wei").close()
        async with desk(board) as at:
            file = await at.made()
            assert file.stat().st_mode & 0o077 == 0
            assert [each.address for each in at.told] == ["10.0.0.7"]
            assert at.told[0].issuer == "Li Wei"
            assert at.ask(DropBackup()).done
            assert not file.exists() or at.stands().made is None
            again = await at.made()
            return again.read_bytes()

    return asyncio.run(scene())


def test_a_backup_that_the_page_made_is_one_that_the_command_opens(sealed: bytes, tmp_path: Path) -> None:
    from firmware.backup.unpacking import open_backup

    (tmp_path / "it").write_bytes(sealed)
    contents = open_backup(tmp_path / "it", PASSPHRASE).contents
    assert {part.kind for part in contents.parts} >= {"site", "source", "accounts"}
    assert PASSPHRASE.encode() not in sealed


@pytest.mark.attack("backup-21")
def test_without_the_claim_code_of_the_label_nothing_is_made_or_put_back(tmp_path: Path) -> None:
    """A network process that is taken over has all words but this one; and it may not guess for long."""

    async def scene() -> None:
        async with desk(Board(tmp_path), Allowance(burst=100)) as at:  # what is asked too often has a test of its own
            for number in range(CODE_TRIES_MAX):
                commands = (
                    MakeBackup(issuer="x", why="y", passphrase=PASSPHRASE, code=f"0000-0000-000{number}"),
                    UndoRestore(issuer="x", why="y", code=""),
                )
                assert at.ask(commands[number % 2]).reasons == ("wrong_code",)
            assert at.make().reasons == ("code_wait",), "not even the right one for a while"
            assert at.stands().job is None
            assert at.told == []

    asyncio.run(scene())


@pytest.mark.attack("backup-22")
def test_what_is_asked_too_often_or_beside_something_else_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            assert at.make().done
            assert at.make().reasons == ("busy",)
            assert at.ask(LookIntoBackup(issuer="x", file="0" * 32, passphrase="y")).reasons == ("busy",)
            stands = await at.done()
            assert stands.made is not None, stands.failed
            refused = [at.make(issuer="").reasons, at.make(why="").reasons]
            assert refused == [("not_allowed",)] * 2
            reasons = []
            for _ in range(JOBS_BURST):
                answer = at.ask(LookIntoBackup(issuer="x", file="0" * 32, passphrase="y"))
                reasons.append(answer.reasons)
                await at.done()
            assert reasons[-1] == ("too_many",)

    asyncio.run(scene())


def test_what_the_journal_does_not_know_of_is_not_handed_out(tmp_path: Path) -> None:
    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            at.refuses = True
            assert at.make().done
            stands = await at.done()
            assert stands.made is None
            assert stands.failed is not None
            assert (stands.failed.kind, stands.failed.why) == ("make", "failed")
            assert os.listdir(stands.folder) == []

    asyncio.run(scene())


@pytest.mark.attack("backup-23")
def test_a_file_is_refused_that_is_damaged_strange_or_of_other_words(sealed: bytes, tmp_path: Path) -> None:
    board = Board(tmp_path)
    before = board.files()

    async def scene() -> None:
        async with desk(board, Allowance(burst=100)) as at:
            why = []
            for content in (sealed[:-1], b"", b"PK" + sealed, sealed[:200] + b"\0" + sealed[201:]):
                failed = (await at.looked(content)).failed
                why.append(failed and failed.why)
            assert why == ["damaged"] * 4
            failed = (await at.looked(sealed, OTHER)).failed
            assert failed is not None
            assert failed.why == "wrong_passphrase"
            newer = sealed[:16] + (999).to_bytes(2, "big") + sealed[18:]
            failed = (await at.looked(newer)).failed
            assert failed is not None
            assert failed.why == "newer"
            secret = tmp_path / "secret"
            secret.write_bytes(sealed)
            folder = Path(at.stands().folder)
            (folder / ("f" * 32)).symlink_to(secret)
            assert at.ask(LookIntoBackup(issuer="x", file="f" * 32, passphrase=PASSPHRASE)).done
            failed = (await at.done()).failed
            assert failed is not None
            assert failed.why == "failed", "a link leads nowhere"
            secret.unlink()
            assert at.ask(RestoreBackup(issuer="x", why="y", seen="", passphrase=PASSPHRASE, code=at.code)).reasons == (
                "not_seen",
            )

    asyncio.run(scene())
    left = {name: content for name, content in board.files().items() if "backup.page" not in name}
    assert left == before


def test_a_look_says_what_it_would_change_and_a_restore_waits_for_the_end_of_the_controller(
    sealed: bytes, tmp_path: Path
) -> None:
    """And then it is swapped in; and there is a way back."""
    board = Board(tmp_path)
    board.make_accounts("somebody else").close()
    site = board.site.read_text()
    board.site.write_text(site.replace('name = "', 'name = "Not '))

    async def scene() -> None:
        async with desk(board) as at:
            stands = await at.looked(sealed)
            assert stands.looked is not None, stands.failed
            changes = {Path(file).name: change for change, file in stands.looked.changes}
            assert changes["site.toml"] == changes["accounts.db"] == "replaced"
            seen = stands.looked.sha256
            command = RestoreBackup(issuer="Li Wei", why="why not", seen=seen, passphrase=PASSPHRASE, code=at.code)
            assert at.ask(command).done
            await at.done()
            assert at.ended == ["a restore that the page asked for is put into place"], at.stands().failed
            assert board.accounts() == ["somebody else"], "nothing changes while the controller decides"
            await at.jobs.stop()
            assert await at.jobs.put_in_place() == "a restore was put into place"
            assert board.accounts() == ["li wei"]
            assert board.site.read_text() == site
        async with desk(board) as at:  # the next start
            stands = at.stands()
            assert stands.failed is None
            assert stands.last is not None
            assert (stands.last.by, stands.last.why, stands.last.code) == ("Li Wei", "why not", "backup.restored")
            assert at.ask(UndoRestore(issuer="Li Wei", why="the wrong one", code=at.code)).done
            await at.done()
            assert at.ended, at.stands().failed
            await at.jobs.stop()
            await at.jobs.put_in_place()
            assert board.accounts() == ["somebody else"]

    asyncio.run(scene())


@pytest.mark.attack("backup-27")
def test_what_stood_before_is_forgotten_with_the_code_of_the_label_only_and_told_first(
    sealed: bytes, tmp_path: Path
) -> None:
    """And where the journal cannot have it, it stays."""
    board = Board(tmp_path)
    board.make_accounts("somebody else").close()

    def kept() -> list[str]:
        return [name for name in board.files() if "before_restore" in name]

    async def scene() -> None:
        async with desk(board) as at:
            forget = {"issuer": "Li Wei", "why": "it works", "address": "10.0.0.7"}
            assert at.ask(ForgetRestored(**forget, code=at.code)).done
            failed = (await at.done()).failed
            assert failed is not None
            assert (failed.kind, failed.why, at.told) == ("forget", "misused", [])
            stands = await at.looked(sealed)
            assert stands.looked is not None, stands.failed
            seen = stands.looked.sha256
            at.ask(RestoreBackup(issuer="Li Wei", why="why", seen=seen, passphrase=PASSPHRASE, code=at.code))
            await at.done()
            await at.jobs.stop()
            await at.jobs.put_in_place()
        files = kept()
        assert len(files) > 3
        async with desk(board) as at:
            assert at.ask(ForgetRestored(**forget, code="0000-0000-0000")).reasons == ("wrong_code",)
            assert at.ask(ForgetRestored(issuer="Li Wei", code=at.code)).reasons == ("not_allowed",)
            at.refuses = True
            assert at.ask(ForgetRestored(**forget, code=at.code)).done
            failed = (await at.done()).failed
            assert failed is not None
            assert (failed.kind, failed.why) == ("forget", "failed")
            assert kept() == files
            at.refuses = False
            assert at.ask(ForgetRestored(**forget, code=at.code)).done
            stands = await at.done()
            assert (stands.failed, stands.last, kept()) == (None, None, [])
            said = at.told[-1]
            assert (said.issuer, said.why, said.address, said.forgotten) == ("Li Wei", "it works", "10.0.0.7", True)

    asyncio.run(scene())


def test_what_changes_between_look_and_swap_ends_the_restore(sealed: bytes, tmp_path: Path) -> None:
    """A card that is suspended in the last second must not open by an old backup."""
    board = Board(tmp_path)

    async def scene() -> None:
        async with desk(board) as at:
            stands = await at.looked(sealed)
            assert stands.looked is not None, stands.failed
            seen = stands.looked.sha256
            at.ask(RestoreBackup(issuer="Li Wei", why="why", seen=seen, passphrase=PASSPHRASE, code=at.code))
            await at.done()
            board.save_entries()
            (board.state / "roster" / "overlay").touch()
            content = board.site.read_bytes()
            await at.jobs.stop()
            assert "no restore" in await at.jobs.put_in_place()
            assert board.site.read_bytes() == content
        async with desk(board) as at:
            failed = at.stands().failed
            assert failed is not None
            assert (failed.kind, failed.why) == ("restore", "refused")

    asyncio.run(scene())


def test_what_is_told_holds_no_secret(tmp_path: Path) -> None:
    command = MakeBackup(issuer="x", why="y", passphrase=PASSPHRASE, code="0123")
    assert PASSPHRASE not in repr(command)
    assert PASSPHRASE not in repr(Ask(command, "r1"))

    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            await at.made()
            assert PASSPHRASE not in json.dumps(msgspec.to_builtins(at.stands()))
            assert not any(PASSPHRASE.encode() in content for content in at.board.files().values())

    asyncio.run(scene())


@pytest.mark.parametrize("over", [True, False])
def test_a_restore_waits_for_what_moves_and_breaks_no_emergency_off(
    sealed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, over: bool
) -> None:
    """The gate stands still for some seconds then; a motion is over soon, an emergency it may not be."""
    monkeypatch.setattr("firmware.controller.backup_jobs.QUIET_S_MAX", 3)

    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            stands = await at.looked(sealed)
            assert stands.looked is not None, stands.failed
            seen = stands.looked.sha256
            at.midst = [("restart_moving:lane",)] * (2 if over else 9)
            assert at.ask(
                RestoreBackup(issuer="Li Wei", why="why", seen=seen, passphrase=PASSPHRASE, code=at.code)
            ).done
            stands = await at.done()
            if over:
                assert (len(at.ended), at.midst) == (1, []), stands.failed
            else:
                assert (at.ended, len(at.midst)) == ([], 6)
                assert stands.failed is not None
                assert stands.failed.problems == ("the gate is in the midst of something: restart_moving:lane",)
                assert await at.jobs.put_in_place() == ""

    asyncio.run(scene())


def test_where_no_process_can_be_begun_it_is_said_and_the_next_one_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            with monkeypatch.context() as without:
                without.setattr("sys.executable", str(tmp_path / "none"))
                assert at.make().done
                stands = await at.done()
                assert (stands.job, stands.failed) == (None, Failed("make", "ended", ("FileNotFoundError",)))
            await at.made()

    asyncio.run(scene())


@pytest.mark.attack("backup-24")
def test_what_a_taken_over_network_process_piles_up_in_the_handover_holds_nobody_up(tmp_path: Path) -> None:
    """Files go a thousand at a time, beside the loop; into folders, however deep, nobody looks."""

    async def scene() -> None:
        async with desk(Board(tmp_path)) as at:
            file = await at.made()
            deep = file.parent / "deep"
            deep.joinpath(*["x"] * 50).mkdir(parents=True)
            for number in range(2 * FILES_MAX):
                (file.parent / f"{number:032x}").touch()
            assert at.ask(DropBackup()).done
            assert not file.exists(), "what it is about goes at once"
            async with asyncio.timeout(WAIT_S):
                while len(os.listdir(file.parent)) > 1:
                    assert at.ask(DropBackup()).done
                    await asyncio.sleep(0.01)
            assert deep.is_dir()
            await at.made()

    asyncio.run(scene())
