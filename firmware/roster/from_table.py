"""Stages the rows of a table for a build, and names what contradicts an earlier row of the same holder."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from firmware.core.access import Factor
from firmware.roster.errors import Problems, shown
from firmware.roster.keys import KIND, token_of
from firmware.roster.rows import Row
from firmware.roster.schema import FLAGS
from firmware.roster.seal import Signer
from firmware.roster.staging import StagedCredential, Staging

_PIN = KIND[Factor.PIN]
_INSERT_HOLDER = "INSERT OR IGNORE INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


class _Rows:
    """Problems are named by file and row."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems

    def bad(self, place: int | None, _holder: str, column: str, found: str, allowed: str) -> None:
        self._problems.add(self._path, place, column, found, allowed)

    def twin(self, twin: int, _holder: str) -> str:
        return f"row {twin}"


class TableStaging(Staging):
    """Takes the rows of one table."""

    def __init__(self, database: sqlite3.Connection, path: Path, problems: Problems, signer: Signer) -> None:
        super().__init__(database, _Rows(path, problems))
        self._signer = signer

    def add(self, row: Row) -> None:
        """Take one row, of a new holder or a further one of a known holder."""
        self.rows += 1
        if row.household is not None:
            first = self.household(row.household, row.spaces)
            if first is not None:
                self._bad(row, "spaces", str(row.spaces), f"an earlier row gives the household {first}")
        pin_with, duress_with = self._pins_with(row)
        issued = 0
        for factor, _ in row.keys:
            issued |= 1 << KIND[factor]
        if row.pins:
            issued |= 1 << _PIN
        owned = issued if row.status == 0 else 0  # what a reader may ask for next
        if pin_with or duress_with:
            owned |= 1 << _PIN  # the holder's, whatever became of this row's credentials
        number = self.profile_set(row.profiles, row.holder, row.number)
        values = (row.holder, row.household, number, row.flags, owned, issued, pin_with, duress_with, row.number)
        new = self._execute(_INSERT_HOLDER, values).rowcount
        if not new:
            pin_with, duress_with = self._merge(row, number, pin_with, duress_with)
            sql = "UPDATE holder SET owned = owned | ?, issued = issued | ? WHERE id = ?"
            self._execute(sql, (owned, issued, row.holder))
        elif not row.profiles:
            self._bad(row, "profiles", "nothing", "a holder needs at least one profile")
        self.holders += new
        self._credentials(row, pin_with, duress_with)

    def _bad(self, row: Row, column: str, found: str, allowed: str) -> None:
        self._places.bad(row.number, row.holder, column, found, allowed)

    def _merge(
        self, row: Row, profile_set: int, pin_with: bytes | None, duress_with: bytes | None
    ) -> tuple[bytes | None, bytes | None]:
        """A further row of a holder: what is the holder's stays empty or says the same. Returns the holder's PINs."""
        sql = "SELECT household, profile_set, flags, pin_with, duress_with, place FROM holder WHERE id = ?"
        household, first_set, flags, first_pin, first_duress, number = self._execute(sql, (row.holder,)).fetchone()
        allowed = f"row {number} of the same holder says otherwise: leave it empty here or change it there"
        for column, differs, found in (
            ("household", row.household not in (None, household), row.household or ""),
            ("profiles", row.profiles and profile_set != first_set, ";".join(row.profiles)),
            ("flags", row.flags not in (0, flags), "; ".join(name for name, bit in FLAGS.items() if row.flags & bit)),
        ):
            if differs:
                self._bad(row, column, shown(found), allowed)
        if pin_with not in (None, first_pin):
            self._bad(row, "pin_with", "another PIN", allowed)
        if duress_with not in (None, first_duress):
            self._bad(row, "duress_pin_with", "another PIN", allowed)
        return first_pin, first_duress

    def _pins_with(self, row: Row) -> tuple[bytes | None, bytes | None]:
        """The digests of the PINs that are given beside something else."""
        plain, duress = row.pins.get("pin_with"), row.pins.get("duress_pin_with")
        if duress is not None and duress == plain:
            self._bad(row, "duress_pin_with", "the same PIN as pin_with", "the two must differ")
        digest = self._signer.pin_digest
        return (digest(row.holder, plain) if plain else None, digest(row.holder, duress) if duress else None)

    def _credentials(self, row: Row, pin_with: bytes | None, duress_with: bytes | None) -> None:
        for factor, key in row.keys:
            self._stage(row, factor, key, 0)
        for column, other in (("pin", duress_with), ("duress_pin", pin_with)):
            pin = row.pins.get(column)
            if pin is None:
                continue
            if other is not None and self._signer.pin_digest(row.holder, pin) == other:
                allowed = "a duress PIN must differ from the holder's every other PIN"
                self._bad(row, column, "the holder's PIN of the other sense", allowed)
            self._stage(row, Factor.PIN, self._signer.pin_digest("", pin), int(column == "duress_pin"), len(pin))

    def _stage(self, row: Row, factor: Factor, key: str | bytes, duress: int, digits: int = 0) -> None:
        token = bytes.fromhex(token_of(self._signer, factor, key))
        validity = (row.valid_from_s, row.valid_until_s, row.use_limit)
        self.credential(
            StagedCredential(KIND[factor], key, token, row.holder, row.status, duress, *validity, row.number), digits
        )
