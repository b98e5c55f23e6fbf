"""What the list says after the controller has done something at once: the second half of one command.

Each is done right away, and again where a process ended in between: so each looks whether it has been done before.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.core.access import Factor
from firmware.people.at_once import Asked, By, Following
from firmware.people.editing import edited
from firmware.people.errors import Denied
from firmware.people.holders import owner_of, put_credential, unchanged
from firmware.people.place import Place
from firmware.people.rows import Pseudonyms, credentials_of
from firmware.people_words.base import Asker
from firmware.roster import visitor_book
from firmware.roster.source import edit
from firmware.terminal import now_utc_s

# Nobody is to blame, and it can be done later; anything else has to be looked at by a person.
LATER = frozenset(
    {"people_no_controller", "people_not_recorded", "people_too_many", "people_source_busy", "people_source_failed"}
)


def remove_holder(place: Place, who: Asker, holder: str, revision: int, why: str) -> int:
    """The batch that did it. Raises Denied where somebody has changed the holder meanwhile."""
    with edited(place, who, "holder removed", holder=holder, why=why) as batch:
        unchanged(batch, holder, revision)
        edit.remove(batch, "holder", holder)
    return batch.id


def drop_credential(place: Place, who: Asker, holder: str, ref: str) -> int:
    """The batch that did it; 0: the list has none of this ref. Raises Denied."""
    pseudonyms = pseudonyms_of(place)
    with edited(place, who, "enrolment taken back", holder=holder) as batch:
        for each in credentials_of(batch.db, holder, pseudonyms):
            if each.ref == ref:
                edit.remove(batch, each.entity, each.id)
    return batch.id if batch.changes else 0


def keep_presented(place: Place, who: Asker, holder: str, presented: str, replaces: str, why: str) -> None:
    """Into the list: KIND:KEY that was presented, and that the one of the ref `replaces` is lost. Raises Denied."""
    if not place.source_path.exists():
        raise Denied("people_no_source")
    kind, _, key = presented.partition(":")
    factor, pseudonyms = Factor(kind), pseudonyms_of(place)
    with edited(place, who, f"{kind} enrolled", holder=holder, why=why) as batch:
        if owner_of(batch.db, factor, key) != holder:
            put_credential(batch, holder, factor, key, {})
        for each in credentials_of(batch.db, holder, pseudonyms):
            if replaces and each.ref == replaces:
                edit.set_fields(batch, each.entity, each.id, {"status": "lost"})


def pseudonyms_of(place: Place) -> Pseudonyms:
    """Raises Denied."""
    with place.served() as roster:
        return Pseudonyms(place.authority().keys_of(roster))


@contextmanager
def visitor_names(place: Place) -> Iterator[Path]:
    """Where the names of visitors are. Raises Denied, also for what fails there."""
    place.own_folder()
    try:
        yield place.state / visitor_book.PLACE
    except (sqlite3.Error, OSError) as error:
        raise Denied("people_visitors_failed", text=str(error)) from error


def forget_visitor(place: Place, visitor: str) -> None:
    """The name of somebody who is not invited after all. Raises Denied."""
    with visitor_names(place) as path:
        visitor_book.drop(path, now_utc_s(), visitor)


# -- after a process that ended ---------------------------------------------------------------------------------------


def _left(place: Place, asked: Asked) -> None:
    if asked.revision is not None:
        remove_holder(place, asked.who, asked.holder, asked.revision, asked.why)


def _ended(place: Place, asked: Asked) -> None:
    if asked.ref:
        drop_credential(place, asked.who, asked.holder, asked.ref)


def _enrolled(place: Place, asked: Asked) -> None:
    if asked.key:
        keep_presented(place, asked.who, asked.holder, asked.key, asked.ref, asked.why)


def _done(place: Place, asked: Asked, so: bool) -> None:
    """Raises Denied where it can be done later; what cannot be done any more is seen on the holder's page."""
    if not so:
        return
    try:
        {By.LEFT: _left, By.ENDED: _ended, By.ENROLLED: _enrolled}[asked.by](place, asked)
    except Denied as denied:
        if denied.said.word in LATER:
            raise


def _invited(place: Place, asked: Asked, so: bool) -> None:
    if not so:
        forget_visitor(place, asked.holder)


FOLLOWING: Following = {**dict.fromkeys((By.LEFT, By.ENDED, By.ENROLLED), _done), By.INVITED: _invited}
