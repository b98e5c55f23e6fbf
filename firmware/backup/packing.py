"""Makes a backup: every part is copied into the workroom, proven there, and sealed into one new file of mode 0600.

Nothing is stopped for it: databases are copied by SQLite's own backup, everything else is replaced whole by whoever
changes it. The file takes its name last, when it is on the disk and the journal knows of it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.backup.contents import (
    ACCOUNTS,
    ADOPTION,
    KINDS,
    LENGTH_BYTES,
    LIST_BYTES_MAX,
    NAMED,
    OVERLAY,
    PARTS_MAX,
    SITE,
    SOURCE,
    TOTAL_BYTES_MAX,
    VISITORS,
    Contents,
    Part,
)
from firmware.backup.entries import with_keys
from firmware.backup.errors import BackupError, BackupMisused, BackupRefused
from firmware.backup.naming import names_in, place_of
from firmware.backup.sealing import Cost, Sealer
from firmware.config import escaped
from firmware.identity import Identity
from firmware.roster import visitor_book
from firmware.roster.authority import read_authority
from firmware.roster.entry import Entry
from firmware.roster.errors import RosterError
from firmware.roster.files import open_regular, remove, sync_folder
from firmware.roster.install import CURRENT
from firmware.roster.overlay import Overlay
from firmware.roster.overlay_file import load
from firmware.roster.roster import open_roster
from firmware.roster.seal import claimed_signer
from firmware.roster.source.store import Source

FILE_MODE = 0o600
COPIED_AT_ONCE_BYTES = 1 << 20
PAGES_AT_ONCE = 1_000  # of a database: then others get their turn
LEVEL = 6

Step = Callable[[int, int], None]  # bytes done, of all


class Where(NamedTuple):
    """What a controller's parts are made of. `source` and `accounts` None: there is none."""

    site: Path
    state: Path
    source: Path | None = None
    accounts: Path | None = None


class Gathered(NamedTuple):
    """A part and its copy in the workroom."""

    part: Part
    copy: Path


def gather(where: Where, identity: Identity, work: Path) -> Iterator[Gathered]:
    """Copy and prove every part that there is. Raises BackupError, RosterError, OSError."""
    counter = iter(range(PARTS_MAX))

    def taken(kind: str, copy: Path, counts: dict[str, int], name: str = "") -> Gathered:
        size = copy.stat().st_size
        if size > KINDS[kind].bytes_max:
            raise BackupRefused(f"{escaped(name) or kind} has {size} bytes; at most {KINDS[kind].bytes_max} are kept")
        return Gathered(Part(kind, size, sha256_of(copy), name, counts), copy)

    def at(kind: str) -> Path:
        return work / f"{next(counter):04d}.{kind}"

    site = at(SITE)
    _copy(where.site, site, KINDS[SITE].bytes_max)
    yield taken(SITE, site, {})
    for name in names_in(site):
        copy = at(NAMED)
        beside = place_of(name, where.site.parent, (Path("/"),))  # what could not be restored is not backed up
        if beside.exists():
            _copy(beside, copy, KINDS[NAMED].bytes_max)
            yield taken(NAMED, copy, {}, name)
    if where.source is not None:
        copy = at(SOURCE)
        copy_database(where.source, copy)
        with Source.open(copy, readonly=True) as source:
            source.prove()
            yield taken(SOURCE, copy, _counts(source.db))
    roster = where.state / "roster"
    overlay = load(roster, identity.public_key).overlay
    if overlay:
        entries = _with_keys(overlay, roster)
        copy = at(OVERLAY)
        _put(copy, msgspec.json.encode(entries))
        suspended = sum(not entry.lets_in for entry in entries)
        yield taken(OVERLAY, copy, {"suspensions": suspended, "enrolled": len(entries) - suspended})
    adoption = read_authority(roster, identity).adoption
    if adoption is not None:
        copy = at(ADOPTION)
        # A digest key would make the PINs of stolen rosters readable; the community gives it anew when it adopts.
        _put(copy, msgspec.json.encode(msgspec.structs.replace(adoption, digest_key=None)))
        yield taken(ADOPTION, copy, {"signers": len(adoption.signers)})
    if where.accounts is not None:
        copy = at(ACCOUNTS)
        copy_database(where.accounts, copy)
        prove_database(copy, ACCOUNTS)
        yield taken(ACCOUNTS, copy, {})
    visitors = where.state / KINDS[VISITORS].place
    if visitors.is_file():
        copy = at(VISITORS)
        copy_database(visitors, copy)
        count = visitors_in(copy)
        if count is not None:
            yield taken(VISITORS, copy, {"visitors": count})


def write(
    out: Path,
    contents: Contents,
    copies: list[Path],
    passphrase: str,
    *,
    recorded: Callable[[], None],
    step: Step = lambda _done, _all: None,
    cost: Cost | None = None,
) -> int:
    """Seal the parts into a new file, have it `recorded`, and give it its name; its size in bytes.

    `recorded` is called when the file is whole and on the disk; where it raises there is no file. Raises BackupMisused
    where a file is there already, BackupError where the disk fails.
    """
    if contents.bytes > TOTAL_BYTES_MAX:
        raise BackupRefused(f"all parts have {contents.bytes} bytes; at most {TOTAL_BYTES_MAX} are kept in one backup")
    aside = out.with_name(out.name + ".new")
    if out.exists() or out.is_symlink():
        raise BackupMisused(f"{out} is already there: nothing is overwritten. Give another name.")
    try:
        remove(aside)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            with open(os.open(aside, flags, FILE_MODE), "wb") as file:
                sealer = Sealer(file, passphrase, contents.menshen, cost)
                for content in _packed(contents, copies, step):
                    sealer.write(content)
                sealer.finish()
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            recorded()
            _name(aside, out)
            sync_folder(out.parent)
        finally:
            remove(aside)
    except FileExistsError as error:
        raise BackupMisused(f"{out} is already there: nothing is overwritten. Give another name.") from error
    except OSError as error:
        raise BackupError(f"{out} was not made: {error.strerror or error}. Give a folder that has room.") from error
    return size


