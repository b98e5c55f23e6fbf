"""The desk of accounts: proves who logs in, and carries out what is administered. Told first, then kept, then in force.

All methods are for the event loop's thread; what blocks runs beside it. Each says in the journal who and from where.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.account_facts import Act
from firmware.network.accounts import account as rules
from firmware.network.accounts import invitation, passphrase, recovery, totp
from firmware.network.accounts.account import Account, folded, role_words
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import Busy, Delayed, NotRecorded, Refused, StoreError, Wrong
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.network.accounts.throttle import Throttle
from firmware.network.errors import LinkError
from firmware.network.sessions import Session, Sessions

LOOK_S = 1.0  # between two looks whether the file of accounts is another one

Change = Callable[[dict[str, Account]], dict[str, Account]]


class Who(NamedTuple):
    """Who asks, and from where; by a session, where there is one already."""

    name: str
    address: str
    session: Session | None = None


class AccountDesk:
    """`folder` is where the file of accounts is; None: there are none, only the console.

    A file that cannot be used is no error here: `trouble` says what is wrong with it, nobody logs in, and the page goes
    on for whoever is at the console.
    """

    def __init__(
        self,
        folder: Path | None,
        site_name: str,
        sessions: Sessions,
        diary: Diary,
        prove_claim: Callable[[str], Awaitable[bool]],
        utc_s: Callable[[], int | None],
    ) -> None:
        """`prove_claim` asks the controller (LinkError); `utc_s` is its time, None where it does not know it."""
        self.sessions = sessions
        self.site_name = site_name
        self.trouble = ""
        self.on_change: Callable[[], None] = lambda: None  # other accounts hold from now on
        self._folder = folder
        self._store = None if folder is None else Store(folder)
        self._diary = diary
        self._prove_claim = prove_claim
        self._utc_s = utc_s
        self._throttle = Throttle()
        self._hasher = Hasher()
        self._changing = asyncio.Lock()
        self._now_s = asyncio.get_running_loop().time
        self._accounts: dict[str, Account] = {}
        self._claimable = False
        self._read()

    def _read(self) -> None:
        if self._store is None:
            return
        self._accounts, self._claimable, self.trouble = {}, False, ""
        try:
            self._accounts = self._store.load()
            self._claimable = not self._store.exists
        except StoreError as error:
            self.trouble = str(error)
        self.on_change()

    def look(self) -> None:
        """Another file is there now, of a backup or after a reset: what it says holds, and who was in is out."""
        if self._store is not None and not self._changing.locked() and self._store.changed:
            self._read()
            self.sessions.end_accounts()

    async def run(self) -> None:
        """Look, again and again. Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()
            await self._end_invitations()

    async def _end_invitations(self) -> None:
        """One that was made while the time was not known ends once it is, as all others do."""
        utc_s = self._utc_s()
        if utc_s is None or self.trouble or not self._endless():
            return
        until_s = utc_s + invitation.VALID_S
        with contextlib.suppress(StoreError):  # of a disk that fails: it is tried again
            async with self._changing:
                ended = {key: replace(each, invited_until_s=until_s) for key, each in self._endless()}
                await self._keep({**self._accounts, **ended})

    def _endless(self) -> list[tuple[str, Account]]:
        return [(key, each) for key, each in self._accounts.items() if each.invitation and each.invited_until_s is None]

    def close(self) -> None:
        self._hasher.close()

    # -- what is there ------------------------------------------------------------------------------------------------

    @property
    def claimable(self) -> bool:
        """Whether the claim code makes the first account: there never was one."""
        return self._claimable

    @property
    def any(self) -> bool:
        return bool(self._accounts)

    @property
    def kept(self) -> bool:
        """Whether accounts can be kept here at all."""
        return self._store is not None and not self.trouble

    def all(self) -> list[Account]:
        return sorted(self._accounts.values(), key=lambda account: folded(account.name))

    def of(self, name: str) -> Account:
        """Raises Refused where there is none of that name."""
        found = self._accounts.get(folded(name))
        if found is None:
            raise Refused("no_account")
        return found

    # -- whoever has no session yet -----------------------------------------------------------------------------------

    async def log_in(self, name: str, typed: str, code: str, address: str) -> Session:
        """A session for whoever proves to be `name`. Raises AccountError."""
        self._usable()
        found = await self._proven(name, typed, address)
        if found.secret:
            found = await self._use_code(found, code, address)
        self._throttle.succeeded(folded(name), address)
        self._diary.note(Act.LOGGED_IN, issuer=found.name, account=found.name, address=address)
        return self.sessions.open(found.name, found.roles, address, self._now_s())

    async def join(self, name: str, code: str, typed: str, again: str, address: str) -> Session:
        """A session for whoever has a code and chooses a passphrase by it: the first account's, or an invited one's."""
        self._usable()
        chosen = passphrase.checked(typed, again, name, self.site_name)
        first = rules.checked_name(name) if self._claimable else ""
        self._admit(None, address)  # a code cannot be guessed, and nobody's tries may keep its person from it
        if first:
            joined = await self._claim(first, code, chosen, address)
        else:
            joined = await self._accept(name, code, chosen, address)
        self._throttle.forget(folded(name))
        self._throttle.succeeded(folded(name), address)
        self.sessions.end_of(joined.name)
        self._diary.note(Act.LOGGED_IN, issuer=joined.name, account=joined.name, address=address)
        return self.sessions.open(joined.name, joined.roles, address, self._now_s())

    async def _claim(self, name: str, code: str, chosen: str, address: str) -> Account:
        try:
            right = await self._prove_claim(code[: invitation.CODE_CHARACTERS_MAX])
        except LinkError as error:
            raise NotRecorded from error
        if not right:
            raise self._failed("", address, "code_wrong")
        made = Account(name, rules.FIRST, await self._hasher.hash(chosen))

        def first(accounts: dict[str, Account]) -> dict[str, Account]:
            if not self._claimable:
                raise Refused("claim_over")
            return rules.with_account(accounts, made)

        await self._administer(Act.CLAIMED, Who(name, address), made, first, role_words(made.roles))
        return made

    async def _accept(self, name: str, code: str, chosen: str, address: str) -> Account:
        found = self._accounts.get(folded(name))
        by_console = self._folder is not None and recovery.fits(self._folder, folded(name), code)
        invited = found is not None and invitation.fits(code, found.invitation) and not self._is_late(found)
        if found is None or not (invited or by_console):
            raise self._failed("" if found is None else found.name, address, "code_wrong")
        hashed = await self._hasher.hash(chosen)
        if by_console and self._folder is not None:
            try:
                recovery.remove(self._folder)
            except OSError as error:
                raise StoreError(f"{self._folder}: {error.strerror}", "not_saved") from error
        joined = replace(found, hash=hashed, invitation=b"", invited_until_s=None, secret=b"", step=0)
        act = Act.RECOVERED if by_console else Act.JOINED
        await self._replace(act, Who(found.name, address), found, joined)
        return joined

    def _is_late(self, account: Account) -> bool:
        utc_s = self._utc_s()
        return utc_s is not None and account.invited_until_s is not None and utc_s > account.invited_until_s

    # -- a person's own account ---------------------------------------------------------------------------------------

    async def change_passphrase(self, session: Session, old: str, typed: str, again: str) -> Session:
        """The new session of whoever has changed the passphrase; all older ones are over."""
        self._usable()
        chosen = passphrase.checked(typed, again, session.name, self.site_name)
        found = await self._proven(session.name, old, session.address)
        changed = replace(found, hash=await self._hasher.hash(chosen))
        await self._replace(Act.PASSPHRASE, Who(found.name, session.address, session), found, changed)
        self._throttle.succeeded(folded(found.name), session.address)
        self.sessions.end_of(found.name)
        return self.sessions.open(found.name, found.roles, session.address, self._now_s())

    async def offer_factor(self, session: Session, typed: str) -> bytes:
        """A secret for a second factor, to be shown once; nothing rests on it before it is confirmed."""
        self._usable()
        found = await self._proven(session.name, typed, session.address)
        self._throttle.succeeded(folded(session.name), session.address)
        if found.secret:  # or a passphrase and an open window would be enough to replace it
            raise Refused("factor_stands")
        session.offered = totp.make_secret()
        return session.offered

    async def confirm_factor(self, session: Session, code: str) -> None:
        """The app has the secret: it is needed from the next log-in on."""
        found = self.of(session.name)
        if not session.offered:
            raise Refused("factor_not_offered")
        if found.secret:
            raise Refused("factor_stands")
        step = totp.step_of(session.offered, code, self._time(), 0)
        if step is None:
            raise Refused("factor_wrong")
        changed = replace(found, secret=session.offered, step=step)
        await self._replace(Act.FACTOR_ON, Who(found.name, session.address, session), found, changed)
        session.offered = b""

    async def drop_factor(self, session: Session, typed: str, code: str) -> None:
        """No second factor any more. Whoever has lost it is invited anew by a manager."""
        self._usable()
        found = await self._proven(session.name, typed, session.address)
        if not found.secret:
            raise Refused("factor_off")
        found = await self._use_code(found, code, session.address)
        self._throttle.succeeded(folded(found.name), session.address)
        changed = replace(found, secret=b"", step=0)
        await self._replace(Act.FACTOR_OFF, Who(found.name, session.address, session), found, changed)

    async def end_others(self, session: Session) -> None:
        """End all other sessions of this account: at once, and the journal learns of it when it can."""
        self.sessions.end_of(session.name, but=session)
        self._diary.note(Act.ENDED, issuer=session.name, account=session.name, address=session.address)

    def log_out(self, session: Session) -> None:
        self.sessions.end(session)
        self._diary.note(Act.LOGGED_OUT, issuer=session.name, account=session.name, address=session.address)

    def entered(self, session: Session) -> None:
        """Somebody came in by the console's code."""
        self._diary.note(Act.LOGGED_IN, issuer=session.name, account=session.name, address=session.address)

    # -- what a manager does ------------------------------------------------------------------------------------------

    async def make(self, who: Who, name: str, role_names: Iterable[str]) -> str:
        """A new account; the code by which its person chooses a passphrase."""
        self._usable()
        code, made = self._invited(Account(rules.checked_name(name), rules.checked_roles(role_names)))
        detail = role_words(made.roles)
        await self._administer(Act.MADE, who, made, lambda accounts: rules.with_account(accounts, made), detail)
        return code

    async def change_roles(self, who: Who, name: str, role_names: Iterable[str]) -> None:
        found = self.of(name)
        roles = rules.checked_roles(role_names)
        if roles == found.roles:
            return
        await self._replace(Act.ROLES, who, found, replace(found, roles=roles), role_words(roles))
        self.sessions.end_of(found.name)

    async def reset(self, who: Who, name: str) -> str:
        """Passphrase and second factor are dead; the code by which the person chooses anew."""
        found = self.of(name)
        code, reset = self._invited(Account(found.name, found.roles))
        await self._replace(Act.RESET, who, found, reset)
        self._throttle.forget(folded(name))
        self.sessions.end_of(found.name)
        return code

    async def delete(self, who: Who, name: str) -> None:
        found = self.of(name)
        await self._administer(Act.DELETED, who, found, lambda accounts: rules.without(accounts, found))
        self._throttle.forget(folded(name))
        self.sessions.end_of(found.name)

    def _invited(self, account: Account) -> tuple[str, Account]:
        code, utc_s = invitation.make(), self._utc_s()
        until_s = None if utc_s is None else utc_s + invitation.VALID_S
        return code, replace(account, invitation=invitation.digest(code), invited_until_s=until_s)

    # -- how it is proven ---------------------------------------------------------------------------------------------

    def _usable(self) -> None:
        self.look()
        if self.trouble:
            raise StoreError(self.trouble)
        if self._store is None:
            raise Refused("no_accounts_here")

    def _admit(self, name: str | None, address: str) -> None:
        """Count a try before it is looked at; without a name, for the address alone. Raises Delayed, Busy."""
        key, now_s = None if name is None else folded(name), self._now_s()
        exists = key is not None and key in self._accounts
        wait_s = self._throttle.wait_s(key, exists, address, now_s)
        if wait_s > 0:
            raise Delayed(wait_s)
        if self._hasher.full:
            raise Busy
        if self._throttle.begin(key, exists, address, now_s):
            account = self._accounts.get(key or "")
            self._diary.note(Act.LOCKED_OUT, account="" if account is None else account.name, address=address)

    async def _proven(self, name: str, typed: str, address: str) -> Account:
        """The account of that name and passphrase. A name that nobody has takes as long, and waits as long."""
        self._admit(name, address)
        found = self._accounts.get(folded(name))
        kept = "" if found is None else found.hash
        right = await self._hasher.proves(kept, passphrase.normalised(typed)[: passphrase.CHARACTERS_MAX])
        now = self._accounts.get(folded(name))
        if found is None or now is None or not right or now.hash != found.hash:  # deleted meanwhile, or changed
            raise self._failed("" if found is None else found.name, address)
        return now

    def _failed(self, name: str, address: str, word: str = "login_wrong") -> Wrong:
        """What was typed for a name that nobody has is not told: it may be a passphrase in the wrong field."""
        self._diary.note(Act.FAILED, account=name, address=address)
        return Wrong(word)

    async def _use_code(self, account: Account, code: str, address: str) -> Account:
        """The account with this code of its second factor used up. Raises Wrong, Refused."""
        async with self._changing:
            found = self._accounts.get(folded(account.name))
            if found is None or found.hash != account.hash or found.secret != account.secret:
                raise self._failed(account.name, address)
            step = totp.step_of(found.secret, code, self._time(), found.step)
            if step is None:
                raise self._failed(account.name, address)
            used = replace(found, step=step)
            await self._keep({**self._accounts, folded(used.name): used})
            return used

    def _time(self) -> int:
        utc_s = self._utc_s()
        if utc_s is None:
            raise Refused("factor_without_time")
        return utc_s

    # -- how it is kept -----------------------------------------------------------------------------------------------

    async def _replace(self, act: Act, who: Who, found: Account, changed: Account, detail: str = "") -> None:
        """Put `changed` in the place of `found`, unless that is another one by now."""

        def put(accounts: dict[str, Account]) -> dict[str, Account]:
            if accounts.get(folded(found.name)) != found:
                raise Refused("changed_meanwhile")
            return rules.with_changed(accounts, changed)

        await self._administer(act, who, found, put, detail)

    async def _administer(self, act: Act, who: Who, account: Account, change: Change, detail: str = "") -> None:
        """Tell the journal, then keep it. Raises Refused, NotRecorded, StoreError: then it is as it was."""
        self._usable()
        async with self._changing:
            if who.session is not None and not self.sessions.use(who.session, self._now_s()):
                raise Refused("session_over")  # by what was changed while this waited for its turn
            changed = change(self._accounts)
            told = {"issuer": who.name, "account": account.name, "address": who.address}
            await self._diary.tell(act, **told, detail=detail)
            try:
                await self._keep(changed)
            except StoreError:
                self._diary.note(Act.NOT_DONE, **told, detail=act.value)
                raise

    async def _keep(self, accounts: dict[str, Account]) -> None:
        assert self._store is not None, "whoever changes accounts has asked whether there are any"
        await asyncio.to_thread(self._store.save, accounts)
        self._accounts = accounts
        self._claimable = False
        self.on_change()
