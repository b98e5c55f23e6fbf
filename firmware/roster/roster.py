"""The roster in use: opened once it is proven, looked up by kind and key. In memory are a page cache and the rulebook.

A lookup takes one row by its primary key, with bound parameters only. Whoever holds a Roster keeps its file, also after
another one has taken the name. Not mapped into memory: a card that fails would then end the process instead of raising.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
import urllib.parse
from collections.abc import Collection, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol, Self

import msgspec

from firmware.core.access import Factor, Rulebook
from firmware.roster.errors import RosterDamaged, RosterMissing, RosterUnusable
from firmware.roster.files import open_regular
from firmware.roster.keys import KEY_CHARACTERS_MAX, KIND
from firmware.roster.schema import APPLICATION_ID, INDEX, RULEBOOK, SCHEMA, STATUSES, TABLES, TIME_ZONE
from firmware.roster.seal import Seal, check

CACHE_KB = 1_024  # inner pages and what is looked up again and again; the rest is the system's page cache
_NO_DIGEST = bytes(16)  # compared with where a holder has no PIN, so that this takes as long

_FIND = (
    "SELECT token, holder, status, duress, valid_from_s, valid_until_s, use_limit,"
    " household, spaces, profile_set, flags, owned FROM credential WHERE kind = ? AND key = ?"
)
_PINS_WITH = "SELECT pin_with, duress_with FROM holder WHERE id = ?"
_HOLDER = "SELECT household, spaces, profile_set, flags, owned FROM holder WHERE id = ?"
_KEYS_OF = "SELECT kind, key FROM credential WHERE holder = ? ORDER BY kind, key"
_HOLDINGS = (
    "SELECT holder, profile_set, kind, token, status, valid_from_s, valid_until_s FROM credential"
    " ORDER BY holder, kind, key"
)
_META = "SELECT value FROM meta WHERE name = ?"
_FACTOR = {number: factor for factor, number in KIND.items()}


class Digests(Protocol):
    """Makes PIN digests with the key that the roster was built with. firmware.identity.Identity is one."""

    def pin_digest(self, salt_holder: str, pin: str) -> bytes: ...


class SecondPin(StrEnum):
    """A PIN given beside another credential is this holder's."""

    RIGHT = "right"
    DURESS = "duress"


class Enrolled(msgspec.Struct, frozen=True, gc=False):
    """What the file says of one credential and its holder: the part of Known that does not change."""

    factor: Factor
    holder: str
    credential: str
    household: str | None
    spaces: int | None
    profiles: tuple[str, ...]
    flags: int  # bits of schema.FLAGS
    status: str
    duress: bool
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None
    second_factors: tuple[Factor, ...]


def open_roster(
    path: Path,
    trusted_keys: Collection[bytes],
    minimum_version: int = 0,
    *,
    digest_key_id: str | Collection[str] | None = None,
) -> Roster:
    """Prove the file and open it. `trusted_keys` are raw Ed25519 public keys; reads the whole file once.

    Raises a RosterError that says what is wrong with it and what to do: RosterMissing, RosterUnsigned, RosterForeign,
    RosterDamaged, RosterOlder, RosterUnusable. With `digest_key_id`, one or several, a file whose PINs could not be
    checked with any of these keys is refused too.
    """
    try:
        with open_regular(path) as file:
            seal = check(file, path, trusted_keys, minimum_version)
            held = (digest_key_id,) if isinstance(digest_key_id, str) else digest_key_id
            if held is not None and seal.digest_key_id not in held:
                raise RosterUnusable(
                    f"{path}: version {seal.version} was built with another digest key; no PIN would be right. "
                    "Build it on this controller, or with the digest key that this controller got when it was adopted.",
                    seal.version,
                )
            return _open_proven(path, seal, os.fstat(file.fileno()))
    except FileNotFoundError as error:
        raise RosterMissing(f"{path}: there is no roster. Build and install one.") from error
    except OSError as error:
        raise RosterDamaged(f"{path} cannot be read: {error.strerror}. Look at the disk and at its mode.") from error


