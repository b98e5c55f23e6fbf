"""What the office takes away: suspensions of a credential or a holder, their end, holders who leave or are erased."""

from __future__ import annotations

from firmware.controller.office_books import Books, Change, Found, Refused, check_holder, is_holder, meant, of_entry
from firmware.core.codes import Reason
from firmware.core.facts import OverlayChange, OverlayChanged
from firmware.messages import Erase, Leave, Lift, OfficeCommand, Suspend
from firmware.roster.entry import Entry, Kind, Status, suspension_end_s
from firmware.roster.keys import ID
from firmware.roster.overlay import Overlay


def suspension(
    books: Books, command: OfficeCommand, holder: str, found: Found | None, status: Status, until_s: int | None
) -> Entry:
    if until_s is not None and books.now_s is not None and until_s <= books.now_s:
        raise Refused(Reason.NOT_ALLOWED)
    made_s = 0 if books.roster is None else books.roster.seal.created_s
    return Entry(
        id=books.overlay.new_id(),
        kind=Kind.SUSPEND,
        issuer=command.issuer,
        why=command.why,
        holder=holder,
        created_s=books.now_s,
        expires_s=suspension_end_s(books.now_s, made_s, until_s),
        credential=None if found is None else found.credential,
        status=status,
        factor=None if found is None else found.factor,
        key=None if found is None else found.at,
        roster_version=0 if books.roster is None else books.roster.version,
    )


def covered(overlay: Overlay, by: Entry) -> list[str]:
    """Suspensions of the same that say and hold no more than this one: they would only fill the list."""
    return [
        entry.id
        for entry in overlay.of_holder(by.holder)
        if entry.kind is Kind.SUSPEND
        and entry.credential == by.credential
        and entry.expires_s <= by.expires_s
        and entry.status in (by.status, Status.SUSPENDED)
    ]


def suspend(books: Books, command: Suspend) -> Change:
    found = meant(books, command)
    holder = command.holder if found is None else found.holder
    assert holder is not None, "one of the two is given"
    if found is None:
        check_holder(books, holder)
    status = Status.LOST if command.lost else Status.SUSPENDED
    entry = suspension(books, command, holder, found, status, command.until_s)
    overlay = books.overlay.without(*covered(books.overlay, entry)).with_(entry)
    return Change(overlay, (of_entry(OverlayChange.SUSPENDED, entry, status.value),))


def leave(books: Books, command: Leave) -> Change:
    """What was enrolled here ends; what the roster gave is off until the roster says so itself."""
    check_holder(books, command.holder)
    entry = suspension(books, command, command.holder, None, Status.LEFT, command.until_s)
    ended = [one for one in books.overlay.of_holder(command.holder) if one.lets_in]
    gone = [*(one.id for one in ended), *covered(books.overlay, entry)]
    facts = [of_entry(OverlayChange.LEFT, entry), *(of_entry(OverlayChange.REVOKED, one) for one in ended)]
    return Change(books.overlay.without(*gone).with_(entry), tuple(facts))


def lift(books: Books, command: Lift) -> Change:
    """Ended here; where the roster refuses by itself, the answer says so."""
    if command.entry is not None:
        if command.holder is not None or command.factor is not None or command.key is not None:
            raise Refused(Reason.NOT_ALLOWED)
        named = books.overlay.entries.get(command.entry)
        if named is None:
            raise Refused(Reason.NOT_FOUND)
        ended, refuses = [named], False
    else:
        found = meant(books, command)
        holder = command.holder if found is None else found.holder
        assert holder is not None, "one of the two is given"
        of_holder = [entry for entry in books.overlay.of_holder(holder) if entry.kind is Kind.SUSPEND]
        ended = [entry for entry in of_holder if found is None or _is_of(entry, found)]
        refuses = _roster_refuses(books, holder, found)
        if not ended:
            if found is None:
                check_holder(books, holder)
            raise Refused(Reason.SAID_BY_ROSTER if refuses else Reason.NOT_FOUND)
    facts = tuple(
        of_entry(OverlayChange.LIFTED if entry.kind is Kind.SUSPEND else OverlayChange.REVOKED, entry)
        for entry in ended
    )
    said = (Reason.SAID_BY_ROSTER,) if refuses else ()
    return Change(books.overlay.without(*(entry.id for entry in ended)), facts, said)


def _is_of(entry: Entry, found: Found) -> bool:
    return entry.credential == found.credential or (entry.factor, entry.key) == (found.factor, found.at)


def _roster_refuses(books: Books, holder: str, found: Found | None) -> bool:
    if found is not None:
        return found.status != "active"
    if books.roster is None:
        return False
    issued = [credential for _, _, credential in books.roster.credentials_of(holder)]
    return bool(issued) and all(credential.status != "active" for credential in issued)


def erase(books: Books, command: Erase) -> Change:
    """Nothing may come back: the roster in service must not have the holder any more."""
    if not ID.fullmatch(command.holder):
        raise Refused(Reason.NOT_ALLOWED)
    if is_holder(books, command.holder):
        raise Refused(Reason.SAID_BY_ROSTER)
    gone = [entry.id for entry in books.overlay.of_holder(command.holder)]
    ended = OverlayChanged(OverlayChange.REVOKED, holder=command.holder, detail=f"{len(gone)} erased")
    return Change(books.overlay.without(*gone), (ended,))
