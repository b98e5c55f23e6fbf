"""What is seen in a sheet before it is understood: its parts, their columns, and what has to be chosen first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from firmware.config import Config
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people_words.imports import ColumnSeen, PartSeen, SheetChoices
from firmware.roster.importing import cards
from firmware.roster.importing.headers import IGNORED, recognise
from firmware.roster.importing.layout import Layout, contradictions, lay_out
from firmware.roster.importing.mapping import Mapping, checked
from firmware.roster.importing.problems import ImportMisused, ImportRefused
from firmware.roster.sheets.cells import Odd, SheetRow
from firmware.roster.sheets.table import Table, letters_of
from firmware.roster.source.store import Source

LOOKED_AT_ROWS = 200  # of each part
SAMPLES_MAX = 3
SAMPLE_CHARACTERS_MAX = 40
PARTS_MAX = 32
_SECRET = frozenset({"pin", "duress_pin", "pin_with", "duress_pin_with"})


class Needs(NamedTuple):
    """What has to be chosen: a word of the page, and what fills it."""

    word: str
    fills: dict[str, str]


def formats_of(config: Config) -> tuple[str, ...]:
    """The formats that the site's readers deliver, of those that printed numbers can be turned into."""
    found: set[str] = set()
    for device in config.devices:
        formats = device.get("formats")
        if isinstance(formats, list | tuple):
            found |= {text for text in formats if isinstance(text, str)}
    return tuple(sorted(text for text in found if text in cards.WIDTHS or text in cards.SERIAL_BITS))


def written_mapping(place: Place, choices: SheetChoices) -> Mapping:
    """What was chosen, as the import takes it; the card format is the readers' where they have one. Raises Denied."""
    formats = formats_of(place.config)
    mapping = Mapping(
        sheets=choices.sheets,
        card_style=choices.card_style or None,
        card_format=choices.card_format or (formats[0] if len(formats) == 1 else None),
        card_reversed=choices.card_reversed and bool(choices.card_style),
        lower_24_bits=choices.lower_24_bits,
        date_order=choices.date_order or None,
        default_profile=choices.default_profile or None,
        fill_down=choices.fill_down,
        whole=choices.whole or None,
        columns=choices.columns,
        profile_words=choices.profile_words,
    )
    try:
        if mapping.card_format is not None:
            cards.card_format(mapping.card_format)
        return checked(mapping, "the page")
    except (ImportRefused, ImportMisused) as error:
        raise Denied("imports_bad_choice", text=str(error)) from error


def see_parts(table: Table, mapping: Mapping) -> tuple[PartSeen, ...]:
    """The parts of the file with their columns. Raises SheetError."""
    parts = []
    for sheet in itertools.islice(table.sheets(), PARTS_MAX):
        taken = sheet.name in mapping.sheets if mapping.sheets else not sheet.hidden
        rows = list(itertools.islice(table.rows(sheet.name), LOOKED_AT_ROWS))
        layout = lay_out(sheet.name, rows, mapping)
        if layout is None:
            parts.append(PartSeen(name=sheet.name, hidden=sheet.hidden, taken=taken))
            continue
        below = [row for row in rows if row.number > layout.header_row]
        texts = _texts(layout, below)
        style = None if mapping.card_style is not None else cards.style_of(texts)
        parts.append(
            PartSeen(
                name=sheet.name,
                hidden=sheet.hidden,
                taken=taken,
                header_row=layout.header_row,
                columns=_columns(layout, rows, below, mapping),
                card_style=mapping.card_style or ("" if style is None else str(style)),
                has_cards=bool(texts),
                twice=tuple((bad.column, str(bad.values["other"])) for bad in contradictions(layout)),
            )
        )
    return tuple(parts)


def _columns(
    layout: Layout, rows: Sequence[SheetRow], below: Sequence[SheetRow], mapping: Mapping
) -> tuple[ColumnSeen, ...]:
    """Every column that has a header, from the left; of a PIN nothing is shown."""
    meanings = {column.at: column.name for column in layout.columns}
    titles = {column.at: column.title for column in layout.columns}
    header = next((row for row in rows if row.number == layout.header_row), None)
    seen = []
    for at in range(layout.width):
        title = titles.get(at) or (_text(header, at) if header is not None else "")
        if not title:
            continue
        meaning = meanings.get(at, "")
        if not meaning:
            chosen = mapping.columns.get(title)
            heading = recognise(title)
            meaning = IGNORED if chosen == IGNORED or (heading is not None and heading.column == IGNORED) else ""
        found = (text for row in below if (text := _text(row, at)))
        samples = () if meaning in _SECRET else tuple(itertools.islice(dict.fromkeys(found), SAMPLES_MAX))
        seen.append(ColumnSeen(letters_of(at), title[:100], meaning, samples))
    return tuple(seen)


def _text(row: SheetRow, at: int) -> str:
    cell = row.cells[at] if at < len(row.cells) else ""
    text = cell.text if isinstance(cell, Odd) else cell
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()[:SAMPLE_CHARACTERS_MAX]


def _texts(layout: Layout, below: Sequence[SheetRow]) -> list[str]:
    """What stands in the first column of cards."""
    at = next((column.at for column in layout.columns if column.name == "card"), None)
    if at is None:
        return []
    cells = (row.cells[at] for row in below if at < len(row.cells))
    return [cell.text if isinstance(cell, Odd) else cell for cell in cells if cell]


def needs_of(parts: Sequence[PartSeen], mapping: Mapping, source: Source) -> Needs | None:
    """What stands against a preview and can be chosen; None: nothing that is seen from the first rows."""
    taken = [part for part in parts if part.taken]
    if not any(part.header_row for part in taken):
        return Needs("imports_no_header", {})
    for part in taken:
        for one, other in part.twice:
            return Needs("imports_two_columns", {"one": one, "other": other})
    for part in taken:
        if part.has_cards and not part.card_style and not _has_facility(part):
            return Needs("imports_need_style", {})
        if part.has_cards and part.card_style != cards.FORMATTED and mapping.card_format is None:
            return Needs("imports_need_format", {})
    known = {name for (name,) in source.db.execute("SELECT name FROM profile")}
    if mapping.default_profile is not None and mapping.default_profile not in known:
        return Needs("imports_no_such_profile", {"name": mapping.default_profile})
    return None


def _has_facility(part: PartSeen) -> bool:
    return any(column.meaning == "facility" for column in part.columns)
