"""Sheets that were sent to be imported: each in a folder of its own below the state folder, until taken or dropped.

They name people, so nobody else can read them, none is kept for longer than a day, and none that did not come whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people_words.base import Asker
from firmware.people_words.imports import (
    SHEET_BYTES_MAX,
    PartSeen,
    Preview,
    SheetChoices,
    WaitingSheet,
)
from firmware.terminal import now_utc_s

FOLDER = "imports"  # in the state folder
CONTENT, COMING, ABOUT, SEEN = "sheet", "sheet.coming", "about.json", "seen.json"
SHEETS_MAX = 4  # at once: a few managers, each with the one of the day
KEPT_S_MAX = 86_400
UNFINISHED_S_MAX = 300  # without a piece: whoever still sends brings one each minute (firmware/network/uploads.py)
ROOM_BYTES_MIN = 128 << 20  # beside all sheets: the source grows by them, so does its log, and the journal is there too
FREE_BYTES_MIN = SHEET_BYTES_MAX + ROOM_BYTES_MIN  # for one to begin
FILE_CHARACTERS_MAX = 200
LANGUAGES = ("en", "zh")
_ID = re.compile(r"[A-Za-z0-9_-]{12}", re.ASCII)
_ID_BYTES = 9
_MODE = 0o600


class Seen(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was seen in a sheet, as it is kept. `preview` by language."""

    parts: tuple[PartSeen, ...]
    choices: SheetChoices
    preview: dict[str, Preview] = {}
    head: int = 0  # the source's batch that the preview was made for
    needs: str = ""
    fills: dict[str, str] = {}
    text: str = ""


