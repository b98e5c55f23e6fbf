"""Finds holders by what is typed: one text in memory, a line for each, that is searched from its beginning.

250,000 lines are some 25 MB and take some ten milliseconds to look through, whatever is sought; a scan of the source
takes ten times as long. It follows the source by its batches: what a few changed since stands beside the text, and
many make it anew.
"""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Callable, Iterator
from typing import NamedTuple

from firmware.core.access import Factor
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.roster.keys import KIND
from firmware.roster.source.errors import told
from firmware.roster.source.history import Head
from firmware.roster.source.store import Source

CHANGED_MAX = 2_000  # holders beside the text; more, and it is made anew
TERMS_MAX = 6
WAIT_S_MAX = 4.0  # for a text that is being made
SAMPLE_BYTES = 1 << 20  # in which it is seen which of the words is the rarest: that one is looked for
SEEK_S_MAX = 1.0  # words that stand in nearly every line, and hardly ever all in one
LINES_AT_ONCE = 2_048  # between two looks at the time
_CARDS = f"{KIND[Factor.CARD]}, {KIND[Factor.TAG]}"
_LINE = (
    "SELECT h.id, ifnull(h.name, ''), ifnull(h.household, ''), ifnull(u.label, ''), ifnull(h.phone, ''),"
    " ifnull((SELECT group_concat(c.key || char(9) || ifnull(c.printed, ''), char(9)) FROM credential AS c"
    f" WHERE c.holder = h.id AND c.kind IN ({_CARDS})), '')"
    " FROM holder AS h LEFT JOIN household AS u ON u.id = h.household"
)
_TOUCHED = (
    "SELECT DISTINCT CASE entity WHEN 'holder' THEN change.id ELSE json_extract(j.value, '$.holder') END"
    " FROM change, json_each(json_array(json(before), json(after))) AS j"
    " WHERE place >= (SELECT min(first) FROM batch WHERE id > ?) AND +entity IN ('holder', 'credential')"
)
_MOVED = (
    "SELECT holder.id FROM change JOIN holder ON holder.household = change.id"
    " WHERE place >= (SELECT min(first) FROM batch WHERE id > ?) AND +entity = 'household'"
)


class _Text(NamedTuple):
    """What is searched. `changed` is newer than the lines of the same holders; None: gone."""

    lines: bytes
    changed: dict[bytes, bytes | None]
    head: Head


class Index:
    """See the head of this file. Methods may be called from any thread."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._text: _Text | None = None

    def warm(self) -> None:
        """Read the source before somebody asks, where there is one."""
        try:
            if self._place.source_path.exists():
                self._newest()
        except Denied:
            return  # whoever asks is told

    def find(self, text: str, skip: int, most: int) -> tuple[list[str], bool]:
        """The ids of up to `most` holders, past the first `skip`, and whether there are more. Raises Denied."""
        newest = self._newest()
        terms = [folded(term).encode() for term in dict.fromkeys(text.split())][:TERMS_MAX]
        terms.sort(key=lambda term: newest.lines.count(term, 0, SAMPLE_BYTES))
        found: list[str] = []
        for number, id in enumerate(_matches(newest, terms, self._place.now_s)):
            if number >= skip + most:
                return found, True
            if number >= skip:
                found.append(id.decode())
        return found, False

    def _newest(self) -> _Text:
        if not self._lock.acquire(timeout=WAIT_S_MAX):
            raise Denied("people_list_read")
        try:
            with self._place.sourced(), Source.open(self._place.source_path, readonly=True) as source:
                if self._text is None or source.head != self._text.head:
                    self._text = _followed(source, self._text) or _made(source)
                return self._text
        finally:
            self._lock.release()


def folded(text: str) -> str:
    """As it is compared: composed, without case."""
    return unicodedata.normalize("NFKC", text).casefold()


def _matches(text: _Text, terms: list[bytes], now_s: Callable[[], float]) -> Iterator[bytes]:
    """The ids of the lines that have all terms: what has changed first. Raises Denied where that takes too long."""
    end_s = now_s() + SEEK_S_MAX
    for id, line in text.changed.items():
        if line is not None and all(term in line for term in terms):
            yield id
    lines, looked = text.lines, 0
    first, others = (terms[0], terms[1:]) if terms else (b"\n", [])
    if any(lines.find(term) < 0 for term in others):
        return
    at = lines.find(first) if terms else 0
    while 0 <= at < len(lines):
        looked += 1
        if looked % LINES_AT_ONCE == 0 and now_s() > end_s:
            raise Denied("people_too_wide", field="text")
        start = lines.rfind(b"\n", 0, at) + 1 if terms else at
        end = lines.find(b"\n", at)
        id = lines[start : lines.find(b"\t", start, end)]
        if id not in text.changed and all(lines.find(term, start, end) >= 0 for term in others):
            yield id
        at = lines.find(first, end) if terms else end + 1


def _made(source: Source) -> _Text:
    """All lines, ordered by unit and name."""
    with source.snapshot() as db, told(source.path):
        head = source.head
        rows = db.execute(f"{_LINE} ORDER BY u.label, h.household, h.name, h.id")
        return _Text(b"".join(_line(*row) for row in rows), {}, head)


def _followed(source: Source, was: _Text | None) -> _Text | None:
    """The text with what has changed since; None where it is to be made anew."""
    if was is None:
        return None
    with source.snapshot() as db, told(source.path):
        head = source.head
        row = db.execute("SELECT hash FROM batch WHERE id = ?", (was.head.batch,)).fetchone()
        if row is None or row[0] != was.head.hash:
            return None  # another file has taken its place
        touched = _touched(db, was.head.batch)
        if touched is None or len(touched) + len(was.changed) > CHANGED_MAX:
            return None
        newer: dict[bytes, bytes | None] = {}
        for id in touched:
            found = db.execute(f"{_LINE} WHERE h.id = ?", (id,)).fetchone()
            newer[id.encode()] = None if found is None else _line(*found)
        return _Text(was.lines, newer | {id: line for id, line in was.changed.items() if id not in newer}, head)


def _touched(db: sqlite3.Connection, since: int) -> set[str] | None:
    """Whose lines are others since a batch; None: many."""
    touched: set[str] = set()
    for sql in (_TOUCHED, _MOVED):
        for (id,) in db.execute(sql, (since,)):
            if id is not None:
                touched.add(id)
            if len(touched) > CHANGED_MAX:
                return None
    return touched


def _line(id: str, name: str, household: str, label: str, phone: str, cards: str) -> bytes:
    digits = "".join(letter for letter in phone if letter.isdecimal())
    shared = (name, household, label, digits, "" if phone == digits else phone, cards)
    parts = (folded(part).replace("\n", " ") for part in shared if part)
    return f"{id}\t{folded(id)}\t{chr(9).join(parts)}\n".encode()
