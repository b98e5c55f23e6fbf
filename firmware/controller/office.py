"""What the office asks for, as changes of the local entries: decided by roster and entries as they are, or refused.

What lets somebody in stands here, what takes away in office_ending.py. Pure but for the roster that it looks into:
overlay in, overlay out. Nothing of it waits, saves or tells; desk.py does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from firmware.controller import office_ending
from firmware.controller.office_books import (
    ID_CHARACTERS_MAX,
    Books,
    Change,
    Found,
    Refused,
    at_key,
    find,
    is_holder,
    of_entry,
)
from firmware.controller.office_ending import covered, suspension
from firmware.core.access import Factor
from firmware.core.account_facts import Act, Administered
from firmware.core.backup_facts import BackupMade
from firmware.core.codes import Reason
from firmware.core.facts import EndEnrolment, OverlayChange, StartEnrolment
from firmware.messages import (
    AnyOfficeCommand,
    CancelEnrolment,
    Enrol,
    Erase,
    Invite,
    Leave,
    Lift,
    OfficeCommand,
    Suspend,
    TellBackup,
    TellPeople,
)
from firmware.roster.entry import (
    ENROLMENT_S_DEFAULT,
    ISSUER_CHARACTERS_MAX,
    WHY_CHARACTERS_MAX,
    Entry,
    EntryRefused,
    Kind,
    Status,
)
from firmware.roster.keys import token_of, valid
from firmware.roster.overlay import OverlayFull
from firmware.roster.schema import FLAGS

TOLD_HERE = frozenset({Act.EDITED, Act.EDIT_NOT_DONE, Act.HANDED_IN, Act.LOOKED_UP})
ENROLLED_HERE = (Factor.CARD, Factor.TAG, Factor.CODE, Factor.PLATE)  # PINs need the whole roster's, faces consent
PRESENTED_HERE = (Factor.CARD, Factor.TAG, Factor.CODE)  # a plate that drives past is nobody's presentation


def decide(
    books: Books, command: AnyOfficeCommand, request: str
) -> Change | StartEnrolment | EndEnrolment | BackupMade | Administered:
    """What becomes of a command: a change that is in force at once, or a command for the core. Raises Refused.

    RosterError of a roster that cannot be read goes through.
    """
    if not _line(command.issuer, ISSUER_CHARACTERS_MAX) or not _line(command.why, WHY_CHARACTERS_MAX):
        raise Refused(Reason.NOT_ALLOWED)
    if isinstance(command, Enrol | Invite) and command.key is None:
        holder = _check_presented(books, command)
        return StartEnrolment(
            command.issuer,
            request,
            reader=command.reader or "",
            holder=holder,
            for_ms=command.for_ms,
            note=command.why,
        )
    if isinstance(command, TellBackup):
        return BackupMade(
            issuer=command.issuer,
            address=command.address,
            request=request,
            detail=command.detail,
            note=command.why,
            forgotten=command.forgotten,
        )
    if isinstance(command, TellPeople):
        if command.act not in TOLD_HERE:
            raise Refused(Reason.NOT_ALLOWED)
        return Administered(
            command.issuer,
            request,
            act=command.act,
            address=command.address,
            holder=command.holder,
            detail=command.detail,
            note=command.why,
        )
    if isinstance(command, CancelEnrolment):
        return EndEnrolment(command.issuer, request, reader=command.reader)
    try:
        change = _DECISIONS[type(command)](books, command)
    except OverlayFull:
        raise Refused(Reason.OVERLAY_FULL) from None
    except EntryRefused:
        raise Refused(Reason.NOT_ALLOWED) from None
    return _told(books, change, command, request)


def _told(books: Books, change: Change, command: OfficeCommand, request: str) -> Change:
    """One command is one revision, and its facts say who asked."""
    revision = books.overlay.revision + 1
    facts = tuple(
        structs.replace(fact, issuer=command.issuer, request=request, note=command.why, revision=revision)
        for fact in change.facts
    )
    return change._replace(overlay=change.overlay.at_revision(revision), facts=facts)


def _line(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()


# -- what lets in -----------------------------------------------------------------------------------------------------


def _check_presented(books: Books, command: Enrol | Invite) -> str:
    """Prove all that can be proven before the credential is there; whose it is to be. Raises Refused."""
    if command.factor not in PRESENTED_HERE or not command.reader:
        raise Refused(Reason.NOT_ALLOWED)
    _admit(books, command)
    return command.holder if isinstance(command, Enrol) else command.visitor


def _admit(books: Books, command: Enrol | Invite) -> None:
    """Whether this holder, or visitor, may be given something now. Raises Refused."""
    if isinstance(command, Enrol):
        if not is_holder(books, command.holder):
            raise Refused(Reason.NOT_FOUND_HOLDER)
        _replaced(books, command, at=None)
    else:
        if is_holder(books, command.visitor):
            raise Refused(Reason.SAID_BY_ROSTER)
        for name in command.profiles:
            if name not in books.profiles:
                raise Refused(f"{Reason.NO_PROFILE}:{name[:ID_CHARACTERS_MAX]}")
    if books.now_s is None:
        raise Refused(Reason.CLOCK_UNKNOWN_REFUSED)
    try:
        books.overlay.with_(_entry(books, command, "0" * 16, _EXAMPLE, Factor.TAG))
    except OverlayFull:
        raise Refused(Reason.OVERLAY_FULL) from None
    except EntryRefused:
        raise Refused(Reason.NOT_ALLOWED) from None


_EXAMPLE = "menshen:the-one-to-come"  # stands for the one that is to come


def _entry(books: Books, command: Enrol | Invite, token: str, at: str, factor: Factor) -> Entry:
    assert books.now_s is not None, "admitted: the clock is known"
    shared: dict[str, Any] = {
        "id": books.overlay.new_id(),
        "issuer": command.issuer,
        "why": command.why,
        "created_s": books.now_s,
        "credential": token,
        "factor": factor,
        "key": at,
        "roster_version": 0 if books.roster is None else books.roster.version,
    }
    if isinstance(command, Enrol):
        until_s = books.now_s + ENROLMENT_S_DEFAULT if command.until_s is None else command.until_s
        return Entry(kind=Kind.ENROL, holder=command.holder, expires_s=until_s, **shared)
    return Entry(
        kind=Kind.VISITOR,
        holder=command.visitor,
        expires_s=command.until_s,
        profiles=command.profiles,
        flags=FLAGS["visitor"] | (FLAGS["escorted"] if command.escorted else 0),
        household=command.household,
        valid_from_s=command.from_s,
        use_limit=command.use_limit,
        **shared,
    )


def given(books: Books, command: Enrol | Invite, factor: Factor, key: str) -> tuple[Entry, Change]:
    """A credential for a holder or visitor, by its key; with what it replaces. Raises Refused.

    The first fact of the change is of the credential itself. OverlayFull and EntryRefused go through.
    """
    _admit(books, command)
    at, looked_up = at_key(books, factor, key)
    if factor not in ENROLLED_HERE or not valid(factor, at):
        raise Refused(Reason.NOT_ALLOWED)
    found = find(books, factor, key)
    if found is not None:
        said = f"{Reason.ALREADY_ISSUED}:{found.holder}"
        raise Refused(said, credential=found.credential, issued_to=found.holder)
    entry = _entry(books, command, token_of(books.keys, factor, looked_up), at, factor)
    overlay, facts = books.overlay, []
    if isinstance(command, Enrol):
        for old in _replaced(books, command, at):
            if old.by_roster:
                lost = suspension(books._replace(overlay=overlay), command, old.holder, old, Status.LOST, None)
                overlay = overlay.without(*covered(overlay, lost)).with_(lost)
                facts.append(of_entry(OverlayChange.SUSPENDED, lost, Status.LOST.value))
            else:
                was = overlay.enrolled(old.factor, old.at)
                assert was is not None, "found there"
                overlay = overlay.without(was.id)
                facts.append(of_entry(OverlayChange.REVOKED, was))
    kind = OverlayChange.ENROLLED if entry.kind is Kind.ENROL else OverlayChange.INVITED
    return entry, Change(overlay.with_(entry), (of_entry(kind, entry), *facts))


def _replaced(books: Books, command: Enrol, at: str | None) -> list[Found]:
    """The credentials of the holder that a new one replaces. Raises Refused where one that is named is not there."""
    has = [
        Found(entry.factor, entry.key, entry.credential, entry.holder, "active", False)
        for entry in books.overlay.of_holder(command.holder)
        if entry.lets_in and entry.factor is not None and entry.key is not None and entry.credential is not None
    ]
    if books.roster is not None:
        for factor, key, one in books.roster.credentials_of(command.holder):
            written = key.hex() if isinstance(key, bytes) else key
            has.append(Found(factor, written, one.credential, one.holder, one.status, True))
    missing = set(command.replaces) - {one.credential for one in has}
    if missing:
        raise Refused(Reason.NOT_FOUND)
    return [
        one
        for one in has
        if (one.credential in command.replaces or (command.replaces_all and one.factor is command.factor))
        and one.at != at
    ]


def _given(books: Books, command: Enrol | Invite) -> Change:
    assert command.key is not None, "asked: without a key it is presented"
    return given(books, command, command.factor, command.key)[1]


def presented(books: Books, command: Enrol | Invite, key: str, request: str) -> tuple[Entry, Change]:
    """As `given`, of a credential that was presented where it was waited for. Raises Refused."""
    try:
        entry, change = given(books, command, command.factor, key)
    except OverlayFull:
        raise Refused(Reason.OVERLAY_FULL) from None
    except EntryRefused:
        raise Refused(Reason.NOT_ALLOWED) from None
    return entry, _told(books, change, command, request)


_DECISIONS: dict[type[OfficeCommand], Callable[[Books, Any], Change]] = {
    Suspend: office_ending.suspend,
    Leave: office_ending.leave,
    Lift: office_ending.lift,
    Enrol: _given,
    Invite: _given,
    Erase: office_ending.erase,
}
