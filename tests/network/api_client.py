"""A client of the API with a token of its own, and what a manager does at the page to make one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from tests.network.accounts import Gate
from tests.network.running import WAIT_S, Response, RunningPage, parsed_head

PLACES = {
    "portal": "front_door",
    "subject": "front_door",
    "order": "0" * 24,
    "client": "nobody",
    "viewing": "0" * 24,
    "receipt": "0" * 24,
    "device": "front_lock",
    "process": "nothing",
    "report": "none",
    "job": "gone",
    "ref": "0" * 16,
    "visit": "l00000000",
    "holder": "h1",
    "household": "f1",
    "sheet": "a" * 12,
    "batch": "7",
    "event": "1-4711",
    "account": "nobody",
    "call": "front_in",
    "look": "gone",
    "schedule": "day",
    "profile": "residents",
}
KEY = "night-shift-0001"


def at(path: str, **named: str) -> str:
    """A path with its braces filled."""
    return path.format(**(PLACES | named))


async def make_client(
    page: RunningPage, name: str, *roles: str, days: str = "365", metrics: bool = False
) -> tuple[Response, str]:
    """What a manager does; the answer and the token that it shows."""
    boxes = [*roles, *(["metrics"] if metrics else [])]
    fields = [("name", name), ("days", days), *(("role", role) for role in boxes)]
    response = await page.post("/clients/make", fields)
    found = re.search(r'class="token">([^<]+)<', response.text)
    return response, "" if found is None else found[1]


async def token_for(running: Gate, name: str, *roles: str, **more: object) -> str:
    """A token, made by the manager of the gate, whose session is over afterwards."""
    await running.log_in("manager")
    response, token = await make_client(running.page, name, *roles, **more)  # type: ignore[arg-type]
    assert (response.status, bool(token)) == (200, True), response.text
    running.page.cookie = None
    return token


async def call(
    page: RunningPage,
    method: str,
    path: str,
    token: str | None = None,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    raw: bytes | None = None,
) -> Response:
    """One request of a program: by token where there is one, else by the page's cookie as script does it."""
    named = {name.replace("-", "_"): text for name, text in (headers or {}).items()}
    if token is not None:
        named = {"authorization": f"Bearer {token}", "cookie": "", **named}
    content = raw if raw is not None else b"" if body is None else msgspec.json.encode(body)
    if content:
        named = {"content_type": "application/json", **named}
    if content or method in ("POST", "DELETE"):
        named = {"content_length": str(len(content)), **named}
    answer = await page.raw(page.request(method, path, **named) + b"connection: close\r\n\r\n" + content)
    head, _, rest = answer.partition(b"\r\n\r\n")
    status, pairs = parsed_head(head)
    return Response(status, pairs, rest)


async def ask(page: RunningPage, path: str, token: str, body: object = None, key: str = KEY) -> Response:
    """An order."""
    return await call(page, "POST", path, token, {} if body is None else body, {"idempotency-key": key})


def told(response: Response) -> dict[str, object]:
    content = msgspec.json.decode(response.body)
    assert isinstance(content, dict)
    return content


def words(problem: Response) -> Sequence[str]:
    """Kind and status of a problem, after it is proven to be one."""
    assert problem.header("content-type") == "application/problem+json", problem.headers
    content = told(problem)
    assert content["status"] == problem.status
    assert content["title"]
    assert content["detail"]
    return str(content["type"]).removeprefix("/api#"), str(content["status"])


async def until(right: Callable[[], object]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not right():  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.01)


async def seen(page: RunningPage, path: str, token: str, right: Callable[[Response], object]) -> Response:
    """The answer, once it is right."""
    async with asyncio.timeout(WAIT_S):
        while not right(response := await call(page, "GET", path, token)):  # noqa: ASYNC110  nothing tells of it
            await asyncio.sleep(0.01)
        return response


async def by_session(
    page: RunningPage, method: str, path: str, body: object = None, key: str | None = None, **headers: str
) -> Response:
    """What script on a page of ours asks: with the cookie, and the token of its forms in the head."""
    named = {"origin": f"http{'s' if page.tls else ''}://127.0.0.1:{page.port}", "x-csrf-token": await page.token()}
    if key is not None:
        named["idempotency-key"] = key
    if body is None and method in ("POST", "PUT"):
        body = {}
    return await call(page, method, path, None, body, named | headers)
