"""Takes in a roster file that is put into the controller's roster folder: proven here, swapped, told to the core.

Whoever may write `incoming.roster` cannot make it valid: signature and version are checked, against the authority and
against what was in service, which the journal remembers. A file that is refused is renamed aside, with the reason
beside it, and changes nothing. Proving and copying run beside the event loop. A roster that cannot be read any more
while it serves is told once, and the last good one is opened anew.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.controller.inbox import Inbox, Rank
from firmware.core.access import Rulebook
from firmware.core.facts import AnyFact, RosterRefused, RosterReplaced
from firmware.identity import Identity, id_of
from firmware.roster.authority import Authority, AuthorityError, Keys, read_authority
from firmware.roster.errors import RosterError, RosterMissing, RosterUnusable
from firmware.roster.floors import Floors
from firmware.roster.install import INCOMING, PREVIOUS, REFUSED, WHY, install, load_last_good, open_before, seal_of
from firmware.roster.roster import Roster
from firmware.roster.seal import Seal, is_sealed

LOOK_S = 0.25  # a stat: cheap, and a quarter of the second in which a new roster is to serve
DAMAGED_S = 5.0  # between two tries to open the roster anew, doubled up to ANEW_S_MAX
ANEW_S_MAX = 60.0  # a failing disk is not read all the time
SHA_SHOWN = 12  # digits of a hash in a receipt: enough to tell two files apart by eye


class _Stamp(NamedTuple):
    """What tells one incoming file from the next."""

    device: int
    inode: int
    changed_ns: int
    size: int


class _Taken(NamedTuple):
    """A roster that is to serve, and what the journal is to keep of it."""

    roster: Roster
    rulebook: Rulebook
    floors: Floors


class RosterWatch:
    """`roster` is the one in service, or None. `offer` gets a new one just before its fact is put into the inbox."""

    def __init__(
        self,
        folder: Path,
        signers: Collection[bytes],
        identity: Identity,
        inbox: Inbox,
        kept: Mapping[str, str] | None = None,
    ) -> None:
        """`signers` are the configuration's; `kept` is what the journal kept, None where it could not be read."""
        self._folder = folder
        self._incoming = folder / INCOMING
        self._signers = tuple(signers)
        self._identity = identity
        self._inbox = inbox
        self._floors = Floors.of(kept)
        self._first: list[AnyFact] = []
        self._done: _Stamp | None = None  # an incoming file that was dealt with and could not be moved away
        self._damaged = False
        self._anew_s = DAMAGED_S
        self._anew_at_s = 0.0
        self._authority: Authority | None = None
        self._timer: asyncio.TimerHandle | None = None  # of the next look
        self.roster: Roster | None = None
        self.offer: Callable[[Roster], None] = lambda _: None
        self._load()

    def first_facts(self) -> Sequence[AnyFact]:
        """What the core must learn at the start."""
        return self._first

    def keys_of(self, roster: Roster | None) -> Keys:
        """The key with which this roster's PINs and tokens were made."""
        return self._identity if self._authority is None else self._authority.keys_of(roster)

    def damaged(self, error: RosterError) -> None:
        """The roster in service cannot be read: told once; `run` opens the last good one anew."""
        if not self._damaged:
            self._damaged = True
            self._anew_at_s = asyncio.get_running_loop().time()
            self._refuse(error)

    def dropped(self, fact: AnyFact) -> None:
        """The full inbox dropped a fact: a new roster is told later, or the core would never learn what serves."""
        if isinstance(fact, RosterReplaced):
            asyncio.get_running_loop().call_later(DAMAGED_S, self._tell_again, fact)

    def _tell_again(self, fact: RosterReplaced) -> None:
        """Unless a newer one serves, which was told itself."""
        if self.roster is not None and fact.rulebook.version == self.roster.version:
            self._inbox.put(fact, Rank.SYSTEM, "roster")

    async def before(self) -> Roster | None:
        """The roster that would serve if the one in service were damaged, opened for whoever asks, to be closed by it.

        None: none would. Proven anew beside the event loop.
        """
        return await asyncio.get_running_loop().run_in_executor(None, self._before)

    async def run(self) -> None:
        """Look for a new file, and for a good one where the one in service is damaged, until cancelled."""
        loop = asyncio.get_running_loop()
        seen: _Stamp | None = None
        while True:
            stamp = await self._news(loop, seen)
            if self._damaged and loop.time() >= self._anew_at_s:
                await self._open_anew()
            # Without a seal it may still be copied: it is refused once it does not change any more.
            if stamp is not None and stamp != self._done and (stamp == seen or is_sealed(self._incoming)):
                await self._take(stamp)
            seen = stamp

    async def _news(self, loop: asyncio.AbstractEventLoop, seen: _Stamp | None) -> _Stamp | None:
        """What stands there at the next look that has anything to tell. By a timer, as it mostly has not."""
        told: asyncio.Future[_Stamp | None] = loop.create_future()

        def look() -> None:
            stamp = self._look()
            if stamp is not None or seen is not None or self._damaged:
                told.set_result(stamp)
            else:
                self._timer = loop.call_later(LOOK_S, look)

        self._timer = loop.call_later(LOOK_S, look)
        try:
            return await told
        finally:
            self._timer.cancel()

    def _load(self) -> None:
        try:
            taken, refused = self._last_good()
        except RosterMissing:
            return
        except RosterError as error:
            self._first.append(self._refusal(error))
            return
        self._first += [self._refusal(error) for error in refused]
        self.roster = taken.roster
        self._first.append(self._replaced(taken))

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
            taken = await loop.run_in_executor(None, self._install)
        except RosterError as error:
            self._refuse(error)
            await loop.run_in_executor(None, self._put_aside, stamp, self._refusal(error).why)
            return
        self._anew_s = DAMAGED_S
        self._serve(taken)
        await loop.run_in_executor(None, self._put_aside, stamp, "")

    async def _open_anew(self) -> None:
        loop = asyncio.get_running_loop()
        self._anew_s = min(2 * self._anew_s, ANEW_S_MAX)
        self._anew_at_s = loop.time() + self._anew_s
        try:
            taken, _ = await loop.run_in_executor(None, self._last_good)
        except RosterError:
            return  # it was told when it was found; the next try comes at `_anew_at_s`
        self._serve(taken)

    def _serve(self, taken: _Taken) -> None:
        self._damaged = False
        self.roster = taken.roster
        self.offer(taken.roster)
        self._inbox.put(self._replaced(taken), Rank.SYSTEM, "roster")

    def _replaced(self, taken: _Taken) -> RosterReplaced:
        self._floors = taken.floors
        return RosterReplaced(rulebook=taken.rulebook, receipt=receipt(taken.roster.seal), kept=taken.floors.kept())

    def _refuse(self, error: RosterError) -> None:
        self._inbox.put(self._refusal(error), Rank.SYSTEM, "roster")

    def _refusal(self, error: RosterError) -> RosterRefused:
        """An event holds one short line: files are named without their folder, so that the reason stands in it."""
        why = str(error).replace(f"{self._folder}{os.sep}", "").replace(str(self._folder), "the folder of rosters")
        return RosterRefused(version=error.version, why=why)

    # -- beside the event loop ----------------------------------------------------------------------------------------

    def _trusting(self) -> Authority:
        """The authority as it is now. One that cannot be read leaves none: nobody's rosters are trusted then."""
        try:
            self._authority = read_authority(self._folder, self._identity, self._signers)
        except AuthorityError:
            self._authority = None
            raise
        return self._authority

    def _install(self) -> _Taken:
        # A pipe would be waited for, and a link leads somewhere that whoever put it may not read.
        try:
            regular = stat.S_ISREG(os.lstat(self._incoming).st_mode)
        except OSError as error:
            raise RosterMissing(f"{self._incoming}: {error.strerror}. Put it there again.") from error
        if not regular:
            raise RosterUnusable(f"{self._incoming} is no regular file: copy the roster itself there.")
        trusted = self._trusting()
        floor, held = self._floors.current, trusted.digest_key_ids
        return self._taken(install(self._incoming, self._folder, trusted.signers, floor, digest_key_id=held), trusted)

    def _last_good(self) -> tuple[_Taken, Sequence[RosterError]]:
        trusted = self._trusting()
        loaded = load_last_good(self._folder, trusted.signers, self._floors, digest_key_id=trusted.digest_key_ids)
        return self._taken(loaded.roster, trusted), loaded.refused

    def _before(self) -> Roster | None:
        try:
            trusted = read_authority(self._folder, self._identity, self._signers)
        except AuthorityError:
            return None
        return open_before(self._folder, trusted.signers, self._floors, digest_key_id=trusted.digest_key_ids)

    def _taken(self, roster: Roster, trusted: Authority) -> _Taken:
        try:
            floors = self._floors.raised(roster.seal, seal_of(self._folder / PREVIOUS, trusted.signers))
            return _Taken(roster, roster.rulebook(), floors)
        except RosterError:
            roster.close()
            raise

    def _put_aside(self, stamp: _Stamp, refused: str) -> None:
        """Out of the way: gone, or aside with the reason for whoever waits for it. A newer one that came is left."""
        if self._look() != stamp:
            return
        try:
            if refused:
                (self._folder / WHY).write_text(refused + "\n", encoding="utf-8")
                self._incoming.replace(self._folder / REFUSED)
            else:
                self._incoming.unlink()
        except OSError:
            return  # a disk that takes no change: `_done` remembers that this file has been dealt with


def receipt(seal: Seal) -> str:
    """One line that says which file it is, who signed it and what it was built of; nothing personal."""
    source = ""
    if seal.source:
        batch, _, digest = seal.source.partition(":")
        source = f", source batch {batch} {digest[:SHA_SHOWN]}, {seal.changes} changes"
    signer = id_of(bytes.fromhex(seal.signer))
    return f"version {seal.version}, sha256 {seal.sha256[:SHA_SHOWN]}{source}, signed by {signer}"
