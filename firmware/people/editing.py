"""One edit of the source: told to the journal before it counts, by whom and from where; whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people.promises import Promised, one_line, promised
from firmware.people_words.base import Asker
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.errors import ChangeRefused, FieldRefused
from firmware.terminal import now_utc_s


@contextmanager
def edited(
    place: Place,
    who: Asker,
    detail: str,
    *,
    holder: str = "",
    why: str = "",
    kind: Kind = Kind.EDIT,
    file: str | None = None,
) -> Iterator[Batch]:
    """A batch of the source: what the block does in it is told to the journal, then committed.

    Raises Denied; what the block raises drops all of it. Two people never edit at once: the second one waits, and what
    it has seen before is compared inside (`holders.unchanged`).
    """
    told: Promised | None = None
    try:
        with place.writing() as source, source.batch(kind, who.name, one_line(why), now_utc_s(), file) as batch:
            yield batch
            if batch.db.execute("SELECT 1 FROM change WHERE batch = ? LIMIT 1", (batch.id,)).fetchone() is not None:
                told = promised(place, who, detail, batch=batch.id, at_s=batch.at_s, holder=holder, why=why)
    except BaseException as error:
        if told is not None:
            told.broken()
        if isinstance(error, FieldRefused):
            word = f"people_bad_{error.field}"
            raise Denied(word, field=error.field, text=str(error), found=error.found) from error
        if isinstance(error, ChangeRefused):
            raise Denied("people_refused", text=str(error)) from error
        raise
    if told is not None:
        told.kept()
