"""What imports look like in the API: what waits, what was done, a sheet as it is understood, what is wrong in it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.network.api.speaking import utc_of
from firmware.network.imports.listing import Rows
from firmware.network.words import Words
from firmware.people_words.imports import (
    COLUMNS_MAX,
    SHEETS_MAX,
    WORDS_MAX,
    DoneImport,
    SheetChoices,
    Sheets,
    SheetSeen,
    WaitingSheet,
)

Number = Annotated[int, Meta(ge=0)]
Word = Annotated[str, Meta(max_length=100)]
WHY_MAX = 200
WhyText = Annotated[str, Meta(max_length=WHY_MAX, pattern=r"\S")]  # it stands in the journal and the history
REMOVED_MAX = 999_999_999
# What a column can mean (choosing.py has them in groups for people); "ignored": nothing of it is taken.
Meaning = Literal[
    "name", "holder", "phone", "relation", "note",
    "household", "building", "unit", "room", "household_label", "household_note", "spaces",
    "profiles", "flags", "status", "valid_from", "valid_until", "use_limit",
    "card", "printed", "facility", "plate", "vehicle_kind", "vehicle_description", "code", "tag",
    "pin", "pin_with", "duress_pin", "duress_pin_with", "face",
    "ignored",
]  # fmt: skip
CardStyle = Literal["", "ten-digits", "eight-digits", "three-five", "three-five-joined", "hex", "number", "formatted"]
DateOrder = Literal["", "day-month", "month-day"]
Whole = Literal["", "households", "everything"]


class ImportWaiting(msgspec.Struct, frozen=True):
    """A sheet that was sent and not taken. It goes after a day. `read`: what it would change can be looked at."""

    sheet: str
    file: str
    size: Number
    sha256: str
    who: str
    at: datetime | None
    read: bool


class ImportDone(msgspec.Struct, frozen=True):
    """An import of the past. `later`: something was changed after it, which an undoing may come upon."""

    batch: Number
    at: datetime | None
    who: str
    file: str
    sha256: str
    changes: Number
    why: str
    undone: bool
    later: bool


class Imports(msgspec.Struct, frozen=True):
    """`mine`: this controller takes what is imported here; else its list comes from others. `source`: there is a list.

    `done` are the last ones, newest first. A file of more than `bytes_max` is not taken.
    """

    waiting: tuple[ImportWaiting, ...]
    done: tuple[ImportDone, ...]
    mine: bool
    source: bool
    bytes_max: Number


class ImportColumn(msgspec.Struct, frozen=True):
    """`meaning`: one of ours, "ignored" for what is known and never taken, "" for what nobody knows."""

    letters: str
    title: str
    meaning: str
    samples: tuple[str, ...]


class ImportPart(msgspec.Struct, frozen=True):
    """One sheet of the file. `header_row` 0: no row is a header. `twice`: columns that mean the same."""

    name: str
    hidden: bool
    taken: bool
    header_row: Number
    columns: tuple[ImportColumn, ...]
    card_style: str
    has_cards: bool
    twice: tuple[tuple[str, str], ...]


class ImportCount(msgspec.Struct, frozen=True):
    """What becomes of one kind of rows: household, holder, credential, vehicle."""

    entity: str
    added: Number
    changed: Number
    removed: Number
    unchanged: Number
    left_alone: Number


class ImportWrong(msgspec.Struct, frozen=True):
    """One thing to correct. `known`: what stands there is no access profile, and these are."""

    place: str
    found: str
    reason: str
    known: str


class ImportPreview(msgspec.Struct, frozen=True):
    """What taking the sheet would do. `number` names this very preview: only what was seen can be taken.

    `bad` and `warnings` are the first of `bad_count` and `warnings_count`. `stale`: the list was changed since.
    `removes_many`: so many would go that their number has to be said when it is taken.
    """

    number: str
    rows: Number
    counts: tuple[ImportCount, ...]
    assumptions: tuple[str, ...]
    samples: tuple[str, ...]
    bad: tuple[ImportWrong, ...]
    bad_count: Number
    warnings: tuple[ImportWrong, ...]
    warnings_count: Number
    removed: Number
    removes_many: bool
    stale: bool
    unknown_profiles: tuple[str, ...]


class ImportChoices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a sheet is to be understood; what is left out is taken as it shows. It replaces what was chosen before.

    `columns`: the header's text -> what it means. `sheets`: which parts of a file are taken. `profile_words`: a word of
    the sheet -> the access profile that it stands for. `whole`: the sheet is the whole list of these, and whoever is
    not in it goes. `fill_down`: empty cells have what stands above them.
    """

    columns: Annotated[dict[Word, Meaning], Meta(max_length=COLUMNS_MAX)] = {}
    sheets: Annotated[tuple[Word, ...], Meta(max_length=SHEETS_MAX)] = ()
    card_style: CardStyle = ""
    card_format: Word = ""
    card_reversed: bool = False
    lower_24_bits: bool = False
    date_order: DateOrder = ""
    default_profile: Word = ""
    fill_down: bool | None = None
    whole: Whole = ""
    profile_words: Annotated[dict[Word, Word], Meta(max_length=WORDS_MAX)] = {}


