"""What a comparison is made of: two rosters, each a signed file or an editable source, and perhaps names."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from firmware.config import escaped
from firmware.roster.errors import RosterUnusable
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import claimed_signer
from firmware.roster.source.errors import told
from firmware.roster.source.schema import APPLICATION_ID as SOURCE_ID
from firmware.roster.source.store import Source
from firmware.terminal import TerminalError, own_identity

# SQLite file format, section 1.3: the header string, and the application id at offset 68.
_HEADER, _ID_AT = b"SQLite format 3\0", 68


class Note(NamedTuple):
    """Something the answer rests on: the text `roster.compare.note.NAME`, about what."""

    name: str
    about: str = ""


def is_source(path: Path) -> bool:
    """Whether a file is an editable source. Raises OSError."""
    if not path.is_file():
        return False  # whoever opens it says what it is
    with path.open("rb") as file:
        head = file.read(_ID_AT + 4)
    return head.startswith(_HEADER) and head[_ID_AT:] == SOURCE_ID.to_bytes(4, "big")


def opened(path: Path, state: Path | None, keys: Sequence[bytes] | None, stack: ExitStack, notes: list[Note]) -> Roster:
    """A roster to compare; closed with the stack. A source is built into a temporary file first.

    Raises RosterError, IdentityError, TerminalError, OSError.
    """
    identity = None if state is None else own_identity(state)
    if is_source(path):
        raise TerminalError(f"{path} is an editable source: build a roster from it first")
    trusted = list(keys or ([] if identity is None else [identity.public_key]))
    if not trusted:
        trusted = [claimed_signer(path)]
        notes.append(Note("unproven", str(path)))
    digest_key_id = None if identity is None else identity.digest_key_id
    return stack.enter_context(open_roster(path, trusted, digest_key_id=digest_key_id))


def refuse_unlike(old: Roster, new: Roster) -> None:
    """The journal names credentials by tokens; these depend on the digest key. Raises RosterUnusable."""
    if old.seal.digest_key_id != new.seal.digest_key_id:
        raise RosterUnusable(
            f"{old.path} and {new.path} were built with different digest keys: the same card has two names in them. "
            "Build both for the same controller."
        )


class Names:
    """The names of holders, from an editable source; without one, ids stand for themselves. Raises SourceError."""

    def __init__(self, path: Path | None) -> None:
        self._source = None if path is None else Source.open(path, readonly=True)

    def __bool__(self) -> bool:
        return self._source is not None

    def of(self, holder: str | None) -> str | None:
        """The name as it was entered; None where it is not known."""
        if self._source is None or holder is None:
            return None
        with told(self._source.path):
            row = self._source.db.execute("SELECT name FROM holder WHERE id = ?", (holder,)).fetchone()
        return None if row is None else row[0]

    def shown(self, holder: str) -> str:
        """The id, with the name where it is known; nothing in it that a terminal would obey."""
        name = self.of(holder)
        return escaped(holder) if name is None else f"{escaped(name)} ({escaped(holder)})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.close()
