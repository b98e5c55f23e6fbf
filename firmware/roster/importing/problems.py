"""What can be wrong with a sheet: every bad row by sheet, row, column, value and reason, in words of a catalogue."""

from __future__ import annotations

from typing import NamedTuple

from firmware.roster.errors import PROBLEMS_MAX, RosterError, shown
from firmware.texts import Texts


class ImportRefused(RosterError):
    """A sheet cannot be taken in as it is, or as it was asked for. The message says why and what to do."""


class Refused(Exception):
    """A cell that is not understood. `code` names the text `import.bad.CODE`, `values` fill it in. Ends in a Bad."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class Bad(NamedTuple):
    """One thing that the office has to correct; or, as a warning, ought to look at."""

    sheet: str  # "" in a CSV file
    row: int | None  # as the spreadsheet counts; None: the sheet as a whole
    column: str  # letter and header: "D 卡号"; "" where it is no column's
    found: str  # shortened and escaped; never a PIN
    code: str  # of the text import.bad.CODE
    values: dict[str, object]

    def reason(self, said: Texts) -> str:
        """Why, and what to do, in words."""
        return said.say(f"import.bad.{self.code}", **self.values)

    def place(self, said: Texts) -> str:
        """Sheet, row and column in words."""
        parts = []
        if self.sheet:
            parts.append(said.say("import.place.sheet", sheet=shown(self.sheet, bare=True)))
        if self.row is not None:
            parts.append(said.say("import.place.row", row=self.row))
        if self.column:
            parts.append(self.column)
        return said.say("import.place.joint").join(parts) if parts else said.say("import.place.file")


class BadRows:
    """Collects what is bad up to PROBLEMS_MAX, and counts the rest."""

    def __init__(self) -> None:
        self.found: list[Bad] = []
        self.count = 0
        self.rows: set[tuple[str, int]] = set()  # bounded like `found`: who has more has the wrong file

    def add(self, bad: Bad) -> None:
        self.count += 1
        if len(self.found) < PROBLEMS_MAX:
            self.found.append(bad)

    @property
    def more(self) -> int:
        """How many there are besides those in `found`."""
        return self.count - len(self.found)


def letter(index: int) -> str:
    """The letters of a column: 0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
