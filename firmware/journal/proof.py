"""Whether a journal is whole: each row against its hash, each hash against the next row, each signed head against both.

What this cannot see by itself: rows cut off the end together with the signed heads that would miss them. A head seen
outside the board (a witness) shows it: see `witness_head`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from firmware.core.codes import Code
from firmware.journal.erasure import read_ranges
from firmware.journal.heads import SignedHead
from firmware.journal.reading import anchor_of, epoch_of, reading
from firmware.journal.rows import (
    HASH_BYTES,
    NOTHING,
    Header,
    commitment_of,
    decode_body,
    decode_header,
    hash_of,
    people_in,
    person_key,
)

PROGRESS_ROWS = 10_000  # between two reports of progress
_ROWS = """SELECT e.seq, e.utc_ms, k.word, p.word, e.header, e.body, e.salt, e.commitment, e.previous, e.hash
FROM events e LEFT JOIN words k ON k.id = e.kind LEFT JOIN words p ON p.id = e.portal WHERE e.seq > ? ORDER BY e.seq"""


class Flaw(StrEnum):
    """What is wrong with a journal."""

    ANCHOR = "anchor"  # the beginning is not proven by a signed head
    GAP = "gap"  # rows are missing
    LINK = "link"  # a row does not follow the one before
    HASH = "hash"  # a row is not what its hash says
    FORM = "form"  # a row cannot be understood
    COLUMN = "column"  # what is searched by is not what the row says
    ERASED = "erased"  # a body is gone, and no tombstone says so
    MENTION = "mention"  # the index of people is not what the bodies say
    SIGNATURE = "signature"  # a signed head is not signed by the device's key
    HEAD = "head"  # a signed head is not the row's
    TAIL = "tail"  # the witness saw rows that are not here
    WITNESS = "witness"  # the witness saw another row here


class Verdict(msgspec.Struct, frozen=True):
    """What was proven. `flaw` is None where nothing is wrong; `at` is then the newest row, else the first broken one.

    `signed_seq`: up to this row the device's key vouches (0: no key was given, or nothing is signed). `witnessed_seq`:
    up to this row nothing can have been cut off (0: no witness). Rows behind both are chained, and no more.
    """

    epoch: int
    anchor: int  # rows up to this one were removed by retention
    at: int
    hash: str  # of the newest row that was proven
    rows: int
    erased: int
    signed_seq: int
    witnessed_seq: int
    flaw: Flaw | None = None
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.flaw is None


class _Broken(Exception):
    """Carries the first flaw out of the walk."""

    def __init__(self, flaw: Flaw, seq: int, detail: str) -> None:
        super().__init__(detail)
        self.flaw, self.seq, self.detail = flaw, seq, detail


def verify(
    path: Path,
    public_key: bytes | None,
    witness_head: SignedHead | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Walk through a whole journal in bounded memory (a bit for each row).

    `public_key` is the device's, 32 bytes; without it signatures are not proven. `witness_head` is a head that was
    seen outside the board; with a key its signature must hold. `progress` gets (rows done, rows in all).

    Raises JournalUnreachable, JournalDamaged where the file cannot be read to its end.
    """
    with reading(path, steps_max=None) as connection:
        return _Walk(connection, public_key).verdict(witness_head, progress)


