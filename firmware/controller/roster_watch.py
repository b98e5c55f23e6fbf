"""Takes in a roster file that is put into the controller's roster folder: proven here, swapped, told to the core.

Whoever may write `incoming.roster` cannot make it valid: signature and version are checked against the trust list. A
file that is refused is renamed aside and changes nothing. Proving and copying run beside the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from firmware.controller.inbox import Inbox, Rank
from firmware.core.facts import AnyFact, RosterRefused, RosterReplaced
from firmware.identity import Identity
from firmware.roster.errors import RosterError, RosterMissing
from firmware.roster.install import install, load_last_good
from firmware.roster.roster import Roster

INCOMING = "incoming.roster"
REFUSED = "incoming.refused"
LOOK_S = 2.0


class RosterWatch:
    """`roster` is the one in service, or None. `offer` gets a new one just before its fact is put into the inbox."""

    def __init__(self, folder: Path, signers: Collection[bytes], identity: Identity, inbox: Inbox) -> None:
        self._folder = folder
        self._incoming = folder / INCOMING
        self._trusted = tuple(signers) or (identity.public_key,)
        self._digest_key_id = identity.digest_key_id
        self._inbox = inbox
        self._first: list[AnyFact] = []
        self.roster: Roster | None = None
        self.offer: Callable[[Roster], None] = lambda _: None
        self._load()

    def first_facts(self) -> Sequence[AnyFact]:
        """What the core must learn at the start."""
        return self._first

    async def run(self) -> None:
        """Look for a new file, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._incoming.exists():
                await self._take(self._incoming)

    def _load(self) -> None:
        try:
            loaded = load_last_good(self._folder, self._trusted, digest_key_id=self._digest_key_id)
        except RosterMissing:
            return
        except RosterError as error:
            self._first.append(RosterRefused(version=error.version, why=str(error)))
            return
        self._first += [RosterRefused(version=error.version, why=str(error)) for error in loaded.refused]
        self.roster = loaded.roster
        self._first.append(RosterReplaced(rulebook=loaded.roster.rulebook()))

    async def _take(self, incoming: Path) -> None:
        loop = asyncio.get_running_loop()
        try:
            roster = await loop.run_in_executor(None, self._install, incoming)
        except RosterError as error:
            await loop.run_in_executor(None, incoming.replace, self._folder / REFUSED)
            self._inbox.put(RosterRefused(version=error.version, why=str(error)), Rank.SYSTEM, "roster")
            return
        await loop.run_in_executor(None, incoming.unlink)
        self.roster = roster
        self.offer(roster)
        self._inbox.put(RosterReplaced(rulebook=roster.rulebook()), Rank.SYSTEM, "roster")

    def _install(self, incoming: Path) -> Roster:
        return install(incoming, self._folder, self._trusted, digest_key_id=self._digest_key_id)
