"""Stages the holders of an editable source for a build, and names by holder and column what cannot go to the gate."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path

from firmware.core.access import Factor
from firmware.roster.errors import Problems, shown
from firmware.roster.keys import (
    ALLOWED,
    ID,
    ID_ALLOWED,
    KIND,
    PIN_DIGITS_MAX,
    PIN_DIGITS_MIN,
    canonical,
    token_of,
    valid,
)
from firmware.roster.schema import FLAGS, STATUSES
from firmware.roster.seal import Signer
from firmware.roster.source.pins import PinDigest, read_pin
from firmware.roster.source.rows import BuildCredential, BuildRow
from firmware.roster.staging import STAGED_AT_ONCE, StagedCredential, Staging

PROGRESS_HOLDERS = 10_000
_PIN = KIND[Factor.PIN]
_FACTOR = {number: factor for factor, number in KIND.items()}
_FLAGS_ALL = sum(FLAGS.values())
_INSERT_HOUSEHOLD = "INSERT OR IGNORE INTO household VALUES (?, ?)"  # a source says its spaces once
_INSERT_HOLDER = "INSERT INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_NOT_OURS = "give the PIN anew, with the digest key of the controller that signs (menshen roster edit ... --state DIR)"


class _Holders:
    """Problems are named by file and holder."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems

    def bad(self, _place: int | None, holder: str, column: str, found: str, allowed: str) -> None:
        entity = "holder" if holder else ""
        self._problems.add(self._path, None, column, found, allowed, entity=entity, id=shown(holder, bare=True))

    def twin(self, _twin: int, holder: str) -> str:
        return f"holder {shown(holder, bare=True)}"


class SourceStaging(Staging):
    """Takes the holders of one source, in the order of their ids."""

    def __init__(
        self,
        database: sqlite3.Connection,
        path: Path,
        problems: Problems,
        signer: Signer,
        profiles: Collection[str],
        progress: Callable[[int], None],
    ) -> None:
        super().__init__(database, _Holders(path, problems))
        self._signer = signer
        self._profiles = profiles
        self._progress = progress
        self._known: set[tuple[str, ...]] = set()  # combinations of profiles that are all right
        self._households: dict[str, int | None] = {}
        self._holders: list[tuple[object, ...]] = []

    def add(self, row: BuildRow) -> None:
        """Take one holder with everything."""
        self.rows += 1
        self.holders += 1
        if self.rows % PROGRESS_HOLDERS == 0:
            self._progress(self.rows)
        self._check_holder(row)
        if row.household is not None:
            self._households[row.household] = row.spaces
        pin_with = self._pin_with(row, "pin_with", row.pin_with)
        duress_with = self._pin_with(row, "duress_pin_with", row.duress_pin_with)
        if pin_with is not None and pin_with == duress_with:
            self._bad(row, "duress_pin_with", "the same PIN as pin_with", "the two must differ")
        issued = owned = 1 << _PIN if pin_with is not None or duress_with is not None else 0
        for credential in row.credentials:
            bit = self._credential(row, credential)
            issued |= bit
            if credential.status == 0:  # what a reader may ask for next
                owned |= bit
        number = self.profile_set(row.profiles, row.holder, self.rows)
        household = (row.holder, row.household, number, row.flags)
        self._holders.append((*household, owned, issued, pin_with, duress_with, self.rows))
        if len(self._holders) == STAGED_AT_ONCE:
            self._put()

    def check(self) -> None:
        self._put()
        super().check()

    def _put(self) -> None:
        """Into the database what was gathered since the last time."""
        self._database.executemany(_INSERT_HOUSEHOLD, self._households.items())
        self._database.executemany(_INSERT_HOLDER, self._holders)
        self._households, self._holders = {}, []

    def _bad(self, row: BuildRow, column: str, found: str, allowed: str) -> None:
        self._places.bad(self.rows, row.holder, column, found, allowed)

    def _check_holder(self, row: BuildRow) -> None:
        for column, text in (("holder", row.holder), ("household", row.household)):
            if text is not None and not ID.fullmatch(text):
                self._bad(row, column, shown(text), ID_ALLOWED)
        if row.profiles not in self._known:
            unknown = [name for name in row.profiles if name not in self._profiles]
            for name in unknown:
                known = ", ".join(list(self._profiles)[:20]) or "none"
                self._bad(row, "profiles", shown(name), f"the rules know {known}")
            # None at all is no mistake: an office says 无 of who may pass nowhere, and the gate says so.
            if not unknown:
                self._known.add(row.profiles)
        if row.flags & ~_FLAGS_ALL:
            self._bad(row, "flags", str(row.flags), f"allowed are {', '.join(FLAGS)}")

    def _pin_with(self, row: BuildRow, column: str, text: str | None) -> bytes | None:
        if text is None:
            return None
        pin = self._pin(row, column, text)
        return None if pin is None else pin.digest

    def _pin(self, row: BuildRow, column: str, text: str) -> PinDigest | None:
        """A PIN that the readers of this roster can be asked for; None where it is none, which is said."""
        pin = read_pin(text)
        if pin is None or not PIN_DIGITS_MIN <= pin.digits <= PIN_DIGITS_MAX:
            self._bad(row, column, "no digest of a PIN", _NOT_OURS)
            return None
        if pin.key_id != self._signer.digest_key_id:
            self._bad(row, column, f"a PIN digested with key {pin.key_id}", _NOT_OURS)
            return None
        return pin

    def _credential(self, row: BuildRow, credential: BuildCredential) -> int:
        """Stage it; the bit of its kind, or 0 where it is wrong, which is said."""
        factor = _FACTOR.get(credential.kind)
        if factor is None:
            self._bad(row, "kind", str(credential.kind), f"allowed are {', '.join(map(str, _FACTOR))}")
            return 0
        column = "duress_pin" if credential.duress else factor.value
        key: str | bytes = credential.key
        digits = 0
        if factor is Factor.PIN:
            pin = self._pin(row, column, credential.key)
            if pin is None:
                return 0
            key, digits = pin.digest, pin.digits
        elif factor is Factor.PLATE and not credential.duress and valid(factor, canonical(factor, credential.key)):
            key = canonical(factor, credential.key)  # a source of before may have hyphens, which no camera sees
        elif credential.duress or not valid(factor, credential.key) or canonical(factor, credential.key) != key:
            self._bad(row, column, shown(credential.key), ALLOWED[factor])
            return 0
        if not 0 <= credential.status < len(STATUSES):
            self._bad(row, "status", str(credential.status), f"allowed are {', '.join(STATUSES)}")
            return 0
        first_s, until_s = credential.valid_from_s, credential.valid_until_s
        if first_s is not None and until_s is not None and first_s >= until_s:
            self._bad(row, "valid_until", str(until_s), f"it must be after {first_s}, in seconds of UTC")
        token = bytes.fromhex(token_of(self._signer, factor, key))
        validity = (first_s, until_s, credential.use_limit)
        staged = StagedCredential(
            credential.kind, key, token, row.holder, credential.status, credential.duress, *validity, self.rows
        )
        self.credential(staged, digits)
        return 1 << credential.kind
