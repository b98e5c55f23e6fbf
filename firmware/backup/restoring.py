"""Puts a backup back: everything is proven and made ready in the workroom first, then swapped in as one (swap.py).

The new board stays who it is. What rests on the old one's secrets is made anew with its own or left out, and said: the
roster is built from the source and signed here, local entries are signed here, PINs of another digest key go.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.backup import record
from firmware.backup.asks import HANDOVER
from firmware.backup.contents import ACCOUNTS, ADOPTION, KINDS, NAMED, OVERLAY, SITE, SOURCE, VISITORS
from firmware.backup.entries import Carried, carried, merged
from firmware.backup.errors import BackupError, BackupRefused
from firmware.backup.naming import names_in, place_of
from firmware.backup.packing import copy_database, prove_database, visitors_in
from firmware.backup.placing import OPEN_MODE, SECRET_MODE, Doer, Placed, Ready
from firmware.backup.swap import BEFORE, LINKED, LOGS, NEW, OLD, PENDING
from firmware.backup.unpacking import Opened
from firmware.config import draft, escaped
from firmware.core.turn import OVERLAY as KEPT_OVERLAY
from firmware.identity import Identity
from firmware.roster.authority import Adoption, read_authority
from firmware.roster.build import build_source
from firmware.roster.entry import Entry
from firmware.roster.errors import RosterError, RosterRefused
from firmware.roster.floors import Floors
from firmware.roster.handover import newest_version
from firmware.roster.install import CURRENT
from firmware.roster.overlay import Overlay
from firmware.roster.overlay_file import CURRENT as ENTRIES_FILE
from firmware.roster.overlay_file import load, save
from firmware.roster.source.batch import Kind as BatchKind
from firmware.roster.source.store import Source

ROSTER = "roster"  # in the state folder
# Tables of a source with what opens: the same one in the source `s`.
SAME = {"credential": "s.kind = credential.kind AND s.key = credential.key", "vehicle": "s.plate = vehicle.plate"}
# In the state folder, too; the last one would be a factory reset by the next start (controller/reset_button.py).
OUR_NAMES = (
    *("identity", "journal", ROSTER, "faces", "evidence", "network", "backup.work", "backup.page", HANDOVER),
    *("people", "imports", "selftest", "logs"),
    "factory_reset.asked",
)
# What a swap writes beside its targets, and SQLite beside a database.
OUR_ENDINGS = (NEW, OLD, LINKED, PENDING, PENDING + ".new", BEFORE, *LOGS, "-shm")

Check = Callable[[Path], Sequence[str]]


class Target(NamedTuple):
    """Where a backup goes. All paths are absolute and lead over no link; `folders`: where files may go besides."""

    site: Path
    state: Path
    source: Path
    accounts: Path
    folders: tuple[Path, ...] = ()
    roster: bool = True  # whether one is built


def make_ready(opened: Opened, target: Target, identity: Identity, work: Path, check: Check, doer: Doer) -> Ready:
    """Prove everything, and make the files as they will stand here. Nothing outside of `work` changes.

    `check` is `menshen check` of a site file. Raises BackupRefused with what is wrong, BackupError, OSError.
    """
    return _Readying(opened, target, identity, work, check, doer).ready()


class _Readying:
    """See make_ready."""

    def __init__(
        self, opened: Opened, target: Target, identity: Identity, work: Path, check: Check, doer: Doer
    ) -> None:
        self._opened, self._target, self._identity = opened, target, identity
        self._work, self._check, self._doer = work, check, doer
        self._same_key = opened.contents.digest_key_id == identity.digest_key_id
        self._placed: list[Placed] = []
        self._notes: list[tuple[str, dict[str, int | str]]] = []
        self._roster_version = 0

    def ready(self) -> Ready:
        try:
            site = self._opened.of(SITE)
            assert site is not None, "an opened backup has one"
            self._files(site)
            self._adoption()
            self._source(site)
            self._overlay()
        except RosterRefused as error:
            raise BackupRefused(
                "No roster can be built of the source in it", [str(p) for p in error.problems]
            ) from error
        except (RosterError, sqlite3.Error, msgspec.MsgspecError, UnicodeError) as error:
            raise BackupRefused(f"What it says of who may pass cannot be used: {error}") from error
        accounts = self._opened.of(ACCOUNTS)
        if accounts is not None:
            prove_database(accounts, ACCOUNTS)
            self._placed.append(Placed(ACCOUNTS, self._target.accounts, accounts, database=True))
            self._note("accounts_of_then")
        visitors = self._opened.of(VISITORS)
        if visitors is not None:
            visitors_in(visitors)
            at = self._target.state / KINDS[VISITORS].place
            self._placed.append(Placed(VISITORS, at, visitors, database=True))
        self._placed.append(Placed(SITE, self._target.site, site, OPEN_MODE))  # the last one: see swap.py
        for each in self._placed:
            if each.target.is_symlink() or (each.target.exists() and not each.target.is_file()):
                raise BackupRefused(f"{escaped(str(each.target))} is no plain file: take away what stands there")
        erased = record.erasures_since(self._target.state, self._opened.contents.made_s)
        if erased:
            self._note("erased_since", count=erased)
        return Ready(self._opened.contents, tuple(self._placed), tuple(self._notes))

    def _note(self, name: str, **values: int | str) -> None:
        self._notes.append((name, values))

    # -- the site file and what it names ------------------------------------------------------------------------------

    def _files(self, site: Path) -> None:
        names, copies = names_in(site), self._opened.named
        strangers = set(copies) - set(names)
        if strangers:
            raise BackupRefused(f"The backup has a file that its site file does not name: {escaped(min(strangers))}")
        folder = self._target.site.parent
        allowed = (self._target.state, *self._target.folders)
        for name, secret in names.items():
            at = place_of(name, folder, allowed) if name in copies else None
            if at is not None:
                mode = SECRET_MODE if secret else OPEN_MODE
                self._placed.append(Placed(NAMED, at, copies[name], mode, name=name))
        taken = [each.target for each in self._placed]
        own = (self._target.site, self._target.source, self._target.accounts)
        if len(set(taken)) != len(taken) or any(at in own or _is_ours(at, self._target.state) for at in taken):
            raise BackupRefused("Files that the site file names would go where the controller keeps its own")
        problems = self._check(self._laid_out(site, names))
        if problems:
            raise BackupRefused("The site file in it has problems on this board", problems)

    def _laid_out(self, site: Path, names: Collection[str]) -> Path:
        """The site file in a folder with all that it names, as `menshen check` wants to find it.

        What it names by an absolute path lies elsewhere there, and the copy of the site file says so.
        """
        folder = self._work / "check"
        folder.mkdir(mode=0o700)
        text = site.read_bytes()
        for number, name in enumerate(names):
            copy = self._opened.named.get(name)
            if copy is None and not name.startswith("/"):
                copy = self._target.site.parent / name  # it stands here already, or is missing and said to be
            if copy is None or not copy.is_file():
                continue
            at = place_of(name, folder) if not name.startswith("/") else folder / f"{number:04d}"
            if name.endswith(".pending") and name.removesuffix(".pending") in names:
                continue  # beside its key, of another number: not needed for the check
            at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(copy, at)
            at.chmod(SECRET_MODE)
            for quote in ('"', "'") if name.startswith("/") else ():  # what is relative is found beside it
                text = text.replace(f"{quote}{name}{quote}".encode(), f"{quote}{at}{quote}".encode())
        laid = folder / self._target.site.name
        laid.write_bytes(text)
        return laid

    # -- who may pass -------------------------------------------------------------------------------------------------

    def _adoption(self) -> None:
        copy = self._opened.of(ADOPTION)
        if copy is None:
            return
        try:
            adoption = msgspec.json.decode(copy.read_bytes(), type=Adoption)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BackupRefused(f"It does not say who adopted the controller: {error}") from error
        standing = read_authority(self._target.state / ROSTER, self._identity).adoption
        if standing is None:
            self._placed.append(Placed(ADOPTION, self._target.state / KINDS[ADOPTION].place, copy))
            self._note("adopt_again", community=adoption.community)
        elif standing.community != adoption.community:
            raise BackupRefused(
                f"This controller was adopted by {escaped(standing.community)}, the backup's by "
                f"{escaped(adoption.community)}: release it there first"
            )

    def _source(self, site: Path) -> None:
        copy = self._opened.of(SOURCE)
        if copy is None:
            self._note("no_source")
            return
        with Source.open(copy) as source:
            source.prove()
            if not self._same_key:
                self._drop_pins(source)
            self._keep_refused(source)
            why = self._no_roster(site)
            if why:
                self._note(why)
            else:
                self._build(source)
        self._placed.append(Placed(SOURCE, self._target.source, copy, database=True))

    def _drop_pins(self, source: Source) -> None:
        """PINs of another digest key are right for nobody here, and no roster can be built with them."""
        ours = f"digest:{self._identity.digest_key_id}:%"
        doer = self._doer
        with source.batch(BatchKind.EDIT, doer.by, doer.why, doer.at_s) as batch:
            gone = 0
            for column in ("pin_with", "duress_pin_with"):
                gone += batch.db.execute(
                    f"UPDATE holder SET {column} = NULL WHERE {column} IS NOT NULL AND {column} NOT LIKE ?", (ours,)
                ).rowcount
            gone += batch.db.execute(
                "DELETE FROM credential WHERE key LIKE 'digest:%' AND key NOT LIKE ?", (ours,)
            ).rowcount
        if gone:
            self._note("pins_dropped", count=gone)

    def _keep_refused(self, source: Source) -> None:
        """What the office has called suspended, lost or left since stays so, as the suspensions of this controller do.

        Of these some have gone by then: the roster says the same (firmware/roster/overlay.py: absorbed). What the
        office has removed since comes back, and is counted.
        """
        if not self._target.source.is_file():
            return
        standing = self._work / "standing.db"
        try:
            copy_database(self._target.source, standing)
            Source.open(standing, readonly=True).close()  # whether it is one
        except (BackupError, RosterError):
            self._note("refused_unread")
            return
        refused = back = 0
        doer = self._doer
        source.db.execute("ATTACH ? AS standing", (f"{standing.as_uri()}?mode=ro",))
        with source.batch(BatchKind.EDIT, doer.by, doer.why, doer.at_s) as batch:
            for table, same in SAME.items():
                was = f"FROM standing.{table} AS s WHERE {same}"
                refused += batch.db.execute(
                    f"UPDATE main.{table} SET status = (SELECT s.status {was})"
                    f" WHERE status = 0 AND EXISTS (SELECT 1 {was} AND s.status != 0)"
                ).rowcount
                gone = f"SELECT count(*) FROM main.{table} WHERE status = 0 AND NOT EXISTS (SELECT 1 {was})"
                back += batch.db.execute(gone).fetchone()[0]
        source.db.execute("DETACH standing")
        standing.unlink()
        if refused:
            self._note("refused_since", count=refused)
        if back:
            self._note("removed_since", count=back)

    def _no_roster(self, site: Path) -> str:
        """Why none is built here; empty: one is."""
        if not self._target.roster:
            return "roster_unwanted"
        signers = [bytes.fromhex(key) for key in draft(site).roster.signers]
        authority = read_authority(self._target.state / ROSTER, self._identity, signers)
        adopted = self._opened.contents.has(ADOPTION) or authority.adoption is not None
        return "roster_by_others" if adopted or self._identity.public_key not in authority.signers else ""

    def _build(self, source: Source) -> None:
        folder = self._target.state / ROSTER
        floor = Floors.of(record.kept(self._target.state)).current.version
        built = self._work / "built.roster"
        report = build_source(source, built, self._identity, at_least=max(newest_version(folder), floor) + 1)
        self._roster_version = report.version
        self._placed.append(Placed(ROSTER, folder / CURRENT, built))
        counts: dict[str, int | str] = {"holders": report.holders, "credentials": report.credentials}
        self._note("roster_built", version=report.version, **counts)

    def _overlay(self) -> None:
        """The backup's local entries and the suspensions that stand here, signed by this controller."""
        copy = self._opened.of(OVERLAY)
        folder = self._target.state / ROSTER
        kept = record.kept(self._target.state).get(KEPT_OVERLAY, "")
        standing = load(folder, self._identity.public_key).overlay
        revision = max(standing.revision, int(kept[:18]) if kept[:18].isdecimal() else 0) + 1
        try:
            entries = () if copy is None else msgspec.json.decode(copy.read_bytes(), type=tuple[Entry, ...])
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BackupRefused(f"Its local entries are none: {error}") from error
        moved = Carried(entries) if self._same_key else carried(entries, self._identity, self._roster_version)
        overlay: Overlay = merged(moved.entries, standing, self._doer.at_s, revision)
        if moved.pins_dropped:
            self._note("entries_dropped", count=moved.pins_dropped)
        if moved.widened:
            self._note("entries_widened", count=moved.widened)
        if not overlay and not standing:
            return
        made = self._work / "entries"
        save(overlay, made, self._identity)
        self._placed.append(Placed(OVERLAY, self._target.state / KINDS[OVERLAY].place, made / ENTRIES_FILE))
        self._note("entries", count=len(overlay))


def _is_ours(at: Path, state: Path) -> bool:
    """Whether a path lies where the controller, or a restore, keeps what is no file of an installer."""
    if at.name.endswith(OUR_ENDINGS):
        return True
    try:
        first = at.relative_to(state).parts[0]
    except ValueError:
        return False
    return first in OUR_NAMES or first.startswith(KINDS[SOURCE].place) or first.endswith(".sock")
