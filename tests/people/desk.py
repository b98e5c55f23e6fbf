"""The people process's desk in a test: a state folder with key and source, and a made-up gate at the office's socket.

The gate answers what it is told to, keeps local entries as the controller's list has them, and takes rosters that are
handed in, by the library that the controller takes them with.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware.config import Config, load
from firmware.identity import Identity
from firmware.messages import (
    Answer,
    AskOffice,
    CancelEnrolment,
    Enrol,
    FrameReader,
    Invite,
    Leave,
    Lift,
    ListOverlay,
    LocalEntry,
    Overlaid,
    Suspend,
    TellPeople,
    pack,
)
from firmware.people.jobs import Jobs
from firmware.people.line import Desk, LongLine
from firmware.people.lines import LINES
from firmware.people.place import OFFICE, Place
from firmware.people.seeking import Index
from firmware.people_words.asking import of_outcome
from firmware.people_words.base import Asker, Found, Job, LookAtJob, Question
from firmware.roster.errors import Problems, RosterError
from firmware.roster.install import INCOMING, REFUSED, WHY, install
from firmware.roster.rules import read_rules
from firmware.roster.source import edit
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
RULES = SITE.with_name("rules.toml")
MANAGER = Asker(name="Li Wei", roles=("manager",), address="10.0.0.7")
OTHER = Asker(name="Chen Jie", roles=("manager",), address="10.0.0.8")
GUARD = Asker(name="Guard", roles=("guard",), address="10.0.0.9")
WAIT_S = 10.0
LOOK_S, WAITS_MAX = 0.01, 1_000
FAR_S = 4_000_000_000  # an instant that is not reached


class FakeGate:
    """Listens at the office's socket. `asked` is all that came, in order; `refuse` names commands and why not."""

    def __init__(self, state: Path, identity: Identity) -> None:
        self.state = state
        self.identity = identity
        self.asked: list[object] = []
        self.refuse: dict[str, tuple[str, ...]] = {}
        self.entries: list[LocalEntry] = []
        self.owners: dict[str, str] = {}  # a credential's key -> whose it is, as the gate's roster has it
        self.presented: dict[str, str] = {}  # reader -> KIND:KEY that is held to it when it waits
        self.roster_version = 0
        self.takes_rosters = True
        self.before: Callable[[object], None] = lambda _command: None
        self._numbers = iter(range(1, 1 << 20))
        self._stopped = threading.Event()
        self._cancelled = threading.Event()
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder = os.open(state, os.O_PATH | os.O_DIRECTORY)
        try:
            self._listening.bind(f"/proc/self/fd/{folder}/office.sock")
        finally:
            os.close(folder)
        self._listening.listen(16)
        self._listening.settimeout(0.05)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._accept, self._watch)]
        for thread in self._threads:
            thread.start()

    def told(self) -> list[tuple[str, str]]:
        """(act, detail) of what the journal was told, in order."""
        return [(one.act.value, one.detail) for one in self.asked if isinstance(one, TellPeople)]

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(WAIT_S)
        self._listening.close()
        (self.state / "office.sock").unlink(missing_ok=True)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listening.accept()
            except TimeoutError:
                continue
            connection.settimeout(WAIT_S)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        frames = FrameReader(AskOffice)
        with connection, contextlib.suppress(ConnectionError, TimeoutError):
            while received := connection.recv(1 << 16):
                for ask in frames.feed(received):
                    self.before(ask.command)
                    connection.sendall(pack(self._answer(ask)))

    def _answer(self, ask: AskOffice) -> Answer | Overlaid:
        command, request = ask.command, ask.request
        if isinstance(command, ListOverlay):
            return Overlaid(request, 1, self.roster_version, tuple(self.entries))
        self.asked.append(command)
        why = self.refuse.get(type(command).__name__)
        if why is not None:
            return Answer(request, False, why)
        if isinstance(command, CancelEnrolment):
            self._cancelled.set()
            return Answer(request, True)
        if isinstance(command, Enrol | Invite) and command.key is None:
            return self._at_reader(command, request)
        self._take(command)
        return Answer(request, True)

    def _at_reader(self, command: Enrol | Invite, request: str) -> Answer:
        presented = self.presented.get(command.reader or "")
        if presented is None:
            over = self._cancelled.wait(command.for_ms / 1000)
            return Answer(request, False, ("cancelled" if over else "timed_out",))
        entry = self._take(command, presented)
        return Answer(request, True, (), presented, entry)

    def _take(self, command: object, presented: str = "") -> str:
        id = f"l{next(self._numbers):08x}"
        shared = {"issuer": getattr(command, "issuer", ""), "why": getattr(command, "why", ""), "created_s": 1}
        if isinstance(command, Suspend | Leave):
            status = "left" if isinstance(command, Leave) else "lost" if command.lost else "suspended"
            holder = command.holder
            token = None
            if isinstance(command, Suspend) and command.key is not None:
                token = self.identity.pseudonym(command.factor.value, command.key)
                holder = holder or self.owners[command.key]
            until_s = command.until_s or FAR_S
            self.entries.append(
                LocalEntry(id, "suspend", holder, expires_s=until_s, credential=token, status=status, **shared)
            )
        elif isinstance(command, Enrol | Invite):
            key = presented.partition(":")[2] or command.key or ""
            kind = presented.partition(":")[0] or command.factor.value
            token = self.identity.pseudonym(kind, key)
            if isinstance(command, Enrol):
                until_s = command.until_s or FAR_S
                self.entries.append(
                    LocalEntry(id, "enrol", command.holder, expires_s=until_s, credential=token, factor=kind, **shared)
                )
            else:
                visit = {"household": command.household, "valid_from_s": command.from_s, "use_limit": command.use_limit}
                visit["profiles"] = command.profiles
                fields = {"expires_s": command.until_s, "credential": token, "factor": kind}
                self.entries.append(LocalEntry(id, "visitor", command.visitor, **fields, **visit, **shared))
        elif isinstance(command, Lift):
            self.entries = [
                entry for entry in self.entries if entry.id != command.entry and entry.holder != (command.holder or "-")
            ]
        return id

    def _watch(self) -> None:
        folder = self.state / "roster"
        while not self._stopped.wait(0.02):
            incoming = folder / INCOMING
            if not self.takes_rosters or not incoming.exists():
                continue
            try:
                with install(incoming, folder, [self.identity.public_key]) as roster:
                    self.roster_version = roster.version
                incoming.unlink()
            except RosterError as error:
                (folder / WHY).write_text(str(error), encoding="utf-8")
                incoming.rename(folder / REFUSED)