class Incoming:
    """The folder of sheets. Methods may be called from any thread; a sheet's pieces come one after the other."""

    def __init__(self, place: Place, free_bytes: Callable[[Path], int] | None = None) -> None:
        """`free_bytes` of the disk that a folder is on."""
        self._free_bytes = free_bytes or _free_bytes
        self._folder = place.state / FOLDER
        self._lock = threading.Lock()
        self._cleaned = False

    def begin(self, who: Asker, file: str) -> str:
        """A new sheet's id. Raises Denied."""
        with self._lock:
            self._tidy()
            kept = self._all()
            if len(kept) >= SHEETS_MAX:
                raise Denied("imports_too_many", file=kept[0].file, who=kept[0].who)
            try:
                made_private(self._folder)
                if self._free_bytes(self._folder) < FREE_BYTES_MIN:
                    raise Denied("imports_disk_full")
                id = secrets.token_urlsafe(_ID_BYTES)
                made_private(self._folder / id)
                os.close(os.open(self._path(id, COMING), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE))
                about = WaitingSheet(sheet=id, file=_file_name(file), size=0, sha256="", who=who.name, at_s=now_utc_s())
                self._write(id, ABOUT, about)
            except OSError as error:
                raise Denied("imports_not_kept", text=str(error)) from error
        return id

    def put(self, id: str, offset: int, content: bytes) -> int:
        """How much is there after it. A piece that does not follow the one before is refused. Raises Denied."""
        path = self._path(id, COMING)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), "ab") as file:
                if os.fstat(file.fileno()).st_size != offset:
                    raise Denied("imports_out_of_order")
                if offset + len(content) > SHEET_BYTES_MAX:
                    raise Denied("imports_too_large", most=str(SHEET_BYTES_MAX >> 20))
                if self._free_bytes(self._folder) < ROOM_BYTES_MIN:
                    raise Denied("imports_disk_full")
                file.write(content)
        except FileNotFoundError as error:
            raise Denied("imports_gone") from error
        except OSError as error:
            raise Denied("imports_not_kept", text=str(error)) from error
        return offset + len(content)

    def end(self, id: str, size: int) -> WaitingSheet:
        """The sheet is whole: durable, and from now on one that can be looked at. Raises Denied."""
        path = self._path(id, COMING)
        digest = hashlib.sha256()
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size != size:
                    raise Denied("imports_not_whole")
                while piece := file.read(1 << 18):
                    digest.update(piece)
                os.fsync(file.fileno())
            about = msgspec.structs.replace(self._about(id), size=size, sha256=digest.hexdigest())
            self._write(id, ABOUT, about)
            path.rename(self._path(id, CONTENT))
        except FileNotFoundError as error:
            raise Denied("imports_gone") from error
        except OSError as error:
            raise Denied("imports_not_kept", text=str(error)) from error
        return about

    def drop(self, id: str) -> None:
        """Forget it. Idempotent."""
        shutil.rmtree(self._path(id, ""), ignore_errors=True)

    def find(self, id: str) -> WaitingSheet:
        """A sheet that came whole. Raises Denied."""
        about = self._about(id)
        if not self.content(id).exists():
            raise Denied("imports_gone")
        return about

    def all(self) -> list[WaitingSheet]:
        """The oldest first."""
        with self._lock:
            self._tidy()
            return [each for each in self._all() if each.sha256]

    def content(self, id: str) -> Path:
        return self._path(id, CONTENT)

    def problems(self, id: str, language: str) -> Path:
        return self._path(id, f"problems.{language}.csv")

    def keep_seen(self, id: str, seen: Seen) -> None:
        """Raises Denied."""
        try:
            self._write(id, SEEN, seen)
        except OSError as error:
            raise Denied("imports_not_kept", text=str(error)) from error

    def seen(self, id: str) -> Seen | None:
        """What was seen last; None: nothing yet."""
        try:
            return msgspec.json.decode(self._path(id, SEEN).read_bytes(), type=Seen)
        except (OSError, msgspec.MsgspecError):
            return None

    # -- the folder ---------------------------------------------------------------------------------------------------

    def _path(self, id: str, name: str) -> Path:
        """Raises Denied: an id never leads anywhere else."""
        if _ID.fullmatch(id) is None:
            raise Denied("imports_gone")
        return self._folder / id / name if name else self._folder / id

    def _about(self, id: str) -> WaitingSheet:
        try:
            about = msgspec.json.decode(self._path(id, ABOUT).read_bytes(), type=WaitingSheet)
        except (OSError, msgspec.MsgspecError) as error:
            raise Denied("imports_gone") from error
        return msgspec.structs.replace(about, read=self._path(id, SEEN).exists())

    def _write(self, id: str, name: str, what: msgspec.Struct) -> None:
        aside = self._path(id, name + ".new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE), "wb") as file:
            file.write(msgspec.json.encode(what))
        aside.replace(self._path(id, name))

    def _all(self) -> list[WaitingSheet]:
        found = []
        for path in sorted(self._folder.iterdir()) if self._folder.is_dir() else ():
            try:
                found.append(self._about(path.name))
            except Denied:
                continue  # it is being made, or dropped
        return sorted(found, key=lambda each: each.at_s)

    def _tidy(self) -> None:
        """Whatever is over a day old; the first time also what did not come whole before this process began."""
        for path in list(self._folder.iterdir()) if self._folder.is_dir() else ():
            try:
                about = self._about(path.name)
                whole = (path / CONTENT).exists()
            except Denied:
                about, whole = None, False
            age_s = KEPT_S_MAX if about is None else now_utc_s() - about.at_s
            given_up = not whole and (not self._cleaned or not self._coming(path))
            if given_up or not 0 <= age_s < KEPT_S_MAX:
                shutil.rmtree(path, ignore_errors=True)
        self._cleaned = True

    def _coming(self, path: Path) -> bool:
        """Whether a piece has come of late."""
        try:
            return abs(now_utc_s() - (path / COMING).stat().st_mtime) < UNFINISHED_S_MAX
        except OSError:
            return False


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _file_name(name: str) -> str:
    """As people read it, and as the source keeps it: one line, without folders."""
    last = re.split(r"[/\\]", name)[-1]
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in last).split())
    return line[:FILE_CHARACTERS_MAX] or "sheet"


def made_private(path: Path) -> None:
    """A folder of ours, mode 0700. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)


_KNOWN: WeakKeyDictionary[Place, Incoming] = WeakKeyDictionary()


def incoming_of(place: Place) -> Incoming:
    """The sheets of a place."""
    return _KNOWN.setdefault(place, Incoming(place))
