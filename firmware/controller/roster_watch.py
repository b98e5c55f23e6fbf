"""Takes in a roster file that is put into the controller's roster folder: proven here, swapped, told to the core.

Whoever may write `incoming.roster` cannot make it valid: signature and version are checked against the trust list. A
file that is refused is renamed aside and changes nothing. Proving and copying run beside the event loop. A roster that
cannot be read any more while it serves is told once, and the last good one is opened anew.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.controller.inbox import Inbox, Rank
from firmware.core.access import Rulebook
from firmware.core.facts import AnyFact, RosterRefused, RosterReplaced
from firmware.identity import Identity
from firmware.roster.errors import RosterError, RosterMissing, RosterUnusable
from firmware.roster.install import install, load_last_good
from firmware.roster.roster import Roster

INCOMING = "incoming.roster"
REFUSED = "incoming.refused"
LOOK_S = 5.0
ANEW_S_MAX = 60.0  # between two tries to open the roster anew: a failing disk is not read all the time


class _Stamp(NamedTuple):
    """What tells one incoming file from the next."""

    device: int
    inode: int
    changed_ns: int
    size: int


class RosterWatch:
    """`roster` is the one in service, or None. `offer` gets a new one just before its fact is put into the inbox."""

    def __init__(self, folder: Path, signers: Collection[bytes], identity: Identity, inbox: Inbox) -> None:
        self._folder = folder
        self._incoming = folder / INCOMING
        self._trusted = tuple(signers) or (identity.public_key,)
        self._digest_key_id = identity.digest_key_id
        self._inbox = inbox
        self._first: list[AnyFact] = []
        self._done: _Stamp | None = None  # an incoming file that was dealt with and could not be moved away
        self._damaged = False
        self._anew_s = LOOK_S
        self._anew_at_s = 0.0
        self.roster: Roster | None = None
        self.offer: Callable[[Roster], None] = lambda _: None
        self._load()

    def first_facts(self) -> Sequence[AnyFact]:
        """What the core must learn at the start."""
        return self._first

    def damaged(self, error: RosterError) -> None:
        """The roster in service cannot be read: told once; `run` opens the last good one anew."""
        if not self._damaged:
            self._damaged = True
            self._anew_at_s = asyncio.get_running_loop().time()
            self._refuse(error)

    async def run(self) -> None:
        """Look for a new file, and for a good one where the one in service is damaged, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_S)
            if self._damaged and loop.time() >= self._anew_at_s:
                await self._open_anew()
            stamp = self._look()
            if stamp is not None and stamp != self._done:
                await self._take(stamp)

    def _load(self) -> None:
        try:
            loaded = load_last_good(self._folder, self._trusted, digest_key_id=self._digest_key_id)
            rulebook = loaded.roster.rulebook()
        except RosterMissing:
            return
        except RosterError as error:
            self._first.append(RosterRefused(version=error.version, why=str(error)))
            return
        self._first += [RosterRefused(version=error.version, why=str(error)) for error in loaded.refused]
        self.roster = loaded.roster
        self._first.append(RosterReplaced(rulebook=rulebook))

    def _look(self) -> _Stamp | None:
        try:
            status = os.lstat(self._incoming)
        except OSError:
            return None  # none there, or a folder that cannot be looked into: the roster in service stays either way
        return _Stamp(status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)

    async def _take(self, stamp: _Stamp) -> None:
        loop = asyncio.get_running_loop()
        self._done = stamp
        try:
            roster, rulebook = await loop.run_in_executor(None, self._install)
        except RosterError as error:
            self._refuse(error)
            await loop.run_in_executor(None, self._move_away, False)
            return
        await loop.run_in_executor(None, self._move_away, True)
        self._anew_s = LOOK_S
        self._serve(roster, rulebook)

    async def _open_anew(self) -> None:
        loop = asyncio.get_running_loop()
        self._anew_s = min(2 * self._anew_s, ANEW_S_MAX)
        self._anew_at_s = loop.time() + self._anew_s
        try:
            roster, rulebook = await loop.run_in_executor(None, self._last_good)
        except RosterError:
            return  # it was told when it was found; the next try comes at `_anew_at_s`
        self._serve(roster, rulebook)

    def _serve(self, roster: Roster, rulebook: Rulebook) -> None:
        self._damaged = False
        self.roster = roster
        self.offer(roster)
        self._inbox.put(RosterReplaced(rulebook=rulebook), Rank.SYSTEM, "roster")

    def _refuse(self, error: RosterError) -> None:
        self._inbox.put(RosterRefused(version=error.version, why=str(error)), Rank.SYSTEM, "roster")

    # -- beside the event loop ----------------------------------------------------------------------------------------

    def _install(self) -> tuple[Roster, Rulebook]:
        # A pipe would be waited for, and a link leads somewhere that whoever put it may not read.
        try:
            regular = stat.S_ISREG(os.lstat(self._incoming).st_mode)
        except OSError as error:
            raise RosterMissing(f"{self._incoming}: {error.strerror}. Put it there again.") from error
        if not regular:
            raise RosterUnusable(f"{self._incoming} is no regular file: copy the roster itself there.")
        roster = install(self._incoming, self._folder, self._trusted, digest_key_id=self._digest_key_id)
        return roster, roster.rulebook()

    def _last_good(self) -> tuple[Roster, Rulebook]:
        roster = load_last_good(self._folder, self._trusted, digest_key_id=self._digest_key_id).roster
        return roster, roster.rulebook()

    def _move_away(self, installed: bool) -> None:
        try:
            if installed:
                self._incoming.unlink()
            else:
                self._incoming.replace(self._folder / REFUSED)
        except OSError:
            return  # a disk that takes no change: `_done` remembers that this file has been dealt with
