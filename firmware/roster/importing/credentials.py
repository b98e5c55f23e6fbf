"""Understands the credentials of one row: cards by all the columns that tell of them, plates, codes, PINs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.importing import cards
from firmware.roster.importing.cells import SECRET
from firmware.roster.importing.chosen import Chosen
from firmware.roster.importing.headers import CREDENTIALS
from firmware.roster.importing.layout import Column, Layout
from firmware.roster.importing.lines import Item, Pin
from firmware.roster.importing.plates import plates_of
from firmware.roster.importing.problems import Refused
from firmware.roster.keys import KIND, canonical, valid
from firmware.roster.source.pins import read_pin

_FACTORS = {"code": Factor.CODE, "tag": Factor.TAG, "face": Factor.FACE}
_CARD, _PLATE, _PIN = KIND[Factor.CARD], KIND[Factor.PLATE], KIND[Factor.PIN]
_PINS_WITH = ("pin_with", "duress_pin_with")

Add = Callable[[str, str, str, dict[str, object]], None]  # (place, found, code, values)


class Credentials:
    """Those of one sheet. `bad` hears of cells that are refused, `odd` of those that are taken as they are."""

    def __init__(self, layout: Layout, chosen: Chosen, bad: Add, odd: Callable[[Column, str, str], None]) -> None:
        self._chosen = chosen
        self._bad = bad
        self._odd = odd
        self._columns = [(place, column) for place, column in enumerate(layout.columns) if column.name in CREDENTIALS]
        self._pin_columns = [column for column in layout.columns if column.name in _PINS_WITH]
        self._printed = {column.number: column.at for column in layout.columns if column.name == "printed"}
        self._facility = {column.number: column.at for column in layout.columns if column.name == "facility"}

    def items(
        self, texts: dict[int, str], common: tuple[Any, ...], vehicle: tuple[str | None, str | None]
    ) -> tuple[Item, ...]:
        """The row's credentials. `common`: their status, validity and number of uses."""
        found: list[Item] = []
        for place, column in self._columns:
            text = texts.get(column.at)
            if text is None:
                continue
            try:
                self._take(found, place, column, text, texts, common, vehicle)
            except Refused as refused:
                seen = f"{len(text)} characters" if column.name in SECRET else shown(text)
                self._bad(column.place, seen, refused.code, refused.values)
        return tuple(found)

    def _take(
        self, found: list[Item], place: int, column: Column, text: str, texts: dict[int, str],
        common: tuple[Any, ...], vehicle: tuple[str | None, str | None],
    ) -> None:  # fmt: skip
        status, valid_from_s, valid_until_s, use_limit = common
        name = column.name

        def item(kind: int, key: str, duress: int = 0, printed: str | None = None) -> Item:
            return Item(
                kind, key, status, duress, valid_from_s, valid_until_s, use_limit, printed, None, None, place
            )  # fmt: skip

        if name == "card":
            key, printed = self._card(column, text, texts)
            found.append(item(_CARD, key, printed=printed))
        elif name == "plate":
            plates, usual = plates_of(text)
            if not usual:
                self._odd(column, text, "plate_unusual")
            for plate in plates:
                written = None if text == plate else text  # for people, where another row has it, too
                found.append(
                    Item(_PLATE, plate, status, 0, valid_from_s, valid_until_s, use_limit, written, *vehicle, place)
                )
        elif name in ("pin", "duress_pin"):
            found.append(item(_PIN, self._pin(text), duress=int(name == "duress_pin")))
        else:
            factor = _FACTORS[name]
            key = canonical(factor, text)
            if not valid(
                factor, key
            ):  # a code may begin with = + - @: it is compared, and armoured where it is written
                raise Refused(f"key_{factor.value}")
            found.append(item(KIND[factor], key))

    def _card(self, column: Column, text: str, texts: dict[int, str]) -> tuple[str, str | None]:
        """The key of a card and what is printed on it, by all the columns that tell of it."""
        text = cards.cleaned(text)
        second = texts.get(self._printed.get(column.number, -1))
        if ":" in text and valid(Factor.CARD, text):
            return text, second
        chosen = self._chosen
        style, wanted = chosen.card_style, chosen.card_format
        if style is not None and style.name == cards.FORMATTED:
            raise Refused("key_card")
        if wanted is None:
            raise Refused("card_format_unknown")
        facility = texts.get(self._facility.get(column.number, -1))
        if facility is not None:
            return cards.pair_key(facility, text, wanted), f"{facility},{text}"
        if style is None:
            raise Refused("card_style_unknown", styles=", ".join(cards.STYLES))
        number = cards.number_of(text, style)
        if second is not None and chosen.printed_style is not None and chosen.printed_style.name != cards.FORMATTED:
            other = cards.number_of(cards.cleaned(second), chosen.printed_style)
            if not cards.agree(number, other):
                raise Refused("card_two_numbers", other=shown(second))
            if other.bits == wanted.bits:
                number = other
        return cards.key_of(number, wanted, lower_24_bits=chosen.lower_24_bits), second or text

    def _pin(self, text: str) -> str:
        if read_pin(text) is not None:
            return text
        if not valid(Factor.PIN, text):
            raise Refused("pin")
        if self._chosen.pin_digest is None:
            raise Refused("pin_no_key")
        return self._chosen.pin_digest(text)

    def pins(self, texts: dict[int, str]) -> tuple[Pin, ...]:
        """The PINs that are given beside another credential."""
        found: list[Pin] = []
        for column in self._pin_columns:
            text = texts.get(column.at)
            if text is None:
                continue
            if read_pin(text) is None and (not valid(Factor.PIN, text) or self._chosen.pin_digest is None):
                code = "pin" if not valid(Factor.PIN, text) else "pin_no_key"
                self._bad(column.place, f"{len(text)} characters", code, {})
            else:
                found.append(Pin(column.name, text))
        return tuple(found)
