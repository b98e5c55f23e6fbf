"""From a table to a plan: header, columns and styles seen in the first rows, every row understood, all compared."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.importing import cards
from firmware.roster.importing.cells import text_of
from firmware.roster.importing.chosen import Chosen
from firmware.roster.importing.difference import Whole, differ
from firmware.roster.importing.headers import CREDENTIALS, HOUSEHOLD_PARTS
from firmware.roster.importing.layout import HEADER_ROWS_MAX, Layout, contradictions, lay_out
from firmware.roster.importing.mapping import Mapping
from firmware.roster.importing.matching import Conflict, match
from firmware.roster.importing.plan import Assumption, Plan, count_and_sample
from firmware.roster.importing.problems import Bad, BadRows, ImportMisused, ImportRefused, Refused
from firmware.roster.importing.staging import Staging, place_of
from firmware.roster.importing.understand import Understanding
from firmware.roster.keys import KIND
from firmware.roster.sheets.cells import Odd, SheetRow
from firmware.roster.sheets.table import Table
from firmware.roster.source.errors import told
from firmware.roster.source.pins import Digester, pin_text
from firmware.roster.source.store import Source

LOOKED_AT_ROWS = 2_000  # of each sheet, to see how it is kept; held in memory
FILLED_DOWN_SHARE_MIN = 0.2  # of rows without a household, from which on the sheet shows that they are meant so
NAMELESS_SHARE_MIN = 0.5
PROGRESS_ROWS = 5_000
PASSES_MAX = 10  # rows that turn out bad beside others are left out and the rest compared again

Progress = Callable[[int, int | None], None]


def plan(
    source: Source,
    table: Table,
    mapping: Mapping,
    digester: Digester | None = None,
    *,
    progress: Progress = lambda _rows, _total: None,
    bad: BadRows | None = None,
) -> Plan:
    """What importing `table` would do. `digester` is needed where it has PINs; `progress` hears (rows, estimated).
    `bad` collects the bad rows, for whoever keeps more of them than a person reads.

    Raises ImportRefused where it cannot be told what the table holds, SheetError where it cannot be read, SourceError
    where the disk has no room for the comparison.
    """
    with told(source.path):
        return _Planning(source, table, mapping, digester, progress, bad or BadRows()).plan()


class _Sheet(NamedTuple):
    layout: Layout
    chosen: Chosen
    first: list[SheetRow]
    rest: Iterator[SheetRow]


class _Planning:
    """One making of a plan."""

    def __init__(
        self,
        source: Source,
        table: Table,
        mapping: Mapping,
        digester: Digester | None,
        progress: Progress,
        bad: BadRows,
    ) -> None:
        self._source = source
        self._table = table
        self._mapping = mapping
        self._digester = digester
        self._progress = progress
        self._done = 0
        with source.snapshot() as db:
            self._profiles = frozenset(name for (name,) in db.execute("SELECT name FROM main.profile"))
        self._zone = source.time_zone
        self._format = None if mapping.card_format is None else cards.card_format(mapping.card_format)
        self._assumed: list[Assumption] = []
        self._bad, self._warnings = bad, BadRows()
        default = mapping.default_profile
        if default is not None and default not in self._profiles:
            known = ", ".join(sorted(self._profiles)) or "none yet: give it rules with `menshen roster edit`"
            raise ImportMisused(f"profile {shown(default)}: the source knows {known}")

    def plan(self) -> Plan:
        staging = Staging(self._source.db)
        layouts: list[Layout] = []
        if self._table.encoding is not None:
            names = {"encoding": self._table.encoding, "delimiter": repr(self._table.delimiter)}
            self._assume("encoding", **names)
        for index, name in enumerate(self._sheets()):
            sheet = self._begin(name)
            if sheet is None:
                continue
            layouts.append(sheet.layout)
            understanding = Understanding(sheet.layout, sheet.chosen, self._bad, self._warnings)
            rows = self._counted(itertools.chain(sheet.first, sheet.rest))
            staging.take(index, understanding.lines(rows))
            if understanding.filled_down:
                self._assume("fill_down", sheet=name, rows=understanding.filled_down)
            if understanding.hidden:
                self._assume("hidden_rows", sheet=name, rows=understanding.hidden)
            if understanding.totals:
                self._assume("totals", sheet=name, rows=understanding.totals)
        if not layouts:
            raise ImportRefused(
                f"{shown(self._table.path.name, bare=True)}: none of its first {HEADER_ROWS_MAX} rows is a header. "
                "Write words such as 姓名, 房号, 卡号 (name, room, card) above the columns, or name them in a mapping."
            )
        return self._compare(staging, layouts)

    def _assume(self, code: str, **values: object) -> None:
        sheet = values.get("sheet")
        self._assumed.append(Assumption(code, {**values, "sheet": shown(str(sheet), bare=True)} if sheet else values))

    # -- how it is kept -----------------------------------------------------------------------------------------------

    def _sheets(self) -> list[str]:
        there = self._table.sheets()
        names = [sheet.name for sheet in there]
        wanted = self._mapping.sheets
        for name in wanted:
            if name not in names:
                known = ", ".join(shown(one) for one in names)
                raise ImportMisused(f"There is no sheet {shown(name)}; there are {known}.")
        for sheet in there:
            if (sheet.hidden and not wanted) or (wanted and sheet.name not in wanted):
                self._assume("hidden_sheet" if sheet.hidden else "sheet_not_asked", sheet=sheet.name)
        if wanted:
            return [name for name in names if name in wanted]
        return [sheet.name for sheet in there if not sheet.hidden]

    def _begin(self, name: str) -> _Sheet | None:
        rows = iter(self._table.rows(name))
        first = list(itertools.islice(rows, LOOKED_AT_ROWS))
        layout = lay_out(name, first, self._mapping)
        if layout is None:
            if first:
                self._assume("no_header", sheet=name)
            return None
        twice = contradictions(layout)
        if twice:
            said = "; ".join(
                f"{bad.column} and {bad.values['other']} both mean {bad.values['column']}" for bad in twice
            )
            raise ImportRefused(
                f"sheet {shown(name)}, row {layout.header_row}: {said}. Say which one counts: give the other "
                'another header, or give a mapping with "HEADER" = "ignored" in [columns] by --mapping.'
            )
        self._say_layout(layout, self._table.hidden_columns(name))
        return _Sheet(layout, self._choose(layout, first), first, rows)

    def _say_layout(self, layout: Layout, hidden: Collection[str]) -> None:
        columns = ", ".join(f"{column.place} = {column.name}" for column in layout.columns)
        self._assume("columns", sheet=layout.sheet, row=layout.header_row, columns=columns)
        if layout.unknown:
            self._assume("unknown", sheet=layout.sheet, columns=", ".join(layout.unknown))
        if layout.ignored:
            self._assume("ignored", sheet=layout.sheet, columns=", ".join(layout.ignored))
        if layout.building is not None:
            self._assume("building", sheet=layout.sheet, building=layout.building)
        if hidden:
            self._assume("hidden_columns", sheet=layout.sheet, columns=", ".join(hidden))

    def _choose(self, layout: Layout, first: list[SheetRow]) -> Chosen:
        mapping = self._mapping
        below = [row for row in first if row.number > layout.header_row]
        card = mapping.style()
        if card is None and layout.has("card"):
            card = cards.style_of(_texts(layout, below, "card"))
            if layout.has("facility") and (card is None or card.name != cards.FORMATTED):
                card = cards.CardStyle(cards.NUMBER)  # beside its facility a number has no style of its own
            if card is not None:
                self._assume("card_style", sheet=layout.sheet, style=card)
            elif any(_texts(layout, below, "card")):
                raise ImportRefused(
                    f"sheet {shown(layout.sheet)}: it cannot be told how its column of cards is written (8 digits may "
                    f"be a decimal number, 3+5 or hexadecimal). Say it with --card-style: {', '.join(cards.STYLES)}."
                )
        if card is not None and card.name != cards.FORMATTED and self._format is None:
            raise ImportRefused(
                f"sheet {shown(layout.sheet)} has card numbers ({card}), and what the readers make of them is not "
                "known: say it with --card-format, such as H10301, or name the site's file with --site."
            )
        printed = cards.style_of(_texts(layout, below, "printed")) if layout.has("printed") else None
        if card is not None and printed is not None:
            card, printed = self._prove_bytes(layout, below, card, printed)
        fill_down, optional = self._fill_down(layout, below)
        nameless = mapping.nameless
        if nameless is None:
            nameless = _share(layout, below, "name") >= NAMELESS_SHARE_MIN
            if nameless and layout.has("name"):
                self._assume("nameless", sheet=layout.sheet)
        digester = self._digester
        return Chosen(
            zone=self._zone,
            profiles=self._profiles,
            profile_words=mapping.profile_words,
            date_order=mapping.date_order,
            card_style=card,
            printed_style=printed,
            card_format=self._format,
            lower_24_bits=mapping.lower_24_bits,
            fill_down=fill_down,
            households_optional=optional,
            nameless=nameless,
            pin_digest=None if digester is None else lambda pin: pin_text(digester, "", pin),
        )

    def _prove_bytes(
        self, layout: Layout, below: list[SheetRow], card: cards.CardStyle, printed: cards.CardStyle
    ) -> tuple[cards.CardStyle, cards.CardStyle]:
        """Turn the bytes of hexadecimal beside decimal, and of 10 digits beside 3+5, where most rows show it."""
        if cards.FORMATTED in (card.name, printed.name) or self._mapping.card_reversed:
            return card, printed
        straight = turned = 0
        turns_card = card.name == cards.HEX or printed.name != cards.HEX
        other_card = card._replace(reversed=True) if turns_card else card
        other_printed = printed if turns_card else printed._replace(reversed=True)
        for one, other in _pairs(layout, below):
            try:
                straight += cards.agree(cards.number_of(one, card), cards.number_of(other, printed))
                turned += cards.agree(cards.number_of(one, other_card), cards.number_of(other, other_printed))
            except Refused:
                continue  # it is named when its row is understood
        if turned > straight:
            self._assume("reversed", sheet=layout.sheet, rows=turned)
            return other_card, other_printed
        return card, printed

    def _fill_down(self, layout: Layout, below: list[SheetRow]) -> tuple[bool, bool]:
        """Whether empty households are those of the row above, and whether a row may have none."""
        parts = [column.at for column in layout.columns if column.name in ("household", *HOUSEHOLD_PARTS)]
        if not parts:
            return False, True
        if self._mapping.fill_down is not None:
            return self._mapping.fill_down, not self._mapping.fill_down
        telling = [column.at for column in layout.columns if column.name in ("name", "holder", *CREDENTIALS)]
        holders = [row for row in below if any(_filled(row, at) for at in telling)]
        empty = sum(not _filled(row, parts[0]) for row in holders)
        if empty == len(holders):
            return False, True
        return bool(holders) and empty >= FILLED_DOWN_SHARE_MIN * len(holders) and _filled(holders[0], parts[0]), False

    def _counted(self, rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
        for row in rows:
            self._done += 1
            if self._done % PROGRESS_ROWS == 0:
                self._progress(self._done, self._table.rows_estimated)
            yield row

    # -- what it changes ----------------------------------------------------------------------------------------------

    def _compare(self, staging: Staging, layouts: list[Layout]) -> Plan:
        kinds = {
            KIND[factor] for factor in Factor if factor is not Factor.PIN for layout in layouts if layout.has(factor)
        }
        if any(layout.has("pin", "duress_pin") for layout in layouts):
            kinds.add(KIND[Factor.PIN])
        whole = Whole(self._mapping.whole, frozenset(kinds))
        default = self._mapping.default_profile
        profiles = None if default is None else msgspec.json.encode([default]).decode()
        with staging.at_once():
            head = self._source.head
            for _ in range(PASSES_MAX):
                staging.clear_derived()
                found = itertools.chain(match(staging), differ(staging, whole, profiles, self._digester))
                conflicting = self._note(found, layouts)
                if not conflicting:
                    break
                staging.drop(conflicting)
            else:
                raise ImportRefused("Too many rows contradict each other: correct those that the preview names first.")
            plan = Plan(
                file=self._table.path.name,
                sha256=self._table.sha256,
                head=head,
                zone=self._zone,
                mapping=self._mapping,
                layouts=layouts,
                assumptions=self._assumed,
                rows=staging.one("SELECT count(*) FROM temp.line"),
                bad=self._bad,
                warnings=self._warnings,
            )
            count_and_sample(plan, staging.db)
            if plan.reactivated:
                self._assume("reactivated", count=plan.reactivated)
        order = {layout.sheet: place for place, layout in enumerate(layouts)}
        plan.bad.found.sort(key=lambda bad: (order[bad.sheet], bad.row or 0))
        return plan

    def _note(self, conflicts: Iterable[Conflict], layouts: list[Layout]) -> set[int]:
        """Make named rows of what contradicts; the numbers of these rows."""
        names = self._sheets_by_index()
        by_name = {layout.sheet: layout for layout in layouts}
        numbers: set[int] = set()
        said: set[tuple[object, ...]] = set()
        for conflict in conflicts:
            numbers.add(conflict.n)
            key = (conflict.n, conflict.column, conflict.code)
            if self._bad.more or key in said:
                self._bad.count += key not in said
                continue
            said.add(key)
            index, row = place_of(conflict.n)
            layout = by_name[names[index]]
            values = dict(conflict.values)
            other = values.pop("n", None)
            if isinstance(other, int):
                sheet, other_row = place_of(other)
                values["other_row"] = other_row if sheet == index else f"{shown(names[sheet], bare=True)} {other_row}"
            place = _place(layout, conflict.column)
            self._bad.add(Bad(layout.sheet, row, place, conflict.found, conflict.code, values))
            if conflict.code == "profile_missing" and not any(one.has("profiles") for one in layouts):
                raise ImportRefused(
                    f"Row {row} is a new holder, and no column of the table names access profiles: say with --profile "
                    f"which one new holders get. The source knows {', '.join(sorted(self._profiles)) or 'none yet'}."
                )
        return numbers

    def _sheets_by_index(self) -> list[str]:
        wanted = self._mapping.sheets
        there = self._table.sheets()
        return [sheet.name for sheet in there if (sheet.name in wanted if wanted else not sheet.hidden)]


def _place(layout: Layout, column: str) -> str:
    """The column of a conflict for people: by its place in the layout, or by its name."""
    if column.startswith("#"):
        return layout.columns[int(column[1:])].place
    found = next((one for one in layout.columns if one.name == column), None)
    return "" if found is None else found.place


def _filled(row: SheetRow, at: int) -> bool:
    cell = row.cells[at] if at < len(row.cells) else ""
    return isinstance(cell, Odd) or bool(cell.strip())


def _share(layout: Layout, below: list[SheetRow], name: str) -> float:
    """How many of the rows with a credential have nothing in this column; 1 where there is no such column."""
    column = next((one for one in layout.columns if one.name == name), None)
    if column is None:
        return 1.0
    credentials = [one.at for one in layout.columns if one.name in CREDENTIALS]
    owning = [row for row in below if any(_filled(row, at) for at in credentials)]
    return sum(not _filled(row, column.at) for row in owning) / len(owning) if owning else 0.0


def _text(row: SheetRow, at: int) -> str:
    cell = row.cells[at] if at < len(row.cells) else ""
    if isinstance(cell, Odd):
        try:
            cell = text_of("card", cell)
        except Refused:
            return ""  # it is named when its row is understood
    return cards.cleaned(cell)


def _texts(layout: Layout, below: list[SheetRow], name: str) -> Iterator[str]:
    for column in layout.columns:
        if column.name == name:
            yield from (text for row in below if (text := _text(row, column.at)))


def _pairs(layout: Layout, below: list[SheetRow]) -> Iterator[tuple[str, str]]:
    """The two numbers of each card that has two."""
    printed = {column.number: column.at for column in layout.columns if column.name == "printed"}
    for column in layout.columns:
        if column.name == "card" and column.number in printed:
            for row in below:
                one, other = _text(row, column.at), _text(row, printed[column.number])
                if one and other:
                    yield one, other
