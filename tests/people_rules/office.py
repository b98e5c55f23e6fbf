"""A property office for tests: a source, a roster in service that was built of it, and the desk that answers the page.

The controller is a stand-in that commits whatever it is told, and remembers it; it takes no roster.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TypeVar

from firmware.config import Config, load
from firmware.identity import Identity
from firmware.messages import Answer, AskOffice, ListOverlay, LocalEntry, Message, Overlaid, TellPeople
from firmware.people.jobs import Jobs
from firmware.people.line import Desk
from firmware.people.place import OFFICE, Place
from firmware.people.seeking import Index
from firmware.people.serving import PeopleSocket
from firmware.people_words.asking import of_outcome
from firmware.people_words.base import Asker, Found, Started
from firmware.roster.build import build_source
from firmware.roster.errors import Problems
from firmware.roster.install import install
from firmware.roster.rules import read_rules
from firmware.roster.source.batch import Kind
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source
from tests.overlay.fake_desk import fake_desk

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
AT_S = 1_795_700_000  # 2026-11-26
WAIT_S = 30.0
LOOK_S = 0.02
MANAGER = Asker(name="chen", roles=("manager",), address="10.0.0.7")
AUDITOR = Asker(name="audit", roles=("auditor",), address="10.0.0.8")
RULES = """
[[profile]]
name = "cleaning"
[[profile.rule]]
access_points = ["front_in", "hall_in", "hall_out"]
schedule = "cleaning"

[[schedule]]
name = "cleaning"
workdays = ["07:30-12:00", "13:00-16:15"]
[schedule.special]
festival = []
"""
# holder, name, household, profiles, cards
PEOPLE = (
    ("anna", "Anna Weber", "b1-0101", ["residents"], (11, 12)),
    ("bao", "包立新", "b1-0102", ["neighbours"], (21,)),
    ("cleo", "Cleo", None, ["cleaning"], (31,)),
    ("dan", "=cmd|calc", None, ["cleaning", "neighbours"], (41,)),
    ("eva", "<b>Eva</b>", None, ["visitors"], (51,)),
)

F = TypeVar("F", bound=Found)


class Office:
    """What a test looks at. `told` is what the controller was asked, in order."""

    def __init__(self, folder: Path, config: Config, identity: Identity) -> None:
        self.folder = folder
        self.config = config
        self.identity = identity
        self.told: list[AskOffice] = []
        self.answers = True  # the controller commits what it is told
        self.desk: Desk | None = None
        self.entries: tuple[LocalEntry, ...] = ()  # what holds at the gate beside the roster

    @property
    def socket(self) -> Path:
        return self.folder / "people.sock"

    def source(self) -> Source:
        return Source.open(self.folder / OFFICE, readonly=True)

    def acts(self) -> list[tuple[str, str, str]]:
        """(act, detail, who) of what the journal was told."""
        commands = (asked.command for asked in self.told)
        return [(one.act.value, one.detail, one.issuer) for one in commands if isinstance(one, TellPeople)]

    def serve(self) -> None:
        """Build a roster of the source and put it into service, as the controller does with one that is handed in."""
        with Source.open(self.folder / OFFICE) as source:
            build_source(source, self.folder / "built", self.identity)
        install(self.folder / "built", self.folder / "roster", [self.identity.public_key]).close()

    def answer(self, asked: AskOffice) -> list[Message]:
        self.told.append(asked)
        if isinstance(asked.command, ListOverlay):
            return [Overlaid(request=asked.request, revision=1, roster_version=1, entries=self.entries)]
        return [Answer(request=asked.request, done=self.answers, reasons=() if self.answers else ("not_recorded",))]


def people_in(source: Source) -> None:
    """The demo's rules and one more, and five people."""
    path = source.path.with_name("rules.toml")
    path.write_text((SITES / "rules.toml").read_text() + RULES)
    problems = Problems()
    rules = read_rules(path, problems)
    assert not problems.found
    with source.batch(Kind.RULES, "office", "rules", AT_S) as batch:
        write_rules(batch, rules)
    with source.batch(Kind.IMPORT, "office", "first list", AT_S) as batch:
        for holder, name, household, profiles, cards in PEOPLE:
            if household:
                batch.db.execute("INSERT INTO household (id) VALUES (?)", (household,))
            batch.db.execute(
                "INSERT INTO holder (id, name, household, profiles) VALUES (?, ?, ?, ?)",
                (holder, name, household, str(profiles).replace("'", '"')),
            )
            for card in cards:
                batch.db.execute(
                    "INSERT INTO credential (kind, key, holder) VALUES (1, ?, ?)", (f"H10301:12:{card}", holder)
                )


def made(folder: Path) -> Office:
    """The state folder of a controller whose roster is of its office's source; nothing waits."""
    shutil.copytree(SITES, folder / "sites")
    config, problems = load(folder / "sites" / "community_gate.toml")
    assert config is not None, problems
    state = folder / "state"
    state.mkdir(mode=0o700)
    office = Office(state, config, Identity.load_or_create(state / "identity"))
    with Source.create(state / OFFICE, time_zone="Asia/Shanghai", at_s=AT_S) as source:
        people_in(source)
    office.serve()
    return office


@contextlib.contextmanager
def controlled(office: Office) -> Iterator[Desk]:
    """With the controller's stand-in and a desk whose functions are called directly."""
    loop = asyncio.new_event_loop()
    try:
        with fake_desk(office.folder, office.answer):
            place = Place(office.config, office.folder, loop.time)
            office.desk = Desk(place, Jobs(), Index(place))
            yield office.desk
            office.desk.jobs.stop()
    finally:
        loop.close()


@contextlib.asynccontextmanager
async def answering(office: Office) -> AsyncIterator[Office]:
    """With the controller's stand-in and the desk's socket, for a page."""
    with fake_desk(office.folder, office.answer):
        place = Place(office.config, office.folder, asyncio.get_running_loop().time)
        office.desk = Desk(place, Jobs(), Index(place))
        served = PeopleSocket(office.socket, office.desk)
        await served.start()
        try:
            yield office
        finally:
            await served.stop()
            await asyncio.to_thread(office.desk.jobs.stop)


def ended(desk: Desk, started: Found) -> Found:
    """What a job came to."""
    assert isinstance(started, Started), started
    work = desk.jobs.find(started.job)
    for _ in range(round(WAIT_S / LOOK_S)):
        if work.over:
            break
        work.cancelled.wait(LOOK_S)
    assert work.over, work.told()
    outcome = of_outcome(work.told())
    assert outcome is not None
    return outcome
