"""What can be chosen for a sheet: the lists that a form offers, and what a form says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from firmware.network.people.asks import PeopleSaid
from firmware.network.words import Words
from firmware.people_words.base import Refused
from firmware.people_words.imports import SheetChoices, SheetSeen

SHOWN_COLUMNS = 60  # of one part; a list has 30. What is further right is taken as it shows
COLUMN = "column."  # and the part's and column's numbers: what a column means
PROFILE = "profile."  # and the number of a word that stands for a profile
IGNORED = "ignored"
# Our columns in groups that people look for (firmware/roster/importing/headers.py).
GROUPS: Mapping[str, tuple[str, ...]] = {
    "person": ("name", "holder", "phone", "relation", "note"),
    "household": ("household", "building", "unit", "room", "household_label", "household_note", "spaces"),
    "rights": ("profiles", "flags", "status", "valid_from", "valid_until", "use_limit"),
    "credential": ("card", "printed", "facility", "plate", "vehicle_kind", "vehicle_description", "code", "tag"),
    "pin": ("pin", "pin_with", "duress_pin", "duress_pin_with", "face"),
}
STYLES = ("ten-digits", "eight-digits", "three-five", "three-five-joined", "hex", "number", "formatted")
ORDERS = ("day-month", "month-day")
WHOLES = ("households", "everything")
FORMATS = (
    "H10301", "IND26", "H10306", "H10302", "H10304", "C1K35S", "C1K48S", "raw:24", "raw:32", "raw:40", "raw:56",
    "raw:64",
)  # fmt: skip
FILLED = {"yes": True, "no": False}


class Options(NamedTuple):
    """Lists for a form: (what is sent, what is read)."""

    meanings: list[tuple[str, list[tuple[str, str]]]]
    styles: list[tuple[str, str]]
    formats: list[tuple[str, str]]
    orders: list[tuple[str, str]]
    wholes: list[tuple[str, str]]
    profiles: list[tuple[str, str]]


def options(words: Words, seen: SheetSeen) -> Options:
    meanings = [
        (words(f"imports_group_{group}"), [(name, words(f"imports_column_{name}")) for name in names])
        for group, names in GROUPS.items()
    ]
    formats = dict.fromkeys((*seen.formats, *FORMATS))
    if seen.choices.card_format:
        formats.setdefault(seen.choices.card_format)
    return Options(
        meanings,
        [(style, words(f"imports_style_{style.replace('-', '_')}")) for style in STYLES],
        [(name, words("imports_format_here", name=name) if name in seen.formats else name) for name in formats],
        [(order, words(f"imports_order_{order.replace('-', '_')}")) for order in ORDERS],
        [(whole, words(f"imports_whole_{whole}")) for whole in WHOLES],
        [(name, name) for name in seen.profiles],
    )


def choices_of(form: Mapping[str, tuple[str, ...]], seen: SheetSeen) -> SheetChoices:
    """What a form says of a sheet that was seen. Raises PeopleSaid."""

    def field(name: str) -> str:
        return form.get(name, ("",))[0].strip()[:100]

    columns = dict(seen.choices.columns)
    for number, part in enumerate(seen.parts):
        for place, column in enumerate(part.columns[:SHOWN_COLUMNS]):
            said = field(f"{COLUMN}{number}.{place}")
            if said and said != (column.meaning or IGNORED):
                columns[column.title] = said
    known = {IGNORED, *(name for names in GROUPS.values() for name in names)}
    strange = [said for said in columns.values() if said not in known]
    if strange:
        raise PeopleSaid(Refused(word="imports_bad_choice", text=strange[0]))
    there = {part.name for part in seen.parts}
    sheets = tuple(name[:100] for name in form.get("sheet_name", ()) if name in there)
    unknown = () if seen.preview is None else seen.preview.unknown_profiles
    words = dict(seen.choices.profile_words)
    words |= {word: said for number, word in enumerate(unknown) if (said := field(f"{PROFILE}{number}"))}
    return SheetChoices(
        columns=columns,
        sheets=sheets if len(there) > 1 else (),
        card_style=field("card_style"),
        card_format=field("card_format"),
        card_reversed=bool(field("card_reversed")),
        lower_24_bits=bool(field("lower_24_bits")),
        date_order=field("date_order"),
        default_profile=field("default_profile"),
        fill_down=FILLED.get(field("fill_down")),
        whole=field("whole"),
        profile_words=words,
    )
