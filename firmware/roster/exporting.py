"""A whole source as one table that the import takes again: a row a credential, with its holder and household.

Headers are those of `importing.headers.TITLES`. Times are local to the source's zone; PINs stand as their digests. The
rules go beside it, as TOML. That a table was taken out, by whom and why, is in the source's history before the file
appears.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.core.access import Factor
from firmware.roster import understood
from firmware.roster.errors import RosterError, RosterMisused, shown
from firmware.roster.importing.headers import STATUS_WORDS, TITLES
from firmware.roster.keys import KIND
from firmware.roster.schema import FLAGS
from firmware.roster.sheets.writing import appearing, fill_csv, fill_xlsx
from firmware.roster.source.batch import Kind
from firmware.roster.source.rules import rules_toml
from firmware.roster.source.store import Source
from firmware.roster.understood import LIST_SEPARATOR, NotUnderstood

# In the order in which people look: where, who, which card, until when.
COLUMNS = (
    *("household", "household_label", "spaces", "household_note", "holder", "name", "phone", "relation", "profiles"),
    *("flags", "card", "printed", "plate", "vehicle_kind", "vehicle_description", "code", "tag", "face", "pin"),
    *("duress_pin", "status", "valid_from", "valid_until", "use_limit", "pin_with", "duress_pin_with", "note"),
)
SHEET = {"en": "holders", "zh": "住户"}
NO_PROFILE = {"en": "none", "zh": "无"}  # an empty cell would be the import's default
XLSX, CSV = ".xlsx", ".csv"
PROGRESS_ROWS = 10_000
TIMES_KNOWN_MAX = 10_000
_CHUNK_BYTES = 1 << 20
_COLUMN_OF_KIND = {
    KIND[factor]: factor.value for factor in (Factor.CARD, Factor.CODE, Factor.TAG, Factor.FACE, Factor.PIN)
}
_DAY = timedelta(days=1)
_names = msgspec.json.Decoder(list[str])

Filled = dict[str, str]


class Exported(NamedTuple):
    path: Path
    rules: Path
    rows: int  # without the header
    sha256: str  # of the table
    batch: int  # of the source's history


def export(
    source: Source,
    out: Path,
    *,
    who: str,
    why: str,
    at_s: int,
    language: str = "en",
    encoding: str = "utf-8-sig",
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Exported:
    """Write the whole source to `out` (.xlsx or .csv, readable by its owner only) and its rules beside it.

    `progress` is told rows and an estimate of all. Raises SheetError, SourceError, RosterMisused for another ending,
    OSError; then nothing appears.
    """
    ending = out.suffix.lower()
    if ending not in (XLSX, CSV):
        raise RosterMisused(f"{shown(out.name, bare=True)}: the name must end in {XLSX} or {CSV}")
    rows = _Rows(source.time_zone, language, progress)
    rules = out.with_name(f"{out.stem}.rules.toml")
    with appearing(rules) as rules_aside, appearing(out) as aside:
        with source.snapshot() as db:
            rules_aside.write_text(rules_toml(source), encoding="utf-8")
            if ending == XLSX:
                fill_xlsx(aside, out, [(SHEET[language], rows.all(db))])
            else:
                fill_csv(aside, out, rows.all(db), encoding=encoding)
        digest = _sha256(aside)
        with source.batch(Kind.EXPORT, who, why, at_s, file=out.name, sha256=digest) as batch:
            number = batch.id
    return Exported(out, rules, rows.written, digest, number)


class _Rows:
    """The rows of one export, as they are asked for."""

    def __init__(self, zone: tzinfo, language: str, progress: Callable[[int, int], None]) -> None:
        self.written = 0
        self._zone = zone
        self._language = language
        self._progress = progress
        self._times: dict[tuple[int, bool], str] = {}
        self._lists: dict[str, str] = {}

    def all(self, db: sqlite3.Connection) -> Iterator[list[str]]:
        """The header, every holder by household and id, then the households without holders."""
        counts = (db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("credential", "vehicle"))
        total = sum(counts)
        yield [TITLES[self._language][column] for column in COLUMNS]
        for filled in self._filled(db):
            yield [filled.get(column, "") for column in COLUMNS]
            self.written += 1
            if self.written % PROGRESS_ROWS == 0:
                self._progress(self.written, max(total, self.written))

    def _filled(self, db: sqlite3.Connection) -> Iterator[Filled]:
        holders = db.execute(
            "SELECT holder.id, household, name, phone, relation, profiles, flags, pin_with, duress_pin_with,"
            " holder.note, label, spaces, household.note FROM holder LEFT JOIN household"
            " ON household.id = holder.household ORDER BY household, holder.id"
        )
        for id_, household, name, phone, relation, profiles, flags, pin, duress_pin, note, *house in holders:
            common = self._household(household, *house) | _texts(
                holder=id_, name=name, phone=phone, relation=relation, profiles=self._profiles(db, profiles),
                flags=LIST_SEPARATOR.join(flag for flag, bit in FLAGS.items() if flags & bit),
                pin_with=pin, duress_pin_with=duress_pin, note=note,
            )  # fmt: skip
            alone = True
            for own in self._owned(db, id_):
                alone = False
                yield common | own
            if alone:
                yield common
        for row in db.execute(
            "SELECT id, label, spaces, note FROM household"
            " WHERE NOT EXISTS (SELECT 1 FROM holder WHERE holder.household = household.id) ORDER BY id"
        ):
            yield self._household(*row)

    @staticmethod
    def _household(id_: str | None, label: str | None, spaces: int | None, note: str | None) -> Filled:
        return _texts(household=id_, household_label=label, spaces=spaces, household_note=note)

    def _owned(self, db: sqlite3.Connection, holder: str) -> Iterator[Filled]:
        """The holder's credentials, then the vehicles: what makes each row its own."""
        for kind, key, duress, printed, *common in db.execute(
            "SELECT kind, key, duress, printed, status, valid_from_s, valid_until_s, use_limit FROM credential"
            " WHERE holder = ? ORDER BY kind, key",
            (holder,),
        ):
            column = _COLUMN_OF_KIND[kind]
            if duress:
                if kind != KIND[Factor.PIN]:
                    said = f"a {column} of {holder} tells of duress, and no table can say so"
                    raise RosterError(f"{said}. Only PINs may: correct it in the source.")
                column = "duress_pin"
            yield _texts(**{column: key}, printed=printed) | self._validity(*common)
        for plate, vehicle_kind, description, *common in db.execute(
            "SELECT plate, kind, description, status, valid_from_s, valid_until_s, use_limit FROM vehicle"
            " WHERE holder = ? ORDER BY plate",
            (holder,),
        ):
            yield _texts(plate=plate, vehicle_kind=vehicle_kind, vehicle_description=description) | self._validity(
                *common
            )

    def _validity(self, status: int, from_s: int | None, until_s: int | None, use_limit: int | None) -> Filled:
        return _texts(
            status=STATUS_WORDS[self._language][status],
            valid_from=None if from_s is None else self._time(from_s, end=False),
            valid_until=None if until_s is None else self._time(until_s, end=True),
            use_limit=use_limit,
        )

    def _time(self, at_s: int, *, end: bool) -> str:
        known = self._times.get((at_s, end))
        if known is None:
            if len(self._times) >= TIMES_KNOWN_MAX:  # a table says the same few dates again and again
                self._times.clear()
            known = self._times[at_s, end] = time_text(at_s, self._zone, end=end)
        return known

    def _profiles(self, db: sqlite3.Connection, names: str) -> str:
        text = self._lists.get(names)
        if text is None:
            text = LIST_SEPARATOR.join(_names.decode(names))
            if not text:
                taken = db.execute("SELECT 1 FROM profile WHERE name = ?", (NO_PROFILE["en"],)).fetchone()
                text = NO_PROFILE["zh" if taken else self._language]
            if len(self._lists) < TIMES_KNOWN_MAX:
                self._lists[names] = text
        return text


def time_text(at_s: int, zone: tzinfo, *, end: bool) -> str:
    """An instant as a table says it, so that reading it (`understood.time`) gives the same: a date where it is one."""
    at = datetime.fromtimestamp(at_s, UTC).astimezone(zone)
    minute = at.strftime("%Y-%m-%d %H:%M")
    day = (at - _DAY if end else at).strftime("%Y-%m-%d")
    for text in (day, minute, at.isoformat(" ", "minutes")):
        try:
            if understood.time(text, zone, end=end) == at_s:
                return text
        except NotUnderstood:
            continue  # this minute happens twice, or this day has no midnight: the next way of writing says it
    return at.isoformat(" ", "seconds")  # no door lets seconds in: whoever reads this is told so


def _texts(**values: str | int | None) -> Filled:
    """Those that are there."""
    return {name: str(value) for name, value in values.items() if value is not None}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
