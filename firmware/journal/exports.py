"""The journal for other programs: JSON lines that can be verified without us, CSV for a spreadsheet, a signed head.

A JSON line holds the header exactly as it was hashed (rows.py says how), with commitment, previous hash and hash. An
export of all rows is a chain that proves itself; the head file beside it is the witness.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import msgspec

from firmware.core.effects import Body
from firmware.journal.errors import JournalDamaged, QueryRefused
from firmware.journal.heads import SignedHead, write_head
from firmware.journal.reading import anchor_of, epoch_of, reading
from firmware.journal.rows import NOTHING, commitment_of, decode_body, decode_header

PROGRESS_ROWS = 10_000
FORMATS = ("jsonl", "csv")
SEQ_MAX = (1 << 63) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = (
    "epoch", "seq", "utc", "utc_ms", "monotonic_ms", "boot", "severity", "code", "portal", "access_point", "reader",
    "device", "reasons", "count", "detail", "request",
)  # fmt: skip
_ROWS = """SELECT seq, header, body, salt, commitment, previous, hash FROM events
WHERE seq > ? AND seq <= ? AND (? IS NULL OR utc_ms >= ?) AND (? IS NULL OR utc_ms < ?) ORDER BY seq"""
PIECE_ROWS = 2_000  # about 1 MB of JSON lines


def export(
    path: Path,
    form: str,
    out: BinaryIO,
    *,
    since_utc: int | None = None,
    until_utc: int | None = None,
    with_bodies: bool = False,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write rows, oldest first, in bounded memory; returns how many.

    `form` is jsonl or csv. Bodies (who) only where asked for: with their salts in JSON lines, so that the chain can
    be proven down to them. `since_utc` <= time < `until_utc` in milliseconds. `progress` gets the rows done.

    Raises QueryRefused, JournalUnreachable, JournalDamaged, and OSError of `out`.
    """
    if form not in FORMATS:
        raise QueryRefused(f"a journal is exported as {' or '.join(FORMATS)}, not as {form!r}")
    with reading(path, steps_max=None) as connection:
        window = (since_utc, since_utc, until_utc, until_utc)
        rows = connection.execute(_ROWS, (anchor_of(connection), SEQ_MAX, *window))
        count = 0
        out.write(_beginning(form, with_bodies))
        for line in _lines(rows, form, with_bodies):
            out.write(line)
            count += 1
            if progress is not None and count % PROGRESS_ROWS == 0:
                progress(count)
        return count


def export_pieces(
    path: Path,
    form: str,
    *,
    since_utc: int | None = None,
    until_utc: int | None = None,
    with_bodies: bool = False,
) -> Iterator[bytes]:
    """The bytes that `export` writes of the rows that are there now, piece by piece, for a reader who may be slow.

    The journal is open only while a piece is made: a reader who holds it open lets its write-ahead log grow for as
    long. Raises what `export` raises, and QueryRefused where retention removed what was still to come.
    """
    if form not in FORMATS:
        raise QueryRefused(f"a journal is exported as {' or '.join(FORMATS)}, not as {form!r}")
    with reading(path, steps_max=None) as connection:
        epoch, done = epoch_of(connection), anchor_of(connection)
        last = connection.execute("SELECT max(seq) FROM events").fetchone()[0] or done
    yield _beginning(form, with_bodies)
    while done < last:
        upto = min(done + PIECE_ROWS, last)
        with reading(path, steps_max=None) as connection:
            if epoch_of(connection) != epoch or anchor_of(connection) > done:
                raise QueryRefused("rows were removed while they were exported: export a narrower time")
            rows = connection.execute(_ROWS, (done, upto, since_utc, since_utc, until_utc, until_utc))
            piece = b"".join(_lines(rows, form, with_bodies))
        done = upto
        yield piece


def purpose_line(form: str, purpose: str, since_ms: int | None, until_ms: int | None) -> bytes:
    """The first line of an export for which a purpose was stated."""
    if form == "jsonl":
        said = {"purpose": purpose, "since_utc_ms": since_ms, "until_utc_ms": until_ms}
        return json.dumps({"export": said}).encode() + b"\n"
    return _csv_line([f"purpose: {purpose}"])


def newest_head(path: Path) -> SignedHead | None:
    """The newest signed head; None where nothing is signed yet. Raises JournalUnreachable, JournalDamaged."""
    with reading(path, steps_max=None) as connection:
        row = connection.execute(
            "SELECT seq, hash, utc_ms, public_key, signature FROM heads ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        seq, digest, utc_ms, key, signature = row
        return SignedHead(epoch_of(connection), seq, digest.hex(), utc_ms, key.hex(), signature.hex())


def export_head(path: Path, to: Path) -> SignedHead | None:
    """Write the newest signed head to a file, to be kept outside the board; None where nothing is signed yet.

    Raises JournalUnreachable, JournalDamaged, OSError.
    """
    head = newest_head(path)
    if head is not None:
        write_head(to, head)
    return head


def _beginning(form: str, with_bodies: bool) -> bytes:
    """CSV begins with the names of its columns."""
    return _csv_line([*_COLUMNS, *_body_columns(with_bodies), "hash"]) if form == "csv" else b""


def _body_columns(with_bodies: bool) -> tuple[str, ...]:
    return Body.__struct_fields__ if with_bodies else ()


def _lines(rows: sqlite3.Cursor, form: str, with_bodies: bool) -> Iterator[bytes]:
    return _json_lines(rows, with_bodies) if form == "jsonl" else _csv_lines(rows, with_bodies)


def _json_lines(rows: sqlite3.Cursor, with_bodies: bool) -> Iterator[bytes]:
    for _, header, body, salt, commitment, previous, digest in rows:
        proof = commitment or (commitment_of(salt, body) if body is not None else NOTHING)
        line = b'{"header":%b,"commitment":"%b","previous":"%b","hash":"%b"' % (
            header,
            proof.hex().encode(),
            previous.hex().encode(),
            digest.hex().encode(),
        )
        if with_bodies and body is not None:
            line += b',"body":%b,"salt":"%b"' % (body, salt.hex().encode())
        yield line + b"}\n"


def _csv_lines(rows: sqlite3.Cursor, with_bodies: bool) -> Iterator[bytes]:
    body_columns = _body_columns(with_bodies)
    for seq, raw, raw_body, _, _, _, digest in rows:
        try:
            header = decode_header(raw)
            body = decode_body(raw_body) if with_bodies and raw_body is not None else Body()
        except msgspec.DecodeError as error:
            raise JournalDamaged(f"row {seq} cannot be understood ({error}): run journal verify") from error
        cells: list[object] = [header.epoch, header.seq, _iso(header.utc_ms)]
        cells += [getattr(header, column) for column in _COLUMNS[3:]]
        cells += [getattr(body, column) for column in body_columns]
        yield _csv_line([*cells, digest.hex()])


def _csv_line(cells: list[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> str:
    """The text of a cell. A spreadsheet must not take it for a formula (OWASP, CSV injection)."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        value = " ".join(value)
    text = str(value).replace("\x00", "")
    return "'" + text if not isinstance(value, int) and text.lstrip(" ").startswith(_FORMULA) else text


def _iso(utc_ms: int | None) -> str:
    """ISO 8601 with milliseconds; empty where the time is unknown or no calendar has it."""
    if utc_ms is None:
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=utc_ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except OverflowError:
        return ""
