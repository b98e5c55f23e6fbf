"""Importing a sheet: what is seen in it, what it would change, taking it, and putting back what an import changed.

The work is that of `menshen roster import`. A preview is made of the source as it is and changes nothing; taking it
makes the same plan once more, and does it only if it is the very plan that was seen, all or nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import msgspec

from firmware.core.account_facts import Act
from firmware.people.errors import Denied
from firmware.people.import_seeing import formats_of, needs_of, see_parts, written_mapping
from firmware.people.incoming import LANGUAGES, Seen, incoming_of
from firmware.people.jobs import Work
from firmware.people.line import MANAGERS, Desk, Line, Lines, LongLine
from firmware.people.place import Place
from firmware.people.problem_list import ProblemList
from firmware.people.promises import Promised, one_line, promised, tell
from firmware.people_words.base import Asker
from firmware.people_words.imports import (
    BeginSheet,
    Changed,
    DoneImport,
    DropSheet,
    EndSheet,
    ImportUndone,
    LookAtSheet,
    LookAtSheets,
    PartSeen,
    PieceTaken,
    Preview,
    Problems,
    PutPiece,
    ReadProblems,
    ReadSheet,
    SheetBegun,
    SheetImported,
    SheetRead,
    Sheets,
    SheetSeen,
    SheetTaken,
    TakeSheet,
    UndoImport,
    Wrong,
)
from firmware.roster.importing import preview as telling
from firmware.roster.importing.applying import apply, refusals
from firmware.roster.importing.plan import ENTITIES, Plan
from firmware.roster.importing.planning import plan
from firmware.roster.importing.problems import Bad, ImportRefused
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.opening import open_table
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.store import Source
from firmware.roster.source.undo import is_undone, undo
from firmware.terminal import now_utc_s
from firmware.texts import texts

WRONG_SHOWN_MAX = 100  # on the page; the list as a file has all
DONE_MAX = 20
LINES_BYTES = 1 << 15  # of each list of sentences, in one answer
PARTS_BYTES = 1 << 17  # of what is seen of columns, in one answer; half a frame
COLUMNS_SHOWN = 60  # of one part, as the page shows
TWICE_SHOWN = 8
PROBLEM_BYTES = 100 * 1024  # of the list, in one answer
UNKNOWN_PROFILES_MAX = 20
NUMBER_LETTERS = 16
PLATE = "plate"  # the column

T = TypeVar("T")


# -- a sheet comes ----------------------------------------------------------------------------------------------------


def begin(desk: Desk, who: Asker, question: BeginSheet) -> SheetBegun:
    """Raises Denied."""
    _ours(desk.place)
    return SheetBegun(sheet=incoming_of(desk.place).begin(who, question.file))


def put(desk: Desk, _who: Asker, question: PutPiece) -> PieceTaken:
    """Raises Denied."""
    return PieceTaken(there=incoming_of(desk.place).put(question.sheet, question.offset, question.content))


def end(desk: Desk, _who: Asker, question: EndSheet) -> SheetTaken:
    """Raises Denied."""
    about = incoming_of(desk.place).end(question.sheet, question.size)
    return SheetTaken(sheet=about.sheet, sha256=about.sha256)


def drop(desk: Desk, who: Asker, question: DropSheet) -> Sheets:
    """Raises Denied."""
    incoming_of(desk.place).drop(question.sheet)
    return sheets(desk, who, LookAtSheets())


def sheets(desk: Desk, _who: Asker, _question: LookAtSheets) -> Sheets:
    """Raises Denied."""
    place = desk.place
    waiting = tuple(incoming_of(place).all())
    mine = place.rights().mine
    if not place.source_path.exists():
        return Sheets(waiting=waiting, done=(), mine=mine, source=False)
    with place.reading() as source:
        return Sheets(waiting=waiting, done=tuple(_done(source)), mine=mine)


def _done(source: Source) -> list[DoneImport]:
    sql = (
        "SELECT id, at_s, who, ifnull(file, ''), ifnull(sha256, ''), changes, ifnull(why, ''),"
        " EXISTS (SELECT 1 FROM batch AS later WHERE later.id > batch.id AND later.kind <> 'export')"
        f" FROM batch WHERE kind = 'import' ORDER BY id DESC LIMIT {DONE_MAX}"
    )
    return [
        DoneImport(
            batch=id,
            at_s=at_s,
            who=who,
            file=file,
            sha256=sha256,
            changes=changes,
            why=why,
            undone=is_undone(source.db, id),
            later=bool(later),
        )
        for id, at_s, who, file, sha256, changes, why, later in source.db.execute(sql).fetchall()
    ]


# -- it is read -------------------------------------------------------------------------------------------------------


def read(desk: Desk, who: Asker, question: ReadSheet, work: Work) -> SheetRead:
    """See what it holds, and what it would change if nothing is missing. Raises Denied."""
    place, kept = desk.place, incoming_of(desk.place)
    about = kept.find(question.sheet)
    work.at("imports_stage_looking", file=about.file)
    mapping = written_mapping(place, question.choices)
    with _opened(place, "imports_not_read", readonly=True) as source:
        with open_table(kept.content(about.sheet)) as table:
            parts = see_parts(table, mapping)
        seen = Seen(parts=parts, choices=question.choices)
        needs = needs_of(parts, mapping, source)
        if needs is not None:
            kept.keep_seen(about.sheet, msgspec.structs.replace(seen, needs=needs.word, fills=needs.fills))
            return SheetRead(sheet=about.sheet)
        if any(column.meaning == PLATE for part in parts for column in part.columns):
            told = f"preview sha256 {about.sha256}"  # it names whose a plate is (DESIGN.md, section 5)
            tell(place, who, Act.LOOKED_UP, told, why=f"preview of {about.file}")
        work.at("imports_stage_reading", file=about.file)
        listed = ProblemList({language: kept.problems(about.sheet, language) for language in LANGUAGES})
        try:
            with listed, open_table(kept.content(about.sheet)) as table:
                made = plan(source, table, mapping, place.identity(), progress=_steps(work), bad=listed)
        except ImportRefused as error:  # something of the sheet as a whole: the columns are shown all the same
            kept.keep_seen(about.sheet, msgspec.structs.replace(seen, needs="imports_not_read", text=str(error)))
            return SheetRead(sheet=about.sheet)
        previews = {language: _preview(made, language) for language in LANGUAGES}
        kept.keep_seen(about.sheet, msgspec.structs.replace(seen, preview=previews, head=made.head.batch))
    return SheetRead(sheet=about.sheet)


def look(desk: Desk, _who: Asker, question: LookAtSheet) -> SheetSeen:
    """Raises Denied."""
    place, kept = desk.place, incoming_of(desk.place)
    about, seen = kept.find(question.sheet), kept.seen(question.sheet)
    if seen is None:
        raise Denied("imports_not_looked_at")
    with place.reading() as source:
        profiles = tuple(name for (name,) in source.db.execute("SELECT name FROM profile ORDER BY name"))
        head = source.head.batch
    preview = seen.preview.get(question.language)
    if preview is not None:
        preview = msgspec.structs.replace(
            preview,
            stale=seen.head != head,
            assumptions=_within(preview.assumptions, ("…",)),
            bad=_within(preview.bad),
            warnings=_within(preview.warnings),
        )
    return SheetSeen(
        waiting=about,
        parts=_fitting(seen.parts),
        choices=seen.choices,
        profiles=profiles,
        formats=formats_of(place.config),
        preview=preview,
        needs=seen.needs,
        fills=seen.fills,
        text=seen.text,
    )


def _fitting(parts: tuple[PartSeen, ...]) -> tuple[PartSeen, ...]:
    """All parts, with as much of their columns as one answer holds: headers first, then what stands below them."""
    room = PARTS_BYTES
    headers = []
    for part in parts:
        fits = []
        for column in part.columns[:COLUMNS_SHOWN]:
            room -= len(msgspec.msgpack.encode(msgspec.structs.replace(column, samples=())))
            if room < 0:
                break
            fits.append(column)
        headers.append(fits)
    kept = []
    for part, fits in zip(parts, headers, strict=True):
        columns = []
        for column in fits:
            room -= len(msgspec.msgpack.encode(column.samples))
            columns.append(column if room >= 0 else msgspec.structs.replace(column, samples=()))
        kept.append(msgspec.structs.replace(part, columns=tuple(columns), twice=part.twice[:TWICE_SHOWN]))
    return tuple(kept)


def _within(lines: tuple[T, ...], mark: tuple[T, ...] = ()) -> tuple[T, ...]:
    """As many as an answer has room for; `mark` at their end where that is not all."""
    room = LINES_BYTES
    for number, line in enumerate(lines):
        room -= len(msgspec.msgpack.encode(line))
        if room < 0:
            return (*lines[:number], *mark)
    return lines


def problems(desk: Desk, _who: Asker, question: ReadProblems) -> Problems:
    """Raises Denied."""
    kept = incoming_of(desk.place)
    kept.find(question.sheet)
    try:
        with kept.problems(question.sheet, question.language).open("rb") as file:
            file.seek(question.offset)
            content = file.read(PROBLEM_BYTES + 1)
    except OSError as error:
        raise Denied("imports_no_problems") from error
    return Problems(content=content[:PROBLEM_BYTES], more=len(content) > PROBLEM_BYTES)


def _preview(made: Plan, language: str) -> Preview:
    said = texts(language)
    unknown = [str(bad.values.get("name", "")).strip('"') for bad in made.bad.found if bad.code == "profile"]
    return Preview(
        number=number_of(made),
        rows=made.rows,
        counts=tuple(Changed(entity, *made.counts[entity]) for entity in ENTITIES),
        assumptions=tuple(telling.assumed(each.code, each.values, said) for each in made.assumptions),
        samples=tuple(telling.sampled(each, said, made.zone) for each in made.samples),
        bad=tuple(_wrong(bad, language) for bad in made.bad.found[:WRONG_SHOWN_MAX]),
        bad_count=made.bad.count,
        warnings=tuple(_wrong(bad, language) for bad in made.warnings.found[:WRONG_SHOWN_MAX]),
        warnings_count=made.warnings.count,
        removed=made.removed,
        removes_many=made.removes_many,
        unknown_profiles=tuple(dict.fromkeys(unknown))[:UNKNOWN_PROFILES_MAX],
    )


def _wrong(bad: Bad, language: str) -> Wrong:
    said = texts(language)
    known = str(bad.values.get("known", "")) if bad.code == "profile" else ""
    return Wrong(place=bad.place(said), found=bad.found, reason=bad.reason(said), known=known)


def number_of(made: Plan) -> str:
    """Names what a plan would do: the sheet, how it was understood, the source it was made for, and what came of it."""
    told = msgspec.json.encode(
        (made.sha256, made.head.batch, made.head.hash.hex(), made.mapping, made.counts, made.rows, made.bad.count)
    )
    return hashlib.sha256(told).hexdigest()[:NUMBER_LETTERS]


# -- it is taken ------------------------------------------------------------------------------------------------------


def take(desk: Desk, who: Asker, question: TakeSheet, work: Work) -> SheetImported:
    """Do what was seen, if it is still that. Told to the journal before it counts. Raises Denied."""
    place, kept = desk.place, incoming_of(desk.place)
    about, seen = kept.find(question.sheet), kept.seen(question.sheet)
    if seen is None or not seen.preview:
        raise Denied("imports_not_looked_at")
    if all(preview.number != question.number for preview in seen.preview.values()):
        raise Denied("imports_other_preview")
    _ours(place)
    detail, why = f"import sha256 {about.sha256}", one_line(question.why)
    told: Promised | None = None
    try:
        with _opened(place, "imports_not_taken", readonly=False) as source:
            work.at("imports_stage_reading", file=about.file)
            with open_table(kept.content(about.sheet)) as table:
                mapping = written_mapping(place, seen.choices)
                made = plan(source, table, mapping, place.identity(), progress=_steps(work))
            if number_of(made) != question.number:
                raise Denied("imports_changed_meanwhile")
            made.file = about.file
            against = refusals(made, good_rows=question.good_rows, remove=question.remove)
            if against:
                fills = {"removed": str(made.removed), "bad": str(made.bad.count)}
                raise Denied(f"imports_refused_{against[0]}", **fills)
            if work.cancelled.is_set():
                raise Denied("people_cancelled")
            work.at("imports_stage_taking", file=about.file)
            at_s = now_utc_s()
            told = promised(place, who, detail, batch=made.head.batch + 1, at_s=at_s, why=f"{about.file}: {why}")
            receipt = apply(source, made, who.name, why, at_s, good_rows=question.good_rows, remove=question.remove)
    except BaseException:
        if told is not None:
            told.broken()
        raise
    told.kept()
    kept.drop(about.sheet)  # it is in the source; whoever needs the file has it
    return SheetImported(batch=receipt.batch or 0, changes=receipt.changes, file=about.file, bad=made.bad.count)


def put_back(desk: Desk, who: Asker, question: UndoImport, work: Work) -> ImportUndone:
    """Told to the journal before it counts. Raises Denied, with what stands in its way."""
    place = desk.place
    _ours(place)
    detail, why = f"undo of batch {question.batch}", one_line(question.why)
    work.at("imports_stage_undoing")
    told: Promised | None = None
    try:
        with _opened(place, "imports_not_undone", readonly=False) as source:
            row = source.db.execute("SELECT kind FROM batch WHERE id = ?", (question.batch,)).fetchone()
            if row is None or row[0] != "import":
                raise Denied("imports_no_such_import")
            at_s = now_utc_s()
            told = promised(place, who, detail, batch=source.head.batch + 1, at_s=at_s, why=why)
            batch = undo(source, question.batch, who.name, why, at_s, progress=work.steps)
    except BaseException:
        if told is not None:
            told.broken()
        raise
    told.kept()
    return ImportUndone(batch=batch.id, undone=question.batch, changes=batch.changes)


# -- pieces -----------------------------------------------------------------------------------------------------------


def _ours(place: Place) -> None:
    if not place.rights().mine:
        raise Denied("people_not_ours")
    if not place.source_path.exists():
        raise Denied("people_no_source")


@contextmanager
def _opened(place: Place, word: str, *, readonly: bool) -> Iterator[Source]:
    """The source for long work, without the time limit of a question. What an import says of itself becomes `word`.

    Raises Denied.
    """
    with place.sourced(), Source.open(place.source_path, readonly=readonly) as source:
        try:
            yield source
        except (SheetError, ImportRefused, ChangeRefused) as error:
            raise Denied(word, text=str(error)) from error


def _steps(work: Work) -> Callable[[int, int | None], None]:
    """Says how far a plan is, and ends it where somebody wants that: it has changed nothing."""

    def steps(done: int, total: int | None) -> None:
        if work.cancelled.is_set():
            raise Denied("people_cancelled")
        work.steps(done, total or 0)

    return steps


LINES: Lines = {
    BeginSheet: Line(MANAGERS, begin, slow=True),
    PutPiece: Line(MANAGERS, put, slow=True),
    EndSheet: Line(MANAGERS, end, slow=True),
    DropSheet: Line(MANAGERS, drop),
    LookAtSheets: Line(MANAGERS, sheets),
    ReadSheet: LongLine(MANAGERS, read),
    LookAtSheet: Line(MANAGERS, look),
    ReadProblems: Line(MANAGERS, problems),
    TakeSheet: LongLine(MANAGERS, take),
    UndoImport: LongLine(MANAGERS, put_back),
}
