"""Where the desk works: the state folder with the source, the roster in service, the controller's office socket.

All methods may be called from any thread. What is read of the controller is kept for a moment, so that a page that is
loaded often does not use up what the office may ask.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from firmware.config import Config
from firmware.identity import Identity, IdentityError
from firmware.messages import Answer, AnyOfficeCommand, ListOverlay, LocalEntry
from firmware.people.errors import Denied
from firmware.roster.authority import Authority, read_authority
from firmware.roster.errors import RosterError
from firmware.roster.importing.cards import WIDTHS
from firmware.roster.install import CURRENT
from firmware.roster.office import ANSWER_S_MAX, Office
from firmware.roster.roster import Roster, open_roster
from firmware.roster.source.errors import ChangeRefused, SourceBusy, SourceMissing, told
from firmware.roster.source.history import Head
from firmware.roster.source.store import Source
from firmware.terminal import TerminalError, own_identity

OFFICE = "office.source.db"  # in the state folder
ROSTER_FOLDER = "roster"
FOLDER = "people"  # in the state folder; a factory reset removes it (firmware/controller/factory_reset.py)
LOCAL_S = 2.0  # how long the list of local entries is good for; what we change ourselves is read anew
READ_S_MAX = 5.0  # of one question's statements
_STEPS = 20_000  # of SQLite's machine between two looks at the time


class Rights(NamedTuple):
    """Whether this controller takes what we sign; else whose rosters it takes ("": other signers of the site file)."""

    mine: bool
    owner: str = ""


class Local(NamedTuple):
    """What holds at the controller beside the roster."""

    entries: tuple[LocalEntry, ...]
    roster_version: int


class Place:
    """See the head of this file."""

    def __init__(self, config: Config, state: Path, now_s: Callable[[], float]) -> None:
        """`now_s` is the event loop's time, which any thread may read."""
        self.now_s = now_s
        self.config = config
        self.state = state
        self.source_path = state / OFFICE
        self.folder = state / ROSTER_FOLDER
        self._lock = threading.Lock()
        self._serving = threading.RLock()
        self._served: Roster | None = None
        self._served_file: tuple[int, int, int] | None = None
        self._local: Local | None = None
        self._local_until_s = 0.0
        self._changes = 0  # of what holds there, as far as we ask for them
        self._silent_until_s = 0.0  # it did not answer a moment ago: pages do not wait for it one after the other
        self._counted: tuple[Head, int] | None = None

    def own_folder(self) -> Path:
        """Where the desk keeps what is its own, mode 0700. Raises Denied."""
        folder = self.state / FOLDER
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise Denied("people_source_failed", text=f"{folder}: {error.strerror}") from error
        return folder

    # -- the source ---------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Source]:
        """The source, to be read for a few seconds. Raises Denied where there is none, or it cannot be read."""
        with self.sourced(), Source.open(self.source_path, readonly=True) as source, told(self.source_path):
            end_s = self.now_s() + READ_S_MAX
            source.db.set_progress_handler(lambda: self.now_s() > end_s, _STEPS)
            yield source

    def holders_of(self, source: Source) -> int:
        """How many holders are in the list. Counting looks at all of them: once for each state of the source."""
        head = source.head
        if self._counted is None or self._counted[0] != head:
            self._counted = head, source.db.execute("SELECT count(*) FROM holder").fetchone()[0]
        return self._counted[1]

    @contextmanager
    def writing(self) -> Iterator[Source]:
        """The source, to be changed. Raises Denied; where its rosters are somebody else's, too."""
        if not self.rights().mine:
            raise Denied("people_not_ours")
        with self.sourced(), Source.open(self.source_path) as source, told(self.source_path):
            yield source

    @contextmanager
    def sourced(self) -> Iterator[None]:
        """Turn what the roster's library says of the source as a file into Denied."""
        try:
            yield
        except ChangeRefused:
            raise  # of what was asked, and not of the file: whoever edits says which field
        except SourceMissing as error:
            raise Denied("people_no_source") from error
        except SourceBusy as error:
            raise Denied("people_source_busy") from error
        except RosterError as error:
            raise Denied("people_source_failed", text=str(error)) from error

    # -- whose rosters ------------------------------------------------------------------------------------------------

    def identity(self) -> Identity:
        """The controller's, whose key signs. Raises Denied."""
        try:
            return own_identity(self.state)
        except (TerminalError, IdentityError, OSError) as error:
            raise Denied("people_no_identity", text=str(error)) from error

    def authority(self) -> Authority:
        """Raises Denied."""
        identity = self.identity()
        try:
            return read_authority(self.folder, identity, self.config.roster.signers)
        except RosterError as error:
            raise Denied("people_no_authority", text=str(error)) from error

    def rights(self) -> Rights:
        """Raises Denied."""
        authority = self.authority()
        if self.identity().public_key in authority.signers:
            return Rights(mine=True)
        return Rights(False, "" if authority.adoption is None else authority.adoption.community)

    def card_formats(self) -> tuple[str, ...]:
        """The formats of two fields that this site's readers deliver, as their tables name them."""
        named = [device.get("formats") for device in self.config.devices]
        found = {text for names in named if isinstance(names, list) for text in names if isinstance(text, str)}
        return tuple(sorted(name for name in found if name in WIDTHS and WIDTHS[name][0] > 0))

    # -- the roster in service ----------------------------------------------------------------------------------------

    @contextmanager
    def served(self) -> Iterator[Roster | None]:
        """The roster that lies in the place of the one in service, proven; None: there is none that is good.

        One caller at a time. A new file is read once as a whole, which takes a moment where it is large.
        """
        with self._serving:
            now = self._file()
            if now != self._served_file:
                if self._served is not None:
                    self._served.close()
                self._served, self._served_file = self._open(), now
            yield self._served

    def _file(self) -> tuple[int, int, int] | None:
        try:
            found = (self.folder / CURRENT).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _open(self) -> Roster | None:
        try:
            authority = self.authority()
            return open_roster(self.folder / CURRENT, authority.signers, digest_key_id=authority.digest_key_ids)
        except (RosterError, Denied):
            return None  # the controller says so itself, on the status page

    # -- the controller -----------------------------------------------------------------------------------------------

    def ask(
        self, command: AnyOfficeCommand, within_s: int = ANSWER_S_MAX, waited: Callable[[int], None] = lambda _s: None
    ) -> Answer:
        """Ask the controller for a change. Raises Denied where nobody answers."""
        self.forget_local()
        try:
            with Office(self.state) as office:
                return office.ask(command, within_s, waited)
        except TerminalError as error:
            raise Denied("people_no_controller", text=str(error)) from error
        finally:
            self.forget_local()

    def local(self, *, wait: bool = True) -> Local:
        """What holds beside the roster now. Raises Denied where the controller does not answer.

        Without `wait`: what was heard last, where somebody else is asking just now.
        """
        if not self._lock.acquire(blocking=wait):
            if self._local is None:
                raise Denied("people_no_controller")
            return self._local
        try:
            if self._local is not None and self.now_s() < self._local_until_s:
                return self._local
            if self.now_s() < self._silent_until_s:
                raise Denied("people_no_controller")
            changes = self._changes
            self._local = self._heard()
            if changes == self._changes:  # else it may be of before a change, and the next look asks again
                self._local_until_s = self.now_s() + LOCAL_S
            return self._local
        finally:
            self._lock.release()

    def _heard(self) -> Local:
        try:
            with Office(self.state) as office:
                entries, last = office.entries(ListOverlay(issuer="people", why="list the local entries"))
        except TerminalError as error:
            self._silent_until_s = self.now_s() + LOCAL_S
            raise Denied("people_no_controller", text=str(error)) from error
        return Local(tuple(entries), last.roster_version)

    def forget_local(self) -> None:
        """The next look at the local entries asks the controller."""
        self._changes += 1
        self._local_until_s = 0.0


def made_private(path: Path) -> None:
    """A folder of ours, mode 0700. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