def _name(aside: Path, out: Path) -> None:
    """Give the whole file its name, which nobody has yet. Raises OSError, of which FileExistsError."""
    try:
        os.link(aside, out)  # unlike a rename it takes nobody's name
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP):
            raise
        os.close(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        try:
            aside.rename(out)  # a stick with FAT has no links: over our own empty file
        except OSError:
            remove(out)
            raise


def _packed(contents: Contents, copies: list[Path], step: Step) -> Iterator[bytes]:
    """The list, then every part in its order, compressed as one."""
    listed = msgspec.json.encode(contents)
    if len(listed) > LIST_BYTES_MAX:
        raise BackupRefused("the site file names too many files for one backup")
    packer = zlib.compressobj(LEVEL)
    yield packer.compress(len(listed).to_bytes(LENGTH_BYTES, "big") + listed)
    done, total = 0, contents.bytes
    for copy in copies:
        with copy.open("rb") as file:
            while content := file.read(COPIED_AT_ONCE_BYTES):
                yield packer.compress(content)
                done += len(content)
                step(done, total)
    yield packer.flush()


# -- copies -----------------------------------------------------------------------------------------------------------


def copy_database(path: Path, to: Path) -> None:
    """A consistent copy of an SQLite file that may be in use, in one file of mode 0600. Raises BackupError."""
    try:
        if not path.is_file():
            raise BackupMisused(f"{path}: there is no such file")
        _put(to, b"")
        reading = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)
        try:
            writing = sqlite3.connect(to)
            try:
                reading.backup(writing, pages=PAGES_AT_ONCE)
                writing.execute("PRAGMA journal_mode = DELETE").fetchone()  # no log beside it
            finally:
                writing.close()
        finally:
            reading.close()
    except (sqlite3.Error, OSError) as error:
        raise BackupError(
            f"{path} cannot be copied: {error}. It is no database, damaged, or not to be read."
        ) from error


def prove_database(path: Path, kind: str) -> None:
    """Whether an SQLite file is whole, and of its kind. Raises BackupRefused."""
    try:
        db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            application, version = (db.execute(f"PRAGMA {n}").fetchone()[0] for n in ("application_id", "user_version"))
            own_will = db.execute("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error as error:
        raise BackupRefused(f"{path.name} is no database that can be read: {error}") from error
    if found != "ok":
        raise BackupRefused(f"{path.name} is a damaged database: {found}")
    if application != KINDS[kind].application:
        raise BackupRefused(f"{path.name} is another kind of database, no {kind} of this program")
    if own_will:
        raise BackupRefused(f"{path.name} has triggers or views, which no {kind} of this program has")
    if version > KINDS[kind].version_max:
        raise BackupRefused(f"{path.name} is of a newer program (format {version}): update Menshen first")


def _copy(path: Path, to: Path, bytes_max: int) -> None:
    with open_regular(path) as reading:
        content = reading.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise BackupRefused(f"{escaped(str(path))} has more than {bytes_max} bytes: it is not what it should be")
    _put(to, content)


def _put(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb") as file:
        file.write(content)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    """How much a source holds."""
    pin = "digest:%"
    one = {
        name: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for name, table in (("holders", "holder"), ("credentials", "credential"), ("vehicles", "vehicle"))
    }
    beside = db.execute(
        "SELECT count(pin_with) + count(duress_pin_with) + (SELECT count(*) FROM credential WHERE key LIKE ?)"
        " FROM holder",
        (pin,),
    ).fetchone()[0]
    return {**one, "pins": beside}


def visitors_in(copy: Path) -> int | None:
    """How many names; None: the book was never begun, by a desk that ended just then. Raises BackupRefused."""
    prove_database(copy, VISITORS)
    db = sqlite3.connect(f"{copy.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        if db.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None:
            return None
        if {row[1] for row in db.execute("PRAGMA table_info(visitor)")} - {"host"} != visitor_book.COLUMNS:
            raise BackupRefused(f"{KINDS[VISITORS].place} is no list of visitors")
        return int(db.execute("SELECT count(*) FROM visitor").fetchone()[0])
    except sqlite3.Error as error:
        raise BackupRefused(f"{KINDS[VISITORS].place} is no list of visitors: {error}") from error
    finally:
        db.close()


def _with_keys(overlay: Overlay, folder: Path) -> list[Entry]:
    """The local entries, as far as the roster in service tells whose tokens they name."""
    try:
        with open_roster(folder / CURRENT, [claimed_signer(folder / CURRENT)]) as roster:
            return with_keys(overlay, roster)
    except (RosterError, OSError):  # none, or none that can be read: they go as they are
        return list(overlay)
