"""Idempotency keys of what is no order: asked twice is done once; what was certainly not done may be asked again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

import pytest
from starlette.requests import Request
from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.keys import KEPT_OF_ONE_MAX, KEPT_S, Keys
from firmware.network.routes import Asked
from firmware.network.sessions import Session
from firmware.network.uploads import Body

KEY = "night-shift-0001"


class Desk:
    """Does what it is asked, and counts; refuses while it is told to, and waits while it is held."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.done = 0
        self.refuses: ApiError | None = None
        self.held = asyncio.Event()
        self.held.set()
        self.keys = Keys(lambda _: True, lambda: self.now_s)

    async def _answer(self, asked: Asked) -> Response:
        del asked
        await self.held.wait()
        if self.refuses is not None:
            raise self.refuses
        self.done += 1
        return Response(b"%d" % self.done, HTTPStatus.CREATED, {"location": f"/made/{self.done}"}, "application/json")

    async def ask(
        self,
        key: str = KEY,
        name: str = "Li Na",
        path: str = "/people",
        body: bytes = b"{}",
        head: tuple[str, ...] = (),
    ) -> Response:
        headers = [(b"idempotency-key", key.encode())]
        request = Request({"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b""})
        session = Session(name, frozenset({Role.MANAGER}), "127.0.0.1", 0.0)
        return await self.keys.once(Asked(request, session, {}, body=body), self._answer, head)


def play(scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def whole() -> None:
        await scene(Desk())

    asyncio.run(whole())


def test_what_is_asked_twice_under_a_key_is_done_once_and_answered_twice() -> None:
    async def scene(desk: Desk) -> None:
        first, second = await desk.ask(), await desk.ask()
        assert (first.body, first.headers["location"], first.status_code) == (b"1", "/made/1", 201)
        assert (second.body, second.headers["location"], second.status_code) == (b"1", "/made/1", 201)
        assert desk.done == 1
        assert (await desk.ask(key="night-shift-0002")).body == b"2"

    play(scene)


def test_who_asks_while_it_is_being_done_waits_for_that() -> None:
    async def scene(desk: Desk) -> None:
        desk.held.clear()
        asking = [asyncio.create_task(desk.ask()) for _ in range(5)]
        await asyncio.sleep(0)
        desk.held.set()
        assert {each.body for each in await asyncio.gather(*asking)} == {b"1"}

    play(scene)


def test_whoever_goes_while_it_is_being_done_takes_nobodys_answer_along() -> None:
    """The first one's connection ends: what became of it is not known, and the second learns that."""

    async def scene(desk: Desk) -> None:
        desk.held.clear()
        first = asyncio.create_task(desk.ask())
        await asyncio.sleep(0)
        second = asyncio.create_task(desk.ask())
        third = asyncio.create_task(desk.ask())
        await asyncio.sleep(0)
        third.cancel()
        first.cancel()
        with pytest.raises(ApiError) as raised:
            await second
        assert (raised.value.word, raised.value.status) == (NOT_KNOWN, 504)
        with pytest.raises(ApiError):
            await desk.ask()
        assert desk.done == 0, "and nothing is done behind anybody's back"

    play(scene)


def test_a_key_of_something_else_is_refused_and_each_person_has_keys_of_their_own() -> None:
    async def scene(desk: Desk) -> None:
        await desk.ask()
        for other in ({"path": "/visits"}, {"body": b'{"a":1}'}):
            with pytest.raises(ApiError) as raised:
                await desk.ask(**other)
            assert (raised.value.status, raised.value.word) == (409, "key_used")
        assert (await desk.ask(name="Wang Fang")).body == b"2"

    play(scene)


def test_what_was_refused_may_be_asked_again_and_what_is_not_known_may_not() -> None:
    async def scene(desk: Desk) -> None:
        desk.refuses = ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent")
        with pytest.raises(ApiError):
            await desk.ask()
        desk.refuses = None
        assert (await desk.ask()).body == b"1"
        desk.refuses = ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN)
        with pytest.raises(ApiError):
            await desk.ask("night-shift-0003")
        desk.refuses = None
        with pytest.raises(ApiError) as raised:
            await desk.ask("night-shift-0003")
        assert raised.value.word == NOT_KNOWN
        assert desk.done == 1

    play(scene)


def test_a_key_is_forgotten_after_its_time() -> None:
    async def scene(desk: Desk) -> None:
        await desk.ask()
        desk.now_s = KEPT_S - 1
        assert (await desk.ask()).body == b"1"
        desk.now_s = KEPT_S + 1
        assert (await desk.ask()).body == b"2"

    play(scene)


@pytest.mark.parametrize("key", ["", "short", "a" * 65, "night shift 0001", "night-shift-0001\n", "nacht-schicht-ä1"])
def test_keys_of_another_form_are_refused(key: str) -> None:
    async def scene(desk: Desk) -> None:
        with pytest.raises(ApiError) as raised:
            await desk.ask(key)
        assert (raised.value.status, raised.value.word) == (400, "key_needed")
        assert desk.done == 0

    play(scene)


def test_keys_are_bounded_and_the_oldest_is_forgotten() -> None:
    async def scene(desk: Desk) -> None:
        for n in range(KEPT_OF_ONE_MAX + 1):
            assert (await desk.ask(f"key-number-{n}")).body == b"%d" % (n + 1)
        assert (await desk.ask("key-number-1")).body == b"2"
        assert (await desk.ask("key-number-0")).body == b"%d" % (KEPT_OF_ONE_MAX + 2), "it was the oldest"

    play(scene)


def test_one_who_asks_more_than_can_be_done_is_told_to_wait_and_nobody_else_is() -> None:
    async def scene(desk: Desk) -> None:
        desk.held.clear()
        asking = [asyncio.create_task(desk.ask(f"key-number-{n}")) for n in range(KEPT_OF_ONE_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(ApiError) as raised:
            await desk.ask("one-more-key")
        assert (raised.value.status, raised.value.word) == (429, "too_fast")
        assert raised.value.retry_s > 0
        other = asyncio.create_task(desk.ask("one-more-key", name="Wang Fang"))
        await asyncio.sleep(0)
        desk.held.set()
        await asyncio.gather(*asking)
        assert (await other).status_code == 201

    play(scene)


def test_lines_of_the_head_are_a_part_of_what_is_asked() -> None:
    """Another passphrase for the same file is another question, and gets no answer that was another one's."""

    async def scene(desk: Desk) -> None:
        assert (await desk.ask(head=("four words of mine", ""))).body == b"1"
        assert (await desk.ask(head=("four words of mine", ""))).body == b"1"
        for other in (("four words of nobody", ""), ("", "four words of mine"), ("four words of mine",), ()):
            with pytest.raises(ApiError) as raised:
                await desk.ask(head=other)
            assert (raised.value.status, raised.value.word) == (409, "key_used"), other

    play(scene)


def test_a_file_larger_than_most_is_taken_again_where_it_was_taken_once() -> None:
    """A room may take larger files than the others: a backup is one."""
    content = b"x" * 5_000

    async def scene(desk: Desk) -> None:
        async def take(asked: Asked) -> Response:
            assert isinstance(asked.upload, Body)
            asked.upload.allow(len(content))
            await asked.upload.take()
            return Response(b"taken")

        async def send(file: bytes) -> Response:
            async def receive() -> dict[str, object]:
                return {"type": "http.request", "body": file, "more_body": False}

            headers = [(b"idempotency-key", KEY.encode()), (b"content-length", b"%d" % len(file))]
            scope = {"type": "http", "method": "POST", "path": "/backup", "headers": headers, "query_string": b""}
            request = Request(scope, receive)
            session = Session("Li Na", frozenset({Role.INSTALLER}), "127.0.0.1", 0.0)
            return await desk.keys.once(Asked(request, session, {}, upload=Body(request, len(content) // 2)), take)

        assert [(await send(content)).body for _ in range(2)] == [b"taken"] * 2
        with pytest.raises(ApiError) as raised:
            await send(content[:-1] + b"y")
        assert raised.value.word == "key_used"

    play(scene)
