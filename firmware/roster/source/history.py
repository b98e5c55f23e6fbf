"""The chain of the source's history: what is hashed, in which bytes, and whether all of it still fits.

Everything but `verify_history` is pure, and small enough to be written again in another language from this page:

- A change commits to its words: `SHA-256("menshen source change 1\\n", salt, JSON of [entity, id, before, after])`,
  where before and after are the texts as they stand (JSON of the row's columns) or null.
- A batch commits likewise: `SHA-256("menshen source words 1\\n", salt, JSON of [why, file])`.
- The digest of a batch is the SHA-256 of the commitments of its changes in the order of their places.
- `hash = SHA-256("menshen source batch 1\\n", previous hash, length of header as four bytes big-endian, header,
  commitment of its words, digest)`; the header is the JSON of `Header`. The first batch has 32 zero bytes before it.

An erased change has lost its id, its words and its salt and has kept its commitment, so the chain still proves. JSON is
without spaces and in UTF-8.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

import msgspec

from firmware.roster.source.errors import SourceDamaged
from firmware.roster.source.schema import ENTITIES, id_sql, json_sql

HASH_BYTES = 32
NOTHING = bytes(HASH_BYTES)  # the hash before the first batch
_CHANGE_DOMAIN = b"menshen source change 1\n"
_WORDS_DOMAIN = b"menshen source words 1\n"
_BATCH_DOMAIN = b"menshen source batch 1\n"
_SHOWN = 5  # entities named where the tables are not what the history says

_encode = msgspec.json.Encoder().encode


class Head(NamedTuple):
    """The newest batch: (0, 32 zero bytes) where there is none."""

    batch: int
    hash: bytes


class Header(msgspec.Struct, frozen=True, array_like=True):
    """What of a batch is never erased."""

    id: int
    at_s: int
    kind: str
    who: str
    sha256: str | None  # of the file that was imported
    undoes: int | None
    changes: int


class Proof(NamedTuple):
    """What `verify_history` found to be whole."""

    head: Head
    batches: int
    changes: int
    erased: int  # changes of which only the commitment is left


def commitment_of(salt: bytes, entity: str, id: str | None, before: str | None, after: str | None) -> bytes:
    """What stays of a change after its erasure."""
    return sha256(_CHANGE_DOMAIN + salt + _encode((entity, id, before, after))).digest()


def words_of(salt: bytes, why: str | None, file: str | None) -> bytes:
    """What stays of a batch's words after their erasure."""
    return sha256(_WORDS_DOMAIN + salt + _encode((why, file))).digest()


def hash_of(previous: bytes, header: Header, words: bytes, digest: bytes) -> bytes:
    """The hash of a batch."""
    encoded = _encode(header)
    return sha256(_BATCH_DOMAIN + previous + len(encoded).to_bytes(4, "big") + encoded + words + digest).digest()


Change = tuple[str, str | None, str | None, str | None, bytes | None, bytes | None]
CHANGE_SQL = "SELECT entity, id, before, after, salt, commitment FROM change"


def digest_of(changes: Iterable[Change]) -> tuple[bytes, int, int]:
    """(digest, number of changes, number of erased ones) of the changes of a batch in the order of their places."""
    digest, count, erased = sha256(), 0, 0
    for entity, id, before, after, salt, commitment in changes:
        count += 1
        if commitment is not None:
            erased += 1
            digest.update(commitment)
        else:
            digest.update(commitment_of(salt or b"", entity, id, before, after))
    return digest.digest(), count, erased


def verify_history(db: sqlite3.Connection) -> Proof:
    """Prove that the chain holds and that the tables are what the history says.

    The chain alone cannot show that its end was cut off: compare the head with one that was written down elsewhere,
    such as the one in a roster's seal. Raises SourceDamaged; sqlite3.Error.
    """
    head, batches, all_changes, all_erased = Head(0, NOTHING), 0, 0, 0
    sql = (
        "SELECT id, at_s, kind, who, sha256, undoes, changes, why, file, salt, commitment, hash, first,"
        " lead(first) OVER (ORDER BY id) FROM batch ORDER BY id"
    )
    for row in db.execute(sql).fetchall():
        header = Header(*row[:7])
        why, file, salt, words, found, first, end = row[7:]
        if header.id != head.batch + 1:
            raise SourceDamaged(f"The history lacks batch {head.batch + 1}. {_GO_ON}")
        rows = db.execute(
            f"{CHANGE_SQL} WHERE place >= ? AND (? IS NULL OR place < ?) AND batch = ? ORDER BY place",
            (first, end, end, header.id),
        )
        digest, changes, erased = digest_of(rows)
        words = words if words is not None else words_of(salt or b"", why, file)
        if changes != header.changes or hash_of(head.hash, header, words, digest) != found:
            raise SourceDamaged(f"Batch {header.id} of the history is not what was written. {_GO_ON}")
        head = Head(header.id, found)
        batches, all_changes, all_erased = batches + 1, all_changes + changes, all_erased + erased
    stray = db.execute("SELECT count(*) FROM change").fetchone()[0] - all_changes
    if stray:
        raise SourceDamaged(f"{stray} change(s) of the history belong to no batch. {_GO_ON}")
    _compare(db)
    return Proof(head, batches, all_changes, all_erased)


_GO_ON = "Somebody wrote into the file past its programs: keep it, and go on with the last copy that is whole."


def _compare(db: sqlite3.Connection) -> None:
    """Refuse tables that are not what the last change of each row left."""
    for entity in ENTITIES:
        last = f"SELECT id, after, max(batch) FROM change WHERE entity = '{entity}' AND commitment IS NULL GROUP BY id"
        here = f"SELECT {id_sql(entity, 'row')} AS id, {json_sql(entity, 'row')} AS now FROM {entity} AS row"
        sql = (
            f"WITH last AS MATERIALIZED ({last}) SELECT here.id FROM ({here}) AS here LEFT JOIN last USING (id)"
            " WHERE last.after IS NOT here.now LIMIT ?"
        )
        wrong = [str(row[0]) for row in db.execute(sql, (_SHOWN,))]
        if wrong:
            raise SourceDamaged(f"{entity} {', '.join(wrong)}: not what the history says. {_GO_ON}")
        rows = db.execute(f"SELECT count(*) FROM {entity}").fetchone()[0]
        left = db.execute(f"SELECT count(*) FROM ({last}) WHERE after IS NOT NULL").fetchone()[0]
        if rows != left:
            raise SourceDamaged(f"{entity}: {rows} there, {left} by the history. {_GO_ON}")
