"""A download ends, and is not whole, with the right to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from starlette.types import Message

from firmware.network.download import Download
from firmware.network.people.asks import PeopleAway
from firmware.people_words.base import Refused

PARTS = (b"name\r\n", b"Li Na\r\n", b"Wang Fang\r\n")


def taken(parts: AsyncIterator[bytes], may: Callable[[], bool]) -> list[Message]:
    """What the server is told to send."""
    sent: list[Message] = []

    async def scene() -> None:
        async def receive() -> Message:
            raise AssertionError("nothing is taken")

        async def send(message: Message) -> None:
            sent.append(message)

        await Download(parts, may, "people.csv", "text/csv")({"type": "http"}, receive, send)

    asyncio.run(scene())
    return sent


def bodies(sent: list[Message]) -> list[bytes]:
    assert sent[0]["type"] == "http.response.start"
    assert all(name != b"content-length" for name, _ in sent[0]["headers"])
    return [message["body"] for message in sent[1:]]


async def parts() -> AsyncIterator[bytes]:
    for part in PARTS:
        yield part


def test_a_whole_one_has_its_end() -> None:
    sent = taken(parts(), lambda: True)
    assert bodies(sent) == [*PARTS, b""]
    assert [message["more_body"] for message in sent[1:]] == [True, True, True, False]


@pytest.mark.attack("api-25")
@pytest.mark.parametrize("count", range(len(PARTS)))
def test_whoever_is_out_meanwhile_gets_nothing_more_and_no_end(count: int) -> None:
    rights = iter([True] * count)
    sent = taken(parts(), lambda: next(rights, False))
    assert bodies(sent) == list(PARTS[:count])
    assert all(message["more_body"] for message in sent[1:])


def test_one_whose_source_goes_has_no_end() -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PARTS[0]
        raise PeopleAway(Refused(word="people_away"))

    sent = taken(broken(), lambda: True)
    assert bodies(sent) == [PARTS[0]]
    assert sent[-1]["more_body"]
