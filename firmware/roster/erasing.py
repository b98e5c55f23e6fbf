"""Erases one person from source, rosters, local entries, ledger and journal, step by step, with a signed receipt.

Each step may be repeated: whoever was cut off in between asks again, and it completes. The order lets nothing come
back: first the source, so that no later roster has the person; then the roster in service and the one before it; then
what the controller itself remembers, which it refuses while a roster still has the person.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.core.codes import Code, Reason
from firmware.identity import Identity, verify
from firmware.journal import search
from firmware.journal.schema import DATABASE_FILE
from firmware.messages import Erase, ListOverlay
from firmware.roster import visitor_book
from firmware.roster.authority import read_authority
from firmware.roster.build import build_source
from firmware.roster.errors import RosterError, RosterForeign, RosterMissing
from firmware.roster.files import remove
from firmware.roster.handover import Answer, answer, hand_in, newest_version
from firmware.roster.install import CURRENT, forget_previous
from firmware.roster.office import Office
from firmware.roster.roster import open_roster
from firmware.roster.seal import claimed_signer
from firmware.roster.source.batch import Kind
from firmware.roster.source.erase import erase_holder
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.store import Source

PURPOSE = b"menshen erasure receipt\x00"  # so that a signature over something else can never serve here
ROSTER_FOLDER, JOURNAL_FOLDER = "roster", "journal"
BUILT = "erased.roster"  # in the roster folder, while it is handed in
SERVES_S_MAX = 5.0  # from the file's being taken to the first decision by it
LOOK_S = 0.1
TOMBSTONES_MAX = 1_000  # of one erasure: 200 rows each
# What the property office's desk, in its own folder, has not come to the end of: by what it is called there.
DESK = "people"
DESK_ASKED = ("told-*", "asked-*")  # what the journal is to be told of somebody yet
DESK_WORK = ("built.roster*", "office.review-*")  # of everybody; what a desk that was killed has left
# What no command reaches: these are words of the receipt, and texts of the catalogues.
NOT_REACHED = (
    "exports",
    "backups",
    "recordings",
    "before_restore",
    "moved_aside",
    "sheets",
    "other_controllers",
    "community",
)


class Person(NamedTuple):
    """Whom to erase, and by whom and why: which must not name the person."""

    holder: str
    by: str
    why: str
    at_s: int  # UTC
    household_too: bool = False


class Receipt(msgspec.Struct, frozen=True):
    """What was erased where: counts, versions and times, and nothing of the person but a pseudonym.

    Counts are of this run: what an earlier run took away, which was cut off, is in its own rows of history and journal.
    """

    pseudonym: str
    controller: str
    by: str
    why: str
    erased_s: int
    source_batch: int
    source_head: str  # hex
    source: dict[str, int]  # table -> rows
    roster_version: int  # in service, without the person
    local_entries: int
    journal_rows: int
    tombstones: tuple[str, ...]  # "epoch:seq" of each row that names the erased ones
    not_reached: tuple[str, ...] = NOT_REACHED
    visitors: int = 0  # names of visitors


class Signed(msgspec.Struct, frozen=True):
    """A receipt as it is given out. The signature is over PURPOSE and the receipt's own bytes."""

    receipt: msgspec.Raw
    public_key: str  # hex
    signature: str  # hex


class ErasureStopped(RosterError):
    """It is not complete. The message says how far it came and what to do."""


def erase(person: Person, source: Path, state: Path, identity: Identity, step: Callable[[str], None]) -> Receipt:
    """All steps; `step` hears the name of each before it begins. Raises RosterError, TerminalError."""
    if person.holder in person.by or person.holder in person.why:
        raise ChangeRefused("Nothing was erased: who or why names the person. Say it without the id.")
    with Office(state) as office:  # somebody answers: else nothing is begun that could not be completed
        listed, _ = office.entries(ListOverlay(issuer=person.by, why=person.why))
    entries = sum(entry.holder == person.holder for entry in listed)
    step("source")
    with Source.open(source) as opened:
        with opened.batch(Kind.ERASE, person.by, person.why, person.at_s) as batch:
            household = batch.db.execute("SELECT household FROM holder WHERE id = ?", (person.holder,)).fetchone()
            gone = erase_holder(batch, person.holder, household_too=person.household_too)
            # Within the batch: whoever is cut off here asks again, and the household is still known.
            visitors = _forget_names(state, person, household[0] if gone.households else None)
        opened.scrub()
        head = opened.head
        folder = state / ROSTER_FOLDER
        step("roster")
        version = _replace_roster(person.holder, opened, folder, identity)
    forget_previous(folder)
    step("controller")
    _forget_at_desk(state / DESK, person.holder)  # before the journal: nothing of it is told there afterwards
    rows, tombstones = _forget(person, state)
    return Receipt(
        pseudonym=identity.pseudonym("erased", person.holder),
        controller=identity.id,
        by=person.by,
        why=person.why,
        erased_s=person.at_s,
        source_batch=head.batch,
        source_head=head.hash.hex(),
        source=gone._asdict(),
        roster_version=version,
        local_entries=entries,
        journal_rows=rows,
        tombstones=tombstones,
        visitors=visitors,
    )


