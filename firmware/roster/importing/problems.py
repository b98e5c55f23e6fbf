"""What can be wrong with a sheet: every bad row by sheet, row, column, value and reason, in words of a catalogue."""

from __future__ import annotations

from typing import NamedTuple

from firmware.roster.errors import PROBLEMS_MAX, RosterError, RosterMisused, shown
from firmware.texts import Texts


class ImportRefused(RosterError):
    """A sheet cannot be taken in as it is, or as it was asked for. The message says why and what to do."""


class ImportMisused(ImportRefused, RosterMisused):
    """An argument of the import names nothing: a format, a profile or a file."""


class Refused(Exception):
    """A cell that is not understood. `values` fill in the text `roster.import.bad.CODE`. Ends in a Bad."""

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
    code: str  # of the text roster.import.bad.CODE
    values: dict[str, object]

    def reason(self, said: Texts) -> str:
        """Why, and what to do, in words."""
        return said.say(f"roster.import.bad.{self.code}", **self.values)

    def place(self, said: Texts) -> str:
        """Sheet, row and column in words."""
        place = self.column
        if self.row is not None:
            text = "roster.import.place.row" if place else "roster.import.place.row_alone"
            place = said.say(text, row=self.row, rest=place)
        if self.sheet and place:
            place = said.say("roster.import.place.sheet", sheet=shown(self.sheet, bare=True), rest=place)
        return place or said.say("roster.import.place.file")


class BadRows:
    """Collects what is bad up to PROBLEMS_MAX, and counts the rest."""

    def __init__(self) -> None:
        self.found: list[Bad] = []
        self.count = 0

    def add(self, bad: Bad) -> None:
        self.count += 1
        if len(self.found) < PROBLEMS_MAX:
            self.found.append(bad)

    @property
    def more(self) -> int:
        """How many there are besides those in `found`."""
        return self.count - len(self.found)
