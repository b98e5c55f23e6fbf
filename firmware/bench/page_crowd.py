"""The crowd of `menshen bench page`: open windows that read what they are sent, and log-ins that are all wrong.

As a program: `page_crowd HOST:PORT COOKIE WINDOWS LOGINS`, until its standard input closes; then one line of JSON says
what it did. A process of its own, so that the bench's stopwatch does not wait for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import msgspec

HEAD_S_MAX = 20.0
PAUSE_S = 0.05  # of one that was sent away at once: the flood is of log-ins, not of connections


class Crowd(msgspec.Struct):
    """What was done."""

    windows: int = 0  # open at the end
    pushes: int = 0  # chunks that windows were sent
    tries: int = 0
    slowed: int = 0  # of them answered "too many", or not at all


def addresses() -> Iterator[str]:
    """Each try comes from another address of loopback, so that no delay of one address ends the flood."""
    for number in itertools.count(1):
        yield f"127.{number // 62_500 % 250 + 1}.{number // 250 % 250}.{number % 250 + 1}"


class _Mob:
    def __init__(self, page: str, cookie: str) -> None:
        self.did = Crowd()
        self._host, _, port = page.partition(":")
        self._port = int(port)
        self._page = page
        self._cookie = cookie
        self._addresses = addresses()
        self._news = asyncio.Event()

    async def window(self) -> None:
        """Open one, and read for ever."""
        reader, writer = await asyncio.open_connection(self._host, self._port, limit=1 << 20)
        try:
            ask = f"GET /api/v1/stream HTTP/1.1\r\nhost: {self._page}\r\ncookie: {self._cookie}\r\n\r\n"
            writer.write(ask.encode())
            async with asyncio.timeout(HEAD_S_MAX):
                head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.partition(b"\r\n")[0]:
                return
            self.did.windows += 1
            self._news.set()
            while await reader.read(1 << 16):
                self.did.pushes += 1
            self.did.windows -= 1
        finally:
            self._news.set()
            writer.close()

    async def all_open(self, windows: int) -> None:
        """Until so many windows are open. Raises TimeoutError."""
        async with asyncio.timeout(HEAD_S_MAX):
            while self.did.windows < windows:
                self._news.clear()
                await self._news.wait()

    async def log_in_for_ever(self) -> None:
        """Wrong passphrases, each for a name of its own."""
        for address in self._addresses:
            self.did.tries += 1
            try:
                async with asyncio.timeout(HEAD_S_MAX):
                    status = await self._log_in(address)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                status = b"503"
            if status in (b"429", b"503"):
                self.did.slowed += 1
                await asyncio.sleep(PAUSE_S)

    async def _log_in(self, address: str) -> bytes:
        """The status that it was answered with."""
        reader, writer = await asyncio.open_connection(self._host, self._port, local_addr=(address, 0))
        try:
            form = urlencode({"name": f"guard {address}", "passphrase": "correct horse battery staple"}).encode()
            head = (
                f"POST /login HTTP/1.1\r\nhost: {self._page}\r\norigin: http://{self._page}\r\nconnection: close\r\n"
                f"content-type: application/x-www-form-urlencoded\r\ncontent-length: {len(form)}\r\n\r\n"
            )
            writer.write(head.encode() + form)
            first = await reader.readline()
            with contextlib.suppress(ConnectionError):
                while await reader.read(1 << 16):
                    pass
            return first.split(b" ")[1] if b" " in first else b"503"
        finally:
            writer.close()


async def crowd(page: str, cookie: str, windows: int, log_ins: int) -> Crowd:
    """So many windows, and so many who try to log in at once, until standard input closes."""
    mob = _Mob(page, cookie)
    opened = [asyncio.create_task(mob.window()) for _ in range(windows)]
    await mob.all_open(windows)
    print("open", flush=True)
    flood = [asyncio.create_task(mob.log_in_for_ever()) for _ in range(log_ins)]
    await asyncio.to_thread(sys.stdin.read)
    did = msgspec.structs.replace(mob.did)
    for task in (*opened, *flood):
        task.cancel()
    await asyncio.gather(*opened, *flood, return_exceptions=True)
    return did


def main(argv: Sequence[str]) -> int:
    page, cookie, windows, log_ins = argv
    did = asyncio.run(crowd(page, cookie, int(windows), int(log_ins)))
    print(msgspec.json.encode(did).decode(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
