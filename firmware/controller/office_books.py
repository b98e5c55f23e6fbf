"""What the office's commands are decided by, and what comes of them: types, and who is meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.core.facts import OverlayChange, OverlayChanged
from firmware.messages import AnyOfficeCommand, Lift, Suspend
from firmware.roster.entry import ISSUER_CHARACTERS_MAX, WHY_CHARACTERS_MAX, Entry
from firmware.roster.keys import canonical
from firmware.roster.overlay import Overlay
from firmware.roster.presented import Keys
from firmware.roster.roster import Roster

ID_CHARACTERS_MAX = 64  # of what a command names and nobody knows, as the journal keeps it


class Books(NamedTuple):
    """What a decision rests on."""

    overlay: Overlay
    roster: Roster | None  # in service
    keys: Keys
    now_s: int | None  # UTC; None while it is not known
    profiles: Collection[str]


class Change(NamedTuple):
    """The entries from now on, and what is told of it, in order. `said` are reasons that go with the answer."""

    overlay: Overlay
    facts: tuple[OverlayChanged, ...]
    said: tuple[str, ...] = ()


class Refused(Exception):
    """It is not done. `said` goes to whoever asked; what the journal keeps in the open names nobody."""

    def __init__(self, *said: str, credential: str | None = None, issued_to: str | None = None) -> None:
        super().__init__(", ".join(said))
        self.said = said
        self.credential = credential
        self.issued_to = issued_to

    def fact(self, command: AnyOfficeCommand, request: str) -> OverlayChanged:
        """The refusal for the core."""
        holder = getattr(command, "holder", None) or getattr(command, "visitor", None)
        open_words = tuple(reason if self.issued_to is None else reason.partition(":")[0] for reason in self.said)
        return OverlayChanged(
            OverlayChange.REFUSED,
            holder=None if holder is None else holder[:ID_CHARACTERS_MAX],
            credential=self.credential,
            issuer=command.issuer[:ISSUER_CHARACTERS_MAX],
            request=request,
            note=command.why[:WHY_CHARACTERS_MAX],
            detail=type(command).__name__,
            reasons=open_words,
            issued_to=self.issued_to,
        )


class Found(NamedTuple):
    """A credential that is somebody's. `at` is its key as an entry has it, `by_roster` who says whose it is."""

    factor: Factor
    at: str
    credential: str
    holder: str
    status: str
    by_roster: bool


def of_entry(change: OverlayChange, entry: Entry, detail: str = "") -> OverlayChanged:
    """What became of an entry."""
    return OverlayChanged(change, entry.id, entry.holder, entry.credential, until_s=entry.expires_s, detail=detail)


def at_revision(facts: Iterable[OverlayChanged], revision: int) -> tuple[OverlayChanged, ...]:
    """The same facts, of a change that led to this revision; 0: to none that is saved."""
    return tuple(replace(fact, revision=revision) for fact in facts)


# -- who and what is meant --------------------------------------------------------------------------------------------


def at_key(books: Books, factor: Factor, key: str) -> tuple[str, str | bytes]:
    """(the key as an entry has it, as the roster has it) of a credential as it was given."""
    written = canonical(factor, key)
    if factor is Factor.PIN:
        digest = books.keys.pin_digest("", written)
        return digest.hex(), digest
    return written, written


def find(books: Books, factor: Factor, key: str) -> Found | None:
    """Whose credential it is, by the roster first."""
    at, looked_up = at_key(books, factor, key)
    found = None if books.roster is None else books.roster.find(factor, looked_up)
    if found is not None:
        return Found(factor, at, found.credential, found.holder, found.status, True)
    entry = books.overlay.enrolled(factor, at)
    if entry is None:
        return None
    assert entry.credential is not None, "checked: what lets in has a token"
    return Found(factor, at, entry.credential, entry.holder, "active", False)


def is_holder(books: Books, holder: str) -> bool:
    """Whether the roster in service has this holder."""
    return books.roster is not None and books.roster.holder(holder) is not None


def check_holder(books: Books, holder: str) -> None:
    """Somebody of whom anything is known, here or in the roster."""
    if not is_holder(books, holder) and not any(entry.lets_in for entry in books.overlay.of_holder(holder)):
        raise Refused(Reason.NOT_FOUND_HOLDER)


def meant(books: Books, command: Suspend | Lift) -> Found | None:
    """The credential that is meant; None where it is the holder. Raises Refused where it is both or nothing."""
    by_key = command.factor is not None and command.key is not None
    if by_key is (command.holder is not None) or (command.factor is None) is not (command.key is None):
        raise Refused(Reason.NOT_ALLOWED)
    if command.factor is None or command.key is None:
        return None
    found = find(books, command.factor, command.key)
    if found is None:
        raise Refused(Reason.NOT_FOUND)
    return found
