"""The page and the desk together, with accounts and a token, as programs use them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from tests.network.accounts import PASSPHRASE
from tests.network.api_client import call, make_client, seen, told
from tests.network.running import Response, RunningPage
from tests.people.desk import AtDesk
from tests.people.pages import office

CLIENT = "Property office"  # in the journal: client:Property office


class ApiOffice(NamedTuple):
    """`page` has a session of the console; `token` is a manager's client, `guard` a guard's."""

    page: RunningPage
    desk: AtDesk
    token: str
    guard: str

    async def get(self, path: str, token: str | None = None, **headers: str) -> Response:
        return await call(self.page, "GET", f"/api/v1/{path}", token or self.token, headers=dashed(headers))

    async def post(self, path: str, body: object, key: str = "key-0001", **headers: str) -> Response:
        named = {"idempotency-key": key, **dashed(headers)}
        return await call(self.page, "POST", f"/api/v1/{path}", self.token, body, named)

    async def put(self, path: str, body: object) -> Response:
        return await call(self.page, "PUT", f"/api/v1/{path}", self.token, body)

    async def by_session(self, method: str, path: str, body: object = None, key: str = "key-0001") -> Response:
        """As script on a page of ours does it."""
        origin = f"http://127.0.0.1:{self.page.port}"
        named = {"origin": origin, "x-csrf-token": await self.page.token(), "idempotency-key": key}
        return await call(self.page, method, f"/api/v1/{path}", None, body, named)

    async def log_in(self, name: str) -> None:
        self.page.cookie = None
        await self.page.post("/login", [("name", name), ("passphrase", PASSPHRASE), ("code", "")])
        assert self.page.cookie is not None

    async def over(self, started: Response) -> dict[str, object]:
        """A job once it is over."""
        assert started.status == 202, started.text
        place = started.header("location") or ""
        assert told(started)["id"] == place.rpartition("/")[2]
        return told(await seen(self.page, place, self.token, lambda response: told(response)["over"]))


def dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): text for name, text in headers.items()}


@contextlib.asynccontextmanager
async def api_office(folder: Path, *, source: bool = True) -> AsyncIterator[ApiOffice]:
    hasher = Hasher()
    hashed = await hasher.hash(PASSPHRASE)
    hasher.close()
    state = folder / "accounts"
    state.mkdir()
    Store(state).save({role.value: Account(role.value, frozenset({role}), hashed) for role in Role})
    async with office(folder, source=source) as running:
        made, token = await make_client(running.page, CLIENT, "manager")
        assert token, made.text
        _, guard = await make_client(running.page, "Porter", "guard")
        yield ApiOffice(running.page, running.desk, token, guard)


def play(folder: Path, scene: Callable[[ApiOffice], Awaitable[None]], *, source: bool = True) -> None:
    async def whole() -> None:
        async with api_office(folder, source=source) as running:
            await scene(running)

    asyncio.run(whole())


@contextlib.asynccontextmanager
async def silent_desk(path: Path) -> AsyncIterator[list[bytes]]:
    """A desk that takes questions and dies of them: whether they are done is not known."""
    heard: list[bytes] = []

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1 << 16))
        writer.close()

    server = await asyncio.start_unix_server(hear, path)
    try:
        yield heard
    finally:
        server.close()
