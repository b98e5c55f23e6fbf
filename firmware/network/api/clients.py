"""The desk of clients: knows whose token it is, and carries out what is administered. Told first, then kept, in force.

A client stands by the right of the manager who made it: it goes at once when that account does, or is no manager any
more. All methods are for the event loop's thread; what blocks runs beside it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec.structs import replace

from firmware.core.account_facts import Act
from firmware.network.accounts.account import CONSOLE, Role, checked_name, checked_roles, folded, role_words
from firmware.network.accounts.desk import AccountDesk, Who
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import Refused, StoreError
from firmware.network.accounts.throttle import Throttle
from firmware.network.api.client import Client, ClientSession, fits, make_token, parts_of
from firmware.network.api.client_file import CLIENTS_MAX, ClientFile

LOOK_S = 1.0  # between two looks whether the file is another one, or is to be written
RETRY_S = 60.0  # after a save that failed
USED_S = 3600  # a client's last use is kept no more often: a card is worn by writing
DAYS_MAX = 731


class ClientDesk:
    """`folder` is where the file is; None: there are no clients. A file that cannot be used is said in `trouble`."""

    def __init__(
        self, folder: Path | None, accounts: AccountDesk, diary: Diary, utc_s: Callable[[], int | None]
    ) -> None:
        self.trouble = ""
        self.refused = 0  # wrong tokens, since the start
        self._file = None if folder is None else ClientFile(folder)
        self._accounts = accounts
        self._diary = diary
        self._utc_s = utc_s
        self._throttle = Throttle()
        self._changing = asyncio.Lock()
        self._now_s = asyncio.get_running_loop().time
        self._clients: dict[str, Client] = {}
        self._unsaved = False
        self._retry_s = 0.0  # a save that failed is not tried before
        self._read()
        self._forget_makers()
        accounts.on_change = self._forget_makers
        if self.trouble:
            sys.stderr.write(f"network: {self.trouble}\n")

    def _read(self) -> None:
        if self._file is None:
            return
        self._clients, self.trouble, self._unsaved = {}, "", False
        try:
            self._clients = self._file.load()
        except StoreError as error:
            self.trouble = str(error)

    def _look(self) -> None:
        """Another file is there: whoever is missing was revoked at the console."""
        before = self._clients
        self._read()
        for client in before.values():
            now = self._clients.get(folded(client.name))
            if not self.trouble and (now is None or now.id != client.id):
                self._diary.note(Act.CLIENT_REVOKED, issuer=CONSOLE, account=client.name)

    async def run(self) -> None:
        """Look for another file, and keep what has changed of itself. Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self._file is None or self._changing.locked():
                continue
            if self._file.changed:
                self._look()
                self._forget_makers()
                self._accounts.sessions.on_end()
            elif self._unsaved and not self.trouble and self._now_s() >= self._retry_s:
                await self._keep_what_is()

    async def _keep_what_is(self) -> None:
        async with self._changing:
            try:
                await self._keep(self._clients)
            except StoreError as error:
                self._retry_s = self._now_s() + RETRY_S
                sys.stderr.write(f"network: {error}\n")

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def kept(self) -> bool:
        """Whether clients can be kept here at all."""
        return self._file is not None and not self.trouble

    def all(self) -> list[Client]:
        return sorted(self._clients.values(), key=lambda client: folded(client.name))

    def ended(self, client: Client) -> bool:
        """Whether its end is reached, or cannot be told: without a clock whatever has an end does not count."""
        utc_s = self._utc_s()
        return client.until_utc_s is not None and (utc_s is None or utc_s >= client.until_utc_s)

    def holds(self, client: Client) -> bool:
        """Whether this very token still counts."""
        now = self._clients.get(folded(client.name))
        return now is not None and now.id == client.id and not self.ended(now) and not self._accounts.trouble

    def caller(self, header: str, address: str) -> ClientSession | None:
        """Whose token a request has; None for nobody's. A right one counts however many wrong ones came before it."""
        now_s = self._now_s()
        number, secret = parts_of(header) or ("", "")
        found = next((client for client in self._clients.values() if client.id == number), None)
        if not fits(secret, found) or found is None or not self.holds(found):
            self._count(found, address, now_s)
            return None
        self._use(found, address)
        return ClientSession(found, address, now_s, self.holds)

    def wait_s(self, address: str) -> float:
        """For how long whoever sent too many wrong ones is asked to stay away; 0: not at all.

        Nothing is won by staying or coming: 256 bits cannot be guessed, and a look costs no more than a refusal.
        """
        return self._throttle.wait_s(None, False, address, self._now_s())

    def _count(self, found: Client | None, address: str, now_s: float) -> None:
        self.refused += 1
        delayed = self._throttle.wait_s(None, False, address, now_s) > 0
        begun = not delayed and self._throttle.begin(None, False, address, now_s)
        act = Act.LOCKED_OUT if begun else Act.FAILED
        self._diary.note(act, account="" if found is None else found.name, address=address)

    def _use(self, client: Client, address: str) -> None:
        """Remember that it was used; the first time is told."""
        utc_s, source = self._utc_s(), address[:64]
        if not client.used:
            self._diary.note(Act.CLIENT_USED, issuer=client.maker, account=client.name, address=address)
        stale = client.used_utc_s is None or (utc_s is not None and abs(utc_s - client.used_utc_s) >= USED_S)
        if not client.used or (stale and utc_s is not None):
            self._clients[folded(client.name)] = replace(client, used=True, used_utc_s=utc_s, used_from=source)
            self._unsaved = True
        elif source != client.used_from:  # shown now, and kept with the next hour: one may come by turns from two
            self._clients[folded(client.name)] = replace(client, used_from=source)

    # -- what a manager does ------------------------------------------------------------------------------------------

    async def make(self, who: Who, name: str, role_names: Iterable[str], metrics: bool, days: int | None) -> str:
        """A new client; its token, which nobody can read again."""
        words = tuple(role_names)
        roles: frozenset[Role] = checked_roles(words) if words or not metrics else frozenset()
        shown = checked_name(name)
        utc_s = self._utc_s()
        if days is not None and (utc_s is None or not 0 < days <= DAYS_MAX):
            raise Refused("client_end")
        token, number, digest = make_token()
        until = None if days is None or utc_s is None else utc_s + days * 86_400
        made = Client(shown, number, digest, roles, metrics, who.name, utc_s, until)
        said = " ".join(part for part in (role_words(roles), "metrics" if metrics else "") if part)

        def put(clients: dict[str, Client]) -> dict[str, Client]:
            if folded(shown) in clients:
                raise Refused("name_taken")
            if len(clients) >= CLIENTS_MAX:
                raise Refused("clients_full")
            return {**clients, folded(shown): made}

        await self._administer(Act.CLIENT_MADE, who, made, put, said)
        return token

    async def revoke(self, who: Who, name: str) -> None:
        found = self._clients.get(folded(name))
        if found is None:
            raise Refused("no_client")

        def drop(clients: dict[str, Client]) -> dict[str, Client]:
            return {key: client for key, client in clients.items() if key != folded(name)}

        await self._administer(Act.CLIENT_REVOKED, who, found, drop)
        self._accounts.sessions.on_end()  # its streams look whether they may go on

    def _forget_makers(self) -> None:
        """Accounts have changed: clients whose manager is none any more are over, before anything else happens."""
        if self._accounts.trouble:
            return  # nobody can tell who is there: none of them counts meanwhile, and none is lost
        gone = [client for client in self._clients.values() if not self._stands(client.maker)]
        for client in gone:
            del self._clients[folded(client.name)]
            self._diary.note(Act.CLIENT_REVOKED, issuer=client.maker, account=client.name, detail="maker")
            self._unsaved = True
        if gone:
            self._accounts.sessions.on_end()

    def _stands(self, maker: str) -> bool:
        if folded(maker) == CONSOLE:
            return bool(self._accounts.sessions.code)
        return any(folded(each.name) == folded(maker) and Role.MANAGER in each.roles for each in self._accounts.all())

    # -- how it is kept -----------------------------------------------------------------------------------------------

    async def _administer(
        self,
        act: Act,
        who: Who,
        client: Client,
        change: Callable[[dict[str, Client]], dict[str, Client]],
        detail: str = "",
    ) -> None:
        """Tell the journal, then keep it. Raises Refused, NotRecorded, StoreError: then it is as it was."""
        if self._file is None:
            raise Refused("no_accounts_here")
        if self.trouble:
            raise StoreError(self.trouble, "clients_unreadable")
        async with self._changing:
            if who.session is not None and not self._may_still(who):
                raise Refused("session_over")  # by what was changed while this waited for its turn
            change(dict(self._clients))  # what is refused is not told
            told = {"issuer": who.name, "account": client.name, "address": who.address}
            await self._diary.tell(act, **told, detail=detail)
            try:
                await self._keep(change(dict(self._clients)))
            except StoreError:
                self._diary.note(Act.NOT_DONE, **told, detail=act.value)
                raise

    def _may_still(self, who: Who) -> bool:
        if isinstance(who.session, ClientSession):
            return who.session.lives(self._now_s())
        assert who.session is not None
        return self._accounts.sessions.use(who.session, self._now_s())

    async def _keep(self, clients: dict[str, Client]) -> None:
        assert self._file is not None, "whoever changes clients has asked whether there are any"
        self._unsaved = False
        try:
            await asyncio.to_thread(self._file.save, clients)
        except StoreError:
            self._unsaved = True
            raise
        self._clients = dict(clients)
        self._forget_makers()