class _Walk:
    """One reading of the journal from its anchor to its head."""

    def __init__(self, connection: sqlite3.Connection, public_key: bytes | None) -> None:
        self.db = connection
        self.key = public_key
        self.epoch = epoch_of(connection)
        self.anchor = anchor_of(connection)
        self.last: int = max(self.anchor, connection.execute("SELECT max(seq) FROM events").fetchone()[0] or 0)
        self.seq, self.hash = self.anchor, NOTHING
        self.erased = self.signed = self.mentions = self.mentions_sum = 0

    def verdict(self, witness: SignedHead | None, progress: Callable[[int, int], None] | None) -> Verdict:
        flaw: _Broken | None = None
        witnessed = 0
        try:
            heads = self._heads()
            self._begin(heads)
            if witness is not None and witness.epoch == self.epoch and witness.seq == self.anchor:
                self._compare(witness)
            erasures = self._tombstones()
            for row in self.db.execute(_ROWS, (self.anchor,)):
                self._row(row, erasures)
                if self.seq in heads:
                    self._head(heads[self.seq])
                if witness is not None and witness.epoch == self.epoch and witness.seq == self.seq:
                    self._compare(witness)
                if progress is not None and self.seq % PROGRESS_ROWS == 0:
                    progress(self.seq - self.anchor, self.last - self.anchor)
            self._mentions()
            witnessed = self._witnessed(witness)
        except _Broken as broken:
            flaw = broken
        return Verdict(
            epoch=self.epoch,
            anchor=self.anchor,
            at=flaw.seq if flaw else self.seq,
            hash=self.hash.hex(),
            rows=self.seq - self.anchor,
            erased=self.erased,
            signed_seq=self.signed,
            witnessed_seq=witnessed,
            flaw=flaw.flaw if flaw else None,
            detail=flaw.detail if flaw else "",
        )

    # -- signed heads -------------------------------------------------------------------------------------------------

    def _heads(self) -> dict[int, SignedHead]:
        """All signed heads in the file: one for some thousand rows."""
        rows = self.db.execute(
            "SELECT seq, hash, utc_ms, public_key, signature FROM heads WHERE seq >= ?", (self.anchor,)
        )
        return {
            seq: SignedHead(self.epoch, seq, digest.hex(), utc_ms, key.hex(), signature.hex())
            for seq, digest, utc_ms, key, signature in rows
        }

    def _begin(self, heads: dict[int, SignedHead]) -> None:
        """The first row follows nothing, or the signed head at which a prefix was removed."""
        beyond = [seq for seq in heads if seq > self.last]
        if beyond:
            raise _Broken(Flaw.TAIL, self.last, f"row {max(beyond)} was signed and is not here")
        if self.anchor == 0:
            return
        if self.anchor not in heads:
            raise _Broken(Flaw.ANCHOR, self.anchor, "rows were removed up to here, and no signed head proves the cut")
        self.hash = bytes.fromhex(heads[self.anchor].hash)
        self._head(heads[self.anchor])

    def _head(self, head: SignedHead) -> None:
        if bytes.fromhex(head.hash) != self.hash:
            raise _Broken(Flaw.HEAD, head.seq, "the signed head names another row")
        if self.key is None:
            return
        if not head.holds(self.key):
            raise _Broken(Flaw.SIGNATURE, head.seq, "the head is not signed by this device's key")
        self.signed = head.seq

    # -- the witness --------------------------------------------------------------------------------------------------

    def _compare(self, witness: SignedHead) -> None:
        if bytes.fromhex(witness.hash) != self.hash:
            raise _Broken(Flaw.WITNESS, self.seq, "the witness saw another row here: the journal was written anew")

    def _witnessed(self, witness: SignedHead | None) -> int:
        if witness is None:
            return 0
        if self.key is not None and not witness.holds(self.key):
            raise _Broken(Flaw.SIGNATURE, self.seq, "the witness's head is not signed by this device's key")
        if witness.epoch != self.epoch:
            detail = f"the witness saw epoch {witness.epoch}, this journal is epoch {self.epoch}"
            if witness.epoch > self.epoch:
                raise _Broken(Flaw.TAIL, self.seq, detail)
            return 0
        if witness.seq > self.last:
            raise _Broken(Flaw.TAIL, self.seq, f"the witness saw row {witness.seq}, which is not here")
        return witness.seq

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _tombstones(self) -> bytearray:
        """A bit for each row that a tombstone names. The tombstones are rows: the walk proves them too."""
        named = bytearray((self.last - self.anchor) // 8 + 1)
        kind = self.db.execute("SELECT id FROM words WHERE word = ?", (Code.ERASED.value,)).fetchone()
        for number in self._erased_by(kind[0]) if kind else ():
            if self.anchor < number <= self.last:
                named[(number - self.anchor) // 8] |= 1 << (number - self.anchor) % 8
        return named

    def _erased_by(self, kind: int) -> Iterator[int]:
        portals = self.db.execute("SELECT DISTINCT portal FROM events").fetchall()
        for (portal,) in portals:
            rows = self.db.execute(
                "SELECT seq, header FROM events WHERE portal = ? AND kind = ? AND seq > ?", (portal, kind, self.anchor)
            )
            for seq, header in rows:
                try:
                    for numbers in read_ranges(decode_header(header).detail):
                        if len(numbers) > self.last or numbers.stop > seq:
                            raise ValueError("names rows that are not there")
                        yield from numbers
                except (msgspec.DecodeError, ValueError, TypeError) as error:
                    raise _Broken(Flaw.FORM, seq, f"the tombstone cannot be read: {error}") from error

    def _row(self, row: tuple[object, ...], erasures: bytearray) -> None:
        seq, utc_ms, kind, portal, raw, body, salt, commitment, previous, digest = row
        assert isinstance(seq, int)
        if seq != self.seq + 1:
            raise _Broken(Flaw.GAP, self.seq + 1, f"rows {self.seq + 1} to {seq - 1} are missing")
        if previous != self.hash:
            raise _Broken(Flaw.LINK, seq, "the row does not follow the one before it")
        if not isinstance(raw, bytes) or not isinstance(digest, bytes) or len(digest) != HASH_BYTES:
            raise _Broken(Flaw.FORM, seq, "the row has no header or no hash")
        proof = NOTHING
        if body is not None or salt is not None:
            if not isinstance(body, bytes) or not isinstance(salt, bytes) or commitment is not None:
                raise _Broken(Flaw.FORM, seq, "the row has half a body")
            proof = commitment_of(salt, body)
        elif commitment is not None:
            if not isinstance(commitment, bytes) or len(commitment) != HASH_BYTES:
                raise _Broken(Flaw.FORM, seq, "the row has no proper commitment")
            proof = commitment
            self.erased += 1
            if not erasures[(seq - self.anchor) // 8] >> (seq - self.anchor) % 8 & 1:
                raise _Broken(Flaw.ERASED, seq, "the body was erased and no tombstone says so")
        assert isinstance(previous, bytes)
        if hash_of(previous, raw, proof) != digest:
            raise _Broken(Flaw.HASH, seq, "the row is not what its hash says: its content was changed")
        self._columns(seq, raw, body if isinstance(body, bytes) else None, (utc_ms, kind, portal))
        self.seq, self.hash = seq, digest

    def _columns(self, seq: int, raw: bytes, body: bytes | None, columns: tuple[object, object, object]) -> None:
        try:
            header: Header = decode_header(raw)
            people = [person_key(person) for person in people_in(decode_body(body))] if body is not None else []
        except (msgspec.DecodeError, TypeError) as error:
            raise _Broken(Flaw.FORM, seq, f"the row cannot be understood: {error}") from error
        if (header.epoch, header.seq) != (self.epoch, seq):
            raise _Broken(Flaw.LINK, seq, f"the row was written as {header.epoch}:{header.seq}")
        if columns != (header.utc_ms, header.code, header.portal):
            raise _Broken(Flaw.COLUMN, seq, "time, kind or portal in the index are not those of the row")
        self.mentions += len(people)
        self.mentions_sum += seq * len(people)

    def _mentions(self) -> None:
        """The index of people has exactly as many entries as the bodies mention, for rows of the same sum."""
        count, total = self.db.execute(
            "SELECT count(*), ifnull(sum(seq), 0) FROM mentions WHERE seq > ?", (self.anchor,)
        ).fetchone()
        if (count, total) != (self.mentions, self.mentions_sum):
            raise _Broken(
                Flaw.MENTION, self.seq, "the index of people is not what the rows say: searches may miss rows"
            )
