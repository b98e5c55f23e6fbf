"""A token that is revoked, a session that ends, in the middle of a request: what still comes is nobody's."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from firmware.backup.asks import Backups, LookIntoBackup, MakeBackup
from firmware.core.account_facts import Administered
from firmware.messages import Answer
from tests.network.accounts import Gate, gate
from tests.network.api_client import call, make_client, until, words
from tests.network.running import WAIT_S, Response, RunningPage, parsed_head
from tests.network.sending import head_of, multipart
from tests.network.test_backup_api import AT, FILE, MAKING
from tests.network.test_backup_pages import WORDS, Asking

CONTENT = os.urandom(400_000)


class Halfway:
    """A request of which one half was sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: bytes) -> None:
        self._reader, self._writer, self._rest = reader, writer, rest

    async def finish(self) -> Response:
        self._writer.write(self._rest)
        async with asyncio.timeout(WAIT_S):
            answer = await self._reader.read()
        self._writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        return Response(*parsed_head(head), body)


async def halfway(page: RunningPage, head: bytes, body: bytes) -> Halfway:
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
    writer.write(head + body[: len(body) // 2])
    await writer.drain()
    return Halfway(reader, writer, body[len(body) // 2 :])


def looking(page: RunningPage, key: str, **who: str) -> bytes:
    """The head of a backup that is to be looked into."""
    named = {"content_type": FILE, "content_length": str(len(CONTENT)), "connection": "close"}
    named |= {"backup_passphrase": WORDS, "idempotency_key": key, **who}
    return page.request("POST", f"{AT}/look", **named) + b"\r\n"


async def asking(running: Gate, folder: Path) -> Asking:
    at = Asking(running.page, running.folder)
    at.handover = folder / "handover"
    at.handover.mkdir()
    at.tells(Backups(""))
    return at


async def two_tokens(running: Gate) -> tuple[str, str]:
    """Of a manager and of an installer, whose maker is logged out again."""
    await running.log_in("manager")
    tokens = [(await make_client(running.page, name, name))[1] for name in ("manager", "installer")]
    assert all(tokens)
    running.page.cookie = None
    return tokens[0], tokens[1]


async def revoke(running: Gate, by: str) -> None:
    assert (await call(running.page, "DELETE", "/api/v1/clients/installer", by)).status == 204


@pytest.mark.attack("api-20")
@pytest.mark.parametrize("way", ["token", "session", "form"])
def test_a_file_of_whoever_is_out_meanwhile_is_nobodys(tmp_path: Path, way: str) -> None:
    async def scene() -> None:
        async with gate(tmp_path) as running:
            at, page = await asking(running, tmp_path), running.page
            manager, token = await two_tokens(running)
            by_token = {"authorization": f"Bearer {token}", "cookie": ""}
            await running.log_in("installer")
            csrf = await page.token()
            by_session = {"origin": f"http://127.0.0.1:{page.port}", "x_csrf_token": csrf}
            head, body = looking(page, "key-of-a-file", **(by_token if way == "token" else by_session)), CONTENT
            if way == "form":
                body = multipart([("token", csrf), ("passphrase", WORDS)], "it", CONTENT, "file")
                head = head_of(page, "/backup/look", len(body))
            sent = await halfway(page, head, body)
            await until(lambda: os.listdir(at.handover))
            if way == "token":
                await revoke(running, manager)
            else:
                assert (await page.post("/logout")).status == 303
            answer = await sent.finish()
            if way == "form":
                assert (answer.status, answer.header("location")) == (303, "/login")
            else:
                assert words(answer) == ("no_token", "401")
            assert at.asked(LookIntoBackup) == []
            assert os.listdir(at.handover) == []

    asyncio.run(scene())


@pytest.mark.attack("api-21")
def test_no_answer_of_before_is_told_again_to_whoever_is_out_meanwhile(tmp_path: Path) -> None:
    """While the first one is being done the token is revoked: who waits for the same answer does not get it."""

    async def scene() -> None:
        async with gate(tmp_path) as running:
            at, page = await asking(running, tmp_path), running.page
            manager, token = await two_tokens(running)
            key = {"idempotency-key": "of-tonight"}
            page.controller.answers = False
            first = asyncio.create_task(call(page, "POST", AT, token, MAKING, key))
            await until(lambda: at.asked(MakeBackup))
            again = [asyncio.create_task(call(page, "POST", AT, token, MAKING, key)) for _ in range(3)]
            await asyncio.sleep(0.2)  # they have been let in, and wait
            revoking = asyncio.create_task(revoke(running, manager))
            await until(lambda: page.controller.told("client_revoked"))
            told = next(ask for ask in page.controller.asked[::-1] if isinstance(ask.command, Administered))
            page.controller.say(Answer(told.request, True))
            await revoking
            page.controller.answer_late()
            assert (await first).status == 202, "it was done, and for whoever might"
            for each in await asyncio.gather(*again):
                assert words(each) == ("no_token", "401")
            assert len(at.asked(MakeBackup)) == 1

    asyncio.run(scene())


def test_a_file_that_comes_again_is_taken_only_from_whoever_may_still_send(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path) as running:
            at, page = await asking(running, tmp_path), running.page
            manager, token = await two_tokens(running)
            head = looking(page, "key-of-a-file", authorization=f"Bearer {token}", cookie="")
            once = await halfway(page, head, CONTENT)
            assert (await once.finish()).status == 202
            twice = await halfway(page, head, CONTENT)
            assert (await twice.finish()).status == 202
            thrice = await halfway(page, head, CONTENT)
            await revoke(running, manager)
            assert words(await thrice.finish()) == ("no_token", "401")
            assert len(at.asked(LookIntoBackup)) == 1

    asyncio.run(scene())


def test_a_client_that_is_called_like_one_of_before_gets_no_answer_of_that(tmp_path: Path) -> None:
    async def scene() -> None:
        async with gate(tmp_path) as running:
            at, page = await asking(running, tmp_path), running.page
            manager, token = await two_tokens(running)
            key = {"idempotency-key": "of-tonight"}
            assert (await call(page, "POST", AT, token, MAKING, key)).status == 202
            await revoke(running, manager)
            await running.log_in("manager")
            _, other = await make_client(page, "installer", "installer")
            page.cookie = None
            assert (await call(page, "POST", AT, other, MAKING, key)).status == 202
            assert len(at.asked(MakeBackup)) == 2, "it is another one's key"

    asyncio.run(scene())