def _open_proven(path: Path, seal: Seal, proven: os.stat_result) -> Roster:
    """Open the database of the file that was just proven, and no other that took its name meanwhile."""
    # One thread at a time is the caller's duty: a roster is opened off the event loop and used on it.
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise RosterDamaged(f"{path} cannot be opened: {error}.", seal.version) from error
    try:
        for pragma in ("query_only=1", "trusted_schema=0", f"cache_size=-{CACHE_KB}", "mmap_size=0"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        numbers = [database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")]
        tables = tuple(sql for (sql,) in database.execute("SELECT sql FROM sqlite_schema ORDER BY rootpage"))
        if numbers != [APPLICATION_ID, SCHEMA] or tables != (*TABLES, INDEX):
            raise RosterUnusable(f"{path}: version {seal.version} is signed, but is no roster.", seal.version)
        opened = path.stat()
        if (opened.st_ino, opened.st_dev, opened.st_size) != (proven.st_ino, proven.st_dev, proven.st_size):
            raise RosterDamaged(f"{path} was replaced while it was proven. Try again.", seal.version)
        return Roster(database, path, seal)
    except sqlite3.Error as error:
        database.close()
        raise RosterDamaged(f"{path}: version {seal.version} cannot be read: {error}.", seal.version) from error
    except BaseException:
        database.close()
        raise


class Roster:
    """A proven roster file. Made by `open_roster`; use it from one thread at a time."""

    def __init__(self, database: sqlite3.Connection, path: Path, seal: Seal) -> None:
        self.path = path
        self.seal = seal
        self.version = seal.version
        self._database = database
        self._execute = database.cursor().execute
        sets = database.execute("SELECT id, profiles FROM profile_set")
        self._profile_sets = {number: msgspec.json.decode(text, type=tuple[str, ...]) for number, text in sets}
        self._others: dict[tuple[Factor, int], tuple[Factor, ...]] = {}  # at most kinds x 2^kinds, filled as met

    def find(self, factor: Factor, key: str | bytes) -> Enrolled | None:
        """The credential of this kind with exactly this canonical key; PINs by their digest (16 bytes).

        Raises RosterDamaged where the disk fails under the file.
        """
        assert isinstance(key, bytes) is (factor is Factor.PIN)
        if len(key) > KEY_CHARACTERS_MAX:
            return None
        row = self._one(_FIND, (KIND[factor], key))
        if row is None:
            return None
        (
            token,
            holder,
            status,
            duress,
            valid_from_s,
            valid_until_s,
            use_limit,
            household,
            spaces,
            number,
            flags,
            owned,
        ) = row
        others = self._others.get((factor, owned))
        return Enrolled(
            factor,
            holder,
            token.hex(),
            household,
            spaces,
            self._profile_sets[number],
            flags,
            STATUSES[status],
            duress == 1,
            valid_from_s,
            valid_until_s,
            use_limit,
            others if others is not None else self._others_of(factor, owned),
        )

    def holder(self, holder: str, factor: Factor = Factor.CARD) -> Enrolled | None:
        """What would hold for a further credential of the holder, of this kind: active, unlimited, token "".

        None where the roster does not know the holder. Raises RosterDamaged as `find` does.
        """
        row = self._one(_HOLDER, (holder,))
        if row is None:
            return None
        household, spaces, number, flags, owned = row
        return Enrolled(
            factor,
            holder,
            "",
            household,
            spaces,
            self._profile_sets[number],
            flags,
            STATUSES[0],
            False,
            None,
            None,
            None,
            self._others_of(factor, owned),
        )

    def credentials_of(self, holder: str) -> tuple[tuple[Factor, str | bytes, Enrolled], ...]:
        """Every credential of a holder with its key (a PIN's digest), by kind and key; none where it is not known.

        Raises RosterDamaged as `find` does.
        """
        found: list[tuple[Factor, str | bytes, Enrolled]] = []
        for number, key in self._all(_KEYS_OF, (holder,)):
            factor = _FACTOR[number]
            enrolled = self.find(factor, key)
            assert enrolled is not None  # the index and its table are one file, proven as a whole
            found.append((factor, key, enrolled))
        return tuple(found)

    def tokens(self) -> Iterator[tuple[bytes, Factor, str | bytes]]:
        """Token, kind and key (a PIN's digest) of every credential. Reads all of it: for comparisons, not for a swipe.

        Raises RosterDamaged as `find` does.
        """
        try:
            for token, number, key in self._database.execute("SELECT token, kind, key FROM credential"):
                yield token, _FACTOR[number], key
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def holdings(self) -> Iterator[tuple[str, tuple[str, ...], Factor, bytes, str, int | None, int | None]]:
        """Holder, profiles, kind, token, status, from and until of every credential, by holder: for comparisons.

        Raises RosterDamaged as `find` does.
        """
        sets = self._profile_sets
        try:
            for holder, number, kind, token, status, valid_from_s, valid_until_s in self._database.execute(_HOLDINGS):
                yield holder, sets[number], _FACTOR[kind], token, STATUSES[status], valid_from_s, valid_until_s
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def key_of(self, token: bytes) -> tuple[Factor, str | bytes] | None:
        """Kind and key of the credential of this token. Looks through all of them: for one question, not for a swipe.

        Raises RosterDamaged as `find` does.
        """
        row = self._one("SELECT kind, key FROM credential WHERE token = ?", (token,))
        return None if row is None else (_FACTOR[row[0]], row[1])

    def second_pin(self, holder: str, pin: str, digests: Digests) -> SecondPin | None:
        """Whether `pin` is the holder's PIN beside another credential; both are compared, in constant time.

        Raises RosterDamaged as `find` does.
        """
        row = self._one(_PINS_WITH, (holder,))
        right, duress = row if row is not None else (None, None)
        given = digests.pin_digest(holder, pin)
        is_right = hmac.compare_digest(right or _NO_DIGEST, given)
        is_duress = hmac.compare_digest(duress or _NO_DIGEST, given)
        if is_duress and duress is not None:
            return SecondPin.DURESS
        return SecondPin.RIGHT if is_right and right is not None else None

    def rulebook(self) -> Rulebook:
        """Profiles, schedules and special days, for the core; decoded anew by each call."""
        row = self._one(_META, (RULEBOOK,))
        assert row is not None
        return msgspec.json.decode(row[0], type=Rulebook)

    @property
    def time_zone(self) -> str | None:
        """The name of the zone in which the source's times were written; None where it named none."""
        row = self._one(_META, (TIME_ZONE,))
        return None if row is None else str(row[0])

    def _others_of(self, factor: Factor, owned: int) -> tuple[Factor, ...]:
        others = tuple(kind for kind, bit in KIND.items() if owned >> bit & 1 and kind is not factor)
        self._others[factor, owned] = others
        return others

    def _one(self, sql: str, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            row: tuple[Any, ...] | None = self._execute(sql, values).fetchone()
            return row
        except UnicodeEncodeError:  # lone surrogates: no text, so nobody's key
            return None
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _all(self, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._execute(sql, values).fetchall()
        except UnicodeEncodeError:
            return []
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: sqlite3.Error) -> RosterDamaged:
        message = f"{self.path}: version {self.version} cannot be read any more: {error}. Look at the disk."
        return RosterDamaged(message, self.version)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go. Idempotent."""
        self._database.close()
