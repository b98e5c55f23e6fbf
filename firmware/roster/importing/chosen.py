"""How one sheet is to be understood: what was said about it, and what its first rows show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import NamedTuple

from firmware.roster.importing.cards import CardFormat, CardStyle


class Chosen(NamedTuple):
    """Everything that understanding a row needs to know besides the columns."""

    zone: tzinfo | None
    profiles: frozenset[str]  # that the source knows
    profile_words: Mapping[str, str]
    date_order: str | None
    card_style: CardStyle | None
    printed_style: CardStyle | None
    card_format: CardFormat | None
    lower_24_bits: bool
    fill_down: bool  # an empty household is that of the row above
    households_optional: bool  # a row may be of nobody's household
    nameless: bool  # a row without a name belongs to the household itself
    pin_digest: Callable[[str], str] | None  # of a PIN that identifies alone; None where there is no key
