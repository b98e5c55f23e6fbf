"""From a cell to its text: what a spreadsheet made of it is refused where it may have spoiled it."""

from __future__ import annotations

import unicodedata

from firmware.roster.importing.problems import Refused
from firmware.roster.sheets.cells import Odd, OddKind

CELL_CHARACTERS_MAX = 1_000  # a note; ten thousand are something else
NAME_CHARACTERS_MAX = 100  # of names, phones, relations: what fits into a list
DATES = frozenset({"valid_from", "valid_until"})
FREE = frozenset(
    {
        "name", "phone", "relation", "note", "household_label", "household_note", "vehicle_kind",
        "vehicle_description",
    }
)  # fmt: skip
LONG = frozenset({"note", "household_note"})
SECRET = frozenset({"pin", "duress_pin", "pin_with", "duress_pin_with"})
_NUMBERS_ZEROS_COUNT = frozenset({"pin", "duress_pin", "pin_with", "duress_pin_with", "tag", "code", "plate", "face"})
_DIGITS_EXACT = 15  # of a spreadsheet's numbers; further ones are zeros


def text_of(column: str, cell: Odd) -> str:
    """The text of a cell that is something else than text. Raises Refused."""
    kind, text = cell
    if kind is OddKind.FORMULA:
        raise Refused("cell_formula")
    if kind is OddKind.ERROR:
        raise Refused("cell_error")
    if kind is OddKind.DATE:
        if column in DATES or column in LONG:
            return text
        raise Refused("cell_date")
    if kind is OddKind.BOOLEAN:
        if column == "status":
            return text
        raise Refused("cell_boolean")
    return _number(column, text)


def _number(column: str, text: str) -> str:
    if column in DATES:
        raise Refused("date_number")
    if not (text.isascii() and text.isdecimal()):
        if column in LONG:
            return text
        raise Refused("cell_exponent" if "E" in text.upper() else "cell_fraction")
    if len(text) > _DIGITS_EXACT:
        raise Refused("cell_precision", most=_DIGITS_EXACT)
    if column in _NUMBERS_ZEROS_COUNT:
        raise Refused("cell_number")
    return text


def sound(column: str, text: str) -> str:
    """Text that is not plain and short, made fit for its column. Raises Refused.

    Line breaks and tabs become spaces. Controls are refused everywhere; marks that turn the direction of writing are
    kept in what only people read (and shown escaped), and refused in everything else.
    """
    if column in FREE:
        line = " ".join(text.split())
        most = CELL_CHARACTERS_MAX if column in LONG else NAME_CHARACTERS_MAX
        if len(line) > most:
            raise Refused("cell_long", most=most)
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
            raise Refused("cell_controls")
        return line
    line = text.replace("\r\n", "\n").replace("\n", ";") if column in ("plate", "profiles") else text
    if len(line) > CELL_CHARACTERS_MAX:
        raise Refused("cell_long", most=CELL_CHARACTERS_MAX)
    if not line.isprintable():
        raise Refused("cell_unprintable")
    return line
