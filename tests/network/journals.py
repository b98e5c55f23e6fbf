"""A page over a real journal of a gate's day, with an account of each role."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.identity import fingerprint_of
from firmware.journal import Journal
from firmware.messages import Ask, FindPlate
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from tests.journal.making import Key, Listener, open_journal
from tests.network.accounts import NAMES, PASSPHRASE, Gate
from tests.network.fake_controller import UTC_MS, health, states, welcome
from tests.network.running import CODE, heard, running_page

HOLDER = "holder-4711"
NOTE = "asked by the police, case 4711"
PLATE, TOKEN = "京A12345", "0123456789abcdef"
MINUTE_MS = 60_000


class Book:
    """A journal that goes on being written, as the controller's does."""

    def __init__(self, folder: Path, **limits: int) -> None:
        folder.mkdir()
        self.key = Key()
        self.journal: Journal
        self.listener: Listener
        self.journal, self.listener = open_journal(folder, key=self.key, **limits)
        self.path = self.journal.path
        self.epoch, self.seq = 1, 1

    def write(self, *events: Event, utc_ms: int | None = UTC_MS, every_ms: int = 0) -> None:
        """Commit these."""
        ticket = 0
        for number, event in enumerate(events):
            at_ms = None if utc_ms is None else utc_ms + number * every_ms
            ticket = self.journal.append([Record(event)], now_ms=number, utc_ms=at_ms)
        _, self.epoch, self.seq = self.listener.wait_ticket(ticket)

    def close(self) -> None:
        self.journal.close()


def day() -> list[Event]:
    """An event a minute, oldest first; the last is that of UTC_MS."""
    known = Body(holder=HOLDER, credential="card-0001", household="house-f5")
    return [
        Event(Code.GRANTED, portal="front_door", access_point="front_in", reasons=("granted",), body=known),
        Event(Code.TAKEN, portal="front_door", access_point="front_in", body=known),
        Event(Code.DENIED, portal="bike_shed", reasons=("schedule_outside",), body=Body(holder="holder-0009")),
        Event(Code.UNKNOWN_CREDENTIAL, portal="hall", body=Body(token=TOKEN)),
        Event(Code.GRANTED, portal="hall", body=Body(holder=HOLDER, credential=TOKEN)),
        Event(Code.FORCED, portal="bike_shed"),
        Event(Code.DURESS, portal="front_door", body=Body(holder=HOLDER)),
        Event(Code.DEVICE_LOST, device="shed_reader", detail="no answer"),
        Event(Code.ACCOUNT_MADE, detail="guard", body=Body(issuer="Chen Wei", account="Li Na", address="10.0.0.7")),
    ]


def recording(book: Book) -> Callable[[Ask], None]:
    """Has the made-up controller write down what is searched for before it answers, as the real one does."""

    def record(ask: Ask) -> None:
        command = ask.command
        if isinstance(command, FindPlate):
            body = Body(issuer=command.issuer, address=command.address, note=command.why, token=TOKEN, holder=HOLDER)
            book.write(Event(Code.JOURNAL_SEARCHED, detail="plate", request=ask.request, body=body))

    return record


class JournalGate(Gate):
    """With the journal."""

    book: Book


@contextlib.asynccontextmanager
async def journal_gate(
    folder: Path,
    role: Role | None = Role.AUDITOR,
    *,
    journal: str | None = None,
    events: bool = True,
    people: str | None = None,
    **limits: int,
) -> AsyncIterator[JournalGate]:
    """Logged in with a role, or (None) at the console. `journal` is another path than that of the real one.

    `people` is the socket of the desk of people, where there is one.
    """
    state = folder / "accounts"
    state.mkdir()
    hasher = Hasher()
    hashed = await hasher.hash(PASSPHRASE)
    hasher.close()
    Store(state).save({name: Account(name, frozenset({each}), hashed) for each, name in NAMES.items()})
    book = Book(folder / "journal", **limits)
    try:
        if events:
            made = day()
            book.write(*made, utc_ms=UTC_MS - (len(made) - 1) * MINUTE_MS, every_ms=MINUTE_MS)
        said = welcome(str(book.path) if journal is None else journal, fingerprint=fingerprint_of(book.key.public_key))
        first = (said, states(seq=book.seq), health())
        code = CODE if role is None else None
        async with running_page(folder, *first, enter=role is None, code=code, people=people) as page:
            page.controller.on_ask = recording(book)
            gate = JournalGate(page, state)
            gate.book = book
            if role is not None:
                assert (await gate.log_in(role.value)).status == 303
                await page.controller.until_accepted(1)
                page.controller.say(states(seq=book.seq), health())  # a slow log-in must not look like silence
                await heard(page, states())
            yield gate
    finally:
        book.close()


def row_texts(html: str) -> list[str]:
    """What each row of the table says, without markup."""
    rows = re.findall(r'<tr role="row" class="(?:info|notice|warning|alarm)".*?</tr>', html, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", row).split()) for row in rows]
