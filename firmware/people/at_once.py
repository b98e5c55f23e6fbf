"""What is asked of the controller at once, written down until its answer has had all that follows from it here.

A promise of an edit is kept by the source (promises.py); one of these is kept by the controller: by a local entry that
stands there, or does not any more, or by a roster that was handed in. What a process that ended has left, or what the
controller has not answered, is looked at later: what is not so is told to the journal, and what was half done, since
the list follows the gate, is done to its end.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec.structs import replace

from firmware.core.account_facts import Act
from firmware.messages import Answer, AnyOfficeCommand, LocalEntry
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people.promises import UNHEARD, tell, write
from firmware.people_words.base import Asker
from firmware.roster.handover import was_handed_in
from firmware.roster.office import ANSWER_S_MAX
from firmware.terminal import now_utc_s

PREFIX, SUFFIX, ASIDE = "asked-", ".json", ".new"
UNANSWERED = "people_gate_unanswered"
SLACK_S = 5  # of a reader that waits, behind the end of its time
WAITS_S_MAX = 120 + SLACK_S  # of a reader (people_words): of what is to wait longer the clock has jumped back
_NAME_BYTES = 8
_open: set[Path] = set()  # of this process, which are being asked just now
_looking = threading.Lock()


class By(StrEnum):
    """What shows that the controller has done it."""

    SUSPENDED = "suspend"  # a new local entry of the holder, of this kind
    ENROLLED = "enrol"
    INVITED = "visitor"
    LEFT = "left"  # a new suspension; or nobody of that id in the list any more
    ENDED = "ended"  # the entry stands there no more
    HANDED_IN = "handed_in"  # a roster of the batch lies there, newer than the version


_NEW = frozenset({By.SUSPENDED, By.ENROLLED, By.LEFT})  # what was there before has to be known


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """`until_s`: before then nothing is decided. The rest of the fields are what follows here, once it is so."""

    who: Asker
    by: By
    detail: str
    holder: str = ""
    why: str = ""
    before: tuple[str, ...] = ()  # the holder's local entries
    entry: str = ""
    batch: int = 0
    version: int = 0
    until_s: int = 0
    ref: str = ""
    key: str = ""
    revision: int | None = None

    def __repr__(self) -> str:
        return f"Asked({self.by.value!r}, {self.detail!r})"  # never the key


# What follows here from what the controller has done, or (False) not done; it may have followed before.
Following = Mapping[By, Callable[[Place, Asked, bool], None]]


class AtOnce:
    """One of this process, inside of `at_once`."""

    def __init__(self, place: Place, asked: Asked, path: Path) -> None:
        self.asked = asked
        self.done = False  # the controller has done it: from here on it is not told that it has not
        self._place = place
        self._path = path

    def ask(
        self, command: AnyOfficeCommand, within_s: int = ANSWER_S_MAX, waited: Callable[[int], None] = lambda _s: None
    ) -> Answer:
        """Raises Denied: it may have been heard, and it is found out later what has become of it."""
        try:
            told = self._place.ask(command, within_s, waited)
        except Denied as denied:
            raise Denied(UNANSWERED, text=denied.said.text) from denied
        self.done = told.done
        return told

    def know(self, key: str) -> None:
        """Keep what was presented, too: nobody else can say it once this process has ended."""
        self.asked = replace(self.asked, key=key, until_s=0)
        aside = self._path.with_suffix(ASIDE)
        try:
            write(aside, self.asked)
            aside.replace(self._path)
        except (Denied, OSError):  # of a full disk: what follows is done now all the same
            with suppress(OSError):
                aside.unlink(missing_ok=True)


@contextmanager
def at_once(place: Place, asked: Asked, *, act: Act = Act.EDITED) -> Iterator[AtOnce]:
    """Write it down and have the journal told; the block asks the controller, and does what follows from its answer.

    Raises Denied where the journal cannot be told. What the block raises is told to the journal, unless the controller
    has done its part, or has not answered.
    """
    if asked.by in _NEW:
        asked = replace(asked, before=tuple(each.id for each in place.local().entries if _concerns(asked, each)))
    path = place.own_folder() / f"{PREFIX}{secrets.token_hex(_NAME_BYTES)}{SUFFIX}"
    one = AtOnce(place, asked, path)
    _open.add(path)
    try:
        _told(place, one, path, act)
        try:
            yield one
        except BaseException as error:
            if isinstance(error, Denied) and error.said.word == UNANSWERED:
                raise
            if not one.done:
                _take_back(place, asked)
            path.unlink(missing_ok=True)
            raise
        path.unlink(missing_ok=True)
    finally:
        _open.discard(path)


def _told(place: Place, one: AtOnce, path: Path, act: Act) -> None:
    """Raises Denied: then it is not to be asked."""
    asked = one.asked
    try:
        write(path, asked)
        tell(place, asked.who, act, asked.detail, holder=asked.holder, why=asked.why)
    except Denied as denied:
        if denied.said.word != UNHEARD:
            path.unlink(missing_ok=True)  # nothing was told
        raise


def finish(place: Place, following: Following) -> bool:
    """Look at what nobody works on any more; whether all of it is over now. Raises Denied where that cannot be seen."""
    over = True
    with _looking:
        for path in sorted(place.own_folder().glob(f"{PREFIX}*{SUFFIX}")):
            try:
                over &= path in _open or _is_over(place, path, following)
            except OSError:  # of the disk: it stays, and holds up none of the others
                over = False
    return over


def _is_over(place: Place, path: Path, following: Following) -> bool:
    """Raises Denied, OSError: then it is looked at again."""
    aside = path.with_suffix(ASIDE)
    asked = _read(aside) or _read(path)  # cut between the two names: the newer one knows what was presented
    if asked is not None and 0 <= asked.until_s - now_utc_s() <= WAITS_S_MAX:
        return False
    if asked is not None:
        _finish(place, asked, following)
    aside.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    return True


def _finish(place: Place, asked: Asked, following: Following) -> None:
    """Raises Denied."""
    so = _is_so(place, asked)
    if not so:
        _take_back(place, asked)
    if asked.by in following:
        following[asked.by](place, asked, so)


def _is_so(place: Place, asked: Asked) -> bool:
    """Raises Denied where the controller does not say."""
    if asked.by is By.HANDED_IN:
        return was_handed_in(place.folder, asked.version, asked.batch)
    place.forget_local()
    entries = place.local().entries
    if asked.by is By.ENDED:
        return all(each.id != asked.entry for each in entries)
    if asked.by is By.LEFT and asked.revision is not None and not _is_listed(place, asked.holder):
        return True
    kind = By.SUSPENDED if asked.by is By.LEFT else asked.by
    mine = [each for each in entries if _concerns(asked, each) and each.issuer == asked.who.name]
    return any(each.kind == kind.value and each.id not in asked.before for each in mine)


def _concerns(asked: Asked, entry: LocalEntry) -> bool:
    """A credential that is suspended may be another one's by the roster than by the list."""
    one = asked.by is By.SUSPENDED and asked.ref
    return entry.credential == one if one else entry.holder == asked.holder


def _is_listed(place: Place, holder: str) -> bool:
    if not place.source_path.exists():
        return True  # elsewhere, as far as anybody knows here
    with place.reading() as source:
        return source.db.execute("SELECT 1 FROM holder WHERE id = ?", (holder,)).fetchone() is not None


def _take_back(place: Place, asked: Asked) -> None:
    tell(place, asked.who, Act.EDIT_NOT_DONE, asked.detail, holder=asked.holder)


def _read(path: Path) -> Asked | None:
    """None: it is gone, or was never written whole, so that nothing was told. Raises OSError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Asked)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
