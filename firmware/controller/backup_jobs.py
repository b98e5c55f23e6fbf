"""Backups that the page asks for: one at a time, by a process of their own, and nothing of it waits before a card.

What is checked here is checked again: the claim code of the label, which the network process does not have, before
everything is handed out or replaced; how often; and that a restore is of the very file that was looked into. A restore
ends this process with every output safe, is swapped in then, and the next start is one from the restored files.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.backup import swap
from firmware.backup.asks import (
    HANDOVER,
    AnyBackupAsk,
    Backups,
    DropBackup,
    Failed,
    ForgetRestored,
    Job,
    Kind,
    Last,
    Looked,
    LookIntoBackup,
    Made,
    MakeBackup,
    RestoreBackup,
    TellBackups,
    UndoRestore,
)
from firmware.backup.errors import BackupError
from firmware.controller.backup_work import GO, MADE, OUTCOME, Told, Work
from firmware.controller.errors import StateFolderError
from firmware.controller.role_socket import Allowance
from firmware.controller.role_user import RoleUser
from firmware.identity import Identity
from firmware.messages import Answer, Ask

FOLDER = "backup.page"  # in the state folder, for our own user only
KEPT_S = 1800.0  # a file that nobody takes, or puts back, goes
WORK_S_MAX = 1800.0  # of a source of 250,000 holders on a board it takes a minute
SWAP_S_MAX = 120.0  # with the gate standing still: a rename and a sync a file
JOBS_PER_S, JOBS_BURST = 12 / 3600, 6
CODE_TRIES_MAX = 5  # of the claim code; then none is looked at for a while, longer each time
CODE_WAIT_S, CODE_WAIT_S_MAX = 60.0, 3600.0
LINE_BYTES_MAX = 1 << 20
FILES_MAX = 1_000  # that are taken away at once: whoever may lay files in the handover may lay many
QUIET_S_MAX = 60  # that a restore waits for what moves, or for an emergency to be over
GONE = Failed("make", "ended")
KINDS: dict[type, Kind] = {
    MakeBackup: "make",
    LookIntoBackup: "look",
    RestoreBackup: "restore",
    UndoRestore: "undo",
    ForgetRestored: "forget",
}


class Guesses:
    """Counts wrong claim codes."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._wrong = 0
        self._until_s = 0.0
        self._wait_s = CODE_WAIT_S

    def refused(self, code: str, now_s: float) -> str:
        """Why it is not let through; empty: it is the claim code."""
        if now_s < self._until_s:
            return "code_wait"
        if self._identity.is_claim_code(code):
            self._wrong, self._wait_s = 0, CODE_WAIT_S
            return ""
        self._wrong += 1
        if self._wrong >= CODE_TRIES_MAX:
            self._wrong, self._until_s = 0, now_s + self._wait_s
            self._wait_s = min(CODE_WAIT_S_MAX, 2 * self._wait_s)
        return "wrong_code"


