"""Understands the rows of one sheet by its layout: each is right by itself, or every bad cell of it is named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple, TypeVar

import msgspec

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.importing import cards, dates, words
from firmware.roster.importing.cells import NAME_CHARACTERS_MAX, SECRET, sound, text_of
from firmware.roster.importing.headers import HOUSEHOLD_PARTS
from firmware.roster.importing.layout import Column, Layout
from firmware.roster.importing.lines import NOT_GIVEN, UNRESOLVED, Item, Line, Pin
from firmware.roster.importing.plates import phones_of, plates_of
from firmware.roster.importing.problems import Bad, BadRows, Refused
from firmware.roster.keys import ID, KIND, canonical, valid
from firmware.roster.sheets.cells import Odd, OddKind, SheetRow
from firmware.roster.sheets.table import letters_of
from firmware.roster.understood import SPACES_MAX, USES_MAX

CACHED_MAX = 10_000  # values of one column: dates, states, buildings repeat; names and cards do not
TOTALS = frozenset({"合计", "总计", "小计", "共计", "total", "totals"})
_FACTORS = {"code": Factor.CODE, "tag": Factor.TAG, "face": Factor.FACE}
_CARD, _PLATE, _PIN = KIND[Factor.CARD], KIND[Factor.PLATE], KIND[Factor.PIN]
_DIGESTED = "digest:"

Value = TypeVar("Value")


class Chosen(NamedTuple):
    """How a sheet is to be understood: what was said, and what its first rows show."""

    zone: tzinfo | None
    profiles: frozenset[str]  # that the source knows
    profile_words: Mapping[str, str]
    date_order: str | None
    card_style: cards.CardStyle | None
    printed_style: cards.CardStyle | None
    card_format: cards.CardFormat | None
    lower_24_bits: bool
    fill_down: bool  # an empty household is that of the row above
    households_optional: bool  # a row may be of nobody's household
    nameless: bool  # a row without a name belongs to the household itself
    pin_digest: Callable[[str], str] | None  # of a PIN that identifies alone; None where there is no key


class _RowBad(Exception):
    """Ends the understanding of a row that is already noted."""


class Understanding:
    """One sheet. `warnings` are cells that are taken as they are, though they look odd."""

    def __init__(self, layout: Layout, chosen: Chosen, bad: BadRows, warnings: BadRows) -> None:
        self._layout = layout
        self._chosen = chosen
        self._bad = bad
        self._warnings = warnings
        self._columns = {column.at: column for column in layout.columns}
        self._single = {column.name: column for column in reversed(layout.columns)}
        self._parts = [name for name in HOUSEHOLD_PARTS if name in self._single]
        self._printed = {column.number: column.at for column in layout.columns if column.name == "printed"}
        self._facility = {column.number: column.at for column in layout.columns if column.name == "facility"}
        self._cards = [column for column in layout.columns if column.name == "card"]
        self._cache: dict[str, dict[str, Any]] = {}
        self._above: dict[str, str] = {}  # of the household's columns, in the row before
        self._row = 0
        self._faults = 0
        self.totals = 0  # rows of sums, left out
        self.filled_down = 0

    def lines(self, rows: Iterable[SheetRow]) -> Iterable[Line]:
        """The rows below the header that are right by themselves."""
        for row in rows:
            if row.number > self._layout.header_row and (line := self.line(row)) is not None:
                yield line

    def line(self, row: SheetRow) -> Line | None:
        """One row; None where it is empty or bad."""
        self._row, self._faults = row.number, 0
        texts = self._texts(row)
        if not texts:
            return None
        filled: dict[str, str] = {}
        for at, text in texts.items():
            filled.setdefault(self._columns[at].name, text)
        if filled.get("name", "").casefold() in TOTALS or filled.get(self._parts[0] if self._parts else "") in TOTALS:
            self.totals += 1
            return None
        get = filled.get
        household, written = self._household(filled)
        valid_from = self._cached("valid_from", get("valid_from"), self._time)
        valid_until = self._cached("valid_until", get("valid_until"), self._until)
        if valid_from not in (None, NOT_GIVEN) and valid_until not in (None, NOT_GIVEN) and valid_from >= valid_until:
            self._note("valid_until", filled["valid_until"], "date_order", start=filled["valid_from"])
        common = (
            self._cached("status", get("status"), words.state_of, words.ACTIVE),
            valid_from,
            valid_until,
            self._cached("use_limit", get("use_limit"), lambda text: words.count_of(text, 1, USES_MAX)),
        )
        items = tuple(self._items(texts, filled, common))
        name, holder = self._given("name", get("name")), self._holder(get("holder"))
        phone = self._phone(texts)
        pins = tuple(self._pins(filled))
        spaces = self._cached("spaces", get("spaces"), lambda text: words.count_of(text, 0, SPACES_MAX))
        profiles = self._cached("profiles", get("profiles"), self._profiles, "")
        flags = self._cached("flags", get("flags"), words.flags_of, 0)
        person = self._person(holder, household, name, bool(items or pins), phone)
        if self._faults:
            return None
        return Line(
            row=row.number,
            person=person,
            holder=holder,
            household=household,
            written=written,
            label=self._given("household_label", get("household_label")),
            spaces=spaces,
            household_note=self._given("household_note", get("household_note")),
            name=name,
            phone=phone,
            relation=self._given("relation", get("relation")),
            profiles=profiles,
            flags=flags,
            note=self._given("note", get("note")),
            items=items,
            pins=pins,
        )

    # -- cells --------------------------------------------------------------------------------------------------------

    def _texts(self, row: SheetRow) -> dict[int, str]:
        """The cells of known columns that are not empty, each fit for its column."""
        texts: dict[int, str] = {}
        columns = self._columns
        for at, cell in enumerate(row.cells):
            if not cell:
                continue
            column = columns.get(at)
            if column is None:
                if at >= self._layout.width and (isinstance(cell, Odd) or cell.strip()):
                    values: dict[str, object] = {"columns": self._layout.width}
                    self._add(letters_of(at), _said(cell), "cell_beyond", values)
                continue
            try:
                if isinstance(cell, Odd):
                    text = text_of(column.name, cell)
                    if column.name in ("card", "printed") and cell.kind is OddKind.NUMBER:
                        text = self._card_number(text)
                else:
                    text = cell.strip()
                if not text.isprintable() or len(text) > NAME_CHARACTERS_MAX:
                    text = sound(column.name, text)
                if text:
                    texts[at] = text
            except Refused as refused:
                found = _said(cell) if column.name not in SECRET else f"{len(_bare(cell))} characters"
                self._add(column.place, found, refused.code, refused.values)
        return texts

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

    def _given(self, column: str, text: str | None) -> str | None:
        """A free text, "" where its cell is empty, None where the sheet has no such column."""
        return text if text is not None else "" if column in self._single else None

    def _cached(
        self, column: str, text: str | None, parse: Callable[[str], Value], empty: Any = NOT_GIVEN
    ) -> Any:  # Value, or `empty`, or None
        """What a cell says; cells of these columns repeat."""
        if text is None:
            return empty if column in self._single else None
        known = self._cache.setdefault(column, {})
        if text not in known:
            if len(known) >= CACHED_MAX:
                known.clear()
            try:
                known[text] = parse(text)
            except Refused as refused:
                self._note(column, text, refused.code, **refused.values)
                return None
        return known[text]

    def _time(self, text: str) -> int:
        return dates.instant(text, self._chosen.zone, end=False, order=self._chosen.date_order)

    def _until(self, text: str) -> int:
        return dates.instant(text, self._chosen.zone, end=True, order=self._chosen.date_order)

    def _profiles(self, text: str) -> str:
        profiles = words.profiles_of(text, self._chosen.profiles, self._chosen.profile_words)
        return msgspec.json.encode(profiles).decode()

    # -- whose it is --------------------------------------------------------------------------------------------------

    def _household(self, filled: dict[str, str]) -> tuple[str | None, str | None]:
        """The household's id (UNRESOLVED and its text where it is none) and its text; "" where the row has none."""
        names = self._parts or (["household"] if "household" in self._single else [])
        if not names and self._layout.building is None:
            return None, None
        texts = [filled.get(name, "") for name in names]
        if names and not texts[0] and self._chosen.fill_down and "holder" not in filled:
            texts = self._from_above(names, texts)
        self._above = dict(zip(names, texts, strict=True))
        if not any(texts):
            if names and not self._chosen.households_optional and "holder" not in filled:
                self._note(names[-1], "", "household_missing")
            return "", None
        written = "".join(texts) if len(texts) == 1 else " ".join(text for text in texts if text)
        if not self._parts:
            id_ = self._cached("household", texts[0], words.whole_of)
        else:
            parts = [self._layout.building] if self._layout.building is not None else []
            parts += [
                self._cached(name, text, self._part(name)) for name, text in zip(names, texts, strict=True) if text
            ]
            if None in parts:
                return "", None
            id_ = "-".join(part for part in parts if part is not None)
        if id_ is None:
            return "", None
        return (id_, written) if ID.fullmatch(id_) is not None else (UNRESOLVED + id_, written)

    def _part(self, name: str) -> Callable[[str], str]:
        return lambda text: words.part_of(name, text)

    def _from_above(self, names: list[str], texts: list[str]) -> list[str]:
        """The row above's household down to the first part that this row writes itself."""
        whole = []
        own = False
        for name, text in zip(names, texts, strict=True):
            own = own or bool(text)
            whole.append(text if own else self._above.get(name, ""))
        self.filled_down += 1
        return whole

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
        if name is not None and not self._chosen.nameless:
            self._note("name", "", "name_missing")
        return f"{household}\t" if household else f"#{self._layout.sheet}\t{self._row}"

    def _phone(self, texts: dict[int, str]) -> str | None:
        column = self._single.get("phone")
        if column is None:
            return None
        written = [texts[other.at] for other in self._layout.columns if other.name == "phone" and other.at in texts]
        if not written:
            return ""
        numbers, good = phones_of(";".join(written))
        if not good:
            self._warn(column, ";".join(written), "phone")
        return numbers

    # -- credentials --------------------------------------------------------------------------------------------------

    def _items(self, texts: dict[int, str], filled: dict[str, str], common: tuple[Any, ...]) -> Iterable[Item]:
        status, valid_from_s, valid_until_s, use_limit = common
        vehicle = (self._given("vehicle_kind", filled.get("vehicle_kind")),
                   self._given("vehicle_description", filled.get("vehicle_description")))  # fmt: skip
        for place, column in enumerate(self._layout.columns):
            text = texts.get(column.at)
            if text is None:
                continue
            try:
                if column.name == "card":
                    key, printed = self._card(column, text, texts)
                    yield Item(
                        _CARD, key, status, 0, valid_from_s, valid_until_s, use_limit, printed, None, None, place
                    )
                elif column.name == "plate":
                    for plate in self._plates(column, text):
                        yield Item(
                            _PLATE, plate, status, 0, valid_from_s, valid_until_s, use_limit, None, *vehicle, place
                        )
                elif column.name in ("pin", "duress_pin"):
                    duress = int(column.name == "duress_pin")
                    key = self._pin(text)
                    yield Item(
                        _PIN, key, status, duress, valid_from_s, valid_until_s, use_limit, None, None, None, place
                    )
                elif (factor := _FACTORS.get(column.name)) is not None:
                    if text[0] in "=+-@" or not valid(factor, canonical(factor, text)):
                        raise Refused(f"key_{factor.value}")
                    key = canonical(factor, text)
                    yield Item(
                        KIND[factor], key, status, 0, valid_from_s, valid_until_s, use_limit, None, None, None, place
                    )
            except Refused as refused:
                found = f"{len(text)} characters" if column.name in SECRET else shown(text)
                self._add(column.place, found, refused.code, refused.values)

    def _plates(self, column: Column, text: str) -> list[str]:
        plates, usual = plates_of(text)
        if not usual:
            self._warn(column, text, "plate_unusual")
        return plates

    def _card(self, column: Column, text: str, texts: dict[int, str]) -> tuple[str, str | None]:
        """The key of a card and what is printed on it, by all the columns that tell of it."""
        text = cards.cleaned(text)
        second = texts.get(self._printed.get(column.number, -1))
        if ":" in text and valid(Factor.CARD, text):
            return text, second
        style, wanted = self._chosen.card_style, self._chosen.card_format
        if wanted is None:
            raise Refused("card_format_unknown")
        facility = texts.get(self._facility.get(column.number, -1))
        if facility is not None:
            return cards.pair_key(facility, text, wanted), f"{facility},{text}"
        if style is None:
            raise Refused("card_style_unknown", styles=", ".join(cards.STYLES))
        if style.name == cards.FORMATTED:
            raise Refused("key_card")
        number = cards.number_of(text, style)
        if second is not None and self._chosen.printed_style is not None:
            other = cards.number_of(cards.cleaned(second), self._chosen.printed_style)
            if not cards.agree(number, other):
                raise Refused("card_two_numbers", other=shown(second))
            if other.bits == wanted.bits:
                number = other
        return cards.key_of(number, wanted, lower_24_bits=self._chosen.lower_24_bits), second or text

    def _pin(self, text: str) -> str:
        if text.startswith(_DIGESTED):
            return text
        if not valid(Factor.PIN, text):
            raise Refused("pin")
        if self._chosen.pin_digest is None:
            raise Refused("pin_no_key")
        return self._chosen.pin_digest(text)

    def _pins(self, filled: dict[str, str]) -> Iterable[Pin]:
        for column in ("pin_with", "duress_pin_with"):
            text = filled.get(column)
            if text is None:
                continue
            if not text.startswith(_DIGESTED) and not valid(Factor.PIN, text):
                self._note(column, text, "pin")
            elif not text.startswith(_DIGESTED) and self._chosen.pin_digest is None:
                self._note(column, text, "pin_no_key")
            else:
                yield Pin(column, text)


def _bare(cell: Odd | str) -> str:
    return cell.text if isinstance(cell, Odd) else cell


def _said(cell: Odd | str) -> str:
    return shown(_bare(cell))
