"""The desk of accounts without a page: what tries from many addresses may keep whom from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.core.account_facts import Administered
from firmware.messages import Answer
from firmware.network.accounts import invitation, recovery
from firmware.network.accounts.account import FIRST, Account
from firmware.network.accounts.desk import LOOK_S, AccountDesk, Who
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import Delayed, Wrong
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.network.accounts.throttle import TRIES_FREE
from firmware.network.sessions import Sessions
from tests.network.accounts import OTHER, PASSPHRASE


async def recorded(fact: Administered) -> Answer:
    return Answer("r", True)


async def no_claim(code: str) -> bool:
    return False


async def desk_of(folder: Path, utc_s: Callable[[], int | None] = lambda: None) -> AccountDesk:
    hasher = Hasher()
    Store(folder).save({"boss": Account("boss", FIRST, await hasher.hash(PASSPHRASE))})
    hasher.close()
    return AccountDesk(folder, "North gate", Sessions(), Diary(recorded), no_claim, utc_s)


def test_whoever_is_kept_out_by_the_tries_of_others_gets_in_by_a_code(tmp_path: Path) -> None:
    """Codes cannot be guessed: only the address counts for them, so that no stranger's tries stand before one."""

    async def scene() -> None:
        desk = await desk_of(tmp_path)
        for number in range(TRIES_FREE):
            with pytest.raises(Wrong):
                await desk.log_in("boss", "wrong", "", f"10.0.0.{number}")
        with pytest.raises(Delayed):
            await desk.log_in("boss", PASSPHRASE, "", "10.0.9.9")
        code = recovery.offer(tmp_path, "boss")
        assert (await desk.join("boss", code, OTHER, OTHER, "10.0.9.9")).name == "boss"
        assert (await desk.log_in("boss", OTHER, "", "10.0.9.9")).name == "boss"
        for _ in range(TRIES_FREE):
            with pytest.raises(Wrong):
                await desk.join("boss", "0000-0000-0000", OTHER, OTHER, "10.0.8.8")
        with pytest.raises(Delayed):
            await desk.join("boss", "0000-0000-0000", OTHER, OTHER, "10.0.8.8")
        desk.close()

    asyncio.run(scene())


def test_an_invitation_made_while_the_time_was_not_known_ends_once_it_is(tmp_path: Path) -> None:
    known: list[int | None] = [None]

    async def scene() -> None:
        desk = await desk_of(tmp_path, lambda: known[0])
        looking = asyncio.create_task(desk.run())
        code = await desk.make(Who("boss", "10.0.0.1"), "guest", ["guard"])
        changed = asyncio.Event()
        desk.on_change = changed.set
        kept = Store(tmp_path)
        assert kept.load()["guest"].invited_until_s is None
        known[0] = 1_800_000_000
        async with asyncio.timeout(LOOK_S + 5):
            await changed.wait()
        assert kept.load()["guest"].invited_until_s == 1_800_000_000 + invitation.VALID_S
        assert kept.load()["boss"].invited_until_s is None
        known[0] += invitation.VALID_S + 1
        with pytest.raises(Wrong):
            await desk.join("guest", code, OTHER, OTHER, "10.0.0.2")
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        desk.close()

    asyncio.run(scene())
