"""What can be wrong with a table: the place in the file, what stands there, and what is allowed."""

from __future__ import annotations

from pathlib import Path

from firmware.roster.errors import RosterError, shown


class SheetError(RosterError):
    """A table cannot be read or written. `row` counts as a spreadsheet does, `column` is its letters."""

    def __init__(
        self,
        file: Path | str,
        found: str,
        allowed: str,
        *,
        sheet: str = "",
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self.file = file.name if isinstance(file, Path) else file
        self.sheet, self.row, self.column = sheet, row, column
        self.found, self.allowed = found, allowed
        place = [shown(self.file, bare=True)]
        if sheet:
            place.append(f"sheet {shown(sheet)}")
        if row is not None:
            place.append(f"row {row}")
        if column is not None:
            place.append(f"column {column}")
        super().__init__(f"{', '.join(place)}: {found}; {allowed}")


class Unreadable(Exception):
    """Something in a file that its reader cannot place; never leaves this room: who knows the place makes it a
    SheetError."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(found, allowed)
        self.found, self.allowed = found, allowed
