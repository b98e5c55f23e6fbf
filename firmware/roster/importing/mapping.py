"""How one office keeps its sheet: what its columns and words mean, as a TOML file that can be kept and used again.

card_style = "ten-digits"          # STYLES of cards.py; left out: seen from the column
card_format = "H10301"             # what the site's readers deliver
default_profile = "residents"      # of holders who are new and whose row names none
date_order = "day-month"           # only where dates are written 03/04/2026
whole = "households"               # the sheet is the whole list of the households that it names
[columns]
"Remarks 2" = "ignored"            # header -> our column
[profile_words]
"业主" = "residents"               # what a cell says -> the profile
"""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import msgspec

from firmware.config import escaped
from firmware.roster.errors import shown
from firmware.roster.files import remove, sync_folder
from firmware.roster.importing.cards import STYLES, CardStyle
from firmware.roster.importing.dates import ORDERS
from firmware.roster.importing.headers import COLUMNS
from firmware.roster.importing.problems import ImportRefused

MAPPING_BYTES_MAX = 1 << 18  # a few hundred lines
WORDS_MAX = 1_000
FILE_MODE = 0o600  # headers are the office's own words; bad rows hold names
HOUSEHOLDS, EVERYTHING = "households", "everything"
WHOLES = {
    HOUSEHOLDS: "of the households that the sheet names, whoever it does not name is removed",
    EVERYTHING: "whoever the sheet does not name is removed",
}


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Everything that was chosen for a sheet; what is left out is seen from the sheet, and said in the preview."""

    sheets: tuple[str, ...] = ()  # to take; none: all that are not hidden
    header_row: int | None = None
    card_style: str | None = None
    card_digits: int = 0  # of the style "hex"; 0: as each cell has them
    card_reversed: bool = False
    card_format: str | None = None
    lower_24_bits: bool = False  # of a 32 bit number, for readers that deliver 24
    default_profile: str | None = None
    date_order: str | None = None
    fill_down: bool | None = None  # an empty household is that of the row above; None: where the sheet shows it
    nameless: bool | None = None  # rows without a name belong to the household itself; None: where most are so
    whole: str | None = None
    columns: dict[str, str] = {}
    profile_words: dict[str, str] = {}

    def style(self) -> CardStyle | None:
        """The style of the column of cards that was chosen."""
        return None if self.card_style is None else CardStyle(self.card_style, self.card_digits, self.card_reversed)


def checked(mapping: Mapping, source: str) -> Mapping:
    """The mapping, if each of its words is one of ours. Raises ImportRefused; `source` names whence it came."""
    for key, found, allowed in (
        ("card_style", mapping.card_style, tuple(STYLES)),
        ("date_order", mapping.date_order, ORDERS),
        ("whole", mapping.whole, tuple(WHOLES)),
        *((f"columns.{shown(header)}", column, COLUMNS) for header, column in mapping.columns.items()),
    ):
        if found is not None and found not in allowed:
            raise ImportRefused(f"{source}, {key}: found {shown(found)}; allowed are {', '.join(allowed)}")
    if len(mapping.columns) > WORDS_MAX or len(mapping.profile_words) > WORDS_MAX or len(mapping.sheets) > WORDS_MAX:
        raise ImportRefused(f"{source}: more than {WORDS_MAX} entries; a sheet's mapping is smaller")
    return mapping


def read_mapping(path: Path) -> Mapping:
    """Read a mapping. Raises ImportRefused saying what is wrong."""
    name = escaped(str(path))
    try:
        with path.open("rb") as file:
            content = file.read(MAPPING_BYTES_MAX + 1)
        if len(content) > MAPPING_BYTES_MAX:
            raise ImportRefused(f"{name}: more than {MAPPING_BYTES_MAX} bytes; is it the right file?")
        mapping = msgspec.convert(tomllib.loads(content.decode()), Mapping)
    except OSError as error:
        raise ImportRefused(f"{name}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImportRefused(f"{name}: no UTF-8 at byte {error.start}; save it as UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError, msgspec.ValidationError) as error:
        raise ImportRefused(f"{name}: {escaped(str(error))}; correct it there") from error
    return checked(mapping, name)


def mapping_toml(mapping: Mapping) -> str:
    """The text of a mapping, which read again is equal."""
    plain = msgspec.to_builtins(mapping)
    lines = [f"{key} = {_value(value)}" for key, value in plain.items() if not isinstance(value, dict)]
    for key, value in plain.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{_value(name)} = {_value(word)}" for name, word in value.items())]
    return "\n".join(lines) + "\n"


def write_mapping(path: Path, mapping: Mapping) -> None:
    """Write a mapping aside and put it in place. Raises OSError."""
    put(path, mapping_toml(mapping).encode())


def put(path: Path, content: bytes) -> None:
    """Write a small file aside, make it durable and put it in place. Raises OSError."""
    aside = path.with_name(path.name + ".new")
    remove(aside)
    try:
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        sync_folder(path.parent)
    finally:
        remove(aside)


def _value(value: object) -> str:
    """A TOML value; JSON's strings are TOML's, but for U+007F."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
