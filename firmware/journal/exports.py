"""The journal for other programs: JSON lines that can be verified without us, CSV for a spreadsheet, a signed head.

A JSON line holds the header exactly as it was hashed (rows.py says how), with commitment, previous hash and hash. An
export of all rows is a chain that proves itself; the head file beside it is the witness.
"""

from __future__ import annotations

import csv
import io
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
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_COLUMNS = (
    "epoch", "seq", "utc", "utc_ms", "monotonic_ms", "boot", "severity", "code", "portal", "access_point", "reader",
    "device", "reasons", "count", "detail", "request",
)  # fmt: skip
_ROWS = """SELECT seq, header, body, salt, commitment, previous, hash FROM events
WHERE seq > ? AND (? IS NULL OR utc_ms >= ?) AND (? IS NULL OR utc_ms < ?) ORDER BY seq"""


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
        rows = connection.execute(_ROWS, (anchor_of(connection), *window))
        lines = _json_lines(rows, with_bodies) if form == "jsonl" else _csv_lines(rows, with_bodies)
        count = -1 if form == "csv" else 0  # CSV begins with the names of its columns
        for line in lines:
            out.write(line)
            count += 1
            if progress is not None and count % PROGRESS_ROWS == 0:
                progress(count)
        return count


def export_head(path: Path, to: Path) -> SignedHead | None:
    """Write the newest signed head to a file, to be kept outside the board; None where nothing is signed yet.

    Raises JournalUnreachable, JournalDamaged, OSError.
    """
    with reading(path, steps_max=None) as connection:
        row = connection.execute(
            "SELECT seq, hash, utc_ms, public_key, signature FROM heads ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        if row is None:
            return None
        seq, digest, utc_ms, key, signature = row
        head = SignedHead(epoch_of(connection), seq, digest.hex(), utc_ms, key.hex(), signature.hex())
    write_head(to, head)
    return head


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
    body_columns = Body.__struct_fields__ if with_bodies else ()
    yield _csv_line([*_COLUMNS, *body_columns, "hash"])
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
