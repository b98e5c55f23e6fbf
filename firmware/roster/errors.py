"""What can be wrong with a roster: files that are refused, and problems in the table it is built from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

PROBLEMS_MAX = 1000  # named at once; who has more has the wrong file
SHOWN_CHARACTERS_MAX = 40  # of a cell in a message


class RosterError(Exception):
    """A roster cannot be used. The message says which, what is wrong and what to do; `version` where it is known."""

    def __init__(self, message: str, version: int | None = None) -> None:
        super().__init__(message)
        self.version = version


class RosterMissing(RosterError):
    """There is no file."""


class RosterMisused(RosterError):
    """An argument names what is not there or does not exist: nothing was looked at, and nothing is said no to."""


class RosterUnsigned(RosterError):
    """It carries no seal, or one whose signature is wrong."""


class RosterForeign(RosterError):
    """It is signed by a key that this controller does not trust."""


class RosterDamaged(RosterError):
    """It is not what was signed."""


class RosterOlder(RosterError):
    """It is older than what was in use."""


class RosterUnusable(RosterError):
    """It is genuine, and this program cannot read it: another schema, or PINs digested with another key."""


class Problem(NamedTuple):
    """One thing to be corrected in a source of the roster. `row` counts as a spreadsheet does: the header is 1.

    In an editable source it is an entity with its id instead of a row.
    """

    file: str
    row: int | None
    column: str
    found: str  # shortened and escaped; never a PIN
    allowed: str
    entity: str = ""
    id: str = ""

    def __str__(self) -> str:
        place = self.file if self.row is None else f"{self.file}, row {self.row}"
        place = f"{place}, {self.entity} {self.id}" if self.entity else place
        return f"{place}, {self.column}: found {self.found}; {self.allowed}"


class RosterRefused(RosterError):
    """A roster was not built. `problems` are all that were found, up to PROBLEMS_MAX; nothing was written."""

    def __init__(self, problems: Sequence[Problem], more: bool = False) -> None:
        self.problems = tuple(problems)
        self.more = more  # there may be further ones
        count = f"more than {len(problems)}" if more else str(len(problems))
        first = "\n".join(f"  {problem}" for problem in problems[:20])
        super().__init__(f"The roster was not built, {count} problem(s):\n{first}")


class TooManyProblems(Exception):
    """Raised by Problems.add when the limit is reached; never leaves the build."""


class Problems:
    """Collects problems up to PROBLEMS_MAX."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(
        self,
        file: Path,
        row: int | None,
        column: str,
        found: str,
        allowed: str,
        *,
        entity: str = "",
        id: str = "",  # as in Problem
    ) -> None:
        """Note one. Raises TooManyProblems past the limit."""
        if len(self.found) >= PROBLEMS_MAX:
            raise TooManyProblems
        self.found.append(Problem(shown(file.name, bare=True), row, column, found, allowed, entity, id))


def shown(text: str, *, bare: bool = False) -> str:
    """`text` for a message: shortened, and everything that does not print (controls, bidi marks) escaped."""
    cut = text[:SHOWN_CHARACTERS_MAX]
    safe = "".join(c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in cut)
    more = "…" if len(text) > len(cut) else ""
    if bare:
        return safe + more
    return f'"{safe}{more}"' + (f" ({len(text)} characters)" if more else "")