class ImportChosen(msgspec.Struct, frozen=True):
    """What was chosen when the sheet was read last, as `ImportChoices`."""

    columns: dict[str, str]
    sheets: tuple[str, ...]
    card_style: str
    card_format: str
    card_reversed: bool
    lower_24_bits: bool
    date_order: str
    default_profile: str
    fill_down: bool | None
    whole: str
    profile_words: dict[str, str]


class ImportSheet(msgspec.Struct, frozen=True):
    """What was seen in a sheet. Without a `preview`, `needs` is what has to be chosen before there can be one.

    `profiles` are the access profiles of this site, `formats` those that its readers deliver cards in.
    """

    waiting: ImportWaiting
    parts: tuple[ImportPart, ...]
    choices: ImportChosen
    profiles: tuple[str, ...]
    formats: tuple[str, ...]
    preview: ImportPreview | None
    needs: str
    needs_text: str


class ImportTaking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`number` is the preview's. `good_rows`: what is wrong is left out. `remove`: how many go, where many would."""

    number: Annotated[str, Meta(min_length=1, max_length=64)]
    why: WhyText
    good_rows: bool = False
    remove: Annotated[int, Meta(ge=0, le=REMOVED_MAX)] | None = None


class ImportUndoing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put back what it changed."""

    why: WhyText


class ImportProblem(msgspec.Struct, frozen=True):
    """One thing that is wrong: in which sheet, row and column, what stands there, and why it is wrong."""

    sheet: str
    row: int | None
    column: str
    found: str
    reason: str


class ImportProblems(msgspec.Struct, frozen=True):
    """In the order of the sheet. `after` goes on with the next ones; null: there are no more.

    `cut`: there are more than were listed.
    """

    problems: tuple[ImportProblem, ...]
    after: str | None
    cut: bool


def waiting_of(each: WaitingSheet) -> ImportWaiting:
    return ImportWaiting(each.sheet, each.file, each.size, each.sha256, each.who, utc_of(each.at_s * 1000), each.read)


def done_of(each: DoneImport) -> ImportDone:
    return ImportDone(
        batch=each.batch,
        at=utc_of(each.at_s * 1000),
        who=each.who,
        file=each.file,
        sha256=each.sha256,
        changes=each.changes,
        why=each.why,
        undone=each.undone,
        later=each.later,
    )


def imports_of(sheets: Sheets, bytes_max: int) -> Imports:
    waiting, done = map(waiting_of, sheets.waiting), map(done_of, sheets.done)
    return Imports(tuple(waiting), tuple(done), sheets.mine, sheets.source, bytes_max)


def sheet_of(seen: SheetSeen, words: Words) -> ImportSheet:
    needs = ""
    if seen.needs:
        needs = " ".join(filter(None, (words(seen.needs, **seen.fills), seen.text)))
    return ImportSheet(
        waiting=waiting_of(seen.waiting),
        parts=msgspec.convert(seen.parts, tuple[ImportPart, ...], from_attributes=True),
        choices=msgspec.convert(seen.choices, ImportChosen, from_attributes=True),
        profiles=seen.profiles,
        formats=seen.formats,
        preview=None if seen.preview is None else msgspec.convert(seen.preview, ImportPreview, from_attributes=True),
        needs=seen.needs,
        needs_text=needs,
    )


def choices_of(chosen: ImportChoices) -> SheetChoices:
    return msgspec.convert(chosen, SheetChoices, from_attributes=True)


def problems_of(found: Rows, cursor: str) -> ImportProblems:
    """`cursor` is what stands before the byte that the next page begins at."""
    after = None if found.following is None else f"{cursor}{found.following}"
    return ImportProblems(tuple(ImportProblem(*row) for row in found.rows), after, found.cut)
