"""What a comparison is made of: two rosters, each a signed file or an editable source, and perhaps names."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from firmware.config import escaped
from firmware.identity import Identity
from firmware.roster.authority import Authority, Keys, read_authority
from firmware.roster.build import build_source
from firmware.roster.errors import RosterUnusable
from firmware.roster.roster import Roster, open_roster
from firmware.roster.seal import claimed_signer
from firmware.roster.source.errors import told
from firmware.roster.source.schema import APPLICATION_ID as SOURCE_ID
from firmware.roster.source.store import Source
from firmware.terminal import TerminalError, own_identity

# SQLite file format, section 1.3: the header string, and the application id at offset 68.
_HEADER, _ID_AT = b"SQLite format 3\0", 68
ROSTER_FOLDER = "roster"  # of a state folder


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


class _Builder:
    """Builds and signs with the controller's own key; tokens and PINs with the digest key that its rosters have."""

    def __init__(self, identity: Identity, keys: Keys) -> None:
        self.public_key = identity.public_key
        self.sign = identity.sign
        self.digest_key_id = keys.digest_key_id
        self.pseudonym = keys.pseudonym
        self.pin_digest = keys.pin_digest


class Trust:
    """Whose rosters are trusted: these keys', else whom the controller of a state folder trusts, else anybody's."""

    def __init__(self, state: Path | None, keys: Collection[bytes], configured: Collection[bytes]) -> None:
        self.identity = None if state is None else own_identity(state)
        self.authority: Authority | None = None
        if state is not None and self.identity is not None:
            self.authority = read_authority(state / ROSTER_FOLDER, self.identity, configured)
        self.keys = keys or configured if self.authority is None else keys or self.authority.signers


def opened(path: Path, trust: Trust, stack: ExitStack, notes: list[Note]) -> Roster:
    """A roster to compare; closed with the stack. A source is built into a temporary file first, and stays as it is.

    Raises RosterError, IdentityError, TerminalError, OSError.
    """
    if is_source(path):
        return _built(path, trust, stack)
    trusted = trust.keys
    if not trusted:
        trusted = [claimed_signer(path)]
        notes.append(Note("unproven", str(path)))
    ids = None if trust.authority is None else trust.authority.digest_key_ids
    return stack.enter_context(open_roster(path, trusted, digest_key_id=ids))


def _built(path: Path, trust: Trust, stack: ExitStack) -> Roster:
    """The roster that a source would give now."""
    identity, authority = trust.identity, trust.authority
    if identity is None or authority is None:
        raise TerminalError(f"{path} is an editable source: give --state DIR of the controller it is for")
    held = authority.keys.values()
    keys = next((key for key in held if key is not authority.own), authority.own)  # the community's, once it adopted
    out = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="menshen-compare-"))) / "roster"
    with Source.open(path, readonly=True) as source:
        build_source(source, out, _Builder(identity, keys))
    return stack.enter_context(open_roster(out, [identity.public_key]))


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