class BackupJobs:
    """Takes what the page asks about backups. `answer` goes to who asked; `end` has the controller end, and why."""

    def __init__(
        self,
        site: Path,
        state: Path,
        identity: Identity,
        answer: Callable[[Answer], None],
        end: Callable[[str], None],
        network_user: RoleUser | None = None,
        allowance: Allowance | None = None,
        midst: Callable[[], tuple[str, ...]] = lambda: (),
    ) -> None:
        """`allowance`: how often something may be begun; `midst`: what an end of the controller would break off.

        Raises StateFolderError, OSError.
        """
        self._site, self._state = site.resolve(), state.resolve()
        self._answer, self._end, self._network_user = answer, end, network_user
        self._own, self._handover = self._state / FOLDER, self._state / HANDOVER
        self._loop = asyncio.get_running_loop()
        self._guesses = Guesses(identity)
        self._allowance = allowance if allowance is not None else Allowance(JOBS_PER_S, JOBS_BURST)
        self._job: Job | None = None
        self._made: Made | None = None
        self._looked: Looked | None = None
        self._failed: Failed | None = None
        self._task: asyncio.Task[None] | None = None
        self._waiting: Process | None = None  # a restore that is ready
        self._midst = midst
        self._forgetting: asyncio.TimerHandle | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self.idle = asyncio.Event()  # set while nothing is being done, or a restore waits for our end
        self.idle.set()
        self._prepare()

    def take(self, ask: Ask) -> bool:
        """Whether it was about backups; then it is answered."""
        if not isinstance(ask.command, AnyBackupAsk):
            return False
        why = self._refused(ask.command)
        told = "" if why or not isinstance(ask.command, TellBackups) else self._told()
        self._answer(Answer(ask.request, not why, (why,) if why else (), told=told))
        return True

    async def stop(self) -> None:
        """Whatever is being done ends, but for a restore that is ready."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._sweeping is not None:
            await asyncio.gather(self._sweeping, return_exceptions=True)

    async def put_in_place(self) -> str:
        """Once all else has ended: let a restore that is ready be swapped in. Says what came of it; empty: none was."""
        worker = self._waiting
        if worker is None:
            return ""
        assert worker.stdin is not None
        try:
            async with asyncio.timeout(SWAP_S_MAX):
                worker.stdin.write(GO.encode() + b"\n")
                told = await self._hear(worker)
        except (TimeoutError, OSError):
            worker.kill()  # the next start carries it on, or takes it back
            told = Told(failed=GONE)
        await worker.wait()
        return "a restore was put into place" if told.failed is None else f"no restore: {told.failed.why}"

    # -- what is asked ------------------------------------------------------------------------------------------------

    def _refused(self, command: AnyBackupAsk) -> str:
        """Begin what is asked; why it is not; empty: it is."""
        if isinstance(command, TellBackups):
            return ""
        if isinstance(command, DropBackup):
            self._forget()
            return ""
        if self._job is not None:
            return "busy"
        if not command.issuer or (not command.why and not isinstance(command, LookIntoBackup)):
            return "not_allowed"
        now_s = self._loop.time()
        if not self._allowance.take(now_s):
            return "too_many"
        if not isinstance(command, LookIntoBackup):
            why = self._guesses.refused(command.code, now_s)
            if why:
                return why
        if isinstance(command, RestoreBackup) and (self._looked is None or self._looked.sha256 != command.seen):
            return "not_seen"
        self._begin(command)
        return ""

    def _begin(self, command: MakeBackup | LookIntoBackup | RestoreBackup | UndoRestore | ForgetRestored) -> None:
        kind = KINDS[type(command)]
        work = Work(
            kind,
            str(self._site),
            str(self._state),
            str(self._own),
            command.issuer,
            command.address,
            command.why,
            passphrase="" if isinstance(command, UndoRestore | ForgetRestored) else command.passphrase,
            handed=str(self._handover / command.file) if isinstance(command, LookIntoBackup) else "",
            seen=command.seen if isinstance(command, RestoreBackup) else "",
        )
        if kind in ("make", "look"):
            self._forget(kind)
        self._failed = None
        self._job = Job(kind, command.issuer)
        self.idle.clear()
        self._task = self._loop.create_task(self._do(work), name="backup")

    def _told(self) -> str:
        try:
            was = swap.before(self._site)
        except BackupError:
            was = None
        last = None if was is None else Last(was.code, was.issuer, was.why, was.utc_s)
        told = Backups(str(self._handover), self._job, self._made, self._looked, self._failed, last)
        return msgspec.json.encode(told).decode()

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _do(self, work: Work) -> None:
        worker: Process | None = None
        try:
            worker = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "firmware.controller.backup_worker"),
                stdin=PIPE,
                stdout=PIPE,
                limit=LINE_BYTES_MAX,
            )
            assert worker.stdin is not None
            worker.stdin.write(msgspec.json.encode(work) + b"\n")
            async with asyncio.timeout(WORK_S_MAX):
                told = await self._hear(worker)
            if told.ready:
                told = await self._quiet(work.kind, told)
                self._waiting = worker if told.ready else None
            if self._sweeping is not None:
                await self._sweeping  # or it would take what is handed over now
            self._came(work.kind, told)
        except (TimeoutError, OSError, ValueError, StateFolderError) as error:
            self._failed = Failed(work.kind, "ended", (type(error).__name__,))
        finally:
            self._job = None if self._waiting is None else self._job
            if worker is not None and self._waiting is None and worker.returncode is None:
                worker.kill()
                await worker.wait()
            self.idle.set()

    async def _quiet(self, kind: Kind, told: Told) -> Told:
        """Wait until the gate may stand still; what is told where it may not."""
        for _ in range(QUIET_S_MAX):
            against = self._midst()
            if not against:
                return told
            await asyncio.sleep(1)
        return Told(failed=Failed(kind, "misused", (f"the gate is in the midst of something: {' '.join(against)}",)))

    async def _hear(self, worker: Process) -> Told:
        """What the worker says last: that it is ready, or what came of it."""
        assert worker.stdout is not None
        last = Told(failed=Failed("make", "ended"))
        async for line in worker.stdout:
            last = msgspec.json.decode(line, type=Told)
            if last.ready:
                return last
            if self._job is not None and last.total:
                self._job = msgspec.structs.replace(self._job, done=last.done, total=last.total)
        await worker.wait()
        return last

    def _came(self, kind: Kind, told: Told) -> None:
        if told.failed is not None:
            self._failed = msgspec.structs.replace(told.failed, kind=kind)
        elif told.made is not None:
            self._made = self._hand_over(told.made)
        elif told.looked is not None:
            self._looked = told.looked
        elif told.ready and self._job is not None:
            self._job = msgspec.structs.replace(self._job, stage="swap")
            self._end("a restore that the page asked for is put into place")
        if self._made is not None or self._looked is not None:
            if self._forgetting is not None:
                self._forgetting.cancel()
            self._forgetting = self._loop.call_later(KEPT_S, self._forget)

    def _hand_over(self, made: Made) -> Made:
        """Let the network process take it, under a name that nobody can guess."""
        name = secrets.token_hex(16)
        own = self._own / MADE
        if self._network_user is not None:
            self._network_user.give_file(own)
        own.rename(self._handover / name)
        return msgspec.structs.replace(made, file=name)

    # -- files --------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        """Both folders, empty; what a restore left says what came of it."""
        with contextlib.suppress(OSError, msgspec.MsgspecError):  # there was none, or it was cut off
            self._failed = msgspec.json.decode((self._own / OUTCOME).read_bytes(), type=Failed | None)
        for folder in (self._own, self._handover):
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
            folder.mkdir(mode=0o700, exist_ok=True)
        self._own.chmod(0o700)
        if self._network_user is not None:
            self._network_user.give_handover(self._handover)
        for folder in (self._own, self._handover):
            _remove(_lie_in(folder))

    def _forget(self, kind: str = "") -> None:
        """Files that were made and looked into go; `kind`: the file of a look is yet to be taken."""
        if self._job is not None:
            return
        made, self._made, self._looked = self._made, None, None
        _remove(_lie_in(self._own))
        if made is not None:
            with contextlib.suppress(OSError):  # somebody has taken it away
                (self._handover / made.file).unlink()
        if kind != "look" and (self._sweeping is None or self._sweeping.done()):
            lie = _lie_in(self._handover)  # what is laid there from now on stays
            self._sweeping = self._loop.create_task(asyncio.to_thread(_remove, lie), name="backup files")


def _lie_in(folder: Path) -> list[str]:
    """What lies in a folder: FILES_MAX of it."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        return [entry.path for entry in itertools.islice(entries, FILES_MAX)]
    return []


def _remove(paths: list[str]) -> None:
    """Take files away. Nobody should make folders there: of these only empty ones go."""
    for path in paths:
        with contextlib.suppress(OSError):  # whoever made it has to take it away
            os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
