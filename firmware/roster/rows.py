"""Reads the table of holders, a CSV file, row by row in bounded memory, noting every problem with its place.

UTF-8 with or without a byte order mark, commas, one header line. One row a holder; further rows of the same holder add
credentials with a validity or status of their own. The columns stand in COLUMNS; `holder` and `profiles` must be there.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path
from typing import TextIO, TypeVar

import msgspec

from firmware.core.access import Factor
from firmware.roster import understood
from firmware.roster.errors import Problems, shown
from firmware.roster.keys import ALLOWED, canonical, valid
from firmware.roster.rules import Rules
from firmware.roster.schema import FLAGS
from firmware.roster.understood import NotUnderstood

COLUMNS: dict[str, str] = {
    "holder": "the holder's id, never a name: up to 32 letters, digits, '_', '.', '-'",
    "household": "the household's id",
    "spaces": "parking spaces of the household, 0 to 1000; empty: no quota",
    "profiles": "access profiles of rules.toml, separated by ';'",
    "flags": f"any of {', '.join(FLAGS)}, separated by ';'",
    "status": "of this row's credentials: active (or empty), suspended, lost",
    "valid_from": "of this row's credentials: YYYY-MM-DD HH:MM in the time zone of rules.toml, or with Z or an offset; "
    "a date alone is its first minute",
    "valid_until": "the same; the minute itself is outside, and a date alone includes that day",
    "use_limit": "how often each of this row's credentials may be used, 1 to 1000000",
    "card": "FORMAT:facility:number or raw:BITS:hex",
    "code": "the text of a QR code",
    "plate": "a number plate",
    "tag": "a tag's id",
    "face": "the id of a face template; the holder needs another credential too",
    "pin": "a PIN that identifies alone, 4 to 10 digits",
    "duress_pin": "the same, and tells that the holder is forced",
    "pin_with": "a PIN that is given beside another credential, 4 to 10 digits",
    "duress_pin_with": "the same, and tells that the holder is forced",
    "name": "not read: names stay where the table is kept",
    "phone": "not read",
    "note": "not read",
}
NEEDED = ("holder", "profiles")
FACTOR_COLUMNS = {
    "card": Factor.CARD,
    "code": Factor.CODE,
    "plate": Factor.PLATE,
    "tag": Factor.TAG,
    "face": Factor.FACE,
}
UNREAD_COLUMNS = ("name", "phone", "note")
PIN_COLUMNS = ("pin", "duress_pin", "pin_with", "duress_pin_with")

ROWS_MAX = 2_000_000  # a city's worth; the file stays within ROSTER_BYTES_MAX
LINE_CHARACTERS_MAX = 65_536  # of one line: a file without line ends must not be read into memory as one
CELL_CHARACTERS_MAX = 1_000
PROGRESS_ROWS = 10_000
_Value = TypeVar("_Value")


def _spaces(text: str) -> int | None:
    return understood.count(text, 0, understood.SPACES_MAX)


def _uses(text: str) -> int | None:
    return understood.count(text, 1, understood.USES_MAX)


class Row(msgspec.Struct, gc=False):
    """One row, every cell right by itself. Empty columns are None or ()."""

    number: int
    holder: str
    household: str | None
    spaces: int | None
    profiles: tuple[str, ...]
    flags: int
    status: int
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None
    keys: tuple[tuple[Factor, str], ...]
    pins: dict[str, str]  # column -> digits


def read_rows(path: Path, rules: Rules, problems: Problems, progress: Callable[[int], None]) -> Iterator[Row]:
    """The rows that are right by themselves, in order; `progress` is told the number of rows every 10,000.

    Raises TooManyProblems (of errors.py) past the limit.
    """
    try:
        with path.open("rb") as probe:
            start = probe.read(4)
        if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start:
            problems.add(path, 1, "file", "UTF-16", "save it as CSV UTF-8")
            return
        # Bytes that are not UTF-8 become lone surrogates, so that each bad cell can be named.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            yield from _Table(path, rules, problems).rows(file, progress)
    except OSError as error:
        problems.add(path, None, "file", str(error.strerror), "the table must be readable")


class _LineTooLong(Exception):
    """Ends a reading."""


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LINE_CHARACTERS_MAX + 1):
        if len(line) > LINE_CHARACTERS_MAX:
            raise _LineTooLong
        yield line


class _Table:
    """One reading of one table."""

    def __init__(self, path: Path, rules: Rules, problems: Problems) -> None:
        self._path = path
        self._rules = rules
        self._problems = problems
        self._zone: tzinfo | None = rules.zone
        self._row = 1
        self._times: dict[tuple[str, bool], int | None] = {}  # a table says the same few dates again and again
        self._profile_lists: dict[str, tuple[str, ...] | None] = {}

    def rows(self, file: TextIO, progress: Callable[[int], None]) -> Iterator[Row]:
        reader = csv.reader(_lines(file), strict=True)
        try:
            header = self._header(next(reader, []))
            if header is None:
                return
            for cells in reader:
                self._row += 1
                if self._row > ROWS_MAX:
                    self._bad("file", f"more than {ROWS_MAX} rows", "split it", quote=False)
                    return
                if self._row % PROGRESS_ROWS == 0:
                    progress(self._row)
                row = self._parse(header, cells) if any(cells) else None
                if row is not None:
                    yield row
        except _LineTooLong:
            self._row += 1
            allowed = f"lines of up to {LINE_CHARACTERS_MAX} characters are allowed; what follows was not read"
            self._bad("file", "a longer line", allowed, quote=False)
        except csv.Error as error:
            self._row += 1
            self._bad("file", str(error), "correct the quotes there; what follows was not read", quote=False)

    def _bad(self, column: str, found: str, allowed: str, *, quote: bool = True) -> None:
        self._problems.add(self._path, self._row, column, shown(found) if quote else found, allowed)

    def _header(self, cells: list[str]) -> list[str] | None:
        names = [cell.strip() for cell in cells]
        before = len(self._problems.found)
        for number, name in enumerate(names):
            if name not in COLUMNS:
                column = f"column {number + 1}"
                hint = "columns are separated by commas; " if ";" in name or "\t" in name else ""
                self._bad(column, name, f"{hint}known columns are {', '.join(COLUMNS)}")
            elif name in names[:number]:
                self._bad(f"column {number + 1}", name, "each column stands there once")
        for name in NEEDED:
            if name not in names:
                self._bad("header", ", ".join(names), f"the column {name} must be there")
        return names if len(self._problems.found) == before else None

    def _parse(self, header: list[str], cells: list[str]) -> Row | None:
        before = len(self._problems.found)
        if len(cells) > len(header) and any(cells[len(header) :]):
            self._bad("file", f"{len(cells)} cells", f"{len(header)} are allowed, as in the header", quote=False)
            return None
        filled: dict[str, str] = {}
        for column, cell in zip(header, cells, strict=False):
            if cell and (text := cell.strip()):
                if len(text) <= CELL_CHARACTERS_MAX and text.isprintable():
                    filled[column] = text
                else:
                    self._unsound(column, text)
        get = filled.get
        row = Row(
            number=self._row,
            holder=self._read("holder", get("holder", ""), understood.identifier, ""),
            household=self._read("household", get("household"), understood.identifier, None),
            spaces=self._read("spaces", get("spaces"), _spaces, None),
            profiles=self._profiles(get("profiles")),
            flags=self._flags(get("flags")),
            status=self._read("status", get("status"), understood.status, 0),
            valid_from_s=self._time("valid_from", get("valid_from")),
            valid_until_s=self._time("valid_until", get("valid_until")),
            use_limit=self._read("use_limit", get("use_limit"), _uses, None),
            keys=tuple(self._keys(filled)),
            pins=self._pins(filled),
        )
        if row.spaces is not None and row.household is None:
            self._bad("spaces", filled["spaces"], "spaces belong to a household: name it")
        if row.valid_from_s is not None and row.valid_until_s is not None and row.valid_from_s >= row.valid_until_s:
            self._bad("valid_until", filled["valid_until"], f"it must be after {filled['valid_from']}")
        return row if len(self._problems.found) == before else None

    def _unsound(self, column: str, text: str) -> None:
        """Say why a cell is no text, once for every column. The columns that are not read may hold any characters."""
        secret = column in PIN_COLUMNS
        if len(text) > CELL_CHARACTERS_MAX:
            found, allowed = text, f"up to {CELL_CHARACTERS_MAX} characters are allowed"
        elif column in UNREAD_COLUMNS:
            return
        elif any("\udc80" <= character <= "\udcff" for character in text):
            found, allowed = text, "this is not UTF-8: save the file as CSV UTF-8"
        else:
            found, allowed = text, "only characters that print are allowed"
        self._bad(column, f"{len(found)} characters" if secret else found, allowed, quote=not secret)

    def _read(self, column: str, text: str | None, understand: Callable[[str], _Value], nothing: _Value) -> _Value:
        """The value of one cell; `nothing` where it is empty, or after its problem has been noted."""
        if text is None:
            return nothing
        try:
            return understand(text)
        except NotUnderstood as error:
            self._bad(column, error.found, error.allowed, quote=False)
            return nothing

    def _profiles(self, text: str | None) -> tuple[str, ...]:
        nothing: tuple[str, ...] = ()
        names = self._read("profiles", text, understood.profile_names, nothing)
        for name in names:
            self._read("profiles", name, self._profile, "")
        return names

    def _profile(self, name: str) -> str:
        return understood.profile(name, self._rules.rulebook.profiles)

    def _flags(self, text: str | None) -> int:
        flags = 0
        for name in text.split(understood.LIST_SEPARATOR) if text else ():
            flags |= self._read("flags", name, understood.flag, 0)
        return flags

    def _keys(self, filled: dict[str, str]) -> Iterator[tuple[Factor, str]]:
        for column, factor in FACTOR_COLUMNS.items():
            if column in filled:
                key = canonical(factor, filled[column])
                if valid(factor, key):
                    yield factor, key
                else:
                    self._bad(column, filled[column], ALLOWED[factor])

    def _pins(self, filled: dict[str, str]) -> dict[str, str]:
        pins = {column: filled[column] for column in PIN_COLUMNS if column in filled}
        for column, pin in pins.items():
            self._read(column, pin, understood.pin, "")
        return pins

    def _time(self, column: str, text: str | None) -> int | None:
        if text is None:
            return None
        end = column == "valid_until"
        key = (text, end)
        if key not in self._times:
            if len(self._times) >= 1000:  # bounded: a table with as many dates as rows gains nothing from it
                self._times.clear()
            self._times[key] = self._read(column, text, lambda text: understood.time(text, self._zone, end=end), None)
        return self._times[key]