def _forget_names(state: Path, person: Person, household: str | None) -> int:
    """Of the person as a visitor, and of the household's visitors where that goes. Raises ErasureStopped."""
    try:
        return visitor_book.erase(state / visitor_book.PLACE, person.at_s, person.holder, household)
    except sqlite3.Error as error:
        raise ErasureStopped(
            f"Nothing was erased: the names of visitors ({visitor_book.PLACE}) cannot be changed: {error}. Ask again."
        ) from error


def _forget_at_desk(folder: Path, holder: str) -> None:
    """Of the person what is to be told yet, and what was made of a list that had the person. Raises ErasureStopped."""
    named = f'"{holder}"'.encode()  # an id needs no escape in JSON
    asked = [path for pattern in DESK_ASKED for path in folder.glob(pattern)]
    work = [path for pattern in DESK_WORK for path in folder.glob(pattern)]
    for path in (*asked, *work):
        try:
            if path.is_dir():
                shutil.rmtree(path)
            elif path in work or named in path.read_bytes():
                remove(path)
        except FileNotFoundError:
            continue  # the desk itself has come to its end just now
        except OSError as error:
            raise ErasureStopped(
                f"Source and roster are erased; {error.filename} cannot be removed: {error.strerror}. Then ask again."
            ) from error


# -- the roster -------------------------------------------------------------------------------------------------------


def _replace_roster(holder: str, source: Source, folder: Path, identity: Identity) -> int:
    """Have the controller serve a roster without the person; its version. One that has not stays."""
    version, there = _serves(folder, holder)
    if not there:
        return version
    authority = read_authority(folder, identity)
    if authority.adoption is not None and identity.public_key not in authority.signers:
        raise RosterForeign(
            "The roster in service has the person, and is built by the community: erase there, and when its next "
            "roster is here, ask again. The source is erased already."
        )
    built = folder / BUILT
    try:
        report = build_source(source, built, identity, at_least=newest_version(folder) + 1)
        what, why = asyncio.run(answer(hand_in(built, folder)))
    finally:
        remove(built)
    if what is not Answer.TAKEN:
        why = why or "no controller took it: start the controller"
        raise ErasureStopped(
            f"The source is erased, and the roster without the person is not in service: {why}. Then ask again.",
            report.version,
        )
    return report.version


def _serves(folder: Path, holder: str) -> tuple[int, bool]:
    """(version, whether it has the person) of the roster in service."""
    path = folder / CURRENT
    try:
        with open_roster(path, [claimed_signer(path)]) as roster:
            there = bool(roster.credentials_of(holder)) or roster.holder(holder) is not None
            return roster.version, there
    except RosterMissing:
        raise ErasureStopped(
            "The source is erased; the controller has no roster. Install one, and ask again."
        ) from None


# -- what the controller remembers ------------------------------------------------------------------------------------


def _forget(person: Person, state: Path) -> tuple[int, tuple[str, ...]]:
    """(rows of the journal, the tombstones that name them)."""
    journal = state / JOURNAL_FOLDER / DATABASE_FILE
    before = _newest(journal)
    command = Erase(issuer=person.by, why=person.why, holder=person.holder)
    with Office(state) as office:
        said = asyncio.run(_ask(office, command))
    if said:
        raise ErasureStopped(
            f"Source and roster are erased; the controller refused ({', '.join(said)}). Look at `menshen roster local` "
            "and at the journal, and ask again."
        )
    found = search(journal, kind=Code.ERASED, limit=TOMBSTONES_MAX)
    tombstones = [row for row in reversed(found) if (row.epoch, row.seq) > before]
    rows = sum(row.event.count for row in tombstones)
    return rows, tuple(f"{row.epoch}:{row.seq}" for row in tombstones)


async def _ask(office: Office, command: Erase) -> tuple[str, ...]:
    """Ask until the controller serves the new roster, within a limit; the reasons of a refusal, or none."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + SERVES_S_MAX
    while True:
        told = office.ask(command)
        if told.done:
            return ()
        if Reason.SAID_BY_ROSTER not in told.reasons or loop.time() >= ends_s:
            return told.reasons or (Reason.NOT_ALLOWED,)
        await asyncio.sleep(LOOK_S)


def _newest(journal: Path) -> tuple[int, int]:
    rows = search(journal, limit=1)
    return (rows[0].epoch, rows[0].seq) if rows else (0, 0)


# -- the receipt ------------------------------------------------------------------------------------------------------


def sign(receipt: Receipt, identity: Identity) -> bytes:
    """The receipt with its signature, as JSON."""
    body = msgspec.json.encode(receipt)
    signed = Signed(msgspec.Raw(body), identity.public_key.hex(), identity.sign(PURPOSE + body).hex())
    return msgspec.json.encode(signed) + b"\n"


def read_receipt(content: bytes, public_key: bytes) -> Receipt:
    """A receipt that this controller signed. Raises RosterError."""
    try:
        signed = msgspec.json.decode(content, type=Signed)
        body, signature = bytes(signed.receipt), bytes.fromhex(signed.signature)
        if verify(public_key, signature, PURPOSE + body):
            return msgspec.json.decode(body, type=Receipt)
    except (msgspec.MsgspecError, ValueError) as error:
        raise RosterError(f"This is no receipt of an erasure: {error}.") from error
    raise RosterError("This receipt was not signed by this controller, or was changed since.")
