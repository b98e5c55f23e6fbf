"""A page with an account of each role, whose passphrases are known; and what its file of accounts says."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from pathlib import Path

from firmware.core.account_facts import Administered
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from tests.network.running import Response, RunningPage, running_page

PASSPHRASE = "horse battery gate lamp"
OTHER = "绿水 青山 电梯 月饼 自行车"
NAMES = {role: role.value for role in Role}


class Gate:
    """A running page, and its accounts from outside."""

    def __init__(self, page: RunningPage, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.made: list[Administered] = []

    def accounts(self) -> dict[str, Account]:
        """What the file says."""
        return Store(self.folder).load()

    async def log_in(self, name: str, passphrase: str = PASSPHRASE, code: str = "") -> Response:
        """With no cookie of before; the page has the new session's afterwards, if there is one."""
        self.page.cookie = None
        return await self.page.post("/login", [("name", name), ("passphrase", passphrase), ("code", code)])


async def join(page: RunningPage, name: str, code: str, passphrase: str = PASSPHRASE) -> Response:
    return await page.post("/join", [("name", name), ("code", code), ("new", passphrase), ("again", passphrase)])


def code_on(response: Response) -> str:
    """The code that a page shows."""
    assert response.status == 200, response.text
    found = re.search(r"<code>([0-9A-Z-]{14})</code>", response.text)
    assert found is not None, response.text
    return found[1]


_HASHES: list[str] = []


async def hash_of_passphrase() -> str:
    """That of PASSPHRASE, made once a process: it is meant to be slow."""
    if not _HASHES:
        hasher = Hasher()
        _HASHES.append(await hasher.hash(PASSPHRASE))
        hasher.close()
    return _HASHES[0]


@contextlib.asynccontextmanager
async def gate(folder: Path, code: str | None = None, tls: bool = False) -> AsyncIterator[Gate]:
    """A page with an account of each role by its name, and no console unless there is a `code`."""
    hashed = await hash_of_passphrase()
    state = folder / "accounts"
    state.mkdir()
    Store(state).save({name: Account(name, frozenset({role}), hashed) for role, name in NAMES.items()})
    async with running_page(folder, enter=False, code=code, tls=tls) as page:
        yield Gate(page, state)
