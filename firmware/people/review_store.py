"""What a review found, kept where SQLite keeps what is nobody's file: on the disk, seen by nobody, gone when closed.

One writer (the job that makes it), then readers, page by page; a lock takes their turns.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec

from firmware.people_words.review import (
    DifferenceTold,
    PassageTold,
    PersonTold,
    PlaceTold,
    PortalCount,
    ReviewTold,
    Told,
)

CACHE_KB = 4_096
ROWS_AT_ONCE = 2_000
PAIR_BYTES_MAX = 1 << 15  # of what becomes of one pair of profiles; half a frame holds four of the longest

_TABLES = (
    "CREATE TABLE pair (id INTEGER PRIMARY KEY, places BLOB NOT NULL)",
    "CREATE TABLE pair_portal (pair INTEGER NOT NULL, portal TEXT NOT NULL, shut INTEGER NOT NULL, less INTEGER"
    " NOT NULL, opened INTEGER NOT NULL, more INTEGER NOT NULL, PRIMARY KEY (portal, pair)) WITHOUT ROWID",
    # `place` is where it stands in its list: those who lose most first, then by name.
    "CREATE TABLE person (holder TEXT PRIMARY KEY, name TEXT NOT NULL, household TEXT NOT NULL, pair INTEGER NOT NULL,"
    " lost INTEGER, gained INTEGER, gone TEXT NOT NULL, come TEXT NOT NULL, searched TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE lost (n INTEGER PRIMARY KEY, holder TEXT NOT NULL)",
    "CREATE TABLE gained (n INTEGER PRIMARY KEY, holder TEXT NOT NULL)",
    "CREATE TABLE passage (n INTEGER PRIMARY KEY, holder TEXT NOT NULL, lets INTEGER NOT NULL, searched TEXT NOT NULL,"
    " count INTEGER NOT NULL, told BLOB NOT NULL)",
    "CREATE INDEX passage_holder ON passage (holder)",
    "CREATE TABLE difference (n INTEGER PRIMARY KEY, entity TEXT NOT NULL, searched TEXT NOT NULL, told BLOB NOT NULL)",
)
HOW = ("all", "some", "credential")  # by number, the gravest first
SIDES = ("lost", "gained")
_KINDS = ("added", "changed", "removed", "renamed")
_LETS_IN = ("let_in", "asked")


class Person(NamedTuple):
    """A holder who loses or gains something; `lost` and `gained` are numbers in HOW."""

    holder: str
    name: str
    household: str
    pair: int
    lost: int | None
    gained: int | None
    gone: tuple[str, ...]  # kinds of credentials that let in no more
    come: tuple[str, ...]


class ReviewStore:
    """One review. `close` lets it go; whoever asks then is told that it is gone."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()
        self._pairs = 0
        self._people: list[tuple[Any, ...]] = []
        self.told: ReviewTold | None = None
        self._db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        for statement in ("BEGIN", *_TABLES):
            self._db.execute(statement)

    # -- written, by one thread ---------------------------------------------------------------------------------------

    def add_pair(self, places: tuple[PlaceTold, ...], portal_of: dict[str, str]) -> int:
        """What becomes of everybody with the same profiles before and after. Gives its number."""
        self._pairs += 1
        kept = msgspec.msgpack.encode(places)
        while len(kept) > PAIR_BYTES_MAX:  # a site of hundreds of access points: the first ones are shown
            places = places[: len(places) // 2]
            kept = msgspec.msgpack.encode(places)
        self._db.execute("INSERT INTO pair VALUES (?, ?)", (self._pairs, kept))
        portals: dict[str, list[PlaceTold]] = {}
        for place in places:
            portals.setdefault(portal_of.get(place.point, place.point), []).append(place)
        rows = (
            (
                self._pairs,
                portal,
                any(each.shut for each in of),
                any(each.lost for each in of),
                any(each.opened for each in of),
                any(each.gained for each in of),
            )
            for portal, of in portals.items()
        )
        self._db.executemany("INSERT INTO pair_portal VALUES (?, ?, ?, ?, ?, ?)", rows)
        return self._pairs

    def add_person(self, person: Person) -> None:
        searched = "\n".join((person.holder, person.name, person.household)).lower()
        gone, come = (msgspec.json.encode(kinds).decode() for kinds in (person.gone, person.come))
        self._people.append((*person[:6], gone, come, searched))
        if len(self._people) >= ROWS_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        self._db.executemany("INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._people)
        self._people.clear()

    def add_passages(self, passages: Iterable[PassageTold]) -> None:
        rows = (
            (
                each.n,
                each.holder,
                each.change in _LETS_IN,
                f"{each.holder}\n{each.name}\n{each.point}".lower(),
                each.count,
                msgspec.msgpack.encode(each),
            )
            for each in passages
        )
        self._db.executemany("INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?)", rows)

    def add_differences(self, differences: Iterator[DifferenceTold]) -> tuple[Told, ...]:
        """All of them, in their order; gives counts by entity."""
        counts: dict[str, list[int]] = {}
        rows = []
        for each in differences:
            of = counts.setdefault(each.entity, [0] * len(_KINDS))
            of[_KINDS.index(each.kind)] += 1
            searched = "\n".join((each.id, each.owner, *each.before.values(), *each.after.values())).lower()
            rows.append((each.n, each.entity, searched, msgspec.msgpack.encode(each)))
            if len(rows) >= ROWS_AT_ONCE:
                self._db.executemany("INSERT INTO difference VALUES (?, ?, ?, ?)", rows)
                rows.clear()
        self._db.executemany("INSERT INTO difference VALUES (?, ?, ?, ?)", rows)
        return tuple(Told(entity, *of) for entity, of in counts.items())

    def finish(self) -> None:
        """Everybody is there: put them in their order."""
        self._flush()
        for side in SIDES:
            self._db.execute(
                f"INSERT INTO {side} (holder) SELECT holder FROM person WHERE {side} IS NOT NULL"
                f" ORDER BY {side}, name = '', name, holder"
            )
        self._db.execute("COMMIT")

    def counts(self, side: str) -> dict[str, int]:
        """How many lose (or gain) how much."""
        assert side in SIDES
        found = self._db.execute(f"SELECT {side}, count(*) FROM person WHERE {side} IS NOT NULL GROUP BY {side}")
        return {HOW[number]: count for number, count in found}

    def portals(self) -> tuple[PortalCount, ...]:
        """Of how many holders something changes at each portal."""
        sums = ", ".join(f"sum(n * {name})" for name in ("shut", "less", "opened", "more"))
        return tuple(
            PortalCount(*row)
            for row in self._db.execute(
                f"SELECT portal, {sums} FROM pair_portal JOIN (SELECT pair, count(*) AS n FROM person GROUP BY pair)"
                " USING (pair) GROUP BY portal ORDER BY portal"
            )
        )

    # -- read, by any thread ------------------------------------------------------------------------------------------

    def people(
        self, side: str, portal: str, words: str, after: int, most: int
    ) -> tuple[list[PersonTold], dict[int, tuple[PlaceTold, ...]], int]:
        """Up to `most` after place `after`; what becomes of each; how many there are with this filter."""
        assert side in SIDES
        where, values = ["true"], {"after": after, "most": most, "portal": portal, "words": words.lower()}
        if portal:
            wanted = "less" if side == "lost" else "more"
            where.append(f"pair IN (SELECT pair FROM pair_portal WHERE portal = :portal AND {wanted})")
        if words:
            where.append("instr(searched, :words)")
        tables = f"FROM {side} JOIN person USING (holder) WHERE {' AND '.join(where)}"
        lets = "lets" if side == "gained" else "NOT lets"
        with self._lock:
            total = self._db.execute(f"SELECT count(*) {tables}", values).fetchone()[0]
            rows = self._db.execute(
                f"SELECT n, holder, {side}, pair, name, household, {'gone' if side == 'lost' else 'come'},"
                f" (SELECT sum(count) FROM passage WHERE passage.holder = person.holder AND {lets})"
                f" {tables} AND n > :after ORDER BY n LIMIT :most",
                values,
            ).fetchall()
            places = {
                pair: msgspec.msgpack.decode(
                    self._db.execute("SELECT places FROM pair WHERE id = ?", (pair,)).fetchone()[0],
                    type=tuple[PlaceTold, ...],
                )
                for pair in {row[3] for row in rows}
            }
        told = [
            PersonTold(
                n=n,
                holder=holder,
                how=HOW[how],
                places=pair,
                name=name,
                household=household,
                kinds=msgspec.json.decode(kinds, type=tuple[str, ...]),
                passages=passages or 0,
            )
            for n, holder, how, pair, name, household, kinds, passages in rows
        ]
        return told, places, total

    def passages(self, words: str, after: int, most: int) -> tuple[list[PassageTold], int]:
        return self._page("passage", PassageTold, "", words, after, most)

    def differences(self, entity: str, words: str, after: int, most: int) -> tuple[list[DifferenceTold], int]:
        return self._page("difference", DifferenceTold, entity, words, after, most)

    def _page(self, table: str, kind: Any, entity: str, words: str, after: int, most: int) -> tuple[list[Any], int]:
        where = "WHERE (:words = '' OR instr(searched, :words))" + (" AND entity = :entity" if entity else "")
        values = {"after": after, "most": most, "entity": entity, "words": words.lower()}
        with self._lock:
            total = self._db.execute(f"SELECT count(*) FROM {table} {where}", values).fetchone()[0]
            rows = self._db.execute(
                f"SELECT told FROM {table} {where} AND n > :after ORDER BY n LIMIT :most", values
            ).fetchall()
        return [msgspec.msgpack.decode(told, type=kind) for (told,) in rows], total

    def close(self) -> None:
        with self._lock:
            self._db.close()
