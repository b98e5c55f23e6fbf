"""Understands the rows of one sheet by its layout: each is right by itself, or every bad cell of it is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

import msgspec

from firmware.roster.errors import shown
from firmware.roster.importing import cards, dates, words
from firmware.roster.importing.cells import FREE, NAME_CHARACTERS_MAX, SECRET, sound, text_of
from firmware.roster.importing.chosen import Chosen
from firmware.roster.importing.credentials import Credentials
from firmware.roster.importing.dates import NEVER
from firmware.roster.importing.headers import CREDENTIALS, HOUSEHOLD_PARTS
from firmware.roster.importing.layout import Column, Layout
from firmware.roster.importing.lines import NOT_GIVEN, UNRESOLVED, Line
from firmware.roster.importing.plates import phones_of
from firmware.roster.importing.problems import Bad, BadRows, Refused
from firmware.roster.keys import ID
from firmware.roster.sheets.cells import Odd, OddKind, SheetRow
from firmware.roster.sheets.table import letters_of
from firmware.roster.understood import SPACES_MAX, USES_MAX

CACHED_MAX = 10_000  # of what repeats: dates, states, buildings; names and cards do not
TOTALS = frozenset({"合计", "总计", "小计", "共计", "total", "totals"})
_COUNTED = re.compile(r"共?\s*[0-9]{1,6}(?:\.0+)?\s*[人户张个辆]?")  # what a sum says in a column of names or cards
_COUNTED_COLUMNS = CREDENTIALS | {"holder", "name", "phone", "printed"}  # where a person has something else
# Columns whose cells repeat from row to row.
_REPEATING = ("status", "valid_from", "valid_until", "use_limit", "spaces", "profiles", "flags")

Value = TypeVar("Value")


class _Repeated(NamedTuple):
    """What the columns of _REPEATING say."""

    common: tuple[int | None, int | None, int | None, int | None]  # status, from, until, uses: of the credentials
    spaces: int | None
    profiles: str | None
    flags: int | None


class Understanding:
    """One sheet. `warnings` are cells that are taken as they are, though they look odd."""

    def __init__(self, layout: Layout, chosen: Chosen, bad: BadRows, warnings: BadRows) -> None:
        self._layout = layout
        self._chosen = chosen
        self._bad = bad
        self._warnings = warnings
        self._credentials = Credentials(layout, chosen, self._add, self._warn)
        self._columns = {column.at: column for column in layout.columns}
        self._single = {column.name: column for column in reversed(layout.columns)}
        self._blank = {name: "" if name in self._single else None for name in FREE}
        self._phones = [column.at for column in layout.columns if column.name == "phone"]
        parts = [name for name in HOUSEHOLD_PARTS if name in self._single]
        self._whole = not parts  # the household stands in one column
        self._parts = parts or (["household"] if "household" in self._single else [])
        self._named = [column.at for column in layout.columns if column.name in ("name", *self._parts[:1])]
        self._repeating = [name for name in _REPEATING if name in self._single]
        self._repeated: dict[tuple[str | None, ...], _Repeated] = {}
        self._households: dict[tuple[str, ...], tuple[str | None, str | None]] = {}
        self._above: tuple[str, ...] = ("",) * len(self._parts)  # the household's columns, in the row before
        self._row = 0
        self._faults = 0
        self._spoiled = False  # a cell of the row was refused, which is no empty one
        self.totals = 0  # rows of sums, left out
        self.hidden = 0  # rows that people do not see in their program; they are read
        self.filled_down = 0

    def lines(self, rows: Iterable[SheetRow]) -> Iterable[Line]:
        """The rows below the header that are right by themselves."""
        for row in rows:
            if row.number > self._layout.header_row and (line := self.line(row)) is not None:
                self.hidden += row.hidden
                yield line

    def line(self, row: SheetRow) -> Line | None:
        """One row; None where it is empty or bad."""
        self._row, self._faults = row.number, 0
        if not self._layout.ours and self._is_sum(row):
            self.totals += 1
            return None
        texts, filled = self._texts(row)
        self._spoiled = self._faults > 0
        if not texts and not self._faults:
            return None
        get, blank = filled.get, self._blank
        name = get("name", blank["name"])
        household, written = self._household(filled)
        key = tuple(map(get, self._repeating))
        repeated = self._repeated.get(key)
        if repeated is None:
            repeated = self._understood(key, filled)
        common, spaces, profiles, flags = repeated
        vehicle = get("vehicle_kind", blank["vehicle_kind"]), get("vehicle_description", blank["vehicle_description"])
        items = self._credentials.items(texts, common, vehicle)
        pins = self._credentials.pins(texts)
        holder = self._holder(get("holder"))
        phone = self._phone(texts) if self._phones else None
        person = self._person(holder, household, name, bool(items or pins), phone)
        if self._faults:
            return None
        label, household_note = get("household_label", blank["household_label"]), blank["household_note"]
        return Line(
            row.number, person, holder, household, written, label, spaces, get("household_note", household_note), name,
            phone, get("relation", blank["relation"]), profiles, flags, get("note", blank["note"]), items, pins,
        )  # fmt: skip

    def _is_sum(self, row: SheetRow) -> bool:
        """Whether it only counts the rows above: it begins with such a word, and nobody's card stands in it.

        Somebody may be called so: a row with an id, a phone number or a credential is a person's.
        """
        cells = row.cells
        begins = [next(filter(None, cells), ""), *[cells[at] for at in self._named if at < len(cells)]]
        if not any(isinstance(cell, str) and cell.strip().casefold() in TOTALS for cell in begins):
            return False
        for at, cell in enumerate(cells):
            column = self._columns.get(at)
            if column is None or column.name not in _COUNTED_COLUMNS:
                continue
            if isinstance(cell, Odd) and cell.kind is OddKind.FORMULA:
                continue  # that is how a sum is made
            text = _bare(cell).strip()
            if text and text.casefold() not in TOTALS and _COUNTED.fullmatch(text) is None:
                return False
        return True

    def _understood(self, key: tuple[str | None, ...], filled: dict[str, str]) -> _Repeated:
        """What the columns say whose cells repeat; kept for the rows that say the same, if nothing is wrong."""
        before = self._faults
        chosen, parse = self._chosen, self._parsed
        zone, order = chosen.zone, chosen.date_order
        valid_from = parse("valid_from", filled, lambda text: dates.instant(text, zone, end=False, order=order), NEVER)
        valid_until = parse("valid_until", filled, lambda text: dates.instant(text, zone, end=True, order=order), NEVER)
        if valid_from is not None and valid_until is not None and NEVER != valid_until <= valid_from:
            self._note("valid_until", filled["valid_until"], "date_order", start=shown(filled["valid_from"], bare=True))
        status = parse("status", filled, words.state_of, words.ACTIVE)
        use_limit = parse("use_limit", filled, lambda text: words.count_of(text, 1, USES_MAX), NOT_GIVEN)
        spaces = parse("spaces", filled, lambda text: words.count_of(text, 0, SPACES_MAX), NOT_GIVEN)
        profiles = parse("profiles", filled, self._profiles, "")
        flags = parse("flags", filled, words.flags_of, 0)
        repeated = _Repeated((status, valid_from, valid_until, use_limit), spaces, profiles, flags)
        if self._faults == before:
            if len(self._repeated) >= CACHED_MAX:
                self._repeated.clear()
            self._repeated[key] = repeated
        return repeated

    # -- cells --------------------------------------------------------------------------------------------------------

    def _texts(self, row: SheetRow) -> tuple[dict[int, str], dict[str, str]]:
        """The cells of known columns that are not empty, fit for them: by place, and the first of each column."""
        texts: dict[int, str] = {}
        filled: dict[str, str] = {}
        columns = self._columns
        for at, cell in enumerate(row.cells):
            if not cell:
                continue
            column = columns.get(at)
            if column is None:
                if at >= self._layout.width and (isinstance(cell, Odd) or cell.strip()):
                    self._add(letters_of(at), _said(cell), "cell_beyond", {"columns": self._layout.width})
                continue
            name = column.name
            try:
                if isinstance(cell, Odd):
                    text = text_of(name, cell)
                    if name in ("card", "printed") and cell.kind is OddKind.NUMBER:
                        text = self._card_number(text)
                else:
                    text = cell.strip()
                if not text.isprintable() or len(text) > NAME_CHARACTERS_MAX:
                    text = sound(name, text)
            except Refused as refused:
                found = _said(cell) if name not in SECRET else f"{len(_bare(cell))} characters"
                self._add(column.place, found, refused.code, refused.values)
                continue
            if text:
                texts[at] = text
                if name not in filled:
                    filled[name] = text
        return texts, filled

    def _card_number(self, text: str) -> str:
        """A card's number that the spreadsheet keeps as a number: its leading zeros are gone, if it had any."""
        style = self._chosen.card_style
        if style is not None and style.name == cards.HEX:
            raise Refused("card_number_in_hex")
        return text

    def _add(self, place: str, found: str, code: str, values: dict[str, object]) -> None:
        self._faults += 1
        self._bad.add(Bad(self._layout.sheet, self._row, place, found, code, values))

    def _note(self, column: str, text: str, code: str, **values: object) -> None:
        found = f"{len(text)} characters" if column in SECRET else shown(text)
        self._add(self._single[column].place, found, code, values)

    def _warn(self, column: Column, text: str, code: str) -> None:
        self._warnings.add(Bad(self._layout.sheet, self._row, column.place, shown(text), code, {}))

    def _parsed(self, column: str, filled: dict[str, str], parse: Callable[[str], Value], empty: Value) -> Value | None:
        """What a cell says; `empty` where it says nothing, None where there is no such column or it is bad."""
        text = filled.get(column)
        if text is None:
            return empty if column in self._single else None
        try:
            return parse(text)
        except Refused as refused:
            self._note(column, text, refused.code, **refused.values)
            return None

    def _profiles(self, text: str) -> str:
        profiles = words.profiles_of(text, self._chosen.profiles, self._chosen.profile_words)
        return msgspec.json.encode(profiles).decode()

    # -- whose it is --------------------------------------------------------------------------------------------------

    def _household(self, filled: dict[str, str]) -> tuple[str | None, str | None]:
        """The household's id (UNRESOLVED and its text where it is none) and its text; "" where the row has none."""
        names = self._parts
        if not names:
            return None, None
        texts = tuple([filled.get(name, "") for name in names])
        if not texts[0] and self._chosen.fill_down and "holder" not in filled:
            texts = self._from_above(texts)
        self._above = texts
        known = self._households.get(texts)
        if known is not None:
            return known
        if not any(texts):
            if not (self._chosen.households_optional or "holder" in filled or self._spoiled):
                self._note(names[-1], "", "household_missing")
            return "", None
        before = self._faults
        found = self._located(texts)
        if self._faults == before:
            if len(self._households) >= CACHED_MAX:
                self._households.clear()
            self._households[texts] = found
        return found

    def _located(self, texts: tuple[str, ...]) -> tuple[str | None, str | None]:
        parts = [] if self._layout.building is None else [self._layout.building]
        for name, text in zip(self._parts, texts, strict=True):
            if text:
                try:
                    parts.append(words.whole_of(text) if self._whole else words.part_of(name, text))
                except Refused as refused:
                    self._note(name, text, refused.code, **refused.values)
        id_ = "-".join(parts)
        written = " ".join(text for text in (self._layout.sheet if self._layout.building else "", *texts) if text)
        return (id_ if ID.fullmatch(id_) is not None else UNRESOLVED + id_), written

    def _from_above(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """The row above's household down to the first part that this row writes itself."""
        first = next((place for place, text in enumerate(texts) if text), len(texts))
        self.filled_down += 1
        return self._above[:first] + texts[first:]

    def _holder(self, text: str | None) -> str | None:
        if text is not None and ID.fullmatch(text) is None:
            self._note("holder", text, "formula_text" if text[0] in "=+-@" else "holder_id")
        return text

    def _person(
        self, holder: str | None, household: str | None, name: str | None, owns: bool, phone: str | None
    ) -> str | None:
        """What is equal for all rows of one person."""
        if holder is not None:
            return f"={holder}"
        if name:
            return f"{household or ''}\t{name}"
        if not owns:
            if phone:
                self._note("phone", phone, "phone_without_name")
            return None
        if name is not None and not self._chosen.nameless and not self._spoiled:
            self._note("name", "", "name_missing")
        return f"{household}\t" if household else f"#{self._layout.sheet}\t{self._row}"

    def _phone(self, texts: dict[int, str]) -> str:
        written = ";".join([texts[at] for at in self._phones if at in texts])
        if not written:
            return ""
        if self._layout.ours:  # as it was written: what the source has must come back equal
            return written
        numbers, good = phones_of(written)
        if not good:
            self._warn(self._single["phone"], written, "phone")
        return numbers


def _bare(cell: Odd | str) -> str:
    return cell.text if isinstance(cell, Odd) else cell


def _said(cell: Odd | str) -> str:
    return shown(_bare(cell))
