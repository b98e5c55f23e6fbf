"""What the journal is told before it counts, and what is written down of that, so that a kill in between is told too.

What is asked of the controller at once has promises of its own (at_once.py).

A promise is a file in the desk's own folder. It stands from before the journal hears of an edit until the edit is
committed, or the journal has heard that it is not; what a process that ended has left, the next one settles.
"""

from __future__ import annotations

import os
import secrets
import threading
from pathlib import Path

import msgspec

from firmware.core.account_facts import Act
from firmware.messages import TellPeople
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people_words.base import AT_THE_PAGE, Asker
from firmware.roster.files import sync_folder

PREFIX, SUFFIX = "told-", ".json"
UNHEARD = "people_no_controller"  # nobody answered: it may stand in the journal all the same
TRIES_MAX, AGAIN_S = 6, 0.5  # where it is told more than the controller takes: ten a second
_MODE = 0o600
_NAME_BYTES = 8
_open: set[Path] = set()  # of this process, which are being kept or broken just now
_settling = threading.Lock()
_pause = threading.Event()  # never set


def tell(place: Place, who: Asker, act: Act, detail: str, *, holder: str = "", why: str = "") -> None:
    """Have it committed to the journal. `detail` names nobody. Raises Denied: then it is not to be done."""
    command = TellPeople(
        issuer=who.name, why=one_line(why), act=act, address=who.address, holder=holder[:64], detail=detail[:100]
    )
    for _ in range(TRIES_MAX):
        answer = place.ask(command)
        if answer.done:
            return
        if "too_many" not in answer.reasons:
            raise Denied("people_not_recorded")
        _pause.wait(AGAIN_S)
    raise Denied("people_too_many")


def one_line(why: str) -> str:
    """Why, as the source and the journal keep it."""
    return " ".join(why.split())[:200].strip() or AT_THE_PAGE


class Promise(msgspec.Struct, frozen=True):
    """An edit that the journal was told. It is kept if the source has a batch of `who` and `at_s`, from `batch` on."""

    who: Asker
    detail: str
    holder: str
    batch: int
    at_s: int


class Promised:
    """One promise of this process: `kept` once it is so, or `broken`, which tells the journal."""

    def __init__(self, place: Place, promise: Promise, path: Path) -> None:
        self._place = place
        self._promise = promise
        self._path = path

    def kept(self) -> None:
        self._path.unlink(missing_ok=True)
        _open.discard(self._path)

    def broken(self) -> None:
        """Raises Denied where the journal cannot be told: it is told later."""
        try:
            _take_back(self._place, self._promise)
            self._path.unlink(missing_ok=True)
        finally:
            _open.discard(self._path)


def promised(
    place: Place, who: Asker, detail: str, *, batch: int, at_s: int, holder: str = "", why: str = ""
) -> Promised:
    """Write it down, and have the journal told that it is edited. Raises Denied: then it is not to be done."""
    settle(place)
    path = place.own_folder() / f"{PREFIX}{secrets.token_hex(_NAME_BYTES)}{SUFFIX}"
    promise = Promise(who, detail, holder, batch, at_s)
    made = Promised(place, promise, path)
    _open.add(path)
    try:
        write(path, promise)
        tell(place, who, Act.EDITED, detail, holder=holder, why=why)
    except Denied as denied:
        if denied.said.word == UNHEARD:
            _open.discard(path)
        else:
            made.kept()  # nothing was told
        raise
    return made


def settle(place: Place) -> None:
    """Tell the journal of each promise that nobody keeps any more. Raises Denied where that cannot be told now."""
    with _settling:
        for path in sorted(place.own_folder().glob(f"{PREFIX}*{SUFFIX}")):
            if path in _open:
                continue
            promise = _read(path)
            if promise is not None and not _is_kept(place, promise):
                _take_back(place, promise)
            path.unlink(missing_ok=True)


def _take_back(place: Place, promise: Promise) -> None:
    tell(place, promise.who, Act.EDIT_NOT_DONE, promise.detail, holder=promise.holder)


def _is_kept(place: Place, promise: Promise) -> bool:
    if not place.source_path.exists():
        return False
    sql = "SELECT 1 FROM batch WHERE id >= ? AND who = ? AND at_s = ?"
    with place.reading() as source:
        found = source.db.execute(sql, (promise.batch, " ".join(promise.who.name.split()), promise.at_s)).fetchone()
    return found is not None


def write(path: Path, promise: msgspec.Struct) -> None:
    """Durably: a power cut between journal and source is a kill as well. Raises Denied."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE), "wb") as file:
            file.write(msgspec.json.encode(promise))
            file.flush()
            os.fsync(file.fileno())
        sync_folder(path.parent)
    except OSError as error:
        raise Denied("people_source_failed", text=f"{path.parent}: {error.strerror}") from error


def _read(path: Path) -> Promise | None:
    """None: it is gone, or was never written whole, so that nothing was told. Raises Denied."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Promise)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    except OSError as error:  # it may say what the journal has to hear
        raise Denied("people_source_failed", text=f"{path.parent}: {error.strerror}") from error
