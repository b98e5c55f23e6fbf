"""One edit of the source: told to the journal before it counts, by whom and from where; whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from firmware.core.account_facts import Act
from firmware.messages import TellPeople
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people_words.base import Asker
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.errors import ChangeRefused, FieldRefused
from firmware.terminal import now_utc_s

AT_THE_PAGE = "at the page"  # why, where nobody said


def tell(place: Place, who: Asker, act: Act, detail: str, *, holder: str = "", why: str = "") -> None:
    """Have it committed to the journal. `detail` names nobody. Raises Denied: then it is not to be done."""
    answer = place.ask(
        TellPeople(
            issuer=who.name, why=one_line(why), act=act, address=who.address, holder=holder[:64], detail=detail[:100]
        )
    )
    if not answer.done:
        raise Denied("people_too_many" if "too_many" in answer.reasons else "people_not_recorded")


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
    told = False
    try:
        with place.writing() as source, source.batch(kind, who.name, one_line(why), now_utc_s(), file) as batch:
            yield batch
            if batch.db.execute("SELECT 1 FROM change WHERE batch = ? LIMIT 1", (batch.id,)).fetchone() is not None:
                tell(place, who, Act.EDITED, detail, holder=holder, why=why)
                told = True
    except FieldRefused as error:
        _take_back(place, who, told, detail, holder)
        raise Denied(f"people_bad_{error.field}", field=error.field, text=str(error), found=error.found) from error
    except ChangeRefused as error:
        _take_back(place, who, told, detail, holder)
        raise Denied("people_refused", text=str(error)) from error
    except Denied:
        _take_back(place, who, told, detail, holder)
        raise


def _take_back(place: Place, who: Asker, told: bool, detail: str, holder: str) -> None:
    if told:
        tell(place, who, Act.EDIT_NOT_DONE, detail, holder=holder)


def one_line(why: str) -> str:
    """Why, as the source and the journal keep it."""
    return " ".join(why.split())[:200].strip() or AT_THE_PAGE
