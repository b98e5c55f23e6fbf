"""What one row of a sheet says, understood: a person or household, and the credentials beside it.

In every field None means that the sheet has no such column, and "" (of numbers NOT_GIVEN) that the cell is empty.
"""

from __future__ import annotations

from typing import NamedTuple

NOT_GIVEN = -1  # of numbers: the cell is empty
UNRESOLVED = "~"  # in front of a household's text that is no id: matched by its label


class Item(NamedTuple):
    """One credential."""

    kind: int  # of roster.keys.KIND
    key: str
    status: int | None
    duress: int
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None
    printed: str | None  # on a card; of a plate how the cell writes it, where that is not its key
    vehicle_kind: str | None
    vehicle_description: str | None
    column: int  # its place among the layout's columns


class Pin(NamedTuple):
    """A PIN that is given beside another credential; digested when its holder's id is known."""

    column: str  # "pin_with" or "duress_pin_with"
    text: str  # digits, or a digest


class Line(NamedTuple):
    """One row. `person` is equal for rows of one person; None where the row only tells of a household."""

    row: int
    person: str | None
    holder: str | None
    household: str | None  # its id, or UNRESOLVED and its text
    written: str | None  # the household as the row writes it
    label: str | None
    spaces: int | None
    household_note: str | None
    name: str | None
    phone: str | None
    relation: str | None
    profiles: str | None  # a JSON array
    flags: int | None
    note: str | None
    items: tuple[Item, ...]
    pins: tuple[Pin, ...]
