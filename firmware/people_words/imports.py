"""Importing a sheet at the page: its bytes in pieces, what is seen in it, what it would change, taking it, undoing it.

Texts come in the reader's language: what is wrong with a row is said in the words of `menshen roster import`.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.people_words.base import Found, IdText, Question, ShortText

SHEET_BYTES_MAX = 64 << 20  # a sheet of 250,000 rows has 25 MB as CSV and 15 MB as XLSX
PIECE_BYTES_MAX = 128 * 1024  # half a frame
COLUMNS_MAX = 256
SHEETS_MAX = 64
WORDS_MAX = 100  # of the sheet, that stand for profiles
WhyText = Annotated[str, msgspec.Meta(max_length=200)]
Word = Annotated[str, msgspec.Meta(max_length=100)]
Language = Annotated[str, msgspec.Meta(pattern=r"\A(en|zh)\Z")]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 40)]


class SheetChoices(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was chosen for a sheet; "" and None: as it shows. `columns`: the header's text -> our column, or ignored."""

    columns: Annotated[dict[Word, Word], msgspec.Meta(max_length=COLUMNS_MAX)] = {}
    sheets: Annotated[tuple[Word, ...], msgspec.Meta(max_length=SHEETS_MAX)] = ()
    card_style: Word = ""
    card_format: Word = ""
    card_reversed: bool = False
    lower_24_bits: bool = False
    date_order: Word = ""
    default_profile: Word = ""
    fill_down: bool | None = None
    whole: Word = ""
    profile_words: Annotated[dict[Word, Word], msgspec.Meta(max_length=WORDS_MAX)] = {}


class BeginSheet(Question, frozen=True, kw_only=True):
    """A sheet is coming, in pieces. Answered by a SheetBegun."""

    file: ShortText


class SheetBegun(Found, frozen=True, kw_only=True):
    sheet: str


class PutPiece(Question, frozen=True, kw_only=True):
    """The next piece of a sheet, which begins at `offset`. Answered by a PieceTaken."""

    sheet: IdText
    offset: Count
    content: Annotated[bytes, msgspec.Meta(max_length=PIECE_BYTES_MAX)]


class PieceTaken(Found, frozen=True, kw_only=True):
    there: int


class EndSheet(Question, frozen=True, kw_only=True):
    """All of it came: `size` bytes. Answered by a SheetTaken."""

    sheet: IdText
    size: Count


class SheetTaken(Found, frozen=True, kw_only=True):
    sheet: str
    sha256: str


class DropSheet(Question, frozen=True, kw_only=True):
    """Forget a sheet. Answered by Sheets."""

    sheet: IdText


class LookAtSheets(Question, frozen=True, kw_only=True):
    """Answered by Sheets."""


class WaitingSheet(msgspec.Struct, frozen=True, omit_defaults=True):
    """A sheet that was sent and not taken. `read`: what it would change was looked at."""

    sheet: str
    file: str
    size: int
    sha256: str
    who: str
    at_s: int
    read: bool = False


class DoneImport(msgspec.Struct, frozen=True, omit_defaults=True):
    """An import of the past. `undone` by which batch, or None; `later`: something was changed after it."""

    batch: int
    at_s: int
    who: str
    file: str
    sha256: str
    changes: int
    why: str = ""
    undone: bool = False
    later: bool = False


class Sheets(Found, frozen=True, kw_only=True):
    waiting: tuple[WaitingSheet, ...]
    done: tuple[DoneImport, ...]
    mine: bool = True
    source: bool = True


class ReadSheet(Question, frozen=True, kw_only=True):
    """Look what a sheet holds and would change. Long; ends in a SheetRead."""

    sheet: IdText
    choices: SheetChoices = SheetChoices()


class SheetRead(Found, frozen=True, kw_only=True):
    sheet: str


class LookAtSheet(Question, frozen=True, kw_only=True):
    """What was seen in a sheet when it was read last. Answered by a SheetSeen."""

    sheet: IdText
    language: Language


class ColumnSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """`meaning` is one of our columns, "ignored" for what is known and never imported, "" for what is not known."""

    letters: str
    title: str
    meaning: str
    samples: tuple[str, ...] = ()


class PartSeen(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sheet of the file. `header_row` 0: none of its first rows is a header."""

    name: str
    hidden: bool = False
    taken: bool = True
    header_row: int = 0
    columns: tuple[ColumnSeen, ...] = ()
    card_style: str = ""  # what its column of cards shows
    has_cards: bool = False
    twice: tuple[tuple[str, str], ...] = ()  # columns that mean the same


class Changed(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of one kind of rows: household, holder, credential, vehicle."""

    entity: str
    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    left_alone: int = 0


class Wrong(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to correct, or to look at: where, what stands there, why it is wrong and what is allowed.

    `known`: it is no access profile, and these are; the page has a list to choose from.
    """

    place: str
    found: str
    reason: str
    known: str = ""


class Preview(msgspec.Struct, frozen=True, omit_defaults=True):
    """What taking the sheet would do. `number` names this very preview: only what was seen can be taken."""

    number: str
    rows: int
    counts: tuple[Changed, ...]
    assumptions: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    bad: tuple[Wrong, ...] = ()
    bad_count: int = 0
    warnings: tuple[Wrong, ...] = ()
    warnings_count: int = 0
    removed: int = 0
    removes_many: bool = False
    stale: bool = False  # somebody changed the source since
    unknown_profiles: tuple[str, ...] = ()


class SheetSeen(Found, frozen=True, kw_only=True):
    """`needs` is a word of the page: what has to be chosen before there can be a preview; `text` more of it."""

    waiting: WaitingSheet
    parts: tuple[PartSeen, ...]
    choices: SheetChoices
    profiles: tuple[str, ...]
    formats: tuple[str, ...]  # of cards, which the site's readers deliver
    preview: Preview | None = None
    needs: str = ""
    fills: dict[str, str] = {}  # noqa: RUF012
    text: str = ""


class ReadProblems(Question, frozen=True, kw_only=True):
    """The whole list of problems as CSV, from a byte on. Answered by Problems."""

    sheet: IdText
    language: Language
    offset: Count = 0


class Problems(Found, frozen=True, kw_only=True):
    content: bytes
    more: bool


class TakeSheet(Question, frozen=True, kw_only=True):
    """Do what the preview of this number says. Long; ends in a SheetImported."""

    sheet: IdText
    number: IdText
    good_rows: bool = False
    remove: Count | None = None
    why: WhyText


class SheetImported(Found, frozen=True, kw_only=True):
    """`batch` 0: nothing was different."""

    batch: int
    changes: int
    file: str
    bad: int = 0


class UndoImport(Question, frozen=True, kw_only=True):
    """Put back what an import changed. Long; ends in an ImportUndone."""

    batch: Annotated[int, msgspec.Meta(ge=1, le=1 << 40)]
    why: WhyText


class ImportUndone(Found, frozen=True, kw_only=True):
    batch: int
    undone: int
    changes: int


AnyOfImports = (
    BeginSheet
    | PutPiece
    | EndSheet
    | DropSheet
    | LookAtSheets
    | ReadSheet
    | LookAtSheet
    | ReadProblems
    | TakeSheet
    | UndoImport
)
AnyFoundOfImports = (
    SheetBegun | PieceTaken | SheetTaken | Sheets | SheetRead | SheetSeen | Problems | SheetImported | ImportUndone
)
