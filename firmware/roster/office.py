"""The office's end of the controller's socket: asks for one thing as a named person, and waits until it is decided.

The answer comes when its event is committed. The socket stands in the controller's state folder, which only the
controller's user can enter; nothing else proves who is asking, so the journal keeps who is named.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from firmware.local_socket import reachable
from firmware.messages import (
    Answer,
    AnyFromController,
    AnyOfficeCommand,
    AskOffice,
    FaceEntry,
    FacesListed,
    FrameError,
    FrameReader,
    LocalEntry,
    Overlaid,
    ReceiptsListed,
    pack,
)
from firmware.roster.entry import Entry, Kind
from firmware.roster.overlay import Conflict, Overlay
from firmware.terminal import TerminalError

SOCKET = "office.sock"
ANSWER_S_MAX = 15  # a journal on a bad card stalls for seconds; past this, a person should look at it
READ_BYTES = 1 << 16
ENTRIES_PER_FRAME = 100  # of at most 2.1 kB each: a frame holds 256 kB
FRAMES_MAX = 1_000  # of one answer; a full list takes 41
_NO_CONTROLLER = (
    "no controller answers on {path}: {why}. Start the controller, and run this as its user, with the state folder "
    "that it runs with"
)


class Office:
    """A connection to the controller of a state folder. Use it in a `with`; it asks one thing after the other."""

    def __init__(self, state: Path) -> None:
        """Connect. Raises TerminalError where no controller answers, and says what to do."""
        self._path = state / SOCKET
        self._frames = FrameReader(AnyFromController)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(ANSWER_S_MAX)
            with reachable(self._path) as address:
                self._socket.connect(address)
        except OSError as error:
            self._socket.close()
            raise TerminalError(_NO_CONTROLLER.format(path=self._path, why=error.strerror or error)) from error

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def ask(
        self, command: AnyOfficeCommand, within_s: int = ANSWER_S_MAX, waited: Callable[[int], None] = lambda _s: None
    ) -> Answer:
        """Ask for a change. `waited` hears of each further second. Raises TerminalError where nobody answers."""
        for answer in self._answers(command, within_s, waited):
            if isinstance(answer, Answer):
                return answer
        raise AssertionError("answers end with one, or raise")

    def entries(self, command: AnyOfficeCommand) -> tuple[list[LocalEntry], Overlaid]:
        """Ask for the local entries: all of them, and the last frame of the list, which says the revision.

        Raises TerminalError where nobody answers, or the answer is no list.
        """
        entries: list[LocalEntry] = []
        for answer in self._answers(command, ANSWER_S_MAX, lambda _s: None):
            if not isinstance(answer, Overlaid):
                said = ", ".join(answer.reasons) if isinstance(answer, Answer) else type(answer).__name__
                raise TerminalError(f"the controller refused to list its local entries: {said}")
            entries += answer.entries
            if not answer.more:
                return entries, answer
        raise AssertionError("lists end with a last frame, or raise")

    def faces(self, command: AnyOfficeCommand) -> tuple[list[FaceEntry], FacesListed]:
        """Ask who is enrolled with a face: all of them, and the last frame of the list.

        Raises TerminalError where nobody answers, or the answer is no list.
        """
        entries: list[FaceEntry] = []
        for answer in self._answers(command, ANSWER_S_MAX, lambda _s: None):
            if not isinstance(answer, FacesListed):
                raise TerminalError("the controller refused to list its faces: use the command of its own release")
            entries += answer.faces
            if not answer.more:
                return entries, answer
        raise AssertionError("lists end with a last frame, or raise")

    def receipts(self, command: AnyOfficeCommand) -> list[str]:
        """Ask for the receipts that the controller keeps, each signed, as JSON. Raises TerminalError as `faces`."""
        receipts: list[str] = []
        for answer in self._answers(command, ANSWER_S_MAX, lambda _s: None):
            if not isinstance(answer, ReceiptsListed):
                raise TerminalError("the controller refused to list receipts: use the command of its own release")
            receipts += answer.receipts
            if not answer.more:
                return receipts
        raise AssertionError("lists end with a last frame, or raise")

    def _answers(
        self, command: AnyOfficeCommand, within_s: int, waited: Callable[[int], None]
    ) -> Iterator[Answer | Overlaid | FacesListed | ReceiptsListed]:
        request = secrets.token_hex(8)
        try:
            self._socket.sendall(pack(AskOffice(command, request)))
            self._socket.settimeout(1)
            seconds = frames = 0
            while seconds < within_s and frames < FRAMES_MAX:
                try:
                    received = self._socket.recv(READ_BYTES)
                except TimeoutError:
                    seconds += 1
                    waited(seconds)
                    continue
                if not received:
                    raise TerminalError(
                        f"the controller ended the connection on {self._path}: it serves its own user only, and a few "
                        "commands a second. Look at `menshen roster local`, then try again"
                    )
                for message in self._frames.feed(received):
                    frames += 1
                    listed = Overlaid | FacesListed | ReceiptsListed
                    if isinstance(message, Answer | listed) and message.request == request:
                        yield message
        except FrameError as error:
            raise TerminalError(f"{self._path}: {error}. Use the command of the controller's own release") from error
        except OSError as error:
            raise TerminalError(_NO_CONTROLLER.format(path=self._path, why=error.strerror or error)) from error
        raise TerminalError(
            f"the controller took the command and did not answer within {within_s} s. It may be in force, and not yet "
            "in the journal: look at the controller's disk, and at `menshen roster local`"
        )


# -- what the controller says of its local entries --------------------------------------------------------------------


def listed(
    request: str, overlay: Overlay, roster_version: int, conflicts: list[tuple[Entry, Conflict]]
) -> Iterator[Overlaid]:
    """The local entries in as many frames as it takes, in the order in which they were made; keys are left out."""
    against = {entry.id: what.value for entry, what in conflicts}
    entries = [_shown(entry, against.get(entry.id, "")) for entry in overlay]
    starts = range(0, max(1, len(entries)), ENTRIES_PER_FRAME)
    for start in starts:
        part = tuple(entries[start : start + ENTRIES_PER_FRAME])
        more = start != starts[-1]
        yield Overlaid(request, overlay.revision, roster_version, part, more)


def _shown(entry: Entry, conflict: str) -> LocalEntry:
    return LocalEntry(
        id=entry.id,
        kind=entry.kind.value,
        holder=entry.holder,
        issuer=entry.issuer,
        why=entry.why,
        created_s=entry.created_s,
        expires_s=entry.expires_s,
        credential=entry.credential,
        status=entry.status.value if entry.kind is Kind.SUSPEND else "",
        conflict=conflict,
        factor="" if entry.factor is None else entry.factor.value,
        household=entry.household,
        valid_from_s=entry.valid_from_s,
        use_limit=entry.use_limit,
        profiles=entry.profiles,
    )