class AtDesk:
    """A desk, asked as the socket asks it."""

    def __init__(self, state: Path, config: Config) -> None:
        self.state = state
        self.identity = Identity.load_or_create(state / "identity")
        (state / "roster").mkdir(exist_ok=True)
        self.gate = FakeGate(state, self.identity)
        loop = asyncio.new_event_loop()
        loop.close()
        self.place = Place(config, state, loop.time)
        self.desk = Desk(self.place, Jobs(), Index(self.place))

    def make_source(self) -> None:
        """A source with the demo's rules, and nobody in it."""
        with (
            Source.create(self.state / OFFICE, time_zone="Asia/Shanghai", who="test", at_s=1) as source,
            source.batch("rules", "test", "rules", 1) as batch,
        ):
            write_rules(batch, read_rules(RULES, Problems()))

    def put(self, *rows: tuple[str, str, dict[str, str]]) -> None:
        """(entity, id, columns) into the source, past the desk."""
        with Source.open(self.state / OFFICE) as source, source.batch("edit", "import", "put there", 2) as batch:
            for entity, id, fields in rows:
                edit.add(batch, entity, id, fields, self.identity)

    def ask(self, question: Question, who: Asker = MANAGER) -> Found:
        """The answer; of long work what it came to. Raises Denied."""
        line = LINES[type(question)]
        assert not line.roles.isdisjoint(who.roles), "the socket would refuse it"
        if not isinstance(line, LongLine):
            return line.call(self.desk, who, question)
        job = self.start(question, who)
        return self.ended(job)

    def start(self, question: Question, who: Asker = MANAGER) -> str:
        line = LINES[type(question)]
        assert isinstance(line, LongLine)
        work = self.desk.jobs.start(
            type(question).__name__, who, line.lane, lambda w: line.work(self.desk, who, question, w)
        )
        return work.id

    def ended(self, id: str) -> Found:
        job = self.wait_for(lambda job: job.over, id)
        outcome = of_outcome(job)
        assert outcome is not None
        return outcome

    def wait_for(self, right: Callable[[Job], bool], id: str) -> Job:
        for _ in range(WAITS_MAX):
            job = self.ask(LookAtJob(job=id))
            assert isinstance(job, Job)
            if right(job):
                return job
            threading.Event().wait(LOOK_S)
        raise AssertionError(job)

    def rows(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """What stands in the source."""
        with Source.open(self.state / OFFICE, readonly=True) as source:
            return source.db.execute(sql, values).fetchall()

    def close(self) -> None:
        self.desk.jobs.stop()
        self.gate.stop()


@contextlib.contextmanager
def at_desk(folder: Path, *, source: bool = True) -> Iterator[AtDesk]:
    config, problems = load(SITE)
    assert config is not None, problems
    state = folder / "state"
    state.mkdir(mode=0o700)
    desk = AtDesk(state, config)
    try:
        if source:
            desk.make_source()
        yield desk
    finally:
        desk.close()
